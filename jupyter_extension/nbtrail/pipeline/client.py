"""The kernel client of a run: says with every request which cell it comes from."""

from __future__ import annotations

from typing import Any

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient

#: Milliseconds that a request may wait for a kernel that takes none.
_SEND_MS = 1000


class CellClient(AsyncKernelClient):
    """A client whose execute requests carry ``metadata.cellId``, as JupyterLab's do."""

    #: Id of the cell that is sent next.
    cell_id: str | None = None
    #: What the kernel says of its language, once it has answered.
    language_info: dict[str, Any] | None = None

    def start_channels(self, *args: Any, **kwargs: Any) -> None:
        """Open the channels; nobody waits for ever to send to a kernel that is not there."""
        super().start_channels(*args, **kwargs)
        for channel in (self.shell_channel, self.control_channel):
            channel.socket.setsockopt(zmq.SNDTIMEO, _SEND_MS)

    def execute(
        self,
        code: str,
        silent: bool = False,
        store_history: bool = True,
        user_expressions: dict[str, Any] | None = None,
        allow_stdin: bool | None = None,
        stop_on_error: bool = True,
    ) -> str:
        """Send an execute request; returns its message id."""
        content = {
            "code": code,
            "silent": silent,
            "store_history": store_history,
            "user_expressions": user_expressions or {},
            "allow_stdin": self.allow_stdin if allow_stdin is None else allow_stdin,
            "stop_on_error": stop_on_error,
        }
        metadata = {"cellId": self.cell_id} if self.cell_id is not None else {}
        message = self.session.msg("execute_request", content, metadata=metadata)
        self.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def take_info(self, message: dict[str, Any]) -> bool:
        """Take in what a kernel says of itself; false for any other message."""
        if message["msg_type"] != "kernel_info_reply":
            return False
        self._handle_kernel_info_reply(message)
        return True

    def _handle_kernel_info_reply(self, msg: dict[str, Any]) -> None:
        super()._handle_kernel_info_reply(msg)
        self.language_info = msg["content"].get("language_info")
