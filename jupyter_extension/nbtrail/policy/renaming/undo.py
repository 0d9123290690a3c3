"""Undoing renames: names, twins, histories, git's index and references, each as it was."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from nbtrail.errors import ConflictError, NbtrailError, NotFoundError, StoreError
from nbtrail.files import sha256_bytes
from nbtrail.pairing.lock import renames_lock
from nbtrail.pairing.moves import Move
from nbtrail.policy.renaming.carry import carry_out, put_back_begun, remove_folders
from nbtrail.policy.renaming.changes import Changes, refuse_outside
from nbtrail.policy.renaming.documents import open_document
from nbtrail.policy.renaming.plan import Prepared, plan_renames, twin_judge
from nbtrail.policy.renaming.records import (
    Change,
    ChangedFile,
    ChangeKind,
    Reference,
    Rename,
    RenameResult,
)
from nbtrail.policy.renaming.references import FileEdit, file_edit, find_references
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store


def undo(project: Project, store: Store | None, identity: str | None = None) -> RenameResult:
    """Undo a change: the newest that still stands, or the one with this id.

    Names come back whatever the rules say of them. Files that were edited since keep the
    edits: only the references in them go back. An undo is a change, too, and can be undone.

    Raises
    ------
    NotFoundError
        When there is no such change, or nothing to undo.
    ConflictError
        When it was undone already, a notebook is no longer where the change put it, something
        else has its old name, or a file with references cannot be read or written.
    OutsideProjectError
        When the record names files outside the project.
    LockedError
        When another program renames all the while.
    """
    with renames_lock(project):
        put_back_begun(project, store)
        changes = Changes(project, store)
        change = _newest(changes) if identity is None else changes.get(identity)
        refuse_outside(project, change)
        if change.undone_by is not None:
            raise ConflictError(
                f"The change {change.id} was undone by {change.undone_by}.",
                hint="Undo that one to have it again.",
            )
        prepared, left = _reversed(project, store, changes, change)
        kind: ChangeKind = "redo" if change.kind == "undo" else "undo"
        done, warnings = carry_out(project, store, prepared, kind, change.id)
        remove_folders(project, change.folders)
        _revive(store, change)
        mark = done.id if done is not None else "an undo that is not on record"
        changes.write(msgspec.structs.replace(change, state="undone", undone_by=mark))
    return RenameResult(
        plan=prepared.plan,
        change=None if done is None else done.id,
        references=len(prepared.plan.references),
        warnings=(*left, *warnings),
    )


def _newest(changes: Changes) -> Change:
    for change in changes.listed():
        if change.state == "done" and change.kind != "undo":
            return change
    raise NotFoundError("There is no rename to undo.", hint="See them with: nbtrail undo --list")


def _reversed(
    project: Project, store: Store | None, changes: Changes, change: Change
) -> tuple[Prepared, list[str]]:
    """What puts everything back, and what cannot be, in words."""
    for rename in change.renames:
        if not os.path.lexists(project.root / rename.new_path):
            raise ConflictError(
                f"{rename.new_path} is not there any more, so it cannot be {rename.path} again.",
                hint=_what_came_later(changes, change),
            )
    pairs = [(rename.new_path, rename.path) for rename in change.renames]
    prepared = plan_renames(project, store, pairs, references=False, judged=False)
    edits, left = _reversed_edits(project, store, changes, change)
    plan = msgspec.structs.replace(
        prepared.plan,
        references=tuple(
            Reference(edit.path, line.cell_id, line.number, line.before, line.after)
            for edit in edits
            for line in edit.lines
        ),
        diff={edit.path: edit.diff for edit in edits if edit.diff},
    )
    names = {new: old for old, new in change.names.items()}
    moves = tuple(
        _with_twin(project, move, rename)
        for move, rename in zip(prepared.moves, change.renames, strict=True)
    )
    return Prepared(plan, moves, tuple(edits), names), left


def _with_twin(project: Project, move: Move, rename: Rename) -> Move:
    """The move with the twin that the record knows, where nothing else tells of one."""
    if move.twin is not None or rename.new_twin is None:
        return move
    if not (project.root / rename.new_twin).is_file():
        return move
    return msgspec.structs.replace(move, twin=rename.new_twin, new_twin=rename.twin)


def _what_came_later(changes: Changes, change: Change) -> str:
    gone = {rename.new_path for rename in change.renames}
    for later in changes.listed():
        if later.state == "done" and gone & {rename.path for rename in later.renames}:
            return f"Undo the change {later.id} first."
    return "Bring it back, from git for example, and try again."


def _reversed_edits(
    project: Project, store: Store | None, changes: Changes, change: Change
) -> tuple[list[FileEdit], list[str]]:
    edits: list[FileEdit] = []
    left: list[str] = []
    exact: set[str] = set()
    names = {new: old for old, new in change.names.items()} if change.renames else {}
    for file in change.files:
        try:
            data = project.resolve(file.new_path).read_bytes()
        except FileNotFoundError:
            left.append(f"{file.new_path} is gone: nothing was put back in it.")
            continue
        kept = changes.content(file.sha256)
        if sha256_bytes(data) == file.new_sha256 and kept is not None:
            if file.twin_of is None:
                exact.add(file.new_path)
                edits.append(file_edit(file.new_path, file.path, data, kept, file.tokens))
            elif file.twin_of in exact:
                notebook = names.get(file.twin_of, file.twin_of)
                edits.append(
                    FileEdit(file.new_path, file.path, data, kept, (), "", (), notebook)
                )  # fmt: skip
        elif file.twin_of is None:
            found, problems = _edited_since(project, store, change, file, data)
            edits += found
            left += problems
    return edits, left


def _edited_since(
    project: Project, store: Store | None, change: Change, file: ChangedFile, data: bytes
) -> tuple[list[FileEdit], list[str]]:
    """References in a file that has other edits by now: they alone go back."""
    try:
        open_document(file.new_path, data)
    except NbtrailError as error:
        raise ConflictError(
            f"{file.new_path} refers to the notebook and cannot be read: {error.message}",
            hint="Mend it and undo again; nothing was changed.",
        ) from error
    names = {new: old for old, new in change.names.items()}
    found, problems = find_references(
        project, names, twin_judge(project, store), only=[file.new_path]
    )
    number = sum(len(edit.tokens) for edit in found)
    missing = len(file.tokens) - number
    if missing > 0:
        plural = "reference was" if missing == 1 else "references were"
        problems.append(f"{file.new_path}: {missing} {plural} edited since and stay as they are.")
    return found, problems


def _revive(store: Store | None, change: Change) -> None:
    """Let histories go on that ended because the renamed notebook took their path."""
    if store is None or not change.replaced:
        return
    from nbtrail.ledger.history import revive_notebook

    try:
        with store.write() as connection:
            for identity in change.replaced.values():
                revive_notebook(connection, identity)
    except StoreError:
        return  # the file of that history is gone: nobody waits for it
