"""Into the ledger with what other processes left: spools of hooks, and sessions of the dead.

Both lie in the project's state folder as journals (`nbtrail.recorder.journal`). Taking the same
journal in twice changes nothing; it is removed once its process has ended and all of it is on
record.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nbtrail.ledger.records import CellError, ExecutionEnd, ExecutionStart, KernelSession
from nbtrail.project import Project
from nbtrail.recorder import journal
from nbtrail.recorder.hook import SPOOL
from nbtrail.recorder.owner import OWNERS, take_in_owner
from nbtrail.recorder.reports import Doings, Hasher, Report, metrics_of, reads_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from nbtrail.ledger.store import Store

log = logging.getLogger(__name__)

#: Seconds after which a recorder has written what it heard.
_YOUNG_S = 2.0
_Files = dict[str, Any]


class Intake:
    """Takes journals into one project's ledger. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spools: dict[Path, _Spool] = {}
        self._hasher = Hasher()
        #: Lines that could not be understood.
        self.unreadable = 0

    def take_in(self, project: Project, open_store: Callable[[], Store]) -> None:
        """Take in what is there; the ledger is opened only if there is something.

        Never raises: what cannot be taken in now stays where it is.
        """
        spools = journal.waiting(project.state_dir / SPOOL)
        owners = journal.waiting(project.state_dir / OWNERS)
        if not (spools or owners) or not self._lock.acquire(blocking=False):
            return
        try:
            for path in owners:
                self._guarded(partial(take_in_owner, path, open_store))
            for path in spools:
                self._guarded(partial(self._take_in_spool, path, open_store, project))
            for gone in self._spools.keys() - set(spools):
                del self._spools[gone]
        finally:
            self._lock.release()

    def _guarded(self, take: Callable[[], None]) -> None:
        try:
            take()
        except Exception as error:
            log.debug("nbtrail: a journal could not be taken in: %s", error, exc_info=True)

    def _take_in_spool(self, path: Path, open_store: Callable[[], Store], project: Project) -> None:
        spool = self._spools.setdefault(path, _Spool())
        from nbtrail.recorder import adopt

        with journal.reading(path, spool.offset) as found:
            if found is None:
                return
            lines, end, unreadable = _decoded(found)
            if not (lines or found.ended):
                return
            if spool.session is None:
                spool.session = next((line for line in lines if line.kind == "session"), None)
            if spool.session is not None:
                store = open_store()
                with store.read() as connection:
                    known = adopt.on_record(connection, spool.session.session)
                files = _hashed(lines, known, self._hasher, project.root)
                with store.write() as connection:
                    spool.put(connection, lines, files, project, ended=found.ended)
            # Only now: what failed is read again.
            spool.offset = end or spool.offset
            self.unreadable += unreadable
            if found.ended:
                path.unlink(missing_ok=True)


class Line(msgspec.Struct, frozen=True):
    """A record of a spool; ``kind`` is session, environment, start or end."""

    kind: str
    session: str = ""
    kernel_id: str = ""
    kernelspec: str | None = None
    folder: str = ""
    hints: list[str] = []
    environment: dict[str, Any] | None = None
    at: float = 0.0
    msg_id: str = ""
    position: int = 0
    count: int | None = None
    source: str = ""
    cell_id: str | None = None
    notebook: str | None = None
    seconds: float = 0.0
    error: tuple[str, str] | None = None
    report: Report | None = None


_decode = msgspec.json.Decoder(Line).decode


def _decoded(found: journal.Found) -> tuple[list[Line], int, int]:
    """Lines that can be taken in now, where they end, and how many are no records.

    What a living kernel has begun only now has to wait: a recorder that listens to it, too, may
    be about to write it.
    """
    lines: list[Line] = []
    end = unreadable = 0
    for raw, behind in found.lines:
        try:
            line = _decode(raw)
        except msgspec.DecodeError:
            unreadable += bool(raw.strip())
        else:
            young = line.kind == "start" and 0 <= time.time() - line.at < _YOUNG_S
            if young and not found.ended:
                break
            lines.append(line)
        end = behind
    return lines, end, unreadable


def _hashed(
    lines: list[Line], known: dict[str, str], hasher: Hasher, root: Path
) -> dict[int, _Files]:
    """Files of what ended, by the identity of the report; before the ledger is locked."""
    return {
        id(doings): _files(doings, hasher, root)
        for line in lines
        if line.report is not None and known.get(line.msg_id, "running") == "running"
        for doings in (line.report, *line.report.background)
    }


def _files(doings: Doings, hasher: Hasher, root: Path) -> _Files:
    return {
        "reads": hasher.accesses(reads_of(doings), root),
        "writes": hasher.accesses(doings.writes, root),
        "modules": hasher.accesses(doings.modules, root),
    }


class _Spool:
    """How far one spool has been taken in."""

    def __init__(self) -> None:
        self.offset = 0
        self.session: Line | None = None

    def put(
        self,
        connection: Connection,
        lines: list[Line],
        files: dict[int, _Files],
        project: Project,
        *,
        ended: bool,
    ) -> None:
        """Write lines to the ledger, in one transaction."""
        from nbtrail.ledger import executions as ledger
        from nbtrail.recorder import adopt, late

        session = self.session
        assert session is not None
        record = KernelSession(
            session.session, session.kernel_id, session.kernelspec, "python", session.at
        )
        ledger.open_session(connection, record)
        known = adopt.on_record(connection, session.session)
        others = adopt.other_sessions(connection, record)
        for line in lines:
            if line.kind == "environment" and line.environment is not None:
                ledger.set_session_environment(connection, session.session, line.environment)
            elif line.kind == "start" and line.msg_id not in known:
                if adopt.is_on_record(connection, others, line.msg_id):
                    continue  # a recorder has heard it, too
                ledger.start_execution(connection, _start(session, line, project))
                known[line.msg_id] = "running"
            elif line.kind == "end" and known.get(line.msg_id) == "running":
                known[line.msg_id] = "ended"
                adopt.set_count(connection, session.session, line.msg_id, line.count)
                ledger.finish_execution(connection, _end(session, line, files))
                for doings in line.report.background if line.report is not None else ():
                    late.add_to_execution(connection, _late(session, doings, files))
        if ended:
            ledger.close_session(connection, session.session, "ended", time.time())
        adopt.assign(
            connection, session.session, project, session.folder, session.hints, ended=ended
        )


def _start(session: Line, line: Line, project: Project) -> ExecutionStart:
    notebook = None
    if line.notebook is not None:
        with contextlib.suppress(Exception):  # of another project
            notebook = project.relative(line.notebook)
    return ExecutionStart(
        session=session.session,
        msg_id=line.msg_id,
        notebook=notebook,
        cell_id=line.cell_id,
        position=line.position,
        execution_count=None,
        source=line.source,
        started_at=line.at,
    )


def _late(session: Line, doings: Doings, files: dict[int, _Files]) -> ExecutionEnd:
    return ExecutionEnd(
        session=session.session,
        msg_id=doings.msg_id or "",
        status="ok",
        seconds=0.0,
        metrics=metrics_of(doings),
        **files.get(id(doings), {}),
    )


def _end(session: Line, line: Line, files: dict[int, _Files]) -> ExecutionEnd:
    return ExecutionEnd(
        session=session.session,
        msg_id=line.msg_id,
        status="ok" if line.error is None else "error",
        seconds=max(line.seconds, 0.0),
        error=None if line.error is None else CellError(*line.error),
        probed=True,
        metrics=() if line.report is None else metrics_of(line.report),
        children=line.report is not None and line.report.children,
        **files.get(id(line.report), {}),
    )
