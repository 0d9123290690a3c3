"""A real Jupyter Server records what bare websocket clients execute."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernels.connection.base import (
    deserialize_msg_from_ws_v1,
    serialize_msg_to_ws_v1,
)

from nbtrail.app import OpenProject
from nbtrail.files import sha256_bytes
from nbtrail.ledger.records import Execution, FileAccess
from nbtrail.notebooks.document import write_notebook
from nbtrail.server.extension import NbtrailExtension

V1 = "v1.kernel.websocket.jupyter.org"
NOTEBOOK = "EXPERIMENTAL-try-things.ipynb"
OTHER = "CLEANING-mend-things.ipynb"


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"nbtrail": True}}}


def cell(identity: str) -> dict[str, Any]:
    return {
        "cell_type": "code", "id": identity, "source": "", "metadata": {},
        "outputs": [], "execution_count": None,
    }  # fmt: skip


@pytest.fixture
def root(jp_root_dir: Path) -> Path:
    (jp_root_dir / "nbtrail.toml").write_text('[policy]\ncategory = "enforce"\n')
    for path, identity in ((NOTEBOOK, "cell-1"), (OTHER, "other-1"), ("Untitled.ipynb", "d-1")):
        write_notebook(
            jp_root_dir / path,
            {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell(identity)]},
        )
    return jp_root_dir


@pytest.fixture
def extension(
    root: Path, jp_serverapp: ServerApp, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> NbtrailExtension:
    jp_asyncio_loop.run_until_complete(jp_serverapp.extension_manager.start_all_extensions())
    (app,) = jp_serverapp.extension_manager.extension_apps["nbtrail"]
    assert isinstance(app, NbtrailExtension)
    return app  # stopped with the server


class Socket:
    """A websocket client of a kernel, of either protocol."""

    def __init__(self, connection: Any, v1: bool) -> None:
        self.connection = connection
        self.v1 = v1
        self.count = 0

    async def send(self, code: str, cell_id: str | None = None) -> str:
        self.count += 1
        message = {
            "header": {
                "msg_id": f"{id(self)}-{self.count}", "msg_type": "execute_request",
                "username": "", "session": str(id(self)), "version": "5.3", "date": "",
            },
            "parent_header": {},
            "metadata": {} if cell_id is None else {"cellId": cell_id},
            "content": {"code": code, "silent": False, "store_history": True,
                        "user_expressions": {}, "allow_stdin": False, "stop_on_error": False},
        }  # fmt: skip
        if self.v1:
            binary = serialize_msg_to_ws_v1(message, "shell", lambda o: json.dumps(o).encode())
            await self.connection.write_message(binary, binary=True)
        else:
            whole = {**message, "channel": "shell", "buffers": []}
            await self.connection.write_message(json.dumps(whole))
        return str(message["header"]["msg_id"])  # type: ignore[index]

    async def receive(self) -> dict[str, Any]:
        raw = await asyncio.wait_for(self.connection.read_message(), 60)
        assert raw is not None, "the server closed the websocket"
        if not self.v1:
            return dict(json.loads(raw))
        channel, parts = deserialize_msg_from_ws_v1(raw)
        names = ("header", "parent_header", "metadata", "content")
        return {"channel": channel} | {n: json.loads(p) for n, p in zip(names, parts, strict=False)}

    async def until_idle(self, msg_id: str) -> list[dict[str, Any]]:
        """Messages under a request, until both its reply and its idle are there."""
        found: list[dict[str, Any]] = []
        while True:
            message = await self.receive()
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            found.append(message)
            idle = any(m["content"].get("execution_state") == "idle" for m in found)
            if idle and any(m["channel"] == "shell" for m in found):
                return found

    async def run(self, code: str, cell_id: str | None = None) -> list[dict[str, Any]]:
        return await self.until_idle(await self.send(code, cell_id))


Connect = Callable[..., Awaitable[Socket]]


@pytest.fixture
def start(extension: NbtrailExtension, jp_fetch: Any) -> Callable[..., Awaitable[str]]:
    """Start a session as Lab does; gives the kernel's id."""

    async def begin(path: str, kernel_id: str | None = None) -> str:
        kernel = {"name": "python3"} if kernel_id is None else {"id": kernel_id}
        body = {"path": path, "name": path, "type": "notebook", "kernel": kernel}
        response = await jp_fetch("api", "sessions", method="POST", body=json.dumps(body))
        return str(json.loads(response.body)["kernel"]["id"])

    return begin


@pytest.fixture
def connect(extension: NbtrailExtension, jp_ws_fetch: Any) -> Connect:
    async def begin(kernel_id: str, *, v1: bool = False) -> Socket:
        protocols = [V1] if v1 else None
        connection = await jp_ws_fetch(
            "api", "kernels", kernel_id, "channels", subprotocols=protocols
        )
        assert connection.selected_subprotocol == (V1 if v1 else None)
        return Socket(connection, v1)

    return begin


async def log(extension: NbtrailExtension, kernel_id: str) -> list[Execution]:
    """What is on record, the oldest first."""

    def wait() -> list[Execution]:
        recording = extension._recording
        assert recording is not None
        assert recording.recorder.wait_idle(kernel_id, 60)
        opened: OpenProject = extension.projects.for_path("")
        return opened.log(limit=500)[0][::-1]

    return await asyncio.get_running_loop().run_in_executor(None, wait)


async def until(extension: NbtrailExtension, condition: Callable[[list[Execution]], bool]) -> None:
    deadline = asyncio.get_running_loop().time() + 60
    loop = asyncio.get_running_loop()
    while loop.time() < deadline:
        found = await loop.run_in_executor(None, lambda: extension.projects.for_path("").log()[0])
        if condition(found[::-1]):
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"the condition did not come true: {found}")


@pytest.mark.parametrize("v1", [False, True])
async def test_a_bare_client_is_recorded(
    extension: NbtrailExtension, start: Any, connect: Connect, root: Path, v1: bool
) -> None:
    kernel_id = await start(NOTEBOOK)
    socket = await connect(kernel_id, v1=v1)
    (root / "in.txt").write_text("in")
    await socket.run("open('out.txt', 'w').write(open('in.txt').read() * 2)", "cell-1")
    await socket.run("1 / 0")
    await socket.run("", "empty")
    first, second, third = await log(extension, kernel_id)
    assert (first.notebook, first.cell_id) == (NOTEBOOK, "cell-1")
    assert (first.order, first.execution_count, first.status) == (1, 1, "ok")
    assert first.reads == (FileAccess("in.txt", sha256_bytes(b"in"), 2),)
    assert first.writes == (FileAccess("out.txt", sha256_bytes(b"inin"), 4),)
    assert second.error is not None
    assert (second.error.name, second.order) == ("ZeroDivisionError", 2)
    assert (third.cell_id, third.status) == ("empty", "ok")


async def test_a_restart_is_a_new_session_with_the_probe_in_place(
    extension: NbtrailExtension, start: Any, connect: Connect, jp_fetch: Any
) -> None:
    kernel_id = await start(NOTEBOOK)
    socket = await connect(kernel_id)
    await socket.run("x = 1")
    await log(extension, kernel_id)
    await jp_fetch("api", "kernels", kernel_id, "restart", method="POST", body="{}")
    recording = extension._recording
    assert recording is not None
    loop = asyncio.get_running_loop()
    assert await loop.run_in_executor(None, recording.recorder.wait_ready, kernel_id)
    socket = await connect(kernel_id)
    await socket.run("open('out.txt', 'w').write('x')", "cell-1")
    first, second = await log(extension, kernel_id)
    assert first.session != second.session
    assert (second.order, second.execution_count) == (1, 1)
    assert [a.path for a in second.writes] == ["out.txt"]


async def test_a_kernel_killed_in_a_cell_has_died_and_is_recorded_again(
    extension: NbtrailExtension, start: Any, connect: Connect, jp_serverapp: ServerApp
) -> None:
    kernel_id = await start(NOTEBOOK)
    socket = await connect(kernel_id)
    await socket.send("import time\nwhile True: time.sleep(0.01)")
    await until(extension, lambda found: [e.status for e in found] == ["running"])
    kernel = jp_serverapp.kernel_manager.get_kernel(kernel_id)
    os.kill(kernel.provisioner.pid, signal.SIGKILL)
    await until(extension, lambda found: [e.status for e in found] == ["died"])
    # The server restarts it by itself.
    recording = extension._recording
    assert recording is not None
    loop = asyncio.get_running_loop()
    assert await loop.run_in_executor(None, recording.recorder.wait_ready, kernel_id)
    socket = await connect(kernel_id)
    await socket.run("x = 1")
    died, alive = await log(extension, kernel_id)
    assert (died.status, alive.status) == ("died", "ok")
    assert died.session != alive.session


async def test_the_end_is_recorded_after_the_client_has_gone(
    extension: NbtrailExtension, start: Any, connect: Connect
) -> None:
    kernel_id = await start(NOTEBOOK)
    socket = await connect(kernel_id)
    await socket.send("import time\nopen('go', 'w')\ntime.sleep(0.5)\nopen('end.txt', 'w')")
    await until(extension, lambda found: [e.status for e in found] == ["running"])
    socket.connection.close()
    await until(extension, lambda found: [e.status for e in found] == ["ok"])
    (one,) = await log(extension, kernel_id)
    assert [a.path for a in one.writes] == ["go", "end.txt"]


async def test_notebooks_that_share_a_kernel_are_told_apart_by_cell(
    extension: NbtrailExtension, start: Any, connect: Connect
) -> None:
    kernel_id = await start(NOTEBOOK)
    assert await start(OTHER, kernel_id) == kernel_id
    socket = await connect(kernel_id)
    await socket.run("1", "cell-1")
    await socket.run("2", "other-1")
    await socket.run("3", "not-saved-yet")
    await socket.run("4", "cell-1")
    found = [(e.source, e.notebook) for e in await log(extension, kernel_id)]
    assert found == [("1", NOTEBOOK), ("2", OTHER), ("3", OTHER), ("4", NOTEBOOK)]


async def test_a_kernel_without_a_notebook_and_a_renamed_notebook(
    extension: NbtrailExtension, start: Any, connect: Connect, jp_fetch: Any, root: Path
) -> None:
    response = await jp_fetch("api", "kernels", method="POST", body='{"name": "python3"}')
    bare = json.loads(response.body)["id"]
    await (await connect(bare)).run("1")
    (one,) = await log(extension, bare)
    assert (one.notebook, one.status) == (None, "ok")
    kernel_id = await start(NOTEBOOK)
    response = await jp_fetch("api", "sessions")
    (session,) = [s for s in json.loads(response.body) if s["kernel"]["id"] == kernel_id]
    renamed = "EXPERIMENTAL-try-other-things.ipynb"
    (root / NOTEBOOK).rename(root / renamed)
    body = json.dumps({"path": renamed, "name": renamed})
    await jp_fetch("api", "sessions", session["id"], method="PATCH", body=body)
    await (await connect(kernel_id)).run("2")
    assert (await log(extension, kernel_id))[-1].notebook == renamed


@pytest.mark.parametrize("v1", [False, True])
async def test_a_draft_is_refused_as_a_kernel_would(
    extension: NbtrailExtension, start: Any, connect: Connect, v1: bool
) -> None:
    kernel_id = await start("Untitled.ipynb")
    socket = await connect(kernel_id, v1=v1)
    messages = await socket.run("open('out.txt', 'w').write('x')", "d-1")
    kinds = [(m["channel"], m["header"]["msg_type"]) for m in messages]
    assert kinds == [
        ("iopub", "status"), ("iopub", "error"), ("shell", "execute_reply"), ("iopub", "status"),
    ]  # fmt: skip
    busy, error, reply, idle = (m["content"] for m in messages)
    assert (busy["execution_state"], idle["execution_state"]) == ("busy", "idle")
    assert reply["status"] == "error"
    for content in (error, reply):
        assert content["ename"] == "NbtrailDraft"
        assert content["evalue"]
        assert content["traceback"] == [content["evalue"]]
    for message in messages:
        assert message["parent_header"]["msg_type"] == "execute_request"
    assert await log(extension, kernel_id) == []


async def test_kernels_that_were_there_before(
    extension: NbtrailExtension, start: Any, connect: Connect, jp_serverapp: ServerApp
) -> None:
    from nbtrail.server.recording import Recording

    kernel_id = await start(NOTEBOOK)
    assert extension._recording is not None
    await extension._recording.stop()
    extension._recording = Recording(jp_serverapp, extension.projects)
    extension._recording.start()
    loop = asyncio.get_running_loop()
    await until(extension, lambda found: True)
    recorder = extension._recording.recorder

    async def attached() -> bool:
        return await loop.run_in_executor(None, recorder.wait_ready, kernel_id, 30.0)

    assert await attached()
    await (await connect(kernel_id)).run("open('out.txt', 'w').write('x')", "cell-1")
    (one,) = await log(extension, kernel_id)
    assert ([a.path for a in one.writes], one.notebook) == (["out.txt"], NOTEBOOK)
