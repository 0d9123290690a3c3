"""Starting runs: each is a process of its own, so that closing whatever started it ends nothing."""

from __future__ import annotations

import datetime
import os
import stat
import time
from collections.abc import Callable, Sequence

import msgspec

from nbtrail.errors import ConflictError, LockedError, PolicyError, UsageError
from nbtrail.git import git_state
from nbtrail.ledger import runs as ledger_runs
from nbtrail.ledger.steps import active_runs
from nbtrail.ledger.store import Store
from nbtrail.pipeline import lock
from nbtrail.pipeline.environments import check_environments
from nbtrail.pipeline.graph import build_graph
from nbtrail.pipeline.progress import mark_lost
from nbtrail.pipeline.request import RunRequest, chosen_steps
from nbtrail.pipeline.spawn import can_fork, spawn
from nbtrail.project import Project

WORKER = "nbtrail.pipeline.worker"
#: Seconds that the process of a finished run may take to end.
_LEAVE_TIMEOUT = 15.0


def start(
    project: Project,
    request: RunRequest,
    store: Store,
    *,
    refuse: Callable[[str], str | None] | None = None,
    after_write: str | None = None,
    fork: bool = False,
) -> str:
    """Start a run of the pipeline; returns its id at once.

    Parameters
    ----------
    refuse
        Called with the path of each step; says why it must not run, or ``None``.
    after_write
        ``package.module:function`` that the worker calls with the project and the POSIX path of
        a notebook whose outputs were written back.
    fork
        As `launch`.

    Raises
    ------
    ConfigError
        When ``nbtrail.toml`` cannot be used.
    PolicyError
        When a step is refused.
    ConflictError
        When the project folder cannot be written.
    LockedError
        When another run is under way.
    KernelError
        When a step names an environment or a kernel that is not there.
    UsageError
        When there is nothing to run.
    """
    check_usable(project, write=request.write)
    request = with_date(request)
    graph = build_graph(project, store)
    steps = chosen_steps(graph, request)
    if refuse is not None:
        refuse_steps(steps, refuse)
    check_environments(project, steps)
    extra = ["--after-write", after_write] if after_write else []
    return launch(project, request, store, steps, worker=WORKER, extra=extra, fork=fork)


def launch(
    project: Project,
    request: RunRequest,
    store: Store,
    steps: Sequence[str],
    *,
    worker: str,
    extra: Sequence[str] = (),
    against: str | None = None,
    fork: bool = False,
) -> str:
    """Take the lock, put the run on record, and start its process.

    Parameters
    ----------
    worker
        The module that is run: ``python -m WORKER ROOT RUN --lock FD``.
    fork
        Whether the process may be a copy of this one, which then does nothing but wait for it.

    Raises
    ------
    LockedError
        When another run is under way.
    """
    mark_lost(store)
    run = ledger_runs.new_run_id()
    handle = _take_lock(project, store, run)
    try:
        with store.write() as connection:
            ledger_runs.create_run(
                connection,
                run,
                request.kind,
                request=ledger_runs.keep_request(store.blobs, msgspec.to_builtins(request)),
                git=git_state(project.root),
                params=request.params,
                against=against,
            )
            ledger_runs.plan_steps(connection, run, steps)
        try:
            forked = fork and can_fork()
            if forked:
                store.close()  # SQLite's connections must not be carried into another process
            spawn(project, run, handle, worker, extra, fork=forked)
        except OSError as error:
            message = f"The process of the run could not be started: {error}."
            with store.write() as connection:
                ledger_runs.update_run(connection, run, status="failed", message=message)
            raise ConflictError(message, hint="Close other programs and try again.") from error
    finally:
        # The worker has its own descriptor of the same lock.
        os.close(handle)
    return run


def with_date(request: RunRequest) -> RunRequest:
    """The request with its date set: that of ``NBTRAIL_DATE``, else today's.

    Raises
    ------
    UsageError
        When the date asked for is none.
    """
    date = request.date or os.environ.get("NBTRAIL_DATE", "").strip()
    if not date:
        return msgspec.structs.replace(request, date=datetime.date.today().isoformat())
    try:
        iso = datetime.date.fromisoformat(date).isoformat()
    except ValueError:
        raise UsageError(
            f"{date!r} is no date such as 2026-11-20.", hint="Correct or unset NBTRAIL_DATE."
        ) from None
    return msgspec.structs.replace(request, date=iso)


def check_usable(project: Project, *, write: bool) -> None:
    """Raise when the project's configuration or folder does not allow a run."""
    if project.config_error is not None:
        raise project.config_error
    if not write:
        return
    mode = project.root.stat().st_mode
    # The mode is looked at as well: root may write everywhere, and should not where it says no.
    if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(
        project.root, os.W_OK
    ):
        raise ConflictError(
            f"The project folder {project.root.name} is read-only: outputs cannot be written.",
            hint="Make it writable, or copy the project to a folder that is.",
        )


def refuse_steps(steps: Sequence[str], refuse: Callable[[str], str | None]) -> None:
    """Raise PolicyError when one of the steps is refused; ``detail["refused"]`` says why."""
    reasons = {path: reason for path in steps if (reason := refuse(path)) is not None}
    if reasons:
        first = next(iter(reasons.values()))
        more = f" ({len(reasons)} notebooks in all.)" if len(reasons) > 1 else ""
        raise PolicyError(f"{first}{more}", detail={"refused": reasons})


def _take_lock(project: Project, store: Store, run: str) -> int:
    """Take the lock; a process that has put down its run's end is given time to go."""
    deadline = time.monotonic() + _LEAVE_TIMEOUT
    while True:
        try:
            return lock.acquire(project.state_dir, run)
        except LockedError:
            with store.read() as connection:
                if active_runs(connection) or time.monotonic() > deadline:
                    raise
        time.sleep(0.02)


__all__ = ["RunRequest", "UsageError", "check_usable", "launch", "start", "with_date"]
