"""A notebook renamed, copied or deleted takes its twin, its last sync and its history along.

Each has two halves, so that a contents manager can move the notebook itself in between:
planning refuses before anything is touched, finishing follows what was done.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from nbtrail.errors import ConflictError, NbtrailError, NotFoundError, StoreError
from nbtrail.files import write_atomic
from nbtrail.notebooks.cells import language
from nbtrail.notebooks.document import read_notebook
from nbtrail.pairing.base import keep, load_base
from nbtrail.pairing.formats import is_paired, twin_path
from nbtrail.pairing.lock import SHORT_PATIENCE, pairs_lock
from nbtrail.pairing.look import open_pair
from nbtrail.pairing.sync import SyncResult, sync
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store


class Move(msgspec.Struct, frozen=True):
    """A planned rename; ``twin`` and ``new_twin`` are ``None`` when no twin goes along."""

    path: str
    new_path: str
    twin: str | None
    new_twin: str | None


class Removal(msgspec.Struct, frozen=True):
    """A planned deletion; ``twin`` is ``None`` when none is to be deleted along."""

    path: str
    twin: str | None


def plan_rename(project: Project, store: Store | None, old: str, new: str) -> Move:
    """What a rename of the notebook at ``old`` takes along.

    Raises
    ------
    ConflictError
        When another file lies where the twin would go.
    """
    twin = _own_twin(project, store, old)
    if twin is None:
        return Move(old, new, None, None)
    extension = os.path.splitext(twin)[1]
    new_twin = os.path.splitext(new)[0] + extension
    target = project.resolve(new_twin)
    if os.path.lexists(target) and not _same_file(target, project.resolve(twin)):
        raise ConflictError(
            f"{new_twin} is already there, and the twin of {old} would have to replace it.",
            hint="Choose another name, or move that file away.",
        )
    return Move(old, new, twin, new_twin)


def finish_rename(project: Project, store: Store | None, move: Move) -> None:
    """Move twin, last sync and history after the notebook itself was moved.

    Waits a little for other writers of pairs, and then goes on: half a rename is worse.
    """
    with pairs_lock(project, SHORT_PATIENCE, required=False):
        if move.twin is not None and move.new_twin is not None:
            source, target = project.resolve(move.twin), project.resolve(move.new_twin)
            if source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(source, target)
        if store is None:
            return
        from nbtrail.ledger.history import rename_notebook
        from nbtrail.ledger.pairs import delete_base, rename_base

        with store.write() as connection:
            rename_notebook(connection, move.path, move.new_path)
            if move.new_twin is not None:
                rename_base(connection, move.path, move.new_path, move.new_twin)
            else:
                delete_base(connection, move.new_path)


def rename_pair(project: Project, store: Store | None, old: str, new: str) -> Move:
    """Rename a notebook with its twin, last sync and history.

    Raises
    ------
    NotFoundError, ConflictError
        When ``old`` is not there, or ``new`` or its twin already is.
    """
    source, target = project.resolve(old), project.resolve(new)
    if not source.is_file():
        raise NotFoundError(f"There is no notebook {old}.", hint="Check the path.")
    if os.path.lexists(target) and not _same_file(source, target):
        raise ConflictError(f"{new} is already there.", hint="Choose another name.")
    move = plan_rename(project, store, old, new)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(source, target)
    finish_rename(project, store, move)
    return move


def rename_folder(project: Project, store: Store | None, old: str, new: str) -> None:
    """Carry last syncs and histories of all notebooks below a renamed folder."""
    if store is None:
        return
    from sqlalchemy import select

    from nbtrail.ledger.history import rename_notebook
    from nbtrail.ledger.pairs import get_bases, rename_base
    from nbtrail.ledger.tables import notebooks

    prefix = old.rstrip("/") + "/"
    live = select(notebooks.c.path).where(
        notebooks.c.retired_at.is_(None), notebooks.c.path.startswith(prefix, autoescape=True)
    )
    with store.write() as connection:
        bases = get_bases(connection)
        for path in connection.execute(live).scalars().all():
            if path.startswith(prefix):
                rename_notebook(connection, path, f"{new}/{path[len(prefix) :]}")
        for path, base in bases.items():
            if path.startswith(prefix):
                moved, twin = path[len(prefix) :], base.twin[len(prefix) :]
                rename_base(connection, path, f"{new}/{moved}", f"{new}/{twin}")


def copy_pair(project: Project, store: Store | None, old: str, new: str) -> SyncResult:
    """Copy a notebook; the copy gets a twin and a history that names its origin.

    Raises
    ------
    NotFoundError, ConflictError
        When ``old`` is not there, or ``new`` already is.
    """
    source, target = project.resolve(old), project.resolve(new)
    if not source.is_file():
        raise NotFoundError(f"There is no notebook {old}.", hint="Check the path.")
    if os.path.lexists(target):
        raise ConflictError(f"{new} is already there.", hint="Choose another name.")
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, source.read_bytes())
    note_copy(store, old, new)
    return sync(project, store, new)


def note_copy(store: Store | None, old: str, new: str) -> None:
    """Begin the history of a copy."""
    if store is None:
        return
    from nbtrail.ledger.history import fork_notebook

    with store.write() as connection:
        fork_notebook(connection, old, new)


def plan_delete(project: Project, store: Store | None, path: str) -> Removal:
    """Keep notebook and twin in the store, and say which twin goes with the notebook.

    Without a store nothing can be kept, and the twin stays.
    """
    twin = _own_twin(project, store, path)
    if store is None:
        return Removal(path, None)
    keep(store, path, project.resolve(path).read_bytes(), "deleted")
    if twin is None or not project.resolve(twin).is_file():
        return Removal(path, None)
    keep(store, twin, project.resolve(twin).read_bytes(), "deleted with its notebook")
    return Removal(path, twin)


def finish_delete(project: Project, store: Store | None, removal: Removal) -> None:
    """Forget the last sync of a deleted notebook; its history stays."""
    if store is None:
        return
    from nbtrail.ledger.history import retire_notebook
    from nbtrail.ledger.pairs import delete_base

    with store.write() as connection:
        delete_base(connection, removal.path)
        retire_notebook(connection, removal.path)


def delete_pair(project: Project, store: Store | None, path: str) -> Removal:
    """Delete a notebook and its twin; both are kept in the store first.

    Raises
    ------
    NotFoundError
        When it is not there.
    StoreError
        When there is no store to keep them; nothing is deleted then.
    """
    file = project.resolve(path)
    if not file.is_file():
        raise NotFoundError(f"There is no notebook {path}.", hint="Check the path.")
    if store is None:
        raise StoreError(
            f"{path} is not deleted: there is no store to keep it in.", hint="Run `nbtrail doctor`."
        )
    removal = plan_delete(project, store, path)
    file.unlink()
    if removal.twin is not None:
        project.resolve(removal.twin).unlink(missing_ok=True)
    finish_delete(project, store, removal)
    return removal


def _own_twin(project: Project, store: Store | None, path: str) -> str | None:
    """The twin that surely is this notebook's: the ledger knows it, or it says the same.

    A script that happens to share the notebook's stem is nobody's twin.
    """
    base = load_base(store, path)
    if base is not None:
        return base.twin if project.resolve(base.twin).is_file() else None
    if not is_paired(project, path):
        return None
    try:
        notebook = read_notebook(project.resolve(path))
        twin = twin_path(project, path, language(notebook))
        if not project.resolve(twin).is_file():
            return None
        return twin if open_pair(project, store, path).same() else None
    except NbtrailError:
        return None


def _same_file(a: os.PathLike[str], b: os.PathLike[str]) -> bool:
    try:
        return os.path.samefile(a, b)
    except OSError:
        return False
