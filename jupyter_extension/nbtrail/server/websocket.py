"""The kernel's websocket: messages at once, cells noted, drafts refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from jupyter_client.jsonutil import json_default
from jupyter_server.services.kernels.connection import base as wire

from nbtrail.recorder.install import PROBE_TOPIC

#: Takes kernel id and ``execute_request``; the text is why it must not run, ``None`` if it may.
Gate = Callable[[str, Mapping[str, Any]], str | None]

#: Error name of a refusal; the front end then asks for a name of the notebook.
REFUSED = "NbtrailDraft"
_V1 = "v1.kernel.websocket.jupyter.org"

# Jupyter Server's functions carry no types.
_serialize: Callable[..., bytes] = wire.serialize_msg_to_ws_v1
_deserialize: Callable[..., tuple[str, list[bytes]]] = wire.deserialize_msg_from_ws_v1
_deserialize_legacy: Callable[..., dict[str, Any]] = wire.deserialize_binary_message


class Noter(Protocol):
    """Who wants to know which cell a request came from."""

    def note_request(self, msg_id: str, cell_id: str | None, client: str | None) -> None:
        """A request with this id was sent for this cell by this client session."""


def connection_class(
    base: type[Any], noter: Noter | None, gate: Gate | None = None, *, no_delay: bool = True
) -> type[Any]:
    """A subclass of the server's connection class.

    Parameters
    ----------
    base
        What was in the settings under ``kernel_websocket_connection_class``.
    noter
        Told of each execute request; ``None`` when nothing is recorded.
    gate
        Asked about each execute request that is not silent, on the event loop.
    no_delay
        Whether small messages are sent at once. Without, Nagle's algorithm holds them back
        until the client has acknowledged others, which takes some 40 ms for each cell.
    """

    class NbtrailConnection(base):  # type: ignore[misc]
        """Kernel websocket that nbtrail looks at; changes no message of others."""

        def connect(self) -> Any:
            if no_delay:
                try:
                    self.websocket_handler.set_nodelay(True)
                except Exception:  # closed already, or a transport without
                    self.log.debug("nbtrail: TCP_NODELAY could not be set", exc_info=True)
            return super().connect()

        def handle_incoming_message(self, incoming_msg: Any) -> None:
            message: dict[str, Any] | None = None
            reason: str | None = None
            try:
                message = execute_request(incoming_msg, _subprotocol(self))
                if message is not None:
                    reason = self._nbtrail_look(message)
            except Exception:
                self.log.warning("nbtrail: a request could not be looked at", exc_info=True)
            if message is None or reason is None:
                super().handle_incoming_message(incoming_msg)
            else:
                self._nbtrail_refuse(message, reason)

        def handle_outgoing_message(self, stream: Any, outgoing_msg: Any) -> None:
            # What the probe tells is for the recorder; no client has to take it apart.
            if noter is None or not outgoing_msg or bytes(outgoing_msg[0]) != PROBE_TOPIC:
                super().handle_outgoing_message(stream, outgoing_msg)

        def _nbtrail_look(self, message: Mapping[str, Any]) -> str | None:
            header, metadata = message["header"], message.get("metadata") or {}
            if gate is not None and not message["content"].get("silent", False):
                reason = gate(self.kernel_id, message)
                if reason is not None:
                    return reason
            if noter is not None:
                noter.note_request(header["msg_id"], metadata.get("cellId"), header.get("session"))
            return None

        def _nbtrail_refuse(self, message: Mapping[str, Any], reason: str) -> None:
            for channel, kind, content in refusal(reason):
                answer = self.session.msg(kind, content, parent=message)
                if _subprotocol(self) == _V1:
                    binary = _serialize(answer, channel, self.session.pack)
                    self.write_message(binary, binary=True)
                else:
                    answer["channel"] = channel
                    self.write_message(json.dumps(answer, default=json_default))

    return NbtrailConnection


def execute_request(incoming: str | bytes, subprotocol: str | None) -> dict[str, Any] | None:
    """The message as a dictionary when it is an ``execute_request``, else ``None``.

    Other messages are not parsed, large ones of widgets least of all.
    """
    if subprotocol == _V1:
        _, parts = _deserialize(incoming)
        if b"execute_request" not in bytes(parts[0]):
            return None
        names = ("header", "parent_header", "metadata", "content")
        message = {name: json.loads(bytes(part)) for name, part in zip(names, parts, strict=False)}
    elif isinstance(incoming, bytes):
        message = _deserialize_legacy(incoming)
    elif "execute_request" in incoming:
        message = json.loads(incoming)
    else:
        return None
    return message if message["header"].get("msg_type") == "execute_request" else None


def refusal(reason: str) -> list[tuple[str, str, dict[str, Any]]]:
    """What a kernel would answer to a cell that fails at once: channel, type and content."""
    error: dict[str, Any] = {"ename": REFUSED, "evalue": reason, "traceback": [reason]}
    reply = {"status": "error", "execution_count": None, "user_expressions": {}, **error}
    return [
        ("iopub", "status", {"execution_state": "busy"}),
        ("iopub", "error", error),
        ("shell", "execute_reply", reply),
        ("iopub", "status", {"execution_state": "idle"}),
    ]


def _subprotocol(connection: Any) -> str | None:
    subprotocol: str | None = getattr(connection, "subprotocol", None)
    return subprotocol
