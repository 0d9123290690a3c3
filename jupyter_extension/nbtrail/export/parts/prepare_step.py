"""Print a notebook as a pipeline runs it: its parameters set, its metrics told at the end.

    python prepare_step.py NOTEBOOK [FACTS]

FACTS is JSON: ``params`` (values by name), ``secrets`` (names of parameters that are taken from
environment variables ``PARAM_name``), ``metrics`` (names of the numbers that are told). Written
by nbtrail; needs Python alone.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

#: Under this name the metrics stand in the outputs of the executed notebook's last cell.
MIME = "application/vnd.nbtrail.metrics+json"

_LISTEN = """\
import sys, types
_nbtrail_probe = sys.modules.setdefault("_nbtrail_probe", types.ModuleType("_nbtrail_probe"))
_nbtrail_probe.logged = {}
_nbtrail_probe.log_metric = lambda name, value, step: _nbtrail_probe.logged.update({name: value})
_nbtrail_probe.log_param = lambda name, value: None
"""

_TELL = """\
def _nbtrail_tell(names):
    from IPython.display import display

    found = {{**globals(), **_nbtrail_probe.logged}}
    told = {{}}
    for name in names:
        try:
            told[name] = repr(float(found[name]))
        except (KeyError, TypeError, ValueError, OverflowError):
            pass
    display({{{mime!r}: told}}, raw=True)


_nbtrail_tell({names!r})
"""


def prepared(notebook: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    """The notebook without outputs, with cells of the recipe's own where they are needed."""
    cells = [without_outputs(cell) for cell in notebook["cells"]]
    params = {**facts.get("params", {}), **_secrets(facts.get("secrets", []))}
    if params:
        source = "\n".join(f"{name} = {value!r}" for name, value in params.items())
        cells.insert(_place_of_parameters(cells), _cell("injected-parameters", source))
    names = facts.get("metrics", [])
    if names:
        cells.insert(0, _cell("recipe-listen", _LISTEN))
        cells.append(_cell("recipe-tell", _TELL.format(mime=MIME, names=list(names))))
    if (notebook.get("nbformat"), notebook.get("nbformat_minor", 0)) < (4, 5):
        for cell in cells:
            cell.pop("id", None)
    return {**notebook, "cells": cells}


def without_outputs(cell: dict[str, Any]) -> dict[str, Any]:
    """A cell as if it had never been run."""
    return {**cell, "outputs": [], "execution_count": None} if cell["cell_type"] == "code" else cell


def _place_of_parameters(cells: list[dict[str, Any]]) -> int:
    """Behind the cell tagged ``parameters``, or first of all, as papermill has it."""
    for index, cell in enumerate(cells):
        tags = cell.get("metadata", {}).get("tags", [])
        if cell["cell_type"] == "code" and "parameters" in tags:
            return index + 1
    return 0


def _secrets(names: list[str]) -> dict[str, Any]:
    found = {}
    for name in names:
        text = os.environ.get(f"PARAM_{name}")
        if text is None:
            sys.exit(
                f"The parameter {name} is a secret: set the environment variable PARAM_{name}."
            )
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found


def _cell(identity: str, source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": identity,
        "metadata": {"tags": [identity]},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def main(arguments: list[str]) -> None:
    """Print the notebook of the first argument."""
    with open(arguments[0], encoding="utf-8") as stream:
        notebook = json.load(stream)
    facts = json.loads(arguments[1]) if len(arguments) > 1 else {}
    sys.stdout.buffer.write(json.dumps(prepared(notebook, facts)).encode())


if __name__ == "__main__":
    main(sys.argv[1:])
