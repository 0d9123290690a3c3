"""What a step may take, and the watch that ends its kernel when it takes more."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from nbtrail.pipeline.cells import CellFailure
from nbtrail.pipeline.executors import Limits
from nbtrail.pipeline.processes import MB, kill_family, memory_of

if TYPE_CHECKING:
    from nbtrail.config import PipelineConfig
    from nbtrail.pipeline.kernels import Kernel
    from nbtrail.pipeline.request import RunRequest

#: Seconds between two looks at a kernel's memory: with a limit, and without one.
_LOOK, _GLANCE = 0.2, 2.0


def limits_of(config: PipelineConfig, path: str, request: RunRequest) -> Limits:
    """Limits of a step: those of the request, else the step's own, else those of all steps."""
    step = config.declared(path)
    own_time, own_memory = (None, None) if step is None else (step.timeout, step.memory_mb)
    return Limits(
        cell_seconds=config.cell_timeout,
        seconds=_first(request.timeout, own_time, config.timeout),
        memory_mb=_first(request.memory_mb, own_memory, config.memory_mb),
    )


def retries_of(config: PipelineConfig, path: str, request: RunRequest) -> int:
    """How often a step that fails is tried again."""
    step = config.declared(path)
    own = None if step is None else step.retries
    return int(_first(request.retries, own, config.retries))


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)


class Watch:
    """Looks at a kernel while it works.

    Attributes
    ----------
    breach
        Which limit was passed: name and message of a failure, with ``{cell}`` for the cell's
        number; ``None`` as long as none was.
    """

    def __init__(self, kernel: Kernel, limits: Limits) -> None:
        self._kernel = kernel
        self._limits = limits
        self._held = 0
        self.breach: tuple[str, str] | None = None

    async def until_breach(self) -> None:
        """Return once a limit was passed and the kernel killed; never without limits."""
        begun = time.monotonic()
        while True:
            pid = self._kernel.process_id
            if pid is not None and await asyncio.to_thread(self._is_too_large, pid):
                break
            left = self._limits.seconds - (time.monotonic() - begun)
            if self._limits.seconds and left <= 0:
                self.breach = (
                    "StepTimeout",
                    f"Cell {{cell}} was at work when the step's {self._limits.seconds:g} s were "
                    "over. Raise `timeout` in nbtrail.toml, or run it with --timeout.",
                )
                break
            pause = _LOOK if self._limits.memory_mb else _GLANCE
            await asyncio.sleep(min(pause, left) if self._limits.seconds else pause)
        if pid is not None:
            await asyncio.to_thread(kill_family, pid)
        else:  # a kernel on another machine
            await self._kernel.manager.shutdown_kernel(now=True)

    def explain(self, failure: CellFailure) -> CellFailure:
        """Why a kernel died, with what is known of it."""
        number = "?" if failure.cell is None else str(failure.cell + 1)
        if self.breach is not None:
            name, message = self.breach
            return CellFailure(name, message.format(cell=number), failure.cell, failure.cell_id)
        message = failure.message
        if self._held:
            message += f" When last looked at, its processes held {self._held // MB:,} MB."
        return CellFailure(failure.name, message, failure.cell, failure.cell_id)

    def _is_too_large(self, pid: int) -> bool:
        most = self._limits.memory_mb * MB
        held = memory_of(pid, most or float("inf"))
        self._held = held or self._held
        if not most or held <= most:
            return False
        self.breach = (
            "MemoryLimit",
            f"Cell {{cell}} took more memory than the step may have: {held // MB:,} MB, with a "
            f"limit of {self._limits.memory_mb:,g} MB. Raise `memory_mb` in nbtrail.toml, or "
            "load less at a time.",
        )
        return True
