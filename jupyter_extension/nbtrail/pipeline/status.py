"""What each step's last run is worth now: fresh, stale, never run, failed, or running."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from nbtrail.errors import NbtrailError, NotFoundError
from nbtrail.ledger.queries import environment
from nbtrail.ledger.steps import (
    StepRecord,
    good_steps,
    latest_failures,
    latest_good_steps,
    run_accesses,
    run_row,
    run_seconds,
    running_steps,
)
from nbtrail.ledger.store import Store
from nbtrail.masking import mask_facts
from nbtrail.notebooks.document import Notebook, read_notebook
from nbtrail.pipeline.cells import tagged_parameters
from nbtrail.pipeline.environments import declared_kernel, kernel_of, ran_on, what_changed
from nbtrail.pipeline.graph import Graph, Node
from nbtrail.pipeline.hashes import FileHashes
from nbtrail.pipeline.identity import Folders
from nbtrail.pipeline.kernels import environment_fingerprint
from nbtrail.pipeline.keys import Surroundings, cache_key, changed_inputs, listings_of
from nbtrail.pipeline.model import Status, StepState
from nbtrail.project import Project


def step_states(project: Project, store: Store, graph: Graph) -> dict[str, StepState]:
    """The state of every step; a step behind a stale one is stale itself."""
    with store.read() as connection:
        records = latest_good_steps(connection)
        failures = latest_failures(connection)
        running = running_steps(connection)
        durations = run_seconds(connection)
        given = {
            run: row.params or {}
            for run in {record.run for record in records.values()}
            if (row := run_row(connection, run)) is not None
        }
    hashes = FileHashes(project.root, project.state_dir)
    folders = Folders(project.root)
    environments = _Environments(project, store)
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
            reason = (
                _why_other_code(project, store, node, record, given.get(record.run, {}), hashes)
                or _why_other_files(node, record, hashes, folders)
                or environments.why_other(node, record)
                or _why_other_steps(graph, node, states)
            )
            status: Status = "stale" if reason else "fresh"
            states[node.path] = StepState(status, reason, seconds, metrics)
    hashes.save()
    return states


def _why_other_code(
    project: Project, store: Store, node: Node, record: StepRecord,
    given: Mapping[str, Any], hashes: FileHashes,
) -> str | None:  # fmt: skip
    """What of code, parameters and modules is not what it ran with."""
    analysis = node.analysis
    if record.code_key != analysis.code_key:
        return "Code changed since it ran."
    if not given and not analysis.modules:
        return None
    try:
        notebook = read_notebook(project.root / node.path)
    except NbtrailError:
        return None  # just deleted, or being written
    params = tagged_parameters(notebook)
    # As the record has them, and as they may be shown: secrets are masked.
    masked = mask_facts(params)
    for name, value in sorted(given.items()):
        if name not in params:
            return f"It ran with {name} = {value!r}, which the notebook does not set."
        if masked[name] != value:
            return f"It ran with {name} = {value!r}, not {masked[name]!r}."
    if not analysis.modules:
        return None
    around = _surroundings(project, node, notebook)
    if cache_key(around, record.inputs, record.outputs) == record.cache_key is not None:
        return None
    # Only the key says whether a module's code changed, and not just its comments; which one it
    # was, what the recorder saw of them.
    for path, digest in _modules_seen(store, record).items():
        if hashes.get(path) != digest:
            return f"{path} changed since it ran."
    return None


def _modules_seen(store: Store, record: StepRecord) -> dict[str, str | None]:
    """Hashes of the modules that a step imported when it last really ran."""
    with store.read() as connection:
        for one in good_steps(connection, record.path, code_key=record.code_key):
            if one.cache_key != record.cache_key:
                continue
            executions = run_accesses(connection, one.run, one.path)
            if executions:
                return {
                    access.path: access.sha256
                    for _identity, _probed, files in executions
                    for kind, access in files
                    if kind == "module"
                }
    return {}


def _why_other_files(
    node: Node, record: StepRecord, hashes: FileHashes, folders: Folders
) -> str | None:
    changed = changed_inputs(record, node.analysis, hashes, folders)
    if changed:
        return f"{changed[0]} is not what it read."
    for access in record.outputs:
        if hashes.get(access.path) != access.sha256:
            return f"{access.path} is not what it wrote."
    return None


class _Environments:
    """Environments on record, each looked at once."""

    def __init__(self, project: Project, store: Store) -> None:
        self._project = project
        self._store = store
        self._facts: dict[str, Mapping[str, Any]] = {}
        self._changes: dict[str, str | None] = {}

    def why_other(self, node: Node, record: StepRecord) -> str | None:
        """Why a step would run in another environment than it did."""
        identity = record.environment
        if record.cache_key is None or not identity:
            return None
        if identity not in self._facts:
            self._facts[identity] = {}
            with suppress(NotFoundError), self._store.read() as connection:
                self._facts[identity] = environment(connection, identity)
        declared = declared_kernel(self._project, node.path)
        if declared is not None and not ran_on(declared, self._facts[identity]):
            return "It ran in another environment than the one that nbtrail.toml names."
        if identity not in self._changes:
            self._changes[identity] = self._change(
                node, record, what_changed(self._facts[identity])
            )
        changed = self._changes[identity]
        return None if changed is None else f"Its environment changed: {changed}."

    def _change(self, node: Node, record: StepRecord, changed: str | None) -> str | None:
        """``changed``, where the key of a step that ran there is another one now.

        What lies in an environment's folder need not be what is imported.
        """
        if changed is None:
            return None
        try:
            notebook = read_notebook(self._project.root / node.path)
        except NbtrailError:
            return None
        around = _surroundings(self._project, node, notebook)
        same = cache_key(around, record.inputs, record.outputs) == record.cache_key
        return None if same else changed


def _surroundings(project: Project, node: Node, notebook: Notebook) -> Surroundings:
    return Surroundings(
        analysis=node.analysis,
        environment=environment_fingerprint(kernel_of(project, node.path, notebook)),
        params=tagged_parameters(notebook),
        listings=listings_of(project, node),
    )


def _why_other_steps(graph: Graph, node: Node, states: Mapping[str, StepState]) -> str | None:
    for source in graph.sources_of(node.path):
        if states[source].status not in ("fresh", "running"):
            title = graph.node(source).title
            return f"{title[:1].upper()}{title[1:]} is {states[source].status.replace('-', ' ')}."
    return None
