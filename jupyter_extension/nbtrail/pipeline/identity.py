"""Which file is meant: one key for the many ways in which notebooks name it.

A key is a POSIX path from the project root with the date taken out (`family_of`); ``*`` stands
for a part that is not known.
"""

from __future__ import annotations

import bisect
import fnmatch
import itertools
import os
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nbtrail.notebooks.datasets import family_of, parse_dataset
from nbtrail.pipeline.inference.values import HOLE, ROOT

#: Folders whose files are gone tomorrow.
_TEMPORARY = ("/tmp/", "/var/tmp/", "/dev/", "/proc/", "/sys/", "/private/tmp/")
#: Where notebooks run on machines that are lent out for a while.
_LENT_FOLDERS = re.compile(r"^(?:/content/(?!drive/|gdrive/)|/kaggle/working/)")
_DRIVE = re.compile(r"^[A-Za-z]:/")
_UNKNOWN_DATE = re.compile(r"(^|/)\*[-_]")
#: What is in these was not put there by people.
_OWN_FOLDERS = frozenset({".git", ".nbtrail", ".venv", ".ipynb_checkpoints", "__pycache__"})
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

    def matching(self, pattern: str) -> tuple[str, ...]:
        """Files and folders that fit a pattern of POSIX paths, ``**/`` for any folders.

        Rather too many than too few: below its first star, a pattern's stars stand for folders too.
        """
        folder = posixpath.dirname(pattern.partition("*")[0])
        rest = pattern[len(folder) :].lstrip("/")
        if "/" not in rest:
            groups = self.families(folder).values()
            names = [path for group in groups for path in group]
        else:
            names = _below(self.root, folder)
        wanted = pattern.replace("**/", "*")
        return tuple(
            sorted(
                path
                for path in names
                if fnmatch.fnmatchcase(path, wanted) and _OWN_FOLDERS.isdisjoint(path.split("/"))
            )
        )

    def files_of(self, path: str) -> tuple[str, ...]:
        """The path itself, or all that is below it where it is a folder."""
        return self.matching(f"{path}/**/*") if (self.root / path).is_dir() else (path,)

    def has_folder(self, key: str) -> bool:
        """Whether the folder of this key is there."""
        return (self.root / posixpath.dirname(key)).is_dir()


def key_of(path: str) -> str:
    """The key of a POSIX path seen from the project root."""
    path = _UNKNOWN_DATE.sub(r"\1", path.replace(HOLE, "*"))
    return path if "*" in path else family_of(path)


def refer(text: str, folder: str, root: Path) -> Reference | None:
    """What a path in the code of a notebook in ``folder`` may mean; ``None`` for no evidence."""
    text = _LENT_FOLDERS.sub("", text.replace("\\", "/").replace(HOLE, "*"))
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


def patterns_of(text: str, folder: str, root: Path) -> tuple[str, ...]:
    """Paths that a path or pattern in the code of a notebook in ``folder`` may stand for.

    Unlike keys they keep their dates, and each may lead out of the project.
    """
    text = text.replace("\\", "/").replace(HOLE, "*")
    inside = root.as_posix() + "/"
    found: list[str]
    if "://" in text:
        return ()
    if text.startswith(ROOT):
        found = [text[2:]]
    elif text.startswith(inside):
        found = [text[len(inside) :]]
    elif text.startswith(_TEMPORARY):
        return ()
    elif text.startswith("*/"):
        found = ["**/" + text[2:]]
    elif text.startswith("/") or _DRIVE.match(text):
        parts = text.lstrip("/").split("/")
        tails = ("/".join(parts[start:]) for start in range(1, len(parts) - 1))
        found = [text, *(t for t in tails if (root / posixpath.dirname(t)).is_dir())]
    else:
        found = [posixpath.join(folder, text), text]
    return tuple(dict.fromkeys(posixpath.normpath(path) for path in found))


def settle_write(reference: Reference, folders: Folders) -> str | None:
    """The key that a writer means; ``None`` for an author's own path, settled later."""
    if reference.suffix:
        return _existing_end(reference, folders)
    first, *others = reference.candidates
    if others and not folders.has_folder(first) and folders.has_folder(others[0]):
        return others[0]
    return first


def settle_read(reference: Reference, written: KnownKeys, folders: Folders) -> str | None:
    """The key that a reader means, knowing what is written by others."""
    if reference.suffix:
        return written.end_of(reference) or _existing_end(reference, folders)
    for key in reference.candidates:
        if key in written or folders.exists(key):
            return key
    return _renamed_project(reference, written, folders) or reference.candidates[0]


def _renamed_project(reference: Reference, written: KnownKeys, folders: Folders) -> str | None:
    """What is written below a folder, read below another one that is not there.

    ``../other-name-of-the-project/data/x.csv`` for ``data/x.csv``.
    """
    for key in reference.candidates:
        head, _, rest = key.replace("../", "").partition("/")
        if "/" in rest and rest in written and not (folders.root / head).exists():
            return rest
    return None


def settle_end(reference: Reference, known: KnownKeys) -> str:
    """The key of an author's own path that lies nowhere: another notebook's, or its own."""
    found = known.end_of(reference)
    if found is not None:
        return found
    return "/".join([ELSEWHERE, *reference.candidates[0].split("/")[-2:]])


class KnownKeys:
    """Keys that are known, found by the ends of authors' own paths."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys: set[str] = set()
        self._by_name: defaultdict[str, list[str]] = defaultdict(list)
        self._patterns: list[str] = []
        for key in keys:
            self.add(key)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def add(self, key: str) -> None:
        """Know one more."""
        if key in self._keys:
            return
        self._keys.add(key)
        if "*" in key:
            self._patterns.append(key)
        else:
            self._by_name[posixpath.basename(key)].append(key)

    def end_of(self, reference: Reference) -> str | None:
        """The longest end of an author's own path that is, or fits, one of the keys."""
        path = reference.candidates[0]
        parts = path.split("/")
        exact = self._keys if reference.is_pattern else self._by_name.get(parts[-1], [])
        longest = ""
        for key in (*exact, *self._patterns):
            end = "/".join(parts[-1 - key.count("/") :])
            if len(end) <= len(longest) or (reference.is_pattern and "*" in key):
                continue
            if end == key or _fits(end, key) or (reference.is_pattern and _fits(key, end)):
                longest = end
        return longest or None


class KeyIndex:
    """Keys found by what matches them, without a look at each.

    Parameters
    ----------
    keys
        Some with stars, some without.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._sorted = sorted(keys)
        self._patterns: defaultdict[str, list[str]] = defaultdict(list)
        for key in self._sorted:
            if "*" in key:
                self._patterns[key.partition("*")[0]].append(key)

    def matching(self, read: str) -> list[str]:
        """Keys other than ``read`` that it matches, patterns before the rest."""
        start = read.partition("*")[0]
        beginnings = (start[:end] for end in range(len(start) + 1))
        found = [key for text in beginnings for key in self._patterns.get(text, ())]
        if "*" in read:
            place = bisect.bisect_left(self._sorted, start)
            for key in itertools.islice(self._sorted, place, None):
                if not key.startswith(start):
                    break
                found.append(key)
        return [key for key in dict.fromkeys(found) if key != read and matches(read, key)]


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


def _below(root: Path, folder: str) -> list[str]:
    """POSIX paths of all files below a folder, from the root."""
    found: list[str] = []
    for place, folders, files in os.walk(root / folder):
        folders[:] = sorted(name for name in folders if name not in _OWN_FOLDERS)
        base = os.path.relpath(place, root).replace(os.sep, "/")
        found.extend(name if base == "." else f"{base}/{name}" for name in files)
    return found


def _fits(key: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(key, pattern) and _says_enough(pattern)


def _says_enough(pattern: str) -> bool:
    """A star says too little when nothing but the ending is known."""
    return "/" in pattern.strip("/") or len(pattern.replace("*", "").strip("._-")) >= 6


def newest_version(family: str, folders: Folders, until: str | None = None) -> str | None:
    """The file that a dataset's family stands for: its newest version, else its undated file.

    Versions younger than ``until`` (an ISO date) do not count.
    """
    members = folders.families(posixpath.dirname(family)).get(family, [])
    versions = [
        (found.date, path)
        for path in members
        if (found := parse_dataset(path)).date is not None
        and (until is None or found.date <= until)
    ]
    if versions:
        return max(versions)[1]
    return family if family in members else None


def _existing_end(reference: Reference, folders: Folders) -> str | None:
    parts = reference.candidates[0].split("/")
    for start in range(len(parts)):
        key = "/".join(parts[start:])
        if folders.exists(key):
            return key
    return None
