"""The one thread of a process that writes to the ledger.

Whoever has something to record hands over a function of a connection and goes on; the thread
runs what has gathered in one transaction. A function that fails is run again alone, so that
it cannot take its neighbours with it, and is counted when it fails again.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from nbtrail.errors import NbtrailError
from nbtrail.ledger.store import Store

Write = Callable[[Connection], Any]

log = logging.getLogger(__name__)
_BATCH = 500
#: Seconds that a write waits for others. One transaction for many costs less, and a cell that
#: is over sooner than that does not share the interpreter with the writing of its record.
_LINGER = 0.1


class Writer:
    """Runs write functions one after the other on a thread of its own.

    Parameters
    ----------
    open_store
        Called once, on the writer's thread, at the first write.
    on_commit
        Called on the writer's thread after each commit.
    """

    def __init__(
        self, open_store: Callable[[], Store], on_commit: Callable[[], None] | None = None
    ) -> None:
        self._open_store = open_store
        self._on_commit = on_commit
        self._queue: queue.SimpleQueue[Write | threading.Event | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False
        #: Writes that could not be made, and why the last one failed.
        self.lost = 0
        self.problem: str | None = None

    def submit(self, write: Write) -> None:
        """Have ``write`` run soon, in the order of submission; never blocks, never raises."""
        with self._lock:
            if self._closed:
                self.lost += 1
                return
            self._start()
            self._queue.put(write)

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until everything submitted so far was dealt with; false after ``timeout`` s.

        What could not be written was dealt with too: `lost` tells of it.
        """
        done = threading.Event()
        with self._lock:
            if self._thread is None or self._closed:
                return True
            self._queue.put(done)
        return done.wait(timeout)

    def close(self, timeout: float = 10.0) -> None:
        """Write what is queued and end the thread. May be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            thread = self._thread
            if thread is not None:
                self._queue.put(None)
        if thread is not None:
            thread.join(timeout)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="nbtrail-writer", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        store: Store | None = None
        running = True
        while running:
            batch, waiting, running = self._gather()
            if batch:
                store = self._put(store, batch)
            for event in waiting:
                event.set()
        if store is not None:
            store.close()

    def _put(self, store: Store | None, batch: list[Write]) -> Store | None:
        """Write ``batch`` into ``store``, or one opened anew where that is gone."""
        try:
            if store is not None and not store.is_current:
                stale, store = store, None
                stale.close()
            if store is None:
                store = self._open_store()
            self._commit(store, batch)
        except Exception as error:  # whatever it is, the thread must go on
            self.lost += len(batch)
            self._note(error)
        return store

    def _gather(self) -> tuple[list[Write], list[threading.Event], bool]:
        """Block for one item, then take what else comes within `_LINGER`, unless one waits."""
        batch: list[Write] = []
        waiting: list[threading.Event] = []
        item = self._queue.get()
        until = time.monotonic() + _LINGER
        while True:
            if item is None:
                return batch, waiting, False
            if isinstance(item, threading.Event):
                waiting.append(item)
            else:
                batch.append(item)
            if len(batch) >= _BATCH:
                return batch, waiting, True
            left = 0.0 if waiting else max(until - time.monotonic(), 0.0)
            try:
                item = self._queue.get(timeout=left) if left else self._queue.get_nowait()
            except queue.Empty:
                return batch, waiting, True

    def _commit(self, store: Store, batch: list[Write]) -> None:
        try:
            with store.write() as connection:
                for write in batch:
                    write(connection)
        except Exception as error:
            if len(batch) == 1:
                self.lost += 1
                self._note(error)
                return
            for write in batch:
                self._commit(store, [write])
            return
        self.problem = None
        if self._on_commit is not None:
            try:
                self._on_commit()
            except Exception:
                log.exception("nbtrail: a listener of the ledger failed")

    def _note(self, error: Exception) -> None:
        """Say once what is wrong; repeat only when the reason changes."""
        text = str(error)
        if text != self.problem:
            expected = isinstance(error, NbtrailError)
            log.warning("nbtrail cannot record: %s", text, exc_info=not expected)
        self.problem = text
