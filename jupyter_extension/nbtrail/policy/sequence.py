"""Sequence numbers for the notebooks of one folder, from the order of the pipeline.

Numbers that notebooks have already are kept where the order does not contradict them.
Notebooks that nothing connects and that have no number stay without one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LEADING = re.compile(r"^0*(\d{1,3})([a-z]?)(?=[-_ .)])", re.IGNORECASE)
_CHAPTER = re.compile(
    r"(?:^|[\W_])(?:part|step|chapter|lesson|session|notebook|nb)[\s_-]*0*(\d{1,3})(?![\d.])",
    re.IGNORECASE,
)

Place = tuple[int, str]


def own_number(path: str) -> Place | None:
    """The number that a file name carries in front or after a word such as ``Part``."""
    stem = PurePosixPath(path).stem
    if match := _LEADING.match(stem):
        return int(match[1]), match[2].lower()
    if match := _CHAPTER.search(stem):
        return int(match[1]), ""
    return None


def sequences(
    order: Sequence[str],
    edges: Iterable[tuple[str, str]],
    fixed: Mapping[str, Place | None],
) -> dict[str, str]:
    """Sequence numbers such as ``2`` or ``2b`` for the notebooks of one folder that get one.

    Parameters
    ----------
    order
        The folder's notebooks, each after all that it needs.
    edges
        Pairs of source and target; those of other folders are passed over.
    fixed
        Notebooks whose names stay as they are, with the number that they carry.
    """
    place = {path: index for index, path in enumerate(order)}
    before: defaultdict[str, list[str]] = defaultdict(list)
    after: defaultdict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        if source in place and target in place and place[source] < place[target]:
            before[target].append(source)
            after[source].append(target)
    numbers: dict[str, Place] = {}
    for path in order:
        carried = fixed[path] if path in fixed else own_number(path)
        needed = max((numbers[p] for p in before[path] if p in numbers), default=None)
        if path in fixed:
            if carried is not None:
                numbers[path] = carried
        elif carried is not None and (needed is None or carried > needed):
            numbers[path] = carried
        elif needed is not None:
            numbers[path] = (needed[0] + 1, "")
        elif after[path] or carried is not None:
            numbers[path] = (_first(path, after, fixed), "")
    return _lettered(order, numbers, fixed)


def _first(path: str, after: Mapping[str, list[str]], fixed: Mapping[str, Place | None]) -> int:
    """Number of a notebook that needs none: before the numbers of those that need it."""
    following = [n for p in after[path] if (n := fixed.get(p) or own_number(p)) is not None]
    return max(0, min(1, *(number - 1 for number, _ in following))) if following else 1


def _lettered(
    order: Sequence[str], numbers: Mapping[str, Place], fixed: Mapping[str, Place | None]
) -> dict[str, str]:
    """Letters for notebooks of one number, in the order given."""
    sharing: defaultdict[int, list[str]] = defaultdict(list)
    for path in order:
        if path in numbers:
            sharing[numbers[path][0]].append(path)
    found: dict[str, str] = {}
    for number, paths in sharing.items():
        taken = {numbers[p] for p in paths if p in fixed}
        free = [p for p in paths if p not in fixed]
        own = [numbers[p][1] for p in free]
        if len(paths) == 1 or (
            len(set(own)) == len(own) and not taken & {numbers[p] for p in free}
        ):
            found.update({p: f"{number}{numbers[p][1]}" for p in free})
            continue
        letters = (c for c in _LETTERS if (number, c) not in taken)
        for path in free:
            letter = next(letters, None)
            if letter is not None:
                found[path] = f"{number}{letter}"
    return found
