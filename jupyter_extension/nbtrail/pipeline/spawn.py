"""The process of a run: it outlives the one that starts it, and holds the project's lock.

A server starts it as a program of its own. The command line, which does nothing beside, forks it:
what took longest, importing, is done already, and whoever waits for a run that has nothing to do
waits half as long. Kernels are programs of their own in both cases.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from nbtrail.project import Project

log = logging.getLogger(__name__)

#: Logs of this many runs are kept.
_LOGS = 20


def can_fork() -> bool:
    """Whether this process may be copied: no other thread holds a lock that nobody would open.

    Not on macOS, whose system libraries forbid it.
    """
    return sys.platform == "linux" and threading.active_count() == 1


def spawn(
    project: Project,
    run: str,
    handle: int,
    worker: str,
    extra: Sequence[str],
    *,
    fork: bool,
) -> None:
    """Start the process of a run.

    Parameters
    ----------
    handle
        Descriptor that holds the project's lock; the process gets its own.
    worker
        Module with a function ``main`` that takes the command line ``ROOT RUN --lock FD``.
    fork
        Whether to copy this process, in which no connection to the ledger may be open.

    Raises
    ------
    OSError
        When no process can be started.
    """
    logs = project.state_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    _prune(logs)
    arguments = [str(project.root), run, "--lock", str(handle), *extra]
    with (logs / f"{run}.log").open("ab") as output:
        if fork:
            process = _fork(worker, arguments, handle, output.fileno(), logs)
            wait: Callable[[], object] = lambda: os.waitpid(process, 0)  # noqa: E731
        else:
            wait = _start(worker, arguments, handle, output.fileno(), logs).wait
    # Somebody has to take note of its end, or it stays in the process table.
    threading.Thread(target=wait, name=f"nbtrail-run-{run}", daemon=True).start()


def _start(
    worker: str, arguments: list[str], handle: int, output: int, logs: Path
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", worker, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        # `-m` puts the working directory on the path: never a folder with users' modules.
        cwd=logs,
        pass_fds=(handle,),
        start_new_session=True,
    )


def _fork(worker: str, arguments: list[str], handle: int, output: int, logs: Path) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if process == 0:
        _run_forked(worker, arguments, handle, output, logs)
    return process


def _run_forked(
    worker: str, arguments: list[str], handle: int, output: int, logs: Path
) -> NoReturn:
    """Work as a program of its own would, and end without what the copied one does at its end."""
    status = 1
    try:
        os.setsid()
        here, standing = os.getcwd(), sys.path
        os.chdir(logs)
        sys.path[:] = [place for place in standing if place not in ("", here)]
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        _close_inherited({handle})
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        status = import_module(worker).main(arguments)
    except BaseException:
        log.exception("The process of the run failed")
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _close_inherited(kept: set[int]) -> None:
    """Close what whoever called the command line handed down: pipes that others wait for.

    What Python has opened itself is not inheritable, and belongs to objects that are still there.
    """
    for name in os.listdir("/proc/self/fd"):
        number = int(name)
        with contextlib.suppress(OSError):
            if number > 2 and number not in kept and os.get_inheritable(number):
                os.close(number)


def _prune(logs: Path) -> None:
    for old in sorted(logs.glob("*.log"))[: -_LOGS or None]:
        try:
            old.unlink()
        except OSError:
            continue
