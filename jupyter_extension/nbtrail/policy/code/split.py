"""One notebook made into two, so that the second says what it needs of the first."""

from __future__ import annotations

import ast
import copy
import hashlib
from typing import Any

from nbtrail.errors import NotFoundError, UsageError
from nbtrail.notebooks.cells import cells_of, code_cells_of
from nbtrail.notebooks.document import Notebook
from nbtrail.pipeline.inference.source import parse_cell
from nbtrail.policy.code.crossing import Crossing, crossing

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def split_notebook(
    notebook: Notebook, at_cell_id: str, first_name: str = "the first notebook"
) -> tuple[Notebook, Notebook]:
    """Cut before a cell; the notebook itself stays as it is.

    All cells are in one of the two, with their ids and outputs. The second gets two cells more:
    one that names the values it needs from the first, and one with the imports, functions and
    classes that it uses.

    Raises
    ------
    NotFoundError
        When there is no such cell.
    UsageError
        When one of the two would hold no code.
    """
    cells = cells_of(notebook)
    at = next((cell.index for cell in cells if cell.id == at_cell_id), None)
    if at is None:
        raise NotFoundError(
            f"There is no cell {at_cell_id} in this notebook.",
            hint="`nbtrail check` names the cell where a long notebook can be split.",
        )
    code = [cell.index for cell in cells if cell.type == "code" and cell.source.strip()]
    if not any(index < at for index in code) or not any(index >= at for index in code):
        raise UsageError(
            "One of the two parts would hold no code.", hint="Choose a cell further inside."
        )
    carried = crossing(notebook, at)
    first, second = copy.deepcopy(notebook), copy.deepcopy(notebook)
    first["cells"] = first["cells"][:at]
    second["cells"] = [*_opening(notebook, at, carried, first_name), *second["cells"][at:]]
    return first, second


def _opening(
    notebook: Notebook, at: int, carried: Crossing, first_name: str
) -> list[dict[str, Any]]:
    with_ids = "id" in notebook["cells"][at]
    opening = []
    names = sorted(carried.data)
    if names:
        listed = "\n".join(f"- `{name}`" for name in names)
        text = (
            f"Goes on from {first_name}, and needs of it:\n\n{listed}\n\n"
            'Write them at its end, for instance with `nbtrail.dataset("…", "w")`, and read them '
            "here."
        )
        opening.append(_cell("markdown", text, at, with_ids))
    setup = _setup(notebook, at, carried)
    if setup:
        opening.append(_cell("code", setup, at, with_ids))
    return opening


def _setup(notebook: Notebook, at: int, carried: Crossing) -> str:
    """Imports, functions and classes of the first part that the second uses."""
    imports: dict[str, None] = {}
    definitions: dict[str, str] = {}
    for cell in code_cells_of(notebook):
        if cell.index >= at:
            break
        tree = parse_cell(cell.source)
        for statement in tree.body if tree is not None else ():
            if isinstance(statement, ast.Import | ast.ImportFrom):
                kept = [a for a in statement.names if _bound(a) in carried.imports or a.name == "*"]
                if kept:  # the tree belongs to others, too: another statement
                    fields = {**dict(ast.iter_fields(statement)), "names": kept}
                    imports[ast.unparse(type(statement)(**fields))] = None
            elif isinstance(statement, _Definition) and statement.name in carried.functions:
                definitions.pop(statement.name, None)  # the last of a name, at its place
                definitions[statement.name] = _source(cell.source, statement)
    parts = ["\n".join(imports), *definitions.values()]
    return "\n\n\n".join(part for part in parts if part)


def _bound(alias: ast.alias) -> str:
    return (alias.asname or alias.name).partition(".")[0]


def _source(text: str, node: _Definition) -> str:
    """As it was written, comments and decorators too, where the lines hold it."""
    start = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    written = "\n".join(text.replace("\r\n", "\n").split("\n")[start - 1 : node.end_lineno])
    try:
        again = ast.parse(written).body
    except SyntaxError:
        again = []
    same = len(again) == 1 and ast.dump(again[0]) == ast.dump(node)
    return written if same else ast.unparse(node)


def _cell(kind: str, source: str, at: int, with_id: bool) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source}
    if with_id:
        cell["id"] = hashlib.sha256(f"{kind}:{at}:{source}".encode()).hexdigest()[:12]
    if kind == "code":
        cell.update(execution_count=None, outputs=[])
    return cell
