"""What a graph is made of: steps, the files they use, edges with their evidence, findings."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from nbtrail.pipeline.inference.static import Analysis

Evidence = Literal["declared", "observed", "static", "sequence", "category"]
Status = Literal["fresh", "stale", "never-run", "failed", "running"]


CYCLE, TWO_WRITERS, MISSING_INPUT, UNUSED = "NBT411", "NBT412", "NBT413", "NBT414"


class PipelineFinding(msgspec.Struct, frozen=True):
    """Something wrong with the pipeline; ``fix`` is always ``None`` here."""

    code: str
    severity: Literal["warning", "error"]
    path: str
    message: str
    cell_id: str | None = None
    fix: dict[str, Any] | None = None


class Use(msgspec.Struct, frozen=True):
    """A file that a step reads or writes, by its key (see `identity`).

    ``unseen`` marks one that the probe in the kernel does not see opened.
    """

    key: str
    evidence: Evidence
    cell: int | None = None
    weak: bool = False
    unseen: bool = False


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

    ``dead_end`` marks a step that is on no way to a result (see `ends.dead_ends`).
    """

    path: str
    category: str | None
    sequence: str | None
    title: str
    analysis: Analysis
    reads: tuple[Use, ...]
    writes: tuple[Use, ...]
    dead_end: bool = False


class Source(msgspec.Struct, frozen=True):
    """A file or web address that steps read and no step makes.

    ``exists`` says whether the file is there; it is ``None`` for what lies on the web.
    """

    path: str
    exists: bool | None
    steps: tuple[str, ...]


class StepState(msgspec.Struct, frozen=True):
    """State of a step.

    ``why`` says in a sentence what made it stale or failed, ``seconds`` how long it took when
    it last really ran.
    """

    status: Status
    why: str | None = None
    seconds: float | None = None
    metrics: dict[str, float | None] = {}


class Graph(msgspec.Struct, frozen=True):
    """Steps in their order, edges, what they start from, and what is wrong with them.

    ``unreadable`` holds the notebooks that are no steps because they cannot be read.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    findings: tuple[PipelineFinding, ...]
    unreadable: tuple[str, ...] = ()
    inputs: tuple[Source, ...] = ()

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
