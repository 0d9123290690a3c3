"""The timeline of a notebook: what happened to it, newest first.

It is put together from four places, each read from where the page before ended: entries of the
ledger (saves, renames, restores), steps of runs, executions (those that follow each other in one
kernel session are one entry), and what git says of the file.
"""

from __future__ import annotations

import base64
import heapq
from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, or_, select

from nbtrail.config import NamesConfig
from nbtrail.errors import UsageError
from nbtrail.ledger import tables as t
from nbtrail.ledger.queries import check_limit
from nbtrail.ledger.records import iso
from nbtrail.ledger.snapshots import SHORT
from nbtrail.notebooks.names import parse_name

_CHUNK = 200
#: Executions that one entry holds.
_MOST_EXECUTIONS = 500
_ENDED = ("ran", "cached", "failed")


class TimelineEntry(msgspec.Struct, frozen=True):
    """Something that happened to a notebook.

    Attributes
    ----------
    version
        Behind ``PATH@`` the notebook as it was then; ``None`` where no content was kept.
    kind
        save, found (changed outside Jupyter), kept (before a restore), run, verify, execution,
        rename, category, restore, commit, branch.
    what
        What changed, in words.
    path
        The notebook's name then.
    metrics
        The metrics of a run or of executions.
    """

    version: str | None
    kind: str
    at: str
    what: str
    cell_ids: tuple[str, ...]
    path: str
    author: str | None = None
    run: str | None = None
    metrics: dict[str, float | None] = {}
    detail: dict[str, Any] = {}


class Position(msgspec.Struct, array_like=True):
    """How far each place was read: time and id of the last entry that was given."""

    entry: tuple[float, int] | None = None
    step: tuple[float, str, int] | None = None
    execution: int | None = None
    git: tuple[float, str] | None = None


class Item(msgspec.Struct, frozen=True):
    """One thing that happened, as it was read; ``row`` belongs to ``place``."""

    at: float
    place: str
    row: Any
    executions: tuple[Any, ...] = ()


class GitEvent(msgspec.Struct, frozen=True):
    """A commit that touched the file, or a checkout that changed it; the newest come first."""

    at: float
    kind: str
    revision: str
    author: str
    what: str
    path: str


def read_page(
    connection: Connection,
    identity: int | None,
    git: list[GitEvent],
    *,
    limit: int,
    after: str | None,
) -> tuple[list[Item], str | None]:
    """The next things that happened to a notebook, and the cursor of the next page.

    Raises
    ------
    UsageError
        For a cursor that is none, or a limit outside 1 to 500.
    """
    check_limit(limit)
    position = _position(after)
    places = [_git(git, position.git)]
    if identity is not None:
        places += [
            _entries(connection, identity, position.entry),
            _steps(connection, identity, position.step),
            _executions(connection, identity, position.execution),
        ]
    merged = heapq.merge(*places, key=lambda item: -item.at)
    found: list[Item] = []
    for item in merged:
        if found and _belongs(item, found[-1]):
            found[-1] = msgspec.structs.replace(
                found[-1], executions=(*found[-1].executions, item.row)
            )
        elif len(found) == limit:
            return found, _cursor(position)
        else:
            found.append(item)
        _advance(position, item)
    return found, None


def as_entry(item: Item, names: NamesConfig, words: Any, version: str | None) -> TimelineEntry:
    """What happened, as it is told; ``words`` has ``what``, ``cell_ids`` and ``metrics``."""
    row = item.row
    what, ids = words.what, words.cell_ids
    common = {"at": iso(item.at), "what": what, "cell_ids": ids, "metrics": words.metrics}
    if item.place == "git":
        return TimelineEntry(
            version=version, kind=row.kind, path=row.path, author=row.author, **common
        )
    if item.place == "step":
        kind = "verify" if row.kind == "verify" else "run"
        return TimelineEntry(
            version=version, kind=kind, path=row.path, run=row.run_id,
            detail={"status": row.status}, **common,
        )  # fmt: skip
    if item.place == "execution":
        return TimelineEntry(version=version, kind="execution", path=row.path, **common)
    kind = row.kind
    detail = row.detail or {}
    if kind == "rename" and _category(detail.get("from"), names) != _category(
        detail.get("to"), names
    ):
        kind = "category"
    return TimelineEntry(version=version, kind=kind, path=row.path, detail=detail, **common)


def snapshot_version(row: Row[Any]) -> str | None:
    """``snap:ID`` of an entry of the ledger."""
    return None if row.snapshot is None else f"snap:{row.snapshot[:SHORT]}"


def _category(path: str | None, names: NamesConfig) -> str | None:
    return None if not path else parse_name(path, names).category


def _belongs(item: Item, last: Item) -> bool:
    """Whether this execution came right before the last one, in the same session."""
    return (
        item.place == last.place == "execution"
        and item.row.session_id == last.row.session_id
        and len(last.executions) < _MOST_EXECUTIONS
    )


def _entries(
    connection: Connection, identity: int, position: tuple[float, int] | None
) -> Iterator[Item]:
    table = t.timeline.c
    while True:
        query = select(t.timeline).where(table.notebook_id == identity)
        if position is not None:
            at, number = position
            query = query.where(or_(table.at < at, and_(table.at == at, table.id < number)))
        query = query.order_by(table.at.desc(), table.id.desc()).limit(_CHUNK)
        rows = connection.execute(query).all()
        for row in rows:
            yield Item(row.at, "entry", row)
        if len(rows) < _CHUNK:
            return
        position = (rows[-1].at, rows[-1].id)


def _steps(
    connection: Connection, identity: int, position: tuple[float, str, int] | None
) -> Iterator[Item]:
    step, run = t.run_steps.c, t.runs.c
    while True:
        query = (
            select(t.run_steps, run.kind, run.started_at.label("at"), run.verdict)
            .join(t.runs, run.id == step.run_id)
            .where(step.notebook_id == identity, step.status.in_(_ENDED))
        )
        if position is not None:
            at, name, number = position
            query = query.where(
                or_(
                    run.started_at < at,
                    and_(run.started_at == at, run.id < name),
                    and_(run.started_at == at, run.id == name, step.position < number),
                )
            )
        order = (run.started_at.desc(), run.id.desc(), step.position.desc())
        rows = connection.execute(query.order_by(*order).limit(_CHUNK)).all()
        for row in rows:
            yield Item(row.at, "step", row)
        if len(rows) < _CHUNK:
            return
        position = (rows[-1].at, rows[-1].run_id, rows[-1].position)


def _executions(connection: Connection, identity: int, position: int | None) -> Iterator[Item]:
    """Executions outside of runs, one by one; `read_page` puts together what belongs together."""
    table = t.executions.c
    while True:
        query = (
            select(
                table.id, table.session_id, table.cell_id, table.cell_index, table.started_at,
                table.status, table.error_name, table.error_message,
                t.notebooks.c.path,
            )
            .join(t.notebooks, t.notebooks.c.id == table.notebook_id)
            .where(table.notebook_id == identity, table.run_id.is_(None))
        )  # fmt: skip
        if position is not None:
            query = query.where(table.id < position)
        rows = connection.execute(query.order_by(table.id.desc()).limit(_CHUNK)).all()
        for row in rows:
            yield Item(row.started_at, "execution", row, (row,))
        if len(rows) < _CHUNK:
            return
        position = rows[-1].id


def _git(events: list[GitEvent], position: tuple[float, str] | None) -> Iterator[Item]:
    if position is not None:
        # Several may be of the same second: git's own order is kept.
        places = [n for n, e in enumerate(events) if (e.at, e.revision) == tuple(position)]
        older = (n for n, e in enumerate(events) if e.at < position[0])
        first = places[-1] + 1 if places else next(older, len(events))
        events = events[first:]
    for event in events:
        yield Item(event.at, "git", event)


def _advance(position: Position, item: Item) -> None:
    row = item.row
    if item.place == "entry":
        position.entry = (row.at, row.id)
    elif item.place == "step":
        position.step = (row.at, row.run_id, row.position)
    elif item.place == "execution":
        position.execution = row.id
    else:
        position.git = (row.at, row.revision)


def _cursor(position: Position) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def _position(after: str | None) -> Position:
    if after is None:
        return Position()
    try:
        data = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4))
        return msgspec.json.decode(data, type=Position)
    except (ValueError, msgspec.MsgspecError) as error:
        raise UsageError(
            f"{after!r} is no cursor.", hint="Use the `next` of the page before."
        ) from error
