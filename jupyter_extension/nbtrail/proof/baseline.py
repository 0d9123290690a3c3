"""The recorded run that a verify compares with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from nbtrail.errors import NotFoundError, UsageError
from nbtrail.ledger import tables as t
from nbtrail.ledger.steps import StepRecord, finished_runs, run_row, steps_of


class Baseline(msgspec.Struct, frozen=True):
    """A recorded run.

    Attributes
    ----------
    date
        The newest ISO date under which one of its steps ran.
    dates
        That of each step, by path: one that was skipped ran under the date of an earlier run.
    request
        What was asked of it, as the ledger holds it: `nbtrail.ledger.runs.request_of`.
    """

    run: str
    date: str
    dates: dict[str, str]
    request: dict[str, Any]
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
        return _baseline(connection, row, steps_of(connection, row.id))
    for row in finished_runs(connection):
        steps = steps_of(connection, row.id)
        if set(order) <= {step.path for step in steps}:
            return _baseline(connection, row, steps)
    raise NotFoundError(
        "No finished run of the whole pipeline is on record, so there is nothing to compare with.",
        hint="Run the pipeline first: `nbtrail run`.",
    )


def _baseline(connection: Connection, row: Row[Any], steps: list[StepRecord]) -> Baseline:
    dates = {step.path: _date_of(_origin(connection, row, step)) for step in steps}
    return Baseline(
        run=row.id,
        date=max(dates.values(), default=""),
        dates=dates,
        request=_request_of(row),
        environment=row.environment_id,
        steps=tuple(steps),
    )


def _origin(connection: Connection, row: Row[Any], step: StepRecord) -> Row[Any]:
    """The run in which a step's results were made: an earlier one where it was skipped."""
    own = t.run_steps.alias()
    found = connection.execute(
        select(t.runs)
        .join(t.run_steps, t.run_steps.c.run_id == t.runs.c.id)
        .join(own, (own.c.run_id == row.id) & (own.c.position == step.position))
        .where(
            t.runs.c.kind == "pipeline",
            t.runs.c.started_at <= row.started_at,
            t.run_steps.c.status == "ran",
            t.run_steps.c.notebook_id == own.c.notebook_id,
            t.run_steps.c.cache_key == own.c.cache_key,
            t.run_steps.c.executed_blob == own.c.executed_blob,
        )
        .order_by(t.runs.c.started_at.desc(), t.runs.c.id.desc())
        .limit(1)
    ).first()
    return row if found is None else found


def _date_of(row: Row[Any]) -> str:
    return str(_request_of(row).get("date") or "")


def _request_of(row: Row[Any]) -> dict[str, Any]:
    return row.request if isinstance(row.request, dict) else {}
