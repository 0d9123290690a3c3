"""An environment is recorded, frozen, made again, and runs a kernel."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import start_new_kernel

from nbtrail.app import OpenProject, open_project
from nbtrail.cli import main
from nbtrail.errors import ConflictError, NotFoundError, RebuildError
from nbtrail.export.rebuild import find_python, rebuild
from nbtrail.export.requirements import Requirements
from nbtrail.ledger import executions
from nbtrail.ledger.records import ExecutionEnd, ExecutionStart, KernelSession

BARE = Path(sys.prefix) / "bare" / "bin" / "python"
PROBE = Path(executions.__file__).parents[1] / "recorder" / "probe"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[OpenProject]:
    root = tmp_path / "project"
    root.mkdir()
    (root / "nbtrail.toml").write_text("")
    with open_project(root) as project:
        yield project


def gathered(python: Path) -> dict[str, Any]:
    """The environment that a kernel of this interpreter would report."""
    code = "import json, environment; print(json.dumps(environment.gather()))"
    done = subprocess.run(
        [str(python), "-c", code], cwd=PROBE, check=True, capture_output=True, text=True
    )
    return dict(json.loads(done.stdout))


def record(opened: OpenProject, environment: dict[str, Any]) -> str:
    """Put an execution on record that ran in an environment; gives the environment's id."""
    with opened.store.write() as connection:
        executions.open_session(connection, KernelSession("s", "k", "python3", "python", 1.0))
        executions.set_session_environment(connection, "s", environment)
        executions.start_execution(
            connection, ExecutionStart("s", "m", "a.ipynb", "c", 1, 1, "x", 1.0)
        )
        executions.finish_execution(connection, ExecutionEnd("s", "m", "ok", 0.5))
    found, _ = opened.log()
    assert found[0].environment is not None
    return found[0].environment


def test_without_a_record_there_is_nothing_to_freeze(opened: OpenProject) -> None:
    with pytest.raises(NotFoundError, match="Run a notebook"):
        opened.requirements()


def test_a_recorded_environment_is_made_again(opened: OpenProject, tmp_path: Path) -> None:
    assert BARE.exists(), "run `make test-python` once: it installs the environments"
    before = gathered(BARE)
    identity = record(opened, before)
    folder = tmp_path / "again"
    found = opened.rebuild_environment(folder)
    assert found.kernel == f"nbtrail-{identity[:8]}"
    specs = KernelSpecManager()
    try:
        assert gathered(folder / "bin" / "python")["packages"] == before["packages"]
        assert specs.get_kernel_spec(found.kernel).argv[0] == str(folder / "bin" / "python")
        manager, client = start_new_kernel(kernel_name=found.kernel)
        try:
            client.execute_interactive("1", timeout=60)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    finally:
        specs.remove_kernel_spec(found.kernel)


def test_what_is_there_is_not_replaced(opened: OpenProject, tmp_path: Path) -> None:
    record(opened, {"packages": {"a": "1"}})
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(ConflictError, match="not empty"):
        opened.rebuild_environment(tmp_path)
    assert (tmp_path / "kept.txt").read_text() == "mine"


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}.0"
    wanted = Requirements("ab" * 32, version, ("no-such-thing-at-all==0.0.0",), ())
    said: list[str] = []
    with pytest.raises(RebuildError, match="no-such-thing-at-all"):
        rebuild(wanted, tmp_path / "again", label="x", say=said.append)
    assert not (tmp_path / "again").exists()
    assert said[-1] == "Installing 1 distributions"


def test_a_python_that_is_not_there_is_named() -> None:
    with pytest.raises(RebuildError, match=r"no Python 2\.1 on this machine"):
        find_python("2.1")


def test_the_command_line_freezes(opened: OpenProject, capsys: pytest.CaptureFixture[str]) -> None:
    root = opened.project.root
    origins = {"here": {"url": "file:///here", "dir_info": {"editable": True}}}
    packages = {"a": "1", "here": "2"}
    identity = record(opened, {"packages": packages, "origins": origins})

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as stop:
            main(["-C", str(root), "env", "freeze", *arguments])
        return int(str(stop.value.code))

    assert run() == 1
    shown = capsys.readouterr()
    assert shown.out.endswith("\na==1\n")
    assert "not installable: here 2: it came from an editable folder" in shown.err
    assert run(identity[:8], "-o", "requirements.txt", "-q") == 1
    assert (root / "requirements.txt").read_text() == shown.out
    assert run("-o", "requirements.txt") == 1
    (root / "requirements.txt").write_text("mine\n")
    assert run("-o", "requirements.txt") == 2
    assert (root / "requirements.txt").read_text() == "mine\n"
    assert run("-o", "requirements.txt", "--force") == 1
    assert (root / "requirements.txt").read_text() == shown.out
