"""Carrying renames out: all or nothing, on record before the first file moves."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from nbtrail import git
from nbtrail.errors import ConflictError, NbtrailError, OutsideProjectError, StoreError
from nbtrail.files import sha256_bytes, write_atomic
from nbtrail.pairing.decide import Action
from nbtrail.pairing.formats import is_paired
from nbtrail.pairing.moves import ASIDE, Move, move_records, plan_steps, rename_pairs
from nbtrail.pairing.sync import SaveTicket, after_save, before_save, pair_state, sync
from nbtrail.policy.renaming.changes import Changes, new_id, refuse_outside
from nbtrail.policy.renaming.plan import Prepared, refuse_read_only, targets_of
from nbtrail.policy.renaming.records import Change, ChangedFile, ChangeKind, Rename
from nbtrail.policy.renaming.references import FileEdit
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store

log = logging.getLogger(__name__)

_NOT_KEPT = "It cannot be undone by nbtrail: the state folder takes no record of it."


def bring_pairs_together(project: Project, store: Store | None, edits: Sequence[FileEdit]) -> bool:
    """Sync the pairs whose notebooks are about to be changed; true when one of them was written.

    Raises
    ------
    ConflictError
        When a notebook and its twin are in conflict: whichever wins would lose the change.
    """
    wrote = False
    for edit in edits:
        if not _has_twin(project, store, edit.path):
            continue
        result = sync(project, store, edit.path)
        if result.action is Action.CONFLICT:
            raise ConflictError(
                f"{edit.path} refers to the notebook and is in conflict with its twin; "
                "nothing was changed.",
                hint="End the conflict first, or rename without references.",
                detail={"path": edit.path},
            )
        wrote = wrote or result.wrote_notebook
    return wrote


def carry_out(
    project: Project,
    store: Store | None,
    prepared: Prepared,
    kind: ChangeKind,
    undoes: str | None = None,
) -> tuple[Change | None, list[str]]:
    """Do what was planned; the caller holds the lock on renames.

    Returns
    -------
    tuple
        The change, ``None`` where it could not be put on record, and what did not go as it
        should, in words.

    Raises
    ------
    ConflictError
        When a file was changed or is read-only, something came to lie at a new name, or the file
        system refuses. Everything is as it was before.
    """
    refuse_read_only(project, prepared.edits)
    changes = Changes(project, store)
    now = time.time()
    change = Change(
        id=new_id(now),
        at=now,
        kind=kind,
        state="begun",
        renames=prepared.plan.renames,
        files=tuple(_kept(changes, edit) for edit in prepared.edits),
        names=prepared.names,
        steps=tuple(plan_steps(prepared.moves)),
        undoes=undoes,
    )
    change = msgspec.structs.replace(change, inodes=_inodes(project, change.steps))
    tickets = {
        edit.new_path: before_save(project, store, edit.path)
        for edit in prepared.edits
        if _has_twin(project, store, edit.path)
    }
    recorded = changes.write(change)
    try:
        change, warnings = _do(project, store, changes if recorded else None, prepared, change)
    except OSError as error:
        changes.forget(change)
        raise ConflictError(
            f"The file system refuses the rename: {error.strerror or error}; nothing was changed.",
            hint="Check that the folders can be written, and that there is room on the disk.",
        ) from error
    except BaseException:
        changes.forget(change)
        raise
    if recorded:
        changes.write(change)
    twins, problems = _follow(project, store, changes, prepared, tickets)
    warnings += problems
    warnings += git.move_in_index(project.root, list(_moved_files(prepared.moves)))
    change = msgspec.structs.replace(change, files=(*change.files, *twins))
    if not (recorded and changes.write(change)):
        return None, [*warnings, _NOT_KEPT]
    changes.prune()
    return change, warnings


def _do(
    project: Project,
    store: Store | None,
    changes: Changes | None,
    prepared: Prepared,
    change: Change,
) -> tuple[Change, list[str]]:
    warnings = []
    if prepared.moves:
        renamed = rename_pairs(project, store, prepared.moves, change.steps)
        change = msgspec.structs.replace(
            change, folders=renamed.folders, replaced=renamed.replaced, moved=True
        )
        warnings += [renamed.problem] if renamed.problem else []
    try:
        if changes is not None and prepared.edits:
            changes.write(change)
        write_edits(project, prepared.edits)
    except BaseException:
        if prepared.moves:
            rename_pairs(project, store, [reversed_move(move) for move in prepared.moves])
            remove_folders(project, change.folders)
        raise
    return msgspec.structs.replace(change, state="done"), warnings


def _inodes(project: Project, steps: Sequence[tuple[str, str]]) -> tuple[int, ...]:
    """The inode of the file that each step moves; some move it on from where one has put it."""
    aside: dict[str, int] = {}
    found = []
    for source, target in steps:
        inode = aside.get(source)
        found.append((project.root / source).lstat().st_ino if inode is None else inode)
        if target.rpartition("/")[2].startswith(ASIDE):
            aside[target] = found[-1]
    return tuple(found)


def write_edits(project: Project, edits: Sequence[FileEdit]) -> None:
    """Write all edits, or none.

    Raises
    ------
    ConflictError
        When a file is not what it was when the edit was planned, or cannot be written.
    """
    done: list[FileEdit] = []
    try:
        for edit in edits:
            _write(project, edit.new_path, edit.before, edit.after)
            done.append(edit)
    except BaseException:
        for edit in reversed(done):
            with contextlib.suppress(ConflictError):
                _write(project, edit.new_path, edit.after, edit.before)
        raise


def _write(project: Project, path: str, expected: bytes, data: bytes) -> None:
    file = project.resolve(path)
    try:
        if file.read_bytes() != expected:
            raise ConflictError(
                f"{path} was changed by somebody else meanwhile; nothing was changed.",
                hint="Try again.",
            )
        write_atomic(file, data)
    except OSError as error:
        raise ConflictError(
            f"{path} refers to the notebook and cannot be written: {error.strerror or error}.",
            hint="Make its folder writable, or rename without references.",
        ) from error


def _follow(
    project: Project,
    store: Store | None,
    changes: Changes,
    prepared: Prepared,
    tickets: Mapping[str, SaveTicket],
) -> tuple[list[ChangedFile], list[str]]:
    """Let twins follow their notebooks, which have new names or other references."""
    twins, problems = [], []
    old_names = {new: old for old, new in prepared.names.items()}
    renamed = {move.new_path for move in prepared.moves if is_paired(project, move.new_path)}
    for path in sorted(renamed | tickets.keys()):
        try:
            if path not in tickets:
                sync(project, store, path)
                continue
            before = _twin_bytes(project, store, path)
            twin = after_save(project, store, path, tickets[path]).twin
            after = _twin_bytes(project, store, path)
        except (NbtrailError, OSError) as error:
            problems.append(f"{path}: its twin follows later: {error}")
            continue
        if twin and before and after and before != after:
            digest = changes.keep(twin, before)
            was = old_names.get(twin, twin) if prepared.moves else twin
            twins.append(ChangedFile(was, twin, digest, sha256_bytes(after), twin_of=path))
    return twins, problems


def _twin_bytes(project: Project, store: Store | None, path: str) -> bytes | None:
    twin = pair_state(project, store, path).twin
    if twin is None or not project.resolve(twin).is_file():
        return None
    return project.resolve(twin).read_bytes()


def _has_twin(project: Project, store: Store | None, path: str) -> bool:
    if not is_paired(project, path):
        return False
    try:
        return pair_state(project, store, path).state not in ("off", "missing")
    except NbtrailError:
        return False


def _kept(changes: Changes, edit: FileEdit) -> ChangedFile:
    return ChangedFile(
        path=edit.path,
        new_path=edit.new_path,
        sha256=changes.keep(edit.path, edit.before),
        new_sha256=sha256_bytes(edit.after),
        tokens=edit.tokens,
        twin_of=edit.twin_of,
    )


def _moved_files(moves: Iterable[Move]) -> Iterable[tuple[str, str]]:
    for move in moves:
        yield move.path, move.new_path
        if move.twin is not None and move.new_twin is not None:
            yield move.twin, move.new_twin


def note_rename(project: Project, store: Store | None, move: Move) -> Change | None:
    """Put a rename on record that a client of the Contents API has done, and tell git.

    References in other files stay as they are. The index of a folder that is no project stays
    as it is, too: that one is only looked at.
    """
    now = time.time()
    tracked = project.adopted and bool(git.tracked(project.root, [move.path]))
    if tracked:
        for problem in git.move_in_index(project.root, list(_moved_files([move]))):
            log.warning("nbtrail: %s", problem)
    rename = Rename(**msgspec.structs.asdict(move), tracked=tracked)
    change = Change(new_id(now), now, "rename", "done", (rename,), names=targets_of([move]))
    return change if Changes(project, store).write(change) else None


def reversed_move(move: Move) -> Move:
    """The move that puts a notebook back."""
    return Move(move.new_path, move.path, move.new_twin, move.twin)


def remove_folders(project: Project, folders: Sequence[str]) -> None:
    """Remove folders that were made for a rename, where nothing else came to lie in them."""
    for folder in reversed(folders):
        with contextlib.suppress(OSError):
            (project.root / folder).rmdir()


def put_back_begun(project: Project, store: Store | None) -> list[str]:
    """Put back what a process that was killed in the middle of a rename has left.

    The caller holds the lock on renames, so that what is begun is nobody's work.

    Returns
    -------
    list of str
        Ids of the changes that were put back.
    """
    changes = Changes(project, store)
    found = [change for change in changes.listed() if change.state == "begun"]
    for change in found:
        try:
            refuse_outside(project, change)
        except OutsideProjectError as error:
            log.warning("nbtrail passes over the rename %s: %s", change.id, error)
            continue
        log.warning("nbtrail puts back the rename %s, which was not finished", change.id)
        for file in change.files:
            _restore(project, changes, file)
        for (source, target), inode in reversed(
            list(zip(change.steps, change.inodes, strict=False))
        ):
            old, new = project.root / source, project.root / target
            is_there = os.path.lexists(new) and not os.path.lexists(old)
            if is_there and (change.moved or new.lstat().st_ino == inode):
                new.rename(old)
        remove_folders(project, change.folders)
        if store is not None:
            with contextlib.suppress(StoreError):
                _put_back_records(store, change)
        changes.forget(change)
    return [change.id for change in found]


def _restore(project: Project, changes: Changes, file: ChangedFile) -> None:
    for path in (file.new_path, file.path):
        with contextlib.suppress(OSError):
            place = project.resolve(path)
            content = changes.content(file.sha256)
            if content is not None and sha256_bytes(place.read_bytes()) == file.new_sha256:
                write_atomic(place, content)


def _put_back_records(store: Store, change: Change) -> None:
    from nbtrail.ledger.history import find_notebook

    with store.read() as connection:
        gone: Mapping[str, bool] = {
            rename.path: find_notebook(connection, rename.path) is None
            and find_notebook(connection, rename.new_path) is not None
            for rename in change.renames
        }
    moves = [
        Move(rename.new_path, rename.path, rename.new_twin, rename.twin)
        for rename in change.renames
        if gone[rename.path]
    ]
    move_records(store, moves)
