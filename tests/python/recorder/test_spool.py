"""Kernels that no server sees: what the hook writes, and how the ledger takes it in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel
from sqlalchemy import select

from nbtrail.app import open_project
from nbtrail.ledger import tables as t
from nbtrail.ledger.records import CellError, Execution

from .servers import Server, ended, kernelspec, notebook, private, recorded, until

NAME = "EXPERIMENTAL-try-depth.ipynb"
SOURCES = [
    "# parameters\ndepth = 1",
    "open('out.txt', 'w').write(open('in.txt').read() * depth)\ntest_auc = 0.5",
    "x = 1",
    "",
    "x = 1",
    "%%capture\nopen('in.txt').read()",
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = (tmp_path / "project").resolve()
    folder.mkdir()
    (folder / "nbtrail.toml").write_text("")
    (folder / "in.txt").write_text("in")
    notebook(folder / NAME, SOURCES)
    return folder


@pytest.fixture
def environment(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Variables of a shell in which the user has installed the hook."""
    variables = private(tmp_path / "private")
    shell([sys.executable, "-m", "nbtrail.cli", "hook", "--install"], root, variables)
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR"):
        monkeypatch.setenv(name, variables[name])
    return variables


@pytest.fixture
def hooked(tmp_path: Path) -> dict[str, str]:
    """Variables for a server that has a kernelspec with the hook."""
    startup = tmp_path / "hooked" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "10-nbtrail.py").write_text("get_ipython().run_line_magic('load_ext', 'nbtrail')\n")
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernelspec(tmp_path / "specs", "hooked", argv, "python", IPYTHONDIR=str(tmp_path / "hooked"))
    return {"JUPYTER_PATH": str(tmp_path / "specs")}


def shell(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def spools(root: Path) -> list[Path]:
    return sorted((root / ".nbtrail" / "spool").glob("*"))


def rows(root: Path, table: Any) -> list[Any]:
    with open_project(root) as opened, opened.store.read() as connection:
        return list(connection.execute(select(table).order_by(*table.primary_key)))


def check_the_notebook(found: list[Execution], root: Path) -> None:
    """All that is known of a straight pass over `SOURCES`."""
    assert {e.notebook for e in found} == {NAME}
    assert [e.cell_id for e in found] == ["cell-1", "cell-2", "cell-3", "cell-5", "cell-6"]
    assert [e.order for e in found] == [1, 2, 3, 4, 5]
    assert [e.execution_count for e in found] == [1, 2, 3, 4, 5]
    assert {e.status for e in found} == {"ok"}
    assert all(e.seconds is not None and e.environment is not None for e in found)
    writer = found[1]
    assert [a.path for a in writer.reads] == ["in.txt"]
    assert [(a.path, a.bytes) for a in writer.writes] == [("out.txt", 2)]
    assert all(a.sha256 for a in (*writer.reads, *writer.writes))
    assert [a.path for a in found[4].reads] == ["in.txt"]
    assert all(row.cell_id_inferred and row.probed for row in rows(root, t.executions))
    assert [(row.name, row.value) for row in rows(root, t.metrics)] == [("test_auc", 0.5)]
    (session,) = rows(root, t.sessions)
    assert (session.kernelspec, session.end_reason) == ("python3", "ended")


def test_nbconvert_from_a_shell(root: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", NAME]
    shell(command, root, environment)
    assert len(spools(root)) == 1
    assert spools(root)[0].stat().st_mode & 0o077 == 0
    listed = shell([sys.executable, "-m", "nbtrail.cli", "log", "--json"], root, environment)
    assert len(json.loads(listed)["executions"]) == 5
    # Taken in, the spool is gone; looking again changes nothing.
    assert spools(root) == []
    check_the_notebook(recorded(root), root)
    # The copy that nbconvert has left is not what is executed.
    shell(command, root, environment)
    found = recorded(root)
    assert len(found) == 10
    assert {e.notebook for e in found} == {NAME}


def test_nbclient_from_a_script(root: Path, environment: dict[str, str]) -> None:
    script = (
        "import nbformat\nfrom nbclient import NotebookClient\n"
        f"NotebookClient(nbformat.read({NAME!r}, 4), kernel_name='python3').execute()"
    )
    shell([sys.executable, "-c", script], root, environment)
    check_the_notebook(recorded(root), root)


def test_papermill_from_a_shell(root: Path, environment: dict[str, str]) -> None:
    python = Path(sys.prefix, "sources", "bin", "python")
    assert python.exists(), "run `make test-python` once: it installs the environments"
    command = [str(python), "-m", "papermill", NAME, "out.ipynb", "-p", "depth", "2"]
    shell(command, root, environment)
    found = recorded(root)
    assert {e.notebook for e in found} == {NAME}
    # The cell that papermill has put in is none of the notebook's.
    assert [e.cell_id for e in found] == ["cell-1", None, "cell-2", "cell-3", "cell-5", "cell-6"]
    assert "depth = 2" in found[1].source
    assert [a.path for a in found[2].writes] == ["out.txt"]


def test_equal_notebooks_are_not_told_apart_by_chance(
    root: Path, environment: dict[str, str]
) -> None:
    (root / "EXPERIMENTAL-try-depth-too.ipynb").write_bytes((root / NAME).read_bytes())
    script = (
        "import nbformat\nfrom nbclient import NotebookClient\n"
        f"NotebookClient(nbformat.read({NAME!r}, 4), kernel_name='python3').execute()"
    )
    shell([sys.executable, "-c", script], root, environment)
    assert {(e.notebook, e.cell_id) for e in recorded(root)} == {(None, None)}


def test_a_server_without_nbtrail(root: Path, tmp_path: Path, hooked: dict[str, str]) -> None:
    # Two that are equal: the server has told the kernel which it is.
    (root / "EXPERIMENTAL-try-depth-too.ipynb").write_bytes((root / NAME).read_bytes())
    server = Server(root, tmp_path / "server", extensions=(), **hooked)
    try:
        with server.connect(server.session(NAME, "hooked")) as client:
            client.run(SOURCES[1], "cell-2")
            # What a notebook starts is not that notebook.
            client.run(
                "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'nbconvert', "
                "'--to', 'html', '--execute', 'EXPERIMENTAL-try-depth-too.ipynb'], check=True)",
                "cell-3",
            )
            found = until(root, ended(7))
    finally:
        server.stop()
    assert Counter(e.notebook for e in found) == {NAME: 2, "EXPERIMENTAL-try-depth-too.ipynb": 5}


def test_a_run_of_the_pipeline_is_on_record_once(root: Path, environment: dict[str, str]) -> None:
    """The hook is in the kernels that nbtrail itself starts, too."""
    shell([sys.executable, "-m", "nbtrail.cli", "run", "-q"], root, environment)
    found = recorded(root)
    assert [e.cell_id for e in found] == ["cell-1", "cell-2", "cell-3", "cell-5", "cell-6"]
    assert all(e.run is not None for e in found)
    assert spools(root) == []


def test_the_hook_is_removed(root: Path, environment: dict[str, str]) -> None:
    answer = [sys.executable, "-m", "nbtrail.cli", "hook", "--json"]
    assert json.loads(shell(answer, root, environment))["installed"] is True
    assert json.loads(shell([*answer, "--remove"], root, environment))["installed"] is False
    shell([sys.executable, "-m", "nbconvert", "--to", "html", "--execute", NAME], root, environment)
    assert spools(root) == []
    assert recorded(root) == []


class Kernel:
    """A kernel as an editor starts it, without any server."""

    def __init__(self, folder: Path) -> None:
        self.manager, self.client = start_new_kernel(cwd=str(folder))

    def send(self, code: str, cell_id: str | None = None, **content: Any) -> str:
        request = self.client.session.msg(
            "execute_request",
            {
                "code": code, "silent": False, "store_history": True, "user_expressions": {},
                "allow_stdin": False, "stop_on_error": False, **content,
            },
            metadata={} if cell_id is None else {"cellId": cell_id},
        )  # fmt: skip
        self.client.shell_channel.send(request)
        return str(request["header"]["msg_id"])

    def run(self, code: str, cell_id: str | None = None, **content: Any) -> list[str]:
        """Types of what is published under a request, until it is idle."""
        msg_id = self.send(code, cell_id, **content)
        found = []
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            found.append(message["msg_type"])
            if message["content"].get("execution_state") == "idle":
                return found

    def close(self) -> None:
        self.client.stop_channels()
        if self.manager.is_alive():
            self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


@pytest.fixture
def kernel(root: Path, environment: dict[str, str]) -> Iterator[Kernel]:
    started = Kernel(root)
    yield started
    started.close()


def test_an_editor_that_names_the_notebook(kernel: Kernel, root: Path) -> None:
    path = str(root / NAME)
    kernel.run(f"__vsc_ipynb_file__ = {path!r}", silent=True, store_history=False)
    assert kernel.run("x = 1", "vscode-notebook-cell:W2") == ["status", "execute_input", "status"]
    kernel.run("1 / 0", "vscode-notebook-cell:W9")
    # On record while the kernel lives.
    first, second = until(root, ended(2))
    assert (first.notebook, first.cell_id, first.order) == (NAME, "cell-3", 1)
    assert (second.notebook, second.error) == (
        NAME, CellError("ZeroDivisionError", "division by zero"),
    )  # fmt: skip
    kernel.run("x = 1", "vscode-notebook-cell:W3")
    assert until(root, ended(3))[2].cell_id == "cell-5"
    # Silent requests of the editor's are no executions.
    kernel.run("1", silent=True, store_history=False)
    kernel.send("import time\nwhile True: time.sleep(0.01)")
    until(root, lambda found: [e.status for e in found[3:]] == ["running"])
    os.kill(kernel.manager.provisioner.pid, signal.SIGKILL)
    found = until(root, ended(4))
    assert (found[3].status, found[3].cell_id) == ("died", None)
    assert spools(root) == []


def test_a_torn_line_is_left_out(kernel: Kernel, root: Path) -> None:
    kernel.run("x = 1")
    kernel.run("y = 2")
    (spool,) = spools(root)
    with spool.open("ab") as file:
        file.write(b'{"kind": "start", "msg_id": "torn')
    os.kill(kernel.manager.provisioner.pid, signal.SIGKILL)
    assert [e.source for e in until(root, ended(2))] == ["x = 1", "y = 2"]


def test_taking_in_twice_changes_nothing(kernel: Kernel, root: Path) -> None:
    kernel.run("x = 1")
    kernel.run("open('out.txt', 'w').write('x')")
    (spool,) = spools(root)
    until(root, ended(2))
    again = spool.read_bytes()
    os.kill(kernel.manager.provisioner.pid, signal.SIGKILL)
    until(root, lambda _: spools(root) == [])
    spool.write_bytes(again)
    found = until(root, lambda _: spools(root) == [])
    assert [e.source for e in found] == ["x = 1", "open('out.txt', 'w').write('x')"]
    assert [a.path for a in found[1].writes] == ["out.txt"]
    assert len(rows(root, t.sessions)) == 1


def test_where_nothing_can_be_written_the_user_notices_nothing(kernel: Kernel, root: Path) -> None:
    (root / ".nbtrail").mkdir(exist_ok=True)
    (root / ".nbtrail" / "spool").write_text("in the way")
    assert kernel.run("x = 1") == ["status", "execute_input", "status"]
    assert kernel.run("print(x)") == ["status", "execute_input", "stream", "status"]


def test_loaded_by_hand_in_one_notebook(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    kernel = Kernel(root)
    try:
        kernel.run("before = 1")
        assert kernel.run("%load_ext nbtrail") == ["status", "execute_input", "status"]
        kernel.run("x = 1")
        kernel.run("")
        found = until(root, ended(2))
        assert [(e.source, e.execution_count) for e in found] == [("x = 1", 3), ("", None)]
    finally:
        kernel.close()


def test_no_execution_is_on_record_twice(
    root: Path, tmp_path: Path, hooked: dict[str, str]
) -> None:
    """A server that listens to kernels with the hook, and one in which it is loaded later."""
    server = Server(root, tmp_path / "server", **hooked)
    try:
        with server.connect(server.session(NAME, "hooked")) as client:
            # It may come before the server's probe, and be heard by both.
            client.run("early = 1", "cell-1")
            client.ready().run("open('out.txt', 'w').write('x')", "cell-2")
            client.run("x = 1", "cell-3")
        other = "EXPERIMENTAL-other.ipynb"
        notebook(root / other, ["1"])
        with server.connect(server.session(other)) as client:
            client.ready().run("%load_ext nbtrail", "cell-1")
            client.run("x = 2", "cell-1")
        until(root, ended(5))
    finally:
        server.stop()
    assert len(until(root, lambda _: spools(root) == [])) == 5
    assert [e.cell_id for e in recorded(root, NAME)] == ["cell-1", "cell-2", "cell-3"]


def test_what_a_killed_run_left_running_is_lost(root: Path, tmp_path: Path) -> None:
    loop = "EXPERIMENTAL-without-end.ipynb"
    notebook(root / loop, ["x = 1", "import time\nwhile True: time.sleep(0.01)"])
    with open_project(root) as opened:
        run = opened.start_run(notebooks=(loop,))
        until(root, lambda found: [e.status for e in found] == ["ok", "running"])
        (row,) = rows(root, t.runs)
        os.kill(row.pid, signal.SIGKILL)
        assert opened.follow(run).summary.status == "lost"
    found = until(root, ended(2))
    assert [(e.status, e.run) for e in found] == [("ok", run), ("lost", run)]


def test_what_a_killed_server_left_running_is_lost(root: Path, tmp_path: Path) -> None:
    server = Server(root, tmp_path / "first")
    try:
        with server.connect(server.session(NAME)) as client:
            client.ready().run("x = 1", "cell-3")
            pid = client.pid()
            client.begun(client.execute("import time\nwhile True: time.sleep(0.01)", "cell-1"))
            until(root, lambda found: [e.status for e in found] == ["ok", "running"])
            # Whoever looks meanwhile leaves it alone.
            assert [e.status for e in recorded(root)] == ["ok", "running"]
            server.kill()
    finally:
        server.stop()
    again = Server(root, tmp_path / "second")
    try:
        first, second = until(root, ended(2))
        assert (first.status, second.status, second.seconds) == ("ok", "lost", None)
        with again.connect(again.session(NAME)) as client:
            client.ready().run("x = 2", "cell-3")
        assert [e.status for e in until(root, ended(3))] == ["ok", "lost", "ok"]
    finally:
        again.stop()
        with suppress(ProcessLookupError):  # kernels end when they notice
            os.kill(pid, signal.SIGKILL)
