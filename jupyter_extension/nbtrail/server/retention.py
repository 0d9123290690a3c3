"""Keeping the records of open projects within their limits, once a day."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from nbtrail.app import OpenProject
from nbtrail.errors import NbtrailError

log = logging.getLogger(__name__)
_LOOK_S = 600.0
_DAY_S = 86_400.0


class Keeper:
    """Removes what is beyond the limits of ``[store]``, on a thread of its own.

    Parameters
    ----------
    opened
        Gives the projects to look at.
    """

    def __init__(self, opened: Callable[[], list[OpenProject]]) -> None:
        self._opened = opened
        self._done: dict[OpenProject, float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nbtrail-keeper", daemon=True)

    def start(self) -> None:
        """Begin to look now and then; the first time when the server has come to rest."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what it is removing goes on in the background."""
        self._stopped.set()

    def look(self, now: float) -> None:
        """Do what is due at ``now``, in seconds on the monotonic clock."""
        for opened in self._opened():
            if not opened.store_is_open or not opened.project.config.store.is_limited:
                continue
            if now - self._done.get(opened, -_DAY_S) < _DAY_S:
                continue
            self._done[opened] = now
            try:
                planned = opened.plan_removal()
                if planned.executions or planned.runs or planned.moments or planned.blobs:
                    left = opened.remove_planned(planned)
                    log.info(
                        "nbtrail removed %d executions and %d runs of %s; %.1f MB are left",
                        len(planned.executions), len(planned.runs), opened.project.name,
                        left.bytes / 1e6,
                    )  # fmt: skip
            except NbtrailError as error:
                log.warning("nbtrail could not keep its record within limits: %s", error)
            except Exception:
                log.exception("nbtrail could not keep its record within limits")

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_S):
            self.look(time.monotonic())
