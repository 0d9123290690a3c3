"""What the probe costs inside a kernel: the same cells with it and without, in turns.

Two kernels of the same environment take turns, so that whatever else the machine does hits
both; where it does much, the ratio of the kernels' processor times says more than that of the
times from request to idle.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel
from tables import Table

from nbtrail.app import open_project
from nbtrail.recorder.install import install_code
from nbtrail.recorder.recorder import Place, Recorder

PREPARE = """
import copy, os, pickle
from fractions import Fraction
from pathlib import Path
nested = {n: [[m, str(m)] for m in range(20)] for n in range(2000)}
pickled = pickle.dumps([Fraction(n, 7) for n in range(100_000)])
things = list(range(1_000_000))
os.makedirs('small', exist_ok=True)
names = [f'small/{n}.txt' for n in range(10_000)]
absolute = [os.path.abspath(name) for name in names]
for name in names:
    with open(name, 'w') as stream:
        stream.write(name)
"""

CELLS = {
    "1": "1",
    "deepcopy of 40,000 lists": "_ = copy.deepcopy(nested)",
    "unpickle 100,000 objects": "_ = pickle.loads(pickled)",
    "a million id()": "for thing in things: id(thing)",
    "read 10,000 small files": "for name in names:\n    with open(name) as stream: stream.read()",
    "the same, absolute paths": "for name in absolute:\n    with open(name) as s: s.read()",
    "the same by pathlib": "for name in absolute: Path(name).read_bytes()",
    "read one file 10,000 times": "for _ in names:\n    with open('small/1.txt') as s: s.read()",
    "write 1,000 small files": "for n in names[:1000]:\n    with open(n, 'w') as s: s.write(n)",
}


#: Cells that may take this many times what they take without the probe.
LIMIT = 1.03
LIMITED = (
    "deepcopy of 40,000 lists",
    "unpickle 100,000 objects",
    "a million id()",
    "read 10,000 small files",
)


class Side:
    """A kernel, recorded or not."""

    def __init__(self, folder: Path) -> None:
        self.manager: KernelManager
        self.client: BlockingKernelClient
        self.manager, self.client = start_new_kernel(cwd=str(folder))

    def processor(self) -> float:
        """Processor time of the kernel so far, in seconds."""
        expressions = {"t": "__import__('time').process_time()"}
        self.client.execute("", silent=True, user_expressions=expressions)
        content = self.client.get_shell_msg(timeout=60)["content"]
        return float(content["user_expressions"]["t"]["data"]["text/plain"])

    def run(self, code: str) -> float:
        """Seconds from the request to idle."""
        begun = time.perf_counter()
        msg_id = self.client.execute(code)
        while True:
            message = self.client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            if message["msg_type"] == "error":
                raise RuntimeError(message["content"]["evalue"])
            if message["content"].get("execution_state") == "idle":
                break
        seconds = time.perf_counter() - begun
        self.client.get_shell_msg(timeout=60)
        return seconds

    def stop(self) -> None:
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


def measure(repeat: int) -> Table:
    """Cells in a probed kernel beside the same in a plain one, in turns."""
    rows, limits = [], []
    with tempfile.TemporaryDirectory() as name:
        for title, (walls, works) in _times(Path(name).resolve(), repeat).items():
            wall, work = (b / a for a, b in (walls, works))
            rows.append(
                (title, f"{walls[0]:.2f} ms", f"{walls[1]:.2f} ms", f"{wall:.3f}", f"{work:.3f}")
            )
            if title in LIMITED and min(wall, work) > LIMIT:
                limits.append(f"{title}: {min(wall, work):.3f} times the plain kernel's time.")
    return Table(
        title="What does the probe cost inside a kernel?",
        command="python benchmarks/run.py recorder_overhead",
        header=("cell", "plain", "probed", "ratio", "ratio of processor time"),
        rows=tuple(rows),
        limits=tuple(limits),
    )


def _times(root: Path, repeat: int) -> dict[str, tuple[tuple[float, ...], tuple[float, ...]]]:
    """Medians in ms, plain and probed: wall times, processor times."""
    folders = [root / "plain", root / "probed"]
    for folder in folders:
        folder.mkdir()
    (folders[1] / "nbtrail.toml").write_text("")
    project, recorder = open_project(folders[1]), Recorder()
    sides = tuple(Side(folder) for folder in folders)
    recorder.attach(
        "kernel",
        sides[1].manager.get_connection_info(),
        Place(folders[1], lambda: project.writer),
        probe=install_code(str(folders[1]), project.project.config.metrics.patterns),
    )
    try:
        if not recorder.wait_ready("kernel"):
            raise SystemExit("The probe did not come up; is there a kernel named python3?")
        for side in sides:
            side.run(PREPARE)
        found = {}
        for title, code in CELLS.items():
            walls: tuple[list[float], list[float]] = ([], [])
            works: tuple[list[float], list[float]] = ([], [])
            for turn in range(repeat + 1):
                for n in (0, 1) if turn % 2 else (1, 0):
                    before = sides[n].processor()
                    seconds = sides[n].run(code)
                    work = sides[n].processor() - before
                    recorder.wait_idle("kernel", 60)
                    if turn:  # the first is for warming up
                        walls[n].append(seconds * 1000)
                        works[n].append(work * 1000)
            found[title] = (
                tuple(statistics.median(t) for t in walls),
                tuple(statistics.median(t) for t in works),
            )
        return found
    finally:
        for side in sides:
            side.stop()
        recorder.close()
        project.close()
