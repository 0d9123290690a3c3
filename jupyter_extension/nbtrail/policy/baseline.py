"""The notebooks that were there before the rules: they warn until they are touched.

``.nbtrail/baseline.json`` is committed. It holds, by path, the identity of what a person had
written in each notebook when the project was adopted; running a notebook does not touch it.
"""

from __future__ import annotations

import os

import msgspec

from nbtrail.errors import NbtrailError
from nbtrail.files import sha256_bytes, write_atomic
from nbtrail.notebooks.cells import sources_digest
from nbtrail.notebooks.document import parse_notebook
from nbtrail.project import STATE_NAME, Project

BASELINE_NAME = "baseline.json"


class Baseline(msgspec.Struct, frozen=True):
    """Notebooks by POSIX path with the digest of their sources."""

    version: int = 1
    notebooks: dict[str, str] = {}

    def holds(self, project: Project, path: str) -> bool:
        """Whether the notebook at ``path`` is one of them and has not been touched since.

        One that was moved to another folder under its own name still is, whoever moved it.
        """
        known = {
            digest
            for entry, digest in self.notebooks.items()
            if entry == path or (_same_name(entry, path) and not _is_there(project, entry))
        }
        if not known:
            return False
        try:
            return notebook_digest(project.resolve(path).read_bytes(), path) in known
        except (OSError, NbtrailError):
            return False


def _same_name(entry: str, path: str) -> bool:
    return entry.rpartition("/")[2] == path.rpartition("/")[2]


def _is_there(project: Project, entry: str) -> bool:
    return os.path.lexists(project.root / entry)


def load_baseline(project: Project) -> Baseline:
    """The project's baseline; empty where there is none or it cannot be read."""
    try:
        data = (project.root / STATE_NAME / BASELINE_NAME).read_bytes()
        return msgspec.json.decode(data, type=Baseline)
    except (OSError, msgspec.MsgspecError):
        return Baseline()


def take_baseline(project: Project) -> Baseline:
    """The baseline of the notebooks as they are now."""
    found = {}
    for path in project.notebooks():
        try:
            found[path] = notebook_digest(project.resolve(path).read_bytes(), path)
        except (OSError, NbtrailError):
            continue  # a link out of the project, or a file that cannot even be opened
    return Baseline(notebooks=found)


def write_baseline(project: Project, baseline: Baseline) -> None:
    """Write the baseline, one notebook a line, so that git merges it."""
    file = project.root / STATE_NAME / BASELINE_NAME
    file.parent.mkdir(parents=True, exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(baseline, order="sorted"), indent=1)
    write_atomic(file, text + b"\n")


def notebook_digest(data: bytes, name: str) -> str:
    """Identity of a notebook's sources; of its bytes where it is no readable notebook."""
    try:
        return sources_digest(parse_notebook(data, name))
    except NbtrailError:
        return "bytes:" + sha256_bytes(data)
