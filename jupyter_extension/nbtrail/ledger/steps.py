"""Reading back what the steps of earlier runs did: for order, skipping, status and proof."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, func, or_, select

from nbtrail.ledger import tables as t
from nbtrail.ledger.records import FileAccess

_GOOD = ("ran", "cached")
#: Kinds of runs whose steps stand for having run them; a verify runs copies.
_COUNTED = ("pipeline", "interactive")
_ACTIVE = ("queued", "running")


#: An execution: its id, whether the probe saw it, and its accesses as ``(kind, file)``.
Accesses = tuple[int, bool, list[tuple[str, FileAccess]]]


class StepRecord(msgspec.Struct, frozen=True):
    """A step that ended well.

    Attributes
    ----------
    cache_key
        What the step depended on; ``None`` when some of that was unknown.
    stored
        Hashes of outputs whose content is among the blobs.
    """

    run: str
    position: int
    path: str
    code_key: str | None
    cache_key: str | None
    sources_digest: str | None
    environment: str | None
    executed_blob: str | None
    params: dict[str, Any]
    metrics: dict[str, float | None]
    seconds: float | None
    started_at: float
    inputs: tuple[FileAccess, ...]
    outputs: tuple[FileAccess, ...]
    stored: frozenset[str]


def good_steps(
    connection: Connection, path: str, *, code_key: str | None = None, limit: int = 20
) -> list[StepRecord]:
    """Steps in which this notebook ended well, newest first; those of a verify do not count."""
    query = (
        _select_steps()
        .where(_named(path), t.run_steps.c.status.in_(_GOOD), t.runs.c.kind.in_(_COUNTED))
        .order_by(t.runs.c.started_at.desc(), t.runs.c.id.desc())
        .limit(limit)
    )
    if code_key is not None:
        query = query.where(t.run_steps.c.code_key == code_key)
    return _records(connection, connection.execute(query).all())


def latest_good_steps(connection: Connection) -> dict[str, StepRecord]:
    """The newest step that ended well of every notebook, by the notebook's present path."""
    return _newest_by_path(connection, _GOOD)


def run_seconds(connection: Connection) -> dict[str, float | None]:
    """How long each notebook took when it last really ran, by its present path."""
    return {path: step.seconds for path, step in _newest_by_path(connection, ("ran",)).items()}


def latest_failures(connection: Connection) -> dict[str, Row[Any]]:
    """The newest failed step of every notebook, by path."""
    rows = connection.execute(
        _select_steps()
        .where(t.run_steps.c.status == "failed", t.runs.c.kind == "pipeline")
        .order_by(t.runs.c.started_at, t.runs.c.id)
    )
    return {row.live_path or row.path: row for row in rows}


def running_steps(connection: Connection) -> set[str]:
    """Paths of the steps that run at this moment; a verify runs copies, which do not count."""
    return set(
        connection.execute(
            select(t.run_steps.c.path)
            .join(t.runs, t.runs.c.id == t.run_steps.c.run_id)
            .where(
                t.run_steps.c.status == "running",
                t.runs.c.status.in_(_ACTIVE),
                t.runs.c.kind == "pipeline",
            )
        ).scalars()
    )


def steps_of(connection: Connection, run: str, *, failed: bool = False) -> list[StepRecord]:
    """All steps of a run that ended well, in order; with ``failed`` those that did not, too."""
    statuses = (*_GOOD, "failed") if failed else _GOOD
    rows = connection.execute(
        _select_steps()
        .where(t.run_steps.c.run_id == run, t.run_steps.c.status.in_(statuses))
        .order_by(t.run_steps.c.position)
    ).all()
    return _records(connection, rows)


def active_runs(connection: Connection) -> list[Row[Any]]:
    """Rows of the runs that are queued or running."""
    return list(connection.execute(select(t.runs).where(t.runs.c.status.in_(_ACTIVE))).all())


def run_row(connection: Connection, run: str) -> Row[Any] | None:
    """The row of a run by id or tag."""
    return connection.execute(
        select(t.runs)
        .where(or_(t.runs.c.id == run, t.runs.c.tag == run))
        .order_by(t.runs.c.started_at.desc())
        .limit(1)
    ).first()


def last_run(
    connection: Connection, statuses: Sequence[str], *, after: float = 0.0
) -> Row[Any] | None:
    """The newest pipeline run with one of these statuses, begun later than ``after``."""
    return connection.execute(
        select(t.runs)
        .where(
            t.runs.c.kind == "pipeline",
            t.runs.c.status.in_(statuses),
            t.runs.c.started_at > after,
        )
        .order_by(t.runs.c.started_at.desc(), t.runs.c.id.desc())
        .limit(1)
    ).first()


def steps_of_run(connection: Connection, run: str) -> set[str]:
    """Paths of a run's steps, as they were called then."""
    query = select(t.run_steps.c.path).where(t.run_steps.c.run_id == run)
    return set(connection.execute(query).scalars())


def finished_runs(connection: Connection, *, limit: int = 50) -> list[Row[Any]]:
    """Rows of pipeline runs that ended well, newest first."""
    return list(
        connection.execute(
            select(t.runs)
            .where(t.runs.c.kind == "pipeline", t.runs.c.status == "ok")
            .order_by(t.runs.c.started_at.desc(), t.runs.c.id.desc())
            .limit(limit)
        ).all()
    )


def execution_count(connection: Connection, run: str, path: str) -> int:
    """How many executions of a notebook in a run are on record."""
    query = (
        select(func.count())
        .select_from(t.executions.join(t.notebooks))
        .where(t.executions.c.run_id == run, t.notebooks.c.path == path)
    )
    return int(connection.execute(query).scalar_one())


def run_accesses(connection: Connection, run: str, path: str) -> list[Accesses]:
    """Executions of a notebook in a run, in order, with what they accessed."""
    return _accesses(
        connection,
        select(t.executions.c.id, t.executions.c.probed)
        .join(t.notebooks, t.notebooks.c.id == t.executions.c.notebook_id)
        .where(t.executions.c.run_id == run, t.notebooks.c.path == path),
    )


def accesses_of(connection: Connection, ids: Sequence[int]) -> list[Accesses]:
    """These executions, in order, with what they accessed."""
    query = select(t.executions.c.id, t.executions.c.probed)
    return _accesses(connection, query.where(t.executions.c.id.in_(list(ids))))


def _accesses(connection: Connection, query: Any) -> list[Accesses]:
    executions = connection.execute(query.order_by(t.executions.c.id)).all()
    accesses: defaultdict[int, list[tuple[str, FileAccess]]] = defaultdict(list)
    ids = [row.id for row in executions]
    for row in connection.execute(
        select(t.accesses).where(t.accesses.c.execution_id.in_(ids)).order_by(t.accesses.c.id)
    ):
        accesses[row.execution_id].append((row.kind, FileAccess(row.path, row.sha256, row.bytes)))
    return [(row.id, bool(row.probed), accesses[row.id]) for row in executions]


class MadeIn(msgspec.Struct, frozen=True):
    """Ids of the cells that left something last: of files by path, of metrics by name."""

    files: dict[str, str]
    metrics: dict[str, str]


def made_in_cells(connection: Connection, run: str, path: str) -> MadeIn:
    """Which cells of a notebook wrote what in a run."""
    mine = and_(
        t.executions.c.run_id == run,
        t.notebooks.c.path == path,
        t.executions.c.cell_id.is_not(None),
    )
    joined = t.executions.join(t.notebooks, t.notebooks.c.id == t.executions.c.notebook_id)
    writes = connection.execute(
        select(t.accesses.c.path, t.executions.c.cell_id)
        .select_from(joined.join(t.accesses, t.accesses.c.execution_id == t.executions.c.id))
        .where(mine, t.accesses.c.kind == "write")
        .order_by(t.accesses.c.id)
    )
    values = connection.execute(
        select(t.metrics.c.name, t.executions.c.cell_id)
        .select_from(joined.join(t.metrics, t.metrics.c.execution_id == t.executions.c.id))
        .where(mine)
        .order_by(t.metrics.c.id)
    )
    return MadeIn(
        {row.path: row.cell_id for row in writes}, {row.name: row.cell_id for row in values}
    )


def executed_copy(connection: Connection, run: str, path: str) -> str | None:
    """The blob of the notebook as a step of a run left it, however that ended."""
    return connection.execute(
        select(t.run_steps.c.executed_blob).where(
            t.run_steps.c.run_id == run, t.run_steps.c.path == path
        )
    ).scalar()


def started_children(connection: Connection, ids: Sequence[int]) -> bool:
    """Whether one of these executions started a process whose reads nobody knows."""
    query = select(t.executions.c.id).where(
        t.executions.c.id.in_(list(ids)), t.executions.c.children.is_(True)
    )
    return connection.execute(query.limit(1)).first() is not None


def run_metrics(connection: Connection, ids: Sequence[int]) -> dict[str, float | None]:
    """Last value of every metric that these executions left."""
    rows = connection.execute(
        select(t.metrics.c.name, t.metrics.c.value)
        .where(t.metrics.c.execution_id.in_(list(ids)))
        .order_by(t.metrics.c.id)
    )
    return {row.name: row.value for row in rows}


def run_environment(connection: Connection, ids: Sequence[int]) -> str | None:
    """The environment in which the last of these executions ran."""
    return connection.execute(
        select(t.executions.c.environment_id)
        .where(t.executions.c.id.in_(list(ids)), t.executions.c.environment_id.is_not(None))
        .order_by(t.executions.c.id.desc())
        .limit(1)
    ).scalar()


def _select_steps() -> Any:
    return (
        select(
            t.run_steps,
            t.runs.c.started_at.label("run_started_at"),
            t.notebooks.c.path.label("live_path"),
        )
        .join(t.runs, t.runs.c.id == t.run_steps.c.run_id)
        .outerjoin(
            t.notebooks,
            (t.notebooks.c.id == t.run_steps.c.notebook_id) & t.notebooks.c.retired_at.is_(None),
        )
    )


def _named(path: str) -> Any:
    """Steps of the notebook that has this path now, whatever it was called then."""
    return func.coalesce(t.notebooks.c.path, t.run_steps.c.path) == path


def _newest_by_path(connection: Connection, statuses: tuple[str, ...]) -> dict[str, StepRecord]:
    name = func.coalesce(t.notebooks.c.path, t.run_steps.c.path).label("name")
    newest = (
        select(name, func.max(t.runs.c.started_at).label("newest"))
        .select_from(t.run_steps)
        .join(t.runs, t.runs.c.id == t.run_steps.c.run_id)
        .outerjoin(
            t.notebooks,
            (t.notebooks.c.id == t.run_steps.c.notebook_id) & t.notebooks.c.retired_at.is_(None),
        )
        .where(t.run_steps.c.status.in_(statuses), t.runs.c.kind.in_(_COUNTED))
        .group_by(name)
        .subquery()
    )
    rows = connection.execute(
        _select_steps()
        .join(
            newest,
            (newest.c.name == func.coalesce(t.notebooks.c.path, t.run_steps.c.path))
            & (newest.c.newest == t.runs.c.started_at),
        )
        .where(t.run_steps.c.status.in_(statuses), t.runs.c.kind.in_(_COUNTED))
    ).all()
    return {record.path: record for record in _records(connection, rows)}


def _records(connection: Connection, rows: Iterable[Row[Any]]) -> list[StepRecord]:
    rows = list(rows)
    runs, positions = {row.run_id for row in rows}, {row.position for row in rows}
    files: defaultdict[tuple[str, int, str], list[FileAccess]] = defaultdict(list)
    stored: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    # A few of other steps may be among them; those of whole runs would be too many.
    theirs = t.step_files.c.run_id.in_(runs) & t.step_files.c.position.in_(positions)
    for file in connection.execute(
        select(t.step_files).where(theirs).order_by(t.step_files.c.path)
    ):
        access = FileAccess(file.path, file.sha256, file.bytes)
        files[file.run_id, file.position, file.kind].append(access)
        if file.blob and file.sha256:
            stored[file.run_id, file.position].add(file.sha256)
    return [
        StepRecord(
            run=row.run_id,
            position=row.position,
            path=row.live_path or row.path,
            code_key=row.code_key,
            cache_key=row.cache_key,
            sources_digest=row.sources_digest,
            environment=row.environment_id,
            executed_blob=row.executed_blob,
            params=row.params or {},
            metrics=row.metrics or {},
            seconds=row.seconds,
            started_at=row.run_started_at,
            inputs=tuple(files[row.run_id, row.position, "input"]),
            outputs=tuple(files[row.run_id, row.position, "output"]),
            stored=frozenset(stored[row.run_id, row.position]),
        )
        for row in rows
    ]


def first_inputs(steps: Sequence[StepRecord]) -> list[FileAccess]:
    """Files that a run starts from: read by a step and made by none before it."""
    made: set[str] = set()
    found: dict[str, FileAccess] = {}
    for step in steps:
        for access in step.inputs:
            if access.path not in made:
                found.setdefault(access.path, access)
        made.update(access.path for access in step.outputs)
    return [found[path] for path in sorted(found)]


def steps_left(connection: Connection, run: str) -> list[tuple[int, str]]:
    """Position and status of the steps of a run that have not ended."""
    rows = connection.execute(
        select(t.run_steps.c.position, t.run_steps.c.status)
        .where(t.run_steps.c.run_id == run, t.run_steps.c.status.in_(("waiting", "running")))
        .order_by(t.run_steps.c.position)
    )
    return [(row.position, row.status) for row in rows]
