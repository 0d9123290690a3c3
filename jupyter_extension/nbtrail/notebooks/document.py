"""Reading and writing notebook files without nbformat, whose import alone takes seconds.

Notebooks are plain dictionaries in the shape of the file (multi-line strings may be lists).
"""

from __future__ import annotations

import contextlib
import gc
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from nbtrail.errors import NotFoundError, UnreadableNotebookError
from nbtrail.files import write_atomic

Notebook = dict[str, Any]

NOT_JSON, EMPTY, OLD_FORMAT = "NBT901", "NBT902", "NBT903"
_MARKER = b"<<<<<<< "


def parse_notebook(data: bytes, name: str) -> Notebook:
    """Decode the bytes of a notebook; ``name`` is used in messages.

    Raises
    ------
    UnreadableNotebookError
        For an empty file, one that is not JSON, JSON that is no notebook, or a notebook of
        nbformat 3 and older. ``detail["code"]`` holds the finding's code.
    """
    if not data.strip():
        raise _unreadable(
            EMPTY,
            f"{name} is an empty file.",
            "Restore it from git or from its twin, or delete it.",
            name,
        )
    try:
        raw = _decode(data)
    except (ValueError, RecursionError) as error:
        raise _not_json(data, name, error) from error
    if not isinstance(raw, dict) or not isinstance(raw.get("nbformat"), int):
        raise _unreadable(
            NOT_JSON,
            f"{name} is JSON but not a notebook.",
            "Give it another file name extension.",
            name,
        )
    if raw["nbformat"] < 4:
        raise _unreadable(
            OLD_FORMAT,
            f"{name} is a notebook of the old format {raw['nbformat']}.",
            "Convert it with: jupyter nbconvert --to notebook --inplace FILE",
            name,
        )
    cells = raw.get("cells")
    if not isinstance(cells, list) or not all(
        isinstance(c, dict) and isinstance(c.get("cell_type"), str) for c in cells
    ):
        raise _unreadable(
            NOT_JSON, f"{name} has no list of cells.", "Restore it from git or its twin.", name
        )
    return raw


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the garbage collector away while many objects are made that hold no cycles.

    It would look at all of them again and again: half of the time that parsing takes.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def read_notebook(path: Path) -> Notebook:
    """Read a notebook file; raises as `parse_notebook`, or NotFoundError."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no notebook {path.name}.", hint="Check the path.") from error
    except OSError as error:
        raise _unreadable(
            NOT_JSON, f"{path.name} cannot be read: {error.strerror}.", "", path.name
        ) from error
    return parse_notebook(data, path.name)


def dump_notebook(notebook: Notebook) -> bytes:
    """The bytes that nbformat would write for this notebook."""
    text = json.dumps(
        _split_lines(notebook),
        ensure_ascii=False,
        indent=1,
        sort_keys=True,
        separators=(",", ": "),
    )
    # A lone surrogate cannot be encoded; Jupyter writes a question mark in its place.
    return (text + "\n").encode("utf-8", errors="replace")


def write_notebook(path: Path, notebook: Notebook) -> None:
    """Write a notebook in one step: never half of it."""
    write_atomic(path, dump_notebook(notebook))


def _decode(data: bytes) -> Any:
    with collector_paused():
        try:
            return msgspec.json.decode(data)
        except msgspec.DecodeError:
            # Python writes NaN and Infinity, which strict readers refuse: slower, but the same.
            return json.loads(data)


def _unreadable(code: str, message: str, hint: str, path: str) -> UnreadableNotebookError:
    return UnreadableNotebookError(message, hint=hint, detail={"code": code, "path": path})


def _not_json(data: bytes, name: str, error: Exception) -> UnreadableNotebookError:
    """Say what a file is that is no JSON: most often one of two things."""
    marker = 0 if data.startswith(_MARKER) else data.find(b"\n" + _MARKER) + 1
    if marker or data.startswith(_MARKER):
        line = data.count(b"\n", 0, marker) + 1
        return _unreadable(
            NOT_JSON,
            f"{name} is in the middle of a merge: line {line} is one of git's merge markers.",
            "Take a side with `git checkout --ours FILE` or `--theirs`; `nbtrail init --git` lets "
            "git merge notebooks by cell.",
            name,
        )
    if b"\0" in data[:8192]:
        return _unreadable(
            NOT_JSON, f"{name} is a binary file and no notebook.", "Check the path.", name
        )
    return _unreadable(
        NOT_JSON, f"{name} is not JSON: {error}.", "Restore it from git or from its twin.", name
    )


def _split_lines(notebook: Notebook) -> Notebook:
    """Multi-line strings as lists of lines, where nbformat 4 writes them so."""
    cells = []
    for cell in notebook.get("cells", []):
        cell = {**cell, "source": _lines(cell.get("source", ""))}
        if "attachments" in cell:
            cell["attachments"] = {k: _split_bundle(v) for k, v in cell["attachments"].items()}
        if cell.get("cell_type") == "code":
            cell["outputs"] = [_split_output(output) for output in cell.get("outputs", [])]
        cells.append(cell)
    return {**notebook, "cells": cells}


def _split_output(output: dict[str, Any]) -> dict[str, Any]:
    if output.get("output_type") == "stream":
        return {**output, "text": _lines(output.get("text", ""))}
    if isinstance(output.get("data"), dict):
        return {**output, "data": _split_bundle(output["data"])}
    return output


def _split_bundle(bundle: dict[str, Any]) -> dict[str, Any]:
    return {mime: value if _is_json_mime(mime) else _lines(value) for mime, value in bundle.items()}


def _is_json_mime(mime: str) -> bool:
    return mime == "application/json" or (
        mime.startswith("application/") and mime.endswith("+json")
    )


def _lines(value: Any) -> Any:
    return value.splitlines(True) if isinstance(value, str) else value
