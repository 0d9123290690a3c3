"""From what was noted to what is reported: files without the machinery's, and metrics."""

from __future__ import annotations

import fnmatch
import functools
import os
import re
import stat
import sys
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .tracker import state_at, state_of, tracker

if TYPE_CHECKING:
    from .tracker import State

#: Folders that hold no data, wherever they lie.
_MACHINERY = re.compile(
    r"[/\\](?:__pycache__|\.ipynb_checkpoints|\.nbtrail|\.git|site-packages|dist-packages)[/\\]"
)
_NO_FILES = frozenset(("", ".", "..", "nbtrail.toml"))
_CACHE_VARIABLES = (
    "IPYTHONDIR",
    "JUPYTER_CONFIG_DIR",
    "JUPYTER_DATA_DIR",
    "JUPYTER_RUNTIME_DIR",
    "MPLCONFIGDIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "FONTCONFIG_PATH",
    "NUMBA_CACHE_DIR",
)
_HOME_FOLDERS = (".cache", ".config", ".ipython", ".jupyter", ".local", ".matplotlib", "Library")
_SYSTEM_FOLDERS = ("/proc", "/dev", "/sys", "/etc", "/run", "/usr", "/System", "/Library")


class FileFilter:
    """Tells the project's and the user's files from those of the machinery.

    Parameters
    ----------
    root
        Absolute path of the project's folder, symbolic links resolved.
    ignored
        Absolute paths of more folders whose files are noise.
    """

    def __init__(self, root: str | None, ignored: Sequence[str] = ()) -> None:
        self._base = root.rstrip(os.sep) + os.sep if root else None
        folders = {os.path.normpath(p) for p in [*ignored, *_machine_folders()]}
        folders |= {os.path.realpath(p) for p in folders}
        self._ignored = tuple(sorted(p + os.sep for p in folders if p.rstrip(os.sep)))
        # A project may live in a temporary folder or below a prefix; inside it only what lies
        # deeper than the project itself is noise, such as its own virtual environment.
        self._inside = tuple(p for p in self._ignored if self.in_project(p) and p != self._base)
        self._known: dict[str, str | None] = {}

    def rules(self) -> dict[str, Any]:
        """What `of` needs to make a filter that keeps the same."""
        return {"base": self._base, "ignored": self._ignored, "inside": self._inside}

    @classmethod
    def of(cls, rules: dict[str, Any]) -> FileFilter:
        """The filter that has these `rules`."""
        found = cls.__new__(cls)
        found._base = rules["base"]
        found._ignored, found._inside = tuple(rules["ignored"]), tuple(rules["inside"])
        found._known = {}
        return found

    def in_project(self, path: str) -> bool:
        """Whether an absolute path lies inside the project."""
        return self._base is not None and path.startswith(self._base)

    def path(self, path: str) -> str | None:
        """The absolute path as the record calls it, or ``None`` where it is noise."""
        folder, _, name = path.rpartition(os.sep)
        if name in _NO_FILES:
            return None
        known = self._known.get(folder, "")
        if known == "":
            known = self._known[folder] = self._folder(folder or os.sep)
        if known is None:
            return None
        joined = known + name
        if not joined.isascii():
            # Bytes that are no text can be neither stored nor sent.
            joined = joined.encode("utf-8", "backslashreplace").decode()
        return joined

    def _folder(self, folder: str) -> str | None:
        """The folder's name in the record, with a separator at its end."""
        path = os.path.normpath(folder)
        if not self.in_project(path + os.sep):
            # Symbolic links inside the project keep their name; those into it are followed.
            path = os.path.realpath(path)
        deep = path.rstrip(os.sep) + os.sep
        if self._base is not None and self.in_project(deep):
            noise = deep.startswith(self._inside) or _MACHINERY.search(deep[len(self._base) - 1 :])
        else:
            noise = deep.startswith(self._ignored) or _MACHINERY.search(deep)
        return None if noise else deep


def _machine_folders() -> list[str]:
    """Absolute paths of interpreter, packages, system, caches and temporary files."""
    home = os.path.expanduser("~")
    found = [sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.__file__)]
    found += [p for p in sys.path if _MACHINERY.search(p + os.sep)]
    found += [os.path.join(home, name) for name in _HOME_FOLDERS]
    found += [os.environ.get(variable, "") for variable in _CACHE_VARIABLES]
    found += [*_SYSTEM_FOLDERS, tempfile.gettempdir()]
    return [p for p in found if os.path.isabs(p)]


@functools.lru_cache(maxsize=256)
def _modes(mode: Any) -> tuple[bool, bool]:
    """``(reads, writes)`` of a mode of ``open`` or the flags of ``os.open``."""
    if isinstance(mode, str):
        return "r" in mode, any(letter in mode for letter in "+wax")
    if mode & os.O_WRONLY:
        return False, True
    if mode & os.O_RDWR:
        return not mode & (os.O_TRUNC | os.O_EXCL), True
    return True, False


def entry(path: str, before: State | None = None) -> list[Any] | None:
    """``[path, size, mtime_ns, inode]`` of a file as it is now.

    Only ``[path]`` when its state is not ``before``; ``None`` when it is no regular file.
    """
    try:
        now = state_of(os.stat(path))
    except OSError:
        return None if before is None else [path]
    if isinstance(now, bool):
        return None
    return [path, *now] if before is None or before == now else [path]


def collect(
    files: dict[tuple[str, Any], Any], keep: FileFilter, began: int = 0
) -> tuple[list[list[Any]], list[list[Any]]]:
    """Sort opened files into reads and writes, as `entry` gives them.

    A read has only its path when the file moved after it was opened. It is ``[path, began]``
    where nobody looked at it then: its content is that of now, if it did not move since the
    cell ``began``. What the cell itself had written before is no read of it.

    Parameters
    ----------
    files
        `tracker.Seen.files`. Modes besides those of ``open`` and ``os.open``: ``W`` is written
        if it is not as it was, ``D``, a database with its journals, and ``C``, named by a child
        process, are written if they are not as they were and read if they are; ``K`` is a
        database that an earlier cell has opened.
    """
    reads: dict[str, Any] = {}
    writes: dict[str, bool] = {}
    for (raw, mode), state in list(files.items()):
        if mode in ("W", "C", "D", "K"):
            found, written = _compared(raw, mode, state)
            for name in found:
                path = keep.path(name)
                if path is not None and written:
                    writes[path] = True
                elif path is not None and path not in writes:
                    reads.setdefault(path, state[0] if mode == "D" else state)
            continue
        path = None if state is False else keep.path(raw)
        if path is None:
            continue
        read, write = _modes(mode)
        if read and path not in writes:
            reads.setdefault(path, state)
        if write:
            writes[path] = True
    inputs = [_read_entry(path, state, began) for path, state in reads.items()]
    # What was removed again, as temporary files are, has no entry.
    made = [entry(path) for path in writes]
    return [e for e in inputs if e is not None], [e for e in made if e is not None]


def _read_entry(path: str, state: Any, began: int) -> list[Any] | None:
    if state is True:
        return [path, began]
    return [path] if state is None else entry(path, state)


def _compared(path: str, mode: str, state: Any) -> tuple[list[str], bool]:
    """Files that were touched at a path, and whether they were written."""
    if mode in ("D", "K"):
        changed = database_state(path) != state
        return [path] if changed or (mode == "D" and state[0]) else [], changed
    now = state_at(path)
    if now is False:
        before = state if isinstance(state, dict) else {}
        return [p for p, s in listing(path).items() if before.get(p) != s], True
    if now is None:
        return [], False
    if now == state:
        return ([path], False) if mode == "C" else ([], False)
    return [path], True


def listing(folder: str, limit: int = 5_000) -> dict[str, Any]:
    """States of the files in a folder and those in it."""
    found: dict[str, Any] = {}
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name[:1] != "." and name != "__pycache__"]
        for name in names:
            path = os.path.join(parent, name)
            found[path] = state_at(path)
            if len(found) >= limit:
                return found
    return found


def database_state(path: str) -> tuple[Any, ...]:
    """The state of a file and of the journals in which databases keep the newest of it."""
    journals = [state_at(path + suffix) for suffix in ("-wal", ".wal")]
    return (state_at(path), *(j if j is not None and type(j) is tuple and j[0] else None
                              for j in journals))  # fmt: skip


def watch_open(written: list[str]) -> None:
    """Go on watching what is still open, as it may be written later."""
    if not written and not tracker.watched:
        return
    opened = _open_files()
    for path in written:
        if _identity(path) in opened:
            tracker.watch(path, None)
    for path, known in list(tracker.watched.items()):
        is_open = _identity(path) in opened
        # Databases open their file only when it is needed.
        if known[1] and not is_open:
            del tracker.watched[path]
        else:
            known[:] = database_state(path), is_open


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _open_files() -> set[tuple[int, int] | None]:
    """Regular files that this process has open."""
    found: set[tuple[int, int] | None] = set()
    try:
        names = os.listdir("/dev/fd")
    except OSError:
        return found
    for name in names:
        try:
            state = os.fstat(int(name))
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(state.st_mode):
            found.add((state.st_dev, state.st_ino))
    return found


class Metrics:
    """Numbers at top level whose names match the project's patterns, whatever their case."""

    def __init__(self, patterns: Sequence[str]) -> None:
        joined = "|".join(fnmatch.translate(p) for p in patterns) or r"(?!)"
        self._match = re.compile(joined, re.IGNORECASE).match
        self._names: dict[Any, bool] = {}
        self._values: dict[str, Any] = {}

    def changed(self, namespace: dict[Any, Any]) -> list[list[Any]]:
        """``[name, value, None]`` for each that was assigned since the last call."""
        found: list[list[Any]] = []
        for name in list(namespace):
            counts = self._names.get(name)
            if counts is None:
                counts = isinstance(name, str) and name[:1] != "_" and bool(self._match(name))
                self._names[name] = counts
            if not counts:
                continue
            value = namespace.get(name)
            # Identity, not equality: a cell that ran again and found the same has found it.
            if name in self._values and self._values[name] is value:
                continue
            number = number_of(value)
            if number is not None:
                self._values[name] = value
                found.append([name, number, None])
        return found


def number_of(value: Any) -> Any:
    """A number as JSON can hold it, ``None`` for anything else.

    NaN and infinities become their names; truth values are no numbers.
    """
    if not isinstance(value, (bool, int, float)):
        if type(value).__module__ != "numpy" or getattr(value, "ndim", None) != 0:
            return None
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        value = float(value)
    except OverflowError:  # an integer beyond what a float holds
        return "inf" if value > 0 else "-inf"
    return value if value - value == 0 else repr(value)
