"""How long does ``nbtrail check`` take on a thousand notebooks: cold, warm, one of them?"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from tables import Table, in_turns, milliseconds, seconds_of

from nbtrail.config import NamesConfig

NOTEBOOKS = 1000
#: Longest times allowed, in seconds.
COLD, WARM, ONE = 10.0, 1.0, 0.4

_TOPICS = "ages fares cabins decks ports tickets classes families names titles".split()
_VIEWS = "missing outliers trend spread pairs groups ranks shares levels seasons".split()
_FIRST = [
    "import matplotlib.pyplot as plt\nimport numpy as np\nimport pandas as pd\n"
    "from sklearn.linear_model import LogisticRegression\n"
    "from sklearn.model_selection import train_test_split",
    "import numpy as np\nimport pandas as pd\nfrom matplotlib import pyplot as plt\n"
    "from pathlib import Path\nfrom sklearn.linear_model import LogisticRegression\n"
    "from sklearn.model_selection import train_test_split\n\nDATA = Path('data')",
]
_STEPS = [
    "{v} = {v}.dropna(subset=['{c}'])\n{v}.shape",
    "summary_{i} = {v}.groupby('{c}').agg(['mean', 'std', 'count'])\nsummary_{i}.head()",
    "fig, ax = plt.subplots(figsize=(8, 4))\n{v}['{c}'].hist(ax=ax, bins=30)\n"
    "ax.set_title('{c}')\nfig.tight_layout()",
    "def clean_{i}(frame, column='{c}'):\n    low, high = frame[column].quantile([0.01, 0.99])\n"
    "    return frame[frame[column].between(low, high)]\n\n{v} = clean_{i}({v})",
    "for name, part in {v}.groupby('{c}'):\n    print(name, len(part), part['{c}'].isna().sum())",
    "x_train, x_test, y_train, y_test = train_test_split({v}[['{c}']], {v}['y'], test_size=0.2)\n"
    "model_{i} = LogisticRegression(C=0.1).fit(x_train, y_train)\nmodel_{i}.score(x_test, y_test)",
    "rng = np.random.default_rng(7)\n{v}['noise'] = rng.normal(size=len({v}))",
    "%matplotlib inline\n{v}.describe()",
    "{v} = {v}.assign({c}_log=lambda d: np.log1p(d['{c}']), {c}_rank=lambda d: d['{c}'].rank())",
]  # fmt: skip


def make_project(root: Path, notebooks: int = NOTEBOOKS) -> None:
    """Write a project of varied notebooks in chains of four, with outputs; always the same."""
    root.mkdir(parents=True)
    (root / "nbtrail.toml").write_text('[policy]\ncategory = "enforce"\n')
    (root / "data").mkdir()
    chance = random.Random(4)
    words = NamesConfig().categories
    for number in range(notebooks):
        folder = root / f"area-{number // 50:02d}"
        folder.mkdir(exist_ok=True)
        topic, view = chance.choice(_TOPICS), chance.choice(_VIEWS)
        place = number % 4
        name = f"{number % 50}-{words[place]}-{topic}-{view}-{number}.ipynb"
        raw = f"../data/2026-01-01_raw-{number}.csv"
        source = f"../data/2026-01-01_part-{number - 1}.csv" if place else raw
        # One in eight forgets the date.
        date = "" if number % 8 == 7 else "2026-01-01_"
        cells = _cells(chance, source, f"../data/{date}part-{number}.csv")
        book = {
            "cells": cells,
            "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        (folder / name).write_text(json.dumps(book, indent=1))
        if not place:
            (root / f"data/2026-01-01_raw-{number}.csv").write_text("y\n1\n")


def _cells(chance: random.Random, read: str, written: str) -> list[dict[str, Any]]:
    first = f"{chance.choice(_FIRST)}\ndf = pd.read_csv('{read}')"
    sources = [first]
    for index in range(chance.randint(5, 35)):
        column = chance.choice(_TOPICS)
        sources.append(chance.choice(_STEPS).format(v="df", c=column, i=index))
    sources.append(f"df.to_csv('{written}', index=False)")
    cells: list[dict[str, Any]] = []
    for index, source in enumerate(sources):
        if index % 4 == 0:
            text = f"## Part {index}\n\n" + "What this part is about, in a few words. " * 6
            cells.append(
                {"cell_type": "markdown", "id": f"t{index}", "metadata": {}, "source": text}
            )
        cells.append(
            {
                "cell_type": "code",
                "id": f"c{index}",
                "metadata": {},
                "source": source.splitlines(keepends=True),
                "execution_count": index + 1,
                "outputs": _outputs(chance, index),
            }
        )
    return cells


def _outputs(chance: random.Random, index: int) -> list[dict[str, Any]]:
    kind = chance.random()
    if kind < 0.4:
        return []
    if kind < 0.8:
        rows = "".join(f"{n:5d}  {chance.random():.6f}\n" for n in range(20))
        return [{"output_type": "stream", "name": "stdout", "text": rows}]
    image = "".join(chance.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/", k=8000))
    data = {"image/png": image, "text/plain": f"<Figure {index}>"}
    return [{"output_type": "display_data", "data": data, "metadata": {}}]


def measure(repeat: int) -> Table:
    """Time whole processes, from start to end."""
    nbtrail = [str(Path(sys.executable).parent / "nbtrail")]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        make_project(root)
        one = str(next((root / "area-10").glob("*.ipynb")))
        check = [*nbtrail, "-C", str(root), "check", "-q"]

        def cold() -> float:
            shutil.rmtree(root / ".nbtrail", ignore_errors=True)
            return seconds_of(check)

        found = in_turns(
            {
                f"{NOTEBOOKS} notebooks, cold": cold,
                f"{NOTEBOOKS} notebooks, nothing changed": lambda: seconds_of(check),
                "one of them": lambda: seconds_of([*check, one]),
            },
            min(repeat, 3),
        )
    limits = [
        f"{name}: {found[name]:.2f} s, more than {limit} s"
        for name, limit in zip(found, (COLD, WARM, ONE), strict=True)
        if found[name] > limit
    ]
    return Table(
        title="Checking all rules",
        command="nbtrail check",
        header=("what", "median"),
        rows=tuple((name, milliseconds(seconds)) for name, seconds in found.items()),
        limits=tuple(limits),
    )
