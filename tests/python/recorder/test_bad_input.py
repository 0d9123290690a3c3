"""What is bad for the record is no matter for the kernel and its client, and is counted."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from nbtrail.app import open_project
from nbtrail.ledger import tables as t
from nbtrail.ledger.store import DATABASE_NAME
from nbtrail.notebooks.document import read_notebook

from .servers import Server, ended, notebook, until


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path.resolve()


@contextlib.contextmanager
def serving(root: Path, place: Path) -> Iterator[Server]:
    (root / "nbtrail.toml").write_text("")
    server = Server(root, place)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def server(place: Path) -> Iterator[Server]:
    root = place / "project"
    root.mkdir()
    with serving(root, place) as started:
        yield started


@pytest.fixture
def small_disk(place: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    root = place / "small"
    root.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(root)], capture_output=True
    )
    if mount.returncode:
        pytest.skip("this user may not mount a file system")
    yield root
    subprocess.run(["umount", "--lazy", str(root)], check=True)


def store_of(server: Server) -> dict[str, Any]:
    """What the server says of the record."""
    return dict(server.get("/nbtrail/api/project")["store"])


def until_waiting(server: Server) -> str:
    """Wait until the server says that records wait."""
    while (store := store_of(server))["ok"]:
        pass
    return str(store["message"])


def test_a_hundred_megabytes_of_output(server: Server) -> None:
    name = "EXPERIMENTAL-floods.ipynb"
    flood = (
        "from IPython.display import display\n"
        "for n in range(100):\n    display({'text/plain': 'x' * 1_000_000}, raw=True)"
    )
    notebook(server.root / name, [flood, "print('after')"])
    with server.connect(server.session(name)) as client:
        # The server's limits keep most of it from the client.
        assert client.ready().run(flood, "cell-1")["status"] == "ok"
        assert client.run("print('after')", "cell-2")["status"] == "ok"
        first, second = until(server.root, ended(2), name)
    assert [first.status, second.status] == ["ok", "ok"]
    with open_project(server.root) as opened, opened.store.read() as connection:
        query = select(t.executions.c.messages).order_by(t.executions.c.id)
        assert list(connection.execute(query).scalars()) == [100, 1]
    assert store_of(server)["lost"] == 0


def test_a_notebook_of_thousands_of_cells(server: Server) -> None:
    name, count = "EXPLORATION-thousands-of-cells.ipynb", 5000
    notebook(server.root / name, [f"x{n} = {n}" for n in range(1, count + 1)])
    model = server.get(f"contents/{name}")
    with server.connect(server.session(name)) as client:
        for n in (1, 2500, count):
            assert client.ready().run(f"x{n} = {n}", f"cell-{n}")["status"] == "ok"
        model["content"]["cells"][0]["execution_count"] = 1
        server.request("PUT", f"contents/{name}", model)
        found = until(server.root, ended(3), name)
    assert [e.cell_id for e in found] == ["cell-1", "cell-2500", f"cell-{count}"]
    assert len(read_notebook(server.root / name)["cells"]) == count
    with open_project(server.root) as opened:
        cells = opened.status(name).cells
    assert len(cells) == count
    assert {c.state for c in cells if c.cell_id in {e.cell_id for e in found}} == {"fresh"}


def test_a_disk_that_is_full(small_disk: Path, place: Path) -> None:
    name = "EXPERIMENTAL-no-room.ipynb"
    notebook(small_disk / name, ["1", "2", "3"])
    with serving(small_disk, place) as server:
        with server.connect(server.session(name)) as client:
            client.ready().run("1", "cell-1")
            until(small_disk, ended(1), name)
            filler = small_disk / "filler"
            with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while file.write(bytes(4096)):
                    pass
            # Larger than what is left in the pages that the database has already.
            long = "x = '" + "x" * 300_000 + "'"
            for cell in ("cell-2", "cell-3"):
                assert client.run(long, cell)["status"] == "ok"
            assert "full" in until_waiting(server)
            filler.unlink()
            found = until(small_disk, ended(3), name)
        assert [e.cell_id for e in found] == ["cell-1", "cell-2", "cell-3"]
        assert (store_of(server)["ok"], store_of(server)["lost"]) == (True, 0)


def test_a_database_that_another_process_holds(server: Server) -> None:
    name = "EXPERIMENTAL-held.ipynb"
    notebook(server.root / name, ["1", "2", "3"])
    with server.connect(server.session(name)) as client:
        client.ready().run("1", "cell-1")
        until(server.root, ended(1), name)
        holder = sqlite3.connect(server.root / ".nbtrail" / DATABASE_NAME, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        for cell in ("cell-2", "cell-3"):
            assert client.run("2", cell)["status"] == "ok"
        # Saving, opening and reading go on as well.
        model = server.get(f"contents/{name}")
        server.request("PUT", f"contents/{name}", model)
        assert len(server.get("/nbtrail/api/executions")["executions"]) == 1
        holder.execute("COMMIT")
        holder.close()
        found = until(server.root, ended(3), name)
    assert [e.cell_id for e in found] == ["cell-1", "cell-2", "cell-3"]
    assert store_of(server)["lost"] == 0
