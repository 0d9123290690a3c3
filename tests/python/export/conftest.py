"""A small pipeline with a recorded run, on a kernel that has nothing but ipykernel."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbtrail.app import OpenProject, open_project

BARE = Path(sys.prefix) / "bare" / "bin" / "python"
#: As hard on shells, YAML, JSON and Markdown as a file name can be.
HARD = 'sub dir/-CLEANING it\'s a "half" $(touch pwned) `id` [1] {x} 50% & é|#.ipynb'
LAST = "EXPERIMENTAL-mean-of-halves.ipynb"

_spec = importlib.util.spec_from_file_location(
    "nbtrail_pipeline_conftest", Path(__file__).parent.parent / "pipeline" / "conftest.py"
)
assert _spec is not None
assert _spec.loader is not None
_pipeline = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_pipeline)


def fill(folder: Any, kernel: str) -> None:
    """Two notebooks, a module, an input, a parameter, a metric of each kind."""
    folder.file("raw.csv", "a,b\n1,2.5\n3,4.5\n")
    folder.file(".env", "TOKEN=1\n")
    folder.file("notes.txt", "not read by any notebook\n")
    folder.file("helper.py", "def twice(x):\n    return x * 2\n")
    folder.notebook(
        HARD,
        "import csv, os\nrows = list(csv.reader(open('../raw.csv')))[1:]",
        "with open('../halves.csv', 'w') as file:\n"
        "    file.write('half\\n')\n"
        "    for row in rows:\n"
        "        file.write(f'{float(row[1]) / 2}\\n')\n"
        "print(os.environ['NBTRAIL_DATE'])\n"
        "first_loss = float('nan')",
        kernel=kernel,
    )
    folder.notebook(
        LAST,
        "factor = 2",
        "from helper import twice\n"
        "values = [float(line) for line in open('halves.csv').read().split()[1:]]\n"
        "test_auc = twice(sum(values)) * factor / 3\n"
        "open('figures/mean.txt', 'w').write(str(factor))\n",
        kernel=kernel,
        tag="parameters",
    )
    (folder.root / "figures").mkdir()


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenProject]:
    """The pipeline after a run with a parameter; tests do not change it."""
    assert BARE.exists(), "run `make test-python` once: it installs the environments"
    place = tmp_path_factory.mktemp("recorded")
    spec = place / "jupyter" / "kernels" / "bare"
    spec.mkdir(parents=True)
    argv = [str(BARE), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    facts = {"argv": argv, "display_name": "bare", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(facts))
    folder = _pipeline.Folder(place / "project")
    fill(folder, "bare")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(place / "jupyter"))
        patch.setenv("NBTRAIL_DATE", "2026-11-20")
        run = folder.run(params={"factor": 4})
    assert run.summary.status == "ok", run
    folder.close()
    with open_project(folder.root) as project:
        yield project
