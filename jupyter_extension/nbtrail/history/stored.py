"""Versions that the ledger keeps: snapshots, copies that runs left, sides of a pair."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, or_, select

from nbtrail.errors import NotFoundError
from nbtrail.history.versions import NAMED, Sources, Version, there_is
from nbtrail.ledger import queries
from nbtrail.ledger import tables as t
from nbtrail.ledger.history import find_notebook
from nbtrail.ledger.snapshots import SHORT, find_snapshot
from nbtrail.ledger.store import Store
from nbtrail.notebooks.document import Notebook
from nbtrail.pairing.look import open_pair
from nbtrail.pairing.resolve import twin_side


def snapshot(store: Store, version: Version, name: str) -> Any:
    """The snapshot of that name; raises NotFoundError, which says what there is."""
    with store.read() as connection:
        identities = _identities(connection, version.path)
        for identity in identities:
            found = find_snapshot(connection, identity, name)
            if found is not None:
                return found
        there = _snapshots_there(connection, identities)
    raise NotFoundError(
        f"{version.path} has no snapshot {name}.",
        hint=there_is("snap", there, f"See them with: nbtrail timeline {version.path}"),
    )


def executed_copy(store: Store, version: Version, run: str) -> str:
    """The blob of the copy that a run left, the newest one's without ``run``.

    A notebook is who it is: a run from before a rename counts.
    """
    with store.read() as connection:
        identities = _identities(connection, version.path)
        query = (
            select(t.run_steps.c.executed_blob, t.runs.c.id)
            .join(t.runs, t.runs.c.id == t.run_steps.c.run_id)
            .where(
                or_(
                    t.run_steps.c.notebook_id.in_(identities),
                    t.run_steps.c.notebook_id.is_(None) & (t.run_steps.c.path == version.path),
                ),
                t.run_steps.c.executed_blob.is_not(None),
            )
            .order_by(t.runs.c.started_at.desc())
        )
        there = list(connection.execute(query.limit(NAMED)).all())
        if run:
            identity = queries.run_detail(connection, run).summary.run
            query = query.where(t.runs.c.id == identity)
        else:
            query = query.where(t.runs.c.kind != "verify")
        found = connection.execute(query.limit(1)).first()
    if found is None:
        raise NotFoundError(
            f"{version.path} has no executed copy{f' in run {run}' if run else ' yet'}.",
            hint=there_is(
                "run", [row.id for row in there], f"Run it first: nbtrail run {version.path}"
            ),
        )
    return str(found.executed_blob)


def newest_identity(connection: Connection, path: str) -> int | None:
    """The row of the notebook at this path, or of the last one that had it."""
    return next(iter(_identities(connection, path)), None)


def side_of_pair(sources: Sources, version: Version) -> Notebook:
    """What the twin says, or what both said last; raises NotFoundError."""
    pair = open_pair(sources.project, sources.store, version.path)
    if pair.twin_data is None:
        raise NotFoundError(f"{version.path} has no twin.", hint="nbtrail check --fix makes one.")
    if version.which == "twin":
        return twin_side(pair)
    content = pair.base_content
    if content is None:
        raise NotFoundError(f"No sync of {version.path} with its twin is on record.")
    return {
        **{key: value for key, value in pair.notebook.items() if key != "cells"},
        "cells": [
            {"cell_type": cell.type, "id": cell.id or f"base-{n}", "metadata": cell.metadata,
             "source": cell.source}
            | ({"outputs": [], "execution_count": None} if cell.type == "code" else {})
            for n, cell in enumerate(content.sheet.cells)
        ],
    }  # fmt: skip


def _identities(connection: Connection, path: str) -> list[int]:
    """Rows of the notebook at this path; of those that had it where there is none any more."""
    live = find_notebook(connection, path)
    if live is not None:
        return [live]
    query = select(t.notebooks.c.id).where(t.notebooks.c.path == path)
    return list(connection.execute(query.order_by(t.notebooks.c.id.desc())).scalars())


def _snapshots_there(connection: Connection, identities: list[int]) -> list[str]:
    query = (
        select(t.timeline.c.snapshot)
        .where(t.timeline.c.notebook_id.in_(identities), t.timeline.c.snapshot.is_not(None))
        .order_by(t.timeline.c.at.desc(), t.timeline.c.id.desc())
        .limit(10 * NAMED)
    )
    names = dict.fromkeys(connection.execute(query).scalars())
    return [name[:SHORT] for name in names][:NAMED]
