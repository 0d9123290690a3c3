"""The process of a run: ``python -m nbtrail.pipeline.worker ROOT RUN --lock FD``."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from nbtrail.errors import NbtrailError
from nbtrail.ledger import runs as ledger_runs
from nbtrail.ledger.queries import run_detail
from nbtrail.ledger.steps import run_row, steps_left
from nbtrail.ledger.store import Store
from nbtrail.pipeline.card import write_card
from nbtrail.pipeline.engine import Engine
from nbtrail.pipeline.graph import build_graph
from nbtrail.pipeline.request import RunRequest
from nbtrail.project import Project, load_project

log = logging.getLogger(__name__)

#: Seconds between two signs of life; a wish to cancel is seen as soon as that.
_PULSE = 0.4


class Job(msgspec.Struct, frozen=True):
    """What a worker works on."""

    project: Project
    store: Store
    run: str
    request: RunRequest
    after_write: Callable[[str], None] | None


#: How a run ended: columns of the run, with a finished ``status``.
Ending = dict[str, Any]
Work = Callable[[Job, asyncio.Event], Awaitable[Ending]]


async def run_pipeline(job: Job, cancelled: asyncio.Event) -> Ending:
    """Run the steps of a pipeline run."""
    graph = build_graph(job.project, job.store)
    with job.store.read() as connection:
        planned = tuple(step.path for step in run_detail(connection, job.run).steps)
    engine = Engine(
        project=job.project,
        store=job.store,
        run=job.run,
        request=job.request,
        graph=graph,
        steps=planned,
        after_write=job.after_write,
    )
    await engine.execute(cancelled)
    unread = [f"{path} cannot be read and was left out." for path in graph.unreadable]
    message = " ".join([*engine.failures[:1], *unread]) or None
    return {
        "status": engine.status,
        "environment_id": engine.environment,
        "message": message,
    }


def main(argv: list[str] | None = None, work: Work = run_pipeline) -> int:
    """Run one run to its end; returns the exit status of the process."""
    parser = argparse.ArgumentParser(prog="nbtrail-worker", description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument("run")
    parser.add_argument("--lock", type=int, required=True)
    parser.add_argument("--after-write", default=None)
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    # Kernels must not inherit the lock: one that outlives this process would keep it.
    os.set_inheritable(arguments.lock, False)
    project = load_project(arguments.root)
    store = Store.open(project)
    try:
        return _run(project, store, arguments.run, arguments.after_write, work)
    finally:
        store.close()
        os.close(arguments.lock)


def _run(project: Project, store: Store, run: str, after_write: str | None, work: Work) -> int:
    with store.write() as connection:
        row = run_row(connection, run)
        if row is None:
            log.error("There is no run %s.", run)
            return 2
        ledger_runs.update_run(connection, run, status="running", pid=os.getpid())
    request = msgspec.convert(ledger_runs.request_of(store.blobs, row.request), RunRequest)
    hook = _hook(project, after_write)
    job = Job(project, store, run, request, hook)
    try:
        ending = asyncio.run(_supervised(job, work))
    except Exception as error:
        expected = isinstance(error, NbtrailError)
        log.error("Run %s failed: %s", run, error, exc_info=not expected)
        message = str(error) if expected else f"{type(error).__name__}: {error}"
        ending = {"status": "failed", "message": message}
    _end(store, run, ending)
    return 0 if ending["status"] == "ok" else 1


async def _supervised(job: Job, work: Work) -> Ending:
    """Do the work while a thread says that this process lives and listens for a cancel."""
    cancelled = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, cancelled.set)
    over = threading.Event()

    def pulse() -> None:
        while not over.wait(_PULSE):
            try:
                with job.store.write() as connection:
                    wanted = ledger_runs.heartbeat(connection, job.run)
            except NbtrailError as error:
                log.warning("No sign of life could be written: %s", error)
                continue
            if wanted:
                loop.call_soon_threadsafe(cancelled.set)

    thread = threading.Thread(target=pulse, name="nbtrail-pulse", daemon=True)
    thread.start()
    try:
        return await work(job, cancelled)
    finally:
        over.set()
        await asyncio.to_thread(thread.join)


def _end(store: Store, run: str, ending: Ending) -> None:
    """Put down how the run ended. Who sees that finds everything of the run in its place."""
    with store.write() as connection:
        for position, _status in steps_left(connection, run):
            ledger_runs.update_step(connection, run, position, status="cancelled")
        ledger_runs.update_run(connection, run, **ending)
        write_card(connection, store.folder, run)


def _hook(project: Project, reference: str | None) -> Callable[[str], None] | None:
    """The function named ``package.module:function``, given the project."""
    if reference is None:
        return None
    module, _, name = reference.partition(":")
    function = getattr(import_module(module), name)
    return lambda path: function(project, path)


if __name__ == "__main__":
    sys.exit(main())
