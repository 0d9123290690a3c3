"""What is asked of a run, and which steps that means."""

from __future__ import annotations

import json
import keyword
import posixpath
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from nbtrail.errors import UsageError
from nbtrail.pipeline.graph import Graph, Node

#: Each step at work is a kernel in memory.
MOST_JOBS = 256
_MOST_RETRIES = 100


class RunRequest(msgspec.Struct, frozen=True):
    """What is asked of a run.

    Attributes
    ----------
    notebooks
        Only these steps; empty for all.
    start, until
        First and last step in the order: a path, a file name without its suffix, a sequence
        number, or a place in the order counted from 1.
    force
        Run steps although nothing has changed.
    write
        Write outputs back into the notebooks.
    params
        Values that replace those of the cell tagged ``parameters``: JSON under names that Python
        allows, or `UsageError` is raised. Nothing is written back then: the notebooks show their
        own parameters' results.
    date
        ISO date that ``nbtrail.dataset`` takes for today; empty for today's.
    jobs
        How many steps run at once; those that need one another never do.
    timeout, memory_mb, retries
        In place of those of ``nbtrail.toml``, for all steps.
    resumes
        Run whose steps that ended well are not run again, unless something has changed since.
    executor, scheduler
        Where steps are executed: ``local``, or ``dask`` with the address of the scheduler.
    against, repeat, fail_fast, fresh_environment
        For a verify: the run to compare with, by id or tag; how many times everything is run;
        whether it ends at the first difference, and runs in environments made from the record.
    """

    kind: Literal["pipeline", "verify"] = "pipeline"
    notebooks: tuple[str, ...] = ()
    start: str | None = None
    until: str | None = None
    force: bool = False
    write: bool = True
    params: dict[str, Any] = {}
    date: str = ""
    jobs: int = 1
    timeout: float | None = None
    memory_mb: float | None = None
    retries: int | None = None
    resumes: str | None = None
    executor: Literal["local", "dask"] = "local"
    scheduler: str = ""
    against: str | None = None
    repeat: int = 1
    fail_fast: bool = False
    fresh_environment: bool = False

    def __post_init__(self) -> None:
        for name, value in self.params.items():
            _check_parameter(name, value)
        _check_number("jobs", self.jobs, 1, MOST_JOBS)
        for limit in ("timeout", "memory_mb"):
            _check_number(limit, getattr(self, limit), 0, float("inf"))
        _check_number("retries", self.retries, 0, _MOST_RETRIES)
        if self.executor not in ("local", "dask"):
            raise UsageError(f"There is no executor {self.executor!r}.", hint="Say local or dask.")
        if not isinstance(self.scheduler, str):
            raise UsageError("scheduler is no address.", hint="For example tcp://10.0.0.5:8786.")
        if self.executor == "dask" and not self.scheduler:
            raise UsageError(
                "Dask needs the address of a scheduler.",
                hint="Give --scheduler tcp://HOST:8786, or set it in [pipeline] of nbtrail.toml.",
            )


def _check_number(name: str, value: Any, least: float, most: float) -> None:
    """Raise UsageError where a setting is given and is not between the two."""
    if value is None:
        return
    # NaN is not between anything.
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    whole = name in ("timeout", "memory_mb") or isinstance(value, int)
    if not (is_number and whole and least <= value <= most and value != float("inf")):
        span = f"{least:g} or more" if most == float("inf") else f"from {least:g} to {most:g}"
        raise UsageError(f"{name} cannot be {value!r}.", hint=f"Give a number, {span}.")


def _check_parameter(name: str, value: Any) -> None:
    """Raise UsageError where a notebook cannot get, or the record cannot keep, a parameter."""
    if not name.isidentifier() or keyword.iskeyword(name):
        raise UsageError(
            f"A parameter cannot be called {name!r}.", hint="Give it a name that Python allows."
        )
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError):
        raise UsageError(
            f"The value of parameter {name} cannot be written as JSON: {value!r:.60}.",
            hint="Give a finite number, text, True, False, None, or a list or table of these.",
        ) from None


def chosen_steps(graph: Graph, request: RunRequest) -> tuple[str, ...]:
    """Paths of the steps that a request means, in order.

    Raises
    ------
    UsageError
        For a step that is not there, or when none remains.
    """
    order = graph.order
    if not order:
        raise UsageError(
            "There is no notebook to run.", hint="Make one with `nbtrail new CATEGORY DESCRIPTION`."
        )
    wanted = {find_step(graph, name) for name in request.notebooks} or set(order)
    first = order.index(find_step(graph, request.start)) if request.start else 0
    last = order.index(find_step(graph, request.until)) if request.until else len(order) - 1
    chosen = tuple(path for path in order[first : last + 1] if path in wanted)
    if not chosen:
        raise UsageError(
            "No step lies between the first and the last one asked for.",
            hint="See the order with `nbtrail graph`.",
        )
    return chosen


def find_step(graph: Graph, name: str) -> str:
    """The step that people mean by a path, a file name, a sequence number or a place.

    Raises
    ------
    UsageError
        When there is none, or more than one.
    """
    if name in graph.order:
        return name
    if name in graph.unreadable:
        reason = next((f.message for f in graph.findings if f.path == name), "")
        raise UsageError(f"{name} cannot be run: {reason}")
    tests: tuple[Callable[[Node], bool], ...] = (
        lambda node: posixpath.basename(node.path) == posixpath.basename(name),
        lambda node: posixpath.splitext(posixpath.basename(node.path))[0] == name,
        lambda node: node.sequence is not None and node.sequence.lower() == name.lower(),
    )
    for test in tests:
        found = [node.path for node in graph.nodes if test(node)]
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(f"{name} may be {' or '.join(found)}.", hint="Give the whole path.")
    if name.isdigit() and 1 <= int(name) <= len(graph.order):
        return graph.order[int(name) - 1]
    raise UsageError(f"There is no step {name}.", hint="See the steps with `nbtrail graph`.")
