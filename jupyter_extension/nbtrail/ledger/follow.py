"""Histories follow notebooks that were moved, copied or brought back while nobody watched.

A rename in JupyterLab is seen; ``git mv``, a checkout of another branch, a copy in a file
manager are not. Afterwards there are files without a history, and histories without a file.
They are put together by what both hold: ids of cells, and their sources.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec
from sqlalchemy import Connection, func, select, update

from nbtrail.errors import NbtrailError
from nbtrail.ledger import history
from nbtrail.ledger import tables as t
from nbtrail.ledger.snapshots import note_rename
from nbtrail.notebooks.cells import code_cells_of, source_sha256
from nbtrail.notebooks.document import read_notebook
from nbtrail.project import Project

#: Cell ids with the hashes of their sources.
Cells = Mapping[str, str]

#: How much a cell counts whose id and source are the same, or only one of them. An id counts
#: alone if it was drawn at random, a source if it is long enough not to be everybody's.
_BOTH, _ONE = 1.0, 0.6
_NUMBERED = re.compile(r"[^\W\d_]+[-_ ]?\d+")
_ID_LENGTH, _SOURCE_LENGTH = 8, 40
#: Share of a history's cells that a file must hold to be its notebook.
_ENOUGH = 0.5


class File(msgspec.Struct, frozen=True):
    """The code cells of a file, and the hashes of those sources that tell it from others."""

    cells: Cells
    telling: frozenset[str]


class Followed(msgspec.Struct, frozen=True):
    """What was found: ``path`` is the notebook that was ``origin``, or a copy of it."""

    kind: Literal["moved", "restored", "copied"]
    path: str
    origin: str


def follow_files(project: Project, connection: Connection) -> list[Followed]:
    """Give files without a history the one that is theirs; needs a write transaction."""
    present = set(project.notebooks())
    rows = connection.execute(
        select(t.notebooks.c.id, t.notebooks.c.path, t.notebooks.c.retired_at)
    ).all()
    live = {row.path: row.id for row in rows if row.retired_at is None}
    retired = {row.path: row.id for row in rows if row.retired_at is not None}
    strangers = sorted(present - live.keys())
    if not strangers or not rows:
        return []
    files = {path: _cells_of(project, path) for path in present}
    lost = {
        path: _recorded(connection, identity)
        for path, identity in live.items()
        if path not in present and not (project.root / path).is_file()
    }
    found = []
    for path in strangers:
        followed = _follow(connection, path, files, lost, retired, live)
        if followed is not None:
            found.append(followed)
    return found


def _follow(
    connection: Connection,
    path: str,
    files: Mapping[str, File],
    lost: dict[str, Cells],
    retired: Mapping[str, int],
    live: Mapping[str, int],
) -> Followed | None:
    own = files[path]
    old = _best(own, lost)
    if old is not None:
        del lost[old]
        history.rename_notebook(connection, old, path)
        note_rename(connection, old, path)
        return Followed("moved", path, old)
    identity = retired.get(path)
    if identity is not None and likeness(_recorded(connection, identity), own) >= _ENOUGH:
        connection.execute(
            update(t.notebooks).where(t.notebooks.c.id == identity).values(retired_at=None)
        )
        return Followed("restored", path, path)
    origin = _best(own, {other: files[other].cells for other in files if other in live})
    if origin is not None:
        history.fork_notebook(connection, origin, path)
        return Followed("copied", path, origin)
    return None


def likeness(known: Cells, file: File) -> float:
    """How much of the cells of a history, or of another file, a file holds; from 0 to 1."""
    if not known:
        return 0.0
    points = 0.0
    for cell, digest in known.items():
        if file.cells.get(cell) == digest:
            points += _BOTH
        elif digest in file.telling or (cell in file.cells and _is_drawn(cell)):
            points += _ONE
    return points / len(known)


def _is_drawn(cell: str) -> bool:
    """Whether a cell's id was drawn at random, rather than counted."""
    return len(cell) >= _ID_LENGTH and _NUMBERED.fullmatch(cell) is None


def _best(file: File, candidates: Mapping[str, Cells]) -> str | None:
    """The candidate that the file is like, if it is like one more than like the others."""
    ranked = sorted(
        ((likeness(cells, file), path) for path, cells in candidates.items()), reverse=True
    )
    if not ranked or ranked[0][0] < _ENOUGH:
        return None
    if len(ranked) > 1 and ranked[1][0] == ranked[0][0]:
        return None
    return ranked[0][1]


def _recorded(connection: Connection, identity: int) -> Cells:
    """The cells that a notebook had when they last ran."""
    newest = (
        select(func.max(t.executions.c.id))
        .where(t.executions.c.notebook_id == identity, t.executions.c.cell_id.is_not(None))
        .group_by(t.executions.c.cell_id)
    )
    rows = connection.execute(
        select(t.executions.c.cell_id, t.executions.c.source_sha256).where(
            t.executions.c.id.in_(newest)
        )
    )
    return {row.cell_id: row.source_sha256 for row in rows}


def _cells_of(project: Project, path: str) -> File:
    try:
        found = code_cells_of(read_notebook(project.root / path))
    except NbtrailError:
        return File({}, frozenset())
    cells = {cell.id: cell.source for cell in found if cell.source.strip()}
    digests = {cell: source_sha256(source) for cell, source in cells.items()}
    long = [cell for cell, source in cells.items() if len(source) >= _SOURCE_LENGTH]
    return File(digests, frozenset(digests[cell] for cell in long))
