"""Rules about what the code of a notebook does: environment, reproducibility, scope."""

from __future__ import annotations

from collections.abc import Iterator

from nbtrail.notebooks.document import Notebook
from nbtrail.policy.catalogue import Problem, Rule
from nbtrail.policy.code import (
    clock,
    deploy,
    ideas,
    imports,
    installs,
    network,
    paths,
    randomness,
    scope,
    secrets,
)
from nbtrail.policy.code.context import CodeContext
from nbtrail.policy.code.lineage import trace
from nbtrail.policy.code.reading import Reading, read_code

__all__ = ["RULES", "CodeContext", "problems_in"]

RULES: tuple[Rule, ...] = (
    *installs.RULES,
    *imports.RULES,
    *paths.RULES,
    *randomness.RULES,
    *secrets.RULES,
    *clock.RULES,
    *network.RULES,
    *ideas.RULES,
    *scope.RULES,
    *deploy.RULES,
)


def problems_in(
    notebook: Notebook, path: str, category: str | None, context: CodeContext
) -> list[Problem]:
    """What the code of the notebook at ``path`` does against the rules, in cell order.

    Pure, and never raises for what the notebook holds.
    """
    reading = read_code(notebook)
    found = [
        *installs.problems(reading),
        *imports.problems(reading, context),
        *paths.problems(reading),
        *randomness.problems(reading),
        *secrets.problems(notebook),
        *network.problems(reading),
        *scope.problems(notebook),
        *_by_lineage(notebook, reading, (category or "").upper(), context),
    ]
    order = {cell.id: cell.index for cell in reading.cells}
    return sorted(found, key=lambda p: (order.get(p.cell_id or "", -1), p.line or 0, p.code))


def _by_lineage(
    notebook: Notebook, reading: Reading, category: str, context: CodeContext
) -> Iterator[Problem]:
    """Rules that follow values, which takes a while: only where they can find something."""
    asks = clock.asks(reading)
    lineage = trace(reading) if asks or category in ("EXPERIMENTAL", "DEPLOY") else None
    if lineage is not None and asks:
        yield from clock.problems(reading, lineage)
    if lineage is not None and category == "EXPERIMENTAL":
        yield from ideas.problems(notebook, lineage)
    if lineage is not None and category == "DEPLOY":
        yield from deploy.training(lineage)
        yield from deploy.tests(reading, context)
        yield from deploy.running(notebook, reading)
