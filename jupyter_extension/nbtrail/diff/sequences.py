"""What two sequences have in common, in time that cannot run away.

The shortest edit script is that of Myers, "An O(ND) difference algorithm and its variations"
(1986), on what is left between equal ends and without items that occur on one side only. Where
the two have too little in common for it, items that occur once on both sides are the anchors
(Cohen's patience diff), and what lies between them is tried again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence

Pair = tuple[int, int]

#: Work allowed for a shortest script: edits times edits. Beyond it anchors are sought.
_MOST_EDITS = 200


def common(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[Pair]:
    """Index pairs of equal items, increasing on both sides: as many as can be found quickly."""
    pairs: list[Pair] = []
    waiting = [(0, len(a), 0, len(b))]
    while waiting:
        i1, i2, j1, j2 = waiting.pop()
        while i1 < i2 and j1 < j2 and a[i1] == b[j1]:
            pairs.append((i1, j1))
            i1, j1 = i1 + 1, j1 + 1
        while i1 < i2 and j1 < j2 and a[i2 - 1] == b[j2 - 1]:
            i2, j2 = i2 - 1, j2 - 1
            pairs.append((i2, j2))
        if i1 == i2 or j1 == j2:
            continue
        count_a, count_b = Counter(a[i1:i2]), Counter(b[j1:j2])
        left = [i for i in range(i1, i2) if a[i] in count_b]
        right = [j for j in range(j1, j2) if b[j] in count_a]
        found = _shortest([a[i] for i in left], [b[j] for j in right])
        if found is not None:
            pairs.extend((left[i], right[j]) for i, j in found)
            continue
        anchors = _anchors(a, b, left, right, count_a, count_b)
        pairs.extend(anchors)
        if anchors:
            for i, j in anchors:
                waiting.append((i1, i, j1, j))
                i1, j1 = i + 1, j + 1
            waiting.append((i1, i2, j1, j2))
    pairs.sort()
    return pairs


def increasing(values: Sequence[int]) -> list[int]:
    """Positions of a longest increasing subsequence of distinct numbers, in O(n log n)."""
    tails: list[int] = []
    at: list[int] = []
    previous: list[int] = []
    for position, value in enumerate(values):
        slot = bisect_left(tails, value)
        if slot == len(tails):
            tails.append(value)
            at.append(position)
        else:
            tails[slot] = value
            at[slot] = position
        previous.append(at[slot - 1] if slot else -1)
    found = []
    position = at[-1] if at else -1
    while position >= 0:
        found.append(position)
        position = previous[position]
    return found[::-1]


def _anchors(
    a: Sequence[Hashable],
    b: Sequence[Hashable],
    left: list[int],
    right: list[int],
    count_a: Counter[Hashable],
    count_b: Counter[Hashable],
) -> list[Pair]:
    where = {b[j]: j for j in right if count_b[b[j]] == 1}
    unique = [(i, where[a[i]]) for i in left if count_a[a[i]] == 1 and a[i] in where]
    return [unique[position] for position in increasing([j for _, j in unique])]


def _shortest(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[Pair] | None:
    """Matches of a shortest edit script; ``None`` when that takes too many edits."""
    n, m = len(a), len(b)
    if not n or not m:
        return []
    most = min(n + m, _MOST_EDITS)
    origin = most + 1
    furthest = [0] * (2 * most + 3)
    rounds: list[list[int]] = []
    for edits in range(most + 1):
        for k in range(-edits, edits + 1, 2):
            below, above = furthest[origin + k - 1], furthest[origin + k + 1]
            x = above if k == -edits or (k != edits and below < above) else below + 1
            y = x - k
            while x < n and y < m and a[x] == b[y]:
                x += 1
                y += 1
            furthest[origin + k] = x
            if x >= n and y >= m:
                return _walk_back(rounds, n, m)
        rounds.append(furthest[origin - edits : origin + edits + 1])
    return None


def _walk_back(rounds: list[list[int]], x: int, y: int) -> list[Pair]:
    """The matches on the way that led to ``(x, y)``; ``rounds[d][k + d]`` is how far it went."""
    pairs: list[Pair] = []
    for edits in range(len(rounds), 0, -1):
        before = rounds[edits - 1]
        k = x - y
        below = before[k + edits - 2] if k > 1 - edits else -1
        above = before[k + edits] if k < edits - 1 else -1
        insert = k == -edits or (k != edits and below < above)
        start = above if insert else below
        behind = start if insert else start + 1
        while x > behind:
            x, y = x - 1, y - 1
            pairs.append((x, y))
        x, y = start, start - (k + 1 if insert else k - 1)
    pairs.extend((i, i) for i in range(x - 1, -1, -1))
    return pairs[::-1]
