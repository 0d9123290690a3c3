"""Where the cells of a step are executed: on this machine, or on others.

The engine (`nbtrail.pipeline.engine`) decides which step runs when and is the only one that
writes to the ledger: it looks up keys, hashes and keeps outputs, writes outputs back and says
how the step ended. An executor gets a `StepTask` and gives back a `StepResult`; both are plain
data that can be pickled and sent to another process. What it needs on the other side is the
project's folder, at the path that the task names, and nbtrail.

`nbtrail.pipeline.executors.session` does the work of one task on a fresh kernel. `LocalExecutor`
calls `run_task` with kernels started ahead of need and a recorder that writes as cells end; a
process elsewhere calls `run_alone`, which has kernel and recorder of its own and puts what the
recorder heard into ``StepResult.records``. The engine writes those to the ledger.

An executor is added by a branch in `open_executor`; the engine asks nothing else of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from nbtrail.notebooks.document import Notebook
from nbtrail.pipeline.cells import CellFailure
from nbtrail.pipeline.kernels import Wish

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from nbtrail.pipeline.request import RunRequest
    from nbtrail.recorder.sessions import Sink

#: A write to the ledger that the recorder asks for: a function of this package, bound to plain
#: data, so that it can be pickled.
Record = Callable[["Connection"], Any]


class RunContext(msgspec.Struct, frozen=True):
    """What is the same for all steps of a run.

    Attributes
    ----------
    root
        Absolute path of the project's folder; a verify's is a copy.
    variables
        Set in the kernels' processes, beside those of the process that starts them.
    metrics
        Patterns of ``[metrics]``.
    note_files
        Whether the probe notes files (``[recorder] files``).
    dates
        ISO date that ``nbtrail.dataset`` takes for today in a step, by path, where it is another
        one than that of the run: each step of a verify has that of its recorded run.
    """

    run: str
    root: str
    variables: dict[str, str]
    metrics: tuple[str, ...] = ()
    note_files: bool = True
    dates: dict[str, str] = {}


class Limits(msgspec.Struct, frozen=True):
    """What a step may take; 0 sets no limit.

    Attributes
    ----------
    cell_seconds, seconds
        Time of one cell, and of all of them.
    memory_mb
        Memory of the kernel and of all that it has started, in MB of 1,048,576 bytes.
    """

    cell_seconds: float = 0
    seconds: float = 0
    memory_mb: float = 0


class StepTask(msgspec.Struct, frozen=True):
    """A step to be executed.

    Attributes
    ----------
    path
        The notebook, as POSIX path from the root.
    kernel
        Name of the kernel to start.
    params
        Assigned in place of those of the cell tagged ``parameters``.
    imports
        What a kernel that is started ahead may import (`nbtrail.pipeline.ahead`).
    """

    context: RunContext
    path: str
    notebook: Notebook
    kernel: str
    params: dict[str, Any] = {}
    limits: Limits = Limits()
    imports: tuple[str, ...] = ()

    @property
    def wish(self) -> Wish:
        """The kernel that it needs."""
        return Wish(self.kernel, self.folder, self.imports)

    @property
    def folder(self) -> str:
        """Where the kernel works: the notebook's own folder."""
        return str((Path(self.context.root) / self.path).parent)


class StepResult(msgspec.Struct, frozen=True):
    """What became of a step.

    Attributes
    ----------
    executed
        The notebook with its new outputs; ``None`` when the run was cancelled meanwhile.
    failure
        Why it failed.
    logged
        What the notebook logged with ``log_param``.
    gap
        Why not all of it could be recorded: nothing is skipped by such a record.
    records
        What is still to be written to the ledger, in order.
    notes
        What else people should know of it, as sentences.
    """

    executed: Notebook | None
    failure: CellFailure | None = None
    logged: dict[str, Any] = {}
    gap: str | None = None
    records: tuple[Record, ...] = ()
    notes: tuple[str, ...] = ()


class Executor(Protocol):
    """Executes steps, several at once if it is asked to."""

    def prepare(self, kernels: Sequence[Wish], kept: Collection[Wish] = ()) -> None:
        """Start kernels: the first is needed now, the others probably next; returns at once.

        They replace those asked for before, save those in ``kept``, which other steps are about
        to take. An executor may do nothing.
        """

    async def execute(
        self, task: StepTask, on_cell: Callable[[int], None], cancelled: asyncio.Event
    ) -> StepResult:
        """Execute a step on a fresh kernel.

        Parameters
        ----------
        on_cell
            Called on the event loop with the number of code cells done, as cells end.
        cancelled
            When it is set, the kernel is killed with all that it has started, within 2 s.

        Raises
        ------
        NbtrailError
            When the step cannot be executed at all: its kernel is not installed, a worker is
            gone for good.
        """

    async def close(self) -> None:
        """Returns when no kernel is left."""


def open_executor(
    request: RunRequest, context: RunContext, sink: Sink, state: Path | None
) -> Executor:
    """The executor that a run asks for; called when the first step has to be executed.

    Parameters
    ----------
    sink, state
        The ledger's writer and folder, for executors in the coordinator's process only.
    """
    if request.executor == "dask":
        from nbtrail.pipeline.executors.dask import DaskExecutor

        return DaskExecutor(context, request.scheduler)
    from nbtrail.pipeline.executors.local import LocalExecutor

    return LocalExecutor(context, sink, state)
