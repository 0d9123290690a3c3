"""Rules about what the code of a notebook does: environment, reproducibility, scope."""

from __future__ import annotations

from nbtrail.notebooks.document import Notebook
from nbtrail.policy.catalogue import Problem, Rule
from nbtrail.policy.code.context import CodeContext

__all__ = ["RULES", "CodeContext", "problems_in"]

RULES: tuple[Rule, ...] = ()


def problems_in(
    notebook: Notebook, path: str, category: str | None, context: CodeContext
) -> list[Problem]:
    """What the code of the notebook at ``path`` does against the rules, in cell order.

    Pure, and never raises for what the notebook holds.
    """
    return []
