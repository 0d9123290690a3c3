"""The one object that the command line, the server and scripts use."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrail.errors import ConfigError, NbtrailError, NotFoundError
from nbtrail.project import DATABASE_NAME, Project, find_project

if TYPE_CHECKING:
    from nbtrail.export.rebuild import Rebuilt
    from nbtrail.export.requirements import Requirements
    from nbtrail.ledger.environments import EnvironmentDiff
    from nbtrail.ledger.records import Execution, Run, RunDetail
    from nbtrail.ledger.retention import Plan, Sizes
    from nbtrail.ledger.search import Hit
    from nbtrail.ledger.store import Store
    from nbtrail.ledger.writer import Writer
    from nbtrail.notebooks.document import Notebook
    from nbtrail.overview import NotebookStatus, NotebookSummary
    from nbtrail.pairing.resolve import ConflictView
    from nbtrail.pipeline.graph import Graph
    from nbtrail.pipeline.status import StepState
    from nbtrail.policy.adopt import Adopted, Adoption, Copies
    from nbtrail.policy.findings import Finding
    from nbtrail.policy.fix import FixResult
    from nbtrail.policy.init import InitResult
    from nbtrail.policy.naming import Made, Renamed
    from nbtrail.policy.origin import NewName
    from nbtrail.policy.registry import RuleInfo
    from nbtrail.policy.renaming.records import ChangeSummary, RenamePlan, RenameResult
    from nbtrail.policy.splitting import Split
    from nbtrail.recorder.intake import Intake


def open_project(path: str | Path = ".") -> OpenProject:
    """Open the project that ``path`` belongs to.

    Nothing is read or written until it is needed; close it, or use it in a ``with``.
    """
    return OpenProject(find_project(Path(path)))


class OpenProject:
    """A project with its ledger. Synchronous, closable, safe to use from several threads.

    Parameters
    ----------
    project
        Where it is and how it is configured.
    on_commit
        Called with this object after something was written to the ledger by this process.
    kernel_environment
        Tells the environment of the kernel that a notebook has now, by its path on the disk.
    patience
        Seconds that somebody who waits for an answer waits for other writers of the ledger.
    """

    def __init__(
        self,
        project: Project,
        on_commit: Callable[[OpenProject], None] | None = None,
        kernel_environment: Callable[[Path], Mapping[str, Any] | None] = lambda _: None,
        patience: float = 10.0,
    ) -> None:
        self.project = project = _judged(project)
        self._kernel_environment = kernel_environment
        #: Why ``nbtrail.toml`` cannot be used, or ``None``.
        self.config_error: ConfigError | None = project.config_error
        self._on_commit = on_commit
        self._patience = patience
        self._lock = threading.Lock()
        #: Who looks at all notebooks: the next one finds in the caches what this one leaves.
        self._looking = threading.RLock()
        self._store: Store | None = None
        self._followed: frozenset[str] | None = None
        self._writer: Writer | None = None
        self._intake: Intake | None = None

    def __enter__(self) -> OpenProject:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what is queued and close the ledger."""
        with self._lock:
            writer, self._writer = self._writer, None
            store, self._store = self._store, None
        if writer is not None:
            writer.close()
        if store is not None:
            store.close()

    def reload(self, project: Project) -> None:
        """Take over a configuration that was changed; an unusable one only leaves its error.

        The ledger is closed when it lies elsewhere now, and opened anew when it is next used.
        """
        project = _judged(project)
        self.config_error = project.config_error
        if project.config_error is not None:
            return
        before, self.project = self.project, project
        if (before.state_dir, before.config.store) != (project.state_dir, project.config.store):
            self.close()

    # The ledger

    @property
    def store(self) -> Store:
        """The ledger, opened at first use; raises StoreError when it cannot be."""
        from nbtrail.ledger.store import Store

        with self._lock:
            if self._store is not None and not self._store.is_current:
                self._store.close()
                self._store = None
            store = self._store
            fresh = store is None
            if store is None:
                store = self._store = Store.open(self.project, patience=self._patience)
        if fresh:
            self.take_in()
        return store

    def take_in(self) -> None:
        """Put on record what kernels without a server, and recorders that were killed, left.

        Never raises, and does next to nothing where nothing was left.
        """
        from nbtrail.recorder.intake import Intake

        with self._lock:
            if self._intake is None:
                self._intake = Intake()
            intake = self._intake
        intake.take_in(self.project, lambda: self.store)

    @property
    def store_is_open(self) -> bool:
        """Whether somebody has read from the ledger yet."""
        return self._store is not None

    def store_or_none(self) -> Store | None:
        """The ledger, or ``None`` when it cannot be used."""
        try:
            return self.store
        except NbtrailError:
            return None

    @property
    def writer(self) -> Writer:
        """The thread of this process that writes to the ledger."""
        from nbtrail.ledger.store import Store
        from nbtrail.ledger.writer import Writer

        with self._lock:
            if self._writer is None:
                self._writer = Writer(lambda: Store.open(self.project), self._committed)
            return self._writer

    def _committed(self) -> None:
        if self._on_commit is not None:
            self._on_commit(self)

    @property
    def lost(self) -> int:
        """Records that this process could not put down, nor ever will."""
        writer, intake = self._writer, self._intake
        return (writer.lost if writer else 0) + (intake.unreadable if intake else 0)

    # What is there

    def describe(self) -> dict[str, Any]:
        """The project in short: name, state, store, categories, version."""
        from nbtrail import __version__

        problem = None
        try:
            self.newest_execution()
        except NbtrailError as error:
            problem = str(error)
        writer = self._writer
        if problem is None and writer is not None and writer.waiting:
            problem = f"{writer.waiting} records wait to be written. {writer.problem}"
        return {
            "name": self.project.name,
            "root": str(self.project.root),
            "adopted": self.project.adopted,
            "state_dir": str(self.project.state_dir),
            "store": {
                "ok": problem is None,
                "message": problem,
                "location": "project" if self.project.state_is_local else "user",
                "lost": self.lost,
            },
            "config_error": None if self.config_error is None else str(self.config_error),
            "categories": list(self.project.config.names.categories),
            "version": __version__,
        }

    def notebooks(self) -> list[NotebookSummary]:
        """All notebooks of the project, each in short."""
        from nbtrail.overview import summaries

        self._follow_files()
        with self._looking:
            return summaries(self.project, self.store_or_none())

    def _follow_files(self) -> None:
        """Give notebooks that were moved or copied while nobody watched their histories.

        Nothing is looked at while the notebooks are those of the last time.
        """
        from nbtrail.ledger.follow import follow_files

        present = frozenset(self.project.notebooks())
        store = self.store_or_none()
        if store is None or present == self._followed:
            return
        try:
            with store.write() as connection:
                follow_files(self.project, connection)
        except NbtrailError:
            return  # next time: nobody's list has to wait for that
        self._followed = present

    def status(self, path: str) -> NotebookStatus:
        """One notebook: name, pairing, order of its cells, environment, findings."""
        from nbtrail.overview import status

        self._follow_files()
        relative = self.project.relative(path)
        kernel = self._kernel_environment(self.project.root / relative)
        with self._looking:
            return status(self.project, self.store_or_none(), relative, kernel)

    def check(self, paths: Sequence[str] | None = None) -> list[Finding]:
        """Broken rules in the whole project, or in some notebooks."""
        from nbtrail.policy.rules import check

        with self._looking:
            return check(self.project, paths, store=self.store_or_none)

    def findings_json(self, paths: Sequence[str] | None = None) -> dict[str, Any]:
        """Broken rules, and how many notebooks were looked at."""
        from nbtrail.policy.rules import notebooks_among

        found = self.check(paths)
        looked_at = (
            self.project.notebooks() if paths is None else notebooks_among(self.project, paths)
        )
        return {"findings": found, "checked": len(looked_at)}

    def sarif(self, findings: Sequence[Finding]) -> dict[str, Any]:
        """Findings as a SARIF log, for code scanning."""
        from nbtrail import __version__
        from nbtrail.policy.registry import ALL_RULES
        from nbtrail.policy.sarif import as_sarif

        return as_sarif(self.project, findings, ALL_RULES, __version__)

    def rules(self, key: str | None = None) -> list[RuleInfo]:
        """All rules with their levels; with ``key``, a code or name, that one and its page."""
        from nbtrail.policy.registry import listed

        return listed(self.project, key)

    def graph(self) -> Graph:
        """The pipeline: steps, edges with their evidence, order, findings."""
        from nbtrail.pipeline.graph import build_graph

        with self._looking:
            return build_graph(self.project, self.store_or_none())

    def graph_json(self) -> dict[str, Any]:
        """The pipeline with the state of each step, as people and scripts rely on it."""
        from nbtrail.pipeline.render import as_json

        graph = self.graph()
        return as_json(graph, self._step_states(graph))

    def graph_text(self, form: str = "text") -> str:
        """The pipeline as ``text``, ``mermaid`` or ``dot``."""
        from nbtrail.pipeline import render

        graph = self.graph()
        if form == "mermaid":
            return render.as_mermaid(graph)
        if form == "dot":
            return render.as_dot(graph)
        return render.as_text(graph, self._step_states(graph))

    def _step_states(self, graph: Graph) -> dict[str, StepState] | None:
        from nbtrail.pipeline.status import step_states

        store = self.store_or_none()
        return None if store is None else step_states(self.project, store, graph)

    # The record

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

    def newest_execution(self) -> int:
        """Id of the newest execution; 0 in an empty ledger."""
        from nbtrail.ledger import queries

        with self.store.read() as connection:
            return queries.newest_execution_id(connection)

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

    # Running

    def start_run(
        self,
        *,
        notebooks: tuple[str, ...] = (),
        start: str | None = None,
        until: str | None = None,
        force: bool = False,
        write: bool = True,
        params: Mapping[str, Any] | None = None,
    ) -> str:
        """Start a run of the pipeline in a process of its own; returns its id at once."""
        from nbtrail.pipeline import runner
        from nbtrail.pipeline.request import RunRequest

        request = RunRequest(
            notebooks=notebooks,
            start=start,
            until=until,
            force=force,
            write=write,
            params=dict(params or {}),
        )
        return runner.start(
            self.project,
            request,
            self.store,
            refuse=self._name_refusal,
            after_write="nbtrail.app:bring_twin_along",
        )

    def start_verify(self, *, against: str | None = None) -> str:
        """Start a verify in a process of its own; returns its id at once."""
        from nbtrail.proof import verify

        return verify.start(self.project, self.store, against=against, refuse=self._name_refusal)

    def run(
        self, on_progress: Callable[[RunDetail], None] | None = None, **request: Any
    ) -> RunDetail:
        """Run the pipeline and wait for its end; keywords as in `start_run`."""
        return self.follow(self.start_run(**request), on_progress)

    def verify(
        self, against: str | None = None, on_progress: Callable[[RunDetail], None] | None = None
    ) -> RunDetail:
        """Run everything in a copy, compare, and wait for the verdict."""
        return self.follow(self.start_verify(against=against), on_progress)

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

    # Changing

    def init(self, *, git: bool = False) -> InitResult:
        """Make the folder a project; says what was written, nothing when it is one."""
        from nbtrail.policy.init import init_project

        return init_project(self.project.root, git=git)

    def new_notebook(
        self,
        category: str,
        description: str,
        *,
        sequence: str | None = None,
        folder: str = "",
        origin: str | None = None,
    ) -> Made:
        """Make a named notebook with its twin; `nbtrail.policy.naming.new_notebook`."""
        from nbtrail.policy.naming import new_notebook

        return new_notebook(
            self.project,
            self.store_or_none(),
            category,
            description,
            sequence=sequence,
            folder=folder,
            origin=origin,
        )

    def propose_new(
        self,
        category: str = "",
        description: str = "",
        *,
        origin: str | None = None,
        folder: str = "",
    ) -> NewName:
        """The name a new notebook would get; `nbtrail.policy.origin.propose_new`."""
        from nbtrail.policy.origin import propose_new

        start = None if origin is None else self.project.relative(origin)
        return propose_new(self.project, category, description, origin=start, folder=folder)

    def change_notebook(
        self,
        notebook: str,
        *,
        category: str | None = None,
        description: str | None = None,
        sequence: str | None = None,
        path: str | None = None,
        scratch: bool = False,
        pair: bool = False,
        references: bool = True,
    ) -> Renamed:
        """Rename, move to scratch, or pair; `nbtrail.policy.naming.change_notebook`."""
        from nbtrail.policy.naming import change_notebook

        return change_notebook(
            self.project,
            self.store_or_none(),
            notebook,
            category=category,
            description=description,
            sequence=sequence,
            to=path,
            scratch=scratch,
            pair=pair,
            references=references,
        )

    def propose_adoption(
        self, paths: Sequence[str] | None = None, *, copies: Copies = "keep"
    ) -> Adoption:
        """Names for notebooks that have none; `nbtrail.policy.adopt.propose_all`."""
        from nbtrail.pipeline.graph import observed_files
        from nbtrail.policy.adopt import propose_all

        store = self.store_or_none()
        observed = observed_files(store) if store is not None else None
        return propose_all(self.project, paths, copies=copies, observed=observed)

    def adopt(self, chosen: Sequence[tuple[str, str]]) -> Adopted:
        """Rename notebooks as proposed or otherwise; `nbtrail.policy.adopt.adopt_chosen`."""
        from nbtrail.policy.adopt import adopt_chosen

        return adopt_chosen(self.project, self.store_or_none(), chosen)

    def split(
        self,
        path: str,
        *,
        at: str | None = None,
        description: str | None = None,
        apply: bool = False,
    ) -> Split:
        """Make two notebooks of one, or say what that would give; `nbtrail.policy.splitting`."""
        from nbtrail.policy.splitting import split

        store = self.store_or_none()
        return split(self.project, store, path, at=at, description=description, apply=apply)

    def plan_change(
        self, notebook: str, *, references: bool = True, path: str | None = None, **parts: Any
    ) -> RenamePlan:
        """What `change_notebook` would rename, and what would follow; nothing is changed."""
        from nbtrail.policy.naming import changed_path

        new = changed_path(self.project, notebook, to=path, **parts)
        pairs = [(notebook, new)]
        return self.rename_notebooks(pairs, references=references, dry_run=True).plan

    def rename_notebooks(
        self, pairs: Sequence[tuple[str, str]], *, references: bool = True, dry_run: bool = False
    ) -> RenameResult:
        """Rename several at once, all or none; `nbtrail.policy.renaming.rename`."""
        from nbtrail.policy.renaming.rename import rename_notebooks

        store = self.store_or_none()
        return rename_notebooks(
            self.project, store, pairs, references=references, dry_run=dry_run
        )  # fmt: skip

    def update_references(
        self, notebook: str, was: str, *, dry_run: bool = False
    ) -> RenameResult:  # fmt: skip
        """Let references follow a rename that was done elsewhere, from ``was`` to ``notebook``."""
        from nbtrail.policy.renaming.rename import update_references

        store = self.store_or_none()
        return update_references(self.project, store, was, notebook, dry_run=dry_run)

    def undo(self, change: str | None = None) -> RenameResult:
        """Undo a rename, the newest by default; `nbtrail.policy.renaming.undo`."""
        from nbtrail.policy.renaming.undo import undo

        return undo(self.project, self.store_or_none(), change)

    def changes(self, limit: int = 50) -> list[ChangeSummary]:
        """Renames on record, newest first."""
        from nbtrail.policy.renaming.changes import summaries

        return summaries(self.project, limit)

    def pair_conflict(self, notebook: str) -> ConflictView:
        """What notebook and twin cannot both be right about, cell by cell."""
        from nbtrail.pairing.resolve import conflict_of

        return conflict_of(self.project, self.store_or_none(), self.project.relative(notebook))

    def resolve_pair(self, notebook: str, keep: str | Mapping[str, str]) -> Made:
        """End a conflict as a whole or by cell; `nbtrail.pairing.resolve.resolve`."""
        from nbtrail.pairing.resolve import resolve
        from nbtrail.policy.naming import Made

        path = self.project.relative(notebook)
        return Made(path, resolve(self.project, self.store_or_none(), path, keep).twin)

    def fix(self, paths: Sequence[str] | None = None, *, code: str | None = None) -> FixResult:
        """Mend what can be mended without a question."""
        from nbtrail.policy.fix import fix

        return fix(self.project, self.store_or_none(), paths, code)

    def repair_store(self) -> str | None:
        """Set a damaged ledger aside; returns its new name, or ``None`` where there is none."""
        from nbtrail.ledger.store import set_aside

        self.close()
        aside = set_aside(self.project)
        return None if aside is None else aside.name

    def store_sizes(self) -> Sizes:
        """How much is on record, and the bytes that it takes."""
        from nbtrail.ledger import retention

        with self.store.read() as connection:
            return retention.sizes(connection, self.store)

    def plan_removal(self) -> Plan:
        """What has to go by the limits in ``[store]``; nothing is removed."""
        from nbtrail.ledger import retention

        return retention.plan(self.store, self.project.config.store)

    def remove_planned(self, planned: Plan) -> Sizes:
        """Remove what was planned; returns what is left."""
        from nbtrail.ledger import retention

        return retention.remove(self.store, planned)

    def compact_store(self) -> bool:
        """Give free room of the database back to the disk; false where it is in use."""
        from nbtrail.ledger import retention

        self.close()
        if self.project.config.store.url:
            return False
        return retention.compact(self.project.state_dir / DATABASE_NAME)

    # Differences

    def diff(self, a: str, b: str | None = None) -> dict[str, Any]:
        """The difference between two versions of notebooks, such as ``a.ipynb@last``.

        With one version, between the notebook's last run and that version.
        """
        from nbtrail.diff import diff_notebooks
        from nbtrail.ledger.versions import Version, load_version, parse_version

        right = parse_version(self.project, b if b is not None else a)
        left = parse_version(self.project, a) if b is not None else Version(right.path, "last")
        stored = any(v.which.partition(":")[0] in ("last", "run") for v in (left, right))
        store = self.store if stored else None
        before = load_version(self.project, store, left)
        after = load_version(self.project, store, right)
        found = diff_notebooks(before, after)
        for entry in found["cells"]:
            entry["a_outputs"] = _outputs(before, entry["a"], entry)
            entry["b_outputs"] = _outputs(after, entry["b"], entry)
        return {**found, "a": str(left), "b": str(right)}


def bring_twin_along(project: Project, path: str) -> None:
    """Note that outputs were written into a notebook: its pair is in sync as it was before."""
    from nbtrail.ledger.store import Store
    from nbtrail.pairing.sync import sync

    store = Store.open(project)
    try:
        sync(project, store, path)
    finally:
        store.close()


def _outputs(notebook: Mapping[str, Any], index: int | None, entry: Mapping[str, Any]) -> list[Any]:
    """Outputs of one side of a difference; none where nothing changed: they are on screen."""
    if index is None or (entry["op"] == "equal" and entry["outputs"] == "same"):
        return []
    outputs = notebook["cells"][index].get("outputs")
    return outputs if isinstance(outputs, list) else []


def _judged(project: Project) -> Project:
    """A project whose settings may name rules, judged by whether there are such."""
    if not (project.config.policy.rules or project.config.policy.overrides):
        return project
    from nbtrail.policy.levels import judged

    return judged(project)
