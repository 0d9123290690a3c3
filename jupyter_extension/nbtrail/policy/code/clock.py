"""NBT603: the time of day as an input to results."""

from __future__ import annotations

from collections.abc import Iterator

from nbtrail.policy.catalogue import Level, Problem, Rule
from nbtrail.policy.code import models
from nbtrail.policy.code.lineage import Lineage, clock_of, data_marks
from nbtrail.policy.code.reading import Reading
from nbtrail.policy.code.trees import walk

WALL_CLOCK = "NBT603"
RULES = (Rule(WALL_CLOCK, "wall-clock", "Results depend on when it was run", Level.WARN),)

_NAMED = (
    "The name of the file that `{}` writes holds the time of day: each run leaves another one, "
    "and nothing that comes after finds it."
)
_HOW = (
    "`nbtrail.dataset` gives the run's date, and `verify` freezes it; or set the date as a "
    "parameter."
)


def asks(reading: Reading) -> bool:
    """Whether the notebook looks at the clock at all."""
    return any(clock_of(call) for call in reading.calls)


def problems(reading: Reading, lineage: Lineage) -> Iterator[Problem]:
    """One for each cell: a file named by the clock, or data that depend on it."""
    seen: set[str] = set()
    for cell_id, line, message in (*_found(lineage), *_in_functions(reading)):
        if cell_id not in seen:
            seen.add(cell_id)
            yield Problem(WALL_CLOCK, f"{message} {_HOW}", cell_id, line)


def _in_functions(reading: Reading) -> Iterator[tuple[str, int, str]]:
    """Files named by the clock in the very call that writes them, inside of a function."""
    clocks = {id(call.node) for call in reading.calls if clock_of(call)}
    for call in reading.calls:
        place = models.place_of(call) if call.scope and models.writes(call) else None
        if place is not None and any(id(part) in clocks for part in walk(place)):
            yield call.cell.id, call.line, _NAMED.format(call.method)


def _found(lineage: Lineage) -> Iterator[tuple[str, int, str]]:
    for event in lineage.events:
        call = event.call
        if event.kind == "write" and any(mark.startswith("clock:") for mark in event.place):
            yield call.cell.id, call.line, _NAMED.format(call.method)
        elif event.kind == "read" and "clock:date" in event.marks:
            message = (
                f"What `{call.method}` reads depends on the time of day: tomorrow it is something "
                "else."
            )
            yield call.cell.id, call.line, message
    for filled in lineage.filled:
        # What came in with the owner was named there.
        if "clock:date" in filled.marks - filled.owner and data_marks(filled.owner):
            message = "The data depend on the time of day here: tomorrow they are others."
            yield filled.cell.id, filled.line, message
