"""The graph of a project's notebooks: which one needs what another one makes."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from nbtrail.notebooks.names import is_draft, parse_name
from nbtrail.pipeline.identity import (
    ELSEWHERE,
    Folders,
    Reference,
    key_of,
    matches,
    refer,
    settle_end,
    settle_read,
    settle_write,
)
from nbtrail.pipeline.inference.cache import AnalysisCache, Problem
from nbtrail.pipeline.inference.static import Analysis
from nbtrail.pipeline.order import components, topological
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store

Evidence = Literal["declared", "observed", "static", "sequence", "category"]

_CHAPTER = re.compile(
    r"(?:^|\W)(?:part|step|chapter|lesson|session|notebook|nb)[\s-]*(\d{1,3})\b", re.IGNORECASE
)

CYCLE, TWO_WRITERS, MISSING_INPUT = "NBT411", "NBT412", "NBT413"


class PipelineFinding(msgspec.Struct, frozen=True):
    """Something wrong with the pipeline; ``fix`` is always ``None`` here."""

    code: str
    severity: Literal["warning", "error"]
    path: str
    message: str
    cell_id: str | None = None
    fix: dict[str, Any] | None = None


class Use(msgspec.Struct, frozen=True):
    """A file that a step reads or writes, by its key (see `identity`)."""

    key: str
    evidence: Evidence
    cell: int | None = None
    weak: bool = False


class Via(msgspec.Struct, frozen=True):
    """Why there is an edge: a file, and what says so; cells are indices in the notebooks."""

    path: str
    evidence: Evidence
    source_cell: int | None = None
    target_cell: int | None = None


class Edge(msgspec.Struct, frozen=True):
    """``target`` needs something that ``source`` makes."""

    source: str
    target: str
    via: tuple[Via, ...]

    @property
    def is_weak(self) -> bool:
        """Whether it rests on nothing but a listed folder or an unknown part of a name."""
        return all("*" in via.path for via in self.via)


class Node(msgspec.Struct, frozen=True):
    """One step: a notebook with what is known of its files.

    ``dead_end`` marks a step that nobody uses and that delivers nothing itself.
    """

    path: str
    category: str | None
    sequence: str | None
    title: str
    analysis: Analysis
    reads: tuple[Use, ...]
    writes: tuple[Use, ...]
    dead_end: bool = False


class Graph(msgspec.Struct, frozen=True):
    """Steps in their order, edges, and what is wrong with them.

    ``unreadable`` holds the notebooks that are no steps because they cannot be read.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    findings: tuple[PipelineFinding, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[str, ...]:
        """Paths of the steps, each after all that it needs."""
        return tuple(node.path for node in self.nodes)

    def node(self, path: str) -> Node:
        """The step at ``path``; KeyError where there is none."""
        for node in self.nodes:
            if node.path == path:
                return node
        raise KeyError(path)

    def sources_of(self, path: str) -> tuple[str, ...]:
        """Steps that this one needs directly and that come before it."""
        place = {p: i for i, p in enumerate(self.order)}
        found = (e.source for e in self.edges if e.target == path)
        return tuple(s for s in found if place[s] < place[path])

    def downstream(self, paths: set[str]) -> set[str]:
        """All steps that need one of ``paths``, directly or not, those themselves included."""
        reached = set(paths)
        for path in self.order:
            if any(source in reached for source in self.sources_of(path)):
                reached.add(path)
        return reached

    def upstream(self, paths: set[str]) -> set[str]:
        """All steps that ``paths`` need, directly or not, those themselves included."""
        reached = set(paths)
        for path in reversed(self.order):
            if path in reached:
                reached.update(self.sources_of(path))
        return reached


class Observed(msgspec.Struct, frozen=True):
    """Files of the last good execution of a step, by paths from the project root."""

    code_key: str | None
    reads: tuple[str, ...]
    writes: tuple[str, ...]


def build_graph(project: Project, store: Store | None = None) -> Graph:
    """The graph of a project's notebooks, with what the ledger knows of them."""
    return infer_graph(project, observed_files(store) if store is not None else {})


def observed_files(store: Store) -> dict[str, Observed]:
    """Reads and writes of the last good run of every step."""
    from nbtrail.ledger.steps import latest_good_steps

    with store.read() as connection:
        records = latest_good_steps(connection)
    return {
        path: Observed(
            record.code_key,
            tuple(access.path for access in record.inputs),
            tuple(access.path for access in record.outputs),
        )
        for path, record in records.items()
    }


def infer_graph(project: Project, observed: Mapping[str, Observed] | None = None) -> Graph:
    """Infer the graph from the notebooks and from what was observed.

    Parameters
    ----------
    observed
        Recorded reads and writes by notebook. They replace what static analysis says of the
        same code; of code that has changed since they only fill in what analysis left open.
    """
    observed = observed or {}
    cache = AnalysisCache(project.root, project.state_dir, project.config.datasets.folder)
    paths = step_paths(project)
    findings: list[PipelineFinding] = []
    analyses: dict[str, Analysis] = {}
    for path in paths:
        found = cache.get(path)
        if isinstance(found, Problem):
            findings.append(PipelineFinding(found.code, "error", path, found.message))
        else:
            analyses[path] = found
    cache.forget_others(paths)
    cache.save()
    folders = Folders(project.root)
    uses = _settle(project, analyses, observed, folders)
    edges = _edges(project, uses, analyses.keys())
    edges = _without_weak_cycles(edges)
    findings.extend(_cycles(edges, analyses))
    findings.extend(_two_writers(uses))
    findings.extend(_missing(uses, folders))
    order = topological(sorted(analyses), [(e.source, e.target) for e in edges], _sort_key(project))
    nodes = tuple(_node(project, path, analyses[path], uses[path], edges) for path in order)
    place = {path: index for index, path in enumerate(order)}
    edges.sort(key=lambda e: (place[e.source], place[e.target]))
    findings.sort(key=lambda f: (f.code, f.path))
    unreadable = tuple(path for path in paths if path not in analyses)
    return Graph(nodes, tuple(edges), tuple(findings), unreadable)


def step_paths(project: Project) -> list[str]:
    """Notebooks that are steps: all but excluded ones and, once adopted, drafts."""
    patterns = [re.compile(fnmatch.translate(p)) for p in project.config.pipeline.exclude]
    return [
        path
        for path in project.notebooks()
        if not any(pattern.match(path) for pattern in patterns)
        and not (project.adopted and is_draft(path))
    ]


class _Uses(msgspec.Struct):
    reads: list[Use]
    writes: list[Use]


def _settle(
    project: Project,
    analyses: Mapping[str, Analysis],
    observed: Mapping[str, Observed],
    folders: Folders,
) -> dict[str, _Uses]:
    """Files of every step under one key each: writers first, because readers lean on them."""
    uses = {path: _Uses([], []) for path in analyses}
    open_ends: list[tuple[str, str, Reference, int, bool]] = []
    static = {p: a for p, a in analyses.items() if not _is_current(a, observed.get(p))}
    for path, analysis in static.items():
        folder = posixpath.dirname(path)
        for named in analysis.writes:
            reference = refer(named.text, folder, project.root)
            if reference is None:
                continue
            key = settle_write(reference, folders)
            if key is None:
                open_ends.append((path, "write", reference, named.cell, named.weak))
            else:
                uses[path].writes.append(Use(key, "static", named.cell, named.weak))
    for path, seen in observed.items():
        if path in uses and (path not in static or analyses[path].unresolved):
            uses[path].writes.extend(Use(key_of(p), "observed") for p in seen.writes)
            uses[path].reads.extend(Use(key_of(p), "observed") for p in seen.reads)
    for step in project.config.pipeline.steps:
        if step.path in uses and step.writes:
            uses[step.path].writes = [Use(key_of(p), "declared") for p in step.writes]
    written = {use.key for one in uses.values() for use in one.writes}
    for path, analysis in static.items():
        folder = posixpath.dirname(path)
        for named in analysis.reads:
            reference = refer(named.text, folder, project.root)
            if reference is None:
                continue
            key = settle_read(reference, written, folders)
            if key is None:
                open_ends.append((path, "read", reference, named.cell, named.weak))
            else:
                uses[path].reads.append(Use(key, "static", named.cell, named.weak))
    known = written | {use.key for one in uses.values() for use in one.reads}
    for path, mode, reference, cell, weak in open_ends:
        use = Use(settle_end(reference, known), "static", cell, weak)
        (uses[path].writes if mode == "write" else uses[path].reads).append(use)
    for step in project.config.pipeline.steps:
        if step.path in uses and step.reads:
            uses[step.path].reads = [Use(key_of(p), "declared") for p in step.reads]
    for one in uses.values():
        one.reads, one.writes = _unique(one.reads), _unique(one.writes)
    return uses


def _is_current(analysis: Analysis, seen: Observed | None) -> bool:
    return seen is not None and seen.code_key == analysis.code_key


def _unique(uses: list[Use]) -> list[Use]:
    found: dict[str, Use] = {}
    for use in uses:
        known = found.get(use.key)
        if known is None or (known.weak and not use.weak):
            found[use.key] = use
    return list(found.values())


def _edges(project: Project, uses: Mapping[str, _Uses], steps: Any) -> list[Edge]:
    found: defaultdict[tuple[str, str], list[Via]] = defaultdict(list)
    writers: defaultdict[str, list[tuple[str, Use]]] = defaultdict(list)
    for path, one in uses.items():
        for use in one.writes:
            writers[use.key].append((path, use))
    patterns = [key for key in writers if "*" in key]
    rank = {path: _sort_key(project)(path) for path in uses}
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
    project: Project, uses: Mapping[str, _Uses], writer: str, reader: str, key: str,
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


def _without_weak_cycles(edges: list[Edge]) -> list[Edge]:
    """Drop guesses that would make a cycle: a listed folder accuses nobody."""
    if not any(edge.is_weak for edge in edges):
        return edges
    home = components([(e.source, e.target) for e in edges])
    return [e for e in edges if not (e.is_weak and home[e.source] == home[e.target])]


def _cycles(edges: list[Edge], steps: Any) -> list[PipelineFinding]:
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


def _two_writers(uses: Mapping[str, _Uses]) -> list[PipelineFinding]:
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


def _missing(uses: Mapping[str, _Uses], folders: Folders) -> list[PipelineFinding]:
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


def _node(project: Project, path: str, analysis: Analysis, uses: _Uses, edges: list[Edge]) -> Node:
    name = parse_name(path, project.config.names)
    used = any(edge.source == path for edge in edges)
    delivers = name.category is not None and name.category == project.config.names.categories[-1]
    return Node(
        path=path,
        category=name.category,
        sequence=name.sequence,
        title=name.title,
        analysis=analysis,
        reads=tuple(uses.reads),
        writes=tuple(uses.writes),
        dead_end=not used and not delivers,
    )


def _sort_key(project: Project) -> Any:
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
