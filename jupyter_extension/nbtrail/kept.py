"""What was found out about files, kept in a file of its own for the next time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from nbtrail.files import write_atomic

#: A file that changed within so many nanoseconds may change again within the clock's
#: resolution: what it says is not to be relied on yet.
SETTLED_NS = 2_000_000_000

T = TypeVar("T")


class Kept(Generic[T]):
    """Values by path, in one file.

    The file is a convenience: where it cannot be read or written, there is nothing in it.

    Parameters
    ----------
    file
        Where they are kept; its name says which version of ``kind`` it holds.
    kind
        What msgspec is to read the values as.
    """

    def __init__(self, file: Path, kind: Any) -> None:
        self._file = file
        self._values: dict[str, T] = {}
        self._changed = False
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            self._values = msgspec.msgpack.decode(file.read_bytes(), type=dict[str, kind])

    def __contains__(self, path: str) -> bool:
        return path in self._values

    def get(self, path: str) -> T | None:
        """What is kept of ``path``."""
        return self._values.get(path)

    def put(self, path: str, value: T) -> None:
        """Keep a value."""
        self._values[path] = value
        self._changed = True

    def drop(self, path: str) -> None:
        """Keep nothing of ``path``."""
        self._changed |= self._values.pop(path, None) is not None

    def forget_others(self, paths: Iterable[str]) -> None:
        """Drop the paths that are not among ``paths``."""
        for path in self._values.keys() - set(paths):
            self.drop(path)

    def save(self) -> None:
        """Write what is new; a folder that cannot be written is no error."""
        if not self._changed:
            return
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            ignore = self._file.parent / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
            write_atomic(self._file, msgspec.msgpack.encode(self._values))
        self._changed = False
