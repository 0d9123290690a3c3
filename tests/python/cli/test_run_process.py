"""The process that ``nbtrail run`` leaves behind: it is on its own, and holds on to nobody."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbtrail import open_project
from nbtrail.ledger.records import RunDetail

STEP = "1-EXPLORATION-waits-for-a-word.ipynb"
#: Seconds that anything may take before the test fails.
PATIENCE = 60.0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A step that says that it has begun and goes on when it is told to."""
    sources = (
        "import os, time\nopen('begun', 'w').close()",
        "while not os.path.exists('go'):\n    time.sleep(0.05)",
    )
    book = {
        "cells": [
            {"cell_type": "code", "id": f"cell-{n}", "metadata": {}, "source": source,
             "outputs": [], "execution_count": None}
            for n, source in enumerate(sources)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }  # fmt: skip
    root = tmp_path / "project"
    root.mkdir()
    (root / "nbtrail.toml").write_text("")
    (root / STEP).write_text(json.dumps(book))
    return root


def begin(project: Path, **options: Any) -> subprocess.Popen[bytes]:
    """``nbtrail run`` in a session of its own, once its step has begun."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nbtrail.cli", "run"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        **options,
    )
    eventually((project / "begun").exists)
    return process


def test_it_goes_on_when_the_command_is_killed(project: Path) -> None:
    read, write = os.pipe()
    process = begin(project, pass_fds=(write,))
    os.close(write)
    os.killpg(process.pid, signal.SIGKILL)
    # Whoever reads what the command prints, or waits for a pipe that it was given, is let go.
    assert process.communicate(timeout=PATIENCE) == (b"", b"")
    assert os.read(read, 1) == b""
    os.close(read)
    (project / "go").touch()
    assert newest(project).summary.status == "ok"
    assert json.loads((project / STEP).read_text())["cells"][1]["execution_count"] == 2


def test_ctrl_c_cancels_it(project: Path) -> None:
    # Who starts the tests in the background may have told them to ignore it.
    process = begin(project, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "cancelled" in err.decode()
    assert "cancelled" in out.decode()
    assert newest(project).summary.status == "cancelled"


def test_modules_beside_the_notebooks_are_no_part_of_it(project: Path) -> None:
    (project / "go").touch()
    (project / "nbclient.py").write_text("raise RuntimeError('not to be imported')")
    process = begin(project)
    _out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, b"")


def newest(project: Path) -> RunDetail:
    with open_project(project) as opened:
        (run,) = opened.runs()[0]
        return opened.follow(run.run)


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
