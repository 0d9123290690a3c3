"""Steps with an environment of their own, and environments that change."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from nbtrail.errors import KernelError
from nbtrail.pipeline.environments import what_changed
from nbtrail.pipeline.graph import build_graph
from nbtrail.pipeline.status import StepState, step_states
from nbtrail.proof import verify

from .conftest import Folder, statuses

WHERE = "import sys\nprint(sys.prefix)\nimport only_there\nthere_score = only_there.VALUE"


def make_environment(folder: Path, version: str, value: int) -> Path:
    """A virtual environment with what the tests' own has, and a package of its own."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "outer.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (site / f"only_there-{version}.dist-info").mkdir()
    (site / "only_there.py").write_text(f"VALUE = {value}\n")
    return site


def declare(folder: Folder, text: str) -> None:
    folder.file("nbtrail.toml", text)


TWO = """
[[pipeline.steps]]
path = "CLEANING-here.ipynb"
environment = "envs/one"

[[pipeline.steps]]
path = "EXPERIMENTAL-there.ipynb"
environment = "envs/two"
"""


def state(folder: Folder, path: str) -> StepState:
    graph = build_graph(folder.project, folder.store)
    return step_states(folder.project, folder.store, graph)[path]


def test_each_step_runs_in_its_own_environment(folder: Folder) -> None:
    make_environment(folder.root / "envs" / "one", "1.0", 1)
    site = make_environment(folder.root / "envs" / "two", "2.0", 2)
    folder.notebook("CLEANING-here.ipynb", WHERE, "open('a.txt', 'w').write('a')")
    folder.notebook("EXPERIMENTAL-there.ipynb", WHERE, "open('a.txt').read()")
    declare(folder, TWO)
    done = folder.run()
    assert done.summary.status == "ok", done
    for name, path in (("one", "CLEANING-here.ipynb"), ("two", "EXPERIMENTAL-there.ipynb")):
        assert "".join(folder.outputs(path)[0][0]["text"]).strip().endswith(f"envs/{name}")
    assert [step.metrics for step in done.steps] == [{"there_score": 1.0}, {"there_score": 2.0}]
    assert set(statuses(folder.run()).values()) == {"cached"}

    # It is part of the key, and named as the reason.
    (site / "only_there-2.0.dist-info").rename(site / "only_there-2.1.dist-info")
    (site / "newcomer-0.1.dist-info").mkdir()
    assert state(folder, "CLEANING-here.ipynb").status == "fresh"
    found = state(folder, "EXPERIMENTAL-there.ipynb")
    assert found.status == "stale"
    assert found.why == "Its environment changed: only-there 2.0 → 2.1, newcomer added."
    assert list(statuses(folder.run()).values()) == ["cached", "ran"]
    assert state(folder, "EXPERIMENTAL-there.ipynb").status == "fresh"

    # A verify runs in a copy of the project, without its environments.
    proven = folder.wait(verify.start(folder.project, folder.store))
    assert proven.summary.verdict == "identical", proven

    declare(folder, TWO.replace("envs/two", "envs/one"))
    why = state(folder, "EXPERIMENTAL-there.ipynb").why
    assert why == "It ran in another environment than the one that nbtrail.toml names."


def test_a_kernel_of_an_environment_or_of_all(folder: Folder) -> None:
    root = folder.root / "envs" / "one"
    make_environment(root, "1.0", 1)
    spec = root / "share" / "jupyter" / "kernels" / "mine"
    spec.mkdir(parents=True)
    argv = ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    facts = {"argv": argv, "language": "python", "display_name": "m", "env": {"FROM_SPEC": "yes"}}
    (spec / "kernel.json").write_text(json.dumps(facts))
    code = "import os, sys\nprint(sys.prefix, os.environ.get('FROM_SPEC'))"
    folder.notebook("CLEANING-here.ipynb", code, kernel="of-another-machine")
    folder.notebook("CLEANING-plain.ipynb", code, kernel="of-another-machine")
    steps = (
        '[[pipeline.steps]]\npath = "CLEANING-here.ipynb"\n'
        'environment = "envs/one"\nkernel = "mine"\n'
        '[[pipeline.steps]]\npath = "CLEANING-plain.ipynb"\nkernel = "python3"\n'
    )
    declare(folder, steps)
    done = folder.run()
    assert done.summary.status == "ok", done
    assert "".join(folder.outputs("CLEANING-here.ipynb")[0][0]["text"]).endswith("envs/one yes\n")
    said = "".join(folder.outputs("CLEANING-plain.ipynb")[0][0]["text"])
    assert said == f"{os.path.abspath(sys.prefix)} None\n"


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ('environment = "envs/none"', "envs/none, and there is none. Make it with `nbtrail env"),
        ('environment = "envs/empty"', "no ipykernel. Install it: envs/empty/bin/python -m pip"),
        ('kernel = "nobody"', "kernel nobody, which is not there"),
        ('environment = "envs/empty"\nkernel = "r"', "no ipykernel"),
    ],
)
def test_what_is_missing_is_said_before_anything_runs(
    folder: Folder, declared: str, message: str
) -> None:
    empty = folder.root / "envs" / "empty"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(empty)], check=True)
    folder.notebook("CLEANING-first.ipynb", "open('first.txt', 'w').write('x')")
    folder.notebook("EXPERIMENTAL-second.ipynb", "open('first.txt').read()")
    declare(folder, f'[[pipeline.steps]]\npath = "EXPERIMENTAL-second.ipynb"\n{declared}\n')
    with pytest.raises(KernelError) as error:
        folder.start()
    assert message in str(error.value)
    assert not (folder.root / "first.txt").exists()
    done = folder.run(notebooks=("CLEANING-first.ipynb",))
    assert done.summary.status == "ok", "what is not asked for need not be there"


def test_what_changed_in_an_environment(tmp_path: Path) -> None:
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    packages = {"a-b": "1.0", "c": "2", "d": "3"}
    for name, version in packages.items():
        (site / f"{name.replace('-', '_')}-{version}.dist-info").mkdir()
    recorded = {"python": {"prefix": str(tmp_path)}, "packages": packages}
    assert what_changed(recorded) is None
    (site / "a_b-1.0.dist-info").rename(site / "A.B-1.1.dist-info")
    (site / "c-2.dist-info").rmdir()
    assert what_changed(recorded) == "a-b 1.0 → 1.1", "it may have others from elsewhere"
    (tmp_path / "pyvenv.cfg").write_text("include-system-site-packages = false\n")
    assert what_changed(recorded) == "a-b 1.0 → 1.1, c removed"
    assert what_changed({"python": {"prefix": "/nowhere"}, "packages": packages}) is None
    assert what_changed({}) is None
