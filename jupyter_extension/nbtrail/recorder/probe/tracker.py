"""Whose is what happens now: executions of cells, and the threads that they started."""

from __future__ import annotations

import os
import stat
import threading
from collections import deque
from collections.abc import Callable
from threading import get_ident
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    #: Size in bytes, modification time in ns, inode; False for what is no regular file.
    State = tuple[int, int, int] | bool

#: Opened files of one cell whose state is compared between opening and the cell's end. Those
#: after them are only noted, so that reading thousands of files costs next to nothing.
STAT_LIMIT = 200
#: Files of one cell that are remembered after those; the newest count.
SEEN_LIMIT = 100_000

_OWNER = "_nbtrail_owner"


class Seen:
    """One execution of a cell: what happened in it, and later in the threads that it left.

    ``files`` maps (path, mode or flags) to the file's state when it was opened, in the order
    of opening. ``fast``, once many were opened, only notes what ``open`` was given; `settle`
    makes ``files`` of it.
    """

    def __init__(self, parent: dict[str, Any]) -> None:
        self.parent = parent
        self.msg_id: str | None = (parent.get("header") or {}).get("msg_id")
        self.cell_id: str | None = (parent.get("metadata") or {}).get("cellId")
        self.infos: list[Any] = []
        self.ended = False
        self.clear()

    def clear(self) -> None:
        """Forget what was noted so far."""
        self.opened = 0
        self.fast: Callable[[tuple[Any, Any]], None] | None = None
        self._rest: deque[tuple[Any, Any]] | None = None
        self.files: dict[tuple[str, Any], State | None] = {}
        self.metrics: list[list[Any]] = []
        self.params: dict[str, Any] = {}

    def hurry(self) -> None:
        """From now on only note what ``open`` is given."""
        self._rest = deque(maxlen=SEEN_LIMIT)
        self.fast = self._rest.append

    def settle(self, cwd: str) -> None:
        """Put what was only noted among the files; relative paths are those of ``cwd``."""
        if self._rest is None:
            return
        rest, self.fast, self._rest = self._rest, None, None
        for path, mode in rest:
            if type(path) is str or not isinstance(path, int):
                self.files.setdefault((absolute(path, cwd), mode), None)

    def holds_something(self) -> bool:
        """Whether there is anything to report."""
        return bool(self.files or self.metrics or self.params)


class Tracker:
    """State of the probe in this kernel; there is one.

    Attributes
    ----------
    running
        Thread to the execution that it runs.
    order
        Executions that run now, the oldest first; more than one with subshells.
    shells
        Threads that have run cells.
    nobody
        Owner of the threads that were there before the probe.
    last
        The execution that ended last.
    late
        Executions for which something was noted after their end.
    """

    def __init__(self) -> None:
        self.enabled = True
        self.failures = 0
        self.running: dict[int, Seen] = {}
        self.order: list[Seen] = []
        self.shells: set[int] = set()
        self.nobody = Seen({})
        self.last = self.nobody
        self.late: dict[int, Seen] = {}
        self.cwd = os.getcwd()

    def current(self) -> Seen:
        """The execution that what this thread does belongs to."""
        ident = get_ident()
        seen = self.running.get(ident)
        if seen is not None:
            return seen
        # Idents of threads are used again, so the owner is kept with the thread itself.
        # Threads that Python did not start have no object, and must not get one from here.
        thread = threading._active.get(ident)  # type: ignore[attr-defined]
        if thread is not None and ident not in self.shells:
            seen = getattr(thread, _OWNER, None)
        if seen is None:
            seen = self.order[-1] if self.order else self.last
            if thread is not None and ident not in self.shells:
                setattr(thread, _OWNER, seen)
        if seen.ended:
            self.late[id(seen)] = seen
        return seen

    def begin(self, parent: dict[str, Any]) -> Seen:
        """A cell begins on this thread."""
        ident = get_ident()
        self.shells.add(ident)
        # Threads that live when a cell begins are not that cell's.
        self._own_threads(self.order[-1] if self.order else self.last)
        seen = Seen(parent)
        self.cwd = os.getcwd()
        self.order.append(seen)
        self.running[ident] = seen
        return seen

    def end(self, seen: Seen) -> None:
        """The cell of this thread ended."""
        self.running.pop(get_ident(), None)
        if seen in self.order:
            self.order.remove(seen)
        seen.settle(self.cwd)
        seen.ended = True
        self.last = seen
        self.nobody.clear()

    def ignore_threads(self) -> None:
        """The threads that live now, but for this one, are the kernel's own."""
        self.shells.add(get_ident())
        self._own_threads(self.nobody)

    def ignore_this_thread(self) -> None:
        """What this thread does is nobody's."""
        setattr(threading.current_thread(), _OWNER, self.nobody)

    def take_late(self) -> list[Seen]:
        """Executions whose threads have done something since their end was reported."""
        late, self.late = self.late, {}
        return [seen for seen in late.values() if seen.holds_something()]

    def _own_threads(self, owner: Seen) -> None:
        for ident, thread in list(threading._active.items()):  # type: ignore[attr-defined]
            if ident not in self.shells and getattr(thread, _OWNER, None) is None:
                setattr(thread, _OWNER, owner)

    def note(self, path: Any, mode: Any, handle: Any) -> None:
        """Remember that ``path`` was opened.

        ``mode`` is that of ``open`` or the flags of ``os.open``, ``handle`` the stream or the
        file descriptor; ``None`` where there is neither.
        """
        if isinstance(path, int):
            return
        seen = self.current()
        if seen.fast is not None:
            seen.fast((path, mode))  # behind the others: the order tells inputs from outputs
            return
        key = (absolute(path, self.cwd), mode)
        if key not in seen.files:
            known = None if handle is None else os.fstat(_descriptor(handle))
            seen.files[key] = None if known is None else state_of(known)
        seen.opened += 1
        if seen.opened >= STAT_LIMIT and not seen.ended:
            seen.hurry()

    def note_safely(self, path: Any, mode: Any, handle: Any) -> None:
        """`note`, but whatever fails is only counted."""
        try:
            if self.enabled:
                self.note(path, mode, handle)
        except Exception:
            self.failures += 1

    def move(self) -> None:
        """The working directory has changed."""
        try:
            for seen in self.order:
                seen.settle(self.cwd)
            self.cwd = os.getcwd()
        except Exception:
            self.failures += 1


def absolute(path: Any, cwd: str) -> str:
    """The path as text and from the root, otherwise as it was given."""
    if type(path) is not str:
        path = os.fsdecode(path)
    return path if os.path.isabs(path) else os.path.join(cwd, path)


def _descriptor(handle: Any) -> int:
    return handle if type(handle) is int else int(handle.fileno())


def state_of(found: os.stat_result) -> State:
    """What tells one content of a file from another, without reading it."""
    if not stat.S_ISREG(found.st_mode):
        return False
    return (found.st_size, found.st_mtime_ns, found.st_ino)


tracker = Tracker()
