"""Names that a cell binds, changes and uses."""

from __future__ import annotations

import pytest

from nbtrail.notebooks.dataflow import RANDOM, Flow, effects, flow_of


@pytest.mark.parametrize(
    ("source", "defines", "changes", "uses"),
    [
        ("x = y + 1", {"x"}, set(), {"y"}),
        ("x = 1\nz = x", {"x", "z"}, set(), set()),
        ("x += 1", set(), {"x"}, {"x"}),
        ("x = 0\nx += 1", {"x"}, set(), set()),
        ("df['a'] = b", set(), {"df"}, {"df", "b"}),
        ("df = load()\ndf['a'] = b", {"df"}, set(), {"load", "b"}),
        ("model.rate = 3", set(), {"model"}, {"model"}),
        ("table[i][j].k = v", set(), {"table"}, {"table", "i", "j", "v"}),
        ("del x", set(), {"x"}, {"x"}),
        ("del d['k']", set(), {"d"}, {"d"}),
        ("import numpy as np, os.path", {"np", "os"}, set(), set()),
        ("def f(a, b=d):\n    return a + c", {"f"}, set(), {"d"}),
        ("class A(B):\n    x = c", {"A"}, set(), {"B", "c"}),
        ("[i * k for i in rows if i > low]", set(), set(), {"rows", "k", "low"}),
        ("for i, (a, *r) in pairs:\n    print(i)", {"i", "a", "r"}, set(), {"pairs"}),
        ("with open(p) as f:\n    t = f.read()", {"f", "t"}, set(), {"p"}),
        ("if (n := len(rows)) > 1: print(n)", {"n"}, set(), {"rows"}),
        ("match point:\n    case (x, *rest): pass", {"x", "rest"}, set(), {"point"}),
        ("try:\n    f()\nexcept ValueError as e:\n    print(e)", set(), set(), {"f"}),
        ("print(len([]))", set(), set(), set()),
        ("np.add(a, b, out=c)", set(), {"c"}, {"np", "a", "b", "c"}),
        ("heapq.heappush(queue, 1)", set(), {"queue"}, {"heapq", "queue"}),
        ("this is no python", set(), set(), set()),
    ],
)
def test_names(source: str, defines: set[str], changes: set[str], uses: set[str]) -> None:
    flow = flow_of(source)
    assert (flow.defines, flow.changes, flow.uses) == (defines, changes, uses)


@pytest.mark.parametrize(
    ("source", "mutated"),
    [
        ("rows.append(1)", {"rows"}),
        ("model.fit(X, y)", {"model"}),
        ("df.sort_values('a', inplace=True)", {"df"}),
        ("df.sort_values('a')", set()),
        ("pipe.steps[0].set_params(n=1)", {"pipe"}),
        ("import numpy as np\nnp.append(a, 1)", set()),
        ("x = rng.normal(size=3)", {"rng"}),
    ],
)
def test_methods_that_change_their_object(source: str, mutated: set[str]) -> None:
    assert flow_of(source).mutated == mutated


@pytest.mark.parametrize(
    ("source", "defines", "uses"),
    [
        ("%matplotlib inline\nx = y", {"x"}, {"y"}),
        ("!ls {folder}\nx", set(), {"x", "folder"}),
        ("files = !ls\nn = len(files)", {"files", "n"}, set()),
        ("%%bash\necho $x", set(), set()),
        ("%%time\nx = f(y)", {"x"}, {"f", "y"}),
        ("%%capture out\nprint(y)", {"out"}, {"y"}),
        ("%time x = f()", {"x"}, {"f"}),
        ("x?\ny = 1", {"y"}, set()),
        ("if a:\n    %timeit g()", set(), {"a", "g"}),
    ],
)
def test_magics(source: str, defines: set[str], uses: set[str]) -> None:
    flow = flow_of(source)
    assert (flow.defines, flow.uses, flow.opaque) == (defines, uses, False)


@pytest.mark.parametrize(
    "source", ["from helpers import *", "%run other.py", "exec(text)", "%%sql\nselect 1", "%pylab"]
)
def test_what_may_touch_any_name(source: str) -> None:
    assert flow_of(source).opaque


@pytest.mark.parametrize(
    ("source", "defines", "changes"),
    [
        ("np.random.seed(1)", True, False),
        ("x = np.random.normal()", False, True),
        ("random.shuffle(rows)", False, True),
        ("torch.manual_seed(1)\nw = torch.randn(3)", True, False),
        ("rng = np.random.default_rng(1)", False, False),
        ("df.sample(3)", False, True),
        ("df.sample(3, random_state=1)", False, False),
    ],
)
def test_the_state_of_random_generators(source: str, defines: bool, changes: bool) -> None:
    flow = flow_of(source)
    assert (RANDOM in flow.defines, RANDOM in flow.changes) == (defines, changes)


def test_functions_count_where_they_are_used() -> None:
    library = flow_of(
        "def scale(v):\n    return v * rate\n"
        "def count():\n    global n\n    n += 1\n"
        "def tidy(frame, name):\n    frame[name] = 0\n"
        "def even(k):\n    return odd(k - 1)\n"
        "def odd(k):\n    return even(k - 1) + base\n"
        "twice = lambda v: scale(v) * 2\n"
    )
    assert library.uses == set()

    def of(source: str) -> tuple[set[str], set[str]]:
        return effects(flow_of(source), library.functions)

    assert of("y = scale(x)") == ({"scale", "x", "rate"}, set())
    assert of("y = list(map(twice, x))") == ({"twice", "scale", "rate", "x"}, set())
    assert of("count()") == ({"count", "n"}, {"n"})
    assert of("tidy(df, 'a')") == ({"tidy", "df"}, {"df"})
    assert of("even(3)")[0] == {"even", "odd", "base"}
    # In one cell it is the same.
    assert flow_of("def f(): return rate\ny = f()").uses == {"rate"}
    assert flow_of("def f(d): d['a'] = 1\nf(df)").changes == {"df"}
    assert flow_of("def a(): b()\ndef b(): a()\na()").uses == set()


def test_a_class_counts_where_it_is_used() -> None:
    flow = flow_of("class Model:\n    def score(self):\n        return rate\n")
    assert flow.uses == set()
    assert effects(flow_of("m = Model()"), flow.functions)[0] == {"Model", "rate"}


def test_hostile_code_is_no_python() -> None:
    assert flow_of("(" * 5000 + ")" * 5000) == Flow()
    assert flow_of("x = '\ud800'").defines in (set(), {"x"})
    assert flow_of("\0") == Flow()
