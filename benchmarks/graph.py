"""How long ``nbtrail graph`` takes; and how often the inferred order is the authors' own.

Usage: python benchmarks/graph.py FOLDER

FOLDER holds checkouts of the repositories in ``graph_labels.csv`` as ``OWNER/NAME`` (or
``OWNER+NAME``), each at the commit in its row. A row is a notebook: its place in the order that the
repository documents (a number in its name, or the README), and the notebooks that write what
it reads, as a person found by reading the code.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
import tempfile
import time
import zlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from check import make_project
from tables import Table, in_turns, milliseconds, seconds_of

LABELS = Path(__file__).with_name("graph_labels.csv")
HALVES = ("development", "held-out", "fresh", "second fresh")
NOTEBOOKS = 500
#: Longest times allowed, in seconds: nothing known of the notebooks, and nothing changed.
COLD, WARM = 5.0, 0.5

_SETTINGS = (
    "import os\nfrom pathlib import Path\n\nROOT = Path(__file__).resolve().parent\n"
    "OUT = ROOT / os.getenv('OUT', 'out')\n"
)
_MORE = (
    "import pickle\nfrom settings import OUT\n\n"
    "def keep(thing, name, folder=OUT / 'models'):\n"
    "    with open(folder / f'{{name}}.pkl', 'wb') as file:\n        pickle.dump(thing, file)\n\n"
    "for kind in ['linear', 'forest', 'boosted']:\n    keep(df, f'{{kind}}-{number}')\n"
    "!unzip -q -d {{OUT}}/raw-{number} raw-{number}.zip\n"
)


@dataclass
class Labelled:
    """What a person says of one repository; ``needs`` holds pairs of maker and user."""

    name: str
    half: str
    places: dict[str, int | None] = field(default_factory=dict)
    needs: set[tuple[str, str]] = field(default_factory=set)

    def constraints(self) -> set[tuple[str, str]]:
        """Which must come before which: hand-overs, also through others between."""
        found = set(self.needs)
        while True:
            more = {(a, d) for a, b in found for c, d in self.needs if b == c} - found
            if not more:
                return found
            found |= more


@dataclass(frozen=True)
class Judged:
    """How one repository came out; orders are valid if every constraint holds."""

    label: Labelled
    right: int
    missing: tuple[tuple[str, str], ...]
    wrong: tuple[tuple[str, str], ...]
    valid: bool
    valid_nameless: bool
    by_chance: bool


def measure(repeat: int) -> Table:
    """Time whole processes on notebooks never seen before, and again."""
    nbtrail = str(Path(sys.executable).parent / "nbtrail")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        make_pipeline(root)
        command = [nbtrail, "-C", str(root), "graph", "-q"]

        def cold() -> float:
            shutil.rmtree(root / ".nbtrail", ignore_errors=True)
            return seconds_of(command)

        found = in_turns(
            {
                "reading and parsing them, nothing else": lambda: _floor(root),
                "never seen before": cold,
                "nothing changed": lambda: seconds_of(command),
            },
            min(repeat, 5),
        )
    limits = [
        f"{name}: {found[name]:.2f} s, more than {limit} s"
        for name, limit in (("never seen before", COLD), ("nothing changed", WARM))
        if found[name] > limit
    ]
    return Table(
        title=f"The graph of {NOTEBOOKS} notebooks",
        command="nbtrail graph",
        header=("what", "median"),
        rows=tuple((name, milliseconds(seconds)) for name, seconds in found.items()),
        limits=tuple(limits),
    )


def make_pipeline(root: Path) -> None:
    """Chains of four, each with settings of a local module, helpers, loops and shell lines."""
    make_project(root, NOTEBOOKS)
    (root / "settings.py").write_text(_SETTINGS)
    for number, file in enumerate(sorted(root.rglob("*.ipynb"))):
        book = json.loads(file.read_text())
        source = _MORE.format(number=number).splitlines(keepends=True)
        cell: dict[str, Any] = {"cell_type": "code", "id": "more", "metadata": {}, "source": source,
                "execution_count": None, "outputs": []}  # fmt: skip
        book["cells"].append(cell)
        file.write_text(json.dumps(book, indent=1))


def _floor(root: Path) -> float:
    code = (
        "import ast, json, pathlib, sys\n"
        "for file in pathlib.Path(sys.argv[1]).rglob('*.ipynb'):\n"
        "    for cell in json.loads(file.read_text())['cells']:\n"
        "        text = ''.join(cell['source'])\n"
        "        if cell['cell_type'] == 'code' and '%' not in text and '!' not in text:\n"
        "            ast.parse(text)\n"
    )
    return seconds_of([sys.executable, "-c", code, str(root)])


def read_labels() -> list[Labelled]:
    """All labelled repositories."""
    found: dict[str, Labelled] = {}
    with LABELS.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            one = found.setdefault(row["repository"], Labelled(row["repository"], row["half"]))
            one.places[row["path"]] = int(row["place"]) if row["place"] else None
            one.needs |= {(maker, row["path"]) for maker in row["needs"].split("; ") if maker}
    return list(found.values())


def judge(label: Labelled, root: Path) -> Judged:
    """Infer one repository's graph, as it is and with notebooks that have lost their names."""
    order, edges = _infer(root, label.places)
    with tempfile.TemporaryDirectory() as folder:
        names = _without_names(root, Path(folder), label.places)
        nameless, _edges = _infer(Path(folder), names.values())
    back = {new: old for old, new in names.items()}
    return Judged(
        label,
        len(edges & label.needs),
        tuple(sorted(label.needs - edges)),
        tuple(sorted(edges - label.needs)),
        _holds(label, order),
        _holds(label, [back[path] for path in nameless]),
        _holds(label, sorted(label.places, key=lambda path: names[path])),
    )


def _infer(root: Path, paths: Iterable[str]) -> tuple[list[str], set[tuple[str, str]]]:
    from nbtrail.pipeline.graph import infer_graph
    from nbtrail.project import load_project

    graph = infer_graph(load_project(root), drafts=True)
    chosen = set(paths)
    edges = {(e.source, e.target) for e in graph.edges if {e.source, e.target} <= chosen}
    return [path for path in graph.order if path in chosen], edges


def _holds(label: Labelled, order: list[str]) -> bool:
    place = {path: index for index, path in enumerate(order)}
    return all(place[before] < place[after] for before, after in label.constraints())


def _without_names(root: Path, target: Path, paths: Iterable[str]) -> dict[str, str]:
    """Copy a repository; neither the author's order nor the alphabet's is in the new names."""
    names = {
        path: str(PurePosixPath(path).with_name(f"nb{zlib.crc32(path.encode()):010}.ipynb"))
        for path in paths
    }
    mentions = {PurePosixPath(old).name: PurePosixPath(new).name for old, new in names.items()}
    for file in root.rglob("*"):
        relative = file.relative_to(root).as_posix()
        place = target / names.get(relative, relative)
        if file.is_dir():
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        if relative in names:
            text = file.read_text(encoding="utf-8")
            for old, new in mentions.items():
                text = text.replace(old, new)
            place.write_text(text, encoding="utf-8")
        else:
            _link(file, place)
    return names


def _link(file: Path, place: Path) -> None:
    try:
        os.link(file, place)
    except OSError:
        shutil.copyfile(file, place)


def repositories(judged: list[Judged], half: str) -> Table:
    """One row a repository of one half, and the sums."""
    chosen = [one for one in judged if one.label.half == half]
    rows = []
    for one in chosen:
        counts = map(str, _counts(one))
        valid = [("yes" if good else "NO") if one.label.needs else "-" for good in _orders(one)]
        rows.append((one.label.name, *counts, *valid))
    linked = [one for one in chosen if one.label.needs]
    sums = [str(sum(column)) for column in zip(*map(_counts, chosen), strict=True)]
    shares = [
        f"{sum(column)} of {len(linked)}" for column in zip(*map(_orders, linked), strict=True)
    ]
    rows.append((f"all {len(chosen)}, {len(linked)} with hand-overs", *sums, *shares))
    return Table(
        f"Inferred orders, {half}",
        "python benchmarks/graph.py FOLDER",
        ("repository", "notebooks", "hand-overs", "found", "missing", "wrong", "valid",
         "valid without names", "by chance"),
        tuple(rows),
    )  # fmt: skip


def _counts(one: Judged) -> tuple[int, ...]:
    label = one.label
    return len(label.places), len(label.needs), one.right, len(one.missing), len(one.wrong)


def _orders(one: Judged) -> tuple[bool, ...]:
    return one.valid, one.valid_nameless, one.by_chance


def agreement(judged: list[Judged]) -> Table:
    """Whether the labelled hand-overs go the way that the authors' numbers say."""
    counts: defaultdict[str, int] = defaultdict(int)
    for one in judged:
        for before, after in one.label.needs:
            first, second = one.label.places[before], one.label.places[after]
            if first is None or second is None:
                counts["not documented"] += 1
            else:
                counts["as documented" if first < second else "against it"] += 1
    return Table(
        "Hand-overs and the documented order",
        "graph_labels.csv",
        ("hand-overs", "number"),
        tuple((name, str(number)) for name, number in sorted(counts.items())),
    )


def main() -> int:
    """Print how the labelled repositories come out; details of the development half alone."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        print(__doc__)
        return 2
    folder, judged, missing = Path(sys.argv[1]), [], []
    begin = time.perf_counter()
    for label in read_labels():
        places = [folder / name for name in (label.name, label.name.replace("/", "+"))]
        root = next((place for place in places if place.is_dir()), None)
        if root is None:
            missing.append(label.name)
        else:
            judged.append(judge(label, root.resolve()))
    for half in HALVES:
        print(repositories(judged, half).text())
    print(agreement(judged).text())
    for one in judged:
        if one.label.half == HALVES[0]:
            for kind, pairs in (("missing", one.missing), ("wrong", one.wrong)):
                for before, after in pairs:
                    print(f"{one.label.name} {kind}: {before} -> {after}")
    if missing:
        print(f"Not in {folder}: {', '.join(missing)}.")
    print(f"{time.perf_counter() - begin:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
