"""nbdime, timed in an interpreter that has it: started by `diff.py`, for each pair of files.

Reads lines ``A<tab>B`` and answers each with ``{"seconds", "lines", "cells"}``: what parsing and
comparing took, and how many lines and cells of source its difference touches.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Sequence
from typing import Any


def main() -> None:
    """Answer until the input ends."""
    nbformat = importlib.import_module("nbformat")
    compare = importlib.import_module("nbdime").diff_notebooks
    for line in sys.stdin:
        paths = line.rstrip("\n").split("\t")
        begin = time.perf_counter()
        a, b = (nbformat.read(path, as_version=4) for path in paths)
        found = compare(a, b)
        seconds = time.perf_counter() - begin
        lines, cells = size(found, a["cells"])
        print(json.dumps({"seconds": seconds, "lines": lines, "cells": cells}), flush=True)


def size(found: Sequence[Any], before: Sequence[Any]) -> tuple[int, int]:
    """Lines of source that nbdime's difference adds and removes, and cells that it touches."""
    lines = cells = 0
    for part in found:
        if part["key"] != "cells":
            continue
        for op in part["diff"]:
            if op["op"] == "addrange":
                cells += len(op["valuelist"])
                lines += sum(_count(cell["source"]) for cell in op["valuelist"])
            elif op["op"] == "removerange":
                gone = before[op["key"] : op["key"] + op["length"]]
                cells += len(gone)
                lines += sum(_count(cell["source"]) for cell in gone)
            else:
                inner = next((p for p in op["diff"] if p["key"] == "source"), None)
                cells += inner is not None
                lines += _edited(inner, before[op["key"]]) if inner else 0
    return lines, cells


def _edited(part: Any, before: Any) -> int:
    if part["op"] != "patch":
        return _count(part["value"]) + _count(before["source"])
    kinds = {
        "addrange": lambda op: len(op["valuelist"]),
        "removerange": lambda op: int(op["length"]),
    }
    return sum(kinds[op["op"]](op) if op["op"] in kinds else 2 for op in part["diff"])


def _count(source: str) -> int:
    return len(source.splitlines())


if __name__ == "__main__":
    main()
