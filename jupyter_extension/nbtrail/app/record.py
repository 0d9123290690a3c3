"""What is on record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrail.errors import NotFoundError

if TYPE_CHECKING:
    from nbtrail.export.rebuild import Rebuilt
    from nbtrail.export.requirements import Requirements
    from nbtrail.ledger.environments import EnvironmentDiff
    from nbtrail.ledger.records import Execution, Run, RunDetail
    from nbtrail.ledger.search import Hit
    from nbtrail.notebooks.document import Notebook
from nbtrail.app.access import Access


class Record(Access):
    """Executions, runs and environments."""

    def log(
        self, notebook: str | None = None, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[Execution], str | None]:
        """A page of executions, newest first, and the cursor of the next page."""
        from nbtrail.ledger import queries

        path = None if notebook is None else self.project.relative(notebook)
        if path is not None:
            self._follow_files()
        with self.store.read() as connection:
            return queries.executions(connection, path, limit=limit, after=after)

    def runs(
        self, *, limit: int = 50, after: str | None = None, notebook: str | None = None
    ) -> tuple[list[Run], str | None]:
        """A page of runs, newest first, and the cursor of the next page."""
        from nbtrail.ledger import queries

        with self.store.read() as connection:
            return queries.runs(connection, limit=limit, after=after, notebook=notebook)

    def search(
        self, text: str, *, limit: int = 50, after: str | None = None
    ) -> tuple[list[Hit], str | None]:
        """A page of what holds all the words, newest first, and the cursor of the next page."""
        from nbtrail.ledger import search

        with self.store.read() as connection:
            return search.find(connection, text, limit=limit, after=after)

    def run_detail(self, run: str) -> RunDetail:
        """A run, by id or tag, with its steps."""
        from nbtrail.pipeline import progress

        return progress.read(self.store, run)

    def annotate_run(
        self,
        run: str,
        *,
        tag: str | None = None,
        note: str | None = None,
        append: bool = False,
        move: bool = False,
    ) -> RunDetail:
        """Tag a run or note something of it; `nbtrail.ledger.runs.annotate`."""
        from nbtrail.pipeline import card

        identity = card.annotate(self.store, run, tag=tag, note=note, append=append, move=move)
        return self.run_detail(identity)

    def environment(self, identity: str) -> dict[str, Any]:
        """An environment by id, or by the beginning of its id."""
        from nbtrail.ledger import queries

        with self.store.read() as connection:
            return queries.environment(connection, identity)

    def environment_diff(self, a: str, b: str) -> EnvironmentDiff:
        """What changed from one environment to another; each named by its id, or by a run."""
        from nbtrail.ledger.environments import diff_environments

        return diff_environments(self._environment_of(a), self._environment_of(b))

    def _environment_of(self, name: str) -> dict[str, Any]:
        """An environment by its id, or the one of a run."""
        from nbtrail.ledger import queries

        with self.store.read() as connection:
            try:
                run = queries.run_detail(connection, name).summary
            except NotFoundError:
                return queries.environment(connection, name)
            if run.environment is None:
                raise NotFoundError(f"Run {name} has no environment on record.")
            return queries.environment(connection, run.environment)

    def requirements(self, name: str | None = None) -> Requirements:
        """What an environment takes to install: a run's, or one by id.

        Without a name that of the last run that went well, or of what was executed last.

        Raises
        ------
        NotFoundError
            When there is none.
        """
        from nbtrail.export.requirements import requirements_of

        return requirements_of(self._environment_of(name or self._last_environment()))

    def _last_environment(self) -> str:
        runs, _ = self.runs(limit=50)
        executed, _ = self.log(limit=50)
        known = [run.environment for run in runs if run.status == "ok" and run.environment]
        known += [execution.environment for execution in executed if execution.environment]
        if not known:
            raise NotFoundError(
                "No environment is on record.", hint="Run a notebook, or `nbtrail run`."
            )
        return known[0]

    def rebuild_environment(
        self, folder: Path, name: str | None = None, say: Callable[[str], None] = lambda _: None
    ) -> Rebuilt:
        """Make an environment again as `requirements` names it; `nbtrail.export.rebuild`."""
        from nbtrail.export.rebuild import rebuild

        wanted = self.requirements(name)
        label = f"{self.project.name} ({wanted.environment[:8]})"
        return rebuild(wanted, folder, label=label, say=say)

    def executed_notebook(self, run: str, step: int) -> Notebook:
        """The notebook of a step as it was when the step ended, outputs included."""
        from nbtrail.ledger import queries
        from nbtrail.notebooks.document import parse_notebook

        with self.store.read() as connection:
            digest = queries.step_notebook_blob(connection, run, step)
        return parse_notebook(self.store.blobs.get(digest), f"{run}/{step}")
