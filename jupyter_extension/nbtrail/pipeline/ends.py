"""Where a pipeline starts and ends: its inputs from outside, and notebooks that lead nowhere."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from nbtrail.notebooks.names import parse_name
from nbtrail.pipeline.edges import folders_above
from nbtrail.pipeline.identity import ELSEWHERE, Folders, KeyIndex
from nbtrail.pipeline.inference.static import Analysis
from nbtrail.pipeline.model import Edge, Source, Use
from nbtrail.pipeline.settle import Uses
from nbtrail.project import Project


def dead_ends(project: Project, order: Sequence[str], edges: Sequence[Edge]) -> frozenset[str]:
    """Steps on no way to a result, in a pipeline where there is a way at all.

    Results are the steps of the last category. Where there is none, they are those steps of each
    group of connected ones that nobody uses and that come latest: by category, else by the number
    of steps before them; and those with the highest number in their folder.
    """
    place = {path: index for index, path in enumerate(order)}
    ahead = [(e.source, e.target) for e in edges if place[e.source] < place[e.target]]
    last = len(project.config.names.categories) - 1
    rank = {path: _rank(project, path) for path in order}
    alive = {path for path in order if rank[path] == last}
    if not alive:
        alive = _latest(order, ahead, rank)
        alive |= _last_numbers(project, order) if alive else set()
    if not alive:
        return frozenset()
    for source, target in sorted(ahead, key=lambda pair: -place[pair[1]]):
        if target in alive:
            alive.add(source)
    return frozenset(set(order) - alive)


def _latest(
    order: Sequence[str], ahead: Sequence[tuple[str, str]], rank: Mapping[str, int]
) -> set[str]:
    """The latest steps of each group of two and more, among those that nobody uses."""
    place = {path: index for index, path in enumerate(order)}
    depth = dict.fromkeys(order, 0)
    for source, target in sorted(ahead, key=lambda pair: place[pair[0]]):
        depth[target] = max(depth[target], depth[source] + 1)
    late = {path: (rank[path], depth[path] if rank[path] < 0 else 0) for path in order}
    used = {source for source, _target in ahead}
    ends: defaultdict[int, list[str]] = defaultdict(list)
    for path, group in _groups(order, ahead).items():
        if depth[path] and path not in used:
            ends[group].append(path)
    results: set[str] = set()
    for paths in ends.values():
        latest = max(late[path] for path in paths)
        results.update(path for path in paths if late[path] == latest)
    return results


def _last_numbers(project: Project, order: Sequence[str]) -> set[str]:
    """Of each folder with numbered notebooks the ones with the highest number."""
    names = project.config.names
    numbers = {path: parse_name(path, names).sequence_key for path in order}
    highest: dict[str, tuple[int, str]] = {}
    for path, number in numbers.items():
        if number is not None:
            folder = posixpath.dirname(path)
            highest[folder] = max(highest.get(folder, number), number)
    return {
        path
        for path, number in numbers.items()
        if number is not None and number == highest[posixpath.dirname(path)]
    }


def _rank(project: Project, path: str) -> int:
    """Place of a notebook's category among all; -1 where it has none."""
    category = parse_name(path, project.config.names).category
    words = project.config.names.categories
    return words.index(category) if category in words else -1


def _groups(paths: Iterable[str], pairs: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Number of the group of connected steps that each one belongs to."""
    neighbours: defaultdict[str, list[str]] = defaultdict(list)
    for source, target in pairs:
        neighbours[source].append(target)
        neighbours[target].append(source)
    group: dict[str, int] = {}
    for number, start in enumerate(paths):
        waiting = [] if start in group else [start]
        while waiting:
            path = waiting.pop()
            if path not in group:
                group[path] = number
                waiting.extend(neighbours[path])
    return group


class Made:
    """What the steps make: whether a file that is read is among it."""

    def __init__(self, uses: Mapping[str, Uses]) -> None:
        keys = {use.key for one in uses.values() for use in one.writes}
        self._keys = keys | set(uses)
        self._index = KeyIndex(keys)
        self._folders = {folder for key in keys for folder in folders_above(key)}

    def has(self, key: str) -> bool:
        """Whether a step makes the file, or the folder that it is or lies in."""
        if key in self._keys or key in self._folders:
            return True
        if any(folder in self._keys for folder in folders_above(key)):
            return True
        return bool(self._index.matching(key))


def is_named(use: Use) -> bool:
    """Whether a file is read for sure, by a name that is known in full."""
    return not use.weak and "*" not in use.key


def sources(
    uses: Mapping[str, Uses], analyses: Mapping[str, Analysis], made: Made, folders: Folders
) -> tuple[Source, ...]:
    """What the steps read that no step makes: files, and addresses on the web."""
    readers: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(uses):
        for read in uses[path].reads:
            if is_named(read) and not made.has(read.key):
                readers[read.key].append(path)
    found = [
        Source(shown(key), folders.exists(key), tuple(paths))
        for key, paths in sorted(readers.items())
    ]
    addresses: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(analyses):
        for address in analyses[path].remote:
            addresses[address].append(path)
    found += [Source(key, None, tuple(paths)) for key, paths in sorted(addresses.items())]
    return tuple(found)


def shown(key: str) -> str:
    """A key as people know the file."""
    return key.removeprefix(ELSEWHERE + "/")


def listed(items: Collection[str], most: int) -> str:
    """Some of many names: ``a, b, c and 7 more``."""
    names = list(items)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
