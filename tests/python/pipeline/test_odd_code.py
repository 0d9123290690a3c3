"""Whatever a notebook holds, its analysis ends, soon, and what follows still counts."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbtrail.pipeline.inference.static import Analysis, analyse

#: Seconds of processor time that nothing may take; the worst of these needs about one.
LIMIT = 30.0


def notebook(*cells: str, language: str = "python") -> dict[str, object]:
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "k", "language": language}},
        "cells": [
            {"cell_type": "code", "id": str(i), "metadata": {}, "source": s, "outputs": []}
            for i, s in enumerate(cells)
        ],
    }


def look(*cells: str, language: str = "python") -> Analysis:
    begin = time.process_time()
    found = analyse(notebook(*cells, language=language), "a.ipynb", Path("/nowhere"))
    assert time.process_time() - begin < LIMIT
    return found


def _doubling(start: str, line: str) -> str:
    return f"s = {start}\nfor i in range(64):\n    {line}\npd.read_csv(s)"


ODD = {
    "text that doubles": _doubling("'ab'", "s = s + s"),
    "an f-string that doubles": _doubling("'ab'", "s = f'{s}{s}'"),
    "a join that triples": _doubling("'ab'", "s = ','.join([s, s, s])"),
    "a format that doubles": _doubling("'ab'", "s = '{0}{0}'.format(s)"),
    "a replacement that grows": _doubling("'ab'", "s = s.replace('b', 'abab')"),
    "a list that doubles": _doubling("['a.csv']", "s = s + s"),
    "a list that takes in itself": _doubling("['a.csv']", "s.extend(s)"),
    "a list of lists": _doubling("['a.csv']", "s = [s, 'b.csv', s]"),
    "one of two lists of lists": _doubling("['a.csv']", "s = [s, s] if i else [s, s]"),
    "a function of functions": "from functools import partial\n"
    + _doubling("open", "s = partial(s, 'a')"),
    "wide formats": "open('%1000000000d' % 5)\nopen(f'{1:>1000000000}')\n"
    "open('{:>1000000000}'.format(1))\nopen('a'.zfill(1000000000))\nopen('%*d' % (10**9, 3))",
    "a list in itself": "a = []\na.append(a)\npd.read_csv(a)\nos.path.join(*a)\nopen(f'{a}')",
    "a dict in itself": "a = {}\na['a'] = a\npd.read_csv(a)\nyaml.safe_load(a)",
    "loops in loops": "\n".join(f"{' ' * i}for x{i} in range(60):" for i in range(12))
    + "\n" + " " * 12 + "y = open(f'{x0}{x1}{x2}')",
    "comprehensions": "r = range(64)\n[open(f'{a}{b}{c}') for a in r for b in r for c in r]",
    "functions that call each other": "\n".join(
        f"def f{i}():\n" + "".join(f"    f{j}()\n" for j in range(20)) for i in range(20)
    ) + "\nf0()",
    "a function that calls what it is given": "def f(g):\n    return g(g)\nf(f)\nf(lambda x: x(x))",
    "maps of maps": "list(map(lambda f: map(f, [f] * 9), [map] * 9))\nmap(map, map, map)",
    "a long sum": "x = " + "+".join(["1"] * 20_000),
    "a long chain": "x = a" + ".b()" * 3000,
    "many branches": "if a:\n  p\n" + "".join(f"elif {i}:\n  open(p)\n" for i in range(3000)),
    "deep branches": "".join(" " * i + f"if a{i}:\n" for i in range(95)) + " " * 95 + "open(p)",
    "a list of a megabyte": "x = [" + ",".join(map(str, range(150_000))) + "]",
    "a table of a megabyte": "x = '''"
    + "".join(f"2020-01-{i % 28 + 1:02d},3.5,data_{i}.csv\n" for i in range(35_000)) + "'''",
    "text of two megabytes": "x = '" + "A" * 2_000_000 + "2020'",
    "a long shell line": "!echo " + "a.csv " * 50_000,
    "quotes that do not match": "!echo '" + "\"'" * 2000,
    "magics of nothing": "%run\n%cd\n%\n!\n!!\n?\nx?\n%run -i\n%cd -\n%writefile\n%sql",
    "a cell magic of nothing": "%%",
    "a null and a lone surrogate": "open('\\0')\nopen('\\2/x.csv')\nopen('\\ud800.csv')",
    "patterns": "import glob\nglob.glob('[')\nglob.glob('[' * 1000 + '*')\nglob.glob('*' * 200)",
    "a class that is its own": "class A(A):\n    pass\nclass B:\n    def __init__(self):\n"
    "        self.b = B()\nB()\nclass C:\n    @property\n    def p(self):\n        return self.p\n"
    "C().p",
    "odd types": "open(1); open(b'x'); open({}); pd.read_csv({}, ())\nPath(1) / 2\n"
    "'%s' % (); '%' % 1; '{'.format(); '{0[a]}'.format(1); f'{1:zz}'",
    "dates": "import datetime\nopen(datetime.date.today().strftime('%' * 999))",
    "Python 2": "print 'a'\nexec 'x'",
    "null bytes": "x = 1\x00",
}  # fmt: skip


@pytest.mark.parametrize("code", ODD.values(), ids=ODD.keys())
def test_odd_code_ends_and_what_follows_still_counts(code: str) -> None:
    found = look(code, "pd.read_csv('after.csv')")
    assert "after.csv" in [use.text for use in found.reads]


def test_other_languages_may_hold_anything() -> None:
    for line in ("'\"" * 100_000, "x <- '" + "a" * 1_000_000, "read.csv(" * 50_000, "#" * 500_000):
        found = look(line, "d <- read.csv('after.csv')", language="R")
        assert "after.csv" in [use.text for use in found.reads]


def test_a_notebook_of_three_thousand_cells_is_read_to_its_end() -> None:
    cells = [f"x = pd.read_csv('d/{i}.csv')\nx.to_csv('o/{i}.csv')" for i in range(3000)]
    found = look("import pandas as pd", *cells)
    assert (len(found.reads), len(found.writes), found.unresolved) == (3000, 3000, 0)


PIECES = st.sampled_from([
    "for f in x:", "    pd.read_csv(f)", "x = ['a.csv', 'b.csv']", "def f(a, *b, c=1, **d):",
    "    return f(a)", "f(f)", "x = f('a.csv')", "open(x)", "with open(x, 'w') as g:",
    "x = {'a': x}", "x = x['a']", "x += x", "x = (x, x)", "class A:", "    p = 'a.csv'", "x = A()",
    "x.p.q = x", "pd.read_csv(x.p)", "x = lambda y: x(y)", "x = [x for x in x]", "%run a.ipynb",
    "!cp {x} b.csv", "%%bash", "%cd ..", "import os", "from a import *", "os.chdir(x)", "try:",
    "except:", "if x:", "else:", "while True:", "    break", "x = yield", "await x", "match x:",
    "    case 1: open(x)", "global x", "del x", "x = f'{x}{x!r:>{x}}'", "x = '%s' % x", "x, *y = x",
    "x = os.path.join(x, x)", "x = Path(x) / x", "x = glob.glob(x)", "list(map(x, x))", "@x", ")",
    "x = x.format(x, x=x)", "sqlite3.connect(x).execute(x)", "duckdb.sql(x)", "joblib.dump(x, x)",
    "zipfile.ZipFile(x).extractall(x)", "subprocess.run(x)", "x = yaml.safe_load(open(x))", "\x00",
    "x.append(x)", "x.update(x)", "x = x.replace(x, x)", "partial(x, x)(x)", "'''", "x = x * 9",
    "get_ipython().system(x)", "spark.read.csv(x)", "x.write.parquet(x)", "x = x.value", "x: x = x",
])  # fmt: skip


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    cells=st.lists(st.lists(PIECES, max_size=9).map("\n".join), max_size=5),
    language=st.sampled_from(["python", "python", "python", "R", "julia", ""]),
)
def test_any_code_is_analysed(cells: list[str], language: str) -> None:
    found = look(*cells, language=language)
    for use in (*found.reads, *found.writes):
        assert 0 <= use.cell < len(cells)
        assert "\n" not in use.text
    assert found == look(*cells, language=language)
