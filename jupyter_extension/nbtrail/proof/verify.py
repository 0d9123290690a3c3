"""Verify: the whole pipeline from nothing, in a copy of the project, compared with the record."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable
from typing import Any

import msgspec

from nbtrail.errors import NbtrailError, UsageError
from nbtrail.files import write_atomic
from nbtrail.ledger.queries import environment, run_detail
from nbtrail.ledger.records import Verdict, iso
from nbtrail.ledger.runs import request_of
from nbtrail.ledger.steps import steps_of
from nbtrail.ledger.store import Store
from nbtrail.pipeline.card import strict_json
from nbtrail.pipeline.engine import Engine, Switches
from nbtrail.pipeline.graph import build_graph
from nbtrail.pipeline.hashes import FileHashes
from nbtrail.pipeline.request import RunRequest
from nbtrail.pipeline.runner import check_usable, launch, refuse_steps
from nbtrail.pipeline.worker import Ending, Job
from nbtrail.project import STATE_NAME, Project
from nbtrail.proof.aside import claim_folder, copy_project, sweep_copies, take_stamps, touched
from nbtrail.proof.baseline import Baseline, find_baseline
from nbtrail.proof.compare import Comparison, Difference, compare_environments, compare_steps

WORKER = "nbtrail.proof.worker"
CERTIFICATE_SCHEMA = 1


def start(
    project: Project,
    store: Store,
    *,
    against: str | None = None,
    refuse: Callable[[str], str | None] | None = None,
) -> str:
    """Start a verify; returns the id of its run at once.

    Parameters
    ----------
    against
        Run to compare with, by id or tag; the newest good run of the whole pipeline by default.
    refuse
        As in `nbtrail.pipeline.runner.start`.

    Raises
    ------
    NotFoundError
        When there is no run to compare with.
    ConfigError, PolicyError, LockedError, UsageError
        As in `nbtrail.pipeline.runner.start`.
    """
    check_usable(project, write=False)
    graph = build_graph(project, store)
    if not graph.order:
        raise UsageError("There is no notebook to verify.", hint="Is this the right folder?")
    if refuse is not None:
        refuse_steps(graph.order, refuse)
    with store.read() as connection:
        baseline = find_baseline(connection, graph.order, against)
    request = RunRequest(
        kind="verify",
        force=True,
        write=False,
        params=request_of(store.blobs, baseline.request).get("params") or {},
        date=baseline.date or time.strftime("%Y-%m-%d"),
        against=baseline.run,
    )
    return launch(project, request, store, graph.order, worker=WORKER, against=baseline.run)


async def run_verify(job: Job, cancelled: asyncio.Event) -> Ending:
    """Do the work of a verify, in its worker process; ends with the verdict."""
    project, store = job.project, job.store
    with store.read() as connection:
        planned = tuple(step.path for step in run_detail(connection, job.run).steps)
        baseline = find_baseline(connection, planned, job.request.against)
    await asyncio.to_thread(sweep_copies)
    claim = claim_folder()
    try:
        # A folder of the project's own name: notebooks may look for it.
        root = claim.path / "copy" / project.root.name
        stamps, hashes = await asyncio.to_thread(_watch, project)
        await asyncio.to_thread(copy_project, project.root, root, baseline.made())
        aside = dataclasses.replace(project, root=root.resolve(), state_dir=claim.path / STATE_NAME)
        engine = Engine(
            project=aside,
            store=store,
            run=job.run,
            request=job.request,
            graph=build_graph(aside, store),
            steps=planned,
            switches=Switches(reuse=False, write_back=False, keep_outputs=False),
            open_store=lambda: Store.open(project),
        )
        await engine.execute(cancelled)
        if engine.status == "cancelled":
            return {"status": "cancelled"}
        changed = await asyncio.to_thread(touched, project.root, stamps, hashes)
        return await asyncio.to_thread(_conclude, job, baseline, engine, changed)
    finally:
        await asyncio.to_thread(claim.release)


def _watch(project: Project) -> tuple[dict[str, Any], dict[str, str | None]]:
    stamps = take_stamps(project.root)
    known = FileHashes(project.root, project.state_dir)
    hashes = {path: known.get(path) for path in stamps}
    known.save()
    return stamps, hashes


def _conclude(job: Job, baseline: Baseline, engine: Engine, changed: list[str]) -> Ending:
    store, project = job.store, job.project
    with store.read() as connection:
        actual = steps_of(connection, job.run)
    compared = compare_steps(baseline.steps, actual, project.config.verify)
    escapes = _escapes(project, engine, changed)
    differences = [*escapes, *compared.differences, *_environments(store, baseline, engine)]
    verdict, message = _verdict(baseline, engine, escapes, compared)
    edited = _edited(baseline, engine)
    if edited and verdict != "identical":
        message += f" Changed since run {baseline.run}: {', '.join(edited)}."
    path = store.folder / "certificates" / f"{job.run}.json"
    shown = project.relative(path) if path.is_relative_to(project.root) else str(path)
    entries = [msgspec.to_builtins(difference) for difference in differences]
    facts = {
        "schema": CERTIFICATE_SCHEMA,
        "project": project.name,
        "run": job.run,
        "against": baseline.run,
        "verdict": verdict,
        "message": message,
        "issued_at": iso(time.time()),
        "date_of_datasets": job.request.date,
        "order": list(engine.steps),
        "environment": {"expected": baseline.environment, "actual": engine.environment},
        "inputs": _inputs(actual),
        "metrics": {step.path: step.metrics for step in actual},
        "compared": {"metrics": compared.metrics, "files": compared.files},
        "tolerance": project.config.verify.tolerance,
        "largest_difference": compared.largest_difference,
        "differences": entries,
        "edited_since": edited,
        "repeat_with": f"nbtrail verify --against {baseline.run}",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, strict_json(facts))
    return {
        "status": "failed" if verdict == "failed" else "ok",
        "verdict": verdict,
        "differences": entries,
        "largest_difference": compared.largest_difference,
        "environment_id": engine.environment,
        "certificate": shown,
        "message": message,
    }


def _verdict(
    baseline: Baseline, engine: Engine, escapes: list[Difference], compared: Comparison
) -> tuple[Verdict, str]:
    if escapes:
        names = ", ".join(difference.name for difference in escapes[:3])
        was = "was" if len(escapes) == 1 else "were"
        return "failed", f"Not isolated: {names} {was} written outside the copy of the project."
    if engine.status != "ok":
        return "failed", engine.failures[0] if engine.failures else "A step did not end well."
    if compared.is_nothing:
        return "failed", (
            f"Nothing was compared: run {baseline.run} has neither metrics nor files to hold "
            "against. Log a metric with nbtrail.log_metric or save a dataset, run the pipeline, "
            "then verify again."
        )
    if compared.is_identical:
        size = compared.largest_difference
        message = compared.counted()
        if size:
            message += f" The largest relative difference of a metric is {size:.1e}."
        if compared.uncompared:
            message += f" Not in run {baseline.run}, so not compared: "
            message += f"{', '.join(compared.uncompared)}."
        return "identical", message
    return "different", _differing(baseline, compared)


def _differing(baseline: Baseline, compared: Comparison) -> str:
    said = []
    if compared.missing:
        said.append(
            f"{', '.join(compared.missing)} ran in run {baseline.run} and not now. "
            "If that is meant, run the pipeline, then verify again."
        )
    results = [found for found in compared.differences if found.step not in compared.missing]
    if results:
        first = f"the {results[0].kind} {results[0].name} of {results[0].step}"
        if len(results) == 1:
            said.append(f"1 result differs: {first}.")
        else:
            said.append(f"{len(results)} results differ; the first is {first}.")
    return " ".join(said)


def _escapes(project: Project, engine: Engine, changed: list[str]) -> list[Difference]:
    """Writes outside the copy: those that were seen, and files of the original that changed."""
    found = {}
    for step, paths in engine.outside.items():
        for path in paths:
            found[path] = Difference("isolation", step, path, None, None)
    for path in changed:
        absolute = str(project.root / path)
        found.setdefault(absolute, Difference("isolation", None, absolute, None, None))
    return list(found.values())


def _environments(store: Store, baseline: Baseline, engine: Engine) -> list[Difference]:
    if not baseline.environment or not engine.environment:
        return []
    if baseline.environment == engine.environment:
        return []
    with store.read() as connection:
        try:
            expected = environment(connection, baseline.environment)
            actual = environment(connection, engine.environment)
        except NbtrailError:
            return []
    return compare_environments(expected, actual)


def _edited(baseline: Baseline, engine: Engine) -> list[str]:
    """Notebooks whose code is another one than in the run compared with."""
    known = {step.path: step.code_key for step in baseline.steps}
    return [
        node.path
        for node in engine.graph.nodes
        if node.path in known and known[node.path] != node.analysis.code_key
    ]


def _inputs(steps: list[Any]) -> list[dict[str, Any]]:
    """Files that the pipeline starts from: read by a step and made by none before it."""
    made: set[str] = set()
    found: dict[str, dict[str, Any]] = {}
    for step in steps:
        for access in step.inputs:
            if access.path not in made:
                found.setdefault(access.path, msgspec.to_builtins(access))
        made.update(access.path for access in step.outputs)
    return [found[path] for path in sorted(found)]
