"""What the panel, the chips and ``nbtrail status`` show, put together from all layers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from nbtrail.errors import NbtrailError, StoreError
from nbtrail.ledger.history import origins
from nbtrail.ledger.order import OrderStatus, PastExecution, order_of
from nbtrail.ledger.store import Store
from nbtrail.notebooks.cells import code_cells_of, language
from nbtrail.notebooks.document import Notebook, read_notebook
from nbtrail.notebooks.names import parse_name
from nbtrail.pairing.sync import pair_state
from nbtrail.policy.findings import Finding
from nbtrail.policy.propose import Proposal, propose_name
from nbtrail.policy.rules import check
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.pairs import PairBase

Drift = Literal["same", "drifted", "unknown"]


class NotebookSummary(msgspec.Struct, frozen=True):
    """A notebook in a list. ``findings`` counts broken rules."""

    path: str
    category: str | None
    sequence: str | None
    title: str
    draft: bool
    paired: str
    twin: str | None
    order: str
    findings: int


class CellState(msgspec.Struct, frozen=True):
    """State of one code cell, and the reason in words."""

    cell_id: str
    state: str
    why: str


class NotebookStatus(msgspec.Struct, frozen=True):
    """A notebook as its chips show it."""

    path: str
    category: str | None
    sequence: str | None
    title: str
    draft: bool
    paired: str
    paired_why: str
    twin: str | None
    order: str
    order_why: str | None
    cells: tuple[CellState, ...]
    environment: Drift
    environment_id: str | None
    environment_why: str | None
    findings: tuple[Finding, ...]
    last_run: str | None
    continues: str | None
    proposal: Proposal | None


def summaries(project: Project, store: Store | None) -> list[NotebookSummary]:
    """Every notebook of the project in short; unreadable ones have order ``never-run``."""
    paths = project.notebooks()
    counts: dict[str, int] = {}
    for finding in check(project, paths, store=store):
        counts[finding.path] = counts.get(finding.path, 0) + 1
    bases, recorded = _on_record(store)
    found = []
    for path in paths:
        # A server answers others between two notebooks of a thousand.
        time.sleep(0)
        name = parse_name(path, project.config.names)
        paired, twin, order = "off", None, "never-run"
        try:
            pair = pair_state(project, store, path, bases.get(path))
            paired, twin = pair.state, pair.twin
            notebook = read_notebook(project.root / path)
            order = notebook_order(store if path in recorded else None, path, notebook).order
        except NbtrailError:
            # The finding says what is wrong with the file; the list goes on.
            pass
        found.append(
            NotebookSummary(
                path=path,
                category=name.category,
                sequence=name.sequence,
                title=name.title,
                draft=name.draft,
                paired=paired,
                twin=twin,
                order=order,
                findings=counts.get(path, 0),
            )
        )
    return found


def _on_record(store: Store | None) -> tuple[dict[str, PairBase], frozenset[str]]:
    """The last syncs of all notebooks, and which notebooks are on record, in one look."""
    from nbtrail.ledger.history import live_notebooks
    from nbtrail.ledger.pairs import get_bases

    if store is None:
        return {}, frozenset()
    try:
        with store.read() as connection:
            return get_bases(connection), live_notebooks(connection)
    except StoreError:
        return {}, frozenset()


def status(
    project: Project,
    store: Store | None,
    path: str,
    kernel: Mapping[str, Any] | None = None,
) -> NotebookStatus:
    """One notebook in full.

    ``kernel`` is the environment of the kernel that it has now, where that is known.

    Raises
    ------
    NotFoundError, UnreadableNotebookError
        When the file is not there or no notebook.
    """
    notebook = read_notebook(project.resolve(path))
    name = parse_name(path, project.config.names)
    pair = pair_state(project, store, path)
    order = notebook_order(store, path, notebook)
    drift = environment_drift(store, path, notebook, kernel)
    return NotebookStatus(
        path=path,
        category=name.category,
        sequence=name.sequence,
        title=name.title,
        draft=name.draft,
        paired=pair.state,
        paired_why=pair.message,
        twin=pair.twin,
        order=order.order,
        order_why=order.why,
        cells=tuple(CellState(c.cell_id, c.state, c.why) for c in order.cells),
        environment=drift.drift,
        environment_id=drift.environment,
        environment_why=drift.why,
        findings=tuple(check(project, [path], store=store)),
        last_run=last_run(store, path),
        continues=_continues(store, path),
        proposal=propose_name(project, path) if name.draft else None,
    )


def notebook_order(store: Store | None, path: str, notebook: Notebook) -> OrderStatus:
    """Whether the notebook's outputs equal one straight pass."""
    from nbtrail.ledger import queries

    history: list[PastExecution] = []
    session = None
    if store is not None:
        with store.read() as connection:
            history, session = queries.order_facts(connection, path)
    return order_of(
        code_cells_of(notebook),
        history,
        session,
        is_python=language(notebook) == "python",
    )


class EnvironmentState(msgspec.Struct, frozen=True):
    """Where outputs come from: ``environment`` is that of the newest ones."""

    drift: Drift
    environment: str | None = None
    why: str | None = None


def environment_drift(
    store: Store | None,
    path: str,
    notebook: Notebook,
    kernel: Mapping[str, Any] | None = None,
) -> EnvironmentState:
    """Whether the notebook's outputs come from one environment, that of its kernel.

    What cells ran that are gone does not count.
    """
    from nbtrail.ledger import queries
    from nbtrail.ledger.environments import diff_environments
    from nbtrail.ledger.executions import environment_id

    if store is None:
        return EnvironmentState("unknown")
    present = {cell.id for cell in code_cells_of(notebook)}
    with store.read() as connection:
        rows = queries.last_executions(connection, path)
        known = [
            row.environment_id
            for row in sorted(rows.values(), key=lambda row: row.id)
            if row.environment_id is not None and row.cell_id in present
        ]
        if not known:
            return EnvironmentState("unknown")
        if kernel is None:
            if len(set(known)) == 1:
                return EnvironmentState("same", known[-1])
            before, after = (queries.environment(connection, e) for e in _last_two(known))
            said = "Outputs come from different environments"
        else:
            now = environment_id(kernel)
            other = next((e for e in reversed(known) if e != now), None)
            if other is None:
                return EnvironmentState("same", known[-1])
            before, after = queries.environment(connection, other), {"id": now, **kernel}
            said = "Outputs come from another environment than the kernel's"
    changes = diff_environments(before, after).summary()
    return EnvironmentState("drifted", known[-1], f"{said}: {changes}.")


def _last_two(known: list[str]) -> tuple[str, str]:
    """The newest environment, behind the newest that is another one."""
    return next(e for e in reversed(known) if e != known[-1]), known[-1]


def _continues(store: Store | None, path: str) -> str | None:
    """The notebook that this one was made to go on from."""
    if store is None:
        return None
    with store.read() as connection:
        return origins(connection).get(path)


def last_run(store: Store | None, path: str) -> str | None:
    """The newest pipeline run in which the notebook ran or was cached."""
    from nbtrail.ledger import queries

    if store is None:
        return None
    with store.read() as connection:
        row = queries.last_step_row(connection, path)
    return None if row is None else str(row.run_id)
