"""Names that cannot be told apart: two notebooks about the same, or with the same number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

from nbtrail.notebooks.names import NotebookName, parse_name
from nbtrail.policy.catalogue import Problem
from nbtrail.policy.findings import DUPLICATE, SEQUENCE_CLASH
from nbtrail.project import Project

_Key = tuple[str, object]


class Clashes:
    """The names of a project's notebooks, folder by folder.

    Parameters
    ----------
    project
        Whose words count.
    paths
        POSIX paths from the project root.
    """

    def __init__(self, project: Project, paths: Sequence[str]) -> None:
        self._same_file: defaultdict[_Key, list[str]] = defaultdict(list)
        self._same_words: defaultdict[_Key, list[str]] = defaultdict(list)
        self._same_number: defaultdict[_Key, list[str]] = defaultdict(list)
        for path in sorted(paths, key=_age):
            name = parse_name(path, project.config.names)
            if name.draft:
                continue
            self._same_file[_file(path)].append(path)
            if (words := _words(name)) is not None:
                self._same_words[words].append(path)
            if (number := _number(name)) is not None:
                self._same_number[number].append(path)

    def problems(self, name: NotebookName, *, new: bool = False) -> list[Problem]:
        """What another notebook's name does to this one.

        Of two that are there the longer name is told, which copies have; of one that is yet to
        come (``new``), any.
        """
        found = []
        file = PurePosixPath(name.path).name
        other = _first(self._same_file.get(_file(name.path)), name.path, new)
        said = "differs from it only in upper and lower case"
        if other is None and (words := _words(name)) is not None:
            other = _first(self._same_words.get(words), name.path, new)
            said = "has the same category and description"
        if other is not None:
            found.append(
                Problem(
                    DUPLICATE,
                    f"{file} has a double: {PurePosixPath(other).name} {said}. "
                    "Say in the name how they differ, or keep one of them.",
                )
            )
        if (number := _number(name)) is not None:
            other = _first(self._same_number.get(number), name.path, new)
            if other is not None:
                found.append(
                    Problem(
                        SEQUENCE_CLASH,
                        f"{file} and {PurePosixPath(other).name} have the same number: which one "
                        f"comes first? Give one of them another, such as {_next(name)}.",
                    )
                )
        return found


def _first(known: list[str] | None, path: str, new: bool) -> str | None:
    before = (other for other in known or () if new or _age(other) < _age(path))
    return next((other for other in before if other != path), None)


def _age(path: str) -> tuple[int, str]:
    """Sorts the original before its copies."""
    return len(path), path


def _next(name: NotebookName) -> str:
    number, letter = name.sequence_key or (1, "")
    return f"{number}b" if letter in ("", "a") else str(number + 1)


def _folder(path: str) -> str:
    return str(PurePosixPath(path).parent)


def _file(path: str) -> _Key:
    return _folder(path), PurePosixPath(path).name.casefold()


def _words(name: NotebookName) -> _Key | None:
    if name.category is None or not name.description:
        return None
    return _folder(name.path), (name.category, name.description.casefold())


def _number(name: NotebookName) -> _Key | None:
    return None if name.sequence_key is None else (_folder(name.path), name.sequence_key)
