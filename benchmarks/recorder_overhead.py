"""What the probe costs inside a kernel: the same cells with it and without, in turns.

    python benchmarks/recorder_overhead.py [--rounds N]

Prints medians of wall time and of the kernel's processor time in milliseconds, and the ratios
of probed to unprobed. Two kernels of the same environment take turns, so that whatever else
the machine does hits both; where it does much, the ratio of processor times says more.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

from nbtrail.app import open_project
from nbtrail.recorder.install import install_code
from nbtrail.recorder.recorder import Place, Recorder

PREPARE = """
import copy, os, pickle
from pathlib import Path
nested = {n: [[m, str(m)] for m in range(20)] for n in range(2000)}
pickled = pickle.dumps(nested)
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
    "unpickle the same": "_ = [pickle.loads(pickled) for _ in range(5)]",
    "a million id()": "for thing in things: id(thing)",
    "read 10,000 small files": "for name in names:\n    with open(name) as stream: stream.read()",
    "the same, absolute paths": "for name in absolute:\n    with open(name) as s: s.read()",
    "the same by pathlib": "for name in absolute: Path(name).read_bytes()",
    "read one file 10,000 times": "for _ in names:\n    with open('small/1.txt') as s: s.read()",
    "write 1,000 small files": "for n in names[:1000]:\n    with open(n, 'w') as s: s.write(n)",
}


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


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds: int = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        folders = [root / "plain", root / "probed"]
        for folder in folders:
            folder.mkdir()
        (folders[1] / "nbtrail.toml").write_text("")
        project, recorder = open_project(folders[1]), Recorder()
        plain, probed = (Side(folder) for folder in folders)
        recorder.attach(
            "kernel",
            probed.manager.get_connection_info(),
            Place(folders[1], lambda: project.writer),
            probe=install_code(str(folders[1]), project.project.config.metrics.patterns),
        )
        if not recorder.wait_ready("kernel"):
            raise SystemExit("The probe did not come up; is there a kernel named python3?")
        for side in (plain, probed):
            side.run(PREPARE)
        print(f"{'':28} {'wall, ms':^26} {'processor, ms':^26}")
        print(f"{'cell':28}" + 2 * f" {'plain':>8} {'probed':>8} {'ratio':>8}")
        for title, code in CELLS.items():
            walls: tuple[list[float], list[float]] = ([], [])
            works: tuple[list[float], list[float]] = ([], [])
            for turn in range(rounds + 1):
                for n in (0, 1) if turn % 2 else (1, 0):
                    side = (plain, probed)[n]
                    before = side.processor()
                    seconds = side.run(code)
                    work = side.processor() - before
                    recorder.wait_idle("kernel", 60)
                    if turn:  # the first is for warming up
                        walls[n].append(seconds * 1000)
                        works[n].append(work * 1000)
            row = f"{title:28}"
            for times in (walls, works):
                a, b = (statistics.median(t) for t in times)
                row += f" {a:8.2f} {b:8.2f} {b / a:8.3f}"
            print(row, flush=True)
        print(f"lost {recorder.lost}, failures of the probe {recorder.probe_failures}")
        for side in (plain, probed):
            side.stop()
        recorder.close()
        project.close()


if __name__ == "__main__":
    main()
