"""Making and renaming notebooks under the rules."""

from __future__ import annotations

import logging
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from nbtrail.errors import (
    ConflictError,
    NbtrailError,
    NotFoundError,
    PolicyError,
    StoreError,
    UsageError,
)
from nbtrail.notebooks.cells import kernel_name
from nbtrail.notebooks.document import Notebook, read_notebook, write_notebook
from nbtrail.notebooks.names import build_name, parse_name
from nbtrail.pairing.formats import is_paired, judge_format
from nbtrail.pairing.sync import pair_state, sync
from nbtrail.policy.clashes import Clashes
from nbtrail.policy.names import name_problem
from nbtrail.policy.origin import (
    home_of,
    next_sequence,
    opening_code,
    opening_text,
    results_of,
)
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store

log = logging.getLogger(__name__)


class Made(msgspec.Struct, frozen=True):
    """A notebook and its twin (``None`` when it has none), POSIX paths from the root."""

    path: str
    twin: str | None


class Renamed(msgspec.Struct, frozen=True):
    """A notebook that was changed, its twin, and what followed.

    Attributes
    ----------
    change
        Id to undo the rename by; ``None`` where nothing was renamed or it is not on record.
    references
        How many lines in other files were changed.
    warnings
        What did not follow, in words.
    """

    path: str
    twin: str | None
    change: str | None = None
    references: int = 0
    warnings: tuple[str, ...] = ()


def new_notebook(
    project: Project,
    store: Store | None,
    category: str,
    description: str,
    *,
    sequence: str | None = None,
    folder: str = "",
    origin: str | None = None,
) -> Made:
    """Make a named notebook with its twin.

    With ``origin`` it uses that notebook's kernel, lies beside it unless a folder is given, gets
    the next number where numbers are used (an empty ``sequence``: none), and begins with what the
    origin leaves.

    Raises
    ------
    UsageError
        For an unknown category, a description that says nothing, or a folder that holds no
        notebooks of the project.
    ConflictError
        When there is a notebook of that name already.
    ConfigError
        When its twin has no usable format; nothing has been written then.
    """
    start = None if origin is None else _Start.of(project, store, origin)
    home = home_of(folder, None if start is None else start.path)
    if sequence is None and start is not None:
        sequence = next_sequence(project, home, start.path)
    name = build_name(_category(project, category), description, sequence or None)
    path = _place(home, name)
    path = notebook_path(project, path)
    target = project.resolve(path)
    refuse_bad_name(project, path)
    if is_paired(project, path):
        judge_format(project)
    if target.exists():
        raise ConflictError(f"There is a {path} already.", hint="Choose another description.")
    title = parse_name(path, project.config.names).title
    text = f"# {title[:1].upper()}{title[1:]}"
    kernel, code = "python3", ""
    if start is not None:
        kernel = kernel_name(start.notebook)
        text += "\n\n" + opening_text(project, start.path, start.results)
        folder_of_new = str(PurePosixPath(path).parent)
        code = opening_code(project, start.notebook, folder_of_new, start.results)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_notebook(target, _first_cells(text, kernel, code))
    if start is not None:
        _note_origin(store, start.path, path)
    return Made(path, sync(project, store, path).twin)


class _Start(msgspec.Struct, frozen=True):
    """A notebook that another one is to continue."""

    path: str
    notebook: Notebook
    results: list[str]

    @classmethod
    def of(cls, project: Project, store: Store | None, origin: str) -> _Start:
        path = project.relative(origin)
        notebook = read_notebook(project.resolve(path))
        return cls(path, notebook, results_of(project, store, path))


def _note_origin(store: Store | None, origin: str, path: str) -> None:
    """Put on record what a notebook continues; its first cell says so as well."""
    if store is None:
        return
    from nbtrail.ledger.history import continue_notebook

    try:
        with store.write() as connection:
            continue_notebook(connection, origin, path)
    except StoreError as error:
        log.warning("nbtrail cannot note that %s continues %s: %s", path, origin, error)


def change_notebook(
    project: Project,
    store: Store | None,
    path: str,
    *,
    category: str | None = None,
    description: str | None = None,
    sequence: str | None = None,
    to: str | None = None,
    scratch: bool = False,
    pair: bool = False,
    references: bool = True,
) -> Renamed:
    """Rename a notebook (whole path, or parts of its name), move it to scratch, or pair it.

    A rename takes along the twin, the history, git's index entries and, unless ``references``
    is false, references in other files; it can be undone.

    Raises
    ------
    NotFoundError
        When it is not there.
    UsageError
        When it, or what it is to become, is no notebook of the project.
    PolicyError
        When the new name breaks a rule that is enforced.
    ConflictError
        When something of that name exists, or what refers to it cannot be changed.
    ConfigError
        When its twin has no usable format; nothing has been written then.
    """
    from nbtrail.policy.renaming.rename import rename_notebooks

    new = changed_path(
        project, path, category=category, description=description, sequence=sequence, to=to,
        scratch=scratch,
    )  # fmt: skip
    path = project.relative(path)
    if new == path:
        return Renamed(path, sync(project, store, path).twin if pair else None)
    done = rename_notebooks(project, store, [(path, new)], references=references)
    twin = sync(project, store, new).twin if pair else _twin_at(project, store, new)
    return Renamed(new, twin, done.change, done.references, done.warnings)


def changed_path(
    project: Project,
    path: str,
    *,
    category: str | None = None,
    description: str | None = None,
    sequence: str | None = None,
    to: str | None = None,
    scratch: bool = False,
) -> str:
    """The path that `change_notebook` would give; nothing is changed.

    Raises
    ------
    NotFoundError, UsageError
        As `change_notebook`.
    """
    path = project.relative(path)
    if not project.resolve(path).is_file():
        raise NotFoundError(f"There is no notebook {path}.", hint="Check the path.")
    _refuse_other_files(path)
    return _new_path(project, path, category, description, sequence, to, scratch)


def _twin_at(project: Project, store: Store | None, path: str) -> str | None:
    try:
        return pair_state(project, store, path).twin
    except NbtrailError:
        return None  # the notebook cannot be read: the check says so


def is_only_moved(project: Project, old: str, new: str) -> bool:
    """Whether a notebook keeps its name on its way to ``new``, and no rules are new to it."""
    leaves_scratch = project.is_scratch(old) and not project.is_scratch(new)
    return PurePosixPath(old).name == PurePosixPath(new).name and not leaves_scratch


def refuse_bad_name(
    project: Project,
    path: str,
    leaving: str | None = None,
    clashes: Clashes | None = None,
) -> None:
    """Raise PolicyError when an enforced rule forbids a new notebook of that name.

    ``leaving`` and ``clashes`` are those of `nbtrail.policy.names.name_problem`.
    """
    problem = name_problem(project, path, new=True, leaving=leaving, clashes=clashes)
    if problem is not None and problem.severity == "error":
        raise PolicyError(problem.message, detail={"findings": [msgspec.structs.asdict(problem)]})


def _new_path(
    project: Project,
    path: str,
    category: str | None,
    description: str | None,
    sequence: str | None,
    to: str | None,
    scratch: bool,
) -> str:
    if scratch:
        folder = project.config.names.scratch.strip("/")
        return free_path(project, f"{folder}/{PurePosixPath(path).name}")
    if to is not None:
        return notebook_path(project, to)
    if category is None and description is None and sequence is None:
        return path
    name = parse_name(path, project.config.names)
    word = _category(project, category) if category is not None else name.category
    if word is None:
        raise UsageError("The notebook has no category yet.", hint="Give one.")
    said = description if description is not None else name.description
    file = build_name(word, said, sequence if sequence is not None else name.sequence)
    return _place(str(PurePosixPath(path).parent), file)


def notebook_path(project: Project, given: str) -> str:
    """``given`` seen from the root; UsageError where no notebook of the project can lie."""
    path = project.relative(given)
    _refuse_other_files(path)
    if any(part.startswith(".") for part in PurePosixPath(path).parts) or not project.owns(path):
        raise UsageError(
            f"{path} would not belong to the project: its folder is hidden or left out.",
            hint="Choose another folder.",
        )
    return path


def _refuse_other_files(path: str) -> None:
    if not path.endswith(".ipynb"):
        raise UsageError(f"{path} is no notebook.", hint="Give a name that ends in .ipynb.")


def _category(project: Project, text: str) -> str:
    words = project.config.names.categories
    for word in words:
        if word.casefold() == text.casefold():
            return word
    raise UsageError(f"{text!r} is no category.", hint=f"Use one of {', '.join(words)}.")


def _place(folder: str, file: str) -> str:
    folder = folder.strip("/")
    return file if folder in ("", ".") else f"{folder}/{file}"


def free_path(project: Project, path: str) -> str:
    """``path``, or the first numbered one beside it that does not exist."""
    pure = PurePosixPath(path)
    candidate, number = path, 1
    while project.resolve(candidate).exists():
        candidate, number = str(pure.with_stem(f"{pure.stem}-{number}")), number + 1
    return candidate


def _first_cells(text: str, kernel: str, code: str) -> Notebook:
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": kernel, "display_name": kernel}},
        "cells": [
            {"cell_type": "markdown", "id": "title", "metadata": {}, "source": text},
            {
                "cell_type": "code", "id": "first", "metadata": {}, "source": code,
                "outputs": [], "execution_count": None,
            },
        ],
    }  # fmt: skip
