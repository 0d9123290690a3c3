"""NBT703 to NBT705: what a DEPLOY notebook owes to those who run it without its author."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from nbtrail.notebooks.cells import Cell, code_cells_of
from nbtrail.notebooks.document import Notebook
from nbtrail.policy.catalogue import Level, Problem, Rule
from nbtrail.policy.code.context import CodeContext
from nbtrail.policy.code.lineage import Lineage
from nbtrail.policy.code.reading import Reading
from nbtrail.policy.code.trees import walk

MIXED, UNTESTED, NOT_START_TO_END = "NBT703", "NBT704", "NBT705"
RULES = (
    Rule(MIXED, "training-in-deploy", "A DEPLOY notebook trains and predicts", Level.WARN),
    Rule(UNTESTED, "deploy-without-test", "Nothing tests a DEPLOY notebook", Level.WARN),
    Rule(
        NOT_START_TO_END,
        "deploy-not-start-to-end",
        "A DEPLOY notebook does not run from start to end",
        Level.WARN,
    ),
)

_ASKS = frozenset({"input", "raw_input", "getpass.getpass", "getpass.getuser"})
_TESTING = ("numpy.testing.", "pandas.testing.", "pandas.util.testing.", "unittest.", "doctest.",
            "pandera.", "great_expectations.", "ipytest.", "pytest.")  # fmt: skip


def training(lineage: Lineage) -> Iterator[Problem]:
    """NBT703: at the first model that is trained where predictions are written, too."""
    if not lineage.fits:
        return
    for event in lineage.events:
        said = {mark[11:] for mark in event.marks if mark.startswith("prediction:")}
        if event.kind != "write" or not said or event.call.method == "savefig":
            continue
        fit = next((f for f in lineage.fits if str(f.number) in said), lineage.fits[0])
        yield Problem(
            MIXED,
            "A model is trained here, and its predictions are written further on "
            f"(`{event.call.method}`): each time the notebook runs, it is another model than the "
            "one that was judged. Train and save it in an EXPERIMENTAL notebook, and load it here.",
            fit.cell.id,
            fit.line,
        )
        return


def tests(reading: Reading, context: CodeContext) -> Iterator[Problem]:
    """NBT704: for a notebook that neither checks anything nor is checked."""
    if context.has_test or not reading.calls or _checks(reading):
        return
    yield Problem(
        UNTESTED,
        "Nothing tests what this notebook does: write a test for it in the project's tests, or "
        "check with `assert` what it reads and what it gives.",
    )


def running(notebook: Notebook, reading: Reading) -> Iterator[Problem]:
    """NBT705: what keeps it from running from start to end, or shows that it did not."""
    for call in reading.calls:
        if call.name in _ASKS and not (call.name == "input" and "input" in reading.bound):
            yield Problem(
                NOT_START_TO_END,
                f"`{call.method}` waits for somebody to type: without anybody there, the notebook "
                "stops here. Take the value from a parameter or from the environment.",
                call.cell.id,
                call.line,
            )
            break
    yield from _outcome(notebook)


def _outcome(notebook: Notebook) -> Iterator[Problem]:
    cells = [cell for cell in code_cells_of(notebook) if _does_something(cell)]
    raw = notebook.get("cells", [])
    for cell in cells:
        if _failed(raw[cell.index]) and "raises-exception" not in cell.tags:
            message = "This cell failed when it last ran: mend it and run the notebook again."
            yield Problem(NOT_START_TO_END, message, cell.id)
            return
    ran = [cell for cell in cells if cell.execution_count is not None]
    if not ran:
        return  # outputs were stripped, or it is new: nothing is known
    for cell in cells:
        if cell.execution_count is None:
            message = (
                "This cell was never run, and others were: restart the kernel and run all cells."
            )
            yield Problem(NOT_START_TO_END, message, cell.id)
            return
    highest = 0
    for cell in ran:
        number = cell.execution_count or 0
        if number <= highest:
            message = (
                f"Cells were run out of order: this one as number {number}, one above it as number "
                f"{highest}. Restart the kernel and run all cells."
            )
            yield Problem(NOT_START_TO_END, message, cell.id)
            return
        highest = number


def _does_something(cell: Cell) -> bool:
    lines = (line.strip() for line in cell.source.splitlines())
    return any(line and not line.startswith("#") for line in lines)


def _failed(raw: dict[str, Any]) -> bool:
    outputs = raw.get("outputs")
    return isinstance(outputs, list) and any(
        isinstance(output, dict) and output.get("output_type") == "error" for output in outputs
    )


def _checks(reading: Reading) -> bool:
    if any(call.name.startswith(_TESTING) for call in reading.calls):
        return True
    if any(name.startswith(("test_", "Test")) for name in reading.scopes):
        return True
    if any(magic.text.startswith(("ipytest", "run_pytest")) for magic in reading.magics):
        return True
    return any(
        isinstance(part, ast.Assert)
        for cell in reading.cells
        if cell.tree is not None and "assert" in cell.source
        for part in walk(cell.tree)
    )
