"""Steps on a Dask cluster, whose workers see the project's folder at the same path.

A worker gets one step for each of its threads. Which worker gets which step is decided here, and
not by Dask's scheduler: so it is known when a worker was lost with a step, and on record that the
step was run again.
"""

from __future__ import annotations

import asyncio
import pickle
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec

from nbtrail.errors import ClusterError
from nbtrail.pipeline.executors import RunContext, StepResult, StepTask
from nbtrail.pipeline.kernels import Wish, environment_fingerprint

#: Seconds that the scheduler may take to answer, and that a worker may take to turn up.
_CONNECT_TIMEOUT = 10.0
_WORKER_TIMEOUT = 60.0
#: Seconds between two looks at which workers there are.
_LOOK = 0.5
#: Seconds until the kernel of a lost worker has noticed that it is alone, and has ended.
_KERNEL_NOTICES = 2.0
#: How often a step is begun when workers are lost with it.
_ATTEMPTS = 3
#: Seconds that a worker may take to end the kernel of a cancelled step.
_CANCEL_TIMEOUT = 10.0


class DaskExecutor:
    """Runs steps on a cluster (`executors.Executor`).

    Parameters
    ----------
    address
        Of the scheduler, for example ``tcp://10.0.0.5:8786``.
    """

    def __init__(self, context: RunContext, address: str) -> None:
        self._context = context
        self._address = address
        self._connecting: asyncio.Task[Any] | None = None
        #: Steps that each worker has, and why workers are not used (``None``: they are).
        self._busy: Counter[str] = Counter()
        self._refused: dict[str, str | None] = {}
        self._choosing = asyncio.Lock()

    def prepare(self, kernels: Sequence[Wish], kept: Collection[Wish] = ()) -> None:
        """Nothing: which worker will be free is not known."""

    async def execute(
        self, task: StepTask, on_cell: Callable[[int], None], cancelled: asyncio.Event
    ) -> StepResult:
        """Execute a step on a worker, and again on another one when the worker is lost.

        Raises
        ------
        ClusterError
            When the scheduler cannot be reached, no worker can be used, or several were lost.
        """
        if self._connecting is None:
            self._connecting = asyncio.ensure_future(_connect(self._address))
        client = await asyncio.shield(self._connecting)
        lost: list[str] = []
        while len(lost) < _ATTEMPTS:
            worker = await self._take_worker(client, task, cancelled)
            if worker is None:
                return StepResult(None)
            try:
                result = await self._execute_on(client, worker, task, on_cell, cancelled)
            finally:
                self._busy[worker] -= 1
            if result is not None:
                notes = tuple(
                    f"Run again, because worker {name} was lost with it." for name in lost
                )
                return msgspec.structs.replace(result, notes=notes)
            lost.append(worker)
            on_cell(0)
            await asyncio.sleep(_KERNEL_NOTICES)
        raise ClusterError(
            f"{len(lost)} workers were lost with {task.path}: {', '.join(lost)}.",
            hint="Their logs say why; a step that needs more memory than they have is likely.",
        )

    async def close(self) -> None:
        """Leave the cluster; kernels end with their steps."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait({self._connecting})
            if not self._connecting.cancelled() and self._connecting.exception() is None:
                await self._connecting.result().close()

    async def _take_worker(
        self, client: Any, task: StepTask, cancelled: asyncio.Event
    ) -> str | None:
        """A worker with a free thread, counted as busy; ``None`` when the run is cancelled."""
        deadline = asyncio.get_running_loop().time() + _WORKER_TIMEOUT
        while not cancelled.is_set():
            async with self._choosing:
                threads = await _threads(client, self._address)
                for worker in threads:
                    if worker not in self._refused:
                        self._refused[worker] = await _objection(client, worker, task)
                usable = [worker for worker in threads if self._refused[worker] is None]
                free = [worker for worker in usable if self._busy[worker] < threads[worker]]
                if free:
                    chosen = min(free, key=lambda worker: self._busy[worker] / threads[worker])
                    self._busy[chosen] += 1
                    return chosen
            if threads and not usable:
                reasons = dict.fromkeys(str(self._refused[worker]) for worker in threads)
                raise ClusterError(
                    f"No worker of {self._address} can be used: {' '.join(reasons)}",
                    hint="Give workers the folder at the same path and the same environment.",
                )
            if not threads and asyncio.get_running_loop().time() > deadline:
                raise ClusterError(
                    f"The Dask scheduler at {self._address} has had no worker for "
                    f"{_WORKER_TIMEOUT:g} s.",
                    hint=f"Start some: dask worker {self._address}",
                )
            await asyncio.sleep(_LOOK)
        return None

    async def _execute_on(
        self,
        client: Any,
        worker: str,
        task: StepTask,
        on_cell: Callable[[int], None],
        cancelled: asyncio.Event,
    ) -> StepResult | None:
        """Execute a step on this worker; ``None`` when the worker was lost."""
        from nbtrail.pipeline.executors.dask_worker import execute_step

        key = f"nbtrail-{self._context.run}-{uuid.uuid4().hex}"
        client.subscribe_topic(key, lambda event: on_cell(event[1]))
        future = client.submit(
            execute_step,
            pickle.dumps(task),
            key,
            key=key,
            workers=[worker],
            allow_other_workers=False,
            pure=False,
        )
        waiting = asyncio.ensure_future(future.result())
        stop = asyncio.ensure_future(cancelled.wait())
        try:
            while True:
                await asyncio.wait(
                    {waiting, stop}, timeout=_LOOK, return_when=asyncio.FIRST_COMPLETED
                )
                if waiting.done():
                    return self._taken_in(waiting, task)
                if stop.done():
                    await self._take_back(client, worker, future, key)
                    return StepResult(None)
                if worker not in await _threads(client, self._address):
                    return None
        finally:
            stop.cancel()
            waiting.cancel()
            client.unsubscribe_topic(key)
            future.release()

    def _taken_in(self, waiting: asyncio.Future[bytes], task: StepTask) -> StepResult | None:
        from distributed import CancelledError, KilledWorker

        try:
            result, fingerprint = pickle.loads(waiting.result())
        except KilledWorker:
            return None
        except (CancelledError, OSError, asyncio.CancelledError) as error:
            raise _lost_scheduler(self._address, error) from error
        if fingerprint != environment_fingerprint(task.kernel) and result.gap is None:
            gap = "It ran in another environment than this machine's, so it is not skipped later."
            result = msgspec.structs.replace(result, gap=gap)
        return result  # type: ignore[no-any-return]

    async def _take_back(self, client: Any, worker: str, future: Any, key: str) -> None:
        """Cancel a step; returns when its kernel is gone."""
        from nbtrail.pipeline.executors.dask_worker import is_at_work

        await future.cancel()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _CANCEL_TIMEOUT
        while loop.time() < deadline:
            answers = await client.run(is_at_work, key, workers=[worker], on_error="ignore")
            if not answers.get(worker):
                return
            await asyncio.sleep(0.05)


async def _connect(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            "Dask is not installed in nbtrail's environment.",
            hint='Install it: pip install "nbtrail[dask]"',
        ) from error
    made: Any = Client
    try:
        return await made(
            address, asynchronous=True, timeout=_CONNECT_TIMEOUT, set_as_default=False
        )
    except Exception as error:
        # Of any kind: what is behind the address may speak another language.
        raise ClusterError(
            f"The Dask scheduler at {address} cannot be reached: {_said(error)}.",
            hint="Check the address, and that `dask scheduler` runs there in the same version.",
        ) from error


def _lost_scheduler(address: str, error: BaseException) -> ClusterError:
    return ClusterError(
        f"The Dask scheduler at {address} was lost: {_said(error)}.",
        hint="Start it and its workers, and run again: steps that ended well are not repeated.",
    )


def _said(error: BaseException) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__


async def _threads(client: Any, address: str) -> dict[str, int]:
    """Threads of each worker that there is now."""
    try:
        found: dict[str, int] = await asyncio.wait_for(client.nthreads(), _CONNECT_TIMEOUT)
    except (OSError, asyncio.TimeoutError) as error:
        raise _lost_scheduler(address, error) from error
    return found


async def _objection(client: Any, worker: str, task: StepTask) -> str | None:
    """Why a worker cannot take steps of the run, or ``None``."""
    from nbtrail.pipeline.executors.dask_worker import questions

    root, ask = task.context.root, questions()
    answers = await client.run(ask, root, task.path, workers=[worker], on_error="return")
    told, here = answers.get(worker), ask(root, task.path)
    if not isinstance(told, dict):
        return f"{worker} does not answer: {told!r}."
    if told["nbtrail"] is None:
        return f"{worker} has no nbtrail."
    for name in ("nbtrail", "distributed", "Python"):
        if told[name] != here[name]:
            return f"{worker} has {name} {told[name]}, and here it is {here[name]}."
    if not told["folder"]:
        return f"{worker} does not see the folder {root}."
    if told["notebook"] != here["notebook"]:
        return f"{worker} sees another {task.path} in {root}."
    return None
