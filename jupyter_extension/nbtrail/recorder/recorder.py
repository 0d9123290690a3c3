"""From what kernels say to what the ledger keeps."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from nbtrail.ledger.records import CellError, ExecutionEnd, ExecutionStart, ExecutionStatus
from nbtrail.recorder.install import COMM_ID, PROBE_TOPIC
from nbtrail.recorder.listener import COUNTED, Listener
from nbtrail.recorder.outbox import Outbox
from nbtrail.recorder.outputs import READ_LIMIT, keep_text
from nbtrail.recorder.reports import decode_report, metrics_of
from nbtrail.recorder.sessions import Finished, Kernel, Place, Resolver, Running
from nbtrail.recorder.wire import Connection, Message, seconds_of

__all__ = ["Finished", "Place", "Recorder", "Resolver"]

_REMEMBERED = 10_000


class Recorder:
    """Puts the executions of kernels on record, whoever asked for them.

    Parameters
    ----------
    on_finished
        Called on one of the recorder's threads for each execution that ended, after it was
        handed to the ledger.

    Notes
    -----
    All methods may be called from any thread. None but `wait_idle`, `flush` and `close` waits.
    on_environment
        Called on the listener's thread with a kernel's id when its environment became known.
    """

    def __init__(
        self,
        on_finished: Callable[[Finished], None] | None = None,
        on_environment: Callable[[str], None] | None = None,
    ) -> None:
        self._on_environment = on_environment
        self._listener = Listener(self)
        self._outbox = Outbox(on_finished)
        self._kernels: dict[str, Kernel] = {}
        self._noted: OrderedDict[str, str | None] = OrderedDict()
        self._marks: dict[str, threading.Event] = {}
        self._changed = threading.Condition()
        #: What the probes failed on, and reports that could not be understood.
        self.probe_failures = 0

    @property
    def lost(self) -> int:
        """Messages that could not be recorded."""
        return self._outbox.lost + self._listener.unreadable + self._listener.failures

    # Kernels come and go

    def attach(
        self,
        kernel_id: str,
        connection: Mapping[str, Any] | Path | str,
        place: Place | Resolver,
        *,
        kernelspec: str | None = None,
        language: str | None = None,
        run: str | None = None,
        probe: str | None = None,
    ) -> None:
        """Begin to record a kernel, from this moment on.

        Parameters
        ----------
        connection
            Connection file, or what a kernel manager's ``get_connection_info`` gives.
        place
            Where its executions belong, or a function that tells.
        run
            Id of the run that they are part of.
        probe
            Code that installs the probe (`install_code`); ``None`` for kernels of languages
            that have none.

        Raises
        ------
        KernelError
            When the connection is incomplete.
        """
        resolver: Resolver = (lambda *_: place) if isinstance(place, Place) else place
        where = Connection.of(connection)

        def begin() -> None:
            self._end_session(kernel_id, "replaced")
            self._kernels[kernel_id] = Kernel(kernel_id, resolver, kernelspec, language, run, probe)
            self._install(kernel_id)

        self._listener.add(kernel_id, where)
        self._listener.call(begin)

    def restarted(
        self,
        kernel_id: str,
        connection: Mapping[str, Any] | Path | str,
        *,
        probe: str | None = None,
    ) -> None:
        """The kernel's new process runs: a new session begins, with the probe in place again.

        ``probe`` replaces the code given to `attach`. A kernel that is not attached is left
        alone. Raises KernelError as `attach` does.
        """
        where = Connection.of(connection)

        def begin() -> None:
            kernel = self._kernels.get(kernel_id)
            if kernel is None:
                self._listener.remove(kernel_id)
                return
            self._end_session(kernel_id, "restarted")
            kernel.probe = probe if probe is not None else kernel.probe
            self._install(kernel_id)

        self._listener.add(kernel_id, where)
        self._listener.call(begin)

    def environment(self, kernel_id: str) -> dict[str, Any] | None:
        """The environment of a kernel; ``None`` where it is not known, or not yet."""
        kernel = self._kernels.get(kernel_id)
        return None if kernel is None else kernel.session.environment

    def died(self, kernel_id: str, reason: str = "died") -> None:
        """The kernel's process is gone: what ran has died. It may come back by `restarted`."""
        self._listener.call(lambda: self._end_session(kernel_id, reason))

    def detach(self, kernel_id: str, reason: str = "shutdown") -> None:
        """The kernel was shut down, or is no longer to be recorded."""
        self._listener.remove(kernel_id)

        def end() -> None:
            self._end_session(kernel_id, reason)
            self._kernels.pop(kernel_id, None)

        self._listener.call(end)

    def configure(self, kernel_id: str, probe: str) -> None:
        """Give the probe in a kernel another configuration (`install_code`)."""

        def change() -> None:
            kernel = self._kernels.get(kernel_id)
            if kernel is not None:
                kernel.probe = probe
                self._install(kernel_id)

        self._listener.call(change)

    def note_request(self, msg_id: str, cell_id: str | None) -> None:
        """Remember which cell a request came from; for kernels that do not tell themselves."""
        self._noted[msg_id] = cell_id
        if len(self._noted) > _REMEMBERED:
            self._noted.popitem(last=False)

    # Waiting

    def wait_ready(self, kernel_id: str, timeout: float = 30.0) -> bool:
        """Wait until the probe is in place; false after ``timeout`` seconds.

        What is executed before is recorded too, but without files and metrics.
        """
        deadline = time.monotonic() + timeout
        if not self._passed(timeout):
            return False

        def ready() -> bool:
            kernel = self._kernels.get(kernel_id)
            return kernel is not None and kernel.session.ready

        with self._changed:
            return self._changed.wait_for(ready, deadline - time.monotonic())

    def wait_idle(self, kernel_id: str, timeout: float = 10.0) -> bool:
        """Wait until all that a kernel has said so far is written.

        Returns false when that took longer than ``timeout`` seconds, as it does for a kernel
        that is gone, or one that goes on executing.
        """
        deadline = time.monotonic() + timeout
        mark = threading.Event()

        def sent(msg_id: str) -> None:
            self._marks[msg_id] = mark

        self._listener.send(kernel_id, "control", "kernel_info_request", {}, sent)
        if not mark.wait(timeout):
            return False

        def idle() -> bool:
            kernel = self._kernels.get(kernel_id)
            return kernel is None or not kernel.session.running

        with self._changed:
            if not self._changed.wait_for(idle, deadline - time.monotonic()):
                return False
        return self.flush(max(deadline - time.monotonic(), 0.01))

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until all that was taken in so far is written; false after ``timeout`` s."""
        deadline = time.monotonic() + timeout
        return self._passed(timeout) and self._outbox.flush(deadline - time.monotonic())

    def close(self, timeout: float = 10.0) -> None:
        """End all sessions, hand everything to the ledger, and end the threads."""
        for kernel_id in list(self._kernels):
            self.detach(kernel_id, "recorder-closed")
        self._listener.close(timeout)
        self._outbox.close()

    def _passed(self, timeout: float) -> bool:
        """Wait until the listener's thread has done what it was told so far."""
        passed = threading.Event()
        self._listener.call(passed.set)
        return passed.wait(timeout)

    # On the listener's thread

    def on_message(self, kernel_id: str, message: Message) -> None:
        """Take in one message (`listener.Handler`)."""
        kernel = self._kernels.get(kernel_id)
        if kernel is None:
            return
        session, kind, parent = kernel.session, message.header.msg_type, message.parent.msg_id
        execution = session.running.get(parent)
        if kind in COUNTED:
            if execution is not None:
                execution.messages += 1
                if execution.room > 0 and len(message.content) <= READ_LIMIT:
                    keep_text(execution, message.content)
        elif kind == "status":
            if execution is not None or parent in self._marks:
                self._status(kernel, message)
        elif kind == "execute_input":
            self._begin(kernel, message)
        elif kind == "error":
            if execution is not None:
                content = msgspec.json.decode(message.content, type=_Error)
                execution.error = CellError(content.ename, content.evalue)
                execution.messages += 1
        elif kind == "comm_msg" and message.topic == PROBE_TOPIC:
            self._report(kernel, message)

    def _install(self, kernel_id: str) -> None:
        kernel = self._kernels[kernel_id]
        if kernel.probe is None:
            return
        content = {
            "code": kernel.probe,
            "silent": True,
            "store_history": False,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        self._listener.send(kernel_id, "shell", "execute_request", content)

    def _begin(self, kernel: Kernel, message: Message) -> None:
        content = msgspec.json.decode(message.content, type=_Input)
        session, msg_id = kernel.session, message.parent.msg_id
        session.position += 1
        noted = msg_id in self._noted
        cell_id = self._noted.pop(msg_id, None)
        place = kernel.resolver(kernel.id, cell_id, msg_id)
        if place is None:
            return
        start = ExecutionStart(
            session=session.record.id,
            msg_id=msg_id,
            notebook=place.notebook,
            cell_id=cell_id,
            position=session.position,
            execution_count=content.execution_count,
            source=content.code,
            started_at=seconds_of(message.header.date),
            run=kernel.run,
        )
        session.running[msg_id] = Running(start, place, time.monotonic(), noted)
        self._outbox.start(session, start, place)

    def _status(self, kernel: Kernel, message: Message) -> None:
        content = msgspec.json.decode(message.content, type=_Status)
        if content.execution_state != "idle":
            return
        parent = message.parent.msg_id
        mark = self._marks.pop(parent, None)
        if mark is not None:
            mark.set()
        execution = kernel.session.running.pop(parent, None)
        if execution is not None:
            seconds = seconds_of(message.header.date) - execution.start.started_at
            if seconds < 0:  # a clock that was set back
                seconds = time.monotonic() - execution.begun
            self._finish(kernel, execution, "ok" if execution.error is None else "error", seconds)
            with self._changed:
                self._changed.notify_all()

    def _report(self, kernel: Kernel, message: Message) -> None:
        session = kernel.session
        try:
            report = decode_report(message.content, COMM_ID)
        except msgspec.DecodeError:
            self.probe_failures += 1
            return
        if report is None:
            return
        self.probe_failures += report.failures
        if report.kind == "ready":
            session.ready = True
            with self._changed:
                self._changed.notify_all()
        elif report.kind == "environment" and report.environment is not None:
            session.environment = report.environment
            self._outbox.environment(session)
            if self._on_environment is not None:
                self._on_environment(kernel.id)
        elif report.kind == "cell":
            execution = session.running.get(message.parent.msg_id)
            if execution is not None:
                execution.report = report
            for doings in report.background:
                place = session.ended.get(doings.msg_id or "")
                if place is not None and doings.msg_id is not None:
                    self._outbox.add_late(session, doings.msg_id, place, doings)

    def _finish(
        self, kernel: Kernel, execution: Running, status: ExecutionStatus, seconds: float
    ) -> None:
        session, start, report = kernel.session, execution.start, execution.report
        cell_id, place = start.cell_id, execution.place
        if cell_id is None and report is not None and report.cell_id is not None:
            cell_id = report.cell_id
            found = kernel.resolver(kernel.id, cell_id, start.msg_id)
            if found is not None and found.root == place.root:
                place = found
        end = ExecutionEnd(
            session=start.session,
            msg_id=start.msg_id,
            status=status,
            seconds=seconds,
            error=execution.error,
            # Empty cells run no hook, so that the probe has nothing to say about them.
            probed=report is not None or (session.ready and not start.source.strip()),
            messages=execution.messages,
            metrics=() if report is None else metrics_of(report),
            output="".join(execution.output),
            cell_id=cell_id,
            notebook=place.notebook,
            children=report is not None and report.children,
        )
        session.ended[start.msg_id] = place
        if len(session.ended) > _REMEMBERED:
            session.ended.popitem(last=False)
        params = {} if report is None else report.params
        done = Finished(kernel.id, start, end, params, execution.noted)
        self._outbox.finish(done, place, report)

    def _end_session(self, kernel_id: str, reason: str) -> None:
        kernel = self._kernels.get(kernel_id)
        if kernel is None:
            return
        session, moment = kernel.session, time.time()
        for execution in list(session.running.values()):
            seconds = max(moment - execution.start.started_at, 0.0)
            self._finish(kernel, execution, "died", seconds)
        session.running.clear()
        self._outbox.close_session(session, reason, moment)
        kernel.begin_session()
        with self._changed:
            self._changed.notify_all()


class _Input(msgspec.Struct, frozen=True):
    code: str = ""
    execution_count: int | None = None


class _Status(msgspec.Struct, frozen=True):
    execution_state: str = ""


class _Error(msgspec.Struct, frozen=True):
    ename: str = ""
    evalue: str = ""
