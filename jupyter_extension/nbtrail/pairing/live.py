"""Pairs of which a file is open in a shared document: what to change there, not on the disk.

Between a change of a document and its saving, the disk is behind. The text that was given to
the document is the base of the next merge then, and becomes the last sync once it is saved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from nbtrail.notebooks.document import Notebook
from nbtrail.pairing.base import BaseContent, save_base
from nbtrail.pairing.cells import Sheet, sheet_of
from nbtrail.pairing.convert import encode_twin, to_text
from nbtrail.pairing.decide import Action
from nbtrail.pairing.lock import SHORT_PATIENCE, pairs_lock
from nbtrail.pairing.look import Look, Pair, look, open_pair, untouched_base
from nbtrail.pairing.merge import Merged
from nbtrail.pairing.sync import brings_nothing, carry_out, replace_notebook
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store


class Change(msgspec.Struct, frozen=True):
    """What open documents are to say.

    Attributes
    ----------
    twin, seen, text
        The twin, what its document said, and what it is to say; ``None`` for nothing new.
    sheet
        The notebook's cells of which the change was made.
    merged
        The notebook's new cells, where its document is to change.
    notebook_sha256
        Hash of the notebook's file that the text belongs to.
    """

    twin: str
    sheet: Sheet
    notebook_sha256: str
    seen: str | None = None
    text: str | None = None
    merged: Merged | None = None
    given: Sheet | None = None


def after_save_of_open_twin(
    project: Project, store: Store | None, path: str, live: str, given: Change | None
) -> tuple[Change | None, str]:
    """What the open document of a twin is to say after its notebook was saved.

    ``given`` is what the document got last and has not saved yet. A document that was edited is
    left alone: what was typed there is merged when it is saved. The second result is the hash of
    the saved notebook.
    """
    with pairs_lock(project, SHORT_PATIENCE):
        pair = open_pair(project, store, path)
        base = pair.base_content
        known = given.text if given is not None else None if base is None else base.twin
        text = pair.converted
        if live == known and text != live:
            change = Change(pair.twin, pair.sheet, pair.sha256, live, text, given=pair.sheet)
            return change, pair.sha256
        if pair.twin_data is not None and live == pair.text:
            seen = look(pair)
            if seen.action is Action.IN_SYNC:
                carry_out(pair, seen)
        return None, pair.sha256


def bring_open_pair_together(
    project: Project, store: Store | None, path: str, notebook: Notebook | None, live: str | None
) -> Change | None:
    """Sync a pair of which at least one file is open; ``None`` where no document has to change.

    Parameters
    ----------
    notebook, live
        What the open documents of notebook and twin say; ``None`` for one that is not open. One
        with edits that were not saved yet is waited for.
    """
    if untouched_base(project, store, path) is not None:
        return None
    with pairs_lock(project, SHORT_PATIENCE):
        pair = open_pair(project, store, path)
        if pair.twin_data is None or (live is not None and live != pair.text):
            return None
        if notebook is not None and sheet_of(notebook).cells != pair.sheet.cells:
            return None
        seen = look(pair)
        if seen.merged is None or seen.action is Action.CONFLICT:
            if seen.action is Action.WRITE_TWIN and live is not None:
                return _change(pair, pair.sheet, live, None)
            carry_out(pair, seen)
            return None
        if notebook is None and live is None:
            carry_out(pair, seen)
            return None
        return _merge_open(pair, seen, is_open=notebook is not None, live=live)


def _merge_open(pair: Pair, seen: Look, *, is_open: bool, live: str | None) -> Change | None:
    assert seen.merged is not None
    if brings_nothing(pair, seen) and live is None:
        carry_out(pair, seen)  # only the twin is written, and that is not open
        return None
    after = pair.merged_notebook(seen.merged)
    if not is_open:
        if seen.action is Action.UPDATE_NOTEBOOK:
            carry_out(pair, seen)  # only the notebook is written, and that is not open
            return None
        replace_notebook(pair, after)
        return _change(pair, sheet_of(after), live, None)
    # The notebook's own saving brings the twin along where that is not open.
    both = seen.action is Action.MERGE and live is not None
    return _change(pair, sheet_of(after), live if both else None, seen.merged)


def _change(pair: Pair, sheet: Sheet, live: str | None, merged: Merged | None) -> Change | None:
    text = None if live is None else to_text(sheet, pair.form)
    if text == live:
        text = None
    if text is None and merged is None:
        return None
    return Change(pair.twin, pair.sheet, pair.sha256, live, text, merged, sheet)


def twin_was_saved(project: Project, store: Store | None, path: str, given: Change | None) -> None:
    """Let the last sync move on after the twin of the notebook at ``path`` was saved by a client.

    ``given`` is what its document had got: what is on the disk now goes back to that.
    """
    if untouched_base(project, store, path) is not None:
        return
    with pairs_lock(project, SHORT_PATIENCE):
        if given is not None and given.text is not None and given.given is not None:
            content = BaseContent(given.given, given.text)
            data = encode_twin(given.text)
            save_base(store, path, given.twin, given.notebook_sha256, data, content)
        pair = open_pair(project, store, path)
        if pair.twin_data is None:
            return
        seen = look(pair)
        if seen.action is Action.IN_SYNC:
            carry_out(pair, seen)
