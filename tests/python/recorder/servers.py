"""Jupyter Servers in processes of their own, and websocket clients of their kernels."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import websocket

from nbtrail.app import open_project
from nbtrail.ledger.records import Execution
from nbtrail.notebooks.document import write_notebook

TOKEN = "secret"
_READY = "bool(getattr(__import__('sys').modules.get('_nbtrail_probe.hooks'), '_installed', 0))"


def notebook(path: Path, sources: Iterable[str], **metadata: Any) -> None:
    """Write a notebook whose cells are called cell-1, cell-2, …"""
    cells = [
        {
            "cell_type": "code", "id": f"cell-{n}", "source": source,
            "metadata": {"tags": ["parameters"]} if source.startswith("# parameters") else {},
            "outputs": [], "execution_count": None,
        }
        for n, source in enumerate(sources, 1)
    ]  # fmt: skip
    spec = {"kernelspec": {"name": "python3", "display_name": "Python", "language": "python"}}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {**spec, **metadata}, "cells": cells}
    write_notebook(path, content)


def kernelspec(folder: Path, name: str, argv: list[str], language: str, **env: str) -> None:
    """Make a kernelspec below a folder of JUPYTER_PATH."""
    place = folder / "kernels" / name
    place.mkdir(parents=True)
    spec = {"argv": argv, "display_name": name, "language": language, "env": env}
    (place / "kernel.json").write_text(json.dumps(spec))


def private(place: Path, **more: str) -> dict[str, str]:
    """Environment variables of a process that knows nothing of the user's settings."""
    folders = {
        "HOME": "home", "IPYTHONDIR": "ipython", "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime", "XDG_STATE_HOME": "state",
    }  # fmt: skip
    for name in folders.values():
        (place / name).mkdir(parents=True, exist_ok=True)
    return {**os.environ, **{k: str(place / v) for k, v in folders.items()}, **more}


def recorded(root: Path, notebook: str | None = None) -> list[Execution]:
    """What is on record, the oldest first."""
    with open_project(root) as opened:
        return opened.log(notebook, limit=500)[0][::-1]


def until(
    root: Path,
    condition: Callable[[list[Execution]], bool],
    notebook: str | None = None,
    seconds: float = 60,
) -> list[Execution]:
    """Wait until what is on record is as it should be."""
    deadline = time.monotonic() + seconds
    with open_project(root) as opened:
        while True:
            opened.take_in()
            found = opened.log(notebook, limit=500)[0][::-1]
            if condition(found):
                return found
            assert time.monotonic() < deadline, f"not on record in time: {found}"
            time.sleep(0.05)


def ended(count: int) -> Callable[[list[Execution]], bool]:
    """Whether there are that many executions, and all of them have ended."""
    return lambda found: len(found) == count and all(e.status != "running" for e in found)


class Server:
    """A Jupyter Server at the root of a project.

    Parameters
    ----------
    root
        The project's folder.
    place
        Folder for all else that the server writes.
    python
        Interpreter of the environment that it runs in.
    extensions
        Names of its extensions.
    """

    def __init__(
        self,
        root: Path,
        place: Path,
        *,
        python: Path | str = sys.executable,
        extensions: Iterable[str] = ("nbtrail",),
        **env: str,
    ) -> None:
        self.root = root
        #: Where it keeps the connection files of its kernels.
        self.runtime = place / "runtime"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        environment = private(place, **env)
        settings = {
            "ServerApp": {
                "allow_root": True, "ip": "127.0.0.1", "open_browser": False, "port": port,
                "port_retries": 0, "root_dir": str(root),
                "jpserver_extensions": {name: True for name in extensions},
            },
            "IdentityProvider": {"token": TOKEN},
        }  # fmt: skip
        (place / "config" / "jupyter_server_config.json").write_text(json.dumps(settings))
        self._log = (place / "server.log").open("w+")
        self._process = subprocess.Popen(
            [str(python), "-m", "jupyter_server"],
            env=environment,
            cwd=place,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                self.get("status")
                return
            except OSError as error:
                running = self._process.poll() is None and time.monotonic() < deadline
                assert running, f"the server did not start: {error}\n{self.log()}"
                time.sleep(0.05)

    def log(self) -> str:
        self._log.flush()
        return Path(self._log.name).read_text()

    def kill(self) -> None:
        """End it as a crash does."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(30)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)
        self._log.close()

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Ask for what lies below ``/api/``, or below the root where it begins with a slash."""
        request = urllib.request.Request(
            f"http://{self.address}/{path[1:] if path.startswith('/') else f'api/{path}'}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            content = response.read()
        return json.loads(content) if content else None

    def get(self, path: str) -> Any:
        return self.request("GET", path)

    def session(
        self, path: str, kernel: str = "python3", *, kind: str = "notebook", of: str | None = None
    ) -> str:
        """Start a session as Lab does, with a kernel of its own or that ``of`` another."""
        chosen = {"name": kernel} if of is None else {"id": of}
        body = {"path": path, "name": path, "type": kind, "kernel": chosen}
        return str(self.request("POST", "sessions", body)["kernel"]["id"])

    def connect(self, kernel: str) -> Client:
        return Client(self.open_socket(f"api/kernels/{kernel}/channels"))

    def open_socket(self, path: str) -> websocket.WebSocket:
        return websocket.create_connection(
            f"ws://{self.address}/{path}", timeout=60, header=[f"Authorization: token {TOKEN}"]
        )


class Client:
    """A browser tab, as far as a kernel can tell."""

    def __init__(self, connection: websocket.WebSocket) -> None:
        self._connection = connection
        self._session = uuid.uuid4().hex
        self._found: list[dict[str, Any]] = []

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def send(
        self,
        kind: str,
        content: dict[str, Any],
        cell_id: str | None = None,
        *,
        channel: str = "shell",
        subshell: str | None = None,
    ) -> str:
        header = {
            "msg_id": uuid.uuid4().hex, "msg_type": kind, "username": "",
            "session": self._session, "version": "5.3", "date": "",
        }  # fmt: skip
        if subshell is not None:
            header["subshell_id"] = subshell
        message = {
            "header": header, "parent_header": {}, "content": content, "channel": channel,
            "metadata": {} if cell_id is None else {"cellId": cell_id}, "buffers": [],
        }  # fmt: skip
        self._connection.send(json.dumps(message))
        return header["msg_id"]

    def execute(
        self, code: str, cell_id: str | None = None, *, subshell: str | None = None, **more: Any
    ) -> str:
        content = {
            "code": code, "silent": False, "store_history": True, "user_expressions": {},
            "allow_stdin": False, "stop_on_error": False, **more,
        }  # fmt: skip
        return self.send("execute_request", content, cell_id, subshell=subshell)

    def reply(self, msg_id: str) -> dict[str, Any]:
        """The answer to a request, once the kernel is idle again."""
        while True:
            mine = [m for m in self._found if m["parent_header"].get("msg_id") == msg_id]
            replies = [m for m in mine if m["channel"] in ("shell", "control")]
            idle = any(m["content"].get("execution_state") == "idle" for m in mine)
            if replies and idle:
                return dict(replies[0]["content"])
            self._found.append(json.loads(self._connection.recv()))

    def shown(self, msg_id: str) -> list[str]:
        """Types of what the kernel has published under a request."""
        return [
            m["header"]["msg_type"]
            for m in self._found
            if m["parent_header"].get("msg_id") == msg_id and m["channel"] == "iopub"
        ]

    def begun(self, msg_id: str) -> None:
        """Wait until a cell runs."""
        while "execute_input" not in self.shown(msg_id):
            self._found.append(json.loads(self._connection.recv()))

    def restarting(self) -> None:
        """Wait until the server says that it starts the kernel again."""
        while True:
            message = json.loads(self._connection.recv())
            if message["content"].get("execution_state") in ("restarting", "autorestarting"):
                return

    def pid(self) -> int:
        """The kernel's process."""
        asked = {"pid": "__import__('os').getpid()"}
        reply = self.run("", silent=True, store_history=False, user_expressions=asked)
        return int(reply["user_expressions"]["pid"]["data"]["text/plain"])

    def run(self, code: str, cell_id: str | None = None, **more: Any) -> dict[str, Any]:
        return self.reply(self.execute(code, cell_id, **more))

    def ready(self) -> Client:
        """Wait for the probe; silent requests are no executions."""
        deadline = time.monotonic() + 60
        while True:
            reply = self.run(
                "", silent=True, store_history=False, user_expressions={"ready": _READY}
            )
            if reply["user_expressions"]["ready"].get("data", {}).get("text/plain") == "True":
                return self
            assert time.monotonic() < deadline, "the probe was not installed in time"
