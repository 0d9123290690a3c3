"""Pairs of notebooks to compare, made up: of any size, and with the edits that people make.

Usage: python benchmarks/notebook_pairs.py FOLDER

writes them as ``NAME/a.ipynb`` and ``NAME/b.ipynb``, the form that ``benchmarks/diff.py --pairs``
takes.
"""

from __future__ import annotations

import base64
import copy
import json
import random
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

Notebook = dict[str, Any]

_NAMES = "ages fares cabin survived model forest score train test frame column report split".split()
_CALLS = "fit drop merge groupby fillna describe plot predict evaluate load_table".split()


def notebook(cells: int, *, ids: bool = True, outputs: bool = True, seed: int = 7) -> Notebook:
    """A notebook of analysis code and prose; the same for the same arguments."""
    rng = random.Random(seed)
    made = [_cell(rng, number, ids, outputs) for number in range(cells)]
    return {"nbformat": 4, "nbformat_minor": 5 if ids else 4, "metadata": {}, "cells": made}


def edited(before: Notebook, *, rerun: bool, seed: int = 8) -> Notebook:
    """A working day later: one cell in 20 edited, some new, gone or moved; perhaps all run anew."""
    rng = random.Random(seed)
    after = copy.deepcopy(before)
    cells = after["cells"]
    for number in range(0, len(cells), 20):
        lines = cells[number]["source"]
        lines[rng.randrange(len(lines))] = f"changed_{number} = {rng.random():.4f}\n"
    for _ in range(max(1, len(cells) // 50)):
        cells.insert(rng.randrange(len(cells)), _cell(rng, rng.randrange(10**6), False, False))
        del cells[rng.randrange(len(cells))]
        cells.insert(rng.randrange(len(cells)), cells.pop(rng.randrange(len(cells))))
    if before["nbformat_minor"] == 5:
        for number, cell in enumerate(cells):
            cell.setdefault("id", f"new-{number}")
    if rerun:
        for number, cell in enumerate(cells):
            if cell["cell_type"] == "code":
                cell["execution_count"] = number
                cell["outputs"] = [_rerun(rng, output) for output in cell["outputs"]]
    return after


def images(megabytes: float, changed: float, seed: int = 9) -> tuple[Notebook, Notebook]:
    """Notebooks of plots, together so large that one has ``megabytes``; a share of them changed."""
    rng = random.Random(seed)
    before = notebook(0)
    size = 0
    while size < megabytes * 1e6:
        picture = _png(rng, 320, 240)
        size += len(picture)
        cell = _cell(rng, len(before["cells"]), True, False) | {"cell_type": "code"}
        cell |= {"execution_count": 1, "outputs": [_display(picture)]}
        before["cells"].append(cell)
    after = copy.deepcopy(before)
    for cell in after["cells"]:
        if rng.random() < changed:
            cell["outputs"] = [_display(_png(rng, 320, 240))]
    return before, after


def hand_made() -> dict[str, tuple[Notebook, Notebook]]:
    """The edits that people make, each on a notebook of twelve cells without ids."""
    base = notebook(12, ids=False)
    return {name: (base, _with(base, edit)) for name, edit in _EDITS.items()}


def _with(base: Notebook, edit: Callable[[list[Any]], None]) -> Notebook:
    after = copy.deepcopy(base)
    edit(after["cells"])
    return after


def _move(cells: list[Any]) -> None:
    cells.insert(9, cells.pop(2))


def _split(cells: list[Any]) -> None:
    whole = cells[5]
    rest = {**copy.deepcopy(whole), "source": whole["source"][3:], "outputs": []}
    whole["source"] = whole["source"][:3]
    cells.insert(6, rest)


def _merge(cells: list[Any]) -> None:
    cells[5]["source"] += cells.pop(6)["source"]


def _rename(cells: list[Any]) -> None:
    for cell in cells:
        cell["source"] = [line.replace("frame", "passengers") for line in cell["source"]]


def _reorder(cells: list[Any]) -> None:
    cells[3:9] = [cells[n] for n in (8, 5, 3, 7, 4, 6)]


def _one_line(cells: list[Any]) -> None:
    cells[6]["source"][1] = cells[6]["source"][1].replace("=", "= 2 *", 1)


def _run_again(cells: list[Any]) -> None:
    rng = random.Random(3)
    for number, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            cell["execution_count"] = number + 40
            cell["outputs"] = [_rerun(rng, output) for output in cell["outputs"]]


_EDITS: dict[str, Callable[[list[Any]], None]] = {
    "move": _move,
    "split": _split,
    "merge": _merge,
    "rename a variable": _rename,
    "reorder": _reorder,
    "one line": _one_line,
    "run again": _run_again,
}


def _cell(rng: random.Random, number: int, ids: bool, outputs: bool) -> dict[str, Any]:
    cell: dict[str, Any] = {"metadata": {}, "id": f"cell-{number}"}
    if not ids:
        del cell["id"]
    if number % 4 == 0:
        text = [f"## Part {number}\n", f"What the {rng.choice(_NAMES)} say of {number}.\n"]
        return cell | {"cell_type": "markdown", "source": text + ["And why.\n"] * 2}
    lines = [f"# step {number}\n"]
    for _ in range(rng.randrange(5, 9)):
        left, right, call = rng.choice(_NAMES), rng.choice(_NAMES), rng.choice(_CALLS)
        lines.append(f"{left}_{rng.randrange(40)} = {right}.{call}({rng.randrange(100)}, frame)\n")
    shown = [_printed(rng), _table(rng)][: 1 + number % 2] if outputs else []
    return cell | {"cell_type": "code", "execution_count": number, "source": lines,
                   "outputs": shown}  # fmt: skip


def _printed(rng: random.Random) -> dict[str, Any]:
    lines = [f"epoch {n}: loss {rng.random():.6f} in {rng.random():.2f} s\n" for n in range(2)]
    lines.append(f"<Model at 0x7f{rng.randrange(16**10):010x}>\n")
    return {"output_type": "stream", "name": "stdout", "text": lines}


def _table(rng: random.Random) -> dict[str, Any]:
    rows = "".join(
        f"<tr><th>{row}</th>"
        + "".join(f"<td>{rng.random():.4f}</td>" for _ in range(4))
        + "</tr>\n"
        for row in range(6)
    )
    head = "<tr><th></th>" + "".join(f"<th>{name}</th>" for name in _NAMES[:4]) + "</tr>\n"
    html = f"<div>\n<table>\n<thead>{head}</thead>\n<tbody>{rows}</tbody>\n</table>\n</div>"
    data = {"text/html": html.splitlines(True), "text/plain": ["a table"]}
    return {"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": data}


def _display(picture: str) -> dict[str, Any]:
    data = {"image/png": picture, "text/plain": ["<Figure size 640x480 with 1 Axes>"]}
    return {"output_type": "display_data", "metadata": {}, "data": data}


def _rerun(rng: random.Random, output: dict[str, Any]) -> dict[str, Any]:
    """The output of a run that came out the same but for times and addresses; one in 5 did not."""
    if output["output_type"] == "stream":
        fresh = _printed(rng)["text"]
        if rng.random() < 0.2:
            return {**output, "text": fresh}
        old = output["text"]
        text = [f"{line.rpartition(' in ')[0]} in {rng.random():.2f} s\n" for line in old[:-1]]
        return {**output, "text": [*text, fresh[-1]]}
    return _table(rng) if rng.random() < 0.2 else output


def _png(rng: random.Random, width: int, height: int) -> str:
    """A grey picture in base64, with noise in it so that it is as large as a plot."""
    lines = [b"\0" + rng.randbytes(width // 4) + bytes(width - width // 4) for _ in range(height)]
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x00\x00\x00\x00"
    data = b"\x89PNG\r\n\x1a\n"
    for kind, content in (
        (b"IHDR", header), (b"IDAT", zlib.compress(b"".join(lines), 1)), (b"IEND", b"")
    ):  # fmt: skip
        check = zlib.crc32(kind + content).to_bytes(4, "big")
        data += len(content).to_bytes(4, "big") + kind + content + check
    return base64.b64encode(data).decode("ascii")


def main(folder: Path) -> None:
    """Write the hand-made edits and notebooks of 50 and 200 cells."""
    pairs = {name.replace(" ", "-"): pair for name, pair in hand_made().items()}
    for cells in (50, 200):
        for ids in (True, False):
            before = notebook(cells, ids=ids)
            name = f"{cells}-cells{'' if ids else '-without-ids'}"
            pairs[name] = before, edited(before, rerun=False)
            pairs[f"{name}-run-again"] = before, edited(before, rerun=True)
    pairs["images"] = images(5, 0.2)
    for name, sides in pairs.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file, side in zip(("a.ipynb", "b.ipynb"), sides, strict=True):
            (folder / name / file).write_text(json.dumps(side, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
