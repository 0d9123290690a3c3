"""A project with a notebook that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbtrail.app import OpenProject, open_project
from nbtrail.notebooks.document import Notebook, write_notebook

NAME = "EXPERIMENTAL-trees.ipynb"


def code(source: str, identity: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "cell_type": "code", "id": identity, "source": source, "metadata": {},
        "outputs": list(outputs), "execution_count": None,
    }  # fmt: skip


def notebook(*cells: dict[str, Any] | str) -> Notebook:
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "python3"}},
        "cells": [
            code(cell, f"cell-{n}") if isinstance(cell, str) else cell
            for n, cell in enumerate(cells)
        ],
    }


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[OpenProject]:
    (tmp_path / "nbtrail.toml").touch()
    with open_project(tmp_path) as found:
        yield found


@pytest.fixture
def save(opened: OpenProject) -> Callable[..., str]:
    """Write the notebook and take its snapshot; gives the version."""

    def write(*cells: dict[str, Any] | str, name: str = NAME) -> str:
        write_notebook(opened.project.root / name, notebook(*cells))
        opened.remember(name)
        entries, _ = opened.timeline(name, limit=1)
        assert entries[0].version is not None
        return entries[0].version

    return write
