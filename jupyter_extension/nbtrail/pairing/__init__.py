"""Twins on disk: every notebook has a readable text beside it, and no edit of either is lost.

Whatever converts or opens the ledger is imported when it is first needed.
"""

from __future__ import annotations

from nbtrail.pairing.decide import Action, decide
from nbtrail.pairing.formats import is_paired, twin_path
from nbtrail.pairing.merge import PairConflict
from nbtrail.pairing.moves import copy_pair, delete_pair, rename_pair
from nbtrail.pairing.sync import (
    PairState,
    SaveTicket,
    SyncResult,
    after_save,
    before_save,
    pair_state,
    resolve,
    sync,
)

__all__ = [
    "Action",
    "PairConflict",
    "PairState",
    "SaveTicket",
    "SyncResult",
    "after_save",
    "before_save",
    "copy_pair",
    "decide",
    "delete_pair",
    "is_paired",
    "pair_state",
    "rename_pair",
    "resolve",
    "sync",
    "twin_path",
]
