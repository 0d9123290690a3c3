"""Ending a conflict cell by cell."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from nbtrail.errors import ConflictError, StoreError, UsageError
from nbtrail.pairing.decide import Action
from nbtrail.pairing.resolve import conflict_of, resolve
from nbtrail.pairing.sync import pair_state

from .conftest import Desk, code, notebook


@pytest.fixture
def torn(desk: Desk) -> Desk:
    """Two cells edited on both sides, one on each side alone."""
    desk.edit(0, "# Survival by class and sex")
    desk.edit(1, "df = read()")
    desk.edit(3, "df.plot(kind='bar')")
    desk.edit_twin("df.plot()", "df.plot(kind='line')")
    desk.edit_twin("df = pd.read_csv('data/train.csv')", "df = pd.read_csv('data/all.csv')")
    desk.edit_twin("survived.mean()", "survived.median()")
    assert desk.sync().action is Action.CONFLICT
    return desk


def test_what_is_to_be_chosen_is_shown_with_its_base(torn: Desk) -> None:
    before = torn.both()
    view = conflict_of(torn.project, torn.store, torn.path)
    assert (view.state, view.keep) == ("conflict", ("notebook", "twin", "both"))
    assert [(c.key, c.cell_id, c.kinds) for c in view.cells] == [
        ("load", "load", ("source",)), ("plot", "plot", ("source",)),
    ]  # fmt: skip
    plot = view.cells[1]
    assert (plot.base, plot.notebook, plot.twin) == (
        "df.plot()", "df.plot(kind='bar')", "df.plot(kind='line')",
    )  # fmt: skip
    assert torn.both() == before


def test_each_cell_has_its_choice_and_everything_else_is_merged(torn: Desk) -> None:
    before = torn.both()
    result = resolve(torn.project, torn.store, torn.path, {"load": "notebook", "plot": "twin"})
    assert result.wrote_notebook
    assert result.wrote_twin
    assert torn.sources() == [
        "# Survival by class and sex",
        "df = read()",
        "df.groupby('pclass').survived.median()",
        "df.plot(kind='line')",
    ]
    assert torn.ids() == ["title", "load", "mean", "plot"]
    assert torn.outputs() == ["", "ok\n", "0.62\n", "figure\n"]
    assert torn.sync().action is Action.IN_SYNC
    assert before[0] in torn.kept(torn.path)
    assert before[1] in torn.kept(torn.twin.name)


def test_both_versions_of_a_cell_may_stay(torn: Desk) -> None:
    resolve(torn.project, torn.store, torn.path, {"load": "twin", "plot": "both"})
    assert torn.sources()[1].endswith("'data/all.csv')")
    assert torn.sources()[3:] == ["df.plot(kind='bar')", "df.plot(kind='line')"]
    assert torn.ids()[:4] == ["title", "load", "mean", "plot"]
    assert torn.sync().action is Action.IN_SYNC


def test_both_for_all_loses_no_line_of_either(torn: Desk) -> None:
    resolve(torn.project, torn.store, torn.path, "both")
    assert len(torn.sources()) == 6
    for line in ("df = read()", "all.csv", "bar", "line", "class and sex", "median"):
        assert any(line in source for source in torn.sources())
        assert line in torn.twin.read_text()


def test_a_cell_without_a_choice_leaves_everything_as_it_was(torn: Desk) -> None:
    before = torn.both()
    with pytest.raises(ConflictError, match="Nothing was written") as refused:
        resolve(torn.project, torn.store, torn.path, {"load": "twin", "gone": "twin"})
    assert refused.value.detail == {"open": ["plot"]}
    with pytest.raises(UsageError, match="'mine'"):
        resolve(torn.project, torn.store, torn.path, {"load": "mine"})
    with pytest.raises(StoreError):
        resolve(torn.project, None, torn.path, "both")
    assert torn.both() == before


@pytest.mark.parametrize(("side", "present"), [("notebook", False), ("twin", True), ("both", True)])
def test_deleted_here_and_edited_there(desk: Desk, side: str, present: bool) -> None:
    content = desk.read()
    del content["cells"][1]
    desk.write(content)
    desk.edit_twin("train.csv", "all.csv")
    view = conflict_of(desk.project, desk.store, desk.path)
    assert [(c.kinds, c.notebook is None) for c in view.cells] == [(("deleted",), True)]
    resolve(desk.project, desk.store, desk.path, {"load": side})
    assert any("all.csv" in source for source in desk.sources()) is present
    assert desk.sources()[0] == "# Survival by class"
    assert desk.sources()[-1] == "df.plot()"
    assert desk.sync().action is Action.IN_SYNC


@pytest.mark.parametrize(("side", "present"), [("notebook", True), ("twin", False), ("both", True)])
def test_edited_here_and_deleted_there(desk: Desk, side: str, present: bool) -> None:
    desk.edit(3, "df.plot(kind='bar')")
    desk.edit_twin("# %%\ndf.plot()\n", "")
    resolve(desk.project, desk.store, desk.path, {"plot": side})
    assert ("df.plot(kind='bar')" in desk.sources()) is present
    assert ("kind='bar'" in desk.twin.read_text()) is present
    assert desk.sync().action is Action.IN_SYNC


def test_tags_in_conflict_follow_the_choice(desk: Desk) -> None:
    content = desk.read()
    content["cells"][2]["metadata"]["tags"] = ["mine"]
    desk.write(content)
    desk.edit_twin('tags=["keep"]', 'tags=["theirs"]')
    view = conflict_of(desk.project, desk.store, desk.path)
    assert [(c.key, c.kinds) for c in view.cells] == [("mean", ("metadata",))]
    resolve(desk.project, desk.store, desk.path, {"mean": "twin"})
    assert desk.read()["cells"][2]["metadata"]["tags"] == ["theirs"]


def test_without_an_earlier_sync_every_difference_is_chosen_and_nothing_dropped(
    desk: Desk,
) -> None:
    mine = "import pandas as pd\ndf = pd.read_csv('mine.csv')"
    desk.edit(1, mine)
    desk.twin.write_text(desk.twin.read_text() + "\n# %%\nonly_in_the_twin()\n")
    content = desk.read()
    content["cells"].insert(1, code("mine", "only_in_the_notebook()"))
    desk.write(content)
    from nbtrail.ledger.pairs import delete_base

    assert desk.store is not None
    with desk.store.write() as connection:
        delete_base(connection, desk.path)
    view = conflict_of(desk.project, desk.store, desk.path)
    assert [(c.key, c.base, c.notebook) for c in view.cells] == [("load", None, mine)]
    resolve(desk.project, desk.store, desk.path, {"load": "twin"})
    assert desk.sources() == [
        "# Survival by class",
        "only_in_the_notebook()",
        "import pandas as pd\ndf = pd.read_csv('data/train.csv')",
        "df.groupby('pclass').survived.mean()",
        "df.plot()",
        "only_in_the_twin()",
    ]
    assert desk.sync().action is Action.IN_SYNC


def test_a_notebook_without_ids_names_its_cells_by_their_place(desk: Desk) -> None:
    content = notebook(code("", "x = 1"), code("", "y = 2"))
    content["nbformat_minor"] = 4
    for cell in content["cells"]:
        del cell["id"]
    desk.path = "2-CLEANING-old.ipynb"
    desk.write(content)
    desk.sync()
    desk.edit(1, "y = 3")
    desk.edit_twin("y = 2", "y = 4")
    view = conflict_of(desk.project, desk.store, desk.path)
    assert [(c.key, c.cell_id) for c in view.cells] == [("#1", None)]
    resolve(desk.project, desk.store, desk.path, {"#1": "both"})
    assert desk.sources() == ["x = 1", "y = 3", "y = 4"]


@pytest.mark.parametrize("text", ["", "<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> b\n"])
def test_of_an_unusable_twin_only_the_notebook_can_be_kept(desk: Desk, text: str) -> None:
    desk.twin.write_text(text)
    view = conflict_of(desk.project, desk.store, desk.path)
    assert (view.keep, view.cells) == (("notebook",), ())
    with pytest.raises(ConflictError):
        resolve(desk.project, desk.store, desk.path, "both")
    resolve(desk.project, desk.store, desk.path, "notebook")
    assert pair_state(desk.project, desk.store, desk.path).state == "in-sync"
    assert text.encode() in desk.kept(desk.twin.name)


def test_there_is_nothing_to_choose_in_sync(desk: Desk) -> None:
    assert conflict_of(desk.project, desk.store, desk.path).state == "none"
    before = desk.both()
    resolve(desk.project, desk.store, desk.path, "twin")
    assert desk.both() == before


def test_the_command_shows_and_ends_a_conflict(torn: Desk) -> None:
    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "nbtrail.cli", "resolve", torn.path, *arguments]
        return subprocess.run(
            command, cwd=torn.project.root, capture_output=True, text=True, env=dict(os.environ)
        )

    shown = call()
    assert shown.returncode == 1
    assert "df.plot(kind='bar')" in shown.stdout
    assert "df.plot(kind='line')" in shown.stdout
    listed = json.loads(call("--json").stdout)
    assert [cell["key"] for cell in listed["cells"]] == ["load", "plot"]
    assert call("--cell", "load=neither").returncode == 2
    assert "plot" in call("--cell", "load=twin").stderr
    assert call("--cell", "load=twin", "--cell", "plot=notebook").returncode == 0
    assert torn.sources()[1].endswith("'data/all.csv')")
    assert torn.sources()[3] == "df.plot(kind='bar')"
    assert call().returncode == 0
