"""Run cards: one small text file a run, made to be committed with git."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import msgspec

from nbtrail.files import write_atomic
from nbtrail.ledger import queries
from nbtrail.ledger.store import Store

CARD_SCHEMA = 1


def card_of(store: Store, run: str) -> dict[str, Any]:
    """What a run's card says; JSON types only."""
    with store.read() as connection:
        detail = queries.run_detail(connection, run)
    summary = msgspec.to_builtins(detail.summary)
    return {
        "schema": CARD_SCHEMA,
        **summary,
        "steps": [msgspec.to_builtins(step) for step in detail.steps],
        "differences": list(detail.differences),
    }


def strict_json(facts: dict[str, Any]) -> bytes:
    """A JSON file that people and any reader can read: NaN and infinities become ``null``.

    So do REST answers and the command line put them.
    """
    return msgspec.json.format(msgspec.json.encode(facts, order="sorted"), indent=2) + b"\n"


def write_card(store: Store, run: str) -> Path | None:
    """Write ``<state>/runs/<run>.json``; ``None`` where the folder cannot be written."""
    path = store.folder / "runs" / f"{run}.json"
    text = strict_json(card_of(store, run))
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text)
        return path
    return None
