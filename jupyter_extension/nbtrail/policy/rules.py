"""All rules over a project, or over some of its notebooks.

A notebook that cannot be read is a finding, and the others are checked all the same.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

import msgspec

from nbtrail.errors import (
    NotFoundError,
)
from nbtrail.files import sha256_bytes
from nbtrail.notebooks.names import parse_name
from nbtrail.notebooks.parsing import forget_trees
from nbtrail.pairing.formats import notebook_of
from nbtrail.pipeline.graph import infer_graph
from nbtrail.pipeline.model import Node
from nbtrail.policy import datasets, twins
from nbtrail.policy.baseline import load_baseline
from nbtrail.policy.cache import CheckCache, Entry
from nbtrail.policy.catalogue import Problem
from nbtrail.policy.clashes import Clashes
from nbtrail.policy.code import CodeContext
from nbtrail.policy.code.scope import TOO_LONG
from nbtrail.policy.content import Content
from nbtrail.policy.findings import Finding, Fix, finding_of
from nbtrail.policy.look import Seen, look_at, look_at_many, rules_stamp
from nbtrail.policy.names import name_findings
from nbtrail.policy.order import together
from nbtrail.policy.record import Record
from nbtrail.policy.registry import ALL_RULES, BY_CODE
from nbtrail.policy.silence import apply_silences
from nbtrail.policy.surroundings import surroundings_of
from nbtrail.policy.twins import TwinCheck
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store


def check(
    project: Project,
    paths: Sequence[str] | None = None,
    store: Store | Callable[[], Store | None] | None = None,
) -> list[Finding]:
    """Broken rules, by path and code; of the whole project when ``paths`` is ``None``.

    A twin among ``paths`` stands for its notebook, and files that are no notebooks are
    passed over, so that a commit's list of files can be given as it is. ``store`` is the ledger,
    or what opens it: it is opened only if something in it or in the notebooks has changed.

    Raises
    ------
    NotFoundError
        When one of ``paths`` is not there.
    OutsideProjectError
        When one of them lies outside the project.
    """
    everything = project.notebooks()
    chosen = everything if paths is None else notebooks_among(project, paths)
    record = Record(project, store if callable(store) else lambda: store)
    checker = _Checker(project, record, everything)
    found: list[Finding] = []
    checker.look_ahead(chosen)
    for number, path in enumerate(chosen):
        if number % 10 == 0:
            time.sleep(0)  # a server answers others meanwhile
        found += checker.findings(path)
    checker.close()
    return sorted(found, key=lambda finding: (finding.path, finding.code))


def notebooks_among(project: Project, paths: Sequence[str]) -> list[str]:
    """The project's notebooks that a list of files and folders means, without repetition."""
    chosen: dict[str, None] = {}
    for given in paths:
        path = project.relative(given)
        file = project.root / path
        if file.is_dir():
            prefix = "" if path == "." else f"{path}/"
            chosen.update(dict.fromkeys(p for p in project.notebooks() if p.startswith(prefix)))
            continue
        if not file.exists():
            raise NotFoundError(f"There is no {given} in {project.name}.", hint="Check the path.")
        notebook = path if path.endswith(".ipynb") else notebook_of(project, path)
        if (project.root / notebook).is_file() and not project.is_scratch(notebook):
            chosen[notebook] = None
    return list(chosen)


class _Checker:
    """One pass over notebooks; what concerns all of them is looked up once."""

    def __init__(self, project: Project, record: Record, everything: list[str]) -> None:
        self._project = project
        self._record = record
        self._everything = everything
        self._known: dict[str, Entry] = {}
        self._seen: dict[str, Seen] = {}
        self._baseline = load_baseline(project)
        self._clashes = Clashes(project, everything)
        self._cache = CheckCache(project.root, project.state_dir)
        self._around = surroundings_of(project, record.packages)
        graph = infer_graph(project, record.observed)
        self._nodes: dict[str, Node] = {node.path: node for node in graph.nodes}
        self._of_pipeline: defaultdict[str, list[Problem]] = defaultdict(list)
        for one in graph.findings:
            # What cannot be read is found when the notebook is looked into.
            if not one.code.startswith("NBT9"):
                self._of_pipeline[one.path].append(Problem(one.code, one.message, one.cell_id))

    def close(self) -> None:
        """Keep what was found for the next time."""
        self._cache.forget_others(self._everything)
        self._cache.save()
        forget_trees()

    def findings(self, path: str) -> list[Finding]:
        """Everything that is wrong with one notebook."""
        project = self._project
        content, twin = self._look(path)
        problems = [*content.problems, *self._of_pipeline[path]]
        node = self._nodes.get(path)
        if node is not None:
            observed = self._record.observed.get(path)
            problems += datasets.problems_in(
                node.analysis, path, project.config, content.cells, observed
            )
        problems = together(apply_silences(problems, content.silences, ALL_RULES))
        is_old = partial(self._baseline.holds, project, path)
        found = name_findings(project, path, baseline=self._baseline, clashes=self._clashes)
        for problem in problems:
            fix = _offer(path, problem)
            finding = finding_of(project, BY_CODE[problem.code], path, problem, is_old, fix)
            if finding is not None:
                found.append(finding)
        if twin.problem is not None:
            code = twin.problem.code
            fix = twins.fix_of(project, code, path, twin.twin)
            finding = finding_of(project, BY_CODE[code], path, twin.problem, is_old, fix)
            if finding is not None:
                found.append(finding)
        return found

    def _look(self, path: str) -> tuple[Content, TwinCheck]:
        """What the notebook and its twin say, from the cache where nothing has changed."""
        known = self._known.get(path) or self._entry(path)
        if known is not None:
            return known.content, known.twin
        context = self._context(path)
        seen = self._seen.get(path) or look_at(self._project, self._record, path, context)
        if seen.stat is not None:
            around, base = self._digest(path, context), self._record.base(path)
            self._cache.keep(path, seen.stat, base, around, seen.content, seen.twin)
        return seen.content, seen.twin

    def look_ahead(self, paths: Sequence[str]) -> None:
        """Look at many notebooks in several processes, where they are not known yet."""
        entries = {path: self._entry(path) for path in paths}
        self._known = {path: entry for path, entry in entries.items() if entry is not None}
        new = [path for path in paths if path not in self._known]
        self._seen = look_at_many(self._project, {path: self._context(path) for path in new})

    def _entry(self, path: str) -> Entry | None:
        around = self._digest(path, self._context(path))
        return self._cache.get(path, self._record.base(path), around)

    def _context(self, path: str) -> CodeContext:
        category = parse_name(path, self._project.config.names).category
        node = self._nodes.get(path)
        return CodeContext(
            category=category,
            path=path,
            project_root_names=self._around.modules,
            locked=self._around.locked,
            reads=() if node is None else tuple(use.key for use in node.reads),
            writes=() if node is None else tuple(use.key for use in node.writes),
            has_test=self._around.tested(path),
        )

    def _digest(self, path: str, context: CodeContext) -> str:
        """Identity of all that enters beside the files of the pair and their last sync."""
        own = (
            self._shared,
            context.category,
            context.reads,
            context.writes,
            context.has_test,
            self._record.newest(path),
        )
        return sha256_bytes(msgspec.json.encode(own))

    @cached_property
    def _shared(self) -> str:
        config = msgspec.json.encode(self._project.config)
        state = f"{self._project.adopted} {self._around.digest()} {rules_stamp()} "
        return sha256_bytes(state.encode() + config)


def _offer(path: str, problem: Problem) -> Fix | None:
    """What mends a problem of the content, where nbtrail can."""
    if problem.code != TOO_LONG:
        return None
    from nbtrail.policy.splitting import fix_of

    return fix_of(path, problem)
