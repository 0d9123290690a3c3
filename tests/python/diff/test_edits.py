"""Edits that people make: how large their differences are, and which cells they touch."""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtrail.diff import diff_notebooks, patch_notebook
from nbtrail.diff.sequences import common, increasing
from nbtrail.diff.sources import character_spans

from .conftest import code, markdown, notebook, stream

#: What nbdime 4.0.4 answers on the same edits: lines of source and cells touched. The benchmark
#: `benchmarks/diff.py --peer` measures it anew.
NBDIME = {
    "move": (8, 2), "split": (6, 2), "merge": (10, 2), "rename": (8, 4), "reorder": (24, 6),
    "one line": (2, 1), "run again": (0, 0),
}  # fmt: skip


def base() -> dict[str, Any]:
    """Eight cells without ids, of four lines each."""
    names = "load clean join model score plot export report".split()
    return notebook(*(
        code(f"# {name}\n{name}_frame = {name}(frame, {n})\ncheck({name}_frame)\nprint({n} * 7)",
             outputs=[stream(f"{name} done in {n}.5 s")])
        for n, name in enumerate(names)
    ))  # fmt: skip


def move(cells: list[Any]) -> None:
    cells.insert(6, cells.pop(1))


def split(cells: list[Any]) -> None:
    lines = cells[3]["source"].split("\n")
    cells[3]["source"] = "\n".join(lines[:2])
    cells.insert(4, code("\n".join(lines[2:])))


def merge(cells: list[Any]) -> None:
    cells[3]["source"] += "\n" + cells.pop(4)["source"]


def rename(cells: list[Any]) -> None:
    for cell in cells[:4]:
        cell["source"] = cell["source"].replace("(frame,", "(passengers,")


def reorder(cells: list[Any]) -> None:
    cells[2:6] = [cells[n] for n in (5, 3, 2, 4)]


def one_line(cells: list[Any]) -> None:
    cells[5]["source"] = cells[5]["source"].replace("check", "verify")


def run_again(cells: list[Any]) -> None:
    for n, cell in enumerate(cells):
        cell["execution_count"] = n
        cell["outputs"] = [stream(cell["outputs"][0]["text"].replace(".5 s", ".25 s"))]


EDITS = {"move": move, "split": split, "merge": merge, "rename": rename, "reorder": reorder,
         "one line": one_line, "run again": run_again}  # fmt: skip


@pytest.mark.parametrize("ids", [True, False])
@pytest.mark.parametrize("name", EDITS)
def test_the_difference_is_at_least_as_small_as_nbdimes(name: str, ids: bool) -> None:
    a = base()
    for n, cell in enumerate(a["cells"] if ids else ()):
        cell["id"] = f"cell-{n}"
    b = copy.deepcopy(a)
    EDITS[name](b["cells"])
    found = diff_notebooks(a, b)
    assert patch_notebook(a, found) == b
    lines = sum(line["op"] != "equal" for cell in found["cells"] for line in cell["source"])
    cells = sum(cell["op"] == "move" or cell["source_changed"] for cell in found["cells"])
    assert (lines, cells) <= NBDIME[name]
    assert cells <= NBDIME[name][1]


def test_a_split_and_a_merge_are_named() -> None:
    for edit, op, expected in (
        (split, "insert", {"how": "split", "cell": 3}),
        (merge, "delete", {"how": "merge", "cell": 3}),
    ):
        a = base()
        b = copy.deepcopy(a)
        edit(b["cells"])
        related = [c["related"] for c in diff_notebooks(a, b)["cells"] if c["op"] == op]
        assert related == [expected]


def test_a_moved_cell_that_was_edited_is_still_that_cell() -> None:
    a = base()
    b = copy.deepcopy(a)
    b["cells"].insert(6, b["cells"].pop(1))
    b["cells"][6]["source"] += "\nextra(1)"
    (found,) = (c for c in diff_notebooks(a, b)["cells"] if c["op"] != "equal")
    assert (found["op"], found["a"], found["b"], found["source_changed"]) == ("move", 1, 6, True)
    assert [line["text"] for line in found["source"] if line["op"] == "insert"] == ["extra(1)"]


def test_ids_that_were_dealt_anew_are_not_believed() -> None:
    """A converter numbers cells at each save: one new cell on top must stay one new cell."""
    a = base()
    b = copy.deepcopy(a)
    b["cells"].insert(0, markdown("# A title"))
    for side in (a, b):
        for n, cell in enumerate(side["cells"]):
            cell["id"] = str(n)
    assert [c["op"] for c in diff_notebooks(a, b)["cells"]] == ["insert", *["equal"] * 8]


def test_a_cell_whose_type_changed_is_the_same_cell() -> None:
    a = notebook(code("some words to read", "a"))
    b = notebook(markdown("some words to read", "a"))
    (found,) = diff_notebooks(a, b)["cells"]
    assert (found["op"], found["source_changed"]) == ("modify", False)
    assert found["metadata"][0]["key"] == "cell_type"


def test_of_several_equal_cells_the_one_that_went_is_told() -> None:
    show = "plt.show()"
    a = notebook(code("one = 1"), code(show), code("two = 2"), code(show), code("three"))
    b = copy.deepcopy(a)
    del b["cells"][1]
    found = diff_notebooks(a, b)
    assert [(c["op"], c["a"]) for c in found["cells"] if c["op"] != "equal"] == [("delete", 1)]


@pytest.mark.parametrize(
    ("a", "b", "marked"),
    [
        ("learning_rate = 0.1", "learning_rate = 0.01", ([], [[18, 19]])),
        ("fit(x, depth=3)", "fit(x, depth=12)", ([[13, 14]], [[13, 15]])),
        ("plot(frame)", "plot(passengers)", ([[5, 10]], [[5, 15]])),
        ("same", "same", ([], [])),
        ("abc", "xyz", None),
    ],
)
def test_characters_that_differ_within_a_line(a: str, b: str, marked: Any) -> None:
    assert character_spans(a, b) == marked


sources = st.text(alphabet="ab\n =é😀", max_size=30)
outputs = st.lists(st.builds(stream, sources), max_size=2)
kinds = st.one_of(
    st.builds(code, sources, st.sampled_from([None, *"abcdefg"]), outputs),
    st.builds(markdown, sources, st.sampled_from([None, *"abcdefg"])),
)
notebooks = st.builds(lambda cells: notebook(*cells), st.lists(kinds, max_size=10))


@settings(max_examples=200, deadline=None)
@given(notebooks, notebooks, st.randoms(use_true_random=False))
def test_patching_gives_b_also_for_edited_copies(
    a: dict[str, Any], other: dict[str, Any], rng: random.Random
) -> None:
    b = copy.deepcopy(a)
    for cell in other["cells"]:
        b["cells"].insert(rng.randint(0, len(b["cells"])), cell)
    rng.shuffle(b["cells"])
    b["metadata"] = {"kernelspec": {"name": rng.choice("ab")}}
    for left, right in ((a, b), (b, a), (a, other)):
        found = diff_notebooks(left, right)
        assert patch_notebook(left, found) == right
        for entry in found["cells"]:
            texts = [
                [line["text"] for line in entry["source"] if line["op"] != op]
                for op in ("insert", "delete")
            ]
            if entry["a"] is not None:
                assert texts[0] == left["cells"][entry["a"]]["source"].splitlines()
            if entry["b"] is not None:
                assert texts[1] == right["cells"][entry["b"]]["source"].splitlines()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 4), max_size=25), st.lists(st.integers(0, 4), max_size=25))
def test_as_much_as_possible_is_found_in_common(a: list[int], b: list[int]) -> None:
    pairs = common(a, b)
    assert all(a[i] == b[j] for i, j in pairs)
    assert increasing([i for i, _ in pairs]) == list(range(len(pairs)))
    assert increasing([j for _, j in pairs]) == list(range(len(pairs)))
    longest = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            longest[i + 1][j + 1] = (
                longest[i][j] + 1 if x == y else max(longest[i][j + 1], longest[i + 1][j])
            )
    assert len(pairs) == longest[-1][-1]


def _renamed(n: int) -> tuple[Any, Any]:
    a = [code(f"value_{k} = compute(frame, {k})\nshow(value_{k})") for k in range(n)]
    return a, [code(c["source"].replace("frame", "passengers")) for c in a]


def _shuffled(n: int) -> tuple[Any, Any]:
    a = [code(f"value_{k} = compute({k})") for k in range(n)]
    return a, random.Random(1).sample(a, n)


def _alike(n: int) -> tuple[Any, Any]:
    return [code(f"x = {k % 7}") for k in range(n)], [code(f"x = {k % 5}") for k in range(n)]


def _nothing_in_common(n: int) -> tuple[Any, Any]:
    return [code(f"a{k} b{k}") for k in range(n)], [code(f"c{k} d{k}") for k in range(n)]


@pytest.mark.parametrize("made", [_renamed, _shuffled, _alike, _nothing_in_common])
def test_the_effort_does_not_grow_with_the_square(made: Callable[[int], tuple[Any, Any]]) -> None:
    """Four times the cells take far less than sixteen times as long."""
    seconds = []
    for n in (750, 3_000):
        a, b = (notebook(*cells) for cells in made(n))
        times = []
        for _ in range(3):
            begin = time.process_time()
            found = diff_notebooks(a, b)
            times.append(time.process_time() - begin)
        seconds.append(min(times))
        assert patch_notebook(a, found) == b
    assert seconds[1] < 10 * seconds[0] + 0.2


def test_a_variable_renamed_in_thousands_of_cells_is_an_edit_of_each() -> None:
    a, b = _renamed(1_000)
    summary = diff_notebooks(notebook(*a), notebook(*b))["summary"]
    assert (summary["modified"], summary["inserted"], summary["moved"]) == (1_000, 0, 0)
