"""A broken rule, as the command line, REST and the panel show it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from nbtrail.project import Level

Severity = Literal["warning", "error"]

NO_CATEGORY = "NBT101"
MANY_CATEGORIES = "NBT102"
NO_DESCRIPTION = "NBT103"
DRAFT = "NBT104"
TWIN_MISSING = "NBT301"
TWIN_DIFFERS = "NBT302"
TWIN_CONFLICT = "NBT303"


class Fix(msgspec.Struct, frozen=True):
    """What would mend it: ``action`` is rename, pair, resolve or init; ``label`` is for people."""

    action: str
    label: str
    args: dict[str, Any] = {}


class Finding(msgspec.Struct, frozen=True):
    """One broken rule.

    ``path`` is POSIX from the project root; ``cell_id`` is set where one cell is meant.
    """

    code: str
    severity: Severity
    path: str
    message: str
    cell_id: str | None = None
    fix: Fix | None = None


def severity_of(level: Level, *, baseline: bool = False) -> Severity | None:
    """How a broken rule of this level is reported; ``None`` where it is not.

    What was there before the rules (`baseline`) only warns.
    """
    if level is Level.OFF:
        return None
    return "error" if level is Level.ENFORCE and not baseline else "warning"
