"""Which recorder a kernel's session belongs to, so that those of the dead can be closed.

Each recorder keeps a journal of the sessions that it has put on record. When its process was
killed, nobody will tell how their executions ended: they are ``lost``.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from nbtrail.recorder import journal
from nbtrail.recorder.journal import Journal

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store

log = logging.getLogger(__name__)

OWNERS = "recorders"


class Owner:
    """Notes the sessions of one recorder, by the state folder of their project."""

    def __init__(self) -> None:
        self._name = uuid.uuid4().hex
        self._journals: dict[Path, Journal | None] = {}
        self._lock = threading.Lock()

    def claim(self, state_dir: Path, session: str) -> None:
        """Note that a session is this recorder's to close; before it is on record."""
        with self._lock:
            if state_dir not in self._journals:
                self._journals[state_dir] = self._made(state_dir)
            found = self._journals[state_dir]
            if found is not None:
                found.append({"session": session})

    def release(self, state_dir: Path) -> None:
        """All sessions there are closed; the journal goes when somebody next looks."""
        with self._lock:
            found = self._journals.pop(state_dir, None)
        if found is not None:
            found.close()

    def _made(self, state_dir: Path) -> Journal | None:
        try:
            return Journal(state_dir / OWNERS, self._name)
        except OSError as error:
            log.debug("nbtrail: sessions cannot be claimed: %s", error)
            return None


def take_in_owner(path: Path, open_store: Callable[[], Store]) -> None:
    """Close what a recorder has left that is gone."""
    with journal.reading(path) as found:
        if found is None or not found.ended:
            return
        sessions = [json.loads(line)["session"] for line, _ in found.lines if line.strip()]
        if sessions:
            from nbtrail.recorder import adopt

            with open_store().write() as connection:
                adopt.close_lost(connection, sessions, time.time())
        path.unlink(missing_ok=True)
