"""Which steps of a run can start: those whose sources have ended."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from nbtrail.pipeline.findings import cycles
from nbtrail.pipeline.model import MISSING_INPUT, Graph
from nbtrail.pipeline.order import components


class Schedule:
    """What each step of a run waits for.

    Edges say what a step needs. Where not all files of a step are known, nothing says that it is
    independent: it waits for all that come before it in the order as well, and so does a step
    that reads what nobody is known to make, for those before it whose files are not all known.

    Parameters
    ----------
    steps
        Paths, in order.
    """

    def __init__(self, graph: Graph, steps: Sequence[str]) -> None:
        # By the order of the run, which may be older than the graph: nobody waits in a circle.
        place = {path: index for index, path in enumerate(steps)}
        needs: dict[str, list[str]] = {path: [] for path in steps}
        for edge in graph.edges:
            source, target = place.get(edge.source), place.get(edge.target)
            if source is not None and target is not None and source < target:
                needs[edge.target].append(edge.source)
        lacking = {finding.path for finding in graph.findings if finding.code == MISSING_INPUT}
        unclear = {
            node.path
            for node in graph.nodes
            if node.analysis.unresolved
            and all(use.evidence == "static" for use in (*node.reads, *node.writes))
        }
        self._circles = _circles(graph, place)
        self._needs = {path: tuple(sources) for path, sources in needs.items()}
        self._after: dict[str, tuple[str, ...]] = {}
        for index, path in enumerate(steps):
            before = steps[:index]
            if path in unclear:
                self._after[path] = tuple(before)
            elif path in lacking:
                self._after[path] = tuple(p for p in before if p in unclear)

    def needs(self, path: str) -> tuple[str, ...]:
        """Steps of the run that must have ended well before this one."""
        return self._needs[path]

    def circle(self, path: str) -> str | None:
        """Why a step has no place in any order: it needs what needs it, all in this run."""
        return self._circles.get(path)

    def can_start(self, path: str, ended: Collection[str]) -> bool:
        """Whether all that the step waits for has ended, well or badly."""
        return all(p in ended for p in (*self._needs[path], *self._after.get(path, ())))


def _circles(graph: Graph, steps: Collection[str]) -> dict[str, str]:
    """What is wrong with each of the steps that need each other, in a sentence."""
    edges = [edge for edge in graph.edges if edge.source in steps and edge.target in steps]
    home = components([(edge.source, edge.target) for edge in edges])
    said = {home[found.path]: found.message for found in cycles(edges, steps)}
    return {path: said[number] for path, number in home.items() if number in said}
