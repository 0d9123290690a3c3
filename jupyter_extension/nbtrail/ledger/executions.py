"""Writing kernel sessions, environments and executions."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, func, select, update

from nbtrail.files import sha256_bytes
from nbtrail.ledger import search
from nbtrail.ledger import tables as t
from nbtrail.ledger.history import notebook_id
from nbtrail.ledger.records import ExecutionEnd, ExecutionStart, FileAccess, KernelSession
from nbtrail.ledger.store import OUTPUT_LIMIT
from nbtrail.masking import mask, mask_facts
from nbtrail.notebooks.cells import source_sha256


def environment_key(payload: Mapping[str, Any]) -> str:
    """Identity of an environment: the hash of its canonical JSON."""
    import msgspec

    return sha256_bytes(msgspec.json.encode(payload, order="sorted"))


def environment_id(payload: Mapping[str, Any]) -> str:
    """The id that `put_environment` gives."""
    return environment_key(mask_facts(payload))


def put_environment(connection: Connection, payload: Mapping[str, Any]) -> str:
    """Keep an environment once, without the secrets in it; returns its id."""
    payload = mask_facts(payload)
    identity = environment_key(payload)
    known = connection.execute(
        select(t.environments.c.id).where(t.environments.c.id == identity)
    ).scalar()
    if known is None:
        connection.execute(
            t.environments.insert().values(
                id=identity, payload=dict(payload), first_seen_at=time.time()
            )
        )
    return identity


def open_session(connection: Connection, session: KernelSession) -> bool:
    """A kernel's life began; false when that is on record already."""
    known = connection.execute(
        select(t.sessions.c.id).where(t.sessions.c.id == session.id)
    ).scalar()
    if known is None:
        connection.execute(
            t.sessions.insert().values(
                id=session.id,
                kernel_id=session.kernel_id,
                kernelspec=session.kernelspec,
                language=session.language,
                started_at=session.started_at,
            )
        )
    return known is None


def set_session_environment(
    connection: Connection, session: str, payload: Mapping[str, Any]
) -> str:
    """The environment of a session became known, or changed by an installation.

    Executions of the session that were recorded before it was known get it, too.
    """
    identity = put_environment(connection, payload)
    connection.execute(
        update(t.sessions).where(t.sessions.c.id == session).values(environment_id=identity)
    )
    connection.execute(
        update(t.executions)
        .where(t.executions.c.session_id == session, t.executions.c.environment_id.is_(None))
        .values(environment_id=identity)
    )
    return identity


def set_session_git(connection: Connection, session: str, state: Mapping[str, Any]) -> None:
    """What git said of the project when the session began to execute something."""
    connection.execute(update(t.sessions).where(t.sessions.c.id == session).values(git=dict(state)))


def close_session(
    connection: Connection, session: str, reason: str, ended_at: float, status: str = "died"
) -> None:
    """A kernel's life ended; executions that still ran get ``status``."""
    connection.execute(
        update(t.sessions)
        .where(t.sessions.c.id == session, t.sessions.c.ended_at.is_(None))
        .values(ended_at=ended_at, end_reason=reason)
    )
    running = (t.executions.c.session_id == session) & (t.executions.c.status == "running")
    connection.execute(
        update(t.executions)
        .where(running)
        .values(status=status, seconds=ended_at - t.executions.c.started_at)
    )


def start_execution(connection: Connection, start: ExecutionStart) -> int:
    """A cell began to run; returns the execution's id.

    The source is kept with its secrets masked, and the hash of what was really executed, so that
    an edited cell is told from one that is not.
    """
    values: dict[str, Any] = {
        "session_id": start.session,
        "msg_id": start.msg_id,
        "notebook_id": notebook_id(connection, start.notebook) if start.notebook else None,
        "run_id": start.run,
        "cell_id": start.cell_id,
        "cell_id_inferred": start.cell_id_inferred,
        "cell_index": start.cell_index,
        "position": start.position,
        "execution_count": start.execution_count,
        "source": mask(start.source),
        "source_sha256": source_sha256(start.source),
        "started_at": start.started_at,
        "status": "running",
        "environment_id": connection.execute(
            select(t.sessions.c.environment_id).where(t.sessions.c.id == start.session)
        ).scalar(),
    }
    result = connection.execute(t.executions.insert().values(**values))
    return int(result.inserted_primary_key[0])  # type: ignore[index]


def finish_execution(connection: Connection, end: ExecutionEnd) -> int | None:
    """A cell ended; returns the execution's id, or ``None`` when it was never begun."""
    key = (t.executions.c.session_id == end.session) & (t.executions.c.msg_id == end.msg_id)
    begun = connection.execute(select(t.executions.c.id, t.executions.c.source).where(key)).first()
    if begun is None:
        return None
    identity = begun.id
    values: dict[str, Any] = {
        "status": end.status,
        "seconds": end.seconds,
        "probed": end.probed,
        "messages": end.messages,
        "children": end.children,
    }
    message = ""
    if end.error is not None:
        message = mask(end.error.message)
        values |= {"error_name": end.error.name, "error_message": message}
    if end.environment is not None:
        values["environment_id"] = end.environment
    if end.cell_id is not None:
        values |= {"cell_id": end.cell_id, "cell_id_inferred": end.cell_id_inferred}
    if end.notebook is not None:
        values["notebook_id"] = notebook_id(connection, end.notebook)
    connection.execute(update(t.executions).where(key).values(**values))
    rows = [
        {"execution_id": identity, "kind": kind, **_file(access)}
        for kind, accesses in (
            ("read", end.reads), ("write", end.writes), ("module", end.modules)
        )
        for access in accesses
    ]  # fmt: skip
    if rows:
        connection.execute(t.accesses.insert(), rows)
    if end.metrics:
        connection.execute(
            t.metrics.insert(),
            [
                {"execution_id": identity, "name": name, "value": value, "step": step}
                for name, value, step in end.metrics
            ],
        )
    search.put(
        connection,
        identity,
        source=begun.source,
        # Masked as a whole, for a secret that is cut in two is not known any more.
        output=mask(end.output)[: connection.get_execution_options().get(OUTPUT_LIMIT)],
        error="" if end.error is None else f"{end.error.name}: {message}",
        metrics=(name for name, _value, _step in end.metrics),
        files=(access.path for access in (*end.reads, *end.writes)),
    )
    return int(identity)


def _file(access: FileAccess) -> dict[str, Any]:
    return {"path": access.path, "sha256": access.sha256, "bytes": access.bytes}


def newest_by_notebook(connection: Connection) -> dict[str, tuple[int, str]]:
    """Id and status of the newest execution of every notebook, by its present path."""
    newest = (
        select(func.max(t.executions.c.id).label("id"))
        .where(t.executions.c.notebook_id.is_not(None))
        .group_by(t.executions.c.notebook_id)
        .subquery()
    )
    rows = connection.execute(
        select(t.notebooks.c.path, t.executions.c.id, t.executions.c.status)
        .join(newest, newest.c.id == t.executions.c.id)
        .join(t.notebooks, t.notebooks.c.id == t.executions.c.notebook_id)
        .where(t.notebooks.c.retired_at.is_(None))
    )
    return {row.path: (row.id, row.status) for row in rows}


def newest_packages(connection: Connection) -> tuple[str, ...] | None:
    """Names of the distributions of the newest environment; ``None`` where none is on record."""
    newest = select(t.environments.c.payload).order_by(t.environments.c.first_seen_at.desc())
    payload = connection.execute(newest.limit(1)).scalar()
    packages = payload.get("packages") if isinstance(payload, dict) else None
    return tuple(sorted(packages)) if isinstance(packages, dict) else None
