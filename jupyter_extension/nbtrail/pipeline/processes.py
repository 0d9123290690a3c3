"""Processes of a kernel: what they hold, and ending all of them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psutil import Process

MB = 1 << 20


def family(pid: int) -> list[Process]:
    """A process and all that it has started, directly or not; empty when it is gone."""
    import psutil

    with suppress(psutil.Error):
        head = psutil.Process(pid)
        return [head, *head.children(recursive=True)]
    return []


def memory_of(pid: int, enough: float = float("inf")) -> int:
    """Bytes of memory that a process and all that it has started hold.

    Memory that processes share, such as that of a fork, counts once where the system says how
    much that is (proportional set size, Linux). Asking takes a moment, so it is left out where
    the sum of what each has resident is below ``enough``.
    """
    import psutil

    def sizes(name: str) -> int:
        total = 0
        for process in members:
            with suppress(psutil.Error):
                info = process.memory_info() if name == "rss" else process.memory_full_info()
                total += int(getattr(info, name, info.rss))
        return total

    members = family(pid)
    resident = sizes("rss")
    return resident if resident < enough or len(members) < 2 else sizes("pss")


def kill_family(pid: int) -> None:
    """Kill a process and all that it has started, sessions of their own included."""
    import psutil

    for process in family(pid):
        with suppress(psutil.Error):
            process.kill()
