"""The file into which other processes write what they note, for the kernel to read."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

from .tracker import tracker
from .wrappers import real_os_open

#: Lines that one process may write.
_LINES = 20_000


class Log:
    """The file into which other processes write what they note."""

    def __init__(self) -> None:
        self._handle: int | None = None
        self._read = 0
        self._rest = b""
        self.name: str | None = None

    def ready(self) -> str | None:
        """The file's name; ``None`` where there can be none."""
        if self._handle is None and self.name is None:
            try:
                self._make()
            except OSError:
                tracker.failures += 1
                self.name = ""
        return self.name or None

    def take(self) -> list[Any]:
        """What was written since the last time."""
        if self._handle is None:
            return []
        found = []
        data = self._rest
        while True:
            part = os.pread(self._handle, 1 << 20, self._read)
            if not part:
                break
            self._read += len(part)
            data += part
        *lines, self._rest = data.split(b"\n")
        for line in lines:
            try:
                found.append(json.loads(line))
            except ValueError:
                tracker.failures += 1
        return found

    def _make(self) -> None:
        if hasattr(os, "memfd_create"):
            # It has no name in any folder, so nothing is left however the kernel ends.
            handle = os.memfd_create("nbtrail")
            name = f"/proc/{os.getpid()}/fd/{handle}"
            if os.path.exists(name):
                self._handle, self.name = handle, name
                return
            os.close(handle)
        import atexit

        self._handle, self.name = tempfile.mkstemp(prefix="nbtrail-")
        atexit.register(_remove, self.name, os.getpid())


def _remove(name: str, pid: int) -> None:
    if os.getpid() == pid:
        os.unlink(name)


log = Log()


class Sink:
    """Writes down what is noted in a process other than the kernel's."""

    def __init__(self, name: str, owner: str) -> None:
        self._name, self._owner = name, owner
        self._known: set[Any] = set()
        self._left = _LINES

    def __call__(self, path: str, mode: Any, state: Any) -> None:
        if (path, mode) in self._known or tracker.keep(path) is None:
            return
        self._known.add((path, mode))
        self.write("file", path, mode, state)

    def write(self, *values: Any) -> None:
        """Put down one line; at once, because the process may end or become another one."""
        if self._left <= 0:
            return
        self._left -= 1
        if self._left == 0:
            values = ("unknown",)
        data = json.dumps([self._owner, *values]).encode() + b"\n"
        # Not kept open: code that closes all descriptors would have it written elsewhere.
        handle = real_os_open(self._name, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(handle, data)
        finally:
            os.close(handle)
