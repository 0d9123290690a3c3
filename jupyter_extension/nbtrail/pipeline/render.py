"""The graph as JSON, Mermaid, Graphviz and plain text."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import msgspec

from nbtrail.pipeline.model import UNUSED, Edge, Graph, Source, StepState

#: How many files of an edge, and how many inputs, are written out.
_FILES, _INPUTS = 8, 40
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
        "inputs": [msgspec.to_builtins(source) for source in graph.inputs],
        "findings": [msgspec.to_builtins(finding) for finding in graph.findings],
    }


def as_text(graph: Graph, states: Mapping[str, StepState] | None = None) -> str:
    """The order, a step a line, with what each needs; what leads nowhere stands apart."""
    if not graph.nodes and not graph.findings:
        return "There are no notebooks here.\n"
    states = states or {}
    needs: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in graph.edges:
        needs[edge.target].append(edge)
    width = len(str(len(graph.nodes)))
    path: list[str] = []
    aside: list[str] = []
    for number, node in enumerate(graph.nodes, 1):
        lines = aside if node.dead_end else path
        state = states.get(node.path, _NOT_RUN)
        lines.append(f"{number:>{width}}. {node.path}  [{state.status}]")
        for edge in needs[node.path]:
            files = ", ".join(f"{via.path} ({via.evidence})" for via in edge.via[:_FILES])
            more = f" and {len(edge.via) - _FILES} more" if len(edge.via) > _FILES else ""
            lines.append(f"{'':>{width}}    needs {edge.source} for {files}{more}")
    inputs = [_source(source) for source in graph.inputs[:_INPUTS]]
    if len(graph.inputs) > _INPUTS:
        inputs.append(f"  and {len(graph.inputs) - _INPUTS} more (--json has them all)")
    sections = [
        path,
        ["Dead ends (no result needs them):", *aside] if aside else [],
        ["Read, and made by no notebook:", *inputs] if inputs else [],
        [f"{f.severity}: {f.code} {f.message}" for f in graph.findings if f.code != UNUSED],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _source(source: Source) -> str:
    where = {True: "", False: "  (not there)", None: "  (web)"}[source.exists]
    more = f" and {len(source.steps) - 2} more" if len(source.steps) > 2 else ""
    return f"  {source.path}{where}  by {', '.join(source.steps[:2])}{more}"


def as_mermaid(graph: Graph) -> str:
    """A Mermaid flowchart; what leads nowhere is dashed and in a box of its own."""
    names = {node.path: f"n{index}" for index, node in enumerate(graph.nodes)}
    lines = ["flowchart TD"]
    for node in graph.nodes:
        if not node.dead_end:
            lines.append(f'  {names[node.path]}["{_escape(_label(node.path))}"]')
    aside = [node.path for node in graph.nodes if node.dead_end]
    if aside:
        lines.append('  subgraph aside ["dead ends"]')
        lines += [f'    {names[path]}["{_escape(_label(path))}"]:::aside' for path in aside]
        lines += ["  end", "  classDef aside stroke-dasharray:4 4,color:#777"]
    for edge in graph.edges:
        label = _escape(_files(edge.via))
        arrow = "-.->" if edge.target in aside else "-->"
        lines.append(f'  {names[edge.source]} {arrow}|"{label}"| {names[edge.target]}')
    return "\n".join(lines) + "\n"


def as_dot(graph: Graph) -> str:
    """A Graphviz digraph; what leads nowhere is dashed and in a box of its own."""
    lines = ["digraph pipeline {", "  rankdir=TB;", "  node [shape=box];"]
    aside = [node.path for node in graph.nodes if node.dead_end]
    for node in graph.nodes:
        if not node.dead_end:
            lines.append(f"  {_quote(node.path)} [label={_quote(_label(node.path))}];")
    if aside:
        lines += ["  subgraph cluster_aside {", '    label="dead ends"; style=dashed;']
        lines.append("    node [style=dashed, fontcolor=gray40];")
        lines += [f"    {_quote(path)} [label={_quote(_label(path))}];" for path in aside]
        lines.append("  }")
    for edge in graph.edges:
        style = ", style=dashed" if edge.target in aside else ""
        label = _quote(_files(edge.via))
        lines.append(f"  {_quote(edge.source)} -> {_quote(edge.target)} [label={label}{style}];")
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
