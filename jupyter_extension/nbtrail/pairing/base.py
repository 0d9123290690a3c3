"""The last sync as the ledger keeps it, and keeping what is about to be replaced.

A broken or missing ledger is no reason to stop: reading gives ``None``, writing is skipped,
and the next sync compares by conversion. Only where something would be overwritten does a
content that cannot be kept stop the sync.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from nbtrail.errors import NbtrailError, StoreError
from nbtrail.files import sha256_bytes
from nbtrail.pairing.cells import Sheet

if TYPE_CHECKING:
    from nbtrail.ledger.pairs import PairBase
    from nbtrail.ledger.store import Store

log = logging.getLogger(__name__)


class BaseContent(msgspec.Struct, frozen=True):
    """What both sides said at the last sync: the notebook's cells and the twin's text.

    ``written`` is the hash of the notebook that nbtrail itself wrote then: a tab that was open
    meanwhile does not hold it. Empty where a client or another program wrote the notebook.
    """

    sheet: Sheet
    twin: str
    written: str = ""


def load_base(store: Store | None, path: str) -> PairBase | None:
    """The last sync of the notebook at ``path``; ``None`` where none is known."""
    if store is None:
        return None
    from nbtrail.ledger.pairs import get_base

    try:
        with store.read() as connection:
            return get_base(connection, path)
    except StoreError as error:
        log.debug("no base for %s: %s", path, error)
        return None


def notebook_of_twin(store: Store | None, twin: str) -> str | None:
    """The notebook whose twin of the last sync this is; ``None`` where none is known."""
    if store is None:
        return None
    from nbtrail.ledger.pairs import find_by_twin

    try:
        with store.read() as connection:
            return find_by_twin(connection, twin)
    except StoreError as error:
        log.debug("no notebook of %s: %s", twin, error)
        return None


def load_content(store: Store | None, base: PairBase | None) -> BaseContent | None:
    """The content of a last sync; ``None`` where its blob is missing or damaged."""
    if store is None or base is None:
        return None
    try:
        return store.blobs.get_value(base.blob, BaseContent)
    except (NbtrailError, OSError) as error:
        log.debug("no base content for %s: %s", base.notebook, error)
        return None


def save_base(
    store: Store | None, path: str, twin: str, notebook_sha256: str, twin_data: bytes,
    content: BaseContent, *, blob: str | None = None,
) -> None:  # fmt: skip
    """Make this the last sync; skipped when the ledger cannot take it.

    ``blob`` is where the content is kept already.
    """
    if store is None:
        return
    from nbtrail.ledger.pairs import PairBase, put_base

    try:
        if blob is None or not store.blobs.has(blob):
            blob = store.blobs.put_value(content)
        base = PairBase(path, twin, notebook_sha256, sha256_bytes(twin_data), blob)
        with store.write() as connection:
            put_base(connection, base)
    except StoreError as error:
        log.warning("nbtrail cannot note the last sync of %s: %s", path, error)


def keep(store: Store | None, path: str, data: bytes, reason: str) -> bool:
    """Keep a content before it is replaced; false where there is no store to keep it.

    Raises
    ------
    StoreError
        When the store is there and cannot take it.
    """
    if store is None:
        return False
    from nbtrail.ledger.pairs import record_kept

    digest = store.blobs.put(data)
    with store.write() as connection:
        record_kept(connection, path, digest, reason)
    return True
