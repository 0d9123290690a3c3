"""What ``[verify]`` of nbtrail.toml allows two results to differ by, and how far apart they are."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterable, Mapping
from typing import Literal, TypeVar

import msgspec

from nbtrail.config import FileWithin, VerifyConfig, Within
from nbtrail.notebooks.datasets import family_of

Rule = TypeVar("Rule")


class Span(msgspec.Struct, frozen=True):
    """How far apart two things of content may be.

    Attributes
    ----------
    is_asked_for
        Whether nbtrail.toml says so: whole numbers, which are counts and names more often than
        measurements, have to be equal where it does not.
    """

    within: FileWithin
    is_asked_for: bool


def metric_tolerance(name: str, config: VerifyConfig) -> Within:
    """How far apart two values of a metric may be: by its name, else by the first pattern."""
    rule = _first(config.tolerances, (name,))
    if rule is None:
        return Within(relative=config.tolerance)
    if isinstance(rule, Within):
        return rule
    return Within() if rule == "exact" else Within(relative=float(rule))


def file_rule(path: str, config: VerifyConfig) -> Literal["exact", "ignore"] | Span:
    """How a file is compared; the name without its date counts, too."""
    names = (path, family_of(path))
    if any(fnmatch.fnmatchcase(name, p) for p in config.ignore_files for name in names):
        return "ignore"
    rule = _first(config.files, names)
    return rule if isinstance(rule, str) else _span(rule, config)


def output_rule(
    notebook: str, cell: int, cell_id: str, config: VerifyConfig
) -> Literal["ignore"] | Span:
    """How the outputs of a cell are compared; ``cell`` is its index, counted from 0."""
    names = (f"{notebook}#{cell_id}", f"{notebook}#{cell + 1}", notebook)
    rule = _first(config.outputs, names)
    return rule if isinstance(rule, str) else _span(rule, config)


def _span(rule: FileWithin | None, config: VerifyConfig) -> Span:
    if rule is None:
        return Span(FileWithin(relative=config.tolerance), is_asked_for=False)
    return Span(rule, is_asked_for=True)


def _first(rules: Mapping[str, Rule], names: Iterable[str]) -> Rule | None:
    names = tuple(names)
    for name in names:
        if name in rules:
            return rules[name]
    for pattern, rule in rules.items():
        if any(fnmatch.fnmatchcase(name, pattern) for name in names):
            return rule
    return None


def relative_difference(a: float | None, b: float | None) -> float:
    """``|a - b|`` in terms of the larger; 0 for two that are no numbers, infinite for one."""
    if a is None or b is None or math.isnan(a) or math.isnan(b):
        missing = (a is None or math.isnan(a)) and (b is None or math.isnan(b))
        return 0.0 if missing else math.inf
    if a == b:
        return 0.0
    if math.isinf(a) or math.isinf(b):
        return math.inf
    larger = max(abs(a), abs(b))
    # Halved first: the difference of two large numbers of opposite signs is none that there is.
    return abs(a / 2 - b / 2) / (larger / 2) if larger > 1e307 else abs(a - b) / larger


def are_close(a: float | None, b: float | None, within: Within) -> bool:
    """Whether two numbers are as close as one of both bounds asks for."""
    size = relative_difference(a, b)
    if size <= within.relative:
        return True
    return math.isfinite(size) and abs((a or 0.0) - (b or 0.0)) <= within.absolute
