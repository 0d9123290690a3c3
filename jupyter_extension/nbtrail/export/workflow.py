"""A workflow of GitHub Actions that verifies the project at every push."""

from __future__ import annotations

import json
import shlex

from nbtrail.export.requirements import one_line

#: Where GitHub looks for it, from the root of the repository.
WORKFLOW_PATH = ".github/workflows/nbtrail-verify.yml"
#: What it installs.
LOCK_PATH = ".github/nbtrail-requirements.txt"

_TEXT = """\
# Runs the notebooks twice in a fresh environment and compares, by nbtrail.
name: nbtrail verify
on:
  push:
  pull_request:
  workflow_dispatch:
permissions:
  contents: read
jobs:
  verify:
    runs-on: ubuntu-latest
    timeout-minutes: 60
    steps:
      - uses: actions/checkout@v6
        with:
          persist-credentials: false
      - uses: actions/setup-python@v6
        with:
          python-version: {python}
      - name: Install what the pipeline needs
        run: {install}
      - name: Run the pipeline
        run: {run}
      - name: Verify
        run: {verify}
      - name: Keep the certificate
        if: always()
        uses: actions/upload-artifact@v7
        with:
          name: nbtrail-certificate
          path: {certificates}
          include-hidden-files: true
          if-no-files-found: ignore
"""


def workflow_text(python: str, lock: str | None, folder: str = "") -> str:
    """The workflow, as YAML.

    Parameters
    ----------
    python
        Version of the interpreter, such as ``3.11``; any of 3 where it is empty.
    lock
        File of requirements from the root of the repository; without one nbtrail alone is
        installed.
    folder
        The project's folder from the root of the repository; empty where it is that itself.
    """
    install = ["python -m pip install nbtrail ipykernel"]
    if lock is not None:
        # First what is on record, and nothing else; then what is still missing for nbtrail.
        install.insert(0, f"python -m pip install --no-deps --requirement {shlex.quote(lock)}")
    place = f" -C {shlex.quote('./' + folder)}" if folder else ""
    return _TEXT.format(
        python=scalar(python or "3.x"),
        install=scalar(" && ".join(install)),
        run=scalar(f"nbtrail{place} run --no-write"),
        verify=scalar(f"nbtrail{place} verify"),
        certificates=scalar(f"{folder}/.nbtrail/certificates/".lstrip("/")),
    )


def scalar(text: str) -> str:
    """A text in YAML that GitHub takes as it is: JSON's strings are YAML's.

    What GitHub would take for an expression becomes one that gives that text.
    """
    return json.dumps(one_line(text).replace("${{", "${{ '${{' }}"))
