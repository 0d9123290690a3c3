"""Operations as steps: written once, driven with and without an event loop.

An operation is a generator. It yields `Away` for work of ours, which runs off the event loop
where there is one, and `Here` for the manager's own work, which is awaited where it has to be.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

#: Paths whose lock the present task holds: the manager's own nested calls pass.
held: ContextVar[frozenset[str]] = ContextVar("nbtrail_held", default=frozenset())


@dataclass(frozen=True)
class Away:
    """A step of ours: off the event loop.

    ``waits`` marks work that may have to wait for another writer of pairs. It runs in threads
    of its own, so that it holds up nothing else.
    """

    work: Callable[[], Any]
    waits: bool = False


@dataclass(frozen=True)
class Here:
    """A step of the manager's own."""

    work: Callable[[], Any]


@dataclass(frozen=True)
class Both:
    """A step of ours beside one of the manager's, each on a thread of its own where it can be.

    Gives ``(ours, theirs, error)``; ``error`` is what the manager raised, or ``None``. Without an
    event loop ours comes first.
    """

    away: Away
    here: Here


Steps = Generator[Away | Here | Both, Any, Any]


def run(generator: Steps, path: str | None) -> Any:
    """Drive an operation on the calling thread, holding ``path`` during the manager's steps."""
    try:
        step = next(generator)
        while True:
            try:
                if isinstance(step, Both):
                    ours = step.away.work()
                    with holding(path):
                        value = (ours, *_outcome(step.here.work))
                else:
                    with holding(path if isinstance(step, Here) else None):
                        value = step.work()
            except Exception as error:
                step = generator.throw(error)
            else:
                step = generator.send(value)
    except StopIteration as end:
        return end.value


async def run_async(generator: Steps, path: str | None, waiting: Executor) -> Any:
    """As `run`, with the steps of ours in threads and the manager's awaited.

    ``waiting`` runs what may have to wait.
    """
    try:
        step = next(generator)
        while True:
            try:
                if isinstance(step, Away):
                    value = await _away(step, waiting)
                elif isinstance(step, Both):
                    value = await _both(step, path, waiting)
                else:
                    with holding(path):
                        value = step.work()
                        value = await value if inspect.isawaitable(value) else value
            except Exception as error:
                step = generator.throw(error)
            else:
                step = generator.send(value)
    except StopIteration as end:
        return end.value


def _outcome(work: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return work(), None
    except Exception as error:
        return None, error


async def _both(
    step: Both, path: str | None, waiting: Executor
) -> tuple[Any, Any, Exception | None]:
    ours = asyncio.ensure_future(_away(step.away, waiting))
    try:
        # Ours gets to its thread before the manager takes the loop.
        await asyncio.sleep(0)
        with holding(path):
            value, error = _outcome(step.here.work)
            if inspect.isawaitable(value):
                try:
                    value = await value
                except Exception as raised:
                    value, error = None, raised
        return await ours, value, error
    except BaseException:
        ours.cancel()
        raise


async def _away(step: Away, waiting: Executor) -> Any:
    if not step.waits:
        return await asyncio.to_thread(step.work)
    context = contextvars.copy_context()
    try:
        done = asyncio.get_running_loop().run_in_executor(waiting, context.run, step.work)
    except RuntimeError:  # the layer was removed while the operation was under way
        return await asyncio.to_thread(step.work)
    return await done


@contextmanager
def holding(path: str | None) -> Iterator[None]:
    """Let the manager's nested calls about ``path`` pass."""
    if path is None:
        yield
        return
    token = held.set(held.get() | {path})
    try:
        yield
    finally:
        held.reset(token)
