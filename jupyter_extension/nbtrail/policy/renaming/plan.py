"""Planning renames: everything is looked at and judged, nothing is changed."""

from __future__ import annotations

import contextlib
import fnmatch
import os
import posixpath
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from nbtrail import git
from nbtrail.errors import ConflictError, NotFoundError, UsageError
from nbtrail.files import same_file
from nbtrail.pairing.formats import is_paired, judge_format, moved_twin, notebook_of
from nbtrail.pairing.moves import Move, own_twin, plan_rename
from nbtrail.policy.clashes import Clashes
from nbtrail.policy.naming import is_only_moved, notebook_path, refuse_bad_name
from nbtrail.policy.renaming.records import Reference, Rename, RenamePlan
from nbtrail.policy.renaming.references import FileEdit, find_references
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store

_LONGEST_NAME = 255


@dataclass(frozen=True)
class Prepared:
    """A plan with what is needed to carry it out."""

    plan: RenamePlan
    moves: tuple[Move, ...]
    edits: tuple[FileEdit, ...]
    names: dict[str, str]


def plan_renames(
    project: Project,
    store: Store | None,
    pairs: Sequence[tuple[str, str]],
    *,
    references: bool = True,
    judged: bool = True,
) -> Prepared:
    """Plan renames that are done together; names may be swapped, and follow each other.

    Parameters
    ----------
    project, store
        Where; without a store twins are told by what they hold.
    pairs
        Old and new paths. Those that stay as they are are left out.
    references
        Whether references in other files follow.
    judged
        Whether rules may forbid a new name, or characters and cases in it; not when something is
        put back to where it has been.

    Raises
    ------
    NotFoundError
        When a notebook is not there.
    UsageError
        When a name is none that a notebook of the project can have.
    PolicyError
        When a new name breaks a rule that is enforced.
    ConflictError
        When something is at a new name, or would be but for upper and lower case.
    ConfigError
        When twins have no usable format.
    """
    place = notebook_path if judged else Project.relative
    wanted = [(project.relative(old), place(project, new)) for old, new in pairs]
    wanted = [(old, new) for old, new in wanted if old != new]
    _refuse_doubles(wanted)
    if judged:
        _refuse_case_doubles(wanted)
    going = {old for old, _ in wanted}
    names = {*project.notebooks()} - going | {new for _, new in wanted} if judged else set()
    clashes = Clashes(project, sorted(names))
    siblings = _Siblings(project)
    for old, new in wanted:
        if not project.resolve(old).is_file():
            raise NotFoundError(f"There is no notebook {old}.", hint="Check the path.")
        if not old.endswith(".ipynb"):
            raise UsageError(f"{old} is no notebook.", hint="Name one that ends in .ipynb.")
        _judge_place(project, old, new, going)
        if judged:
            _refuse_control_characters(new)
            siblings.refuse_clash(new, going)
        if judged and not is_only_moved(project, old, new):
            refuse_bad_name(project, new, clashes=clashes)
        if is_paired(project, new):
            judge_format(project)
    freed = {own_twin(project, store, old) or "" for old in going}
    moves = tuple(plan_rename(project, store, old, new, freed) for old, new in wanted)
    return _prepared(project, store, moves, references, with_renames=True)


def plan_references(project: Project, store: Store | None, old: str, new: str) -> Prepared:
    """Plan what would have to follow a rename that was done elsewhere.

    Raises
    ------
    NotFoundError
        When there is no notebook at ``new``.
    ConflictError
        When there is still, or again, a notebook at ``old``.
    """
    old, new = project.relative(old), project.relative(new)
    if not project.resolve(new).is_file():
        raise NotFoundError(f"There is no notebook {new}.", hint="Check the path.")
    if os.path.lexists(project.resolve(old)):
        raise ConflictError(f"There is a notebook {old}: what names it may mean it.")
    twin = own_twin(project, store, new)
    old_twin = None if twin is None else moved_twin(project, twin, new, old)
    return _prepared(project, store, (Move(old, new, old_twin, twin),), True, with_renames=False)


def _prepared(
    project: Project,
    store: Store | None,
    moves: tuple[Move, ...],
    references: bool,
    *,
    with_renames: bool,
) -> Prepared:
    edits: list[FileEdit] = []
    warnings: list[str] = []
    if references and moves:
        names = targets_of(moves)
        edits, warnings = find_references(project, names, twin_judge(project, store))
        warnings += [f"{e.path} is read-only." for e in edits if not _is_writable(project, e.path)]
    tracked = git.tracked(project.root, [move.path for move in moves]) if with_renames else set()
    plan = RenamePlan(
        renames=tuple(
            Rename(**msgspec.structs.asdict(move), tracked=move.path in tracked)
            for move in (moves if with_renames else ())
        ),
        references=tuple(
            Reference(edit.path, line.cell_id, line.number, line.before, line.after)
            for edit in edits
            for line in edit.lines
        ),
        diff={edit.path: edit.diff for edit in edits},
        warnings=(*warnings, *_patterns(project, moves)),
    )
    return Prepared(plan, moves if with_renames else (), tuple(edits), targets_of(moves))


def targets_of(moves: Sequence[Move]) -> dict[str, str]:
    """New paths of notebooks and twins by old ones."""
    names = {move.path: move.new_path for move in moves}
    return names | {m.twin: m.new_twin for m in moves if m.twin and m.new_twin}


def twin_judge(project: Project, store: Store | None) -> Callable[[str], bool]:
    """Tells of a script whether it is the twin of a notebook beside it."""

    @cache
    def is_twin(path: str) -> bool:
        notebook = notebook_of(project, path)
        there = (project.root / notebook).is_file() and is_paired(project, notebook)
        return there and own_twin(project, store, notebook) == path

    return is_twin


def refuse_read_only(project: Project, edits: Sequence[FileEdit]) -> None:
    """Raise ConflictError where a file that has to be changed is not to be written."""
    for edit in edits:
        if not _is_writable(project, edit.path):
            raise ConflictError(
                f"{edit.path} refers to the notebook and is read-only; nothing was changed.",
                hint="Make it writable, or rename without references.",
                detail={"path": edit.path},
            )


def _is_writable(project: Project, path: str) -> bool:
    # Root passes `os.access` whatever the mode says.
    file = project.root / path
    return bool(file.stat().st_mode & 0o222) and os.access(file, os.W_OK)


def _refuse_doubles(wanted: Sequence[tuple[str, str]]) -> None:
    for number, side in enumerate(("renamed twice", "the new name of two notebooks")):
        seen: set[str] = set()
        for pair in wanted:
            if pair[number] in seen:
                raise ConflictError(f"{pair[number]} would be {side}.", hint="Choose other names.")
            seen.add(pair[number])


def _refuse_case_doubles(wanted: Sequence[tuple[str, str]]) -> None:
    folded: dict[str, str] = {}
    for _, new in wanted:
        other = folded.setdefault(new.casefold(), new)
        if other != new:
            raise _case_clash(new, other)


def _judge_place(project: Project, old: str, new: str, going: set[str]) -> None:
    """Refuse what no file can be called, and places that are taken."""
    name = PurePosixPath(new).name
    for part in PurePosixPath(new).parts:
        if len(part.encode(errors="surrogateescape")) > _LONGEST_NAME:
            raise UsageError(f"{part[:40]}… is too long for a file name.", hint="Shorten it.")
    target = project.resolve(new)
    for folder in target.parents:
        if folder == project.root:
            break
        if os.path.lexists(folder) and not folder.is_dir():
            raise ConflictError(f"{folder.name} is a file and cannot hold {name}.")
    if os.path.lexists(target) and new not in going and not same_file(project.resolve(old), target):
        what = "folder" if target.is_dir() else "file"
        raise ConflictError(f"{new} is already there: a {what}.", hint="Choose another name.")


def _refuse_control_characters(new: str) -> None:
    if any(unicodedata.category(mark) in ("Cc", "Zl", "Zp", "Cs") for mark in new):
        raise UsageError(f"{new!r} holds a line break or a control character.", hint="Omit it.")


class _Siblings:
    """Names in the folders of a project, regardless of upper and lower case."""

    def __init__(self, project: Project) -> None:
        self._root = project.root
        self._names: dict[str, dict[str, list[str]]] = {}

    def refuse_clash(self, path: str, going: set[str]) -> None:
        """Raise ConflictError where a file differs from ``path`` in nothing but case."""
        folder, name = posixpath.split(path)
        for other in self._of(folder).get(name.casefold(), ()):
            if other != name and posixpath.join(folder, other) not in going:
                raise _case_clash(path, posixpath.join(folder, other))

    def _of(self, folder: str) -> dict[str, list[str]]:
        if folder not in self._names:
            found: dict[str, list[str]] = {}
            with contextlib.suppress(OSError):
                for name in os.listdir(self._root / folder):
                    found.setdefault(name.casefold(), []).append(name)
            self._names[folder] = found
        return self._names[folder]


def _case_clash(new: str, other: str) -> ConflictError:
    return ConflictError(
        f"{new} differs from {other} in upper and lower case only: on many machines they would be "
        "one file.",
        hint="Choose another name.",
    )


def _patterns(project: Project, moves: Sequence[Move]) -> list[str]:
    """Warnings of patterns in nbtrail.toml that held for the old name and do not for the new."""
    config = project.config
    found = []
    for key, patterns in (
        ("[project] exclude", config.project.exclude),
        ("[pipeline] exclude", config.pipeline.exclude),
    ):
        for pattern in patterns:
            if not any(mark in pattern for mark in "*?["):
                continue
            for move in moves:
                was, will = (fnmatch.fnmatch(p, pattern) for p in (move.path, move.new_path))
                if was != will:
                    says = "no longer holds" if was else "then holds"
                    found.append(f"nbtrail.toml: {key} {pattern!r} {says} for {move.new_path}.")
    return found
