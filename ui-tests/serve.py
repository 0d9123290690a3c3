"""Starts JupyterLab for the browser tests, on fresh copies of projects.

Below the server's root: ``example`` (the example project, not run yet), ``broken`` (files that
are no notebooks beside one that is) and ``loose`` (a folder that is no project yet).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


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


def prepare(root: Path) -> None:
    """Make the projects below ``root``."""
    shutil.copytree(
        HERE.parent / "examples",
        root / "example",
        ignore=shutil.ignore_patterns(
            ".nbtrail", ".ipynb_checkpoints", "data", "models", "figures"
        ),
    )
    broken = root / "broken"
    broken.mkdir()
    (broken / "nbtrail.toml").write_text('[policy]\ncategory = "enforce"\n')
    (broken / "CLEANING-empty-file.ipynb").write_text("")
    (broken / "CLEANING-merge-markers.ipynb").write_text("<<<<<<< HEAD\n{}\n")
    (broken / "CLEANING-old-format.ipynb").write_text('{"nbformat": 3, "worksheets": []}')
    (broken / "CLEANING-no-such-kernel.ipynb").write_text(notebook("1", kernel="gone"))
    (broken / "CLEANING-good-numbers.ipynb").write_text(notebook("numbers = [1, 2, 3]", "numbers"))
    loose = root / "loose"
    loose.mkdir()
    (loose / "model_final.ipynb").write_text(notebook("1 + 1"))


def main() -> None:
    """Replace this process by JupyterLab."""
    port = os.environ.get("NBTRAIL_UI_PORT", "8912")
    root = Path(tempfile.mkdtemp(prefix="nbtrail-ui-"))
    prepare(root)
    command = ["jupyter", "lab", "--config", str(HERE / "jupyter_server_test_config.py")]
    command += [f"--ServerApp.root_dir={root}", f"--ServerApp.port={port}"]
    if hasattr(os, "getuid") and os.getuid() == 0:
        command.append("--allow-root")
    os.environ["XDG_STATE_HOME"] = str(root.with_name(root.name + "-state"))
    os.execvp(command[0], command + sys.argv[1:])


if __name__ == "__main__":
    main()
