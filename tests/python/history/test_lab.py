"""What somebody does in JupyterLab, as its timeline tells it: a real server and a real kernel."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..recorder.servers import Server, until
from .conftest import notebook

NAME = "EXPERIMENTAL-trees.ipynb"
BELOW = f"/nbtrail/api/notebooks/{NAME}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    root = tmp_path / "project"
    root.mkdir()
    (root / "nbtrail.toml").touch()
    started = Server(root, tmp_path)
    yield started
    started.stop()


def put(server: Server, path: str, *cells: str) -> None:
    body = {"type": "notebook", "format": "json", "content": notebook(*cells)}
    server.request("PUT", f"contents/{path}", body)


def newest(server: Server, kind: str, what: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        found = server.get(f"{BELOW}/versions")["versions"]
        entry = next((e for e in found if e["kind"] == kind and what in e["what"]), None)
        if entry is not None:
            return dict(entry)
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def test_an_edit_and_what_came_of_it_in_one_line(server: Server) -> None:
    model = "test_auc = round(0.9 - learning_rate / 3.3, 3)"
    put(server, NAME, "learning_rate = 0.1", model)
    newest(server, "save", "2 cells")
    kernel = server.session(NAME)
    with server.connect(kernel) as tab:
        tab.ready()
        for count, rate in enumerate(("0.1", "0.01"), 1):
            tab.run(f"learning_rate = {rate}", "cell-0")
            tab.run(model, "cell-1")
            until(server.root, lambda found, n=2 * count: len(found) >= n and not any(  # type: ignore[misc]
                e.status == "running" for e in found))  # fmt: skip
            put(server, NAME, f"learning_rate = {rate}", model, f"# try {count}")
            newest(server, "save", f"cell 1: learning_rate 0.1 → {rate}" if count == 2 else "added")
    entry = newest(server, "save", "learning_rate")
    assert entry["what"].endswith("test_auc 0.87 → 0.897")
    assert entry["metrics"] == {"test_auc": 0.897}
    ran = newest(server, "execution", "test_auc 0.897")
    assert set(ran["cell_ids"]) == {"cell-0", "cell-1"}
    assert ran["version"] == entry["version"]
    seen = server.get(f"{BELOW}/versions/{ran['version']}")["notebook"]
    assert seen["cells"][0]["source"] == ["learning_rate = 0.01"]


def test_another_editor_and_a_rename(server: Server) -> None:
    put(server, NAME, "depth = 1")
    newest(server, "save", "1 cell")
    file = server.root / NAME
    file.write_text(file.read_text().replace("depth = 1", "depth = 2"))
    server.get(f"contents/{NAME}")
    newest(server, "found", "depth 1 → 2")
    renamed = "CLEANING-trees.ipynb"
    server.request("PATCH", f"contents/{NAME}", {"path": renamed})
    found = server.get(f"/nbtrail/api/notebooks/{renamed}/versions")["versions"]
    assert [entry["kind"] for entry in found] == ["category", "found", "save"]
