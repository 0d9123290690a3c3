"""How long does a cell take in JupyterLab, in a browser, from request to idle?

A notebook is open in Chromium on JupyterLab's own server and on one that records; cells run
through the notebook's own kernel connection, in turns. Medians of all cells.
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
from typing import IO

from servers import running
from tables import Table

from nbtrail import open_project
from nbtrail.notebooks.document import write_notebook

#: Of the stock server's time.
LIMIT = 0.25
CELLS = 30
NOTEBOOK = "EXPLORATION-round-trips.ipynb"
_BROWSER = Path(__file__).parents[1] / "ui-tests" / "round-trip.js"
_OPTIONS = ("--LabApp.expose_app_in_browser=True",)


def measure(repeat: int) -> Table:
    """Run cells in two browser tabs in turns."""
    times: tuple[list[float], list[float]] = ([], [])
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nbtrail-bench-")))
        arguments = []
        for recorded in (False, True):
            home = folder / f"recorded-{recorded}"
            home.mkdir()
            (home / "nbtrail.toml").touch()
            _write(home / NOTEBOOK)
            server = stack.enter_context(running(home, enabled=recorded, options=_OPTIONS))
            arguments += [server.address, NOTEBOOK]
        browser = stack.enter_context(_browser(arguments))
        for turn in range(repeat + 1):
            for which in (0, 1):
                found = _ask(browser, which)
                if turn:
                    times[which].extend(found)
        with open_project(folder / "recorded-True") as opened:
            recorded_cells = opened.newest_execution()
    if recorded_cells < repeat * CELLS:
        raise RuntimeError(f"Only {recorded_cells} cells were recorded.")
    stock, ours = map(statistics.median, times)
    limits = () if ours / stock <= LIMIT else (f"a cell takes {ours / stock:.2f} of stock's",)
    return Table(
        title="A cell from request to idle, in JupyterLab",
        command="make bench ONLY=lab_round_trip",
        header=("server", "median", "of the stock server's"),
        rows=(
            ("stock server", f"{stock:.2f} ms", "1.00"),
            ("nbtrail records", f"{ours:.2f} ms", f"{ours / stock:.2f}"),
        ),
        limits=limits,
    )


def _write(path: Path) -> None:
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cell: dict[str, object] = {
        "cell_type": "code", "id": "one", "metadata": {}, "source": "1", "outputs": [],
        "execution_count": None,
    }  # fmt: skip
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": spec}}
    write_notebook(path, {**content, "cells": [cell]})


@contextlib.contextmanager
def _browser(arguments: list[str]) -> Iterator[tuple[IO[str], IO[str]]]:
    node = shutil.which("node")
    if node is None:
        raise SystemExit("This benchmark needs Node.js on the PATH: make bench finds it.")
    with subprocess.Popen(
        [node, _BROWSER.name, *arguments],
        cwd=_BROWSER.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("The browser did not open the notebooks.")
        try:
            yield process.stdin, process.stdout
        finally:
            process.stdin.close()


def _ask(browser: tuple[IO[str], IO[str]], which: int) -> list[float]:
    said, heard = browser
    print(which, CELLS, file=said, flush=True)
    return [float(time) for time in json.loads(heard.readline())]
