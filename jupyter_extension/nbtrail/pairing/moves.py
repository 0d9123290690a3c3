"""A notebook renamed, copied or deleted takes its twin, its last sync and its history along.

Each has two halves, so that a contents manager can move the notebook itself in between:
planning refuses before anything is touched, finishing follows what was done.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from nbtrail.errors import ConflictError, NbtrailError, NotFoundError, StoreError
from nbtrail.files import same_file, write_atomic
from nbtrail.notebooks.cells import language
from nbtrail.notebooks.document import read_notebook
from nbtrail.pairing.base import keep, load_base
from nbtrail.pairing.formats import is_paired, moved_twin, twin_path
from nbtrail.pairing.lock import SHORT_PATIENCE, pairs_lock
from nbtrail.pairing.look import open_pair
from nbtrail.pairing.sync import SyncResult, sync
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store


#: Beginning of the names of files that are between two names.
ASIDE = ".nbtrail-moving-"


class Move(msgspec.Struct, frozen=True):
    """A planned rename; ``twin`` and ``new_twin`` are ``None`` when no twin goes along."""

    path: str
    new_path: str
    twin: str | None
    new_twin: str | None


class Renamed(msgspec.Struct, frozen=True):
    """What a rename did beside the files.

    Attributes
    ----------
    replaced
        Rows of histories that ended because another notebook has their path now, by path.
    folders
        Folders that were made for it, POSIX from the root.
    problem
        Why histories did not go along; empty when they did.
    """

    replaced: dict[str, int]
    folders: tuple[str, ...]
    problem: str = ""


class Removal(msgspec.Struct, frozen=True):
    """A planned deletion; ``twin`` is ``None`` when none is to be deleted along."""

    path: str
    twin: str | None


def plan_rename(
    project: Project, store: Store | None, old: str, new: str, freed: Collection[str] = ()
) -> Move:
    """What a rename of the notebook at ``old`` takes along.

    ``freed`` are twins that other renames of the same batch move away.

    Raises
    ------
    ConflictError
        When another file lies where the twin would go.
    """
    twin = own_twin(project, store, old)
    if twin is None:
        return Move(old, new, None, None)
    new_twin = moved_twin(project, twin, old, new)
    target = project.resolve(new_twin)
    is_taken = os.path.lexists(target) and new_twin not in freed
    if is_taken and not same_file(target, project.resolve(twin)):
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
        from nbtrail.ledger.snapshots import note_rename

        with store.write() as connection:
            rename_notebook(connection, move.path, move.new_path)
            note_rename(connection, move.path, move.new_path)
            if move.new_twin is not None:
                rename_base(connection, move.path, move.new_path, move.new_twin)
            else:
                delete_base(connection, move.new_path)


def rename_pairs(
    project: Project,
    store: Store | None,
    moves: Sequence[Move],
    steps: Sequence[tuple[str, str]] | None = None,
) -> Renamed:
    """Rename notebooks with their twins, last syncs and histories, all or none.

    Names may be swapped, and follow each other. A ledger that cannot be written is no reason to
    stop: histories then follow by what the notebooks hold. ``steps`` are those of `plan_steps`.

    Raises
    ------
    NotFoundError, ConflictError
        When a notebook is not there, or something is at a new name.
    LockedError
        When another program writes pairs all the while. Nothing was renamed.
    OSError
        When the file system refuses; everything is back in its place then.
    """
    for move in moves:
        if not project.resolve(move.path).is_file():
            raise NotFoundError(f"There is no notebook {move.path}.", hint="Check the path.")
    with pairs_lock(project):
        folders = _move_files(project, plan_steps(moves) if steps is None else steps)
        if store is None:
            return Renamed({}, folders)
        try:
            return Renamed(move_records(store, moves), folders)
        except StoreError as error:
            return Renamed({}, folders, f"The histories follow later: {error.message}")


def _move_files(project: Project, steps: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Move notebooks and their twins, all or none; returns the folders that were made for it."""
    done: list[tuple[Path, Path]] = []
    made: list[Path] = []
    try:
        for old, new in steps:
            source, target = project.root / old, project.root / new
            if os.path.lexists(target) and not same_file(source, target):
                raise ConflictError(f"{target.name} is already there.", hint="Choose another name.")
            made += [folder for folder in target.parents if not folder.exists()][::-1]
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(source, target)
            done.append((source, target))
    except BaseException:
        for source, target in reversed(done):
            with contextlib.suppress(OSError):
                os.replace(target, source)
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
    return tuple(folder.relative_to(project.root).as_posix() for folder in made)


def plan_steps(moves: Sequence[Move]) -> list[tuple[str, str]]:
    """Single moves of files, POSIX from the root; names that are taken over are freed first."""
    pairs = [(move.path, move.new_path) for move in moves]
    pairs += [(move.twin, move.new_twin) for move in moves if move.twin and move.new_twin]
    files = [(old, new) for old, new in pairs if old != new]
    targets = {new for _, new in files}
    mark = f"{ASIDE}{secrets.token_hex(3)}"
    first, then = [], []
    for number, (old, new) in enumerate(files):
        if old in targets:
            aside = str(PurePosixPath(old).with_name(f"{mark}-{number}"))
            first.append((old, aside))
            old = aside
        then.append((old, new))
    return [*first, *then]


def move_records(store: Store, moves: Sequence[Move]) -> dict[str, int]:
    """Carry histories and last syncs, all in one transaction; see `Renamed.replaced`."""
    from nbtrail.ledger.history import find_notebook, rename_notebook, retire_notebook
    from nbtrail.ledger.pairs import delete_base, rename_base
    from nbtrail.ledger.snapshots import note_rename

    replaced = {}
    with store.write() as connection:
        # By way of names that no file has, so that names can be swapped.
        for number, move in enumerate(moves):
            rename_notebook(connection, move.path, f"{ASIDE}{number}")
            rename_base(connection, move.path, f"{ASIDE}{number}", move.twin or "")
        for number, move in enumerate(moves):
            before = find_notebook(connection, move.new_path)
            if before is not None:
                replaced[move.new_path] = before
            retire_notebook(connection, move.new_path)
            delete_base(connection, move.new_path)
            rename_notebook(connection, f"{ASIDE}{number}", move.new_path)
            rename_base(connection, f"{ASIDE}{number}", move.new_path, move.new_twin or "")
            if move.new_twin is None:
                delete_base(connection, move.new_path)
            note_rename(connection, move.path, move.new_path)
    return replaced


def rename_folder(project: Project, store: Store | None, old: str, new: str) -> None:
    """Carry last syncs and histories of all notebooks below a renamed folder."""
    if store is None:
        return
    from sqlalchemy import select

    from nbtrail.ledger.history import rename_notebook
    from nbtrail.ledger.pairs import get_bases, rename_base
    from nbtrail.ledger.snapshots import note_rename
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
                note_rename(connection, path, f"{new}/{path[len(prefix) :]}")
        for path, base in bases.items():
            if path.startswith(prefix):
                moved = f"{new}/{path[len(prefix) :]}"
                if base.twin.startswith(prefix):
                    twin = f"{new}/{base.twin[len(prefix) :]}"
                else:
                    twin = _carry_twin(project, base.twin, path, moved)
                rename_base(connection, path, moved, twin)


def _carry_twin(project: Project, twin: str, old: str, new: str) -> str:
    """Move a twin that lies elsewhere than its notebook; where that cannot be, it stays."""
    moved = moved_twin(project, twin, old, new)
    source, target = project.resolve(twin), project.resolve(moved)
    if not source.is_file() or os.path.lexists(target):
        return twin
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(source, target)
    return moved


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
    twin = own_twin(project, store, path)
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


def own_twin(project: Project, store: Store | None, path: str) -> str | None:
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
