"""NBT603 and NBT7xx: the clock, several ideas, length and splitting, DEPLOY."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from nbtrail.errors import NotFoundError, UsageError
from nbtrail.policy.code.split import split_notebook

from .conftest import Cells, Judge, book

PD = "import pandas as pd\nfrom datetime import datetime\nimport datetime as dt\nimport time\n"


@pytest.mark.parametrize(
    "cells",
    [
        PD + "df.to_csv(f'out_{datetime.now():%Y%m%d}.csv')",
        [PD + "stamp = datetime.now().strftime('%H%M')", "name = 'sub-' + stamp + '.csv'",
         "df.to_csv('out/' + name, index=False)"],
        PD + "with open('log_%d.json' % time.time(), 'w') as f:\n    f.write(text)",
        PD + "import joblib\njoblib.dump(model, 'm.pkl')\n"
        "plt.savefig('fig_{}.png'.format(dt.date.today()))",
        PD + "df = pd.read_csv('a.csv')\ndf['age'] = datetime.now().year - df['born']",
        PD + "df = pd.read_csv('a.csv')\ntoday = pd.Timestamp.today()\n"
        "df['days'] = (today - df['date']).dt.days",
        PD + "df = pd.read_csv('a.csv')\nnew = df[df['date'] > datetime.now()]",
        PD + "df.to_csv(time.strftime('%Y', time.gmtime()) + '.csv')",
        PD + "def save(df):\n    df.to_csv(f'{datetime.now()}.csv')",
        PD + "import yfinance as yf\nprices = yf.download('IBM', end=datetime.today())",
    ],
)  # fmt: skip
def test_the_clock_as_an_input(judge: Judge, cells: Cells) -> None:
    (problem,) = judge(cells, "NBT603")
    assert "nbtrail.dataset" in problem.message
    assert problem.line is not None


def test_cells_that_say_the_same_are_two(judge: Judge) -> None:
    save = "df.to_csv(f'{datetime.now()}.csv')"
    assert [p.cell_id for p in judge([PD, save, "x = 1", save], "NBT603")] == ["c1", "c3"]


@pytest.mark.parametrize(
    "cells",
    [
        PD + "start = time.time()\nmodel.fit(x, y)\nprint(time.time() - start)",
        PD + "df = pd.read_csv('a.csv')\nt0 = time.time()\ntook = time.time() - t0\n"
        "results['took'] = took\ndf['took'] = took",
        PD + "print(f'started {datetime.now()}')",
        PD + "df = pd.read_csv('a.csv')\nt = datetime.now()\n"
        "df['t'] = (datetime.now() - t).seconds",
        PD + "df['date'] = datetime(2020, 1, 1)",
        PD + "df.to_csv(time.strftime('%M', time.gmtime(seconds)) + '.csv')",
        PD + "import nbtrail\ndf.to_csv(nbtrail.dataset('a.csv', 'w'))",
        PD + "logs = 'logs/' + datetime.now().strftime('%Y')\nTensorBoard(log_dir=logs)",
        PD + "card = {'at': datetime.now().isoformat()}\njson.dump(card, open('card.json', 'w'))",
        PD + "df.to_csv(time.strftime('%Y', row.date) + '.csv')",
        "class Timer:\n    def __init__(self):\n        self.t = time.time()\n"
        "    def run(self, x):\n        return x\n" + PD + "df = pd.read_csv('a.csv')\n"
        "df['x'] = Timer().run(df['y'])",
    ],
)  # fmt: skip
def test_a_clock_that_no_result_depends_on(judge: Judge, cells: Cells) -> None:
    assert judge(cells, "NBT603") == []


IRIS = [
    "from sklearn.datasets import load_iris\nfrom sklearn.svm import SVC\n"
    "from sklearn.metrics import accuracy_score, r2_score\nimport pandas as pd",
    "iris = load_iris(as_frame=True)\nX = iris.data\ny = iris.target",
    "clf = SVC()\nclf.fit(X, y)\naccuracy_score(y, clf.predict(X))",
]
HOUSES = [
    "from sklearn.linear_model import Ridge\nfrom sklearn.model_selection import train_test_split\n"
    "houses = pd.read_csv('houses.csv')\nX = houses.drop(columns='price')\ny = houses['price']",
    "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)",
    "reg = Ridge().fit(X_train, y_train)\nr2_score(y_test, reg.predict(X_test))",
]
TITANIC = (
    "import pandas as pd\nfrom sklearn.ensemble import RandomForestClassifier as RF\n"
    "from sklearn.ensemble import RandomForestRegressor\n"
    "from sklearn.linear_model import LogisticRegression, LinearRegression\n"
    "df = pd.read_csv('train.csv')\nX = df.drop(columns=['Survived'])\ny = df['Survived']"
)


@pytest.mark.parametrize(
    ("cells", "names"),
    [
        ([*IRIS, *HOUSES], ("load_iris", "houses.csv")),
        ([*IRIS, "def judged(m, a, b):\n    m.fit(a, b)\n    return m.score(a, b)", HOUSES[0],
          "judged(Ridge(), X, y)"], ("load_iris", "houses.csv")),
        ([TITANIC, "#md # Who survives", "m = RF().fit(X, y)\nm.score(X, y)", "#md # What it costs",
          "fare = LinearRegression()\nfare.fit(df[['Age']], df['Fare'])\nfare.score(X, y)"],
         ("`Survived`", "`Fare`")),
    ],
)  # fmt: skip
def test_two_ideas_in_an_experiment(judge: Judge, cells: Cells, names: tuple[str, str]) -> None:
    (problem,) = judge(cells, "NBT701", "EXPERIMENTAL")
    assert all(name in problem.message for name in names)
    assert problem.cell_id not in (None, "c0")
    assert judge(cells, "NBT701", "EXPLORATION") == []


@pytest.mark.parametrize(
    "cells",
    [
        IRIS,
        # A baseline and a model, judged alike.
        [TITANIC, "a = LogisticRegression().fit(X, y)\na.score(X, y)",
         "#md # Better", "b = RF().fit(X, y)\nb.score(X, y)"],
        # A loop over models.
        [TITANIC, "for m in (RF(), LogisticRegression()):\n    m.fit(X, y)\n    m.score(X, y)"],
        # A grid search.
        [TITANIC, "from sklearn.model_selection import GridSearchCV\n"
         "g = GridSearchCV(RF(), {'max_depth': [2]})\ng.fit(X, y)\ng.best_estimator_.score(X, y)"],
        # Filling in ages with a model is part of the preparation.
        [TITANIC, "#md # Ages", "ages = RandomForestRegressor().fit(X, df['Age'])\n"
         "df['Age'] = ages.predict(X)\nages.score(X, df['Age'])", "#md # Survival",
         "m = RF().fit(df[['Age']], df['Survived'])\nm.score(X, y)"],
        # The same model on raw and on scaled data.
        ["import pandas as pd\nfrom sklearn.svm import SVC", "a = pd.read_csv('raw.csv')",
         "b = pd.read_csv('scaled.csv')", "m = SVC().fit(a[['x']], a['y'])\nm.score(a, a)",
         "n = SVC().fit(b[['x']], b['y'])\nn.score(b, b)"],
        # The same question to two years' data.
        ["import pandas as pd\nfrom sklearn.svm import SVC\nfrom xgboost import XGBClassifier",
         "a = pd.read_csv('2016.csv')\nb = pd.read_csv('2017.csv')",
         "m = SVC().fit(a[['x']], a['y'])\nm.score(a, a)",
         "n = XGBClassifier().fit(b[['x']], b['y'])\nn.score(b, b)"],
        # Clusters become a feature.
        [TITANIC, "from sklearn.cluster import KMeans\nkm = KMeans(3).fit(X)\n"
         "X['group'] = km.predict(X)", "m = RF().fit(X, y)\nm.score(X, y)"],
        # Nobody knows where the data are from.
        ["X, y = load()\nm = SVC().fit(X, y)\nm.score(X, y)",
         "A, b = other()\nn = Ridge().fit(A, b)\nn.score(A, b)"],
    ],
)  # fmt: skip
def test_one_idea_in_an_experiment(judge: Judge, cells: Cells) -> None:
    assert judge(cells, "NBT701", "EXPERIMENTAL") == []


def long_book() -> list[str]:
    """Two halves that only share a frame and a function."""
    first = [f"a{i} = {i}\nb{i} = a{i} + 1" for i in range(45)]
    second = [f"c{i} = {i}\nd{i} = c{i} + 1" for i in range(45)]
    return [
        "import pandas as pd\nimport numpy as np, os",
        "def helper(x):  # as it was\n    return np.abs(x) + offset()",
        "def offset():\n    return 1",
        "#md # Cleaning",
        "df = pd.read_csv('a.csv')",
        *first,
        "#md # Modelling *with* `care`",
        "y = helper(df['y'])\nd = pd.DataFrame(df)",
        *second,
    ]


def test_a_long_notebook_is_offered_a_cut(judge: Judge) -> None:
    (problem,) = judge(long_book(), "NBT702")
    assert problem.cell_id == "c50"
    assert "95 code cells" in problem.message
    assert "before “Modelling with care”" in problem.message
    assert "needs `df` from before" in problem.message


@pytest.mark.parametrize(
    "cells",
    [
        long_book()[:60],
        [*("" for _ in range(200)), "x = 1"],
        ["\n".join(f"# {i}" for i in range(2000))],
        [f"#md # {i}" for i in range(60)],
    ],
)
def test_a_notebook_of_sensible_length(judge: Judge, cells: Cells) -> None:
    assert judge(cells, "NBT702") == []


def test_one_endless_cell_is_too_long_and_has_no_cut(judge: Judge) -> None:
    (problem,) = judge("\n".join(f"x{i} = {i}" for i in range(700)), "NBT702")
    assert problem.cell_id is None
    assert "700 lines" in problem.message


def test_splitting_keeps_every_cell_and_says_what_is_needed() -> None:
    notebook = book(long_book(), kernelspec={"name": "python3"})
    before = copy.deepcopy(notebook)
    first, second = split_notebook(notebook, "c50", "1-CLEANING-a.ipynb")
    assert notebook == before
    note, setup, *rest = second["cells"]
    assert first["cells"] + rest == notebook["cells"]
    assert "1-CLEANING-a.ipynb" in note["source"]
    assert "- `df`" in note["source"]
    assert setup["source"] == (
        "import pandas as pd\nimport numpy as np\n\n\n"
        "def helper(x):  # as it was\n    return np.abs(x) + offset()\n\n\n"
        "def offset():\n    return 1"
    )
    ids = [cell["id"] for cell in second["cells"]]
    assert len(set(ids)) == len(ids)
    assert second["metadata"] == notebook["metadata"]


def test_both_halves_of_a_split_run() -> None:
    _, second = split_notebook(book(["import math\nk = 2", "x = math.pi", "y = math.e"]), "c2")
    space: dict[str, Any] = {}
    for cell in second["cells"]:
        if cell["cell_type"] == "code":
            exec(cell["source"], space)
    assert space["y"] > 2


@pytest.mark.parametrize(
    ("cell", "error"), [("nowhere", NotFoundError), ("c0", UsageError), ("c3", UsageError)]
)
def test_a_split_that_cannot_be(cell: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        split_notebook(book(["x = 1", "y = 2", "#md # End", "#md end"]), cell)


TRAINS = TITANIC + "\nm = RF(random_state=0).fit(X, y)"
WRITES = "new = pd.read_csv('new.csv')\nnew['p'] = m.predict(new)\nassert len(new)\n"


def test_deploy_that_trains_and_predicts(judge: Judge) -> None:
    cells = [TRAINS, WRITES + "new.to_csv('predictions.csv')"]
    (problem,) = judge(cells, "NBT703", "DEPLOY")
    assert (problem.cell_id, problem.line) == ("c0", 8)
    assert judge(cells, "NBT703", "EXPERIMENTAL") == []


@pytest.mark.parametrize(
    "cells",
    [
        ["import joblib, pandas as pd\nm = joblib.load('m.pkl')", WRITES + "new.to_csv('p.csv')"],
        [TRAINS, "import joblib\njoblib.dump(m, 'm.pkl')\nprint(m.score(X, y))"],
        [TRAINS, "p = m.predict(X)\nplt.plot(p)\nplt.savefig('p.png')"],
        ["from sklearn.preprocessing import StandardScaler\nimport joblib, pandas as pd\n"
         "m = joblib.load('m.pkl')\nnew = pd.read_csv('n.csv')\n"
         "s = StandardScaler().fit(new)\nnew['p'] = m.predict(s.transform(new))",
         "new.to_csv('p.csv')"],
    ],
)  # fmt: skip
def test_deploy_that_only_trains_or_only_predicts(judge: Judge, cells: Cells) -> None:
    assert judge(cells, "NBT703", "DEPLOY") == []


@pytest.mark.parametrize(
    ("source", "tested"),
    [
        ("x = f(1)", False),
        ("x = f(1)\nassert x > 0", True),
        ("import numpy as np\nnp.testing.assert_allclose(f(1), 1)", True),
        ("from pandas.testing import assert_frame_equal\nassert_frame_equal(a, b)", True),
        ("def test_f():\n    assert f(1)\ntest_f()", True),
        ("x = f(1)  # assert nothing", False),
        ("# nothing yet", True),
    ],
)
def test_deploy_without_a_test(judge: Judge, source: str, tested: bool) -> None:
    assert bool(judge(source, "NBT704", "DEPLOY")) is not tested
    assert judge(source, "NBT704", "DEPLOY", has_test=True) == []


def ran(counts: list[int | None], sources: list[str] | None = None) -> dict[str, Any]:
    notebook = book(sources or [f"x = {i}" for i in range(len(counts))])
    for cell, count in zip(notebook["cells"], counts, strict=True):
        cell["execution_count"] = count
    return notebook


@pytest.mark.parametrize(
    ("counts", "cell"),
    [
        ([1, 2, 3], None),
        ([4, 5, 9], None),
        ([None, None, None], None),
        ([1, None, 2], "c1"),
        ([1, 3, 2], "c2"),
        ([1, 1, 2], "c1"),
    ],
)
def test_deploy_that_did_not_run_from_start_to_end(
    judge: Judge, counts: list[int | None], cell: str | None
) -> None:
    found = judge(ran(counts), "NBT705", "DEPLOY")
    assert [p.cell_id for p in found] == ([cell] if cell else [])
    assert judge(ran(counts), "NBT705", "CLEANING") == []


def test_deploy_passes_over_cells_that_do_nothing(judge: Judge) -> None:
    notebook = ran([1, None, None, 2], ["x = 1", "", "# later", "x"])
    assert judge(notebook, "NBT705", "DEPLOY") == []


def test_deploy_with_an_error_in_its_outputs(judge: Judge) -> None:
    notebook = ran([1, 2])
    notebook["cells"][1]["outputs"] = [
        {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}
    ]
    assert [p.cell_id for p in judge(notebook, "NBT705", "DEPLOY")] == ["c1"]
    notebook["cells"][1]["metadata"] = {"tags": ["raises-exception"]}
    assert judge(notebook, "NBT705", "DEPLOY") == []


def test_deploy_that_asks_somebody(judge: Judge) -> None:
    (problem,) = judge("name = input('Who? ')", "NBT705", "DEPLOY")
    assert problem.line == 1
    assert judge("def input(x): return x\ny = input(1)", "NBT705", "DEPLOY") == []
