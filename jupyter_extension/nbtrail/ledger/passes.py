"""Kernel sessions that people had, and making a run of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, case, func, select, update

from nbtrail.errors import ConflictError
from nbtrail.ledger import tables as t

#: No pass has more executions; a longer session need not be looked at.
_MOST = 2_000


def newest_session(connection: Connection, path: str) -> Sequence[Row[Any]]:
    """All executions of the session in which a notebook ran last, whatever notebook they are of.

    In the order of their execution, with ``path`` of their notebook and ``kernelspec`` and
    ``git`` of the session. Empty where the notebook never ran, and where a glance shows that the
    session was no straight pass: something failed or runs, its beginning is not on record, it
    belongs to a run, or it was very long.
    """
    executions = t.executions
    session = connection.execute(
        select(executions.c.session_id)
        .join(t.notebooks, t.notebooks.c.id == executions.c.notebook_id)
        .where(t.notebooks.c.path == path, t.notebooks.c.retired_at.is_(None))
        .order_by(executions.c.id.desc())
        .limit(1)
    ).scalar()
    if session is None:
        return []
    glance = connection.execute(
        select(
            func.count().label("total"),
            func.min(executions.c.position).label("first"),
            func.count(case((executions.c.status != "ok", 1))).label("bad"),
            func.count(executions.c.run_id).label("in_runs"),
        ).where(executions.c.session_id == session)
    ).one()
    if glance.total > _MOST or glance.first != 1 or glance.bad or glance.in_runs:
        return []
    return connection.execute(
        select(executions, t.notebooks.c.path, t.sessions.c.kernelspec, t.sessions.c.git)
        .join(t.sessions, t.sessions.c.id == executions.c.session_id)
        .outerjoin(t.notebooks, t.notebooks.c.id == executions.c.notebook_id)
        .where(executions.c.session_id == session)
        .order_by(executions.c.position)
    ).all()


def claim_executions(connection: Connection, run: str, ids: Sequence[int]) -> None:
    """Make executions part of a run.

    Raises
    ------
    ConflictError
        When some are part of one already.
    """
    changed = connection.execute(
        update(t.executions)
        .where(t.executions.c.id.in_(list(ids)), t.executions.c.run_id.is_(None))
        .values(run_id=run)
    ).rowcount
    if changed != len(ids):
        raise ConflictError(
            "The executions are part of another run.", hint="Nothing is to be done."
        )
