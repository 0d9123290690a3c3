"""How far from the record a result may be, as a check without nbtrail can tell."""

from __future__ import annotations

from typing import Literal

import msgspec

from nbtrail.config import VerifyConfig
from nbtrail.proof.tolerances import Span, file_rule, metric_tolerance

#: Files that are compared by their numbers; of others every byte counts.
_TABLES = (".csv", ".tsv", ".txt")


class Bounds(msgspec.Struct, frozen=True):
    """Either will do: a part of the larger of two numbers, or a distance.

    ``whole`` says whether whole numbers of a table, which are often counts and names, may differ.
    """

    relative: float
    absolute: float
    whole: bool = False


def bounds_of_metric(name: str, config: VerifyConfig) -> Bounds:
    """The bounds of a metric."""
    within = metric_tolerance(name, config)
    return Bounds(within.relative, within.absolute)


def bounds_of_file(path: str, config: VerifyConfig) -> Bounds | Literal["exact", "ignore"]:
    """What a file's content is held to: numbers of a table within bounds, else every byte."""
    rule = file_rule(path, config)
    if not isinstance(rule, Span):
        return rule
    if not path.lower().endswith(_TABLES):
        return "exact"
    return Bounds(rule.within.relative, rule.within.absolute, rule.is_asked_for)
