"""Names that are free: of files that exist, of names that stay, and of those given before."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

from nbtrail.notebooks.names import build_name, parse_name
from nbtrail.pairing.formats import SCRIPT_EXTENSIONS
from nbtrail.project import Project

#: A notebook's twin may have any of these, whatever language and format are set now.
_KINDS = frozenset(
    {"ipynb", "md", "rmd", "qmd", "myst"} | {e.lower() for e in SCRIPT_EXTENSIONS.values()}
)


class FreeNames:
    """Gives every path once, however it is written, and no name that says what another says.

    Parameters
    ----------
    project
        Whose folders count.
    staying
        Notebooks that keep their names.
    """

    def __init__(self, project: Project, staying: Iterable[str]) -> None:
        self._project = project
        self._said = {said for path in staying if (said := self._says(path)) is not None}
        self._given: set[tuple[str, str]] = set()
        self._listed: dict[str, dict[str, set[str]]] = {}

    def named(
        self, own: str, category: str, sequence: str | None, descriptions: Iterable[str]
    ) -> tuple[str, str]:
        """The path with the first description that is free beside ``own``, and that description."""
        parent = PurePosixPath(own).parent
        for description in descriptions:
            candidate = str(parent / build_name(category, description, sequence))
            said = self._says(candidate)
            if said not in self._said and self._is_free(candidate, own):
                self._given.add(_place(candidate))
                self._said |= {said} if said is not None else set()
                return candidate, description
        raise AssertionError("descriptions end before a folder is full")

    def aside(self, own: str, folder: str) -> str:
        """The path of a notebook in another folder, numbered where its name is taken there."""
        stem, number = PurePosixPath(own).stem, 1
        candidate = f"{folder}/{stem}.ipynb"
        while not self._is_free(candidate, own):
            number += 1
            candidate = f"{folder}/{stem}-{number}.ipynb"
        self._given.add(_place(candidate))
        return candidate

    def _says(self, path: str) -> tuple[str, str, str] | None:
        """Folder, category and description: two notebooks of the same cannot be told apart."""
        name = parse_name(path, self._project.config.names)
        if name.category is None or not name.description:
            return None
        return str(PurePosixPath(path).parent), name.category, _folded(name.description)

    def _is_free(self, path: str, own: str) -> bool:
        """Whether neither a notebook nor a script of that name is there, but for the own ones."""
        folder, stem = _place(path)
        mine = {PurePosixPath(own).stem} if _place(own)[0] == folder else set()
        return (folder, stem) not in self._given and self._stems(folder).get(stem, set()) <= mine

    def _stems(self, folder: str) -> dict[str, set[str]]:
        """Stems of notebooks and scripts in a folder as they are written, by their folded form."""
        if folder not in self._listed:
            try:
                names = os.listdir(self._project.root / folder)
            except OSError:
                names = []
            found: dict[str, set[str]] = {}
            for name in names:
                stem, _, kind = name.rpartition(".")
                if kind.lower() in _KINDS:
                    found.setdefault(_folded(stem), set()).add(stem)
            self._listed[folder] = found
        return self._listed[folder]


def _place(path: str) -> tuple[str, str]:
    pure = PurePosixPath(path)
    return str(pure.parent), _folded(pure.stem)


def _folded(text: str) -> str:
    """A name as file systems see it that tell neither case nor composed letters apart."""
    return unicodedata.normalize("NFC", text).casefold()
