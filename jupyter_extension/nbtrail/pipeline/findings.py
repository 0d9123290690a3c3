"""What is wrong with a pipeline: cycles, files with two writers, inputs that nobody makes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from nbtrail.pipeline.identity import ELSEWHERE, Folders, matches
from nbtrail.pipeline.model import CYCLE, MISSING_INPUT, TWO_WRITERS, Edge, PipelineFinding
from nbtrail.pipeline.order import components
from nbtrail.pipeline.settle import Uses


def cycles(edges: list[Edge], steps: Any) -> list[PipelineFinding]:
    home = components([(e.source, e.target) for e in edges])
    groups: defaultdict[int, list[str]] = defaultdict(list)
    for path in sorted(steps):
        if path in home:
            groups[home[path]].append(path)
    found = []
    for members in groups.values():
        if len(members) < 2:
            continue
        inside = [e for e in edges if e.source in members and e.target in members]
        files = sorted({via.path for edge in inside for via in edge.via})
        message = (
            f"These notebooks need each other: {', '.join(members)} (through "
            f"{', '.join(files[:4])}). Give what is rewritten a name of its own, or declare the "
            "steps in nbtrail.toml."
        )
        found.append(PipelineFinding(CYCLE, "error", members[0], message))
    return found


def two_writers(uses: Mapping[str, Uses]) -> list[PipelineFinding]:
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
            f"{key} is written by {' and by '.join(paths)}: whoever runs last wins. Give each its "
            "own file name.",
        )
        for key, paths in sorted(writers.items())
        if len(paths) > 1
    ]


def missing_inputs(uses: Mapping[str, Uses], folders: Folders) -> list[PipelineFinding]:
    written = [use.key for one in uses.values() for use in one.writes]
    exact, patterns = set(written), [key for key in written if "*" in key]
    found = []
    for path in sorted(uses):
        for read in uses[path].reads:
            if read.weak or "*" in read.key or read.key in exact or read.key in uses:
                continue
            if any(matches(read.key, pattern) for pattern in patterns):
                continue
            if read.key.startswith((ELSEWHERE, "/")) and read.evidence == "observed":
                continue
            if folders.exists(read.key):
                continue
            shown = read.key.removeprefix(ELSEWHERE + "/")
            message = (
                f"{path} reads {shown}, which is not there and which no notebook writes. Put the "
                "file there, or correct the path."
            )
            found.append(PipelineFinding(MISSING_INPUT, "warning", path, message))
    return found
