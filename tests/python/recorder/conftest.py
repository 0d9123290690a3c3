"""A real kernel that a recorder listens to, in a project of the test's own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel
from sqlalchemy import select

from nbtrail.app import OpenProject, open_project
from nbtrail.ledger import tables as t
from nbtrail.ledger.records import Execution
from nbtrail.recorder.install import install_code
from nbtrail.recorder.recorder import Finished, Place, Recorder

KERNEL = "the-kernel"


class Bench:
    """A project, a kernel in it, and a recorder that listens."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.project: OpenProject = open_project(root)
        self.finished: list[Finished] = []
        self.recorder = Recorder(self.finished.append)
        self.manager: KernelManager
        self.client: BlockingKernelClient

    @property
    def probe(self) -> str | None:
        return install_code(str(self.root), self.project.project.config.metrics.patterns)

    def start(self, *, probe: bool = True, kernel: str = "python3") -> None:
        self.manager, self.client = start_new_kernel(kernel_name=kernel, cwd=str(self.root))
        self.recorder.attach(
            KERNEL,
            self.manager.get_connection_info(),
            Place(self.root, lambda: self.project.writer, "a.ipynb"),
            kernelspec=kernel,
            language="python" if probe else None,
            probe=self.probe if probe else None,
        )
        assert self.recorder.wait_ready(KERNEL) if probe else self.recorder.wait_idle(KERNEL)

    def restart(self) -> None:
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=60)
        self.recorder.restarted(KERNEL, self.manager.get_connection_info())
        assert self.recorder.wait_ready(KERNEL)

    def restart_plain(self) -> None:
        """Restart without the probe, and without telling the recorder."""
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=60)

    def install(self, code: str | None) -> None:
        """Install the probe by a request of the test's own, to be sure of the order."""
        assert code is not None
        self.run(code, silent=True, store_history=False)

    def send(
        self, code: str, cell_id: str | None = None, *, note: str | None = None, **content: Any
    ) -> str:
        """Send a request; ``note`` is the cell as only the websocket knows it."""
        metadata = {} if cell_id is None else {"cellId": cell_id}
        request = self.client.session.msg(
            "execute_request",
            {
                "code": code, "silent": False, "store_history": True, "user_expressions": {},
                "allow_stdin": False, "stop_on_error": False, **content,
            },
            metadata=metadata,
        )  # fmt: skip
        self.recorder.note_request(request["header"]["msg_id"], note)
        self.client.shell_channel.send(request)
        return str(request["header"]["msg_id"])

    def until(self, msg_id: str, *, idle: bool = True, seconds: float = 60) -> list[dict[str, Any]]:
        """What is published under a request, until it is idle (or has begun)."""
        deadline = time.monotonic() + seconds
        found = []
        while True:
            message = self.client.get_iopub_msg(timeout=deadline - time.monotonic())
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            found.append(message)
            if not idle and message["msg_type"] == "execute_input":
                return found
            if message["content"].get("execution_state") == "idle":
                return found

    def run(self, code: str, cell_id: str | None = None, **content: Any) -> list[dict[str, Any]]:
        return self.until(self.send(code, cell_id, **content))

    def log(self, *, wait: bool = True) -> list[Execution]:
        """What is on record, the oldest first."""
        if wait:
            assert self.recorder.wait_idle(KERNEL)
        return self.project.log(limit=500)[0][::-1]

    def until_on_record(self, source: str, seconds: float = 30) -> Execution:
        """Wait for an execution that has begun, and need not have ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.recorder.flush()
            for execution in self.log(wait=False):
                if source in execution.source:
                    return execution
        raise AssertionError(f"{source!r} did not come on record")

    def rows(self, table: Any) -> list[Any]:
        with self.project.store.read() as connection:
            return list(connection.execute(select(table).order_by(*table.primary_key)))

    def metrics(self) -> dict[str, float | None]:
        return {row.name: row.value for row in self.rows(t.metrics)}

    def stop(self) -> None:
        if hasattr(self, "client"):
            self.client.stop_channels()
            if self.manager.is_alive():
                self.manager.shutdown_kernel(now=True)
            self.manager.cleanup_resources()
        self.recorder.close()
        self.project.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = (tmp_path / "project").resolve()
    folder.mkdir()
    (folder / "nbtrail.toml").write_text("")
    return folder


@pytest.fixture
def unstarted(root: Path) -> Iterator[Bench]:
    bench = Bench(root)
    yield bench
    bench.stop()


@pytest.fixture
def bench(unstarted: Bench) -> Bench:
    unstarted.start()
    return unstarted
