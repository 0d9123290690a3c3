"""Bringing notebook and twin together, and saying how they stand.

Nothing is overwritten that was not kept first, nothing is written while a conflict stands,
and a file that changed since it was looked at is left for the next sync.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbtrail.errors import (
    ConflictError,
    LockedError,
    NotFoundError,
    StoreError,
    UnreadableNotebookError,
)
from nbtrail.files import sha256_bytes, sha256_file, write_atomic
from nbtrail.notebooks.document import Notebook, dump_notebook
from nbtrail.pairing.base import BaseContent, keep, load_base, load_content, save_base
from nbtrail.pairing.cells import sheet_of
from nbtrail.pairing.convert import encode_twin, load_converter, to_text
from nbtrail.pairing.decide import Action
from nbtrail.pairing.formats import is_paired
from nbtrail.pairing.lock import PATIENCE, pairs_lock
from nbtrail.pairing.look import Look, Pair, look, open_pair, untouched_base
from nbtrail.pairing.merge import PairConflict
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.pairs import PairBase
    from nbtrail.ledger.store import Store

log = logging.getLogger(__name__)

_STATES = {
    Action.IN_SYNC: "in-sync",
    Action.WRITE_TWIN: "notebook-changed",
    Action.UPDATE_NOTEBOOK: "twin-changed",
    Action.MERGE: "twin-changed",
    Action.CONFLICT: "conflict",
}
_MESSAGES = {
    Action.IN_SYNC: "",
    Action.WRITE_TWIN: "The notebook was edited after its twin was written.",
    Action.UPDATE_NOTEBOOK: "The twin was edited; opening the notebook brings the edits in.",
    Action.MERGE: "Notebook and twin were both edited; opening the notebook merges them.",
}


class PairState(msgspec.Struct, frozen=True):
    """How a notebook and its twin stand.

    ``state`` is in-sync, missing, notebook-changed, twin-changed, conflict or off.
    """

    state: str
    twin: str | None
    message: str
    conflicts: tuple[PairConflict, ...] = ()


class SyncResult(msgspec.Struct, frozen=True):
    """What a sync did.

    Attributes
    ----------
    wrote_notebook, wrote_twin
        Which files were written.
    before
        The notebook's bytes that were replaced, where it was.
    saved_sha256
        After a save, the hash of what the client saved; hand it to the next `before_save`.
    """

    action: Action
    twin: str | None
    message: str
    conflicts: tuple[PairConflict, ...] = ()
    wrote_notebook: bool = False
    wrote_twin: bool = False
    before: bytes | None = None
    saved_sha256: str | None = None


class SaveTicket(msgspec.Struct, frozen=True):
    """What was true before a notebook is saved; hand it to `after_save`.

    ``twin_sha256`` is the twin that may be replaced: that of the last sync, or one that said
    the same as the notebook that is being replaced. ``None`` when no twin may be replaced.
    ``twin`` is the path of the twin of the last sync.
    """

    twin_sha256: str | None
    twin: str | None = None


def pair_state(
    project: Project, store: Store | None, path: str, known: PairBase | None = None
) -> PairState:
    """How the pair stands; nothing is written. ``known`` is the last sync, where it is known.

    Raises
    ------
    NotFoundError, OutsideProjectError, UnreadableNotebookError
        As `nbtrail.pairing.look.open_pair`.
    """
    if not is_paired(project, path):
        return PairState("off", None, "")
    base = untouched_base(project, store, path, known)
    if base is not None:
        return PairState("in-sync", base.twin, "")
    pair = open_pair(project, store, path)
    if pair.twin_data is None:
        return PairState("missing", pair.twin, f"The twin {pair.twin} is missing.")
    seen = look(pair)
    return PairState(_STATES[seen.action], pair.twin, message_of(seen), seen.conflicts)


def sync(
    project: Project, store: Store | None, path: str, *, patience: float = PATIENCE
) -> SyncResult:
    """Bring notebook and twin together as their contents say; see `pairs_lock` for ``patience``.

    Raises
    ------
    NotFoundError, OutsideProjectError, UnreadableNotebookError
        As `nbtrail.pairing.look.open_pair`.
    StoreError
        When what would be replaced cannot be kept (nothing has been written then), or a file
        cannot be written.
    ConflictError
        When a file changed while this ran; nothing is lost, try again.
    LockedError
        When another program writes pairs all the while.
    """
    if not is_paired(project, path):
        return SyncResult(Action.IN_SYNC, None, "")
    base = untouched_base(project, store, path)
    if base is not None:
        return SyncResult(Action.IN_SYNC, base.twin, "")
    load_converter()
    with pairs_lock(project, patience):
        pair = open_pair(project, store, path)
        return carry_out(pair, look(pair))


def before_save(
    project: Project, store: Store | None, path: str, own_sha256: str | None = None
) -> SaveTicket:
    """Look at the pair before the notebook at ``path`` is saved, existing or not.

    A notebook on disk that is neither the one of the last sync nor the one that was saved
    last (``own_sha256``) is kept: another program wrote it, and the save replaces it. So is
    one that nbtrail itself wrote at the last sync, once: the tab that saves may be older.
    """
    if not is_paired(project, path):
        return SaveTicket(None)
    base = load_base(store, path)
    file = project.resolve(path)
    if not file.is_file():
        return _ticket_of(base)
    if base is not None:
        digest = sha256_file(file) if store is None else store.digests.sha256(file)
        others = own_sha256 is not None or (digest and _may_be_news(store, base, digest))
        if digest and digest != own_sha256 and others:
            _keep_quietly(store, path, file.read_bytes(), "replaced by a save")
        return _ticket_of(base)
    try:
        pair = open_pair(project, store, path)
        if pair.twin_data is not None and pair.same():
            return SaveTicket(pair.twin_sha256)
    except UnreadableNotebookError:
        pass
    return SaveTicket(None)


def _ticket_of(base: PairBase | None) -> SaveTicket:
    return SaveTicket(None) if base is None else SaveTicket(base.twin_sha256, base.twin)


def _may_be_news(store: Store | None, base: PairBase, digest: str) -> bool:
    """Whether the client that saves may not have seen the notebook that it replaces."""
    if digest != base.notebook_sha256:
        return True
    content = load_content(store, base)
    return content is not None and content.written == digest


def after_save(
    project: Project,
    store: Store | None,
    path: str,
    ticket: SaveTicket,
    *,
    saved: Notebook | None = None,
    patience: float = PATIENCE,
) -> SyncResult:
    """Let the twin follow a notebook that has just been saved.

    A twin that was edited meanwhile is left alone, and so is the base: the next `sync` merges.
    ``saved`` is what the client sent: where another program's save came in between, it is kept.

    Raises
    ------
    LockedError
        When another program writes pairs for ``patience`` seconds; the twin follows later.
    """
    if not is_paired(project, path):
        return SyncResult(Action.IN_SYNC, None, "")
    try:
        with pairs_lock(project, patience):
            pair = open_pair(project, store, path)
            if saved is not None and _is_another(saved, pair):
                _keep_sent(store, path, saved)
            result = _follow_save(pair, ticket)
    except (NotFoundError, UnreadableNotebookError, LockedError):
        # Somebody else writes it just now: whether it is still there cannot be told.
        if saved is not None:
            _keep_sent(store, path, saved)
        raise
    return msgspec.structs.replace(result, saved_sha256=pair.sha256)


def _keep_sent(store: Store | None, path: str, saved: Notebook) -> None:
    try:
        data = dump_notebook(saved)
    except (AttributeError, KeyError, TypeError, ValueError):
        return  # the manager has its own word for what is no notebook
    _keep_quietly(store, path, data, "replaced by a save at the same time")


def _is_another(saved: Notebook, pair: Pair) -> bool:
    """Whether the file says something else than what a client has just saved there."""
    try:
        sent = [cell.key for cell in sheet_of(saved).cells]
    except (AttributeError, KeyError, TypeError):
        return False  # the manager has its own word for what is no notebook
    return sent != [cell.key for cell in pair.sheet.cells]


def _follow_save(pair: Pair, ticket: SaveTicket) -> SyncResult:
    if pair.twin_data is None:
        return write_twin(pair, Look(Action.WRITE_TWIN))
    if pair.twin_sha256 != ticket.twin_sha256:
        seen = look(pair)
        if seen.action in (Action.IN_SYNC, Action.WRITE_TWIN) or brings_nothing(pair, seen):
            if seen.action is Action.WRITE_TWIN and pair.twin_data is not None:
                # Another program's save wrote it in between: this may be all that is left of that.
                _keep_quietly(pair.store, pair.twin, pair.twin_data, "replaced by a save")
            return carry_out(pair, seen)
        return SyncResult(seen.action, pair.twin, message_of(seen), seen.conflicts)
    content = pair.base_content
    if content is not None and content.sheet == pair.sheet:
        return _note(pair, Look(Action.IN_SYNC), content)
    return write_twin(pair, Look(Action.WRITE_TWIN))


def brings_nothing(pair: Pair, seen: Look) -> bool:
    """Whether all edits of the twin are in the notebook already."""
    if seen.merged is None or seen.action is not Action.MERGE:
        return False
    return sheet_of(pair.merged_notebook(seen.merged)) == pair.sheet


def carry_out(pair: Pair, seen: Look) -> SyncResult:
    """Do what a look at the pair found; the caller holds the project's lock on its pairs."""
    if seen.action is Action.CONFLICT:
        return SyncResult(seen.action, pair.twin, message_of(seen), seen.conflicts)
    if seen.action is Action.WRITE_TWIN:
        return write_twin(pair, seen)
    if seen.action is Action.IN_SYNC:
        return _note(pair, seen, BaseContent(pair.sheet, pair.text, pair.written))
    return write_notebook(pair, seen)


def _note(pair: Pair, seen: Look, content: BaseContent) -> SyncResult:
    """Both say the same already: only the last sync moves on."""
    assert pair.twin_data is not None
    if not pair.untouched:
        known = pair.base is not None and content is pair.base_content
        save_base(
            pair.store, pair.path, pair.twin, pair.sha256, pair.twin_data, content,
            blob=pair.base.blob if known and pair.base is not None else None,
        )  # fmt: skip
    return SyncResult(seen.action, pair.twin, "")


def write_twin(pair: Pair, seen: Look) -> SyncResult:
    """Let the twin say what the notebook says; an edited twin is kept first."""
    text = pair.converted
    data = encode_twin(text)
    if not pair.is_at_home:
        return _move_twin(pair, seen)
    wrote = data != pair.twin_data
    if wrote:
        if pair.twin_data is not None and not _is_base_twin(pair):
            keep(pair.store, pair.twin, pair.twin_data, "replaced by the notebook's cells")
        _replace(pair.project.resolve(pair.twin), pair.twin_sha256, data)
    content = BaseContent(pair.sheet, text, pair.written)
    save_base(pair.store, pair.path, pair.twin, pair.sha256, data, content)
    return SyncResult(seen.action, pair.twin, "", wrote_twin=wrote)


def _move_twin(pair: Pair, seen: Look) -> SyncResult:
    """Write the twin of a notebook that changed its language under its new extension."""
    home = Pair(pair.project, pair.path, pair.home, pair.data, None, None, pair.store)
    data = encode_twin(home.converted)
    _replace(pair.project.resolve(home.twin), None, data)
    if pair.twin_data is not None and keep(pair.store, pair.twin, pair.twin_data, "moved"):
        pair.project.resolve(pair.twin).unlink()
    content = BaseContent(home.sheet, home.converted)
    save_base(pair.store, pair.path, home.twin, pair.sha256, data, content)
    return SyncResult(seen.action, home.twin, "", wrote_twin=True)


def write_notebook(pair: Pair, seen: Look) -> SyncResult:
    """Write the merged notebook, and its twin where both were edited; both are kept first."""
    assert seen.merged is not None
    assert pair.twin_data is not None
    notebook = pair.merged_notebook(seen.merged)
    sheet = sheet_of(notebook)
    data = pair.data if notebook == pair.notebook else dump_notebook(notebook)
    text, twin_data = pair.text, pair.twin_data
    if seen.action is Action.MERGE:
        text = to_text(sheet, pair.form)
        twin_data = encode_twin(text)
    wrote_notebook, wrote_twin = data != pair.data, twin_data != pair.twin_data
    # Both are kept before either is written, so that a full disk stops here.
    if wrote_notebook:
        keep(pair.store, pair.path, pair.data, "replaced by its twin's edits")
    if wrote_twin:
        keep(pair.store, pair.twin, pair.twin_data, "replaced by a merge with its notebook")
    if wrote_notebook:
        _replace(pair.project.resolve(pair.path), pair.sha256, data)
    if wrote_twin:
        _replace(pair.project.resolve(pair.twin), pair.twin_sha256, twin_data)
    digest = sha256_bytes(data)
    content = BaseContent(sheet, text, digest if wrote_notebook else pair.written)
    save_base(pair.store, pair.path, pair.twin, digest, twin_data, content)
    return SyncResult(
        seen.action,
        pair.twin,
        "",
        wrote_notebook=wrote_notebook,
        wrote_twin=wrote_twin,
        before=pair.data if wrote_notebook else None,
    )


def replace_notebook(pair: Pair, notebook: Notebook) -> None:
    """Write another content of the notebook alone; the present one is kept first."""
    keep(pair.store, pair.path, pair.data, "replaced by its twin's edits")
    _replace(pair.project.resolve(pair.path), pair.sha256, dump_notebook(notebook))


def _is_base_twin(pair: Pair) -> bool:
    """Whether the blob of the last sync already holds the twin that is to be replaced."""
    return (
        pair.base is not None
        and pair.store is not None
        and pair.base.twin_sha256 == pair.twin_sha256
        and pair.store.blobs.has(pair.base.blob)
    )


def _replace(file: Path, expected: str | None, data: bytes) -> None:
    """Write ``data`` where the file still is what was looked at."""
    try:
        present = sha256_bytes(file.read_bytes())
    except FileNotFoundError:
        present = None
    if present != expected:
        raise ConflictError(
            f"{file.name} changed while it was being synced.",
            hint="Nothing was lost; try again.",
        )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, data)
    except OSError as error:
        raise StoreError(
            f"{file.name} cannot be written: {error.strerror or error}.",
            hint="Make its folder writable, or make room on the disk.",
        ) from error


def _keep_quietly(store: Store | None, path: str, data: bytes, reason: str) -> None:
    """Keep what a save replaces; a save is never refused, so a full store is no obstacle."""
    try:
        keep(store, path, data, reason)
    except StoreError as error:
        log.warning("nbtrail cannot keep the earlier %s: %s", path, error)


def message_of(seen: Look) -> str:
    """How the pair stands, in a sentence."""
    if not seen.conflicts:
        return _MESSAGES[seen.action]
    more = len(seen.conflicts) - 1
    return seen.conflicts[0].message + (f" ({more} more)" if more else "")
