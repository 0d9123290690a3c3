"""What a twin can say of a notebook: its cells without outputs, and its kernel."""

from __future__ import annotations

from typing import Any

import msgspec

from nbtrail.notebooks.cells import language, meaningful_metadata, text_of
from nbtrail.notebooks.document import Notebook, parse_notebook

#: Cell metadata in which jupytext notes how the text was laid out.
LAYOUT_METADATA = frozenset({"lines_to_next_cell", "lines_to_end_of_cell_marker"})


class PairCell(msgspec.Struct, frozen=True):
    """A cell without outputs; ``id`` is empty where the file carries none."""

    id: str
    type: str
    source: str
    metadata: dict[str, Any]

    @property
    def key(self) -> tuple[str, str]:
        """What two cells must share to be the same text."""
        return self.type, self.source


class Sheet(msgspec.Struct, frozen=True):
    """The cells of one file in order, and its kernel's ``name`` and ``language``."""

    cells: tuple[PairCell, ...]
    kernel: dict[str, str] = {}

    def same_content(self, other: Sheet) -> bool:
        """Whether a reader of both texts would read the same; ids do not count."""
        return len(self.cells) == len(other.cells) and all(
            a.key == b.key and a.metadata == b.metadata
            for a, b in zip(self.cells, other.cells, strict=True)
        )


def sheet_of(notebook: Notebook) -> Sheet:
    """What a notebook file says, outputs and tools' traces left out."""
    return Sheet(
        tuple(_pair_cell(raw) for raw in notebook.get("cells", [])),
        kernel_of(notebook.get("metadata")),
    )


class _SkimmedCell(msgspec.Struct):
    cell_type: str
    source: str | list[str] = ""
    metadata: dict[str, Any] = {}
    id: Any = None


class _Skimmed(msgspec.Struct):
    nbformat: int
    cells: list[_SkimmedCell]
    metadata: dict[str, Any] = {}


_skim = msgspec.json.Decoder(_Skimmed).decode


def read_sheet(data: bytes, name: str) -> tuple[Sheet, str]:
    """What a notebook's bytes say, and its language; outputs are passed over unread.

    Raises
    ------
    UnreadableNotebookError
        As `nbtrail.notebooks.document.parse_notebook`.
    """
    try:
        found = _skim(data)
    except msgspec.MsgspecError:
        found = None
    if found is None or found.nbformat < 4:
        # Rare shapes, and files that are no notebooks: the slow reader knows them all.
        notebook = parse_notebook(data, name)
        return sheet_of(notebook), language(notebook)
    cells = tuple(
        _pair_cell(
            {"id": c.id, "cell_type": c.cell_type, "source": c.source, "metadata": c.metadata}
        )
        for c in found.cells
    )
    return Sheet(cells, kernel_of(found.metadata)), language({"metadata": found.metadata})


def kernel_of(metadata: Any) -> dict[str, str]:
    """Name and language of the kernel in notebook metadata; empty when it names none."""
    spec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    if not isinstance(spec, dict):
        return {}
    return {
        key: value
        for key in ("name", "language")
        if isinstance(value := spec.get(key), str) and value
    }


def _pair_cell(raw: dict[str, Any]) -> PairCell:
    identity = raw.get("id")
    metadata = meaningful_metadata(raw.get("metadata"))
    return PairCell(
        id=identity if isinstance(identity, str) else "",
        type=raw["cell_type"],
        source=text_of(raw.get("source", "")),
        metadata={k: v for k, v in metadata.items() if k not in LAYOUT_METADATA},
    )
