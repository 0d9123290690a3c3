"""Snapshots of notebooks: what is new is kept, the rest is referred to.

A notebook is taken apart into items: what is not in a cell, then each cell without its outputs,
followed by its outputs where it has some. Items that the notebook's snapshot before did not have
go into one blob, a pack; a snapshot is a list of ranges of items in packs. So a save of a large
notebook with one changed cell keeps that cell, and reading a snapshot follows no chain.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, select

from nbtrail.errors import NotFoundError
from nbtrail.ledger import tables as t
from nbtrail.ledger.history import find_notebook, notebook_id
from nbtrail.ledger.store import Store
from nbtrail.notebooks.document import Notebook, parse_notebook

#: A range of items: pack, first item, how many.
Part = tuple[int, int, int]
#: Where an item lies: pack and place in it.
_Place = tuple[int, int]

#: Characters of a snapshot's name that people see.
SHORT = 12
#: Packs that a snapshot may refer to before its small items are kept together again.
_MOST_PACKS = 48
_SMALL = 64_000
#: How the item of a cell ends whose outputs are the next item.
_WITH_OUTPUTS = b"true]"
#: Packs in memory, by their bytes.
_CACHED = 32_000_000
_NOTEBOOKS = 32


def items_of(data: bytes, name: str) -> list[bytes]:
    """A notebook's bytes taken apart; see the module.

    Raises
    ------
    UnreadableNotebookError
        As `nbtrail.notebooks.document.parse_notebook`.
    """
    try:
        top = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        cells = msgspec.json.decode(top.pop("cells"), type=list[dict[str, msgspec.Raw]])
        is_plain = msgspec.json.decode(top["nbformat"], type=int) >= 4
    except (msgspec.MsgspecError, KeyError):
        is_plain = False
    if not is_plain or not all("cell_type" in cell for cell in cells):
        return _items_slowly(parse_notebook(data, name))
    found = [msgspec.json.encode(top, order="sorted")]
    for cell in cells:
        outputs = bytes(cell.get("outputs", b""))
        has_outputs = len(outputs) > 2 and outputs.startswith(b"[") and outputs[1:-1].strip() != b""
        if has_outputs:
            del cell["outputs"]
        found.append(msgspec.json.encode([cell, has_outputs], order="sorted"))
        if has_outputs:
            found.append(outputs)
    return found


def _items_slowly(notebook: Notebook) -> list[bytes]:
    """As `items_of` for what strict readers refuse, such as NaN in an output."""
    found: list[Any] = [{key: value for key, value in notebook.items() if key != "cells"}]
    for cell in notebook["cells"]:
        outputs = cell.get("outputs")
        if isinstance(outputs, list) and outputs:
            head = {key: value for key, value in cell.items() if key != "outputs"}
            found += [[head, True], outputs]
        else:
            found.append([cell, False])
    return [json.dumps(item, sort_keys=True).encode() for item in found]


def notebook_of(items: Sequence[bytes]) -> Notebook:
    """The notebook that was taken apart."""
    rest = iter(items)
    notebook: Notebook = _decode(next(rest))
    cells = []
    for item in rest:
        cell, has_outputs = _decode(item)
        if has_outputs:
            cell["outputs"] = _decode(next(rest))
        cells.append(cell)
    return {**notebook, "cells": cells}


class Excerpt(msgspec.Struct, frozen=True):
    """A notebook with some of its cells, and which these are; cells without an id get one."""

    notebook: Notebook
    places: tuple[int, ...]


def places_that_differ(
    a: Sequence[Hashable], b: Sequence[Hashable]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Indices of what is not in both; of all where what both have is in another order."""
    common = set(a) & set(b)
    if [one for one in a if one in common] != [one for one in b if one in common]:
        common = set()
    first, second = (tuple(i for i, one in enumerate(side) if one not in common) for side in (a, b))
    return first, second


def _excerpt(cells: Sequence[Sequence[bytes]], places: tuple[int, ...]) -> Excerpt:
    notebook = notebook_of([b"{}", *(item for index in places for item in cells[index])])
    for cell, index in zip(notebook["cells"], places, strict=True):
        if not cell.get("id"):
            cell["id"] = f"#{index}"
    return Excerpt(notebook, places)


def _decode(item: bytes) -> Any:
    try:
        return msgspec.json.decode(item)
    except msgspec.DecodeError:
        return json.loads(item)


class Taken(msgspec.Struct, frozen=True):
    """What taking a snapshot gave: its name, and whether it says something else than before."""

    snapshot: str
    is_new: bool


class Snapshots:
    """Takes and reads the snapshots of one store; safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.RLock()
        self._packs: OrderedDict[int, list[bytes]] = OrderedDict()
        #: Of each notebook the entry with its last snapshot, and where the items of that are.
        self._known: OrderedDict[int, tuple[int, dict[bytes, _Place]]] = OrderedDict()

    def take(
        self,
        path: str,
        data: bytes,
        kind: str,
        *,
        detail: Mapping[str, Any] | None = None,
        at: float | None = None,
    ) -> Taken:
        """Keep a notebook's content. Without ``detail``, one that says nothing new makes no entry.

        Raises
        ------
        UnreadableNotebookError
            When the data are no notebook.
        StoreError
            When the store cannot take it.
        """
        at = time.time() if at is None else at
        items = items_of(data, path)
        digests = [hashlib.sha256(item).digest() for item in items]
        with self._lock:
            return self._take(path, items, digests, {"at": at, "kind": kind, "detail": detail})

    def _take(
        self, path: str, items: list[bytes], digests: list[bytes], entry: dict[str, Any]
    ) -> Taken:
        name = hashlib.sha256(b"".join(digests)).hexdigest()
        with self._store.write() as connection:
            identity = notebook_id(connection, path)
            last = last_entry(connection, identity)
        is_new = last is None or last.snapshot != name
        if not is_new and entry["detail"] is None:
            return Taken(name, False)
        parts, added = self._place(identity, last, items, digests)
        blob = self._store.blobs.put(msgspec.msgpack.encode(added)) if added else None
        with self._store.write() as connection:
            pack = None if blob is None else _add_pack(connection, blob)
            ranges = [[pack if p is None else p, first, count] for p, first, count in parts]
            row = {"notebook_id": identity, "path": path, "snapshot": name, "parts": ranges}
            added_row = connection.execute(t.timeline.insert().values(**row, **entry))
            number = int(added_row.inserted_primary_key[0])  # type: ignore[index]
        self._remember(identity, number, digests, ranges)
        return Taken(name, is_new)

    def read(self, parts: Sequence[Sequence[int]]) -> list[bytes]:
        """The items of a snapshot.

        Raises
        ------
        NotFoundError
            When the store does not have them any more, or has them damaged.
        """
        found: list[bytes] = []
        for pack, first, count in parts:
            found += self._pack(pack)[first : first + count]
        return found

    def notebook(self, parts: Sequence[Sequence[int]]) -> Notebook:
        """The notebook of a snapshot; raises as `read`."""
        return notebook_of(self.read(parts))

    def excerpts(
        self, before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]
    ) -> tuple[Excerpt, Excerpt]:
        """Two snapshots without the cells that they share, of which nothing is decoded."""
        (a, old), (b, new) = self._cells(before), self._cells(after)
        first, second = places_that_differ(a, b)
        return _excerpt(old, first), _excerpt(new, second)

    def _cells(
        self, parts: Sequence[Sequence[int]]
    ) -> tuple[list[tuple[_Place, ...]], list[list[bytes]]]:
        """Where the items of each cell are kept, and these items."""
        places = [(p, index) for p, first, count in parts for index in range(first, first + count)]
        items = self.read(parts)
        kept: list[tuple[_Place, ...]] = []
        cells: list[list[bytes]] = []
        position = 1  # behind what is in no cell
        while position < len(items):
            length = 2 if items[position].endswith(_WITH_OUTPUTS) else 1
            kept.append(tuple(places[position : position + length]))
            cells.append(items[position : position + length])
            position += length
        return kept, cells

    def _place(
        self, identity: int, last: Row[Any] | None, items: list[bytes], digests: list[bytes]
    ) -> tuple[list[tuple[int | None, int, int]], list[bytes]]:
        """Ranges of the items, with ``None`` for the pack to be made, and what goes into it."""
        known = {} if last is None else self._places(identity, last)
        crowded = len({pack for pack, _ in known.values()}) >= _MOST_PACKS
        added: list[bytes] = []
        own: dict[bytes, _Place] = {}
        parts: list[tuple[int | None, int, int]] = []
        for item, digest in zip(items, digests, strict=True):
            place: tuple[int | None, int] | None = known.get(digest)
            if place is None or (crowded and len(item) <= _SMALL):
                if digest not in own:
                    own[digest] = (0, len(added))
                    added.append(item)
                place = (None, own[digest][1])
            pack, index = place
            if parts and parts[-1][0] == pack and parts[-1][1] + parts[-1][2] == index:
                parts[-1] = (pack, parts[-1][1], parts[-1][2] + 1)
            else:
                parts.append((pack, index, 1))
        return parts, added

    def _places(self, identity: int, last: Row[Any]) -> dict[bytes, _Place]:
        known = self._known.get(identity)
        if known is not None and known[0] == last.id:
            return known[1]
        try:
            items = self.read(last.parts)
        except NotFoundError:
            return {}
        digests = [hashlib.sha256(item).digest() for item in items]
        return self._remember(identity, last.id, digests, last.parts)

    def _remember(
        self, identity: int, entry: int, digests: list[bytes], parts: Sequence[Sequence[Any]]
    ) -> dict[bytes, _Place]:
        places = [(p, index) for p, first, count in parts for index in range(first, first + count)]
        known = dict(zip(digests, places, strict=True))
        self._known[identity] = (entry, known)
        self._known.move_to_end(identity)
        while len(self._known) > _NOTEBOOKS:
            self._known.popitem(last=False)
        return known

    def _pack(self, number: int) -> list[bytes]:
        with self._lock:
            return self._read_pack(number)

    def _read_pack(self, number: int) -> list[bytes]:
        found = self._packs.get(number)
        if found is None:
            with self._store.read() as connection:
                query = select(t.packs.c.sha256).where(t.packs.c.id == number)
                digest = connection.execute(query).scalar()
            if digest is None or not self._store.blobs.has(digest):
                raise NotFoundError(
                    "The store does not have this snapshot.",
                    hint="It may lie on the machine that took it, or be older than [store] keeps.",
                )
            data = self._store.blobs.get(digest)
            found = msgspec.msgpack.decode(data, type=list[bytes])
            self._packs[number] = found
            while sum(map(_size, self._packs.values())) > _CACHED:
                self._packs.popitem(last=False)
        return found


def _size(items: list[bytes]) -> int:
    return sum(map(len, items))


def last_entry(connection: Connection, identity: int) -> Row[Any] | None:
    """The newest entry of a notebook that has a snapshot."""
    return connection.execute(
        select(t.timeline)
        .where(t.timeline.c.notebook_id == identity, t.timeline.c.snapshot.is_not(None))
        .order_by(t.timeline.c.at.desc(), t.timeline.c.id.desc())
        .limit(1)
    ).first()


def find_snapshot(connection: Connection, identity: int, name: str) -> Row[Any] | None:
    """The newest entry with that snapshot, named in full or by its beginning."""
    return connection.execute(
        select(t.timeline)
        .where(
            t.timeline.c.notebook_id == identity,
            t.timeline.c.snapshot.startswith(name, autoescape=True),
        )
        .order_by(t.timeline.c.at.desc(), t.timeline.c.id.desc())
        .limit(1)
    ).first()


def note_rename(connection: Connection, old: str, new: str) -> None:
    """Put down that the notebook at ``new`` was called ``old``; its content is the last one."""
    identity = find_notebook(connection, new)
    if identity is None:
        return
    last = last_entry(connection, identity)
    connection.execute(
        t.timeline.insert().values(
            notebook_id=identity,
            at=time.time(),
            kind="rename",
            path=new,
            snapshot=None if last is None else last.snapshot,
            parts=None if last is None else last.parts,
            detail={"from": old, "to": new},
        )
    )


class Moments:
    """Entries of timelines that may go, and the packs that then nothing refers to.

    The newest entry with a snapshot of each notebook stays: the next snapshot refers to it.

    Attributes
    ----------
    old
        Time and id of each entry that may go.
    """

    def __init__(self, connection: Connection) -> None:
        table = t.timeline.c
        rows = connection.execute(
            select(table.id, table.notebook_id, table.at, table.snapshot, table.parts).order_by(
                table.at.desc(), table.id.desc()
            )
        ).all()
        newest: dict[int, int] = {}
        for row in rows:
            if row.snapshot is not None:
                newest.setdefault(row.notebook_id, row.id)
        staying = set(newest.values())
        self.old = [(row.at, row.id) for row in rows if row.id not in staying]
        self._packs = {row.id: _packs_in(row.parts) for row in rows}
        self._uses = Counter(pack for packs in self._packs.values() for pack in packs)
        self._digests = {row.id: row.sha256 for row in connection.execute(select(t.packs))}

    def drop(self, moment: int) -> list[str]:
        """Take an entry away; returns the hashes of the packs that nothing refers to then."""
        gone = []
        for pack in self._packs.pop(moment):
            self._uses[pack] -= 1
            if not self._uses[pack] and pack in self._digests:
                gone.append(self._digests[pack])
        return gone


def remove_unused_packs(connection: Connection) -> None:
    """Forget packs that no entry refers to; their blobs are then nobody's."""
    used = {
        pack
        for parts in connection.execute(select(t.timeline.c.parts)).scalars()
        for pack in _packs_in(parts)
    }
    there = set(connection.execute(select(t.packs.c.id)).scalars())
    for pack in there - used:
        connection.execute(delete(t.packs).where(t.packs.c.id == pack))


def _packs_in(parts: Sequence[Sequence[int]] | None) -> set[int]:
    return {pack for pack, _, _ in parts or ()}


def _add_pack(connection: Connection, digest: str) -> int:
    result = connection.execute(t.packs.insert().values(sha256=digest))
    return int(result.inserted_primary_key[0])  # type: ignore[index]
