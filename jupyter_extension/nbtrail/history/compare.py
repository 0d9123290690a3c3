"""Runs side by side, and what explains a metric that changed.

What explains it is the first difference along the pipeline: of the steps that the metric rests
on, in the order in which they ran, the first whose input from outside, code, environment,
parameters or seed is another one. Later differences may follow from it, or be reasons as well:
they are listed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from nbtrail.errors import NbtrailError, UsageError
from nbtrail.history.tabular import LARGEST, TableDiff, diff_tables, is_table, summarise
from nbtrail.history.words import change_in_words
from nbtrail.ledger import queries, steps
from nbtrail.ledger.environments import EnvironmentDiff, diff_environments
from nbtrail.ledger.records import FileAccess, Run
from nbtrail.ledger.steps import StepRecord
from nbtrail.ledger.store import Store
from nbtrail.masking import mask
from nbtrail.notebooks.datasets import family_of
from nbtrail.notebooks.document import Notebook, parse_notebook
from nbtrail.project import Project

#: Runs that can be put side by side.
MOST_RUNS = 20
_SEED = re.compile(r"seed|random_state", re.IGNORECASE)

Kind = Literal["input", "code", "environment", "parameter", "seed", "unknown"]
State = Literal["same", "changed", "added", "removed", "unknown"]


class ComparedFile(msgspec.Struct, frozen=True):
    """A file that steps read or wrote; ``files`` has one for each run, ``None`` without.

    ``table`` says how the last run's table differs from the first's, where both contents are
    known.
    """

    path: str
    step: str
    state: State
    files: tuple[FileAccess | None, ...]
    table: TableDiff | None = None


class ComparedCode(msgspec.Struct, frozen=True):
    """The code of a step, from the first run to the last.

    ``a`` and ``b`` are versions for `diff`; ``None`` where a copy is missing.
    """

    step: str
    state: State
    what: str
    cell_ids: tuple[str, ...]
    a: str | None
    b: str | None


class Reason(msgspec.Struct, frozen=True):
    """A difference at a step, in words."""

    step: str | None
    kind: Kind
    what: str


class Explanation(msgspec.Struct, frozen=True):
    """What explains that a metric changed: the first difference on its way."""

    metric: str
    before: float | None
    after: float | None
    step: str | None
    kind: Kind
    what: str


class Compared(msgspec.Struct, frozen=True):
    """Runs side by side, in the order that was asked for.

    ``params`` and ``metrics`` have one value for each run, ``None`` where it has none.
    ``environment``, ``code``, ``differences`` and ``explains`` go from the first run to the last.
    """

    runs: tuple[Run, ...]
    params: dict[str, list[Any]]
    metrics: dict[str, list[float | None]]
    environment: dict[str, Any]
    inputs: tuple[ComparedFile, ...]
    outputs: tuple[ComparedFile, ...]
    code: tuple[ComparedCode, ...]
    differences: tuple[Reason, ...]
    explains: tuple[Explanation, ...]


def compare_runs(project: Project, store: Store, names: Sequence[str]) -> Compared:
    """Put runs, each by id or tag, side by side.

    Raises
    ------
    UsageError
        For less than two runs, or too many.
    NotFoundError
        When there is no such run.
    """
    if not 2 <= len(names) <= MOST_RUNS:
        raise UsageError(
            f"{len(names)} runs cannot be compared.", hint=f"Give 2 to {MOST_RUNS} of them."
        )
    with store.read() as connection:
        runs = [queries.run_detail(connection, name).summary for name in names]
        taken = [steps.steps_of(connection, run.run, failed=True) for run in runs]
        environments = [
            None if run.environment is None else queries.environment(connection, run.environment)
            for run in runs
        ]
    comparing = _Comparing(project, store, runs, taken)
    environment = _environment(environments[0], environments[-1])
    inputs, outputs = comparing.files("inputs"), comparing.files("outputs")
    code = comparing.code()
    differences = comparing.differences(inputs, code, environment)
    metrics = _side_by_side([run.metrics for run in runs])
    return Compared(
        runs=tuple(runs),
        params=_side_by_side([run.params for run in runs]),
        metrics=metrics,
        environment={} if environment is None else msgspec.structs.asdict(environment),
        inputs=inputs,
        outputs=outputs,
        code=code,
        differences=tuple(differences),
        explains=tuple(comparing.explain(metrics, differences)),
    )


def _side_by_side(values: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for mapping in values for name in mapping)
    return {name: [mapping.get(name) for mapping in values] for name in names}


def _environment(
    a: Mapping[str, Any] | None, b: Mapping[str, Any] | None
) -> EnvironmentDiff | None:
    return None if a is None or b is None else diff_environments(a, b)


class _Comparing:
    """The steps of runs, by notebook."""

    def __init__(
        self,
        project: Project,
        store: Store,
        runs: Sequence[Run],
        taken: Sequence[Sequence[StepRecord]],
    ) -> None:
        self._project = project
        self._store = store
        self._runs = runs
        self._steps = [{step.path: step for step in found} for found in taken]
        #: All steps, in the order of the last run, then what only others have.
        self._order = list(dict.fromkeys(path for found in reversed(self._steps) for path in found))

    def files(self, kind: Literal["inputs", "outputs"]) -> tuple[ComparedFile, ...]:
        """Files of all steps, those of the same family as one."""
        found = []
        for path in self._order:
            sides = [
                _by_name(getattr(step, kind)) if (step := side.get(path)) is not None else {}
                for side in self._steps
            ]
            for name in dict.fromkeys(name for side in sides for name in side):
                accesses = tuple(side.get(name) for side in sides)
                found.append(self._file(path, accesses))
        return tuple(found)

    def _file(self, step: str, accesses: tuple[FileAccess | None, ...]) -> ComparedFile:
        first, last = accesses[0], accesses[-1]
        newest = next(access for access in reversed(accesses) if access is not None)
        table = None
        state = _state(first, last)
        if state == "same" and len({access and access.sha256 for access in accesses}) > 1:
            state = "changed"
        elif state == "changed" and first is not None and last is not None:
            table = self._table(first, last)
        return ComparedFile(newest.path, step, state, accesses, table)

    def _table(self, first: FileAccess, last: FileAccess) -> TableDiff | None:
        found = []
        for access in (first, last):
            data = self._content(access) if is_table(access.path) else None
            table = None if data is None else summarise(access.path, data)
            if table is None:
                return None
            found.append(table)
        return diff_tables(*found)

    def _content(self, access: FileAccess) -> bytes | None:
        """A file's bytes, from the blobs, or from the project where it still has that content."""
        if access.sha256 is None or (access.bytes or 0) > LARGEST:
            return None
        try:
            if self._store.blobs.has(access.sha256):
                return self._store.blobs.get(access.sha256)
            file = self._project.resolve(access.path)
            same = self._store.digests.sha256(file) == access.sha256
            return file.read_bytes() if same else None
        except (NbtrailError, OSError):
            return None

    def code(self) -> tuple[ComparedCode, ...]:
        """The code of each step, from the first run to the last."""
        return tuple(self._code(path) for path in self._order)

    def _code(self, path: str) -> ComparedCode:
        first, last = self._steps[0].get(path), self._steps[-1].get(path)
        versions = [
            None if step is None or step.executed_blob is None else f"{path}@run:{run.run}"
            for step, run in ((first, self._runs[0]), (last, self._runs[-1]))
        ]
        if first is None or last is None:
            state: State = "unknown" if first is last else "added" if first is None else "removed"
            return ComparedCode(path, state, f"step {state}", (), *versions)
        if first.sources_digest is not None and first.sources_digest == last.sources_digest:
            same_key = first.code_key == last.code_key or None in (first.code_key, last.code_key)
            what = "" if same_key else "a module that it imports changed"
            return ComparedCode(path, "same" if same_key else "changed", what, (), *versions)
        a, b = self._copy(first), self._copy(last)
        if a is None or b is None:
            state = "same" if first.code_key == last.code_key else "changed"
            return ComparedCode(path, state, "", (), *versions)
        words = change_in_words(a, b)
        state = "changed" if words.what else "same"
        return ComparedCode(path, state, words.what, words.cell_ids, *versions)

    def _copy(self, step: StepRecord) -> Notebook | None:
        """What a step ran, without what came out of it."""
        if step.executed_blob is None:
            return None
        try:
            notebook = parse_notebook(self._store.blobs.get(step.executed_blob), step.path)
        except NbtrailError:
            return None
        cells = [{**cell, "outputs": [], "execution_count": None} if "outputs" in cell else cell
                 for cell in notebook["cells"]]  # fmt: skip
        return {**notebook, "cells": cells}

    def differences(
        self,
        inputs: Sequence[ComparedFile],
        code: Sequence[ComparedCode],
        environment: EnvironmentDiff | None,
    ) -> list[Reason]:
        """All that differs from the first run to the last, along the pipeline."""
        by_step = {entry.step: entry for entry in code}
        written: set[str] = set()
        found: list[Reason] = []
        told_environment = False
        for path in self._order:
            first, last = self._steps[0].get(path), self._steps[-1].get(path)
            for file in inputs:
                if file.step == path and file.state != "same" and file.path not in written:
                    found.append(Reason(path, "input", _file_in_words(file)))
            entry = by_step[path]
            if entry.state != "same":
                kind: Kind = "seed" if _is_only_seed(entry.what) else "code"
                found.append(Reason(path, kind, entry.what or "the code changed"))
            if first is not None and last is not None:
                if first.environment != last.environment and not told_environment:
                    told_environment = True
                    what = environment.summary() if environment is not None else "another one"
                    found.append(Reason(path, "environment", what))
                found += self._parameters(path, first.params, last.params)
            written.update(access.path for side in (first, last) if side for access in side.outputs)
        return sorted(found, key=self._rank)

    def _parameters(
        self, path: str, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> list[Reason]:
        """Parameters of a step that differ.

        A run's parameters are set in all its notebooks; one that a notebook does not declare
        itself counts only where no notebook does.
        """
        declared = {
            name
            for step, first in self._steps[0].items()
            for name in first.params
            if name in getattr(self._steps[-1].get(step), "params", {})
        }
        return [
            Reason(
                path,
                "seed" if _SEED.search(name) else "parameter",
                mask(f"{name} {before.get(name)!r} → {after.get(name)!r}"),
            )
            for name in dict.fromkeys([*before, *after])
            if before.get(name) != after.get(name)
            and ((name in before and name in after) or name not in declared)
        ]

    def _rank(self, reason: Reason) -> tuple[int, int]:
        kinds = ("input", "code", "environment", "parameter", "seed", "unknown")
        assert reason.step is not None
        return self._order.index(reason.step), kinds.index(reason.kind)

    def explain(
        self, metrics: Mapping[str, list[float | None]], differences: Sequence[Reason]
    ) -> list[Explanation]:
        """For each metric that changed, the first difference among the steps that it rests on."""
        found = []
        for name, values in metrics.items():
            before, after = values[0], values[-1]
            if before == after:
                continue
            way = self._way_to(name)
            first = next((reason for reason in differences if reason.step in way), None)
            if first is None:
                first = Reason(
                    None, "unknown",
                    "nothing on record differs: an input that was not seen, or chance",
                )  # fmt: skip
            found.append(
                Explanation(name, before, after, first.step, first.kind, first.what)
            )  # fmt: skip
        return found

    def _way_to(self, metric: str) -> set[str]:
        """The steps that a metric rests on: those that left it, and what wrote their inputs."""
        found: set[str] = set()
        for side in (self._steps[0], self._steps[-1]):
            way: set[str] = set()
            writers = {access.path: path for path, step in side.items() for access in step.outputs}
            waiting = [path for path, step in side.items() if metric in step.metrics]
            while waiting:
                path = waiting.pop()
                way.add(path)
                sources = {writers.get(access.path) for access in side[path].inputs}
                waiting += [source for source in sources if source and source not in way]
            found |= way
        return found


def _by_name(accesses: Sequence[FileAccess]) -> dict[str, FileAccess]:
    """Files by family; by their paths where there are several of one."""
    families = [family_of(access.path) for access in accesses]
    return {
        access.path if families.count(family) > 1 else family: access
        for access, family in zip(accesses, families, strict=True)
    }


def _state(a: FileAccess | None, b: FileAccess | None) -> State:
    if a is None or b is None:
        return "same" if a is b else "added" if a is None else "removed"
    if a.sha256 is None or b.sha256 is None:
        return "unknown"
    return "same" if a.sha256 == b.sha256 else "changed"


def _file_in_words(file: ComparedFile) -> str:
    first, last = file.files[0], file.files[-1]
    if file.state != "changed" or first is None or last is None:
        words = {"unknown": "perhaps changed: its content is not known"}
        return f"{file.path} {words.get(file.state, file.state)}"
    said = "" if file.table is None else file.table.in_words()
    if not said and first.bytes != last.bytes:
        said = f"{first.bytes} → {last.bytes} bytes"
    name = file.path if first.path == last.path else f"{first.path} → {last.path}"
    return f"{name}: {said or 'other content'}"


def _is_only_seed(what: str) -> bool:
    """Whether all that a change in words names are seeds."""
    parts = [part for cell in what.split("; ") for part in cell.partition(": ")[2].split(", ")]
    return bool(parts) and all("→" in part and _SEED.search(part) for part in parts)
