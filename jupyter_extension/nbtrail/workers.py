"""Work on many notebooks spread over processes: each is a Python of its own.

Neither threads (they would wait for each other, and hold up a server's event loop) nor
``multiprocessing`` (it imports the caller's main program again) will do.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from threading import Thread

#: Fewer notebooks than this a process are not worth its start.
LEAST = 100
_MOST = 4


def shares(items: Sequence[str]) -> list[list[str]]:
    """The items dealt out, one share a process; a single one where more are not worth it."""
    count = max(1, min(_processors(), _MOST, len(items) // LEAST))
    return [list(items[start::count]) for start in range(count)]


def spread(function: str, payloads: Sequence[bytes]) -> list[bytes | None]:
    """Call a function on each payload, the first in this process and the others beside it.

    Parameters
    ----------
    function
        ``package.module:name`` of a function from bytes to bytes.
    payloads
        What each call gets.

    Returns
    -------
    The answers; ``None`` where a process failed, whose work is then the caller's.
    """
    answers: list[bytes | None] = [None] * len(payloads)
    threads = []
    for number, payload in enumerate(payloads[1:], 1):
        thread = Thread(target=_ask, args=(function, payload, answers, number), daemon=True)
        thread.start()
        threads.append(thread)
    try:
        answers[0] = _call(function, payloads[0])
    finally:
        for thread in threads:
            thread.join()
    return answers


def main() -> None:
    """One process: the function's name is the argument, payload and answer go through pipes."""
    answer = _call(sys.argv[1], sys.stdin.buffer.read())
    sys.stdout.buffer.write(answer)


def _ask(function: str, payload: bytes, answers: list[bytes | None], number: int) -> None:
    import subprocess

    command = [sys.executable, "-c", "from nbtrail.workers import main; main()", function]
    # Python looks for modules in its working folder first: never in somebody's project.
    home = Path(__file__).parent.parent
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(command, input=payload, capture_output=True, check=True, cwd=home)
        answers[number] = done.stdout


def _call(function: str, payload: bytes) -> bytes:
    module, _, name = function.partition(":")
    answer: bytes = getattr(import_module(module), name)(payload)
    return answer


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        return os.cpu_count() or 1
