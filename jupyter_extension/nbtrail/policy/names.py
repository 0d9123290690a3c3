"""The one judge of notebook names: contents layer, command line, runner and panel ask here."""

from __future__ import annotations

from pathlib import PurePosixPath

from nbtrail.notebooks.names import NotebookName, parse_name
from nbtrail.policy.baseline import Baseline, load_baseline
from nbtrail.policy.catalogue import Rule
from nbtrail.policy.findings import (
    DRAFT,
    MANY_CATEGORIES,
    NO_CATEGORY,
    NO_DESCRIPTION,
    Finding,
    Fix,
    severity_of,
)
from nbtrail.policy.propose import Proposal, propose_name
from nbtrail.project import Level, Project

__all__ = [
    "RULES",
    "Proposal",
    "draft_refusal",
    "name_findings",
    "name_problem",
    "propose_name",
]

RULES = (
    Rule(NO_CATEGORY, "category-missing", "The file name has no category word", Level.WARN),
    Rule(MANY_CATEGORIES, "category-doubled", "The file name has several categories", Level.WARN),
    Rule(NO_DESCRIPTION, "description-missing", "The file name says nothing of it", Level.WARN),
    Rule(DRAFT, "draft", "The notebook has the name that Jupyter gave it", Level.WARN),
)


def name_problem(project: Project, path: str, *, new: bool = False) -> Finding | None:
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
    """
    found = name_findings(project, path, baseline=Baseline() if new else None)
    return min(found, key=lambda finding: finding.severity != "error", default=None)


def name_findings(
    project: Project, path: str, *, baseline: Baseline | None = None
) -> list[Finding]:
    """Everything that is wrong with a name; ``baseline`` is read where it is not given."""
    if not path.endswith(".ipynb") or project.is_scratch(path) or not project.owns(path):
        return []
    name = parse_name(path, project.config.names)
    broken = _broken_rules(project, name)
    if not broken:
        return []
    old = False
    if any(level is Level.ENFORCE for _, level, _ in broken):
        known = load_baseline(project) if baseline is None else baseline
        old = known.holds(project, path)
    fix = Fix("rename", "Name it…", {"path": path})
    return [
        Finding(code, severity, path, message, fix=fix)
        for code, level, message in broken
        if (severity := severity_of(level, baseline=old)) is not None
    ]


def draft_refusal(project: Project, path: str) -> str | None:
    """Why a draft must not be executed yet, in words for the person who tried; else ``None``.

    Only an adopted project that enforces its categories holds its drafts back.
    """
    if not project.adopted or project.config.policy.category is not Level.ENFORCE:
        return None
    problem = name_problem(project, path)
    if problem is None or problem.code != DRAFT or problem.severity != "error":
        return None
    return problem.message


def _broken_rules(project: Project, name: NotebookName) -> list[tuple[str, Level, str]]:
    policy, words = project.config.policy, project.config.names.categories
    file = PurePosixPath(name.path).name
    example = f"1-{words[0]}-what-it-shows.ipynb" if words else "what-it-shows.ipynb"
    if name.draft:
        scratch = project.config.names.scratch
        aside = f", or move it to {scratch}/, where no rules hold" if scratch else ""
        message = f"{file} is a draft: name it before it runs, such as {example}{aside}."
        return [(DRAFT, policy.category, message)]
    broken = []
    if not name.categories:
        message = (
            f"{file} names no category: put one of {', '.join(words)} into the name, "
            f"such as {_with_category(name, words)}."
        )
        broken.append((NO_CATEGORY, policy.category, message))
    elif len(name.categories) > 1:
        message = (
            f"{file} names {len(name.categories)} categories ({', '.join(name.categories)}): "
            "keep the one that it is about."
        )
        broken.append((MANY_CATEGORIES, policy.category, message))
    if not name.description:
        message = (
            f"{file} does not say what it holds: add a few words to the name, such as {example}."
        )
        broken.append((NO_DESCRIPTION, policy.description, message))
    return broken


def _with_category(name: NotebookName, words: tuple[str, ...]) -> str:
    parts = (name.sequence, words[0] if words else "", name.description or "what-it-shows")
    return "-".join(part for part in parts if part) + ".ipynb"
