"""Runs of whole pipelines on real kernels, in the worker processes that people get."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from nbtrail.app import open_project
from nbtrail.cli import main
from nbtrail.errors import ConflictError, LockedError, PolicyError, StoreError, UsageError
from nbtrail.ledger import tables
from nbtrail.ledger.queries import executions
from nbtrail.notebooks.names import parse_name
from nbtrail.pipeline import progress, runner
from nbtrail.pipeline.graph import build_graph
from nbtrail.pipeline.request import RunRequest
from nbtrail.pipeline.status import step_states

MAKE = "9-CLEANING-make-values.ipynb"
SUM = "2-EXPERIMENTAL-sum-of-values.ipynb"
LOOK = "3-EXPLORATION-look-at-values.ipynb"
WRITE_VALUES = (
    "import json, os\nos.makedirs('data', exist_ok=True)\n"
    "with open('data/values.json', 'w') as f:\n    json.dump([1, 2, 3], f)"
)
READ_VALUES = "import json\nwith open('data/values.json') as f:\n    values = json.load(f)"


@pytest.fixture
def chain(folder):
    """Two steps whose names are in the wrong order."""
    folder.notebook(MAKE, WRITE_VALUES)
    folder.notebook(
        SUM,
        READ_VALUES,
        "total_score = sum(values) * 1.0\nprint('sum', total_score)",
        "with open('total.txt', 'w') as f:\n    f.write(str(total_score))",
    )
    return folder


def statuses(detail):
    return {step.path: step.status for step in detail.steps}


def step(detail, path):
    return next(one for one in detail.steps if one.path == path)


def kernels_of(pid: int | None) -> list[psutil.Process]:
    if pid is None:
        return []
    try:
        return [p for p in psutil.Process(pid).children(recursive=True) if p.is_running()]
    except psutil.NoSuchProcess:
        return []


def eventually(condition, seconds: float = 30.0):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return value


def test_steps_run_in_the_inferred_order_and_leave_a_record(chain):
    detail = chain.run()
    assert [one.path for one in detail.steps] == [MAKE, SUM]
    assert statuses(detail) == {MAKE: "ran", SUM: "ran"}
    assert detail.summary.status == "ok"
    assert detail.summary.metrics == {"total_score": 6.0}
    assert detail.summary.environment
    assert (chain.root / "total.txt").read_text() == "6.0"
    made, summed = detail.steps
    assert [access.path for access in made.outputs] == ["data/values.json"]
    assert summed.inputs == made.outputs
    assert summed.cells_done == summed.cells_total == 3
    assert chain.outputs(SUM)[1][0]["text"] == ["sum 6.0\n"]
    edge = build_graph(chain.project, chain.store).edges[0]
    assert (edge.source, edge.target, edge.via[0].evidence) == (MAKE, SUM, "observed")
    with chain.store.read() as connection:
        recorded, _next = executions(connection, SUM, run=detail.summary.run)
    assert [(one.cell_id, one.status) for one in reversed(recorded)] == [
        ("cell-0", "ok"),
        ("cell-1", "ok"),
        ("cell-2", "ok"),
    ]
    card = json.loads((chain.project.state_dir / "runs" / f"{detail.summary.run}.json").read_text())
    assert card["schema"] == 1
    assert [one["status"] for one in card["steps"]] == ["ran", "ran"]


def test_what_has_not_changed_is_not_run_again(chain):
    chain.run()
    assert set(statuses(chain.run()).values()) == {"cached"}

    # A comment, a blank line and another cell of blanks change nothing.
    chain.notebook(MAKE, "# now with a comment\n\n" + WRITE_VALUES, "  \n")
    again = chain.run()
    assert statuses(again) == {MAKE: "cached", SUM: "cached"}
    assert again.summary.metrics == {"total_score": 6.0}

    # Other code upstream that comes to the same file re-runs nothing below it.
    chain.notebook(MAKE, WRITE_VALUES, "unused = 1")
    assert statuses(chain.run()) == {MAKE: "ran", SUM: "cached"}

    chain.notebook(MAKE, WRITE_VALUES.replace("1, 2, 3", "1, 2, 4"))
    changed = chain.run()
    assert statuses(changed) == {MAKE: "ran", SUM: "ran"}
    assert changed.summary.metrics == {"total_score": 7.0}
    assert set(statuses(chain.run(force=True)).values()) == {"ran"}


def test_deleted_outputs_come_back_and_changed_ones_are_made_anew(chain):
    chain.run()
    (chain.root / "total.txt").unlink()
    restored = chain.run()
    assert statuses(restored) == {MAKE: "cached", SUM: "cached"}
    assert (chain.root / "total.txt").read_text() == "6.0"
    assert "total.txt" in (step(restored, SUM).message or "")

    (chain.root / "total.txt").write_text("somebody wrote here")
    assert statuses(chain.run()) == {MAKE: "cached", SUM: "ran"}
    assert (chain.root / "total.txt").read_text() == "6.0"


def test_states_say_what_is_stale_and_why(chain):
    graph = build_graph(chain.project, chain.store)
    states = step_states(chain.project, chain.store, graph)
    assert {state.status for state in states.values()} == {"never-run"}
    chain.run()
    graph = build_graph(chain.project, chain.store)
    states = step_states(chain.project, chain.store, graph)
    assert {path: state.status for path, state in states.items()} == {MAKE: "fresh", SUM: "fresh"}
    assert states[SUM].metrics == {"total_score": 6.0}
    chain.notebook(MAKE, "changed = True\n" + WRITE_VALUES)
    graph = build_graph(chain.project, chain.store)
    states = step_states(chain.project, chain.store, graph)
    assert {path: state.status for path, state in states.items()} == {MAKE: "stale", SUM: "stale"}
    assert "Code changed" in states[MAKE].why
    title = parse_name(MAKE, chain.project.config.names).title
    assert states[SUM].why == f"{title[:1].upper()}{title[1:]} is stale."


def test_a_failure_stops_what_depends_on_it_and_nothing_else(chain):
    chain.notebook(MAKE, "x = 1", "raise ValueError('no values today')\n" + WRITE_VALUES)
    chain.notebook(LOOK, "print('independent')")
    detail = chain.run()
    assert detail.summary.status == "failed"
    assert statuses(detail) == {MAKE: "failed", SUM: "skipped", LOOK: "ran"}
    error = step(detail, MAKE).error
    assert error == {
        "name": "ValueError",
        "message": "no values today",
        "cell": 1,
        "cell_id": "cell-1",
    }
    assert f"{MAKE} failed in cell 2: ValueError: no values today" in detail.summary.message
    assert MAKE in step(detail, SUM).message
    # The file shows the last good state; the error is in the copy that the run keeps.
    assert chain.outputs(MAKE) == [[], []]


def test_input_is_refused_and_missing_kernels_are_named(folder):
    asks, absent = "1-EXPLORATION-asks.ipynb", "2-EXPLORATION-absent-kernel.ipynb"
    folder.notebook(asks, "name = input('who? ')")
    folder.notebook(absent, "1", kernel="no-such-kernel")
    folder.notebook("3-EXPLORATION-fine.ipynb", "1 + 1")
    detail = folder.run()
    assert statuses(detail) == {
        asks: "failed",
        absent: "failed",
        "3-EXPLORATION-fine.ipynb": "ran",
    }
    assert "input()" in step(detail, asks).error["message"]
    message = step(detail, absent).error["message"]
    assert "no-such-kernel" in message
    assert "python3" in message
    assert detail.summary.message.startswith(f"{asks} failed in cell 1: ")


def test_a_kernel_that_dies_fails_its_step_and_leaves_nothing_behind(folder):
    dies = "1-EXPLORATION-dies.ipynb"
    folder.notebook(dies, "1", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    folder.notebook("2-EXPLORATION-lives.ipynb", "print('alive')")
    run = folder.start()
    seen: set[int] = set()

    def watch(detail):
        with folder.store.read() as connection:
            from nbtrail.ledger.steps import run_row

            pid = run_row(connection, run).pid
        seen.update(p.pid for p in kernels_of(pid))
        return detail.summary.status in ("ok", "failed")

    detail = folder.until(run, watch)
    assert statuses(detail) == {dies: "failed", "2-EXPLORATION-lives.ipynb": "ran"}
    error = step(detail, dies).error
    assert error["cell"] == 1
    assert "kernel died in cell 2" in error["message"]
    assert seen
    eventually(lambda: not any(psutil.pid_exists(pid) for pid in seen))


def test_cancel_stops_kernels_at_once(folder):
    endless = "1-EXPLORATION-endless.ipynb"
    folder.notebook(
        endless,
        "import subprocess, sys\n"
        "asleep = [sys.executable, '-c', 'import time; time.sleep(600)']\n"
        "child = subprocess.Popen(asleep, start_new_session=True)",
        "open('started', 'w').write(str(child.pid))\nwhile True:\n    pass",
    )
    folder.notebook("2-EXPLORATION-later.ipynb", "1")
    run = folder.start()
    eventually(lambda: (folder.root / "started").exists() and child_of(folder), 60)
    with folder.store.read() as connection:
        from nbtrail.ledger.steps import run_row

        pid = run_row(connection, run).pid
    busy = kernels_of(pid)
    # A child with a session of its own is found as well.
    assert child_of(folder) in [process.pid for process in busy]
    asked = time.monotonic()
    assert progress.cancel(folder.store, run) == "running"
    eventually(lambda: not any(works(p) for p in busy))
    assert time.monotonic() - asked < 2.0
    detail = folder.wait(run)
    assert detail.summary.status == "cancelled"
    assert set(statuses(detail).values()) == {"cancelled"}


def works(process: psutil.Process) -> bool:
    """Whether a process is more than an entry that its parent has not looked at yet."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def child_of(folder) -> int:
    return int((folder.root / "started").read_text() or 0)


def test_outputs_never_go_over_an_edit_made_meanwhile(folder):
    path = "1-EXPLORATION-edited-meanwhile.ipynb"
    wait = "import os, time\nwhile not os.path.exists('go'):\n    time.sleep(0.01)\nprint('old')"
    folder.notebook(path, "open('started', 'w').close()", wait)
    run = folder.start()
    eventually((folder.root / "started").exists, 60)
    edited = folder.notebook(path, "print('edited by a person')").read_bytes()
    (folder.root / "go").touch()
    detail = folder.wait(run)
    assert detail.summary.status == "ok"
    assert (folder.root / path).read_bytes() == edited
    assert "edited while it ran" in detail.steps[0].message
    # The message names what fetches the executed copy.
    command = re.search("`nbtrail (.*?)`", detail.steps[0].message)[1]
    with pytest.raises(SystemExit) as ended:
        main(["-C", str(folder.root), *shlex.split(command)])
    assert ended.value.code == 0
    copy = path.replace(".ipynb", "-executed.ipynb")
    assert folder.outputs(copy)[1][0]["text"] == ["old\n"]


def test_outputs_that_a_run_replaces_are_kept_and_a_notebook_may_be_gone(folder):
    path = "1-EXPLORATION-has-outputs.ipynb"
    file = folder.notebook(
        path, f"import os\nprint('new')\nif os.path.exists('gone'):\n    os.remove({path!r})"
    )
    shown = json.loads(file.read_text())
    shown["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["mine"]}]
    file.write_text(json.dumps(shown))
    folder.run()
    assert folder.outputs(path)[0][0]["text"] == ["new\n"]
    with folder.store.read() as connection:
        kept = connection.execute(select(tables.timeline)).all()
    assert [(row.path, row.kind) for row in kept] == [(path, "kept")]
    with open_project(folder.root) as opened:
        opened.restore(path, f"snap:{kept[0].snapshot}", to="1-EXPLORATION-had-outputs.ipynb")
    assert folder.outputs("1-EXPLORATION-had-outputs.ipynb")[0][0]["text"] == ["mine"]
    (folder.root / "1-EXPLORATION-had-outputs.ipynb").unlink()
    # What a run wrote is kept as its executed copy, not again.
    folder.run(force=True)
    folder.file("gone")
    detail = folder.run(force=True)
    assert statuses(detail) == {path: "ran"}
    assert "not written back" in detail.steps[0].message
    with folder.store.read() as connection:
        rows = connection.execute(select(tables.timeline).where(tables.timeline.c.path == path))
        assert [row.kind for row in rows] == ["kept"]


def test_one_run_at_a_time_and_a_killed_worker_is_lost(folder):
    path = "1-EXPLORATION-endless.ipynb"
    folder.notebook(path, "open('started', 'w').close()", "while True:\n    pass")
    run = folder.start()
    with pytest.raises(LockedError) as caught:
        folder.start()
    assert caught.value.detail["run"] == run
    assert "Ctrl-C" in caught.value.hint
    eventually((folder.root / "started").exists, 60)
    with folder.store.read() as connection:
        from nbtrail.ledger.steps import run_row

        pid = run_row(connection, run).pid
    left = kernels_of(pid)
    assert left
    os.kill(pid, signal.SIGKILL)
    lost = folder.until(run, lambda detail: detail.summary.status == "lost")
    assert lost.steps[0].status == "failed"
    assert lost.steps[0].error["name"] == "Lost"
    # Kernels notice by themselves that nobody is there any more.
    eventually(lambda: not any(p.is_running() for p in left))
    folder.notebook(path, "print('short')")
    assert folder.run().summary.status == "ok"


def test_the_worker_outlives_who_started_it(chain):
    run = chain.start()
    with chain.store.read() as connection:
        from nbtrail.ledger.steps import run_row

        assert run_row(connection, run).status in ("queued", "running")
    pid = eventually(lambda: _pid(chain, run))
    assert os.getsid(pid) == pid != os.getsid(0)
    assert chain.wait(run).summary.status == "ok"


def _pid(folder, run):
    from nbtrail.ledger.steps import run_row

    with folder.store.read() as connection:
        return run_row(connection, run).pid


def test_selection_and_parameters(chain):
    chain.run()
    with pytest.raises(UsageError, match="no step nowhere"):
        chain.start(notebooks=("nowhere",))
    path = "4-EXPERIMENTAL-with-a-factor.ipynb"
    chain.notebook(path, "factor = 2", "scaled_score = factor * 10.0", tag="parameters")
    before = (chain.root / path).read_bytes()
    detail = chain.run(notebooks=(path,), params={"factor": 5})
    assert [one.path for one in detail.steps] == [path]
    assert detail.summary.metrics == {"scaled_score": 50.0}
    assert detail.steps[0].params == {"factor": 5}
    assert (chain.root / path).read_bytes() == before
    own = chain.run(notebooks=("4",))
    assert own.summary.metrics == {"scaled_score": 20.0}
    assert own.steps[0].params == {"factor": 2}
    only = chain.run(start=SUM, until="2", force=True)
    assert statuses(only) == {SUM: "ran"}


def test_what_must_not_run_is_refused_before_anything_starts(chain):
    with pytest.raises(PolicyError, match="bad name") as caught:
        runner.start(
            chain.project,
            RunRequest(),
            chain.store,
            refuse=lambda path: f"{path} has a bad name." if path == SUM else None,
        )
    assert list(caught.value.detail["refused"]) == [SUM]
    with chain.store.read() as connection:
        from nbtrail.ledger.queries import runs

        assert runs(connection) == ([], None)


def test_an_unreadable_notebook_leaves_the_others_alone(chain):
    chain.file("5-EXPLORATION-torn.ipynb", '{"cells": [')
    detail = chain.run()
    assert statuses(detail) == {MAKE: "ran", SUM: "ran"}
    assert "5-EXPLORATION-torn.ipynb cannot be read" in detail.summary.message
    with pytest.raises(UsageError, match="not JSON"):
        chain.start(notebooks=("5-EXPLORATION-torn.ipynb",))


def test_a_read_only_project_is_said_to_be_so(chain):
    mode = chain.root.stat().st_mode
    chain.root.chmod(0o555)
    try:
        with pytest.raises(ConflictError, match="read-only"):
            runner.check_usable(chain.project, write=True)
    finally:
        chain.root.chmod(mode)


def test_notebooks_in_folders_run_where_they_lie(folder):
    folder.file("data/raw.txt", "5")
    make, use = "notebooks/1-CLEANING-double.ipynb", "notebooks/2-EXPLORATION-show.ipynb"
    folder.notebook(
        make,
        "from pathlib import Path\nDATA = Path.cwd().parent / 'data'",
        "(DATA / 'double.txt').write_text(str(2 * int((DATA / 'raw.txt').read_text())))",
    )
    folder.notebook(use, "print(open('../data/double.txt').read())")
    detail = folder.run()
    assert [one.path for one in detail.steps] == [make, use]
    assert detail.summary.status == "ok"
    assert [access.path for access in step(detail, make).inputs] == ["data/raw.txt"]
    assert folder.outputs(use)[0][0]["text"] == ["10\n"]
    folder.file("data/raw.txt", "6")
    changed = folder.run()
    assert set(statuses(changed).values()) == {"ran"}
    assert folder.outputs(use)[0][0]["text"] == ["12\n"]


def test_a_local_module_counts_as_code(folder):
    path = "1-EXPERIMENTAL-uses-a-module.ipynb"
    folder.file("helper.py", "def answer():\n    return 42.0\n")
    folder.notebook(path, "import helper", "answer_score = helper.answer()")
    assert folder.run().summary.metrics == {"answer_score": 42.0}
    folder.file("helper.py", "# a comment\ndef answer():\n    return 42.0\n")
    assert statuses(folder.run()) == {path: "cached"}
    folder.file("helper.py", "def answer():\n    return 43.0\n")
    changed = folder.run()
    assert statuses(changed) == {path: "ran"}
    assert changed.summary.metrics == {"answer_score": 43.0}


def test_dataset_families_survive_another_day(folder):
    make, use = "1-CLEANING-write-dated.ipynb", "2-EXPERIMENTAL-read-dated.ipynb"
    folder.notebook(
        make, "from nbtrail import dataset\ndataset('numbers.txt', 'w').write_text('4')"
    )
    folder.notebook(
        use, "from nbtrail import dataset\nread_score = float(dataset('numbers.txt').read_text())"
    )
    first = folder.run(date="2026-01-05")
    assert [access.path for access in first.steps[0].outputs] == ["data/2026-01-05_numbers.txt"]
    assert set(statuses(folder.run(date="2026-01-06")).values()) == {"cached"}
    forced = folder.run(date="2026-01-06", notebooks=(make,), force=True)
    assert [access.path for access in forced.steps[0].outputs] == ["data/2026-01-06_numbers.txt"]
    # A newer version of the same content is the same dataset; one of another content is not.
    assert statuses(folder.run(date="2026-01-07"))[use] == "cached"
    folder.file("data/2026-01-07_numbers.txt", "9")
    newer = folder.run(date="2026-01-07", notebooks=(use,))
    assert statuses(newer) == {use: "ran"}
    assert newer.summary.metrics == {"read_score": 9.0}


def test_a_web_address_is_never_taken_as_unchanged(folder):
    path = "1-EXPLORATION-reads-the-web.ipynb"
    folder.notebook(
        path,
        "import os, urllib.request",
        "if os.environ.get('NBTRAIL_TEST_ONLINE'):\n"
        "    urllib.request.urlopen('https://example.org/data.csv')",
    )
    folder.run()
    assert statuses(folder.run()) == {path: "ran"}
    folder.file(
        "nbtrail.toml",
        f'[[pipeline.steps]]\npath = "{path}"\nreads = ["https://example.org/data.csv"]\n',
    )
    folder.run()
    assert statuses(folder.run()) == {path: "cached"}


def test_progress_is_told_cell_by_cell(folder):
    folder.notebook("1-EXPLORATION-three-cells.ipynb", "1", "2", "3")
    run = folder.start()
    told: list[tuple[str, int]] = []

    def note(detail):
        told.append((detail.steps[0].status, detail.steps[0].cells_done))

    finished = threading.Event()

    def follow():
        progress.follow(folder.store, run, note, interval=0.001)
        finished.set()

    thread = threading.Thread(target=follow)
    thread.start()
    assert finished.wait(60)
    thread.join()
    assert told[-1] == ("ran", 3)
    assert [done for _status, done in told] == sorted(done for _status, done in told)
    assert any(status == "running" for status, _done in told)


def test_write_back_goes_through_the_hook(folder, tmp_path: Path):
    path = "1-EXPLORATION-hooked.ipynb"
    folder.notebook(path, "print('hooked')")
    run = runner.start(
        folder.project, RunRequest(), folder.store, after_write="nbtrail.files:sha256_file"
    )
    # The hook is called with project and path; one that fails harms nobody.
    assert folder.wait(run).summary.status == "ok"
    assert folder.outputs(path)[0][0]["text"] == ["hooked\n"]
    quiet = runner.start(folder.project, RunRequest(force=True, write=False), folder.store)
    before = (folder.root / path).read_bytes()
    assert folder.wait(quiet).summary.status == "ok"
    assert (folder.root / path).read_bytes() == before


def test_a_cell_has_its_time_and_a_date_must_be_one(folder):
    path = "1-EXPLORATION-takes-too-long.ipynb"
    folder.file("nbtrail.toml", "[pipeline]\ncell_timeout = 0.5\n")
    folder.notebook(path, "import threading\nthreading.Event().wait()")
    with pytest.raises(UsageError, match="no date"):
        folder.start(date="tomorrow")
    detail = folder.run(date="2026-01-05")
    assert statuses(detail) == {path: "failed"}
    assert detail.steps[0].error["name"] == "CellTimeout"
    assert "longer than 0.5 s" in detail.steps[0].error["message"]


def test_the_kernel_hears_of_the_date_and_of_a_fixed_hash_seed(folder, monkeypatch):
    monkeypatch.delenv("PYTHONHASHSEED", raising=False)
    path = "1-EXPLORATION-shows-its-variables.ipynb"
    folder.notebook(
        path, "import os\nprint(os.environ['NBTRAIL_DATE'], os.environ['PYTHONHASHSEED'])"
    )
    assert folder.run(date="2026-01-05").summary.status == "ok"
    assert folder.outputs(path)[0][0]["text"] == ["2026-01-05 0\n"]


def test_a_damaged_ledger_is_one_clear_error(chain):
    chain.run()
    chain.close()
    for name in ("trail.db", "trail.db-wal", "trail.db-shm"):
        (chain.project.state_dir / name).unlink(missing_ok=True)
    (chain.project.state_dir / "trail.db").write_bytes(b"this is no database" * 100)
    chain._store = None
    with pytest.raises(StoreError, match=r"damaged|cannot be used"):
        chain.start()
    # The order needs no ledger.
    assert build_graph(chain.project).order == (MAKE, SUM)
