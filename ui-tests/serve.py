"""Starts JupyterLab for the browser tests, on fresh copies of projects.

Below the server's root:

- ``example``: the example project, not run yet
- ``drafts``: a project with the example's rules and one notebook
- ``names``: a project with a good name, a bad one from before the rules, and a folder
- ``pairs``: a project with a notebook that has a twin
- ``moves``: a project with a notebook that another one runs
- ``checks``: a project with a notebook that breaks rules in one of its cells
- ``chaos``: notebooks as people leave them, and no project
- ``broken``: files that are no notebooks, a kernel that is not there, and a notebook that is fine
- ``dying``: a notebook that ends its own kernel once there is a file named ``end``
- ``corrupt``: a project whose ``trail.db`` is no database
- ``read-only``: a project in whose folder nothing may be written
- ``loose``: a git repository that is no project yet
- ``runs``: a project of two steps, one of which leaves a metric
- ``versions``: a project with a notebook that changed since its commit
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import versions

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent / "examples"


def notebook(*sources: str, kernel: str = "python3") -> str:
    """A small notebook as JSON."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "source": source,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(sources)
    ]
    metadata = {"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}}
    return json.dumps(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}, indent=1
    )


def project(folder: Path, notebooks: dict[str, str]) -> Path:
    """A project with notebooks that need no twin."""
    folder.mkdir()
    (folder / "nbtrail.toml").write_text('[policy]\ncategory = "enforce"\ntwin = "off"\n')
    for name, content in notebooks.items():
        (folder / f"{name}.ipynb").write_text(content)
    return folder


def chaos(folder: Path) -> None:
    """Notebooks that grew without rules: defaults, versions, copies."""
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    clean = (
        "import pandas as pd\nraw = pd.read_csv('passengers.csv')",
        "raw = raw.dropna(subset=['age'])\nraw['age'] = raw['age'].clip(0, 90)",
        "raw.to_csv('passengers_clean.csv', index=False)",
    )
    fit = (
        "import pandas as pd\nfrom sklearn.ensemble import RandomForestClassifier",
        "data = pd.read_csv('passengers_clean.csv')\nX, y = data.drop(columns='lived'), data.lived",
        "model = RandomForestClassifier(random_state=0)\nmodel.fit(X, y)",
        "print(model.score(X, y))",
    )
    look = (
        "import pandas as pd\nimport matplotlib.pyplot as plt",
        "data = pd.read_csv('passengers_clean.csv')",
        "data.groupby('class').age.mean().plot(kind='bar')\nplt.show()",
    )
    for name, sources in {
        "Untitled3": look,
        "prep": clean,
        "model_final": fit,
        "model_final_v2 (1)": (*fit, "print('again')"),
        "empty": ("",),
    }.items():
        (folder / f"{name}.ipynb").write_text(notebook(*sources))


def prepare(root: Path) -> None:
    """Make the projects below ``root``."""
    numbers = notebook("numbers = [1, 2, 3]", "sum(numbers)")
    shutil.copytree(
        EXAMPLES,
        root / "example",
        ignore=shutil.ignore_patterns(
            ".nbtrail", ".ipynb_checkpoints", "data", "models", "figures"
        ),
    )
    drafts = project(root / "drafts", {"CLEANING-good-numbers": numbers})
    shutil.copy(EXAMPLES / "nbtrail.toml", drafts)
    names = project(
        root / "names", {"2-CLEANING-good-numbers": numbers, "model_final": notebook("2 + 2")}
    )
    (names / "sub").mkdir()
    pairs = project(
        root / "pairs",
        {
            "EXPLORATION-ages": notebook(
                "ages = [22, 38, 26]",
                "ages.sort()\nmiddle = ages[1]",
                "print(middle)",
            )
        },
    )
    moves = project(
        root / "moves",
        {
            "1-CLEANING-numbers": numbers,
            "2-DEPLOY-report": notebook("%run 1-CLEANING-numbers.ipynb", "print(numbers)"),
        },
    )
    checks = project(
        root / "checks",
        {
            "CLEANING-numbers": numbers,
            "EXPERIMENTAL-dice": notebook(
                "import numpy as np", "throws = np.random.randint(1, 7, 100)", "throws.mean()"
            ),
        },
    )
    for paired in (pairs, moves, checks):
        (paired / "nbtrail.toml").write_text('[policy]\ncategory = "enforce"\ntwin = "enforce"\n')
    chaos(root / "chaos")
    project(
        root / "broken",
        {
            "CLEANING-empty-file": "",
            "CLEANING-merge-markers": "<<<<<<< HEAD\n{}\n",
            "CLEANING-old-format": '{"nbformat": 3, "nbformat_minor": 0, "metadata": {}, '
            '"worksheets": []}',
            "CLEANING-good-numbers": numbers,
            "EXPERIMENTAL-no-such-kernel": notebook("1", kernel="gone"),
        },
    )
    project(
        root / "dying",
        {
            "EXPLORATION-ends-its-kernel": notebook(
                "before = 1",
                "import os, signal, time\n"
                "while not os.path.exists('end'):\n    time.sleep(0.01)\n"
                "os.kill(os.getpid(), signal.SIGKILL)",
                "after = 2",
            )
        },
    )
    corrupt = project(root / "corrupt", {"CLEANING-good-numbers": numbers})
    (corrupt / ".nbtrail").mkdir()
    (corrupt / ".nbtrail" / "trail.db").write_text("This was a database once.\n" * 200)
    project(root / "read-only", {"CLEANING-good-numbers": numbers}).chmod(0o555)
    versions.make(root / "versions")
    project(
        root / "runs",
        {
            "1-CLEANING-scores": notebook(
                "rows = 40",
                "import csv\nwith open('scores.csv', 'w', newline='') as file:\n"
                "    writer = csv.writer(file)\n    writer.writerow(['n', 'score'])\n"
                "    writer.writerows((n, n / 100) for n in range(rows))",
            ),
            "2-EXPERIMENTAL-mean-score": notebook(
                "import csv\nwith open('scores.csv') as file:\n"
                "    scores = [float(row['score']) for row in csv.DictReader(file)]",
                "mean_score = sum(scores) / len(scores)\nmean_score",
            ),
        },
    )
    loose = root / "loose"
    subprocess.run(["git", "init", "--quiet", str(loose)], check=True)
    (loose / "EXPLORATION-first-look.ipynb").write_text(notebook("1 + 1"))
    (loose / "model_final.ipynb").write_text(notebook("2 + 2"))


def new_folder() -> Path:
    """A folder of this process; those of servers that are gone are removed."""
    parent = Path(tempfile.gettempdir())
    for old in parent.glob("nbtrail-ui-*"):
        try:
            os.kill(int(old.name.rpartition("-")[2]), 0)
        except ProcessLookupError:
            read_only = old / "work" / "read-only"
            if read_only.exists():
                read_only.chmod(0o755)
            shutil.rmtree(old, ignore_errors=True)
        except (ValueError, OSError):
            continue
    root = parent / f"nbtrail-ui-{os.getpid()}"
    root.mkdir()
    return root


def main() -> None:
    """Replace this process by JupyterLab."""
    port = os.environ.get("NBTRAIL_UI_PORT", "8912")
    root = new_folder()
    work = root / "work"
    work.mkdir()
    prepare(work)
    # Neither settings nor records of whoever runs the tests are read or changed.
    os.environ["XDG_STATE_HOME"] = str(root / "state")
    os.environ["JUPYTER_CONFIG_DIR"] = str(root / "config")
    os.environ["IPYTHONDIR"] = str(root / "ipython")
    command = ["jupyter", "lab", "--config", str(HERE / "jupyter_server_test_config.py")]
    command += [f"--ServerApp.root_dir={work}", f"--ServerApp.port={port}"]
    if hasattr(os, "getuid") and os.getuid() == 0:
        command.append("--allow-root")
    os.execvp(command[0], command + sys.argv[1:])


if __name__ == "__main__":
    main()
