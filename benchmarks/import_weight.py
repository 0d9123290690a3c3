"""What does importing nbtrail cost, and which heavy modules does it pull in?"""

from __future__ import annotations

import json
import statistics
import subprocess

from tables import Table, clean_environment, milliseconds, python

#: Modules that are slow to import and have no place in a start.
HEAVY = (
    "alembic", "detect_secrets", "jsonschema", "jupytext", "nbclient", "nbconvert", "nbformat",
    "numpy", "pandas", "rich.progress", "sqlalchemy", "zstandard",
)  # fmt: skip

#: What is imported, the imports that are there anyway, and whether heavy modules are allowed.
CASES = (
    ("from nbtrail import dataset, log_metric", "import dataclasses, pathlib, re", False),
    ("import nbtrail.cli", "import click", False),
    ("import nbtrail.server.extension", "import jupyterlab.labapp", False),
    ("import nbtrail.app", "import dataclasses, pathlib, re", False),
    ("import nbformat", "import dataclasses, pathlib, re", True),
    ("import nbclient", "import dataclasses, pathlib, re", True),
)

_PROGRAM = """
import json, sys, time
{base}
before = set(sys.modules)
start = time.perf_counter()
{statement}
seconds = time.perf_counter() - start
added = set(sys.modules) - before
print(json.dumps([seconds, len(added), sorted(added.intersection({heavy!r}))]))
"""


def measure(repeat: int) -> Table:
    """Import in fresh interpreters, after what is imported there anyway."""
    rows, limits = [], []
    for statement, base, allowed in CASES:
        program = _PROGRAM.format(base=base, statement=statement, heavy=HEAVY)
        answers = [_run(program) for _ in range(repeat + 1)][1:]
        seconds = statistics.median(answer[0] for answer in answers)
        _, count, heavy = answers[0]
        rows.append(
            (statement, base, milliseconds(seconds), str(count), ", ".join(heavy) or "none")
        )
        if heavy and not allowed:
            limits.append(f"{statement} pulls in {', '.join(heavy)}")
    return Table(
        title="Weight of imports",
        command="python -c 'STATEMENT'",
        header=("statement", "on top of", "median", "modules", "heavy ones"),
        rows=tuple(rows),
        limits=tuple(limits),
    )


def _run(program: str) -> tuple[float, int, list[str]]:
    answer = subprocess.run(
        python("-c", program), check=True, capture_output=True, text=True, env=clean_environment()
    )
    seconds, count, heavy = json.loads(answer.stdout)
    return seconds, count, heavy
