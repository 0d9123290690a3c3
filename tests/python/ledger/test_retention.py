"""What goes when the ledger has limits, and what stays whatever they say."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nbtrail.app import open_project
from nbtrail.config import StoreConfig
from nbtrail.errors import NotFoundError
from nbtrail.history.versions import Sources, Version, load_version
from nbtrail.ledger import executions, pairs, queries, retention, runs, search, tables
from nbtrail.ledger.records import ExecutionEnd, ExecutionStart, FileAccess, KernelSession
from nbtrail.ledger.snapshots import Snapshots
from nbtrail.ledger.store import DATABASE_NAME, Store
from nbtrail.notebooks.document import dump_notebook
from nbtrail.pipeline.card import annotate
from nbtrail.project import Project
from nbtrail.server.retention import Keeper

from .conftest import configure

DAY = 86_400.0
NOW = time.time()


class Record:
    """Fills a ledger with a past."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._count = 0

    def cell(self, days: float, *, session: str = "s", cell: str = "c", run: str | None = None,
             notebook: str = "a.ipynb", source: str = "x = 1") -> int:  # fmt: skip
        """One execution, so many days ago; returns its id."""
        self._count += 1
        message, begun = f"m{self._count}", NOW - days * DAY
        with self.store.write() as connection:
            executions.open_session(
                connection, KernelSession(session, "k", "python3", "python", begun)
            )
            start = ExecutionStart(
                session, message, notebook, cell, self._count, 1, source, begun, run=run
            )
            identity = executions.start_execution(connection, start)
            end = ExecutionEnd(
                session, message, "ok", 0.5, reads=(FileAccess("in.csv", "ab", 1),),
                metrics=(("auc", 0.5, None),),
            )  # fmt: skip
            executions.finish_execution(connection, end)
            executions.close_session(connection, session, "ended", begun + 1)
        return identity

    def run(self, name: str, days: float, *, kind: str = "pipeline", status: str = "ok",
            step: str = "ran", cache_key: str | None = None, copy: bytes | None = None,
            **values: Any) -> str:  # fmt: skip
        """One run of `a.ipynb` with a copy and an output among the blobs; returns its id."""
        content = dump_notebook(
            {"nbformat": 4, "nbformat_minor": 5, "metadata": {"name": name}, "cells": []}
        )
        blob = self.blob(content if copy is None else copy)
        output = self.blob(f"output of {name}".encode())
        with self.store.write() as connection:
            runs.create_run(
                connection, name, kind, request={}, started_at=NOW - days * DAY, **values
            )
            runs.plan_steps(connection, name, ["a.ipynb"])
            runs.update_step(
                connection, name, 0, status=step, executed_blob=blob, cache_key=cache_key
            )
            runs.set_step_files(
                connection, name, 0, inputs=[], in_blobs=frozenset({output}),
                outputs=[FileAccess("out.csv", output, 10)],
            )  # fmt: skip
            runs.update_run(connection, name, status=status)
        return name

    def blob(self, content: bytes, hours: float = 2) -> str:
        """A content that was written so many hours ago."""
        digest = self.store.blobs.put(content)
        (file,) = self.store.folder.glob(f"blobs/*/{digest}.zst")
        os.utime(file, (NOW - hours * 3600,) * 2)
        return digest

    def executions(self) -> set[int]:
        with self.store.read() as connection:
            return set(connection.execute(sa.select(tables.executions.c.id)).scalars())

    def runs(self) -> set[str]:
        with self.store.read() as connection:
            return set(connection.execute(sa.select(tables.runs.c.id)).scalars())


@pytest.fixture
def record(store: Store) -> Record:
    return Record(store)


def collect(store: Store, **limits: float) -> retention.Plan:
    planned = retention.plan(store, StoreConfig(**limits))
    retention.remove(store, planned)
    return planned


def test_without_limits_nothing_on_record_goes(store: Store, record: Record) -> None:
    record.cell(4000)
    record.cell(1)
    record.run("r", 4000)
    planned = collect(store)
    assert (planned.executions, planned.runs, planned.blobs) == ((), (), frozenset())


def test_old_executions_go_with_all_that_belongs_to_them(store: Store, record: Record) -> None:
    old = record.cell(50, session="old", source="needle = 1")
    record.cell(3, session="new")
    planned = collect(store, keep_days=30)
    assert planned.executions == (old,)
    with store.read() as connection:
        assert search.find(connection, "needle")[0] == []
        for table in (tables.executions, tables.accesses, tables.metrics, tables.sessions):
            count = sa.select(sa.func.count()).select_from(table)
            assert connection.execute(count).scalar_one() == 1, table


def test_what_the_status_of_a_notebook_needs_stays(store: Store, record: Record) -> None:
    record.cell(90, session="older", cell="c1")
    last_of_c2 = record.cell(80, session="older", cell="c2")
    latest = {record.cell(70, session="last", cell="c1") for _ in range(3)}
    other = record.cell(60, session="last", cell="c3")
    elsewhere = record.cell(99, session="x", notebook="b.ipynb")
    collect(store, keep_days=30)
    assert record.executions() == {last_of_c2, *latest, other, elsewhere}


def test_runs_go_with_their_executions_and_contents(
    project: Project, store: Store, record: Record
) -> None:
    record.run("old", 60)
    gone = record.cell(60, session="old", run="old", cell="gone")
    record.run("newer", 50)
    record.cell(50, session="newer", run="newer", cell="gone")
    sources = Sources(project, store, Snapshots(store))
    old = Version("a.ipynb", "run:old")
    load_version(sources, old)
    planned = collect(store, keep_days=30)
    assert (planned.runs, planned.executions) == (("old",), (gone,))
    # Its copy and its output.
    assert len(planned.blobs) == 2
    assert record.runs() == {"newer"}
    load_version(sources, Version("a.ipynb", "last"))
    with pytest.raises(NotFoundError):
        load_version(sources, old)


def test_milestones_and_what_they_refer_to_stay(store: Store, record: Record) -> None:
    copy = b"the copy that both runs share"
    record.run("made", 100, cache_key="k", copy=copy)
    record.run("tagged", 90, cache_key="k", copy=copy, step="cached")
    record.run("base", 85)
    record.run("noted", 80, kind="verify", against="base")
    record.run("plain", 70)
    record.run("plain-verify", 60, kind="verify", against="plain")
    record.run("new", 1)
    annotate(store, "tagged", tag="client-report")
    annotate(store, "noted", note="why it failed")
    kept_cell = record.cell(100, session="made", run="made", cell="gone")
    record.cell(0.5, session="now", cell="gone")
    collect(store, keep_days=30)
    assert record.runs() == {"made", "tagged", "base", "noted", "new"}
    assert kept_cell in record.executions()
    for run in ("made", "tagged", "base", "noted"):
        with store.read() as connection:
            store.blobs.get(queries.step_notebook_blob(connection, run, 0))


def test_what_skipping_and_verify_need_stays(store: Store, record: Record) -> None:
    record.run("made", 100, cache_key="k", copy=b"c")
    record.run("good", 90, cache_key="k", copy=b"c", step="cached")
    record.run("older-failure", 80, status="failed", step="failed")
    record.run("failed", 70, status="failed", step="failed")
    record.run("verify", 60, kind="verify", against="good")
    with store.write() as connection:
        runs.create_run(connection, "active", "pipeline", request={}, started_at=NOW - 300 * DAY)
    collect(store, keep_days=1)
    assert record.runs() == {"made", "good", "failed", "verify", "active"}


def test_a_size_limit_takes_the_oldest_first_until_it_fits(store: Store, record: Record) -> None:
    for number in range(30):
        record.cell(30 - number, session=f"s{number}", source=f"x = '{'y' * 3000}'")
    last = max(record.executions())
    with store.read() as connection:
        size = retention.sizes(connection, store).bytes
    planned = retention.plan(store, StoreConfig(max_mb=size / 2 / 1e6))
    assert planned.executions == tuple(range(1, len(planned.executions) + 1))
    assert 10 < len(planned.executions) < 20
    assert planned.freed >= size / 2
    after = retention.remove(store, planned)
    assert after.executions == 30 - len(planned.executions)
    # However small the limit: the newest execution of the cell is needed.
    collect(store, max_mb=0.000001)
    assert record.executions() == {last}


def test_contents_go_when_nothing_refers_to_them_any_more(store: Store, record: Record) -> None:
    orphan, young = record.blob(b"orphan"), record.blob(b"young", hours=0.5)
    base, kept = record.blob(b"base"), record.blob(b"kept")
    shared = record.blob(b"shared copy")
    record.run("old", 60, copy=b"shared copy")
    record.run("new", 1, copy=b"shared copy")
    with store.write() as connection:
        pairs.put_base(connection, pairs.PairBase("a.ipynb", "a.py", "1", "2", base))
        pairs.record_kept(connection, "a.ipynb", kept, "renamed")
        request = runs.keep_request(store.blobs, {"params": {"password": "hunter2"}})
        runs.create_run(connection, "secret", "pipeline", request=request)
    left = store.folder / "blobs" / orphan[:2]
    (left / "killed.tmp").write_bytes(b"half")
    os.utime(left / "killed.tmp", (NOW - 2 * 3600,) * 2)
    planned = collect(store, keep_days=30)
    assert orphan in planned.blobs
    assert not store.blobs.has(orphan)
    assert not (left / "killed.tmp").exists()
    for digest in (young, base, kept, shared):
        assert store.blobs.has(digest)
    assert runs.request_of(store.blobs, request)["params"] == {"password": "hunter2"}


def test_what_was_asked_for_or_tagged_meanwhile_stays(store: Store, record: Record) -> None:
    orphan = record.blob(b"orphan")
    record.run("old", 60)
    record.run("older", 70)
    cell = record.cell(60, session="old", run="old", cell="gone")
    record.run("new", 1)
    record.cell(1, session="new", run="new", cell="gone")
    planned = retention.plan(store, StoreConfig(keep_days=30))
    assert set(planned.runs) == {"old", "older"}
    assert store.blobs.put(b"orphan") == orphan
    annotate(store, "old", tag="best")
    retention.remove(store, planned)
    assert record.runs() == {"old", "new"}
    assert cell in record.executions()
    assert store.blobs.has(orphan)
    with store.read() as connection:
        store.blobs.get(queries.step_notebook_blob(connection, "old", 0))


def test_every_column_that_names_a_blob_is_known() -> None:
    named = {
        f"{table.name}.{column.name}"
        for table in tables.metadata.sorted_tables
        for column in table.columns
        if "blob" in column.name
    }
    # Another one has to be counted in `_References`.
    assert named == {"run_steps.executed_blob", "step_files.blob", "pairs.base_blob"}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_room_is_given_back_when_nobody_has_the_database_open(
    project: Project, store: Store, record: Record
) -> None:
    for number in range(40):
        record.cell(60, session=f"s{number}", source="y" * 20_000)
    record.cell(1)
    collect(store, keep_days=30)
    file = store.folder / DATABASE_NAME
    with store.read():
        assert not retention.compact(file)
    store.close()
    before = file.stat().st_size
    assert retention.compact(file)
    assert file.stat().st_size < before / 2
    again = Store.open(project)
    with again.read() as connection:
        assert len(queries.executions(connection)[0]) == 1
        assert connection.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
    again.close()


def test_what_an_execution_printed_is_kept_up_to_the_limit(tmp_path: Path, database: str) -> None:
    store = Store.open(configure(tmp_path, database, "output_kb = 0.1"))
    with store.write() as connection:
        executions.open_session(connection, KernelSession("s", "k", "python3", "python", 1.0))
        executions.start_execution(
            connection, ExecutionStart("s", "m", "a.ipynb", "c", 1, 1, "print()", 1.0)
        )
        printed = "early " + "x " * 60 + "late"
        executions.finish_execution(connection, ExecutionEnd("s", "m", "ok", 0.5, output=printed))
    with store.read() as connection:
        assert len(search.find(connection, "early")[0]) == 1
        assert search.find(connection, "late")[0] == []
    store.close()


@pytest.mark.parametrize("line", ["keep_days = -1", "max_mb = -0.5", "output_kb = 21"])
def test_limits_that_make_no_sense_are_refused(tmp_path: Path, line: str) -> None:
    assert line.split()[0] in str(configure(tmp_path, "", line).config_error)


def test_the_server_looks_once_a_day(tmp_path: Path, database: str) -> None:
    configure(tmp_path, database, "keep_days = 30")
    with open_project(tmp_path) as opened:
        record = Record(opened.store)
        keeper = Keeper(lambda: [opened])
        record.cell(50, session="a")
        record.cell(40, session="b")
        keeper.look(1000.0)
        assert len(record.executions()) == 1
        record.cell(39, session="c")
        keeper.look(2000.0)
        assert len(record.executions()) == 2
        keeper.look(1000.0 + DAY)
        assert len(record.executions()) == 1
