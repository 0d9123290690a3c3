"""What the ledger is told and asked when journals of other processes are taken in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from nbtrail.ledger import tables as t
from nbtrail.ledger.history import notebook_id
from nbtrail.ledger.records import KernelSession
from nbtrail.project import Project
from nbtrail.recorder.matching import find_notebook, matcher_of


def on_record(connection: Connection, session: str) -> dict[str, str]:
    """Status of each execution of a session, by message id."""
    rows = connection.execute(
        select(t.executions.c.msg_id, t.executions.c.status).where(
            t.executions.c.session_id == session
        )
    )
    return {row.msg_id: row.status for row in rows}


def other_sessions(connection: Connection, session: KernelSession) -> list[str]:
    """Sessions of the same kernel that others have put on record."""
    query = select(t.sessions.c.id).where(
        t.sessions.c.kernel_id == session.kernel_id, t.sessions.c.id != session.id
    )
    return list(connection.execute(query).scalars())


def is_on_record(connection: Connection, sessions: Sequence[str], msg_id: str) -> bool:
    """Whether one of these sessions has an execution of that message id."""
    query = select(t.executions.c.id).where(
        t.executions.c.session_id.in_(sessions), t.executions.c.msg_id == msg_id
    )
    return bool(sessions) and connection.execute(query.limit(1)).first() is not None


def set_count(connection: Connection, session: str, msg_id: str, count: int | None) -> None:
    """IPython's count of an execution; not every version knows it when the cell begins."""
    connection.execute(
        update(t.executions)
        .where(t.executions.c.session_id == session, t.executions.c.msg_id == msg_id)
        .values(execution_count=count)
    )


def close_lost(connection: Connection, sessions: Sequence[str], moment: float) -> None:
    """The recorder of these sessions is gone; nobody knows how their executions ended."""
    for session in sessions:
        connection.execute(
            update(t.sessions)
            .where(t.sessions.c.id == session, t.sessions.c.ended_at.is_(None))
            .values(ended_at=moment, end_reason="lost")
        )
        connection.execute(
            update(t.executions)
            .where(t.executions.c.session_id == session, t.executions.c.status == "running")
            .values(status="lost")
        )


def assign(
    connection: Connection,
    session: str,
    project: Project,
    folder: str,
    hints: Sequence[str],
    *,
    ended: bool,
) -> None:
    """Say which notebook and which cells the executions of a session belong to.

    The notebook is that which the kernel named, else the one that is found by the sources: by
    all of them, unless whoever started the kernel has hinted at it.
    """
    rows = connection.execute(
        select(t.executions, t.notebooks.c.path)
        .outerjoin(t.notebooks, t.notebooks.c.id == t.executions.c.notebook_id)
        .where(t.executions.c.session_id == session)
        .order_by(t.executions.c.position)
    ).all()
    path = next((row.path for row in rows if row.path is not None), None)
    if path is None and (ended or hints):
        hashes = [row.source_sha256 for row in rows if row.source.strip()]
        path = find_notebook(project, hashes, folder, hints, everywhere=ended)
    matcher = None if path is None else matcher_of(project.root / path)
    for row in rows:
        values: dict[str, Any] = {}
        if path is not None and row.notebook_id is None:
            values["notebook_id"] = notebook_id(connection, path)
        # Editors have ids of their own that are none of the notebook's.
        if matcher is not None and not matcher.passes(row.cell_id):
            found = matcher.find(row.source_sha256)
            if found is not None:
                values |= {"cell_id": found, "cell_id_inferred": True}
        if values:
            connection.execute(
                update(t.executions).where(t.executions.c.id == row.id).values(**values)
            )
