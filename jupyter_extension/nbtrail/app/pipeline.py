"""The pipeline, and runs of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from nbtrail.errors import UsageError
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.records import RunDetail
    from nbtrail.pipeline.graph import Graph
    from nbtrail.pipeline.model import StepState
    from nbtrail.pipeline.request import RunRequest
from nbtrail.app.access import Access


class Pipeline(Access):
    """Graph, runs and proofs."""

    def graph(self) -> Graph:
        """The pipeline: steps, edges with their evidence, order, findings."""
        from nbtrail.pipeline.graph import build_graph

        with self._looking:
            return build_graph(self.project, self.record_or_none())

    def graph_json(self, graph: Graph | None = None) -> dict[str, Any]:
        """The pipeline with the state of each step, as people and scripts rely on it."""
        from nbtrail.pipeline.render import as_json

        graph = graph or self.graph()
        return as_json(graph, self._step_states(graph))

    def graph_text(self, form: str = "text", graph: Graph | None = None) -> str:
        """The pipeline as ``text``, ``mermaid`` or ``dot``."""
        from nbtrail.pipeline import render

        graph = graph or self.graph()
        if form == "mermaid":
            return render.as_mermaid(graph)
        if form == "dot":
            return render.as_dot(graph)
        return render.as_text(graph, self._step_states(graph))

    def _step_states(self, graph: Graph) -> dict[str, StepState] | None:
        store = self.record_or_none()
        if store is None:
            return None
        from nbtrail.pipeline.status import step_states

        return step_states(self.project, store, graph)

    def start_run(
        self,
        *,
        notebooks: tuple[str, ...] = (),
        start: str | None = None,
        until: str | None = None,
        force: bool = False,
        write: bool = True,
        params: Mapping[str, Any] | None = None,
        jobs: int | None = None,
        timeout: float | None = None,
        memory_mb: float | None = None,
        retries: int | None = None,
        executor: str | None = None,
        scheduler: str | None = None,
    ) -> str:
        """Start a run of the pipeline in a process of its own; returns its id at once.

        Keywords as in `nbtrail.pipeline.request.RunRequest`; the limits, ``jobs`` and where
        steps are executed are as ``nbtrail.toml`` says by default.
        """
        from nbtrail.pipeline.request import RunRequest

        request = RunRequest(
            notebooks=notebooks,
            start=start,
            until=until,
            force=force,
            write=write,
            params=dict(params or {}),
            timeout=timeout,
            memory_mb=memory_mb,
            retries=retries,
            **self._placed(executor, scheduler, jobs),
        )
        return self._start(request)

    def resume_run(self, run: str | None = None, **settings: Any) -> str:
        """Go on with a run that failed, was cancelled or lost; returns the new run's id at once.

        Parameters
        ----------
        run
            Id or tag; the last such run by default.
        settings
            ``jobs``, limits, ``executor`` and ``scheduler`` in place of those that it had.

        Raises
        ------
        UsageError
            When there is nothing to resume.
        """
        import msgspec

        from nbtrail.pipeline.resume import resumed_request

        request = resumed_request(self.store, run)
        given = {name: value for name, value in settings.items() if value is not None}
        if "executor" in given or "scheduler" in given:
            places = given.get("executor"), given.get("scheduler"), given.get("jobs")
            given.update(self._placed(*places))
        return self._start(msgspec.structs.replace(request, **given))

    def _placed(
        self, executor: str | None, scheduler: str | None, jobs: int | None
    ) -> dict[str, Any]:
        """Where steps are executed and how many at once, as asked for or as nbtrail.toml says.

        A cluster gets as many as it has threads, unless a number was asked for.
        """
        from nbtrail.pipeline.request import MOST_JOBS

        config = self.project.config.pipeline
        chosen = executor or ("dask" if scheduler else config.executor)
        if chosen == "local":
            if scheduler:
                raise UsageError(
                    "A scheduler is of no use to steps on this machine.",
                    hint="Say --executor dask, or leave --scheduler out.",
                )
            return {"executor": chosen, "jobs": config.jobs if jobs is None else jobs}
        address = scheduler or config.scheduler
        most = MOST_JOBS if jobs is None else jobs
        return {"executor": chosen, "scheduler": address, "jobs": most}

    def _start(self, request: RunRequest) -> str:
        from nbtrail.pipeline import runner

        return runner.start(
            self.project,
            request,
            self.store,
            refuse=self._name_refusal,
            after_write="nbtrail.app.pipeline:bring_twin_along",
            fork=self._alone,
        )

    def note_pass(self, path: str) -> str | None:
        """Put the last pass over a notebook on record as a run, if it was a straight one.

        Returns the run's id, or ``None`` where there is nothing new to put down.
        """
        from nbtrail.pipeline.interactive import note_pass

        if not self.project.adopted or self.config_error is not None:
            return None
        return note_pass(self.project, self.store, path)

    def start_verify(
        self,
        *,
        against: str | None = None,
        repeat: int = 1,
        fail_fast: bool = False,
        fresh_environment: bool = False,
    ) -> str:
        """Start a verify in a process of its own; returns its id at once.

        Keywords as in `nbtrail.proof.verify.start`.
        """
        from nbtrail.proof import verify

        return verify.start(
            self.project,
            self.store,
            against=against,
            repeat=repeat,
            fail_fast=fail_fast,
            fresh_environment=fresh_environment,
            refuse=self._name_refusal,
        )

    def certificate(self, run: str, *, page: bool = False) -> bytes:
        """The certificate of a verify, by id or tag: JSON, or a page for people."""
        from nbtrail.proof import certificate

        return certificate.read(self.store, run, page=page)

    def run(
        self, on_progress: Callable[[RunDetail], None] | None = None, **request: Any
    ) -> RunDetail:
        """Run the pipeline and wait for its end; keywords as in `start_run`."""
        return self.follow(self.start_run(**request), on_progress)

    def verify(
        self,
        against: str | None = None,
        on_progress: Callable[[RunDetail], None] | None = None,
        **options: Any,
    ) -> RunDetail:
        """Run everything in a copy, compare, and wait for the verdict; as `start_verify`."""
        return self.follow(self.start_verify(against=against, **options), on_progress)

    def follow(self, run: str, on_progress: Callable[[RunDetail], None] | None = None) -> RunDetail:
        """Wait for the end of a run."""
        from nbtrail.pipeline import progress

        return progress.follow(self.store, run, on_progress)

    def cancel(self, run: str) -> str:
        """Ask a run to stop; returns its status at this moment."""
        from nbtrail.pipeline import progress

        return progress.cancel(self.store, run)

    def _name_refusal(self, path: str) -> str | None:
        from nbtrail.policy.names import name_problem

        problem = name_problem(self.project, path)
        return problem.message if problem is not None and problem.severity == "error" else None


def bring_twin_along(project: Project, path: str) -> None:
    """Note that outputs were written into a notebook: its pair is in sync as it was before."""
    from nbtrail.ledger.store import Store
    from nbtrail.pairing.sync import sync

    store = Store.open(project)
    try:
        sync(project, store, path)
    finally:
        store.close()
