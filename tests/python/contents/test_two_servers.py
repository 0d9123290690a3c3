"""Two servers on one project: real processes, saves interleaved, nothing lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from nbtrail.app import open_project
from nbtrail.ledger.tables import kept
from nbtrail.pairing.sync import pair_state
from nbtrail.policy.init import init_project

from ..recorder.servers import Server
from .test_contents import NAME, book


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    place = tmp_path_factory.mktemp("two").resolve()
    root = place / "project"
    root.mkdir()
    init_project(root)
    started = []
    for name in ("one", "other"):
        (place / name).mkdir()
        started.append(Server(root, place / name))
    yield started[0], started[1]
    for server in started:
        server.stop()


@pytest.fixture
def root(servers: tuple[Server, Server]) -> Path:
    for name in (NAME, NAME.replace(".ipynb", ".py")):
        (servers[0].root / name).unlink(missing_ok=True)
    return servers[0].root


def put(server: Server, *sources: str) -> None:
    body: dict[str, Any] = {"type": "notebook", "format": "json", "content": book(*sources)}
    server.request("PUT", f"contents/{NAME}", body)


def get(server: Server) -> list[str]:
    return [cell["source"] for cell in server.get(f"contents/{NAME}")["content"]["cells"]]


def everything(root: Path) -> str:
    """All that is there or was kept, as one text."""
    texts = [path.read_text() for path in root.glob("1-*")]
    with open_project(root) as opened:
        with opened.store.read() as connection:
            digests = connection.execute(select(kept.c.sha256)).scalars().all()
        texts += [opened.store.blobs.get(digest).decode() for digest in digests]
    return "\n".join(texts)


def test_a_save_over_the_other_servers_save_keeps_it(
    servers: tuple[Server, Server], root: Path
) -> None:
    one, other = servers
    put(one, "x = 1", "y = 2")
    assert get(other) == ["x = 1", "y = 2"]
    put(one, "x = 'first of one'", "y = 2")
    put(other, "x = 1", "y = 'first of other'")
    put(one, "x = 'second of one'", "y = 2")
    put(other, "x = 1", "y = 'second of other'")
    text = everything(root)
    for who in ("one", "other"):
        assert f"first of {who}" in text
        assert f"second of {who}" in text
    assert get(one) == get(other) == ["x = 1", "y = 'second of other'"]
    with open_project(root) as opened:
        assert pair_state(opened.project, opened.store, NAME).state == "in-sync"


def test_an_edit_of_the_twin_reaches_both(servers: tuple[Server, Server], root: Path) -> None:
    one, other = servers
    put(one, "x = 1", "y = 2")
    twin = (root / NAME).with_suffix(".py")
    twin.write_text(twin.read_text().replace("y = 2", "y = 20"))
    put(other, "x = 10", "y = 2")
    assert get(one) == get(other) == ["x = 10", "y = 20"]
    assert "x = 10" in twin.read_text()


def test_saves_at_the_same_time(servers: tuple[Server, Server], root: Path) -> None:
    put(servers[0], "x = 1", "y = 2")
    gate = threading.Barrier(2, timeout=60)
    failed: list[BaseException] = []

    def save(server: Server, who: str) -> None:
        try:
            for count in range(15):
                gate.wait()
                put(server, f"x = '{who} {count} of them'", "y = 2")
        except BaseException as error:
            failed.append(error)
            gate.abort()

    threads = [
        threading.Thread(target=save, args=(server, who))
        for server, who in zip(servers, ("one", "other"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failed == []
    text = everything(root)
    lost = [
        f"{who} {count}"
        for who in ("one", "other")
        for count in range(15)
        if f"{who} {count} of them" not in text
    ]
    # What the same client saved later replaced these, and not the other one's save: at least one
    # of each round, and both of the last.
    rounds = [int(name.split()[1]) for name in lost]
    assert len(set(rounds)) == len(rounds)
    assert 14 not in rounds
    assert get(servers[0]) == get(servers[1])
    with open_project(root) as opened:
        assert pair_state(opened.project, opened.store, NAME).state == "in-sync"
