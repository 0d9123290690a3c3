"""One step on one fresh kernel, recorded: what every executor does in the end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import msgspec

from nbtrail.notebooks.document import Notebook
from nbtrail.pipeline import cells
from nbtrail.pipeline.executors import Record, RunContext, StepResult, StepTask
from nbtrail.pipeline.kernels import Kernel, KernelPool
from nbtrail.pipeline.limits import Watch
from nbtrail.pipeline.recording import RunRecording

#: Failures after which a cell has not come to its end, so that nothing more is to be heard.
_UNFINISHED = ("KernelDied", "CellTimeout", "StepTimeout", "MemoryLimit")
_T = TypeVar("_T")
_Ended = tuple[Notebook, cells.CellFailure | None]


class Collected:
    """Takes the recorder's records in the ledger's place, to be written by another process."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def submit(self, write: Record) -> None:
        """Keep a record."""
        self.records.append(write)

    def flush(self, timeout: float = 10.0) -> bool:
        """Nothing is ever under way."""
        return True


def kernel_environment(context: RunContext) -> dict[str, str]:
    """Variables of the kernels of a run."""
    env = {**os.environ, **context.variables}
    env.setdefault("PYTHONHASHSEED", "0")
    return env


async def run_alone(
    task: StepTask, on_cell: Callable[[int], None], cancelled: asyncio.Event
) -> StepResult:
    """Execute a step in a process that has no ledger: ``records`` holds what goes into it.

    Raises
    ------
    KernelError
        As `run_task`.
    """
    sink = Collected()
    pool = KernelPool(kernel_environment(task.context))
    recording = RunRecording(task.context, sink, None)
    try:
        result = await run_task(task, pool, recording, on_cell, cancelled)
    finally:
        await pool.close()
        await asyncio.to_thread(recording.close)
    return msgspec.structs.replace(result, records=tuple(sink.records))


async def run_task(
    task: StepTask,
    pool: KernelPool,
    recording: RunRecording,
    on_cell: Callable[[int], None],
    cancelled: asyncio.Event,
) -> StepResult:
    """Execute a step on a fresh kernel of ``pool``; arguments as `executors.Executor.execute`.

    Raises
    ------
    KernelError
        When the kernel is not installed or does not start.
    """
    kernel = await _unless(cancelled, _kernel(task, pool))
    if kernel is None:
        return StepResult(None)
    ended: _Ended | None = None
    died = True
    try:
        await recording.begin(kernel, task.path)
        # First the kernel, so that nothing of the cell goes on while the rest is tidied up.
        ended = await _unless(
            cancelled, _run_within_limits(task, kernel, on_cell), lambda: pool.kill(kernel)
        )
        died = ended is None or (ended[1] is not None and ended[1].name in _UNFINISHED)
    finally:
        if died:
            await pool.kill(kernel)
        gap = await recording.end(kernel, died=died)
        pool.discard(kernel)
    logged = recording.params(task.path)
    if ended is None:
        return StepResult(None, logged=logged, gap=gap)
    return StepResult(ended[0], ended[1], logged, gap)


async def _run_within_limits(
    task: StepTask, kernel: Kernel, on_cell: Callable[[int], None]
) -> _Ended:
    """Run the cells; a kernel that passes a limit is killed, and the failure says so."""
    watch = Watch(kernel, task.limits)
    work = cells.run_cells(
        task.notebook,
        kernel,
        timeout=task.limits.cell_seconds,
        params=task.params,
        on_cell=on_cell,
    )
    watching = asyncio.ensure_future(watch.until_breach())
    try:
        # That the kernel was killed comes back as its death, in the cell that was at work.
        executed, failure = await work
    finally:
        watching.cancel()
    if failure is not None and failure.name == "KernelDied":
        failure = watch.explain(failure)
    return executed, failure


async def _kernel(task: StepTask, pool: KernelPool) -> Kernel:
    loading = asyncio.ensure_future(asyncio.to_thread(cells.load_client))
    try:
        return await pool.take(task.wish)
    finally:
        await loading


async def _unless(
    cancelled: asyncio.Event,
    work: Coroutine[Any, Any, _T],
    first: Callable[[], Awaitable[None]] | None = None,
) -> _T | None:
    """What comes of ``work``; ``None`` when the run was cancelled meanwhile.

    ``first`` is done before the work is told to stop.
    """
    doing = asyncio.ensure_future(work)
    stop = asyncio.ensure_future(cancelled.wait())
    try:
        await asyncio.wait({doing, stop}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        if first is not None:
            await first()
        doing.cancel()
        await asyncio.wait({doing})
        return None
    finally:
        stop.cancel()
        doing.cancel()
