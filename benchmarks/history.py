"""How fast is a page of history and a search, in a small ledger and in one of a million?

A ledger of 10,000 executions is filled by the functions that record, in large transactions;
its rows are copied until there are a million. Pages are read at random places; the 95th
percentile counts. Executions have one file and one metric each.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from servers import running
from sqlalchemy import text
from tables import Table

from nbtrail.ledger import executions, queries, search
from nbtrail.ledger.records import ExecutionEnd, ExecutionStart, FileAccess, KernelSession
from nbtrail.ledger.store import Store
from nbtrail.ledger.tables import metadata
from nbtrail.project import DATABASE_NAME, load_project

SMALL, SIZE = 10_000, 1_000_000
#: 95th percentile of a page, of one over REST, and a search, in seconds; bytes of an execution
#: without outputs.
PAGE_LIMIT, REST_LIMIT, SEARCH_LIMIT, BYTES_LIMIT = 0.005, 0.02, 0.1, 2048
BATCH = 5_000
QUERIES = ("train_test_split", "random forest", "cells csv", "auc", "step 4711", "nothing*")


def measure(repeat: int) -> Table:
    """Fill two ledgers and read them in turns."""
    with tempfile.TemporaryDirectory() as folder:
        small, rate = filled(Path(folder) / "small", SMALL)
        large, _ = filled(Path(folder) / "large", SMALL)
        multiply(large, SIZE // SMALL)
        try:
            served = _percentile(_served(large, 40 * repeat))
            return _table(small, large, rate, served, repeat)
        finally:
            small.close()
            large.close()


def filled(root: Path, size: int) -> tuple[Store, float]:
    """A ledger of so many executions, and how many were written a second."""
    root.mkdir()
    (root / "nbtrail.toml").touch()
    store = Store.open(load_project(root))
    begun = time.perf_counter()
    for first in range(0, size, BATCH):
        with store.write() as connection:
            if first == 0:
                session = KernelSession("s", "k", "python3", "python", 0.0)
                executions.open_session(connection, session)
            for number in range(first, min(first + BATCH, size)):
                executions.start_execution(connection, start(number))
                executions.finish_execution(connection, end(number))
    return store, size / (time.perf_counter() - begun)


def multiply(store: Store, times: int) -> None:
    """Copy the rows until there are so many times as many."""
    with store.write() as connection:
        for table, own in (("executions", "id"), ("accesses", "id"), ("metrics", "id")):
            columns = [column.name for column in metadata.tables[table].columns]
            moved = {own: f"{own} + :shift", "execution_id": "execution_id + :shift"}
            moved["msg_id"] = "msg_id || ' ' || :shift"
            values = ", ".join(moved.get(name, name) for name in columns)
            statement = f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table}"
            for copy in range(1, times):
                key = {"shift": copy * SMALL, "last": SMALL}
                connection.execute(text(f"{statement} WHERE id <= :last"), key)
        names = "source, output, error, metrics, files, words"
        for copy in range(1, times):
            connection.execute(
                text(
                    f"INSERT INTO search (rowid, {names}) SELECT rowid + :shift, {names} "
                    "FROM search WHERE rowid <= :last"
                ),
                {"shift": copy * SMALL, "last": SMALL},
            )


def start(number: int) -> ExecutionStart:
    """The beginning of the execution of that number."""
    source = (
        f"# step {number}\n"
        "train, test = train_test_split(frame, random_state=seed)\n"
        "model = RandomForestClassifier(n_estimators=trees).fit(train[columns], train[target])\n"
    )
    notebook = f"{number % 40}-EXPERIMENTAL-forest.ipynb"
    return ExecutionStart("s", f"m{number}", notebook, "c", number, number, source, float(number))


def end(number: int) -> ExecutionEnd:
    """The end of that execution."""
    return ExecutionEnd(
        "s",
        f"m{number}",
        "ok",
        0.5,
        reads=(FileAccess("data/2026-11-20_cells.csv", "0" * 64, 1000),),
        metrics=(("test_auc", 0.9, None),),
    )


def _served(store: Store, count: int) -> list[float]:
    """Times of pages that a server of the ledger's project gives, from request to last byte."""
    with store.read() as connection:
        newest = queries.newest_execution_id(connection)
    random.seed(2)
    with running(store.folder.parent, enabled=True) as server:
        address = f"{server.address}/nbtrail/api/executions?limit=50&after="

        def page() -> None:
            with urllib.request.urlopen(f"{address}{random.randint(60, newest)}") as answer:
                assert len(json.load(answer)["executions"]) == 50

        page()  # opens the ledger
        return [_seconds(page) for _ in range(count)]


def _table(small: Store, large: Store, rate: float, served: float, repeat: int) -> Table:
    pages = {store: _percentile(_pages(store, 200 * repeat)) for store in (small, large)}
    searches = {store: max(_searches(store, repeat)) for store in (small, large)}
    size = sum(f.stat().st_size for f in large.folder.glob(f"{DATABASE_NAME}*")) / SIZE
    ratio = pages[large] / pages[small]
    limits = [
        sentence
        for sentence, broken in (
            (f"a page of {SIZE:,} takes {pages[large] * 1000:.1f} ms", pages[large] > PAGE_LIMIT),
            (f"a page of {SIZE:,} takes {ratio:.1f} times that of {SMALL:,}", ratio > 2),
            (f"a page over REST takes {served * 1000:.1f} ms", served > REST_LIMIT),
            (f"a search takes {searches[large] * 1000:.0f} ms", searches[large] > SEARCH_LIMIT),
            (f"an execution takes {size:,.0f} bytes", size > BYTES_LIMIT),
        )
        if broken
    ]
    rows = [
        ("page of 50, 95th percentile", _ms(pages[small]), _ms(pages[large]), f"{ratio:.2f}"),
        ("the same over REST", "", _ms(served), ""),
        (
            "slowest search",
            _ms(searches[small]),
            _ms(searches[large]),
            f"{searches[large] / searches[small]:.2f}",
        ),
        ("bytes an execution", "", f"{size:,.0f}", ""),
        ("executions recorded a second", "", f"{rate:,.0f}", ""),
    ]
    return Table(
        title="A page of history and a search",
        command="make bench ONLY=history",
        header=("", f"{SMALL:,}", f"{SIZE:,}", "ratio"),
        rows=tuple(rows),
        limits=tuple(limits),
    )


def _pages(store: Store, count: int) -> list[float]:
    with store.read() as connection:
        newest = queries.newest_execution_id(connection)
    random.seed(1)
    times = []
    for number in range(count):
        after = str(random.randint(60, newest))
        notebook = f"{random.randrange(40)}-EXPERIMENTAL-forest.ipynb" if number % 2 else None
        times.append(_seconds(partial(_page, store, notebook, after)))
    return times


def _page(store: Store, notebook: str | None, after: str) -> None:
    with store.read() as connection:
        found, _cursor = queries.executions(connection, notebook, after=after)
    assert found


def _searches(store: Store, repeat: int) -> list[float]:
    """Median time of each query."""

    def look(query: str) -> None:
        with store.read() as connection:
            search.find(connection, query)

    return [
        statistics.median(_seconds(partial(look, query)) for _ in range(repeat))
        for query in QUERIES
    ]


def _seconds(action: Callable[[], None]) -> float:
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def _percentile(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"
