"""The ledger: schema, transactions, the writer thread, histories and pages."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from nbtrail.errors import NotFoundError, StoreError, UsageError
from nbtrail.ledger import executions, history, queries, runs, search, tables
from nbtrail.ledger.migrate import alembic_config
from nbtrail.ledger.records import ExecutionEnd, ExecutionStart, FileAccess, KernelSession
from nbtrail.ledger.store import DATABASE_NAME, Store, set_aside
from nbtrail.project import Project


def run_cell(connection: sa.Connection, number: int, notebook: str = "a.ipynb") -> int:
    executions.open_session(
        connection, KernelSession("session", "kernel", "python3", "python", 1.0)
    )
    start = ExecutionStart(
        "session", f"msg-{number}", notebook, f"cell-{number % 3}", number, number, "x", 1.0
    )
    identity = executions.start_execution(connection, start)
    executions.finish_execution(
        connection,
        ExecutionEnd(
            "session", f"msg-{number}", "ok", 0.5, reads=(FileAccess("data.csv", "ab", 2),)
        ),
    )
    return identity


@pytest.fixture
def empty(tmp_path: Path, database: str) -> Iterator[sa.Connection]:
    """A connection to a database in which there is nothing."""
    engine = sa.create_engine(database or f"sqlite:///{tmp_path / 'old.db'}")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def migrate(connection: sa.Connection, revision: str) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def test_migrations_lead_to_the_tables(empty: sa.Connection) -> None:
    migrate(empty, "head")
    # The tables of the full-text search are not known to SQLAlchemy.
    known = {"include_name": lambda name, kind, _: kind != "table" or "search" not in name}
    context = MigrationContext.configure(empty, opts=known)
    assert compare_metadata(context, tables.metadata) == []
    assert context.get_current_revision() == tables.SCHEMA_VERSION


def test_what_an_older_ledger_holds_can_be_searched(empty: sa.Connection) -> None:
    migrate(empty, "0001")
    for statement in (
        "INSERT INTO sessions (id, kernel_id, started_at) VALUES ('s', 'k', 1)",
        "INSERT INTO executions (id, session_id, msg_id, cell_id_inferred, position, source, "
        "source_sha256, started_at, status, error_name, error_message, probed, messages) "
        "VALUES (7, 's', 'm', false, 1, 'fit(forest)', '', 1, 'error', 'ValueError', "
        "'too small', false, 0)",
        "INSERT INTO accesses (execution_id, kind, path) VALUES (7, 'write', 'models/old.pkl')",
    ):
        empty.execute(sa.text(statement))
    migrate(empty, "head")
    for words in ("forest", "too small", "old.pkl"):
        hits, _ = search.find(empty, words)
        assert [hit.id for hit in hits] == ["7"]


def test_an_old_ledger_is_upgraded_once_by_many(project: Project, empty: sa.Connection) -> None:
    database = str(project.state_dir / DATABASE_NAME)
    if empty.dialect.name == "sqlite":
        project.state_dir.mkdir()
        empty = sa.create_engine(f"sqlite:///{database}").connect()
    migrate(empty, "0001")
    empty.commit()
    empty.close()
    failures: list[BaseException] = []

    def open_it() -> None:
        try:
            Store.open(project).close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    store = Store.open(project)
    with store.read() as connection:
        version = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    store.close()
    assert version == tables.SCHEMA_VERSION


def test_the_state_folder_ignores_itself(project: Project, store: Store) -> None:
    ignore = (project.state_dir / ".gitignore").read_text()
    assert ignore.startswith("*\n")
    assert "!runs/" in ignore


def test_executions_come_back_newest_first_in_pages(store: Store) -> None:
    with store.write() as connection:
        for number in range(7):
            run_cell(connection, number)
    with store.read() as connection:
        first, cursor = queries.executions(connection, "a.ipynb", limit=3)
        second, rest = queries.executions(connection, "a.ipynb", limit=4, after=cursor)
        by_cell = queries.last_executions(connection, "a.ipynb")
    assert [e.order for e in first + second] == [6, 5, 4, 3, 2, 1, 0]
    assert rest is None
    assert first[0].reads == (FileAccess("data.csv", "ab", 2),)
    assert first[0].started_at == "1970-01-01T00:00:01.000Z"
    assert {cell: row.position for cell, row in by_cell.items()} == {
        "cell-0": 6, "cell-1": 4, "cell-2": 5,
    }  # fmt: skip


@pytest.mark.parametrize(("limit", "after"), [(0, None), (501, None), (5, "x")])
def test_bad_pages_are_refused(store: Store, limit: int, after: str | None) -> None:
    with store.read() as connection, pytest.raises(UsageError):
        queries.executions(connection, limit=limit, after=after)


def test_a_late_environment_reaches_what_ran_before(store: Store) -> None:
    with store.write() as connection:
        run_cell(connection, 1)
        identity = executions.set_session_environment(connection, "session", {"python": "3.11"})
        run_cell(connection, 2)
    with store.read() as connection:
        found, _ = queries.executions(connection)
        payload = queries.environment(connection, identity[:8])
    assert {e.environment for e in found} == {identity}
    assert payload["python"] == "3.11"


def test_a_dead_kernel_ends_what_ran(store: Store) -> None:
    with store.write() as connection:
        run_cell(connection, 1)
        executions.start_execution(
            connection, ExecutionStart("session", "m", "a.ipynb", None, 2, 2, "loop", 5.0)
        )
        executions.close_session(connection, "session", "died", 7.0)
    with store.read() as connection:
        (last, before), _ = queries.executions(connection)
    assert (last.status, last.seconds) == ("died", 2.0)
    assert before.status == "ok"


def test_a_verify_does_not_make_a_notebook_look_run(store: Store) -> None:
    with store.write() as connection:
        run_cell(connection, 1)
        runs.create_run(connection, "verify-run", "verify", request={})
        executions.open_session(connection, KernelSession("copy", "k", "python3", "python", 1.0))
        executions.start_execution(
            connection,
            ExecutionStart("copy", "m", "a.ipynb", "cell-1", 1, 1, "x", 2.0, run="verify-run"),
        )
    with store.read() as connection:
        last = queries.last_executions(connection, "a.ipynb")
    assert {cell: row.session_id for cell, row in last.items()} == {"cell-1": "session"}


def test_history_follows_a_rename_and_a_copy_starts_its_own(store: Store) -> None:
    with store.write() as connection:
        run_cell(connection, 1, "old.ipynb")
        run_cell(connection, 2, "new.ipynb")
        history.rename_notebook(connection, "old.ipynb", "new.ipynb")
        history.fork_notebook(connection, "new.ipynb", "copy.ipynb")
    with store.read() as connection:
        renamed, _ = queries.executions(connection, "new.ipynb")
        copied, _ = queries.executions(connection, "copy.ipynb")
        everything, _ = queries.executions(connection)
    assert [e.order for e in renamed] == [1]
    assert copied == []
    assert len(everything) == 2


def test_runs_steps_and_their_files(store: Store) -> None:
    run = runs.new_run_id()
    with store.write() as connection:
        runs.create_run(connection, run, "pipeline", request={"force": True}, params={"a": 1})
        runs.plan_steps(connection, run, ["a.ipynb", "b.ipynb"])
        runs.update_step(connection, run, 0, status="ran", seconds=1.5, metrics={"auc": 0.9})
        output = FileAccess("data/2026-11-20_x.csv", "ff", 3)
        model = FileAccess("models/forest.joblib", "ee", 9)
        data = FileAccess("data/2026-11-19_w.csv", "dd", 5)
        runs.set_step_files(connection, run, 0, inputs=[data], outputs=[output, model])
        assert runs.request_cancel(connection, run) == "queued"
        assert runs.heartbeat(connection, run)
        runs.update_run(connection, run, status="cancelled")
    with store.read() as connection:
        (summary,), _ = queries.runs(connection)
        detail = queries.run_detail(connection, run)
        step = queries.last_step_row(connection, "a.ipynb")
        with pytest.raises(NotFoundError):
            queries.run_detail(connection, "nothing")
    assert (summary.status, summary.steps_done, summary.steps_total) == ("cancelled", 1, 2)
    assert summary.metrics == {"auc": 0.9}
    assert detail.steps[0].outputs == (output, model)
    assert detail.as_json()["models"] == [
        {
            "path": model.path, "sha256": "ee", "bytes": 9, "step": "a.ipynb",
            "inputs": [data.path], "metrics": {"auc": 0.9}, "params": {}, "environment": None,
        }
    ]  # fmt: skip
    assert step is not None
    assert step.seconds == 1.5


def test_pages_of_runs_do_not_overlap(store: Store) -> None:
    with store.write() as connection:
        for number in range(5):
            runs.create_run(connection, f"run-{number}", "pipeline", request={}, started_at=1.0)
    with store.read() as connection:
        first, cursor = queries.runs(connection, limit=3)
        second, end = queries.runs(connection, limit=3, after=cursor)
    assert [r.run for r in first + second] == [f"run-{n}" for n in (4, 3, 2, 1, 0)]
    assert end is None


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_damaged_ledger_is_named_and_set_aside(project: Project) -> None:
    project.state_dir.mkdir()
    database = project.state_dir / DATABASE_NAME
    database.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="doctor --repair"):
        Store.open(project)
    aside = set_aside(project)
    assert aside is not None
    assert aside.read_bytes().startswith(b"this is no database")
    Store.open(project).close()


def test_a_newer_schema_is_refused_and_kept(project: Project, store: Store) -> None:
    with store.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="Upgrade nbtrail"):
        Store.open(project)


def test_blobs_are_private_and_checked(store: Store) -> None:
    digest = store.blobs.put(b"content" * 100)
    assert store.blobs.put(b"content" * 100) == digest
    assert store.blobs.get(digest) == b"content" * 100
    (file,) = store.folder.joinpath("blobs").rglob("*.zst")
    assert file.stat().st_mode & 0o777 == 0o600
    os.chmod(file, 0o600)
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(NotFoundError):
        store.blobs.get(digest)


def test_two_writers_wait_for_each_other(project: Project, store: Store) -> None:
    holding, release = threading.Event(), threading.Event()

    def hold() -> None:
        with store.write() as connection:
            run_cell(connection, 1)
            holding.set()
            release.wait(5)

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(5)
    timer = threading.Timer(0.2, release.set)
    timer.start()
    begun = time.monotonic()
    with store.write() as connection:
        run_cell(connection, 2)
    assert time.monotonic() - begun >= 0.1
    thread.join()
