"""One notebook looked at by all rules that ask only about itself: the part worth keeping."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from nbtrail.ledger.order import PastExecution
from nbtrail.notebooks.cells import cells_of
from nbtrail.notebooks.document import Notebook
from nbtrail.policy import code, order
from nbtrail.policy.catalogue import Problem
from nbtrail.policy.code import CodeContext
from nbtrail.policy.merges import merge_problems
from nbtrail.policy.silence import Silence, silences_in


class Content(msgspec.Struct, frozen=True):
    """What a notebook's cells say.

    Attributes
    ----------
    problems
        Whatever the levels say: those may change without the notebook.
    silences
        Comments that silence rules.
    cells
        Ids of all cells, by index.
    """

    problems: tuple[Problem, ...] = ()
    silences: tuple[Silence, ...] = ()
    cells: tuple[str, ...] = ()


def look_into(
    notebook: Notebook,
    context: CodeContext,
    history: Sequence[PastExecution] = (),
    session: str | None = None,
) -> Content:
    """Ask all rules about the notebook; pure.

    ``history`` and ``session`` are what is on record of it, as `order_of` takes them.
    """
    cells = cells_of(notebook)
    problems = order.problems_in(notebook, cells, history, session)
    problems += merge_problems(notebook)
    problems += code.problems_in(notebook, context.path, context.category, context)
    return Content(tuple(problems), silences_in(cells), tuple(cell.id for cell in cells))
