"""Outputs of a run into the notebook file: in one step, and never over somebody's edits."""

from __future__ import annotations

import shlex
from pathlib import Path

from nbtrail.errors import NbtrailError
from nbtrail.files import write_atomic
from nbtrail.notebooks.cells import sources_digest
from nbtrail.notebooks.document import Notebook, dump_notebook, parse_notebook


def with_outputs(notebook: Notebook, executed: Notebook) -> Notebook:
    """``notebook`` with the outputs and execution counts of ``executed``.

    Both have the same cells; metadata stay those of ``notebook``, save the widgets' state and
    what the kernel says of its language.
    """
    result = {**notebook, "cells": [dict(cell) for cell in notebook["cells"]]}
    for cell, done in zip(result["cells"], executed["cells"], strict=True):
        if cell.get("cell_type") == "code":
            cell["outputs"] = done.get("outputs", [])
            cell["execution_count"] = done.get("execution_count")
    metadata = dict(notebook.get("metadata", {}))
    metadata.pop("widgets", None)
    for key in ("widgets", "language_info"):
        told = executed.get("metadata", {}).get(key)
        if told:
            metadata[key] = told
    result["metadata"] = metadata
    return result


def write_back(file: Path, executed: Notebook, digest: str, offer: str) -> str | None:
    """Write outputs into the notebook file.

    Parameters
    ----------
    digest
        `sources_digest` of what was run: the file is left alone when its own differs.
    offer
        Command that fetches the executed copy (`restore_command`).

    Returns
    -------
    Why nothing was written, or ``None`` when it was.
    """
    try:
        data = file.read_bytes()
        present = parse_notebook(data, file.name)
    except (OSError, NbtrailError) as error:
        return f"The outputs were not written back: {error}"
    if sources_digest(present) != digest:
        return (
            "The notebook was edited while it ran, so its outputs were not written back. The "
            f"executed copy is kept: `{offer}`."
        )
    new = dump_notebook(with_outputs(present, executed))
    if new == data:
        return None
    try:
        write_atomic(file, new)
    except OSError as error:
        return f"The outputs were not written back: {error.strerror}."
    return None


def restore_command(path: str, run: str) -> str:
    """The command that puts the notebook as a run executed it beside the one that is there."""
    aside = f"{path.removesuffix('.ipynb')}-executed.ipynb"
    return f"nbtrail restore {shlex.quote(f'{path}@run:{run}')} --to {shlex.quote(aside)}"
