"""What the cells of a step showed, in the recorded run and now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from nbtrail.config import VerifyConfig
from nbtrail.diff.images import PixelBudget
from nbtrail.diff.outputs import diff_outputs
from nbtrail.diff.shape import OutputDiff
from nbtrail.diff.text import normalise_text
from nbtrail.notebooks.cells import text_of
from nbtrail.notebooks.document import Notebook
from nbtrail.proof.contents import Contents, compare_text, excerpt, of_image
from nbtrail.proof.tolerances import Span, output_rule

#: Of one thing in several forms the first of these is compared.
_FORMS = ("text/html", "text/markdown", "text/latex", "text/plain")


class CellDifference(msgspec.Struct, frozen=True):
    """A cell that shows something else; ``cell`` is its index, counted from 0."""

    cell: int
    cell_id: str
    contents: Contents
    span: Span


class Outputs(msgspec.Struct, frozen=True):
    """What came of comparing the cells of a step.

    Attributes
    ----------
    differences
        In the order of the cells.
    compared
        How many cells were.
    largest
        The largest relative difference between two numbers that were shown.
    """

    differences: tuple[CellDifference, ...]
    compared: int
    largest: float


def compare_cells(
    notebook: str, expected: Notebook, actual: Notebook, config: VerifyConfig
) -> Outputs:
    """Compare the outputs of two executed copies, cell by cell, paired by id, else by place.

    What goes to stderr is no result: warnings and progress bars are left out.
    """
    others = {identity: (index, raw) for index, identity, raw in _code_cells(actual)}
    found, compared, largest = [], 0, 0.0
    for index, identity, raw in _code_cells(expected):
        place, other = others.pop(identity, (index, None))
        rule = output_rule(notebook, place, identity, config)
        if rule == "ignore":
            continue
        a, b = _shown(raw), [] if other is None else _shown(other)
        compared += bool(a or b)
        result = _compare(a, b, rule)
        largest = max(largest, result.largest if result.how == "text" else 0.0)
        if not result.is_same:
            found.append(CellDifference(place, identity, result, rule))
    for identity, (place, raw) in others.items():
        rule = output_rule(notebook, place, identity, config)
        if rule != "ignore" and _shown(raw):
            shown = Contents(False, "text", 0.0, "", "", _text(_shown(raw)[0]))
            found.append(CellDifference(place, identity, shown, rule))
    return Outputs(tuple(sorted(found, key=lambda one: one.cell)), compared, largest)


def _code_cells(notebook: Notebook) -> Iterator[tuple[int, str, dict[str, Any]]]:
    for index, raw in enumerate(notebook["cells"]):
        if raw.get("cell_type") == "code":
            yield index, str(raw.get("id") or f"#{index}"), raw


def _shown(cell: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        output
        for output in cell.get("outputs") or []
        if isinstance(output, dict) and output.get("name") != "stderr"
    ]


def _compare(a: list[dict[str, Any]], b: list[dict[str, Any]], span: Span) -> Contents:
    """Compare what one cell showed: the first output that is another one counts."""
    largest = 0.0
    for found in diff_outputs(a, b, PixelBudget(left=None)):
        if found["verdict"] != "changed":
            continue
        result = _judge(found, a, b, span)
        if not result.is_same:
            return result
        largest = max(largest, 0.0 if result.how == "pixels" else result.largest)
    return Contents(True, "text", largest)


def _judge(
    found: OutputDiff, a: list[dict[str, Any]], b: list[dict[str, Any]], span: Span
) -> Contents:
    """Whether an output that has changed is still within what is allowed."""
    left = None if found["a"] is None else a[found["a"]]
    right = None if found["b"] is None else b[found["b"]]
    details = found["details"]
    if found["kind"] == "image" and "share" in details:
        return of_image("changed", found["why"], details, span)
    if left is not None and right is not None:
        before, now = _whole_text(left), _whole_text(right)
        # Whatever it is besides text is not compared here, so that it has to be the same.
        if (before or now) and normalise_text(before) != normalise_text(now):
            result = compare_text(normalise_text(before), normalise_text(now), span)
            if result.is_same:
                return result
    if details.get("cells"):
        first = details["cells"][0]
        details = {**details, **first, "where": f"row {first['row']}, column {first['column']}"}
    elif details.get("paths"):
        details = {**details, **details["paths"][0]}
    line = f"line {details['line']}" if "line" in details else found["why"]
    where = str(details.get("where") or details.get("path") or line)
    expected, actual = details.get("a", _text(left)), details.get("b", _text(right))
    size = details.get("relative", 0.0)
    return Contents(False, "text", size, where, excerpt(expected), excerpt(actual))


def _whole_text(output: dict[str, Any]) -> str:
    if output.get("output_type") == "error":
        return f"{output.get('ename')}: {output.get('evalue')}"
    if "text" in output:
        return text_of(output["text"])
    data = output.get("data")
    if not isinstance(data, dict):
        return ""
    return next((text_of(data[form]) for form in _FORMS if form in data), "")


def _text(output: dict[str, Any] | None) -> str:
    """An output in few words."""
    if output is None:
        return ""
    text = _whole_text(output).strip()
    return excerpt(text) if text else ", ".join(output.get("data") or ())
