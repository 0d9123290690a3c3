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
from pathlib import Path
from typing import Any

from nbtrail.errors import KernelError, NbtrailError
from nbtrail.files import sha256_bytes
from nbtrail.ledger import runs as ledger_runs
from nbtrail.ledger.records import StepStatus
from nbtrail.ledger.steps import StepRecord, good_steps
from nbtrail.ledger.store import Store
from nbtrail.notebooks.cells import code_cells_of, kernel_name, sources_digest
from nbtrail.notebooks.document import Notebook, dump_notebook, parse_notebook
from nbtrail.pipeline import cells, keys, outcome, writeback
from nbtrail.pipeline.graph import Graph, Node
from nbtrail.pipeline.hashes import FileHashes
from nbtrail.pipeline.identity import Folders
from nbtrail.pipeline.inference.source import code_digest
from nbtrail.pipeline.inference.static import analyse
from nbtrail.pipeline.kernels import Kernel, KernelPool, environment_fingerprint
from nbtrail.pipeline.recording import RunRecording
from nbtrail.pipeline.request import RunRequest
from nbtrail.project import Project

log = logging.getLogger(__name__)

_ENDED_WELL = ("ran", "cached")
#: Failures after which a cell has not come to its end, so that nothing more is to be heard.
_UNFINISHED = ("KernelDied", "CellTimeout")


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
        self._cancelled = cancelled
        self._hashes = FileHashes(self.project.root, self.project.state_dir)
        self._pool = KernelPool(self._kernel_environment())
        self._fingerprints: dict[str, str] = {}
        try:
            for position, path in enumerate(self.steps):
                await self._step(position, path)
        finally:
            await self._pool.close()
            if self._recording is not None:
                await asyncio.to_thread(self._recording.close)
            self._hashes.save()

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
        if self._cancelled.is_set():
            self._set(position, path, "cancelled")
            return
        needed = [
            source
            for source in self.graph.sources_of(path)
            if self.statuses.get(source, "ran") not in _ENDED_WELL
        ]
        if needed:
            message = f"Skipped, because {needed[0]} did not end well."
            self._set(position, path, "skipped", message=message)
            return
        started = time.time()
        self._set(position, path, "running", started_at=started)
        try:
            await _Step(self, position, path, started).run()
        except NbtrailError as error:
            failure = cells.CellFailure(type(error).__name__, str(error))
            self.fail(position, path, failure, started)
        except Exception as error:
            # Whatever it is, steps that do not depend on this one can still run.
            if not isinstance(error, OSError):
                log.exception("nbtrail: step %s of run %s failed", path, self.run)
            failure = cells.CellFailure(type(error).__name__, f"{path}: {error}")
            self.fail(position, path, failure, started)

    def _set(self, position: int, path: str, status: StepStatus, **values: Any) -> None:
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
        where = "" if failure.cell is None else f" in cell {failure.cell + 1}"
        self.failures.append(f"{path} failed{where}: {failure.name}: {failure.message}")
        error = {
            "cell_id": failure.cell_id,
            "cell": failure.cell,
            "name": failure.name,
            "message": failure.message,
        }
        seconds = round(time.time() - started, 3)
        self._set(position, path, "failed", error=error, seconds=seconds, **values)

    async def recording(self) -> RunRecording:
        """The run's recorder, made at the first kernel."""
        if self._recording is None:
            opener = self.open_store or (lambda: Store.open(self.project))
            self._recording = RunRecording(self.project, self.run, opener)
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
                self._pool.prepare(kernel_name(notebook), self.folder_of(path))

    def folder_of(self, path: str) -> str:
        """The folder in which a step's kernel works: the notebook's own."""
        return str((self.project.root / path).parent)


class _Step:
    """One step of a run."""

    def __init__(self, engine: Engine, position: int, path: str, started: float) -> None:
        self.engine = engine
        self.position = position
        self.path = path
        self.started = started
        self.file: Path = engine.project.root / path

    async def run(self) -> None:
        """Take the step from the record, or execute it."""
        engine = self.engine
        data = self.file.read_bytes()
        self.notebook: Notebook = parse_notebook(data, self.path)
        self.digest = sources_digest(self.notebook)
        self.node = self._current_node()
        self.kernel_name = kernel_name(self.notebook)
        self.params = {**cells.tagged_parameters(self.notebook), **engine.request.params}
        self.around = keys.Surroundings(
            code_key=self.node.analysis.code_key,
            environment=engine.fingerprint(self.kernel_name),
            modules=self.node.analysis.modules,
            params=self.params,
            sources="\n".join(cell.source for cell in code_cells_of(self.notebook)),
            listings=keys.listings_of(engine.project, self.node),
        )
        engine.update(
            self.position,
            cells_total=cells.code_cell_count(self.notebook),
            code_key=self.around.code_key,
            sources_digest=self.digest,
            params=self.params,
        )
        if not self._reuse():
            await self._execute()

    def _current_node(self) -> Node:
        """The step's analysis, made again when the notebook was edited since the run began."""
        import msgspec

        engine = self.engine
        node = engine.graph.node(self.path)
        if code_digest(self.notebook) == node.analysis.code_key:
            return node
        analysis = analyse(
            self.notebook, self.path, engine.project.root, engine.project.config.datasets.folder
        )
        return msgspec.structs.replace(node, analysis=analysis)

    def _reuse(self) -> bool:
        engine = self.engine
        if not engine.switches.reuse or engine.request.force:
            return False
        if keys.undeclared_addresses(engine.project, self.node):
            return False
        with engine.store.read() as connection:
            records = good_steps(connection, self.path, code_key=self.around.code_key)
        folders = Folders(engine.project.root)
        record = keys.matching_record(
            records, self.around, engine._hashes, folders, engine.request.date
        )
        if record is None:
            return False
        restored = outcome.restore_outputs(
            engine.store, engine.project.root, record.outputs, record.stored, engine._hashes
        )
        if restored is None:
            return False
        self._take_over(record, restored)
        return True

    def _take_over(self, record: StepRecord, restored: list[str]) -> None:
        engine = self.engine
        message = f"Brought back: {', '.join(restored)}." if restored else None
        with engine.store.write() as connection:
            ledger_runs.set_step_files(
                connection,
                engine.run,
                self.position,
                inputs=record.inputs,
                outputs=record.outputs,
                in_blobs=record.stored,
            )
        engine.environment = record.environment or engine.environment
        engine._set(
            self.position,
            self.path,
            "cached",
            seconds=round(time.time() - self.started, 3),
            cells_done=cells.code_cell_count(self.notebook),
            cache_key=record.cache_key,
            environment_id=record.environment,
            executed_blob=record.executed_blob,
            metrics=record.metrics,
            message=message,
        )

    async def _execute(self) -> None:
        engine = self.engine
        folders = Folders(engine.project.root)
        expected = outcome.expected_files(self.node, engine._hashes, folders, time.time_ns())
        kernel = await self._kernel()
        recording = await engine.recording()
        engine.prepare_after(self.position)
        ended = None
        died = True
        try:
            await recording.begin(kernel, self.path)
            ended = await self._run_or_cancel(kernel)
            died = ended is None or (ended[1] is not None and ended[1].name in _UNFINISHED)
        finally:
            if died:
                await engine._pool.kill(kernel)
            await recording.end(kernel, died=died)
            engine._pool.discard(kernel)
        self._logged = recording.params(self.path)
        if ended is None:
            engine._set(
                self.position,
                self.path,
                "cancelled",
                seconds=round(time.time() - self.started, 3),
                message="Cancelled while it ran.",
            )
            return
        await asyncio.to_thread(self._finish, ended[0], ended[1], expected)

    async def _kernel(self) -> Kernel:
        engine = self.engine
        loading = asyncio.ensure_future(asyncio.to_thread(cells.load_client))
        try:
            return await engine._pool.take(self.kernel_name, engine.folder_of(self.path))
        except KernelError as error:
            raise KernelError(
                f"{self.path}: {error.message}", hint=error.hint, detail=error.detail
            ) from error
        finally:
            await loading

    async def _run_or_cancel(
        self, kernel: Kernel
    ) -> tuple[Notebook, cells.CellFailure | None] | None:
        """Run the cells; ``None`` when the run was cancelled meanwhile."""
        engine = self.engine
        work = asyncio.ensure_future(
            cells.run_cells(
                self.notebook,
                kernel,
                timeout=engine.project.config.pipeline.timeout,
                params=engine.request.params,
                on_cell=lambda done: engine.update(self.position, cells_done=done),
            )
        )
        stop = asyncio.ensure_future(engine._cancelled.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            # First the kernel, so that nothing of the cell goes on while the rest is tidied up.
            await engine._pool.kill(kernel)
            work.cancel()
            await asyncio.wait({work})
            return None
        finally:
            stop.cancel()

    def _finish(
        self,
        executed: Notebook,
        failure: cells.CellFailure | None,
        expected: outcome.Expected,
    ) -> None:
        engine = self.engine
        analysis = self.node.analysis
        found = outcome.gather(
            engine.store,
            engine.project.root,
            engine.run,
            self.path,
            expected,
            frozenset(name for name, _digest in analysis.modules),
            cells.executed_count(self.notebook),
        )
        if found.outside:
            engine.outside[self.path] = found.outside
        kept: frozenset[str] = frozenset()
        if engine.switches.keep_outputs and failure is None:
            kept = outcome.keep_outputs(engine.store, engine.project.root, found.outputs)
        copy = dump_notebook(writeback.with_outputs(self.notebook, executed))
        blob = engine.store.blobs.put(copy)
        with engine.store.write() as connection:
            ledger_runs.set_step_files(
                connection,
                engine.run,
                self.position,
                inputs=found.inputs,
                outputs=found.outputs,
                in_blobs=kept,
            )
        engine.environment = found.environment or engine.environment
        values: dict[str, Any] = {
            "environment_id": found.environment,
            "executed_blob": blob,
            "metrics": found.metrics,
            "params": {**self.params, **self._logged},
        }
        if failure is not None:
            engine.fail(self.position, self.path, failure, self.started, **values)
            return
        known = found.complete and not keys.undeclared_addresses(engine.project, self.node)
        after = self._listed_after()
        engine._set(
            self.position,
            self.path,
            "ran",
            seconds=round(time.time() - self.started, 3),
            message=self._write_back(executed),
            cache_key=keys.cache_key(after, found.inputs, found.outputs) if known else None,
            **values,
        )

    def _listed_after(self) -> keys.Surroundings:
        """Listings as they are now: what the step made itself is left out by its key."""
        import msgspec

        listings = keys.listings_of(self.engine.project, self.node)
        return msgspec.structs.replace(self.around, listings=listings)

    def _write_back(self, executed: Notebook) -> str | None:
        engine = self.engine
        if not engine.switches.write_back or not engine.request.write or engine.request.params:
            return None
        before = sha256_bytes(self.file.read_bytes())
        problem = writeback.write_back(self.file, executed, self.digest)
        if problem is not None or engine.after_write is None:
            return problem
        if sha256_bytes(self.file.read_bytes()) != before:
            try:
                engine.after_write(self.path)
            except Exception:
                # The notebook is written and right; its twin is mended at the next save.
                log.exception("nbtrail: %s was written, but its pair was not told", self.path)
        return None
