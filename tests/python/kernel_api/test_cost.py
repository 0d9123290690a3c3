"""What importing nbtrail costs a notebook."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import nbtrail

PACKAGES = str(Path(nbtrail.__file__).parents[1])

# What IPython has imported before the first cell runs, as far as nbtrail needs it too.
IN_EVERY_KERNEL = "import dataclasses, datetime, pathlib, re, typing"

MEASURE = f"""
import json, sys, time
{IN_EVERY_KERNEL}
sys.path.insert(0, {PACKAGES!r})
before = set(sys.modules)
start = time.perf_counter()
from nbtrail import dataset, log_metric, log_param
seconds = time.perf_counter() - start
print(json.dumps({{"seconds": seconds, "modules": sorted(set(sys.modules) - before)}}))
"""


def fresh_import() -> tuple[float, list[str]]:
    # Isolated and without site-packages: whatever is imported comes with Python or with nbtrail.
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-c", MEASURE], capture_output=True, text=True, check=True
    )
    found = json.loads(answer.stdout)
    return found["seconds"], found["modules"]


def test_it_needs_nothing_but_the_standard_library() -> None:
    _, modules = fresh_import()
    foreign = [
        name
        for name in modules
        if name.partition(".")[0] not in {"nbtrail", *sys.stdlib_module_names}
    ]
    assert foreign == []
    assert "nbtrail.kernel_api" in modules


def test_it_takes_less_than_ten_milliseconds() -> None:
    fresh_import()  # writes the byte code where it can
    assert min(fresh_import()[0] for _ in range(5)) < 0.010
