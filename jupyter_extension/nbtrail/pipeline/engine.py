"""Runs the steps of one run, each on a fresh kernel, as soon as those that it needs have ended.

The engine knows nothing of processes and locks: `worker` runs it for a pipeline, `nbtrail.proof`
in a copy of the project.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec

from nbtrail.errors import NbtrailError
from nbtrail.ledger import runs as ledger_runs
from nbtrail.ledger.records import StepStatus
from nbtrail.ledger.steps import StepRecord, latest_good_steps, steps_of
from nbtrail.ledger.store import Store
from nbtrail.ledger.writer import Writer
from nbtrail.notebooks.document import Notebook, parse_notebook
from nbtrail.pipeline import cells
from nbtrail.pipeline.ahead import leading_imports
from nbtrail.pipeline.environments import kernel_of
from nbtrail.pipeline.executors import (
    Executor,
    RunContext,
    StepResult,
    StepTask,
    open_executor,
)
from nbtrail.pipeline.graph import Graph
from nbtrail.pipeline.hashes import FileHashes
from nbtrail.pipeline.inference.cache import AnalysisCache
from nbtrail.pipeline.kernels import Wish, environment_fingerprint
from nbtrail.pipeline.limits import limits_of
from nbtrail.pipeline.request import RunRequest
from nbtrail.pipeline.schedule import Schedule
from nbtrail.pipeline.step import StepRun
from nbtrail.project import Project

log = logging.getLogger(__name__)

_ENDED_WELL = ("ran", "cached")
#: Seconds that the record of a step's executions may take to be written.
_FLUSH_TIMEOUT = 60.0


@dataclass(frozen=True)
class Switches:
    """What is done beside running: all of it for a pipeline, none of it for a verify."""

    reuse: bool = True
    write_back: bool = True
    keep_outputs: bool = True
    import_ahead: bool = True


@dataclass
class Engine:
    """One run.

    Attributes
    ----------
    project
        Where the steps are executed.
    store
        The ledger that the run is in; it may be another project's.
    steps
        Paths of the steps, in order; their positions in the ledger are their indices.
    after_write
        Called with the POSIX path of a notebook whose outputs were written back.
    on_status
        Called with the path of a step and its new status, once that is on record; from any thread.
    dates
        ISO date under which a step runs, by path, where it is not that of the request.
    outside
        Files that steps wrote outside the project, by step.
    """

    project: Project
    store: Store
    run: str
    request: RunRequest
    graph: Graph
    steps: tuple[str, ...]
    switches: Switches = field(default_factory=Switches)
    after_write: Callable[[str], None] | None = None
    open_store: Callable[[], Store] | None = None
    on_status: Callable[[str, StepStatus], None] | None = None
    dates: Mapping[str, str] = field(default_factory=dict)
    statuses: dict[str, StepStatus] = field(default_factory=dict)
    outside: dict[str, tuple[str, ...]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    environment: str | None = None
    _executor: Executor | None = None
    _writer: Writer | None = None

    async def execute(self, cancelled: asyncio.Event) -> None:
        """Run all steps; returns when they have ended and no kernel is left."""
        self.cancelled = cancelled
        self.hashes = FileHashes(self.project.root, self.project.state_dir)
        self.analyses = AnalysisCache(
            self.project.root, self.project.state_dir, self.project.config.datasets.folder
        )
        #: Held by the one step that looks at ``analyses``.
        self.looking = threading.Lock()
        self._schedule = Schedule(self.graph, self.steps)
        self._fingerprints: dict[str, str] = {}
        self._wishes: dict[str, Wish] = {}
        with self.store.read() as connection:
            self._recorded = latest_good_steps(connection).keys()
        self.done = self._done_before()
        try:
            await self._run_steps()
        finally:
            if self._executor is not None:
                await self._executor.close()
            if self._writer is not None:
                await asyncio.to_thread(self._writer.close)
            self.hashes.save()

    @property
    def status(self) -> str:
        """How the run ended."""
        found = set(self.statuses.values())
        if "cancelled" in found:
            return "cancelled"
        return "failed" if found - set(_ENDED_WELL) else "ok"

    async def _run_steps(self) -> None:
        """Start what can start, in the order of the steps, `RunRequest.jobs` at a time."""
        waiting = dict(enumerate(self.steps))
        running: set[asyncio.Task[None]] = set()
        try:
            while waiting or running:
                ended = {path for path, now in self.statuses.items() if now != "running"}
                for position, path in list(waiting.items()):
                    if len(running) >= self.request.jobs:
                        break
                    if self._schedule.can_start(path, ended):
                        del waiting[position]
                        running.add(asyncio.ensure_future(self._step(position, path)))
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
        finally:
            # Only where the ledger cannot be used: a step that fails ends like any other.
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _done_before(self) -> dict[str, StepRecord]:
        """Steps that ended well in the run that this one resumes."""
        if self.request.resumes is None:
            return {}
        with self.store.read() as connection:
            return {record.path: record for record in steps_of(connection, self.request.resumes)}

    async def _step(self, position: int, path: str) -> None:
        if self.cancelled.is_set():
            self.set_status(position, path, "cancelled")
            return
        circle = self._schedule.circle(path)
        if circle is not None:
            self.fail(position, path, cells.CellFailure("Cycle", circle), time.time())
            return
        for source in self._schedule.needs(path):
            if self.statuses[source] not in _ENDED_WELL:
                message = f"Skipped, because {source} did not end well."
                self.set_status(position, path, "skipped", message=message)
                return
        started = time.time()
        self.set_status(position, path, "running", started_at=started)
        try:
            await StepRun(self, position, path, started).run()
        except NbtrailError as error:
            failure = cells.CellFailure(type(error).__name__, str(error))
            self.fail(position, path, failure, started)
        except Exception as error:
            # Whatever it is, steps that do not depend on this one can still run.
            if not isinstance(error, OSError):
                log.exception("nbtrail: step %s of run %s failed", path, self.run)
            failure = cells.CellFailure(type(error).__name__, str(error))
            self.fail(position, path, failure, started)

    def set_status(self, position: int, path: str, status: StepStatus, **values: Any) -> None:
        """Put a step's status on record, with other columns."""
        self.statuses[path] = status
        self.update(position, status=status, **values)
        if self.on_status is not None:
            self.on_status(path, status)

    def update(self, position: int, **values: Any) -> None:
        """Set columns of a step in the ledger."""
        with self.store.write() as connection:
            ledger_runs.update_step(connection, self.run, position, **values)

    def fail(
        self,
        position: int,
        path: str,
        failure: cells.CellFailure,
        started: float,
        attempts: int = 1,
        **values: Any,
    ) -> None:
        """A step ended badly, after so many attempts."""
        tried = f" (after {attempts} attempts)" if attempts > 1 else ""
        self.failures.append(f"{path} failed{failure.where}: {failure.what}{tried}")
        error = {
            "cell_id": failure.cell_id,
            "cell": failure.cell,
            "name": failure.name,
            "message": f"{failure.message}{tried}",
        }
        seconds = round(time.time() - started, 3)
        self.set_status(position, path, "failed", error=error, seconds=seconds, **values)

    def task(self, path: str, notebook: Notebook) -> StepTask:
        """What an executor is to do for a step."""
        return StepTask(
            context=self._context(),
            path=path,
            notebook=notebook,
            kernel=kernel_of(self.project, path, notebook),
            params=self.request.params,
            limits=limits_of(self.project.config.pipeline, path, self.request),
            imports=self._imports_ahead(path, notebook),
        )

    async def carry_out(self, task: StepTask, on_cell: Callable[[int], None]) -> StepResult:
        """Have a step executed; what its cells did is on record when this returns."""
        executor, writer = self._equipment()
        lost = writer.lost
        # With its own, which it takes from those that are started.
        others = {w for path, w in self._wishes.items() if self.statuses.get(path) == "running"}
        executor.prepare([task.wish, *self._kernels_ahead()], others)
        result = await executor.execute(task, on_cell, self.cancelled)
        for record in result.records:
            writer.submit(record)
        written = await asyncio.to_thread(writer.flush, _FLUSH_TIMEOUT)
        gap = result.gap
        if writer.lost > lost or writer.waiting:
            gap = f"Not all of it could be recorded: {writer.problem}"
        elif not written:
            gap = "Not all of it was recorded in time."
        return msgspec.structs.replace(result, gap=gap, records=())

    def _equipment(self) -> tuple[Executor, Writer]:
        """Executor and ledger writer of the run, made at the first step that is executed."""
        if self._executor is None or self._writer is None:
            self._writer = Writer(self.open_store or (lambda: Store.open(self.project)))
            self._executor = open_executor(
                self.request, self._context(), self._writer, self.store.folder
            )
        return self._executor, self._writer

    def _context(self) -> RunContext:
        config = self.project.config
        return RunContext(
            run=self.run,
            root=str(self.project.root),
            variables={"NBTRAIL_DATE": self.request.date},
            metrics=config.metrics.patterns,
            note_files=config.recorder.files,
            dates=dict(self.dates),
        )

    def date_of(self, path: str) -> str:
        """ISO date under which a step runs."""
        return self.dates.get(path, self.request.date)

    def _imports_ahead(self, path: str, notebook: Notebook) -> tuple[str, ...]:
        """What the kernel of a step may import while it waits."""
        if not (self.switches.import_ahead and self.project.config.pipeline.import_ahead):
            return ()
        return leading_imports(notebook, (self.project.root / path).parent)

    def _kernels_ahead(self) -> list[Wish]:
        """Kernels of the steps behind those that run, one more than run at once.

        A kernel takes longer to start than many a step to run. Steps that probably need none,
        because nothing has changed, are left out.
        """
        found: list[Wish] = []
        most = min(self.request.jobs, os.cpu_count() or 1)
        expected: set[str] = set()
        for path in self.steps:
            if len(found) > most:
                break
            if path in self.statuses or not self._will_run(path, expected):
                continue
            expected.add(path)
            with suppress(OSError, NbtrailError):
                file = self.project.root / path
                notebook = parse_notebook(file.read_bytes(), path)
                kernel = kernel_of(self.project, path, notebook)
                imports = self._imports_ahead(path, notebook)
                self._wishes[path] = Wish(kernel, str(file.parent), imports)
                found.append(self._wishes[path])
        return found

    def _will_run(self, path: str, expected: Collection[str]) -> bool:
        """Whether a step will probably be executed: it is new, or one that it needs is."""
        if self.request.force or not self.switches.reuse or path not in self._recorded:
            return True
        return any(
            source in expected or self.statuses.get(source) in ("running", "ran")
            for source in self._schedule.needs(path)
        )

    def fingerprint(self, kernel: str) -> str:
        """Fingerprint of a kernel's environment."""
        if kernel not in self._fingerprints:
            self._fingerprints[kernel] = environment_fingerprint(kernel)
        return self._fingerprints[kernel]
