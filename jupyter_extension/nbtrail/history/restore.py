"""Putting a notebook, or one of its cells, back as it was.

The present is kept first, as a snapshot, so that a restore is undone by restoring that. Planning
reads, carrying out writes; in between a server may find that the notebook is open in a shared
document, and then changes that instead of the file.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import PurePosixPath
from typing import Any

import msgspec

from nbtrail.errors import ConflictError, NbtrailError, NotFoundError, StoreError, UsageError
from nbtrail.files import sha256_bytes, write_atomic
from nbtrail.history.versions import Sources, Version, load_version
from nbtrail.ledger.snapshots import SHORT
from nbtrail.notebooks.cells import cells_of
from nbtrail.notebooks.document import Notebook, dump_notebook, parse_notebook
from nbtrail.pairing.base import keep
from nbtrail.pairing.formats import is_paired
from nbtrail.pairing.sync import sync


class Restored(msgspec.Struct, frozen=True):
    """What a restore did.

    Attributes
    ----------
    path
        The notebook that was written.
    version, cell
        What was put back; ``cell`` is ``None`` for the whole notebook.
    kept
        The version that holds what was there before; ``None`` where there was nothing.
    changed
        False where the notebook was like that already.
    twin
        The twin that followed, or ``None``.
    message
        What did not follow, or how the change arrives; empty when there is nothing to say.
    """

    path: str
    version: str
    cell: str | None
    kept: str | None
    changed: bool
    twin: str | None = None
    message: str = ""


class Plan(msgspec.Struct, frozen=True):
    """What is to be written.

    ``present`` are the bytes of the file as it is, ``None`` where there is none.
    """

    path: str
    version: str
    cell: str | None
    content: Notebook
    present: bytes | None


def plan_restore(
    sources: Sources, version: Version, *, cell: str | None = None, to: str | None = None
) -> Plan:
    """Read what is to be put back; nothing is written but a twin's edits into its notebook.

    Parameters
    ----------
    cell
        Id of the only cell to be put back.
    to
        POSIX path of a new notebook that gets the version's content.

    Raises
    ------
    NotFoundError
        When there is no such version or cell.
    ConflictError
        When ``to`` is there already.
    UsageError
        When ``to`` is no notebook's name, or is given with a cell.
    UnreadableNotebookError
        When one cell is to be put back into a notebook that cannot be read.
    """
    project = sources.project
    wanted = load_version(sources, version)
    if to is not None:
        if cell is not None:
            raise UsageError("A cell goes back into its own notebook.", hint="Leave --to out.")
        if PurePosixPath(to).suffix != ".ipynb":
            raise UsageError(f"{to} is no notebook's name.", hint="Let it end with .ipynb.")
        if os.path.lexists(project.resolve(to)):
            raise ConflictError(f"{to} is already there.", hint="Choose another name.")
        return Plan(to, version.which, None, wanted, None)
    _bring_twin_in(sources, version.path)
    file = project.resolve(version.path)
    present = file.read_bytes() if file.is_file() else None
    if cell is not None:
        if present is None:
            raise NotFoundError(
                f"There is no notebook {version.path} to put a cell into.",
                hint="Restore the whole notebook.",
            )
        now = parse_notebook(present, version.path)
        wanted = with_cell(now, wanted, cell, str(version))
    return Plan(version.path, version.which, cell, wanted, present)


def with_cell(present: Notebook, version: Notebook, cell: str, name: str) -> Notebook:
    """``present`` with the cell as ``version`` has it; one that is gone comes back to its place.

    Raises
    ------
    NotFoundError
        When the version does not have the cell; ``name`` is how it is called.
    """
    then = {found.id: found.index for found in cells_of(version)}
    if cell not in then:
        there = ", ".join(list(then)[:8])
        raise NotFoundError(f"{name} has no cell {cell}.", hint=f"It has {there}.")
    raw = version["cells"][then[cell]]
    now = {found.id: found.index for found in cells_of(present)}
    cells = list(present["cells"])
    if cell in now:
        cells[now[cell]] = raw
    else:
        before = [i for i in then if then[i] < then[cell] and i in now]
        cells.insert(now[before[-1]] + 1 if before else 0, raw)
    return {**present, "cells": cells}


def keep_present(sources: Sources, plan: Plan, live: Notebook | None = None) -> str | None:
    """Keep what is there now, and what is in an open document; returns the newest version of it.

    Raises
    ------
    StoreError
        When it cannot be kept: nothing must be written then.
    """
    if sources.snapshots is None:
        raise StoreError(
            "Nothing is restored: the present cannot be kept without the ledger.",
            hint="Run `nbtrail doctor`.",
        )
    kept = None
    if plan.present is not None:
        try:
            taken = sources.snapshots.take(plan.path, plan.present, "kept")
            kept = f"snap:{taken.snapshot[:SHORT]}"
        except NbtrailError as error:
            if isinstance(error, StoreError):
                raise
            # No readable notebook: it is kept byte for byte, beside the snapshots.
            keep(sources.store, plan.path, plan.present, "replaced by a restore")
    if live is not None:
        taken = sources.snapshots.take(plan.path, dump_notebook(live), "kept")
        kept = f"snap:{taken.snapshot[:SHORT]}"
    return kept


def carry_out(sources: Sources, plan: Plan, kept: str | None) -> Restored:
    """Write the file in one step, let the twin follow, and put it on the timeline.

    Raises
    ------
    ConflictError
        When the file changed since it was read; nothing is written then.
    StoreError
        When the file cannot be written.
    """
    project = sources.project
    file = project.resolve(plan.path)
    data = dump_notebook(plan.content)
    if plan.present is not None and _says_the_same(plan.present, data, plan.path):
        return Restored(plan.path, plan.version, plan.cell, kept, False)
    present = file.read_bytes() if file.is_file() else None
    if (present and sha256_bytes(present)) != (plan.present and sha256_bytes(plan.present)):
        raise ConflictError(
            f"{plan.path} changed while it was being restored.", hint="Nothing was lost; try again."
        )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, data)
    except OSError as error:
        raise StoreError(
            f"{plan.path} cannot be written: {error.strerror or error}.",
            hint="Make its folder writable, or make room on the disk.",
        ) from error
    note_restored(sources, plan, kept, data)
    twin, message = _let_twin_follow(sources, plan.path)
    return Restored(plan.path, plan.version, plan.cell, kept, True, twin, message)


def note_restored(sources: Sources, plan: Plan, kept: str | None, data: bytes) -> None:
    """Put a restore on the timeline; its content is ``data``."""
    detail: dict[str, Any] = {"version": plan.version, "kept": kept}
    if plan.cell is not None:
        detail["cell"] = plan.cell
    assert sources.snapshots is not None
    sources.snapshots.take(plan.path, data, "restore", detail=detail)


def _says_the_same(present: bytes, data: bytes, name: str) -> bool:
    """Whether a file says what is to be written, however it is laid out."""
    try:
        return present == data or dump_notebook(parse_notebook(present, name)) == data
    except NbtrailError:
        return False


def _bring_twin_in(sources: Sources, path: str) -> None:
    """What was typed into the twin belongs to the present that is kept."""
    # A conflict, or a file that is gone or unreadable, leaves the twin as it is.
    with contextlib.suppress(NbtrailError):
        sync(sources.project, sources.store, path)


def _let_twin_follow(sources: Sources, path: str) -> tuple[str | None, str]:
    if not is_paired(sources.project, path):
        return None, ""
    try:
        result = sync(sources.project, sources.store, path)
    except NbtrailError as error:
        return None, f"The twin did not follow: {error.message}"
    return result.twin, result.message
