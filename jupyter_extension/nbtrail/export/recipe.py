"""What it takes to run again, elsewhere, what a recorded run did: gathered, nothing written."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from nbtrail.config import CONFIG_NAME, VerifyConfig
from nbtrail.errors import NbtrailError, NotFoundError
from nbtrail.export.bounds import bounds_of_file, bounds_of_metric
from nbtrail.export.model import Content, Problem, Recipe, RecipeStep, WantedFile, WantedMetric
from nbtrail.export.parts.prepare_step import without_outputs
from nbtrail.export.requirements import Requirements, distinct
from nbtrail.files import stable_sha256
from nbtrail.ledger import queries
from nbtrail.ledger.records import FileAccess
from nbtrail.ledger.runs import request_of
from nbtrail.ledger.steps import StepRecord, first_inputs
from nbtrail.ledger.store import Store
from nbtrail.masking import mask, mask_facts
from nbtrail.notebooks.cells import code_cells_of, kernel_name, language
from nbtrail.notebooks.document import Notebook, dump_notebook, parse_notebook
from nbtrail.pipeline.graph import build_graph
from nbtrail.pipeline.inference.static import Analysis, analyse
from nbtrail.project import Project
from nbtrail.proof.baseline import Baseline, find_baseline

#: Names of files that are there to hold secrets.
_SECRET_FILE = re.compile(
    r"\.env(\..*)?|\.?netrc|\.pgpass|\.pypirc|id_(rsa|dsa|ecdsa|ed25519)|\.?(credentials|secrets?)"
    r"(\.\w+)?|.*\.(pem|key|p12|pfx|jks|keystore|kdbx)",
    re.IGNORECASE,
)
#: Largest recorded table (bytes) that is kept beside the recipe to be compared by its numbers.
_LARGEST_EXPECTED = 20_000_000


def recipe_of(project: Project, store: Store, run: str | None = None) -> Recipe:
    """What it takes to repeat a run, by id or tag; without one the newest good one of all steps.

    Raises
    ------
    NotFoundError
        When there is no such run, or it has no environment on record.
    UsageError
        When the run is none of the pipeline, or has not ended well.
    """
    order = build_graph(project, store).order
    with store.read() as connection:
        baseline = find_baseline(connection, order, run)
        found = environments_of(connection, baseline.steps)
    if not found:
        raise NotFoundError(
            f"Run {baseline.run} has no environment on record.",
            hint="Run the pipeline again with the recorder on: `nbtrail run --force`.",
        )
    return _Gathering(project, store, baseline, found).recipe()


def environments_of(
    connection: Connection, steps: Sequence[StepRecord]
) -> dict[str, dict[str, Any]]:
    """The environments that steps ran in, by their ids, in the order of the steps."""
    identities = dict.fromkeys(step.environment for step in steps if step.environment)
    return {identity: queries.environment(connection, identity) for identity in identities}


class _Gathering:
    """Puts a recipe together, and notes what is missing from it."""

    def __init__(
        self,
        project: Project,
        store: Store,
        baseline: Baseline,
        environments: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.project = project
        self.store = store
        self.baseline = baseline
        self.recorded = environments
        self.problems: list[Problem] = []
        self.notebooks: dict[str, Notebook] = {}

    def recipe(self) -> Recipe:
        baseline, config = self.baseline, self.project.config
        for step in baseline.steps:
            self.notebooks[step.path] = self._notebook(step)
        params, secrets = self._params()
        environments, places = distinct(self.recorded.values())
        for wanted in environments:
            self._judge(wanted, environments[0])
        uses_nbtrail = any(_imports_nbtrail(n) for n in self.notebooks.values())
        contents = list(self._contents())
        return Recipe(
            project=self.project.name,
            run=baseline.run,
            date=baseline.date,
            data_folder=config.datasets.folder,
            tolerance=config.verify.tolerance,
            timeout=config.pipeline.cell_timeout,
            params=params,
            secrets=secrets,
            variables=self._variables(),
            environments=environments,
            steps=tuple(
                RecipeStep(
                    path=step.path,
                    kernel=self._kernel(step),
                    environment=places.get(step.environment or "", 0),
                    metrics=wanted_metrics(step, config.verify),
                    files=wanted_files(step, config.verify),
                )
                for step in baseline.steps
            ),
            contents=tuple(sorted(contents, key=lambda content: content.path)),
            folders=tuple(sorted(_folders(baseline.steps))),
            expected=tuple(self._expected()),
            uses_nbtrail=uses_nbtrail,
            problems=tuple(self.problems),
        )

    def _miss(self, name: str, why: str, fix: str) -> None:
        problem = Problem(name, why, fix)
        if problem not in self.problems:
            self.problems.append(problem)

    def _notebook(self, step: StepRecord) -> Notebook:
        """A step's notebook as it ran, without outputs; else as it is now."""
        notebook: Notebook | None = None
        if step.executed_blob is not None:
            try:
                notebook = parse_notebook(self.store.blobs.get(step.executed_blob), step.path)
            except (OSError, NbtrailError):
                notebook = None
        if notebook is None:
            data = (self.project.root / step.path).read_bytes()
            notebook = parse_notebook(data, step.path)
            self._miss(
                step.path,
                "it was not kept as it ran, and is taken as it is now.",
                "Run the pipeline again if it was changed since.",
            )
        for cell in code_cells_of(notebook):
            if mask(cell.source) != cell.source:
                self._miss(
                    step.path,
                    f"cell {cell.index + 1} holds what looks like a secret, and would go along.",
                    "Take it out of the code, into an environment variable, and run again.",
                )
        cells = [without_outputs(cell) for cell in notebook["cells"]]
        return {**notebook, "cells": cells}

    def _params(self) -> tuple[dict[str, Any], tuple[str, ...]]:
        try:
            given = request_of(self.store.blobs, self.baseline.request).get("params") or {}
        except NotFoundError:
            given = self.baseline.request.get("params") or {}
        shown = mask_facts(given)
        secrets = tuple(sorted(name for name in given if shown.get(name) != given[name]))
        return {k: v for k, v in given.items() if k not in secrets}, secrets

    def _judge(self, wanted: Requirements, first: Requirements) -> None:
        for missing in wanted.missing:
            if missing.name != "nbtrail":  # what notebooks use of it comes along
                self._miss(f"{missing.name} {missing.version}".strip(), missing.why, missing.fix)
        facts = self.recorded[wanted.environment]
        kind = (facts.get("python") or {}).get("implementation") or "CPython"
        if kind != "CPython":
            self._miss(kind, "the image is of CPython.", f"Install {kind} in the Dockerfile.")
        if wanted.minor != first.minor:
            why = f"some steps ran on it, others on Python {first.minor}, which the image has."
            self._miss(f"Python {wanted.minor}", why, "Install it in the Dockerfile.")
        if not wanted.minor:
            self._miss("Python", "its version is not on record.", "Name it in the Dockerfile.")

    def _variables(self) -> dict[str, str]:
        recorded: dict[str, str] = {}
        for step in self.baseline.steps:
            facts = self.recorded.get(step.environment or "", {})
            recorded.update(facts.get("variables") or {})
        folders = recorded.pop("PYTHONPATH", "")
        if folders:
            self._miss(
                "PYTHONPATH",
                "modules may have come from folders outside of the project.",
                "Put them into the project, or make packages of them.",
            )
        return {
            name: recorded[name]
            for name in sorted(recorded)
            if mask(recorded[name]) == recorded[name]
        }

    def _kernel(self, step: StepRecord) -> str:
        notebook = self.notebooks[step.path]
        if language(notebook) in ("python", "ipython"):
            return "python3"
        name = kernel_name(notebook)
        self._miss(
            step.path, f"its kernel {name} is none of Python's.", "Install it in the Dockerfile."
        )
        return name

    def _contents(self) -> Iterator[Content]:
        """Notebooks, local modules and inputs of the steps."""
        for path, notebook in self.notebooks.items():
            yield Content(path, data=dump_notebook(notebook))
        wanted: dict[str, FileAccess] = {a.path: a for a in first_inputs(self.baseline.steps)}
        for path, notebook in self.notebooks.items():
            folder = self.project.config.datasets.folder
            analysis = analyse(notebook, path, self.project.root, folder)
            for name in _modules(self.project, analysis):
                wanted.setdefault(name, FileAccess(name, None))
        for path in sorted(wanted.keys() - self.notebooks.keys()):
            content = self._input(wanted[path])
            if content is not None:
                yield content

    def _input(self, access: FileAccess) -> Content | None:
        path = access.path
        if posixpath.isabs(path) or ".." in path.split("/"):
            self._miss(path, "it lies outside of the project.", "Put it into the project.")
            return None
        if path == CONFIG_NAME:
            return None  # the recipe has one of its own, with nothing in it but what is needed
        if _SECRET_FILE.fullmatch(posixpath.basename(path)):
            self._miss(path, "it may hold secrets, and is left out.", "Give it to the container.")
            return None
        file = self.project.root / path
        digest, _size = stable_sha256(file)
        if access.sha256 is None or digest == access.sha256:
            if file.is_file():
                return Content(path, source=file)
        elif self.store.blobs.has(access.sha256):
            return Content(path, data=self.store.blobs.get(access.sha256))
        if not file.is_file():
            self._miss(path, "it is not there any more.", "Put it back, then export again.")
            return None
        self._miss(path, "it is not what the run read.", "Put it back, or run the pipeline again.")
        return Content(path, source=file)

    def _expected(self) -> Iterator[Content]:
        """Tables whose numbers may differ a little, as the run left them."""
        for step in self.baseline.steps:
            wanted = {f.path for f in wanted_files(step, self.project.config.verify) if f.within}
            for access in step.outputs:
                small = (access.bytes or 0) <= _LARGEST_EXPECTED
                if access.path not in wanted or access.sha256 is None or not small:
                    continue
                if self.store.blobs.has(access.sha256):
                    yield Content(access.path, data=self.store.blobs.get(access.sha256))


def wanted_metrics(step: StepRecord, config: VerifyConfig) -> dict[str, WantedMetric]:
    """A step's metrics with their bounds, sorted by name."""
    found = {}
    for name, value in sorted(step.metrics.items()):
        bounds = bounds_of_metric(name, config)
        found[name] = WantedMetric(value, bounds.relative, bounds.absolute)
    return found


def wanted_files(step: StepRecord, config: VerifyConfig) -> tuple[WantedFile, ...]:
    """A step's files that are to come out again; those that may differ are left out."""
    found = []
    for access in step.outputs:
        known = bounds_of_file(access.path, config)
        if known != "ignore" and access.sha256 is not None:
            within = None if known == "exact" else known
            found.append(WantedFile(access.path, access.sha256, within))
    return tuple(found)


def _folders(steps: Iterable[StepRecord]) -> set[str]:
    found = {posixpath.dirname(a.path) for step in steps for a in step.outputs}
    return {folder for folder in found if folder}


def _modules(project: Project, analysis: Analysis) -> Iterator[str]:
    """Files of the modules that a notebook imports, with those that make packages of folders."""
    for name, _digest in analysis.modules:
        yield name
        folder = posixpath.dirname(name)
        while folder:
            init = f"{folder}/__init__.py"
            if (project.root / init).is_file():
                yield init
            folder = posixpath.dirname(folder)


def _imports_nbtrail(notebook: Notebook) -> bool:
    return any("nbtrail" in cell.source for cell in code_cells_of(notebook))
