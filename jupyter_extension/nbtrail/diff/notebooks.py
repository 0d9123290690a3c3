"""The difference between two notebooks, and applying it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nbtrail.diff.align import align, moved
from nbtrail.diff.images import PixelBudget
from nbtrail.diff.metadata import diff_attachments, diff_cell_fields, diff_notebook_fields
from nbtrail.diff.outputs import diff_outputs, one_sided
from nbtrail.diff.shape import CellDiff, NotebookDiff, OutputDiff, worst
from nbtrail.diff.sources import diff_lines, lines_of
from nbtrail.errors import ConflictError
from nbtrail.notebooks.cells import Cell, cells_of, text_of
from nbtrail.notebooks.document import Notebook, collector_paused

_SPENT = Cell(-1, "", "", "", None, ())
_COUNTED = {
    "equal": "equal",
    "modify": "modified",
    "insert": "inserted",
    "delete": "deleted",
    "move": "moved",
}


def diff_notebooks(a: Notebook, b: Notebook, *, pixels: PixelBudget | None = None) -> NotebookDiff:
    """How notebook ``b`` differs from ``a``, both as plain dictionaries.

    Parameters
    ----------
    a, b
        The older and the newer notebook, in the shape of the file.
    pixels
        How much of images is decoded; by default `nbtrail.diff.images.DEFAULT_PIXELS`.

    Returns
    -------
    NotebookDiff
        A plain dictionary; `nbtrail.diff.shape` says what is in it.
    """
    with collector_paused():
        return _diff(a, b, PixelBudget() if pixels is None else pixels)


def _diff(a: Notebook, b: Notebook, budget: PixelBudget) -> NotebookDiff:
    raw_a, raw_b = a.get("cells", []), b.get("cells", [])
    cells_a, cells_b = cells_of(a), cells_of(b)
    pairs = align(cells_a, cells_b)
    elsewhere = moved(pairs)
    entries: list[CellDiff] = []
    for i, j in _in_reading_order(len(cells_a), len(cells_b), pairs, elsewhere):
        if i is None and j is not None:
            entries.append(_inserted(_take(cells_b, j), raw_b[j]))
        elif i is not None and j is None:
            entries.append(_deleted(_take(cells_a, i), raw_a[i]))
        elif i is not None and j is not None:
            cell_a, cell_b = _take(cells_a, i), _take(cells_b, j)
            entries.append(_matched(cell_a, cell_b, raw_a[i], raw_b[j], j in elsewhere, budget))
    _relate(entries, raw_a, raw_b)
    rest_a = {k: v for k, v in a.items() if k != "cells"}
    rest_b = {k: v for k, v in b.items() if k != "cells"}
    unchanged = rest_a == rest_b
    return {
        "cells": entries,
        "summary": _summary(entries),
        "metadata": [] if unchanged else diff_notebook_fields(a, b),
        "notebook": None if unchanged else rest_b,
    }


def with_outputs(found: NotebookDiff, a: Notebook, b: Notebook) -> NotebookDiff:
    """The difference with the outputs of both sides (``a_outputs``, ``b_outputs``) put into it.

    There are none of cells where nothing changed: they are in either notebook.
    """
    for entry in found["cells"]:
        entry["a_outputs"] = _outputs(a, entry["a"], entry)
        entry["b_outputs"] = _outputs(b, entry["b"], entry)
    return found


def patch_notebook(a: Notebook, diff: Mapping[str, Any]) -> Notebook:
    """The notebook ``b`` that ``diff_notebooks(a, b)`` was made from.

    Raises
    ------
    ConflictError
        When the difference names cells that ``a`` does not have.
    """
    cells = []
    for entry in diff["cells"]:
        if entry["op"] == "delete":
            continue
        if entry["cell"] is not None:
            cells.append(entry["cell"])
            continue
        try:
            cells.append(a["cells"][entry["a"]])
        except (IndexError, TypeError) as error:
            raise ConflictError(
                "The difference was not made from this notebook.",
                hint="Make it again from the two notebooks.",
            ) from error
    rest = diff["notebook"]
    if rest is None:
        rest = {k: v for k, v in a.items() if k != "cells"}
    return {**rest, "cells": cells}


def _in_reading_order(
    count_a: int, count_b: int, pairs: Sequence[tuple[int, int]], elsewhere: set[int]
) -> Iterator[tuple[int | None, int | None]]:
    """Cells as they stand in ``b``, with those that ``a`` alone has where they stood."""
    partner = {j: i for i, j in pairs}
    matched = set(partner.values())
    reported = 0
    for j in range(count_b):
        i = partner.get(j)
        if i is not None and j not in elsewhere:
            yield from ((k, None) for k in range(reported, i) if k not in matched)
            reported = i
        yield i, j
    yield from ((k, None) for k in range(reported, count_a) if k not in matched)


def _take(cells: list[Cell], index: int) -> Cell:
    """A cell that nobody asks for again: its text would be in the memory twice to the end."""
    cell, cells[index] = cells[index], _SPENT
    return cell


def _matched(
    a: Cell,
    b: Cell,
    raw_a: dict[str, Any],
    raw_b: dict[str, Any],
    is_moved: bool,
    budget: PixelBudget,
) -> CellDiff:
    if raw_a == raw_b:
        return _entry("move" if is_moved else "equal", a, b)
    entry = _entry("equal", a, b)
    entry["metadata"] = diff_cell_fields(raw_a, raw_b)
    entry["attachments"] = diff_attachments(raw_a.get("attachments"), raw_b.get("attachments"))
    if a.source != b.source:
        entry["source"] = diff_lines(a.source, b.source)
        entry["source_changed"] = True
    matters = any(change["verdict"] == "changed" for change in entry["metadata"])
    if is_moved:
        entry["op"] = "move"
    elif matters or entry["source_changed"] or entry["attachments"]:
        entry["op"] = "modify"
    _set_outputs(entry, diff_outputs(raw_a.get("outputs"), raw_b.get("outputs"), budget))
    entry["cell"] = raw_b
    return entry


def _inserted(cell: Cell, raw: dict[str, Any]) -> CellDiff:
    entry = _entry("insert", None, cell)
    entry["source"] = lines_of(cell.source, "insert")
    entry["source_changed"] = True
    entry["attachments"] = diff_attachments(None, raw.get("attachments"))
    _set_outputs(entry, one_sided(raw.get("outputs"), "b"))
    entry["cell"] = raw
    return entry


def _deleted(cell: Cell, raw: dict[str, Any]) -> CellDiff:
    entry = _entry("delete", cell, None)
    entry["source"] = lines_of(cell.source, "delete")
    entry["source_changed"] = True
    entry["attachments"] = diff_attachments(raw.get("attachments"), None)
    _set_outputs(entry, one_sided(raw.get("outputs"), "a"))
    return entry


def _entry(op: Any, a: Cell | None, b: Cell | None) -> CellDiff:
    cell = b or a
    assert cell is not None
    return {
        "op": op,
        "a": a.index if a else None,
        "b": b.index if b else None,
        "cell_id": cell.id,
        "cell_type": cell.type,
        "source": lines_of(cell.source) if a and b and a.source == b.source else [],
        "source_changed": False,
        "related": None,
        "metadata": [],
        "attachments": [],
        "outputs": "same",
        "why": "",
        "outputs_detail": [],
        "cell": None,
    }


def _outputs(notebook: Notebook, index: int | None, entry: CellDiff) -> list[Any]:
    if index is None or (entry["op"] == "equal" and entry["outputs"] == "same"):
        return []
    outputs = notebook["cells"][index].get("outputs")
    return outputs if isinstance(outputs, list) else []


def _set_outputs(entry: CellDiff, found: list[OutputDiff]) -> None:
    if not found:
        return
    entry["outputs_detail"] = found
    verdict = entry["outputs"] = worst([output["verdict"] for output in found])
    reasons = [output["why"] for output in found if output["verdict"] == verdict]
    entry["why"] = "; ".join(dict.fromkeys(reasons))


def _relate(entries: list[CellDiff], a: Sequence[Any], b: Sequence[Any]) -> None:
    """Say of new cells which one they were split from, of deleted ones which they went into."""
    edited = [
        e for e in entries if e["source_changed"] and e["a"] is not None and e["b"] is not None
    ]
    by_a, by_b = {e["a"]: e for e in edited}, {e["b"]: e for e in edited}
    for entry in entries if edited else ():
        if entry["op"] == "insert" and entry["b"] is not None:
            for near in (entry["b"] - 1, entry["b"] + 1):
                other = by_b.get(near)
                if other and other["a"] is not None and _holds(a[other["a"]], b[entry["b"]]):
                    entry["related"] = {"how": "split", "cell": near}
        elif entry["op"] == "delete" and entry["a"] is not None:
            for near in (entry["a"] - 1, entry["a"] + 1):
                other = by_a.get(near)
                if other and other["b"] is not None and _holds(b[other["b"]], a[entry["a"]]):
                    entry["related"] = {"how": "merge", "cell": other["b"]}


def _holds(whole: dict[str, Any], part: dict[str, Any]) -> bool:
    text = text_of(part.get("source")).strip()
    return bool(text) and text in text_of(whole.get("source"))


def _summary(entries: Sequence[CellDiff]) -> dict[str, int]:
    counts = ("outputs_changed", "outputs_noise", "metadata_changed")
    summary = dict.fromkeys((*_COUNTED.values(), *counts), 0)
    for entry in entries:
        summary[_COUNTED[entry["op"]]] += 1
        if entry["outputs"] != "same":
            summary[f"outputs_{entry['outputs']}"] += 1
        if any(change["verdict"] == "changed" for change in entry["metadata"]):
            summary["metadata_changed"] += 1
    return summary
