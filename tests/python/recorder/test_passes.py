"""A straight pass in a real server counts as having run the step."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from nbtrail.app import open_project
from nbtrail.ledger.records import Run

from .servers import Client, Server, notebook

MAKE, USE = "1-CLEANING-make-numbers.ipynb", "2-EXPERIMENTAL-use-numbers.ipynb"
SOURCES = {
    MAKE: ("import json", "json.dump([1, 2], open('numbers.json', 'w'))"),
    USE: (
        "import json",
        "total_score = sum(json.load(open('numbers.json'))) / 2\nprint(total_score)",
    ),
}


@pytest.fixture
def server(tmp_path: Path):
    root = tmp_path / "project"
    root.mkdir()
    (root / "nbtrail.toml").write_text("")
    for path, sources in SOURCES.items():
        notebook(root / path, sources)
    started = Server(root, tmp_path / "server")
    yield started
    started.stop()


def passes(root: Path) -> list[Run]:
    with open_project(root) as opened:
        return [run for run in opened.runs(limit=50)[0] if run.kind == "interactive"]


def wait_for(root: Path, count: int) -> list[Run]:
    deadline = time.monotonic() + 60
    while len(found := passes(root)) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def run_all(client: Client, *sources: str) -> None:
    for number, source in enumerate(sources, 1):
        assert client.run(source, f"cell-{number}")["status"] == "ok"


def restart(server: Server, kernel: str) -> None:
    server.request("POST", f"kernels/{kernel}/restart")


def test_a_pass_from_the_top_is_not_run_again(server: Server) -> None:
    root = server.root
    made = server.session(MAKE)
    with server.connect(made) as client:
        run_all(client.ready(), *SOURCES[MAKE])
        (first,) = wait_for(root, 1)
        assert first.status == "ok"
        assert first.environment

        # Out of order, then with an error, then of another source than is saved: none counts.
        kernel = server.session(USE)
        with server.connect(kernel) as using:
            using.ready()
            using.run(SOURCES[USE][1], "cell-2")
            run_all(using, *SOURCES[USE])
        restart(server, kernel)
        with server.connect(kernel) as using:
            using.ready()
            using.run(SOURCES[USE][0], "cell-1")
            using.run(SOURCES[USE][1] + "\nmore = 1", "cell-2")
        restart(server, kernel)
        with server.connect(kernel) as using:
            run_all(using.ready(), *SOURCES[USE])
        runs = wait_for(root, 2)
    assert len(runs) == 2
    with open_project(root) as opened:
        found = opened.run_detail(runs[0].run)
        assert [(one.path, one.status) for one in found.steps] == [(USE, "ran")]
        assert [access.path for access in found.steps[0].inputs] == ["numbers.json"]
        assert found.summary.metrics == {"total_score": 1.5}
        states = {step["path"]: step["status"] for step in opened.graph_json()["steps"]}
        assert set(states.values()) == {"fresh"}
        # What the pass made is kept as well: it comes back when it is deleted.
        (root / "numbers.json").unlink()
        detail = opened.run()
        assert [step.status for step in detail.steps] == ["cached", "cached"], detail
        assert json.loads((root / "numbers.json").read_text()) == [1, 2]
        assert detail.summary.metrics == {"total_score": 1.5}
        assert [run.kind for run in opened.runs(limit=50)[0]] == [
            "pipeline", "interactive", "interactive",
        ]  # fmt: skip


def test_a_pass_counts_once_the_notebook_is_saved_as_it_was_run(server: Server) -> None:
    root = server.root
    new = (*SOURCES[MAKE], "print('added')")
    with server.connect(server.session(MAKE)) as client:
        run_all(client.ready(), *new)
        content = server.get(f"contents/{MAKE}")["content"]
        cell = {**content["cells"][-1], "id": "cell-3", "source": new[-1]}
        server.request(
            "PUT",
            f"contents/{MAKE}",
            {"type": "notebook", "content": {**content, "cells": [*content["cells"], cell]}},
        )
        (found,) = wait_for(root, 1)
    with open_project(root) as opened:
        assert opened.run_detail(found.run).steps[0].cells_total == 3
        # An output that somebody changed since is made anew.
        (root / "numbers.json").write_text("[]")
        assert opened.run(notebooks=(MAKE,)).steps[0].status == "ran"
