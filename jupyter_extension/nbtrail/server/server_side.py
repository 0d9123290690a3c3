"""Cells that jupyter-server-nbmodel executes on the server, past the kernel's websocket.

Its requests to the kernel do not say which cell they are of, and the document may hold edits
that no file has yet. Only its queue knows. Drafts are refused before they come into it.
"""

from __future__ import annotations

import logging
import sys
from collections import deque
from collections.abc import Callable
from typing import Any

from tornado.web import HTTPError

from nbtrail.server.websocket import Gate

log = logging.getLogger(__name__)

_MODULE = "jupyter_server_nbmodel.execution_stack"
_REMEMBERED = 10_000


class ServerSide:
    """What was put into the queues of the extension, where it is loaded.

    Parameters
    ----------
    gate
        Asked about each request, as for those that come by the websocket.
    """

    def __init__(self, gate: Gate | None = None) -> None:
        self._gate = gate
        self._asked: deque[tuple[str, str, str, str]] = deque(maxlen=_REMEMBERED)
        self._undo: Callable[[], None] | None = None

    def watch(self) -> None:
        """Begin to note what is put into the queues; on the event loop."""
        stack: Any = getattr(sys.modules.get(_MODULE), "ExecutionStack", None)
        original = getattr(stack, "put", None)
        if original is None:
            return

        def put(of: Any, kernel_id: str, snippet: str, *args: Any, **kwargs: Any) -> Any:
            reason = None
            try:
                reason = self._gate and self._gate(kernel_id, {})
                metadata = args[0] if args else kwargs.get("metadata")
                self._note(kernel_id, snippet, metadata or {})
            except Exception:
                log.debug("nbtrail: a request could not be looked at", exc_info=True)
            if reason:
                raise HTTPError(422, reason)
            return original(of, kernel_id, snippet, *args, **kwargs)

        stack.put = put
        self._undo = lambda: setattr(stack, "put", original)

    def unwatch(self) -> None:
        """Leave the extension as it was."""
        undo, self._undo = self._undo, None
        if undo is not None:
            undo()

    def find(self, kernel_id: str, source: str) -> tuple[str, str] | None:
        """Contents path and id of the cell that was asked for first with this source."""
        for entry in list(self._asked):
            if entry[:2] == (kernel_id, source):
                self._asked.remove(entry)
                return entry[2], entry[3]
        return None

    def _note(self, kernel_id: str, source: str, metadata: dict[str, Any]) -> None:
        path, cell_id = metadata.get("document_path"), metadata.get("cell_id")
        if isinstance(path, str) and isinstance(cell_id, str) and isinstance(source, str):
            self._asked.append((kernel_id, source, path, cell_id))
