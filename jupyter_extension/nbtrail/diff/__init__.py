"""Differences between notebooks: cells, sources, outputs."""

from __future__ import annotations

from nbtrail.diff.notebooks import diff_notebooks, patch_notebook

__all__ = ["diff_notebooks", "patch_notebook"]
