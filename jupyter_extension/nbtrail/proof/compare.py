"""Two runs side by side, step by step: metrics, files, what cells showed, environments."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from nbtrail.config import VerifyConfig
from nbtrail.ledger.records import FileAccess
from nbtrail.ledger.steps import MadeIn, StepRecord
from nbtrail.notebooks.datasets import family_of
from nbtrail.proof.contents import Contents, compare_contents
from nbtrail.proof.outputs import Outputs
from nbtrail.proof.tolerances import (
    are_close,
    file_rule,
    metric_tolerance,
    relative_difference,
)

Kind = Literal["metric", "file", "output", "environment", "isolation"]
#: Content of a file as it was when its step ended; ``None`` where nobody has it any more.
Read = Callable[[FileAccess], bytes | None]

_NOWHERE = MadeIn({}, {})


class Difference(msgspec.Struct, frozen=True):
    """One thing that did not come out as recorded.

    Attributes
    ----------
    expected, actual
        Numbers for metrics, hashes for files, what is shown for outputs, versions for
        environments; ``None`` where there is none. A step that did not run again is a difference
        of kind ``output`` under the step's own name.
    tolerance, absolute_tolerance
        What was allowed, relative and as it is; ``None`` where nothing was.
    cell, cell_id
        Cell that made it: its index, counted from 0, and its id; ``None`` where unknown.
    detail
        Where in a file or output they differ, and how it was compared.
    """

    kind: Kind
    step: str | None
    name: str
    expected: float | str | None
    actual: float | str | None
    tolerance: float | None = None
    absolute_tolerance: float | None = None
    cell: int | None = None
    cell_id: str | None = None
    detail: str | None = None


class StepComparison(msgspec.Struct, frozen=True):
    """Differences of one step in the order of its cells, and what was looked at to find them.

    Attributes
    ----------
    largest
        The largest relative difference between two numbers of metrics, tables and texts;
        ``None`` where there was no number to compare.
    metrics, files, outputs
        How many recorded metrics, files and cells with outputs were compared.
    """

    differences: tuple[Difference, ...]
    largest: float | None = None
    metrics: int = 0
    files: int = 0
    outputs: int = 0


class Comparison(msgspec.Struct, frozen=True):
    """All differences, and what was looked at to find them; as in `StepComparison`.

    Attributes
    ----------
    missing
        Steps that were not there to be compared.
    uncompared
        Steps that the run compared with does not have.
    """

    differences: tuple[Difference, ...]
    largest_difference: float | None
    metrics: int = 0
    files: int = 0
    outputs: int = 0
    missing: tuple[str, ...] = ()
    uncompared: tuple[str, ...] = ()

    @property
    def is_identical(self) -> bool:
        """Whether nothing but the environment differs."""
        return all(difference.kind == "environment" for difference in self.differences)

    @property
    def is_nothing(self) -> bool:
        """Whether there was nothing that could have been different."""
        return not (self.metrics or self.files or self.outputs or self.differences)

    def counted(self) -> str:
        """How much came out the same, as a sentence."""
        counts = ((self.metrics, "metric"), (self.files, "file"), (self.outputs, "cell output"))
        seen = [f"{n} {noun}{'' if n == 1 else 's'}" for n, noun in counts if n]
        every = "All " if seen and not seen[0].startswith("1 ") else ""
        listed = " and ".join(part for part in (", ".join(seen[:-1]), seen[-1]) if part)
        return f"{every}{listed} came out the same."


def combine(
    planned: Sequence[str],
    expected: Sequence[str],
    compared: Mapping[str, StepComparison],
    *,
    is_whole: bool = True,
) -> Comparison:
    """Put steps together, in the order of the run: its first difference is where two runs part.

    Parameters
    ----------
    planned, expected
        Steps of this run, and of the recorded one.
    compared
        What is known of steps that are in both.
    is_whole
        Whether the run came to its end, so that a step that is not there will not come.
    """
    found: list[Difference] = []
    missing = tuple(path for path in expected if path not in compared) if is_whole else ()
    for path in missing:
        if path not in planned:
            found.append(Difference("output", path, path, "ran", None))
    for path in planned:
        if path in compared:
            found.extend(compared[path].differences)
        elif path in missing:
            found.append(Difference("output", path, path, "ran", None))
    sizes = [one.largest for one in compared.values() if one.largest is not None]
    return Comparison(
        differences=tuple(found),
        largest_difference=max(sizes, default=None),
        metrics=sum(one.metrics for one in compared.values()),
        files=sum(one.files for one in compared.values()),
        outputs=sum(one.outputs for one in compared.values()),
        missing=missing,
        uncompared=tuple(path for path in planned if path not in expected),
    )


def compare_step(
    expected: StepRecord,
    actual: StepRecord,
    config: VerifyConfig,
    *,
    outputs: Outputs | None = None,
    contents: tuple[Read, Read] | None = None,
    cells: Mapping[str, int] | None = None,
    made_in: MadeIn = _NOWHERE,
) -> StepComparison:
    """Compare one step of two runs.

    Parameters
    ----------
    outputs
        What came of comparing the cells; ``None`` where an executed copy is missing.
    contents
        Read the files of the recorded run and of this one; without, hashes decide.
    cells
        Index of each cell by its id.
    made_in
        Which cell made what, in this run.
    """
    path = expected.path
    metrics, largest = compare_metrics(path, expected.metrics, actual.metrics, config)
    files, in_files = compare_files(path, expected.outputs, actual.outputs, config, contents)
    sizes = [s for s in (largest, in_files, None if outputs is None else outputs.largest) if s]
    places = {**made_in.files, **{f"metric {name}": c for name, c in made_in.metrics.items()}}
    found = []
    for difference in (*metrics, *files):
        name = f"metric {difference.name}" if difference.kind == "metric" else difference.name
        cell_id = places.get(name)
        found.append(
            msgspec.structs.replace(
                difference, cell_id=cell_id, cell=(cells or {}).get(cell_id or "")
            )
        )
    found.extend(_shown(path, outputs))
    # Sorting is stable: within a cell its metrics come first, which say most.
    found.sort(key=lambda one: math.inf if one.cell is None else one.cell)
    return StepComparison(
        differences=tuple(found),
        largest=max(sizes, default=largest),
        metrics=len(expected.metrics),
        files=sum(file_rule(access.path, config) != "ignore" for access in expected.outputs),
        outputs=0 if outputs is None else outputs.compared,
    )


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
        within = metric_tolerance(name, config)
        in_both = name in expected and name in actual
        a, b = expected.get(name), actual.get(name)
        size = relative_difference(a, b) if in_both else math.inf
        if math.isfinite(size):
            largest = size if largest is None else max(largest, size)
        if not in_both or not are_close(a, b, within):
            found.append(
                Difference(
                    "metric",
                    step,
                    name,
                    _plain(a),
                    _plain(b),
                    tolerance=within.relative,
                    absolute_tolerance=within.absolute or None,
                )
            )
    return found, largest


def compare_files(
    step: str,
    expected: Iterable[FileAccess],
    actual: Iterable[FileAccess],
    config: VerifyConfig,
    contents: tuple[Read, Read] | None = None,
) -> tuple[list[Difference], float]:
    """Differences between what a step wrote in two runs, paired by path, else by family.

    Also the largest relative difference between two numbers in them.
    """
    remaining = {a.path: a for a in actual if file_rule(a.path, config) != "ignore"}
    by_family: defaultdict[str, list[str]] = defaultdict(list)
    for path in remaining:
        by_family[family_of(path)].append(path)
    found, largest = [], 0.0
    for access in expected:
        if file_rule(access.path, config) == "ignore":
            continue
        other = remaining.pop(access.path, None)
        if other is None:
            versions = [p for p in by_family[family_of(access.path)] if p in remaining]
            other = remaining.pop(max(versions)) if versions else None
        if other is not None and other.sha256 is not None and other.sha256 == access.sha256:
            continue
        result = _look_into(access, other, config, contents)
        if result is not None and result.how != "pixels":
            largest = max(largest, result.largest)
        if result is None or not result.is_same:
            found.append(_of_file(step, access, other, result, config))
    found.extend(
        Difference("file", step, path, None, access.sha256)
        for path, access in sorted(remaining.items())
    )
    return found, largest


def _look_into(
    a: FileAccess, b: FileAccess | None, config: VerifyConfig, contents: tuple[Read, Read] | None
) -> Contents | None:
    """Compare the contents of two files whose bytes differ; ``None`` where that is all there is."""
    span = file_rule(a.path, config)
    if b is None or contents is None or isinstance(span, str):
        return None
    left, right = contents[0](a), contents[1](b)
    return None if left is None or right is None else compare_contents(a.path, left, right, span)


def _of_file(
    step: str, a: FileAccess, b: FileAccess | None, result: Contents | None, config: VerifyConfig
) -> Difference:
    found = Difference("file", step, a.path, a.sha256, None if b is None else b.sha256)
    if b is None or result is None or result.how == "bytes":
        return found if b is None else msgspec.structs.replace(found, detail="compared by bytes")
    rule = file_rule(a.path, config)
    within = None if isinstance(rule, str) else rule.within
    return msgspec.structs.replace(
        found,
        detail=_told(result),
        tolerance=None if within is None else _allowed(result, within),
        absolute_tolerance=None if within is None else within.absolute or None,
    )


def _shown(step: str, outputs: Outputs | None) -> Iterable[Difference]:
    for one in () if outputs is None else outputs.differences:
        within = one.span.within
        yield Difference(
            "output",
            step,
            f"cell {one.cell + 1}",
            one.contents.expected or None,
            one.contents.actual or None,
            tolerance=_allowed(one.contents, within),
            absolute_tolerance=within.absolute or None,
            cell=one.cell,
            cell_id=one.cell_id,
            detail=one.contents.where or None,
        )


def _allowed(result: Contents, within: Any) -> float:
    return float(within.pixels if result.how == "pixels" else within.relative)


def _told(result: Contents) -> str:
    if not result.expected and not result.actual:
        return result.where
    return f"{result.where}: {result.expected or '∅'} → {result.actual or '∅'}"


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
