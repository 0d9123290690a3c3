"""Several steps at once, and steps executed where there is no ledger."""

from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrail.ledger.queries import executions
from nbtrail.ledger.runs import create_run
from nbtrail.pipeline.executors import RunContext, StepTask
from nbtrail.pipeline.executors.session import run_alone
from nbtrail.pipeline.graph import infer_graph
from nbtrail.pipeline.schedule import Schedule

from .conftest import statuses

LEFT, RIGHT = "2-CLEANING-left-half.ipynb", "3-CLEANING-right-half.ipynb"
FIRST, LAST = "1-CLEANING-make-whole.ipynb", "4-EXPERIMENTAL-join-halves.ipynb"
#: Writes a file, then waits for that of the other: two that do so have to run at once.
MEET = (
    "import os, time\n"
    "open('data/whole.txt').read()\n"
    "open('{own}.here', 'w').close()\n"
    "while not os.path.exists('{other}.here'):\n    time.sleep(0.01)\n"
    "open('data/{own}.txt', 'w').write('{own}')"
)


@pytest.fixture
def diamond(folder):
    """One step, two that need it, and one that needs both."""
    folder.notebook(
        FIRST,
        "import os\nos.makedirs('data', exist_ok=True)\nopen('data/whole.txt', 'w').write('w')",
    )
    folder.notebook(LEFT, MEET.format(own="left", other="right"))
    folder.notebook(RIGHT, MEET.format(own="right", other="left"))
    folder.notebook(
        LAST, "print(open('data/left.txt').read() + open('data/right.txt').read(), end='')"
    )
    return folder


def test_independent_steps_run_at_once_and_the_others_wait(diamond):
    detail = diamond.run(jobs=2)
    assert set(statuses(detail).values()) == {"ran"}, detail.summary.message
    assert diamond.outputs(LAST)[0][0]["text"] == ["leftright"]
    by_path = {step.path: step for step in detail.steps}
    assert [access.path for access in by_path[LEFT].inputs] == ["data/whole.txt"]
    # What one did is not taken for what the other did.
    assert [a.path for a in by_path[RIGHT].outputs] == ["data/right.txt", "right.here"]
    for name in ("left.here", "right.here"):
        (diamond.root / name).unlink()
    assert set(statuses(diamond.run(jobs=2)).values()) == {"cached"}


def test_a_step_whose_files_are_not_known_waits_for_those_before_it(folder):
    folder.notebook("1-CLEANING-one-file.ipynb", "open('one.txt', 'w').write('1')")
    folder.notebook("2-CLEANING-some-file.ipynb", "import sys\nopen(sys.argv[-1], 'w').write('2')")
    folder.notebook("3-EXPLORATION-needs-some-file.ipynb", "open('somewhere.txt').read()")
    folder.notebook("4-EXPLORATION-alone.ipynb", "open('one.txt').read()")
    graph = infer_graph(folder.project)
    one, some, needs, alone = graph.order
    schedule = Schedule(graph, graph.order)
    assert [p for p in graph.order if schedule.can_start(p, ())] == [one]
    assert schedule.can_start(some, {one})
    assert schedule.can_start(alone, {one})
    assert not schedule.can_start(needs, {one})
    assert schedule.can_start(needs, {one, some})
    assert schedule.needs(needs) == ()


def test_a_step_goes_to_another_process_and_comes_back_as_data(folder, tmp_path: Path):
    """All that an executor on another machine has to do, with nothing but a pickle each way."""
    path = "1-EXPERIMENTAL-far-away.ipynb"
    folder.file("in.txt", "7")
    file = folder.notebook(
        path,
        "far_score = float(open('in.txt').read())\nopen('out.txt', 'w').write('8')",
        "from nbtrail import log_param\nlog_param('depth', 3)\nprint(factor)",
    )
    context = RunContext("20260101-000000-abcdef", str(folder.root), {"NBTRAIL_DATE": "2026-01-01"})
    task = StepTask(context, path, json.loads(file.read_text()), "python3", {"factor": 5})
    given, back = tmp_path / "task", tmp_path / "result"
    given.write_bytes(pickle.dumps(task))
    program = (
        "import asyncio, pickle, sys\n"
        "from pathlib import Path\n"
        "from nbtrail.pipeline.executors.session import run_alone\n"
        "task = pickle.loads(Path(sys.argv[1]).read_bytes())\n"
        "result = asyncio.run(run_alone(task, lambda done: None, asyncio.Event()))\n"
        "Path(sys.argv[2]).write_bytes(pickle.dumps(result))\n"
    )
    subprocess.run([sys.executable, "-c", program, str(given), str(back)], check=True, timeout=120)
    result = pickle.loads(back.read_bytes())
    assert result.failure is None
    assert result.gap is None
    assert result.logged == {"depth": 3}
    assert result.executed["cells"][1]["outputs"][0]["text"] == "5\n"
    assert not folder.project.state_dir.joinpath("trail.db").exists()
    with folder.store.write() as connection:
        create_run(connection, context.run, "pipeline", request={})
        for record in result.records:
            record(connection)
    with folder.store.read() as connection:
        found, _next = executions(connection, path, run=context.run)
    assert [one.status for one in found] == ["ok", "ok", "ok"]
    assert [access.path for access in found[1].reads] == ["in.txt"]


def test_a_run_that_was_cancelled_before_starts_nothing(folder):
    file = folder.notebook("1-EXPLORATION-never.ipynb", "open('never', 'w').close()")
    context = RunContext("20260101-000000-abcdef", str(folder.root), {})
    task = StepTask(context, file.name, json.loads(file.read_text()), "python3")

    async def cancelled_at_once():
        cancelled = asyncio.Event()
        cancelled.set()
        return await run_alone(task, lambda done: None, cancelled)

    result = asyncio.run(cancelled_at_once())
    assert result.executed is None
    assert not (folder.root / "never").exists()
