"""Three-way merge of two sides, cell by cell: a notebook and its twin, or two notebooks.

For a pair the base is what both said at the last sync, twice: as cells with ids, and as the
twin's text read back. Each side is compared with its own form of the base, so that what a text
format cannot carry (ids, outputs, attachments, a cell that holds a cell marker) never counts as
an edit. A cell that only one side edited, moved, added or deleted takes that side. A cell that
both edited differently is a conflict: it is settled by who was asked, or nothing is merged.

Outputs stay with their cell, as they do when the same edit is made in JupyterLab.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec

from nbtrail.pairing.align import align_by_id
from nbtrail.pairing.cells import PairCell, Sheet
from nbtrail.pairing.entries import Regroup, TwinEntry, group_cells, twin_entries

_GONE = object()

Side = Literal["notebook", "twin", "both"]


class PairConflict(msgspec.Struct, frozen=True):
    """One place where notebook and twin cannot both be right.

    ``kind`` is source, type, metadata, deleted, order, kernel, unmatched, no-base, markers,
    empty or unreadable; the texts are those of the cell on each side, ``None`` where it is deleted.
    ``key`` names the cell (its id, or ``#`` and its index in the base) or what else is meant.
    """

    kind: str
    cell_id: str | None
    message: str
    base: str | None = None
    notebook: str | None = None
    twin: str | None = None
    key: str = ""


class Settled(msgspec.Struct, frozen=True):
    """How a conflict ends: one side, both one below the other, or the text of both merged.

    ``text`` replaces the cell's source; ``None`` takes that of the side.
    """

    side: Side
    text: str | None = None


#: Ends a conflict; ``None`` leaves it standing.
Settle = Callable[[PairConflict], "Settled | None"]


class PlannedCell(msgspec.Struct, frozen=True):
    """A cell of the merged notebook.

    ``index`` is the cell of the present notebook that it continues, ``None`` for a new one;
    ``other`` the cell of the other side that it comes from or is merged with, ``origin`` that of
    the base where both continue one.
    """

    index: int | None
    type: str
    source: str
    metadata: dict[str, Any]
    removed_metadata: tuple[str, ...] = ()
    other: int | None = None
    origin: int | None = None


class Merged(msgspec.Struct, frozen=True):
    """The merge, or why there is none; ``kernel`` is set when the twin names another."""

    cells: tuple[PlannedCell, ...]
    conflicts: tuple[PairConflict, ...]
    kernel: dict[str, str] | None = None


class Rules(msgspec.Struct, frozen=True):
    """What counts as a conflict, and who settles it.

    Attributes
    ----------
    settle
        Asked about each conflict.
    contested
        There is no base: every cell that differs is a conflict, and what only one side has stays.
    cautious
        Cells that one side deleted beside cells that the other side deleted are conflicts.
    """

    settle: Settle = lambda _: None
    contested: bool = False
    cautious: bool = False


def merge(
    base: Sheet,
    base_twin: Sheet,
    notebook: Sheet,
    twin: Sheet,
    regroup: Regroup,
    rules: Rules | None = None,
) -> Merged:
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
    rules
        By default every conflict stands.
    """
    rules = rules or Rules()
    strays: list[PairConflict] = []

    def admit(cell: PairCell, place: int) -> bool:
        conflict = _unmatched(cell, place)
        settled = rules.settle(conflict)
        if settled is None:
            strays.append(conflict)
        return settled is not None and settled.side != "notebook"

    groups = group_cells(base.cells, base_twin.cells, regroup)
    entries = twin_entries(groups, base_twin.cells, twin.cells, admit)
    if strays:
        return Merged((), tuple(strays))
    kernels = base_twin.kernel, twin.kernel
    return merge_entries(base, notebook, entries, kernels, rules)


def merge_entries(
    base: Sheet,
    notebook: Sheet,
    entries: list[TwinEntry],
    kernels: tuple[dict[str, str], dict[str, str]],
    rules: Rules,
) -> Merged:
    """As `merge`, the other side given by its cells and by its kernel then and now."""
    origins = align_by_id(base.cells, notebook.cells)
    return _Merge(base, notebook, origins, entries, rules).result(*kernels)


def key_of(cells: Sequence[PairCell], origin: int) -> str:
    """What a cell of the base is called when a choice is made about it."""
    return cells[origin].id or f"#{origin}"


def _unmatched(cell: PairCell, place: int) -> PairConflict:
    first = cell.source.strip().split("\n")[0][:60]
    message = f"No cell is known for the edited text {first!r}."
    return PairConflict("unmatched", None, message, twin=cell.source, key=f"+{place}")


class _Merge:
    """One merge at work: contents first, then presence, then order."""

    def __init__(
        self,
        base: Sheet,
        notebook: Sheet,
        origins: list[int | None],
        entries: list[TwinEntry],
        rules: Rules,
    ) -> None:
        self._base = base
        self._notebook = notebook
        self._rules = rules
        self._conflicts: list[PairConflict] = []
        self._origins = origins
        self._entries = entries
        self._of_notebook = {o: index for index, o in enumerate(origins) if o is not None}
        self._of_twin = {e.origin: e for e in entries if e.origin is not None}
        self._risky = self._deleted_side_by_side() if rules.cautious else frozenset()
        #: Cells that survive although one side deleted them, and twins' cells kept as well.
        self._rescued: dict[int, PlannedCell] = {}
        self._extra: dict[int, PlannedCell] = {}

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

    # Presence

    def _survives(self, origin: int) -> bool:
        """Whether both sides have the cell; one that only one side has is dropped or rescued."""
        index, entry = self._of_notebook.get(origin), self._of_twin.get(origin)
        if index is not None and entry is not None:
            return True
        base = self._base.cells[origin]
        if index is not None:
            here = self._notebook.cells[index]
            edited = self._differs(here, base)
            if self._rules.contested:
                self._rescued[origin] = PlannedCell(index, here.type, here.source, {})
            elif edited or origin in self._risky:
                what = "was edited in the notebook and deleted in the twin"
                settled = self._conflict("deleted", origin, what if edited else _BESIDE)
                if settled is not None and settled.side != "twin":
                    text = here.source if settled.text is None else settled.text
                    self._rescued[origin] = PlannedCell(index, here.type, text, {})
        elif entry is not None and entry.before is not None and entry.now is not None:
            edited = self._differs(entry.now, entry.before)
            if edited or origin in self._risky:
                what = "was edited in the twin and deleted in the notebook"
                settled = self._conflict("deleted", origin, what if edited else _BESIDE)
                if settled is not None and settled.side != "notebook":
                    self._rescued[origin] = _added(entry, settled.text)
        return False

    @staticmethod
    def _differs(cell: PairCell, before: PairCell) -> bool:
        return cell.key != before.key or cell.metadata != before.metadata

    def _deleted_side_by_side(self) -> frozenset[int]:
        """Cells that one side alone deleted, in runs of which each side deleted another part."""
        risky: set[int] = set()
        run: list[int] = []
        for origin in range(len(self._base.cells) + 1):
            here, there = origin in self._of_notebook, origin in self._of_twin
            if origin < len(self._base.cells) and not (here and there):
                if here or there:
                    run.append(origin)
                continue
            if len({o in self._of_notebook for o in run}) == 2:
                risky.update(run)
            run = []
        return frozenset(risky)

    # Content

    def _merged_cell(self, origin: int) -> PlannedCell:
        base = self._base.cells[origin]
        index = self._of_notebook[origin]
        here, entry = self._notebook.cells[index], self._of_twin[origin]
        if entry.before is None or entry.now is None:
            return PlannedCell(index, here.type, here.source, {}, (), entry.place, origin)
        before, now = entry.before, entry.now
        kind = self._choose("type", origin, base.type, here.type, before.type, now.type)
        source = self._choose("source", origin, base.source, here.source, before.source, now.source)
        changes, removed = self._metadata(origin, here, before, now)
        return PlannedCell(index, kind, source, changes, removed, entry.place, origin)

    def _choose(self, what: str, origin: int, base: str, here: str, before: str, now: str) -> str:
        if now in (before, here) and not (self._rules.contested and now != here):
            return here
        if here == base and not self._rules.contested:
            return now
        message = f"has another {what} in the notebook and in the twin"
        settled = self._conflict(what, origin, message)
        if settled is None:
            return here
        if settled.text is not None and what == "source":
            return settled.text
        return now if settled.side == "twin" else here

    def _metadata(
        self, origin: int, here: PairCell, before: PairCell, now: PairCell
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        base = self._base.cells[origin].metadata
        changes: dict[str, Any] = {}
        removed: list[str] = []
        for key in sorted(before.metadata.keys() | now.metadata.keys()):
            old, new = before.metadata.get(key, _GONE), now.metadata.get(key, _GONE)
            mine = here.metadata.get(key, _GONE)
            if new in (old, mine):
                continue
            if mine != base.get(key, _GONE) or self._rules.contested:
                message = f"has another {key} in notebook and twin"
                settled = self._conflict("metadata", origin, message)
                if settled is None or settled.side != "twin":
                    continue
            if new is _GONE:
                removed.append(key)
            else:
                changes[key] = new
        return changes, tuple(sorted(removed))

    # Order

    def _order(self, surviving: set[int]) -> list[int]:
        here = [o for o in self._origins if o in surviving and o is not None]
        there = [e.origin for e in self._entries if e.origin in surviving and e.origin is not None]
        if here == there or there == sorted(there) or self._rules.contested:
            return here
        if here == sorted(here):
            return there
        message = "Cells were moved in the notebook and in the twin."
        settled = self._ask(PairConflict("order", None, message, key="order"))
        return there if settled is not None and settled.side == "twin" else here

    def _assemble(self, order: list[int], planned: dict[int, PlannedCell]) -> list[PlannedCell]:
        kept = set(order)
        # What only one side has is placed like a cell that this side added.
        loose = {None, *self._rescued}
        mine = _anchored(self._origins, loose, kept)
        others = _anchored([e.origin for e in self._entries], loose, kept)
        cells: list[PlannedCell] = []
        for origin in (None, *order):
            if origin is not None:
                cells.append(planned[origin])
                if origin in self._extra:
                    cells.append(self._extra[origin])
            known = []
            for index in mine.get(origin, []):
                cell = self._notebook.cells[index]
                known.append(cell.key)
                rescued = self._rescued.get(_or(self._origins[index]))
                cells.append(rescued or PlannedCell(index, cell.type, cell.source, {}))
            for index in others.get(origin, []):
                entry = self._entries[index]
                if entry.now is None:
                    continue
                if entry.now.key in known:  # both sides added the same cell
                    known.remove(entry.now.key)
                else:
                    cells.append(self._rescued.get(_or(entry.origin)) or _added(entry))
        return cells

    def _kernel(self, before: dict[str, str], now: dict[str, str]) -> dict[str, str] | None:
        here, base = self._notebook.kernel, self._base.kernel
        name = now.get("name")
        if name is None or name == before.get("name") or name == here.get("name"):
            return None
        if here.get("name") != base.get("name") or self._rules.contested:
            message = f"The notebook names the kernel {here.get('name')}, its twin {name}."
            settled = self._ask(PairConflict("kernel", None, message, key="kernel"))
            if settled is None or settled.side != "twin":
                return None
        return now

    # Conflicts

    def _conflict(self, kind: str, origin: int, what: str) -> Settled | None:
        base = self._base.cells[origin]
        index, entry = self._of_notebook.get(origin), self._of_twin.get(origin)
        here = self._notebook.cells[index].source if index is not None else None
        there = entry.now.source if entry is not None and entry.now is not None else None
        place = (index if index is not None else origin) + 1
        message, key = f"Cell {place} {what}.", key_of(self._base.cells, origin)
        source = None if self._rules.contested else base.source
        settled = self._ask(PairConflict(kind, base.id or None, message, source, here, there, key))
        if settled is not None and settled.side == "both" and kind != "deleted" and entry:
            self._extra[origin] = _added(entry)
        return settled

    def _ask(self, conflict: PairConflict) -> Settled | None:
        settled = self._rules.settle(conflict)
        if settled is None:
            self._conflicts.append(conflict)
        return settled


_BESIDE = "was deleted on one side, beside cells that the other side deleted"


def _added(entry: TwinEntry, text: str | None = None) -> PlannedCell:
    """A cell of the other side as a new one."""
    assert entry.now is not None
    cell = entry.now
    source = cell.source if text is None else text
    return PlannedCell(None, cell.type, source, cell.metadata, other=entry.place)


def _or(origin: int | None) -> int:
    return -1 if origin is None else origin


def _anchored(
    origins: Sequence[int | None], loose: set[int | None], kept: set[int]
) -> dict[int | None, list[int]]:
    """Loose cells by the surviving cell that they follow (``None``: at the top)."""
    found: dict[int | None, list[int]] = {}
    anchor: int | None = None
    for place, origin in enumerate(origins):
        if origin in loose and origin not in kept:
            found.setdefault(anchor, []).append(place)
        elif origin in kept:
            anchor = origin
    return found
