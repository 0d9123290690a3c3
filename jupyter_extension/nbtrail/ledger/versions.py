"""Versions of a notebook: the saved file, its last run, a run, a git revision.

A version is written behind the path: ``a.ipynb@last``, ``@saved``, ``@run:ID``, ``@git:REV``.
An existing file whose name holds ``@`` wins.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

from sqlalchemy import select

from nbtrail.errors import NotFoundError, UsageError
from nbtrail.ledger import queries
from nbtrail.ledger import tables as t
from nbtrail.ledger.store import Store
from nbtrail.notebooks.document import Notebook, parse_notebook, read_notebook
from nbtrail.project import Project


@dataclass(frozen=True, slots=True)
class Version:
    """A notebook's POSIX path and which of its versions: ``saved``, ``last``, ``run:ID``, …"""

    path: str
    which: str

    def __str__(self) -> str:
        return self.path if self.which == "saved" else f"{self.path}@{self.which}"


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
    kind, _, value = which.partition(":")
    if (kind in ("last", "saved") and not value) or (kind in ("run", "git") and value):
        return Version(project.relative(path), which)
    raise UsageError(
        f"{which!r} is no version of a notebook.",
        hint="Use @last, @saved, @run:ID or @git:REV behind the path.",
    )


def load_version(project: Project, store: Store | None, version: Version) -> Notebook:
    """The notebook as it is in that version.

    ``store`` may be ``None`` for ``saved`` and ``git:`` versions.

    Raises
    ------
    NotFoundError
        When there is no such version.
    UnreadableNotebookError
        When it is no notebook that can be read.
    """
    kind, _, value = version.which.partition(":")
    if kind == "saved":
        return read_notebook(project.resolve(version.path))
    if kind == "git":
        return parse_notebook(_git_blob(project, version.path, value), str(version))
    if store is None:
        raise UsageError(f"{version} needs the ledger.")
    return parse_notebook(store.blobs.get(_run_blob(store, version, value)), str(version))


def _run_blob(store: Store, version: Version, run: str) -> str:
    with store.read() as connection:
        query = (
            select(t.run_steps.c.executed_blob)
            .join(t.runs, t.runs.c.id == t.run_steps.c.run_id)
            .where(t.run_steps.c.path == version.path, t.run_steps.c.executed_blob.is_not(None))
            .order_by(t.runs.c.started_at.desc())
            .limit(1)
        )
        if run:
            query = query.where(t.runs.c.id == queries.run_detail(connection, run).summary.run)
        else:
            query = query.where(t.runs.c.kind != "verify")
        blob = connection.execute(query).scalar()
    if blob is None:
        raise NotFoundError(
            f"{version.path} has no executed copy{f' in run {run}' if run else ' yet'}.",
            hint="Run it first: nbtrail run " + version.path,
        )
    return str(blob)


def _git_blob(project: Project, path: str, revision: str) -> bytes:
    if revision.startswith("-"):
        raise UsageError(f"{revision!r} is no git revision.")
    command = ["git", "-C", str(project.root), "show", f"{revision}:./{path}"]
    try:
        result = subprocess.run(command, capture_output=True, check=False, timeout=30)
    except FileNotFoundError as error:
        raise NotFoundError("git is not installed.", hint="Install git.") from error
    if result.returncode != 0:
        reason = result.stderr.decode(errors="replace").strip().splitlines()
        raise NotFoundError(
            f"git has no {path} at {revision}: {reason[0] if reason else 'unknown error'}."
        )
    return result.stdout
