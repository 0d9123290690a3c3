"""Renaming notebooks under the rules: one call for the command line, the server and adopting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nbtrail.pairing.lock import renames_lock
from nbtrail.policy.renaming.carry import bring_pairs_together, carry_out, put_back_begun
from nbtrail.policy.renaming.plan import Prepared, plan_references, plan_renames
from nbtrail.policy.renaming.records import ChangeKind, RenameResult
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store


def rename_notebooks(
    project: Project,
    store: Store | None,
    pairs: Sequence[tuple[str, str]],
    *,
    references: bool = True,
    dry_run: bool = False,
) -> RenameResult:
    """Rename notebooks with all that belongs to them, all or none.

    Parameters
    ----------
    project, store
        Where; without a store histories follow later, by what the notebooks hold.
    pairs
        Old and new paths; names may be swapped, and follow each other.
    references
        Whether references in other files follow.
    dry_run
        Only plan it.

    Raises
    ------
    NotFoundError, UsageError, PolicyError, ConflictError, ConfigError
        As `nbtrail.policy.renaming.plan.plan_renames`; nothing was changed.
    ConflictError
        When a file with references is read-only, in conflict with its twin, or changed by
        somebody else meanwhile; everything is as it was.
    LockedError
        When another program renames, or writes pairs, all the while.
    """

    def plan() -> Prepared:
        return plan_renames(project, store, pairs, references=references)

    return _planned(project, store, plan, "rename", dry_run)


def update_references(
    project: Project, store: Store | None, old: str, new: str, *, dry_run: bool = False
) -> RenameResult:
    """Let references follow a rename that was done elsewhere, as in JupyterLab's file browser.

    Raises
    ------
    NotFoundError, ConflictError
        As `nbtrail.policy.renaming.plan.plan_references`, and as `rename_notebooks`.
    """

    def plan() -> Prepared:
        return plan_references(project, store, old, new)

    return _planned(project, store, plan, "references", dry_run)


def _planned(
    project: Project,
    store: Store | None,
    plan: Callable[[], Prepared],
    kind: ChangeKind,
    dry_run: bool,
) -> RenameResult:
    if dry_run:
        prepared = plan()
        return RenameResult(prepared.plan, None, 0, prepared.plan.warnings)
    with renames_lock(project):
        put_back_begun(project, store)
        prepared = plan()
        if bring_pairs_together(project, store, prepared.edits):
            prepared = plan()
        if not prepared.moves and not prepared.edits:
            return RenameResult(prepared.plan, None, 0, prepared.plan.warnings)
        change, problems = carry_out(project, store, prepared, kind)
    return RenameResult(
        plan=prepared.plan,
        change=None if change is None else change.id,
        references=len(prepared.plan.references),
        warnings=(*prepared.plan.warnings, *problems),
    )
