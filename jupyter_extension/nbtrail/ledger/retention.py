"""Keeping the ledger within its limits: what may go, and how it goes.

`plan` only reads and says what would be removed, `remove` does it in small transactions, so that
a server that records meanwhile hardly waits. What people and the pipeline rely on stays, whatever
the limits say: see `_Kept`.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Row, delete, exists, func, or_, select, text

from nbtrail.config import StoreConfig
from nbtrail.ledger import search, snapshots
from nbtrail.ledger import tables as t
from nbtrail.ledger.records import FINISHED
from nbtrail.ledger.runs import blob_of_request
from nbtrail.ledger.store import Store

#: Blobs and records younger than this many seconds may belong to something not yet on record.
GRACE = 3600.0
_MB = 1_000_000
_DAY = 86_400.0
_CHUNK = 500
_GOOD = ("ran", "cached")

Item = TypeVar("Item")


class Sizes(msgspec.Struct, frozen=True):
    """What there is, and the bytes that it takes."""

    executions: int
    runs: int
    database: int
    blobs: int

    @property
    def bytes(self) -> int:
        """All of it."""
        return self.database + self.blobs


class Plan(msgspec.Struct, frozen=True):
    """What would be removed.

    Attributes
    ----------
    moments
        Entries of timelines.
    blobs
        Blobs that nothing refers to then, by hash.
    freed
        Bytes that the removal makes room for, those of the database estimated.
    before
        What there is.
    """

    executions: tuple[int, ...]
    runs: tuple[str, ...]
    blobs: frozenset[str]
    freed: int
    before: Sizes
    moments: tuple[int, ...] = ()

    @property
    def is_large(self) -> bool:
        """Whether more than half of what there is would go."""
        return (
            2 * len(self.executions) > self.before.executions
            or 2 * len(self.runs) > self.before.runs
            or 2 * self.freed > self.before.bytes
        )


def sizes(connection: Connection, store: Store) -> Sizes:
    """How large the store is."""
    return Sizes(
        executions=connection.execute(select(func.count()).select_from(t.executions)).scalar_one(),
        runs=connection.execute(select(func.count()).select_from(t.runs)).scalar_one(),
        database=database_bytes(connection),
        blobs=sum(size for _digest, size, _age in store.blobs.listing()),
    )


def database_bytes(connection: Connection) -> int:
    """Bytes of the database that hold something."""
    if connection.dialect.name == "sqlite":
        pages, free, size = (
            connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)
    names = [*t.metadata.tables, "search"]
    return sum(
        int(
            connection.execute(
                text("SELECT pg_total_relation_size(to_regclass(:name))"), {"name": name}
            ).scalar()
            or 0
        )
        for name in names
    )


def plan(store: Store, limits: StoreConfig, now: float | None = None) -> Plan:
    """What has to go: what is older than ``keep_days``, then the oldest until below ``max_mb``."""
    now = time.time() if now is None else now
    listing = {digest: (size, age) for digest, size, age in store.blobs.listing(now)}
    with store.read() as connection:
        before = sizes(connection, store)
        references = _References(connection)
        kept = _Kept(connection)
        moments = snapshots.Moments(connection)
        units = [*_units(connection, kept, now), *(_Unit(at, moment=m) for at, m in moments.old)]
    units.sort(key=lambda unit: unit.at)
    removable = {digest: size for digest, (size, age) in listing.items() if age > GRACE}
    orphans = {digest for digest in removable if digest not in references.counts}
    freed = sum(removable[digest] for digest in orphans)
    each = before.database / max(before.executions, 1)
    cutoff = now - limits.keep_days * _DAY if limits.keep_days else None
    too_much = before.bytes - limits.max_mb * _MB if limits.max_mb else None
    runs: list[str] = []
    executions: list[int] = []
    gone_moments: list[int] = []
    for unit in units:
        is_old = cutoff is not None and unit.at < cutoff
        if not is_old and (too_much is None or freed >= too_much):
            break
        executions += unit.executions
        freed += int(each * len(unit.executions))
        gone: set[str] = set()
        if unit.run is not None:
            runs.append(unit.run)
            gone = references.drop(unit.run) & removable.keys()
        elif unit.moment is not None:
            gone_moments.append(unit.moment)
            gone = references.release(moments.drop(unit.moment)) & removable.keys()
        freed += sum(removable[digest] for digest in gone)
        orphans |= gone
    return Plan(
        tuple(executions), tuple(runs), frozenset(orphans), freed, before, tuple(gone_moments)
    )


def remove(store: Store, planned: Plan) -> Sizes:
    """Remove what was planned, but for what was tagged or noted since; returns what is left.

    A blob that was written again or is referred to by now stays as well.
    """
    runs = []
    for chunk in _chunks(planned.runs):
        with store.write() as connection:
            plain = select(t.runs.c.id).where(
                t.runs.c.id.in_(chunk), t.runs.c.tag.is_(None), t.runs.c.note.is_(None)
            )
            going = list(connection.execute(plain).scalars())
            connection.execute(delete(t.step_files).where(t.step_files.c.run_id.in_(going)))
            connection.execute(delete(t.runs).where(t.runs.c.id.in_(going)))
            runs += going
    stayed = set(planned.runs) - set(runs)
    for numbers in _chunks(planned.executions):
        with store.write() as connection:
            theirs = select(t.executions.c.id).where(
                t.executions.c.id.in_(numbers), t.executions.c.run_id.in_(stayed)
            )
            left = set(connection.execute(theirs).scalars()) if stayed else set()
            gone = [number for number in numbers if number not in left]
            search.remove(connection, gone)
            connection.execute(delete(t.executions).where(t.executions.c.id.in_(gone)))
    for numbers in _chunks(planned.moments):
        with store.write() as connection:
            connection.execute(delete(t.timeline).where(t.timeline.c.id.in_(numbers)))
    with store.write() as connection:
        _remove_unused(connection, time.time() - GRACE)
        if planned.moments:
            snapshots.remove_unused_packs(connection)
    with store.read() as connection:
        referred = _References(connection).counts
        for digest in planned.blobs:
            if digest not in referred:
                store.blobs.remove(digest, GRACE)
        store.blobs.sweep(GRACE)
        return sizes(connection, store)


class _Unit(msgspec.Struct):
    """What goes together: a run with its executions, a single execution, an entry of a timeline."""

    at: float
    run: str | None = None
    executions: list[int] = []
    moment: int | None = None


class _Kept:
    """What stays whatever the limits say.

    Runs with a tag or a note, those under way, the newest one, the newest that a verify may
    compare with, and for each notebook the runs with its last copy and its last good results;
    the runs that these were compared with or took results from; all executions of these runs.
    Of the other executions the newest of each cell, and for each notebook all of the kernel
    session in which it ran last: with these its status is told.
    """

    def __init__(self, connection: Connection) -> None:
        self.runs = self._kept_runs(connection)
        self.executions = self._kept_executions(connection)

    def _kept_runs(self, connection: Connection) -> set[str]:
        rows = connection.execute(
            select(t.runs).order_by(t.runs.c.started_at.desc(), t.runs.c.id.desc())
        ).all()
        kept = {row.id for row in rows if row.tag or row.note or row.status not in FINISHED}
        kept.update(row.id for row in rows[:1])
        steps = connection.execute(
            select(
                t.run_steps,
                t.runs.c.kind,
                t.runs.c.status.label("run_status"),
                func.coalesce(t.notebooks.c.path, t.run_steps.c.path).label("name"),
            )
            .join(t.runs, t.runs.c.id == t.run_steps.c.run_id)
            .outerjoin(
                t.notebooks,
                (t.notebooks.c.id == t.run_steps.c.notebook_id)
                & t.notebooks.c.retired_at.is_(None),
            )
            .order_by(t.runs.c.started_at.desc(), t.runs.c.id.desc())
        ).all()
        kept |= _newest_of_each_notebook(steps) | _newest_whole_runs(steps)
        return kept | _they_refer_to(kept, rows, steps)

    def _kept_executions(self, connection: Connection) -> set[int]:
        own = or_(
            t.executions.c.run_id.is_(None),
            t.executions.c.run_id.not_in(select(t.runs.c.id).where(t.runs.c.kind == "verify")),
        )
        newest = connection.execute(
            select(
                func.max(t.executions.c.id).label("id"),
                t.executions.c.notebook_id,
                t.executions.c.cell_id,
            )
            .where(own)
            .group_by(t.executions.c.notebook_id, t.executions.c.cell_id)
        ).all()
        kept = {row.id for row in newest}
        kept.update(
            connection.execute(
                select(t.executions.c.id).where(t.executions.c.status == "running")
            ).scalars()
        )
        last: dict[int, int] = {}
        for row in newest:
            if row.notebook_id is not None and row.cell_id is not None:
                last[row.notebook_id] = max(row.id, last.get(row.notebook_id, 0))
        for chunk in _chunks(list(last.values())):
            latest = t.executions.alias()
            kept.update(
                connection.execute(
                    select(t.executions.c.id).join(
                        latest,
                        latest.c.id.in_(chunk)
                        & (latest.c.session_id == t.executions.c.session_id)
                        & (latest.c.notebook_id == t.executions.c.notebook_id),
                    )
                ).scalars()
            )
        return kept


def _newest_of_each_notebook(steps: Sequence[Row[Any]]) -> set[str]:
    """Runs with the newest copy, end, good and real execution of each notebook."""
    found: dict[tuple[str, str], str] = {}
    for step in steps:
        if step.kind == "verify":
            continue
        for wanted, is_one in (
            ("copy", step.executed_blob is not None),
            ("ended", step.status in (*_GOOD, "failed")),
            ("good", step.status in _GOOD),
            ("ran", step.status == "ran"),
        ):
            if is_one:
                found.setdefault((step.name, wanted), step.run_id)
    return set(found.values())


def _newest_whole_runs(steps: Sequence[Row[Any]]) -> set[str]:
    """The newest good run of the pipeline, and the newest that had as many steps as any."""
    counts: Counter[str] = Counter()
    for step in steps:
        if step.kind == "pipeline" and step.run_status == "ok" and step.status in _GOOD:
            counts[step.run_id] += 1
    most = max(counts.values(), default=0)
    largest = next((run for run, count in counts.items() if count == most), None)
    return {run for run in (next(iter(counts), None), largest) if run is not None}


def _they_refer_to(kept: set[str], runs: Sequence[Row[Any]], steps: Sequence[Row[Any]]) -> set[str]:
    """Runs that kept ones were compared with, or whose results they took over, and so on."""
    against = {row.id: row.against for row in runs if row.against}
    there = {row.id for row in runs}
    made: defaultdict[tuple[Any, ...], list[str]] = defaultdict(list)
    taken: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for step in steps:
        key = (step.notebook_id, step.cache_key, step.executed_blob)
        if step.status == "ran":
            made[key].append(step.run_id)
        elif step.status == "cached":
            taken[step.run_id].append(key)
    found: set[str] = set()
    waiting = list(kept)
    while waiting:
        run = waiting.pop()
        needed = {against[run]} if run in against else set()
        needed.update(made[key][0] for key in taken[run] if made[key])
        new = (needed & there) - kept - found
        found |= new
        waiting += new
    return found


class _References:
    """How many times each blob is referred to, and by which runs."""

    def __init__(self, connection: Connection) -> None:
        self.counts: Counter[str] = Counter()
        self._of_run: defaultdict[str, list[str]] = defaultdict(list)
        for row in connection.execute(
            select(t.run_steps.c.run_id, t.run_steps.c.executed_blob.label("digest"))
        ):
            self._add(row.run_id, row.digest)
        for row in connection.execute(
            select(t.step_files.c.run_id, t.step_files.c.sha256).where(t.step_files.c.blob)
        ):
            self._add(row.run_id, row.sha256)
        for row in connection.execute(select(t.runs.c.id, t.runs.c.request)):
            self._add(row.id, blob_of_request(row.request))
        self.counts.update(connection.execute(select(t.pairs.c.base_blob)).scalars())
        self.counts.update(connection.execute(select(t.kept.c.sha256)).scalars())
        self.counts.update(connection.execute(select(t.packs.c.sha256)).scalars())

    def drop(self, run: str) -> set[str]:
        """Take away what a run refers to; returns what nothing refers to then."""
        return self.release(self._of_run.pop(run, ()))

    def release(self, digests: Iterable[str]) -> set[str]:
        """Count references less; returns what nothing refers to then."""
        gone = set()
        for digest in digests:
            self.counts[digest] -= 1
            if not self.counts[digest]:
                del self.counts[digest]
                gone.add(digest)
        return gone

    def _add(self, run: str, digest: str | None) -> None:
        if digest is not None:
            self.counts[digest] += 1
            self._of_run[run].append(digest)


def _units(connection: Connection, kept: _Kept, now: float) -> list[_Unit]:
    """Runs and executions that may go."""
    units: list[_Unit] = []
    by_run: dict[str, _Unit] = {}
    staying = set()
    for run, started_at in connection.execute(select(t.runs.c.id, t.runs.c.started_at)):
        if run in kept.runs:
            staying.add(run)
        else:
            by_run[run] = _Unit(started_at, run, [])
    columns = (t.executions.c.id, t.executions.c.run_id, t.executions.c.started_at)
    for row in connection.execute(select(*columns)):
        # An execution that stays does not keep its run: a cell's newest stands for itself.
        if row.run_id in staying or row.id in kept.executions:
            continue
        unit = by_run.get(row.run_id or "")
        if unit is not None:
            unit.executions.append(row.id)
        elif row.started_at < now - GRACE:
            units.append(_Unit(row.started_at, None, [row.id]))
    return [*units, *by_run.values()]


def _remove_unused(connection: Connection, before: float) -> None:
    """Remove ended sessions without executions, and environments of nothing."""
    connection.execute(
        delete(t.sessions).where(
            t.sessions.c.ended_at < before,
            ~exists().where(t.executions.c.session_id == t.sessions.c.id),
        )
    )
    connection.execute(
        delete(t.environments).where(
            t.environments.c.first_seen_at < before,
            *(
                ~exists().where(table.c.environment_id == t.environments.c.id)
                for table in (t.sessions, t.executions, t.runs, t.run_steps)
            ),
        )
    )


def _chunks(items: Sequence[Item] | Iterable[Item]) -> Iterator[list[Item]]:
    items = list(items)
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


def compact(database: Path) -> bool:
    """Give the room of removed records back to the disk; false where someone else has it open."""
    import sqlite3

    try:
        connection = sqlite3.connect(database, timeout=0, isolation_level=None)
        try:
            # Leaving WAL needs every other connection to be gone, so this is the question, too.
            (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
            if mode != "delete":
                return False
            connection.execute("INSERT INTO search(search) VALUES ('optimize')")
            connection.execute("VACUUM")
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()
    except sqlite3.Error:
        return False
    return True
