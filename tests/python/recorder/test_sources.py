"""Executions come on record whatever asks for them: one test a source, with real processes."""

from __future__ import annotations

import json
import os
import signal
import sys
import urllib.error
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import websocket
from jupyter_client.blocking.client import BlockingKernelClient
from sqlalchemy import select

from nbtrail.app import open_project
from nbtrail.ledger import tables as t

from .conftest import Bench
from .servers import Server, ended, kernelspec, notebook, recorded, until

ENVIRONMENTS = Path(sys.prefix)
BARE = ENVIRONMENTS / "bare" / "bin" / "python"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with kernels of several kinds, at the root of a project."""
    place = tmp_path_factory.mktemp("server").resolve()
    root = place / "project"
    root.mkdir()
    (root / "nbtrail.toml").write_text("")
    assert BARE.exists(), "run `make test-python` once: it installs the environments"
    specs = place / "specs"
    argv = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernelspec(specs, "bare", [str(BARE), *argv], "python")
    bash = [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"]
    kernelspec(specs, "bash", bash, "bash")
    started = Server(root, place, JUPYTER_PATH=str(specs))
    yield started
    started.stop()


def test_two_tabs_on_one_notebook(server: Server) -> None:
    name = "EXPERIMENTAL-two-tabs.ipynb"
    notebook(server.root / name, ["1", "2"])
    kernel = server.session(name)
    assert server.session(name) == kernel
    with server.connect(kernel) as one, server.connect(kernel) as other:
        first = one.ready().execute("import os\nwhile not os.path.exists('go'): pass", "cell-1")
        one.begun(first)
        # Both wait for the cell that runs; which of them is next is not for their senders to say.
        second = other.execute("open('two-tabs.txt', 'w').write('x')", "cell-2")
        third = one.execute("3", "cell-3")
        (server.root / "go").touch()
        for client, request in ((one, first), (other, second), (one, third)):
            assert client.reply(request)["status"] == "ok"
        found = until(server.root, ended(3), name)
    assert [e.order for e in found] == [1, 2, 3]
    assert found[0].cell_id == "cell-1"
    assert {e.cell_id: [a.path for a in e.writes] for e in found[1:]} == {
        "cell-2": ["two-tabs.txt"], "cell-3": [],
    }  # fmt: skip
    assert len({e.session for e in found}) == 1


def test_a_console_on_the_kernel_of_a_notebook(server: Server) -> None:
    name = "EXPERIMENTAL-with-console.ipynb"
    notebook(server.root / name, ["x = 1", "x + 1"])
    kernel = server.session(name)
    server.session("console-1-of-it", kind="console", of=kernel)
    with server.connect(kernel) as tab, server.connect(kernel) as console:
        tab.ready().run("x = 1", "cell-1")
        # The text of a cell, but nobody has run that cell.
        console.run("x + 1")
        console.run("x = 5")
        found = until(server.root, ended(3), name)
    assert [(e.cell_id, e.source) for e in found] == [
        ("cell-1", "x = 1"), (None, "x + 1"), (None, "x = 5"),
    ]  # fmt: skip


def test_a_client_that_passes_the_server_by(server: Server) -> None:
    """As nbclient, papermill and `jupyter console --existing` do with a kernel that is there."""
    name = "EXPERIMENTAL-passed-by.ipynb"
    notebook(server.root / name, ["x = 1", "y = 2"])
    kernel = server.session(name)
    with server.connect(kernel) as tab:
        tab.ready()
    connection = server.runtime / f"kernel-{kernel}.json"
    client = BlockingKernelClient(connection_file=str(connection))
    client.load_connection_file()
    client.start_channels()
    try:
        for code in ("x = 1", "open('by.txt', 'w').write('x')", "y = 2"):
            client.execute_interactive(code, timeout=60)
    finally:
        client.stop_channels()
        client.context.destroy()
    found = until(server.root, ended(3), name)
    assert [(e.cell_id, e.order) for e in found] == [("cell-1", 1), (None, 2), ("cell-2", 3)]
    assert [a.path for a in found[1].writes] == ["by.txt"]


def test_subshells_run_at_the_same_time(server: Server) -> None:
    name = "EXPERIMENTAL-with-subshell.ipynb"
    notebook(server.root / name, ["1", "2"])
    with server.connect(server.session(name)) as client:
        client.ready().run("import threading; go = threading.Event()", "cell-1")
        made = client.reply(client.send("create_subshell_request", {}, channel="control"))
        main = client.execute("open('main.txt', 'w').write('x'); assert go.wait(60)", "cell-1")
        client.begun(main)
        # The first cell goes on only when this one has run.
        sub = client.execute(
            "open('sub.txt', 'w').write('x'); go.set()", "cell-2", subshell=made["subshell_id"]
        )
        assert client.reply(sub)["status"] == "ok"
        assert client.reply(main)["status"] == "ok"
        _, first, second = until(server.root, ended(3), name)
    assert (first.cell_id, [a.path for a in first.writes]) == ("cell-1", ["main.txt"])
    assert (second.cell_id, [a.path for a in second.writes]) == ("cell-2", ["sub.txt"])


def test_an_interrupt_is_an_error_with_its_name(server: Server) -> None:
    name = "EXPERIMENTAL-interrupted.ipynb"
    notebook(server.root / name, ["1"])
    kernel = server.session(name)
    with server.connect(kernel) as client:
        request = client.ready().execute("import time\nwhile True: time.sleep(0.01)", "cell-1")
        client.begun(request)
        server.request("POST", f"kernels/{kernel}/interrupt")
        assert client.reply(request)["status"] == "error"
        client.run("2", "cell-1")
        first, second = until(server.root, ended(2), name)
    assert first.error is not None
    assert (first.status, first.error.name) == ("error", "KeyboardInterrupt")
    assert second.status == "ok"


def test_the_probe_is_back_after_each_restart(server: Server) -> None:
    name = "EXPERIMENTAL-restarted.ipynb"
    notebook(server.root / name, ["1"])
    kernel = server.session(name)
    for life in range(4):
        with server.connect(kernel) as client:
            client.ready().run("open('restarted.txt', 'w').write('x')", "cell-1")
            until(server.root, ended(life + 1), name)
            if life % 2:
                os.kill(client.pid(), signal.SIGKILL)
                client.restarting()
        if not life % 2:
            server.request("POST", f"kernels/{kernel}/restart")
    found = recorded(server.root, name)
    assert len({e.session for e in found}) == 4
    assert [(e.order, [a.path for a in e.writes]) for e in found] == [(1, ["restarted.txt"])] * 4


def test_a_kernel_of_another_environment_without_nbtrail(server: Server) -> None:
    name = "EXPERIMENTAL-elsewhere.ipynb"
    notebook(server.root / name, ["1"])
    (server.root / "elsewhere-in.txt").write_text("in")
    with server.connect(server.session(name, "bare")) as client:
        client.ready().run(
            "open('elsewhere.txt', 'w').write(open('elsewhere-in.txt').read())\nmy_auc = 0.5",
            "cell-1",
        )
        assert client.run("import nbtrail", "cell-1")["ename"] == "ModuleNotFoundError"
        first, second = until(server.root, ended(2), name)
        found = until(server.root, lambda all: all[-1].environment is not None, name)
    assert [a.path for a in first.reads] == ["elsewhere-in.txt"]
    assert [a.path for a in first.writes] == ["elsewhere.txt"]
    assert second.error is not None
    with open_project(server.root) as opened:
        environment = opened.environment(found[-1].environment or "")
    assert environment["python"]["prefix"] == str(BARE.parents[1])
    assert "nbtrail" not in environment["packages"]
    assert "ipykernel" in environment["packages"]


def test_a_kernel_of_another_language(server: Server) -> None:
    name = "EXPERIMENTAL-in-bash.ipynb"
    notebook(server.root / name, ["1", "2"])
    with server.connect(server.session(name, "bash")) as client:
        client.run("echo hello > bash.txt; echo done", "cell-1")
        client.run("false", "cell-2")
        first, second = until(server.root, ended(2), name)
    assert (first.cell_id, first.status, first.reads, first.writes) == ("cell-1", "ok", (), ())
    assert (second.cell_id, second.order) == ("cell-2", 2)
    assert (server.root / "bash.txt").read_text() == "hello\n"


@pytest.fixture(scope="module")
def collaborative(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with real-time collaboration and server-side execution."""
    place = tmp_path_factory.mktemp("collaborative").resolve()
    root = place / "project"
    root.mkdir()
    (root / "nbtrail.toml").write_text("")
    python = ENVIRONMENTS / "sources" / "bin" / "python"
    assert python.exists(), "run `make test-python` once: it installs the environments"
    extensions = (
        "nbtrail",
        "jupyter_server_fileid",
        "jupyter_server_ydoc",
        "jupyter_server_nbmodel",
    )
    started = Server(root, place, python=python, extensions=extensions)
    yield started
    started.stop()


def open_room(server: Server, path: str) -> tuple[websocket.WebSocket, str]:
    """Open a shared document as Lab does; gives its connection and its id."""
    body = {"format": "json", "type": "notebook"}
    room = server.request("PUT", f"collaboration/session/{path}", body)
    name = f"json:notebook:{room['fileId']}"
    address = f"api/collaboration/room/{name}?sessionId={room['sessionId']}"
    connection = server.open_socket(address)
    connection.recv()  # the first message comes when the document is loaded
    return connection, name


def test_a_shared_document(collaborative: Server) -> None:
    name = "EXPERIMENTAL-shared.ipynb"
    notebook(collaborative.root / name, ["1", "2"])
    room, _ = open_room(collaborative, name)
    with closing(room):
        kernel = collaborative.session(f"RTC:{name}")
        with collaborative.connect(kernel) as one, collaborative.connect(kernel) as other:
            one.ready().run("open('shared.txt', 'w').write('x')", "cell-1")
            other.run("2", "cell-2")
            found = until(collaborative.root, ended(2), name)
    assert [(e.cell_id, e.order) for e in found] == [("cell-1", 1), ("cell-2", 2)]
    assert [a.path for a in found[0].writes] == ["shared.txt"]


def test_execution_on_the_server_does_not_pass_the_websocket(collaborative: Server) -> None:
    name = "EXPERIMENTAL-on-the-server.ipynb"
    sources = ["x = 1", "open('server.txt', 'w').write('x')", "x = 1", "1 / 0", "edited = 1"]
    # The last cell was edited, and no file has the edit yet.
    notebook(collaborative.root / name, [*sources[:4], "not_edited = 1"])
    room, document = open_room(collaborative, name)
    with closing(room):
        kernel = collaborative.session(f"RTC:{name}")
        with collaborative.connect(kernel) as client:
            client.ready()
        for n, source in enumerate(sources, 1):
            metadata = {
                "cell_id": f"cell-{n}", "document_id": document, "document_path": name,
                "record_timing": False,
            }  # fmt: skip
            asked = {"code": source, "metadata": metadata}
            answer = collaborative.request("POST", f"kernels/{kernel}/execute", asked)
            while answer["pending"]:
                answer = collaborative.get(answer["request_url"].removeprefix("/api/"))
        # Without a document: found by its text.
        asked = {"code": sources[2], "metadata": {}}
        answer = collaborative.request("POST", f"kernels/{kernel}/execute", asked)
        *found, last = until(collaborative.root, ended(6), name)
    assert [(e.cell_id, e.source) for e in found] == [
        (f"cell-{n}", source) for n, source in enumerate(sources, 1)
    ]
    assert [e.order for e in found] == [1, 2, 3, 4, 5]
    assert last.cell_id in ("cell-1", "cell-3")
    assert [a.path for a in found[1].writes] == ["server.txt"]
    assert found[3].error is not None
    with open_project(collaborative.root) as opened, opened.store.read() as connection:
        query = select(t.executions.c.id).where(t.executions.c.cell_id_inferred)
        assert list(connection.execute(query).scalars()) == [last.id]


def test_a_draft_is_not_executed_on_the_server_either(collaborative: Server) -> None:
    config = collaborative.root / "nbtrail.toml"
    config.write_text('[policy]\ncategory = "enforce"\n')
    name = "Untitled.ipynb"
    notebook(collaborative.root / name, ["open('draft.txt', 'w').write('x')"])
    kernel = collaborative.session(name)
    asked = {
        "code": "open('draft.txt', 'w').write('x')",
        "metadata": {"cell_id": "cell-1", "document_path": name},
    }
    with pytest.raises(urllib.error.HTTPError) as refused:
        collaborative.request("POST", f"kernels/{kernel}/execute", asked)
    assert refused.value.code == 422
    assert "draft" in json.load(refused.value)["message"]
    config.write_text("")
    answer = collaborative.request("POST", f"kernels/{kernel}/execute", asked)
    while answer["pending"]:
        answer = collaborative.get(answer["request_url"].removeprefix("/api/"))
    assert (collaborative.root / "draft.txt").read_text() == "x"


def test_a_clock_that_jumps_back(bench: Bench) -> None:
    back = (
        "import datetime, jupyter_client.session as session\n"
        "now = session.utcnow\n"
        "session.utcnow = lambda: now() - datetime.timedelta(hours=1)"
    )
    for code in ("1", back, "2"):
        bench.run(code)
    found = bench.log()
    assert [(e.source, e.order, e.status) for e in found] == [
        ("1", 1, "ok"), (back, 2, "ok"), ("2", 3, "ok"),
    ]  # fmt: skip
    assert found[2].started_at < found[0].started_at
    assert all(e.seconds is not None and 0 <= e.seconds < 60 for e in found)


def test_a_probe_that_fails_to_install(unstarted: Bench) -> None:
    unstarted.start(probe=False)
    unstarted.run(
        "import sys, types\nbroken = sys.modules['_nbtrail_probe'] = types.ModuleType('broken')\n"
        "def install(*_): raise OSError('no room')\nbroken.install = install"
    )
    unstarted.install(unstarted.probe)
    shown = unstarted.run("print('shown')", "cell-1")
    assert [m["msg_type"] for m in shown] == ["status", "execute_input", "stream", "status"]
    found = unstarted.log()
    assert [(e.source, e.status) for e in found[1:]] == [("print('shown')", "ok")]
    assert [row.probed for row in unstarted.rows(t.executions)] == [False, False]
