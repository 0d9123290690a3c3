"""How the cells of one side stand to those of the base: which continues which.

A notebook tells by its cells' ids. A twin's text carries none, and one cell of the notebook may
be read back as several of the text, or as none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import msgspec

from nbtrail.pairing.align import align_by_content, align_by_id
from nbtrail.pairing.cells import PairCell

_MARKER = re.compile(r"^\s*(#|//|--|%|;+|\(\*|/\*|<!--|```)", re.MULTILINE)


class TwinEntry(msgspec.Struct, frozen=True):
    """A cell as the twin has it now.

    ``origin`` is its cell of the base, ``None`` for a new one; ``before`` is how the twin had
    that cell at the last sync, ``None`` when the twin cannot show it or shows it unchanged.
    ``place`` is the cell's index on its side.
    """

    origin: int | None
    before: PairCell | None
    now: PairCell | None
    place: int | None = None


Regroup = Callable[[PairCell], int]


def entries_by_id(base: Sequence[PairCell], now: Sequence[PairCell]) -> list[TwinEntry]:
    """The cells of another notebook, which has ids, by the cell of the base that they continue."""
    return [
        TwinEntry(origin, None if origin is None else base[origin], cell, place)
        for place, (origin, cell) in enumerate(zip(align_by_id(base, now), now, strict=True))
    ]


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


def twin_entries(
    groups: list[list[int]],
    before: Sequence[PairCell],
    now: Sequence[PairCell],
    admit: Callable[[PairCell, int], bool],
) -> list[TwinEntry]:
    """The twin's cells by their origin.

    ``admit`` is asked about edited text of which no cell of the base is known, with its place in
    the twin: true takes it as a new cell.
    """
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
            if now[place] != before[part] and admit(now[place], place):
                entries.append(TwinEntry(None, None, now[place], place))
            continue
        if origin in intact:
            if origin not in seen:
                entries.append(TwinEntry(origin, None, None))
        elif origin is None or origin in seen or part is None:
            entries.append(TwinEntry(None, None, now[place], place))
        else:
            whole = len(groups[origin]) == 1
            text = before[part] if whole else PairCell("", before[part].type, "\0", {})
            entries.append(TwinEntry(origin, text, now[place], place))
        if origin is not None:
            seen.add(origin)
    _insert_invisible(entries, groups)
    return entries


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
