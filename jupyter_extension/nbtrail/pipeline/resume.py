"""Going on with a run that did not come to a good end."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Row

from nbtrail.errors import ConflictError, UsageError
from nbtrail.ledger.runs import request_of
from nbtrail.ledger.steps import active_runs, last_run, run_row, steps_of_run
from nbtrail.ledger.store import Store
from nbtrail.pipeline.progress import mark_lost
from nbtrail.pipeline.request import RunRequest

_UNFINISHED = ("failed", "cancelled", "lost")


def resumed_request(store: Store, run: str | None) -> RunRequest:
    """The request of a run that failed, was cancelled or lost, to be made again.

    Selection, parameters and date are the same; steps that ended well are not run again.

    Parameters
    ----------
    run
        Id or tag; the last such run by default.

    Raises
    ------
    UsageError
        When there is none, or that run ended well, or later ones have made up for it.
    ConflictError
        When that run is under way.
    """
    mark_lost(store)
    with store.read() as connection:
        row = run_row(connection, run) if run else last_run(connection, _UNFINISHED)
        if row is None:
            said = f"There is no run {run}." if run else "No run has failed or was cancelled."
            raise UsageError(said, hint="List the runs with `nbtrail runs`.")
        _refuse_others(connection, row)
        later = None if run else last_run(connection, ("ok",), after=row.started_at)
        if later and steps_of_run(connection, row.id) <= steps_of_run(connection, later.id):
            raise UsageError(
                f"Run {row.id} did not end well, but run {later.id} did since, with all its steps.",
                hint=f"Resume it all the same with `nbtrail run --resume {row.id}`.",
            )
    request = msgspec.convert(request_of(store.blobs, row.request), RunRequest)
    return msgspec.structs.replace(request, resumes=row.id)


def _refuse_others(connection: Connection, row: Row[Any]) -> None:
    """Raise where a run is none to go on with."""
    if row.kind != "pipeline":
        raise UsageError(f"Run {row.id} is no run of the pipeline.", hint="Only those are resumed.")
    if row.id in {one.id for one in active_runs(connection)}:
        raise ConflictError(f"Run {row.id} is under way.", hint="Wait until it has ended.")
    if row.status not in _UNFINISHED:
        raise UsageError(
            f"Run {row.id} ended well: there is nothing to resume.",
            hint="Run what has changed with `nbtrail run`.",
        )
