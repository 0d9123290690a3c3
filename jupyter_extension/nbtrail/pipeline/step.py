"""One step of a run: taken from the record, or executed on a fresh kernel."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nbtrail.errors import NbtrailError
from nbtrail.files import sha256_bytes
from nbtrail.ledger import runs as ledger_runs
from nbtrail.ledger.snapshots import Snapshots
from nbtrail.ledger.steps import StepRecord, execution_count, good_steps, run_accesses
from nbtrail.notebooks.cells import sources_digest
from nbtrail.notebooks.document import Notebook, dump_notebook, parse_notebook
from nbtrail.pipeline import cells, keys, outcome, writeback
from nbtrail.pipeline.environments import kernel_of
from nbtrail.pipeline.executors import StepResult
from nbtrail.pipeline.graph import infer_graph
from nbtrail.pipeline.identity import Folders
from nbtrail.pipeline.inference.source import code_digest
from nbtrail.pipeline.inference.static import Analysis, analyse
from nbtrail.pipeline.limits import retries_of
from nbtrail.pipeline.model import Node

if TYPE_CHECKING:
    from nbtrail.pipeline.engine import Engine

log = logging.getLogger(__name__)


class StepRun:
    """One step of a run."""

    def __init__(self, engine: Engine, position: int, path: str, started: float) -> None:
        self.engine = engine
        self.position = position
        self.path = path
        self.started = started
        self.file: Path = engine.project.root / path
        self._attempts = 1
        self._failed: list[str] = []
        #: Executions on record of attempts that failed.
        self._before = 0

    async def run(self) -> None:
        """Take the step from the record, or execute it."""
        if not await asyncio.to_thread(self._prepare):
            await self._execute()

    def _prepare(self) -> bool:
        """Look at the step as it is now; whether it could be taken from the record."""
        engine = self.engine
        data = self.file.read_bytes()
        self.notebook: Notebook = parse_notebook(data, self.path)
        self.digest = sources_digest(self.notebook)
        self.node = self._current_node()
        self.params = {**cells.tagged_parameters(self.notebook), **engine.request.params}
        self.around = keys.Surroundings(
            analysis=self.node.analysis,
            environment=engine.fingerprint(kernel_of(engine.project, self.path, self.notebook)),
            params=self.params,
            listings=keys.listings_of(engine.project, self.node),
        )
        engine.update(
            self.position,
            cells_total=cells.code_cell_count(self.notebook),
            code_key=self.node.analysis.code_key,
            sources_digest=self.digest,
            params=self.params,
        )
        if self._reuse():
            return True
        self.expected = outcome.expected_files(
            self.node, engine.project.root, engine.hashes, engine.date_of(self.path)
        )
        return False

    def _current_node(self) -> Node:
        """The step as it is now: notebook and modules may be others than when the run began."""
        engine = self.engine
        project = engine.project
        node = engine.graph.node(self.path)
        data_folder = project.config.datasets.folder
        with engine.looking:
            engine.analyses.look_again()
            found = engine.analyses.get(self.path)
        if isinstance(found, Analysis) and found.code_key == code_digest(self.notebook):
            analysis = found
        else:
            analysis = analyse(self.notebook, self.path, project.root, data_folder)
        if analysis == node.analysis:
            return node
        with suppress(KeyError):
            # What other code was seen to do says nothing of this.
            node = infer_graph(project).node(self.path)
        return msgspec.structs.replace(node, analysis=analysis)

    def _reuse(self) -> bool:
        engine = self.engine
        done = engine.done.get(self.path)
        if not engine.switches.reuse or (engine.request.force and done is None):
            return False
        record = self._matching(done)
        if record is None:
            return False
        restored = outcome.restore_outputs(
            engine.store, engine.project.root, record.outputs, record.stored, engine.hashes
        )
        if restored is None:
            return False
        self._take_over(record, restored)
        return True

    def _matching(self, done: StepRecord | None) -> StepRecord | None:
        """A record that stands for the step as it is now; ``done`` is of the run resumed."""
        engine = self.engine
        folders = Folders(engine.project.root)
        date = engine.date_of(self.path)
        if done is not None and keys.is_as_it_ended(
            done, self.around, engine.hashes, folders, date
        ):
            return done
        if keys.undeclared_addresses(engine.project, self.node):
            return None
        with engine.store.read() as connection:
            records = good_steps(connection, self.path, code_key=self.node.analysis.code_key)
        if engine.request.force:
            records = [record for record in records if done and record.run == done.run]
        return keys.matching_record(records, self.around, engine.hashes, folders, date)

    def _take_over(self, record: StepRecord, restored: list[str]) -> None:
        engine = self.engine
        notes = [f"Brought back: {', '.join(restored)}."] if restored else []
        problem = self._outputs_back(record)
        if problem is not None:
            notes.append(problem)
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
        engine.set_status(
            self.position,
            self.path,
            "cached",
            seconds=round(time.time() - self.started, 3),
            cells_done=cells.code_cell_count(self.notebook),
            cache_key=record.cache_key,
            environment_id=record.environment,
            executed_blob=record.executed_blob,
            metrics=record.metrics,
            message=" ".join(notes) or None,
        )

    def _outputs_back(self, record: StepRecord) -> str | None:
        """Give a notebook without any outputs, such as a fresh clone, those of the record."""
        codes = [c for c in self.notebook["cells"] if c.get("cell_type") == "code"]
        if record.executed_blob is None or any(
            cell.get("outputs") or cell.get("execution_count") for cell in codes
        ):
            return None
        try:
            data = self.engine.store.blobs.get(record.executed_blob)
            executed = parse_notebook(data, self.path)
        except (OSError, NbtrailError):
            return None  # the copy was not kept: what the step made is there all the same
        # Where comments have changed since, it is not known which cell is which.
        same = sources_digest(executed) == self.digest
        return self._write_back(executed) if same else None

    async def _execute(self) -> None:
        engine = self.engine
        retries = retries_of(engine.project.config.pipeline, self.path, engine.request)
        task = engine.task(self.path, self.notebook)
        for attempt in range(1, retries + 2):
            result = await engine.carry_out(
                task, lambda done: engine.update(self.position, cells_done=done)
            )
            if result.notes:
                self._failed.extend(result.notes)
                engine.update(self.position, message=" ".join(self._failed))
            if result.executed is None or result.failure is None or attempt > retries:
                break
            await asyncio.to_thread(self._note_attempt, attempt, result.failure)
        if result.executed is None:
            engine.set_status(
                self.position,
                self.path,
                "cancelled",
                seconds=round(time.time() - self.started, 3),
                message="Cancelled while it ran.",
            )
            return
        await asyncio.to_thread(self._finish, result, result.executed)

    def _note_attempt(self, attempt: int, failure: cells.CellFailure) -> None:
        """An attempt failed and another follows: what it did stays on record."""
        self._attempts = attempt + 1
        self._failed.append(f"Attempt {attempt} failed{failure.where}: {failure.what}")
        with self.engine.store.read() as connection:
            self._before = execution_count(connection, self.engine.run, self.path)
        self.engine.update(self.position, cells_done=0, message=" ".join(self._failed))

    def _finish(self, result: StepResult, executed: Notebook) -> None:
        engine = self.engine
        failure = result.failure
        found = self._gather()
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
            "params": {**self.params, **result.logged},
        }
        if failure is not None:
            engine.fail(self.position, self.path, failure, self.started, self._attempts, **values)
            return
        known = (
            found.complete
            and result.gap is None
            and not keys.undeclared_addresses(engine.project, self.node)
        )
        after = self._listed_after()
        notes = [*self._failed, self._write_back(executed) or result.gap]
        engine.set_status(
            self.position,
            self.path,
            "ran",
            seconds=round(time.time() - self.started, 3),
            message=" ".join(filter(None, notes)) or None,
            cache_key=keys.cache_key(after, found.inputs, found.outputs) if known else None,
            **values,
        )

    def _gather(self) -> outcome.Outcome:
        """What the executions of the last attempt did."""
        engine = self.engine
        declared = engine.project.config.pipeline.declared(self.path)
        with engine.store.read() as connection:
            executions = run_accesses(connection, engine.run, self.path)[self._before :]
        return outcome.gather(
            engine.store,
            engine.project.root,
            self.path,
            executions,
            self.expected,
            frozenset(name for name, _digest in self.node.analysis.modules),
            cells.executed_count(self.notebook),
            declared=bool(declared and declared.reads),
        )

    def _listed_after(self) -> keys.Surroundings:
        """Listings as they are now: what the step made itself is left out by its key."""
        listings = keys.listings_of(self.engine.project, self.node)
        return msgspec.structs.replace(self.around, listings=listings)

    def _write_back(self, executed: Notebook) -> str | None:
        engine = self.engine
        if not engine.switches.write_back or not engine.request.write or engine.request.params:
            return None
        try:
            before = self._keep_outputs_of(self.file.read_bytes())
        except (OSError, NbtrailError) as error:
            return f"The outputs were not written back: {error}"
        offer = writeback.restore_command(self.path, engine.run)
        problem = writeback.write_back(self.file, executed, self.digest, offer)
        if problem is not None or engine.after_write is None:
            return problem
        if sha256_bytes(self.file.read_bytes()) != before:
            try:
                engine.after_write(self.path)
            except Exception:
                # The notebook is written and right; its twin is mended at the next save.
                log.exception("nbtrail: %s was written, but its pair was not told", self.path)
        return None

    def _keep_outputs_of(self, data: bytes) -> str:
        """Put outputs that are about to be replaced on the timeline; returns the file's hash.

        What an earlier run wrote is among the blobs as that run's executed copy.
        """
        store, digest = self.engine.store, sha256_bytes(data)
        shown = any(cell.get("outputs") for cell in parse_notebook(data, self.path)["cells"])
        if shown and not store.blobs.has(digest):
            Snapshots(store).take(self.path, data, "kept")
        return digest
