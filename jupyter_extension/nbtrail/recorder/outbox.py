"""The way from the recorder to the ledger: hashing first, on a pool, then the writer."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from nbtrail.ledger.records import ExecutionEnd, ExecutionStart, FileAccess, KernelSession
from nbtrail.recorder.owner import Owner
from nbtrail.recorder.reports import Doings, Hasher, bytes_of, metrics_of, reads_of
from nbtrail.recorder.sessions import Finished, Place, Session

log = logging.getLogger(__name__)

#: Executions with more bytes than this are on record as ended before their files are hashed.
_HASH_FIRST = 64 << 20


class Outbox:
    """Hands records to the ledger. Nothing here waits, except `flush` and `close`.

    Parameters
    ----------
    on_finished
        Called after an execution that ended was handed over.
    """

    def __init__(self, on_finished: Callable[[Finished], None] | None) -> None:
        self._on_finished = on_finished
        self._hasher = Hasher()
        # One thread each: executions are handed over in the order in which they ended, and
        # none of them waits for the large files of another.
        self._ordered = ThreadPoolExecutor(1, thread_name_prefix="nbtrail-hash")
        self._large = ThreadPoolExecutor(1, thread_name_prefix="nbtrail-hash-large")
        self._places: dict[Path, Place] = {}
        self._owner = Owner()
        self._pending = 0
        self._settled = threading.Condition()
        #: Records whose files could not be looked at.
        self.lost = 0

    def flush(self, timeout: float) -> bool:
        """Wait until everything is hashed and written; false after ``timeout`` s."""
        deadline = time.monotonic() + timeout
        with self._settled:
            if not self._settled.wait_for(lambda: self._pending == 0, timeout):
                return False
        return all(
            place.sink().flush(max(deadline - time.monotonic(), 0.01))
            for place in list(self._places.values())
        )

    def close(self) -> None:
        """Hash what is left, and end the threads."""
        self._ordered.shutdown(wait=True)
        self._large.shutdown(wait=True)
        # Behind what is still to be written.
        for place in self._places.values():
            if place.state is not None:
                place.sink().submit(partial(self._release, place.state))

    def environment(self, session: Session) -> None:
        """The environment of a session became known or changed."""
        for place in session.opened.values():
            self._put_environment(session, place)

    def start(self, session: Session, start: ExecutionStart, place: Place) -> None:
        """A cell began.

        Its session is put down with it, because the ledger may be another one than at the
        start of the kernel: the folder was adopted, or the ledger set aside.
        """
        is_first = place.root not in session.opened
        session.opened[place.root] = self._places[place.root] = place
        record = session.record
        if place.state is not None and place.root not in session.claimed:
            place.sink().submit(partial(self._claim, place.state, record.id))
        session.claimed.add(place.root)
        place.sink().submit(partial(_start, record, session.environment, start))
        if is_first and start.run is None:  # of a run it is known already
            self._later(self._large, lambda: self._put_git(record.id, place))

    def _put_git(self, session: str, place: Place) -> None:
        from nbtrail.git import git_state

        state = git_state(place.root)
        if state is not None:
            place.sink().submit(partial(_set_git, session, state))

    def finish(self, done: Finished, place: Place, doings: Doings | None) -> None:
        """A cell ended, and did what the probe says."""
        if doings is None:
            self._later(self._ordered, lambda: self._put(done, place))
        else:
            known = doings
            self._later(self._ordered, lambda: self._hash_and_put(done, place, known))

    def add_late(self, session: Session, msg_id: str, place: Place, doings: Doings) -> None:
        """Threads did something after the end of the cell that had started them."""
        bare = ExecutionEnd(
            session.record.id,
            msg_id,
            "ok",
            0.0,
            metrics=metrics_of(doings),
            children=doings.children,
        )

        def work() -> None:
            end = self._with_files(bare, place, doings, content=True)
            place.sink().submit(partial(_add_late, end))

        self._later(self._large, work)

    def close_session(self, session: Session, reason: str, moment: float) -> None:
        """A kernel's life ended, at ``moment`` in seconds since the epoch."""
        identity = session.record.id
        for place in session.opened.values():
            place.sink().submit(partial(_close, identity, reason, moment))

    def _put_environment(self, session: Session, place: Place) -> None:
        if session.environment is not None:
            place.sink().submit(partial(_set_environment, session.record.id, session.environment))

    def _put(self, done: Finished, place: Place) -> None:
        end = self._with_cell(done, place)
        place.sink().submit(partial(_finish, end))
        if self._on_finished is not None:
            try:
                self._on_finished(done)
            except Exception:
                log.exception("nbtrail: a listener of the recorder failed")

    def _claim(self, state: Path, session: str, _database: Any) -> None:
        self._owner.claim(state, session)

    def _release(self, state: Path, _database: Any) -> None:
        self._owner.release(state)

    def _with_cell(self, done: Finished, place: Place) -> ExecutionEnd:
        """Find the cell of what nobody was seen to ask for: a console's code is no cell's."""
        if done.noted or done.end.cell_id is not None or place.match is None:
            return done.end
        try:
            found = place.match(done.start.source)
        except Exception:
            log.debug("nbtrail: a cell could not be looked for", exc_info=True)
            return done.end
        if found is None:
            return done.end
        return msgspec.structs.replace(
            done.end, notebook=found[0], cell_id=found[1], cell_id_inferred=found[2]
        )

    def _hash_and_put(self, done: Finished, place: Place, doings: Doings) -> None:
        large = bytes_of(doings) > _HASH_FIRST
        end = self._with_files(done.end, place, doings, content=not large)
        self._put(dataclasses.replace(done, end=end), place)
        if large:
            self._later(self._large, lambda: self._add_hashes(done.end, place, doings))

    def _add_hashes(self, end: ExecutionEnd, place: Place, doings: Doings) -> None:
        hashed = self._with_files(end, place, doings, content=True)
        place.sink().submit(partial(_add_hashes, hashed))

    def _with_files(
        self, end: ExecutionEnd, place: Place, doings: Doings, *, content: bool
    ) -> ExecutionEnd:
        def files(entries: list[list[Any]]) -> tuple[FileAccess, ...]:
            return self._hasher.accesses(entries, place.root, content=content)

        return msgspec.structs.replace(
            end,
            reads=files(reads_of(doings)),
            writes=files(doings.writes),
            modules=files(doings.modules),
        )

    def _later(self, pool: ThreadPoolExecutor, work: Callable[[], None]) -> None:
        """Do something that may read files, on a thread."""
        with self._settled:
            self._pending += 1

        def guarded() -> None:
            try:
                work()
            except Exception:
                self.lost += 1
                log.exception("nbtrail: files of an execution could not be recorded")
            finally:
                with self._settled:
                    self._pending -= 1
                    self._settled.notify_all()

        try:
            pool.submit(guarded)
        except RuntimeError:  # the pool has ended, or the interpreter is ending
            guarded()


# What is written, as functions of plain data: a process without a ledger sends them to one that
# has it. The ledger is imported on the writer's thread, for SQLAlchemy takes its time.


def _start(
    record: KernelSession, payload: dict[str, Any] | None, start: ExecutionStart, database: Any
) -> None:
    from nbtrail.ledger import executions

    if executions.open_session(database, record) and payload is not None:
        executions.set_session_environment(database, record.id, payload)
    executions.start_execution(database, start)


def _finish(end: ExecutionEnd, database: Any) -> None:
    from nbtrail.ledger import executions

    executions.finish_execution(database, end)


def _set_environment(session: str, payload: dict[str, Any], database: Any) -> None:
    from nbtrail.ledger import executions

    executions.set_session_environment(database, session, payload)


def _set_git(session: str, state: dict[str, Any], database: Any) -> None:
    from nbtrail.ledger import executions

    executions.set_session_git(database, session, state)


def _close(session: str, reason: str, moment: float, database: Any) -> None:
    from nbtrail.ledger import executions

    executions.close_session(database, session, reason, moment)


def _add_late(end: ExecutionEnd, database: Any) -> None:
    from nbtrail.recorder import late

    late.add_to_execution(database, end)


def _add_hashes(end: ExecutionEnd, database: Any) -> None:
    from nbtrail.recorder import late

    late.add_hashes(database, end)
