"""Runs the benchmarks and prints their tables.

Usage: python benchmarks/run.py [--repeat N] [--strict] [--peers PYTHON] [NAME...]
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable

import adopt
import bundle_size
import check
import cli_start
import crash
import crowd
import graph
import import_weight
import lab_round_trip
import lab_views
import opening
import recorder_overhead
import round_trip
import server_start
import throughput
import timeline
from tables import Table

import contents
import diff
import history
import pipeline

BENCHMARKS: dict[str, Callable[[int], Table]] = {
    "import_weight": import_weight.measure,
    "cli_start": cli_start.measure,
    "server_start": server_start.measure,
    "bundle_size": bundle_size.measure,
    "recorder_overhead": recorder_overhead.measure,
    "round_trip": round_trip.measure,
    "lab_round_trip": lab_round_trip.measure,
    "lab_views": lab_views.measure,
    "throughput": throughput.measure,
    "crash": crash.measure,
    "crowd": crowd.measure,
    "history": history.measure,
    "timeline": timeline.measure,
    "check": check.measure,
    "contents": contents.measure,
    "blocking": contents.measure_blocking,
    "opening": opening.measure,
    "adopt": adopt.measure,
    "graph": graph.measure,
    "pipeline_light": pipeline.measure_light,
    "pipeline_real": pipeline.measure_real,
    "diff": diff.measure,
}


def main() -> int:
    """Print the tables asked for; 1 with ``--strict`` when a limit was not kept."""
    parser = argparse.ArgumentParser(description="Measure nbtrail beside its peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--repeat", type=int, default=5, help="repetitions (default: 5)")
    parser.add_argument("--strict", action="store_true", help="fail when a limit is not kept")
    parser.add_argument(
        "--peers", metavar="PYTHON", help="an environment with nbconvert, papermill and ploomber"
    )
    options = parser.parse_args()
    if options.peers:
        os.environ[pipeline.PEERS] = os.path.abspath(options.peers)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")

    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()},")
    print(f"{os.cpu_count()} processors, medians of {options.repeat} repetitions\n")
    kept = True
    for name in options.names or BENCHMARKS:
        table = BENCHMARKS[name](options.repeat)
        print(table.text(), flush=True)
        kept = kept and not table.limits
    return 0 if kept or not options.strict else 1


if __name__ == "__main__":
    sys.exit(main())
