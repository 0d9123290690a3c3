"""One thread that listens to the IOPub channels of all kernels.

Its sockets have no high-water mark: a kernel that floods IOPub fills memory for a moment
instead of losing the message that says the cell has ended. Headers are looked at first, and
contents only of the few types that matter.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import zmq

from nbtrail.recorder.wire import Connection, Message, request, split

log = logging.getLogger(__name__)

#: Counted, and searched for text as long as there is little of it.
COUNTED = frozenset(
    {"stream", "display_data", "update_display_data", "execute_result", "clear_output"}
)
#: Messages of one kernel that are taken in a row before the others have their turn.
_TURN = 500
_RECONNECT_MS = 10
#: Milliseconds from the first message until messages are taken in. What a short cell says is
#: heard after it has ended: its way through the server and ours share one interpreter.
_LINGER_MS = 40


class Handler(Protocol):
    """Who is told what kernels say. All calls come from the listener's thread."""

    def on_message(self, kernel_id: str, message: Message) -> None:
        """A kernel published ``message``."""


@dataclass
class _Kernel:
    connection: Connection
    iopub: zmq.Socket[bytes]
    requests: dict[str, zmq.Socket[bytes]] = field(default_factory=dict)


class Listener:
    """Subscribes to kernels and hands their messages to ``handler``.

    All methods may be called from any thread; they return at once.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._session = uuid.uuid4().hex
        self._commands: deque[Callable[[], None]] = deque()
        self._kernels: dict[str, _Kernel] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._wake, self._alarm = socket.socketpair()
        self._wake.setblocking(False)
        self._alarm.setblocking(False)
        #: Messages that could not be understood.
        self.unreadable = 0
        #: Messages that the handler failed on.
        self.failures = 0

    def add(self, kernel_id: str, connection: Connection) -> None:
        """Begin to listen to a kernel; one of the same id is let go before."""
        self._do(lambda: self._add(kernel_id, connection))

    def remove(self, kernel_id: str) -> None:
        """Let a kernel go, after what it has said so far is taken in."""
        self._do(lambda: self._remove(kernel_id))

    def send(
        self,
        kernel_id: str,
        channel: str,
        msg_type: str,
        content: Mapping[str, Any],
        sent: Callable[[str], None] | None = None,
    ) -> None:
        """Send a request on ``shell`` or ``control``; ``sent`` is called with its id before."""
        self._do(lambda: self._send(kernel_id, channel, msg_type, content, sent))

    def call(self, function: Callable[[], None]) -> None:
        """Have ``function`` called on the listener's thread."""
        self._do(function)

    def close(self, timeout: float = 5.0) -> None:
        """Take in what is there, and end the thread. May be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            thread = self._thread
        if thread is None:
            self._wake.close()
            self._alarm.close()
            return
        self._ring()
        thread.join(timeout)

    def _do(self, command: Callable[[], None]) -> None:
        with self._lock:
            if self._closed:
                return
            self._commands.append(command)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="nbtrail-listener", daemon=True
                )
                self._thread.start()
        self._ring()

    def _ring(self) -> None:
        try:
            self._alarm.send(b"!")
        except (BlockingIOError, OSError):
            return  # the buffer is full of alarms, or the thread has gone

    # On the listener's thread

    def _run(self) -> None:
        self._context = zmq.Context()
        self._poller, self._bell = zmq.Poller(), zmq.Poller()
        for poller in (self._poller, self._bell):
            poller.register(self._wake.fileno(), zmq.POLLIN)
        #: Whether kernels say more than is taken in between two waits.
        self._behind = False
        self._by_socket: dict[zmq.Socket[bytes], str] = {}
        try:
            while True:
                self._obey()
                if self._closed and not self._commands:
                    break
                self._poll()
        finally:
            for kernel_id in list(self._kernels):
                self._remove(kernel_id)
            self._wake.close()
            self._alarm.close()
            self._context.destroy(linger=0)

    def _obey(self) -> None:
        while self._commands:
            command = self._commands.popleft()
            try:
                command()
            except Exception:
                self.failures += 1
                log.exception("nbtrail: listening to a kernel failed")

    def _poll(self) -> None:
        try:
            ready = self._poller.poll()
            if not self._behind and all(isinstance(source, zmq.Socket) for source, _ in ready):
                self._bell.poll(_LINGER_MS)
                ready = self._poller.poll(0)
        except zmq.ZMQError:
            log.exception("nbtrail: waiting for kernels failed")
            time.sleep(0.1)  # whatever it is, it must not become a busy loop
            return
        self._behind = False
        for source, _ in ready:
            if isinstance(source, zmq.Socket):
                kernel_id = self._by_socket.get(source)
                if kernel_id is not None and not self._drain(kernel_id, source, _TURN):
                    self._behind = True
            else:
                self._quiet()

    def _quiet(self) -> None:
        try:
            while self._wake.recv(4096):
                pass
        except (BlockingIOError, OSError):
            return

    def _drain(self, kernel_id: str, source: zmq.Socket[bytes], most: int) -> bool:
        """Take in what ``source`` has, at most ``most`` messages (0: all); whether that was all."""
        kernel = self._kernels[kernel_id]
        listening = source is kernel.iopub
        taken = 0
        while not most or taken < most:
            try:
                frames = source.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return True
            except zmq.ZMQError:
                self.unreadable += 1
                return True
            taken += 1
            if listening:
                self._take(kernel_id, kernel.connection, frames)
        return False

    def _take(self, kernel_id: str, connection: Connection, frames: list[bytes]) -> None:
        try:
            message = split(frames, connection, COUNTED)
        except Exception:
            self.unreadable += 1
            return
        try:
            self._handler.on_message(kernel_id, message)
        except Exception:
            self.failures += 1
            log.exception("nbtrail: a message of kernel %s could not be recorded", kernel_id)

    def _add(self, kernel_id: str, connection: Connection) -> None:
        self._remove(kernel_id)
        iopub = self._socket(zmq.SUB, connection)
        iopub.rcvhwm = 0
        iopub.subscribe(b"")
        iopub.connect(connection.url("iopub"))
        self._watch(kernel_id, iopub)
        self._kernels[kernel_id] = _Kernel(connection, iopub)

    def _remove(self, kernel_id: str) -> None:
        kernel = self._kernels.get(kernel_id)
        if kernel is None:
            return
        self._drain(kernel_id, kernel.iopub, 0)
        del self._kernels[kernel_id]
        for one in (kernel.iopub, *kernel.requests.values()):
            self._poller.unregister(one)
            self._by_socket.pop(one, None)
            one.close(linger=0)

    def _send(
        self,
        kernel_id: str,
        channel: str,
        msg_type: str,
        content: Mapping[str, Any],
        sent: Callable[[str], None] | None,
    ) -> None:
        kernel = self._kernels.get(kernel_id)
        if kernel is None:
            return
        if channel not in kernel.requests:
            dealer = self._socket(zmq.DEALER, kernel.connection)
            dealer.connect(kernel.connection.url(channel))
            self._watch(kernel_id, dealer)  # replies are of no interest, but must not pile up
            kernel.requests[channel] = dealer
        msg_id, frames = request(kernel.connection, msg_type, content, self._session)
        if sent is not None:
            sent(msg_id)
        kernel.requests[channel].send_multipart(frames, zmq.NOBLOCK)

    def _socket(self, kind: int, connection: Connection) -> zmq.Socket[bytes]:
        made: zmq.Socket[bytes] = self._context.socket(kind)
        made.linger = 0
        # A kernel that is still starting is joined as soon as it listens.
        made.setsockopt(zmq.RECONNECT_IVL, _RECONNECT_MS)
        if connection.curve_publickey is not None and connection.curve_secretkey is not None:
            made.curve_secretkey = connection.curve_secretkey
            made.curve_publickey = connection.curve_publickey
            made.curve_serverkey = connection.curve_publickey
        return made

    def _watch(self, kernel_id: str, source: zmq.Socket[bytes]) -> None:
        self._poller.register(source, zmq.POLLIN)
        self._by_socket[source] = kernel_id
