"""Straight passes of people go on record as runs, a moment after they have come to rest."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from nbtrail.app import OpenProject
from nbtrail.errors import NbtrailError

log = logging.getLogger(__name__)
#: Seconds without a cell that ended, or a save, after which a notebook is looked at.
_REST_S = 1.0
#: Seconds that large files may take to be hashed.
_HASH_S = 600.0


class Passes:
    """Looks at notebooks that were executed or saved, on a thread of its own.

    Parameters
    ----------
    flush
        Waits until all that was executed is on record, hashes included, for as many seconds at
        most.
    """

    def __init__(self, flush: Callable[[float], bool]) -> None:
        self._flush = flush
        self._due: dict[tuple[OpenProject, str], float] = {}
        self._changed = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="nbtrail-passes", daemon=True)

    def start(self) -> None:
        """Begin to wait for what happens."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; may be called twice."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(5)

    def touched(self, opened: OpenProject, path: str | None) -> None:
        """A cell of a notebook ended, or it was saved. From any thread."""
        if path is None:
            return
        with self._changed:
            self._due[opened, path] = time.monotonic() + _REST_S
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._stopped and not self._is_due():
                    soonest = min(self._due.values(), default=None)
                    left = None if soonest is None else max(soonest - time.monotonic(), 0.0)
                    self._changed.wait(left)
                if self._stopped:
                    return
                opened, path = min(self._due, key=lambda key: self._due[key])
                del self._due[opened, path]
            self._look(opened, path)

    def _is_due(self) -> bool:
        return any(moment <= time.monotonic() for moment in self._due.values())

    def _look(self, opened: OpenProject, path: str) -> None:
        try:
            self._flush(_HASH_S)
            opened.note_pass(path)
        except (NbtrailError, OSError) as error:
            log.debug("nbtrail: a pass over %s was not looked at: %s", path, error)
        except Exception:
            log.exception("nbtrail: a pass over %s could not be put on record", path)
