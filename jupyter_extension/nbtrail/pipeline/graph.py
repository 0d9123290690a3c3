"""The graph of a project's notebooks: which one needs what another one makes."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nbtrail.notebooks.names import is_draft, parse_name
from nbtrail.notebooks.parsing import forget_trees
from nbtrail.pipeline.edges import (
    find_edges,
    likely_moved,
    sort_key,
    with_origins,
    without_guesses,
)
from nbtrail.pipeline.ends import Made, dead_ends, sources
from nbtrail.pipeline.findings import cycles, missing_inputs, two_writers, unused
from nbtrail.pipeline.identity import Folders
from nbtrail.pipeline.inference.cache import AnalysisCache, Problem
from nbtrail.pipeline.inference.static import Analysis
from nbtrail.pipeline.model import Graph, Node, Observed, PipelineFinding
from nbtrail.pipeline.order import topological
from nbtrail.pipeline.settle import Uses, settle
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store

__all__ = ["Graph", "Node", "Observed", "build_graph", "infer_graph", "observed_files"]


def build_graph(project: Project, store: Store | None = None) -> Graph:
    """The graph of a project's notebooks, with what the ledger knows of them."""
    if store is None:
        return infer_graph(project)
    return infer_graph(project, observed_files(store), declared_origins(store))


def observed_files(store: Store) -> dict[str, Observed]:
    """Reads and writes of the last good run of every step."""
    from nbtrail.ledger.steps import latest_good_steps

    with store.read() as connection:
        records = latest_good_steps(connection)
    return {
        path: Observed(
            record.code_key,
            tuple(access.path for access in record.inputs),
            tuple(access.path for access in record.outputs),
        )
        for path, record in records.items()
    }


def declared_origins(store: Store) -> dict[str, str]:
    """The notebook that each one was made to go on from, where somebody said so."""
    from nbtrail.ledger.history import origins

    with store.read() as connection:
        return origins(connection)


def infer_graph(
    project: Project,
    observed: Mapping[str, Observed] | None = None,
    origins: Mapping[str, str] | None = None,
    *,
    drafts: bool = False,
) -> Graph:
    """Infer the graph from the notebooks and from what was observed.

    Parameters
    ----------
    observed
        Recorded reads and writes by notebook. They replace what static analysis says of the
        same code; of code that has changed since they only fill in what analysis left open.
    origins
        Notebooks that others were made to go on from. That counts until the notebook was
        seen to run: from then on, what it reads does.
    drafts
        Whether drafts are steps as well, as long as they have no name.
    """
    observed = observed or {}
    cache = AnalysisCache(project.root, project.state_dir, project.config.datasets.folder)
    paths = step_paths(project, drafts=drafts)
    cache.prepare(paths)
    findings: list[PipelineFinding] = []
    analyses: dict[str, Analysis] = {}
    for path in paths:
        found = cache.get(path)
        if isinstance(found, Problem):
            findings.append(PipelineFinding(found.code, "error", path, found.message))
        else:
            analyses[path] = found
    cache.forget_others(paths)
    cache.save()
    forget_trees()
    folders = Folders(project.root)
    uses = settle(project, analyses, observed, folders)
    edges = find_edges(project, uses, analyses.keys())
    edges = without_guesses(project, edges)
    said = {path: origin for path, origin in (origins or {}).items() if path not in observed}
    edges = with_origins(edges, said, analyses.keys())
    findings.extend(cycles(edges, analyses))
    findings.extend(two_writers(uses))
    made = Made(uses)
    findings.extend(missing_inputs(uses, made, folders))
    pairs = [(e.source, e.target) for e in edges] + likely_moved(project, uses, edges)
    order = topological(sorted(analyses), pairs, sort_key(project))
    aside = dead_ends(project, order, edges)
    findings.extend(unused(project, uses, aside))
    nodes = tuple(_node(project, path, analyses[path], uses[path], path in aside) for path in order)
    place = {path: index for index, path in enumerate(order)}
    edges.sort(key=lambda e: (place[e.source], place[e.target]))
    findings.sort(key=lambda f: (f.code, f.path))
    unreadable = tuple(path for path in paths if path not in analyses)
    inputs = sources(uses, analyses, made, folders)
    return Graph(nodes, tuple(edges), tuple(findings), unreadable, inputs)


def step_paths(project: Project, *, drafts: bool = False) -> list[str]:
    """Notebooks that are steps: all but excluded ones and, once adopted, unnamed drafts."""
    patterns = [re.compile(fnmatch.translate(p)) for p in project.config.pipeline.exclude]
    return [
        path
        for path in project.notebooks()
        if not any(pattern.match(path) for pattern in patterns)
        and (drafts or not (project.adopted and is_draft(path)))
    ]


def _node(project: Project, path: str, analysis: Analysis, uses: Uses, dead_end: bool) -> Node:
    name = parse_name(path, project.config.names)
    return Node(
        path=path,
        category=name.category,
        sequence=name.sequence,
        title=name.title,
        analysis=analysis,
        reads=tuple(uses.reads),
        writes=tuple(uses.writes),
        dead_end=dead_end,
    )
