"""Pairs under a real git: files come and go in any order, with any times."""

from __future__ import annotations

import subprocess

import pytest

from nbtrail.pairing.decide import Action

from .conftest import Desk


def git(desk: Desk, *arguments: str, check: bool = True) -> str:
    settings = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "core.autocrlf=false"]
    done = subprocess.run(
        ["git", *settings, *arguments],
        cwd=desk.project.root, check=check, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout


@pytest.fixture
def repo(desk: Desk) -> Desk:
    git(desk, "init", "-q", "-b", "main")
    git(desk, "add", ".")
    git(desk, "commit", "-q", "-m", "first")
    return desk


def test_stash_of_a_run_notebook_and_back(repo: Desk) -> None:
    """jupytext#63 and #799: only outputs changed, so the twin is older; nothing is wrong."""
    content = repo.read()
    content["cells"][1]["outputs"] = []
    repo.write(content)
    run = repo.both()
    repo.sync()
    git(repo, "stash")
    assert repo.sync().action is Action.IN_SYNC
    assert repo.outputs()[1] == "ok\n"
    git(repo, "stash", "pop")
    assert repo.both() == run
    assert repo.sync().action is Action.IN_SYNC
    assert repo.both() == run


def test_stash_of_an_edited_pair_and_back(repo: Desk) -> None:
    repo.edit(3, "df.plot(kind='bar')")
    repo.sync()
    edited = repo.both()
    git(repo, "stash")
    assert repo.sync().action is Action.IN_SYNC
    assert repo.sources()[3] == "df.plot()"
    git(repo, "stash", "pop")
    assert repo.sync().action is Action.IN_SYNC
    assert repo.both() == edited


def test_checkout_of_branches_with_other_pairs(repo: Desk) -> None:
    git(repo, "checkout", "-q", "-b", "bars")
    repo.edit(3, "df.plot(kind='bar')")
    repo.sync()
    bars = repo.both()
    git(repo, "commit", "-q", "-am", "bars")
    for branch, source in (("main", "df.plot()"), ("bars", "df.plot(kind='bar')")) * 2:
        git(repo, "checkout", "-q", branch)
        assert repo.sync().action is Action.IN_SYNC
        assert repo.sources()[3] == source
    assert repo.both() == bars


def test_only_twins_in_git(repo: Desk) -> None:
    """The usual way to keep outputs out of git: a pull brings a newer twin alone."""
    git(repo, "rm", "-q", "--cached", repo.path)
    (repo.project.root / ".gitignore").write_text("*.ipynb\n.nbtrail/\n")
    git(repo, "add", ".gitignore")
    git(repo, "commit", "-q", "-am", "twins only")
    git(repo, "checkout", "-q", "-b", "other")
    repo.edit_twin("df.plot()", "df.plot(kind='bar')")
    git(repo, "commit", "-q", "-am", "bars")
    git(repo, "checkout", "-q", "main")
    repo.sync()
    repo.edit(1, "df = load()")
    git(repo, "merge", "-q", "other")
    assert repo.sync().action is Action.MERGE
    assert repo.sources()[1::2] == ["df = load()", "df.plot(kind='bar')"]
    assert repo.outputs() == ["", "ok\n", "0.62\n", "figure\n"]


def test_a_merge_that_git_could_not_finish(repo: Desk) -> None:
    git(repo, "checkout", "-q", "-b", "bars")
    repo.edit(3, "df.plot(kind='bar')")
    repo.sync()
    git(repo, "commit", "-q", "-am", "bars")
    git(repo, "checkout", "-q", "main")
    repo.sync()
    repo.edit(3, "df.plot(kind='line')")
    repo.sync()
    line = repo.file.read_bytes()
    git(repo, "commit", "-q", "-am", "line")
    git(repo, "merge", "bars", check=False)
    assert "<<<<<<<" in repo.twin.read_text()
    repo.file.write_bytes(line)
    marked = repo.both()
    assert [c.kind for c in repo.sync().conflicts] == ["markers"]
    assert repo.both() == marked
    repo.edit_twin(repo.twin.read_text(), repo.twin.read_text().split("<<<<<<<")[0])
    repo.twin.write_text(repo.twin.read_text() + "df.plot(kind='area')\n")
    assert repo.sync().action is Action.UPDATE_NOTEBOOK
    assert repo.sources()[3] == "df.plot(kind='area')"
    assert repo.ids() == ["title", "load", "mean", "plot"]


def test_a_fresh_clone_has_no_ledger_and_is_in_sync(repo: Desk) -> None:
    from nbtrail.pairing.sync import pair_state
    from nbtrail.project import load_project

    clone = repo.project.root.parent / "clone"
    git(repo, "clone", "-q", ".", str(clone))
    assert pair_state(load_project(clone), None, repo.path).state == "in-sync"


def test_an_edit_after_a_merge_that_nobody_has_seen(repo: Desk) -> None:
    """Git has merged both files; the last sync is older than what one of them is edited from."""
    git(repo, "checkout", "-q", "-b", "bars")
    repo.edit(3, "df.plot(kind='bar')")
    repo.sync()
    git(repo, "commit", "-q", "-a", "-m", "bars")
    git(repo, "checkout", "-q", "main")
    assert repo.sync().action is Action.IN_SYNC
    git(repo, "merge", "-q", "bars")
    repo.edit(3, "df.plot(kind='barh')")
    assert repo.sync().action is Action.MERGE
    assert repo.sources()[3] == "df.plot(kind='barh')"
    assert "barh" in repo.twin.read_text()


@pytest.mark.parametrize("side", ["notebook", "twin"])
def test_a_fresh_clone_in_which_one_side_was_edited(repo: Desk, side: str) -> None:
    """No sync is on record there, but what was committed is."""
    clone = repo.project.root.parent / "clone"
    git(repo, "clone", "-q", ".", str(clone))
    desk = Desk(clone)
    if side == "notebook":
        desk.edit(3, "df.plot(kind='bar')")
    else:
        desk.edit_twin("df.plot()", "df.plot(kind='bar')")
    assert desk.sync().action is Action.MERGE
    assert desk.sources()[3] == "df.plot(kind='bar')"
    assert "kind='bar'" in desk.twin.read_text()
    assert desk.ids() == repo.ids()
    assert desk.store is not None
    desk.store.close()


def test_an_edit_that_the_commit_does_not_explain_stays_a_conflict(repo: Desk) -> None:
    clone = repo.project.root.parent / "clone"
    git(repo, "clone", "-q", ".", str(clone))
    desk = Desk(clone)
    desk.edit(3, "df.plot(kind='bar')")
    desk.edit_twin("df.plot()", "df.plot(kind='area')")
    both = desk.both()
    assert desk.sync().action is Action.CONFLICT
    assert desk.both() == both
    assert desk.store is not None
    desk.store.close()


@pytest.mark.parametrize("way", ["editor", "git mv"])
def test_a_twin_that_was_renamed_is_left_alone_and_nothing_in_it_is_lost(
    repo: Desk, way: str
) -> None:
    renamed = repo.twin.with_name("plots_of_survival.py")
    if way == "editor":
        repo.twin.rename(renamed)
    else:
        git(repo, "mv", repo.twin.name, renamed.name)
    renamed.write_text(renamed.read_text().replace("df.plot()", "df.plot(kind='bar')"))
    before = renamed.read_bytes()
    assert repo.sync().wrote_twin
    assert renamed.read_bytes() == before
    assert "df.plot()" in repo.twin.read_text()
    assert repo.sources()[3] == "df.plot()"
    repo.edit_twin("df.plot()", "df.plot(kind='line')")
    assert repo.sync().action is Action.UPDATE_NOTEBOOK
    assert renamed.read_bytes() == before


def test_a_pair_that_git_moved_and_an_editor_changed_loses_nothing(repo: Desk) -> None:
    git(repo, "mv", repo.path, "2-CLEANING-survival.ipynb")
    git(repo, "mv", repo.twin.name, "2-CLEANING-survival.py")
    repo.path = "2-CLEANING-survival.ipynb"
    repo.edit_twin("df.plot()", "df.plot(kind='bar')")
    repo.edit(1, "import pandas as pd\ndf = load()")
    result = repo.sync()
    text = repo.twin.read_text() + "\n".join(repo.sources())
    assert "df.plot(kind='bar')" in text
    assert "df = load()" in text
    assert result.action in (Action.MERGE, Action.CONFLICT)
    assert repo.outputs() == ["", "ok\n", "0.62\n", "figure\n"]


def test_a_notebook_that_git_took_away_comes_back_with_its_twins_edits(repo: Desk) -> None:
    git(repo, "rm", "-q", "--cached", repo.path)
    repo.file.unlink()
    repo.edit_twin("df.plot()", "df.plot(kind='bar')")
    git(repo, "checkout", "-q", "HEAD", "--", repo.path)
    assert repo.sync().action is Action.UPDATE_NOTEBOOK
    assert repo.sources()[3] == "df.plot(kind='bar')"
    assert repo.ids() == ["title", "load", "mean", "plot"]
