"""A broken rule, as the command line, REST and the panel show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from nbtrail.config import Level
from nbtrail.policy.catalogue import Problem, Rule
from nbtrail.policy.levels import level_of
from nbtrail.project import Project

Severity = Literal["warning", "error"]

NO_CATEGORY = "NBT101"
MANY_CATEGORIES = "NBT102"
NO_DESCRIPTION = "NBT103"
DRAFT = "NBT104"
DUPLICATE = "NBT105"
SEQUENCE_CLASH = "NBT106"
TWIN_MISSING = "NBT301"
TWIN_DIFFERS = "NBT302"
TWIN_CONFLICT = "NBT303"


class Fix(msgspec.Struct, frozen=True):
    """What would mend it: ``action`` is rename, pair, resolve, split or init; ``label`` says it."""

    action: str
    label: str
    args: dict[str, Any] = {}


class Finding(msgspec.Struct, frozen=True):
    """One broken rule.

    ``path`` is POSIX from the project root; ``cell_id`` is set where one cell is meant, ``line``
    where one of its lines is, counted from 1.
    """

    code: str
    severity: Severity
    path: str
    message: str
    cell_id: str | None = None
    fix: Fix | None = None
    line: int | None = None


def finding_of(
    project: Project,
    rule: Rule,
    path: str,
    problem: Problem,
    is_old: Callable[[], bool] = lambda: False,
    fix: Fix | None = None,
) -> Finding | None:
    """A problem as it is reported; ``None`` where its rule is off for the notebook at ``path``.

    ``is_old`` tells whether the baseline excuses the notebook; asked only where that counts.
    """
    level = level_of(project, rule, path)
    old = level is Level.ENFORCE and is_old()
    severity = severity_of(level, baseline=old)
    if severity is None:
        return None
    return Finding(
        problem.code, severity, path, problem.message, problem.cell_id, fix, problem.line
    )


def severity_of(level: Level, *, baseline: bool = False) -> Severity | None:
    """How a broken rule of this level is reported; ``None`` where it is not.

    What was there before the rules (`baseline`) only warns.
    """
    if level is Level.OFF:
        return None
    return "error" if level is Level.ENFORCE and not baseline else "warning"
