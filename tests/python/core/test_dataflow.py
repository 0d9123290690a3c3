"""Names that a cell defines and uses."""

from __future__ import annotations

import pytest

from nbtrail.notebooks.dataflow import flow_of


@pytest.mark.parametrize(
    ("source", "defines", "uses"),
    [
        ("x = y + 1", {"x"}, {"y"}),
        ("x = 1\nz = x", {"x", "z"}, set()),
        ("x += 1", {"x"}, {"x"}),
        ("df['a'] = b", {"df"}, {"df", "b"}),
        ("model.rate = 3", {"model"}, {"model"}),
        ("del x", {"x"}, set()),
        ("import numpy as np, os.path", {"np", "os"}, set()),
        ("def f(a, b=d):\n    return a + c", {"f"}, {"c", "d"}),
        ("class A(B):\n    x = c", {"A"}, {"B", "c"}),
        ("[i * k for i in rows if i > low]", set(), {"rows", "k", "low"}),
        ("for i, (a, *r) in pairs:\n    print(i)", {"i", "a", "r"}, {"pairs"}),
        ("%matplotlib inline\nx = y", {"x"}, {"y"}),
        ("!ls\nx", set(), {"x"}),
        ("%%bash\necho $x", set(), set()),
        ("with open(p) as f:\n    t = f.read()", {"f", "t"}, {"p"}),
        ("this is no python", set(), set()),
        ("print(len([]))", set(), set()),
        ("g = lambda v, *w, k=m: v + n", {"g"}, {"m", "n"}),
    ],
)
def test_flow(source: str, defines: set[str], uses: set[str]) -> None:
    flow = flow_of(source)
    assert (set(flow.defines), set(flow.uses)) == (defines, uses)
