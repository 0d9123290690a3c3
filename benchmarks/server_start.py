"""What do time and memory of a Jupyter Server's start gain by nbtrail?

JupyterLab's server is started with nbtrail switched off and on, in turns, on an empty folder.
Time runs until the server answers ``GET /api/status``; memory is the process's resident set then.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from servers import running
from tables import Table, milliseconds

#: What nbtrail may add: seconds, and bytes before it is first used.
TIME_LIMIT, MEMORY_LIMIT = 0.1, 15 * 2**20


def measure(repeat: int) -> Table:
    """Start servers without and with nbtrail, in turns."""
    results: dict[bool, list[tuple[float, int]]] = {False: [], True: []}
    for turn in range(repeat + 1):
        for enabled in (False, True):
            result = _start(enabled)
            if turn:
                results[enabled].append(result)
    off, on = (_medians(results[enabled]) for enabled in (False, True))
    # Each pair was measured side by side, so that its difference says more than the medians'.
    pairs = list(zip(results[False], results[True], strict=True))
    more_time = statistics.median(b[0] - a[0] for a, b in pairs)
    more_memory = statistics.median(b[1] - a[1] for a, b in pairs)
    limits = []
    if more_time > TIME_LIMIT:
        limits.append(f"nbtrail adds {milliseconds(more_time)}, more than 100 ms")
    if more_memory > MEMORY_LIMIT:
        limits.append(f"nbtrail adds {_megabytes(more_memory)}, more than 15 MB")
    return Table(
        title="Start of JupyterLab's server",
        command="jupyter lab --no-browser, until GET /api/status answers",
        header=("server", "time", "memory"),
        rows=(
            ("without nbtrail", milliseconds(off[0]), _megabytes(off[1])),
            ("with nbtrail", milliseconds(on[0]), _megabytes(on[1])),
            ("added (median of pairs)", milliseconds(more_time), _megabytes(more_memory)),
        ),
        limits=tuple(limits),
    )


def _medians(results: list[tuple[float, int]]) -> tuple[float, float]:
    return statistics.median(r[0] for r in results), statistics.median(r[1] for r in results)


def _megabytes(size: float) -> str:
    return f"{size / 2**20:.1f} MB"


def _start(enabled: bool) -> tuple[float, int]:
    """Seconds until a fresh server answers, and its resident memory in bytes."""
    with (
        tempfile.TemporaryDirectory(prefix="nbtrail-bench-") as home,
        running(Path(home), enabled=enabled) as server,
    ):
        return server.seconds, server.resident
