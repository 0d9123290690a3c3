"""Append-only files that their process keeps locked for as long as it lives, however it ends.

What a process had under way can so be taken over by another one, which neither waits for it nor
mistakes it for dead: the system lets the lock go with the process.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

_SUFFIX = ".jsonl"
# Notebooks may replace the functions of `os`.
_write = os.write


class Journal:
    """Writes records, one line each.

    Parameters
    ----------
    folder
        Made where it is not there.
    name
        Of the file, without its suffix; nobody else's.

    Notes
    -----
    `append` never raises. Where a line could not be written whole, the next begins a new one.
    """

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = folder / (name + _SUFFIX)
        hidden = folder / f".{name}.new"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._handle = os.open(hidden, flags, 0o600)
        self._torn = False
        #: Records that could not be written.
        self.lost = 0
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.rename(hidden, self.path)
        except BaseException:
            self.close()
            raise

    def append(self, record: Mapping[str, Any]) -> None:
        """Add a record of what JSON can hold."""
        if self._handle < 0:
            return
        try:
            line = msgspec.json.encode(record) + b"\n"
            line = b"\n" + line if self._torn else line
            self._torn = True
            self._torn = _write(self._handle, line) != len(line)
            self.lost += self._torn
        except Exception:  # no room, or what JSON cannot hold
            self.lost += 1

    def close(self) -> None:
        """Let the lock go; the file stays for whoever takes it in."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            with contextlib.suppress(OSError):
                os.close(handle)


@dataclass(frozen=True)
class Found:
    """Of a journal the whole lines from an offset on, and where each ends."""

    lines: list[tuple[bytes, int]]
    #: Whether the process that wrote it is gone, so that no more will come.
    ended: bool


def waiting(folder: Path) -> list[Path]:
    """The journals in a folder; none where there is no such folder."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return sorted(folder / name for name in names if name.endswith(_SUFFIX))


@contextlib.contextmanager
def reading(path: Path, offset: int = 0) -> Iterator[Found | None]:
    """What another process has written; ``None`` where the journal is gone.

    While this lasts, nobody else finds an ended journal to be so.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    with os.fdopen(handle, "rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            ended = True
        except OSError:
            ended = False
        if ended and not path.exists():  # taken in by another process just now
            yield None
            return
        stream.seek(offset)
        lines = []
        for line in stream:
            offset += len(line)
            if line.endswith(b"\n"):  # one without was torn, or is being written
                lines.append((line, offset))
        yield Found(lines, ended)
