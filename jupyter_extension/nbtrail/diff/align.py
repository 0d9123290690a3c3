"""Which cell of one notebook is which cell of another.

Cells are matched by id, then by equal content, then by similarity within the gaps that are
left between matched neighbours. Each stage looks only at what the one before left over, and
content is compared by hash, so that the usual pair of notebooks costs a pass over its cells.
"""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Sequence

from nbtrail.notebooks.cells import Cell

Pair = tuple[int, int]

#: Below this ratio of common characters two cells are an insertion and a deletion.
_SIMILAR = 0.5
#: A gap of more pairs than this is aligned in order, without comparing texts.
_MAX_COMPARISONS = 2_500


def align(a: Sequence[Cell], b: Sequence[Cell]) -> list[Pair]:
    """Matched ``(index in a, index in b)`` pairs, sorted by index in ``b``."""
    pairs: dict[int, int] = {}
    _match_unique(
        {c.index: c.id for c in a if not c.id.startswith("#")},
        {c.index: c.id for c in b if not c.id.startswith("#")},
        pairs,
        types=({c.index: c.type for c in a}, {c.index: c.type for c in b}),
    )
    _match_content(a, b, pairs)
    _match_similar(a, b, pairs)
    return sorted(((i, j) for i, j in pairs.items()), key=lambda pair: pair[1])


def moved(pairs: Sequence[Pair]) -> set[int]:
    """Indices in ``b`` of matched cells that changed their place.

    What did not move is a longest increasing subsequence (patience sorting, O(n log n)).
    """
    tails: list[int] = []
    tail_positions: list[int] = []
    previous: list[int] = []
    for position, (i, _) in enumerate(pairs):
        slot = bisect_left(tails, i)
        if slot == len(tails):
            tails.append(i)
            tail_positions.append(position)
        else:
            tails[slot] = i
            tail_positions[slot] = position
        previous.append(tail_positions[slot - 1] if slot else -1)
    staying = set()
    position = tail_positions[-1] if tail_positions else -1
    while position >= 0:
        staying.add(position)
        position = previous[position]
    return {j for position, (_, j) in enumerate(pairs) if position not in staying}


def _match_unique(
    a: dict[int, str],
    b: dict[int, str],
    pairs: dict[int, int],
    types: tuple[dict[int, str], dict[int, str]],
) -> None:
    count_a, count_b = Counter(a.values()), Counter(b.values())
    where_b = {value: index for index, value in b.items()}
    for index, value in a.items():
        if count_a[value] == 1 and count_b.get(value) == 1:
            other = where_b[value]
            if types[0][index] == types[1][other]:
                pairs[index] = other


def _match_content(a: Sequence[Cell], b: Sequence[Cell], pairs: dict[int, int]) -> None:
    taken = set(pairs.values())
    waiting: defaultdict[Hashable, deque[int]] = defaultdict(deque)
    for cell in b:
        if cell.index not in taken:
            waiting[cell.type, cell.source].append(cell.index)
    for cell in a:
        if cell.index not in pairs and waiting.get((cell.type, cell.source)):
            pairs[cell.index] = waiting[cell.type, cell.source].popleft()


def _match_similar(a: Sequence[Cell], b: Sequence[Cell], pairs: dict[int, int]) -> None:
    for left, right in _gaps(a, b, pairs):
        if len(left) * len(right) > _MAX_COMPARISONS:
            continue
        scored = []
        for cell in left:
            matcher = difflib.SequenceMatcher(autojunk=False)
            matcher.set_seq2(cell.source)
            for other in right:
                if other.type != cell.type:
                    continue
                matcher.set_seq1(other.source)
                if matcher.real_quick_ratio() < _SIMILAR or matcher.quick_ratio() < _SIMILAR:
                    continue
                ratio = matcher.ratio()
                if ratio >= _SIMILAR:
                    scored.append((-ratio, cell.index, other.index))
        taken: set[int] = set()
        for _, i, j in sorted(scored):
            if i not in pairs and j not in taken:
                pairs[i] = j
                taken.add(j)


def _gaps(
    a: Sequence[Cell], b: Sequence[Cell], pairs: dict[int, int]
) -> list[tuple[list[Cell], list[Cell]]]:
    """Unmatched cells of both sides that lie between the same matched neighbours."""
    backwards = {j: i for i, j in pairs.items()}
    left: defaultdict[int, list[Cell]] = defaultdict(list)
    right: defaultdict[int, list[Cell]] = defaultdict(list)
    anchor = -1
    for cell in a:
        if cell.index in pairs:
            anchor = cell.index
        else:
            left[anchor].append(cell)
    anchor = -1
    for cell in b:
        if cell.index in backwards:
            anchor = backwards[cell.index]
        else:
            right[anchor].append(cell)
    return [(left[key], right[key]) for key in left if key in right]
