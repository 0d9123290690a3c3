"""What was found in each notebook, kept until something it was found from changes."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import msgspec

from nbtrail import __version__
from nbtrail.files import fingerprint, write_atomic
from nbtrail.policy.content import Content
from nbtrail.policy.twins import TwinCheck

Stat = tuple[int, int, int]

#: Part of the file's name: other rules never read what these found.
_VERSION = 1
#: Younger files may change again within the clock's resolution: what they say is not kept.
_SETTLED_NS = 2_000_000_000


class Entry(msgspec.Struct, frozen=True):
    """What was found in one notebook.

    Attributes
    ----------
    stat, twin_stat
        Size, modification time in ns and inode of both files; ``None`` where there is none.
    base
        The last sync of both that was looked at.
    around
        Identity of all else that entered: what the notebook reads, the project's modules.
    """

    stat: Stat
    twin_stat: Stat | None
    base: str
    around: str
    content: Content
    twin: TwinCheck


class CheckCache:
    """Entries of one project's notebooks, in ``<state>/cache``.

    The file is a convenience: where it cannot be read or written, everything is found anew.
    """

    def __init__(self, root: Path, state_dir: Path) -> None:
        self._root = root
        self._file = state_dir / "cache" / f"check-{__version__}-{_VERSION}.msgpack"
        self._entries: dict[str, Entry] = {}
        self._changed = False
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            decoder = msgspec.msgpack.Decoder(dict[str, Entry])
            self._entries = decoder.decode(self._file.read_bytes())

    def get(self, path: str, base: str, around: str) -> Entry | None:
        """What is known of the notebook at ``path``, if it and all around it is as it was."""
        entry = self._entries.get(path)
        if entry is None or entry.base != base or entry.around != around:
            return None
        if fingerprint(self._root / path) != entry.stat:
            return None
        if entry.twin.twin is not None and self._stat_of(entry.twin.twin) != entry.twin_stat:
            return None
        return entry

    def keep(
        self, path: str, stat: Stat | None, base: str, around: str, content: Content,
        twin: TwinCheck,
    ) -> None:  # fmt: skip
        """Keep what was found in a notebook whose ``stat`` was taken before it was read."""
        twin_stat = None if twin.twin is None else self._stat_of(twin.twin)
        youngest = max(found[1] for found in (stat, twin_stat, (0, 0, 0)) if found is not None)
        if stat is None or time.time_ns() - youngest < _SETTLED_NS:
            self._changed |= self._entries.pop(path, None) is not None
            return
        self._entries[path] = Entry(stat, twin_stat, base, around, content, twin)
        self._changed = True

    def forget_others(self, paths: list[str]) -> None:
        """Drop notebooks that are no more."""
        gone = self._entries.keys() - set(paths)
        for path in gone:
            del self._entries[path]
        self._changed = self._changed or bool(gone)

    def save(self) -> None:
        """Write what is new; a folder that cannot be written is no error."""
        if not self._changed:
            return
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._file, msgspec.msgpack.encode(self._entries))
        self._changed = False

    def _stat_of(self, path: str) -> Stat | None:
        return fingerprint(self._root / path)
