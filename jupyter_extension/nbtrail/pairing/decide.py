"""Which of two files speaks: a decision on content alone.

Modification times do not enter. What both said at the last sync is the base; the side that
differs from it has been edited.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

import msgspec


class Action(str, enum.Enum):
    """What a sync has to do."""

    IN_SYNC = "in-sync"
    WRITE_TWIN = "write-twin"
    UPDATE_NOTEBOOK = "update-notebook"
    MERGE = "merge"
    CONFLICT = "conflict"


class Digests(msgspec.Struct, frozen=True):
    """Identity of what notebook and twin said at one moment."""

    notebook: str
    twin: str


def decide(
    base: Digests | None, notebook: str, twin: str | None, same: Callable[[], bool]
) -> Action:
    """What to do about a pair.

    Parameters
    ----------
    base
        What both said at the last sync; ``None`` when that is not known.
    notebook, twin
        What they say now; ``None`` for a twin that is not there.
    same
        Whether both say the same now. Costly, and only asked when nothing else decides.
    """
    if twin is None:
        return Action.WRITE_TWIN
    if base is not None:
        if twin == base.twin:
            return Action.IN_SYNC if notebook == base.notebook else Action.WRITE_TWIN
        if notebook == base.notebook:
            return Action.UPDATE_NOTEBOOK
    if same():
        return Action.IN_SYNC
    return Action.CONFLICT if base is None else Action.MERGE
