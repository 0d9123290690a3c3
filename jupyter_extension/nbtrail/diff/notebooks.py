"""The difference between two notebooks, and applying it."""

from __future__ import annotations

from typing import Any

from nbtrail.diff.align import align, moved
from nbtrail.diff.outputs import compare_outputs
from nbtrail.diff.sources import diff_lines
from nbtrail.errors import ConflictError
from nbtrail.notebooks.cells import Cell, cells_of
from nbtrail.notebooks.document import Notebook


def diff_notebooks(a: Notebook, b: Notebook) -> dict[str, Any]:
    """How notebook ``b`` differs from ``a``, both as plain dictionaries.

    Returns
    -------
    dict
        ``cells``: in the order of ``b`` with deleted cells where they stood, each with ``op``
        (equal, modify, insert, delete, move), ``a`` and ``b`` (indices or ``None``),
        ``cell_id``, ``cell_type``, ``source`` (see `diff_lines`), ``outputs`` (same, noise,
        changed) and ``cell``, the cell as it is in ``b`` where anything in it differs.
        ``summary`` counts them. ``notebook`` holds the top-level fields of ``b`` where they
        differ, else ``None``.
    """
    raw_a, raw_b = a.get("cells", []), b.get("cells", [])
    cells_a, cells_b = cells_of(a), cells_of(b)
    pairs = align(cells_a, cells_b)
    partner = {j: i for i, j in pairs}
    matched_a = set(partner.values())
    elsewhere = moved(pairs)

    entries: list[dict[str, Any]] = []
    reported = 0

    def report_deleted(until: int) -> None:
        nonlocal reported
        for index in range(reported, until):
            if index not in matched_a:
                entries.append(_deleted(cells_a[index], raw_a[index]))
        reported = max(reported, until)

    for cell in cells_b:
        i = partner.get(cell.index)
        if i is not None and cell.index not in elsewhere:
            report_deleted(i)
        if i is None:
            entries.append(_inserted(cell, raw_b[cell.index]))
        else:
            entries.append(
                _matched(cells_a[i], cell, raw_a[i], raw_b[cell.index], cell.index in elsewhere)
            )
    report_deleted(len(cells_a))
    rest_a = {k: v for k, v in a.items() if k != "cells"}
    rest_b = {k: v for k, v in b.items() if k != "cells"}
    return {
        "cells": entries,
        "summary": _summary(entries),
        "notebook": None if rest_a == rest_b else rest_b,
    }


def patch_notebook(a: Notebook, diff: dict[str, Any]) -> Notebook:
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


def _matched(
    a: Cell, b: Cell, raw_a: dict[str, Any], raw_b: dict[str, Any], is_moved: bool
) -> dict[str, Any]:
    changed = a.source != b.source or a.type != b.type
    outputs = compare_outputs(raw_a.get("outputs") or [], raw_b.get("outputs") or [])
    op = "move" if is_moved else "modify" if changed else "equal"
    return {
        "op": op,
        "a": a.index,
        "b": b.index,
        "cell_id": b.id,
        "cell_type": b.type,
        "source": diff_lines(a.source, b.source),
        "outputs": outputs,
        "cell": None if raw_a == raw_b else raw_b,
    }


def _inserted(cell: Cell, raw: dict[str, Any]) -> dict[str, Any]:
    return {
        "op": "insert",
        "a": None,
        "b": cell.index,
        "cell_id": cell.id,
        "cell_type": cell.type,
        "source": [{"op": "insert", "text": line} for line in cell.source.splitlines()],
        "outputs": "changed" if raw.get("outputs") else "same",
        "cell": raw,
    }


def _deleted(cell: Cell, raw: dict[str, Any]) -> dict[str, Any]:
    return {
        "op": "delete",
        "a": cell.index,
        "b": None,
        "cell_id": cell.id,
        "cell_type": cell.type,
        "source": [{"op": "delete", "text": line} for line in cell.source.splitlines()],
        "outputs": "changed" if raw.get("outputs") else "same",
        "cell": None,
    }


def _summary(entries: list[dict[str, Any]]) -> dict[str, int]:
    names = {
        "equal": "equal",
        "modify": "modified",
        "insert": "inserted",
        "delete": "deleted",
        "move": "moved",
    }
    summary = dict.fromkeys(names.values(), 0) | {"outputs_changed": 0, "outputs_noise": 0}
    for entry in entries:
        summary[names[entry["op"]]] += 1
        if entry["outputs"] != "same":
            summary[f"outputs_{entry['outputs']}"] += 1
    return summary
