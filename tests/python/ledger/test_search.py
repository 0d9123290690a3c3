"""Search over executions and runs."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from nbtrail.errors import UsageError
from nbtrail.ledger import executions, queries, search
from nbtrail.ledger.records import (
    CellError,
    ExecutionEnd,
    ExecutionStart,
    FileAccess,
    KernelSession,
)
from nbtrail.ledger.store import Store


@pytest.fixture
def store(store: Store) -> Store:
    with store.write() as connection:
        executions.open_session(connection, KernelSession("s", "k", "python3", "python", 1.0))
    return store


def add(
    store: Store, source: str, *, output: str = "", error: CellError | None = None,
    reads: tuple[str, ...] = (), writes: tuple[str, ...] = (), metrics: tuple[str, ...] = (),
) -> str:  # fmt: skip
    """One execution on record; returns its id."""
    with store.write() as connection:
        number = queries.newest_execution_id(connection) + 1
        executions.start_execution(
            connection,
            ExecutionStart(
                "s", f"m{number}", "3-EXPERIMENTAL-depth.ipynb", "c1", number, number, source, 100.0
            ),
        )
        identity = executions.finish_execution(
            connection,
            ExecutionEnd(
                "s", f"m{number}", "ok" if error is None else "error", 0.5, error,
                reads=tuple(map(FileAccess, reads)), writes=tuple(map(FileAccess, writes)),
                metrics=tuple((name, 0.5, None) for name in metrics), output=output,
            ),
        )  # fmt: skip
    return str(identity)


def kinds(store: Store, text: str) -> list[tuple[str, str]]:
    with store.read() as connection:
        hits, _ = search.find(connection, text)
    return [(hit.kind, hit.id) for hit in hits]


def test_everything_that_was_said_is_found_newest_first(store: Store) -> None:
    first = add(
        store,
        "forest = RandomForestClassifier(max_depth=3)",
        output="fitted in no time\n",
        writes=("models/forest-v2.joblib",),
        reads=("data/2026-11-01_cells.csv",),
        metrics=("test_auc",),
    )
    second = add(store, "fit(forest)", error=CellError("ValueError", "naïve Größe was wrong"))
    assert kinds(store, "forest") == [("source", second), ("source", first)]
    assert kinds(store, "random forest max_depth") == [("source", first)]
    assert kinds(store, "no time") == [("output", first)]
    assert kinds(store, "grosse OR") == []
    assert kinds(store, "größe") == [("error", second)]
    assert kinds(store, "test_auc") == [("metric", first)]
    assert kinds(store, "cells.csv") == [("file", first)]
    assert kinds(store, "forest-v2") == [("model", first)]
    assert kinds(store, '"time no"') == []
    assert kinds(store, '"no time') == [("output", first)]
    # Nothing has the whole word, so it counts as a beginning; a star always says so.
    assert kinds(store, "classif") == [("source", first)]
    assert kinds(store, "fitt*") == [("output", first)]
    assert kinds(store, "nowhere") == []


def test_a_hit_says_where_and_shows_what_is_around(store: Store) -> None:
    add(store, f"{'x = 1 ;' * 40} needle {'y = 2 ;' * 40}", writes=("models/a.onnx",))
    with store.read() as connection:
        (hit,), _ = search.find(connection, "needle")
        (model,), _ = search.find(connection, "onnx")
    assert hit.where == "3-EXPERIMENTAL-depth.ipynb"
    assert "needle" in hit.excerpt
    assert hit.excerpt.startswith("…") and hit.excerpt.endswith("…")
    assert len(hit.excerpt) < 200
    assert (model.kind, model.where) == ("model", "models/a.onnx")
    assert hit.at == "1970-01-01T00:01:40.000Z"


def test_pages_of_hits_do_not_overlap(store: Store) -> None:
    identities = [add(store, f"same {number}") for number in range(5)]
    found: list[str] = []
    cursor = None
    with store.read() as connection:
        while True:
            hits, cursor = search.find(connection, "same", limit=2, after=cursor)
            found += [hit.id for hit in hits]
            if cursor is None:
                break
    assert found == identities[::-1]


def test_runs_are_found_by_what_was_noted_of_them(store: Store) -> None:
    with store.write() as connection:
        connection.execute(
            sa.text(
                "INSERT INTO runs (id, kind, status, started_at, cancel_requested, request, params,"
                " tag, note) VALUES ('r1', 'pipeline', 'ok', 1.0, false, '{}', '{}',"
                " 'client-report', 'promised to the clinic')"
            )
        )
    assert kinds(store, "clinic promised") == [("run", "r1")]
    assert kinds(store, "client-report") == [("run", "r1")]
    assert kinds(store, "clinic elsewhere") == []


@pytest.mark.parametrize(
    "text", ['"', "()", "a AND", "NEAR(", "source:", "^x", "-", "*", "'; DROP TABLE search", "\0"]
)
def test_nothing_typed_is_taken_for_syntax(store: Store, text: str) -> None:
    add(store, "x = 1")
    with store.read() as connection:
        if not search.parse(text):
            with pytest.raises(UsageError):
                search.find(connection, text)
        else:
            search.find(connection, text)


@pytest.mark.parametrize(("limit", "after"), [(0, None), (501, None), (10, "x")])
def test_bad_pages_of_hits_are_refused(store: Store, limit: int, after: str | None) -> None:
    with store.read() as connection, pytest.raises(UsageError):
        search.find(connection, "x", limit=limit, after=after)
