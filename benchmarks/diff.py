"""How long does comparing two notebooks take beside nbdime, and how large is the difference?

Usage: python benchmarks/diff.py [--pairs FOLDER] [--peer PYTHON] [--repeat N] [--peer-cells N]

FOLDER holds real pairs as ``NAME/a.ipynb`` and ``NAME/b.ipynb``. PYTHON is an interpreter that has
nbdime; without it nbtrail is measured alone. Both parse and compare the same files in turns.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import notebook_pairs
from tables import Table, clean_environment, milliseconds, seconds_of

from nbtrail.diff import diff_notebooks, patch_notebook
from nbtrail.notebooks.document import Notebook, parse_notebook

SIZES = (50, 200, 1_000, 3_000)
LIMIT_EXPONENT, LIMIT_SECONDS, LIMIT_COMMAND, LIMIT_MEMORY = 1.2, 0.1, 0.25, 4.0
LIMIT_MEDIAN, LIMIT_P90 = 50, 200


class Peer:
    """nbdime in another interpreter; answers `None` where there is none."""

    def __init__(self, python: str | None) -> None:
        self._process: subprocess.Popen[str] | None = None
        if python is None:
            return
        self._process = subprocess.Popen(
            [python, str(Path(__file__).with_name("diff_peer.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean_environment(),
        )  # fmt: skip

    def ask(self, a: Path, b: Path) -> dict[str, Any] | None:
        """Seconds, lines and cells of nbdime's answer; `None` where it has none."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return None
        process.stdin.write(f"{a}\t{b}\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            raise RuntimeError(f"nbdime failed on {a}")
        found: dict[str, Any] = json.loads(answer)
        return found

    def close(self) -> None:
        """End the other interpreter."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()


@dataclass(frozen=True)
class Timed:
    """One pair: seconds of both, and the sizes of both differences in lines and cells."""

    seconds: float
    peer: dict[str, Any] | None
    lines: int
    cells: int

    @property
    def ratio(self) -> float:
        """How many times as fast as the peer."""
        return math.nan if self.peer is None else self.peer["seconds"] / self.seconds


def measure(repeat: int) -> Table:
    """Generated notebooks of growing size, nbtrail alone."""
    return generated(repeat, Peer(None), 0)


def generated(repeat: int, peer: Peer, peer_cells: int) -> Table:
    """Seconds from 50 to 3,000 cells, the growth, and memory; the peer up to ``peer_cells``."""
    rows, limits = [], []
    for ids in (True, False):
        for rerun in (False, True):
            took = []
            for cells in SIZES:
                before = notebook_pairs.notebook(cells, ids=ids)
                pair = before, notebook_pairs.edited(before, rerun=rerun)
                found, memory = _on_disk(pair, repeat, peer if cells <= peer_cells else Peer(None))
                took.append(found.seconds)
                what = f"{cells:,} cells{'' if ids else ', no ids'}{', run again' if rerun else ''}"
                rows.append((what, milliseconds(found.seconds), *_beside(found), f"{memory:.1f}"))
                if memory > LIMIT_MEMORY:
                    limits.append(f"{what}: memory is {memory:.1f} times the files")
            exponent = math.log(took[-1] / took[0]) / math.log(SIZES[-1] / SIZES[0])
            rows.append(("  growth with cells", f"n^{exponent:.2f}", "", "", ""))
            if exponent > LIMIT_EXPONENT:
                limits.append(f"{what}: grows with n^{exponent:.2f}")
            if took[-1] > LIMIT_SECONDS:
                limits.append(f"{what}: {milliseconds(took[-1])}")
    for share in (0.0, 0.2, 1.0):
        found, memory = _on_disk(notebook_pairs.images(5, share), repeat, peer)
        what = f"5 MB of images, {share:.0%} changed"
        rows.append((what, milliseconds(found.seconds), *_beside(found), f"{memory:.1f}"))
        if found.seconds > LIMIT_SECONDS:
            limits.append(f"{what}: {milliseconds(found.seconds)}")
    return Table(
        title="Comparing generated notebooks: parse and diff",
        command="nbtrail.diff.diff_notebooks(a, b)",
        header=("pair", "nbtrail", "nbdime", "times as fast", "memory / files"),
        rows=tuple(rows),
        limits=tuple(limits),
    )


def edits(peer: Peer) -> Table:
    """How large the differences of hand-made edits are, in lines and in cells."""
    rows, limits = [], []
    for name, pair in notebook_pairs.hand_made().items():
        found, _ = _on_disk(pair, 1, peer)
        theirs = found.peer
        rows.append((
            name, str(found.lines), str(theirs["lines"]) if theirs else "",
            str(found.cells), str(theirs["cells"]) if theirs else "",
        ))  # fmt: skip
        if theirs and (found.lines > theirs["lines"] or found.cells > theirs["cells"]):
            limits.append(f"{name}: larger than nbdime's")
    return Table(
        title="How large is the difference of an edit?",
        command="nbtrail.diff.diff_notebooks(a, b)",
        header=("edit", "lines", "nbdime", "cells touched", "nbdime"),
        rows=tuple(rows),
        limits=tuple(limits),
    )


def real(folder: Path, repeat: int, peer: Peer) -> Table:
    """All pairs of a folder."""
    pairs = sorted(path.parent for path in folder.glob("*/a.ipynb"))
    timed = [_timed(p / "a.ipynb", p / "b.ipynb", repeat, peer) for p in pairs]
    seconds = [t.seconds for t in timed]
    rows = [("nbtrail", *_spread([s * 1000 for s in seconds], " ms"))]
    limits = []
    slow = [f"{p.name} ({milliseconds(t.seconds)})" for p, t in zip(pairs, timed, strict=True)
            if t.seconds > LIMIT_SECONDS]  # fmt: skip
    if slow:
        limits.append(f"longer than {milliseconds(LIMIT_SECONDS)}: {', '.join(slow)}")
    if all(t.peer for t in timed):
        theirs = [t.peer["seconds"] for t in timed if t.peer]
        ratios = [t.ratio for t in timed]
        rows.append(("nbdime", *_spread([s * 1000 for s in theirs], " ms")))
        rows.append(("times as fast", *_spread(ratios, "")))
        larger = sum(t.lines > t.peer["lines"] for t in timed if t.peer)
        rows.append(("larger in lines than nbdime's", f"{larger} of {len(timed)}", "", "", ""))
        median, p90 = statistics.median(ratios), _quantile(ratios, 0.9)
        if median < LIMIT_MEDIAN:
            limits.append(f"the median pair is {median:.0f} times as fast")
        if p90 < LIMIT_P90:
            limits.append(f"at the 90th percentile {p90:.0f} times as fast")
        if min(ratios) < 1:
            limits.append(f"{sum(r < 1 for r in ratios)} pairs are slower than with nbdime")
    return Table(
        title=f"{len(pairs)} real pairs, outputs included: parse and diff",
        command="nbtrail.diff.diff_notebooks(a, b)",
        header=("", "least", "median", "90th percentile", "most"),
        rows=tuple(rows),
        limits=tuple(limits),
    )


def command(repeat: int, peer: str | None) -> Table:
    """The whole command, from start to end, on notebooks of 200 cells."""
    before = notebook_pairs.notebook(200)
    rows, limits = [], []
    with tempfile.TemporaryDirectory() as folder:
        a, b = _written(Path(folder), (before, notebook_pairs.edited(before, rerun=True)))
        found = {}
        commands = {"nbtrail diff A B": [str(Path(sys.executable).with_name("nbtrail")), "diff"]}
        if peer is not None:
            commands["nbdiff A B"] = [str(Path(peer).with_name("nbdiff"))]
        for name, words in commands.items():
            times = [_seconds([*words, str(a), str(b)]) for _ in range(repeat + 1)][1:]
            found[name] = statistics.median(times)
            rows.append((name, milliseconds(found[name])))
    took = found["nbtrail diff A B"]
    if took > LIMIT_COMMAND:
        limits.append(f"nbtrail diff takes {took:.2f} s")
    return Table(
        title="The whole command, 200 cells run again",
        command="nbtrail diff A B",
        header=("command", "median"),
        rows=tuple(rows),
        limits=tuple(limits),
    )


def _seconds(words: Sequence[str]) -> float:
    # Both commands end with 1 where there are differences.
    return seconds_of(["sh", "-c", '"$@" >/dev/null || [ $? = 1 ]', "sh", *words])


def _on_disk(pair: tuple[Notebook, Notebook], repeat: int, peer: Peer) -> tuple[Timed, float]:
    """Both files written, timed, and compared once more to see how much memory it takes."""
    with tempfile.TemporaryDirectory() as folder:
        a, b = _written(Path(folder), pair)
        found = _timed(a, b, repeat, peer)
        tracemalloc.start()
        kept = _compare(a, b)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        del kept
        return found, peak / (a.stat().st_size + b.stat().st_size)


def _written(folder: Path, pair: tuple[Notebook, Notebook]) -> tuple[Path, Path]:
    paths = folder / "a.ipynb", folder / "b.ipynb"
    for path, side in zip(paths, pair, strict=True):
        path.write_text(json.dumps(side, indent=1) + "\n", encoding="utf-8")
    return paths


def _timed(a: Path, b: Path, repeat: int, peer: Peer) -> Timed:
    """The median of several times; the peer is asked once, because it may take minutes."""
    times = [_clock(lambda: _compare(a, b)) for _ in range(repeat)]
    before, after, found = _compare(a, b)
    if patch_notebook(before, found) != after:
        raise RuntimeError(f"the difference of {a.parent.name} does not lead from a to b")
    lines = sum(line["op"] != "equal" for cell in found["cells"] for line in cell["source"])
    touched = sum(cell["op"] == "move" or cell["source_changed"] for cell in found["cells"])
    return Timed(statistics.median(times), peer.ask(a, b), lines, touched)


def _compare(a: Path, b: Path) -> tuple[Notebook, Notebook, Any]:
    before, after = (parse_notebook(path.read_bytes(), path.name) for path in (a, b))
    return before, after, diff_notebooks(before, after)


def _clock(action: Callable[[], object]) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def _beside(found: Timed) -> tuple[str, str]:
    if found.peer is None:
        return "", ""
    return milliseconds(found.peer["seconds"]), f"{found.ratio:,.0f}"


def _spread(values: Sequence[float], unit: str) -> tuple[str, str, str, str]:
    numbers = min(values), statistics.median(values), _quantile(values, 0.9), max(values)
    a, b, c, d = (f"{value:,.1f}{unit}" for value in numbers)
    return a, b, c, d


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description="Compare notebooks beside nbdime.")
    parser.add_argument("--pairs", type=Path, help="a folder of NAME/a.ipynb and NAME/b.ipynb")
    parser.add_argument("--peer", help="an interpreter that has nbdime")
    parser.add_argument("--peer-cells", type=int, default=200, help="largest notebook for nbdime")
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    peer = Peer(options.peer)
    print(edits(peer).text(), flush=True)
    if options.pairs is not None:
        print(real(options.pairs, options.repeat, peer).text(), flush=True)
    print(generated(options.repeat, peer, options.peer_cells).text(), flush=True)
    print(command(options.repeat, options.peer).text(), flush=True)
    peer.close()


if __name__ == "__main__":
    main()
