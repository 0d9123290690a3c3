"""Edges from writers to readers, and the key that orders steps without one."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from nbtrail.notebooks.names import parse_name
from nbtrail.pipeline.identity import matches
from nbtrail.pipeline.model import Edge, Evidence, Use, Via
from nbtrail.pipeline.order import components
from nbtrail.pipeline.settle import Uses
from nbtrail.project import Project

_CHAPTER = re.compile(
    r"(?:^|\W)(?:part|step|chapter|lesson|session|notebook|nb)[\s-]*(\d{1,3})\b", re.IGNORECASE
)


def find_edges(project: Project, uses: Mapping[str, Uses], steps: Any) -> list[Edge]:
    """Edges from those who write a file to those who read it, and the declared ones."""
    found: defaultdict[tuple[str, str], list[Via]] = defaultdict(list)
    writers: defaultdict[str, list[tuple[str, Use]]] = defaultdict(list)
    for path, one in uses.items():
        for use in one.writes:
            writers[use.key].append((path, use))
    patterns = [key for key in writers if "*" in key]
    rank = {path: sort_key(project)(path) for path in uses}
    for reader, one in uses.items():
        own = {use.key for use in one.writes}
        for read in one.reads:
            keys = [read.key] if read.key in writers else []
            if "*" in read.key:
                keys.extend(key for key in writers if key != read.key and matches(read.key, key))
            else:
                keys.extend(key for key in patterns if matches(read.key, key))
            for key in keys:
                for writer, write in writers[key]:
                    if writer == reader or _comes_later(
                        project, uses, writer, reader, key, key in own, rank
                    ):
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
        Edge(source, target, tuple(sorted(via, key=lambda v: (v.path, v.evidence))))
        for (source, target), via in sorted(found.items())
        if source != target
    ]


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


def without_weak_cycles(edges: list[Edge]) -> list[Edge]:
    """Drop guesses that would make a cycle: a listed folder accuses nobody."""
    if not any(edge.is_weak for edge in edges):
        return edges
    home = components([(e.source, e.target) for e in edges])
    return [e for e in edges if not (e.is_weak and home[e.source] == home[e.target])]


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
