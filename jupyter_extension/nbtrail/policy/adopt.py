"""Proposals for a folder as it was found: names, order, and which notebooks are near-copies.

Nothing is changed here: the proposals are told, and renaming is done by those who were told to.
"""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

import msgspec

from nbtrail.errors import NbtrailError, UsageError
from nbtrail.notebooks.document import read_notebook
from nbtrail.notebooks.names import parse_name
from nbtrail.pipeline.graph import infer_graph
from nbtrail.pipeline.model import Observed
from nbtrail.policy.copies import Copy, Text, near_copies, text_of_code
from nbtrail.policy.free_names import FreeNames
from nbtrail.policy.propose import Reading, descriptions, read_purpose
from nbtrail.policy.renaming.rename import rename_notebooks
from nbtrail.policy.rules import notebooks_among
from nbtrail.policy.sequence import Place, sequences
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store

Copies = Literal["keep", "scratch"]
WELL_NAMED = "is named well already"


class Suggestion(msgspec.Struct, frozen=True):
    """What one notebook could be called.

    Attributes
    ----------
    new_path
        Free when it was asked for, and not proposed for any other.
    why
        Why this category: a phrase without its subject, such as "plots; writes no data".
    confidence
        Of the category, between 0 and 1.
    near_copy_of
        The more complete notebook that this one is nearly the same as, or ``None``;
        ``similarity`` (0 to 1) and ``copy_why`` say how much and why that one is kept.
    """

    path: str
    new_path: str
    category: str
    why: str
    confidence: float
    description: str
    sequence: str | None
    near_copy_of: str | None = None
    similarity: float | None = None
    copy_why: str | None = None


class Left(msgspec.Struct, frozen=True):
    """A notebook that is left alone, and why: a phrase without its subject."""

    path: str
    why: str


class Adoption(msgspec.Struct, frozen=True):
    """Proposals in the order of the pipeline, and the notebooks that are left alone."""

    proposals: tuple[Suggestion, ...]
    left: tuple[Left, ...]


class NewName(msgspec.Struct, frozen=True):
    """A notebook that was renamed."""

    path: str
    new_path: str


class Adopted(msgspec.Struct, frozen=True):
    """What was renamed.

    Attributes
    ----------
    change
        Id to undo all of it by; ``None`` where nothing was renamed, or it is not on record.
    references
        How many lines in other files were changed.
    warnings
        What did not go as it should.
    """

    renamed: tuple[NewName, ...]
    change: str | None
    references: int = 0
    warnings: tuple[str, ...] = ()


class _Folder(msgspec.Struct):
    """What was read of all notebooks of a project."""

    notebooks: dict[str, Reading]
    texts: dict[str, Text]
    well: set[str]
    left: list[Left]


def propose_all(
    project: Project,
    paths: Sequence[str] | None = None,
    *,
    copies: Copies = "keep",
    observed: Mapping[str, Observed] | None = None,
) -> Adoption:
    """Names for the notebooks of a folder that have none, or for some of them.

    The order is that of the whole project, whichever notebooks are asked for. With ``copies``
    set to ``scratch`` it is proposed to move near-copies to the folder where no rules hold,
    save those that use other files than what they resemble.
    ``observed`` is as for `nbtrail.pipeline.graph.infer_graph`.

    Raises
    ------
    NotFoundError, OutsideProjectError
        When one of ``paths`` is not there, or lies outside.
    """
    wanted = None if paths is None else set(notebooks_among(project, paths))
    seen = _read_all(project)
    order, edges = _order(project, list(seen.notebooks), observed)
    numbers = _numbers(project, seen, order, edges)
    alike = near_copies(seen.texts, _times(project, seen.texts))
    free = FreeNames(project, [*seen.well, *(one.path for one in seen.left)])
    scratch = project.config.names.scratch.strip("/") if copies == "scratch" else ""
    proposals = []
    for path in order:
        if path in seen.well or (wanted is not None and path not in wanted):
            continue
        copy = alike.get(path)
        one = _suggest(path, seen.notebooks[path], numbers.get(path), copy)
        if scratch and copy is not None and not copy.variant:
            one = msgspec.structs.replace(one, new_path=free.aside(path, scratch))
        else:
            words = descriptions(project, seen.notebooks[path], alone=copy is None)
            new, description = free.named(path, one.category, one.sequence, words)
            one = msgspec.structs.replace(one, new_path=new, description=description)
        proposals.append(one)
    left = [one for one in seen.left if wanted is None or one.path in wanted]
    return Adoption(tuple(proposals), tuple(sorted(left, key=lambda one: one.path)))


def adopt_chosen(
    project: Project, store: Store | None, chosen: Sequence[tuple[str, str]]
) -> Adopted:
    """Rename notebooks as proposed, or otherwise, with all that belongs to them; all or none.

    Raises
    ------
    UsageError
        When the folder is no project: there nothing is renamed.
    NotFoundError, OutsideProjectError, ConflictError, PolicyError, ConfigError, LockedError
        As `nbtrail.policy.renaming.rename.rename_notebooks`; nothing was changed.
    """
    if not project.adopted:
        raise UsageError(
            f"{project.name} is no project yet: its notebooks are only looked at.",
            hint="Make it one with `nbtrail init`, then adopt.",
        )
    if not chosen:
        return Adopted((), None)
    done = rename_notebooks(project, store, chosen)
    renamed = tuple(NewName(one.path, one.new_path) for one in done.plan.renames)
    return Adopted(renamed, done.change, done.references, done.warnings)


def _read_all(project: Project) -> _Folder:
    seen = _Folder({}, {}, set(), [])
    for path in project.notebooks():
        if problem := _out_of_reach(project, path):
            seen.left.append(Left(path, problem))
            continue
        try:
            notebook = read_notebook(project.root / path)
            reading = read_purpose(project, path, notebook)
            text = text_of_code(notebook, reading.traces.files)
        except NbtrailError as error:
            seen.left.append(Left(path, f"cannot be read: {error}"))
            continue
        except (KeyError, TypeError, ValueError, AttributeError):
            seen.left.append(Left(path, "cannot be read: its cells are not those of a notebook"))
            continue
        if _is_named_well(project, path):
            seen.well.add(path)
            seen.left.append(Left(path, WELL_NAMED))
        elif reading.traces.is_empty:
            seen.left.append(Left(path, "has nothing in it that a name could be taken from"))
            continue
        seen.notebooks[path] = reading
        seen.texts[path] = text
    return seen


def _out_of_reach(project: Project, path: str) -> str | None:
    """Why a notebook cannot be renamed safely, whatever it holds."""
    file = project.root / path
    if file.is_symlink():
        return "is a link: name what it points to"
    try:
        project.resolve(path)
    except NbtrailError:
        return "lies outside the project, behind a link"
    return None


def _is_named_well(project: Project, path: str) -> bool:
    name = parse_name(path, project.config.names)
    return name.category is not None and len(name.categories) == 1 and bool(name.description)


def _order(
    project: Project, paths: Sequence[str], observed: Mapping[str, Observed] | None
) -> tuple[list[str], list[tuple[str, str]]]:
    """All notebooks in the order of the pipeline, and who needs whom."""
    graph = infer_graph(project, observed, drafts=True)
    known = set(paths)
    order = [path for path in graph.order if path in known]
    steps = set(order)
    order += [path for path in paths if path not in steps]
    return order, [(edge.source, edge.target) for edge in graph.edges]


def _numbers(
    project: Project, seen: _Folder, order: Sequence[str], edges: Sequence[tuple[str, str]]
) -> dict[str, str]:
    folders: defaultdict[str, list[str]] = defaultdict(list)
    for path in order:
        folders[str(PurePosixPath(path).parent)].append(path)
    found: dict[str, str] = {}
    for members in folders.values():
        fixed: dict[str, Place | None] = {
            path: parse_name(path, project.config.names).sequence_key
            for path in members
            if path in seen.well
        }
        found.update(sequences(members, edges, fixed))
    return found


def _times(project: Project, paths: Mapping[str, Text]) -> dict[str, float]:
    times = {}
    for path in paths:
        with contextlib.suppress(OSError):
            times[path] = os.stat(project.root / path).st_mtime
    return times


def _suggest(path: str, found: Reading, number: str | None, copy: Copy | None) -> Suggestion:
    return Suggestion(
        path=path,
        new_path=path,
        category=found.category,
        why=found.why,
        confidence=round(found.confidence, 2),
        description=found.description,
        sequence=number,
        near_copy_of=copy.of if copy is not None else None,
        similarity=copy.similarity if copy is not None else None,
        copy_why=copy.why if copy is not None else None,
    )
