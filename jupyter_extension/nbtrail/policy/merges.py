"""Merges that nobody has ended: git's markers in the cells of a notebook."""

from __future__ import annotations

from nbtrail.notebooks.cells import cells_of
from nbtrail.notebooks.document import Notebook
from nbtrail.pairing.markers import versions
from nbtrail.policy.catalogue import Level, Problem, Rule

CONFLICT_IN_CELL = "NBT904"

RULES = (
    Rule(CONFLICT_IN_CELL, "merge-in-cell", "a merge was left unfinished in a cell", Level.ENFORCE),
)


def merge_problems(notebook: Notebook) -> list[Problem]:
    """The cells in which both sides of a merge still stand, markers between them."""
    problems = []
    for cell in cells_of(notebook):
        if "<<<<<<<" not in cell.source or versions(cell.source) is None:
            continue
        before = cell.source.partition("<<<<<<<")[0]
        message = (
            f"Cell {cell.index + 1} holds both sides of a merge: keep what is right, delete the "
            "lines with <<<<<<<, ======= and >>>>>>>, then `git add` the notebook."
        )
        problems.append(Problem(CONFLICT_IN_CELL, message, cell.id, before.count("\n") + 1))
    return problems
