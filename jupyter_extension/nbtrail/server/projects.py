"""The projects below the server's root, opened when they are first asked for."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nbtrail.app import OpenProject
from nbtrail.config import CONFIG_NAME
from nbtrail.errors import NotFoundError, OutsideProjectError
from nbtrail.files import fingerprint
from nbtrail.project import find_root, load_project

#: Seconds that a save or a panel waits for another writer of the ledger.
_PATIENCE = 2.0
_Print = tuple[int, int, int] | None
_DRIVE = re.compile(r"^[A-Za-z][A-Za-z0-9_-]*:")


class Projects:
    """Open projects by their root folder. Safe to use from several threads.

    Parameters
    ----------
    root
        The server's root; nothing above it is ever looked at.
    on_commit
        Called with a project after something was written to its ledger.
    """

    def __init__(self, root: Path, on_commit: Callable[[OpenProject], None] | None = None) -> None:
        self.root = Path(os.path.realpath(root))
        self._on_commit = on_commit
        #: Tells the environment of the kernel that a notebook on the disk has now.
        self.kernel_environment: Callable[[Path], Mapping[str, Any] | None] = lambda _: None
        #: Tells how many messages of kernels could not be put on record, of whatever project.
        self.unheard: Callable[[], int] = lambda: 0
        self._open: dict[Path, tuple[OpenProject, _Print]] = {}
        self._lock = threading.Lock()

    def for_path(self, contents_path: str) -> OpenProject:
        """The project of a file or folder, given as a path of the Contents API.

        Raises
        ------
        OutsideProjectError
            When the path leads out of the server's root.
        """
        return self._get(find_root(self.absolute(contents_path), self.root))

    def for_folder(self, folder: str) -> OpenProject:
        """The project of ``folder``, as REST's ``project=`` names it.

        Raises
        ------
        NotFoundError
            When there is no such folder.
        """
        if not self.absolute(folder).is_dir():
            raise NotFoundError(f"There is no folder {folder}.", hint="Check project=.")
        return self.for_path(folder)

    def absolute(self, contents_path: str) -> Path:
        """Where a path of the Contents API lies on the disk; drive prefixes are dropped."""
        if "\0" in contents_path:
            raise OutsideProjectError("A path cannot hold a NUL character.", hint="Check it.")
        plain = contents_path.strip("/")
        if not os.path.lexists(self.root / plain):
            plain = strip_drive(plain).strip("/")
        target = Path(os.path.normpath(self.root / plain))
        real = Path(os.path.realpath(target))
        if not (target.is_relative_to(self.root) and real.is_relative_to(self.root)):
            raise OutsideProjectError(f"{contents_path} lies outside the server's root.")
        return target

    def contents_root(self, opened: OpenProject) -> str:
        """The project's folder as the Contents API names it; empty for the server's root."""
        if not opened.project.root.is_relative_to(self.root):
            return ""
        relative = opened.project.root.relative_to(self.root).as_posix()
        return "" if relative == "." else relative

    def opened(self) -> list[OpenProject]:
        """The projects that were asked for so far."""
        with self._lock:
            return [opened for opened, _ in self._open.values()]

    def close(self) -> None:
        """Close every project: queued records are written first."""
        with self._lock:
            everything, self._open = list(self._open.values()), {}
        for opened, _ in everything:
            opened.close()

    def _get(self, root: Path) -> OpenProject:
        state = fingerprint(root / CONFIG_NAME)
        with self._lock:
            known = self._open.get(root)
            if known is not None and known[1] == state:
                return known[0]
            fresh = load_project(root)
            if known is not None:
                known[0].reload(fresh)
                self._open[root] = (known[0], state)
                return known[0]
            opened = OpenProject(
                fresh,
                self._committed,
                lambda path: self.kernel_environment(path),
                patience=_PATIENCE,
            )
            self._open[root] = (opened, state)
        return opened

    def _committed(self, opened: OpenProject) -> None:
        if self._on_commit is not None:
            self._on_commit(opened)


def strip_drive(contents_path: str) -> str:
    """A path of the Contents API without the prefix of a drive such as ``RTC:``."""
    return _DRIVE.sub("", contents_path, count=1)
