"""Which file is meant: one key for the many ways in which notebooks name it.

A key is a POSIX path from the project root with the date taken out (`family_of`); ``*`` stands
for a part that is not known.
"""

from __future__ import annotations

import fnmatch
import os
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nbtrail.notebooks.datasets import family_of
from nbtrail.pipeline.inference.values import HOLE, ROOT

#: Folders whose files are gone tomorrow.
_TEMPORARY = ("/tmp/", "/var/tmp/", "/dev/", "/proc/", "/sys/", "/private/tmp/")
_DRIVE = re.compile(r"^[A-Za-z]:/")
_UNKNOWN_DATE = re.compile(r"(^|/)\*[-_]")
#: First component of the key of a file that lies where no project folder is known.
ELSEWHERE = "…"


@dataclass(frozen=True, slots=True)
class Reference:
    """A file as one notebook names it, with the keys that it may have, the likeliest first.

    ``suffix`` marks a path of an author's own machine, of which only the end can count.
    """

    candidates: tuple[str, ...]
    suffix: bool = False

    @property
    def is_pattern(self) -> bool:
        """Whether a part of it is not known."""
        return "*" in self.candidates[0]


class Folders:
    """What lies in the project's folders; each is listed once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._families: dict[str, dict[str, list[str]]] = {}

    def families(self, folder: str) -> dict[str, list[str]]:
        """Names of the files in a folder by the key of their family."""
        known = self._families.get(folder)
        if known is None:
            known = {}
            try:
                entries = sorted(os.listdir(self.root / folder))
            except OSError:
                entries = []
            for name in entries:
                path = posixpath.join(folder, name) if folder else name
                known.setdefault(family_of(path), []).append(path)
            self._families[folder] = known
        return known

    def exists(self, key: str) -> bool:
        """Whether a file, folder or dated version of this key is there."""
        if "*" in key:
            head, _, _last = key.rpartition("/")
            if "*" in head:
                return False
            return any(fnmatch.fnmatchcase(found, key) for found in self.families(head))
        return key in self.families(posixpath.dirname(key)) or (self.root / key).exists()

    def has_folder(self, key: str) -> bool:
        """Whether the folder of this key is there."""
        return (self.root / posixpath.dirname(key)).is_dir()


def key_of(path: str) -> str:
    """The key of a POSIX path seen from the project root."""
    path = _UNKNOWN_DATE.sub(r"\1", path.replace(HOLE, "*"))
    return path if "*" in path else family_of(path)


def refer(text: str, folder: str, root: Path) -> Reference | None:
    """What a path in the code of a notebook in ``folder`` may mean; ``None`` for no evidence."""
    text = text.replace("\\", "/").replace(HOLE, "*")
    if "://" in text or ".ipynb_checkpoints" in text or text.startswith(_TEMPORARY):
        return None
    if text.startswith(ROOT):
        return Reference((key_of(posixpath.normpath(text[2:])),))
    if text.startswith("/") or _DRIVE.match(text):
        inside = root.as_posix() + "/"
        if text.startswith(inside):
            return Reference((key_of(posixpath.normpath(text[len(inside) :])),))
        return Reference((key_of(posixpath.normpath(text).lstrip("/")),), suffix=True)
    if text.startswith("*/"):
        return Reference((key_of(posixpath.normpath(text[2:])),), suffix=True)
    paths = [posixpath.normpath(posixpath.join(folder, text))]
    if folder:
        paths.append(posixpath.normpath(text))
    kept = [key_of(path) for path in paths if not path.startswith("../")] or [key_of(paths[0])]
    return Reference(tuple(dict.fromkeys(kept)))


def settle_write(reference: Reference, folders: Folders) -> str | None:
    """The key that a writer means; ``None`` for an author's own path, settled later."""
    if reference.suffix:
        return _existing_end(reference, folders)
    first, *others = reference.candidates
    if others and not folders.has_folder(first) and folders.has_folder(others[0]):
        return others[0]
    return first


def settle_read(reference: Reference, written: set[str], folders: Folders) -> str | None:
    """The key that a reader means, knowing what is written by others."""
    if reference.suffix:
        return _end_among(reference, written) or _existing_end(reference, folders)
    for key in reference.candidates:
        if key in written or folders.exists(key):
            return key
    return reference.candidates[0]


def settle_end(reference: Reference, known: Iterable[str]) -> str:
    """The key of an author's own path that lies nowhere: another notebook's, or its own."""
    found = _end_among(reference, known)
    if found is not None:
        return found
    return "/".join([ELSEWHERE, *reference.candidates[0].split("/")[-2:]])


def matches(read: str, written: str) -> bool:
    """Whether a file that is read may be one that is written."""
    if read == written:
        return True
    if "*" in read and "*" not in written:
        return _fits(written, read)
    if "*" in written and "*" not in read:
        return _fits(read, written)
    if "*" in written and "*" in read:
        return _fits(written.replace("*", "x"), read) or _fits(read.replace("*", "x"), written)
    return False


def _fits(key: str, pattern: str) -> bool:
    if not fnmatch.fnmatchcase(key, pattern):
        return False
    # A star says too little when nothing but the ending is known.
    return "/" in pattern.strip("/") or len(pattern.replace("*", "").strip("._-")) >= 6


def _end_among(reference: Reference, known: Iterable[str]) -> str | None:
    whole = "/" + reference.candidates[0]
    ends = [key for key in known if "*" not in key and whole.endswith("/" + key)]
    return max(ends, key=lambda key: (len(key), key)) if ends else None


def _existing_end(reference: Reference, folders: Folders) -> str | None:
    parts = reference.candidates[0].split("/")
    for start in range(len(parts)):
        key = "/".join(parts[start:])
        if folders.exists(key):
            return key
    return None
