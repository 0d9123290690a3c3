"""Which cell, and which notebook, a source text comes from, where nobody said so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from nbtrail.errors import NbtrailError
from nbtrail.notebooks.cells import code_cells_of, source_sha256
from nbtrail.notebooks.document import Notebook, read_notebook
from nbtrail.project import Project


class CellMatcher:
    """Finds the cells of one notebook by what was executed, in the order of execution."""

    def __init__(self, notebook: Notebook) -> None:
        cells = [cell for cell in code_cells_of(notebook) if cell.source.strip()]
        self._ids = [cell.id for cell in cells]
        self._hashes = [source_sha256(cell.source) for cell in cells]
        self._next = 0

    def passes(self, cell_id: str | None) -> bool:
        """Whether the notebook has a code cell of this id, which then was executed."""
        if cell_id not in self._ids:
            return False
        self._next = self._ids.index(cell_id) + 1
        return True

    @property
    def last(self) -> str | None:
        """The cell that was executed last."""
        return self._ids[self._next - 1] if self._next else None

    def find(self, sha256: str) -> str | None:
        """The cell with this source; of several the first behind the one found before."""
        for start, end in ((self._next, len(self._ids)), (0, self._next)):
            for index in range(start, end):
                if self._hashes[index] == sha256:
                    self._next = index + 1
                    return self._ids[index]
        return None

    def share(self, hashes: frozenset[str]) -> float:
        """How much of what was executed is in the notebook, from 0 to 1."""
        return len(hashes.intersection(self._hashes)) / len(hashes) if hashes else 0.0


def matcher_of(path: Path) -> CellMatcher | None:
    """The matcher of a notebook file; ``None`` where it cannot be read."""
    try:
        return CellMatcher(read_notebook(path))
    except NbtrailError:
        return None


def find_notebook(
    project: Project,
    hashes: Iterable[str],
    folder: str,
    hints: Sequence[str] = (),
    *,
    everywhere: bool = True,
) -> str | None:
    """The notebook of a project that holds most of what was executed, and more than half of it.

    Parameters
    ----------
    hashes
        Of the sources.
    folder
        Absolute path of the folder that the kernel worked in: it decides between equals.
    hints
        Absolute paths of notebooks that come first.
    everywhere
        Whether all notebooks of the project are looked at where none of those is it.

    Returns
    -------
    str or None
        POSIX path from the project's root; ``None`` where there is none, or more than one
        might be meant.
    """
    wanted = frozenset(hashes)
    if not wanted:
        return None
    hinted: list[str] = []
    for hint in hints:
        try:
            hinted.append(project.relative(hint))
        except NbtrailError:
            continue
    found = _best(project, hinted, wanted, folder)
    if found is None and everywhere:
        found = _best(project, project.notebooks(), wanted, folder)
    return found


def _best(
    project: Project, paths: Sequence[str], wanted: frozenset[str], folder: str
) -> str | None:
    found: list[tuple[tuple[Any, ...], str]] = []
    for path in paths:
        try:
            notebook = read_notebook(project.root / path)
        except NbtrailError:
            continue
        share = CellMatcher(notebook).share(wanted)
        if share > 0.5:
            metadata = notebook.get("metadata") or {}
            # What papermill and nbconvert wrote is the copy, not what was executed.
            copy = "papermill" in metadata or path.endswith(".nbconvert.ipynb")
            near = str((project.root / path).parent) == folder
            found.append(((not copy, share, near), path))
    if not found:
        return None
    best = max(rank for rank, _path in found)
    paths = [path for rank, path in found if rank == best]
    return paths[0] if len(paths) == 1 else None
