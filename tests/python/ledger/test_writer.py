"""The writer thread: what is handed over is written, whatever happens to the ledger meanwhile."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
import sqlalchemy as sa

from nbtrail.ledger import queries
from nbtrail.ledger import writer as writer_module
from nbtrail.ledger.records import Execution
from nbtrail.ledger.store import DATABASE_NAME, Store, set_aside
from nbtrail.ledger.writer import Writer
from nbtrail.project import Project

from .test_ledger import run_cell

#: Holds the write lock of a database until its standard input ends.
_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
connection.execute("COMMIT")
"""


def executions_of(project: Project) -> list[Execution]:
    store = Store.open(project)
    with store.read() as connection:
        found, _ = queries.executions(connection)
    store.close()
    return list(found)


def test_one_bad_write_takes_no_other_with_it(project: Project) -> None:
    committed = threading.Event()
    writer = Writer(lambda: Store.open(project), on_commit=committed.set)
    for number in range(10):
        writer.submit(lambda c, n=number: run_cell(c, n))
        writer.submit(lambda c: c.execute(sa.text("INSERT INTO nowhere VALUES (1)")))
    assert writer.flush()
    assert committed.is_set()
    assert writer.lost == 10
    writer.close()
    assert len(executions_of(project)) == 10


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_writer_survives_a_store_that_cannot_be_opened(project: Project) -> None:
    project.state_dir.mkdir()
    (project.state_dir / DATABASE_NAME).write_bytes(b"this is no database" * 100)
    writer = Writer(lambda: Store.open(project))
    writer.submit(lambda c: run_cell(c, 1))
    assert writer.flush()
    assert (writer.waiting, writer.lost) == (1, 0)
    assert "doctor --repair" in (writer.problem or "")
    writer.close()
    assert (writer.waiting, writer.lost) == (0, 1)
    writer.submit(lambda c: run_cell(c, 1))
    assert writer.lost == 2


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_was_to_be_written_waits_for_a_ledger_that_is_repaired(project: Project) -> None:
    project.state_dir.mkdir()
    (project.state_dir / DATABASE_NAME).write_bytes(b"this is no database" * 100)
    writer = Writer(lambda: Store.open(project))
    for number in range(3):
        writer.submit(lambda c, n=number: run_cell(c, n))
    assert writer.flush()
    assert writer.waiting == 3
    assert set_aside(project) is not None
    assert writer.flush()
    assert (writer.waiting, writer.lost, writer.problem) == (0, 0, None)
    writer.close()
    assert len(executions_of(project)) == 3


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_was_to_be_written_waits_while_another_process_holds_the_ledger(
    project: Project,
) -> None:
    Store.open(project).close()
    writer = Writer(lambda: Store.open(project, patience=0.1))
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(project.state_dir / DATABASE_NAME)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        for number in range(3):
            writer.submit(lambda c, n=number: run_cell(c, n))
        assert writer.flush()
        assert (writer.waiting, writer.lost) == (3, 0)
        assert "locked" in (writer.problem or "")
        holder.communicate(b"")
    assert writer.flush()
    assert (writer.waiting, writer.lost, writer.problem) == (0, 0, None)
    writer.close()
    assert len(executions_of(project)) == 3


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_of_too_much_that_waits_the_oldest_is_given_up(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_MOST_HELD", 3)
    project.state_dir.mkdir()
    (project.state_dir / DATABASE_NAME).write_bytes(b"this is no database" * 100)
    writer = Writer(lambda: Store.open(project))
    for number in range(5):
        writer.submit(lambda c, n=number: run_cell(c, n))
    assert writer.flush()
    assert (writer.waiting, writer.lost) == (3, 2)
    set_aside(project)
    assert writer.flush()
    writer.close()
    assert [e.execution_count for e in executions_of(project)] == [4, 3, 2]
