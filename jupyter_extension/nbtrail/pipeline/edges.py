"""Edges from writers to readers, and the key that orders steps without one."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from nbtrail.notebooks.names import parse_name
from nbtrail.pipeline.identity import KeyIndex
from nbtrail.pipeline.model import Edge, Evidence, Use, Via
from nbtrail.pipeline.order import components
from nbtrail.pipeline.settle import Uses
from nbtrail.project import Project

_CHAPTER = re.compile(
    r"(?:^|\W)(?:part|step|chapter|lesson|session|notebook|nb)[\s-]*(\d{1,3})\b", re.IGNORECASE
)


class Writers:
    """Who writes which key, found also by patterns and by folders.

    Parameters
    ----------
    uses
        Files of every step.
    """

    def __init__(self, uses: Mapping[str, Uses]) -> None:
        self._by_key: defaultdict[str, list[tuple[str, Use]]] = defaultdict(list)
        self._inside: defaultdict[str, set[str]] = defaultdict(set)
        for path, one in uses.items():
            for use in one.writes:
                self._by_key[use.key].append((path, use))
                for folder in folders_above(use.key):
                    self._inside[folder].add(use.key)
        self._index = KeyIndex(self._by_key)

    def of(self, read: Use, reader: str) -> Iterator[tuple[str, str, Use]]:
        """Key, writer and its use for all who may write what is read.

        A guess, such as what an archive unpacked into a folder, does not count where others
        write the file for sure, nor where another guess says more of its name.
        """
        found = [(key, *one) for key in self._keys(read.key) for one in self._by_key[key]]
        found = [one for one in found if one[1] != reader]
        sure = any(not use.weak for _key, _writer, use in found)
        most = max((_known_part(key) for key, _writer, _use in found), default=0)
        for key, writer, use in found:
            if not use.weak or key == read.key or (not sure and _known_part(key) == most):
                yield key, writer, use

    def _keys(self, read: str) -> list[str]:
        keys = [read] if read in self._by_key else []
        keys += self._index.matching(read)
        if not keys:
            keys = sorted(self._inside.get(read, ()))
        if not keys:
            keys = [folder for folder in folders_above(read) if folder in self._by_key]
        return keys


def _known_part(key: str) -> int:
    return len(key.partition("*")[0])


def folders_above(key: str) -> Iterator[str]:
    """The folders that a file lies in, from the nearest up; the project's own is none."""
    folder = posixpath.dirname(key)
    while folder and folder != "/":
        yield folder
        folder = posixpath.dirname(folder)


def find_edges(project: Project, uses: Mapping[str, Uses], steps: Any) -> list[Edge]:
    """Edges from those who write a file to those who read it, and the declared ones."""
    found: defaultdict[tuple[str, str], list[Via]] = defaultdict(list)
    writers = Writers(uses)
    rank = {path: sort_key(project)(path) for path in uses}
    for reader, one in uses.items():
        own = {use.key for use in one.writes}
        for read in one.reads:
            for key, writer, write in writers.of(read, reader):
                if _comes_later(project, uses, writer, reader, key, key in own, rank):
                    continue
                shown = read.key if "*" in read.key or "*" in key else key
                evidence = _weaker(read.evidence, write.evidence)
                found[writer, reader].append(Via(shown, evidence, write.cell, read.cell))
            if read.key in uses:
                found[read.key, reader].append(Via(read.key, read.evidence, None, read.cell))
    for step in project.config.pipeline.steps:
        for source in step.after:
            if source in steps and step.path in steps and source != step.path:
                found[source, step.path].insert(0, Via(source, "declared"))
    return [
        Edge(source, target, tuple(sorted(set(via), key=_place)))
        for (source, target), via in sorted(found.items())
        if source != target
    ]


def likely_moved(
    project: Project, uses: Mapping[str, Uses], edges: list[Edge]
) -> list[tuple[str, str]]:
    """Pairs of notebooks between which a file may have been moved by hand: no edges, but an order.

    One reads a file that no other writes; the other is the only one to write a file of that
    name, in another folder. Numbers in both names say more, and so does any edge.
    """
    by_name: defaultdict[str, set[str]] = defaultdict(set)
    for path, one in uses.items():
        for use in one.writes:
            if not use.weak and "*" not in use.key:
                by_name[posixpath.basename(use.key)].add(path)
    writers = Writers(uses)
    pairs = []
    for reader, one in uses.items():
        for read in one.reads:
            makers = by_name.get(posixpath.basename(read.key), set()) - {reader}
            if read.weak or len(makers) != 1 or any(writers.of(read, reader)):
                continue
            (maker,) = makers
            numbered = [parse_name(p, project.config.names).sequence_key for p in (maker, reader)]
            if None in numbered:
                pairs.append((maker, reader))
    home = components([*((e.source, e.target) for e in edges), *pairs])
    return [(a, b) for a, b in pairs if home[a] != home[b]]


def _place(via: Via) -> tuple[Any, ...]:
    return (via.path, via.evidence, via.source_cell or 0, via.target_cell or 0)


def _comes_later(
    project: Project, uses: Mapping[str, Uses], writer: str, reader: str, key: str,
    reader_writes: bool, rank: Mapping[str, Any],
) -> bool:  # fmt: skip
    """Whether a writer changes the file in place only after this reader has used it.

    Somebody must change a file in place for the question to arise; then sequence numbers, and
    between two that change it also categories and names, decide who comes first.
    """
    in_place = any(use.key == key for use in uses[writer].reads)
    if not in_place:
        return False
    if reader_writes:
        return bool(rank[reader] < rank[writer])
    numbers = [parse_name(p, project.config.names).sequence_key for p in (reader, writer)]
    return numbers[0] is not None and numbers[1] is not None and numbers[0] < numbers[1]


def _weaker(a: Evidence, b: Evidence) -> Evidence:
    ladder: tuple[Evidence, ...] = ("declared", "observed", "static", "sequence", "category")
    if "declared" in (a, b):
        return "declared"
    return ladder[max(ladder.index(a), ladder.index(b))]


def without_guesses(project: Project, edges: list[Edge]) -> list[Edge]:
    """Drop guesses against the sequence numbers or in a cycle: a listed folder accuses nobody."""
    kept = [edge for edge in edges if not (edge.is_weak and _against_numbers(project, edge))]
    if not any(edge.is_weak for edge in kept):
        return kept
    home = components([(e.source, e.target) for e in kept])
    return [e for e in kept if not (e.is_weak and home[e.source] == home[e.target])]


def _against_numbers(project: Project, edge: Edge) -> bool:
    if posixpath.dirname(edge.source) != posixpath.dirname(edge.target):
        return False
    names = [parse_name(path, project.config.names) for path in (edge.source, edge.target)]
    source, target = (name.sequence_key for name in names)
    return source is not None and target is not None and source > target


def with_origins(edges: list[Edge], origins: Mapping[str, str], steps: Any) -> list[Edge]:
    """Add an edge from the notebook that another was made to go on from.

    None where they are joined already, or where it would make a cycle: what the code says is
    stronger than what was once meant.
    """
    result = list(edges)
    for path, origin in sorted(origins.items()):
        if path == origin or path not in steps or origin not in steps:
            continue
        if any((e.source, e.target) == (origin, path) for e in result):
            continue
        home = components([*((e.source, e.target) for e in result), (origin, path)])
        if home[origin] != home[path]:
            result.append(Edge(origin, path, (Via(origin, "declared"),)))
    return result


def sort_key(project: Project) -> Any:
    """Key by which steps without a need between them are ordered.

    Numbers of folders, then of file names; then the way of work: clean, look, model, deploy.
    """
    words = project.config.names.categories
    usual = ("CLEANING", "EXPLORATION", "EXPERIMENTAL", "DEPLOY")
    ladder = usual if set(words) == set(usual) else words

    def key(path: str) -> tuple[Any, ...]:
        name = parse_name(path, project.config.names)
        folders = [re.match(r"\d+", part) for part in path.split("/")[:-1]]
        numbers = tuple(int(m.group()) for m in folders if m is not None)
        sequence = name.sequence_key or _trailing_number(path) or (10**6, "")
        rank = ladder.index(name.category) if name.category in ladder else len(ladder) / 2
        natural = tuple(
            (0, int(part), "") if part.isdigit() else (1, 0, part.casefold())
            for part in re.split(r"(\d+)", path)
            if part
        )
        return (numbers, sequence, rank, natural)

    return key


def _trailing_number(path: str) -> tuple[int, str] | None:
    """``Part 2``, ``chapter_03``: numbers that are not in front."""
    stem = posixpath.splitext(posixpath.basename(path))[0]
    match = _CHAPTER.search(stem.replace("_", " "))
    if match is None:
        match = re.match(r"[A-Za-z]?(\d{1,3})(?=\D|$)", stem)
    return (int(match[1]), "") if match else None
