"""What kernels import while they wait: nothing that changes what a step does or shows."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from nbtrail.pipeline.ahead import leading_imports
from nbtrail.pipeline.kernels import Kernel, KernelPool, Wish

from .conftest import Folder, step


def notebook(*sources: str) -> dict[str, Any]:
    return {
        "cells": [
            {"cell_type": "code", "metadata": {}, "source": source, "outputs": []}
            for source in sources
        ]
    }


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        (("import json\nimport pandas as pd",), ("import pandas as pd",)),
        (("'''Why'''\nseed: int = 7\nnames = ['a']", "import numpy"), ("import numpy",)),
        (("%matplotlib inline\nfrom sklearn import svm",), ("from sklearn import svm",)),
        (("import pandas\nimport mine\nimport numpy",), ("import pandas",)),
        (("import os\nos.environ['OMP_NUM_THREADS'] = '1'\nimport numpy",), ()),
        (("%env OMP_NUM_THREADS=1\nimport numpy",), ()),
        (("x = open('f')\nimport numpy",), ()),
        (("try:\n    import torch\nexcept ImportError:\n    pass",), ()),
        (("from . import numpy",), ()),
        (("import numpy, mine",), ()),
        (("def broken(", "import numpy"), ()),
    ],
)
def test_only_what_comes_first_anyway(
    tmp_path: Path, sources: tuple[str, ...], found: tuple[str, ...]
) -> None:
    assert leading_imports(notebook(*sources), tmp_path) == found


def test_not_what_lies_beside_the_notebook(tmp_path: Path) -> None:
    book = notebook("import numpy\nimport pandas")
    (tmp_path / "pandas.py").touch()
    assert leading_imports(book, tmp_path) == ("import numpy",)
    # matplotlib would read it, and the step's record would not have it.
    (tmp_path / "matplotlibrc").touch()
    assert leading_imports(book, tmp_path) == ()


async def answer(kernel: Kernel, code: str) -> str:
    """What the kernel prints for some code."""
    asked = kernel.client.execute(code)
    printed = ""
    while True:
        message = await kernel.client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") != asked:
            continue
        if message["msg_type"] == "stream":
            printed += message["content"]["text"]
        if message["content"].get("execution_state") == "idle":
            return printed.strip()


@pytest.mark.parametrize(
    ("module", "loaded"),
    [
        ("x = 1", True),
        ("print('hello')", False),
        ("import warnings\nwarnings.warn('old', FutureWarning)", False),
        ("raise ImportError('no')", False),
        ("import os\nos._exit(1)", False),
    ],
)
def test_a_kernel_that_shows_something_is_replaced(
    tmp_path: Path, module: str, loaded: bool
) -> None:
    (tmp_path / "library.py").write_text(module)
    wish = Wish("python3", str(tmp_path), ("import library",))

    async def work() -> str:
        pool = KernelPool(dict(os.environ))
        try:
            pool.prepare([Wish("python3", str(tmp_path)), wish])
            kernel = await pool.take(wish)
            return await answer(
                kernel,
                "import sys\nprint('library' in sys.modules, 'library' in globals(), len(_ih))",
            )
        finally:
            await pool.close()

    # Nothing is left among the user's names, nor in the history of cells.
    assert asyncio.run(work()) == f"{loaded} False 2"


def test_a_step_is_recorded_as_without(folder: Folder) -> None:
    path = "1-EXPLORATION-table.ipynb"
    folder.file("data.csv", "a,b\n1,2\n")
    folder.notebook(path, "import pandas as pd", "table = pd.read_csv('data.csv')", "table")
    runs = [folder.run()]
    outputs = folder.outputs(path)
    (folder.root / "nbtrail.toml").write_text("[pipeline]\nimport_ahead = false\n")
    runs.append(folder.run(force=True))
    ahead, plain = (step(detail, path) for detail in runs)
    assert [access.path for access in ahead.inputs] == ["data.csv"]
    assert (plain.inputs, plain.outputs) == (ahead.inputs, ahead.outputs)
    assert runs[0].summary.environment == runs[1].summary.environment
    assert folder.outputs(path) == outputs


def test_what_another_step_is_about_to_take_is_kept(tmp_path: Path) -> None:
    first, second, third = (Wish("python3", str(tmp_path), (f"import {m}",)) for m in "abc")
    for name in "abc":
        (tmp_path / f"{name}.py").touch()

    async def work() -> str:
        pool = KernelPool(dict(os.environ))
        try:
            pool.prepare([first, second, third])
            pool.prepare([first, third], kept={second})
            seen = [
                await answer(
                    await pool.take(wish), "import sys\nprint(*(m in sys.modules for m in 'abc'))"
                )
                for wish in (first, second, third)
            ]
            return ", ".join(seen)
        finally:
            await pool.close()

    # What is needed now does not wait for imports; the others have theirs and nobody else's.
    assert asyncio.run(work()) == "False False False, False True False, False False True"
