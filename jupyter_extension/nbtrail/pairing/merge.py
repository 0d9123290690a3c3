"""Three-way merge of a notebook and its twin, cell by cell.

The base is what both said at the last sync, twice: as cells with ids, and as the twin's text
read back. Each side is compared with its own form of the base, so that what a text format
cannot carry (ids, outputs, attachments, a cell that holds a cell marker) never counts as an
edit. A cell that only one side edited, moved, added or deleted takes that side; a cell that
both edited differently is a conflict, and then nothing is merged.

Outputs stay with their cell, as they do when the same edit is made in JupyterLab.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from nbtrail.pairing.align import align_by_content, align_by_id
from nbtrail.pairing.cells import PairCell, Sheet

_MARKER = re.compile(r"^\s*(#|//|--|%|;+|\(\*|/\*|<!--|```)", re.MULTILINE)
_GONE = object()


class PairConflict(msgspec.Struct, frozen=True):
    """One place where notebook and twin cannot both be right.

    ``kind`` is source, type, metadata, deleted, order, kernel, unmatched, no-base, markers,
    empty or unreadable; the texts are those of the cell on each side, ``None`` where it is deleted.
    """

    kind: str
    cell_id: str | None
    message: str
    base: str | None = None
    notebook: str | None = None
    twin: str | None = None


class PlannedCell(msgspec.Struct, frozen=True):
    """A cell of the merged notebook.

    ``index`` is the cell of the present notebook that it continues, ``None`` for a new one.
    """

    index: int | None
    type: str
    source: str
    metadata: dict[str, Any]
    removed_metadata: tuple[str, ...] = ()


class Merged(msgspec.Struct, frozen=True):
    """The merge, or why there is none; ``kernel`` is set when the twin names another."""

    cells: tuple[PlannedCell, ...]
    conflicts: tuple[PairConflict, ...]
    kernel: dict[str, str] | None = None


class TwinEntry(msgspec.Struct, frozen=True):
    """A cell as the twin has it now.

    ``origin`` is its cell of the base, ``None`` for a new one; ``before`` is how the twin had
    that cell at the last sync, ``None`` when the twin cannot show it or shows it unchanged.
    """

    origin: int | None
    before: PairCell | None
    now: PairCell | None


Regroup = Callable[[PairCell], int]


def merge(base: Sheet, base_twin: Sheet, notebook: Sheet, twin: Sheet, regroup: Regroup) -> Merged:
    """Bring the twin's edits since the base into the present notebook.

    Parameters
    ----------
    base, base_twin
        The notebook's cells at the last sync, and the twin's text of then, read back.
    notebook, twin
        The same of now.
    regroup
        Into how many cells the text of one cell is read back; only asked when the counts of
        ``base`` and ``base_twin`` differ.
    """
    groups = group_cells(base.cells, base_twin.cells, regroup)
    entries, strays = _twin_entries(groups, base_twin.cells, twin.cells)
    if strays:
        return Merged((), tuple(_unmatched(cell) for cell in strays))
    origins = align_by_id(base.cells, notebook.cells)
    return _Merge(base, notebook, origins, entries).result(base_twin.kernel, twin.kernel)


def group_cells(
    cells: Sequence[PairCell], read_back: Sequence[PairCell], regroup: Regroup
) -> list[list[int]]:
    """For each cell the indices of those that its text is read back as."""
    if len(cells) == len(read_back) and all(
        a.type == b.type for a, b in zip(cells, read_back, strict=True)
    ):
        return [[index] for index in range(len(cells))]
    counts = [regroup(cell) if _MARKER.search(cell.source) else 1 for cell in cells]
    if sum(counts) == len(read_back):
        groups, start = [], 0
        for count in counts:
            groups.append(list(range(start, start + count)))
            start += count
        return groups
    groups = [[] for _ in cells]
    for index, origin in enumerate(align_by_content(cells, read_back)):
        if origin is not None:
            groups[origin].append(index)
    return groups


def _twin_entries(
    groups: list[list[int]], before: Sequence[PairCell], now: Sequence[PairCell]
) -> tuple[list[TwinEntry], list[PairCell]]:
    """The twin's cells by their origin, and edited text of which no cell of the base is known."""
    strays: list[PairCell] = []
    owner = {part: origin for origin, group in enumerate(groups) for part in group}
    aligned = align_by_content(before, now)
    places = {part: place for place, part in enumerate(aligned) if part is not None}
    intact = {
        origin
        for origin, group in enumerate(groups)
        if len(group) > 1 and _is_intact(group, places, before, now)
    }
    entries: list[TwinEntry] = []
    seen: set[int] = set()
    for place, part in enumerate(aligned):
        origin = None if part is None else owner.get(part)
        if part is not None and origin is None:
            if now[place] != before[part]:
                strays.append(now[place])
            continue
        if origin in intact:
            if origin not in seen:
                entries.append(TwinEntry(origin, None, None))
        elif origin is None or origin in seen or part is None:
            entries.append(TwinEntry(None, None, now[place]))
        else:
            whole = len(groups[origin]) == 1
            text = before[part] if whole else PairCell("", before[part].type, "\0", {})
            entries.append(TwinEntry(origin, text, now[place]))
        if origin is not None:
            seen.add(origin)
    _insert_invisible(entries, groups)
    return entries, strays


def _unmatched(cell: PairCell) -> PairConflict:
    first = cell.source.strip().split("\n")[0][:60]
    return PairConflict(
        "unmatched", None, f"No cell is known for the edited text {first!r}.", twin=cell.source
    )


def _is_intact(
    group: list[int],
    places: dict[int, int],
    before: Sequence[PairCell],
    now: Sequence[PairCell],
) -> bool:
    found = [places.get(part) for part in group]
    first = found[0]
    return (
        first is not None
        and all(
            place == first + step
            and now[place].key == before[part].key
            and now[place].metadata == before[part].metadata
            for step, (place, part) in enumerate(zip(found, group, strict=True))
            if place is not None
        )
        and None not in found
    )


def _insert_invisible(entries: list[TwinEntry], groups: list[list[int]]) -> None:
    """Put cells that the twin cannot show after their neighbour of the base."""
    for origin, group in enumerate(groups):
        if group:
            continue
        place = 0
        for index, entry in enumerate(entries):
            if entry.origin is not None and entry.origin < origin:
                place = index + 1
        entries.insert(place, TwinEntry(origin, None, None))


class _Merge:
    """One merge at work: contents first, then presence, then order."""

    def __init__(
        self,
        base: Sheet,
        notebook: Sheet,
        origins: list[int | None],
        entries: list[TwinEntry],
    ) -> None:
        self._base = base
        self._notebook = notebook
        self._origins = origins
        self._entries = entries
        self._conflicts: list[PairConflict] = []
        self._of_notebook = {o: index for index, o in enumerate(origins) if o is not None}
        self._of_twin = {e.origin: e for e in entries if e.origin is not None}

    def result(self, kernel_before: dict[str, str], kernel_now: dict[str, str]) -> Merged:
        planned = {
            origin: self._merged_cell(origin)
            for origin in range(len(self._base.cells))
            if self._survives(origin)
        }
        order = self._order(set(planned))
        kernel = self._kernel(kernel_before, kernel_now)
        cells = self._assemble(order, planned) if not self._conflicts else ()
        return Merged(tuple(cells), tuple(self._conflicts), kernel)

    def _survives(self, origin: int) -> bool:
        index, entry = self._of_notebook.get(origin), self._of_twin.get(origin)
        if index is not None and entry is not None:
            return True
        base = self._base.cells[origin]
        if index is not None and self._differs(self._notebook.cells[index], base):
            self._conflict("deleted", origin, "was edited in the notebook and deleted in the twin")
        if (
            entry is not None
            and entry.before is not None
            and entry.now is not None
            and self._differs(entry.now, entry.before)
        ):
            self._conflict("deleted", origin, "was edited in the twin and deleted in the notebook")
        return False

    @staticmethod
    def _differs(cell: PairCell, before: PairCell) -> bool:
        return cell.key != before.key or cell.metadata != before.metadata

    def _merged_cell(self, origin: int) -> PlannedCell:
        base = self._base.cells[origin]
        index = self._of_notebook[origin]
        here, entry = self._notebook.cells[index], self._of_twin[origin]
        if entry.before is None or entry.now is None:
            return PlannedCell(index, here.type, here.source, {})
        before, now = entry.before, entry.now
        kind = self._choose("type", origin, base.type, here.type, before.type, now.type)
        source = self._choose("source", origin, base.source, here.source, before.source, now.source)
        changes, removed = self._metadata(origin, here, before, now)
        return PlannedCell(index, kind, source, changes, removed)

    def _choose(self, what: str, origin: int, base: str, here: str, before: str, now: str) -> str:
        if now in (before, here):
            return here
        if here == base:
            return now
        self._conflict(what, origin, f"has another {what} in the notebook and in the twin")
        return here

    def _metadata(
        self, origin: int, here: PairCell, before: PairCell, now: PairCell
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        base = self._base.cells[origin].metadata
        changes: dict[str, Any] = {}
        removed: list[str] = []
        for key in before.metadata.keys() | now.metadata.keys():
            old, new = before.metadata.get(key, _GONE), now.metadata.get(key, _GONE)
            mine = here.metadata.get(key, _GONE)
            if new in (old, mine):
                continue
            if mine != base.get(key, _GONE):
                self._conflict("metadata", origin, f"has another {key} in notebook and twin")
            elif new is _GONE:
                removed.append(key)
            else:
                changes[key] = new
        return changes, tuple(sorted(removed))

    def _order(self, surviving: set[int]) -> list[int]:
        here = [o for o in self._origins if o in surviving and o is not None]
        there = [e.origin for e in self._entries if e.origin in surviving and e.origin is not None]
        if here == there or there == sorted(there):
            return here
        if here == sorted(here):
            return there
        self._conflicts.append(
            PairConflict("order", None, "Cells were moved in the notebook and in the twin.")
        )
        return here

    def _assemble(self, order: list[int], planned: dict[int, PlannedCell]) -> list[PlannedCell]:
        kept = set(order)
        mine = _anchored(self._origins, range(len(self._origins)), kept)
        others = _anchored([e.origin for e in self._entries], range(len(self._entries)), kept)
        cells: list[PlannedCell] = []
        for origin in (None, *order):
            if origin is not None:
                cells.append(planned[origin])
            added = [self._notebook.cells[index] for index in mine.get(origin, [])]
            for index, cell in zip(mine.get(origin, []), added, strict=True):
                cells.append(PlannedCell(index, cell.type, cell.source, {}))
            known = [cell.key for cell in added]
            for index in others.get(origin, []):
                new = self._entries[index].now
                if new is None:
                    continue
                if new.key in known:  # both sides added the same cell
                    known.remove(new.key)
                else:
                    cells.append(PlannedCell(None, new.type, new.source, new.metadata))
        return cells

    def _kernel(self, before: dict[str, str], now: dict[str, str]) -> dict[str, str] | None:
        here, base = self._notebook.kernel, self._base.kernel
        name = now.get("name")
        if name is None or name == before.get("name") or name == here.get("name"):
            return None
        if here.get("name") != base.get("name"):
            self._conflicts.append(
                PairConflict(
                    "kernel",
                    None,
                    f"The notebook names the kernel {here.get('name')}, its twin {name}.",
                )
            )
            return None
        return now

    def _conflict(self, kind: str, origin: int, what: str) -> None:
        base = self._base.cells[origin]
        index, entry = self._of_notebook.get(origin), self._of_twin.get(origin)
        here = self._notebook.cells[index].source if index is not None else None
        there = entry.now.source if entry is not None and entry.now is not None else None
        place = (index if index is not None else origin) + 1
        self._conflicts.append(
            PairConflict(kind, base.id or None, f"Cell {place} {what}.", base.source, here, there)
        )


def _anchored(
    origins: Sequence[int | None], places: Sequence[int], kept: set[int]
) -> dict[int | None, list[int]]:
    """New cells by the surviving cell that they follow (``None``: at the top)."""
    found: dict[int | None, list[int]] = {}
    anchor: int | None = None
    for place in places:
        origin = origins[place]
        if origin is None:
            found.setdefault(anchor, []).append(place)
        elif origin in kept:
            anchor = origin
    return found
