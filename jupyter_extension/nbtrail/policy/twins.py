"""Rules about twins: every notebook has one, and both say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from nbtrail.config import Level
from nbtrail.notebooks.names import is_draft
from nbtrail.pairing.formats import twin_path
from nbtrail.policy.catalogue import Problem, Rule
from nbtrail.policy.findings import TWIN_CONFLICT, TWIN_DIFFERS, TWIN_MISSING, Fix
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store

RULES = (
    Rule(TWIN_MISSING, "twin-missing", "The notebook has no twin", Level.WARN),
    Rule(TWIN_DIFFERS, "twin-stale", "Notebook and twin differ", Level.WARN),
    Rule(TWIN_CONFLICT, "twin-conflict", "Both were edited and cannot be merged", Level.WARN),
)


class TwinCheck(msgspec.Struct, frozen=True):
    """What is wrong with a notebook's twin, if anything; ``twin`` is its path where known."""

    problem: Problem | None
    twin: str | None


def check_twin(project: Project, store: Store | None, path: str) -> TwinCheck:
    """How the notebook at ``path`` and its twin stand.

    Raises
    ------
    UnreadableNotebookError, OutsideProjectError, NotFoundError
        As `nbtrail.pairing.sync.pair_state`.
    """
    from nbtrail.pairing.sync import pair_state

    state = pair_state(project, store, path)
    if state.state == "off":
        home = None if project.adopted else twin_path(project, path)
        return TwinCheck(_unadopted(project, path), home)
    if state.state == "in-sync":
        return TwinCheck(None, state.twin)
    if state.state == "conflict":
        cell = state.conflicts[0].cell_id if state.conflicts else None
        return TwinCheck(Problem(TWIN_CONFLICT, state.message, cell), state.twin)
    code = TWIN_MISSING if state.state == "missing" else TWIN_DIFFERS
    return TwinCheck(Problem(code, state.message), state.twin)


def fix_of(project: Project, code: str, path: str, twin: str | None) -> Fix | None:
    """What mends a problem with a twin."""
    args = {"path": path}
    if not project.adopted:
        return Fix("init", "Adopt the folder")
    if code == TWIN_CONFLICT:
        return Fix("resolve", "Choose…", {**args, "twin": twin})
    label = "Write the twin" if code == TWIN_MISSING else "Bring both together"
    return Fix("pair", label, args)


def _unadopted(project: Project, path: str) -> Problem | None:
    """In a folder that is only looked at, a missing twin is worth a word and no more."""
    if project.adopted or is_draft(path) or project.is_scratch(path):
        return None
    if (project.root / twin_path(project, path)).exists():
        return None
    message = f"{path} has no twin: adopt the folder with `nbtrail init` to have one kept."
    return Problem(TWIN_MISSING, message)
