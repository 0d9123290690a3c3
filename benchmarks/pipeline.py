"""How long does a pipeline of five notebooks take beside the script that it replaces?

nbtrail, one ``jupyter nbconvert --execute --inplace`` a notebook, one papermill a notebook and a
cold Ploomber build take turns, each on a fresh copy of the same project. Peers are taken from the
environment that ``--peers`` names, else from nbtrail's own, else from ``PATH``.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline_projects import LIGHT, REAL, Step, change, make_light, make_real
from tables import Table, clean_environment, python

#: Variable with the Python of an environment that has the peers.
PEERS = "NBTRAIL_BENCHMARK_PEERS"
#: Turns at most: one of the real project takes minutes.
_MOST = 3

#: Longest times allowed, as a share of the script's.
LIGHT_LIMIT, REAL_LIMIT, BRANCH_LIMIT = 0.25, 0.60, 0.45
#: Longest time allowed when nothing has changed, in seconds.
AGAIN_LIMIT = 0.6

_SCRIPT = "jupyter nbconvert, each"
_PAPERMILL = "papermill, each"
_PLOOMBER = "Ploomber, cold"
_BARE = "the same code in one bare process"
_RUN = "nbtrail run --force"
_BRANCH = "nbtrail run --force --jobs 2"
_AGAIN = "nbtrail run, nothing changed"
_CHANGED = "nbtrail run, the fourth changed"
_PLOOMBER_AGAIN = "Ploomber, nothing changed"

_BARE_PROGRAM = """
import json, os, sys
os.environ["MPLBACKEND"] = "agg"
for name in sys.argv[1:]:
    space = {}
    for cell in json.load(open(name))["cells"]:
        exec(cell["source"], space)
    plt = sys.modules.get("matplotlib.pyplot")
    if plt is not None:
        plt.close("all")
"""


@dataclass(frozen=True)
class Case:
    """One project and the limits that hold for it."""

    title: str
    steps: tuple[Step, ...]
    make: Callable[[Path], object]
    limits: dict[str, float]


LIGHT_CASE = Case("Five light notebooks", LIGHT, make_light, {_RUN: LIGHT_LIMIT})
REAL_CASE = Case(
    "Five notebooks with pandas, plots and five models; three wait for the first only",
    REAL,
    make_real,
    {_RUN: REAL_LIMIT, _BRANCH: BRANCH_LIMIT},
)


def measure_light(repeat: int) -> Table:
    """Five notebooks whose code takes no time: what is left is what running them costs."""
    return _measure(LIGHT_CASE, repeat)


def measure_real(repeat: int) -> Table:
    """Five notebooks as people write them."""
    return _measure(REAL_CASE, repeat)


def _measure(case: Case, repeat: int) -> Table:
    found: dict[str, list[float]] = {}
    ratios: dict[str, list[float]] = {}
    limits: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(min(repeat, _MOST)):
            took = _turn(case, Path(folder) / str(turn), limits)
            for name, seconds in took.items():
                found.setdefault(name, []).append(seconds)
                if _SCRIPT in took:
                    ratios.setdefault(name, []).append(seconds / took[_SCRIPT])
    shares = {name: statistics.median(values) for name, values in ratios.items()}
    medians = {name: statistics.median(values) for name, values in found.items()}
    absent = [name for name in (_SCRIPT, _PAPERMILL, _PLOOMBER) if name not in found]
    return Table(
        title=case.title,
        command="python benchmarks/run.py pipeline_light pipeline_real --peers PYTHON",
        header=("what", "median", "share of the script"),
        rows=(
            *(
                (name, f"{value:.2f} s", f"{shares[name]:.2f}" if name in shares else "")
                for name, value in medians.items()
            ),
            *((name, "is not installed", "") for name in absent),
        ),
        limits=(*dict.fromkeys(limits), *_not_kept(case, medians, shares)),
    )


def _turn(case: Case, folder: Path, limits: list[str]) -> dict[str, float]:
    """Everything once, each on a fresh copy; seconds by name."""
    took: dict[str, float] = {}

    def on_copy(name: str, work: Callable[[Path], object]) -> Path:
        root = folder / str(len(took))
        case.make(root)
        took[name] = _timed(lambda: work(root))
        return root

    def each(command: list[str]) -> Callable[[Path], None]:
        def work(root: Path) -> None:
            for step in case.steps:
                _call([part.format(step=step.name) for part in command], root)

        return work

    nbconvert, papermill, ploomber = (
        _peer("jupyter-nbconvert"),
        _peer("papermill"),
        _peer("ploomber"),
    )
    if nbconvert is not None:
        on_copy(_SCRIPT, each([nbconvert, "--to", "notebook", "--execute", "--inplace", "{step}"]))
    root = on_copy(_RUN, lambda root: _nbtrail(root, "run", "--force"))
    took[_AGAIN] = _timed(lambda: _expect(root, (), limits))
    change(root, case.steps[3].name)
    took[_CHANGED] = _timed(lambda: _expect(root, (case.steps[3].name,), limits))
    if _BRANCH in case.limits:
        on_copy(_BRANCH, lambda root: _nbtrail(root, "run", "--force", "--jobs", "2"))
    if papermill is not None:
        on_copy(_PAPERMILL, each([papermill, "--no-progress-bar", "{step}", "{step}"]))
    if ploomber is not None:
        built = on_copy(_PLOOMBER, lambda root: _call([ploomber, "build"], root))
        took[_PLOOMBER_AGAIN] = _timed(lambda: _call([ploomber, "build"], built))
    names = [step.name for step in case.steps]
    on_copy(_BARE, lambda root: _call(python("-c", _BARE_PROGRAM, *names), root))
    return took


def _not_kept(case: Case, medians: dict[str, float], shares: dict[str, float]) -> list[str]:
    problems = [
        f"{name} takes {shares[name]:.2f} of the script, more than {limit}"
        for name, limit in case.limits.items()
        if shares.get(name, 0.0) > limit
    ]
    for name in case.limits:
        if medians[name] > medians.get(_PLOOMBER, float("inf")):
            problems.append(f"{name} takes longer than Ploomber")
    if medians[_AGAIN] > AGAIN_LIMIT:
        problems.append(f"{_AGAIN} takes {medians[_AGAIN]:.2f} s, more than {AGAIN_LIMIT} s")
    return problems


def _expect(root: Path, steps: tuple[str, ...], limits: list[str]) -> None:
    """Run what is needed and look whether that was these steps."""
    answer = json.loads(_nbtrail(root, "run", "--json"))
    ran = tuple(step["path"] for step in answer["steps"] if step["status"] == "ran")
    if ran != steps:
        limits.append(f"{', '.join(ran) or 'nothing'} ran, not {', '.join(steps) or 'nothing'}")


def _peer(name: str) -> str | None:
    chosen = os.environ.get(PEERS)
    places = [str(Path(chosen).parent)] if chosen else []
    places += [str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    return shutil.which(name, path=os.pathsep.join(places))


def _nbtrail(root: Path, *arguments: str) -> bytes:
    return _call(python("-m", "nbtrail.cli", *arguments), root)


def _call(command: list[str], root: Path) -> bytes:
    """Run a command in the project, as its environment has it; it has to succeed."""
    folder = str(Path(command[0]).parent)
    environment = {
        **clean_environment(),
        "PATH": os.pathsep.join([folder, os.environ.get("PATH", "")]),
        "PLOOMBER_STATS_ENABLED": "false",
        "XDG_STATE_HOME": str(root.parent / "state"),
    }
    if command[0] == sys.executable and "PYTHONPATH" in os.environ:
        environment["PYTHONPATH"] = os.environ["PYTHONPATH"]  # a checkout that is not installed
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True)
    if done.returncode:
        sys.stderr.buffer.write(done.stdout + done.stderr)
        done.check_returncode()
    return done.stdout


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
