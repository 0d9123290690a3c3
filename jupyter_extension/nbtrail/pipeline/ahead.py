"""What a kernel that waits for its step may import: what the notebook imports first anyway.

Importing pandas, scikit-learn and pyplot takes longer than many a step's own work, and a kernel
that is started ahead of need has the time. It is as fresh as any other: only statements are taken
that nothing but other imports and plain values come before, only of libraries that say and read
nothing when they are imported, and a kernel in which something was said all the same is
not used (`nbtrail.pipeline.kernels`).
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from nbtrail.notebooks.cells import cells_of
from nbtrail.notebooks.document import Notebook

USUAL = frozenset(
    "PIL altair bokeh catboost cv2 geopandas h5py imblearn joblib lightgbm matplotlib networkx "
    "numpy pandas plotly polars pyarrow scipy seaborn shapely skimage sklearn statsmodels sympy "
    "torch torchvision tqdm xgboost".split()
)
#: Read by matplotlib from the working folder when it is imported: the step's own input.
_SETTINGS = "matplotlibrc"
_INLINE = "%matplotlib inline"


def leading_imports(notebook: Notebook, folder: Path) -> tuple[str, ...]:
    """Imports of usual libraries that a notebook begins with, as Python statements.

    Parameters
    ----------
    folder
        Where the kernel works: what lies there under a library's name is not the library.
    """
    if (folder / _SETTINGS).exists():
        return ()
    found: list[str] = []
    for cell in cells_of(notebook):
        if cell.type != "code":
            continue
        lines = [line for line in cell.source.splitlines() if line.strip() != _INLINE]
        try:
            statements = ast.parse("\n".join(lines)).body
        except (SyntaxError, ValueError):
            return tuple(found)
        for statement in statements:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                libraries = _libraries(statement)
                if libraries <= sys.stdlib_module_names:
                    continue
                if not all(name in USUAL and not _lies_in(folder, name) for name in libraries):
                    return tuple(found)
                found.append(ast.unparse(statement))
            elif not _is_plain(statement):
                return tuple(found)
    return tuple(found)


def import_code(statements: tuple[str, ...]) -> str:
    """One expression that carries statements out and leaves no name behind."""
    return f"exec({chr(10).join(statements)!r}, {{}})"


def _libraries(statement: ast.Import | ast.ImportFrom) -> set[str]:
    if isinstance(statement, ast.Import):
        return {alias.name.partition(".")[0] for alias in statement.names}
    return {"" if statement.level else (statement.module or "").partition(".")[0]}


def _lies_in(folder: Path, name: str) -> bool:
    return (folder / name).exists() or (folder / f"{name}.py").exists()


def _is_plain(statement: ast.stmt) -> bool:
    """Whether a statement is a text or gives plain values to names, such as parameters."""
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Assign):
        named = all(isinstance(target, ast.Name) for target in statement.targets)
    elif isinstance(statement, ast.AnnAssign):
        named = isinstance(statement.target, ast.Name) and isinstance(
            statement.annotation, ast.Name
        )
    else:
        return False
    try:
        ast.literal_eval(statement.value or ast.Constant(None))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return named
