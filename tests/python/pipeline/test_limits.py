"""Time, memory and attempts of a step; going on with a run that came to no good end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from nbtrail.app import open_project
from nbtrail.errors import UsageError
from nbtrail.ledger.queries import executions
from nbtrail.pipeline.processes import MB, family, kill_family, memory_of

from .conftest import statuses, step

FINE = "9-EXPLORATION-is-fine.ipynb"
#: Takes more memory until it is stopped; it may not, on a machine that has none left.
GROW = (
    "import time\nheld = []\nfor _ in range(200):\n"
    "    held.append(bytearray(20_000_000))\n    time.sleep(0.05)"
)


def test_a_step_has_its_time_and_the_others_go_on(folder):
    slow, own = "1-EXPLORATION-never-ends.ipynb", "2-EXPLORATION-has-its-own-time.ipynb"
    folder.file(
        "nbtrail.toml",
        f'[pipeline]\ntimeout = 1.5\n[[pipeline.steps]]\npath = "{own}"\ntimeout = 0\n',
    )
    folder.notebook(slow, "before = 1", "while True:\n    pass", "after = 1")
    folder.notebook(own, "import time\ntime.sleep(2)")
    folder.notebook(FINE, "print('fine')")
    detail = folder.run(jobs=2)
    assert statuses(detail) == {slow: "failed", own: "ran", FINE: "ran"}
    error = step(detail, slow).error
    assert (error["name"], error["cell"]) == ("StepTimeout", 1)
    assert "Cell 2 was at work when the step's 1.5 s were over" in error["message"]
    assert f"{slow} failed in cell 2: StepTimeout" in detail.summary.message


def test_a_step_that_takes_too_much_memory_is_stopped(folder):
    itself, child = "1-EXPLORATION-takes-it-itself.ipynb", "2-EXPLORATION-its-child-takes-it.ipynb"
    folder.notebook(itself, "1", GROW)
    folder.notebook(
        child,
        "import subprocess, sys",
        f"subprocess.run([sys.executable, '-c', {GROW!r}], check=True)",
    )
    folder.notebook(FINE, "print('fine')")
    detail = folder.run(memory_mb=400, jobs=2)
    assert statuses(detail) == {itself: "failed", child: "failed", FINE: "ran"}
    for path, cell in ((itself, 1), (child, 1)):
        error = step(detail, path).error
        assert (error["name"], error["cell"]) == ("MemoryLimit", cell), error
        assert f"Cell {cell + 1} took more memory" in error["message"]
        assert "with a limit of 400 MB" in error["message"]
    # What was done before is kept with the run, and nobody is left.
    assert not [p for p in psutil.process_iter() if GROW in " ".join(_command(p))]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what is shared")
def test_memory_that_forks_share_counts_once():
    program = (
        "import os, sys, time\nheld = bytearray(100 << 20)\n"
        "for _ in range(3):\n    if os.fork() == 0:\n        time.sleep(600)\n"
        "print('forked', flush=True)\ntime.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as head:
        try:
            assert head.stdout.readline() == b"forked\n"
            members = family(head.pid)
            assert len(members) == 4
            assert memory_of(head.pid) > 400 * MB
            assert 100 * MB < memory_of(head.pid, enough=300 * MB) < 200 * MB
        finally:
            kill_family(head.pid)
    assert head.returncode == -signal.SIGKILL
    assert not psutil.wait_procs(members, timeout=60)[1]
    assert (family(head.pid), memory_of(head.pid)) == ([], 0)


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_a_step_is_tried_again_and_each_attempt_is_on_record(folder):
    moody, never = "1-CLEANING-works-at-second-try.ipynb", "2-EXPLORATION-never-works.ipynb"
    folder.file("first.txt", "1")
    folder.file("nbtrail.toml", "[pipeline]\nretries = 1\n")
    folder.notebook(
        moody,
        "import os\nagain = os.path.exists('tried')\nopen('tried', 'w').close()",
        "if not again:\n    open('first.txt').read()\n    raise OSError('not now')",
        "open('made.txt', 'w').write('made')",
    )
    folder.notebook(never, "raise ValueError('never')")
    detail = folder.run()
    assert statuses(detail) == {moody: "ran", never: "failed"}
    done = step(detail, moody)
    assert done.message == "Attempt 1 failed in cell 2: OSError: not now"
    assert (done.cells_done, done.cells_total) == (3, 3)
    # Files are those of the attempt that counts.
    assert [access.path for access in done.inputs] == []
    assert [access.path for access in done.outputs] == ["made.txt", "tried"]
    assert step(detail, never).error["message"] == "never (after 2 attempts)"
    assert "ValueError: never (after 2 attempts)" in detail.summary.message
    with folder.store.read() as connection:
        found, _next = executions(connection, moody, run=detail.summary.run)
    assert [one.status for one in reversed(found)] == ["ok", "error", "ok", "ok", "ok"]
    assert len({one.session for one in found}) == 2


MAKE, FAIL, LAST = (
    "1-CLEANING-make-values.ipynb",
    "2-CLEANING-double-values.ipynb",
    "3-EXPLORATION-show-values.ipynb",
)


@pytest.fixture
def broken(folder):
    """Three steps, one after the other; the first starts a process, the second fails."""
    folder.notebook(
        MAKE,
        "factor = 1",
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-S', '-c', 'pass'], check=True)\n"
        "open('values.txt', 'w').write(str(factor))\n"
        "open('times.txt', 'a').write('x')",
        tag="parameters",
    )
    folder.notebook(FAIL, "open('doubled.txt', 'w').write(open('values.tx').read() * 2)")
    folder.notebook(LAST, "print(open('doubled.txt').read())")
    folder.file(
        "nbtrail.toml",
        f'[[pipeline.steps]]\npath = "{FAIL}"\nreads = ["values.txt"]\nwrites = ["doubled.txt"]\n',
    )
    return folder


def resume(folder, run: str | None = None, **settings):
    with open_project(folder.root) as opened:
        return folder.wait(opened.resume_run(run, **settings))


def test_a_failed_run_is_resumed_with_its_parameters_and_date(broken):
    with pytest.raises(UsageError, match="No run has failed"):
        resume(broken)
    first = broken.run(force=True, params={"factor": 4}, date="2026-01-05")
    assert statuses(first) == {MAKE: "ran", FAIL: "failed", LAST: "skipped"}
    broken.notebook(FAIL, "open('doubled.txt', 'w').write(open('values.txt').read() * 2)")
    again = resume(broken, retries=1)
    # Nobody saw into the process that the first step had started; still it is not run again.
    assert statuses(again) == {MAKE: "cached", FAIL: "ran", LAST: "ran"}
    assert again.summary.params == {"factor": 4}
    assert (broken.root / "times.txt").read_text() == "x"
    assert (broken.root / "doubled.txt").read_text() == "44"
    with pytest.raises(UsageError, match="ended well: there is nothing to resume"):
        resume(broken, again.summary.run)
    with pytest.raises(UsageError, match=f"run {again.summary.run} did since"):
        resume(broken)


def test_what_has_changed_since_is_run_again_when_a_run_is_resumed(broken):
    broken.run()
    broken.file("values.txt", "changed by somebody")
    broken.notebook(FAIL, "open('doubled.txt', 'w').write(open('values.txt').read() * 2)")
    assert statuses(resume(broken)) == {MAKE: "ran", FAIL: "ran", LAST: "ran"}
    assert (broken.root / "doubled.txt").read_text() == "11"


def test_a_run_whose_worker_was_killed_is_resumed(folder):
    quick, long = "1-CLEANING-quick.ipynb", "2-EXPLORATION-long.ipynb"
    folder.notebook(quick, "open('quick.txt', 'w').write('q')")
    folder.notebook(
        long,
        "import os, time\nopen('quick.txt').read()",
        "open('started', 'w').write(str(os.getpid()))\n"
        "while not os.path.exists('go'):\n    time.sleep(0.01)",
    )
    run = folder.start()
    detail = folder.until(run, lambda _detail: (folder.root / "started").exists())
    assert statuses(detail) == {quick: "ran", long: "running"}
    from nbtrail.ledger.steps import run_row

    with folder.store.read() as connection:
        os.kill(run_row(connection, run).pid, signal.SIGKILL)
    folder.until(run, lambda detail: detail.summary.status == "lost")
    (folder.root / "go").touch()
    again = resume(folder)
    assert statuses(again) == {quick: "cached", long: "ran"}
    assert again.summary.status == "ok"
