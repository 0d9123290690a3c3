"""The one judge of notebook names: contents layer, command line, runner and panel ask here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from nbtrail.config import Level
from nbtrail.notebooks.names import NotebookName, parse_name
from nbtrail.policy.baseline import Baseline, load_baseline
from nbtrail.policy.catalogue import Problem, Rule
from nbtrail.policy.clashes import Clashes
from nbtrail.policy.findings import (
    DRAFT,
    DUPLICATE,
    MANY_CATEGORIES,
    NO_CATEGORY,
    NO_DESCRIPTION,
    SEQUENCE_CLASH,
    Finding,
    Fix,
    finding_of,
)
from nbtrail.policy.levels import level_of
from nbtrail.project import Project

RULES = (
    Rule(NO_CATEGORY, "category-missing", "The file name has no category word", Level.WARN),
    Rule(MANY_CATEGORIES, "category-doubled", "The file name has several categories", Level.WARN),
    Rule(NO_DESCRIPTION, "description-missing", "The file name has no description", Level.WARN),
    Rule(DRAFT, "draft", "The notebook has the name that Jupyter gave it", Level.WARN),
    Rule(DUPLICATE, "duplicate-name", "Two notebooks have the same name in effect", Level.WARN),
    Rule(SEQUENCE_CLASH, "sequence-clash", "Two notebooks have the same number", Level.WARN),
)
_BY_CODE = {rule.code: rule for rule in RULES}
_AMONG_OTHERS = (_BY_CODE[DUPLICATE], _BY_CODE[SEQUENCE_CLASH])


def name_problem(
    project: Project,
    path: str,
    *,
    new: bool = False,
    leaving: str | None = None,
    clashes: Clashes | None = None,
) -> Finding | None:
    """The gravest thing that is wrong with the name of the notebook at ``path``.

    Parameters
    ----------
    project
        Whose rules count; a folder that has not been adopted only ever warns.
    path
        POSIX path from the project root, existing or not.
    new
        The notebook is about to be created, renamed or copied to ``path``: that a notebook of
        this name was there before the rules does not excuse it.
    leaving
        The path that it gives up for this one.
    clashes
        The names of all notebooks as they will be; of those that are there when not given.
    """
    if not any(level_of(project, rule, path) is Level.ENFORCE for rule in _AMONG_OTHERS):
        clashes = None
    elif clashes is None:
        others = [other for other in project.notebooks() if other not in (path, leaving)]
        clashes = Clashes(project, others)
    baseline = Baseline() if new else None
    found = name_findings(project, path, baseline=baseline, clashes=clashes, new=new)
    return min(found, key=lambda finding: finding.severity != "error", default=None)


def name_findings(
    project: Project,
    path: str,
    *,
    baseline: Baseline | None = None,
    clashes: Clashes | None = None,
    new: bool = False,
) -> list[Finding]:
    """Everything that is wrong with a name.

    ``baseline`` is read where it is not given; without ``clashes`` the name is judged alone.
    """
    if not path.endswith(".ipynb") or project.is_scratch(path) or not project.owns(path):
        return []
    name = parse_name(path, project.config.names)
    problems = _own_problems(project, name)
    if clashes is not None and not name.draft:
        problems += clashes.problems(name, new=new)
    if not problems:
        return []
    fix = Fix("rename", "Name it…", {"path": path})
    is_old = _excuse(project, path, baseline)
    found = (
        finding_of(project, _BY_CODE[problem.code], path, problem, is_old, fix)
        for problem in problems
    )
    return [finding for finding in found if finding is not None]


def draft_refusal(project: Project, path: str) -> str | None:
    """Why a draft must not be executed yet, in words for the person who tried; else ``None``.

    Only an adopted project that enforces its categories holds its drafts back.
    """
    if not project.adopted or level_of(project, _BY_CODE[DRAFT], path) is not Level.ENFORCE:
        return None
    problem = name_problem(project, path)
    if problem is None or problem.code != DRAFT or problem.severity != "error":
        return None
    return problem.message


def _excuse(project: Project, path: str, baseline: Baseline | None) -> Callable[[], bool]:
    """Tells whether the notebook was there before the rules; nothing is read until asked."""

    def is_old() -> bool:
        known = load_baseline(project) if baseline is None else baseline
        return known.holds(project, path)

    return is_old


def _own_problems(project: Project, name: NotebookName) -> list[Problem]:
    words = project.config.names.categories
    file = PurePosixPath(name.path).name
    example = f"1-{words[0]}-what-it-shows.ipynb" if words else "what-it-shows.ipynb"
    if name.draft:
        scratch = project.config.names.scratch
        aside = f", or move it to {scratch}/, where no rules hold" if scratch else ""
        message = f"{file} is a draft: name it before it runs, such as {example}{aside}."
        return [Problem(DRAFT, message)]
    broken = []
    if not name.categories:
        message = (
            f"{file} names no category: put one of {', '.join(words)} into the name, "
            f"such as {_with_category(name, words)}."
        )
        broken.append(Problem(NO_CATEGORY, message))
    elif len(name.categories) > 1:
        message = (
            f"{file} names {len(name.categories)} categories ({', '.join(name.categories)}): "
            "keep the one that it is about."
        )
        broken.append(Problem(MANY_CATEGORIES, message))
    if not name.description:
        message = (
            f"{file} does not say what it holds: add a few words to the name, such as {example}."
        )
        broken.append(Problem(NO_DESCRIPTION, message))
    return broken


def _with_category(name: NotebookName, words: tuple[str, ...]) -> str:
    parts = (name.sequence, words[0] if words else "", name.description or "what-it-shows")
    return "-".join(part for part in parts if part) + ".ipynb"
