"""Names that the code after a cell needs from the code before it."""

from __future__ import annotations

from dataclasses import dataclass

from nbtrail.notebooks.cells import code_cells_of, language
from nbtrail.notebooks.dataflow import Function, flow_of
from nbtrail.notebooks.document import Notebook


@dataclass(frozen=True, slots=True)
class Crossing:
    """What is used after a cut and made before it: values, modules, functions and classes."""

    data: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()


def crossing(notebook: Notebook, at: int) -> Crossing:
    """Names carried over a cut before the cell with index ``at``."""
    if not isinstance(notebook.get("metadata"), dict) or language(notebook) != "python":
        return Crossing()
    made: dict[str, str] = {}
    flows = [(cell.index, flow_of(cell.source)) for cell in code_cells_of(notebook)]
    functions: dict[str, Function] = {}
    for index, flow in flows:
        if index < at:
            functions.update(flow.functions)
            for name in flow.defines:
                made[name] = "imports" if name in flow.imports else "data"
            made.update(dict.fromkeys(flow.functions, "functions"))
    needed: set[str] = set()
    fresh: set[str] = set()
    for index, flow in flows:
        if index >= at:
            needed |= flow.uses - fresh
            fresh |= flow.defines
    waiting = [name for name in needed if made.get(name) == "functions"]
    while waiting:  # functions that go along take with them what they use
        used = functions[waiting.pop()].flow.uses if waiting else frozenset()
        waiting += [n for n in used - needed if made.get(n) == "functions" and n in functions]
        needed |= used
    found = {kind: frozenset(n for n in needed if made.get(n) == kind) for kind in
             ("data", "imports", "functions")}  # fmt: skip
    return Crossing(**found)
