"""What is different in PostgreSQL, and that a project works with its record there."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nbtrail.errors import StoreError
from nbtrail.ledger import executions, postgres, queries, runs, search, tables
from nbtrail.ledger.records import (
    CellError,
    ExecutionEnd,
    ExecutionStart,
    FileAccess,
    KernelSession,
)
from nbtrail.ledger.store import Store
from nbtrail.pipeline import progress
from nbtrail.project import Project

from .conftest import Server, configure


@pytest.fixture
def database(postgres: Server, new_database: Callable[[], str]) -> str:
    return postgres.address(new_database())


@pytest.fixture
def other(project: Project) -> Iterator[Store]:
    """The same ledger, as another process has it."""
    opened = Store.open(project)
    yield opened
    opened.close()


def run_cell(store: Store, source: str, **end: Any) -> None:
    with store.write() as connection:
        number = queries.newest_execution_id(connection) + 1
        executions.open_session(connection, KernelSession("s", "k", "python3", "python", 1.0))
        start = ExecutionStart("s", f"m{number}", "a.ipynb", "c", number, 1, source, 1.0)
        executions.start_execution(connection, start)
        executions.finish_execution(connection, ExecutionEnd("s", f"m{number}", "ok", 0.5, **end))


def test_what_its_types_do_not_take(store: Store) -> None:
    huge = 5 * 1024**3
    run_cell(
        store, "x = '\0needle'", output="\0" * 3 + "prüfen", error=CellError("E", "bad \0"),
        reads=(FileAccess("large.bin", "ab", huge),),
        metrics=(("auc", math.nan, 2**40), ("loss", math.inf, None)),
    )  # fmt: skip
    with store.write() as connection:
        runs.create_run(connection, "r", "pipeline", request={"a": [None, True, "\0"]})
        runs.plan_steps(connection, "r", ["a.ipynb"])
        runs.update_step(
            connection, "r", 0, metrics={"auc": math.nan, "loss": -math.inf}, error={"a": "\0"}
        )
        executions.set_session_environment(connection, "s", {"python": "3.11", "gpu": None})
    with store.read() as connection:
        (execution,), _ = queries.executions(connection)
        run = queries.run_detail(connection, "r")
        assert [hit.kind for hit in search.find(connection, "needle")[0]] == ["source"]
        # As in SQLite, accents make no difference.
        assert len(search.find(connection, "prufen")[0]) == 1
        request = connection.execute(sa.select(tables.runs.c.request)).scalar_one()
    assert execution.source == "x = '␀needle'"
    assert execution.reads == (FileAccess("large.bin", "ab", huge),)
    assert math.isnan(run.summary.metrics["auc"] or 0)
    assert run.summary.metrics["loss"] == -math.inf
    assert request == {"a": [None, True, "\0"]}


def test_texts_that_are_too_long_for_its_index_are_kept(store: Store) -> None:
    words = " ".join(f"wörd{number}" for number in range(200_000))
    run_cell(store, f"first = '{'A' * 1_000_000}'", output="found")
    run_cell(store, f"second = '''{words}'''")
    with store.read() as connection:
        assert len(queries.executions(connection)[0]) == 2
        assert [hit.id for hit in search.find(connection, "second wörd7")[0]] == ["2"]


@pytest.mark.parametrize("after", ["9" * 10, "9" * 19, "9" * 30, "-1"])
def test_numbers_that_are_too_large(store: Store, after: str) -> None:
    run_cell(store, "x")
    try:
        with store.read() as connection:
            found, _ = queries.executions(connection, after=after)
    except OverflowError:  # which REST answers as wrong use, as with SQLite
        return
    assert found == []


def test_a_reader_sees_one_moment(store: Store, other: Store) -> None:
    with store.read() as connection:
        assert queries.newest_execution_id(connection) == 0
        run_cell(other, "x")
        assert queries.newest_execution_id(connection) == 0
    with store.read() as connection:
        assert queries.newest_execution_id(connection) == 1


def wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_who_watches_hears_of_every_commit(store: Store, other: Store) -> None:
    first = store.change_marker()
    assert store.change_marker() == first
    run_cell(other, "x")
    wait(lambda: store.change_marker() != first)
    second = store.change_marker()
    run_cell(store, "y")
    wait(lambda: store.change_marker() != second)
    with pytest.raises(RuntimeError), other.write() as connection:
        queries.newest_execution_id(connection)
        raise RuntimeError("rolled back")
    third = store.change_marker()
    with other.read() as connection:
        queries.newest_execution_id(connection)
    assert store.change_marker() == third


def test_a_lock_that_is_not_given_up_is_said(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = postgres._BEGIN_WRITE.replace("'10000'", "'50'")
    monkeypatch.setattr(postgres, "_BEGIN_WRITE", quick)
    held = pytest.raises(StoreError, match="another program writes")
    with store.write(), held, other.write():
        pass
    with other.write():
        pass


def test_runs_of_other_machines_are_not_taken_for_lost(store: Store) -> None:
    with store.write() as connection:
        runs.create_run(connection, "elsewhere", "pipeline", request={})
        runs.update_run(connection, "elsewhere", status="running", pid=2**22 + 1)
    assert progress.mark_lost(store) == []
    with store.write() as connection:
        runs.update_run(connection, "elsewhere", heartbeat_at=time.time() - 120)
    assert progress.mark_lost(store) == ["elsewhere"]


def test_what_is_wrong_is_said_without_the_password(
    tmp_path: Path, postgres: Server, new_database: Callable[[], str]
) -> None:
    name = new_database()
    postgres.sql("CREATE ROLE careful LOGIN PASSWORD 'right-one'")
    postgres.sql("CREATE ROLE stranger LOGIN")
    right = postgres.address(name, user="careful", password="right-one")
    wrong = right.replace("right-one", "wrong-one")
    gone = f"postgresql+psycopg://careful:wrong-one@/{name}?host={tmp_path}"
    for address, said, hint in (
        (wrong, "password authentication failed", "~/.pgpass"),
        (gone, "cannot be used", "Start the server"),
        ("postgresql+psycopg://u:wrong-one@127.0.0.1:1/x", "on 127.0.0.1", "Start the server"),
        (postgres.address("nowhere"), 'database "nowhere" does not exist', "createdb"),
        (postgres.address(name, user="nobody-such"), "does not exist", "Check user"),
        (postgres.address(name, user="stranger"), "permission denied", "own the database"),
        ("mysql://u:wrong-one@host/x", "names mysql", "postgresql+psycopg://"),
        ("postgresql+psycopg2://u:wrong-one@h/x", "names postgresql+psycopg2", "For example"),
        ("u:wrong-one@host", "is no address", "postgresql+psycopg://"),
    ):
        with pytest.raises(StoreError) as caught:
            Store.open(configure(tmp_path, address))
        text = str(caught.value)
        assert said in text and hint in text, text
        assert "wrong-one" not in text
        assert "\n" not in text
    postgres.sql(f"ALTER DATABASE {name} OWNER TO careful")
    Store.open(configure(tmp_path, right)).close()


def test_a_missing_driver_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"pip install \"nbtrail\[postgres\]\""):
        Store.open(configure(tmp_path, "postgresql://me:secret@host/x"))


def test_a_server_that_comes_back_is_used_again(tmp_path: Path) -> None:
    server = Server()
    try:
        store = Store.open(configure(tmp_path, server.address("postgres")))
        before = store.change_marker()
        run_cell(store, "x")
        server.stop()
        with pytest.raises(StoreError, match="Start the server"):
            run_cell(store, "y")
        with pytest.raises(StoreError, match="cannot be used"):
            wait(lambda: store.change_marker() < 0)
        server.start()
        run_cell(store, "z")
        assert store.change_marker() > before
        with store.read() as connection:
            assert len(queries.executions(connection)[0]) == 2
        store.close()
    finally:
        server.remove()


def test_many_write_at_once(project: Project) -> None:
    Store.open(project).close()
    failures: list[BaseException] = []

    def work(number: int) -> None:
        store = Store.open(project)
        try:
            for step in range(10):
                with store.write() as connection:
                    runs.create_run(connection, f"{number}-{step}", "pipeline", request={})
                    runs.plan_steps(connection, f"{number}-{step}", [f"{step}.ipynb"])
        except BaseException as error:
            failures.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    store = Store.open(project)
    with store.read() as connection:
        assert len(queries.runs(connection, limit=500)[0]) == 60
        count = sa.select(sa.func.count()).select_from(tables.notebooks)
        assert connection.execute(count).scalar_one() == 10
    store.close()


def test_a_project_runs_and_is_verified(tmp_path: Path, database: str) -> None:
    project = tmp_path / "project"
    project.mkdir()
    configure(project, database)
    for name, *sources in (
        ("CLEANING-make-numbers.ipynb", "import json", "json.dump([1, 2], open('n.json', 'w'))"),
        ("EXPERIMENTAL-use-numbers.ipynb", "import json",
         "total_score = sum(json.load(open('n.json')))"),
    ):  # fmt: skip
        cells = [
            {"cell_type": "code", "id": f"cell-{n}", "source": source, "metadata": {},
             "outputs": [], "execution_count": None}
            for n, source in enumerate(sources)
        ]  # fmt: skip
        content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
        (project / name).write_text(json.dumps(content))

    def answer(*arguments: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "nbtrail.cli", "-C", str(project), *arguments, "--json"],
            capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"},
        )  # fmt: skip
        assert done.returncode == 0, (done.stdout, done.stderr)
        return json.loads(done.stdout)

    ran = answer("run")
    assert [step["status"] for step in ran["steps"]] == ["ran", "ran"]
    assert [step["status"] for step in answer("run")["steps"]] == ["cached", "cached"]
    answer("tag", ran["run"], "first")
    verified = answer("verify", "--against", "first")
    assert (verified["verdict"], verified["against"]) == ("identical", ran["run"])
    log = answer("log", "EXPERIMENTAL-use-numbers.ipynb")["executions"]
    assert [file["path"] for file in log[0]["reads"]] == ["n.json"]
    assert answer("search", "total_score")["hits"]
    status = answer("status")["notebooks"]
    assert {notebook["order"] for notebook in status} == {"linear"}
    assert answer("gc", "--dry-run")["runs"] == 0
    doctor = answer("doctor")
    assert doctor["sizes"]["database"] > 0
    assert doctor["place"].startswith("the PostgreSQL database test_")
    assert not (project / ".nbtrail" / "trail.db").exists()
