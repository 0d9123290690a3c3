"""Merging three notebooks for git: by cells, so that outputs and counts never conflict.

Lines that both sides changed in one cell stay there with git's own markers, and the notebook
stays one that every client opens. Metadata is merged by key, tags one by one.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from nbtrail.errors import StoreError
from nbtrail.notebooks.cells import NOISE_METADATA, text_of
from nbtrail.notebooks.document import Notebook
from nbtrail.pairing.cells import LAYOUT_METADATA, PairCell, Sheet, sheet_of
from nbtrail.pairing.entries import entries_by_id
from nbtrail.pairing.merge import PairConflict, PlannedCell, Rules, Settled, merge_entries

_GONE = object()
_TRACES = NOISE_METADATA | LAYOUT_METADATA
#: Metadata that makes sense only as one side has it.
_WHOLE = frozenset({"kernelspec", "language_info"})


class GitMerge(msgspec.Struct, frozen=True):
    """The merged notebook, and a line for each conflict that is left in it."""

    notebook: Notebook
    conflicts: tuple[str, ...]


def merge_notebooks(
    base: Notebook, ours: Notebook, theirs: Notebook, marker_size: int = 7
) -> GitMerge:
    """Merge what both sides made of ``base``.

    A cell's outputs are those of the side whose source it has. Where both have it, of the side
    that ran it again, of ours when both did; a cell whose source was merged has none.

    Raises
    ------
    StoreError
        When git is not there to merge the lines of a cell.
    """
    mine, other = sheet_of(ours), sheet_of(theirs)
    first, before = _with_common_additions(base, mine, other)
    conflicts: list[str] = []

    def settle(conflict: PairConflict) -> Settled:
        if conflict.kind in ("source", "deleted"):
            sides = [text or "" for text in (conflict.notebook, conflict.base, conflict.twin)]
            if conflict.kind == "deleted":
                sides[1] = conflict.notebook or conflict.twin or ""
                text, clean = _marked(sides[0], sides[2], marker_size), False
            else:
                text, clean = _merge_lines(sides[0], sides[1], sides[2], marker_size)
            if not clean:
                conflicts.append(_line(conflict))
            return Settled("both" if conflict.kind == "deleted" else "notebook", text)
        if conflict.kind in ("type", "order"):
            conflicts.append(_line(conflict))
        return Settled("notebook")

    rules = Rules(settle, cautious=True)
    entries = entries_by_id(first.cells, other.cells)
    merged = merge_entries(first, mine, entries, (first.kernel, other.kernel), rules)
    cells = _Cells(before, ours, theirs).made(merged.cells)
    everything = {key: value for key, value in theirs.items() if key != "cells"}
    mine_only = {key: value for key, value in ours.items() if key != "cells"}
    minor = max(ours.get("nbformat_minor", 0), theirs.get("nbformat_minor", 0))
    metadata, _ = _merge_dicts(*(side.get("metadata", {}) for side in (base, ours, theirs)))
    if minor >= 5:
        _give_ids(cells)
    notebook = everything | mine_only | {"metadata": metadata, "cells": cells}
    return GitMerge(notebook | {"nbformat_minor": minor}, tuple(conflicts))


def _with_common_additions(base: Notebook, ours: Sheet, theirs: Sheet) -> tuple[Sheet, list[Any]]:
    """The base's cells, and raw ones; a cell that both sides added is an empty one there.

    So a cell that was cherry-picked and edited since is merged, and not there twice.
    """
    sheet = sheet_of(base)
    cells, raw = list(sheet.cells), list(base.get("cells", []))
    common = {cell.id for cell in theirs.cells if cell.id} - {cell.id for cell in cells}
    place = 0
    for cell in ours.cells:
        index = next((i for i, old in enumerate(cells) if cell.id and old.id == cell.id), None)
        if index is not None:
            place = index + 1
        elif cell.id in common:
            cells.insert(place, PairCell(cell.id, cell.type, "", {}))
            raw.insert(place, {})
            place += 1
    return Sheet(tuple(cells), sheet.kernel), raw


def _line(conflict: PairConflict) -> str:
    place = conflict.message.split()[1] if conflict.message.startswith("Cell ") else ""
    if conflict.kind == "order":
        return "cells were moved on both sides; they stand as in ours"
    if conflict.kind == "deleted":
        return f"cell {place}: deleted on one side only, where the other side changed something too"
    return f"cell {place}: another {conflict.kind} on each side"


def _merge_lines(ours: str, base: str, theirs: str, size: int) -> tuple[str, bool]:
    """Three texts merged by git, and whether that left no conflict."""
    with tempfile.TemporaryDirectory(prefix="nbtrail-") as folder:
        names = []
        for name, text in (("ours", ours), ("base", base), ("theirs", theirs)):
            file = Path(folder, name)
            # Whole lines, or git would take the last one for changed where one was added.
            file.write_bytes(_ended(text).encode("utf-8", errors="surrogatepass"))
            names.append(str(file))
        command = ["git", "merge-file", "-p", "-q", f"--marker-size={size}"]
        for label in ("ours", "base", "theirs"):
            command += ["-L", label]
        try:
            done = subprocess.run([*command, *names], capture_output=True, check=False)
        except OSError as error:
            raise StoreError(f"git cannot be called: {error.strerror}.") from error
    if done.returncode < 0 or done.returncode > 127:
        raise StoreError(f"git cannot merge: {done.stderr.decode(errors='replace').strip()}.")
    text = done.stdout.decode("utf-8", errors="surrogatepass")
    return text.removesuffix("\n"), done.returncode == 0


def _marked(ours: str, theirs: str, size: int) -> str:
    """A cell that one side has and the other has not."""
    lines = [f"{'<' * size} ours\n", _ended(ours), f"{'=' * size}\n", _ended(theirs)]
    return "".join([*lines, f"{'>' * size} theirs"])


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


class _Cells:
    """Raw cells of the merged notebook, with outputs and metadata of the right side."""

    def __init__(self, base: list[Any], ours: Notebook, theirs: Notebook) -> None:
        self._base = base
        self._ours, self._theirs = ours.get("cells", []), theirs.get("cells", [])

    def made(self, planned: tuple[PlannedCell, ...]) -> list[dict[str, Any]]:
        """The cells; ids that would be there twice are left out."""
        cells = []
        taken = {self._ours[plan.index].get("id") for plan in planned if plan.index is not None}
        for plan in planned:
            cell = self._cell(plan)
            if plan.index is None:
                if cell.get("id") in taken:
                    cell.pop("id", None)
                taken.add(cell.get("id"))
            cells.append(cell)
        return cells

    def _cell(self, plan: PlannedCell) -> dict[str, Any]:
        mine = None if plan.index is None else self._ours[plan.index]
        other = None if plan.other is None else self._theirs[plan.other]
        if mine is None or other is None:
            alone: dict[str, Any] = mine if mine is not None else other or {}
            if text_of(alone.get("source", "")) == plan.source:
                return dict(alone)
            return _cleared({**alone, "source": plan.source})
        base = {} if plan.origin is None else self._base[plan.origin]
        side = self._side(plan, base, mine, other)
        taken = other if side == "theirs" else mine
        cell = {**taken, "source": plan.source, "cell_type": plan.type}
        if "id" in mine or "id" in other:
            cell["id"] = mine.get("id", other.get("id"))
        metadata, lost = _merge_dicts(*(raw.get("metadata", {}) for raw in (base, mine, other)))
        # What a run leaves in metadata belongs to the outputs.
        metadata = {key: value for key, value in metadata.items() if key not in _TRACES}
        traces = _dict(taken.get("metadata"))
        metadata |= {key: value for key, value in traces.items() if key in _TRACES}
        if lost:
            metadata["nbtrail"] = {**_dict(metadata.get("nbtrail")), "theirs": lost}
        cell["metadata"] = metadata
        attached, _ = _merge_dicts(*(raw.get("attachments", {}) for raw in (base, mine, other)))
        if attached and plan.type != "code":
            cell["attachments"] = attached
        return _cleared(cell) if side is None else _shaped(cell)

    @staticmethod
    def _side(
        plan: PlannedCell, base: dict[str, Any], mine: dict[str, Any], other: dict[str, Any]
    ) -> str | None:
        """Whose outputs fit the source; ``None``: nobody's."""
        is_mine = text_of(mine.get("source", "")) == plan.source
        is_other = text_of(other.get("source", "")) == plan.source
        if is_mine and is_other:
            return "theirs" if _run(mine) == _run(base) or not mine.get("outputs") else "ours"
        return "ours" if is_mine else "theirs" if is_other else None


def _run(cell: dict[str, Any]) -> tuple[Any, Any]:
    return cell.get("outputs"), cell.get("execution_count")


def _cleared(cell: dict[str, Any]) -> dict[str, Any]:
    if cell.get("cell_type") == "code":
        return {**cell, "outputs": [], "execution_count": None}
    return _shaped(cell)


def _shaped(cell: dict[str, Any]) -> dict[str, Any]:
    """A cell with the fields of its type."""
    if cell.get("cell_type") == "code":
        plain = {key: value for key, value in cell.items() if key != "attachments"}
        return {"outputs": [], "execution_count": None, **plain}
    return {k: v for k, v in cell.items() if k not in ("outputs", "execution_count")}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _merge_dicts(base: Any, ours: Any, theirs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Merge key by key; the second result is what of theirs had to give way to ours."""
    base, ours, theirs = _dict(base), _dict(ours), _dict(theirs)
    merged: dict[str, Any] = {}
    lost: dict[str, Any] = {}
    for key in [*ours, *(key for key in theirs if key not in ours)]:
        old, mine, other = (side.get(key, _GONE) for side in (base, ours, theirs))
        value = mine
        if mine == old:
            value = other
        elif other not in (old, mine):
            if isinstance(mine, dict) and isinstance(other, dict) and key not in _WHOLE:
                value, deeper = _merge_dicts(old, mine, other)
                lost.update({key: deeper} if deeper else {})
            elif key == "tags" and isinstance(mine, list) and isinstance(other, list):
                value = _merge_tags(old if isinstance(old, list) else [], mine, other)
            elif key not in _TRACES:
                value = other if mine is _GONE else mine
                lost.update({} if _GONE in (mine, other) else {key: other})
        if value is not _GONE:
            merged[key] = value
    return merged, lost


def _merge_tags(base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
    kept = [tag for tag in ours if tag in theirs or tag not in base]
    return kept + [tag for tag in theirs if tag not in ours and tag not in base]


def _give_ids(cells: list[dict[str, Any]]) -> None:
    """Ids for cells without: the same merge gives the same ones everywhere."""
    taken = {cell.get("id") for cell in cells}
    for index, cell in enumerate(cells):
        count = 0
        while not cell.get("id"):
            seed = f"{index} {count} {text_of(cell.get('source', ''))}".encode(errors="replace")
            identity = hashlib.sha256(seed).hexdigest()[:8]
            if identity not in taken:
                cell["id"] = identity
                taken.add(identity)
            count += 1
