"""Histories of notebooks that were moved, copied or brought back while nobody watched."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from nbtrail.app import OpenProject, open_project
from nbtrail.ledger import executions, tables
from nbtrail.ledger.follow import File, likeness
from nbtrail.ledger.records import ExecutionEnd, ExecutionStart, KernelSession
from nbtrail.notebooks.document import Notebook, read_notebook, write_notebook

FIRST = "1-EXPLORATION-ages.ipynb"
SOURCES = ("import pandas as pd", "df = pd.read_csv('ages.csv')", "df.age.mean()")


def notebook(prefix: str, *sources: str) -> Notebook:
    cells = [
        {
            "cell_type": "code", "id": f"{prefix}0c4e-7d{n}", "source": source, "metadata": {},
            "outputs": [], "execution_count": None,
        }
        for n, source in enumerate(sources)
    ]  # fmt: skip
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A git repository with one notebook that has run, and one that has not."""
    (tmp_path / "nbtrail.toml").touch()
    write_notebook(tmp_path / FIRST, notebook("a", *SOURCES))
    write_notebook(tmp_path / "2-CLEANING-other.ipynb", notebook("z", "x = 1", "y = 2"))
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "start")
    with open_project(tmp_path) as opened, opened.store.write() as connection:
        executions.open_session(connection, KernelSession("s", "k", "python3", "python", 1.0))
        for n, source in enumerate(SOURCES):
            start = ExecutionStart("s", f"m{n}", FIRST, f"a0c4e-7d{n}", n, n, source, 1.0)
            executions.start_execution(connection, start)
            executions.finish_execution(connection, ExecutionEnd("s", f"m{n}", "ok", 0.1))
    return tmp_path


@pytest.fixture
def opened(root: Path) -> Iterator[OpenProject]:
    """The project as a process sees it that starts afterwards."""
    with open_project(root) as project:
        yield project


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True)


def history(opened: OpenProject, path: str) -> int:
    return len(opened.log(path)[0])


def test_a_move_by_git_keeps_the_history(root: Path, opened: OpenProject) -> None:
    (root / "sub").mkdir()
    git(root, "mv", FIRST, "sub/1-EXPLORATION-years.ipynb")
    assert history(opened, "sub/1-EXPLORATION-years.ipynb") == 3
    assert opened.status("sub/1-EXPLORATION-years.ipynb").order == "linear"


def test_a_move_with_edits_keeps_the_history(root: Path, opened: OpenProject) -> None:
    git(root, "mv", FIRST, "1-EXPLORATION-years.ipynb")
    moved = root / "1-EXPLORATION-years.ipynb"
    content = read_notebook(moved)
    content["cells"][2]["source"] = "df.age.median()"
    content["cells"].insert(0, notebook("n", "# new")["cells"][0])
    write_notebook(moved, content)
    assert history(opened, "1-EXPLORATION-years.ipynb") == 3


def test_a_copy_begins_its_own_and_names_its_origin(root: Path, opened: OpenProject) -> None:
    shutil.copy(root / FIRST, root / "1b-EXPLORATION-ages.ipynb")
    opened.notebooks()
    assert history(opened, "1b-EXPLORATION-ages.ipynb") == 0
    assert history(opened, FIRST) == 3
    with opened.store.read() as connection:
        rows = connection.execute(sa.select(tables.notebooks)).all()
    by_path = {row.path: row for row in rows}
    assert by_path["1b-EXPLORATION-ages.ipynb"].forked_from == by_path[FIRST].id


def test_another_branch_and_back(root: Path, opened: OpenProject) -> None:
    git(root, "switch", "--quiet", "-c", "without")
    git(root, "rm", "--quiet", FIRST)
    git(root, "commit", "--quiet", "-m", "gone")
    assert [n.path for n in opened.notebooks()] == ["2-CLEANING-other.ipynb"]
    git(root, "switch", "--quiet", "main")
    assert history(opened, FIRST) == 3


def test_a_deleted_notebook_that_git_brings_back(root: Path, opened: OpenProject) -> None:
    from nbtrail.ledger.history import retire_notebook

    (root / FIRST).unlink()
    with opened.store.write() as connection:
        retire_notebook(connection, FIRST)
    assert history(opened, FIRST) == 0
    git(root, "restore", FIRST)
    assert history(opened, FIRST) == 3


def test_another_notebook_is_another(root: Path, opened: OpenProject) -> None:
    (root / FIRST).unlink()
    write_notebook(root / "1-EXPLORATION-new.ipynb", notebook("b", "import pandas as pd", "q = 4"))
    assert history(opened, "1-EXPLORATION-new.ipynb") == 0
    assert history(opened, FIRST) == 3


def test_generated_notebooks_with_counted_ids_are_not_taken_for_each_other(
    root: Path, opened: OpenProject
) -> None:
    made = notebook("q", "x = 1", "y = x")
    for n, cell in enumerate(made["cells"]):
        cell["id"] = f"cell-{n}"
    write_notebook(root / "4-CLEANING-made.ipynb", made)
    with opened.store.write() as connection:
        for n in range(2):
            start = ExecutionStart(
                "s", f"c{n}", "3-CLEANING-gone.ipynb", f"cell-{n}", n, n, f"z = {n}", 1.0
            )
            executions.start_execution(connection, start)
            executions.finish_execution(connection, ExecutionEnd("s", f"c{n}", "ok", 0.1))
    assert history(opened, "4-CLEANING-made.ipynb") == 0


def test_likeness() -> None:
    one, two = "0c4e7d11", "0c4e7d12"
    known = {one: "1", two: "2"}
    assert likeness(known, File(known, frozenset())) == 1
    assert likeness(known, File({one: "9", two: "8"}, frozenset())) == pytest.approx(0.6)
    assert likeness(known, File({"x": "1", "y": "2"}, frozenset("12"))) == pytest.approx(0.6)
    assert likeness(known, File({"x": "1", "y": "2"}, frozenset())) == 0
    assert likeness(known, File({one: "1"}, frozenset())) == 0.5
    assert likeness({"cell-0": "1"}, File({"cell-0": "2"}, frozenset())) == 0
    assert likeness({}, File(known, frozenset())) == 0
