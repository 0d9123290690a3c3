"""Whether what is on screen equals one straight pass from the top.

Pure: takes the notebook's code cells and what was executed. For each name that a cell used
there is a real chain of executions that made its value (the last that bound it before, and
those that changed it since) and the chain of a straight pass (the same among the cells above).
A cell is fresh when both are the same for every name and file, and their cells are fresh. So
running a plot twice, or two independent cells the other way round, costs nothing, while
``df = df.drop(...)`` run twice is noticed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import msgspec

from nbtrail.notebooks.cells import Cell, source_sha256
from nbtrail.notebooks.dataflow import RANDOM, Flow, Function, effects, flow_of

CellState = Literal[
    "fresh", "never-run", "edited", "stale", "out-of-order", "earlier-session", "failed", "running"
]
Order = Literal["linear", "out-of-order", "stale", "never-run"]

_OPAQUE = Flow(opaque=True)
#: What every opaque execution touches.
_ANYTHING = "*"
_SETTLED = ("fresh", "running")
#: How the reason ends where a value came from an execution that nobody sees any more.
GONE = "as left by an execution that is no longer on screen"
#: ... from a cell above that ran again since.
REMADE = "made anew later"
#: ... from nowhere: what the code alone tells.
UNMADE = ("which only a cell below makes", "which no cell makes any more")


class PastExecution(msgspec.Struct, frozen=True):
    """One execution on record. ``position`` counts within its kernel session."""

    cell_id: str | None
    session: str
    position: int
    source_sha256: str
    status: str
    source: str = ""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


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
    history: Sequence[PastExecution],
    session: str | None,
    *,
    is_python: bool = True,
) -> OrderStatus:
    """Judge the code cells of a notebook.

    Parameters
    ----------
    cells
        The code cells, in order; cells without text are left out of the judgement.
    history
        Executions of the notebook, oldest first: the newest of each cell, and all of
        ``session``, those of cells that are gone included.
    session
        The kernel session in which the notebook ran last.
    is_python
        Whether definitions and uses can be read from the source. Where they cannot, only the
        order from the top counts.
    """
    cells = [cell for cell in cells if cell.source.strip()]
    states = _Judge(cells, history, session, is_python).states()
    kinds = {state.state for state in states}
    if not cells or kinds <= {"never-run"}:
        return OrderStatus("never-run", None if cells else "no code", states)
    for order in ("out-of-order", None):
        first = next((s for s in states if s.state != "fresh" and order in (s.state, None)), None)
        if first is not None:
            return OrderStatus(order or "stale", _where(cells, first), states)
    return OrderStatus("linear", None, states)


class _Touch(msgspec.Struct, frozen=True):
    """An execution that bound (``binds``) or changed a name."""

    position: int
    #: Index of the cell whose newest execution this is; ``None`` where nobody sees it any more.
    cell: int | None
    binds: bool


class _Judge:
    """The history of one session, by the names that it touched."""

    def __init__(
        self,
        cells: Sequence[Cell],
        history: Sequence[PastExecution],
        session: str | None,
        is_python: bool,
    ) -> None:
        self._cells = cells
        self._session = session
        self._is_python = is_python
        self._index = {cell.id: index for index, cell in enumerate(cells)}
        self._last = {e.cell_id: e for e in history if e.cell_id is not None}
        self._flows = [flow_of(cell.source) if is_python else _OPAQUE for cell in cells]
        self._functions: dict[str, Function] = {}
        for flow in self._flows:
            self._functions.update(flow.functions)
        self._imports = frozenset().union(*(flow.imports for flow in self._flows))
        self._bound = frozenset().union(*(flow.defines for flow in self._flows))
        self._makers = self._touched_by_cells()
        self._touches: dict[str, list[_Touch]] = defaultdict(list)
        for execution in history:
            if execution.session == session and execution.source.strip():
                self._remember(execution, flow_of(execution.source) if is_python else _OPAQUE)
        for touches in self._touches.values():
            touches.sort(key=lambda touch: touch.position)
        self._found: list[CellStatus] = []

    def states(self) -> tuple[CellStatus, ...]:
        """The state of each cell; those above are judged before those below."""
        for index, cell in enumerate(self._cells):
            execution = self._last.get(cell.id)
            status = _own_state(cell, execution, self._session)
            if status.state == "fresh" and execution is not None:
                status = self._inherited(index, execution, status)
            self._found.append(status)
        return tuple(self._found)

    def _remember(self, execution: PastExecution, flow: Flow) -> None:
        index = self._index.get(execution.cell_id or "")
        newest = index is not None and self._last.get(execution.cell_id or "") is execution
        cell = index if newest else None
        for name, binds in self._touched(flow, execution).items():
            self._touches[name].append(_Touch(execution.position, cell, binds))

    def _effects(self, flow: Flow) -> tuple[set[str], set[str]]:
        """What a cell uses and changes; methods called on modules change nothing."""
        uses, changes = effects(flow, self._functions)
        mutated = flow.mutated - self._imports
        return uses | mutated, changes | mutated

    def _inherited(self, index: int, execution: PastExecution, status: CellStatus) -> CellStatus:
        """What becomes of a fresh cell by what it used."""
        uses, _changes = self._effects(self._flows[index])
        names = [*sorted(uses), *map(_file, execution.reads)] if self._is_python else [_ANYTHING]
        problem: CellStatus | None = None
        for name in names:
            found = self._used(index, execution, name)
            if found is None:
                continue
            state, why = found
            if state == "stale":
                return CellStatus(status.cell_id, state, why)
            problem = problem or CellStatus(status.cell_id, state, why)
        return problem or status

    def _used(
        self, index: int, execution: PastExecution, name: str
    ) -> tuple[CellState, str] | None:
        """What is wrong with the value that the cell at ``index`` had of ``name``."""
        straight = self._straight_chain(index, name)
        for above in straight:
            if self._found[above].state not in _SETTLED:
                return "stale", f"uses {_words(name)}, which changed above"
        real = self._real_chain(execution.position, name)
        if list(dict.fromkeys(touch.cell for touch in real)) == straight:
            if not straight and not _is_file(name) and name not in (RANDOM, _ANYTHING):
                return self._unbound(name)
            return None
        cells = {touch.cell for touch in real}
        later = next((above for above in straight if self._ran_after(above, execution)), None)
        if later is not None:
            return "stale", f"uses {_words(name)}, which code cell {later + 1} {REMADE}"
        if None in cells:
            return "out-of-order", f"uses {_words(name)} {GONE}"
        below = next((cell for cell in cells if cell is not None and cell > index), None)
        if below is not None:
            return "out-of-order", f"uses {_words(name)} as code cell {below + 1} below left it"
        if not straight and index in cells:
            return None
        return "out-of-order", f"uses {_words(name)}, which cells above made in another order"

    def _ran_after(self, index: int, execution: PastExecution) -> bool:
        other = self._last.get(self._cells[index].id)
        return other is not None and other.position > execution.position

    def _unbound(self, name: str) -> tuple[CellState, str] | None:
        """A name that nothing above has made, though the cell ran."""
        return "out-of-order", f"uses {name}, {UNMADE[name not in self._bound]}"

    def _touched_by_cells(self) -> dict[str, list[tuple[int, bool]]]:
        """For each name the cells that touch it, from the top, and whether they bind it."""
        makers: dict[str, list[tuple[int, bool]]] = defaultdict(list)
        for index, (cell, flow) in enumerate(zip(self._cells, self._flows, strict=True)):
            for name, binds in self._touched(flow, self._last.get(cell.id)).items():
                makers[name].append((index, binds))
        return makers

    def _touched(self, flow: Flow, execution: PastExecution | None) -> dict[str, bool]:
        """Names and files that a cell touches, and whether it binds them."""
        names = dict.fromkeys(self._effects(flow)[1], False)
        names.update(dict.fromkeys(flow.defines, True))
        if execution is not None:
            names.update({_file(path): True for path in execution.writes})
        if flow.opaque:
            names[_ANYTHING] = False
        return names

    def _straight_chain(self, index: int, name: str) -> list[int]:
        """Cells above that make the value in a straight pass, the last that binds it first."""
        makers = _above(self._makers.get(name, ()), index)
        if name != _ANYTHING:
            makers = sorted([*makers, *_above(self._makers.get(_ANYTHING, ()), index)])
        last = next((n for n in range(len(makers) - 1, -1, -1) if makers[n][1]), 0)
        return list(dict.fromkeys(above for above, _binds in makers[last:]))

    def _real_chain(self, position: int, name: str) -> list[_Touch]:
        """Executions before ``position`` that made the value, the last that bound it first."""
        touches = [*self._before(position, name)]
        if name != _ANYTHING:
            touches += self._before(position, _ANYTHING)
            touches.sort(key=lambda touch: touch.position)
        last = next((n for n in range(len(touches) - 1, -1, -1) if touches[n].binds), 0)
        return touches[last:]

    def _before(self, position: int, name: str) -> Sequence[_Touch]:
        touches = self._touches.get(name, [])
        return touches[: bisect_left(touches, position, key=lambda touch: touch.position)]


def _above(makers: Sequence[tuple[int, bool]], index: int) -> Sequence[tuple[int, bool]]:
    return makers[: bisect_left(makers, index, key=lambda maker: maker[0])]


def _own_state(cell: Cell, execution: PastExecution | None, session: str | None) -> CellStatus:
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
    return CellStatus(cell.id, "fresh", "")


def _file(path: str) -> str:
    """A file as if it were a name."""
    return f"file {path}"


def _is_file(name: str) -> bool:
    return name.startswith("file ")


def _words(name: str) -> str:
    """A name as messages call it."""
    if name == _ANYTHING:
        return "names"
    return name.removeprefix("file ")


def _where(cells: Sequence[Cell], status: CellStatus) -> str:
    number = next(i for i, cell in enumerate(cells, 1) if cell.id == status.cell_id)
    return f"code cell {number}: {status.why}"
