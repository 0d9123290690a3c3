"""Cells: a small typed view of what a notebook file holds."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec

from nbtrail.files import sha256_bytes
from nbtrail.notebooks.document import Notebook

#: Cell metadata that says nothing about the cell's meaning.
NOISE_METADATA = frozenset(
    {"ExecuteTime", "execution", "collapsed", "scrolled", "jupyter", "jp-MarkdownHeadingCollapsed",
     "editable", "trusted", "papermill", "nbtrail"}
)  # fmt: skip


class Cell(msgspec.Struct, frozen=True):
    """One cell.

    ``id`` is the notebook's own where it has one (nbformat 4.5), else ``#<index>``.
    """

    index: int
    id: str
    type: str
    source: str
    execution_count: int | None
    tags: tuple[str, ...]


def text_of(value: Any) -> str:
    """A multi-line string of nbformat, list or not, as one string."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        return ""
    try:
        return "".join(value)
    except TypeError:
        return "".join(str(part) for part in value)


def cells_of(notebook: Notebook) -> list[Cell]:
    """All cells in order."""
    return [_cell(index, raw) for index, raw in enumerate(notebook.get("cells", []))]


def code_cells_of(notebook: Notebook) -> list[Cell]:
    """The code cells in order."""
    return [cell for cell in cells_of(notebook) if cell.type == "code"]


def source_sha256(source: str) -> str:
    """Identity of a source text."""
    return sha256_bytes(source.encode("utf-8", errors="replace"))


def sources_digest(notebook: Notebook) -> str:
    """Identity of everything a person wrote: ids, types, sources and meaningful metadata.

    Outputs and execution counts do not enter, so running a notebook does not change it.
    """
    digest = hashlib.sha256()
    for index, raw in enumerate(notebook.get("cells", [])):
        cell = _cell(index, raw)
        metadata = meaningful_metadata(raw.get("metadata"))
        entry = [cell.id if "id" in raw else "", cell.type, cell.source, metadata]
        digest.update(json.dumps(entry, sort_keys=True, default=str).encode())
        digest.update(b"\n")
    return digest.hexdigest()


def meaningful_metadata(metadata: Any) -> dict[str, Any]:
    """Cell metadata without what tools leave behind when a cell runs or is folded."""
    if not isinstance(metadata, dict):
        return {}
    return {key: value for key, value in metadata.items() if key not in NOISE_METADATA}


def kernel_name(notebook: Notebook) -> str:
    """Name of the notebook's kernelspec; ``python3`` when it names none."""
    spec = _metadata(notebook).get("kernelspec")
    name = spec.get("name") if isinstance(spec, dict) else None
    return name if isinstance(name, str) and name else "python3"


def language(notebook: Notebook) -> str:
    """Programming language of the notebook, lower case; ``python`` when it names none."""
    metadata = _metadata(notebook)
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        section = metadata.get(key)
        if isinstance(section, dict) and isinstance(section.get(name), str):
            return str(section[name]).lower()
    return "python"


def _metadata(notebook: Notebook) -> dict[str, Any]:
    metadata = notebook.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _cell(index: int, raw: dict[str, Any]) -> Cell:
    metadata = raw.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    count = raw.get("execution_count")
    identity = raw.get("id")
    return Cell(
        index=index,
        id=identity if isinstance(identity, str) and identity else f"#{index}",
        type=raw["cell_type"],
        source=text_of(raw.get("source", "")),
        execution_count=count if isinstance(count, int) else None,
        tags=tuple(t for t in tags if isinstance(t, str)) if isinstance(tags, list) else (),
    )
