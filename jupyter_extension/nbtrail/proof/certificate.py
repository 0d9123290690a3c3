"""The certificate of a verify: what was proved, against what, and how to do it again."""

from __future__ import annotations

import contextlib
import shlex
import time
from pathlib import Path
from typing import Any

import msgspec

from nbtrail._version import __version__
from nbtrail.errors import NbtrailError, NotFoundError, StoreError, UsageError
from nbtrail.files import write_atomic
from nbtrail.ledger.queries import environment, run_detail
from nbtrail.ledger.records import RunDetail, iso
from nbtrail.ledger.steps import first_inputs
from nbtrail.ledger.store import Store
from nbtrail.masking import mask_facts
from nbtrail.pipeline.card import strict_json
from nbtrail.pipeline.worker import Job
from nbtrail.project import Project
from nbtrail.proof.baseline import Baseline
from nbtrail.proof.fresh import Fresh
from nbtrail.proof.page import render
from nbtrail.proof.repeat import find_flaky
from nbtrail.proof.result import Result

SCHEMA = 2
_FOLDER = "certificates"


def facts(
    job: Job,
    baseline: Baseline,
    planned: tuple[str, ...],
    rounds: list[Result],
    fresh: Fresh | None = None,
) -> dict[str, Any]:
    """All that a certificate says, as plain data.

    Parameters
    ----------
    rounds
        One pass, or those of ``--repeat``; the first that is not identical speaks for all.
    fresh
        Environments that were made for it.
    """
    told = next((one for one in rounds if one.verdict == "failed"), None)
    told = told or next((one for one in rounds if one.verdict != "identical"), rounds[0])
    config = job.project.config.verify
    first = rounds[0]
    recorded = {step.path: step.metrics for step in baseline.steps}
    by_round = [{step.path: step.metrics for step in one.steps} for one in rounds]
    differences = [msgspec.to_builtins(difference) for difference in told.differences]
    sizes = [one.comparison.largest_difference for one in rounds]
    compared = told.comparison
    with job.store.read() as connection:
        detail = run_detail(connection, job.run)
    return {
        "schema": SCHEMA,
        "project": job.project.name,
        "run": job.run,
        "against": baseline.run,
        "verdict": told.verdict,
        "message": _message(told, rounds),
        "issued_at": iso(time.time()),
        "issued_by": f"nbtrail {__version__}",
        "git": detail.summary.git,
        "date_of_datasets": job.request.date,
        "dates": told.dates,
        "order": list(planned),
        "steps": [
            {"path": step.path, "status": step.status, "seconds": step.seconds, "error": step.error}
            for step in detail.steps
        ],
        "environment": {
            "expected": baseline.environment,
            "actual": told.environment,
            "rebuilt": fresh is not None,
            "not_rebuilt": [] if fresh is None else list(fresh.missing),
            **_described(job.store, told.environment),
        },
        "params": detail.summary.params,
        "inputs": [msgspec.to_builtins(access) for access in first_inputs(first.steps)],
        "files": [
            {"step": step.path, **msgspec.to_builtins(access)}
            for step in told.steps
            for access in step.outputs
        ],
        "metrics": {step.path: step.metrics for step in told.steps},
        "recorded_metrics": recorded,
        "compared": {
            "metrics": compared.metrics,
            "files": compared.files,
            "outputs": compared.outputs,
        },
        "tolerance": config.tolerance,
        "settings": msgspec.to_builtins(config),
        "largest_difference": max((size for size in sizes if size is not None), default=None),
        "first_difference": next((d for d in differences if d["kind"] != "environment"), None),
        "differences": differences,
        "rounds": [
            {"run": one.run, "verdict": one.verdict, "message": one.message,
             "largest_difference": one.comparison.largest_difference}
            for one in rounds
        ],
        "flaky": [msgspec.to_builtins(one) for one in find_flaky(recorded, by_round, config)],
        "edited_since": list(told.edited),
        "inputs_changed_since": list(told.replaced),
        "saved_meanwhile": sorted({path for one in rounds for path in one.saved}),
        "repeat_with": _command(job, baseline.run),
        "how_to_repeat": _how_to_repeat(job, detail, baseline),
    }  # fmt: skip


def write(project: Project, store: Store, content: dict[str, Any]) -> str:
    """Write a certificate as JSON and as a page beside it; returns the path of the JSON.

    POSIX and relative to the project's root; absolute where the record lies elsewhere.
    """
    path = _file(store, content["run"])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, strict_json(content))
    write_atomic(path.with_suffix(".html"), render(_plain(content)).encode())
    return project.relative(path) if path.is_relative_to(project.root) else str(path)


def read(store: Store, run: str, *, page: bool) -> bytes:
    """The certificate of a verify, by its id or tag: JSON, or the page.

    Raises
    ------
    NotFoundError
        When there is no such run, or its certificate was removed.
    UsageError
        When it is no verify.
    """
    with store.read() as connection:
        detail = run_detail(connection, run)
    identity = detail.summary.run
    if detail.summary.kind != "verify":
        raise UsageError(
            f"Run {identity} is no verify, so it has no certificate.",
            hint=f"Make one with `nbtrail verify --against {identity}`.",
        )
    data = None
    with contextlib.suppress(OSError):
        data = _file(store, identity).read_bytes()
    if data is None:
        raise NotFoundError(
            f"There is no certificate of run {identity}: it ended without a verdict, is a round of "
            "another one, or was verified on another machine.",
            hint="Verify again: `nbtrail verify`.",
        )
    if not page:
        return data
    try:
        return render(msgspec.json.decode(data)).encode()
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            f"The certificate of run {identity} is damaged.", hint="Verify again: `nbtrail verify`."
        ) from error


def _plain(content: dict[str, Any]) -> dict[str, Any]:
    """As the file has it: secrets masked, numbers that JSON does not know left out."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(mask_facts(content)))
    return plain


def _file(store: Store, run: str) -> Path:
    return store.folder / _FOLDER / f"{run}.json"


def _message(told: Result, rounds: list[Result]) -> str:
    if len(rounds) == 1:
        return told.message
    same = sum(one.verdict == "identical" for one in rounds)
    if same == len(rounds):
        return f"{len(rounds)} rounds, each identical. {told.message}"
    place = rounds.index(told) + 1
    return f"{same} of {len(rounds)} rounds were identical. Round {place}: {told.message}"


def _described(store: Store, identity: str | None) -> dict[str, Any]:
    """Interpreter, system and distributions of an environment on record."""
    if identity is None:
        return {}
    try:
        with store.read() as connection:
            payload = environment(connection, identity)
    except NbtrailError:
        return {}
    python, platform = payload.get("python") or {}, payload.get("platform") or {}
    return {
        "python": python.get("version"),
        "system": platform.get("system"),
        "machine": platform.get("machine"),
        "packages": payload.get("packages") or {},
    }


def _command(job: Job, against: str) -> str:
    """The command that does the same again."""
    words = ["nbtrail", "verify", "--against", against]
    if job.request.repeat > 1:
        words += ["--repeat", str(job.request.repeat)]
    if job.request.fresh_environment:
        words.append("--fresh-env")
    return shlex.join(words)


def _how_to_repeat(job: Job, detail: RunDetail, baseline: Baseline) -> list[str]:
    """Shell lines from a clone of the project to the same verdict."""
    commit = (detail.summary.git or {}).get("commit")
    lines = [f"git checkout {shlex.quote(str(commit))}"] if commit else []
    if baseline.environment:
        lines.append(f"nbtrail env rebuild .venv-proof --of {shlex.quote(baseline.run)}")
    return [*lines, _command(job, baseline.run)]
