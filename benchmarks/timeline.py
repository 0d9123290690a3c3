"""How fast does the timeline of a notebook with 10,000 entries open, and what do snapshots cost?

A notebook of 200 cells with 10,000 entries: saves that each edited one cell, runs, renames and
executions, in a git repository with 200 commits that touched it. The first page is opened when
nothing was said of its entries yet, and again when their words are kept; pages further back, and
the first one over REST. What a snapshot costs is measured with a notebook of 10 MB in which one
cell was edited, beside a compressed copy of the whole.
"""

from __future__ import annotations

import copy
import json
import random
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zstandard
from servers import running
from sqlalchemy import insert, select, update
from tables import Table, milliseconds

from contents import notebook_of
from nbtrail.app import OpenProject, open_project
from nbtrail.ledger import executions, runs
from nbtrail.ledger import tables as t
from nbtrail.ledger.history import notebook_id
from nbtrail.ledger.records import ExecutionEnd, ExecutionStart, KernelSession
from nbtrail.notebooks.document import dump_notebook, write_notebook

NAME = "EXPERIMENTAL-forest.ipynb"
ENTRIES, COMMITS, SNAPSHOTS = 10_000, 200, 100
#: Seconds for the first page, bytes for a snapshot of one edited cell.
PAGE_LIMIT, BYTES_LIMIT = 0.3, 4_000


def measure(repeat: int) -> Table:
    """Fill a ledger, open its timeline, take snapshots of a large notebook."""
    with tempfile.TemporaryDirectory(prefix="nbtrail-bench-") as folder:
        root = Path(folder, "project")
        root.mkdir()
        (root / "nbtrail.toml").touch()
        commit_many(root)
        with open_project(root) as opened:
            fill(opened)
            first = statistics.median(_first(opened) for _ in range(repeat))
            again = statistics.median(_seconds(lambda: _page(opened)) for _ in range(repeat))
            deep = _deep(opened, 20)
        served = _served(root, repeat)
        cost = snapshot_costs(Path(folder, "large"), repeat)
    limits = [
        f"{what} takes {milliseconds(seconds)}"
        for what, seconds in (("the first page", first), ("the first page over REST", served))
        if seconds > PAGE_LIMIT
    ]
    if cost["bytes"] > BYTES_LIMIT:
        limits.append(f"a snapshot of one edited cell takes {cost['bytes']:,.0f} bytes")
    rows = [
        ("first page of 50, nothing said of it yet", milliseconds(first)),
        ("the same again", milliseconds(again)),
        ("slowest of the 20 pages behind it", milliseconds(deep)),
        ("first page over REST", milliseconds(served)),
        ("snapshot of 10 MB, one edited cell", milliseconds(cost["seconds"])),
        ("bytes on disk for it", f"{cost['bytes']:,.0f}"),
        ("bytes of a compressed copy", f"{cost['copy']:,.0f}"),
    ]
    return Table(
        title=f"A timeline of {ENTRIES:,} entries",
        command="make bench ONLY=timeline",
        header=("what", "measured"),
        rows=tuple(rows),
        limits=tuple(limits),
    )


def commit_many(root: Path) -> None:
    """A repository in which many commits touched the notebook."""
    notebook = notebook_of(50)
    lines = []
    for number in range(COMMITS):
        notebook["cells"][number % 50]["source"] = f"depth = {number}"
        data = dump_notebook(notebook).decode()
        message = f"depth {number}"
        lines += [
            "commit refs/heads/main",
            f"committer Ada <ada@example.org> {1_700_000_000 + number * 1000} +0000",
            f"data {len(message)}\n{message}",
            f"M 644 inline {NAME}",
            f"data {len(data.encode())}\n{data}",
        ]
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=root, check=True)
    stream = "\n".join(lines).encode()
    subprocess.run(["git", "fast-import", "--quiet"], cwd=root, input=stream, check=True)
    subprocess.run(["git", "reset", "-q", "--hard"], cwd=root, check=True)


def fill(opened: OpenProject) -> None:
    """Saves, runs, renames and executions: 10,000 entries."""
    notebook = notebook_of(200)
    chance = random.Random(1)
    snapshots = opened.snapshots()
    for number in range(SNAPSHOTS):
        notebook["cells"][chance.randrange(200)]["source"] = f"learning_rate = {number}"
        snapshots.take(NAME, dump_notebook(notebook), "save", at=1_701_000_000.0 + number)
    with opened.store.write() as connection:
        identity = notebook_id(connection, NAME)
        made = [row._asdict() for row in connection.execute(select(t.timeline).order_by("id"))]
        rows = []
        for number in range(ENTRIES * 7 // 10):
            row = {**made[number % SNAPSHOTS], "at": 1_702_000_000.0 + number * 60}
            del row["id"]
            if number % 10 == 9:
                row |= {"kind": "rename", "detail": {"from": f"{number}.ipynb", "to": NAME}}
            rows.append(row)
        connection.execute(insert(t.timeline), rows)
        executions.open_session(connection, KernelSession("s", "k", "python3", "python", 1.0))
        for number in range(ENTRIES * 3 // 10):
            _run_or_execution(connection, identity, number, 1_702_000_030.0 + number * 140)
    write_notebook(opened.project.root / NAME, notebook)


def _run_or_execution(connection: Any, identity: int, number: int, at: float) -> None:
    if number % 3:
        start = ExecutionStart(
            "s", f"m{number}", NAME, f"cell-{number % 200}", number, number, "fit()", at,
            cell_index=number % 200,
        )  # fmt: skip
        executions.start_execution(connection, start)
        metrics = (("test_auc", number / ENTRIES, None),)
        executions.finish_execution(
            connection, ExecutionEnd("s", f"m{number}", "ok", 0.5, metrics=metrics)
        )
        return
    run = f"run-{number:06d}"
    runs.create_run(connection, run, "pipeline", request={}, started_at=at)
    runs.plan_steps(connection, run, [NAME])
    metrics_now = {"test_auc": number / ENTRIES}
    runs.update_step(connection, run, 0, status="ran", seconds=1.0, metrics=metrics_now)


def _page(opened: OpenProject, after: str | None = None) -> str | None:
    entries, cursor = opened.timeline(NAME, limit=50, after=after)
    assert len(entries) == 50
    return cursor


def _first(opened: OpenProject) -> float:
    """Seconds for the first page when nothing is kept of what was said of it."""
    with opened.store.write() as connection:
        connection.execute(update(t.timeline).values(words=None))
        connection.execute(update(t.run_steps).values(words=None))
    return _seconds(lambda: _page(opened))


def _deep(opened: OpenProject, pages: int) -> float:
    cursor = _page(opened)
    slowest = 0.0
    for _ in range(pages):
        begun = time.perf_counter()
        cursor = _page(opened, cursor)
        slowest = max(slowest, time.perf_counter() - begun)
    return slowest


def _served(root: Path, repeat: int) -> float:
    with running(root, enabled=True) as server:
        address = f"{server.address}/nbtrail/api/notebooks/{NAME}/versions"

        def page() -> None:
            with urllib.request.urlopen(address) as answer:
                assert len(json.load(answer)["versions"]) == 50

        page()  # opens the ledger
        return statistics.median(_seconds(page) for _ in range(repeat))


def snapshot_costs(root: Path, repeat: int) -> dict[str, float]:
    """Seconds and bytes of a snapshot of 10 MB in which one cell was edited, and of a copy."""
    root.mkdir()
    (root / "nbtrail.toml").touch()
    notebook = notebook_of(100, images=10)
    times, sizes = [], []
    with open_project(root) as opened:
        snapshots = opened.snapshots()
        snapshots.take(NAME, dump_notebook(notebook), "save")
        for number in range(repeat):
            edited = copy.deepcopy(notebook)
            edited["cells"][5]["source"] = f"learning_rate = {number}"
            data = dump_notebook(edited)
            before = _stored(opened)
            begun = time.perf_counter()
            snapshots.take(NAME, data, "save")
            times.append(time.perf_counter() - begun)
            sizes.append(_stored(opened) - before)
    whole = len(zstandard.ZstdCompressor(level=3).compress(data))
    seconds, size = statistics.median(times), statistics.median(sizes)
    return {"seconds": seconds, "bytes": size, "copy": whole}


def _stored(opened: OpenProject) -> int:
    return sum(size for _, size, _ in opened.store.blobs.listing())


def _seconds(action: Callable[[], object]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun
