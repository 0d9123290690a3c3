"""Two runs side by side: metrics within a tolerance, files by content, environments listed."""

from __future__ import annotations

import fnmatch
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from nbtrail.config import VerifyConfig
from nbtrail.ledger.records import FileAccess
from nbtrail.ledger.steps import StepRecord
from nbtrail.notebooks.datasets import family_of

Kind = Literal["metric", "file", "output", "environment", "isolation"]


class Difference(msgspec.Struct, frozen=True):
    """One thing that did not come out as recorded.

    ``expected`` and ``actual`` are numbers for metrics, hashes for files and versions for
    environments; ``None`` where there is none. ``tolerance`` is relative. A step that did not run
    again is a difference of kind ``output`` under the step's own name.
    """

    kind: Kind
    step: str | None
    name: str
    expected: float | str | None
    actual: float | str | None
    tolerance: float | None = None


class Comparison(msgspec.Struct, frozen=True):
    """All differences, and what was looked at to find them.

    Attributes
    ----------
    largest_difference
        The largest relative difference between metrics seen at all.
    metrics, files
        How many recorded ones were compared.
    missing
        Steps that were not there to be compared.
    uncompared
        Steps that the run compared with does not have.
    """

    differences: tuple[Difference, ...]
    largest_difference: float | None
    metrics: int = 0
    files: int = 0
    missing: tuple[str, ...] = ()
    uncompared: tuple[str, ...] = ()

    @property
    def is_identical(self) -> bool:
        """Whether nothing but the environment differs."""
        return all(difference.kind == "environment" for difference in self.differences)

    @property
    def is_nothing(self) -> bool:
        """Whether there was nothing that could have been different."""
        return not (self.metrics or self.files or self.differences)

    def counted(self) -> str:
        """How much came out the same, as a sentence."""
        counts = ((self.metrics, "metric"), (self.files, "file"))
        seen = [(n, f"{n} {noun}{'' if n == 1 else 's'}") for n, noun in counts if n]
        every = "All " if seen and seen[0][0] > 1 else ""
        return f"{every}{' and '.join(text for _n, text in seen)} came out the same."


def compare_steps(
    expected: Sequence[StepRecord], actual: Sequence[StepRecord], config: VerifyConfig
) -> Comparison:
    """Compare steps of two runs, paired by notebook.

    The first difference is the first in the order of the run, so that it points at where the
    two part.
    """
    found: list[Difference] = []
    largest: float | None = None
    numbers = files = 0
    missing = []
    present = {step.path: step for step in actual}
    for step in expected:
        other = present.pop(step.path, None)
        if other is None:
            missing.append(step.path)
            found.append(Difference("output", step.path, step.path, "ran", None))
            continue
        numbers += len(step.metrics)
        files += sum(not _ignored(access.path, config) for access in step.outputs)
        metrics, size = compare_metrics(step.path, step.metrics, other.metrics, config)
        found.extend(metrics)
        if size is not None:
            largest = size if largest is None else max(largest, size)
        found.extend(compare_files(step.path, step.outputs, other.outputs, config))
    return Comparison(tuple(found), largest, numbers, files, tuple(missing), tuple(present))


def compare_metrics(
    step: str,
    expected: Mapping[str, float | None],
    actual: Mapping[str, float | None],
    config: VerifyConfig,
) -> tuple[list[Difference], float | None]:
    """Differences between a step's metrics, and the largest relative difference there is."""
    found = []
    largest: float | None = None
    for name in sorted(expected.keys() | actual.keys()):
        tolerance = config.tolerances.get(name, config.tolerance)
        in_both = name in expected and name in actual
        a, b = expected.get(name), actual.get(name)
        size = relative_difference(a, b) if in_both else math.inf
        if math.isfinite(size):
            largest = size if largest is None else max(largest, size)
        if not in_both or size > tolerance:
            found.append(Difference("metric", step, name, _plain(a), _plain(b), tolerance))
    return found, largest


def relative_difference(a: float | None, b: float | None) -> float:
    """``|a - b|`` in terms of the larger; 0 for two that are no numbers, infinite for one."""
    if a is None or b is None or math.isnan(a) or math.isnan(b):
        missing = (a is None or math.isnan(a)) and (b is None or math.isnan(b))
        return 0.0 if missing else math.inf
    if a == b:
        return 0.0
    if math.isinf(a) or math.isinf(b):
        return math.inf
    return abs(a - b) / max(abs(a), abs(b))


def compare_files(
    step: str, expected: Iterable[FileAccess], actual: Iterable[FileAccess], config: VerifyConfig
) -> list[Difference]:
    """Differences between what a step wrote in two runs, paired by path, else by family."""
    remaining = {access.path: access for access in actual if not _ignored(access.path, config)}
    by_family: defaultdict[str, list[str]] = defaultdict(list)
    for path in remaining:
        by_family[family_of(path)].append(path)
    found = []
    for access in expected:
        if _ignored(access.path, config):
            continue
        other = remaining.pop(access.path, None)
        if other is None:
            versions = [p for p in by_family[family_of(access.path)] if p in remaining]
            other = remaining.pop(max(versions)) if versions else None
        digest = None if other is None else other.sha256
        if digest is None or digest != access.sha256:
            found.append(Difference("file", step, access.path, access.sha256, digest))
    found.extend(
        Difference("file", step, path, None, access.sha256)
        for path, access in sorted(remaining.items())
    )
    return found


def compare_environments(
    expected: Mapping[str, Any], actual: Mapping[str, Any]
) -> list[Difference]:
    """Interpreter, platform and distributions that differ."""
    found = []
    pairs = [(("python", "version"), "python"), (("platform", "system"), "system"),
             (("platform", "machine"), "machine")]  # fmt: skip
    for (section, key), name in pairs:
        a, b = _of(expected, section).get(key), _of(actual, section).get(key)
        if a != b:
            found.append(Difference("environment", None, name, _text(a), _text(b)))
    before, after = _of(expected, "packages"), _of(actual, "packages")
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            a, b = before.get(name), after.get(name)
            found.append(Difference("environment", None, name, _text(a), _text(b)))
    return found


def _plain(value: float | None) -> float | str | None:
    """A metric as JSON can say it: what is no finite number is text."""
    return value if value is None or math.isfinite(value) else str(value)


def _of(payload: Mapping[str, Any], section: str) -> Mapping[str, Any]:
    value = payload.get(section)
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _ignored(path: str, config: VerifyConfig) -> bool:
    names = (path, family_of(path))
    return any(fnmatch.fnmatchcase(name, p) for p in config.ignore_files for name in names)
