"""Writing runs and their steps."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, select, update

from nbtrail.errors import NotFoundError
from nbtrail.ledger import tables as t
from nbtrail.ledger.history import notebook_id
from nbtrail.ledger.records import FINISHED, FileAccess
from nbtrail.notebooks.datasets import family_of


def new_run_id(now: float | None = None) -> str:
    """A run's name: sortable by time, and unique across machines and branches."""
    moment = time.gmtime(time.time() if now is None else now)
    return f"{time.strftime('%Y%m%d-%H%M%S', moment)}-{secrets.token_hex(3)}"


def create_run(
    connection: Connection,
    run: str,
    kind: str,
    *,
    request: Mapping[str, Any],
    git: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    against: str | None = None,
    started_at: float | None = None,
) -> None:
    """Begin a run in status ``queued``."""
    connection.execute(
        t.runs.insert().values(
            id=run,
            kind=kind,
            status="queued",
            started_at=time.time() if started_at is None else started_at,
            heartbeat_at=time.time(),
            cancel_requested=False,
            request=dict(request),
            git=dict(git) if git else None,
            params=dict(params or {}),
            against=against,
        )
    )


def update_run(connection: Connection, run: str, **values: Any) -> None:
    """Set columns of a run; a finished status also sets its end."""
    if values.get("status") in FINISHED:
        values.setdefault("ended_at", time.time())
    connection.execute(update(t.runs).where(t.runs.c.id == run).values(**values))


def heartbeat(connection: Connection, run: str) -> bool:
    """Say that the run's process lives; returns whether somebody asked to cancel it."""
    connection.execute(update(t.runs).where(t.runs.c.id == run).values(heartbeat_at=time.time()))
    return bool(
        connection.execute(select(t.runs.c.cancel_requested).where(t.runs.c.id == run)).scalar()
    )


def request_cancel(connection: Connection, run: str) -> str:
    """Ask a run to stop; returns its status at this moment.

    Raises
    ------
    NotFoundError
        When there is no such run.
    """
    status = connection.execute(select(t.runs.c.status).where(t.runs.c.id == run)).scalar()
    if status is None:
        raise NotFoundError(f"There is no run {run}.", hint="List them with `nbtrail runs`.")
    if status not in FINISHED:
        connection.execute(update(t.runs).where(t.runs.c.id == run).values(cancel_requested=True))
    return str(status)


def plan_steps(connection: Connection, run: str, paths: Sequence[str]) -> None:
    """Put down the steps of a run, all waiting, numbered from 0."""
    for position, path in enumerate(paths):
        connection.execute(
            t.run_steps.insert().values(
                run_id=run,
                position=position,
                notebook_id=notebook_id(connection, path),
                path=path,
                status="waiting",
                cells_done=0,
                cells_total=0,
                params={},
                metrics={},
            )
        )


def update_step(connection: Connection, run: str, position: int, **values: Any) -> None:
    """Set columns of a step."""
    connection.execute(
        update(t.run_steps)
        .where(t.run_steps.c.run_id == run, t.run_steps.c.position == position)
        .values(**values)
    )


def set_step_files(
    connection: Connection,
    run: str,
    position: int,
    *,
    inputs: Iterable[FileAccess],
    outputs: Iterable[FileAccess],
    in_blobs: frozenset[str] = frozenset(),
) -> None:
    """Replace the files of a step; ``in_blobs`` are hashes whose content is in the store."""
    connection.execute(
        delete(t.step_files).where(
            t.step_files.c.run_id == run, t.step_files.c.position == position
        )
    )
    rows = [
        {
            "run_id": run,
            "position": position,
            "kind": kind,
            "path": access.path,
            "family": family_of(access.path),
            "sha256": access.sha256,
            "bytes": access.bytes,
            "blob": access.sha256 in in_blobs,
        }
        for kind, accesses in (("input", inputs), ("output", outputs))
        for access in accesses
    ]
    if rows:
        connection.execute(t.step_files.insert(), rows)
