"""Starting kernels where something comes in between."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbtrail.errors import KernelError
from nbtrail.pipeline.kernels import KernelPool, Wish

#: At its first start another program has taken the kernel's port for requests, and it ends.
UNLUCKY = """
import json, os, subprocess, sys
here, connection = sys.argv[1:3]
if os.path.exists(here + "/begun"):
    os.execv(sys.executable, [sys.executable, "-m", "ipykernel_launcher", "-f", connection])
port = json.load(open(connection))["shell_port"]
thief = "import os, sys, time, zmq; s = zmq.Context().socket(zmq.PUB); s.bind(sys.argv[1]);" \\
    "print(os.getpid(), flush=True); time.sleep(600)"
other = subprocess.Popen(
    [sys.executable, "-c", thief, f"tcp://127.0.0.1:{port}"],
    stdout=subprocess.PIPE, start_new_session=True,
)
open(here + "/thief", "wb").write(other.stdout.readline())
open(here + "/begun", "w").close()
sys.exit(1)
"""


def install(folder: Path, program: str) -> str:
    """A kernel that starts with ``program``; returns the name to ask for it by."""
    (folder / "start.py").write_text(program)
    argv = [sys.executable, str(folder / "start.py"), str(folder), "{connection_file}"]
    spec = {"argv": argv, "display_name": "K", "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))
    return str(folder)


@pytest.fixture
def kernel_folder(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "kernel"
    folder.mkdir()
    yield folder
    if (folder / "thief").exists():
        os.kill(int((folder / "thief").read_text()), 9)


def test_a_kernel_whose_port_was_taken_is_started_again(kernel_folder: Path) -> None:
    name = install(kernel_folder, UNLUCKY)

    async def start() -> tuple[bool, bool]:
        pool = KernelPool(dict(os.environ))
        kernel = await pool.take(Wish(name, str(kernel_folder)))
        alive = await kernel.is_alive()
        await pool.close()
        return alive, await kernel.is_alive()

    assert asyncio.run(asyncio.wait_for(start(), 60)) == (True, False)
    assert (kernel_folder / "begun").exists()


def test_a_kernel_that_always_ends_is_named(kernel_folder: Path) -> None:
    name = install(kernel_folder, "raise SystemExit(1)")

    async def start() -> None:
        pool = KernelPool(dict(os.environ))
        try:
            await pool.take(Wish(name, str(kernel_folder)))
        finally:
            await pool.close()

    with pytest.raises(KernelError, match="did not start: its process has ended") as caught:
        asyncio.run(asyncio.wait_for(start(), 60))
    assert caught.value.hint is not None
