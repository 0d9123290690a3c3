"""Versions by any name, timelines in words, and going back."""

from __future__ import annotations

import json
import math
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbtrail.app import OpenProject, open_project
from nbtrail.errors import (
    ConflictError,
    NbtrailError,
    NotFoundError,
    OutsideProjectError,
    UsageError,
)
from nbtrail.history.words import source_in_words
from nbtrail.ledger.snapshots import items_of, notebook_of
from nbtrail.notebooks.document import dump_notebook, read_notebook, write_notebook

from .conftest import NAME, code, notebook

Save = Callable[..., str]


def what(opened: OpenProject, name: str = NAME) -> list[str]:
    return [entry.what for entry in opened.timeline(name)[0]]


def stored(opened: OpenProject) -> int:
    return sum(size for _, size, _ in opened.store.blobs.listing())


def test_saves_are_told_in_words_newest_first(opened: OpenProject, save: Save) -> None:
    save("import os", "learning_rate = 0.1\nmodel = fit(depth=3)", "x = 1")
    save("import os", "learning_rate = 0.01\nmodel = fit(depth=5)", "x = 1")
    save("import os", "learning_rate = 0.01\nmodel = fit(depth=5)", "x = 1", "new")
    assert not opened.remember(NAME)
    assert what(opened) == [
        "cell 4 added",
        "cell 2: learning_rate 0.1 → 0.01, depth 3 → 5",
        "the first that is kept: 3 cells",
    ]
    assert [e.cell_ids for e in opened.timeline(NAME)[0]] == [("cell-3",), ("cell-1",), ()]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a = 1", "a = 2", "a 1 → 2"),
        ("a = -1.5", "a = 2", "a -1.5 → 2"),
        ("f(x, depth=3)", "f(x, depth=4)", "depth 3 → 4"),
        ("p = {'lr': 0.1}", "p = {'lr': 0.2}", "lr 0.1 → 0.2"),
        ("read('a.csv')", "read('b.csv')", "read 'a.csv' → 'b.csv'"),
        ("%time a = 1", "%time a = 2", "1 line changed"),
        ("a = 1\nb", "a = 1\nc\nd", "2 lines changed"),
        ("a = ", "a = 3", "1 line changed"),
        ("if a:\n  b", "if a:\n    b", "whitespace"),
        ("a = True", "a = 1", "a True → 1"),
        ("df['x'] = 1", "df['x'] = 2", "df['x'] 1 → 2"),
        ("lr = 0.1\nfit()", "lr = 0.2\nfit()\nplot()\nshow()", "lr 0.1 → 0.2, 2 other lines"),
        ("a = 1  # one", "a = 1  # uno", "1 line changed"),
    ],
)
def test_a_source_in_words(before: str, after: str, expected: str) -> None:
    assert source_in_words(before, after) == expected


def test_secrets_are_not_told(opened: OpenProject, save: Save) -> None:
    save("api_key = 'AKIAIOSFODNN7EXAMPLE'")
    save("api_key = 'AKIAIOSFODNN7EXAMPLF'")
    assert "AKIA" not in " ".join(what(opened))
    assert "api_key" in what(opened)[0]


def test_a_snapshot_costs_what_changed(opened: OpenProject, save: Save) -> None:
    """A notebook of 10 MB with one changed cell: only the cell is kept."""
    noise = random.Random(1)
    images = [
        {"output_type": "display_data", "metadata": {},
         "data": {"image/png": noise.randbytes(375_000).hex()}}
        for _ in range(14)
    ]  # fmt: skip
    cells = [code(f"plot({n})", f"c{n}", image) for n, image in enumerate(images)]
    save(*cells)
    first = stored(opened)
    assert first > 5_000_000
    version = save(*cells[:-1], {**cells[-1], "source": "plot('other')"})
    assert stored(opened) - first < 1_000
    found = opened.version(NAME, version)
    data = found["cells"][-1]["outputs"][0]["data"]["image/png"]
    assert "".join(data) == images[-1]["data"]["image/png"]


def test_what_was_taken_apart_comes_back_whole() -> None:
    data = {"application/json": {"x": math.nan}}
    output = {"output_type": "display_data", "metadata": {}, "data": data}
    odd = notebook("plain", code("nan", "n", output))
    odd["cells"].append({"cell_type": "markdown", "metadata": {}, "source": ["a\n", "b"]})
    odd["cells"].append({"cell_type": "code", "source": "big", "outputs": [{"n": 2**80}]})
    for found in (odd, notebook(), notebook("x")):
        text = json.dumps(found, sort_keys=True)
        back = notebook_of(items_of(text.encode(), "x"))
        assert json.dumps(back, sort_keys=True) == text


def test_many_edits_do_not_scatter_a_snapshot(opened: OpenProject, save: Save) -> None:
    cells = [f"x = {n}" for n in range(80)]
    versions = []
    for n in range(80):
        cells[n] = f"y = {n}"
        write_notebook(opened.project.root / NAME, notebook(*cells))
        taken = opened.snapshots().take(NAME, (opened.project.root / NAME).read_bytes(), "save")
        versions.append(taken.snapshot)
    last = opened.version(NAME, f"snap:{versions[-1]}")
    assert [cell["source"] for cell in last["cells"]] == [[f"y = {n}"] for n in range(80)]
    first = opened.version(NAME, f"snap:{versions[0]}")
    assert [cell["source"] for cell in first["cells"]][:2] == [["y = 0"], ["x = 1"]]


def test_pages_follow_each_other_without_gaps(opened: OpenProject, save: Save) -> None:
    for n in range(7):
        save(f"x = {n}")
    whole = [entry.version for entry in opened.timeline(NAME)[0]]
    paged: list[str | None] = []
    after = None
    while True:
        page, after = opened.timeline(NAME, limit=3, after=after)
        paged += [entry.version for entry in page]
        if after is None:
            break
    assert paged == whole
    assert len(set(whole)) == 7
    with pytest.raises(UsageError, match="no cursor"):
        opened.timeline(NAME, after="!!")
    with pytest.raises(UsageError, match="1 to 500"):
        opened.timeline(NAME, limit=0)


def test_a_rename_is_on_the_timeline_and_loses_nothing(opened: OpenProject, save: Save) -> None:
    version = save("x = 1")
    new = "CLEANING-trees.ipynb"
    opened.change_notebook(NAME, category="CLEANING")
    entries, _ = opened.timeline(new)
    assert [entry.kind for entry in entries] == ["category", "save"]
    assert entries[0].what == f"renamed from {NAME} to {new}"
    assert opened.version(new, version)["cells"][0]["source"] == ["x = 1"]


def test_one_cell_through_time(opened: OpenProject, save: Save) -> None:
    save("a = 1", "b = 1")
    save("a = 2", "b = 1")
    save("a = 2", "b = 2")
    save("a = 3", "b = 2")
    found, _ = opened.cell_versions(NAME, "cell-0")
    assert [entry["cell"]["source"] for entry in found] == [["a = 3"], ["a = 2"], ["a = 1"]]
    assert [entry["index"] for entry in found] == [0, 0, 0]


def test_a_restore_keeps_the_present_and_is_undone(opened: OpenProject, save: Save) -> None:
    old = save("a = 1", "b = 1")
    file = opened.project.root / NAME
    write_notebook(file, notebook("a = 2", "b = 1", "typed since"))
    present = file.read_bytes()
    done = opened.restore(NAME, old)
    assert done.changed
    assert [c["source"] for c in read_notebook(file)["cells"]] == [["a = 1"], ["b = 1"]]
    assert "a = 1" in (file.with_suffix(".py")).read_text()
    assert done.kept is not None
    opened.restore(NAME, done.kept)
    assert file.read_bytes() == present
    kinds = [entry.kind for entry in opened.timeline(NAME)[0]]
    assert kinds == ["restore", "restore", "kept", "save"]


def test_a_cell_comes_back_to_its_place(opened: OpenProject, save: Save) -> None:
    old = save("a = 1", "b = 1", "c = 1")
    save(code("a = 2", "cell-0"), code("c = 2", "cell-2"))
    opened.restore(NAME, old, cell="cell-1")
    file = opened.project.root / NAME
    assert [c["source"] for c in read_notebook(file)["cells"]] == [["a = 2"], ["b = 1"], ["c = 2"]]
    opened.restore(NAME, old, cell="cell-0")
    assert read_notebook(file)["cells"][0]["source"] == ["a = 1"]
    with pytest.raises(NotFoundError, match=r"no cell nothing. It has cell-0, cell-1"):
        opened.restore(NAME, old, cell="nothing")


def test_restoring_beside_the_notebook(opened: OpenProject, save: Save) -> None:
    old = save("a = 1")
    save("a = 2")
    opened.restore(NAME, old, to="EXPERIMENTAL-trees-once.ipynb")
    made = opened.project.root / "EXPERIMENTAL-trees-once.ipynb"
    assert read_notebook(made)["cells"][0]["source"] == ["a = 1"]
    assert read_notebook(opened.project.root / NAME)["cells"][0]["source"] == ["a = 2"]
    with pytest.raises(ConflictError, match="already there"):
        opened.restore(NAME, old, to=made.name)
    with pytest.raises(UsageError, match="no notebook's name"):
        opened.restore(NAME, old, to="x.py")
    with pytest.raises(OutsideProjectError):
        opened.restore(NAME, old, to="../x.ipynb")


def test_a_notebook_that_is_gone_or_broken_comes_back(opened: OpenProject, save: Save) -> None:
    old = save("a = 1")
    file = opened.project.root / NAME
    file.write_text("<<<<<<< HEAD\n")
    done = opened.restore(NAME, old)
    assert done.kept is None
    assert read_notebook(file)["cells"][0]["source"] == ["a = 1"]
    file.unlink()
    opened.restore(NAME, old)
    assert read_notebook(file)["cells"][0]["source"] == ["a = 1"]


def test_a_restore_brings_edits_of_the_twin_into_what_it_keeps(
    opened: OpenProject, save: Save
) -> None:
    old = save("a = 1")
    opened.restore(NAME, save("a = 2"))
    opened.fix()
    twin = (opened.project.root / NAME).with_suffix(".py")
    twin.write_text(twin.read_text().replace("a = 2", "a = 'from the twin'"))
    done = opened.restore(NAME, old)
    assert done.kept is not None
    kept = opened.version(NAME, done.kept)
    assert "".join(kept["cells"][0]["source"]) == "a = 'from the twin'"
    assert "a = 1" in twin.read_text()


@pytest.mark.parametrize(
    ("which", "error", "message"),
    [
        ("snap:0000", NotFoundError, "has no snapshot 0000. There is @snap:"),
        ("run:nothing", NotFoundError, "There is no run nothing"),
        ("last", NotFoundError, "no executed copy yet. Run it first"),
        ("git:HEAD", NotFoundError, "git has no"),
        ("git:--output=x", UsageError, "no git revision"),
        ("yesterday", UsageError, "no version of a notebook. Use @last"),
        ("snap:", UsageError, "no version"),
        ("working", UsageError, "has to be sent along"),
        ("ours", NotFoundError, "not in the middle of a merge"),
        ("twin", NotFoundError, "has no twin"),
        ("snap:%", NotFoundError, "no snapshot %"),
    ],
)
def test_a_bad_version_says_what_there_is(
    opened: OpenProject, save: Save, which: str, error: type[NbtrailError], message: str
) -> None:
    save("x")
    with pytest.raises(error) as caught:
        opened.version(NAME, which)
    assert message in str(caught.value)


def test_foreign_paths_are_refused(opened: OpenProject) -> None:
    for path in ("../x.ipynb", "/etc/passwd", "a\0.ipynb"):
        with pytest.raises(OutsideProjectError):
            opened.timeline(path)
        with pytest.raises(OutsideProjectError):
            opened.restore(path, "saved")
    with pytest.raises(NotFoundError, match="none is on record"):
        opened.timeline("nothing.ipynb")


def test_both_sides_of_a_pairing_conflict(opened: OpenProject, save: Save) -> None:
    save("a = 1", "b = 1")
    opened.fix()
    file = opened.project.root / NAME
    twin = file.with_suffix(".py")
    twin.write_text(twin.read_text().replace("a = 1", "a = 'twin'"))
    write_notebook(file, notebook("a = 'notebook'", "b = 1"))
    sources = {
        side: "".join(opened.version(NAME, side)["cells"][0]["source"])
        for side in ("saved", "twin", "base")
    }
    assert sources == {"saved": "a = 'notebook'", "twin": "a = 'twin'", "base": "a = 1"}
    found = opened.diff(f"{NAME}@saved", f"{NAME}@twin")
    assert found["summary"]["modified"] == 1


def git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    command = ["git", *identity, "-c", "commit.gpgsign=false", *arguments]
    return subprocess.run(command, cwd=root, check=False, capture_output=True, text=True).stdout


def test_commits_and_branches_are_on_the_timeline(opened: OpenProject, save: Save) -> None:
    root = opened.project.root
    git(root, "init", "-b", "main")
    save("depth = 1")
    git(root, "add", NAME)
    git(root, "commit", "-m", "first")
    git(root, "switch", "-c", "deeper")
    save("depth = 2")
    git(root, "commit", "-am", "deeper trees")
    git(root, "switch", "main")
    entries, _ = opened.timeline(NAME)
    told = {entry.kind: entry for entry in reversed(entries)}
    commits = [entry for entry in entries if entry.kind == "commit"]
    assert {c.author for c in commits} == {"Ada"}
    assert any("deeper trees (deeper): cell 1: depth 1 → 2" in c.what for c in commits)
    assert told["branch"].what == "switched from deeper to main"
    version = next(c.version for c in commits if "deeper trees" in c.what)
    assert version is not None
    assert opened.version(NAME, version)["cells"][0]["source"] == ["depth = 2"]
    opened.restore(NAME, version)
    assert read_notebook(root / NAME)["cells"][0]["source"] == ["depth = 2"]


def test_the_sides_of_a_merge_that_git_left_open(opened: OpenProject, save: Save) -> None:
    root = opened.project.root
    git(root, "init", "-b", "main")
    save("depth = 1")
    git(root, "add", NAME)
    git(root, "commit", "-m", "first")
    git(root, "switch", "-c", "other")
    save("depth = 2")
    git(root, "commit", "-am", "two")
    git(root, "switch", "main")
    save("depth = 3")
    git(root, "commit", "-am", "three")
    git(root, "merge", "other")
    sides = {
        side: opened.version(NAME, side)["cells"][0]["source"]
        for side in ("ancestor", "ours", "theirs")
    }
    assert sides == {"ancestor": ["depth = 1"], "ours": ["depth = 3"], "theirs": ["depth = 2"]}
    found = opened.diff(f"{NAME}@ours", f"{NAME}@theirs")
    assert found["summary"]["modified"] == 1


def test_what_is_on_screen_against_anything(opened: OpenProject, save: Save) -> None:
    old = save("a = 1")
    found = opened.diff(
        f"{NAME}@{old}", f"{NAME}@working", working=notebook("a = 1", "typed, not saved")
    )
    assert found["summary"]["inserted"] == 1
    other: dict[str, Any] = opened.diff(f"{NAME}@working", NAME, working=notebook("a = 1"))
    assert other["summary"]["equal"] == 1


def test_gc_leaves_what_snapshots_need(opened: OpenProject, save: Save) -> None:
    old = save("a = 1")
    planned = opened.plan_removal()
    assert not planned.blobs
    opened.remove_planned(planned)
    assert opened.version(NAME, old)["cells"][0]["source"] == ["a = 1"]


def test_a_snapshot_is_that_of_the_file(opened: OpenProject, save: Save) -> None:
    version = save("a = 1", "b")
    file = opened.project.root / NAME
    assert dump_notebook(opened.version(NAME, version)) == file.read_bytes()


def test_names_and_revisions_may_hold_an_at_sign(opened: OpenProject, save: Save) -> None:
    root = opened.project.root
    git(root, "init", "-b", "main")
    name = "EXPERIMENTAL-ann@home.ipynb"
    version = save("depth = 1", name=name)
    git(root, "add", ".")
    git(root, "commit", "-m", "first")
    save("depth = 2", name=name)
    for which in (version, "git:main@{0}", "git:@"):
        found = opened.diff(f"{name}@{which}", name)
        assert (found["a"], found["b"]) == (f"{name}@{which}", name)
        assert found["summary"]["modified"] == 1
    save("depth = 3", name=f"{name}@saved")
    assert opened.diff(f"{name}@saved", name)["summary"]["modified"] == 1


def test_new_commits_are_seen_at_once(opened: OpenProject, save: Save) -> None:
    root = opened.project.root
    git(root, "init", "-b", "main")
    save("depth = 1")
    for number in (1, 2):
        git(root, "add", NAME)
        git(root, "commit", "-m", f"commit {number}")
        commits = [e for e in opened.timeline(NAME)[0] if e.kind == "commit"]
        assert len(commits) == number
        save("depth = 2")


def test_a_snapshot_of_another_machine_is_named_but_not_there(
    opened: OpenProject, save: Save
) -> None:
    version = save("depth = 1")
    for file in opened.store.folder.glob("blobs/*/*.zst"):
        file.unlink()
    with open_project(opened.project.root) as elsewhere:
        with pytest.raises(NotFoundError, match="machine that took it"):
            elsewhere.version(NAME, version)
        write_notebook(opened.project.root / NAME, notebook("depth = 2"))
        assert elsewhere.remember(NAME)
        newest = elsewhere.timeline(NAME)[0][0].version
        assert newest is not None
        assert elsewhere.version(NAME, newest)["cells"][0]["source"] == ["depth = 2"]


def test_commits_from_before_a_rename_are_versions_of_the_notebook(
    opened: OpenProject, save: Save
) -> None:
    root = opened.project.root
    git(root, "init", "-b", "main")
    save("depth = 1", "x = 2", "y = 3")
    git(root, "add", NAME)
    git(root, "commit", "-m", "under the old name")
    new = "CLEANING-trees.ipynb"
    git(root, "mv", NAME, new)
    git(root, "commit", "-m", "renamed")
    entries, cursor = opened.timeline(new, limit=1)
    while cursor is not None:
        page, cursor = opened.timeline(new, limit=1, after=cursor)
        entries += page
    assert entries == opened.timeline(new)[0]
    commits = [entry for entry in entries if entry.kind == "commit"]
    assert [entry.path for entry in commits] == [new, NAME]
    assert commits[1].version is not None
    found = opened.version(new, commits[1].version)
    assert found["cells"][0]["source"] == ["depth = 1"]
