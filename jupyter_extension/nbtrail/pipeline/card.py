"""Run cards: one small text file a run, made to be committed with git."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection

from nbtrail.files import write_atomic
from nbtrail.ledger import queries
from nbtrail.ledger import runs as ledger_runs
from nbtrail.ledger.records import FINISHED
from nbtrail.ledger.store import Store
from nbtrail.masking import mask_facts

CARD_SCHEMA = 1


def card_of(connection: Connection, run: str) -> dict[str, Any]:
    """What a run's card says; JSON types only."""
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

    So do REST answers and the command line put them. Secrets are masked: the file is committed.
    """
    text = msgspec.json.encode(mask_facts(facts), order="sorted")
    return msgspec.json.format(text, indent=2) + b"\n"


def write_card(connection: Connection, folder: Path, run: str) -> Path | None:
    """Write ``<folder>/runs/<run>.json``; ``None`` where the folder cannot be written.

    What ``connection`` has changed and not yet committed is in it.
    """
    path = folder / "runs" / f"{run}.json"
    text = strict_json(card_of(connection, run))
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text)
        return path
    return None


def annotate(store: Store, run: str, **changes: Any) -> str:
    """Tag or note a run, in the ledger and on its card; returns its id.

    Keywords and errors as in `nbtrail.ledger.runs.annotate`.
    """
    with store.write() as connection:
        changed = ledger_runs.annotate(connection, run, **changes)
        for identity in changed:
            # One that still runs gets its card when it ends.
            if queries.run_detail(connection, identity).summary.status in FINISHED:
                write_card(connection, store.folder, identity)
    return changed[0]
