"""How far runs are, and ending them: by the ledger alone, so that any process may ask."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from nbtrail.ledger import queries
from nbtrail.ledger import runs as ledger_runs
from nbtrail.ledger.records import FINISHED, RunDetail
from nbtrail.ledger.steps import active_runs, steps_left
from nbtrail.ledger.store import Store
from nbtrail.pipeline import lock

#: A worker says every half second that it lives; after this many seconds nobody believes it.
HEARTBEAT_LIMIT = 60.0
_LOST = "The process of this run ended without a word: it was killed, or the machine restarted."


def read(store: Store, run: str) -> RunDetail:
    """A run as it stands; one whose process is gone is marked ``lost`` first.

    Raises
    ------
    NotFoundError
        When there is no such run.
    """
    with store.read() as connection:
        detail = queries.run_detail(connection, run)
    if detail.summary.status in FINISHED or not mark_lost(store):
        return detail
    with store.read() as connection:
        return queries.run_detail(connection, detail.summary.run)


def follow(
    store: Store,
    run: str,
    on_progress: Callable[[RunDetail], None] | None = None,
    interval: float = 0.1,
) -> RunDetail:
    """Wait for the end of a run.

    ``on_progress`` is called whenever something has changed, at the end in any case. Looks
    every ``interval`` seconds, at first more often: a run that has nothing to do is over soon.
    """
    shown: RunDetail | None = None
    looks = 0
    pause = interval / 8
    while True:
        # Whether the process lives is looked at now and then; the ledger is cheap to read.
        looks += 1
        if looks % 10 == 0:
            detail = read(store, run)
        else:
            with store.read() as connection:
                detail = queries.run_detail(connection, run)
        if on_progress is not None and detail != shown:
            on_progress(detail)
        shown = detail
        if detail.summary.status in FINISHED:
            return detail
        time.sleep(pause)
        pause = min(interval, pause * 1.2)


def cancel(store: Store, run: str) -> str:
    """Ask a run to stop; returns its status at this moment.

    Raises
    ------
    NotFoundError
        When there is no such run.
    """
    with store.write() as connection:
        return ledger_runs.request_cancel(connection, run)


def mark_lost(store: Store) -> list[str]:
    """Mark active runs whose process is gone as ``lost``; returns their ids."""
    with store.read() as connection:
        active = active_runs(connection)
    gone = [row.id for row in active if not _lives(store, row.pid, row.heartbeat_at)]
    if not gone:
        return []
    marked = []
    with store.write() as connection:
        # Looked at again under the write lock: it may have ended by itself meanwhile.
        still = {row.id for row in active_runs(connection)}
        for run in gone:
            if run not in still:
                continue
            for position, status in steps_left(connection, run):
                running = status == "running"
                error = {"cell_id": None, "cell": None, "name": "Lost", "message": _LOST}
                ledger_runs.update_step(
                    connection,
                    run,
                    position,
                    status="failed" if running else "cancelled",
                    error=error if running else None,
                )
            ledger_runs.update_run(connection, run, status="lost", message=_LOST)
            marked.append(run)
    return marked


def _lives(store: Store, pid: int | None, heartbeat_at: float | None) -> bool:
    is_fresh = heartbeat_at is None or time.time() - heartbeat_at < HEARTBEAT_LIMIT
    if store.is_shared:
        # It may run on another machine, of whose locks and processes nothing is known here.
        return is_fresh
    if not lock.is_held(store.folder):
        return False
    if is_fresh:
        return True
    return pid is not None and _exists(pid)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
