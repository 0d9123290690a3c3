"""Hashes of files, remembered by size, time and inode."""

from __future__ import annotations

import time
from pathlib import Path

from nbtrail.files import fingerprint, stable_sha256
from nbtrail.kept import SETTLED_NS, Kept

_Known = tuple[int, int, int, str]


class FileHashes:
    """Content hashes below one root, kept in ``<state>/cache``.

    The kept file is a convenience: where it cannot be used, files are hashed anew.
    """

    def __init__(self, root: Path, state_dir: Path) -> None:
        self._root = root
        file = state_dir / "cache" / "hashes-1.msgpack"
        self._known: Kept[_Known] = Kept(file, _Known)

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
        if digest is not None and time.time_ns() - found[1] > SETTLED_NS:
            self._known.put(path, (*found, digest))
        return digest

    def save(self) -> None:
        """Write what is new; a folder that cannot be written is no error."""
        self._known.save()
