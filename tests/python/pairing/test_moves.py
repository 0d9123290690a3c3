"""Renaming, copying and deleting pairs, and two processes at one pair."""

from __future__ import annotations

import errno
import fcntl
import subprocess
import sys
import time
from typing import Any

import pytest

from nbtrail.errors import ConflictError, LockedError, NotFoundError, StoreError
from nbtrail.ledger import history
from nbtrail.pairing.decide import Action, Digests, decide
from nbtrail.pairing.moves import (
    Move,
    copy_pair,
    delete_pair,
    finish_rename,
    plan_rename,
    rename_pairs,
)
from nbtrail.pairing.sync import pair_state, sync

from .conftest import Desk


def test_a_rename_takes_twin_base_and_history_along(desk: Desk) -> None:
    assert desk.store is not None
    with desk.store.write() as connection:
        identity = history.notebook_id(connection, desk.path)
    both = desk.both()
    old = desk.path
    move = plan_rename(desk.project, desk.store, old, "models/2-CLEANING-ages.ipynb")
    assert rename_pairs(desk.project, desk.store, [move]).folders == ("models",)
    assert (move.twin, move.new_twin) == ("1-EXPLORATION-survival.py", "models/2-CLEANING-ages.py")
    assert not desk.file.exists()
    assert not desk.twin.exists()
    desk.path = move.new_path
    assert desk.both() == both
    desk.edit_twin("df.plot()", "df.plot(kind='bar')")
    assert desk.sync().action is Action.UPDATE_NOTEBOOK
    assert desk.ids() == ["title", "load", "mean", "plot"]
    with desk.store.read() as connection:
        assert history.find_notebook(connection, desk.path) == identity
        assert history.find_notebook(connection, old) is None


def test_a_rename_never_replaces_a_file(desk: Desk) -> None:
    other = desk.project.root / "2-CLEANING-ages.py"
    other.write_text("def helper(): ...\n")
    before = desk.both()
    with pytest.raises(ConflictError, match=r"2-CLEANING-ages\.py"):
        plan_rename(desk.project, desk.store, desk.path, "2-CLEANING-ages.ipynb")
    move = plan_rename(desk.project, desk.store, desk.path, "3-CLEANING-ages.ipynb")
    (desk.project.root / "3-CLEANING-ages.py").write_text("came meanwhile\n")
    with pytest.raises(ConflictError, match=r"3-CLEANING-ages\.py"):
        rename_pairs(desk.project, desk.store, [move])
    assert desk.both() == before
    assert not (desk.project.root / "3-CLEANING-ages.ipynb").exists()
    with pytest.raises(NotFoundError):
        rename_pairs(desk.project, desk.store, [Move("no.ipynb", "3-CLEANING-x.ipynb", None, None)])


def test_names_are_swapped_with_twins_bases_and_histories(desk: Desk) -> None:
    assert desk.store is not None
    one, two = desk.path, "2-CLEANING-ages.ipynb"
    copy_pair(desk.project, desk.store, one, two)
    desk.path = two
    desk.edit(3, "df.hist()")
    desk.sync()
    second = desk.both()
    desk.path = one
    first = desk.both()
    with desk.store.write() as connection:
        identities = [history.notebook_id(connection, path) for path in (one, two)]
    twins = ("1-EXPLORATION-survival.py", "2-CLEANING-ages.py")
    moves = [Move(one, two, twins[0], twins[1]), Move(two, one, twins[1], twins[0])]
    assert rename_pairs(desk.project, desk.store, moves).replaced == {}
    assert desk.both() == second
    assert desk.sync().action is Action.IN_SYNC
    desk.path = two
    assert desk.both() == first
    with desk.store.read() as connection:
        found = [history.find_notebook(connection, path) for path in (two, one)]
    assert found == identities
    assert not list(desk.project.root.glob(".nbtrail-*"))


def test_a_copy_is_a_pair_of_its_own(desk: Desk) -> None:
    copy_pair(desk.project, desk.store, desk.path, "2-EXPERIMENTAL-depth.ipynb")
    desk.path = "2-EXPERIMENTAL-depth.ipynb"
    desk.edit_twin("df.plot()", "df.plot(kind='bar')")
    desk.sync()
    desk.path = "1-EXPLORATION-survival.ipynb"
    assert desk.sources()[3] == "df.plot()"
    with pytest.raises(ConflictError):
        copy_pair(desk.project, desk.store, desk.path, "2-EXPERIMENTAL-depth.ipynb")


def test_a_deleted_pair_is_kept_with_edits_that_were_never_synced(desk: Desk) -> None:
    desk.edit_twin("df.plot()", "df.plot(kind='bar')")
    both = desk.both()
    with pytest.raises(StoreError):
        delete_pair(desk.project, None, desk.path)
    assert desk.both() == both
    delete_pair(desk.project, desk.store, desk.path)
    assert not desk.file.exists()
    assert not desk.twin.exists()
    assert (desk.kept(desk.path), desk.kept(desk.twin.name)) == ([both[0]], [both[1]])
    desk.restore(both)
    assert pair_state(desk.project, desk.store, desk.path).state == "conflict"


def test_processes_at_one_pair_lose_no_edit(desk: Desk) -> None:
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from nbtrail.project import load_project\n"
        "from nbtrail.ledger.store import Store\n"
        "from nbtrail.pairing.sync import sync\n"
        "project = load_project(Path(sys.argv[1]))\n"
        "print(sync(project, Store.open(project), sys.argv[2]).action.value)\n"
    )
    desk.edit(1, "df = load()")
    desk.edit_twin("df.plot()", "df.plot(kind='bar')")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(desk.project.root), desk.path],
            stdout=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    said = sorted(process.communicate(timeout=120)[0].strip() for process in running)
    assert said == ["in-sync", "in-sync", "merge"]
    assert desk.sources()[1::2] == ["df = load()", "df.plot(kind='bar')"]


BASE = Digests("n0", "t0")


@pytest.mark.parametrize(
    ("base", "notebook", "twin", "same", "action"),
    [
        (BASE, "n0", "t0", None, Action.IN_SYNC),
        (BASE, "n1", "t0", None, Action.WRITE_TWIN),
        (BASE, "n0", "t1", None, Action.UPDATE_NOTEBOOK),
        (BASE, "n1", "t1", True, Action.IN_SYNC),
        (BASE, "n1", "t1", False, Action.MERGE),
        (BASE, "n1", None, None, Action.WRITE_TWIN),
        (None, "n1", None, None, Action.WRITE_TWIN),
        (None, "n1", "t1", True, Action.IN_SYNC),
        (None, "n1", "t1", False, Action.CONFLICT),
    ],
)
def test_the_decision(
    base: Digests | None, notebook: str, twin: str | None, same: bool | None, action: Action
) -> None:
    def compare() -> bool:
        assert same is not None, "a comparison that was not needed"
        return same

    assert decide(base, notebook, twin, compare) is action


def test_a_lock_that_is_never_given_back_is_waited_for_only_so_long(desk: Desk) -> None:
    before = desk.both()
    desk.edit(1, "df = load()")
    with (desk.project.state_dir / "pairs.lock").open("ab") as another:
        fcntl.flock(another, fcntl.LOCK_EX)
        started = time.monotonic()
        with pytest.raises(LockedError, match="Another program"):
            sync(desk.project, desk.store, desk.path, patience=0.3)
        assert time.monotonic() - started < 5
        assert desk.twin.read_bytes() == before[1]
        # What was moved already is followed all the same.
        move = plan_rename(desk.project, desk.store, desk.path, "2-CLEANING-ages.ipynb")
        desk.file.rename(desk.project.root / move.new_path)
        finish_rename(desk.project, desk.store, move)
        assert (desk.project.root / "2-CLEANING-ages.py").read_bytes() == before[1]
    desk.path = "2-CLEANING-ages.ipynb"
    assert desk.sync().wrote_twin


def test_a_file_system_without_locks_has_none(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    def no_locks(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    desk.edit(1, "df = load()")
    assert desk.sync().wrote_twin
