"""Verify: the whole pipeline from nothing, in a copy of the project, compared with the record."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable

import msgspec

from nbtrail.errors import UsageError
from nbtrail.git import git_state
from nbtrail.ledger import runs as ledger_runs
from nbtrail.ledger.queries import run_detail
from nbtrail.ledger.runs import request_of
from nbtrail.ledger.store import Store
from nbtrail.pipeline.card import write_card
from nbtrail.pipeline.environments import check_environments
from nbtrail.pipeline.graph import build_graph
from nbtrail.pipeline.request import RunRequest
from nbtrail.pipeline.runner import check_usable, launch, refuse_steps
from nbtrail.pipeline.worker import Ending, Job
from nbtrail.project import Project
from nbtrail.proof import certificate
from nbtrail.proof.aside import claim_folder, sweep_copies
from nbtrail.proof.baseline import Baseline, find_baseline
from nbtrail.proof.fresh import Fresh, Make, alone, in_environments, make_environments
from nbtrail.proof.result import Result, conclude
from nbtrail.proof.round import Round

#: Knows the layers above, which make environments.
WORKER = "nbtrail.app.proof_worker"
#: Seconds between two signs of life of a round after the first.
_PULSE = 2.0
_MOST_ROUNDS = 100


def start(
    project: Project,
    store: Store,
    *,
    against: str | None = None,
    repeat: int = 1,
    fail_fast: bool = False,
    fresh_environment: bool = False,
    refuse: Callable[[str], str | None] | None = None,
) -> str:
    """Start a verify; returns the id of its run at once.

    Parameters
    ----------
    against
        Run to compare with, by id or tag; the newest good run of the whole pipeline by default.
    repeat
        How many times everything is run, 1 to 100: results that do not come out the same each
        time are named.
    fail_fast
        Whether it ends at the first difference.
    fresh_environment
        Whether steps run in environments made from the record.
    refuse
        As in `nbtrail.pipeline.runner.start`.

    Raises
    ------
    NotFoundError
        When there is no run to compare with.
    ConfigError, KernelError, PolicyError, LockedError, UsageError
        As in `nbtrail.pipeline.runner.start`.
    """
    if repeat not in range(1, _MOST_ROUNDS + 1):
        raise UsageError(f"repeat {repeat!r}: give a number from 1 to {_MOST_ROUNDS}.")
    check_usable(project, write=False)
    graph = build_graph(project, store)
    if not graph.order:
        raise UsageError("There is no notebook to verify.", hint="Is this the right folder?")
    if refuse is not None:
        refuse_steps(graph.order, refuse)
    check_environments(project, graph.order)
    with store.read() as connection:
        baseline = find_baseline(connection, graph.order, against)
    request = RunRequest(
        kind="verify",
        force=True,
        write=False,
        jobs=project.config.pipeline.jobs,
        params=request_of(store.blobs, baseline.request).get("params") or {},
        date=baseline.date or time.strftime("%Y-%m-%d"),
        against=baseline.run,
        repeat=repeat,
        fail_fast=fail_fast,
        fresh_environment=fresh_environment,
    )
    return launch(project, request, store, graph.order, worker=WORKER, against=baseline.run)


async def run_verify(job: Job, cancelled: asyncio.Event, make: Make) -> Ending:
    """Do the work of a verify, in its worker process; ends with the verdict.

    Parameters
    ----------
    make
        Makes environments, where it is asked to.

    Raises
    ------
    RebuildError
        When one cannot be made.
    """
    with job.store.read() as connection:
        planned = tuple(step.path for step in run_detail(connection, job.run).steps)
        baseline = find_baseline(connection, planned, job.request.against)
    await asyncio.to_thread(sweep_copies)
    fresh = None
    if job.request.fresh_environment:
        fresh = await asyncio.to_thread(_make, job, baseline, make)
        job = msgspec.structs.replace(job, project=in_environments(job.project, fresh))
    results: list[Result] = []
    for number in range(1, job.request.repeat + 1):
        result = await _one_round(job, baseline, planned, number, cancelled)
        if result is None:
            return {"status": "cancelled"}
        results.append(result)
        if job.request.fail_fast and result.verdict != "identical":
            break
    return await asyncio.to_thread(_end, job, baseline, planned, results, fresh)


def _make(job: Job, baseline: Baseline, make: Make) -> Fresh:
    def say(message: str) -> None:
        with job.store.write() as connection:
            ledger_runs.update_run(connection, job.run, message=f"{message}.")

    fresh = make_environments(job.project, job.store, baseline, make, say)
    alone()
    return fresh


async def _one_round(
    job: Job, baseline: Baseline, planned: tuple[str, ...], number: int, cancelled: asyncio.Event
) -> Result | None:
    """One pass; ``None`` when it was cancelled. The second and later have runs of their own."""
    prefix = f"Round {number} of {job.request.repeat}: " if job.request.repeat > 1 else ""
    run = job.run if number == 1 else await asyncio.to_thread(_begin_round, job, planned, prefix)
    one = Round(job.project, job.store, run, job.request, baseline, planned)
    claim = claim_folder()
    pulse = asyncio.ensure_future(_live(job.store, run, cancelled)) if run != job.run else None
    ending: Ending = {"status": "cancelled"}
    try:
        await one.execute(claim, cancelled, prefix)
        if one.is_cancelled:
            return None
        result = await asyncio.to_thread(conclude, one)
        ending = result.ending()
        return result
    finally:
        if pulse is not None:
            pulse.cancel()
            await asyncio.to_thread(_end_round, job, run, ending)
        await asyncio.to_thread(claim.release)


def _begin_round(job: Job, planned: tuple[str, ...], prefix: str) -> str:
    run = ledger_runs.new_run_id()
    with job.store.write() as connection:
        ledger_runs.create_run(
            connection,
            run,
            "verify",
            request=ledger_runs.keep_request(job.store.blobs, msgspec.to_builtins(job.request)),
            git=git_state(job.project.root),
            params=job.request.params,
            against=job.request.against,
        )
        ledger_runs.plan_steps(connection, run, planned)
        note = f"{prefix.rstrip(': ')} of verify {job.run}."
        ledger_runs.update_run(connection, run, status="running", pid=os.getpid(), note=note)
        ledger_runs.update_run(connection, job.run, message=f"{prefix}run {run}.")
    return run


def _end_round(job: Job, run: str, ending: Ending) -> None:
    with job.store.write() as connection:
        ledger_runs.update_run(connection, run, **ending)
        write_card(connection, job.store.folder, run)


async def _live(store: Store, run: str, cancelled: asyncio.Event) -> None:
    """Say that a later round lives, and listen for a wish to end it, which ends all."""

    def beat() -> bool:
        with store.write() as connection:
            return ledger_runs.heartbeat(connection, run)

    with contextlib.suppress(asyncio.CancelledError):
        while True:
            await asyncio.sleep(_PULSE)
            if await asyncio.to_thread(beat):
                cancelled.set()


def _end(
    job: Job,
    baseline: Baseline,
    planned: tuple[str, ...],
    results: list[Result],
    fresh: Fresh | None,
) -> Ending:
    facts = certificate.facts(job, baseline, planned, results, fresh)
    shown = certificate.write(job.project, job.store, facts)
    return {
        "status": "failed" if facts["verdict"] == "failed" else "ok",
        "verdict": facts["verdict"],
        "differences": facts["differences"],
        "largest_difference": facts["largest_difference"],
        "environment_id": results[0].environment,
        "certificate": shown,
        "message": facts["message"],
    }
