"""How long do saving and opening a paired notebook take, as a client of the server sees it?

Three of JupyterLab's servers run side by side and take turns: its own contents manager alone,
jupytext's extension, and nbtrail (with jupytext's extension there, as it is installed). Saved is
a notebook of which one cell was edited, so that the text follows, and one that was only run.
Opened is one that is paired and in sync. Medians.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import copy
import http.client
import json
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from round_trip import Client
from servers import Server, running
from tables import Table

#: Of jupytext's time to save, and of the plain manager's time to open.
SAVE_LIMIT, OPEN_LIMIT = 1.10, 1.15
#: Seconds that the 95th of a hundred cells may take longer than without nbtrail.
BLOCK_LIMIT = 0.002
NAME = "1-EXPLORATION-bench.ipynb"
PLAIN, JUPYTEXT, NBTRAIL = "plain", "jupytext", "nbtrail"
MEGABYTE = 2**20


def measure(repeat: int) -> Table:
    """Save and open on three servers in turns."""
    with Servers() as servers:
        rows, limits = [], []
        for label, notebook in notebooks().items():
            found = servers.times(notebook, repeat)
            for what, times in found.items():
                medians = {name: statistics.median(values) for name, values in times.items()}
                against = PLAIN if what == "open" else JUPYTEXT
                ratio = medians[NBTRAIL] / medians[against]
                limit = OPEN_LIMIT if what == "open" else SAVE_LIMIT
                if ratio > limit:
                    limits.append(f"{label}, {what}: {ratio:.2f} of {against}, not {limit}")
                cells = [milliseconds(medians[name]) for name in (PLAIN, JUPYTEXT, NBTRAIL)]
                rows.append((label, what, *cells, f"{ratio:.2f} of {against}"))
    return Table(
        title="Saving and opening a paired notebook",
        command=f"PUT and GET /api/contents/{NAME}",
        header=("notebook", "what", PLAIN, JUPYTEXT, NBTRAIL, "ratio"),
        rows=tuple(rows),
        limits=tuple(limits),
    )


def measure_blocking(repeat: int) -> Table:
    """Run cells while a client saves 10 MB again and again."""
    return asyncio.run(_measure_blocking(repeat))


async def _measure_blocking(repeat: int) -> Table:
    content = notebook_of(20, images=10)
    times: dict[str, list[float]] = {}
    with Servers() as servers:
        clients = {name: await Client.connected(s, NAME) for name, s in servers.by_name.items()}
        for _ in range(repeat):
            for name, client in clients.items():
                with saving(servers.by_name[name], prepared(name, content)):
                    found = [await client.round_trip() for _ in range(40)]
                times.setdefault(name, []).extend(found)
    high = {name: _percentile(values) for name, values in times.items()}
    added = high[NBTRAIL] - max(high[PLAIN], high[JUPYTEXT])
    limits = []
    if added > BLOCK_LIMIT:
        limits.append(f"nbtrail adds {milliseconds(added)} to the 95th of a hundred cells")
    return Table(
        title="Cells that run while 10 MB are saved in a loop",
        command='execute_request("1") through the kernel\'s websocket',
        header=("server", "median", "95th of a hundred"),
        rows=tuple(
            (name, milliseconds(statistics.median(values)), milliseconds(high[name]))
            for name, values in times.items()
        ),
        limits=tuple(limits),
    )


class Servers:
    """The three servers, each on a folder of its own."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self.by_name: dict[str, Server] = {}
        self._clients: dict[str, http.client.HTTPConnection] = {}

    def __enter__(self) -> Servers:
        folder = Path(
            self._stack.enter_context(tempfile.TemporaryDirectory(prefix="nbtrail-bench-"))
        )
        for name in (PLAIN, JUPYTEXT, NBTRAIL):
            home = folder / name
            home.mkdir()
            if name == NBTRAIL:
                from nbtrail.policy.init import init_project

                init_project(home)
            options = (f"--ServerApp.jpserver_extensions=jupyterlab_jupytext={name != PLAIN}",)
            server = self._stack.enter_context(
                running(home, enabled=name == NBTRAIL, options=options)
            )
            self.by_name[name] = server
            self._clients[name] = http.client.HTTPConnection("127.0.0.1", server.port)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def times(self, notebook: dict[str, Any], repeat: int) -> dict[str, dict[str, list[float]]]:
        """Seconds of each kind of request on each server."""
        found: dict[str, dict[str, list[float]]] = {}
        for turn in range(repeat + 1):
            for name in self.by_name:
                edited, run = prepared(name, notebook, turn)
                actions: dict[str, Callable[[], None]] = {
                    "save, edited": lambda name=name, body=edited: self._put(name, body),  # type: ignore[misc]
                    "save, run": lambda name=name, body=run: self._put(name, body),  # type: ignore[misc]
                    "open": lambda name=name: self._get(name),  # type: ignore[misc]
                }
                for what, action in actions.items():
                    begun = time.perf_counter()
                    action()
                    if turn:
                        taken = time.perf_counter() - begun
                        found.setdefault(what, {}).setdefault(name, []).append(taken)
        return found

    def _put(self, name: str, body: bytes) -> None:
        self._request(name, "PUT", body)

    def _get(self, name: str) -> None:
        self._request(name, "GET", None)

    def _request(self, name: str, method: str, body: bytes | None) -> None:
        client = self._clients[name]
        client.request(method, f"/api/contents/{NAME}", body, {"Content-Type": "application/json"})
        answer = client.getresponse()
        said = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} on {name}: {answer.status} {said[:300]!r}")


@contextlib.contextmanager
def saving(server: Server, bodies: tuple[bytes, bytes]) -> Any:
    """Save again and again on a thread."""
    done = threading.Event()

    def loop() -> None:
        client = http.client.HTTPConnection("127.0.0.1", server.port)
        count = 0
        while not done.is_set():
            client.request(
                "PUT",
                f"/api/contents/{NAME}",
                bodies[count % 2],
                {"Content-Type": "application/json"},
            )
            client.getresponse().read()
            count += 1

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def notebooks() -> dict[str, dict[str, Any]]:
    """What is saved and opened."""
    return {
        "20 cells": notebook_of(20),
        "20 cells, 10 MB of images": notebook_of(20, images=10),
        "20 cells, 12 MB of text": notebook_of(20, text=12),
        "500 cells": notebook_of(500),
        "500 cells, 10 MB of images": notebook_of(500, images=10),
    }


def notebook_of(cells: int, *, images: int = 0, text: int = 0) -> dict[str, Any]:
    """A notebook of so many cells, with megabytes of images or of printed text in ten of them."""
    chance = random.Random(1)
    made = []
    for index in range(cells):
        lines = [
            f"mean_{index}_{n} = frame['column {n}'].rolling({n + 2}).mean()" for n in range(8)
        ]
        outputs: list[dict[str, Any]] = [
            {"output_type": "stream", "name": "stdout", "text": f"step {index} of {cells}\n"}
        ]
        if index < 10 and images:
            data = base64.b64encode(chance.randbytes(images * MEGABYTE * 3 // 40)).decode()
            image = {"image/png": data, "text/plain": "<Figure size 640x480 with 1 Axes>"}
            outputs.append({"output_type": "display_data", "data": image, "metadata": {}})
        if index < 10 and text:
            line = "epoch 0001: loss 0.69314718, accuracy 0.50000000, learning rate 0.0010000\n"
            printed = line * (text * MEGABYTE // 10 // len(line))
            outputs.append({"output_type": "stream", "name": "stderr", "text": printed})
        made.append(
            {
                "cell_type": "code", "id": f"cell-{index}", "metadata": {},
                "source": "\n".join(lines), "outputs": outputs, "execution_count": index + 1,
            }
        )  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def prepared(name: str, notebook: dict[str, Any], turn: int = 0) -> tuple[bytes, bytes]:
    """Bodies of two saves: one cell was edited, and then all was run again."""
    content = copy.copy(notebook)
    if name == JUPYTEXT:
        content["metadata"] = {**content["metadata"], "jupytext": {"formats": "ipynb,py:percent"}}
    first, *rest = content["cells"]
    edited = {**first, "source": f"{first['source']}\nturn = {turn}"}
    run = {**edited, "execution_count": 1000 + turn}
    return tuple(  # type: ignore[return-value]
        json.dumps(
            {"type": "notebook", "format": "json", "content": {**content, "cells": [cell, *rest]}}
        ).encode()
        for cell in (edited, run)
    )


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.1f} ms"


def _percentile(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
