"""Files: hashing that does not lie, and writing that does not tear."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

_CHUNK = 1 << 20
_LARGE = 1 << 20
#: Linux takes files' times from this clock; Python has no name for it.
_CLOCK_REALTIME_COARSE = 5
_PLATFORM: str = sys.platform
# Read once, at import: it can only be read by setting it, which other threads must not see.
_UMASK = os.umask(0o077)
os.umask(_UMASK)


def sha256_bytes(data: bytes) -> str:
    """Hexadecimal SHA-256 of ``data``."""
    return hashlib.sha256(data).hexdigest()


def sha256_aside(data: bytes) -> Callable[[], str]:
    """Hash ``data`` on another processor where it is large; call the result for the hash."""
    if len(data) < _LARGE:
        return lambda: sha256_bytes(data)
    found: list[str] = []
    # Hashing gives up the interpreter's lock, so that the caller can parse meanwhile.
    thread = threading.Thread(target=lambda: found.append(sha256_bytes(data)), daemon=True)
    thread.start()

    def digest() -> str:
        thread.join()
        return found[0] if found else sha256_bytes(data)

    return digest


def sha256_file(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def fingerprint(path: Path) -> tuple[int, int, int] | None:
    """Size, modification time (ns) and inode, or ``None`` where there is no regular file."""
    try:
        found = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino


class KnownDigests:
    """Hashes of files that are read again only when they may have changed.

    A file is taken for unchanged while device, inode, size and both times are the same; the time
    of its last change cannot be set by programs. A file that changed in the same tick of the
    system's clock in which it was read is not remembered, for it may change once more in it.
    """

    def __init__(self, size: int = 4096) -> None:
        self._size = size
        self._known: dict[str, tuple[tuple[int, ...], str]] = {}

    def sha256(self, path: Path) -> str | None:
        """The hash of the file's content; ``None`` where there is no file."""
        name = str(path)
        before = _identity(name)
        if before is None:
            return None
        known = self._known.get(name)
        if known is not None and known[0] == before:
            return known[1]
        now = _file_clock()
        digest = sha256_file(path)
        self.note(name, before, now, digest)
        return digest

    def read(self, path: Path) -> tuple[bytes, Callable[[str], None]]:
        """The file's content, and what to call with its hash once that is known."""
        name = str(path)
        before, now = _identity(name), _file_clock()
        data = path.read_bytes()
        return data, lambda digest: self.note(name, before, now, digest)

    def note(self, name: str, before: tuple[int, ...] | None, now: int, digest: str) -> None:
        """Remember what a file had that looked like ``before`` when it began to be read."""
        if before is None or max(before[-2:]) >= now or _identity(name) != before:
            self._known.pop(name, None)
            return
        while len(self._known) >= self._size:
            self._known.pop(next(iter(self._known)), None)
        self._known[name] = (before, digest)


def _identity(name: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(name)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _file_clock() -> int:
    """The time that a file written now would get, in nanoseconds; earlier where that is unknown."""
    if _PLATFORM == "linux":
        return time.clock_gettime_ns(_CLOCK_REALTIME_COARSE)
    return time.time_ns() - 20_000_000


def stable_sha256(path: Path) -> tuple[str | None, int | None]:
    """Hash and size in bytes of a file that did not move while it was read.

    Returns ``(None, size)`` for a file that changed meanwhile, and ``(None, None)`` for one
    that is not there: an unknown hash is safe, a wrong one is not.
    """
    before = fingerprint(path)
    if before is None:
        return None, None
    try:
        digest = sha256_file(path)
    except OSError:
        return None, None
    after = fingerprint(path)
    if after != before:
        return None, after[0] if after else None
    return digest, before[0]


def write_atomic(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data`` in one step; readers see the old file or the new one.

    The mode of an existing file is kept, and a symbolic link stays a link: its target is
    replaced.
    """
    target = Path(os.path.realpath(path))
    handle, name = tempfile.mkstemp(prefix=".nbtrail-", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, _mode_for(target))
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def _mode_for(target: Path) -> int:
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except OSError:
        return 0o666 & ~_UMASK


def same_file(a: os.PathLike[str], b: os.PathLike[str]) -> bool:
    """Whether two paths are one file, as on a disk that does not tell upper from lower case."""
    try:
        return os.path.samefile(a, b)
    except OSError:
        return False


def folder_mark(path: Path) -> int | None:
    """A number that is another one when files came to a folder, were replaced or went away."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
