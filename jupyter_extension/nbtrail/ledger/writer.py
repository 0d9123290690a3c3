"""The one thread of a process that writes to the ledger.

Whoever has something to record hands over a function of a connection and goes on; the thread
runs what has gathered in one transaction. A function that fails is run again alone, so that
it cannot take its neighbours with it, and is counted when it fails again. Where the ledger
cannot be used, because it is locked or damaged or its disk is full, what was handed over is
kept and written when it can be.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from nbtrail.errors import NbtrailError, StoreUnavailableError
from nbtrail.ledger.store import Store

Write = Callable[[Connection], Any]

log = logging.getLogger(__name__)
_BATCH = 500
#: Seconds that a write waits for others. One transaction for many costs less, and a cell that
#: is over sooner than that does not share the interpreter with the writing of its record.
_LINGER = 0.05
#: Seconds between attempts at a ledger that cannot be used.
_RETRY = 1.0
#: Writes that are kept for a ledger that cannot be used; the oldest go first.
_MOST_HELD = 10_000


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
        #: Writes that were given up; those that wait for the ledger; why it cannot be used,
        #: or why the last write was given up.
        self.lost = 0
        self.waiting = 0
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

        What could not be written was dealt with too: `lost` and `waiting` tell of it.
        """
        done = threading.Event()
        with self._lock:
            if self._thread is None or self._closed:
                return True
            self._queue.put(done)
        return done.wait(timeout)

    def close(self, timeout: float = 10.0) -> None:
        """Write what is queued and end the thread; what cannot be written now is lost.

        May be called twice.
        """
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
        held: list[Write] = []
        tried = 0.0
        running = True
        while running:
            batch, events, running = self._gather(_RETRY if held else None)
            held += batch
            is_due = not self.waiting or time.monotonic() - tried >= _RETRY
            if held and (is_due or events or not running):
                tried = time.monotonic()
                store, held = self._put(store, held)
            self._count(held, running)
            for event in events:
                event.set()
        if store is not None:
            store.close()

    def _count(self, held: list[Write], running: bool) -> None:
        """Take note of what waits, and give up what is too much, or too late."""
        surplus = len(held) - _MOST_HELD if running else len(held)
        if surplus > 0:
            del held[:surplus]
            self.lost += surplus
            log.warning("nbtrail gave up %d records: %s", surplus, self.problem)
        self.waiting = len(held)

    def _put(self, store: Store | None, batch: list[Write]) -> tuple[Store | None, list[Write]]:
        """Write ``batch`` into ``store``, or one opened anew; what has to wait comes back."""
        try:
            if store is not None and not store.is_current:
                stale, store = store, None
                stale.close()
            if store is None:
                store = self._open_store()
        except NbtrailError as error:
            self._note(error)
            return None, batch
        except Exception as error:  # whatever it is, the thread must go on
            self.lost += len(batch)
            self._note(error)
            return store, []
        return store, self._commit(store, batch)

    def _gather(self, timeout: float | None) -> tuple[list[Write], list[threading.Event], bool]:
        """Block for one item, then take what else comes within `_LINGER`, unless one waits.

        After ``timeout`` seconds without any, nothing is what was gathered.
        """
        batch: list[Write] = []
        waiting: list[threading.Event] = []
        try:
            item = self._queue.get(timeout=timeout)
        except queue.Empty:
            return batch, waiting, True
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

    def _commit(self, store: Store, batch: list[Write]) -> list[Write]:
        """Write ``batch`` at once, else one by one; what has to wait comes back."""
        try:
            with store.write() as connection:
                for write in batch:
                    write(connection)
        except StoreUnavailableError as error:
            self._note(error)
            return batch
        except Exception as error:
            if len(batch) == 1:
                self.lost += 1
                self._note(error)
                return []
            for number, write in enumerate(batch):
                if self._commit(store, [write]):
                    return batch[number:]
            return []
        self.problem = None
        if self._on_commit is not None:
            try:
                self._on_commit()
            except Exception:
                log.exception("nbtrail: a listener of the ledger failed")
        return []

    def _note(self, error: Exception) -> None:
        """Say once what is wrong; repeat only when the reason changes."""
        text = str(error)
        if text != self.problem:
            expected = isinstance(error, NbtrailError)
            log.warning("nbtrail cannot record: %s", text, exc_info=not expected)
        self.problem = text
