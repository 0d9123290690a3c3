"""A copy of a project in which a pipeline may do what it likes, and a watch on the original."""

from __future__ import annotations

import contextlib
import os
import posixpath
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbtrail.errors import StoreError
from nbtrail.notebooks.datasets import family_of
from nbtrail.project import PRUNED_FOLDERS

#: Linux' request for a copy that shares its blocks until one side is written (FICLONE).
_CLONE = 0x40049409
_SKIPPED = PRUNED_FOLDERS - {"site-packages"}
_PREFIX = "nbtrail-verify-"

#: Size, modification and change time (ns) and inode of a file.
Stamp = tuple[int, int, int, int]


@dataclass(frozen=True)
class Claim:
    """A temporary folder that is this process's for as long as it lives."""

    path: Path
    handle: int

    def release(self) -> None:
        """Delete the folder, whatever a step has done to the modes of its files."""
        for place, folders, _files in os.walk(self.path):
            for path in (os.path.join(place, name) for name in folders):
                # What a link leads to is somebody else's.
                if not os.path.islink(path):
                    with contextlib.suppress(OSError):
                        os.chmod(path, stat.S_IRWXU)
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self.handle)


def claim_folder() -> Claim:
    """Make a temporary folder for a copy.

    It is locked, and the system lets a lock go with its process: `sweep_copies` tells by that
    which folders nobody uses any more.
    """
    while True:
        path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        try:
            handle = _open_folder(path)
        except FileNotFoundError:
            continue
        try:
            _lock(handle)
        except BlockingIOError:
            pass
        except OSError:
            # A file system without locks: no sweep gets one either, and so leaves it alone.
            return Claim(path, handle)
        else:
            if path.exists():
                return Claim(path, handle)
        # A sweep has taken it between the making and the lock.
        os.close(handle)


def sweep_copies() -> None:
    """Delete the copies that killed processes of this user have left."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            handle = _open_folder(path)
        except OSError:
            continue
        try:
            _lock(handle)
        except OSError:
            os.close(handle)
        else:
            Claim(path, handle).release()


def project_files(root: Path) -> Iterator[str]:
    """POSIX paths of all files of a project, links followed.

    Left out are nbtrail's and git's own folders, caches and virtual environments.
    """
    for _folder, files in _walk(root):
        yield from files


def _walk(root: Path) -> Iterator[tuple[str, list[str]]]:
    """POSIX paths of the folders of a project, each with those of its files."""
    seen: set[str] = set()
    pending = [""]
    while pending:
        folder = pending.pop()
        real = os.path.realpath(root / folder)
        if real in seen:
            continue
        seen.add(real)
        try:
            entries = sorted(os.scandir(real), key=lambda entry: entry.name)
        except OSError:
            continue
        files = []
        for entry in entries:
            path = posixpath.join(folder, entry.name)
            if entry.is_dir():
                environment = os.path.exists(os.path.join(entry.path, "pyvenv.cfg"))
                if entry.name not in _SKIPPED and not environment:
                    # Links last: a folder of the project counts under its own name first.
                    pending.insert(0 if entry.is_symlink() else len(pending), path)
            elif entry.is_file():
                files.append(path)
        yield folder, files


def take_stamps(root: Path) -> dict[str, Stamp]:
    """What tells whether any file of a project is touched, by POSIX path."""
    found = {}
    for path in project_files(root):
        with contextlib.suppress(OSError):
            found[path] = _stamp(root / path)
    return found


def touched(root: Path, before: dict[str, Stamp], hashes: dict[str, str | None]) -> list[str]:
    """Files that were changed, made or deleted since ``before``; notebooks are left out.

    Notebooks and their twins are what people edit and save while a verify runs.

    Parameters
    ----------
    hashes
        Content of the files at that time: one that has only been touched is not changed.
    """
    from nbtrail.files import sha256_file

    after = take_stamps(root)
    own = {posixpath.splitext(p)[0] for p in (*before, *after) if p.endswith(".ipynb")}
    found = []
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) == after.get(path) or posixpath.splitext(path)[0] in own:
            continue
        if path in before and path in after:
            with contextlib.suppress(OSError):
                if sha256_file(root / path) == hashes.get(path):
                    continue
        found.append(path)
    return found


def copy_project(root: Path, target: Path, made: frozenset[str]) -> None:
    """Copy a project's files to ``target``, as files of their own: never links.

    Parameters
    ----------
    made
        Paths that the pipeline makes itself: neither they nor other dated versions of the same
        datasets are copied.

    Raises
    ------
    StoreError
        When a file cannot be copied, as on a full disk.
    """
    families = {family_of(path) for path in made}
    try:
        for folder, files in _walk(root):
            # Also where nothing is copied into it: a step may count on the folder.
            (target / folder).mkdir(parents=True, exist_ok=True)
            for path in files:
                if path not in made and family_of(path) not in families:
                    _copy(root / path, target / path)
    except OSError as error:
        raise StoreError(
            f"The project cannot be copied to {target}: {error.strerror or error}.",
            hint="Make room there, or set TMPDIR to a larger disk.",
        ) from error


def _open_folder(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)


def _lock(handle: int) -> None:
    """Lock a folder of this user's."""
    import fcntl

    if os.fstat(handle).st_uid != os.geteuid():
        raise PermissionError
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _copy(source: Path, target: Path) -> None:
    if not _cloned(source, target):
        shutil.copyfile(source, target)
    shutil.copystat(source, target)


def _cloned(source: Path, target: Path) -> bool:
    """Copy by sharing blocks, where the file system can; the copy is independent all the same."""
    import fcntl

    try:
        with source.open("rb") as reading, target.open("wb") as writing:
            fcntl.ioctl(writing.fileno(), _CLONE, reading.fileno())
    except OSError:
        return False
    return True


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
