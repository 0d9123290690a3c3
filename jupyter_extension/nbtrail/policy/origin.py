"""What a notebook that continues another one starts with: its number, and the origin's results."""

from __future__ import annotations

import keyword
import posixpath
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from nbtrail.errors import NbtrailError
from nbtrail.notebooks.cells import code_cells_of, language
from nbtrail.notebooks.datasets import family_of
from nbtrail.notebooks.document import Notebook
from nbtrail.notebooks.names import build_name, parse_name
from nbtrail.policy.names import name_problem
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store

#: Files that show something and are nobody's input.
_SHOWN = frozenset(
    {".png", ".jpg", ".jpeg", ".gif", ".svg", ".pdf", ".html", ".htm", ".md", ".log", ".ipynb"}
)
_TABLES = frozenset({".csv", ".tsv", ".parquet", ".feather", ".xlsx", ".xls", ".json", ".jsonl"})
_PANDAS = re.compile(r"^\s*import pandas as pd\b", re.MULTILINE)
_LETTERS = "bcdefghijklmnopqrstuvwxyz"
_MOST = 12


class NewName(msgspec.Struct, frozen=True):
    """A name for a new notebook; ``None`` where category or description are still missing.

    ``problem`` is why it cannot be taken, in words.
    """

    name: str | None
    sequence: str | None
    path: str | None
    problem: str | None = None


def propose_new(
    project: Project,
    category: str = "",
    description: str = "",
    *,
    origin: str | None = None,
    folder: str = "",
) -> NewName:
    """The name that a new notebook would get, with the next number; nothing is made.

    Raises
    ------
    UsageError
        When nothing of the description can stand in a file name.
    """
    home = home_of(folder, origin)
    sequence = next_sequence(project, home, origin)
    words = {word.casefold(): word for word in project.config.names.categories}
    word = words.get(category.casefold())
    if word is None or not description.strip():
        return NewName(None, sequence, None)
    name = build_name(word, description, sequence)
    path = project.relative(posixpath.join(home, name))
    problem = name_problem(project, path, new=True)
    said = problem.message if problem is not None else None
    if project.resolve(path).exists():
        said = f"There is a {path} already: choose another description."
    return NewName(name, sequence, path, said)


def home_of(folder: str, origin: str | None) -> str:
    """The folder of a new notebook: the one that was given, or the one of its origin."""
    if folder.strip("/") or origin is None:
        return folder.strip("/")
    return str(PurePosixPath(origin).parent).removeprefix(".")


def next_sequence(project: Project, folder: str, origin: str | None = None) -> str | None:
    """The number for a new notebook of a folder; ``None`` where notebooks have none there.

    After all others, or right after its origin: where that number is taken, with a letter.
    """
    home = folder.strip("/")
    names = [
        parse_name(path, project.config.names)
        for path in project.notebooks()
        if posixpath.dirname(path) == home
    ]
    taken = {name.sequence_key: name.sequence or "" for name in names if name.sequence_key}
    if not taken:
        return None if any(not name.draft for name in names) else "1"
    width = max(len(re.sub(r"\D.*", "", text)) for text in taken.values() if text)
    padded = any(text.startswith("0") for text in taken.values())
    after = None if origin is None else parse_name(origin, project.config.names).sequence_key
    number = max(key[0] for key in taken) + 1 if after is None else after[0] + 1
    text = str(number).zfill(width if padded else 0)
    if not any(key[0] == number for key in taken):
        return text
    letter = next((one for one in _LETTERS if (number, one) not in taken), None)
    return f"{text}{letter}" if letter is not None else str(max(key[0] for key in taken) + 1)


def results_of(project: Project, store: Store | None, origin: str) -> list[str]:
    """What a notebook leaves for others, POSIX from the root and without dates.

    What it was seen to write when its cells last ran; where nothing is on record, what its code
    says. Figures and reports are left out.
    """
    observed = [] if store is None else _observed(store, origin)
    found = observed or _inferred(project, store, origin)
    families = dict.fromkeys(family_of(path) for path in found)
    return [
        path
        for path in families
        if not path.startswith(("/", "../"))
        and "*" not in path
        and PurePosixPath(path).suffix.lower() not in _SHOWN
        and PurePosixPath(path).suffix
        and not any(part.startswith(".") for part in PurePosixPath(path).parts)
    ][:_MOST]


def _observed(store: Store, origin: str) -> list[str]:
    from nbtrail.ledger.queries import written_files

    try:
        with store.read() as connection:
            return written_files(connection, origin)
    except NbtrailError:
        return []


def _inferred(project: Project, store: Store | None, origin: str) -> list[str]:
    from nbtrail.pipeline.graph import build_graph

    try:
        return [use.key for use in build_graph(project, store).node(origin).writes if not use.weak]
    except (KeyError, NbtrailError):
        return []  # it is no step, or the record cannot be read


def opening_text(project: Project, origin: str, results: list[str]) -> str:
    """Markdown that says what a notebook continues."""
    text = f"Continues `{project.relative(origin)}`."
    if not results:
        return f"{text} Nothing that it writes is known."
    return "\n".join([f"{text} It leaves:", "", *(f"- `{path}`" for path in results)])


def opening_code(project: Project, notebook: Notebook, folder: str, results: list[str]) -> str:
    """Code that names the results of ``notebook``, for one in ``folder``; Python only.

    Datasets of the data folder are asked for by their name without a date, so that the newest
    is read; all else by its path from the new notebook's folder.
    """
    if not results or language(notebook) not in ("python", "ipython"):
        return ""
    data = project.config.datasets.folder.strip("/") + "/"
    imports, lines = [], []
    taken: set[str] = {"pd", "dataset"}
    for path in results:
        variable = _variable(path, taken)
        if project.adopted and path.startswith(data):
            lines.append(f"{variable} = dataset({_quoted(path.removeprefix(data))})")
        else:
            lines.append(f"{variable} = {_quoted(posixpath.relpath(path, folder or '.'))}")
    sources = "\n".join(cell.source for cell in code_cells_of(notebook))
    if _PANDAS.search(sources) and any(PurePosixPath(p).suffix in _TABLES for p in results):
        imports.append("import pandas as pd")
    if any("= dataset(" in line for line in lines):
        imports.append("from nbtrail import dataset")
    return "\n".join([*imports, "", *lines] if imports else lines)


def _variable(path: str, taken: set[str]) -> str:
    """A name for the variable that holds a path, not used before."""
    stem = PurePosixPath(path).name.partition(".")[0]
    name = re.sub(r"\W+", "_", stem).strip("_").lower() or "data"
    if not name.isidentifier() or keyword.iskeyword(name):
        name = f"data_{name}"
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    taken.add(candidate)
    return candidate


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
