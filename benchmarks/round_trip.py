"""How long does a cell take from request to idle, as a client of the server sees it?

A bare client sends ``execute_request("1")`` through the kernel's websocket and waits for
``idle``; the servers take turns: JupyterLab's own, the same with nbtrail recording, and with
nbtrail that only sends small messages at once. Medians of all round trips.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import statistics
import tempfile
import time
import urllib.request
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from servers import Server, running
from tables import Table
from tornado.websocket import WebSocketClientConnection, websocket_connect

#: Of the stock server's time; and milliseconds above a server that records nothing.
RATIO_LIMIT, ADDED_LIMIT = 0.22, 0.5
CELLS = 50
#: Seconds without a message after which nothing more is waited for.
SILENCE = 10.0
STOCK, RECORDED, UNRECORDED = "stock server", "nbtrail records", "no delay, nothing recorded"


def measure(repeat: int) -> Table:
    """Run cells on three servers in turns."""
    return asyncio.run(_measure(repeat))


async def _measure(repeat: int) -> Table:
    times: dict[str, list[float]] = {STOCK: [], UNRECORDED: [], RECORDED: []}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nbtrail-bench-")))
        clients = {}
        for number, name in enumerate(times):
            home = folder / str(number)
            home.mkdir()
            recorder = "true" if name == RECORDED else "false"
            (home / "nbtrail.toml").write_text(f"[recorder]\nenabled = {recorder}\n")
            server = stack.enter_context(running(home, enabled=name != STOCK))
            clients[name] = await Client.connected(server)
        for turn in range(repeat + 1):
            for name, client in clients.items():
                found = [await client.round_trip() for _ in range(CELLS)]
                if turn:
                    times[name] += found
        recorded = _recorded(folder / str(list(times).index(RECORDED)))
        if recorded < (repeat + 1) * CELLS:
            raise RuntimeError(f"Only {recorded} cells were recorded.")
    medians = {name: statistics.median(found) * 1000 for name, found in times.items()}
    ratio = medians[RECORDED] / medians[STOCK]
    added = medians[RECORDED] - medians[UNRECORDED]
    limits = []
    if ratio > RATIO_LIMIT:
        limits.append(f"a recorded cell takes {ratio:.2f} of the stock server's, not 0.22")
    if added > ADDED_LIMIT:
        limits.append(f"recording adds {added:.1f} ms, more than 0.5 ms")
    return Table(
        title="A cell from request to idle",
        command='execute_request("1") through the kernel\'s websocket',
        header=("server", "median", "of the stock server's"),
        rows=tuple(
            (name, f"{value:.2f} ms", f"{value / medians[STOCK]:.2f}")
            for name, value in medians.items()
        ),
        limits=tuple(limits),
    )


@dataclass
class Client:
    """A websocket to one kernel."""

    socket: WebSocketClientConnection
    session: str

    @classmethod
    async def connected(cls, server: Server, path: str = "EXPLORATION-bench.ipynb") -> Client:
        """Start a kernel for a notebook and connect to it; 20 cells warm it up."""
        body = {
            "path": path,
            "name": "",
            "type": "notebook",
            "kernel": {"name": "python3"},
        }
        request = urllib.request.Request(
            f"{server.address}/api/sessions",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            kernel = json.load(answer)["kernel"]["id"]
        address = f"ws://127.0.0.1:{server.port}/api/kernels/{kernel}/channels"
        client = cls(await websocket_connect(address), uuid.uuid4().hex)
        for _ in range(20):
            await client.round_trip()
        return client

    async def round_trip(self, code: str = "1") -> float:
        """Seconds from sending a request until the kernel is idle again."""
        begun = time.perf_counter()
        async for _ in self._answers(code):
            pass
        return time.perf_counter() - begun

    async def lines(self, code: str) -> int:
        """How many lines of what the code prints arrive here.

        The server's own subscription to a kernel holds so little that it may lose the end.
        """
        found = 0
        with contextlib.suppress(asyncio.TimeoutError):
            answers = self._answers(code)
            while True:
                answer = await asyncio.wait_for(anext(answers, None), SILENCE)
                if answer is None:
                    break
                if answer["msg_type"] == "stream" and answer["content"]["name"] == "stdout":
                    found += answer["content"]["text"].count("\n")
        return found

    async def _answers(self, code: str) -> AsyncIterator[dict[str, Any]]:
        """What is published under a request, until the kernel is idle again."""
        identity = uuid.uuid4().hex
        message: dict[str, Any] = {
            "header": {
                "msg_id": identity,
                "msg_type": "execute_request",
                "username": "bench",
                "session": self.session,
                "version": "5.3",
                "date": "2026-01-01T00:00:00Z",
            },
            "parent_header": {},
            "metadata": {"cellId": "c"},
            "content": {
                "code": code,
                "silent": False,
                "store_history": True,
                "user_expressions": {},
                "allow_stdin": False,
                "stop_on_error": True,
            },
            "channel": "shell",
            "buffers": [],
        }
        await self.socket.write_message(json.dumps(message))
        while True:
            said = await self.socket.read_message()
            if said is None:
                raise RuntimeError("The server closed the connection.")
            answer = json.loads(said)
            if answer["parent_header"].get("msg_id") != identity:
                continue
            yield answer
            if answer["content"].get("execution_state") == "idle":
                return


def _recorded(home: Path) -> int:
    """How many executions are on record."""
    from nbtrail import open_project

    with open_project(home) as opened:
        return opened.newest_execution()
