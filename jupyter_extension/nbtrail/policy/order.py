"""Rules about order and hidden state: does what is on screen come from one straight pass?

Judged by the record where it knows the cells, else by their execution counts, and always by
what the code itself says. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nbtrail.config import Level
from nbtrail.ledger.order import GONE, REMADE, UNMADE, CellStatus, PastExecution, order_of
from nbtrail.notebooks.cells import Cell, language, source_sha256
from nbtrail.notebooks.dataflow import EMPTY, RANDOM, Function, effects, flow_of, reads
from nbtrail.notebooks.document import Notebook
from nbtrail.policy.catalogue import Problem, Rule

OUT_OF_ORDER, HIDDEN_STATE, EMPTY_CELL = "NBT401", "NBT402", "NBT403"
NEVER_RUN, ERROR_OUTPUT = "NBT404", "NBT405"

RULES = (
    Rule(OUT_OF_ORDER, "out-of-order", "Cells did not run from the top down", Level.WARN),
    Rule(HIDDEN_STATE, "hidden-state", "A cell uses what no cell above it defines", Level.WARN),
    Rule(EMPTY_CELL, "empty-cell", "Code cells without code", Level.WARN),
    Rule(NEVER_RUN, "never-run", "Some code cells have never run", Level.WARN),
    Rule(ERROR_OUTPUT, "error-in-output", "An output shows an error", Level.WARN),
)

#: Problems that say the same of each cell: one a notebook, with how many more there are.
COUNTED = frozenset({OUT_OF_ORDER, EMPTY_CELL, NEVER_RUN})

#: What kernels and services put into a notebook themselves.
_GIVEN = frozenset({"spark", "sc", "sqlContext", "dbutils", "displayHTML", "parameters", "ipython"})
_HISTORY = re.compile(r"_+(?:i*\d*|ii?|iii)$|__\w+__$")
_SHOWN = 3


def problems_in(
    notebook: Notebook,
    cells: Sequence[Cell],
    history: Sequence[PastExecution] = (),
    session: str | None = None,
) -> list[Problem]:
    """What is wrong with the order of a notebook's code cells.

    Parameters
    ----------
    cells
        All of them.
    history, session
        Executions on record and the newest kernel session, as `order_of` takes them.
    """
    code = [cell for cell in cells if cell.type == "code"]
    numbers = {cell.id: number for number, cell in enumerate(code, 1)}
    is_python = language(notebook) in ("python", "ipython")
    hidden = _hidden(code, numbers) if is_python else []
    known = {problem.cell_id for problem in hidden}
    states = _states(code, history, session, is_python)
    found = [
        *hidden,
        *(p for p in _disorder(states, numbers) if p.cell_id not in known),
        *_empty(cells, numbers),
        *_never_run(code, history, numbers),
        *_errors(notebook, cells, numbers),
    ]
    return sorted(found, key=lambda problem: (numbers.get(problem.cell_id or "", 0), problem.code))


def together(problems: Sequence[Problem]) -> list[Problem]:
    """The same, with one problem for all of a kind where each would say the same of its cell."""
    more: dict[str, int] = {}
    for problem in problems:
        if problem.code in COUNTED:
            more[problem.code] = more.get(problem.code, -1) + 1
    kept, seen = [], set()
    for problem in problems:
        if problem.code in COUNTED:
            if problem.code in seen:
                continue
            seen.add(problem.code)
            count = more[problem.code]
            if count:
                cells = "cell" if count == 1 else "cells"
                message = f"{problem.message} The same goes for {count} more {cells}."
                problem = Problem(problem.code, message, problem.cell_id, problem.line)
        kept.append(problem)
    return kept


def _states(
    code: Sequence[Cell],
    history: Sequence[PastExecution],
    session: str | None,
    is_python: bool,
) -> tuple[CellStatus, ...]:
    """State of each cell, by the record if it knows all that ran, else by execution counts."""
    ran = [cell for cell in code if cell.execution_count is not None and cell.source.strip()]
    on_record = {execution.cell_id for execution in history}
    if not history or any(cell.id not in on_record for cell in ran):
        # No record, or one that is younger than the outputs.
        history, session = _counted(ran), "counts"
    return order_of(code, history, session, is_python=is_python).cells


def _counted(ran: Sequence[Cell]) -> list[PastExecution]:
    found = [
        PastExecution(
            cell_id=cell.id,
            session="counts",
            position=cell.execution_count or 0,
            source_sha256=source_sha256(cell.source),
            status="ok",
            source=cell.source,
        )
        for cell in ran
    ]
    return sorted(found, key=lambda execution: execution.position)


def _disorder(states: Sequence[CellStatus], numbers: Mapping[str, int]) -> Iterator[Problem]:
    # What is stale because a cell above was edited or never ran is work in progress, and what
    # the code alone tells is found by it.
    for state in states:
        disordered = state.state == "out-of-order" and not state.why.endswith(UNMADE)
        if disordered or state.why.endswith(REMADE):
            code = HIDDEN_STATE if state.why.endswith(GONE) else OUT_OF_ORDER
            message = (
                f"Code cell {numbers[state.cell_id]} {state.why}: restart the kernel and run all "
                "cells."
            )
            yield Problem(code, message, state.cell_id)


def _hidden(code: Sequence[Cell], numbers: Mapping[str, int]) -> list[Problem]:
    """Cells that use names which no cell above them defines."""
    flows = [flow_of(cell.source) for cell in code]
    functions: dict[str, Function] = {}
    makers: dict[str, list[int]] = {}
    for index, flow in enumerate(flows):
        for name in flow.defines:
            makers.setdefault(name, []).append(index)
    defined: set[str] = set()
    found: list[Problem] = []
    for index, (cell, flow) in enumerate(zip(code, flows, strict=True)):
        if flow.opaque or (flow is EMPTY and cell.source.strip()):
            return found  # from here on any name may be there
        functions.update(flow.functions)  # a later cell may define one of them anew
        missing = sorted(
            name
            for name in reads(flow, functions)
            if name not in defined
            and (name not in flow.defines or name in flow.uses)
            and not _is_given(name)
        )
        if missing:
            found.append(_missing(cell, missing, makers, index, numbers))
        defined |= flow.defines | effects(flow, functions)[1] | set(missing)
    return found


def _is_given(name: str) -> bool:
    """Whether a name is there without anybody defining it."""
    return name == RANDOM or name in _GIVEN or _HISTORY.match(name) is not None


def _missing(
    cell: Cell,
    names: Sequence[str],
    makers: Mapping[str, Sequence[int]],
    index: int,
    numbers: Mapping[str, int],
) -> Problem:
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    below = [place for name in names for place in makers.get(name, ()) if place > index]
    if below and all(makers.get(name) for name in names):
        why = f"which only code cell {min(below) + 1} below defines: move that cell up"
    elif any(makers.get(name) for name in names):
        why = "which no cell above defines: define it before it is used"
    else:
        why = "which no cell defines: it came from a cell that is gone. Define it again"
    message = (
        f"Code cell {numbers[cell.id]} uses {shown}, {why}, then restart the kernel and run all "
        "cells."
    )
    return Problem(HIDDEN_STATE, message, cell.id, _line_of(cell.source, names[0]))


def _line_of(source: str, name: str) -> int | None:
    word = re.compile(rf"\b{re.escape(name)}\b")
    lines = source.splitlines()
    return next((n for n, line in enumerate(lines, 1) if word.search(line)), None)


def _empty(cells: Sequence[Cell], numbers: Mapping[str, int]) -> Iterator[Problem]:
    # JupyterLab leaves an empty cell at the end: that one is nobody's fault.
    for cell in cells[:-1]:
        if cell.type == "code" and not cell.source.strip():
            message = f"Code cell {numbers[cell.id]} is empty: delete it."
            yield Problem(EMPTY_CELL, message, cell.id)


def _never_run(
    code: Sequence[Cell], history: Sequence[PastExecution], numbers: Mapping[str, int]
) -> Iterator[Problem]:
    on_record = {execution.cell_id for execution in history}
    ran = {c.id for c in code if c.execution_count is not None or c.id in on_record}
    if not ran:
        return  # a notebook whose outputs were cleared, or that was only just written
    for cell in code:
        if cell.source.strip() and cell.id not in ran and not _only_comments(cell.source):
            message = f"Code cell {numbers[cell.id]} has never run: run it or delete it."
            yield Problem(NEVER_RUN, message, cell.id)


def _only_comments(source: str) -> bool:
    return all(not line.strip() or line.lstrip().startswith("#") for line in source.splitlines())


def _errors(
    notebook: Notebook, cells: Sequence[Cell], numbers: Mapping[str, int]
) -> Iterator[Problem]:
    for cell, raw in zip(cells, notebook["cells"], strict=True):
        if cell.type != "code" or "raises-exception" in cell.tags:
            continue
        error = next(iter(_error_outputs(raw)), None)
        if error is not None:
            name = str(error.get("ename") or "error")
            message = (
                f"Code cell {numbers[cell.id]} ended with {name}: mend it and run it again, or "
                "tag it raises-exception where that is meant."
            )
            yield Problem(ERROR_OUTPUT, message, cell.id)


def _error_outputs(raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    outputs = raw.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        if isinstance(output, dict) and output.get("output_type") == "error":
            yield output
