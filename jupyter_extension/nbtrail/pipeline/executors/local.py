"""Steps on this machine, in kernels that are children of the run's process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from nbtrail.pipeline.executors import RunContext, StepResult, StepTask
from nbtrail.pipeline.executors.session import kernel_environment, run_task
from nbtrail.pipeline.kernels import KernelPool, Wish
from nbtrail.pipeline.recording import RunRecording
from nbtrail.recorder.sessions import Sink


class LocalExecutor:
    """Runs steps here; what their cells do is on record as they end (`executors.Executor`)."""

    def __init__(self, context: RunContext, sink: Sink, state: Path | None) -> None:
        self._recording = RunRecording(context, sink, state)
        self._pool = KernelPool(kernel_environment(context), self._recording.probe)

    def prepare(self, kernels: Sequence[Wish], kept: Collection[Wish] = ()) -> None:
        """Start kernels ahead of need."""
        self._pool.prepare(kernels, kept)

    async def execute(
        self, task: StepTask, on_cell: Callable[[int], None], cancelled: asyncio.Event
    ) -> StepResult:
        """Execute a step on a fresh kernel."""
        return await run_task(task, self._pool, self._recording, on_cell, cancelled)

    async def close(self) -> None:
        """End kernels and recorder."""
        await self._pool.close()
        await asyncio.to_thread(self._recording.close)
