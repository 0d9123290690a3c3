"""All rules over a project, or over some of its notebooks.

A notebook that cannot be read is a finding, and the others are checked all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from nbtrail.errors import NbtrailError, NotFoundError, OutsideProjectError, UnreadableNotebookError
from nbtrail.notebooks.document import NOT_JSON, read_notebook
from nbtrail.notebooks.names import is_draft
from nbtrail.pairing.formats import twin_path
from nbtrail.pairing.sync import PairState, pair_state
from nbtrail.policy.baseline import Baseline, load_baseline
from nbtrail.policy.findings import (
    TWIN_CONFLICT,
    TWIN_DIFFERS,
    TWIN_MISSING,
    Finding,
    Fix,
    severity_of,
)
from nbtrail.policy.merges import merge_problems
from nbtrail.policy.names import name_findings
from nbtrail.project import Level, Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store


def check(
    project: Project, paths: Sequence[str] | None = None, store: Store | None = None
) -> list[Finding]:
    """Broken rules, by path and code; of the whole project when ``paths`` is ``None``.

    A twin among ``paths`` stands for its notebook, and files that are no notebooks are
    passed over, so that a commit's list of files can be given as it is.

    Raises
    ------
    NotFoundError
        When one of ``paths`` is not there.
    OutsideProjectError
        When one of them lies outside the project.
    """
    chosen = project.notebooks() if paths is None else notebooks_among(project, paths)
    baseline = load_baseline(project)
    found: list[Finding] = []
    for path in chosen:
        found += _check_notebook(project, store, path, baseline)
    return sorted(found, key=lambda finding: (finding.path, finding.code))


def notebooks_among(project: Project, paths: Sequence[str]) -> list[str]:
    """The project's notebooks that a list of files and folders means, without repetition."""
    chosen: dict[str, None] = {}
    for given in paths:
        path = project.relative(given)
        file = project.root / path
        if file.is_dir():
            prefix = "" if path == "." else f"{path}/"
            chosen.update(dict.fromkeys(p for p in project.notebooks() if p.startswith(prefix)))
            continue
        if not file.exists():
            raise NotFoundError(f"There is no {given} in {project.name}.", hint="Check the path.")
        notebook = str(PurePosixPath(path).with_suffix(".ipynb"))
        if (project.root / notebook).is_file() and not project.is_scratch(notebook):
            chosen[notebook] = None
    return list(chosen)


def _check_notebook(
    project: Project, store: Store | None, path: str, baseline: Baseline
) -> list[Finding]:
    found = name_findings(project, path, baseline=baseline)
    try:
        state = pair_state(project, store, path)
        if state.state == "off":
            read_notebook(project.resolve(path))
            found += _unadopted(project, path)
        else:
            found += _pair_findings(project, path, state, baseline)
        found += _unfinished_merges(project, path)
    except (UnreadableNotebookError, OutsideProjectError) as error:
        found += _unreadable(project, path, error, baseline)
    return found


def _unfinished_merges(project: Project, path: str) -> list[Finding]:
    file = project.resolve(path)
    if b"<<<<<<<" not in file.read_bytes():
        return []
    return [
        Finding(problem.code, "error", path, problem.message, problem.cell_id)
        for problem in merge_problems(read_notebook(file))
    ]


def _pair_findings(
    project: Project, path: str, state: PairState, baseline: Baseline
) -> list[Finding]:
    if state.state == "in-sync":
        return []
    old = project.config.policy.twin is Level.ENFORCE and baseline.holds(project, path)
    severity = severity_of(project.config.policy.twin, baseline=old)
    if severity is None:
        return []
    args = {"path": path}
    if state.state == "conflict":
        fix = Fix("resolve", "Choose…", {**args, "twin": state.twin})
        cell = state.conflicts[0].cell_id if state.conflicts else None
        return [Finding(TWIN_CONFLICT, severity, path, state.message, cell, fix)]
    code = TWIN_MISSING if state.state == "missing" else TWIN_DIFFERS
    label = "Write the twin" if state.state == "missing" else "Bring both together"
    return [Finding(code, severity, path, state.message, fix=Fix("pair", label, args))]


def _unadopted(project: Project, path: str) -> list[Finding]:
    """In a folder that is only looked at, a missing twin is worth a word and no more."""
    if project.adopted or project.config.policy.twin is Level.OFF or is_draft(path):
        return []
    if project.is_scratch(path) or (project.root / twin_path(project, path)).exists():
        return []
    message = f"{path} has no twin: adopt the folder with `nbtrail init` to have one kept."
    return [Finding(TWIN_MISSING, "warning", path, message, fix=Fix("init", "Adopt the folder"))]


def _unreadable(
    project: Project, path: str, error: NbtrailError, baseline: Baseline
) -> list[Finding]:
    level = project.config.policy.unreadable
    old = level is Level.ENFORCE and baseline.holds(project, path)
    severity = severity_of(level, baseline=old)
    if severity is None:
        return []
    code = str(error.detail.get("code", NOT_JSON))
    return [Finding(code, severity, path, str(error))]
