"""Tags and notes of runs, in the ledger and on their cards."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nbtrail.errors import ConflictError, NotFoundError, UsageError
from nbtrail.ledger import queries, runs
from nbtrail.ledger.steps import run_row
from nbtrail.ledger.store import Store
from nbtrail.pipeline.card import annotate

FIRST, SECOND = "20261120-093015-a1b2c3", "20261121-093015-d4e5f6"


@pytest.fixture
def store(store: Store) -> Store:
    with store.write() as connection:
        for number, run in enumerate((FIRST, SECOND)):
            runs.create_run(connection, run, "pipeline", request={}, started_at=float(number))
            runs.update_run(connection, run, status="ok")
    return store


def card(store: Store, run: str) -> Any:
    return json.loads((store.folder / "runs" / f"{run}.json").read_text())


def test_a_tag_is_on_the_card_and_serves_as_the_id(store: Store) -> None:
    assert annotate(store, FIRST, tag="client-report") == FIRST
    assert card(store, FIRST)["tag"] == "client-report"
    assert annotate(store, "client-report", note="promised to the clinic") == FIRST
    with store.read() as connection:
        detail = queries.run_detail(connection, "client-report")
        row = run_row(connection, "client-report")
    assert (detail.summary.run, detail.summary.note) == (FIRST, "promised to the clinic")
    assert row is not None
    assert row.id == FIRST


def test_a_tag_is_one_runs_only(store: Store) -> None:
    annotate(store, FIRST, tag="best")
    with pytest.raises(ConflictError, match=FIRST) as caught:
        annotate(store, SECOND, tag="best")
    assert caught.value.detail == {"run": FIRST, "tag": "best"}
    assert "--move" in str(caught.value)
    annotate(store, FIRST, tag="best")
    annotate(store, SECOND, tag="best", move=True)
    assert (card(store, FIRST)["tag"], card(store, SECOND)["tag"]) == (None, "best")
    annotate(store, "best", tag="")
    assert card(store, SECOND)["tag"] is None
    with pytest.raises(NotFoundError):
        annotate(store, "best", note="x")


def test_a_note_is_replaced_lengthened_and_taken_away(store: Store) -> None:
    annotate(store, FIRST, note="one")
    annotate(store, FIRST, note="two")
    annotate(store, FIRST, note=" three\n", append=True)
    assert card(store, FIRST)["note"] == "two\nthree"
    annotate(store, FIRST, note="")
    annotate(store, FIRST, note="four", append=True)
    assert card(store, FIRST)["note"] == "four"
    with pytest.raises(UsageError, match="20000"):
        annotate(store, FIRST, note="x" * 20_001)
    assert card(store, FIRST)["note"] == "four"


@pytest.mark.parametrize(
    "name", [SECOND, "20300101-000000-ffffff", "a b", "-x", "../up", "a/b", "x" * 65, "\n", "plain"]
)
def test_what_can_be_no_tag(store: Store, name: str) -> None:
    with store.write() as connection:
        runs.create_run(connection, "plain", "pipeline", request={})
    with pytest.raises(UsageError, match="tag"):
        annotate(store, FIRST, tag=name)
    assert not (store.folder / "runs" / f"{FIRST}.json").exists()


def test_a_run_under_way_gets_its_card_when_it_ends(store: Store) -> None:
    with store.write() as connection:
        runs.create_run(connection, "now", "pipeline", request={})
    annotate(store, "now", tag="größe-2")
    assert not (store.folder / "runs" / "now.json").exists()
    with store.write() as connection:
        assert runs.request_cancel(connection, "größe-2") == "queued"
