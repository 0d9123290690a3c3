"""A notebook in two versions, with a change of each kind in it."""

from __future__ import annotations

import base64
import json
import struct
import subprocess
import zlib
from pathlib import Path
from typing import Any

TABLE = (
    "<table><thead><tr><th></th><th>age</th><th>lived</th></tr></thead><tbody>"
    "<tr><th>0</th><td>{age}</td><td>1</td></tr><tr><th>1</th><td>38</td><td>0</td></tr>"
    "</tbody></table>"
)
#: What must not run.
SCRIPT = "<b>fine</b><script>window.hacked = true</script><img src=x onerror='window.hacked=true'>"


def make(folder: Path) -> None:
    """A git repository with a project whose only notebook has changed since its commit."""
    folder.mkdir()
    (folder / "nbtrail.toml").write_text('[policy]\ncategory = "enforce"\ntwin = "off"\n')
    file = folder / "EXPERIMENTAL-passenger-ages.ipynb"
    file.write_text(_notebook(_before()))
    git = ["git", "-C", str(folder), "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for arguments in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "First ages"]):
        subprocess.run([*git, *arguments], check=True)
    file.write_text(_notebook(_after()))


def _before() -> list[dict[str, Any]]:
    return [
        _text("title", "# Ages\n\nHow old were the *passengers*?"),
        _code("imports", "import pandas as pd\nimport matplotlib.pyplot as plt"),
        _code("read", "raw = pd.read_csv('passengers.csv')"),
        _code("where", "raw", _stream("<Frame object at 0x7f01a2b3c4d5>\n")),
        _code("rate", "depth = 3\nlearning_rate = 0.1\nseed = 7\nmodel = fit(raw, depth)"),
        _code("table", "raw.head()", _html(TABLE.format(age=22))),
        _code("plot", "raw.age.plot()", _image(_png(40))),
        _code("old", "print('no longer needed')", _stream("no longer needed\n")),
        _code("score", "auc", _plain("0.871")),
        _code("note", "show(note)", _html(SCRIPT)),
        _code("moved", "summary = raw.describe()\nsummary.to_csv('summary.csv')"),
        *[_code(f"same-{n}", f"value_{n} = {n}") for n in range(6)],
    ]


def _after() -> list[dict[str, Any]]:
    return [
        _text("title", "# Ages\n\nHow old were the **passengers** of each class?"),
        _code("imports", "import pandas as pd\nimport matplotlib.pyplot as plt"),
        _code("moved", "summary = raw.describe()\nsummary.to_csv('summary.csv')"),
        _code("read", "raw = pd.read_csv('passengers.csv')"),
        _code("where", "raw", _stream("<Frame object at 0x7f99ffee1122>\n")),
        _code("rate", "depth = 3\nlearning_rate = 0.05\nseed = 7\nmodel = fit(raw, depth, seed)"),
        _code("table", "raw.head()", _html(TABLE.format(age=23))),
        _code("plot", "raw.age.plot()", _image(_png(60))),
        _code("score", "auc", _plain("0.884")),
        _code("new", "ages = raw.age.dropna()\nages.mean()", _plain("29.7")),
        _code("note", "show(note)", _html(SCRIPT + "<i>again</i>")),
        *[_code(f"same-{n}", f"value_{n} = {n}") for n in range(6)],
    ]


def _notebook(cells: list[dict[str, Any]]) -> str:
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    whole = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": spec}, "cells": cells}
    return json.dumps(whole, indent=1)


def _text(name: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def _code(name: str, source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {},
        "execution_count": 1 if outputs else None,
        "source": source,
        "outputs": list(outputs),
    }


def _stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def _bundle(**data: str) -> dict[str, Any]:
    return {"output_type": "display_data", "metadata": {}, "data": data}


def _plain(text: str) -> dict[str, Any]:
    return _bundle(**{"text/plain": text})


def _html(text: str) -> dict[str, Any]:
    return _bundle(**{"text/html": text, "text/plain": "a table"})


def _image(data: bytes) -> dict[str, Any]:
    return _bundle(**{"image/png": base64.b64encode(data).decode(), "text/plain": "a plot"})


def _png(height: int) -> bytes:
    """A picture of bars, the middle one ``height`` pixels high."""
    width, total = 240, 120
    rows = []
    for y in range(total):
        row = bytearray()
        for x in range(width):
            bar, inside = divmod(x, 60)
            high = (30, height, 90, 50)[bar]
            row += bytes((31, 119, 180) if inside > 14 and total - y <= high else (255, 255, 255))
        rows.append(b"\0" + bytes(row))

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, total, 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
