"""The verdict of a verify, and the words for it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from nbtrail.ledger.records import Verdict
from nbtrail.proof.compare import Comparison, Difference

_LONGEST_LIST = 3


class Facts(msgspec.Struct, frozen=True):
    """What a verdict rests on.

    Attributes
    ----------
    against
        The run compared with.
    status
        How the run in the copy ended: ``ok``, ``failed``, or ``cancelled`` where it was ended at
        the first difference.
    failures
        What people are told of the steps that failed.
    escapes
        Writes outside the copy.
    edited, replaced
        Notebooks whose code, and inputs whose content, is another one than in that run.
    """

    against: str
    status: str
    failures: tuple[str, ...]
    escapes: tuple[Difference, ...]
    compared: Comparison
    edited: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()


def judge(facts: Facts) -> tuple[Verdict, str]:
    """The verdict, and a message for people."""
    verdict, message = _judge(facts)
    if verdict != "identical" and (facts.edited or facts.replaced):
        changed = ", ".join((*facts.edited, *facts.replaced))
        message += f" Changed since run {facts.against}: {changed}."
    return verdict, message


def _judge(facts: Facts) -> tuple[Verdict, str]:
    compared = facts.compared
    if facts.escapes:
        return "failed", not_isolated(facts.escapes)
    if facts.status == "failed":
        message = facts.failures[0] if facts.failures else "A step did not end well."
        if compared.differences and compared.differences[0].cell is not None:
            message += f" {told(compared.differences[0])}"
        return "failed", message
    if compared.is_nothing:
        return "failed", (
            f"Nothing was compared: run {facts.against} has neither metrics nor files nor outputs "
            "to hold against. Log a metric with nbtrail.log_metric or save a dataset, run the "
            "pipeline, then verify again."
        )
    if compared.is_identical:
        message = compared.counted()
        if compared.largest_difference:
            message += f" The largest relative difference is {compared.largest_difference:.1e}."
        if compared.uncompared:
            message += f" Not in run {facts.against}, so not compared: "
            message += f"{', '.join(compared.uncompared)}."
        return "identical", message
    return "different", _differing(facts)


def _differing(facts: Facts) -> str:
    compared = facts.compared
    said = []
    if compared.missing:
        said.append(
            f"{', '.join(compared.missing)} ran in run {facts.against} and not now. "
            "If that is meant, run the pipeline, then verify again."
        )
    results = [found for found in compared.differences if found.step not in compared.missing]
    if results:
        count = "1 result differs." if len(results) == 1 else f"{len(results)} results differ."
        if facts.status == "cancelled":
            count = "Stopped at the first difference."
        said.append(f"{count} {told(results[0])}")
    return " ".join(said)


def not_isolated(escapes: Sequence[Difference]) -> str:
    """What is said of writes outside the copy."""
    names = ", ".join(
        f"{one.name} (by {one.step})" if one.step else one.name for one in escapes[:_LONGEST_LIST]
    )
    if len(escapes) > _LONGEST_LIST:
        names += f" and {len(escapes) - _LONGEST_LIST} more"
    was = "was" if len(escapes) == 1 else "were"
    return f"Not isolated: {names} {was} written outside the copy of the project."


def told(difference: Difference) -> str:
    """Where two runs part, as a sentence."""
    if difference.kind == "isolation":
        return not_isolated([difference])
    cell = "" if difference.cell is None else f"cell {difference.cell + 1} of "
    where = f"The runs part in {cell}{difference.step}"
    if difference.kind == "output":
        what = f" at {difference.detail}" if difference.detail else ""
        shown = f"it shows {_brief(difference.actual)}{what}, recorded was "
        return f"{where}: {shown}{_brief(difference.expected)}."
    if difference.kind == "file":
        how = f" ({difference.detail})" if difference.detail else ""
        state = "is another one" if difference.actual else "was not written"
        state = state if difference.expected or not difference.actual else "is new"
        return f"{where}: the file {difference.name} {state}{how}."
    return (
        f"{where}: the metric {difference.name} is {_brief(difference.actual)}, "
        f"recorded was {_brief(difference.expected)}."
    )


def _brief(value: float | str | None) -> str:
    if value is None:
        return "nothing"
    return f"“{value}”" if isinstance(value, str) else repr(value)
