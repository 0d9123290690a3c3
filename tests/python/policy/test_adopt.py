"""A folder as it was found: which names are proposed, and what is left alone."""

from __future__ import annotations

import csv
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from nbtrail.app import OpenProject
from nbtrail.errors import NotFoundError, OutsideProjectError, UsageError
from nbtrail.notebooks.names import parse_name
from nbtrail.policy.adopt import WELL_NAMED, Adoption, Suggestion, adopt_chosen, propose_all
from nbtrail.policy.clashes import Clashes
from nbtrail.policy.init import init_project
from nbtrail.policy.judge import RULES, WORKS
from nbtrail.project import Project, load_project

LOOK = ["import pandas as pd", "df = pd.read_csv('titanic.csv')", "df.head()\ndf.plot()"]
CLEAN = [
    "import pandas as pd", "df = pd.read_csv('titanic.csv')",
    "df = df.dropna().rename(columns=str.lower)", "df.to_csv('tidy.csv')",
]  # fmt: skip
TRAIN = [
    "import pandas as pd, joblib", "df = pd.read_csv('tidy.csv')",
    "model = RandomForestClassifier(max_depth=3)\nmodel.fit(df[x], df[y])",
    "print(accuracy_score(df[y], model.predict(df[x])))", "cross_val_score(model, df[x], df[y])",
    "joblib.dump(model, 'model.pkl')",
]  # fmt: skip
SCORE = [
    "import pandas as pd, joblib", "new = pd.read_csv('passengers.csv')",
    "model = joblib.load('model.pkl')", "new['p'] = model.predict(new)",
    "new.to_csv('predictions.csv')",
]  # fmt: skip


def put(
    root: Path, path: str, sources: list[str], *, text: str = "", language: str = "python"
) -> None:
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "metadata": {}, "source": source, "outputs": [],
         "execution_count": None}
        for source in sources
    ]  # fmt: skip
    if text:
        cells.insert(0, {"cell_type": "markdown", "metadata": {}, "source": text})
    metadata = {"kernelspec": {"name": language, "display_name": language, "language": language}}
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}
    file.write_text(json.dumps(content))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project."""
    root = tmp_path / "ship"
    root.mkdir()
    init_project(root)
    return load_project(root)


def by_path(found: Adoption) -> dict[str, Suggestion]:
    return {one.path: one for one in found.proposals}


def left(found: Adoption) -> dict[str, str]:
    return {one.path: one.why for one in found.left}


def test_a_chain_of_chaos_gets_categories_and_an_order(project: Project) -> None:
    put(project.root, "Untitled3.ipynb", SCORE, text="# Nightly predictions")
    put(project.root, "model_final_v2 (1).ipynb", TRAIN)
    put(project.root, "tidying.ipynb", CLEAN)
    put(project.root, "Untitled.ipynb", LOOK, text="# Who survived?")
    found = by_path(propose_all(project))
    assert {path: one.new_path for path, one in found.items()} == {
        "tidying.ipynb": "1-CLEANING-tidying.ipynb",
        "model_final_v2 (1).ipynb": "2-EXPERIMENTAL-model-random-forest-classifier-tidy.ipynb",
        "Untitled3.ipynb": "3-DEPLOY-nightly-predictions.ipynb",
        "Untitled.ipynb": "EXPLORATION-who-survived.ipynb",
    }
    trained = found["model_final_v2 (1).ipynb"]
    assert trained.why.startswith("fits RandomForestClassifier")
    assert trained.confidence > 0.9
    assert trained.sequence == "2"
    assert "writes data" in found["tidying.ipynb"].why
    assert found["Untitled.ipynb"].why.endswith("writes no data")


def test_every_proposal_is_a_good_name_and_asking_again_gives_the_same(project: Project) -> None:
    for number, sources in enumerate((LOOK, CLEAN, TRAIN, SCORE) * 3):
        put(project.root, f"sub {number % 2}/Untitled{number}.ipynb", [*sources, f"n = {number}"])
    found = propose_all(project)
    assert len(found.proposals) == 12
    for one in found.proposals:
        name = parse_name(one.new_path, project.config.names)
        assert name.category == one.category
        assert name.description == one.description
        assert name.sequence == one.sequence
        assert Path(one.new_path).parent == Path(one.path).parent
    assert len({one.new_path.casefold() for one in found.proposals}) == 12
    assert propose_all(project) == found


def test_siblings_share_a_number_and_letters_tell_them_apart(project: Project) -> None:
    put(project.root, "prepare.ipynb", CLEAN)
    put(project.root, "forest.ipynb", TRAIN)
    put(project.root, "logistic.ipynb", ["m = LogisticRegression()",
                                         "m.fit(pd.read_csv('tidy.csv'), y)"])  # fmt: skip
    numbers = {path: one.sequence for path, one in by_path(propose_all(project)).items()}
    assert numbers == {"prepare.ipynb": "1", "forest.ipynb": "2a", "logistic.ipynb": "2b"}


def test_numbers_that_are_there_are_kept_where_the_order_allows(project: Project) -> None:
    put(project.root, "05_tidy up.ipynb", CLEAN)
    put(project.root, "Forest part 7.ipynb", TRAIN)
    put(project.root, "02_apply.ipynb", SCORE)
    numbers = {path: one.sequence for path, one in by_path(propose_all(project)).items()}
    assert numbers == {"05_tidy up.ipynb": "5", "Forest part 7.ipynb": "7", "02_apply.ipynb": "8"}


def test_what_is_named_well_is_left_alone_and_its_number_counts(project: Project) -> None:
    put(project.root, "3-CLEANING-tidy-passengers.ipynb", CLEAN)
    put(project.root, "training.ipynb", TRAIN)
    found = propose_all(project)
    assert left(found) == {"3-CLEANING-tidy-passengers.ipynb": WELL_NAMED}
    assert by_path(found)["training.ipynb"].sequence == "4"


def test_a_category_is_believed_but_two_are_none_and_a_description_says_something(
    project: Project,
) -> None:
    put(project.root, "CLEANING-EXPLORATION-ages.ipynb", LOOK)
    put(project.root, "DEPLOY-final.ipynb", LOOK)
    assert {one.new_path for one in propose_all(project).proposals} == {
        "EXPLORATION-ages.ipynb", "DEPLOY-titanic.ipynb",
    }  # fmt: skip


def test_only_what_is_asked_for_is_proposed_but_the_order_is_that_of_all(project: Project) -> None:
    put(project.root, "tidying.ipynb", CLEAN)
    put(project.root, "forest.ipynb", TRAIN)
    (only,) = propose_all(project, ["forest.ipynb"]).proposals
    assert (only.path, only.sequence) == ("forest.ipynb", "2")
    with pytest.raises(NotFoundError):
        propose_all(project, ["no.ipynb"])
    with pytest.raises(OutsideProjectError):
        propose_all(project, ["../elsewhere.ipynb"])


def test_a_near_copy_is_told_from_the_more_complete_one(project: Project) -> None:
    put(project.root, "forest.ipynb", TRAIN)
    put(project.root, "forest-Copy1.ipynb", TRAIN[:-1])
    put(project.root, "look.ipynb", LOOK)
    found = by_path(propose_all(project))
    copy = found["forest-Copy1.ipynb"]
    assert copy.near_copy_of == "forest.ipynb"
    assert copy.similarity == pytest.approx(5 / 6, abs=0.001)
    assert "more complete (6 lines of code against 5)" in (copy.copy_why or "")
    assert found["forest.ipynb"].near_copy_of is None
    assert copy.new_path != found["forest.ipynb"].new_path
    assert not copy.new_path.startswith("scratch/")


def test_copies_go_to_scratch_only_when_that_is_asked_for(project: Project) -> None:
    put(project.root, "forest.ipynb", TRAIN)
    put(project.root, "old/forest.ipynb", TRAIN)
    other = [line.replace("tidy.csv", "tidy-2024.csv") for line in TRAIN]
    put(project.root, "other-year.ipynb", other)
    put(project.root, "scratch/forest.ipynb", LOOK)
    found = by_path(propose_all(project, copies="scratch"))
    assert found["old/forest.ipynb"].new_path == "scratch/forest-2.ipynb"
    assert found["other-year.ipynb"].near_copy_of == "forest.ipynb"
    assert "different files" in (found["other-year.ipynb"].copy_why or "")
    assert not found["other-year.ipynb"].new_path.startswith("scratch/")


def test_names_that_differ_in_case_alone_are_not_proposed(project: Project) -> None:
    put(project.root, "Ages.ipynb", LOOK)
    put(project.root, "AGES (1).ipynb", [*LOOK, "df.describe()"])
    (project.root / "exploration-AGES.py").write_text("")
    names = {one.new_path.casefold() for one in propose_all(project).proposals}
    assert len(names) == 2
    assert "exploration-ages.ipynb" not in names


def test_a_number_alone_does_not_tell_two_apart(project: Project) -> None:
    put(project.root, "1-EXPERIMENTAL-forest.ipynb", TRAIN)
    put(project.root, "2_forest.ipynb", [*TRAIN, "a = 1"])
    put(project.root, "3_forest_refactored.ipynb", ["m = SVC()\nm.fit(x, y)", "m.predict(x)"])
    found = by_path(propose_all(project))
    said = {one.description for one in found.values()}
    assert len(said) == 2
    assert "forest" not in said
    for path, one in found.items():
        (project.root / path).rename(project.root / one.new_path)
    clashes = Clashes(project, project.notebooks())
    names = [parse_name(path, project.config.names) for path in project.notebooks()]
    assert [clashes.problems(name) for name in names] == [[], [], []]


@pytest.mark.parametrize("script", ["py", "R", "jl", "Rmd", "md"])
def test_a_script_that_could_be_a_twin_takes_the_name(project: Project, script: str) -> None:
    put(project.root, "ages.ipynb", LOOK, language="R")
    (project.root / f"EXPLORATION-Ages.{script}").write_text("x = 1")
    (one,) = propose_all(project).proposals
    assert one.new_path == "EXPLORATION-ages-titanic.ipynb"
    with OpenProject(project) as opened:
        assert opened.adopt([(one.path, one.new_path)]).renamed


@pytest.mark.parametrize(
    "name",
    [
        "😀 first try.ipynb", "ניתוח נתונים.ipynb", "a" * 249 + ".ipynb", "-rf.ipynb",
        "two\nlines.ipynb", "x.y.z.ipynb", "%20.ipynb", "()().ipynb", "\u202eeman.ipynb",
    ],
)  # fmt: skip
def test_odd_names_become_good_ones(project: Project, name: str) -> None:
    put(project.root, name, LOOK)
    (one,) = propose_all(project).proposals
    assert one.path == name
    parsed = parse_name(one.new_path, project.config.names)
    assert parsed.category == "EXPLORATION"
    assert parsed.description
    assert "\n" not in one.new_path
    assert len(one.new_path.encode()) <= 200


def test_odd_names_come_back_when_it_is_undone(project: Project) -> None:
    odd = [
        "😀 first try.ipynb", "ניתוח נתונים.ipynb", "a" * 249 + ".ipynb", "-rf.ipynb",
        "two\nlines.ipynb", "Ages.ipynb", "AGES.ipynb", "é.ipynb", "e\u0301.ipynb",
        "sub folder/--help.ipynb", "\u202eeman.ipynb",
    ]  # fmt: skip
    for number, name in enumerate(odd):
        put(project.root, name, [*LOOK, f"n = {number}"])
    before = project.notebooks()
    with OpenProject(project) as opened:
        found = opened.propose_adoption()
        done = opened.adopt([(one.path, one.new_path) for one in found.proposals])
        assert len(done.renamed) == len(odd)
        assert opened.propose_adoption().proposals == ()
        opened.undo(done.change)
    assert project.notebooks() == before


def test_what_cannot_be_read_is_left_alone_and_the_rest_goes_on(project: Project) -> None:
    put(project.root, "fine.ipynb", LOOK)
    put(project.root, "empty.ipynb", [])
    put(project.root, "blank.ipynb", ["", "  \n"])
    (project.root / "void.ipynb").write_text("")
    (project.root / "torn.ipynb").write_text('{"cells": [')
    (project.root / "odd.ipynb").write_text('{"nbformat": 4, "cells": [{"cell_type": "code"}]}')
    odd = '{"nbformat": 4, "metadata": [], "cells": [{"cell_type": "code", "source": "x = 1"}]}'
    (project.root / "odder.ipynb").write_text(odd)
    found = propose_all(project)
    assert [one.path for one in found.proposals if "odd" not in one.path] == ["fine.ipynb"]
    reasons = left(found)
    assert "nothing in it" in reasons["empty.ipynb"]
    assert "nothing in it" in reasons["blank.ipynb"]
    assert "cannot be read" in reasons["void.ipynb"]
    assert "cannot be read" in reasons["torn.ipynb"]


@pytest.mark.parametrize(
    "content",
    [
        {"metadata": None, "cells": [{"cell_type": "code", "source": 7}]},
        {"metadata": "x", "cells": [{"cell_type": "code", "source": [1, None, "x = 1"]}]},
        {"metadata": {"kernelspec": [], "language_info": "R"}, "cells": [{"cell_type": "code"}]},
        {"cells": [{"cell_type": "markdown", "source": {"a": 1}, "metadata": []}]},
        {"cells": [{"cell_type": "code", "source": "x\\ud800 = 1", "metadata": {"tags": 3}}]},
        {"cells": [{"cell_type": "nonsense", "source": "model.fit(X, y)"}]},
        {"cells": []},
    ],
)
def test_malformed_notebooks_stop_nobody(project: Project, content: dict[str, Any]) -> None:
    put(project.root, "fine.ipynb", LOOK)
    (project.root / "odd.ipynb").write_text(json.dumps({"nbformat": 4, **content}))
    found = propose_all(project)
    assert "fine.ipynb" in by_path(found)
    assert ("odd.ipynb" in by_path(found)) != ("odd.ipynb" in left(found))


def test_links_are_left_alone(project: Project, tmp_path: Path) -> None:
    put(tmp_path, "elsewhere/secret.ipynb", LOOK)
    put(project.root, "mine.ipynb", CLEAN)
    os.symlink(tmp_path / "elsewhere" / "secret.ipynb", project.root / "out.ipynb")
    os.symlink(project.root / "mine.ipynb", project.root / "again.ipynb")
    os.symlink(tmp_path / "elsewhere", project.root / "folder")
    found = propose_all(project)
    assert [one.path for one in found.proposals] == ["mine.ipynb"]
    assert set(left(found)) == {"out.ipynb", "again.ipynb"}
    assert found.proposals[0].near_copy_of is None


def test_other_languages_go_by_their_text(project: Project) -> None:
    put(project.root, "a.ipynb", ["library(ggplot2)", "d <- read.csv('ships.csv')",
                                  "ggplot(d, aes(x = age)) + geom_histogram()\nsummary(d)"],
        language="R")  # fmt: skip
    put(project.root, "b.ipynb", ["d <- read.csv('ships.csv')", "m <- lm(age ~ fare, data = d)",
                                  "predict(m, d)"], language="R")  # fmt: skip
    put(project.root, "c.ipynb", ["using CSV", "t = CSV.read(\"ships.csv\", DataFrame)",
                                  "dropmissing!(t)", "CSV.write(\"tidy.csv\", t)"],
        language="julia")  # fmt: skip
    put(project.root, "d.ipynb", ["print 'old'", "df = pd.read_csv('x.csv')", "df.hist()"])
    found = {path: one.category for path, one in by_path(propose_all(project)).items()}
    assert found == {"a.ipynb": "EXPLORATION", "b.ipynb": "EXPERIMENTAL", "c.ipynb": "CLEANING",
                     "d.ipynb": "EXPLORATION"}  # fmt: skip


def test_comments_and_strings_prove_nothing(project: Project) -> None:
    put(project.root, "u.ipynb", ["# model.fit(x, y)\n# df.to_csv('a.csv')",
                                  '"""clf = SVC()\nclf.fit(x, y)\nclf.predict(x)"""',
                                  "df = pd.read_csv('ages.csv')\ndf.describe()"])  # fmt: skip
    (one,) = propose_all(project).proposals
    assert one.category == "EXPLORATION"


def test_a_scaler_that_is_fitted_is_no_model(project: Project) -> None:
    put(project.root, "u.ipynb", [
        "s = StandardScaler()\ns.fit(x)", "MinMaxScaler(feature_range=(0, 1)).fit(x)",
        "le = LabelEncoder()\nle.fit(y)", "df = pd.read_csv('a.csv').fillna(0)",
        "df.to_csv('b.csv')",
    ])  # fmt: skip
    (one,) = propose_all(project).proposals
    assert one.category == "CLEANING"


def test_own_categories_of_a_project_are_used(project: Project) -> None:
    (project.root / "nbtrail.toml").write_text('[names]\ncategories = ["LOOK", "cleaning"]\n')
    put(project.root, "u.ipynb", CLEAN)
    put(project.root, "v.ipynb", TRAIN)
    found = {one.path: one.category for one in propose_all(load_project(project.root)).proposals}
    assert found == {"u.ipynb": "cleaning", "v.ipynb": "LOOK"}


def test_a_folder_that_is_no_project_is_only_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    put(tmp_path / "found", "Untitled.ipynb", LOOK)
    project = load_project(tmp_path / "found")
    assert len(propose_all(project).proposals) == 1
    assert [file.name for file in project.root.iterdir()] == ["Untitled.ipynb"]
    with pytest.raises(UsageError, match="no project yet"):
        adopt_chosen(project, None, [("Untitled.ipynb", "DEPLOY-a-b.ipynb")])
    assert (project.root / "Untitled.ipynb").is_file()


def test_five_hundred_notebooks_take_seconds(project: Project) -> None:
    for number in range(500):
        sources = (LOOK, CLEAN, TRAIN, SCORE)[number % 4]
        own = [f"value_{number}_{line} = {line} + {number}" for line in range(30)]
        put(project.root, f"part {number % 7}/Untitled{number}.ipynb", [*sources, *own])
    begin = time.process_time()
    found = propose_all(project)
    assert len(found.proposals) == 500
    assert len({one.new_path for one in found.proposals}) == 500
    # Three times the five seconds that it may take on a machine with nothing else to do.
    assert time.process_time() - begin < 15


def test_the_documented_table_is_that_of_the_rule() -> None:
    page = Path(__file__).parents[3] / "docs" / "adopting.md"
    rows = [line for line in page.read_text().splitlines() if line.startswith("| ")]
    for rule in RULES:
        words = rule.words.format(models="a model")
        assert f"| {rule.work} | {rule.weight} | {words} |" in rows


def test_labels_are_complete_and_halves_share_no_repository() -> None:
    file = Path(__file__).parents[3] / "benchmarks" / "adopt_labels.csv"
    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    labelled = [row for row in rows if row["label"]]
    assert len(labelled) >= 60
    assert len({row["repository"] for row in labelled}) >= 25
    assert {row["label"] for row in labelled} == set(WORKS)
    assert len({(row["repository"], row["path"]) for row in rows}) == len(rows)
    halves = [
        {r["repository"] for r in rows if r["half"] == h} for h in ("development", "held-out")
    ]
    assert all(halves)
    assert not halves[0] & halves[1]
