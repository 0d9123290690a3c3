"""The one object that the command line, the server and scripts use."""

from __future__ import annotations

from pathlib import Path

from nbtrail.app.exports import Exports
from nbtrail.app.history import History
from nbtrail.app.notebooks import Notebooks
from nbtrail.app.pipeline import Pipeline
from nbtrail.project import find_project

__all__ = ["OpenProject", "open_project"]


def open_project(path: str | Path = ".", *, alone: bool = False) -> OpenProject:
    """Open the project that ``path`` belongs to.

    Nothing is read or written until it is needed; close it, or use it in a ``with``. ``alone``
    says that this process does nothing beside.
    """
    return OpenProject(find_project(Path(path)), alone=alone)


class OpenProject(Notebooks, Pipeline, Exports, History):
    """A project with its ledger. Synchronous, closable, safe to use from several threads."""
