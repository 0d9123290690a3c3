"""Notebooks whose code is nearly the same.

Two notebooks are compared by their sets of code lines, without imports, comments and blanks.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, pairwise

import msgspec

from nbtrail.notebooks.cells import code_cells_of
from nbtrail.notebooks.document import Notebook

#: As many lines in common of all lines make a copy …
ALIKE = 0.7
#: … or as many of the shorter one's, when it is most of the longer one: an earlier state.
CONTAINED, CONTAINED_ALIKE = 0.9, 0.4
_FEWEST_LINES = 5
#: … and so few, where they are the same.
_FEWEST_SAME = 2
#: Seconds; files of one checkout or one copying were not saved one after the other.
_SAME_MOMENT = 60.0
#: Of a line of more notebooks than this only neighbours are compared: all pairs were too many.
_COMMON = 40

_NOISE = re.compile(r"^\s*(?:#|import\b|from\s+\S+\s+import\b|library\(|using\s)")
_COPY_MARK = re.compile(
    r"(?i)copy|\(\d+\)|\bold\b|backup|\bbak\b|_old|untitled|checkpoint|deprecated|archive"
)


class Text(msgspec.Struct, frozen=True):
    """What copies are found by: distinct lines of code, and names of data files in them."""

    lines: frozenset[str]
    files: frozenset[str] = frozenset()


class Copy(msgspec.Struct, frozen=True):
    """A near-copy.

    ``of`` is the notebook that looks more complete, ``similarity`` how much is alike (0 to 1)
    and ``why`` what speaks for the other one. A ``variant`` uses files that the other one does
    not: it may be meant to stand beside it.
    """

    of: str
    similarity: float
    why: str
    variant: bool


def text_of_code(notebook: Notebook, files: Iterable[str] = ()) -> Text:
    """The lines by which a notebook is compared, and the ``files`` that it uses."""
    lines = {
        "".join(line.split())
        for cell in code_cells_of(notebook)
        for line in cell.source.splitlines()
        if not _NOISE.match(line)
    }
    return Text(frozenset(lines - {""}), frozenset(files))


def near_copies(texts: Mapping[str, Text], modified: Mapping[str, float]) -> dict[str, Copy]:
    """The notebooks that are near-copies, by path, each with the one that looks most complete.

    Parameters
    ----------
    modified
        Times in seconds; they only decide between notebooks that nothing else tells apart.
    """
    same: defaultdict[frozenset[str], list[str]] = defaultdict(list)
    for path in sorted(texts):
        same[texts[path].lines].append(path)
    leaders = {_leader(texts, modified, paths): paths for paths in same.values()}
    pairs = {pair: alike for pair in _candidates(texts, leaders) if (alike := _alike(texts, *pair))}
    best = {
        path: leader
        for leader, paths in leaders.items()
        for path in paths
        if path != leader and len(texts[path].lines) >= _FEWEST_SAME
    }
    for pair in sorted(pairs, key=lambda pair: (-pairs[pair], pair)):
        less, more = sorted(pair, key=lambda path: _standing(texts, path))
        if len(texts[less].lines) == len(texts[more].lines):
            less, more = (less, more) if _leader(texts, modified, pair) == more else (more, less)
        best.setdefault(less, more)
    found: dict[str, Copy] = {}
    for less in sorted(best):
        more = _final(best, pairs, less)
        why, variant = (
            _why(texts, modified, less, more),
            bool(texts[less].files - texts[more].files),
        )
        if variant:
            why += "; they use different files"
        found[less] = Copy(more, round(pairs.get(_pair(less, more), 1.0), 3), why, variant)
    return found


def _leader(texts: Mapping[str, Text], modified: Mapping[str, float], paths: Sequence[str]) -> str:
    """Of notebooks with as much code as each other the one to keep."""
    unmarked = [path for path in paths if not _marks(path)] or paths
    newest = max(modified.get(path, 0.0) for path in unmarked)
    late = [path for path in unmarked if newest - modified.get(path, 0.0) <= _SAME_MOMENT]
    return max(late, key=lambda path: _standing(texts, path))


def _standing(texts: Mapping[str, Text], path: str) -> tuple[int, bool, int, str]:
    """Sort key: the last of two is the one to keep."""
    return (len(texts[path].lines), not _marks(path), -len(path), path)


def _marks(path: str) -> bool:
    """Whether a path says that this is a copy or an old state."""
    return bool(_COPY_MARK.search(path))


def _final(best: Mapping[str, str], pairs: Mapping[tuple[str, str], float], path: str) -> str:
    """The notebook at the end of the chain of copies, as long as it is as much alike."""
    more, passed = best[path], {path}
    while more in best and more not in passed:
        following = best[more]
        alike = pairs.get(_pair(path, more), 1.0)
        if pairs.get(_pair(path, following), 0.0) < alike or following == path:
            break
        passed.add(more)
        more = following
    return more


def _candidates(texts: Mapping[str, Text], leaders: Iterable[str]) -> set[tuple[str, str]]:
    """Pairs that have some lines in common."""
    by_line: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(leaders):
        for line in texts[path].lines:
            by_line[line].append(path)
    shared: Counter[tuple[str, str]] = Counter()
    for paths in by_line.values():
        shared.update(combinations(paths, 2) if len(paths) <= _COMMON else pairwise(paths))
    return {_pair(a, b) for (a, b), count in shared.items() if count >= _FEWEST_LINES - 2}


def _alike(texts: Mapping[str, Text], a: str, b: str) -> float:
    """How much two have in common; 0 when that makes them no copies."""
    left, right = texts[a].lines, texts[b].lines
    common = len(left & right)
    every = len(left) + len(right) - common
    fewest = min(len(left), len(right))
    if not every or not fewest:
        return 0.0
    alike = common / every
    if fewest < _FEWEST_LINES:
        return 0.0
    if alike >= ALIKE or (common / fewest >= CONTAINED and alike >= CONTAINED_ALIKE):
        return alike
    return 0.0


def _pair(a: str, b: str) -> tuple[str, str]:
    return (a, b) if a < b else (b, a)


def _why(
    texts: Mapping[str, Text], modified: Mapping[str, float], less: str, more: str
) -> str:  # fmt: skip
    mine, theirs = len(texts[less].lines), len(texts[more].lines)
    if theirs > mine:
        return f"{more} is more complete ({theirs} lines of code against {mine})"
    if _marks(less) and not _marks(more):
        return f"the path of {less} is that of a copy"
    if modified.get(more, 0.0) > modified.get(less, 0.0) + _SAME_MOMENT:
        return f"{more} was saved later"
    return "nothing tells which one is newer"
