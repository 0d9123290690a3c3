"""How soon are a large diff and a long timeline on screen in JupyterLab, and how smooth are they?

In Chromium: a diff of 1,000 cells that all changed, until the first screen is drawn, and the frames
while it is scrolled; the timeline of a notebook with 10,000 entries.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from servers import running
from sqlalchemy import insert, select
from tables import Table

from nbtrail import open_project
from nbtrail.ledger import tables as t
from nbtrail.notebooks.document import write_notebook

#: Milliseconds.
FIRST_SCREEN, OPENED, SMOOTH = 500, 300, 50
CELLS, ENTRIES = 1000, 10_000
CHANGED, LIVED = "EXPLORATION-many-cells.ipynb", "EXPLORATION-long-lived.ipynb"
_BROWSER = Path(__file__).parents[1] / "ui-tests" / "views.js"


def measure(repeat: int) -> Table:
    """Open both views in turns; the first time, which loads their code, is told apart."""
    found: dict[str, list[dict[str, Any]]] = {"diff": [], "timeline": []}
    with tempfile.TemporaryDirectory(prefix="nbtrail-bench-") as name:
        home = Path(name)
        _project(home)
        options = ("--LabApp.expose_app_in_browser=True",)
        with (
            running(home, enabled=True, options=options) as server,
            _browser(server.address) as browser,
        ):
            for _ in range(repeat + 1):
                for view, answers in found.items():
                    answers.append(_ask(browser, view))
    cold = {view: answers[0]["first"] for view, answers in found.items()}
    warm = {
        view: statistics.median(answer["first"] for answer in answers[1:])
        for view, answers in found.items()
    }
    frames = sorted(frame for answer in found["diff"][1:] for frame in answer["frames"])
    typical, worse = statistics.median(frames), frames[int(0.95 * len(frames))]
    limits = [
        f"{what} takes {time:.0f} ms, more than {limit}"
        for what, time, limit in (
            ("the first screen of a diff", warm["diff"], FIRST_SCREEN),
            ("a timeline", warm["timeline"], OPENED),
            ("one frame in 20", worse, SMOOTH),
        )
        if time > limit
    ]
    return Table(
        title="Views in JupyterLab, in Chromium",
        command="make bench ONLY=lab_views",
        header=("what", "median", "first time"),
        rows=(
            (f"diff of {CELLS:,} cells: first screen",
             f"{warm['diff']:.0f} ms", f"{cold['diff']:.0f} ms"),
            (f"timeline of {ENTRIES:,} entries",
             f"{warm['timeline']:.0f} ms", f"{cold['timeline']:.0f} ms"),
            ("a frame while the diff is scrolled", f"{typical:.0f} ms", ""),
            ("95 of 100 frames are sooner than", f"{worse:.0f} ms", ""),
        ),
        limits=tuple(limits),
    )  # fmt: skip


def _project(home: Path) -> None:
    (home / "nbtrail.toml").touch()
    write_notebook(home / LIVED, _notebook(5, 0))
    write_notebook(home / CHANGED, _notebook(CELLS, 0))
    git = ["git", "-C", str(home), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", CHANGED], ["commit", "-qm", "first"]):
        subprocess.run([*git, *arguments], check=True)
    write_notebook(home / CHANGED, _notebook(CELLS, 1))
    with open_project(home) as opened:
        opened.remember(LIVED)
        with opened.store.write() as connection:
            first = connection.execute(select(t.timeline)).mappings().one()
            common = {key: value for key, value in first.items() if key != "id"}
            connection.execute(
                insert(t.timeline),
                [
                    {
                        **common,
                        "at": common["at"] - 60 * number,
                        "words": {"what": f"cell 1: step {number} → {number + 1}", "cell_ids": []},
                    }
                    for number in range(1, ENTRIES)
                ],
            )


def _notebook(cells: int, change: int) -> dict[str, Any]:
    return {
        "nbformat": 4, "nbformat_minor": 5, "metadata": {},
        "cells": [
            {
                "cell_type": "code", "id": f"cell-{n}", "metadata": {}, "execution_count": None,
                "outputs": [],
                "source": f"import math\nrate_{n} = {n + change}\nfor step in range(10):\n"
                f"    rate_{n} += math.sqrt(step + {n})\nprint(rate_{n})",
            }
            for n in range(cells)
        ],
    }  # fmt: skip


@contextlib.contextmanager
def _browser(address: str) -> Iterator[tuple[IO[str], IO[str]]]:
    node = shutil.which("node")
    if node is None:
        raise SystemExit("This benchmark needs Node.js on the PATH: make bench finds it.")
    with subprocess.Popen(
        [node, _BROWSER.name, address, CHANGED, LIVED],
        cwd=_BROWSER.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("The browser did not open JupyterLab.")
        try:
            yield process.stdin, process.stdout
        finally:
            process.stdin.close()


def _ask(browser: tuple[IO[str], IO[str]], view: str) -> dict[str, Any]:
    said, heard = browser
    print(view, file=said, flush=True)
    answer: dict[str, Any] = json.loads(heard.readline())
    return answer
