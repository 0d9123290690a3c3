"""The recorded run that a verify compares with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from nbtrail.errors import NotFoundError, UsageError
from nbtrail.ledger.steps import StepRecord, finished_runs, run_row, steps_of


class Baseline(msgspec.Struct, frozen=True):
    """A recorded run. ``date`` is the ISO date at which its datasets were written."""

    run: str
    date: str
    params: dict[str, Any]
    environment: str | None
    steps: tuple[StepRecord, ...]

    def made(self) -> frozenset[str]:
        """Files that the run's steps made: what they wrote and had not read before."""
        made: set[str] = set()
        for step in self.steps:
            read = {access.path for access in step.inputs} - made
            made.update(access.path for access in step.outputs if access.path not in read)
        return frozenset(made)


def find_baseline(
    connection: Connection, order: Sequence[str], against: str | None = None
) -> Baseline:
    """The run to compare with: the one asked for, else the newest good one of all steps.

    Raises
    ------
    NotFoundError
        When there is none.
    UsageError
        When the run asked for is none of the pipeline, or has not ended well.
    """
    if against is not None:
        row = run_row(connection, against)
        if row is None:
            raise NotFoundError(
                f"There is no run {against}.", hint="List them with `nbtrail runs`."
            )
        if row.kind != "pipeline" or row.status != "ok":
            # Half of a run is no proof: what it never came to would not be missed.
            raise UsageError(
                f"Run {against} cannot be compared with: it is a {row.kind} run of status "
                f"{row.status}.",
                hint="Choose a pipeline run of status ok from `nbtrail runs`.",
            )
        return _baseline(connection, row)
    for row in finished_runs(connection):
        found = _baseline(connection, row)
        if set(order) <= {step.path for step in found.steps}:
            return found
    raise NotFoundError(
        "No finished run of the whole pipeline is on record, so there is nothing to compare with.",
        hint="Run the pipeline first: `nbtrail run`.",
    )


def _baseline(connection: Connection, row: Any) -> Baseline:
    request = row.request if isinstance(row.request, dict) else {}
    return Baseline(
        run=row.id,
        date=str(request.get("date") or ""),
        params=dict(request.get("params") or {}),
        environment=row.environment_id,
        steps=tuple(steps_of(connection, row.id)),
    )
