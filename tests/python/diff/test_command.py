"""``nbtrail diff`` as people call it, its page, and what git shows."""

from __future__ import annotations

import copy
import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from nbtrail.diff.page import page_of
from nbtrail.notebooks.document import read_notebook

from .conftest import code, display, error, markdown, nbtrail, notebook, png, stream, write

SVG = "<svg xmlns='http://www.w3.org/2000/svg' onload='hit()'><script>hit()</script>{}</svg>"
HTML = (
    "<b onclick='hit()'>{}</b><script>hit()</script><img src=x onerror='hit()'>"
    "<iframe src='javascript:hit()'></iframe><a href='javascript:hit()'>go</a>"
    "<style>body{{display:none}}</style><form action='//evil'><button>ok</button></form>"
    "<svg><script>hit()</script></svg><table><tr><td style='x' colspan='2'>1</td></tr></table>"
)


def before() -> dict[str, Any]:
    return notebook(
        markdown("# Title\n\nWords.", "m"),
        *(code(f"line_{n} = {n}", f"c{n}") for n in range(6)),
        code("import x\nrate = 0.1\nfit(rate)", "r", [stream("auc 0.87 in 3 s\n")]),
        code("plot()", "p", [display(image__png=png())]),
        code("t", "t", [stream("<A at 0x7f12aabbccdd>")]),
        code("h", "h", [display(text__html=HTML.format("one"))]),
        code("s", "s", [display(**{"image/svg+xml": SVG.format("<g/>")})]),
        code("e", "e", [error("ValueError", "bad <b>")]),
    )


def after() -> dict[str, Any]:
    made = copy.deepcopy(before())
    cells = {cell["id"]: cell for cell in made["cells"]}
    cells["m"]["source"] = "# Title\n\n<script>hit()</script> [x](javascript:hit()) Words, more."
    cells["r"]["source"] = "import x\nrate = 0.01\nfit(rate)"
    cells["r"]["outputs"] = [stream("auc 0.88 in 4 s\n")]
    cells["p"]["outputs"] = [display(image__png=png({(1, 1): (9, 9, 9)}))]
    cells["t"]["outputs"] = [stream("<A at 0x7f12aabbcc00>")]
    cells["h"]["outputs"] = [display(text__html=HTML.format("two"))]
    cells["s"]["outputs"] = [display(**{"image/svg+xml": SVG.format("<p/>")})]
    cells["e"]["outputs"] = [error("KeyError", "</pre><script>hit()</script>")]
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files that are in no project."""
    write(tmp_path / "a.ipynb", before())
    write(tmp_path / "b.ipynb", after())
    return tmp_path


def test_two_files_outside_of_a_project(folder: Path) -> None:
    said = nbtrail(folder, "diff", "a.ipynb", "b.ipynb", code=1).stdout
    assert said.splitlines()[:2] == [
        "a.ipynb → b.ipynb", "cells: 2 changed; outputs: 5 changed, 1 noise",
    ]  # fmt: skip
    assert "… 6 cells unchanged" in said
    assert "  - rate = 0.1\n  + rate = 0.01\n" in said
    assert "output 1 (text): text differs" in said
    assert "ValueError became KeyError" in said
    assert "0x7f12" not in said
    assert "\x1b" not in said
    assert sorted(path.name for path in folder.iterdir()) == ["a.ipynb", "b.ipynb"]
    told = nbtrail(folder, "diff", "a.ipynb", "b.ipynb", "--outputs", code=1).stdout
    assert "output 1 (text): memory addresses (noise)" in told
    assert "0.5% of the pixels differ" in told


def test_no_difference_ends_with_0_and_noise_is_none(folder: Path) -> None:
    assert "no cell changed" in nbtrail(folder, "diff", "a.ipynb", "a.ipynb", code=0).stdout
    noisy = before()
    noisy["cells"][9]["outputs"] = [stream("<A at 0x7f12aabbcc00>")]
    noisy["cells"][9]["execution_count"] = 12
    write(folder / "noisy.ipynb", noisy)
    said = nbtrail(folder, "diff", "a.ipynb", "noisy.ipynb", code=0).stdout
    assert "no cell changed; outputs: 1 noise" in said
    assert nbtrail(folder, "diff", "a.ipynb", "b.ipynb", "-q", code=1).stdout == ""


def test_json_has_the_documented_shape(folder: Path) -> None:
    found = json.loads(nbtrail(folder, "diff", "a.ipynb", "b.ipynb", "--json", code=1).stdout)
    assert (found["a"], found["b"]) == ("a.ipynb", "b.ipynb")
    cell = found["cells"][7]
    assert cell["source"][1:3] == [
        {"op": "delete", "text": "rate = 0.1", "spans": []},
        {"op": "insert", "text": "rate = 0.01", "spans": [[9, 10]]},
    ]
    assert (cell["op"], cell["outputs"], cell["why"]) == ("modify", "changed", "text differs")
    assert cell["a_outputs"] == before()["cells"][7]["outputs"]
    assert found["cells"][9]["why"] == "memory addresses"
    assert set(found["summary"]) >= {"equal", "modified", "outputs_changed", "outputs_noise"}


def test_colours_words_and_no_color(folder: Path) -> None:
    coloured = nbtrail(folder, "diff", "a.ipynb", "b.ipynb", code=1, FORCE_COLOR="1").stdout
    # What was inserted into the line stands out in it.
    assert re.search(r"\x1b\[32m\x1b\[1m\x1b\[7m0\x1b\[0m", coloured)
    assert "\x1b[31m" in coloured


def _on_terminal(folder: Path, *arguments: str, **environment: str) -> str:
    """What somebody sees at a terminal."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "nbtrail.cli", *arguments], cwd=folder, stdin=theirs, stdout=theirs,
        stderr=theirs, env={**os.environ, "TERM": "xterm", **environment},
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([mine], [], [], 1)
        if ready:
            try:
                piece = os.read(mine, 65536)
            except OSError:
                break
            if not piece:
                break
            seen += piece
    os.close(mine)
    assert process.wait(timeout=60) == 1
    return seen.decode()


def test_a_terminal_gets_colours_and_the_pager(folder: Path) -> None:
    pager = folder / "pager"
    pager.write_text(f"#!/bin/sh\ncat > {folder}/paged\n")
    pager.chmod(0o755)
    assert "rate" not in _on_terminal(folder, "diff", "a.ipynb", "b.ipynb", PAGER=str(pager))
    assert "\x1b[31m" in (folder / "paged").read_text()
    plain = _on_terminal(folder, "diff", "a.ipynb", "b.ipynb", PAGER="cat", NO_COLOR="1")
    assert "rate = 0.01" in plain
    assert "\x1b[3" not in plain


def test_control_characters_of_a_notebook_do_not_reach_the_terminal(folder: Path) -> None:
    write(folder / "b.ipynb", notebook(code("x = '\x1b]0;owned\x07'", outputs=[stream("\x1b[2J")])))
    said = nbtrail(folder, "diff", "a.ipynb", "b.ipynb", "--outputs", code=1).stdout
    assert "\x1b" not in said
    assert "\\x1b]0;owned" in said


class _Page(HTMLParser):
    """Tags, attributes and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_holds_everything_and_runs_nothing(folder: Path) -> None:
    nbtrail(folder, "diff", "a.ipynb", "b.ipynb", "--html", "page.html", code=1)
    page = _Page((folder / "page.html").read_text())
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "iframe", "object", "form", "svg", "link", "base", "a href"}
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("src", "href"):
            value = attributes.get(name) or "#"
            assert value.startswith(("#", "data:image/")), (tag, value)
    policy = next(a for t, a in page.tags if t == "meta" and a.get("http-equiv"))
    assert "default-src 'none'" in str(policy["content"])
    # Two pictures of each side of two cells, and where they differ.
    images = [str(a["src"]) for t, a in page.tags if t == "img"]
    assert sum(src.startswith("data:image/png") for src in images) == 4
    assert sum(src.startswith("data:image/svg+xml;base64") for src in images) == 2
    assert "rate = 0.1" in page.text
    assert "<script>hit()</script>" in page.text, "shown as the text that it is"
    assert "0.5% of the pixels differ" in page.text


def test_the_page_can_go_to_stdout_and_says_where_it_cannot_go(folder: Path) -> None:
    said = nbtrail(folder, "diff", "a.ipynb", "b.ipynb", "--html", "-", code=1).stdout
    assert said.startswith("<!doctype html>")
    gone = nbtrail(folder, "diff", "a.ipynb", "b.ipynb", "--html", "no/x.html", code=2).stderr
    assert "no/x.html cannot be written" in gone


def test_a_page_of_everything_at_once_is_made(folder: Path) -> None:
    """Each kind of output, added and removed."""
    outputs = [
        display(application__json={"x": 1}), display(**{"application/vnd.plotly.v1+json": {}}),
        display(text__markdown="# h\n<script>hit()</script>"), display(text__latex="$x$"),
        display(image__png="%%%"), {"output_type": "display_data"}, {"output_type": "odd"}, 7,
    ]  # fmt: skip
    write(folder / "b.ipynb", notebook(code("new", "n", outputs)))
    for pair in (("a.ipynb", "b.ipynb"), ("b.ipynb", "a.ipynb")):
        page = nbtrail(folder, "diff", *pair, "--html", "-", code=1).stdout
        assert "<script" not in page
        assert "An image whose base64 is broken" in page


def test_git_shows_notebooks_as_text_once_it_was_told_to(folder: Path) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}

    def git(*arguments: str) -> str:
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        done = subprocess.run(
            ["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True,
            env={**env, "GIT_CONFIG_GLOBAL": os.devnull},
        )  # fmt: skip
        return done.stdout

    git("init", "-q")
    nbtrail(folder, "init", "--git", code=0)
    git("add", "-A")
    git("commit", "-qm", "one")
    write(folder / "a.ipynb", after())
    shown = git("diff", "a.ipynb")
    assert "-rate = 0.1\n+rate = 0.01\n" in shown
    assert "0x7f12" not in shown
    said = nbtrail(folder, "diff", "a.ipynb@git:HEAD", "a.ipynb", code=1).stdout
    assert said.startswith("a.ipynb@git:HEAD → a.ipynb\n")
    assert "  + rate = 0.01" in said
    missing = nbtrail(folder, "diff", "a.ipynb@git:gone", "a.ipynb", code=2).stderr
    assert "gone" in missing
    rest = git("difftool", "--no-prompt", "--extcmd", f"{sys.executable} -m nbtrail.cli diff",
               "a.ipynb")  # fmt: skip
    assert "  + rate = 0.01" in rest


def test_what_the_command_needs_is_loaded_quickly(folder: Path) -> None:
    """Neither the ledger nor Pillow nor a page's renderers for a difference of texts."""
    write(folder / "b.ipynb", before() | {"cells": before()["cells"][:-1]})
    program = (
        "import sys\nfrom nbtrail.cli import main\n"
        "try:\n main(['diff', 'a.ipynb', 'b.ipynb'])\n"
        "except SystemExit as end:\n print(end.code, *sorted(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True
    )
    status, *modules = done.stdout.splitlines()[-1].split()
    assert status == "1"
    heavy = {"sqlalchemy", "PIL", "numpy", "bleach", "markdown_it", "nbformat", "rich", "asyncio"}
    assert not heavy & set(modules)


def test_page_of_a_difference_made_in_python(folder: Path) -> None:
    from nbtrail.diff import diff_notebooks

    found = diff_notebooks(read_notebook(folder / "a.ipynb"), read_notebook(folder / "b.ipynb"))
    assert "rate" in page_of({**found, "a": "<a>", "b": "b"})
