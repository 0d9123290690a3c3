"""Mending what can be mended without asking: twins are written and brought together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from nbtrail.errors import NbtrailError
from nbtrail.pairing.decide import Action
from nbtrail.pairing.sync import sync
from nbtrail.policy.findings import TWIN_DIFFERS, TWIN_MISSING, Finding
from nbtrail.policy.rules import check
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store

_MENDABLE = frozenset({TWIN_MISSING, TWIN_DIFFERS})


class FixResult(msgspec.Struct, frozen=True):
    """What was mended, and what is still to be done."""

    fixed: tuple[Finding, ...]
    findings: tuple[Finding, ...]


def fix(
    project: Project,
    store: Store | None,
    paths: Sequence[str] | None = None,
    code: str | None = None,
) -> FixResult:
    """Mend the findings of some notebooks (all: ``None``) or of one ``code``.

    What needs a choice or a word from a person stays among ``findings``.

    Raises
    ------
    NotFoundError, OutsideProjectError
        As `nbtrail.policy.rules.check`.
    """
    mended = [
        finding
        for finding in check(project, paths, store)
        if project.adopted
        and finding.code in _MENDABLE
        and (code is None or finding.code == code)
        and _bring_together(project, store, finding.path)
    ]
    return FixResult(tuple(mended), tuple(check(project, paths, store)))


def _bring_together(project: Project, store: Store | None, path: str) -> bool:
    try:
        return sync(project, store, path).action is not Action.CONFLICT
    except NbtrailError:
        return False  # the check that follows says what stands in the way
