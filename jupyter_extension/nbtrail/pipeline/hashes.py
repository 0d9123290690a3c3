"""Hashes of files, remembered by size, time and inode."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import msgspec

from nbtrail.files import fingerprint, stable_sha256, write_atomic

#: Younger files may change again within the clock's resolution and are not remembered.
_SETTLED_NS = 2_000_000_000


class FileHashes:
    """Content hashes below one root, kept in ``<state>/cache``.

    The kept file is a convenience: where it cannot be used, files are hashed anew.
    """

    def __init__(self, root: Path, state_dir: Path) -> None:
        self._root = root
        self._file = state_dir / "cache" / "hashes-1.msgpack"
        self._known: dict[str, tuple[int, int, int, str]] = {}
        self._changed = False
        with contextlib.suppress(OSError, msgspec.DecodeError, msgspec.ValidationError):
            decoder = msgspec.msgpack.Decoder(dict[str, tuple[int, int, int, str]])
            self._known = decoder.decode(self._file.read_bytes())

    def get(self, path: str) -> str | None:
        """Hash of the file at this POSIX path; ``None`` when missing or just changing."""
        file = self._root / path
        found = fingerprint(file)
        if found is None:
            return None
        known = self._known.get(path)
        if known is not None and known[:3] == found:
            return known[3]
        digest, _size = stable_sha256(file)
        if digest is not None and time.time_ns() - found[1] > _SETTLED_NS:
            self._known[path] = (*found, digest)
            self._changed = True
        return digest

    def save(self) -> None:
        """Write what is new; a folder that cannot be written is no error."""
        if not self._changed:
            return
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._file, msgspec.msgpack.encode(self._known))
        self._changed = False
