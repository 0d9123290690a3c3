"""Versions of a notebook: the saved file, its last run, a snapshot, a git revision, a side.

A version is written behind the path: ``a.ipynb@last``, ``@saved``, ``@run:ID``, ``@snap:ID``,
``@git:REV``; ``@twin`` and ``@base`` are what its twin says and what both said last, ``@ours``,
``@theirs`` and ``@ancestor`` the sides of a merge that git could not finish, ``@working`` what
the caller has on screen. An existing file whose name holds ``@`` wins.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, or_, select

from nbtrail.errors import ConflictError, NbtrailError, NotFoundError, UsageError
from nbtrail.ledger import queries
from nbtrail.ledger import tables as t
from nbtrail.ledger.history import find_notebook
from nbtrail.ledger.snapshots import SHORT, Snapshots, find_snapshot
from nbtrail.ledger.store import Store
from nbtrail.notebooks.document import Notebook, parse_notebook, read_notebook
from nbtrail.pairing.look import open_pair
from nbtrail.pairing.resolve import twin_side
from nbtrail.project import Project

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
_NAMED = 5


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
    whole = project.resolve(text)
    path, separator, which = text.rpartition("@")
    if whole.exists() or not separator:
        return Version(project.relative(text), "saved")
    if "@" in path and not project.resolve(path).exists():
        # A revision of git may hold one, too: a.ipynb@git:HEAD@{1}.
        first, _, rest = text.partition("@")
        if rest.startswith("git:"):
            path, which = first, rest
    return Version(project.relative(path), checked(which))


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
            raise UsageError("@working is what a client has on screen; it has to be sent along.")
        return sources.working
    if kind == "git":
        return parse_notebook(git_content(project.root, version.path, value), str(version))
    if kind in _STAGES:
        return _side_of_merge(project, version, _STAGES[kind])
    if kind in ("twin", "base"):
        return _side_of_pair(sources, version)
    if sources.store is None or sources.snapshots is None:
        raise UsageError(f"{version} needs the ledger.", hint="Run `nbtrail doctor`.")
    if kind == "snap":
        return sources.snapshots.notebook(_snapshot(sources.store, version, value).parts)
    digest = _executed_copy(sources.store, version, value)
    return parse_notebook(sources.store.blobs.get(digest), str(version))


def _snapshot(store: Store, version: Version, name: str) -> Any:
    with store.read() as connection:
        identities = _identities(connection, version.path)
        for identity in identities:
            found = find_snapshot(connection, identity, name)
            if found is not None:
                return found
        there = _snapshots_there(connection, identities)
    raise NotFoundError(
        f"{version.path} has no snapshot {name}.",
        hint=_there_is("snap", there, f"See them with: nbtrail timeline {version.path}"),
    )


def _executed_copy(store: Store, version: Version, run: str) -> str:
    """The blob of the copy that a run left, the newest one's without ``run``.

    A notebook is who it is: a run from before a rename counts.
    """
    with store.read() as connection:
        identities = _identities(connection, version.path)
        query = (
            select(t.run_steps.c.executed_blob, t.runs.c.id)
            .join(t.runs, t.runs.c.id == t.run_steps.c.run_id)
            .where(
                or_(
                    t.run_steps.c.notebook_id.in_(identities),
                    t.run_steps.c.notebook_id.is_(None) & (t.run_steps.c.path == version.path),
                ),
                t.run_steps.c.executed_blob.is_not(None),
            )
            .order_by(t.runs.c.started_at.desc())
        )
        there = list(connection.execute(query.limit(_NAMED)).all())
        if run:
            identity = queries.run_detail(connection, run).summary.run
            query = query.where(t.runs.c.id == identity)
        else:
            query = query.where(t.runs.c.kind != "verify")
        found = connection.execute(query.limit(1)).first()
    if found is None:
        raise NotFoundError(
            f"{version.path} has no executed copy{f' in run {run}' if run else ' yet'}.",
            hint=_there_is(
                "run", [row.id for row in there], f"Run it first: nbtrail run {version.path}"
            ),
        )
    return str(found.executed_blob)


def _identities(connection: Connection, path: str) -> list[int]:
    """Rows of the notebook at this path; of those that had it where there is none any more."""
    live = find_notebook(connection, path)
    if live is not None:
        return [live]
    query = select(t.notebooks.c.id).where(t.notebooks.c.path == path)
    return list(connection.execute(query.order_by(t.notebooks.c.id.desc())).scalars())


def newest_identity(connection: Connection, path: str) -> int | None:
    """The row of the notebook at this path, or of the last one that had it."""
    return next(iter(_identities(connection, path)), None)


def _snapshots_there(connection: Connection, identities: list[int]) -> list[str]:
    query = (
        select(t.timeline.c.snapshot)
        .where(t.timeline.c.notebook_id.in_(identities), t.timeline.c.snapshot.is_not(None))
        .order_by(t.timeline.c.at.desc(), t.timeline.c.id.desc())
        .limit(10 * _NAMED)
    )
    names = dict.fromkeys(connection.execute(query).scalars())
    return [name[:SHORT] for name in names][:_NAMED]


def _there_is(kind: str, names: list[str], otherwise: str) -> str:
    if not names:
        return otherwise
    return "There is " + ", ".join(f"@{kind}:{name}" for name in names) + "."


def _side_of_pair(sources: Sources, version: Version) -> Notebook:
    pair = open_pair(sources.project, sources.store, version.path)
    if pair.twin_data is None:
        raise NotFoundError(f"{version.path} has no twin.", hint="nbtrail check --fix makes one.")
    if version.which == "twin":
        return twin_side(pair)
    content = pair.base_content
    if content is None:
        raise NotFoundError(f"No sync of {version.path} with its twin is on record.")
    return {
        **{key: value for key, value in pair.notebook.items() if key != "cells"},
        "cells": [
            {"cell_type": cell.type, "id": cell.id or f"base-{n}", "metadata": cell.metadata,
             "source": cell.source}
            | ({"outputs": [], "execution_count": None} if cell.type == "code" else {})
            for n, cell in enumerate(content.sheet.cells)
        ],
    }  # fmt: skip


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
    """The bytes of a file at a revision.

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
        commits = _commits_there(root, path)
        raise NotFoundError(
            f"git has no {path} at {revision}: {error.message}",
            hint=_there_is("git", commits, "No commit has this file.") if commits else "",
        ) from error


def _commits_there(root: Path, path: str) -> list[str]:
    try:
        listed = _git(root, "log", f"-n{_NAMED}", "--format=%h", "--", path)
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
