"""The part of `executors.dask` that runs in the processes of Dask's workers.

Tasks and results travel as bytes, so that Dask does not look into notebooks.
"""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Mapping
from typing import Any

from distributed import Status, Worker, get_worker

from nbtrail.pipeline.executors import StepTask
from nbtrail.pipeline.executors.session import run_alone
from nbtrail.pipeline.kernels import environment_fingerprint

#: Seconds between two looks at whether somebody still wants the step.
_LOOK = 0.2
_ENDING = (Status.closing, Status.closing_gracefully, Status.closed, Status.failed)


def execute_step(task: bytes, key: str) -> bytes:
    """Execute a pickled `StepTask` on a thread of a worker; cells done are events under ``key``.

    Returns
    -------
    The `StepResult`, pickled with the fingerprint of the kernel's environment as it is here.
    """
    step: StepTask = pickle.loads(task)
    worker = get_worker()
    result = asyncio.run(_execute(step, worker, key))
    return pickle.dumps((result, environment_fingerprint(step.kernel)))


async def _execute(step: StepTask, worker: Worker, key: str) -> Any:
    unwanted = asyncio.Event()
    watching = asyncio.ensure_future(_watch(worker, key, unwanted))
    try:
        return await run_alone(step, lambda done: worker.log_event(key, done), unwanted)
    finally:
        watching.cancel()


async def _watch(worker: Worker, key: str, unwanted: asyncio.Event) -> None:
    """Notice that the run was cancelled, or that the process that coordinates it is gone.

    Dask ends no thread: it only takes the task back.
    """
    while is_wanted(worker, key):
        await asyncio.sleep(_LOOK)
    unwanted.set()


def is_wanted(worker: Worker, key: str) -> bool:
    """Whether a worker still has the task and somebody waits for it."""
    task = worker.state.tasks.get(key)
    is_taken_back = task is None or task.state in ("cancelled", "released", "forgotten")
    return not is_taken_back and worker.status not in _ENDING


def is_at_work(key: str, dask_worker: Worker) -> bool:
    """Whether the thread of a task still runs."""
    return key in dask_worker.active_keys


def questions() -> Callable[[str, str], Mapping[str, Any]]:
    """What a worker is asked before it gets a step.

    The function is pickled with its code, because nbtrail may be missing there.
    """

    def answers(root: str, path: str) -> dict[str, Any]:
        import hashlib
        import os
        import platform
        from importlib.metadata import version

        found: dict[str, Any] = {
            "Python": ".".join(platform.python_version_tuple()[:2]),
            "distributed": version("distributed"),
            "nbtrail": None,
            "notebook": None,
            "folder": os.path.isdir(root),
        }
        try:
            from nbtrail import __version__
            from nbtrail.pipeline.executors import dask_worker  # noqa: F401

            found["nbtrail"] = __version__
        except ImportError:
            pass
        try:
            with open(os.path.join(root, path), "rb") as file:
                found["notebook"] = hashlib.sha256(file.read()).hexdigest()
        except OSError:
            pass
        return found

    return answers
