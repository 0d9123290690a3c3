"""A tab with a shared document, as a program: run by an interpreter that has pycrdt.

Takes commands as lines of JSON on its input and answers each with one: ``{"read": true}``,
``{"replace": [old, new], "cell": index}``, ``{"save": true}``. Every answer holds what the
document says once the server has taken everything in.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import websocket
from jupyter_ydoc import ydocs
from pycrdt import (
    Decoder,
    Doc,
    Encoder,
    Text,
    create_sync_message,
    create_update_message,
    handle_sync_message,
)

SYNC, RAW, STEP_2 = 0, 2, 1


class Tab:
    def __init__(self, address: str, token: str, kind: str) -> None:
        self.socket = websocket.create_connection(
            address, timeout=60, header=[f"Authorization: token {token}"]
        )
        self.doc: Doc[Any] = Doc()
        self.model = ydocs["notebook" if kind == "notebook" else "file"](self.doc)
        self.sent = self.doc.observe(self._send)
        self.receiving = False
        self.settle()

    def _send(self, event: Any) -> None:
        if not self.receiving:
            self.socket.send_binary(create_update_message(event.update))

    def settle(self) -> None:
        """Wait until the server has answered with what it knows."""
        self.socket.send_binary(create_sync_message(self.doc))
        while True:
            message = self.socket.recv()
            if message[0] != SYNC:
                continue
            self.receiving = True
            reply = handle_sync_message(message[1:], self.doc)
            self.receiving = False
            if reply is not None:
                self.socket.send_binary(reply)
            if message[1] == STEP_2:
                return

    def replace(self, old: str, new: str, cell: int | None) -> None:
        source: Text = (
            self.doc.get("source", type=Text) if cell is None else self.model.ycells[cell]["source"]
        )
        text = str(source)
        start = len(text[: text.index(old)].encode())
        with self.doc.transaction():
            del source[start : start + len(old.encode())]
            source.insert(start, new)

    def save(self) -> None:
        encoder = Encoder()
        encoder.write_var_uint(RAW)
        encoder.write_var_string("save")
        encoder.write_var_uint(1)
        self.socket.send_binary(encoder.to_bytes())
        while True:
            message = self.socket.recv()
            if message[0] != RAW:
                continue
            decoder = Decoder(message)
            decoder.read_var_uint()
            answer = json.loads(decoder.read_var_string() or "{}")
            if answer.get("type") == "save":
                assert answer["status"] == "success", answer
                return

    def said(self) -> Any:
        source = self.model.source
        return [c["source"] for c in source["cells"]] if isinstance(source, dict) else source


def main() -> None:
    tab = Tab(*sys.argv[1:4])
    print(json.dumps(tab.said()), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        if "replace" in command:
            tab.replace(*command["replace"], command.get("cell"))
        if command.get("save"):
            tab.save()
        tab.settle()
        print(json.dumps(tab.said()), flush=True)


if __name__ == "__main__":
    main()
