"""Saying of each entry of a timeline what changed, and keeping what was said.

What changed is found by comparing an entry's content with that of the entry before. That is done
once: the ledger keeps the words.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Table, func, or_, select, update

from nbtrail.errors import NbtrailError, NotFoundError
from nbtrail.history.gitlog import contents
from nbtrail.history.timeline import GitEvent, Item, snapshot_version
from nbtrail.history.words import Words, cells_in_words, change_in_words, excerpts_in_words
from nbtrail.kept import Kept
from nbtrail.ledger import tables as t
from nbtrail.ledger.snapshots import Snapshots
from nbtrail.ledger.store import Store
from nbtrail.masking import mask
from nbtrail.notebooks.document import Notebook, parse_notebook
from nbtrail.project import Project

log = logging.getLogger(__name__)

#: Metrics and parameters that one entry names.
_MOST_NUMBERS = 4
_LONGEST_ERROR = 80
#: Seconds that a cell may have run for its metrics to be told of the save behind it.
_LONGEST_CELL = 86_400.0
#: File in the state folder with what was said of commits.
_OF_COMMITS = "commits-1.msgpack"


class Told(msgspec.Struct, frozen=True):
    """What is said of an entry."""

    what: str = ""
    cell_ids: tuple[str, ...] = ()
    metrics: dict[str, float | None] = {}


class Teller:
    """Says what changed at the entries of one notebook's timeline."""

    def __init__(self, project: Project, store: Store | None, snapshots: Snapshots | None) -> None:
        self._project = project
        self._store = store
        self._snapshots = snapshots
        self._commits: Kept[Told] | None = None
        self._committed: dict[str, bytes] = {}
        self._older: dict[int, Row[Any]] = {}
        self._new: list[tuple[Table, ColumnElement[bool], Told]] = []

    def tell(self, items: Sequence[Item]) -> list[tuple[Told, str | None]]:
        """Of each item what happened, and the version behind ``PATH@``."""
        self._read_commits(items)
        entries = [i.row for i in items if i.place == "entry" and i.row.snapshot is not None]
        self._older = {row.id: older for row, older in itertools.pairwise(entries)}
        found = [self._tell(item) for item in items]
        self._keep()
        return found

    def _tell(self, item: Item) -> tuple[Told, str | None]:
        if item.place == "git":
            return self._commit(item.row), f"git:{item.row.revision[:10]}"
        assert self._store is not None
        with self._store.read() as connection:
            if item.place == "execution":
                return self._executions(connection, item)
            if item.place == "step":
                blob = item.row.executed_blob
                version = None if blob is None else f"run:{item.row.run_id}"
                tell = self._step
            else:
                version = snapshot_version(item.row)
                tell = self._entry
            try:
                return tell(connection, item.row), version
            except NotFoundError as error:
                log.debug("what changed cannot be told: %s", error)
                return Told(), version

    # Saves, renames, restores

    def _entry(self, connection: Connection, row: Row[Any]) -> Told:
        if row.words is not None:
            return msgspec.convert(row.words, Told)
        detail = row.detail or {}
        if row.kind == "rename":
            return Told(f"renamed from {detail.get('from')} to {detail.get('to')}")
        before = self._before(connection, row)
        words = self._compared(before, row)
        metrics = _metrics_between(connection, row, before)
        what = "; ".join(part for part in (words.what, _numbers(metrics)) if part)
        if row.kind == "restore":
            cell = detail.get("cell")
            piece = f"cell {cell} " if cell else ""
            what = f"restored {piece}from @{detail.get('version')}" + (f": {what}" if what else "")
        elif row.kind == "kept":
            what = f"kept before a restore{': ' + what if what else ''}"
        told = Told(what, words.cell_ids, {name: new for name, (_, new) in metrics.items()})
        self._new.append((t.timeline, t.timeline.c.id == row.id, told))
        return told

    def _before(self, connection: Connection, row: Row[Any]) -> Row[Any] | None:
        """The entry with the content before this one: nearly always the next on the page."""
        if row.id in self._older:
            return self._older[row.id]
        table = t.timeline.c
        return connection.execute(
            select(t.timeline)
            .where(
                table.notebook_id == row.notebook_id,
                table.snapshot.is_not(None),
                (table.at < row.at) | ((table.at == row.at) & (table.id < row.id)),
            )
            .order_by(table.at.desc(), table.id.desc())
            .limit(1)
        ).first()

    def _compared(self, before: Row[Any] | None, row: Row[Any]) -> Words:
        if row.parts is None or self._snapshots is None:
            return Words("")
        if before is None:
            count = len(self._snapshots.notebook(row.parts)["cells"])
            return Words(f"the first that is kept: {count} cell{'' if count == 1 else 's'}")
        if before.snapshot == row.snapshot:
            return Words("")
        found = excerpts_in_words(*self._snapshots.excerpts(before.parts, row.parts))
        return found if found.what else Words("metadata changed", found.cell_ids)

    # Runs

    def _step(self, connection: Connection, row: Row[Any]) -> Told:
        if row.words is not None:
            return msgspec.convert(row.words, Told)
        before = self._run_before(connection, row)
        parts = [row.status if row.kind != "verify" else f"verify: {row.verdict or row.status}"]
        ids: tuple[str, ...] = ()
        if row.error:
            parts.append(mask(_error(row.error.get("name"), row.error.get("message"))))
        if before is not None:
            changes = _changes(before.params or {}, row.params or {})
            parts += [mask(text) for text in changes]
            words = self._code_of_runs(before, row)
            if words.what:
                parts.append(words.what)
                ids = words.cell_ids
        old = {} if before is None else before.metrics or {}
        metrics = row.metrics or {}
        parts.append(_numbers({name: (old.get(name), value) for name, value in metrics.items()}))
        told = Told("; ".join(part for part in parts if part), ids, metrics)
        key = (t.run_steps.c.run_id == row.run_id) & (t.run_steps.c.position == row.position)
        self._new.append((t.run_steps, key, told))
        return told

    def _run_before(self, connection: Connection, row: Row[Any]) -> Row[Any] | None:
        step, run = t.run_steps.c, t.runs.c
        query = (
            select(t.run_steps)
            .join(t.runs, run.id == step.run_id)
            .where(
                step.notebook_id == row.notebook_id,
                step.status.in_(("ran", "cached", "failed")),
                run.kind.in_(("pipeline", "interactive")),
                (run.started_at < row.at) | ((run.started_at == row.at) & (run.id < row.run_id)),
            )
            .order_by(run.started_at.desc(), run.id.desc())
            .limit(1)
        )
        return connection.execute(query).first()

    def _code_of_runs(self, before: Row[Any], row: Row[Any]) -> Words:
        same = before.sources_digest == row.sources_digest
        if same or before.executed_blob is None or row.executed_blob is None:
            return Words("")
        assert self._store is not None
        a, b = (self._store.blobs.get(r.executed_blob) for r in (before, row))
        return change_in_words(
            *(_without_outputs(parse_notebook(data, row.path)) for data in (a, b))
        )

    # Executions

    def _executions(self, connection: Connection, item: Item) -> tuple[Told, str | None]:
        rows = item.executions[::-1]
        indices = sorted({row.cell_index + 1 for row in rows if row.cell_index is not None})
        ids = tuple(dict.fromkeys(row.cell_id for row in rows if row.cell_id))
        if len(indices) == len(ids) and indices:
            what = f"{cells_in_words(indices)} ran"
        else:
            what = f"{len(rows)} execution{'' if len(rows) == 1 else 's'}"
        failed = next((row for row in reversed(rows) if row.error_name), None)
        parts = [what]
        if failed is not None:
            parts.append(mask(_error(failed.error_name, failed.error_message)))
        metrics = _metrics_of(connection, [row.id for row in rows])
        parts.append(_numbers({name: (None, value) for name, value in metrics.items()}))
        told = Told("; ".join(part for part in parts if part), ids, metrics)
        return told, self._saved_after(connection, item)

    def _saved_after(self, connection: Connection, item: Item) -> str | None:
        """The first content that was kept after executions: it holds their outputs."""
        table = t.timeline.c
        query = (
            select(table.snapshot)
            .join(t.executions, t.executions.c.notebook_id == table.notebook_id)
            .where(
                t.executions.c.id == item.row.id,
                table.at >= item.at,
                table.snapshot.is_not(None),
            )
            .order_by(table.at, table.id)
            .limit(1)
        )
        row = connection.execute(query).first()
        return None if row is None else snapshot_version(row)

    # Commits

    def _read_commits(self, items: Sequence[Item]) -> None:
        """Read the contents of all commits of which nothing was said yet, with one call of git."""
        events = [i.row for i in items if i.place == "git" and i.row.kind == "commit"]
        if not events:
            return
        self._commits = Kept(self._project.state_dir / _OF_COMMITS, Told)
        wanted = [
            (revision, event.path)
            for event in events
            if _key_of(event) not in self._commits
            for revision in (event.revision, f"{event.revision}^")
        ]
        self._committed = contents(self._project.root, wanted)

    def _commit(self, event: GitEvent) -> Told:
        if event.kind != "commit" or self._commits is None:
            return Told(event.what)
        key = _key_of(event)
        told = self._commits.get(key)
        if told is None:
            words = self._change_of(event)
            what = f"{mask(event.what)}: {words.what}" if words.what else mask(event.what)
            told = Told(what, words.cell_ids)
            self._commits.put(key, told)
        return told

    def _change_of(self, event: GitEvent) -> Words:
        sides = [
            self._committed.get(f"{revision}:{event.path}")
            for revision in (f"{event.revision}^", event.revision)
        ]
        if None in sides:
            return Words("")
        try:
            before, after = (parse_notebook(side or b"", event.path) for side in sides)
        except NbtrailError:
            return Words("")
        return change_in_words(before, after)

    # What was said is kept

    def _keep(self) -> None:
        if self._commits is not None:
            self._commits.save()
        if self._store is None or not self._new:
            return
        new, self._new = self._new, []
        try:
            with self._store.write() as connection:
                for table, which, told in new:
                    words = msgspec.to_builtins(told)
                    connection.execute(update(table).where(which).values(words=words))
        except NbtrailError as error:
            log.debug("what was said is not kept: %s", error)


def _key_of(event: GitEvent) -> str:
    return f"{event.revision}:{event.path}"


def _without_outputs(notebook: Notebook) -> Notebook:
    cells = [
        {key: value for key, value in cell.items() if key not in ("outputs", "execution_count")}
        for cell in notebook["cells"]
    ]
    return {**notebook, "cells": cells}


def _metrics_between(
    connection: Connection, row: Row[Any], before: Row[Any] | None
) -> dict[str, tuple[float | None, float | None]]:
    """Metrics that cells left that ended between two entries, with what they were before."""
    since = 0.0 if before is None else before.at
    done = t.executions.c
    by_hand = select(t.runs.c.id).where(t.runs.c.kind == "interactive")
    base = (
        select(t.metrics.c.name, t.metrics.c.value)
        .join(t.executions, done.id == t.metrics.c.execution_id)
        .where(
            done.notebook_id == row.notebook_id,
            or_(done.run_id.is_(None), done.run_id.in_(by_hand)),
        )
    )
    ended = done.started_at + func.coalesce(done.seconds, 0.0)
    lately = (done.started_at > since - _LONGEST_CELL, done.started_at <= row.at)
    new = _last_values(
        connection,
        base.where(*lately, ended > since, ended <= row.at).order_by(t.metrics.c.id),
    )
    old: dict[str, float | None] = {}
    for name in new:
        last = base.where(ended <= since, t.metrics.c.name == name)
        old |= _last_values(connection, last.order_by(t.metrics.c.id.desc()).limit(1))
    return {name: (old.get(name), value) for name, value in new.items() if old.get(name) != value}


def _metrics_of(connection: Connection, ids: Sequence[int]) -> dict[str, float | None]:
    query = (
        select(t.metrics.c.name, t.metrics.c.value)
        .where(t.metrics.c.execution_id.in_(list(ids)))
        .order_by(t.metrics.c.id)
    )
    return _last_values(connection, query)


def _last_values(connection: Connection, query: Any) -> dict[str, float | None]:
    return {row.name: row.value for row in connection.execute(query)}


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    names = [name for name in after if before.get(name) != after[name]]
    shown = [
        f"{name} {before[name]!r} → {after[name]!r}"
        if name in before
        else f"{name} {after[name]!r}"
        for name in names[:_MOST_NUMBERS]
    ]
    return shown + [f"{name} no longer given" for name in before if name not in after][:1]


def _numbers(metrics: Mapping[str, tuple[float | None, float | None]]) -> str:
    """``auc 0.871 → 0.884, loss 0.3``."""
    said = []
    for name, (old, new) in list(metrics.items())[:_MOST_NUMBERS]:
        if old is None or old == new:
            said.append(f"{name} {_number(new)}")
        else:
            said.append(f"{name} {_number(old)} → {_number(new)}")
    more = len(metrics) - _MOST_NUMBERS
    return ", ".join(said + ([f"{more} more"] if more > 0 else []))


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.6g}"


def _error(name: Any, message: Any) -> str:
    line = str(message or "").partition("\n")[0]
    text = f"{name}: {line}" if line else str(name)
    return text if len(text) <= _LONGEST_ERROR else text[: _LONGEST_ERROR - 1] + "…"
