"""What nobody wants to be asked to compare: a clear message, or a safe answer in time."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtrail.diff import diff_notebooks, patch_notebook
from nbtrail.diff.notebooks import with_outputs
from nbtrail.diff.page import page_of

from .conftest import code, display, nbtrail, notebook, stream, write

OLD = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is an empty file"),
        (bytes(range(256)) * 40, "is a binary file and no notebook"),
        (b"<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n", "line 1 is one of git's"),
        (b'{\n "cells": [\n<<<<<<< HEAD\n', "line 3 is one of git's merge markers"),
        (b'{"cells": [', "is not JSON"),
        (b"[" * 200_000, "is not JSON"),
        (b"[1]", "is JSON but not a notebook"),
        (json.dumps(OLD).encode(), "old format 3. Convert it with: jupyter nbconvert"),
        (b'{"nbformat": 4, "cells": {}}', "has no list of cells"),
        (None, "There is no notebook bad.ipynb"),
    ],
)  # fmt: skip
def test_each_bad_file_gets_its_own_message(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    write(tmp_path / "a.ipynb", notebook(code("x")))
    if content is not None:
        (tmp_path / "bad.ipynb").write_bytes(content)
    for pair in (("a.ipynb", "bad.ipynb"), ("bad.ipynb", "a.ipynb")):
        failed = nbtrail(tmp_path, "diff", *pair, code=2)
        assert message in failed.stderr
        assert failed.stderr.startswith("nbtrail: bad.ipynb") or content is None
        assert len(failed.stderr.splitlines()) == 1
        assert failed.stdout == ""


def test_halves_of_characters_can_be_compared(tmp_path: Path) -> None:
    """JSON may hold them, UTF-8 may not."""
    for name, text in (("a", "x = '\ud800'"), ("b", "x = '\udfff'")):
        shown = [display(application__json={"x": text + str(n)}) for n in range(3)]
        write(tmp_path / f"{name}.ipynb", notebook(code(text, "c", [*shown, stream(text)])))
    said = nbtrail(tmp_path, "diff", "a.ipynb", "b.ipynb", "--outputs", code=1).stdout
    assert "  + x = '\\xdfff'" in said
    told = nbtrail(tmp_path, "diff", "a.ipynb", "b.ipynb", "--json", code=1).stdout
    assert json.loads(told)["cells"][0]["source"][1]["text"] == "x = '\udfff'"
    nbtrail(tmp_path, "diff", "a.ipynb", "b.ipynb", "--html", "page.html", code=1)


def test_minor_versions_of_the_format_differ_by_noise() -> None:
    a, b = notebook(code("x")), notebook(code("x", "a"))
    a["nbformat_minor"] = 2
    found = diff_notebooks(a, b)
    assert [c["op"] for c in found["cells"]] == ["equal"]
    assert [(m["key"], m["verdict"]) for m in found["metadata"]] == [("nbformat_minor", "noise")]
    assert [(m["key"], m["verdict"]) for m in found["cells"][0]["metadata"]] == [("id", "noise")]
    assert patch_notebook(a, found) == b


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text("a<0", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["output_type", "text", "data", "text/html", "text/plain", "image/png",
                         "name", "ename", "tags", "image/svg+xml", "application/json"]),
        inner, max_size=3),
    max_leaves=12,
)  # fmt: skip
odd_cells = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", "raw", "odd"])},
    optional={
        "id": anything, "source": anything, "metadata": anything, "outputs": anything,
        "attachments": anything, "execution_count": anything,
    },
)  # fmt: skip
odd_notebooks = st.builds(lambda cells: notebook(*cells), st.lists(odd_cells, max_size=4))


@settings(max_examples=300, deadline=None)
@given(odd_notebooks, odd_notebooks)
def test_cells_of_any_content_are_compared_and_shown(a: dict[str, Any], b: dict[str, Any]) -> None:
    found = diff_notebooks(a, b)
    assert patch_notebook(a, found) == b
    page = page_of({**with_outputs(found, a, b), "a": "a", "b": "b"})
    assert "<script" not in page


def _lines(rng: random.Random) -> list[str]:
    return ["".join(rng.choices("abcdefgh =()", k=60)) for _ in range(17_000)]


def test_cells_with_a_megabyte_of_source() -> None:
    """Some seconds at most, whatever changed; one edit is one edit."""
    rng = random.Random(1)
    lines = _lines(rng)
    edited = [*lines[:5_000], "changed", *lines[5_001:9_000], "new", *lines[9_000:]]
    cases = {
        "edited": (lines, edited),
        "shuffled": (lines, rng.sample(lines, len(lines))),
        "all new": (lines, _lines(rng)),
        "few kinds of lines": (rng.choices("abc", k=500_000), rng.choices("abc", k=500_000)),
        "one line": (["x" * 1_000_000], ["x" * 999_999 + "y"]),
        "one line of words": (["xy " * 333_000], ["zw " * 333_000]),
    }
    for name, (old, new) in cases.items():
        a, b = notebook(code("\n".join(old), "a")), notebook(code("\n".join(new), "a"))
        begin = time.process_time()
        found = diff_notebooks(a, b)
        assert time.process_time() - begin < 20, name
        assert patch_notebook(a, found) == b
        if name == "edited":
            changed = [line["text"] for line in found["cells"][0]["source"]]
            assert len(changed) == len(lines) + 2
    without_id = diff_notebooks(notebook(code("x" * 10**6)), notebook(code("x" * 999_999 + "y")))
    assert [cell["op"] for cell in without_id["cells"]] == ["modify"]


def test_outputs_of_100_megabytes() -> None:
    text = "\n".join(_lines(random.Random(1))) * 100
    one = f"{text[:50_000_000]}!{text[50_000_001:]}"
    for other, why in ((one, "text differs"), (text.upper(), "too long to be looked at")):
        begin = time.process_time()
        (cell,) = diff_notebooks(
            notebook(code("x", outputs=[stream(text)])),
            notebook(code("x", outputs=[stream(other)])),
        )["cells"]
        assert time.process_time() - begin < 20
        assert cell["outputs"] == "changed"
        assert why in cell["why"]
        assert len(str(cell["outputs_detail"])) < 2_000


def test_a_page_of_outputs_that_are_too_large_is_still_a_page() -> None:
    html = "<table>" + "<tr><td>1</td></tr>" * 50_000 + "</table>"
    a = notebook(code("x", "a", [stream("line\n" * 200_000), display(text__html=html)]))
    b = notebook(code("x", "a", [stream("rows\n" * 200_000), display(text__html=html + "<p>")]))
    begin = time.process_time()
    found = with_outputs(diff_notebooks(a, b), a, b)
    page = page_of({**found, "a": "a", "b": "b"})
    assert time.process_time() - begin < 20
    assert "more characters" in page
    assert len(page) < 5_000_000


@pytest.mark.parametrize(
    ("mime", "piece"),
    [
        ("text/html", "<td>"), ("text/html", "<td"), ("text/html", "<"), ("text/html", "<TR>"),
        ("text/html", "<script"), ("text/plain", " "), ("text/plain", "1%|"), ("text/plain", "["),
        ("text/plain", "id="), ("text/plain", "/tmp/"), ("text/plain", "12:00 "),
        ("image/svg+xml", "<!--"), ("image/svg+xml", "<dc:date>"), ("image/svg+xml", ' id="'),
    ],
)  # fmt: skip
def test_no_pattern_takes_for_ever(mime: str, piece: str) -> None:
    """What begins and never ends, a hundred thousand times."""
    start = "<table><tr><td>1</td>" if mime == "text/html" else "0x"
    end = "</table>" if mime == "text/html" else ""
    a, b = (f"{start}{piece * (100_000 + n)}{n}{end}" for n in (0, 1))
    begin = time.process_time()
    old, new = (notebook(code("x", "a", [display(**{mime: text})])) for text in (a, b))
    found = with_outputs(diff_notebooks(old, new), old, new)
    assert "<script" not in page_of({**found, "a": "a", "b": "b"})
    assert time.process_time() - begin < 20
