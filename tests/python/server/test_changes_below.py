"""The ground changes under a running server: settings, adoption, the ledger itself."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp

from nbtrail.ledger.store import DATABASE_NAME, set_aside
from nbtrail.project import load_project
from nbtrail.server import events

from .conftest import Api, until
from .test_events import Heard

CLEANING = "CLEANING-make-numbers.ipynb"


class Cells:
    """Runs cells of a notebook through the kernel's websocket, as a client would."""

    def __init__(self, jp_fetch: Any, jp_ws_fetch: Any) -> None:
        self._fetch = jp_fetch
        self._connect = jp_ws_fetch
        self._socket: Any = None
        self._count = 0

    async def run(self, source: str) -> str:
        """Execute ``source``; returns the status of its reply."""
        if self._socket is None:
            body = {
                "path": CLEANING, "type": "notebook", "name": "", "kernel": {"name": "python3"},
            }  # fmt: skip
            answer = await self._fetch("api", "sessions", method="POST", body=json.dumps(body))
            kernel = json.loads(answer.body)["kernel"]["id"]
            self._socket = await self._connect("api", "kernels", kernel, "channels")
        self._count += 1
        identity = f"request-{self._count}"
        header = {
            "msg_id": identity, "msg_type": "execute_request", "username": "u", "session": "s",
            "version": "5.3", "date": "2026-11-20T00:00:00Z",
        }  # fmt: skip
        content = {
            "code": source, "silent": False, "store_history": True, "user_expressions": {},
            "allow_stdin": False, "stop_on_error": True,
        }  # fmt: skip
        message = {
            "header": header, "parent_header": {}, "metadata": {"cellId": "cell-0"},
            "content": content, "channel": "shell", "buffers": [],
        }  # fmt: skip
        await self._socket.write_message(json.dumps(message))
        while True:
            reply = json.loads(await self._socket.read_message())
            if (
                reply["msg_type"] == "execute_reply"
                and reply["parent_header"]["msg_id"] == identity
            ):
                return str(reply["content"]["status"])


async def sources(api: Api) -> list[str]:
    """Sources of the executions that ended well, newest first."""
    status, answer = await api("GET", "executions")
    assert status == 200, answer
    return [e["source"] for e in answer["executions"] if e["status"] == "ok"]


async def until_recorded(api: Api, source: str) -> None:
    async def recorded() -> bool:
        return source in await sources(api)

    await until(recorded)


async def test_adopting_under_a_live_kernel_loses_nothing_that_comes(
    api: Api, root: Path, jp_fetch: Any, jp_ws_fetch: Any
) -> None:
    (root / "nbtrail.toml").unlink()
    cells = Cells(jp_fetch, jp_ws_fetch)
    assert await cells.run("before = 1") == "ok"
    await until_recorded(api, "before = 1")
    assert (await api("POST", "project/init"))[0] == 201
    assert await cells.run("after = 2") == "ok"
    await until_recorded(api, "after = 2")
    _, project = await api("GET", "project")
    assert (project["store"]["ok"], project["store"]["lost"]) == (True, 0)
    _, answer = await api("GET", "executions")
    newest = answer["executions"][0]
    assert (await api("GET", f"environments/{newest['environment']}"))[0] == 200


async def test_a_deleted_ledger_begins_anew(
    api: Api, root: Path, jp_fetch: Any, jp_ws_fetch: Any
) -> None:
    cells = Cells(jp_fetch, jp_ws_fetch)
    await cells.run("one = 1")
    await until_recorded(api, "one = 1")
    shutil.rmtree(root / ".nbtrail")
    await cells.run("two = 2")
    await until_recorded(api, "two = 2")
    assert await sources(api) == ["two = 2"]


async def test_a_repaired_ledger_is_taken_up(
    api: Api, root: Path, jp_fetch: Any, jp_ws_fetch: Any
) -> None:
    cells = Cells(jp_fetch, jp_ws_fetch)
    await cells.run("one = 1")
    await until_recorded(api, "one = 1")
    database = root / ".nbtrail" / DATABASE_NAME
    for suffix in ("-wal", "-shm"):
        part = database.with_name(database.name + suffix)
        if part.exists():
            os.unlink(part)
    database.write_bytes(b"no database" * 500)
    assert await cells.run("kept = 1") == "ok"
    assert set_aside(load_project(root)) is not None
    await cells.run("two = 2")
    await until_recorded(api, "two = 2")
    _, project = await api("GET", "project")
    assert (project["store"]["ok"], project["store"]["lost"]) == (True, 0)
    assert "kept = 1" in await sources(api)


async def test_changed_settings_are_taken_up_and_events_go_on(
    api: Api, root: Path, jp_serverapp: ServerApp, jp_fetch: Any, jp_ws_fetch: Any
) -> None:
    heard = Heard(jp_serverapp)
    cells = Cells(jp_fetch, jp_ws_fetch)
    await api("GET", "project")
    await cells.run("one = 1")
    await until_recorded(api, "one = 1")
    (root / "nbtrail.toml").write_text('[project]\nname = "Renamed"\n')
    heard.events.clear()
    await cells.run("two = 2")

    async def told() -> bool:
        return any(e["status"] == "ok" for e in heard.of(events.EXECUTION))

    await until(told)
    assert (await api("GET", "project"))[1]["name"] == "Renamed"


async def test_names_that_are_no_text_do_not_stop_the_others(api: Api, root: Path) -> None:
    with open(os.fsencode(root) + b"/EXPLORATION-caf\xe9-prices.ipynb", "wb") as stream:
        stream.write(b"{}")
    for path in ("notebooks", "findings", "graph"):
        status, _ = await api("GET", path)
        assert status == 200, path
    assert len((await api("GET", "notebooks"))[1]["notebooks"]) == 2


async def test_a_percent_in_a_name_is_no_escape(api: Api, root: Path) -> None:
    name = "CLEANING-growth%20rate.ipynb"
    (root / CLEANING).rename(root / name)
    status, found = await api("GET", f"notebooks/{name}/status")
    assert (status, found["path"]) == (200, name)


async def test_what_the_file_system_or_a_number_refuses_is_said(api: Api) -> None:
    for method, path, body, params, code in (
        ("GET", "executions", None, {"after": "9" * 30}, 400),
        ("GET", "runs/x/steps/99999999999999999999/notebook", None, {}, 404),
        ("PATCH", f"notebooks/{CLEANING}", {"path": "a\0b.ipynb"}, {}, 403),
        ("GET", "project", None, {"project": "nowhere/at/all"}, 404),
        ("PATCH", f"notebooks/{CLEANING}", {"path": f"CLEANING-{'x' * 300}.ipynb"}, {}, 400),
        ("PATCH", f"notebooks/{CLEANING}", {"path": f"{'x' * 300}/CLEANING-a.ipynb"}, {}, 400),
        ("POST", "notebooks", {"category": "DEPLOY", "description": "scores",
                               "folder": "x" * 300}, {}, 409),
    ):  # fmt: skip
        status, error = await api(method, path, body, **params)
        assert (status, set(error)) == (code, {"message", "reason", "detail"}), (path, error)
