"""Small projects with real kernels: notebooks that need nothing but the standard library."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbtrail.ledger.records import RunDetail, Step
from nbtrail.ledger.store import Store
from nbtrail.pipeline import progress, runner
from nbtrail.pipeline.graph import build_graph
from nbtrail.pipeline.request import RunRequest
from nbtrail.project import Project, load_project

#: Seconds after which a run that has not ended is a failure of the test.
PATIENCE = 120.0


class Folder:
    """A project folder that a test fills, with its ledger."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        (root / "nbtrail.toml").write_text("")
        self._store: Store | None = None

    @property
    def project(self) -> Project:
        return load_project(self.root)

    @property
    def store(self) -> Store:
        if self._store is None:
            self._store = Store.open(self.project)
        return self._store

    def close(self) -> None:
        if self._store is not None:
            self._store.close()

    def notebook(self, path: str, *cells: str, kernel: str = "python3", tag: str = "") -> Path:
        """Write a notebook of code cells; ``tag`` goes on its first cell."""
        raw = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": {"name": kernel, "display_name": kernel}},
            "cells": [
                {
                    "cell_type": "code",
                    "id": f"cell-{index}",
                    "metadata": {"tags": [tag]} if tag and index == 0 else {},
                    "source": source,
                    "outputs": [],
                    "execution_count": None,
                }
                for index, source in enumerate(cells)
            ],
        }
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(raw, indent=1))
        return file

    def file(self, path: str, text: str = "") -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def order(self) -> tuple[str, ...]:
        return build_graph(self.project).order

    def start(self, **request: Any) -> str:
        return runner.start(self.project, RunRequest(**request), self.store)

    def run(self, **request: Any) -> RunDetail:
        return self.wait(self.start(**request))

    def wait(self, run: str) -> RunDetail:
        deadline = time.monotonic() + PATIENCE

        def still(detail: RunDetail) -> None:
            assert time.monotonic() < deadline, detail

        return progress.follow(self.store, run, still, interval=0.05)

    def until(self, run: str, condition: Callable[[RunDetail], bool]) -> RunDetail:
        """Wait until a run is in some state."""
        deadline = time.monotonic() + PATIENCE
        while True:
            detail = progress.read(self.store, run)
            if condition(detail):
                return detail
            assert time.monotonic() < deadline, detail
            time.sleep(0.05)

    def outputs(self, path: str) -> list[Any]:
        """Outputs of all cells in the file."""
        cells = json.loads((self.root / path).read_text())["cells"]
        return [cell["outputs"] for cell in cells]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path / "project")
    yield made
    made.close()


def statuses(detail: RunDetail) -> dict[str, str]:
    return {step.path: step.status for step in detail.steps}


def step(detail: RunDetail, path: str) -> Step:
    return next(step for step in detail.steps if step.path == path)
