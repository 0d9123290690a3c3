"""The kinds of export: the files of each, what is missing from them, and where they go."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from nbtrail.errors import UsageError
from nbtrail.export.docker import docker_files, lock_name
from nbtrail.export.files import write_files
from nbtrail.export.model import Content, Problem
from nbtrail.export.recipe import recipe_of
from nbtrail.export.requirements import Requirements
from nbtrail.export.script import PlainStep, plain_script, variables_of
from nbtrail.export.workflow import LOCK_PATH, WORKFLOW_PATH, workflow_text
from nbtrail.ledger.store import Store
from nbtrail.pipeline.graph import build_graph
from nbtrail.project import Project

Kind = Literal["docker", "requirements", "script", "workflow"]
KINDS: tuple[Kind, ...] = ("docker", "requirements", "script", "workflow")

#: Folder of a container's recipe, in the project, and the script of the project itself.
RECIPE_FOLDER = "recipe"
SCRIPT_NAME = "run_pipeline.sh"
_OWN = ("api", "expected", "project")


class Export(msgspec.Struct, frozen=True):
    """What an export is made of; nothing is written yet.

    Attributes
    ----------
    files
        In the order of their paths.
    own
        Folders that hold nothing else.
    problems
        What cannot be brought along.
    folder
        Where they go unless somebody says otherwise: absolute.
    """

    kind: Kind
    files: tuple[Content, ...]
    folder: Path
    own: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Texts of the files; of the project's own files only the paths."""
        texts = [f for f in self.files if not f.path.startswith(("project/", "expected/"))]
        return {
            "kind": self.kind,
            "files": [{"path": f.path, "text": f.read().decode()} for f in texts],
            "copies": [f.path for f in self.files if f not in texts],
            "problems": self.problems,
        }


class Exported(msgspec.Struct, frozen=True):
    """What was written, POSIX paths from ``folder``; ``kept`` is the folder of what it replaced."""

    kind: Kind
    folder: str
    files: tuple[str, ...]
    kept: str | None
    problems: tuple[Problem, ...]


def write_export(export: Export, folder: Path | None = None, *, force: bool = False) -> Exported:
    """Write an export; errors as of `nbtrail.export.files.write_files`."""
    place = export.folder if folder is None else folder
    kept = write_files(place, export.files, force=force, own=export.own)
    names = tuple(file.path for file in export.files)
    return Exported(export.kind, str(place), names, kept, export.problems)


def check_recipe_folder(project: Project, folder: Path | None) -> None:
    """Raise UsageError where a recipe's copies of notebooks would mix with the project's own."""
    place = Path(os.path.realpath(folder or project.root / RECIPE_FOLDER))
    if place == project.root:
        raise UsageError(
            "A recipe needs a folder of its own.", hint="Name one with -o, such as -o recipe."
        )
    if place.is_relative_to(project.root) and not project.adopted:
        raise UsageError(
            "The copies of the notebooks would count as notebooks of this folder.",
            hint="Run `nbtrail init` first, or name a folder outside with -o.",
        )


def docker_export(project: Project, store: Store, run: str | None) -> Export:
    """The recipe of a container."""
    recipe = recipe_of(project, store, run)
    place = project.root / RECIPE_FOLDER
    return Export("docker", docker_files(recipe), place, _OWN, recipe.problems)


def requirements_export(project: Project, found: Sequence[Requirements]) -> Export:
    """Lock files of environments."""
    files = tuple(
        Content(lock_name(number), data=wanted.text().encode())
        for number, wanted in enumerate(found, 1)
    )
    return Export("requirements", files, project.root, problems=_missing(found))


def script_export(project: Project, store: Store, run: str | None, folder: Path) -> Export:
    """The ordered calls of nbconvert: of a run, or of the pipeline as it is."""
    recipe = None if run is None else recipe_of(project, store, run)
    order = build_graph(project, store).order if recipe is None else recipe.order
    if not order:
        raise UsageError("There is no notebook to run.", hint="Is this the right folder?")
    for path in order:
        if not path.isprintable():
            raise UsageError(
                f"nbconvert cannot write to {path!r}.", hint="Take the line break out of its name."
            )
    text = plain_script(
        [_plain_step(project, path) for path in order],
        root=_way_to(project.root, folder),
        variables={"PYTHONHASHSEED": "0"} if recipe is None else variables_of(recipe),
        params={} if recipe is None else recipe.params,
        secrets=() if recipe is None else recipe.secrets,
        timeout=project.config.pipeline.cell_timeout,
    )
    return Export("script", (Content(SCRIPT_NAME, data=text.encode()),), folder)


def workflow_export(project: Project, wanted: Requirements | None) -> Export:
    """A workflow of GitHub Actions, with the lock file that it installs."""
    root = _repository(project.root)
    folder = os.path.relpath(project.root, root).replace(os.sep, "/")
    lock = None if wanted is None else LOCK_PATH
    python = "" if wanted is None else wanted.minor
    text = workflow_text(python, lock, "" if folder == "." else folder)
    files = [Content(WORKFLOW_PATH, data=text.encode())]
    problems = list(_missing([wanted] if wanted else []))
    if wanted is None:
        fix = "Run the pipeline, then export again."
        problems.append(Problem("environment", "none is on record to be installed.", fix))
    else:
        files.insert(0, Content(LOCK_PATH, data=wanted.text().encode()))
    return Export("workflow", tuple(files), root, problems=tuple(problems))


def _missing(found: Sequence[Requirements]) -> tuple[Problem, ...]:
    return tuple(
        Problem(f"{one.name} {one.version}".strip(), one.why, one.fix)
        for wanted in found
        for one in wanted.missing
    )


def _plain_step(project: Project, path: str) -> PlainStep:
    step = next((s for s in project.config.pipeline.steps if s.path == path), None)
    if step is None:
        return PlainStep(path)
    python = f"{step.environment}/bin/python" if step.environment else ""
    return PlainStep(path, kernel=step.kernel, python=python)


def _repository(root: Path) -> Path:
    """The root of the repository that a project lies in; the project's own where there is none."""
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)


def _way_to(root: Path, folder: Path) -> str | None:
    """The project seen from a folder inside it; ``None`` from one outside."""
    real = Path(os.path.realpath(folder))
    if not real.is_relative_to(root):
        return None
    return os.path.relpath(root, real).replace(os.sep, "/")
