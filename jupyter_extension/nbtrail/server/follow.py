"""What follows when a client opens, saves, renames, copies or deletes a notebook.

All of it is synchronous and runs off the event loop. `quietly` and `judge` keep our failures
from the client: they are logged once, and the server goes on alone.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from tornado.web import HTTPError

from nbtrail.errors import (
    ConflictError,
    NbtrailError,
    OutsideProjectError,
    UnreadableNotebookError,
)
from nbtrail.notebooks.names import is_draft
from nbtrail.pairing import moves
from nbtrail.pairing.base import load_base
from nbtrail.pairing.decide import Action
from nbtrail.pairing.formats import is_paired
from nbtrail.pairing.lock import SHORT_PATIENCE, hold_saving
from nbtrail.pairing.sync import (
    SaveTicket,
    SyncResult,
    after_save,
    before_save,
    pair_state,
    sync,
)
from nbtrail.policy.baseline import load_baseline
from nbtrail.policy.names import name_problem
from nbtrail.policy.naming import is_only_moved

if TYPE_CHECKING:
    from nbtrail.app import OpenProject
    from nbtrail.ledger.store import Store
    from nbtrail.server.projects import Projects

log = logging.getLogger(__name__)

_T = TypeVar("_T")


@dataclass(frozen=True)
class Owner:
    """The project that a notebook belongs to, and its path there."""

    opened: OpenProject
    path: str

    @property
    def is_paired(self) -> bool:
        """Whether its pair is nbtrail's to keep."""
        return is_paired(self.opened.project, self.path)


class Follower:
    """Lets pairs, names and histories follow what is done to files.

    Parameters
    ----------
    projects
        The open projects.
    on_change
        Called with a project and a notebook's path after something of ours changed.
    """

    def __init__(
        self, projects: Projects, on_change: Callable[[OpenProject, str], None] | None = None
    ) -> None:
        self._projects = projects
        self._on_change = on_change
        self._said: set[tuple[str, str]] = set()
        #: What clients saved last, by project and path: their own work is not kept again.
        self._saved: dict[tuple[Path, str], str] = {}
        #: What they got first, where they have saved nothing yet.
        self._served: dict[tuple[Path, str], str] = {}

    def bring_together(self, owner: Owner) -> SyncResult:
        """Sync a pair; a notebook that is not there is the manager's to report."""
        project = owner.opened.project
        if not project.resolve(owner.path).is_file():
            raise OutsideProjectError(f"{owner.path} is not there.")
        store = owner.opened.store_or_none()
        if _waits_in_baseline(owner, store):
            return SyncResult(Action.IN_SYNC, None, "")
        result = sync(project, store, owner.path, patience=SHORT_PATIENCE)
        if store is not None:
            digest = store.digests.sha256(project.resolve(owner.path))
            if digest is not None:
                self._served[project.root, owner.path] = digest
        if result.wrote_notebook or result.wrote_twin:
            self._changed(owner)
        return result

    def hold_saving(self, owner: Owner) -> Callable[[], None]:
        """Keep other servers from saving a notebook until the result is called."""
        return hold_saving(owner.opened.project, owner.path, SHORT_PATIENCE)

    def before_save(self, owner: Owner) -> SaveTicket:
        """Look at the pair before a client's save replaces the notebook."""
        project = owner.opened.project
        key = (project.root, owner.path)
        own = self._saved.get(key) or self._served.get(key)
        return before_save(project, owner.opened.store_or_none(), owner.path, own)

    def after_save(self, owner: Owner, ticket: SaveTicket, content: Any = None) -> None:
        """Let the twin follow the save of this content."""
        project = owner.opened.project
        store = owner.opened.store_or_none()
        saved = content if isinstance(content, dict) else None
        result = after_save(
            project, store, owner.path, ticket, saved=saved, patience=SHORT_PATIENCE
        )
        if result.saved_sha256 is not None:
            self.saved(owner, result.saved_sha256)
        self._changed(owner)

    def saved(self, owner: Owner, sha256: str) -> None:
        """A client saved this content: it is its own, and need not be kept from it."""
        self._saved[owner.opened.project.root, owner.path] = sha256

    def refuse_new(self, path: str) -> None:
        """Raise 422 where a notebook must not be made at ``path``."""
        if self._exists(path) or is_draft(path):
            return
        owner = find_owner(self._projects, path)
        if owner is not None:
            _refuse(owner)

    def refuse_rename(self, old_path: str, new_path: str) -> None:
        """Raise 422 where a notebook must not get the name ``new_path``."""
        owner = find_owner(self._projects, new_path)
        if owner is None or is_draft(new_path):
            return
        before = find_owner(self._projects, old_path)
        project = owner.opened.project
        if (
            before is None
            or before.opened.project.root != project.root
            or not is_only_moved(project, before.path, owner.path)
        ):
            _refuse(owner, None if before is None else before.path)

    def plan_rename(self, old_path: str, new_path: str) -> Callable[[], None]:
        """What is to be done once the notebook is moved; raises 409 where it must not be."""
        try:
            before = find_owner(self._projects, old_path)
            after = find_owner(self._projects, new_path)
            if before is None:
                return partial(self._settle, after)
            store = before.opened.store_or_none()
            project = before.opened.project
            if after is None or after.opened.project.root != project.root:
                removal = moves.plan_delete(project, store, before.path)
                return partial(self._left_project, before, removal, after)
            move = moves.plan_rename(project, store, before.path, after.path)
            return partial(self._renamed, before, move, after)
        except ConflictError as error:
            raise HTTPError(409, str(error)) from error
        except Exception as error:
            self.say("rename", error)
            return lambda: None

    def _renamed(self, before: Owner, move: moves.Move, after: Owner) -> None:
        from nbtrail.policy.renaming.carry import note_rename

        store = before.opened.store_or_none()
        moves.finish_rename(before.opened.project, store, move)
        self.quietly("rename", note_rename, before.opened.project, store, move)
        self._settle(after)

    def _left_project(self, before: Owner, removal: moves.Removal, after: Owner | None) -> None:
        if removal.twin is not None:
            before.opened.project.resolve(removal.twin).unlink(missing_ok=True)
        self.deleted(before, removal)
        self._settle(after)

    def _settle(self, owner: Owner | None) -> None:
        """Give a notebook that arrived under a new name its twin."""
        if owner is None:
            return
        if owner.is_paired:
            self.bring_together(owner)
        self._changed(owner)

    def folder_renamed(self, old_path: str, new_path: str) -> None:
        before = find_owner(self._projects, old_path)
        after = find_owner(self._projects, new_path)
        if before is None or after is None:
            return
        project = before.opened.project
        if project.root == after.opened.project.root:
            store = before.opened.store_or_none()
            moves.rename_folder(project, store, before.path, after.path)
            self._changed(after)

    def plan_delete(self, owner: Owner) -> moves.Removal:
        return moves.plan_delete(owner.opened.project, owner.opened.store_or_none(), owner.path)

    def deleted(self, owner: Owner, removal: moves.Removal) -> None:
        moves.finish_delete(owner.opened.project, owner.opened.store_or_none(), removal)
        self._changed(owner)

    def forget(self, path: str) -> None:
        """End the history of a deleted notebook that had no pair of ours."""
        owner = find_owner(self._projects, path)
        if owner is not None:
            self.deleted(owner, moves.Removal(owner.path, None))

    def copied(self, from_path: str, to_path: str) -> None:
        """Begin the history of a copy."""
        before = find_owner(self._projects, from_path)
        after = find_owner(self._projects, to_path)
        if before is None or after is None:
            return
        if before.opened.project.root == after.opened.project.root:
            moves.note_copy(before.opened.store_or_none(), before.path, after.path)
        self._changed(after)

    def _absolute(self, path: str) -> Path:
        return self._projects.root / path.strip("/")

    def _exists(self, path: str) -> bool:
        return os.path.lexists(self._absolute(path))

    def _changed(self, owner: Owner) -> None:
        if self._on_change is not None:
            self._on_change(owner.opened, owner.path)

    def judge(self, what: str, rule: Callable[..., None], *args: Any) -> None:
        """Let a rule refuse; a rule that cannot be judged refuses nothing."""
        try:
            rule(*args)
        except HTTPError:
            raise
        except Exception as error:
            self.say(what, error)

    def quietly(self, what: str, work: Callable[..., _T], *args: Any) -> _T | None:
        """Run a step of ours; whatever goes wrong there is no reason to fail the client."""
        try:
            return work(*args)
        except (OutsideProjectError, UnreadableNotebookError):
            return None  # the manager has its own answer, and the finding says the rest
        except Exception as error:
            self.say(what, error)
            return None

    def say(self, what: str, error: Exception) -> None:
        """Log a failure once: the same again says nothing new."""
        key = (what, f"{type(error).__name__}: {error}")
        if key in self._said:
            return
        self._said.add(key)
        expected = isinstance(error, NbtrailError)
        log.warning("nbtrail left a %s to the server alone: %s", what, error, exc_info=not expected)


def find_owner(projects: Projects, contents_path: str) -> Owner | None:
    """The project of a file of the Contents API; ``None`` for what leads out of it."""
    plain = contents_path.strip("/")
    folder, _, _ = plain.rpartition("/")
    try:
        opened = projects.for_path(folder)
        return Owner(opened, opened.project.relative(projects.root / plain))
    except OutsideProjectError:
        return None


def _refuse(owner: Owner, leaving: str | None = None) -> None:
    """Answer 422 with message and fix where a name that is enforced is broken.

    ``leaving`` is the path that the notebook gives up for it.
    """
    project = owner.opened.project
    if not project.adopted:
        return
    problem = name_problem(project, owner.path, new=True, leaving=leaving)
    if problem is None or problem.severity != "error":
        return
    store = owner.opened.store_or_none()
    if owner.path in load_baseline(project).notebooks or load_base(store, owner.path) is not None:
        return  # its file went away under an open document: saving is never refused
    raise HTTPError(422, f"{problem.message} ({problem.code})", reason="Unprocessable Entity")


def _waits_in_baseline(owner: Owner, store: Store | None) -> bool:
    """Whether a notebook from before the rules has no twin yet: opening it makes none."""
    project = owner.opened.project
    return (
        load_base(store, owner.path) is None
        and load_baseline(project).holds(project, owner.path)
        and pair_state(project, store, owner.path).state == "missing"
    )
