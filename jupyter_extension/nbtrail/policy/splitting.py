"""A notebook on disk made into two under the rules; as it was, it stays in the scratch folder."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from nbtrail.errors import ConflictError, NotFoundError, UsageError
from nbtrail.files import sha256_bytes, write_atomic
from nbtrail.notebooks.cells import Cell, cells_of
from nbtrail.notebooks.document import Notebook, parse_notebook, write_notebook
from nbtrail.notebooks.names import build_name, parse_name, says_something, words_of
from nbtrail.pairing.decide import Action
from nbtrail.pairing.sync import sync
from nbtrail.policy.catalogue import Problem
from nbtrail.policy.code.crossing import crossing
from nbtrail.policy.code.scope import TOO_LONG, best_cut, heading_of
from nbtrail.policy.code.split import split_notebook
from nbtrail.policy.findings import Fix
from nbtrail.policy.naming import free_path, notebook_path, refuse_bad_name
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store


_NUMBERING = re.compile(r"^(?:[\dIVXivx]{1,4}[.):]\s*)+|^\d+\s+")


class Split(msgspec.Struct, frozen=True):
    """What a split gives, or would give; POSIX paths from the root.

    Attributes
    ----------
    path, new_path
        The notebook, which keeps what is above the cut, and the one with the rest.
    at
        Id of the cell that the second begins with, and ``heading``, what it says.
    needs
        Names of values that the second needs from the first.
    kept
        Where the notebook is as it was; ``None`` as long as nothing is done.
    """

    path: str
    new_path: str
    at: str
    heading: str
    needs: tuple[str, ...]
    kept: str | None = None


def fix_of(path: str, problem: Problem) -> Fix | None:
    """The offer to split a notebook that is too long."""
    if problem.code != TOO_LONG or problem.cell_id is None:
        return None
    return Fix("split", "Show where to split", {"path": path, "at": problem.cell_id})


def split(
    project: Project,
    store: Store | None,
    path: str,
    *,
    at: str | None = None,
    description: str | None = None,
    apply: bool = False,
) -> Split:
    """Split a notebook before the cell ``at``, or where it costs least; a plan unless ``apply``.

    The second is named by ``description``, else by its heading, has the same category and the
    next letter of the same sequence number.

    Raises
    ------
    NotFoundError
        When there is no such notebook or cell.
    UsageError
        When there is nothing to split, or no name for the second.
    PolicyError
        When its name breaks a rule that is enforced.
    ConflictError
        When something of that name exists, or the notebook was changed meanwhile.
    """
    path = notebook_path(project, path)
    file = project.resolve(path)
    if not file.is_file():
        raise NotFoundError(f"There is no notebook {path}.", hint="Check the path.")
    data = file.read_bytes()
    notebook = parse_notebook(data, path)
    cell = _cut(notebook, path, at)
    first, second = split_notebook(notebook, cell.id, f"`{PurePosixPath(path).name}`")
    heading = heading_of(cell)
    new_path = _new_path(project, path, description or _NUMBERING.sub("", heading))
    needs = tuple(sorted(crossing(notebook, cell.index).data))
    plan = Split(path, new_path, cell.id, heading, needs)
    if project.resolve(new_path).exists():
        raise ConflictError(
            f"There is a {new_path} already.", hint="Give another name with --description."
        )
    refuse_bad_name(project, new_path)
    if not apply:
        return plan
    if sync(project, store, path).action is Action.CONFLICT:
        raise ConflictError(
            f"{path} and its twin were both edited.",
            hint="End the conflict first: nbtrail resolve.",
        )
    if sha256_bytes(file.read_bytes()) != sha256_bytes(data):
        raise ConflictError(
            f"{path} was not yet what its twin or another program made of it.",
            hint="It is now: split again.",
        )
    kept = free_path(project, f"{project.config.names.scratch.strip('/')}/{file.name}")
    project.resolve(kept).parent.mkdir(parents=True, exist_ok=True)
    write_atomic(project.resolve(kept), data)
    write_notebook(project.resolve(new_path), second)
    write_notebook(file, first)
    for part in (new_path, path):
        sync(project, store, part)
    return msgspec.structs.replace(plan, kept=kept)


def _cut(notebook: Notebook, path: str, at: str | None) -> Cell:
    if at is None:
        cell = best_cut(notebook)
        if cell is None:
            raise UsageError(f"{path} has no heading to split at.", hint="Name the cell with --at.")
        return cell
    cell = next((cell for cell in cells_of(notebook) if cell.id == at), None)
    if cell is None:
        raise NotFoundError(
            f"There is no cell {at} in {path}.",
            hint="Leave --at out: the heading is chosen where the fewest values are carried over.",
        )
    return cell


def _new_path(project: Project, path: str, description: str) -> str:
    name = parse_name(path, project.config.names)
    if name.category is None:
        raise UsageError(
            f"{path} has no category that the second part could have.",
            hint="Name it first: nbtrail rename.",
        )
    if not says_something(words_of(description), project.config.names.meaningless):
        raise UsageError(
            "The second part begins without a heading that could name it.",
            hint="Say what it holds with --description.",
        )
    folder = PurePosixPath(path).parent
    sequence = _following(project, folder, name.sequence)
    return notebook_path(project, str(folder / build_name(name.category, description, sequence)))


def _following(project: Project, folder: PurePosixPath, sequence: str | None) -> str | None:
    """The first free letter behind the number: ``2b`` after ``2``, ``2c`` after ``2b``."""
    if sequence is None:
        return None
    number = sequence.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    own = sequence[len(number) :].lower() or "a"
    names = (parse_name(p, project.config.names) for p in project.notebooks()
             if PurePosixPath(p).parent == folder)  # fmt: skip
    taken = {name.sequence.lower() for name in names if name.sequence is not None}
    letters = (chr(code) for code in range(ord(own[0]) + 1, ord("z") + 1))
    return next((f"{number}{one}" for one in letters if f"{number}{one}" not in taken), sequence)
