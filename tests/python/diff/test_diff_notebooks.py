"""The difference between notebooks: what it says, and that it can be applied."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtrail.diff import diff_notebooks, patch_notebook
from nbtrail.diff.outputs import compare_outputs
from nbtrail.diff.text import normalise_text
from nbtrail.errors import ConflictError

from .conftest import code, notebook, stream


def operations(a: dict[str, Any], b: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(c["op"], c["a"], c["b"]) for c in diff_notebooks(a, b)["cells"]]


def test_one_changed_line_is_one_changed_line() -> None:
    a = notebook(code("x = 1", "a"), code("rate = 0.1\nfit(rate)", "b"), code("y", "c"))
    b = copy.deepcopy(a)
    b["cells"][1]["source"] = "rate = 0.05\nfit(rate)"
    diff = diff_notebooks(a, b)
    assert [c["op"] for c in diff["cells"]] == ["equal", "modify", "equal"]
    assert diff["cells"][1]["source"] == [
        {"op": "delete", "text": "rate = 0.1", "spans": [[9, 10]]},
        {"op": "insert", "text": "rate = 0.05", "spans": [[9, 11]]},
        {"op": "equal", "text": "fit(rate)"},
    ]
    assert diff["summary"]["modified"] == 1


def test_insert_delete_and_move() -> None:
    cells = [code(f"cell number {n}", f"id{n}") for n in range(5)]
    a = notebook(*cells)
    b = notebook(cells[3], cells[0], code("something new altogether", "n"), cells[1], cells[4])
    assert operations(a, b) == [
        ("move", 3, 0), ("equal", 0, 1), ("insert", None, 2), ("equal", 1, 3),
        ("delete", 2, None), ("equal", 4, 4),
    ]  # fmt: skip


def test_without_ids_content_and_similarity_decide() -> None:
    a = notebook(code("import pandas"), code("model.fit(X, y, depth=3)"), code("done"))
    b = notebook(code("import pandas"), code("model.fit(X, y, depth=4)"), code("done"))
    assert [op for op, _, _ in operations(a, b)] == ["equal", "modify", "equal"]


def test_duplicate_ids_are_matched_by_content() -> None:
    a = notebook(code("one one one", "same"), code("two two two", "same"))
    b = notebook(code("two two two", "same"), code("one one one", "same"))
    diff = diff_notebooks(a, b)
    assert sorted(c["op"] for c in diff["cells"]) == ["equal", "move"]
    assert patch_notebook(a, diff) == b


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("auc 0.87", "auc 0.87", "same"),
        ("auc 0.87", "auc 0.88", "changed"),
        ("<Model at 0x7f12aabbccdd>", "<Model at 0x7f99aabbccdd>", "noise"),
        ("fit in 3.21 s", "fit in 4.5 s", "noise"),
        ("10%|#  | 1/9\r100%|###| 9/9", "100%|###| 9/9", "noise"),
        ("\x1b[31mred\x1b[0m", "red", "noise"),
    ],
)
def test_noise_is_told_from_change(a: str, b: str, expected: str) -> None:
    assert compare_outputs([stream(a)], [stream(b)]) == expected


def test_flushing_and_counts_are_no_change() -> None:
    a = [stream("one\n"), stream("two\n")]
    assert compare_outputs(a, [stream("one\ntwo\n")]) == "same"
    result = {"output_type": "execute_result", "data": {"text/plain": "1"}}
    assert compare_outputs([result | {"execution_count": 1}], [result]) == "same"


def test_images_are_compared_by_content() -> None:
    def image(data: str) -> dict[str, Any]:
        return {"output_type": "display_data", "data": {"image/png": data}}

    assert compare_outputs([image("AAAA")], [image("AAAA")]) == "same"
    assert compare_outputs([image("AAAA")], [image("BBBB")]) == "changed"


def test_a_difference_of_another_notebook_is_refused() -> None:
    a = notebook(*(code(f"cell {n}", f"i{n}") for n in range(3)))
    diff = diff_notebooks(a, a)
    with pytest.raises(ConflictError):
        patch_notebook(notebook(), diff)


texts = st.sampled_from(["", "x = 1", "x = 2", "print(x)\nprint(y)", "# title", "λ\n", "é" * 40])
identities = st.sampled_from([None, "a", "b", "c", "d", "e"])
cells = st.builds(code, texts, identities, st.lists(st.builds(stream, texts), max_size=2))
notebooks = st.builds(lambda items: notebook(*items), st.lists(cells, max_size=8))


@settings(max_examples=150, deadline=None)
@given(notebooks, notebooks)
def test_patching_a_gives_b(a: dict[str, Any], b: dict[str, Any]) -> None:
    diff = diff_notebooks(a, b)
    assert patch_notebook(a, diff) == b
    assert sorted(c["b"] for c in diff["cells"] if c["b"] is not None) == list(
        range(len(b["cells"]))
    )
    assert sorted(c["a"] for c in diff["cells"] if c["a"] is not None) == list(
        range(len(a["cells"]))
    )


def test_normalising_keeps_numbers_that_matter() -> None:
    assert normalise_text("accuracy 0.871 on 143 rows") == "accuracy 0.871 on 143 rows"


@pytest.mark.parametrize("text", ["9" * 40_000, "progress " * 20_000, "\r" * 40_000 + "end"])
def test_normalising_long_lines_does_not_hang(text: str) -> None:
    """One of these took minutes where a pattern began anew at every character."""
    assert normalise_text(text) in (text, "end")
