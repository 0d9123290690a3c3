"""What each step's last run is worth now: fresh, stale, never run, failed, or running."""

from __future__ import annotations

from typing import Literal

import msgspec

from nbtrail.errors import NbtrailError
from nbtrail.ledger.steps import (
    StepRecord,
    latest_failures,
    latest_good_steps,
    run_seconds,
    running_steps,
)
from nbtrail.ledger.store import Store
from nbtrail.notebooks.cells import code_cells_of
from nbtrail.notebooks.document import read_notebook
from nbtrail.pipeline.graph import Graph, Node
from nbtrail.pipeline.hashes import FileHashes
from nbtrail.pipeline.identity import Folders
from nbtrail.pipeline.keys import changed_inputs
from nbtrail.project import Project

Status = Literal["fresh", "stale", "never-run", "failed", "running"]


class StepState(msgspec.Struct, frozen=True):
    """State of a step.

    ``why`` says in a sentence what made it stale or failed, ``seconds`` how long it took when
    it last really ran.
    """

    status: Status
    why: str | None = None
    seconds: float | None = None
    metrics: dict[str, float | None] = {}


def step_states(project: Project, store: Store, graph: Graph) -> dict[str, StepState]:
    """The state of every step; a step behind a stale one is stale itself."""
    with store.read() as connection:
        records = latest_good_steps(connection)
        failures = latest_failures(connection)
        running = running_steps(connection)
        durations = run_seconds(connection)
    hashes = FileHashes(project.root, project.state_dir)
    folders = Folders(project.root)
    states: dict[str, StepState] = {}
    for node in graph.nodes:
        record = records.get(node.path)
        failure = failures.get(node.path)
        seconds = durations.get(node.path)
        metrics = record.metrics if record else {}
        if node.path in running:
            states[node.path] = StepState("running", None, seconds, metrics)
        elif failure is not None and (record is None or failure.run_started_at > record.started_at):
            error = failure.error or {}
            why = f"{error.get('name', 'Error')}: {error.get('message', '')}".strip(": ")
            states[node.path] = StepState("failed", why, failure.seconds, metrics)
        elif record is None:
            states[node.path] = StepState("never-run")
        else:
            reason = _why_stale(project, graph, node, record, states, hashes, folders)
            status: Status = "stale" if reason else "fresh"
            states[node.path] = StepState(status, reason, seconds, metrics)
    hashes.save()
    return states


def _why_stale(
    project: Project, graph: Graph, node: Node, record: StepRecord,
    states: dict[str, StepState], hashes: FileHashes, folders: Folders,
) -> str | None:  # fmt: skip
    if record.code_key != node.analysis.code_key:
        return "Code changed since it ran."
    sources = ""
    if record.inputs:
        sources = read_sources(project, node.path)
    changed = changed_inputs(record, sources, hashes, folders)
    if changed:
        return f"{changed[0]} is not what it read."
    for access in record.outputs:
        if hashes.get(access.path) != access.sha256:
            return f"{access.path} is not what it wrote."
    for source in graph.sources_of(node.path):
        if states[source].status not in ("fresh", "running"):
            title = graph.node(source).title
            return f"{title[:1].upper()}{title[1:]} is {states[source].status.replace('-', ' ')}."
    return None


def read_sources(project: Project, path: str) -> str:
    """The text of all code cells; empty for a notebook that cannot be read."""
    try:
        return "\n".join(cell.source for cell in code_cells_of(read_notebook(project.root / path)))
    except NbtrailError:
        return ""
