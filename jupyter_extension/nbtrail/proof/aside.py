"""A copy of a project in which a pipeline may do what it likes."""

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

import msgspec

from nbtrail.errors import StoreError
from nbtrail.notebooks.datasets import family_of
from nbtrail.project import PRUNED_FOLDERS

#: Linux' request for a copy that shares its blocks until one side is written (FICLONE).
_CLONE = 0x40049409
_SKIPPED = PRUNED_FOLDERS - {"site-packages"}
_PREFIX = "nbtrail-verify-"


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


class Folder(msgspec.Struct, frozen=True):
    """One folder of a project.

    Attributes
    ----------
    path
        POSIX, relative to the root.
    files
        POSIX paths of its files, and of links to files that lie outside the project.
    links
        Links to what lies inside it, with the POSIX path of their target, be it there or not.
    """

    path: str
    files: tuple[str, ...]
    links: tuple[tuple[str, str], ...]


def project_files(root: Path) -> Iterator[str]:
    """POSIX paths of all files of a project, each once: what links inside it lead to is there.

    Left out are nbtrail's and git's own folders, caches and virtual environments.
    """
    for folder in walk(root):
        yield from folder.files


def walk(root: Path) -> Iterator[Folder]:
    """The folders of a project; links to folders outside are followed, none twice."""
    home = os.path.realpath(root)
    seen: set[str] = set()
    pending = [""]
    while pending:
        path = pending.pop()
        real = os.path.realpath(root / path)
        if real in seen:
            continue
        seen.add(real)
        try:
            entries = sorted(os.scandir(real), key=lambda entry: entry.name)
        except OSError:
            continue
        files, links = [], []
        for entry in entries:
            name = posixpath.join(path, entry.name)
            inside = _inside(home, entry) if entry.is_symlink() else None
            if inside is not None:
                links.append((name, inside))
            elif _is_folder(entry):
                if not _is_left_out(entry.name, entry.path):
                    pending.append(name)
            elif entry.is_file():
                files.append(name)
        yield Folder(path, tuple(files), tuple(links))


def _inside(home: str, link: os.DirEntry[str]) -> str | None:
    """Where in the project a link leads; ``None`` when outside, or to what is not copied."""
    target = os.path.realpath(link.path)
    if not target.startswith(home + os.sep):
        # The project itself would be in itself without end.
        return "." if target == home else None
    place = home
    parts = os.path.relpath(target, home).split(os.sep)
    for part in parts:
        place = os.path.join(place, part)
        if _is_left_out(part, place):
            return None
    return "/".join(parts)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_left_out(name: str, path: str) -> bool:
    return name in _SKIPPED or os.path.exists(os.path.join(path, "pyvenv.cfg"))


def copy_project(root: Path, target: Path, made: frozenset[str]) -> None:
    """Copy a project's files to ``target``, as files of their own.

    No link in the copy leads out of it: one to a place inside the project becomes one to the same
    place inside the copy, what another leads to is copied.

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
        for folder in walk(root):
            # Also where nothing is copied into it: a step may count on the folder.
            place = target / folder.path
            place.mkdir(parents=True, exist_ok=True)
            for path in folder.files:
                if path not in made and family_of(path) not in families:
                    _copy(root / path, target / path)
            for path, inside in folder.links:
                (target / path).symlink_to(os.path.relpath(target / inside, place))
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
    with contextlib.suppress(FileNotFoundError, PermissionError):
        # Gone since it was listed, or nothing that a step could read: without it the step says so.
        _copy_readable(source, target)


def _copy_readable(source: Path, target: Path) -> None:
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
