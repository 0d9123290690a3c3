"""What the probe tells, taken apart, and its files hashed."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any

import msgspec

from nbtrail.files import fingerprint, stable_sha256
from nbtrail.ledger.records import FileAccess

#: ``[path, size, mtime_ns, inode]`` as the probe saw it, ``[path]`` where it moved meanwhile, or
#: ``[path, ns]`` for a file that is known if it did not move after that moment.
Entry = list[Any]

#: A file younger than this may change again without its modification time showing it.
_SETTLED_NS = 50_000_000
#: The clocks of file systems may lag behind the kernel's by this much, those on a network more
#: than others.
_CLOCK_NS = 2_000_000_000
_REMEMBERED = 20_000


class Many(msgspec.Struct, frozen=True):
    """Paths as ``open`` was given them, with NUL between, and what it takes to sort them."""

    paths: str
    cwd: str
    began: int
    keep: dict[str, Any]


class Doings(msgspec.Struct, frozen=True):
    """What one execution did, as far as the probe noticed."""

    msg_id: str | None = None
    reads: list[Entry] = []
    writes: list[Entry] = []
    modules: list[Entry] = []
    metrics: list[tuple[str, float | str, int | None]] = []
    params: dict[str, Any] = {}
    #: Files that were only read, where they are so many that the kernel leaves them to us.
    many: Many | None = None
    #: Whether a process was started of which nobody knows what it read.
    children: bool = False


class Report(Doings, frozen=True):
    """A message of the probe: ``ready``, ``environment``, or ``cell`` at a cell's end."""

    kind: str = ""
    cell_id: str | None = None
    background: list[Doings] = []
    failures: int = 0
    environment: dict[str, Any] | None = None


class _Comm(msgspec.Struct, frozen=True):
    comm_id: str = ""
    data: msgspec.Raw = msgspec.Raw(b"{}")


def decode_report(content: bytes, comm_id: str) -> Report | None:
    """The report in the content of a ``comm_msg``, ``None`` where it belongs to others.

    Raises
    ------
    msgspec.DecodeError
        When it is one of the probe's, but not as the probe makes them.
    """
    comm = msgspec.json.decode(content, type=_Comm)
    if comm.comm_id != comm_id:
        return None
    return msgspec.json.decode(comm.data, type=Report)


def metrics_of(doings: Doings) -> tuple[tuple[str, float | None, int | None], ...]:
    """Metrics as numbers; NaN and infinities travel as text."""
    return tuple((name, float(value), step) for name, value, step in doings.metrics)


def bytes_of(doings: Doings) -> int:
    """How much would have to be read to hash the files."""
    known = (*reads_of(doings), *doings.writes, *doings.modules)
    return sum(int(entry[1]) for entry in known if len(entry) == 4)


def reads_of(doings: Doings) -> list[Entry]:
    """All that was read."""
    many = doings.many
    if many is None:
        return doings.reads
    # The same code as in the kernel, for the same result.
    from nbtrail.recorder.probe.report import FileFilter

    keep = FileFilter.of(many.keep)
    known = {str(entry[0]) for entry in (*doings.reads, *doings.writes)}
    found = dict.fromkeys(
        keep.path(os.path.join(many.cwd, path)) for path in many.paths.split("\0")
    )
    return [
        *doings.reads,
        *([path, many.began] for path in found if path is not None and path not in known),
    ]


class Hasher:
    """Hashes files as they were when the probe looked at them. Safe to use from threads.

    A file that has moved since has an unknown hash. What was hashed is not read again while
    size, modification time and inode stay the same.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[Any, ...], str] = OrderedDict()
        self._lock = threading.Lock()

    def accesses(
        self, entries: list[Entry], root: Path, *, content: bool = True
    ) -> tuple[FileAccess, ...]:
        """The files as the ledger keeps them; without hashes unless ``content``."""
        return tuple(self._access(entry, root, content) for entry in entries)

    def _access(self, entry: Entry, root: Path, content: bool) -> FileAccess:
        path = str(entry[0])
        name = _name(path, root)
        if len(entry) == 2:
            entry = _unmoved(path, int(entry[1]))
        if len(entry) < 4:
            return FileAccess(name)
        state = (int(entry[1]), int(entry[2]), int(entry[3]))
        return FileAccess(name, self._hash(path, state) if content else None, state[0])

    def _hash(self, path: str, state: tuple[int, int, int]) -> str | None:
        file = Path(path)
        if fingerprint(file) != state:
            return None
        key = (path, *state)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        begun = time.time_ns()
        digest, _ = stable_sha256(file)
        if digest is None or fingerprint(file) != state:
            return None
        if begun - state[1] > _SETTLED_NS:
            with self._lock:
                self._known[key] = digest
                if len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        return digest


def _unmoved(path: str, since: int) -> Entry:
    """The entry of a file that nothing has happened to since a moment, in ns."""
    try:
        found = os.stat(path)
    except OSError:
        return [path]
    # Putting another file in its place changes ctime even where mtime is older.
    if max(found.st_mtime_ns, found.st_ctime_ns) >= since - _CLOCK_NS:
        return [path]
    return [path, found.st_size, found.st_mtime_ns, found.st_ino]


def _name(path: str, root: Path) -> str:
    """POSIX path seen from the project's root; absolute outside it."""
    base = str(root).rstrip(os.sep) + os.sep
    name = path[len(base) :] if path.startswith(base) else path
    return name.replace(os.sep, "/")
