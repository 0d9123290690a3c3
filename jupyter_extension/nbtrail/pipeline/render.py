"""The graph as JSON, Mermaid, Graphviz and plain text."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

import msgspec

from nbtrail.pipeline.graph import Graph
from nbtrail.pipeline.status import StepState

_NOT_RUN = StepState("never-run")


def as_json(graph: Graph, states: Mapping[str, StepState] | None = None) -> dict[str, Any]:
    """The shape of ``nbtrail graph --json`` and of ``GET graph``."""
    states = states or {}
    steps = []
    for node in graph.nodes:
        state = states.get(node.path, _NOT_RUN)
        steps.append(
            {
                "path": node.path,
                "category": node.category,
                "sequence": node.sequence,
                "title": node.title,
                "status": state.status,
                "why": state.why,
                "seconds": state.seconds,
                "metrics": dict(state.metrics),
                "dead_end": node.dead_end,
            }
        )
    return {
        "steps": steps,
        "edges": [msgspec.to_builtins(edge) for edge in graph.edges],
        "order": list(graph.order),
        "findings": [msgspec.to_builtins(finding) for finding in graph.findings],
    }


def as_text(graph: Graph, states: Mapping[str, StepState] | None = None) -> str:
    """The order, a step a line, with what each needs."""
    states = states or {}
    lines = []
    width = len(str(len(graph.nodes)))
    for number, node in enumerate(graph.nodes, 1):
        state = states.get(node.path, _NOT_RUN)
        note = "  (nobody uses it)" if node.dead_end and len(graph.nodes) > 1 else ""
        lines.append(f"{number:>{width}}. {node.path}  [{state.status}]{note}")
        for edge in graph.edges:
            if edge.target == node.path:
                files = ", ".join(f"{via.path} ({via.evidence})" for via in edge.via)
                lines.append(f"{'':>{width}}    needs {edge.source} for {files}")
    for finding in graph.findings:
        lines.append(f"{finding.severity}: {finding.code} {finding.message}")
    return "\n".join(lines) + "\n" if lines else "There are no notebooks here.\n"


def as_mermaid(graph: Graph) -> str:
    """A Mermaid flowchart."""
    names = {node.path: f"n{index}" for index, node in enumerate(graph.nodes)}
    lines = ["flowchart TD"]
    for node in graph.nodes:
        lines.append(f'  {names[node.path]}["{_escape(_label(node.path))}"]')
    for edge in graph.edges:
        label = _escape(_files(edge.via))
        lines.append(f'  {names[edge.source]} -->|"{label}"| {names[edge.target]}')
    return "\n".join(lines) + "\n"


def as_dot(graph: Graph) -> str:
    """A Graphviz digraph."""
    lines = ["digraph pipeline {", "  rankdir=TB;", "  node [shape=box];"]
    for node in graph.nodes:
        lines.append(f"  {_quote(node.path)} [label={_quote(_label(node.path))}];")
    for edge in graph.edges:
        label = _quote(_files(edge.via))
        lines.append(f"  {_quote(edge.source)} -> {_quote(edge.target)} [label={label}];")
    return "\n".join([*lines, "}"]) + "\n"


def _label(path: str) -> str:
    return posixpath.splitext(path)[0]


def _files(via: tuple[Any, ...]) -> str:
    names = [posixpath.basename(one.path) for one in via]
    more = f" +{len(names) - 2}" if len(names) > 2 else ""
    return ", ".join(names[:2]) + more


def _escape(text: str) -> str:
    return text.replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;")


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
