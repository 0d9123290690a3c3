"""``nbtrail adopt`` as people and scripts call it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from nbtrail.notebooks.document import write_notebook

from .test_cli import answer, call, notebook

LOOK = ("import pandas as pd", "df = pd.read_csv('ages.csv')", "df.head()\ndf.plot()")
CLEAN = ("df = pd.read_csv('ages.csv').dropna()", "df.to_csv('tidy.csv')")
TRAIN = (
    "df = pd.read_csv('tidy.csv')\ny = df.pop('survived')",
    "m = RandomForestClassifier()\nm.fit(df, y)",
    "print(accuracy_score(y, m.predict(df)))\nprint(f1_score(y, m.predict(df)))",
)


@pytest.fixture
def chaos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of badly named notebooks that is no project."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / "chaos"
    folder.mkdir()
    write_notebook(folder / "Untitled3.ipynb", notebook(*LOOK))
    write_notebook(folder / "tidying.ipynb", notebook(*CLEAN))
    write_notebook(folder / "model_final_v2 (1).ipynb", notebook(*TRAIN))
    return folder


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.glob("*.ipynb")}


def test_a_look_changes_nothing_and_says_how_to_go_on(chaos: Path) -> None:
    before = names(chaos)
    shown = call(chaos, "adopt").stdout
    assert "1-CLEANING-tidying.ipynb" in shown
    assert "fits RandomForestClassifier" in shown
    assert "Nothing was changed." in shown
    assert "nbtrail adopt --apply --init" in shown
    assert names(chaos) == before
    assert not (chaos / "nbtrail.toml").exists()
    assert not (chaos / ".nbtrail").exists()


def test_json_holds_proposals_and_what_is_left(chaos: Path) -> None:
    write_notebook(chaos / "CLEANING-ports.ipynb", notebook(*CLEAN))
    told = answer(chaos, "adopt", "--json", "Untitled3.ipynb", "CLEANING-ports.ipynb")
    (one,) = told["proposals"]
    assert one["path"] == "Untitled3.ipynb"
    assert one["new_path"] == "EXPLORATION-ages.ipynb"
    assert one["category"] == "EXPLORATION"
    assert one["why"]
    assert told["left"] == [{"path": "CLEANING-ports.ipynb", "why": "is named well already"}]


def test_a_folder_that_is_no_project_is_not_renamed_in(chaos: Path) -> None:
    before = names(chaos)
    refused = call(chaos, "adopt", "--apply", code=2).stderr
    assert "nbtrail init" in refused
    assert names(chaos) == before


def test_apply_renames_and_says_how_to_undo(chaos: Path) -> None:
    done = call(chaos, "adopt", "--apply", "--init").stdout
    assert "3 notebooks renamed." in done
    assert names(chaos) == {
        "1-CLEANING-tidying.ipynb",
        "2-EXPERIMENTAL-model-random-forest-classifier-tidy.ipynb",
        "EXPLORATION-ages.ipynb",
    }
    assert "3 notebooks named well already" in call(chaos, "adopt").stdout


def test_copies_move_to_scratch_only_when_asked(chaos: Path) -> None:
    write_notebook(chaos / "training.ipynb", notebook(*TRAIN, "a = 1", "b = 2"))
    kept = answer(chaos, "adopt", "--json", "model_final_v2 (1).ipynb")["proposals"][0]
    assert kept["near_copy_of"] == "training.ipynb"
    assert not kept["new_path"].startswith("scratch/")
    call(chaos, "adopt", "--apply", "--init", "--copies", "scratch")
    assert (chaos / "scratch" / "model_final_v2 (1).ipynb").is_file()


def test_names_are_shown_on_one_line(chaos: Path) -> None:
    write_notebook(chaos / "two\nlines \u202e.ipynb", notebook(*LOOK))
    shown = call(chaos, "adopt", "two\nlines \u202e.ipynb").stdout
    assert "two\N{REPLACEMENT CHARACTER}lines \N{REPLACEMENT CHARACTER}.ipynb" in shown


def test_nothing_to_do_is_said(tmp_path: Path) -> None:
    (tmp_path / "nbtrail.toml").write_text("")
    assert "There is nothing to rename." in call(tmp_path, "adopt").stdout
    assert answer(tmp_path, "adopt", "--json", "--apply")["renamed"] == []


def test_apply_goes_by_git_where_git_knows_the_notebook(chaos: Path) -> None:
    git(chaos, "init", "-q")
    git(chaos, "add", "tidying.ipynb")
    git(chaos, "commit", "-qm", "one")
    told = answer(chaos, "adopt", "--apply", "--init", "--json", "tidying.ipynb")
    assert told["renamed"] == [{"path": "tidying.ipynb", "new_path": "1-CLEANING-tidying.ipynb"}]
    assert "change" in told
    assert "R  tidying.ipynb -> 1-CLEANING-tidying.ipynb" in git(chaos, "status", "--short")


def test_all_of_it_is_undone_at_once(chaos: Path) -> None:
    before = names(chaos)
    write_notebook(chaos / "CLEANING-uses-it.ipynb", notebook("%run tidying.ipynb"))
    shown = call(chaos, "adopt", "--apply", "--init").stdout
    assert "%run 1-CLEANING-tidying.ipynb" in (chaos / "CLEANING-uses-it.ipynb").read_text()
    assert "1 line that names them in other files changed." in shown
    undo = shown.splitlines()[-1].partition("nbtrail ")[2].split()
    assert undo[0] == "undo"
    call(chaos, *undo)
    assert names(chaos) == before | {"CLEANING-uses-it.ipynb"}
    assert "%run tidying.ipynb" in (chaos / "CLEANING-uses-it.ipynb").read_text()


def git(folder: Path, *arguments: str) -> str:
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a",
           "GIT_COMMITTER_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": os.devnull}  # fmt: skip
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True,
        env={**os.environ, **who},
    )  # fmt: skip
    return done.stdout
