"""Files: hashing that does not lie, and writing that does not tear."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path

_CHUNK = 1 << 20
# Read once, at import: it can only be read by setting it, which other threads must not see.
_UMASK = os.umask(0o077)
os.umask(_UMASK)


def sha256_bytes(data: bytes) -> str:
    """Hexadecimal SHA-256 of ``data``."""
    return hashlib.sha256(data).hexdigest()


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
