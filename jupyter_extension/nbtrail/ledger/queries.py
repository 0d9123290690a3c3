"""Reading the ledger. Lists are newest first and paged by a cursor, never by an offset."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select

from nbtrail.errors import NotFoundError, UsageError
from nbtrail.ledger import tables as t
from nbtrail.ledger.history import find_notebook
from nbtrail.ledger.order import PastExecution
from nbtrail.ledger.records import (
    CellError,
    Execution,
    FileAccess,
    Run,
    RunDetail,
    Step,
    iso,
)
from nbtrail.ledger.runs import find_run

MAX_PAGE = 500
#: Executions of one session that are looked at, to judge a notebook's order.
_HISTORY = 20_000
_DONE = ("ran", "cached", "failed", "skipped", "cancelled")


def executions(
    connection: Connection,
    notebook: str | None = None,
    *,
    limit: int = 50,
    after: str | None = None,
    run: str | None = None,
) -> tuple[list[Execution], str | None]:
    """A page of executions, newest first, and the cursor of the next page.

    Raises
    ------
    UsageError
        For a cursor that is none, or a limit outside 1 to 500.
    """
    check_limit(limit)
    query = (
        select(
            t.executions,
            t.notebooks.c.path.label("notebook"),
            t.runs.c.kind.label("run_kind"),
            func.coalesce(t.runs.c.git, t.sessions.c.git).label("git"),
        )
        .outerjoin(t.notebooks, t.notebooks.c.id == t.executions.c.notebook_id)
        .outerjoin(t.runs, t.runs.c.id == t.executions.c.run_id)
        .outerjoin(t.sessions, t.sessions.c.id == t.executions.c.session_id)
        .order_by(t.executions.c.id.desc())
        .limit(limit + 1)
    )
    if notebook is not None:
        identity = find_notebook(connection, notebook)
        if identity is None:
            return [], None
        query = query.where(t.executions.c.notebook_id == identity)
    if run is not None:
        query = query.where(t.executions.c.run_id == run)
    if after is not None:
        query = query.where(t.executions.c.id < integer_cursor(after))
    rows = connection.execute(query).all()
    page = rows[:limit]
    accesses = _accesses(connection, [row.id for row in page])
    found = [_execution(row, accesses[row.id]) for row in page]
    return found, str(found[-1].id) if len(rows) > limit else None


def last_executions(connection: Connection, notebook: str) -> dict[str, Row[Any]]:
    """The newest execution row of each cell of a notebook, by cell id.

    A verify does not count: it runs a copy, and what is on screen is not of its making.
    """
    identity = find_notebook(connection, notebook)
    if identity is None:
        return {}
    verifies = select(t.runs.c.id).where(t.runs.c.kind == "verify")
    newest = (
        select(func.max(t.executions.c.id))
        .where(
            t.executions.c.notebook_id == identity,
            t.executions.c.cell_id.is_not(None),
            or_(t.executions.c.run_id.is_(None), t.executions.c.run_id.not_in(verifies)),
        )
        .group_by(t.executions.c.cell_id)
    )
    rows = connection.execute(
        select(t.executions).where(t.executions.c.id.in_(newest)).order_by(t.executions.c.id)
    )
    return {row.cell_id: row for row in rows}


def written_files(connection: Connection, notebook: str) -> list[str]:
    """What the cells of a notebook wrote when they last ran, in that order.

    Paths from the project root; absolute where a file lies outside it.
    """
    rows = last_executions(connection, notebook).values()
    found = connection.execute(
        select(t.accesses.c.path)
        .where(
            t.accesses.c.execution_id.in_([row.id for row in rows]), t.accesses.c.kind == "write"
        )
        .order_by(t.accesses.c.id)
    )
    return list(dict.fromkeys(found.scalars()))


def newest_execution_id(connection: Connection) -> int:
    """The id of the newest execution; 0 in an empty ledger."""
    return int(connection.execute(select(func.max(t.executions.c.id))).scalar() or 0)


def runs(
    connection: Connection,
    *,
    limit: int = 50,
    after: str | None = None,
    notebook: str | None = None,
    kind: str | None = None,
) -> tuple[list[Run], str | None]:
    """A page of runs, newest first, and the cursor of the next page."""
    check_limit(limit)
    query = select(t.runs).order_by(t.runs.c.started_at.desc(), t.runs.c.id.desc())
    if kind is not None:
        query = query.where(t.runs.c.kind == kind)
    if notebook is not None:
        touching = select(t.run_steps.c.run_id).where(t.run_steps.c.path == notebook)
        query = query.where(t.runs.c.id.in_(touching))
    if after is not None:
        last = connection.execute(select(t.runs.c.started_at).where(t.runs.c.id == after)).scalar()
        if last is None:
            raise UsageError(f"{after!r} is no cursor.", hint="Use the `next` of the page before.")
        started = t.runs.c.started_at
        query = query.where(or_(started < last, and_(started == last, t.runs.c.id < after)))
    rows = connection.execute(query.limit(limit + 1)).all()
    page = rows[:limit]
    steps = _steps_by_run(connection, [row.id for row in page])
    found = [_run(row, steps[row.id]) for row in page]
    return found, found[-1].run if len(rows) > limit else None


def run_detail(connection: Connection, run: str) -> RunDetail:
    """A run with its steps and files.

    Raises
    ------
    NotFoundError
        When there is no run of that id or tag.
    """
    row = connection.execute(
        select(t.runs)
        .where(or_(t.runs.c.id == run, t.runs.c.tag == run))
        .order_by(t.runs.c.started_at.desc())
        .limit(1)
    ).first()
    if row is None:
        raise NotFoundError(f"There is no run {run}.", hint="List them with `nbtrail runs`.")
    step_rows = _steps_by_run(connection, [row.id])[row.id]
    files: dict[tuple[int, str], list[FileAccess]] = defaultdict(list)
    for file in connection.execute(
        select(t.step_files).where(t.step_files.c.run_id == row.id).order_by(t.step_files.c.path)
    ):
        files[file.position, file.kind].append(FileAccess(file.path, file.sha256, file.bytes))
    steps = tuple(
        Step(
            n=step.position,
            path=step.path,
            status=step.status,
            seconds=step.seconds,
            cells_done=step.cells_done,
            cells_total=step.cells_total,
            error=step.error,
            message=step.message,
            inputs=tuple(files[step.position, "input"]),
            outputs=tuple(files[step.position, "output"]),
            metrics=step.metrics or {},
            params=step.params or {},
        )
        for step in step_rows
    )
    dirty = (row.git or {}).get("files") or {}
    differences = tuple(row.differences or ())
    return RunDetail(_run(row, step_rows), steps, differences, row.certificate, dirty)


def last_step_row(connection: Connection, notebook: str) -> Row[Any] | None:
    """The newest step of a finished pipeline run in which this notebook ran or was cached."""
    return connection.execute(
        select(t.run_steps, t.runs.c.started_at.label("run_started_at"))
        .join(t.runs, t.runs.c.id == t.run_steps.c.run_id)
        .where(
            t.run_steps.c.path == notebook,
            t.run_steps.c.status.in_(("ran", "cached", "failed")),
            t.runs.c.kind != "verify",
        )
        .order_by(t.runs.c.started_at.desc())
        .limit(1)
    ).first()


def step_notebook_blob(connection: Connection, run: str, position: int) -> str:
    """Hash of the executed copy of a step's notebook.

    Raises
    ------
    NotFoundError
        When there is no run of that id or tag, or the step left none.
    """
    blob = connection.execute(
        select(t.run_steps.c.executed_blob).where(
            t.run_steps.c.run_id == find_run(connection, run), t.run_steps.c.position == position
        )
    ).scalar()
    if blob is None:
        raise NotFoundError(f"Run {run} kept no executed notebook of step {position}.")
    return str(blob)


def environment(connection: Connection, identity: str) -> dict[str, Any]:
    """An environment by id, or by the beginning of its id (at least 4 characters).

    Raises
    ------
    NotFoundError
        When none, or more than one, matches.
    """
    rows: Sequence[Row[Any]] = []
    if len(identity) >= 4:
        rows = connection.execute(
            select(t.environments).where(t.environments.c.id.startswith(identity, autoescape=True))
        ).all()
    if len(rows) != 1:
        raise NotFoundError(f"There is no single environment {identity}.")
    return {"id": rows[0].id, "first_seen_at": iso(rows[0].first_seen_at), **rows[0].payload}


def check_limit(limit: int) -> None:
    """Refuse a page that is empty or too long, with a UsageError."""
    if not 1 <= limit <= MAX_PAGE:
        raise UsageError(f"A page has 1 to {MAX_PAGE} entries, not {limit}.")


def integer_cursor(text: str) -> int:
    """The id that a page goes on behind; UsageError for what is none."""
    try:
        return int(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no cursor.", hint="Use the `next` of the page before."
        ) from None


def _accesses(
    connection: Connection, ids: Sequence[int]
) -> defaultdict[int, dict[str, list[FileAccess]]]:
    found: defaultdict[int, dict[str, list[FileAccess]]] = defaultdict(
        lambda: {"read": [], "write": [], "module": []}
    )
    if ids:
        query = (
            select(t.accesses).where(t.accesses.c.execution_id.in_(ids)).order_by(t.accesses.c.id)
        )
        for row in connection.execute(query):
            found[row.execution_id][row.kind].append(FileAccess(row.path, row.sha256, row.bytes))
    return found


def _execution(row: Row[Any], accesses: dict[str, list[FileAccess]]) -> Execution:
    error = CellError(row.error_name, row.error_message or "") if row.error_name else None
    return Execution(
        id=row.id,
        notebook=row.notebook,
        cell_id=row.cell_id,
        order=row.position,
        execution_count=row.execution_count,
        source=row.source,
        source_sha256=row.source_sha256,
        started_at=iso(row.started_at),
        seconds=row.seconds,
        status=row.status,
        error=error,
        session=row.session_id,
        environment=row.environment_id,
        reads=tuple(accesses["read"]),
        writes=tuple(accesses["write"]),
        run=row.run_id,
        run_kind=row.run_kind,
        git=_git(row.git),
    )


def _steps_by_run(connection: Connection, ids: Iterable[str]) -> defaultdict[str, list[Row[Any]]]:
    found: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    query = (
        select(t.run_steps)
        .where(t.run_steps.c.run_id.in_(list(ids)))
        .order_by(t.run_steps.c.run_id, t.run_steps.c.position)
    )
    for row in connection.execute(query):
        found[row.run_id].append(row)
    return found


def _git(state: dict[str, Any] | None) -> dict[str, Any] | None:
    """What lists say of git: the dirty files are only counted."""
    return None if state is None else {k: v for k, v in state.items() if k != "files"}


def _run(row: Row[Any], steps: Sequence[Row[Any]]) -> Run:
    merged: dict[str, float | None] = {}
    for step in steps:
        merged.update(step.metrics or {})
    params = dict(row.params or {})
    for step in steps:
        params.update(step.params or {})
    return Run(
        run=row.id,
        kind=row.kind,
        status=row.status,
        started_at=iso(row.started_at),
        seconds=None if row.ended_at is None else round(row.ended_at - row.started_at, 3),
        git=_git(row.git),
        environment=row.environment_id,
        metrics=merged,
        params=params,
        steps_done=sum(step.status in _DONE for step in steps),
        steps_total=len(steps),
        verdict=row.verdict,
        message=row.message,
        tag=row.tag,
        note=row.note,
        against=row.against,
        largest_difference=row.largest_difference,
    )


def order_facts(connection: Connection, notebook: str) -> tuple[list[PastExecution], str | None]:
    """What `order_of` needs: executions of the notebook, oldest first, and its newest session."""
    newest = last_executions(connection, notebook).values()
    if not newest:
        return [], None
    session = max(newest, key=lambda row: row.id).session_id
    rows = {row.id: row for row in newest}
    latest = connection.execute(
        select(t.executions)
        .where(
            t.executions.c.notebook_id == next(iter(newest)).notebook_id,
            t.executions.c.session_id == session,
        )
        .order_by(t.executions.c.id.desc())
        .limit(_HISTORY)
    )
    rows.update({row.id: row for row in latest})
    files: defaultdict[int, dict[str, list[str]]] = defaultdict(lambda: {"read": [], "write": []})
    for access in connection.execute(
        select(t.accesses.c.execution_id, t.accesses.c.kind, t.accesses.c.path)
        .join(t.executions, t.executions.c.id == t.accesses.c.execution_id)
        .where(
            t.executions.c.session_id == session,
            t.accesses.c.execution_id >= min(rows),
            t.accesses.c.kind != "module",
        )
    ):
        files[access.execution_id][access.kind].append(access.path)
    history = [
        PastExecution(
            cell_id=row.cell_id,
            session=row.session_id,
            position=row.position,
            source_sha256=row.source_sha256,
            status=row.status,
            source=row.source,
            reads=tuple(files[row.id]["read"]),
            writes=tuple(files[row.id]["write"]),
        )
        for _id, row in sorted(rows.items())
    ]
    return history, session


def executions_since(
    connection: Connection, identity: int, running: frozenset[int]
) -> Sequence[Row[Any]]:
    """Id, status and notebook of executions newer than ``identity``, and of ``running``."""
    columns: list[ColumnElement[Any]] = [
        t.executions.c.id,
        t.executions.c.status,
        t.notebooks.c.path.label("notebook"),
    ]
    return connection.execute(
        select(*columns)
        .outerjoin(t.notebooks, t.notebooks.c.id == t.executions.c.notebook_id)
        .where(or_(t.executions.c.id > identity, t.executions.c.id.in_(running)))
        .order_by(t.executions.c.id.desc())
        .limit(MAX_PAGE)
    ).all()


def run_states(connection: Connection, limit: int = 20) -> list[dict[str, Any]]:
    """How far the newest runs are, in the shape of the run event."""
    rows = connection.execute(
        select(t.runs.c.id, t.runs.c.kind, t.runs.c.status)
        .order_by(t.runs.c.started_at.desc())
        .limit(limit)
    ).all()
    steps = _steps_by_run(connection, [row.id for row in rows])
    found = []
    for row in rows:
        current = next((s for s in steps[row.id] if s.status == "running"), None)
        found.append(
            {
                "run": row.id,
                "kind": row.kind,
                "status": row.status,
                "step": None if current is None else current.path,
                "steps_done": sum(s.status in _DONE for s in steps[row.id]),
                "steps_total": len(steps[row.id]),
                "cells_done": 0 if current is None else current.cells_done,
                "cells_total": 0 if current is None else current.cells_total,
            }
        )
    return found
