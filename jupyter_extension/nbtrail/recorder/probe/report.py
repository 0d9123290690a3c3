"""From what was noted to what is reported: files without the machinery's, and metrics."""

from __future__ import annotations

import fnmatch
import functools
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .tracker import state_of

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
    files: dict[tuple[str, Any], State | None], keep: FileFilter
) -> tuple[list[list[Any]], list[list[Any]]]:
    """Sort opened files into reads and writes, as `entry` gives them.

    A read has only its path when the file moved after it was opened, or was not looked at
    then. What the cell itself had written before is no read of it.
    """
    reads: dict[str, State | None] = {}
    writes: dict[str, bool] = {}
    for (raw, mode), state in list(files.items()):
        path = None if state is False else keep.path(raw)
        if path is None:
            continue
        read, write = _modes(mode)
        if read and path not in writes:
            reads.setdefault(path, state)
        if write:
            writes[path] = True
    found = [[path] if state is None else entry(path, state) for path, state in reads.items()]
    # What was removed again, as temporary files are, has no entry.
    made = [entry(path) for path in writes]
    return [e for e in found if e is not None], [e for e in made if e is not None]


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
