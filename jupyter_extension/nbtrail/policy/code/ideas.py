"""NBT701: more than one idea in an experiment."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nbtrail.notebooks.cells import cells_of
from nbtrail.notebooks.document import Notebook
from nbtrail.policy.catalogue import Level, Problem, Rule
from nbtrail.policy.code.lineage import Fit, Lineage, Marks, data_marks, words_of

SEVERAL_IDEAS = "NBT701"
RULES = (
    Rule(SEVERAL_IDEAS, "several-ideas", "An experiment holds more than one idea", Level.WARN),
)

_TELLS_CLASS = re.compile(
    r"Classifier|^(?:Linear|Nu)?SVC$|NB$|^LogisticRegression|^Perceptron$|^logit$|^Logit$|"
    r"DiscriminantAnalysis$"
)
_TELLS_NUMBER = re.compile(
    r"Regressor|^(?:Linear|Nu)?SVR$|^LinearRegression$|^Ridge(?:CV)?$|^Lasso|^ElasticNet|^OLS$|^ols$"
)
_HEADING = re.compile(r"^#{1,2}\s+\S", re.MULTILINE)


def problems(notebook: Notebook, lineage: Lineage) -> Iterator[Problem]:
    """At most one, at the first model of the second idea."""
    judged = [fit for fit in lineage.fits if _is_judged(fit, lineage)]
    groups = _groups(judged)
    for index, second in enumerate(groups):
        for first in groups[:index]:
            if _differ(first, second):
                yield _problem(first, second)
                return
    yield from _two_targets(notebook, judged, lineage)


def _groups(fits: list[Fit]) -> list[list[Fit]]:
    """Models that share data, or of which one learns from what the other says."""
    groups: list[tuple[set[str], list[Fit]]] = []
    for fit in fits:
        mine = {*data_marks(fit.roots), f"fit:{fit.number}"}
        mine |= {f"fit:{m.partition(':')[2]}" for m in fit.roots if m.startswith("prediction:")}
        mine |= {m for m in fit.roots if m.startswith("fit:")}
        joined = [fit]
        apart = []
        for marks, members in groups:
            if marks & mine:
                mine |= marks
                joined = members + joined
            else:
                apart.append((marks, members))
        groups = [*apart, (mine, joined)]
    return [sorted(members, key=lambda fit: fit.number) for _, members in groups]


def _is_judged(fit: Fit, lineage: Lineage) -> bool:
    """Whether it is known what it learned from, and somebody asks what came of it."""
    if not data_marks(fit.roots):
        return False
    mark = f"fit:{fit.number}"
    said = f"prediction:{fit.number}"
    return any(
        mark in event.marks or said in event.marks
        for event in lineage.events
        if event.kind in ("score", "predict")
    )


def _differ(first: list[Fit], second: list[Fit]) -> bool:
    """Whether two groups without common data ask different questions.

    The same kind of model on several datasets, or several data for the same target, compare.
    """
    models = _models(first), _models(second)
    targets = _targets(first), _targets(second)
    if targets[0] and targets[1]:
        return not targets[0] & targets[1] and models[0] != models[1]
    return bool(models[0] and models[1]) and not models[0] & models[1]


def _problem(first: list[Fit], second: list[Fit]) -> Problem:
    one = _named(_data(first) - _data(second))
    other = _named(_data(second) - _data(first))
    start = second[0]
    message = (
        f"This notebook fits models on {one} and, apart from that, on {other}: two ideas. "
        "Keep one idea a notebook: split it before this cell."
    )
    return Problem(SEVERAL_IDEAS, message, start.cell.id, start.line)


def _two_targets(notebook: Notebook, fits: list[Fit], lineage: Lineage) -> Iterator[Problem]:
    """One data, but here a class is told and there a number, of different columns."""
    classes = [f for f in fits if f.target and any(map(_TELLS_CLASS.search, f.estimators))]
    numbers = [f for f in fits if f.target and any(map(_TELLS_NUMBER.search, f.estimators))]
    if not classes or not numbers or _targets(classes) & _targets(numbers):
        return
    first, second = sorted((classes, numbers), key=lambda group: group[0].number)
    fed = {f"prediction:{fit.number}" for fit in first} | {f"fit:{fit.number}" for fit in first}
    if any(fed & fit.roots for fit in second) or first[-1].number > second[0].number:
        return
    if not _heading_between(notebook, first[-1].cell.index, second[0].cell.index):
        return
    one, other = sorted(_targets(first))[0], sorted(_targets(second))[0]
    message = (
        f"This notebook predicts `{one}` and, apart from that, `{other}`: two ideas. Keep one "
        "idea a notebook: split it at the heading before this cell."
    )
    yield Problem(SEVERAL_IDEAS, message, second[0].cell.id, second[0].line)


def _heading_between(notebook: Notebook, first: int, second: int) -> bool:
    return any(
        cell.type == "markdown" and _HEADING.search(cell.source)
        for cell in cells_of(notebook)[first + 1 : second]
    )


def _models(fits: list[Fit]) -> set[str]:
    return {name for fit in fits for name in fit.estimators}


def _targets(fits: list[Fit]) -> set[str]:
    return {fit.target for fit in fits if fit.target}


def _data(fits: list[Fit]) -> Marks:
    return frozenset().union(*(data_marks(fit.roots) for fit in fits))


def _named(marks: Marks) -> str:
    names = [f"`{word}`" for word in words_of(marks)]
    return ", ".join(names[:2]) + (" and others" if len(names) > 2 else "")
