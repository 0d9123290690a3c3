"""What one pass of a verify came to."""

from __future__ import annotations

from typing import Any

import msgspec

from nbtrail.errors import NbtrailError
from nbtrail.ledger.queries import environment
from nbtrail.ledger.records import Verdict
from nbtrail.ledger.steps import StepRecord, first_inputs, steps_of
from nbtrail.ledger.store import Store
from nbtrail.proof.baseline import Baseline
from nbtrail.proof.compare import Comparison, Difference, compare_environments
from nbtrail.proof.round import Round
from nbtrail.proof.verdict import Facts, judge


class Result(msgspec.Struct, frozen=True):
    """A pass that is over.

    Attributes
    ----------
    steps
        Those that ended well.
    differences
        All, the environment's last.
    saved
        Notebooks and twins of the original that somebody saved meanwhile.
    edited, replaced
        Notebooks and inputs that are not those of the run compared with.
    dates
        ISO date under which each step ran, by path.
    """

    run: str
    verdict: Verdict
    message: str
    environment: str | None
    steps: tuple[StepRecord, ...]
    comparison: Comparison
    differences: tuple[Difference, ...]
    saved: tuple[str, ...]
    edited: tuple[str, ...]
    replaced: tuple[str, ...]
    dates: dict[str, str]

    def ending(self) -> dict[str, Any]:
        """Columns of its run."""
        return {
            "status": "failed" if self.verdict == "failed" else "ok",
            "verdict": self.verdict,
            "differences": [msgspec.to_builtins(one) for one in self.differences],
            "largest_difference": self.comparison.largest_difference,
            "environment_id": self.environment,
            "message": self.message,
        }


def conclude(one: Round) -> Result:
    """The verdict on a pass."""
    with one.store.read() as connection:
        steps = tuple(steps_of(connection, one.run))
    compared = one.comparison()
    edited, replaced = tuple(_edited(one)), tuple(_replaced(one.baseline, steps))
    verdict, message = judge(
        Facts(
            against=one.baseline.run,
            status=one.engine.status,
            failures=tuple(one.engine.failures),
            escapes=tuple(one.escapes),
            compared=compared,
            edited=edited,
            replaced=replaced,
        )
    )
    found = environment_differences(one.store, one.baseline.environment, one.engine.environment)
    return Result(
        run=one.run,
        verdict=verdict,
        message=message,
        environment=one.engine.environment,
        steps=steps,
        comparison=compared,
        differences=(*one.escapes, *compared.differences, *found),
        saved=tuple(one.saved),
        edited=edited,
        replaced=replaced,
        dates=dict(one.engine.dates),
    )


def environment_differences(
    store: Store, expected: str | None, actual: str | None
) -> list[Difference]:
    """What differs between two environments on record."""
    if not expected or not actual or expected == actual:
        return []
    with store.read() as connection:
        try:
            before, after = environment(connection, expected), environment(connection, actual)
        except NbtrailError:
            return []
    return compare_environments(before, after)


def _edited(one: Round) -> list[str]:
    """Notebooks whose code is another one than in the run compared with."""
    known = {step.path: step.code_key for step in one.baseline.steps}
    return [
        node.path
        for node in one.engine.graph.nodes
        if node.path in known and known[node.path] != node.analysis.code_key
    ]


def _replaced(baseline: Baseline, steps: tuple[StepRecord, ...]) -> list[str]:
    """Files that the pipeline starts from whose content is another one."""
    before = {access.path: access.sha256 for access in first_inputs(baseline.steps)}
    return [
        access.path
        for access in first_inputs(steps)
        if access.path in before
        and None not in (access.sha256, before[access.path])
        and access.sha256 != before[access.path]
    ]
