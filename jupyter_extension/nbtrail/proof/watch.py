"""A watch on the original of a project, and on what lies around its copy."""

from __future__ import annotations

import contextlib
import os
import posixpath
from pathlib import Path

from nbtrail.files import sha256_file
from nbtrail.pairing.formats import notebook_of
from nbtrail.pipeline.hashes import FileHashes
from nbtrail.project import Project
from nbtrail.proof.aside import project_files

#: Size, modification and change time (ns) and inode of a file.
Stamp = tuple[int, int, int, int]


class Watch:
    """Tells what a step has changed that is none of its copy.

    The originals are hashed before the first step, and again wherever size, times or inode of a
    file are not what they were. So a write is seen whichever way it went: by an absolute path, a
    symbolic link, or a hard link that the step made.

    Parameters
    ----------
    around
        The copy's folders, from the outermost inwards, with what may lie in each: a step that goes
        up with ``..`` leaves something else there.
    """

    def __init__(self, project: Project, around: dict[Path, frozenset[str]]) -> None:
        self._project = project
        self._root = project.root
        self._around = around
        self._stamps = take_stamps(project.root)
        known = FileHashes(project.root, project.state_dir)
        self._hashes = {path: known.get(path) for path in self._stamps}
        known.save()
        self._told: set[str] = set()
        #: Notebooks and twins that somebody saved meanwhile, by POSIX path.
        self.saved: set[str] = set()

    def look(self) -> list[str]:
        """What was changed, made or deleted since the last look, each told once.

        Absolute paths. Notebooks of the original and their twins are left out, and noted in
        `saved`: they are what people edit and save while a verify runs.
        """
        found: list[str] = []
        for path in touched(self._root, self._stamps, self._hashes):
            if self._is_notebook(path):
                self.saved.add(path)
            else:
                found.append(path)
        changed = [str(self._root / path) for path in found]
        for folder, expected in self._around.items():
            with contextlib.suppress(OSError):
                left = sorted(set(os.listdir(folder)) - expected)
                changed += [str(folder / name) for name in left]
        new = [path for path in changed if path not in self._told]
        self._told.update(new)
        return new

    def _is_notebook(self, path: str) -> bool:
        stem, suffix = posixpath.splitext(path)
        notebooks = (f"{stem}.ipynb", notebook_of(self._project, path))
        return suffix == ".ipynb" or any(name in self._stamps for name in notebooks)


def take_stamps(root: Path) -> dict[str, Stamp]:
    """What tells whether any file of a project is touched, by POSIX path."""
    found = {}
    for path in project_files(root):
        with contextlib.suppress(OSError):
            state = (root / path).stat()
            found[path] = (state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)
    return found


def touched(root: Path, before: dict[str, Stamp], hashes: dict[str, str | None]) -> list[str]:
    """Files that were changed, made or deleted since ``before``, by POSIX path.

    Parameters
    ----------
    hashes
        Content of the files at that time: one that has only been touched is not changed.
    """
    after = take_stamps(root)
    found = []
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) == after.get(path):
            continue
        if path in before and path in after:
            with contextlib.suppress(OSError):
                if sha256_file(root / path) == hashes.get(path):
                    continue
        found.append(path)
    return found
