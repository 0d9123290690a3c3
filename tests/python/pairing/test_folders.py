"""Twins in folders of their own, in jupytext's notation."""

from __future__ import annotations

import pytest

from nbtrail.errors import ConfigError
from nbtrail.pairing.decide import Action
from nbtrail.pairing.formats import notebook_of, twin_path
from nbtrail.pairing.moves import delete_pair, plan_rename, rename_folder, rename_pairs
from nbtrail.pairing.sync import pair_state, sync
from nbtrail.policy.rules import check
from nbtrail.project import load_project

from .conftest import Desk, code, notebook

FORMS = [
    ("scripts///py:percent", "a/b/2-CLEANING-ages.ipynb", "scripts/a/b/2-CLEANING-ages.py"),
    ("twins/text///md", "2-CLEANING-ages.ipynb", "twins/text/2-CLEANING-ages.md"),
    ("scripts//py:light", "a/2-CLEANING-ages.ipynb", "a/scripts/2-CLEANING-ages.py"),
    ("./scripts//py:percent", "2-CLEANING-ages.ipynb", "scripts/2-CLEANING-ages.py"),
    ("one/two//Rmd", "a/2-CLEANING-ages.ipynb", "a/one/two/2-CLEANING-ages.Rmd"),
]


def with_format(desk: Desk, form: str, path: str) -> Desk:
    file = desk.project.root / "nbtrail.toml"
    file.write_text(file.read_text() + f'[pairing]\nformat = "{form}"\n')
    desk.project = load_project(desk.project.root)
    desk.path = path
    desk.file.parent.mkdir(parents=True, exist_ok=True)
    desk.write(notebook(code("x", "x = 1", text="1\n"), code("y", "y = 2", text="2\n")))
    return desk


@pytest.mark.parametrize(("form", "path", "twin"), FORMS)
def test_a_pair_in_two_folders(desk: Desk, form: str, path: str, twin: str) -> None:
    with_format(desk, form, path)
    assert twin_path(desk.project, path) == twin
    assert notebook_of(desk.project, twin) == path
    assert desk.sync().twin == twin
    file = desk.project.root / twin
    file.write_text(file.read_text().replace("y = 2", "y = 20"))
    assert desk.sync().action is Action.UPDATE_NOTEBOOK
    assert desk.sources() == ["x = 1", "y = 20"]
    assert desk.ids() == ["x", "y"]
    assert desk.outputs() == ["1\n", "2\n"]
    desk.edit(0, "x = 10")
    desk.sync()
    assert "x = 10" in file.read_text()
    assert check(desk.project, [twin], desk.store) == check(desk.project, [path], desk.store)


@pytest.mark.parametrize(("form", "path", "twin"), FORMS)
def test_it_moves_and_goes_away_with_its_notebook(
    desk: Desk, form: str, path: str, twin: str
) -> None:
    with_format(desk, form, path).sync()
    new = path.replace("2-CLEANING-ages", "c/3-CLEANING-fares")
    rename_pairs(desk.project, desk.store, [plan_rename(desk.project, desk.store, path, new)])
    moved = twin_path(desk.project, new)
    assert not (desk.project.root / twin).exists()
    assert "y = 2" in (desk.project.root / moved).read_text()
    assert pair_state(desk.project, desk.store, new).state == "in-sync"
    delete_pair(desk.project, desk.store, new)
    assert not (desk.project.root / moved).exists()
    assert [b"y = 2" in data for data in desk.kept(moved)] == [True]


def test_a_renamed_folder_takes_mirrored_twins_along(desk: Desk) -> None:
    form, path, twin = FORMS[0]
    with_format(desk, form, path).sync()
    (desk.project.root / "a").rename(desk.project.root / "z")
    rename_folder(desk.project, desk.store, "a", "z")
    assert not (desk.project.root / twin).exists()
    new = path.replace("a/", "z/")
    assert pair_state(desk.project, desk.store, new).state == "in-sync"
    moved = desk.project.root / "scripts/z/b/2-CLEANING-ages.py"
    moved.write_text(moved.read_text().replace("y = 2", "y = 20"))
    desk.path = new
    assert desk.sync().action is Action.UPDATE_NOTEBOOK
    assert desk.sources()[1] == "y = 20"


def test_a_format_that_is_changed_moves_twins_and_keeps_edits(desk: Desk) -> None:
    desk.edit_twin("df.plot()", "df.plot(kind='bar')")
    file = desk.project.root / "nbtrail.toml"
    file.write_text(file.read_text() + '[pairing]\nformat = "scripts///py:percent"\n')
    desk.project = load_project(desk.project.root)
    assert desk.sync().action is Action.UPDATE_NOTEBOOK
    assert desk.sources()[3] == "df.plot(kind='bar')"
    desk.edit(1, "df = load()")
    assert desk.sync().twin == "scripts/1-EXPLORATION-survival.py"
    assert "df = load()" in (desk.project.root / "scripts/1-EXPLORATION-survival.py").read_text()
    assert not desk.twin.exists()
    assert any(b"kind='bar'" in data for data in desk.kept(desk.twin.name))


@pytest.mark.parametrize("form", ["../up///py", "/abs//py", "../up//py", "a/py", "a///"])
def test_a_folder_outside_the_project_is_refused(desk: Desk, form: str) -> None:
    with_format(desk, form, "a/2-CLEANING-ages.ipynb")
    with pytest.raises(ConfigError, match=r"pairing\.format"):
        sync(desk.project, desk.store, desk.path)
