"""One pass of a verify: everything from nothing in a copy, each step compared as it ends."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from nbtrail.errors import NbtrailError
from nbtrail.files import sha256_bytes
from nbtrail.ledger import runs as ledger_runs
from nbtrail.ledger.records import FileAccess, StepStatus
from nbtrail.ledger.steps import StepRecord, executed_copy, made_in_cells, steps_of
from nbtrail.ledger.store import Store
from nbtrail.notebooks.document import Notebook, parse_notebook
from nbtrail.pipeline.engine import Engine, Switches
from nbtrail.pipeline.graph import Graph, build_graph
from nbtrail.pipeline.request import RunRequest
from nbtrail.project import STATE_NAME, Project
from nbtrail.proof.aside import Claim, copy_project
from nbtrail.proof.baseline import Baseline
from nbtrail.proof.compare import Comparison, Difference, StepComparison, combine, compare_step
from nbtrail.proof.outputs import Outputs, compare_cells
from nbtrail.proof.verdict import told
from nbtrail.proof.watch import Watch

#: Larger files are compared by bytes, in bytes.
LARGEST_READ = 256 * 1024 * 1024
_ENDED = frozenset({"ran", "cached", "failed"})


class Round:
    """One pass, and what is known of it so far.

    Attributes
    ----------
    escapes
        Writes outside the copy.
    compared
        What came of comparing the steps that have ended.
    stopped
        Whether it was ended at the first difference.
    engine
        Runs the steps; there once `execute` has begun.
    """

    def __init__(
        self,
        project: Project,
        store: Store,
        run: str,
        request: RunRequest,
        baseline: Baseline,
        planned: tuple[str, ...],
    ) -> None:
        self.project = project
        self.store = store
        self.run = run
        self.request = request
        self.baseline = baseline
        self.planned = planned
        self.escapes: list[Difference] = []
        self.compared: dict[str, StepComparison] = {}
        self.stopped = False
        self.engine: Engine
        self._expected = {step.path: step for step in baseline.steps}

    async def execute(self, claim: Claim, cancelled: asyncio.Event, prefix: str = "") -> None:
        """Copy the project into the claimed folder and run everything there.

        Parameters
        ----------
        prefix
            Said before the first difference, which is told as soon as it is known.
        """
        # A folder of the project's own name: notebooks may look for it.
        outer = claim.path / "copy"
        root = (outer / self.project.root.name).resolve()
        around = {
            claim.path: frozenset({"copy", STATE_NAME}),
            outer: frozenset({self.project.root.name}),
        }
        self._watch = await asyncio.to_thread(Watch, self.project, around)
        await asyncio.to_thread(copy_project, self.project.root, root, self.baseline.made())
        aside = dataclasses.replace(
            self.project,
            root=root,
            state_dir=claim.path / STATE_NAME,
            home=self.project.original,
        )
        loop = asyncio.get_running_loop()
        ended: asyncio.Queue[str | None] = asyncio.Queue()

        def on_status(path: str, status: StepStatus) -> None:
            if status in _ENDED:
                # Before the next step can begin: what is found is this one's doing.
                self._look_around(path)
                loop.call_soon_threadsafe(ended.put_nowait, path)

        graph = build_graph(aside, self.store)
        self.engine = Engine(
            project=aside,
            store=self.store,
            run=self.run,
            request=self.request,
            graph=graph,
            dates=dates_of(self.baseline, graph, self.planned),
            steps=self.planned,
            switches=Switches(
                reuse=False, write_back=False, keep_outputs=False, import_ahead=False
            ),
            open_store=lambda: Store.open(self.project),
            on_status=on_status,
        )
        stop = asyncio.Event()
        passing = asyncio.ensure_future(_pass_on(cancelled, stop))
        comparing = asyncio.ensure_future(self._compare(ended, stop, prefix))
        try:
            await self.engine.execute(stop)
        finally:
            ended.put_nowait(None)
            passing.cancel()
            await comparing
        await asyncio.to_thread(self._look_around, None)

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody ended it."""
        return self.engine.status == "cancelled" and not self.stopped

    @property
    def saved(self) -> list[str]:
        """Notebooks and twins of the original that somebody saved meanwhile."""
        return sorted(self._watch.saved)

    def comparison(self) -> Comparison:
        """What is known so far, as a whole once the run has ended."""
        return combine(
            self.planned,
            tuple(self._expected),
            self.compared,
            is_whole=self.engine.status == "ok",
        )

    async def _compare(
        self, ended: asyncio.Queue[str | None], stop: asyncio.Event, prefix: str
    ) -> None:
        """Compare steps as they end, and tell of the first difference at once."""
        said = False
        while (path := await ended.get()) is not None:
            await asyncio.to_thread(self._step_ended, path)
            found = [*self.escapes, *self.compared.get(path, StepComparison(())).differences]
            if not found:
                continue
            if not said:
                said = True
                await asyncio.to_thread(self._tell, f"{prefix}{told(found[0])}")
            if self.request.fail_fast and not stop.is_set():
                self.stopped = True
                stop.set()

    def _tell(self, message: str) -> None:
        with self.store.write() as connection:
            ledger_runs.update_run(connection, self.run, message=message)

    def _step_ended(self, path: str) -> None:
        for outside in self.engine.outside.get(path, ()):
            if not any(known.name == outside for known in self.escapes):
                self.escapes.append(Difference("isolation", path, outside, None, None))
        expected = self._expected.get(path)
        if expected is not None:
            self.compared[path] = self._compare_step(path, expected)

    def _look_around(self, step: str | None) -> None:
        """Note what was written outside the copy since the last look, by the step that ended.

        Whose doing it is is not known while others run.
        """
        if any(state == "running" for path, state in self.engine.statuses.items() if path != step):
            step = None
        for place in self._watch.look():
            self.escapes.append(Difference("isolation", step, place, None, None))

    def _compare_step(self, path: str, expected: StepRecord) -> StepComparison:
        with self.store.read() as connection:
            actual = next((s for s in steps_of(connection, self.run) if s.path == path), None)
            made_in = made_in_cells(connection, self.run, path)
            copies = expected.executed_blob, executed_copy(connection, self.run, path)
        before, now = (self._executed(blob, path) for blob in copies)
        outputs = self._outputs(path, before, now)
        if actual is None:
            # It failed: what its cells showed until then may tell where it all began.
            reached = _reached(now)
            shown = () if outputs is None else outputs.differences
            shown = tuple(one for one in shown if one.cell <= reached)
            bare = msgspec.structs.replace(expected, metrics={}, outputs=())
            return compare_step(
                bare, bare, self.project.config.verify, outputs=Outputs(shown, len(shown), 0.0)
            )
        places = {
            str(cell.get("id") or f"#{index}"): index
            for index, cell in enumerate(now["cells"] if now is not None else ())
        }
        return compare_step(
            expected,
            actual,
            self.project.config.verify,
            outputs=outputs,
            contents=(lambda a: self._recorded(a, expected), self._made),
            cells=places,
            made_in=made_in,
        )

    def _executed(self, blob: str | None, path: str) -> Notebook | None:
        with contextlib.suppress(OSError, NbtrailError):
            return None if blob is None else parse_notebook(self.store.blobs.get(blob), path)
        return None

    def _outputs(self, path: str, before: Notebook | None, now: Notebook | None) -> Outputs | None:
        if before is None or now is None:
            return None
        # A path that is printed is another one in the copy, and means the same.
        here, there = str(self.engine.project.root), str(self.project.root)
        return compare_cells(path, before, _with_path(now, here, there), self.project.config.verify)

    def _recorded(self, access: FileAccess, step: StepRecord) -> bytes | None:
        """What a step wrote in the run compared with: from the store, else where it still lies."""
        if access.sha256 in step.stored:
            with contextlib.suppress(OSError, NbtrailError):
                return self.store.blobs.get(access.sha256 or "")
        return _content(self.project.root / access.path, access)

    def _made(self, access: FileAccess) -> bytes | None:
        return _content(self.engine.project.root / access.path, access)


def dates_of(baseline: Baseline, graph: Graph, planned: tuple[str, ...]) -> dict[str, str]:
    """The date of each step's recorded run, so that names of datasets come out the same.

    Not before those of the steps whose results it reads: a date hides what is newer.
    """
    found: dict[str, str] = {}
    for path in planned:
        before = [found[source] for source in graph.sources_of(path) if source in found]
        found[path] = max((baseline.dates.get(path, ""), *before)) or baseline.date
    return {path: date for path, date in found.items() if date}


def _reached(notebook: Notebook | None) -> int:
    """Index of the last cell that was run; -1 when none was."""
    cells = () if notebook is None else notebook["cells"]
    return max((n for n, cell in enumerate(cells) if cell.get("execution_count")), default=-1)


async def _pass_on(cancelled: asyncio.Event, stop: asyncio.Event) -> None:
    await cancelled.wait()
    stop.set()


def _content(file: Path, access: FileAccess) -> bytes | None:
    """The content that a file had; ``None`` when it has another one now, or is too large."""
    with contextlib.suppress(OSError):
        if access.sha256 is not None and file.stat().st_size <= LARGEST_READ:
            data = file.read_bytes()
            return data if sha256_bytes(data) == access.sha256 else None
    return None


def _with_path(value: Any, here: str, there: str) -> Any:
    if isinstance(value, str):
        return value.replace(here, there)
    if isinstance(value, list):
        return [_with_path(entry, here, there) for entry in value]
    if isinstance(value, Mapping):
        return {key: _with_path(entry, here, there) for key, entry in value.items()}
    return value
