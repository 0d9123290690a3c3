"""jupytext#1648: a pair of which a file is open in a shared document, with unsaved edits.

A real server with jupyter-collaboration, and tabs that hold real shared documents. Documents
are saved only when a test says so: what is typed stays unsaved for as long as it matters.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from nbtrail.app import open_project
from nbtrail.notebooks.document import read_notebook
from nbtrail.pairing.sync import pair_state
from nbtrail.policy.init import init_project

from ..recorder.servers import TOKEN, Server
from .test_contents import book

PYTHON = Path(sys.prefix) / "sources" / "bin" / "python"
POLL = 0.1


class Tab:
    """A tab with a shared document."""

    def __init__(self, server: Server, path: str, kind: str) -> None:
        body = {"format": "json" if kind == "notebook" else "text", "type": kind}
        room = server.request("PUT", f"collaboration/session/{quote(path)}", body)
        name = f"{body['format']}:{kind}:{room['fileId']}"
        address = f"ws://{server.address}/api/collaboration/room/{name}"
        self._process = subprocess.Popen(
            [str(PYTHON), str(Path(__file__).with_name("shared_document.py")),
             f"{address}?sessionId={room['sessionId']}", TOKEN, kind],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.opened = self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the tab crashed"
        return json.loads(line)

    def _do(self, **command: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def read(self) -> Any:
        return self._do(read=True)

    def type(self, old: str, new: str, cell: int | None = None) -> Any:
        return self._do(replace=[old, new], cell=cell)

    def save(self) -> Any:
        return self._do(save=True)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("shared").resolve()
    root = place / "project"
    root.mkdir()
    init_project(root)
    assert PYTHON.exists(), "run `make test-python` once: it installs the environments"
    config = place / "config"
    config.mkdir()
    settings = {"YDocExtension": {"document_save_delay": 3600.0, "file_poll_interval": POLL}}
    (config / "jupyter_jupyter_server_ydoc_config.json").write_text(json.dumps(settings))
    extensions = ("nbtrail", "jupyter_server_fileid", "jupyter_server_ydoc")
    started = Server(root, place, python=PYTHON, extensions=extensions)
    yield started
    started.stop()


@pytest.fixture
def tabs(server: Server) -> Iterator[Callable[[str, str], Tab]]:
    opened: list[Tab] = []

    def tab(path: str, kind: str) -> Tab:
        opened.append(Tab(server, path, kind))
        return opened[-1]

    yield tab
    for one in opened:
        one.close()


def put(server: Server, path: str, content: dict[str, Any]) -> None:
    body = {"type": "notebook", "format": "json", "content": content}
    server.request("PUT", f"contents/{path}", body)


def sources(server: Server, path: str) -> list[str]:
    cells = server.get(f"contents/{path}")["content"]["cells"]
    return [cell["source"] for cell in cells]


def state(server: Server, path: str) -> str:
    with open_project(server.root) as opened:
        return pair_state(opened.project, opened.store, path).state


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(POLL / 2)


def polled(server: Server, place: Path) -> None:
    """Wait until the collaboration has looked at all files at least once more.

    It looks at them in turns: a file of which it tells that it was overwritten comes after.
    """
    probe = f"2-CLEANING-probe-{time.monotonic_ns()}.txt"
    (place / probe).write_text("before")
    tab = Tab(server, probe, "file")
    try:
        for text in ("once", "twice"):
            (place / probe).write_text(text)
            until(lambda text=text: tab.read() == text)  # type: ignore[misc]
    finally:
        tab.close()


def test_unsaved_edits_of_an_open_twin_survive_every_save(
    server: Server, tabs: Callable[[str, str], Tab]
) -> None:
    name, twin = "1-EXPLORATION-dirty-twin.ipynb", "1-EXPLORATION-dirty-twin.py"
    content = book("x = 1", "y = 2")
    put(server, name, content)
    tab = tabs(twin, "file")
    tab.type("y = 2", "y = 20  # typed, not saved")
    for count in range(3):
        content["cells"][0]["source"] = f"x = 1{count}"
        content["cells"][0]["execution_count"] = count
        put(server, name, content)
        server.get(f"contents/{name}")
    polled(server, server.root)
    assert "y = 20  # typed, not saved" in tab.read()
    tab.save()
    assert sources(server, name) == ["x = 12", "y = 20  # typed, not saved"]
    tab.save()
    assert "x = 12" in (server.root / twin).read_text()
    assert "y = 20  # typed, not saved" in tab.read()
    assert state(server, name) == "in-sync"


def test_an_open_twin_follows_in_its_document(
    server: Server, tabs: Callable[[str, str], Tab]
) -> None:
    name, twin = "1-EXPLORATION-clean-twin.ipynb", "1-EXPLORATION-clean-twin.py"
    content = book("x = 1", "y = 2")
    put(server, name, content)
    tab = tabs(twin, "file")
    for number in (10, 11):  # the second time the document has not been saved in between
        content["cells"][0]["source"] = f"x = {number}"
        put(server, name, content)
        assert f"x = {number}\n" in tab.read()
    tab.type("y = 2", "y = 20")
    content["cells"].append({**book("z = 3")["cells"][0], "id": "c9"})
    put(server, name, content)
    polled(server, server.root)
    assert "y = 20" in tab.read()
    tab.save()
    assert sources(server, name) == ["x = 11", "y = 20", "z = 3"]
    tab.save()
    text = (server.root / twin).read_text()
    assert all(line in text for line in ("x = 11", "y = 20", "z = 3"))
    assert tab.read() == text
    assert state(server, name) == "in-sync"


def test_unsaved_edits_of_an_open_notebook_survive_an_edited_twin(
    server: Server, tabs: Callable[[str, str], Tab]
) -> None:
    name, twin = "1-EXPLORATION-dirty-notebook.ipynb", "1-EXPLORATION-dirty-notebook.py"
    put(server, name, book("x = 1", "y = 2"))
    tab = tabs(name, "notebook")
    tab.type("x = 1", "x = 10  # typed, not saved", cell=0)
    (server.root / twin).write_text((server.root / twin).read_text().replace("y = 2", "y = 20"))
    assert sources(server, name) == ["x = 1", "y = 2"]
    polled(server, server.root)
    assert tab.read() == ["x = 10  # typed, not saved", "y = 2"]
    tab.save()
    server.get(f"contents/{name}")
    assert tab.read() == ["x = 10  # typed, not saved", "y = 20"]
    tab.save()
    assert sources(server, name) == ["x = 10  # typed, not saved", "y = 20"]
    assert "x = 10  # typed, not saved" in (server.root / twin).read_text()
    assert state(server, name) == "in-sync"


def test_both_open_and_both_edited(server: Server, tabs: Callable[[str, str], Tab]) -> None:
    name, twin = "1-EXPLORATION-both-open.ipynb", "1-EXPLORATION-both-open.py"
    put(server, name, book("x = 1", "y = 2"))
    notebook, text = tabs(name, "notebook"), tabs(twin, "file")
    notebook.type("x = 1", "x = 10", cell=0)
    text.type("y = 2", "y = 20")
    notebook.save()
    text.save()
    server.get(f"contents/{name}")
    polled(server, server.root)
    assert notebook.read() == ["x = 10", "y = 20"]
    assert "x = 10" in text.read()
    assert "y = 20" in text.read()
    text.save()
    notebook.save()
    on_disk = read_notebook(server.root / name)["cells"]
    assert ["".join(cell["source"]) for cell in on_disk] == ["x = 10", "y = 20"]
    assert [cell["id"] for cell in on_disk] == ["c0", "c1"]
    assert [len(cell["outputs"]) for cell in on_disk] == [1, 1]
    assert "x = 10" in (server.root / twin).read_text()
    assert state(server, name) == "in-sync"


def test_a_restore_reaches_the_open_document_and_keeps_what_was_typed(
    server: Server, tabs: Callable[[str, str], Tab]
) -> None:
    name = "1-EXPLORATION-restored.ipynb"
    below = f"/nbtrail/api/notebooks/{name}"

    def newest(what: str) -> Any:
        found: list[Any] = []

        def look() -> bool:
            found[:] = server.get(f"{below}/versions")["versions"][:1]
            return bool(found) and what in found[0]["what"]

        until(look)
        return found[0]

    put(server, name, book("x = 1", "y = 1"))
    first = newest("2 cells")
    put(server, name, book("x = 2", "y = 1"))
    newest("x 1 → 2")
    tab = tabs(name, "notebook")
    tab.type("y = 1", "y = 'typed, not saved'", cell=1)
    body = {"version": first["version"], "cell": "c0"}
    done = server.request("POST", f"{below}/restore", body)
    assert done["open"]
    assert tab.read() == ["x = 1", "y = 'typed, not saved'"]
    kept = server.get(f"{below}/versions/{done['undo']['version']}")["notebook"]
    assert ["".join(c["source"]) for c in kept["cells"]] == ["x = 2", "y = 'typed, not saved'"]
    done = server.request("POST", f"{below}/restore", {"version": first["version"]})
    assert tab.read() == ["x = 1", "y = 1"]
    tab.save()
    polled(server, server.root)
    assert tab.read() == ["x = 1", "y = 1"]
    on_disk = read_notebook(server.root / name)["cells"]
    assert ["".join(cell["source"]) for cell in on_disk] == ["x = 1", "y = 1"]
    server.request("POST", f"{below}/restore", {"version": done["undo"]["version"]})
    assert tab.read() == ["x = 1", "y = 'typed, not saved'"]
