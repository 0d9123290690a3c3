"""Executions of real kernels, as they come on record."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nbtrail.files import sha256_bytes
from nbtrail.ledger import tables as t
from nbtrail.ledger.records import CellError, FileAccess

from .conftest import KERNEL, Bench


def test_an_execution_is_on_record_with_all_that_is_known(bench: Bench) -> None:
    (bench.root / "in.txt").write_text("in")
    before = time.time()
    bench.run("text = open('in.txt').read()\nopen('out.txt', 'w').write(text * 2)", "cell-1")
    bench.run("1 / 0", "cell-2")
    first, second = bench.log()
    assert (first.cell_id, first.order, first.execution_count) == ("cell-1", 1, 1)
    assert first.source.startswith("text = open")
    assert first.notebook == "a.ipynb"
    assert first.status == "ok"
    assert first.reads == (FileAccess("in.txt", sha256_bytes(b"in"), 2),)
    assert first.writes == (FileAccess("out.txt", sha256_bytes(b"inin"), 4),)
    assert (second.cell_id, second.order, second.execution_count) == ("cell-2", 2, 2)
    assert second.status == "error"
    assert second.error == CellError("ZeroDivisionError", "division by zero")
    assert second.session == first.session
    rows = bench.rows(t.executions)
    assert all(row.probed for row in rows)
    assert before <= rows[0].started_at <= rows[1].started_at <= time.time()
    assert all(row.seconds >= 0 for row in rows)
    assert (bench.recorder.lost, bench.recorder.probe_failures) == (0, 0)


def test_an_execution_is_on_record_while_it_runs(bench: Bench) -> None:
    msg_id = bench.send("import time\nwhile True: time.sleep(0.01)")
    bench.until(msg_id, idle=False)
    running = bench.until_on_record("while True")
    assert not bench.recorder.wait_idle(KERNEL, timeout=0.3)
    assert (running.status, running.seconds) == ("running", None)
    bench.manager.interrupt_kernel()
    bench.until(msg_id)
    (interrupted,) = bench.log()
    assert interrupted.status == "error"
    assert interrupted.error is not None
    assert interrupted.error.name == "KeyboardInterrupt"


def test_empty_cells_and_magics_that_run_cells(bench: Bench) -> None:
    (bench.root / "in.txt").write_text("in")
    # It runs no hook, so that only who sent it knows the cell.
    bench.until(bench.send("", note="empty"))
    bench.run("%%capture\nopen('in.txt').read()", "capture")
    bench.run("%%capture\n%%time\nopen('in.txt').read()", "nested")
    bench.run("def (", "syntax")
    bench.run("await __import__('asyncio').sleep(0.001); open('in.txt').read()", "async")
    bench.run("open('in.txt').read()", "after")
    found = {e.cell_id: e for e in bench.log()}
    assert found["empty"].status == "ok"
    assert found["syntax"].error is not None
    for cell in ("capture", "nested", "async", "after"):
        assert [a.path for a in found[cell].reads] == ["in.txt"], cell
    assert found["syntax"].reads == ()
    assert all(row.probed for row in bench.rows(t.executions))


def test_what_threads_do_after_their_cell_belongs_to_it(bench: Bench) -> None:
    bench.run(
        "import threading\ngo = threading.Event()\ndone = threading.Event()\n"
        "def work():\n    go.wait(30)\n    open('late.txt', 'w').write('late')\n    done.set()\n"
        "threading.Thread(target=work).start()",
        "starter",
    )
    bench.run("go.set(); done.wait(30); open('own.txt', 'w').write('own')", "waiter")
    found = {e.cell_id: [a.path for a in e.writes] for e in bench.log()}
    assert found == {"starter": ["late.txt"], "waiter": ["own.txt"]}


def test_threads_of_a_running_cell_are_that_cell(bench: Bench) -> None:
    bench.run(
        "from concurrent.futures import ThreadPoolExecutor\n"
        "def work(n): open(f'{n}.txt', 'w').write('x')\n"
        "with ThreadPoolExecutor(4) as pool: list(pool.map(work, range(8)))"
    )
    (one,) = bench.log()
    assert sorted(a.path for a in one.writes) == [f"{n}.txt" for n in range(8)]


def test_flushed_prints_do_not_lose_the_end(bench: Bench) -> None:
    # An ordinary client may lose the end itself, so that the replies are waited for.
    for code in (
        "import sys\nfor n in range(20_000):\n    sys.stdout.write(f'{n}\\n'); sys.stdout.flush()",
        "1",
    ):
        msg_id = bench.send(code)
        while bench.client.get_shell_msg(timeout=120)["parent_header"]["msg_id"] != msg_id:
            pass
    first, second = bench.log()
    assert (first.status, second.status) == ("ok", "ok")
    assert [row.messages for row in bench.rows(t.executions)] == [20_000, 1]


def test_a_killed_kernel_and_its_next_life(bench: Bench) -> None:
    bench.run("x = 1")
    bench.send("import time\nwhile True: time.sleep(0.01)")
    assert bench.until_on_record("while True").status == "running"
    pid = bench.manager.provisioner.pid
    os.kill(pid, signal.SIGKILL)
    bench.recorder.died(KERNEL)
    assert bench.recorder.flush()
    first, second = bench.log(wait=False)
    assert (first.status, second.status) == ("ok", "died")
    assert second.seconds is not None
    bench.restart()
    bench.run("open('again.txt', 'w').write('x')")
    third = bench.log()[-1]
    assert third.session != second.session
    assert third.order == 1
    assert [a.path for a in third.writes] == ["again.txt"]
    sessions = {row.id: row for row in bench.rows(t.sessions)}
    assert sessions[second.session].end_reason == "died"
    assert sessions[third.session].ended_at is None


def test_a_restart_begins_a_new_session_with_the_probe_in_place(bench: Bench) -> None:
    bench.run("x = 1")
    bench.log()
    bench.restart()
    bench.run("test_auc = 0.5")
    first, second = bench.log()
    assert (first.session == second.session, second.order, second.execution_count) == (False, 1, 1)
    assert bench.metrics() == {"test_auc": 0.5}


def test_a_kernel_without_a_probe_is_recorded_all_the_same(
    unstarted: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tmp_path / "jupyter" / "kernels" / "bash"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Bash", "language": "bash"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    unstarted.start(probe=False, kernel="bash")
    unstarted.until(unstarted.send("echo hello > out.txt; echo done", note="cell-7"))
    (one,) = unstarted.log()
    assert (one.status, one.cell_id, one.writes) == ("ok", "cell-7", ())
    (row,) = unstarted.rows(t.executions)
    assert (row.probed, row.environment_id) == (False, None)


def test_the_environment_is_that_of_the_kernel(bench: Bench) -> None:
    import numpy

    bench.run("1")
    (one,) = bench.log()
    # It is gathered on a thread of the kernel and may come after the first cell's end.
    deadline = time.monotonic() + 30
    while one.environment is None and time.monotonic() < deadline:
        bench.run("1")
        one = bench.log()[0]
    assert one.environment is not None
    payload = bench.project.environment(one.environment)
    assert payload["packages"]["numpy"] == numpy.__version__
    assert payload["python"]["implementation"] == "CPython"
    assert payload["cpu_count"] == os.cpu_count()


def test_the_end_of_the_recorder_ends_sessions(bench: Bench) -> None:
    bench.run("1")
    bench.log()
    bench.recorder.close()
    assert bench.project.writer.flush()
    (session,) = bench.rows(t.sessions)
    assert session.end_reason == "recorder-closed"


def test_params_and_logged_metrics_reach_who_listens(bench: Bench) -> None:
    bench.run(
        "import sys\nprobe = sys.modules['_nbtrail_probe']\n"
        "probe.log_metric('loss', 0.5, 1)\nprobe.log_metric('loss', 0.25, 2)\n"
        "probe.log_param('depth', 3)"
    )
    bench.log()
    (done,) = bench.finished
    assert done.params == {"depth": 3}
    assert done.end.metrics == (("loss", 0.5, 1), ("loss", 0.25, 2))


def test_large_files_are_hashed_after_the_end_is_on_record(bench: Bench) -> None:
    size = 65 << 20
    bench.run(f"open('large.bin', 'wb').write(bytes({size}))")
    (one,) = bench.log()
    assert one.writes == (FileAccess("large.bin", sha256_bytes(bytes(size)), size),)


def test_what_git_says_when_a_session_begins(bench: Bench) -> None:
    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        return subprocess.run(
            ["git", "-C", str(bench.root), *identity, *arguments],
            check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip

    git("init", "--quiet", "--initial-branch=main")
    (bench.root / "kept.txt").write_text("1")
    git("add", "kept.txt")
    git("commit", "--quiet", "-m", "start")
    bench.run("1")
    (one,) = bench.log()
    assert one.git is not None
    assert (one.git["commit"], one.git["branch"]) == (git("rev-parse", "HEAD"), "main")


def test_text_of_outputs_is_found_by_search(bench: Bench) -> None:
    bench.run(
        "import sys\nfrom IPython.display import HTML, display\n"
        "print('prin' + 'ted')\nprint('war' + 'ned', file=sys.stderr)\n"
        "display(HTML('<b>hidden</b>'))\n'sho' + 'wn'"
    )
    bench.run("for n in range(5000): print('line', n)")
    bench.log()
    for words in ("printed", "warned", "shown", '"line 7"'):
        hits, _ = bench.project.search(words)
        assert {hit.kind for hit in hits} == {"output"}
    # Only so much is kept of each cell.
    assert bench.project.search('"line 4999"') == ([], None)


def test_many_executions_in_order(bench: Bench) -> None:
    ids = [bench.send(f"x = {n}") for n in range(200)]
    for msg_id in ids:
        bench.until(msg_id)
    found = bench.log()
    assert [e.source for e in found] == [f"x = {n}" for n in range(200)]
    assert [e.order for e in found] == list(range(1, 201))
    assert {e.status for e in found} == {"ok"}
