"""How far from the record a result may be: ``[verify]`` of ``nbtrail.toml``, result by result."""

from __future__ import annotations

from typing import Literal

import msgspec

from nbtrail.config import VerifyConfig
from nbtrail.proof.tolerances import file_rule, metric_tolerance

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
    if isinstance(rule, str):
        return rule
    if path.lower().endswith(_TABLES):
        return Bounds(rule.within.relative, rule.within.absolute, rule.is_asked_for)
    return "exact"
