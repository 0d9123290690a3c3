"""Versions of a notebook: the saved file, its last run, a snapshot, a git revision, a side.

A version is written behind the path: ``a.ipynb@last``, ``@saved``, ``@run:ID``, ``@snap:ID``,
``@git:REV``; ``@twin`` and ``@base`` are what its twin says and what both said last, ``@ours``,
``@theirs`` and ``@ancestor`` the sides of a merge that git could not finish, ``@working`` what
the caller has on screen. An existing file whose name holds ``@`` wins.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nbtrail.errors import ConflictError, NbtrailError, NotFoundError, UsageError
from nbtrail.notebooks.document import Notebook, parse_notebook, read_notebook
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.snapshots import Snapshots
    from nbtrail.ledger.store import Store

_ALONE = frozenset({"last", "saved", "working", "twin", "base", "ours", "theirs", "ancestor"})
_WITH_VALUE = frozenset({"run", "snap", "git"})
#: Sides of a merge in git's index.
_STAGES = {"ancestor": 1, "ours": 2, "theirs": 3}
#: Versions for which the ledger is needed.
_STORED = frozenset({"last", "run", "snap"})
_HINT = (
    "Use @last, @saved, @run:ID, @snap:ID or @git:REV behind the path; @twin and @base for a "
    "pair, @ours, @theirs and @ancestor for a merge."
)
_GIT_TIMEOUT = 30
#: How many versions an error names.
NAMED = 5


@dataclass(frozen=True, slots=True)
class Version:
    """A notebook's POSIX path and which of its versions: ``saved``, ``last``, ``run:ID``, …"""

    path: str
    which: str

    def __str__(self) -> str:
        return self.path if self.which == "saved" else f"{self.path}@{self.which}"

    @property
    def needs_store(self) -> bool:
        """Whether it can only be read from the ledger."""
        return self.which.partition(":")[0] in _STORED


@dataclass(frozen=True, slots=True)
class Sources:
    """Where versions are read from.

    ``snapshots`` and ``store`` may be ``None`` where the ledger cannot be used; ``working`` is
    the content of ``@working``.
    """

    project: Project
    store: Store | None = None
    snapshots: Snapshots | None = None
    working: Notebook | None = None


def parse_version(project: Project, text: str) -> Version:
    """Split ``PATH@VERSION``.

    Raises
    ------
    UsageError
        For a version of an unknown kind.
    OutsideProjectError
        For a path that leaves the project.
    """
    path, which = split_version(text, lambda found: project.resolve(found).exists())
    if which is None:
        return Version(project.relative(path), "saved")
    return Version(project.relative(path), checked(which))


def split_version(text: str, exists: Callable[[str], bool]) -> tuple[str, str | None]:
    """A path, and what stands behind it: a file's name, and a revision, may hold ``@`` as well.

    Parameters
    ----------
    exists
        Whether there is a file of that name.
    """
    places = [index for index, letter in enumerate(text) if letter == "@"]
    if not places or exists(text):
        return text, None
    there = [index for index in places if exists(text[:index])]
    known = [
        index for index in places if text[index + 1 :].partition(":")[0] in _ALONE | _WITH_VALUE
    ]
    index = (there or known or places)[0]
    return text[:index], text[index + 1 :]


def checked(which: str) -> str:
    """A version without its path, as it was given; UsageError for what is none."""
    kind, _, value = which.partition(":")
    if (kind in _ALONE and not value) or (kind in _WITH_VALUE and value):
        return which
    raise UsageError(f"{which!r} is no version of a notebook.", hint=_HINT)


def load_version(sources: Sources, version: Version) -> Notebook:
    """The notebook as it is in that version.

    Raises
    ------
    NotFoundError
        When there is no such version; says which there are.
    UsageError
        When it cannot be read without the ledger, or nobody gave the content of ``@working``.
    UnreadableNotebookError
        When it is no notebook that can be read.
    """
    project = sources.project
    kind, _, value = version.which.partition(":")
    if kind == "saved":
        return read_notebook(project.resolve(version.path))
    if kind == "working":
        if sources.working is None:
            raise UsageError(
                "@working is what a client has on screen; it has to be sent along.",
                hint="Open the notebook in JupyterLab, or compare @saved.",
            )
        return sources.working
    if kind == "git":
        return parse_notebook(git_content(project.root, version.path, value), str(version))
    if kind in _STAGES:
        return _side_of_merge(project, version, _STAGES[kind])
    # What files and git know needs no ledger: importing it takes longer than all the rest.
    from nbtrail.history import stored

    if kind in ("twin", "base"):
        return stored.side_of_pair(sources, version)
    if sources.store is None or sources.snapshots is None:
        raise UsageError(f"{version} needs the ledger.", hint="Run `nbtrail doctor`.")
    if kind == "snap":
        return sources.snapshots.notebook(stored.snapshot(sources.store, version, value).parts)
    digest = stored.executed_copy(sources.store, version, value)
    return parse_notebook(sources.store.blobs.get(digest), str(version))


def there_is(kind: str, names: list[str], otherwise: str) -> str:
    """The versions of a kind, for a hint; ``otherwise`` where there are none."""
    if not names:
        return otherwise
    return "There is " + ", ".join(f"@{kind}:{name}" for name in names) + "."


def _side_of_merge(project: Project, version: Version, stage: int) -> Notebook:
    try:
        data = _git(project.root, "show", f":{stage}:./{version.path}")
    except NotFoundError as error:
        raise NotFoundError(
            f"git is not in the middle of a merge of {version.path}, or it has no {version.which}.",
            hint="@git:REV names a version that is committed.",
        ) from error
    return parse_notebook(data, str(version))


def git_content(root: Path, path: str, revision: str) -> bytes:
    """The bytes of a file at a revision, under the name that it had then.

    Raises
    ------
    NotFoundError
        When git does not have it.
    """
    if revision.startswith("-"):
        raise UsageError(f"{revision!r} is no git revision.", hint="git log names them.")
    try:
        return _git(root, "show", f"{revision}:./{path}")
    except NotFoundError as error:
        for name in _earlier_names(root, path):
            with contextlib.suppress(NotFoundError):
                return _git(root, "show", f"{revision}:./{name}")
        commits = _commits_there(root, path)
        raise NotFoundError(
            f"git has no {path} at {revision}: {error.message}",
            hint=there_is("git", commits, "No commit has this file.") if commits else "",
        ) from error


def _earlier_names(root: Path, path: str) -> list[str]:
    """Names that git knows the file by from before renames, the newest first."""
    arguments = ("--follow", "--relative", "--name-only", "--format=", "--", path)
    try:
        listed = _git(root, "-c", "core.quotePath=false", "log", *arguments)
    except NbtrailError:
        return []
    names = dict.fromkeys(listed.decode("utf-8", "surrogateescape").splitlines())
    return [name for name in names if name and name != path]


def _commits_there(root: Path, path: str) -> list[str]:
    try:
        listed = _git(root, "log", f"-n{NAMED}", "--format=%h", "--", path)
    except NbtrailError:
        return []
    return listed.decode().split()


def _git(root: Path, *arguments: str) -> bytes:
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    try:
        result = subprocess.run(command, capture_output=True, check=False, timeout=_GIT_TIMEOUT)
    except FileNotFoundError as error:
        raise NotFoundError("git is not installed.", hint="Install git.") from error
    except subprocess.TimeoutExpired as error:
        raise ConflictError("git did not answer in time.", hint="Try again.") from error
    if result.returncode != 0:
        reason = result.stderr.decode(errors="replace").strip().splitlines()
        raise NotFoundError(f"{reason[0] if reason else 'unknown error'}.")
    return result.stdout
