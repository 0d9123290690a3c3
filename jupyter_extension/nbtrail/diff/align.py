"""Which cell of one notebook is which cell of another.

Cells are matched by id, then by equal content, then by what they have in common: first those
between the same matched neighbours, then those that went elsewhere. Each stage looks only at
what the one before left over. Content is compared by hash and alike cells are sought in an
index of their words, so that the effort grows with the number of cells, not with its square.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Iterable, Sequence

from nbtrail.diff.sequences import Pair, common, increasing
from nbtrail.diff.sources import shared_ends
from nbtrail.notebooks.cells import Cell

#: Share of words in common (Dice's coefficient) of cells that are one cell edited: between the
#: same neighbours, alone between them, and for one that also moved.
_ALIKE, _ALONE, _ELSEWHERE = 0.5, 0.3, 0.75
#: A text this short says too little to be recognised elsewhere, in words.
_TELLING = 6
#: Gaps of more pairs are not compared each with each.
_MOST_PAIRS = 1_600
#: A word in more cells than this tells none of them from the others.
_COMMON_WORD = 12
_LONG, _FEW_WORDS = 20_000, 2
_WORDS = re.compile(r"\w+")

Bag = Counter[str]


def align(a: Sequence[Cell], b: Sequence[Cell]) -> list[Pair]:
    """Matched ``(index in a, index in b)`` pairs, sorted by index in ``b``."""
    bags = _Bags(a, b)
    pairs: dict[int, int] = {}
    _match_ids(a, b, pairs, bags)
    _match_content(a, b, pairs)
    _match_alike(a, b, pairs, bags)
    return sorted(pairs.items(), key=lambda pair: pair[1])


def moved(pairs: Sequence[Pair]) -> set[int]:
    """Indices in ``b`` of matched cells that changed their place."""
    staying = set(increasing([i for i, _ in pairs]))
    return {j for position, (_, j) in enumerate(pairs) if position not in staying}


class _Bags:
    """The words of cells, counted once each and only when they are asked for."""

    def __init__(self, a: Sequence[Cell], b: Sequence[Cell]) -> None:
        self._cells = (a, b)
        self._known: tuple[dict[int, Bag], dict[int, Bag]] = ({}, {})

    def of(self, side: int, index: int) -> Bag:
        """Words of a cell, or the lines of a very long one; its letters where it has no words."""
        bag = self._known[side].get(index)
        if bag is None:
            source = self._cells[side][index].source
            found = source.splitlines() if len(source) > _LONG else _WORDS.findall(source)
            bag = self._known[side][index] = Counter(found or source.split())
        return bag

    def alike(self, i: int, j: int) -> float:
        """Share of words that two cells have in common, 0 to 1."""
        a, b = self.of(0, i), self.of(1, j)
        total = a.total() + b.total()
        if not total:
            return 1.0
        if total <= 2 * _FEW_WORDS:
            return self._alike_by_ends(i, j)
        few, many = (a, b) if len(a) < len(b) else (b, a)
        shared = sum(min(count, many[word]) for word, count in few.items() if word in many)
        return 2 * shared / total

    def _alike_by_ends(self, i: int, j: int) -> float:
        """Likewise for cells of hardly a word, such as one long literal."""
        a, b = self._cells[0][i].source, self._cells[1][j].source
        return 2 * sum(shared_ends(a, b)) / max(len(a) + len(b), 1)


def _match_ids(a: Sequence[Cell], b: Sequence[Cell], pairs: dict[int, int], bags: _Bags) -> None:
    """Match by ids that are unique on both sides.

    Some programs number the cells anew at each save: an id is not believed where the cell's text
    stands elsewhere in the other notebook, and under the id something else.
    """
    ids_a = Counter(c.id for c in a if not c.id.startswith("#"))
    ids_b = Counter(c.id for c in b if not c.id.startswith("#"))
    where = {c.id: c for c in b}
    doubtful = []
    for cell in a:
        if ids_a.get(cell.id) != 1 or ids_b.get(cell.id) != 1:
            continue
        other = where[cell.id]
        if cell.source == other.source and cell.type == other.type:
            pairs[cell.index] = other.index
        else:
            doubtful.append((cell, other))
    if not doubtful:
        return
    texts_a, texts_b = _unmatched_texts(a, pairs.keys()), _unmatched_texts(b, set(pairs.values()))
    for cell, other in doubtful:
        elsewhere = (cell.type, cell.source) in texts_b or (other.type, other.source) in texts_a
        if elsewhere and bags.alike(cell.index, other.index) < _ALIKE:
            continue
        if cell.type == other.type or bags.alike(cell.index, other.index) >= _ALIKE:
            pairs[cell.index] = other.index


def _unmatched_texts(cells: Sequence[Cell], matched: Iterable[int]) -> set[tuple[str, str]]:
    taken = set(matched)
    return {(c.type, c.source) for c in cells if c.index not in taken and c.source.strip()}


def _match_content(a: Sequence[Cell], b: Sequence[Cell], pairs: dict[int, int]) -> None:
    """Match equal cells: in their order, so that of several alike each keeps its own place."""
    if len(pairs) == min(len(a), len(b)):
        return
    backwards = {j: i for i, j in pairs.items()}
    keys_a: list[Hashable] = [i if i in pairs else (a[i].type, a[i].source) for i in range(len(a))]
    keys_b: list[Hashable] = [
        backwards[j] if j in backwards else (b[j].type, b[j].source) for j in range(len(b))
    ]
    for i, j in common(keys_a, keys_b):
        pairs[i] = j
    taken = set(pairs.values())
    waiting: defaultdict[Hashable, deque[int]] = defaultdict(deque)
    for cell in b:
        if cell.index not in taken and cell.source.strip():
            waiting[cell.type, cell.source].append(cell.index)
    for cell in a:
        if cell.index not in pairs and waiting.get((cell.type, cell.source)):
            pairs[cell.index] = waiting[cell.type, cell.source].popleft()


def _match_alike(a: Sequence[Cell], b: Sequence[Cell], pairs: dict[int, int], bags: _Bags) -> None:
    for left, right in _gaps(a, b, pairs):
        if len(left) * len(right) <= _MOST_PAIRS:
            found = _best_in_order(a, b, left, right, bags)
        else:
            found = _in_order(_candidates(a, b, left, right, bags, _ALIKE))
        pairs.update(found)
    taken = set(pairs.values())
    left = [c.index for c in a if c.index not in pairs and bags.of(0, c.index).total() >= _TELLING]
    right = [c.index for c in b if c.index not in taken and bags.of(1, c.index).total() >= _TELLING]
    for _, i, j in _candidates(a, b, left, right, bags, _ELSEWHERE):
        if i not in pairs and j not in taken:
            pairs[i] = j
            taken.add(j)


def _best_in_order(
    a: Sequence[Cell], b: Sequence[Cell], left: list[int], right: list[int], bags: _Bags
) -> list[Pair]:
    """The pairs, increasing on both sides, that have most in common altogether."""
    least = _ALONE if len(left) == len(right) == 1 else _ALIKE
    scores = [[_score(a[i], b[j], bags, least) for j in right] for i in left]
    best = [[0.0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for p in range(len(left) - 1, -1, -1):
        row, below = best[p], best[p + 1]
        for q in range(len(right) - 1, -1, -1):
            score = scores[p][q]
            taken = below[q + 1] + score if score else 0.0
            row[q] = max(taken, below[q], row[q + 1])
    found = []
    p = q = 0
    while p < len(left) and q < len(right):
        if scores[p][q] and best[p][q] == best[p + 1][q + 1] + scores[p][q]:
            found.append((left[p], right[q]))
            p, q = p + 1, q + 1
        elif best[p][q] == best[p + 1][q]:
            p += 1
        else:
            q += 1
    return found


def _score(a: Cell, b: Cell, bags: _Bags, least: float) -> float:
    if a.type != b.type:
        return 0.0
    score = bags.alike(a.index, b.index)
    return score if score >= least else 0.0


def _candidates(
    a: Sequence[Cell],
    b: Sequence[Cell],
    left: list[int],
    right: list[int],
    bags: _Bags,
    least: float,
) -> list[tuple[float, int, int]]:
    """Pairs that share a rare word, or stand at the same place: the most alike ones first."""
    if not left or not right:
        return []
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for j in right:
        for word in bags.of(1, j):
            if len(holders[word]) <= _COMMON_WORD:
                holders[word].append(j)
    found = []
    for position, i in enumerate(left):
        shared: Counter[int] = Counter()
        for word in bags.of(0, i):
            near = holders.get(word, ())
            if len(near) <= _COMMON_WORD:
                shared.update(near)
        likely = [j for j, _ in shared.most_common(4)]
        for place in (position, len(right) - len(left) + position):
            if 0 <= place < len(right):
                likely.append(right[place])
        for j in dict.fromkeys(likely):
            score = _score(a[i], b[j], bags, least)
            if score:
                found.append((score, i, j))
    return sorted(found, key=lambda c: (-c[0], abs(c[1] - c[2]), c[1]))


def _in_order(candidates: list[tuple[float, int, int]]) -> list[Pair]:
    """The best candidates of each cell that do not cross one another."""
    chosen: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in candidates:
        if i not in chosen and j not in taken:
            chosen[i] = j
            taken.add(j)
    pairs = sorted(chosen.items())
    return [pairs[position] for position in increasing([j for _, j in pairs])]


def _gaps(
    a: Sequence[Cell], b: Sequence[Cell], pairs: dict[int, int]
) -> list[tuple[list[int], list[int]]]:
    """Unmatched cells of both sides that lie between the same neighbours that did not move."""
    fixed = sorted(pairs.items())
    fixed = [fixed[position] for position in increasing([j for _, j in fixed])]
    starts_a, starts_b = [i for i, _ in fixed], [j for _, j in fixed]
    taken = set(pairs.values())
    left: defaultdict[int, list[int]] = defaultdict(list)
    right: defaultdict[int, list[int]] = defaultdict(list)
    for index in range(len(a)):
        if index not in pairs:
            left[bisect_left(starts_a, index)].append(index)
    for index in range(len(b)):
        if index not in taken:
            right[bisect_left(starts_b, index)].append(index)
    return [(left[key], right[key]) for key in left if key in right]
