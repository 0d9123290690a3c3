"""What becomes known of an execution after it is on record as ended."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from nbtrail.ledger import tables as t
from nbtrail.ledger.records import ExecutionEnd, FileAccess


def add_to_execution(connection: Connection, late: ExecutionEnd) -> None:
    """Add the files and metrics of ``late``; its status and times count for nothing."""
    execution = _execution(connection, late)
    if execution is None:
        return
    rows = [
        {
            "execution_id": execution,
            "kind": kind,
            "path": access.path,
            "sha256": access.sha256,
            "bytes": access.bytes,
        }
        for kind, access in _accesses(late)
    ]
    if rows:
        connection.execute(t.accesses.insert(), rows)
    if late.children:
        connection.execute(
            update(t.executions).where(t.executions.c.id == execution).values(children=True)
        )
    metrics = [
        {"execution_id": execution, "name": name, "value": value, "step": step}
        for name, value, step in late.metrics
    ]
    if metrics:
        connection.execute(t.metrics.insert(), metrics)


def add_hashes(connection: Connection, hashed: ExecutionEnd) -> None:
    """Fill in the hashes of files that were too large to wait for."""
    execution = _execution(connection, hashed)
    for kind, access in _accesses(hashed):
        connection.execute(
            update(t.accesses)
            .where(
                t.accesses.c.execution_id == execution,
                t.accesses.c.kind == kind,
                t.accesses.c.path == access.path,
            )
            .values(sha256=access.sha256)
        )


def _accesses(end: ExecutionEnd) -> list[tuple[str, FileAccess]]:
    return [
        (kind, access)
        for kind, accesses in (("read", end.reads), ("write", end.writes), ("module", end.modules))
        for access in accesses
    ]


def _execution(connection: Connection, end: ExecutionEnd) -> int | None:
    found: int | None = connection.execute(
        select(t.executions.c.id).where(
            t.executions.c.session_id == end.session, t.executions.c.msg_id == end.msg_id
        )
    ).scalar()
    return found
