"""What is said of a rename before it is done, and what is kept of it afterwards."""

from __future__ import annotations

from typing import Literal

import msgspec

ChangeKind = Literal["rename", "references", "undo", "redo"]


class Rename(msgspec.Struct, frozen=True):
    """One notebook's rename; twins are ``None`` where none goes along.

    ``tracked`` tells whether git has the notebook in its index.
    """

    path: str
    new_path: str
    twin: str | None
    new_twin: str | None
    tracked: bool = False


class Reference(msgspec.Struct, frozen=True):
    """A line that names a renamed notebook or twin, before and after.

    ``line`` counts from 1, in the cell ``cell_id`` of a notebook, else in the file.
    """

    path: str
    cell_id: str | None
    line: int
    before: str
    after: str


class RenamePlan(msgspec.Struct, frozen=True):
    """All that a rename would do; ``diff`` holds unified diffs of references by file."""

    renames: tuple[Rename, ...]
    references: tuple[Reference, ...]
    diff: dict[str, str]
    warnings: tuple[str, ...]


class RenameResult(msgspec.Struct, frozen=True):
    """What was done.

    Attributes
    ----------
    plan
        What was planned.
    change
        Id to undo it by; ``None`` where nothing was done, or it could not be put on record.
    references
        How many lines were changed.
    warnings
        The plan's, and what else did not go as it should.
    """

    plan: RenamePlan
    change: str | None
    references: int
    warnings: tuple[str, ...]


class ChangedFile(msgspec.Struct, frozen=True):
    """A file that was changed beside being renamed, with its content before.

    Attributes
    ----------
    path, new_path
        Where it was before the change and where afterwards.
    sha256, new_sha256
        Hashes of its content before and after.
    tokens
        What the references say afterwards.
    twin_of
        Set for a twin that followed its notebook: the notebook's path after the change.
    """

    path: str
    new_path: str
    sha256: str
    new_sha256: str
    tokens: tuple[str, ...] = ()
    twin_of: str | None = None


class Change(msgspec.Struct, frozen=True):
    """A rename on record.

    Attributes
    ----------
    state
        ``begun`` while files are moved, then ``done``, then perhaps ``undone``.
    names
        New paths by old ones of the notebooks and twins that references follow.
    steps, inodes, moved
        Single moves of files with the inode of each, and whether all are done: with these what
        was begun can be put back after a crash.
    folders
        Folders that were made for it.
    replaced
        Rows of histories that ended because another notebook took the path, by path.
    undoes, undone_by
        Ids of the change that this one undoes, and of that which has undone it.
    """

    id: str
    at: float
    kind: ChangeKind
    state: Literal["begun", "done", "undone"]
    renames: tuple[Rename, ...]
    files: tuple[ChangedFile, ...] = ()
    names: dict[str, str] = {}
    steps: tuple[tuple[str, str], ...] = ()
    inodes: tuple[int, ...] = ()
    moved: bool = False
    folders: tuple[str, ...] = ()
    replaced: dict[str, int] = {}
    undoes: str | None = None
    undone_by: str | None = None
    version: int = 1


class ChangeSummary(msgspec.Struct, frozen=True):
    """A change in a list; ``references`` counts the places that were changed in other files."""

    id: str
    at: float
    kind: ChangeKind
    state: Literal["begun", "done", "undone"]
    renames: tuple[Rename, ...]
    references: int
    undoes: str | None
    undone_by: str | None
