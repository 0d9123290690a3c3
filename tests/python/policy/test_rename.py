"""Renames with all that belongs to them, on real folders and real git repositories."""

from __future__ import annotations

import ast
import dataclasses
import errno
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbtrail.errors import (
    ConflictError,
    LockedError,
    NbtrailError,
    NotFoundError,
    OutsideProjectError,
    PolicyError,
    StoreError,
    UsageError,
)
from nbtrail.ledger import history
from nbtrail.ledger.store import Store
from nbtrail.notebooks.document import dump_notebook, read_notebook, write_notebook
from nbtrail.pairing.moves import Move
from nbtrail.pairing.sync import pair_state, sync
from nbtrail.policy.init import init_project
from nbtrail.policy.renaming import carry
from nbtrail.policy.renaming.changes import Changes
from nbtrail.policy.renaming.records import Change, Rename, RenameResult
from nbtrail.policy.renaming.rename import rename_notebooks, update_references
from nbtrail.policy.renaming.undo import undo
from nbtrail.project import load_project

ONE, TWO, THREE = "1-CLEANING-ages.ipynb", "2-EXPLORATION-ages.ipynb", "3-EXPERIMENTAL-depth.ipynb"
NEW = "1-CLEANING-years.ipynb"
STATE = {".git", ".nbtrail"}


def cell(kind: str, identity: str, source: str) -> dict[str, Any]:
    code = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "id": identity, "metadata": {}, "source": source, **code}


def book(*cells: tuple[str, str]) -> dict[str, Any]:
    metadata = {"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}}
    made = [cell(kind, f"c{n}", source) for n, (kind, source) in enumerate(cells)]
    return {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


class Desk:
    """A project in a git repository with three paired notebooks, committed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        init_project(root)
        self.project = load_project(root)
        self.store: Store | None = Store.open(self.project)
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("config", "user.name", "t")
        self.git("config", "user.email", "t@example.org")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout

    def put(self, path: str, *cells: tuple[str, str]) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        write_notebook(file, book(*(cells or (("code", f"x = {path[0]!r}"),))))
        sync(self.project, self.store, path)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", "state")

    def rename(self, *pairs: tuple[str, str], **options: Any) -> RenameResult:
        return rename_notebooks(self.project, self.store, list(pairs), **options)

    def undo(self, change: str | None = None) -> RenameResult:
        return undo(self.project, self.store, change)

    def text(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def source(self, path: str, index: int) -> str:
        return "".join(read_notebook(self.root / path)["cells"][index]["source"])

    def files(self) -> dict[str, bytes]:
        """Everything in the folder but state and repository."""
        return {
            file.relative_to(self.root).as_posix(): file.read_bytes()
            for file in self.root.rglob("*")
            if file.is_file() and file.relative_to(self.root).parts[0] not in STATE
        }

    def folders(self) -> set[str]:
        found = (file.relative_to(self.root) for file in self.root.rglob("*") if file.is_dir())
        return {path.as_posix() for path in found if path.parts[0] not in STATE}

    def identity(self, path: str) -> int | None:
        assert self.store is not None
        with self.store.read() as connection:
            return history.find_notebook(connection, path)

    def in_sync(self, *paths: str) -> bool:
        states = {pair_state(self.project, self.store, path).state for path in paths}
        return states == {"in-sync"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    root = tmp_path / "titanic"
    root.mkdir()
    made = Desk(root)
    made.put(ONE)
    made.put(
        TWO, ("markdown", f"After [ages]({ONE}#top)."), ("code", f"%run {ONE}\nimport json")
    )  # fmt: skip
    made.put(THREE, ("code", f'pm.execute_notebook("{ONE}", "out.ipynb")'))
    (root / "README.md").write_text(
        f"Run `{ONE}`, then [two]({TWO}).\n\n```sh\npapermill {ONE} x\n```\n"
    )
    with (root / "nbtrail.toml").open("a") as config:
        config.write(
            f'\n# {ONE} comes first\n[[pipeline.steps]]\npath = "{TWO}"  # two\nafter = ["{ONE}"]\n'
        )
    made.project = load_project(root)
    assert made.store is not None
    with made.store.write() as connection:
        for path in (ONE, TWO, THREE):
            history.notebook_id(connection, path)
    made.commit()
    store = made.store
    yield made
    store.close()


def line_of(text: str, part: str) -> int:
    """Number of the first line with ``part`` in it, from 1."""
    return next(n for n, line in enumerate(text.splitlines(), 1) if part in line)


def test_a_rename_carries_everything(desk: Desk) -> None:
    identity = desk.identity(ONE)
    (desk.root / "staged.txt").write_text("staged\n")
    desk.git("add", "staged.txt")
    (desk.root / ONE).write_bytes((desk.root / ONE).read_bytes() + b"\n")
    comment = line_of(desk.text("nbtrail.toml"), "comes first")
    done = desk.rename((ONE, NEW))
    assert done.change is not None
    told = [w.partition(" also names ")[0] for w in done.warnings]
    assert told == [f"nbtrail.toml, line {comment}"]
    assert done.references == 6
    assert desk.identity(NEW) == identity
    assert desk.source(TWO, 0) == f"After [ages]({NEW}#top)."
    assert desk.source(TWO, 1) == f"%run {NEW}\nimport json"
    assert desk.source(THREE, 0) == f'pm.execute_notebook("{NEW}", "out.ipynb")'
    assert (
        desk.text("README.md")
        == f"Run `{NEW}`, then [two]({TWO}).\n\n```sh\npapermill {NEW} x\n```\n"
    )
    assert (
        f'# {ONE} comes first\n[[pipeline.steps]]\npath = "{TWO}"  # two\nafter = ["{NEW}"]\n'
        in (desk.text("nbtrail.toml"))
    )
    assert f"# %run {NEW}" in desk.text(TWO.replace(".ipynb", ".py"))
    assert desk.in_sync(NEW, TWO, THREE)
    status = desk.git("status", "--porcelain", "--untracked-files=all").splitlines()
    twins = (ONE.replace(".ipynb", ".py"), NEW.replace(".ipynb", ".py"))
    # Staged is the rename alone: what was not staged of the notebook still is not.
    assert f"RM {ONE} -> {NEW}" in status
    assert f"R  {twins[0]} -> {twins[1]}" in status
    assert "A  staged.txt" in status
    assert all(line[0] in "RA" or line.startswith(" M") for line in status)


def test_the_plan_shows_all_and_changes_nothing(desk: Desk) -> None:
    before, status = desk.files(), desk.git("status", "--porcelain")
    planned = desk.rename((ONE, NEW), dry_run=True)
    plan = planned.plan
    assert (planned.change, planned.references) == (None, 0)
    (rename,) = plan.renames
    assert rename.tracked
    assert (rename.twin, rename.new_twin) == ("1-CLEANING-ages.py", "1-CLEANING-years.py")
    assert {(r.path, r.cell_id, r.line) for r in plan.references} == {
        (TWO, "c0", 1), (TWO, "c1", 1), (THREE, "c0", 1), ("README.md", None, 1),
        ("README.md", None, 4),
        ("nbtrail.toml", None, line_of(desk.text("nbtrail.toml"), "after =")),
    }  # fmt: skip
    line = next(r for r in plan.references if r.cell_id == "c1")
    assert (line.before, line.after) == (f"%run {ONE}", f"%run {NEW}")
    assert f"-papermill {ONE} x\n+papermill {NEW} x\n" in plan.diff["README.md"]
    assert "(cell c1)" in plan.diff[TWO]
    assert (desk.files(), desk.git("status", "--porcelain")) == (before, status)
    assert Changes(desk.project, desk.store).listed() == []


def test_an_undo_puts_everything_back_and_can_be_undone(desk: Desk) -> None:
    before, folders, identity = desk.files(), desk.folders(), desk.identity(ONE)
    twin = TWO.replace(".ipynb", ".py")
    laid_out = desk.text(twin).replace("import json", "import json\n")
    (desk.root / twin).write_text(laid_out)
    sync(desk.project, desk.store, TWO)
    before = desk.files()
    target = f"models/deep/{NEW}"
    done = desk.rename((ONE, target))
    after = desk.files()
    assert desk.source(TWO, 1).startswith(f"%run {target}")
    desk.undo(done.change)
    assert desk.files() == before
    assert desk.folders() == folders
    assert desk.identity(ONE) == identity
    assert desk.in_sync(ONE, TWO, THREE)
    assert desk.git("diff", "--cached", "--name-only") == ""
    with pytest.raises(ConflictError, match="was undone by"):
        desk.undo(done.change)
    with pytest.raises(NotFoundError, match="no rename to undo"):
        desk.undo()
    newest = Changes(desk.project, desk.store).listed()[0]
    assert (newest.kind, newest.undoes) == ("undo", done.change)
    desk.undo(newest.id)
    assert desk.files() == after
    assert desk.identity(target) == identity
    desk.undo()
    assert desk.files() == before


def test_edits_made_since_survive_an_undo(desk: Desk) -> None:
    desk.rename((ONE, NEW))
    (desk.root / "README.md").write_text("# Title\n" + desk.text("README.md") + "More.\n")
    content = read_notebook(desk.root / TWO)
    content["cells"][1]["source"] = f"%run {NEW}\nimport json, os"
    content["cells"].append(cell("code", "c9", "x = 1"))
    write_notebook(desk.root / TWO, content)
    content = read_notebook(desk.root / THREE)
    content["cells"][0]["source"] = "pm.execute_notebook(path, 'out.ipynb')"
    write_notebook(desk.root / THREE, content)
    done = desk.undo()
    assert desk.text("README.md").startswith(f"# Title\nRun `{ONE}`, then")
    assert desk.text("README.md").endswith("More.\n")
    assert desk.source(TWO, 1) == f"%run {ONE}\nimport json, os"
    assert desk.source(TWO, 2) == "x = 1"
    assert desk.source(THREE, 0) == "pm.execute_notebook(path, 'out.ipynb')"
    assert done.warnings == (f"{THREE}: 1 reference was edited since and stay as they are.",)


def test_an_undo_is_refused_where_it_cannot_be_done(desk: Desk) -> None:
    first = desk.rename((ONE, NEW)).change
    second = desk.rename((NEW, "1-CLEANING-days.ipynb")).change
    assert second is not None
    with pytest.raises(ConflictError, match=f"Undo the change {second} first"):
        desk.undo(first)
    desk.undo()
    (desk.root / ONE).write_text("something else")
    before = desk.files()
    with pytest.raises(ConflictError, match="already there: a file"):
        desk.undo()
    (desk.root / ONE).unlink()
    (desk.root / TWO).write_text("<<<<<<< HEAD")
    with pytest.raises(ConflictError, match="cannot be read"):
        desk.undo()
    assert set(desk.files()) == set(before) - {ONE}
    with pytest.raises(NotFoundError):
        desk.undo("../../etc/passwd")


def test_an_undo_is_above_the_rules(desk: Desk) -> None:
    desk.put("old.ipynb")
    done = desk.rename(("old.ipynb", "4-DEPLOY-scores.ipynb"))
    assert desk.undo(done.change).plan.renames[0].new_path == "old.ipynb"
    with pytest.raises(PolicyError):
        desk.rename((ONE, "bad.ipynb"))


def test_names_are_swapped_and_follow_each_other(desk: Desk) -> None:
    before = desk.files()
    identities = [desk.identity(path) for path in (ONE, TWO, THREE)]
    status = desk.git("status", "--porcelain")
    desk.rename((ONE, TWO), (TWO, ONE), (THREE, "4-EXPERIMENTAL-depth.ipynb"))
    assert (desk.root / TWO).read_bytes() == before[ONE]
    assert desk.source(ONE, 1) == f"%run {TWO}\nimport json"
    assert desk.source("4-EXPERIMENTAL-depth.ipynb", 0).startswith(f'pm.execute_notebook("{TWO}"')
    assert f"Run `{TWO}`, then [two]({ONE})" in desk.text("README.md")
    found = [desk.identity(path) for path in (TWO, ONE, "4-EXPERIMENTAL-depth.ipynb")]
    assert found == identities
    assert desk.in_sync(ONE, TWO)
    desk.undo()
    assert desk.files() == before
    assert desk.git("status", "--porcelain") == status
    chain = [(ONE, TWO), (TWO, THREE), (THREE, "4-EXPERIMENTAL-depth.ipynb")]
    desk.rename(*chain)
    assert [desk.identity(new) for _, new in chain] == identities
    desk.undo()
    assert desk.files() == before
    assert [desk.identity(path) for path in (ONE, TWO, THREE)] == identities


@pytest.mark.parametrize(
    ("pairs", "error"),
    [
        ([(ONE, TWO)], ConflictError),
        ([(ONE, "folder.ipynb")], ConflictError),
        ([(ONE, "2-Exploration-AGES.ipynb")], ConflictError),
        ([(ONE, "4-DEPLOY-x.ipynb"), (TWO, "4-DEPLOY-X.ipynb")], ConflictError),
        ([(ONE, "4-DEPLOY-x.ipynb"), (TWO, "4-DEPLOY-x.ipynb")], ConflictError),
        ([(ONE, "4-DEPLOY-x.ipynb"), (ONE, "5-DEPLOY-x.ipynb")], ConflictError),
        ([(ONE, f"README.md/{NEW}")], ConflictError),
        ([(ONE, "1-CLEANING-years.txt")], UsageError),
        ([(ONE, ".1-CLEANING-years.ipynb")], UsageError),
        ([(ONE, ".hidden/1-CLEANING-years.ipynb")], UsageError),
        ([(ONE, "1-CLEANING-ye\nars.ipynb")], UsageError),
        ([(ONE, f"1-CLEANING-{'ä' * 120}.ipynb")], UsageError),
        ([(ONE, f"{'x' * 256}/1-CLEANING-years.ipynb")], UsageError),
        ([(ONE, "../1-CLEANING-years.ipynb")], OutsideProjectError),
        ([(ONE, "link/1-CLEANING-years.ipynb")], OutsideProjectError),
        ([("out.ipynb", "1-CLEANING-years.ipynb")], OutsideProjectError),
        ([("gone.ipynb", "1-CLEANING-years.ipynb")], NotFoundError),
        ([(ONE, NEW), (TWO, "bad.ipynb")], PolicyError),
        ([("README.md", NEW)], UsageError),
    ],
)
def test_what_cannot_be_renamed_changes_nothing(
    desk: Desk, tmp_path: Path, pairs: list[tuple[str, str]], error: type[NbtrailError]
) -> None:
    (desk.root / "folder.ipynb").mkdir()
    (tmp_path / "outside").mkdir()
    write_notebook(tmp_path / "outside" / "n.ipynb", book())
    (desk.root / "link").symlink_to(tmp_path / "outside")
    (desk.root / "out.ipynb").symlink_to(tmp_path / "outside" / "n.ipynb")
    before, folders = desk.files(), desk.folders()
    for dry_run in (True, False):
        with pytest.raises(error) as refused:
            desk.rename(*pairs, dry_run=dry_run)
        assert refused.value.message
    assert (desk.files(), desk.folders()) == (before, folders)
    assert Changes(desk.project, desk.store).listed() == []


@pytest.mark.parametrize(
    "name",
    [
        "1 CLEANING old ages.ipynb",
        "1-CLEANING-🚢-schiff.ipynb",
        "1-CLEANING-שלום.ipynb",
        "-1-CLEANING-ages.ipynb",
        "1-CLEANING-it's (1) #2 100%.ipynb",
        '1-CLEANING-"quoted" $x {y}.ipynb',
        f"1-CLEANING-{'a' * 238}.ipynb",
    ],
)
def test_names_of_all_kinds_come_and_go(desk: Desk, name: str) -> None:
    before = desk.files()
    desk.rename((ONE, name))
    assert desk.in_sync(name)
    status = desk.git("-c", "core.quotepath=off", "status", "--porcelain", "-z").split("\0")
    assert f"R  {name}" in status
    call = desk.source(THREE, 0)
    assert ast.literal_eval(call[call.index("(") + 1 : call.rindex(",")]) == name
    # There and back again: what was written in each kind of text is understood.
    desk.undo()
    assert desk.files() == before


def test_a_failure_in_the_middle_puts_everything_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, identity = desk.files(), desk.identity(ONE)
    status = desk.git("status", "--porcelain")
    written: list[str] = []
    plain = carry.write_atomic

    def full(path: Path, data: bytes) -> None:
        if path.name == "nbtrail.toml":
            raise OSError(28, "No space left on device")
        written.append(path.name)
        plain(path, data)

    monkeypatch.setattr(carry, "write_atomic", full)
    with pytest.raises(ConflictError, match=r"nbtrail\.toml .* cannot be written: No space left"):
        desk.rename((ONE, f"new/{NEW}"), (TWO, "2-EXPLORATION-years.ipynb"))
    assert written
    assert desk.files() == before
    assert not (desk.root / "new").exists()
    assert desk.identity(ONE) == identity
    assert desk.git("status", "--porcelain") == status
    assert Changes(desk.project, desk.store).listed() == []


@pytest.mark.parametrize("after", range(5))
def test_a_process_killed_in_the_middle_leaves_nothing_behind(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Files are moved one by one; the next rename puts back what was begun."""
    before, identities = desk.files(), [desk.identity(path) for path in (ONE, TWO)]
    pid = os.fork()
    if pid == 0:  # pragma: no cover
        plain, count = os.replace, 0

        def killed(source: Any, target: Any) -> None:
            nonlocal count
            if str(source).endswith((".ipynb", ".py")) or ".nbtrail-moving" in str(source):
                if count == after:
                    os._exit(9)
                count += 1
            plain(source, target)

        os.replace = killed  # type: ignore[assignment]
        desk.project = load_project(desk.root)
        rename_notebooks(desk.project, None, [(ONE, TWO), (TWO, ONE)])
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
    (begun,) = Changes(desk.project, desk.store).listed()
    assert begun.state == "begun"
    desk.rename((THREE, "4-EXPERIMENTAL-depth.ipynb"), references=False)
    desk.undo()
    assert desk.files() == before
    assert [desk.identity(path) for path in (ONE, TWO)] == identities


def test_a_read_only_file_among_the_references_stops_it_before_anything(desk: Desk) -> None:
    (desk.root / "README.md").chmod(0o444)
    before = desk.files()
    assert "README.md is read-only." in desk.rename((ONE, NEW), dry_run=True).warnings
    with pytest.raises(ConflictError, match=r"README\.md .* read-only"):
        desk.rename((ONE, NEW))
    assert desk.files() == before
    desk.rename((ONE, NEW), references=False)
    assert desk.text("README.md") == before["README.md"].decode()
    assert desk.source(TWO, 1) == f"%run {ONE}\nimport json"


def test_an_unreadable_notebook_is_named_and_left(desk: Desk) -> None:
    (desk.root / "5-DEPLOY-broken.ipynb").write_text(f"<<<<<<< HEAD\n{ONE}")
    done = desk.rename((ONE, NEW))
    assert any("5-DEPLOY-broken.ipynb cannot be read" in warning for warning in done.warnings)
    assert ONE in desk.text("5-DEPLOY-broken.ipynb")


def test_an_unreadable_notebook_can_be_renamed(desk: Desk) -> None:
    (desk.root / "x.ipynb").write_text("{}")
    done = desk.rename(("x.ipynb", "6-DEPLOY-scores.ipynb"))
    assert desk.text("6-DEPLOY-scores.ipynb") == "{}"
    assert "its twin follows later" in done.warnings[0]


def test_edits_of_a_twin_are_brought_in_first(desk: Desk) -> None:
    twin = desk.root / TWO.replace(".ipynb", ".py")
    twin.write_text(desk.text(twin.name).replace("import json", "import json, csv"))
    desk.rename((ONE, NEW))
    assert desk.source(TWO, 1) == f"%run {NEW}\nimport json, csv"
    assert desk.in_sync(TWO)


def test_a_conflict_with_a_twin_stops_it_before_anything(desk: Desk) -> None:
    twin = desk.root / TWO.replace(".ipynb", ".py")
    twin.write_text(desk.text(twin.name).replace("import json", "import csv"))
    content = read_notebook(desk.root / TWO)
    content["cells"][1]["source"] = f"%run {ONE}\nimport os"
    write_notebook(desk.root / TWO, content)
    before = desk.files()
    with pytest.raises(ConflictError, match="in conflict with its twin"):
        desk.rename((ONE, NEW))
    assert desk.files() == before


def test_two_renames_at_once_wait_for_each_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    before = desk.files()
    with (desk.project.state_dir / "renames.lock").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        clock = iter(range(0, 1000, 3))
        monkeypatch.setattr("nbtrail.pairing.lock.time.monotonic", lambda: next(clock))
        with pytest.raises(LockedError, match="renaming notebooks"):
            desk.rename((ONE, NEW))
    assert desk.files() == before


def test_a_rename_without_a_ledger_is_on_record_all_the_same(desk: Desk) -> None:
    before = desk.files()
    store, desk.store = desk.store, None
    done = desk.rename((ONE, NEW))
    assert done.change is not None
    desk.undo()
    assert desk.files() == before
    desk.store = store


def test_a_state_folder_that_takes_nothing_is_said(desk: Desk) -> None:
    desk.store = None
    changes = desk.project.state_dir / "changes"
    changes.write_text("a file in the way")
    done = desk.rename((ONE, NEW))
    assert done.change is None
    assert any("cannot be undone" in warning for warning in done.warnings)
    assert (desk.root / NEW).is_file()
    assert desk.source(TWO, 1) == f"%run {NEW}\nimport json"


def test_references_follow_a_rename_that_was_done_elsewhere(desk: Desk) -> None:
    before = desk.files()
    for extension in (".ipynb", ".py"):
        old = ONE.replace(".ipynb", extension)
        (desk.root / old).rename(desk.root / NEW.replace(".ipynb", extension))
    plan = update_references(desk.project, desk.store, ONE, NEW, dry_run=True).plan
    assert plan.renames == ()
    assert {r.path for r in plan.references} == {TWO, THREE, "README.md", "nbtrail.toml"}
    done = update_references(desk.project, desk.store, ONE, NEW)
    assert done.references == 6
    assert desk.source(TWO, 1) == f"%run {NEW}\nimport json"
    desk.undo()
    assert desk.text(TWO) == before[TWO].decode()
    with pytest.raises(ConflictError):
        update_references(desk.project, desk.store, TWO, NEW)


def test_untracked_files_and_folders_without_git_need_none(desk: Desk, tmp_path: Path) -> None:
    desk.put("7-DEPLOY-loose.ipynb")
    desk.rename(("7-DEPLOY-loose.ipynb", "8-DEPLOY-loose.ipynb"))
    status = desk.git("status", "--porcelain", "--untracked-files=all")
    assert "?? 8-DEPLOY-loose.ipynb" in status
    (desk.root / ".git").rename(tmp_path / "git")
    done = desk.rename((ONE, NEW))
    assert not any("git" in warning for warning in done.warnings)
    assert not done.plan.renames[0].tracked


def test_an_index_that_is_locked_is_said(desk: Desk) -> None:
    (desk.root / ".git" / "index.lock").touch()
    done = desk.rename((ONE, NEW))
    assert any("index could not be written" in warning for warning in done.warnings)
    assert (desk.root / NEW).is_file()


def test_a_project_below_the_top_of_its_repository(desk: Desk) -> None:
    inner = desk.root / "sub dir" / "inner"
    inner.mkdir(parents=True)
    (inner / "nbtrail.toml").write_text("")
    write_notebook(inner / "CLEANING-a.ipynb", book(("code", "1")))
    desk.commit()
    project = load_project(inner)
    done = rename_notebooks(project, None, [("CLEANING-a.ipynb", "CLEANING-b.ipynb")])
    assert done.warnings == ()
    status = desk.git("-c", "core.quotepath=off", "status", "--porcelain", "-z").split("\0")
    assert "R  sub dir/inner/CLEANING-b.ipynb" in status


def test_what_was_in_a_moved_notebook_finds_its_neighbours(desk: Desk) -> None:
    desk.rename((TWO, f"looks/{TWO}"))
    assert desk.source(f"looks/{TWO}", 0) == f"After [ages](../{ONE}#top)."
    assert desk.source(f"looks/{TWO}", 1) == f"%run ../{ONE}\nimport json"


def test_layout_of_a_notebook_stays_as_its_program_wrote_it(desk: Desk) -> None:
    content = book(("code", f"é = '{ONE}'"))
    raw = json.dumps(content, indent=4, ensure_ascii=True)
    path = "scratch/odd.ipynb"
    (desk.root / "scratch").mkdir()
    (desk.root / path).write_text(raw)
    desk.rename((ONE, "1-CLEANING-été.ipynb"))
    assert desk.text(path) == raw.replace(ONE, r"1-CLEANING-\u00e9t\u00e9.ipynb")
    assert dump_notebook(content) != raw.encode()


def test_processes_that_rename_one_notebook_agree(desk: Desk) -> None:
    """One of them has it, the others are told; nothing is lost or doubled."""
    names = [f"1-CLEANING-years-{word}.ipynb" for word in ("one", "two", "three")]
    command = [sys.executable, "-m", "nbtrail.cli", "-C", str(desk.root), "rename", ONE]
    running = [
        subprocess.Popen(
            [*command, name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for name in names
    ]
    said = [process.communicate(timeout=120)[1] for process in running]
    codes = [process.returncode for process in running]
    (winner,) = [name for name, code in zip(names, codes, strict=True) if code == 0]
    # On a slow machine one may have waited too long for the others, and says so.
    told = ("There is no notebook", "Another program has been renaming")
    lost = [text for text, code in zip(said, codes, strict=True) if code != 0]
    assert all(any(words in text for words in told) for text in lost), said
    assert [path for path in desk.project.notebooks() if path.startswith("1-")] == [winner]
    assert desk.source(TWO, 1) == f"%run {winner}\nimport json"
    assert len(Changes(desk.project, desk.store).listed()) == 1
    assert desk.in_sync(winner, TWO, THREE)


def test_a_rename_seen_in_a_folder_that_is_no_project_leaves_git_alone(desk: Desk) -> None:
    move = Move(ONE, NEW, None, None)
    for adopted, entries in ((False, [ONE]), (True, [NEW])):
        project = dataclasses.replace(desk.project, adopted=adopted)
        assert carry.note_rename(project, desk.store, move) is not None
        assert desk.git("ls-files", "1-CLEANING-*.ipynb").splitlines() == entries


def test_a_ledger_that_cannot_be_written_stops_no_rename(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = desk.files()

    def full(_: Store) -> Any:
        raise StoreError("The ledger is not available: database or disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "write", full)
        done = desk.rename((ONE, NEW))
    assert any("histories follow later" in warning for warning in done.warnings)
    assert desk.source(TWO, 1) == f"%run {NEW}\nimport json"
    assert desk.in_sync(NEW)
    desk.undo(done.change)
    assert {path: data for path, data in desk.files().items() if not path.endswith(".py")} == {
        path: data for path, data in before.items() if not path.endswith(".py")
    }
    assert desk.in_sync(ONE, TWO, THREE)


@pytest.mark.parametrize("form", ["scripts///py:percent", "twins//md", "md", "py:light"])
def test_twins_of_all_kinds_follow_and_come_back(tmp_path: Path, form: str) -> None:
    root = tmp_path / "forms"
    root.mkdir()
    made = Desk(root)
    text = made.text("nbtrail.toml").replace('"py:percent"', f'"{form}"')
    if form not in text:
        text += f'\n[pairing]\nformat = "{form}"\n'
    (root / "nbtrail.toml").write_text(text)
    made.project = load_project(root)
    made.put(ONE)
    made.put(TWO, ("markdown", f"[ages]({ONE})"), ("code", f"%run {ONE}\nf('{ONE}')"))
    made.commit()
    before, folders = made.files(), made.folders()
    twins = [path for path in before if path.endswith((".py", ".md"))]
    assert len(twins) == 2
    done = made.rename((ONE, f"deep/{NEW}"), (TWO, "4-EXPLORATION-looks.ipynb"))
    assert made.source("4-EXPLORATION-looks.ipynb", 1) == f"%run deep/{NEW}\nf('deep/{NEW}')"
    assert made.in_sync(f"deep/{NEW}", "4-EXPLORATION-looks.ipynb")
    assert {r.path for r in done.plan.references} == {TWO}
    assert not [path for path in twins if (root / path).exists()]
    made.undo()
    assert (made.files(), made.folders()) == (before, folders)
    assert made.in_sync(ONE, TWO)
    assert made.git("status", "--porcelain") == ""
    assert made.store is not None
    made.store.close()


def test_a_file_system_that_refuses_changes_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, folders = desk.files(), desk.folders()
    plain = os.replace

    def refused(source: Any, target: Any) -> None:
        if str(target).endswith("4-EXPLORATION-fares.py"):
            raise PermissionError(errno.EACCES, "Permission denied")
        plain(source, target)

    with monkeypatch.context() as patched:
        patched.setattr("nbtrail.pairing.moves.os.replace", refused)
        with pytest.raises(ConflictError, match="refuses the rename: Permission denied"):
            desk.rename((ONE, f"a/b/{NEW}"), (TWO, "4-EXPLORATION-fares.ipynb"))
    assert (desk.files(), desk.folders()) == (before, folders)
    assert Changes(desk.project, desk.store).listed() == []


def test_only_so_many_changes_stay_on_record(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr("nbtrail.policy.renaming.changes.MOST", 2)
    ids = [desk.rename((ONE, NEW)).change, desk.undo().change, desk.rename((ONE, NEW)).change]
    assert [one.id for one in Changes(desk.project, None).listed()] == [ids[2], ids[1]]
    desk.undo()
    assert (desk.root / ONE).is_file()


@pytest.mark.parametrize("state", ["begun", "done"])
def test_a_record_that_leads_out_of_the_project_is_not_followed(
    desk: Desk, tmp_path: Path, state: Any
) -> None:
    """The state folder may have come with somebody's repository."""
    (tmp_path / "mine.txt").write_text("mine")
    outside = Rename(ONE, NEW, "../mine.txt", "../theirs.txt")
    change = Change(
        "20991121-000000-000abcd", 4e9, "rename", state, (outside,),
        steps=((f"{ONE}.x", "../mine.txt"),), inodes=((tmp_path / "mine.txt").stat().st_ino,),
        moved=True,
    )  # fmt: skip
    assert Changes(desk.project, desk.store).write(change)
    before = desk.files()
    if state == "done":
        with pytest.raises(OutsideProjectError):
            desk.undo(change.id)
        assert desk.files() == before
    else:
        desk.rename((ONE, NEW))
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert not (desk.root / f"{ONE}.x").exists()


def test_a_damaged_record_is_passed_over(desk: Desk) -> None:
    done = desk.rename((ONE, NEW))
    changes = desk.project.state_dir / "changes"
    (changes / "20991121-000000-000abcd.json").write_text("{half")
    assert [one.id for one in Changes(desk.project, desk.store).listed()] == [done.change]
    desk.undo()
    assert (desk.root / ONE).is_file()
