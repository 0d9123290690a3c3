"""Runs go on when the server that started them is gone; another one, and the terminal, see them."""

from __future__ import annotations

import json
import time
import urllib.error
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbtrail.app import open_project
from nbtrail.errors import LockedError

from ..recorder.servers import Server, notebook

QUICK, SLOW = "1-CLEANING-quick.ipynb", "2-EXPLORATION-slow.ipynb"
RUNS = "/nbtrail/api/runs"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "nbtrail.toml").write_text("")
    quick = ["# parameters\nfactor = 1", "open('quick.txt', 'w').write(str(factor))"]
    notebook(root / QUICK, quick)
    notebook(
        root / SLOW,
        [
            "import os, time\nopen('quick.txt').read()\nopen('started', 'w').close()",
            "while not os.path.exists('go'):\n    time.sleep(0.01)",
        ],
    )
    return root


def eventually(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def refusal(server: Server, body: dict[str, Any]) -> tuple[int, str]:
    with pytest.raises(urllib.error.HTTPError) as caught:
        server.request("POST", RUNS, body)
    with caught.value as answer:
        return answer.code, json.loads(answer.read())["message"]


def test_a_run_outlives_its_server_and_two_never_mix(root: Path, tmp_path: Path) -> None:
    first = Server(root, tmp_path / "first")
    try:
        asked = {"jobs": 2, "timeout": 300, "params": {"factor": 3}}
        run = first.request("POST", RUNS, asked)["run"]
        eventually((root / "started").exists)
        first.kill()
    finally:
        first.stop()
    second = Server(root, tmp_path / "second")
    try:
        assert second.request("GET", f"{RUNS}/{run}")["status"] == "running"
        status, message = refusal(second, {})
        assert (status, run in message) == (409, True)
        with open_project(root) as opened, pytest.raises(LockedError):
            opened.start_run()
        second.request("DELETE", f"{RUNS}/{run}")
        cancelled = eventually(
            lambda: (
                found
                if (found := second.request("GET", f"{RUNS}/{run}"))["status"] == "cancelled"
                else None
            )
        )
        assert [step["status"] for step in cancelled["steps"]] == ["ran", "cancelled"]
        (root / "go").touch()
        resumed = second.request("POST", RUNS, {"resume": True})["run"]
        with open_project(root) as opened:
            done = opened.follow(resumed)
        assert [step.status for step in done.steps] == ["cached", "ran"]
        assert done.summary.params == {"factor": 3}
    finally:
        second.stop()


def test_what_cannot_be_asked_for_is_refused(root: Path, tmp_path: Path) -> None:
    server = Server(root, tmp_path / "server")
    try:
        for body, said in (
            ({"jobs": 0}, "jobs cannot be 0"),
            ({"timeout": "long"}, "timeout cannot be 'long'"),
            ({"memory_mb": -1}, "memory_mb cannot be -1"),
            ({"retries": 1.5}, "retries cannot be 1.5"),
            ({"resume": True}, "No run has failed"),
            ({"resume": "nope"}, "There is no run nope"),
            ({"params": {"a b": 1}}, "cannot be called"),
        ):
            status, message = refusal(server, body)
            assert status in (400, 422), body
            assert said in message
        assert server.request("GET", RUNS)["runs"] == []
    finally:
        server.stop()
