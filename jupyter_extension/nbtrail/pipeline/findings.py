"""What is wrong with a pipeline: circles, files with two writers, inputs that nobody makes."""

from __future__ import annotations

import posixpath
from collections import defaultdict, deque
from collections.abc import Collection, Mapping
from typing import Any

from nbtrail.notebooks.names import parse_name
from nbtrail.pipeline.ends import Made, is_named, listed, shown
from nbtrail.pipeline.identity import ELSEWHERE, Folders
from nbtrail.pipeline.model import (
    CYCLE,
    MISSING_INPUT,
    TWO_WRITERS,
    UNUSED,
    Edge,
    PipelineFinding,
)
from nbtrail.pipeline.order import components
from nbtrail.pipeline.settle import Uses
from nbtrail.project import Project

#: How many names a message lists.
_NAMES = 6


def cycles(edges: list[Edge], steps: Any) -> list[PipelineFinding]:
    """Notebooks that need each other, each group with its shortest circle."""
    home = components([(e.source, e.target) for e in edges])
    groups: defaultdict[int, list[str]] = defaultdict(list)
    for path in sorted(steps):
        if path in home:
            groups[home[path]].append(path)
    found = []
    for members in groups.values():
        if len(members) < 2:
            continue
        among = set(members)
        circle = _circle([e for e in edges if e.source in among and e.target in among])
        message = (
            f"These {len(members)} notebooks need each other: {listed(members, _NAMES)}. "
            f"{'; '.join(_handed_over(edge) for edge in circle[:_NAMES])}. Give what is rewritten "
            "a name of its own, or declare in nbtrail.toml what the steps read and write."
        )
        found.append(PipelineFinding(CYCLE, "error", members[0], message))
    return found


def _circle(edges: list[Edge]) -> list[Edge]:
    """The shortest circle through the first of the edges."""
    following: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        following[edge.source].append(edge)
    first = edges[0]
    came: dict[str, Edge] = {first.target: first}
    waiting = deque([first.target])
    while waiting and first.source not in came:
        for edge in following[waiting.popleft()]:
            if edge.target not in came:
                came[edge.target] = edge
                waiting.append(edge.target)
    circle = [came[first.source]]
    while circle[-1] is not first:
        circle.append(came[circle[-1].source])
    return circle[::-1]


def _handed_over(edge: Edge) -> str:
    via = edge.via[0]
    places = [
        f"{word} in cell {cell + 1}"
        for word, cell in (("written", via.source_cell), ("read", via.target_cell))
        if cell is not None
    ]
    where = f" ({', '.join(places)})" if places else ""
    return f"{edge.target} needs {via.path} of {edge.source}{where}"


def two_writers(uses: Mapping[str, Uses]) -> list[PipelineFinding]:
    """Files that more than one notebook writes."""
    writers: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(uses):
        for use in uses[path].writes:
            if not use.weak and "*" not in use.key:
                writers[use.key].append(path)
    return [
        PipelineFinding(
            TWO_WRITERS,
            "warning",
            paths[1],
            f"{key} is written by {_chain(paths)}: whoever runs last wins. Give each its "
            "own file name.",
        )
        for key, paths in sorted(writers.items())
        if len(paths) > 1
    ]


def _chain(paths: list[str]) -> str:
    if len(paths) <= _NAMES:
        return " and by ".join(paths)
    return listed(paths, _NAMES)


def missing_inputs(uses: Mapping[str, Uses], made: Made, folders: Folders) -> list[PipelineFinding]:
    """Files that are read, are not there, and are made by nobody: one finding a notebook."""
    elsewhere: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(uses):
        for use in uses[path].writes:
            elsewhere[posixpath.basename(use.key)].append(f"{path} writes {shown(use.key)}")
    found = []
    for path in sorted(uses):
        lacking = [
            read.key
            for read in uses[path].reads
            if is_named(read)
            and not made.has(read.key)
            and not (read.key.startswith((ELSEWHERE, "/")) and read.evidence == "observed")
            and not folders.exists(read.key)
        ]
        if lacking:
            message = _missing(path, lacking, elsewhere)
            found.append(PipelineFinding(MISSING_INPUT, "warning", path, message))
    return found


def _missing(path: str, lacking: list[str], elsewhere: Mapping[str, list[str]]) -> str:
    names = [shown(key) for key in lacking]
    if len(names) == 1:
        text = f"{path} reads {names[0]}, which is not there and which no notebook writes."
        rest = "Put the file there, or correct the path."
    else:
        text = (
            f"{path} reads {len(names)} files that are not there and that no notebook writes: "
            f"{listed(names, _NAMES)}."
        )
        rest = "Put them there, or correct the paths."
    near = [said for key in lacking for said in elsewhere.get(posixpath.basename(key), ())]
    hint = f" Is another folder meant? {listed(near, 2)}." if near else ""
    return f"{text}{hint} {rest}"


def unused(
    project: Project, uses: Mapping[str, Uses], aside: Collection[str]
) -> list[PipelineFinding]:
    """Notebooks that lead nowhere, save those that only look at something."""
    looks = project.config.names.categories[0]
    found = []
    for path in sorted(aside):
        if parse_name(path, project.config.names).category == looks:
            continue
        files = [shown(use.key) for use in uses[path].writes]
        what = f"what {path} makes ({listed(files, 3)})" if files else path
        message = (
            f"No notebook on the way to a result uses {what}. Let one read it, or leave the "
            "notebook out with exclude under [pipeline] in nbtrail.toml."
        )
        found.append(PipelineFinding(UNUSED, "warning", path, message))
    return found
