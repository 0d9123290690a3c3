"""Runs the steps of one run, in order, each on a fresh kernel.

The engine knows nothing of processes and locks: `worker` runs it for a pipeline, `nbtrail.proof`
in a copy of the project.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from nbtrail.errors import NbtrailError
from nbtrail.ledger import runs as ledger_runs
from nbtrail.ledger.records import StepStatus
from nbtrail.ledger.store import Store
from nbtrail.notebooks.cells import kernel_name
from nbtrail.notebooks.document import parse_notebook
from nbtrail.pipeline import cells
from nbtrail.pipeline.graph import Graph
from nbtrail.pipeline.hashes import FileHashes
from nbtrail.pipeline.kernels import KernelPool, environment_fingerprint
from nbtrail.pipeline.recording import RunRecording
from nbtrail.pipeline.request import RunRequest
from nbtrail.pipeline.step import StepRun
from nbtrail.project import Project

log = logging.getLogger(__name__)

_ENDED_WELL = ("ran", "cached")


@dataclass(frozen=True)
class Switches:
    """What is done beside running: all of it for a pipeline, none of it for a verify."""

    reuse: bool = True
    write_back: bool = True
    keep_outputs: bool = True


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
    statuses: dict[str, StepStatus] = field(default_factory=dict)
    outside: dict[str, tuple[str, ...]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    environment: str | None = None
    _recording: RunRecording | None = None

    async def execute(self, cancelled: asyncio.Event) -> None:
        """Run all steps; returns when they have ended and no kernel is left."""
        self.cancelled = cancelled
        self.hashes = FileHashes(self.project.root, self.project.state_dir)
        self.pool = KernelPool(self._kernel_environment())
        self._fingerprints: dict[str, str] = {}
        try:
            for position, path in enumerate(self.steps):
                await self._step(position, path)
        finally:
            await self.pool.close()
            if self._recording is not None:
                await asyncio.to_thread(self._recording.close)
            self.hashes.save()

    @property
    def status(self) -> str:
        """How the run ended."""
        found = set(self.statuses.values())
        if "cancelled" in found:
            return "cancelled"
        return "failed" if found - set(_ENDED_WELL) else "ok"

    def _kernel_environment(self) -> dict[str, str]:
        env = dict(os.environ)
        env["NBTRAIL_DATE"] = self.request.date
        env.setdefault("PYTHONHASHSEED", "0")
        return env

    async def _step(self, position: int, path: str) -> None:
        if self.cancelled.is_set():
            self.set_status(position, path, "cancelled")
            return
        needed = [
            source
            for source in self.graph.sources_of(path)
            if self.statuses.get(source, "ran") not in _ENDED_WELL
        ]
        if needed:
            message = f"Skipped, because {needed[0]} did not end well."
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

    def update(self, position: int, **values: Any) -> None:
        """Set columns of a step in the ledger."""
        with self.store.write() as connection:
            ledger_runs.update_step(connection, self.run, position, **values)

    def fail(
        self, position: int, path: str, failure: cells.CellFailure, started: float, **values: Any
    ) -> None:
        """A step ended badly."""
        where, what = "", failure.message
        if failure.cell is not None:
            where, what = f" in cell {failure.cell + 1}", f"{failure.name}: {failure.message}"
        self.failures.append(f"{path} failed{where}: {what}")
        error = {
            "cell_id": failure.cell_id,
            "cell": failure.cell,
            "name": failure.name,
            "message": failure.message,
        }
        seconds = round(time.time() - started, 3)
        self.set_status(position, path, "failed", error=error, seconds=seconds, **values)

    async def recording(self) -> RunRecording:
        """The run's recorder, made at the first kernel."""
        if self._recording is None:
            opener = self.open_store or (lambda: Store.open(self.project))
            self._recording = RunRecording(self.project, self.run, opener, self.store.folder)
        return self._recording

    def fingerprint(self, kernel: str) -> str:
        """Fingerprint of a kernel's environment."""
        if kernel not in self._fingerprints:
            self._fingerprints[kernel] = environment_fingerprint(kernel)
        return self._fingerprints[kernel]

    def prepare_after(self, position: int) -> None:
        """Start the kernel of the next step while this one runs."""
        for path in self.steps[position + 1 : position + 2]:
            with suppress(OSError, NbtrailError):
                notebook = parse_notebook((self.project.root / path).read_bytes(), path)
                self.pool.prepare(kernel_name(notebook), self.folder_of(path))

    def folder_of(self, path: str) -> str:
        """The folder in which a step's kernel works: the notebook's own."""
        return str((self.project.root / path).parent)
