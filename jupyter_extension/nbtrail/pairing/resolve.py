"""Ending a conflict of a pair: one side for all, or a choice for each cell.

What gives way is kept in the store first, and nothing is written until every cell that both
sides edited has its choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast, get_args

import msgspec

from nbtrail.errors import ConflictError, StoreError, UsageError
from nbtrail.notebooks.document import Notebook
from nbtrail.pairing.base import BaseContent
from nbtrail.pairing.decide import Action
from nbtrail.pairing.formats import is_paired
from nbtrail.pairing.lock import pairs_lock
from nbtrail.pairing.look import Look, Pair, look, open_pair, unusable_twin
from nbtrail.pairing.merge import Merged, PairConflict, Rules, Settle, Settled, Side
from nbtrail.pairing.sync import SyncResult, carry_out, message_of, write_notebook, write_twin
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store

SIDES: tuple[str, ...] = get_args(Side)
#: Conflicts in which the twin cannot be read as the notebook's cells.
_UNUSABLE = ("markers", "empty", "unreadable")


class CellChoice(msgspec.Struct, frozen=True):
    """A cell about which a choice is to be made.

    ``key`` names it in the choice; ``kinds`` say what differs (source, type, metadata, deleted,
    order, kernel, unmatched). The texts are ``None`` where a side does not have the cell.
    """

    key: str
    cell_id: str | None
    kinds: tuple[str, ...]
    message: str
    base: str | None
    notebook: str | None
    twin: str | None


class ConflictView(msgspec.Struct, frozen=True):
    """How a conflict can be ended.

    Attributes
    ----------
    state
        ``conflict``, or ``none`` where nothing is to be chosen.
    keep
        What may be kept as a whole: notebook, twin, both; without the last two where the twin
        cannot be read.
    cells
        What to choose cell by cell; all else is merged. Empty where only the whole can be.
    """

    path: str
    twin: str | None
    state: str
    message: str
    keep: tuple[str, ...] = ()
    cells: tuple[CellChoice, ...] = ()


def conflict_of(project: Project, store: Store | None, path: str) -> ConflictView:
    """The conflict of the pair of the notebook at ``path``; nothing is written.

    Raises
    ------
    NotFoundError, OutsideProjectError, UnreadableNotebookError
        As `nbtrail.pairing.look.open_pair`.
    """
    if not is_paired(project, path):
        return ConflictView(path, None, "none", "")
    pair = open_pair(project, store, path)
    seen = look(pair)
    if seen.action is not Action.CONFLICT:
        return ConflictView(path, pair.twin, "none", message_of(seen))
    if seen.conflicts[0].kind in _UNUSABLE:
        return ConflictView(path, pair.twin, "conflict", message_of(seen), ("notebook",))
    merged = _merged(pair, seen, lambda _: None)
    cells = _by_cell(merged.conflicts)
    return ConflictView(path, pair.twin, "conflict", message_of(seen), SIDES, cells)


def resolve(
    project: Project, store: Store | None, path: str, keep: str | Mapping[str, str]
) -> SyncResult:
    """End a conflict.

    Parameters
    ----------
    keep
        ``"notebook"`` or ``"twin"`` for one side as it is, ``"both"`` for both versions of every
        contested cell, one below the other; or such a word for each cell by its key, with
        everything else merged.

    Raises
    ------
    UsageError
        For a side that there is not.
    ConflictError
        When a cell is left without a choice, or the twin cannot be read as cells.
    StoreError
        When there is no store, or it cannot keep what gives way.
    """
    for side in [keep] if isinstance(keep, str) else keep.values():
        if side not in SIDES:
            raise UsageError(f"{side!r} cannot be kept.", hint=f"Use {', '.join(SIDES)}.")
    with pairs_lock(project):
        pair = open_pair(project, store, path)
        seen = look(pair)
        if pair.twin_data is None or seen.action is not Action.CONFLICT:
            return carry_out(pair, seen)
        if store is None:
            raise StoreError(
                f"The conflict of {path} cannot be resolved without the store.",
                hint="Run `nbtrail doctor`.",
            )
        if keep == "notebook":
            return write_twin(pair, Look(Action.WRITE_TWIN))
        _refuse_unusable(pair)
        if keep == "twin":
            return write_notebook(pair, Look(Action.UPDATE_NOTEBOOK, _as_twin_says(pair)))
        return _write_choice(pair, seen, keep)


def twin_side(pair: Pair) -> Notebook:
    """The notebook as it would be with the twin's cells.

    Raises
    ------
    ConflictError
        When the twin cannot be read as cells.
    """
    _refuse_unusable(pair)
    return pair.merged_notebook(_as_twin_says(pair))


def _refuse_unusable(pair: Pair) -> None:
    problem = unusable_twin(pair)
    if problem is not None:
        raise ConflictError(problem.message, hint="Until then the notebook can be kept.")


def _as_twin_says(pair: Pair) -> Merged:
    # Against the present notebook as base every difference is an edit of the twin.
    return pair.merged(BaseContent(pair.sheet, pair.converted))


def _write_choice(pair: Pair, seen: Look, keep: str | Mapping[str, str]) -> SyncResult:
    def settle(conflict: PairConflict) -> Settled | None:
        side = keep if isinstance(keep, str) else keep.get(conflict.key)
        return None if side is None else Settled(cast(Side, side))

    merged = _merged(pair, seen, settle)
    if merged.conflicts:
        open_keys = list(dict.fromkeys(conflict.key for conflict in merged.conflicts))
        raise ConflictError(
            f"{merged.conflicts[0].message} Nothing was written.",
            hint=f"Choose for {', '.join(open_keys)} as well.",
            detail={"open": open_keys},
        )
    return write_notebook(pair, Look(Action.MERGE, merged))


def _merged(pair: Pair, seen: Look, settle: Settle) -> Merged:
    """The merge with the conflicts that are settled; without a base all differences are some."""
    if seen.conflicts[0].kind != "no-base" and pair.base_content is not None:
        return pair.merged(pair.base_content, Rules(settle))
    present = BaseContent(pair.sheet, pair.converted)
    return pair.merged(present, Rules(settle, contested=True))


def _by_cell(conflicts: tuple[PairConflict, ...]) -> tuple[CellChoice, ...]:
    cells: dict[str, CellChoice] = {}
    for found in conflicts:
        known = cells.get(found.key)
        if known is None:
            cells[found.key] = CellChoice(
                found.key, found.cell_id, (found.kind,), found.message, found.base,
                found.notebook, found.twin,
            )  # fmt: skip
        else:
            kinds, message = (*known.kinds, found.kind), f"{known.message} {found.message}"
            cells[found.key] = msgspec.structs.replace(known, kinds=kinds, message=message)
    return tuple(cells.values())
