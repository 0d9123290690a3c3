"""Whose is what happens now: executions of cells, and the threads that they started."""

from __future__ import annotations

import os
import stat
import threading
import time
from collections import deque
from collections.abc import Callable
from operator import itemgetter
from threading import get_ident
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    #: Size in bytes, modification time in ns, inode; False for what is no regular file.
    State = tuple[int, int, int] | bool

#: Files of one cell whose state is compared between opening and the cell's end. Those after
#: them are only noted, so that reading thousands of files costs next to nothing.
STAT_LIMIT = 200
#: The same for files of any kind, also those that no report will name.
LOOK_LIMIT = 2_000
#: Files that are watched because they stay open.
WATCH_LIMIT = 64
#: Files of one cell that are remembered after those; the newest count.
SEEN_LIMIT = 100_000

_OWNER = "_nbtrail_owner"
_READING = frozenset(("r", "rb", "rt"))
_path_of, _mode_of = itemgetter(0), itemgetter(1)


class Seen:
    """One execution of a cell: what happened in it, and later in the threads that it left.

    ``files`` maps (path, mode) to the file's state at that moment, in the order of opening:
    the mode of ``open``, the flags of ``os.open``, or one of `report.SPECIAL_MODES`. ``True``
    instead of a state says that nobody looked.

    ``fast`` is what the wrapper of ``open`` calls first. It fails for what is not known yet;
    once many files were opened it only notes what ``open`` was given, and `settle` makes
    ``files`` of it.
    """

    def __init__(self, parent: dict[str, Any]) -> None:
        self.parent = parent
        self.msg_id: str | None = (parent.get("header") or {}).get("msg_id")
        self.cell_id: str | None = (parent.get("metadata") or {}).get("cellId")
        self.infos: list[Any] = []
        self.ended = False
        self.began = time.time_ns()
        self.known: dict[tuple[Any, Any], None] = {}
        self.clear()

    def clear(self) -> None:
        """Forget what was noted so far."""
        self.kept = 0
        self.known.clear()
        self.fast: Callable[[tuple[Any, Any]], None] = self.known.__getitem__
        self._rest: deque[tuple[Any, Any]] | None = None
        self.files: dict[tuple[str, Any], Any] = {}
        self.metrics: list[list[Any]] = []
        self.params: dict[str, Any] = {}
        #: Whether files were read of which nothing can be known.
        self.unknown = False
        #: Processes that were started, the project's files before the first of them that may
        #: write anywhere, and whether some go on.
        self.pids: list[int] = []
        self.before: dict[str, Any] | None = None
        self.background = False

    @property
    def hurried(self) -> bool:
        """Whether files are only noted."""
        return self._rest is not None

    def hurry(self) -> None:
        """From now on only note what ``open`` is given."""
        self._rest = deque(maxlen=SEEN_LIMIT)
        self.fast = self._rest.append

    def take_reads(self) -> list[str] | None:
        """The files that were only noted, as ``open`` was given them, if all were only read."""
        rest = self._rest
        if not rest or len(rest) == SEEN_LIMIT or not _READING.issuperset(map(_mode_of, rest)):
            return None
        found = list(dict.fromkeys(map(_path_of, rest)))
        if set(map(type, found)) != {str}:
            return None
        self._rest, self.fast = None, self.known.__getitem__
        return found

    def settle(self, cwd: str) -> None:
        """Put what was only noted among the files; relative paths are those of ``cwd``."""
        self.known.clear()
        if self._rest is None:
            return
        rest, self.fast, self._rest = self._rest, self.known.__getitem__, None
        self.unknown = self.unknown or len(rest) == SEEN_LIMIT
        for path, mode in rest:
            if type(path) is str or not isinstance(path, int):
                self.files.setdefault((absolute(path, cwd), mode), True)

    def holds_something(self) -> bool:
        """Whether there is anything to report."""
        return bool(self.files or self.metrics or self.params or self.unknown)


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
    keep
        Tells whether a file is worth a report.
    child
        Takes what is noted in a process that is no kernel.
    watched
        Files that may be open for longer than a cell: their state at the end of the last one,
        and whether they were seen to be open.
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
        self.keep: Callable[[str], str | None] = lambda path: path
        self.child: Callable[[str, Any, Any], None] | None = None
        self.watched: dict[str, list[Any]] = {}

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
        if self.child is not None:
            self.child(absolute(path, os.getcwd()), mode, _looked(handle))
            return
        seen = self.current()
        if type(path) is not str:
            path = os.fspath(path)
        if seen.hurried:
            seen.fast((path, mode))  # behind the others: the order tells inputs from outputs
            return
        full = absolute(path, self.cwd)
        if (full, mode) not in seen.files:
            self._put(seen, full, mode, _looked(handle))
        seen.known[path, mode] = None

    def saw(self, path: str, mode: str, state: Any) -> None:
        """Remember a file, by absolute path and with its state, that Python did not open."""
        if self.child is not None:
            self.child(path, mode, state)
            return
        seen = self.current()
        if seen.hurried and mode == "r":
            seen.fast((path, mode))
        elif (path, mode) not in seen.files:
            self._put(seen, path, mode, state)

    def watch(self, path: str, state: Any, *, lazy: bool = False) -> None:
        """A file may be written by cells to come, too; ``lazy`` if it is opened only then."""
        if self.child is None:
            self.watched.setdefault(path, [state, not lazy])
            if len(self.watched) > WATCH_LIMIT:
                del self.watched[next(iter(self.watched))]

    def _put(self, seen: Seen, path: str, mode: Any, state: Any) -> None:
        seen.files[path, mode] = state
        if seen.ended or seen.hurried:
            return
        if self.keep(path) is not None:
            seen.kept += 1
        if seen.kept >= STAT_LIMIT or len(seen.files) >= LOOK_LIMIT:
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


def _looked(handle: Any) -> State | None:
    if handle is None:
        return None
    return state_of(os.fstat(handle if type(handle) is int else int(handle.fileno())))


def state_at(path: str) -> State | None:
    """The state of the file at a path; ``None`` where there is none."""
    try:
        return state_of(os.stat(path))
    except OSError:
        return None


def state_of(found: os.stat_result) -> State:
    """What tells one content of a file from another, without reading it."""
    if not stat.S_ISREG(found.st_mode):
        return False
    return (found.st_size, found.st_mtime_ns, found.st_ino)


tracker = Tracker()
