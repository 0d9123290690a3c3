"""Running the cells of one notebook in a kernel, with nbclient."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from nbtrail.notebooks.cells import Cell, cells_of
from nbtrail.notebooks.document import Notebook
from nbtrail.pipeline.kernels import Kernel

#: nbclient's tag for cells that are not run.
SKIP = "skip-execution"


class CellFailure(msgspec.Struct, frozen=True):
    """Why a step failed. ``cell`` is the index among all cells, counted from 0."""

    name: str
    message: str
    cell: int | None = None
    cell_id: str | None = None

    @property
    def where(self) -> str:
        """`` in cell 2``, or nothing where no cell is to blame."""
        return "" if self.cell is None else f" in cell {self.cell + 1}"

    @property
    def what(self) -> str:
        """The error in one line, with its name where a cell raised it."""
        return self.message if self.cell is None else f"{self.name}: {self.message}"


def load_client() -> None:
    """Import nbclient, which takes its time, while a kernel starts.

    nbformat imports jsonschema, and that the grammar of internationalised addresses, which no
    notebook's schema asks for and whose import alone takes longer than all the rest. jsonschema
    goes on without it. Only to be called in a run's own process.
    """
    import sys

    grammar = "rfc3987_syntax"
    absent = grammar not in sys.modules
    if absent:
        sys.modules[grammar] = None  # type: ignore[assignment]
    try:
        import nbclient  # noqa: F401
    finally:
        if absent:
            del sys.modules[grammar]


async def run_cells(
    notebook: Notebook,
    kernel: Kernel,
    *,
    timeout: float,
    params: Mapping[str, Any],
    on_cell: Callable[[int], None],
) -> tuple[Notebook, CellFailure | None]:
    """Run all code cells in order, up to the first that fails.

    Parameters
    ----------
    timeout
        Seconds that one cell may take; 0 for no limit.
    params
        Assigned after the cell tagged ``parameters``, or first of all without one.
    on_cell
        Called with the number of code cells done.

    Returns
    -------
    The notebook with its new outputs, and why it failed or ``None``.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    node = _as_node(notebook)
    client = NotebookClient(
        node,
        km=kernel.manager,
        # The trait `timeout` knows whole seconds only.
        timeout_func=lambda _cell: timeout or None,
        record_timing=False,
        allow_errors=False,
        # As JupyterLab keeps them: how a kernel flushes its streams is no difference.
        coalesce_streams=True,
    )
    client.kc = kernel.client
    if kernel.client.language_info:
        # As JupyterLab does when it opens a notebook: else opening it there were a change.
        node["metadata"]["language_info"] = kernel.client.language_info
    cells = cells_of(notebook)
    tagged = next((c.index for c in cells if c.type == "code" and "parameters" in c.tags), None)
    done = 0
    for raw in node["cells"]:
        if raw["cell_type"] == "code":
            raw["outputs"], raw["execution_count"] = [], None
    current: Cell | None = None
    try:
        if params and tagged is None:
            await _assign(client, kernel, params)
        for cell in cells:
            if cell.type != "code":
                continue
            current = cell
            kernel.client.cell_id = cell.id
            await client.async_execute_cell(node["cells"][cell.index], cell.index)
            if params and cell.index == tagged:
                await _assign(client, kernel, params)
            done += 1
            on_cell(done)
        client.set_widgets_metadata()
    except CellExecutionError as error:
        return _as_notebook(node), _of_exception(error.ename, error.evalue, current)
    except CellTimeoutError:
        message = f"Cell {_number(current)} took longer than {timeout:g} s."
        return _as_notebook(node), _failure("CellTimeout", message, current)
    except DeadKernelError:
        message = f"The kernel died in cell {_number(current)}. It may have run out of memory."
        return _as_notebook(node), _failure("KernelDied", message, current)
    return _as_notebook(node), None


def code_cell_count(notebook: Notebook) -> int:
    """Number of code cells."""
    return sum(cell.type == "code" for cell in cells_of(notebook))


def executed_count(notebook: Notebook) -> int:
    """Number of cells that are sent to the kernel: nbclient leaves out blank and skipped ones."""
    return sum(
        cell.type == "code" and bool(cell.source.strip()) and SKIP not in cell.tags
        for cell in cells_of(notebook)
    )


def tagged_parameters(notebook: Notebook) -> dict[str, Any]:
    """Literal values that the cell tagged ``parameters`` assigns."""
    found: dict[str, Any] = {}
    for cell in cells_of(notebook):
        if cell.type != "code" or "parameters" not in cell.tags:
            continue
        try:
            tree = ast.parse(cell.source)
        except (SyntaxError, ValueError):
            continue
        for statement in tree.body:
            target: ast.expr | None = None
            value: ast.expr | None = None
            if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                target, value = statement.targets[0], statement.value
            elif isinstance(statement, ast.AnnAssign):
                target, value = statement.target, statement.value
            if isinstance(target, ast.Name) and value is not None:
                literal = _literal(value)
                if literal is not _NO_LITERAL:
                    found[target.id] = literal
    return found


_NO_LITERAL = object()


def _literal(node: ast.expr) -> Any:
    try:
        value = ast.literal_eval(node)
        return msgspec.json.decode(msgspec.json.encode(value))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _NO_LITERAL


async def _assign(client: Any, kernel: Kernel, params: Mapping[str, Any]) -> None:
    """Assign parameters in the kernel, as papermill's injected cell does."""
    from nbformat.v4 import new_code_cell

    source = "\n".join(f"{name} = {value!r}" for name, value in params.items())
    kernel.client.cell_id = "injected-parameters"
    # A place of its own: outputs of this cell belong to none of the notebook's.
    client.nb["cells"].append(new_code_cell(source))  # type: ignore[no-untyped-call]
    try:
        index = len(client.nb["cells"]) - 1
        await client.async_execute_cell(client.nb["cells"][index], index)
    finally:
        client.nb["cells"].pop()


def _as_node(notebook: Notebook) -> Any:
    """The notebook as nbclient wants it: multi-line strings joined, nodes with attributes."""
    from nbformat import from_dict
    from nbformat.v4.rwbase import rejoin_lines

    return rejoin_lines(from_dict(notebook))  # type: ignore[no-untyped-call]


def _as_notebook(node: Any) -> Notebook:
    """Plain dictionaries and lists in place of nbformat's nodes."""
    return {key: _plain(entry) for key, entry in node.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return value


def _of_exception(name: str, value: str, cell: Cell | None) -> CellFailure:
    if name == "StdinNotImplementedError":
        message = (
            f"Cell {_number(cell)} asks for input(), and in a run nobody is there to answer. "
            "Put the value into a cell tagged parameters."
        )
        return _failure(name, message, cell)
    return _failure(name, value, cell)


def _failure(name: str, message: str, cell: Cell | None) -> CellFailure:
    return CellFailure(
        name, message, None if cell is None else cell.index, None if cell is None else cell.id
    )


def _number(cell: Cell | None) -> str:
    return "?" if cell is None else str(cell.index + 1)
