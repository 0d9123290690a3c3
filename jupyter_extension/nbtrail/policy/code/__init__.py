"""Rules about what the code of a notebook does: environment, reproducibility, scope."""

from __future__ import annotations

from nbtrail.notebooks.document import Notebook
from nbtrail.policy.catalogue import Problem, Rule
from nbtrail.policy.code import imports, installs, network, paths, randomness, secrets
from nbtrail.policy.code.context import CodeContext
from nbtrail.policy.code.reading import read_code

__all__ = ["RULES", "CodeContext", "problems_in"]

RULES: tuple[Rule, ...] = (
    *installs.RULES,
    *imports.RULES,
    *paths.RULES,
    *randomness.RULES,
    *secrets.RULES,
    *network.RULES,
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
    ]
    order = {cell.id: cell.index for cell in reading.cells}
    return sorted(found, key=lambda p: (order.get(p.cell_id or "", -1), p.line or 0, p.code))
