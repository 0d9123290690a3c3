"""How often adopting names the category that a person named, and how long it takes.

Usage: python benchmarks/adopt.py FOLDER

FOLDER holds checkouts of the repositories in ``adopt_labels.csv`` as ``OWNER/NAME`` (or
``OWNER+NAME``), each at the commit in its row. Rows that are not there are counted and passed
over; a row without a label fits none of the four categories and is not judged.
"""

from __future__ import annotations

import csv
import json
import random
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from tables import Table

from nbtrail.policy.sequence import Place, own_number

LABELS = Path(__file__).with_name("adopt_labels.csv")
CATEGORIES = ("EXPLORATION", "CLEANING", "EXPERIMENTAL", "DEPLOY")
HALVES = ("development", "held-out", "fresh")
NOTEBOOKS = 500
LIMIT_SECONDS = 5.0


@dataclass(frozen=True)
class Judged:
    """One labelled notebook, and what the rule took it for with which confidence."""

    repository: str
    path: str
    half: str
    label: str
    category: str
    confidence: float


def measure(repeat: int) -> Table:
    """Seconds for proposals over 500 notebooks, nothing kept from before."""
    from nbtrail.policy.adopt import propose_all
    from nbtrail.project import load_project

    seconds = []
    for _ in range(min(repeat, 3)):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "nbtrail.toml").write_text("")
            _write_notebooks(root)
            begin = time.perf_counter()
            found = len(propose_all(load_project(root)).proposals)
            seconds.append(time.perf_counter() - begin)
    median = sorted(seconds)[len(seconds) // 2]
    late = (
        (f"{median:.1f} s are more than {LIMIT_SECONDS:.0f} s",) if median > LIMIT_SECONDS else ()
    )
    return Table(
        "How long do proposals for a folder of 500 notebooks take?",
        "nbtrail adopt",
        ("notebooks", "proposals", "seconds"),
        ((str(NOTEBOOKS), str(found), f"{median:.2f}"),),
        late,
    )


def judge_all(folder: Path) -> tuple[list[Judged], int]:
    """The rule's verdicts on all labelled notebooks below ``folder``, and how many are missing."""
    from nbtrail.policy.describe import spoken_name
    from nbtrail.policy.judge import judge
    from nbtrail.policy.traces import traces_of

    found, missing = [], 0
    with LABELS.open(newline="") as file:
        for row in csv.DictReader(file):
            if not row["label"]:
                continue
            notebook = _find(folder, row["repository"], row["path"])
            if notebook is None:
                missing += 1
                continue
            content = json.loads(notebook.read_text(encoding="utf-8"))
            verdict = judge(traces_of(content), spoken_name(row["path"]))
            found.append(
                Judged(row["repository"], row["path"], row["half"], row["label"], verdict.work,
                       verdict.confidence)
            )  # fmt: skip
    return found, missing


def accuracy(judged: list[Judged], half: str) -> Table:
    """Accuracy and confusion of one half."""
    chosen = [one for one in judged if one.half == half]
    pairs = Counter((one.label, one.category) for one in chosen)
    right = sum(pairs[category, category] for category in CATEGORIES)
    repositories = len({one.repository for one in chosen})
    rows = []
    for label in CATEGORIES:
        row = [pairs[label, category] for category in CATEGORIES]
        found = f"{row[CATEGORIES.index(label)] / sum(row):.0%}" if sum(row) else "-"
        rows.append((label, *map(str, row), found))
    share = right / len(chosen) if chosen else 0.0
    return Table(
        f"{half}: {right} of {len(chosen)} right ({share:.1%}), {repositories} repositories",
        "python benchmarks/adopt.py FOLDER",
        ("labelled", *CATEGORIES, "found"),
        tuple(rows),
    )


def sureness(judged: list[Judged]) -> Table:
    """How often the rule is right, by how sure it says it is."""
    rows = []
    for low, high in ((0.0, 0.7), (0.7, 0.95), (0.95, 1.01)):
        chosen = [one for one in judged if low <= one.confidence < high]
        right = sum(one.label == one.category for one in chosen)
        share = f"{right / len(chosen):.0%}" if chosen else "-"
        rows.append((f"{low:.2f} to {min(high, 1.0):.2f}", str(len(chosen)), str(right), share))
    return Table(
        "Right, by confidence",
        "all labelled notebooks",
        ("confidence", "notebooks", "right", ""),
        tuple(rows),
    )


def order(folder: Path) -> Table:
    """How often the order of numbered notebooks is found again when they are all ``Untitled``.

    Of every folder with three and more numbered notebooks, as its authors named them.
    """
    folders = given = numbered = right = wrong = level = 0
    for place in sorted({file.parent for file in folder.rglob("*.ipynb")}):
        numbers = {file: own_number(file.name) for file in place.glob("*.ipynb")}
        if sum(1 for number in numbers.values() if number) < 3:
            continue
        folders += 1
        pairs = _found_order(numbers)
        numbered += sum(1 for number in numbers.values() if number)
        given += len(pairs)
        for (own, found), (other_own, other_found) in combinations(pairs, 2):
            if own[0] != other_own[0]:
                is_level = found[0] == other_found[0]
                level += is_level
                right += not is_level and (own < other_own) == (found < other_found)
                wrong += not is_level and (own < other_own) != (found < other_found)
    return Table(
        "Numbers found again for notebooks that have lost their names",
        "python benchmarks/adopt.py FOLDER",
        ("folders", "numbered", "given one", "pairs in order", "at one place", "in wrong order"),
        (tuple(map(str, (folders, numbered, given, right, level, wrong))),),
    )


def _found_order(numbers: dict[Path, Place | None]) -> list[tuple[Place, Place]]:
    """The author's number and the proposed one of all that have both."""
    from nbtrail.policy.adopt import propose_all
    from nbtrail.project import load_project

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "nbtrail.toml").write_text("")
        names = {}
        for file in numbers:
            # Neither the author's order nor the alphabet's is in the name.
            new = f"Untitled{zlib.crc32(file.name.encode())}.ipynb"
            names[new] = file
            (root / new).write_bytes(file.read_bytes())
        found = propose_all(load_project(root)).proposals
    pairs = []
    for one in found:
        own = numbers[names[one.path]]
        proposed = own_number(f"{one.sequence}-x.ipynb")
        if own is not None and proposed is not None:
            pairs.append((own, proposed))
    return pairs


def main() -> int:
    """Print accuracy and confusion tables of all labelled notebooks, and how order is found."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        print(__doc__)
        return 2
    judged, missing = judge_all(Path(sys.argv[1]))
    for half in HALVES:
        print(accuracy(judged, half).text())
    print(sureness(judged).text())
    print(order(Path(sys.argv[1])).text())
    for one in judged:
        if one.label != one.category and one.half == "development":
            print(f"{one.repository} {one.path}: {one.label}, taken for {one.category}")
    if missing:
        print(f"{missing} labelled notebooks are not in {sys.argv[1]}.")
    return 0


def _find(folder: Path, repository: str, path: str) -> Path | None:
    for name in (repository, repository.replace("/", "+")):
        if (folder / name / path).is_file():
            return folder / name / path
    return None


def _write_notebooks(root: Path) -> None:
    chance = random.Random(7)
    for number in range(NOTEBOOKS):
        cells: list[dict[str, Any]] = [
            {"cell_type": "code", "metadata": {}, "source": source, "outputs": [],
             "execution_count": None}
            for source in _sources(number, chance)
        ]  # fmt: skip
        content = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
        folder = root / f"part-{number % 10}"
        folder.mkdir(exist_ok=True)
        (folder / f"Untitled{number}.ipynb").write_text(json.dumps(content))


def _sources(number: int, chance: random.Random) -> Iterator[str]:
    yield "import pandas as pd\nimport matplotlib.pyplot as plt"
    yield f"df = pd.read_csv('data-{number - 10}.csv')\ndf.head()"
    for line in range(30):
        column = chance.choice(("age", "fare", "sex", "deck", "port"))
        yield (
            f"df['{column}_{line}'] = df['{column}'].fillna({chance.random():.3f}).astype(float)\n"
            f"df['{column}_{line}'].plot(title='{column} {number}')\nplt.show()"
        )
    yield f"df.to_csv('data-{number}.csv')"


if __name__ == "__main__":
    sys.exit(main())
