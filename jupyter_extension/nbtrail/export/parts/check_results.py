"""Compare what the notebooks have left with the results on record.

    python check_results.py

Reads ``recipe.json`` beside it, the executed notebooks in ``results/notebooks`` and the files
in ``results/project``; writes ``results/verdict.json``. Ends with 0 where all came out the same,
1 where something differs, 2 where nothing was run yet. Written by nbtrail; needs Python alone.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
import sys
from collections.abc import Iterator
from typing import Any

MIME = "application/vnd.nbtrail.metrics+json"


def differences(folder: str, recipe: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What did not come out as recorded, in the order of the steps."""
    for step in recipe["steps"]:
        told = _metrics(os.path.join(folder, "results", "notebooks", *step["path"].split("/")))
        if told is None:
            yield _difference("output", step, step["path"], "ran", None)
            continue
        for name, wanted in step["metrics"].items():
            actual = told.get(name)
            if actual is None or not _close(
                wanted["value"], actual, wanted["relative"], wanted["absolute"]
            ):
                yield _difference("metric", step, name, wanted["value"], _plain(actual), wanted)
        for file in step["files"]:
            actual_sha256 = _same_file(folder, file)
            if actual_sha256 != file["sha256"]:
                yield _difference("file", step, file["path"], file["sha256"], actual_sha256)


def _difference(
    kind: str, step: dict[str, Any], name: str, expected: Any, actual: Any, within: Any = None
) -> dict[str, Any]:
    found = {"kind": kind, "step": step["path"], "name": name, "expected": expected}
    return {**found, "actual": actual, "tolerance": within["relative"] if within else None}


def _metrics(path: str) -> dict[str, float] | None:
    """The metrics that the last cell of an executed notebook told; ``None`` without notebook."""
    try:
        with open(path, encoding="utf-8") as stream:
            notebook = json.load(stream)
    except (OSError, ValueError):
        return None
    found: dict[str, float] = {}
    for cell in notebook["cells"][-1:]:
        for output in cell.get("outputs", []):
            for name, value in output.get("data", {}).get(MIME, {}).items():
                found[name] = float(value)
    return found


def _close(expected: float | None, actual: float, relative: float, absolute: float) -> bool:
    """Whether two metrics are the same within either bound; JSON has no NaN and no infinity."""
    if expected is None or not math.isfinite(actual):
        return expected is None and not math.isfinite(actual)
    far = abs(expected - actual)
    return far <= absolute or far <= relative * max(abs(expected), abs(actual))


def _plain(value: float | None) -> float | str | None:
    return value if value is None or math.isfinite(value) else str(value)


def _same_file(folder: str, file: dict[str, Any]) -> str | None:
    """The hash of a file: the one wanted also where only its numbers differ, and within bounds."""
    parts = file["path"].split("/")
    actual = _read(os.path.join(folder, "results", "project", *parts))
    if actual is None:
        return None
    digest = hashlib.sha256(actual).hexdigest()
    within = file.get("within")
    if digest != file["sha256"] and within is not None:
        expected = _read(os.path.join(folder, "expected", *parts))
        if expected is not None and _same_table(expected, actual, within):
            return str(file["sha256"])
    return digest


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return None


def _same_table(expected: bytes, actual: bytes, within: dict[str, Any]) -> bool:
    """Whether two tables have the same cells, numbers with a fraction within the bounds."""
    try:
        rows, others = _rows(expected), _rows(actual)
    except (UnicodeDecodeError, csv.Error):
        return False
    if [len(row) for row in rows] != [len(row) for row in others]:
        return False
    cells, found = [c for row in rows for c in row], [c for row in others for c in row]
    return all(map(lambda a, b: a == b or _same_number(a, b, within), cells, found))


def _rows(data: bytes) -> list[list[str]]:
    text = data.decode("utf-8")
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def _same_number(a: str, b: str, within: dict[str, Any]) -> bool:
    if not within["whole"] and (_is_whole(a) or _is_whole(b)):
        return False  # counts, codes and ids are the same or not
    try:
        x, y = float(a), float(b)
    except ValueError:
        return False
    return math.isfinite(x) and _close(x, y, within["relative"], within["absolute"])


def _is_whole(text: str) -> bool:
    return text.strip().lstrip("+-").isdigit()


def main() -> int:
    """Print the verdict and what it rests on."""
    folder = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(folder, "recipe.json"), encoding="utf-8") as stream:
        recipe = json.load(stream)
    results = os.path.join(folder, "results")
    if not os.path.isdir(results):
        print("Nothing was run yet: sh run.sh", file=sys.stderr)
        return 2
    found = list(differences(folder, recipe))
    compared = {
        "metrics": sum(len(step["metrics"]) for step in recipe["steps"]),
        "files": sum(len(step["files"]) for step in recipe["steps"]),
    }
    verdict = "different" if found else "identical"
    if not any(compared.values()) and not found:
        verdict = "failed"
    facts = {"verdict": verdict, "against": recipe["run"], "compared": compared}
    with open(os.path.join(results, "verdict.json"), "w", encoding="utf-8") as stream:
        json.dump({**facts, "differences": found}, stream, indent=2)
    for one in found:
        # As JSON, so that no name can be taken for anything but a name.
        place = f"{json.dumps(one['name'])} of {json.dumps(one['step'])}"
        print(f"{one['kind']} {place}: expected {one['expected']}, got {one['actual']}")
    print(f"{compared['metrics']} metrics and {compared['files']} files compared: {verdict}")
    return 0 if verdict == "identical" else 1


if __name__ == "__main__":
    sys.exit(main())
