"""What was found in each notebook, kept until something it was found from changes."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec

from nbtrail import __version__
from nbtrail.files import fingerprint
from nbtrail.kept import SETTLED_NS, Kept
from nbtrail.policy.content import Content
from nbtrail.policy.twins import TwinCheck

Stat = tuple[int, int, int]

#: Part of the file's name: other rules never read what these found.
_VERSION = 1


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
        file = state_dir / "cache" / f"check-{__version__}-{_VERSION}.msgpack"
        self._entries: Kept[Entry] = Kept(file, Entry)

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
        if stat is None or time.time_ns() - youngest < SETTLED_NS:
            self._entries.drop(path)
            return
        self._entries.put(path, Entry(stat, twin_stat, base, around, content, twin))

    def forget_others(self, paths: list[str]) -> None:
        """Drop notebooks that are no more."""
        self._entries.forget_others(paths)

    def save(self) -> None:
        """Write what is new; a folder that cannot be written is no error."""
        self._entries.save()

    def _stat_of(self, path: str) -> Stat | None:
        return fingerprint(self._root / path)
