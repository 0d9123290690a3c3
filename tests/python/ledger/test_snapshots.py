"""Snapshots in both databases: what they keep, how long, and that an old ledger gets them."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import sqlalchemy as sa

from nbtrail.app import open_project
from nbtrail.config import StoreConfig
from nbtrail.ledger import history, retention, runs, tables
from nbtrail.ledger.snapshots import Snapshots, find_snapshot, note_rename
from nbtrail.ledger.store import Store
from nbtrail.project import Project

from .test_ledger import empty, migrate, run_cell

__all__ = ["empty"]

DAY = 86_400.0


def book(*sources: str) -> bytes:
    cells = [
        {"cell_type": "code", "id": f"c{n}", "source": source, "metadata": {}, "outputs": [],
         "execution_count": None}
        for n, source in enumerate(sources)
    ]  # fmt: skip
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    return json.dumps(notebook).encode()


def sources_of(store: Store, taken: Snapshots, name: str, path: str = "a.ipynb") -> list[str]:
    with store.read() as connection:
        identity = history.find_notebook(connection, path)
        assert identity is not None
        row = find_snapshot(connection, identity, name)
    assert row is not None
    return [cell["source"] for cell in taken.notebook(row.parts)["cells"]]


def count(store: Store, table: Any) -> int:
    with store.read() as connection:
        return int(
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        )  # fmt: skip


def test_each_snapshot_comes_back_in_another_process(store: Store) -> None:
    names = []
    for n in range(5):
        # One that has just been made knows nothing of those before.
        names.append(Snapshots(store).take("a.ipynb", book("x", f"y = {n}"), "save").snapshot)
    assert not Snapshots(store).take("a.ipynb", book("x", "y = 4"), "save").is_new
    for n, name in enumerate(names):
        assert sources_of(store, Snapshots(store), name[:12]) == ["x", f"y = {n}"]
    assert count(store, tables.packs) == 5


def test_going_back_and_forth_keeps_contents_that_the_last_one_has(store: Store) -> None:
    taken = Snapshots(store)
    whole = json.loads(book("x", "y"))
    for order in ([0, 1], [1, 0], [1], [1, 1]):
        cells = [whole["cells"][n] for n in order]
        name = taken.take("a.ipynb", json.dumps({**whole, "cells": cells}).encode(), "save")
    assert sources_of(store, taken, name.snapshot) == ["y", "y"]
    assert count(store, tables.packs) == 1


def test_renames_and_copies(store: Store) -> None:
    taken = Snapshots(store)
    name = taken.take("a.ipynb", book("x"), "save").snapshot
    with store.write() as connection:
        history.rename_notebook(connection, "a.ipynb", "b.ipynb")
        note_rename(connection, "a.ipynb", "b.ipynb")
        note_rename(connection, "z.ipynb", "never-seen.ipynb")
    assert sources_of(store, taken, name, "b.ipynb") == ["x"]
    assert count(store, tables.timeline) == 2


def aged(store: Store, days: list[float]) -> None:
    """Make the entries, oldest first, so many days old, and all blobs older than an hour."""
    now = time.time()
    with store.write() as connection:
        ids = connection.execute(sa.select(tables.timeline.c.id).order_by(tables.timeline.c.id))
        for identity, age in zip(list(ids.scalars()), days, strict=True):
            connection.execute(
                sa.update(tables.timeline)
                .where(tables.timeline.c.id == identity)
                .values(at=now - age * DAY)
            )
    for file in store.folder.glob("blobs/*/*.zst"):
        os.utime(file, (now - 7200,) * 2)


def test_old_entries_go_and_what_younger_ones_refer_to_stays(store: Store) -> None:
    taken = Snapshots(store)
    names = [
        taken.take("a.ipynb", book(*sources), "save").snapshot
        for sources in (("shared", "old"), ("shared", "middle"), ("shared", "new"))
    ]
    aged(store, [90, 60, 1])
    planned = retention.plan(store, StoreConfig(keep_days=30))
    assert len(planned.moments) == 2
    assert len(planned.blobs) == 1  # that of "middle"; the first has "shared" in it
    retention.remove(store, planned)
    assert sources_of(store, Snapshots(store), names[2]) == ["shared", "new"]
    assert count(store, tables.timeline) == 1
    assert count(store, tables.packs) == 2
    # A snapshot that is taken by who knew those that are gone finds all it needs.
    again = taken.take("a.ipynb", book("shared", "old"), "save")
    assert sources_of(store, Snapshots(store), again.snapshot) == ["shared", "old"]


def test_the_newest_stays_whatever_the_limits_say(store: Store) -> None:
    name = Snapshots(store).take("a.ipynb", book("x"), "save").snapshot
    aged(store, [900])
    planned = retention.plan(store, StoreConfig(keep_days=1, max_mb=0.000001))
    assert planned.moments == ()
    retention.remove(store, planned)
    assert sources_of(store, Snapshots(store), name) == ["x"]


def test_a_ledger_of_the_former_schema_gets_a_timeline(
    project: Project, empty: sa.Connection
) -> None:
    migrate(empty, "0005")
    empty.execute(sa.text("INSERT INTO notebooks (path, created_at) VALUES ('a.ipynb', 1)"))
    empty.execute(
        sa.text(
            "INSERT INTO runs (id, kind, status, started_at, cancel_requested, request, params) "
            "VALUES ('r', 'pipeline', 'ok', 1, false, '{}', '{}')"
        )
    )
    empty.execute(
        sa.text(
            "INSERT INTO run_steps (run_id, position, notebook_id, path, status, cells_done, "
            "cells_total, params, metrics) "
            "VALUES ('r', 0, 1, 'a.ipynb', 'ran', 1, 1, '{}', '{\"auc\": 0.5}')"
        )
    )
    empty.commit()
    if not project.config.store.url:
        (project.root / "old.db").rename(_database(project))
    store = Store.open(project)
    try:
        taken = Snapshots(store).take("a.ipynb", book("x"), "save")
        assert taken.is_new
        with store.read() as connection:
            step = connection.execute(sa.select(tables.run_steps)).one()
        assert (step.metrics, step.words) == ({"auc": 0.5}, None)
        assert count(store, tables.notebooks) == 1
    finally:
        store.close()


def test_a_timeline_with_runs_executions_and_a_restore(project: Project, store: Store) -> None:
    file = project.root / "a.ipynb"
    with open_project(project.root) as opened:
        for depth in (1, 2):
            file.write_bytes(book(f"depth = {depth}"))
            opened.remember("a.ipynb")
            with store.write() as connection:
                run_cell(connection, depth)
                runs.create_run(connection, f"r{depth}", "pipeline", request={})
                runs.plan_steps(connection, f"r{depth}", ["a.ipynb"])
                metrics = {"auc": depth / 4}
                runs.update_step(connection, f"r{depth}", 0, status="ran", metrics=metrics)
        first, cursor = opened.timeline("a.ipynb", limit=3)
        rest, end = opened.timeline("a.ipynb", limit=3, after=cursor)
        assert end is None
        told = [(entry.kind, entry.what) for entry in first + rest]
        assert told == [
            ("run", "ran; auc 0.25 → 0.5"),
            ("save", "cell 1: depth 1 → 2"),
            ("run", "ran; auc 0.25"),
            ("save", "the first that is kept: 1 cell"),
            ("execution", "2 executions"),
        ]
        done = opened.restore("a.ipynb", str(rest[0].version))
        assert done.changed
        assert opened.version("a.ipynb", "saved")["cells"][0]["source"] == ["depth = 1"]


def _database(project: Project) -> Any:
    project.state_dir.mkdir(parents=True, exist_ok=True)
    return project.state_dir / "trail.db"
