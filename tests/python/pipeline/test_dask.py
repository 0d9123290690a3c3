"""Runs on a real Dask cluster of this machine: a scheduler and workers, each a process."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from nbtrail.errors import UsageError
from nbtrail.ledger.queries import executions
from nbtrail.pipeline.request import RunRequest

from .conftest import Folder, statuses, step

#: Seconds that anything may take before a test fails.
PATIENCE = 60.0
NUMBERS = "1-CLEANING-some-numbers.ipynb"
TOTAL = "2-EXPERIMENTAL-their-total.ipynb"
OTHER = "3-EXPERIMENTAL-their-product.ipynb"
ENDLESS = "1-EXPLORATION-endless.ipynb"


class Cluster:
    """A scheduler; workers are added as a test needs them."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._processes: list[subprocess.Popen[bytes]] = []
        self.workers: list[subprocess.Popen[bytes]] = []
        file = place / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
            "--scheduler-file", str(file),
        )  # fmt: skip
        self.address: str = eventually(lambda: address_in(file))

    def worker(self, name: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a worker that takes one step at a time."""
        made = self._start(
            "worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard",
            "--name", name, "--local-directory", str(self._place / name), "--memory-limit", "0",
            **environment,
        )  # fmt: skip
        self.workers.append(made)
        return made

    def close(self) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()

    def _start(self, kind: str, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{kind}", *options],
            cwd=self._place,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._processes.append(process)
        return process


def eventually(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def address_in(file: Path) -> str | None:
    try:
        return str(json.loads(file.read_text())["address"])
    except (OSError, ValueError):
        return None


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of two workers that no test ends."""
    made = Cluster(tmp_path_factory.mktemp("steady"))
    for name in ("one", "two"):
        made.worker(name)
    yield made
    made.close()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster without workers."""
    made = Cluster(tmp_path)
    yield made
    made.close()


def kernels_of(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def test_the_same_as_here(folder: Folder, steady: Cluster) -> None:
    folder.notebook(
        NUMBERS,
        "from nbtrail import log_param\nlog_param('many', 3)",
        "open('numbers.txt', 'w').write('1 2 3.5')",
    )
    folder.notebook(
        TOTAL,
        "numbers = [float(word) for word in open('numbers.txt').read().split()]",
        "total_score = sum(numbers)\nopen('total.txt', 'w').write(str(total_score))\nprint('done')",
    )
    far = folder.run(executor="dask", scheduler=steady.address)
    assert statuses(far) == {NUMBERS: "ran", TOTAL: "ran"}
    assert far.summary.metrics == {"total_score": 6.5}
    assert step(far, NUMBERS).params["many"] == 3
    assert folder.outputs(TOTAL)[1][0]["text"] == ["done\n"]
    with folder.store.read() as connection:
        page, _next = executions(connection, run=far.summary.run)
    assert [one.status for one in page] == ["ok"] * 4
    # What ran there is known here, and the other way round.
    assert set(statuses(folder.run()).values()) == {"cached"}
    near = folder.run(force=True)
    for one, other in zip(far.steps, near.steps, strict=True):
        assert (one.inputs, one.outputs) == (other.inputs, other.outputs)
        assert one.metrics == other.metrics
    again = folder.run(executor="dask", scheduler="tcp://127.0.0.1:1")
    assert set(statuses(again).values()) == {"cached"}, "nobody was needed for that"


def test_a_worker_that_is_killed_is_survived(folder: Folder, cluster: Cluster) -> None:
    folder.notebook(
        NUMBERS,
        "import os, time\nfirst = not os.path.exists('begun')\nopen('begun', 'w').close()",
        "while first and not os.path.exists('never'):\n    time.sleep(0.05)",
        "open('numbers.txt', 'w').write('2 4')",
    )
    folder.notebook(TOTAL, "total_score = sum(map(int, open('numbers.txt').read().split()))")
    workers = [cluster.worker(name) for name in ("one", "two")]
    run = folder.start(executor="dask", scheduler=cluster.address)
    eventually((folder.root / "begun").exists)
    victim, survivor = sorted(workers, key=lambda worker: not kernels_of(worker))
    (orphan,) = kernels_of(victim)
    assert not kernels_of(survivor)
    os.kill(victim.pid, signal.SIGKILL)
    detail = folder.wait(run)
    assert statuses(detail) == {NUMBERS: "ran", TOTAL: "ran"}
    assert "Run again, because worker tcp://127.0.0.1" in (step(detail, NUMBERS).message or "")
    assert detail.summary.metrics == {"total_score": 6}
    assert not orphan.is_running()
    with folder.store.read() as connection:
        (problem,) = connection.exec_driver_sql("PRAGMA integrity_check").one()
        page, _next = executions(connection, run=run)
    assert problem == "ok"
    # Those of the worker that was killed went with it; the others are all there.
    assert [one.status for one in page] == ["ok"] * 4
    assert set(statuses(folder.run()).values()) == {"cached"}


def test_independent_steps_go_to_several_workers_and_a_cancel_ends_them(
    folder: Folder, steady: Cluster
) -> None:
    for number in (1, 2):
        folder.notebook(
            f"{number}-EXPLORATION-endless.ipynb",
            f"open('begun-{number}', 'w').close()",
            "while True:\n    pass",
        )
    run = folder.start(executor="dask", scheduler=steady.address, jobs=2)
    for number in (1, 2):
        eventually((folder.root / f"begun-{number}").exists)
    kernels = [kernel for worker in steady.workers for kernel in kernels_of(worker)]
    assert [len(kernels_of(worker)) for worker in steady.workers] == [1, 1]
    from nbtrail.pipeline import progress

    progress.cancel(folder.store, run)
    detail = folder.wait(run)
    assert detail.summary.status == "cancelled"
    assert not any(kernel.is_running() for kernel in kernels)
    assert all(worker.poll() is None for worker in steady.workers)


def test_a_step_whose_run_is_gone_ends(folder: Folder, steady: Cluster) -> None:
    folder.notebook(ENDLESS, "open('begun', 'w').close()", "while True:\n    pass")
    run = folder.start(executor="dask", scheduler=steady.address)
    eventually((folder.root / "begun").exists)
    (kernel,) = (kernel for worker in steady.workers for kernel in kernels_of(worker))
    with folder.store.read() as connection:
        from nbtrail.ledger.steps import run_row

        os.kill(run_row(connection, run).pid, signal.SIGKILL)
    eventually(lambda: not kernel.is_running())
    assert all(worker.poll() is None for worker in steady.workers)


def test_failures_are_those_of_the_notebook(folder: Folder, steady: Cluster) -> None:
    folder.notebook(NUMBERS, "x = 1", "raise ValueError('no numbers')")
    folder.notebook(TOTAL, "x = 1", kernel="no-such-kernel")
    detail = folder.run(executor="dask", scheduler=steady.address)
    error = step(detail, NUMBERS).error or {}
    assert (error["cell"], error["name"], error["message"]) == (1, "ValueError", "no numbers")
    assert "'no-such-kernel' is not installed" in (step(detail, TOTAL).error or {})["message"]


def test_what_cannot_be_used_is_said(folder: Folder, cluster: Cluster, tmp_path: Path) -> None:
    folder.notebook(NUMBERS, "x = 1")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        missing = folder.run(executor="dask", scheduler=address)
    assert f"The Dask scheduler at {address} cannot be reached" in (missing.summary.message or "")
    strange = folder.run(executor="dask", scheduler="nowhere://x")
    assert "cannot be reached" in (strange.summary.message or "")
    # A worker of an environment where nbtrail is not: a package that hides it says so.
    hidden = tmp_path / "hidden" / "nbtrail"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError('not here')")
    cluster.worker("bare", PYTHONPATH=str(hidden.parent))
    bare = folder.run(executor="dask", scheduler=cluster.address)
    assert "has no nbtrail" in (bare.summary.message or "")
    with pytest.raises(UsageError, match="address of a scheduler"):
        RunRequest(executor="dask")
