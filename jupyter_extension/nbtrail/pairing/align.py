"""Which cell of one text is which cell of another, when texts carry no ids.

Runs of equal cells are matched first and in order, so that of three equal cells the right
one is found missing and outputs stay with theirs. Then neighbours in the gaps are matched by
likeness, and last what moved elsewhere unchanged.
"""

from __future__ import annotations

import difflib
from collections import defaultdict, deque
from collections.abc import Sequence

from nbtrail.pairing.cells import PairCell

_SIMILAR = 0.5
#: A gap of more pairs than this is matched in order, without comparing texts.
_MAX_COMPARISONS = 900


def align_by_content(old: Sequence[PairCell], new: Sequence[PairCell]) -> list[int | None]:
    """For each new cell the index of the old one that it continues, or ``None``."""
    origin: list[int | None] = [None] * len(new)
    matcher = difflib.SequenceMatcher(
        None, [c.key for c in old], [c.key for c in new], autojunk=False
    )
    gaps = []
    for op, i1, i2, j1, j2 in matcher.get_opcodes():
        if op == "equal":
            origin[j1:j2] = range(i1, i2)
        elif op == "replace":
            gaps.append((i1, i2, j1, j2))
    _match_moved(old, new, origin)
    for i1, i2, j1, j2 in gaps:
        _match_gap(old, new, origin, (i1, i2, j1, j2))
    return origin


def align_by_id(old: Sequence[PairCell], new: Sequence[PairCell]) -> list[int | None]:
    """As `align_by_content`, but an id that both sides carry once decides."""
    where = _unique_ids(old)
    own = _unique_ids(new)
    origin: list[int | None] = [
        where.get(cell.id) if own.get(cell.id) == index else None for index, cell in enumerate(new)
    ]
    taken = {index for index in origin if index is not None}
    left = [index for index in range(len(old)) if index not in taken]
    right = [index for index, known in enumerate(origin) if known is None]
    if left and right:
        found = align_by_content([old[i] for i in left], [new[j] for j in right])
        for j, i in zip(right, found, strict=True):
            # A cell that has an id of its own is only taken for another when it is the same.
            if i is not None and (not new[j].id or old[left[i]].key == new[j].key):
                origin[j] = left[i]
    return origin


def _unique_ids(cells: Sequence[PairCell]) -> dict[str, int]:
    seen: dict[str, int] = {}
    twice: set[str] = set()
    for index, cell in enumerate(cells):
        if cell.id in seen:
            twice.add(cell.id)
        if cell.id:
            seen[cell.id] = index
    return {key: index for key, index in seen.items() if key not in twice}


def _match_moved(
    old: Sequence[PairCell], new: Sequence[PairCell], origin: list[int | None]
) -> None:
    taken = {index for index in origin if index is not None}
    waiting: defaultdict[tuple[str, str], deque[int]] = defaultdict(deque)
    for index, cell in enumerate(old):
        if index not in taken and cell.source.strip():
            waiting[cell.key].append(index)
    for index, cell in enumerate(new):
        if origin[index] is None and waiting.get(cell.key):
            origin[index] = waiting[cell.key].popleft()


def _match_gap(
    old: Sequence[PairCell],
    new: Sequence[PairCell],
    origin: list[int | None],
    gap: tuple[int, int, int, int],
) -> None:
    taken = {index for index in origin if index is not None}
    left = [i for i in range(gap[0], gap[1]) if i not in taken]
    right = [j for j in range(gap[2], gap[3]) if origin[j] is None]
    if len(left) == len(right) == 1:
        origin[right[0]] = left[0]
        return
    if len(left) * len(right) > _MAX_COMPARISONS:
        if len(left) == len(right):
            for i, j in zip(left, right, strict=True):
                origin[j] = i
        return
    for i, j in _best_in_order(old, new, left, right):
        origin[j] = i


def _best_in_order(
    old: Sequence[PairCell], new: Sequence[PairCell], left: list[int], right: list[int]
) -> list[tuple[int, int]]:
    """The pairs of greatest total likeness that keep the order of both sides."""
    rows, columns = len(left), len(right)
    likeness = [[_likeness(old[i], new[j]) for j in right] for i in left]
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for r in range(rows - 1, -1, -1):
        for c in range(columns - 1, -1, -1):
            paired = likeness[r][c] + best[r + 1][c + 1] if likeness[r][c] else 0.0
            best[r][c] = max(paired, best[r + 1][c], best[r][c + 1])
    pairs = []
    r = c = 0
    while r < rows and c < columns:
        if likeness[r][c] and best[r][c] == likeness[r][c] + best[r + 1][c + 1]:
            pairs.append((left[r], right[c]))
            r, c = r + 1, c + 1
        elif best[r][c] == best[r + 1][c]:
            r += 1
        else:
            c += 1
    return pairs


def _likeness(a: PairCell, b: PairCell) -> float:
    if a.type != b.type:
        return 0.9 if a.source.strip() and a.source == b.source else 0.0
    matcher = difflib.SequenceMatcher(None, a.source, b.source, autojunk=False)
    if matcher.real_quick_ratio() < _SIMILAR or matcher.quick_ratio() < _SIMILAR:
        return 0.0
    ratio = matcher.ratio()
    return ratio if ratio >= _SIMILAR else 0.0
