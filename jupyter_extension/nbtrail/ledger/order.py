"""Whether what is on screen equals one straight pass from the top.

Pure: takes the notebook's code cells and what the ledger knows of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from nbtrail.notebooks.cells import Cell, source_sha256
from nbtrail.notebooks.dataflow import Flow, flow_of

CellState = Literal[
    "fresh", "never-run", "edited", "stale", "out-of-order", "earlier-session", "failed", "running"
]
Order = Literal["linear", "out-of-order", "stale", "never-run"]


class LastExecution(msgspec.Struct, frozen=True):
    """The newest execution of a cell. ``position`` counts within its kernel session."""

    session: str
    position: int
    source_sha256: str
    status: str
    source: str = ""


class CellStatus(msgspec.Struct, frozen=True):
    """State of one code cell, and the reason in words."""

    cell_id: str
    state: CellState
    why: str


class OrderStatus(msgspec.Struct, frozen=True):
    """State of a notebook's code cells, and the verdict over all of them."""

    order: Order
    why: str | None
    cells: tuple[CellStatus, ...]


def order_of(
    cells: Sequence[Cell],
    last: Mapping[str, LastExecution],
    session: str | None,
    *,
    others: int = 0,
    is_python: bool = True,
) -> OrderStatus:
    """Judge the code cells of a notebook.

    Parameters
    ----------
    cells
        The code cells, in order; cells without text are left out of the judgement.
    last
        Newest execution of each cell, by cell id.
    session
        The kernel session in which the notebook ran last.
    others
        Executions of that session that are nobody's newest: cells run twice or since deleted.
    is_python
        Whether definitions and uses can be read from the source.
    """
    cells = [cell for cell in cells if cell.source.strip()]
    states = _states(cells, last, session, is_python)
    kinds = {state.state for state in states}
    if not cells or kinds <= {"never-run"}:
        return OrderStatus("never-run", None if cells else "no code", states)
    first = next((s for s in states if s.state != "fresh"), None)
    if "out-of-order" in kinds:
        reason = next(s for s in states if s.state == "out-of-order")
        return OrderStatus("out-of-order", _where(cells, reason), states)
    if first is not None:
        return OrderStatus("stale", _where(cells, first), states)
    if others:
        why = f"{others} more execution{'s' if others > 1 else ''} in the same kernel session"
        return OrderStatus("out-of-order", why, states)
    return OrderStatus("linear", None, states)


def _states(
    cells: Sequence[Cell],
    last: Mapping[str, LastExecution],
    session: str | None,
    is_python: bool,
) -> tuple[CellStatus, ...]:
    found: list[CellStatus] = []
    flows = [flow_of(cell.source) if is_python else None for cell in cells]
    latest_above = -1
    for index, cell in enumerate(cells):
        execution = last.get(cell.id)
        status = _own_state(cell, execution, session, latest_above)
        if status.state == "fresh":
            status = _inherited(index, cells, flows, found, status)
        found.append(status)
        if execution is not None and execution.session == session:
            latest_above = max(latest_above, execution.position)
    return tuple(found)


def _own_state(
    cell: Cell, execution: LastExecution | None, session: str | None, latest_above: int
) -> CellStatus:
    if execution is None:
        return CellStatus(cell.id, "never-run", "never run")
    if execution.status == "running":
        return CellStatus(cell.id, "running", "running now")
    if execution.source_sha256 != source_sha256(cell.source):
        return CellStatus(cell.id, "edited", "edited since it ran")
    if execution.status != "ok":
        return CellStatus(cell.id, "failed", f"its last run ended with status {execution.status}")
    if execution.session != session:
        return CellStatus(cell.id, "earlier-session", "ran in an earlier kernel session")
    if execution.position < latest_above:
        return CellStatus(cell.id, "out-of-order", "a cell above it ran after it")
    return CellStatus(cell.id, "fresh", "")


def _inherited(
    index: int,
    cells: Sequence[Cell],
    flows: Sequence[Flow | None],
    above: Sequence[CellStatus],
    status: CellStatus,
) -> CellStatus:
    """A fresh cell is stale when the cell above that defines a name it uses is not fresh."""
    flow = flows[index]
    if flow is None:
        return status
    for name in sorted(flow.uses):
        for earlier in range(index - 1, -1, -1):
            defining = flows[earlier]
            if defining is not None and name in defining.defines:
                if above[earlier].state not in ("fresh", "running"):
                    why = f"uses {name}, which changed above"
                    return CellStatus(status.cell_id, "stale", why)
                break
    return status


def _where(cells: Sequence[Cell], status: CellStatus) -> str:
    number = next(i for i, cell in enumerate(cells, 1) if cell.id == status.cell_id)
    return f"code cell {number}: {status.why}"
