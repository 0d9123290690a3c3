"""The project's files as they are at a moment, and which of them are others at the next."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, ClassVar

from .report import FileFilter

#: Bounds of a look at the project's files.
FILES_LIMIT = 5_000
SECONDS_LIMIT = 0.05
_JOURNALS = ("-wal", "-shm", "-journal", ".wal")
_TWINS = (".py", ".md", ".Rmd", ".qmd", ".R", ".jl")

if TYPE_CHECKING:
    Snapshot = dict[str, Any]


class Project:
    """Where children may write, and what of it counts."""

    root: str | None = None
    keep: FileFilter = FileFilter(None)
    config: ClassVar[dict[str, Any]] = {}


def snapshot() -> Snapshot:
    """States of the project's files, as far as there is time to look."""
    files: dict[str, Any] = {}
    folders: dict[str, bool] = {}
    found = {"files": files, "folders": folders, "complete": Project.root is not None}
    waiting = [Project.root] if Project.root is not None else []
    deadline = time.monotonic() + SECONDS_LIMIT
    for folder in waiting:
        folders[folder] = False
        if len(files) > FILES_LIMIT or time.monotonic() > deadline:
            found["complete"] = False
            continue
        try:
            with os.scandir(folder) as entries:
                for item in entries:
                    if item.is_dir(follow_symlinks=False):
                        if item.name[:1] != "." and Project.keep.path(item.path + "/x"):
                            waiting.append(item.path)
                    elif item.is_file():
                        state = item.stat()
                        files[item.path] = (state.st_size, state.st_mtime_ns, state.st_ino)
        except OSError:
            continue
        folders[folder] = True
    return found


def changes(before: Snapshot, after: Snapshot) -> list[str]:
    """Files that are new or others; notebooks and their twins are written by their editors."""
    files, folders = before["files"], before["folders"]
    found = []
    for path, state in after["files"].items():
        known = files.get(path)
        if known is not None:
            if tuple(known) == tuple(state):
                continue
        else:
            folder = os.path.dirname(path)
            while folder not in folders and len(folder) > len(Project.root or ""):
                folder = os.path.dirname(folder)
            if not folders.get(folder):
                continue  # nobody has looked there before
        stem, suffix = os.path.splitext(path)
        twin = suffix in _TWINS and stem + ".ipynb" in after["files"]
        if not twin and suffix != ".ipynb" and not path.endswith(_JOURNALS):
            found.append(path)
    return found
