"""Notebooks on disk made into two: names, twins, what stays, and what is refused."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbtrail.errors import ConflictError, NotFoundError, OutsideProjectError, UsageError
from nbtrail.ledger.store import Store
from nbtrail.notebooks.cells import text_of
from nbtrail.notebooks.document import read_notebook, write_notebook
from nbtrail.policy.fix import fix
from nbtrail.policy.init import init_project
from nbtrail.policy.rules import check
from nbtrail.policy.splitting import split
from nbtrail.project import Project, load_project

PATH = "2-EXPERIMENTAL-everything-tried.ipynb"


def cell(kind: str, name: str, source: str) -> dict[str, Any]:
    made: dict[str, Any] = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
    return made if kind == "markdown" else {**made, "outputs": [], "execution_count": None}


def long_notebook(parts: int = 45) -> dict[str, Any]:
    cells = [
        cell("code", "imports", "import pandas as pd"),
        cell("code", "data", "df = pd.DataFrame({'a': [1]})"),
        *(cell("code", f"a{i}", f"a{i} = {i}") for i in range(parts)),
        cell("markdown", "cut", "## 4. Boosted trees"),
        *(cell("code", f"b{i}", f"b{i} = pd.concat([df])") for i in range(parts)),
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "titanic"
    root.mkdir()
    init_project(root)
    write_notebook(root / PATH, long_notebook())
    return load_project(root)


@pytest.fixture
def store(project: Project) -> Iterator[Store]:
    """With the notebook's pair on record."""
    with contextlib.closing(Store.open(project)) as store:
        fix(project, store)
        yield store


def sources(project: Project, path: str) -> list[str]:
    return [text_of(c["source"]) for c in read_notebook(project.root / path)["cells"]]


def test_the_finding_offers_the_cut(project: Project, store: Store) -> None:
    (finding,) = [f for f in check(project, store=store) if f.code == "NBT702"]
    assert finding.fix is not None
    assert (finding.fix.action, finding.fix.args) == ("split", {"path": PATH, "at": "cut"})


def test_a_plan_changes_nothing(project: Project, store: Store) -> None:
    before = {f: f.read_bytes() for f in project.root.rglob("*") if f.is_file()}
    plan = split(project, store, PATH)
    assert plan.new_path == "2b-EXPERIMENTAL-boosted-trees.ipynb"
    assert (plan.at, plan.needs, plan.kept) == ("cut", ("df",), None)
    after = {f: f.read_bytes() for f in project.root.rglob("*") if f.is_file()}
    assert after == before


def test_both_parts_have_their_twins_and_the_whole_stays(project: Project, store: Store) -> None:
    whole = (project.root / PATH).read_bytes()
    done = split(project, store, PATH, apply=True)
    assert done.kept is not None
    assert (project.root / done.kept).read_bytes() == whole
    assert project.is_scratch(done.kept)
    first, second = sources(project, PATH), sources(project, done.new_path)
    assert first == [text_of(c["source"]) for c in long_notebook()["cells"][:47]]
    assert "needs of it" in second[0]
    assert second[1] == "import pandas as pd"
    assert second[2:] == [text_of(c["source"]) for c in long_notebook()["cells"][47:]]
    for path in (PATH, done.new_path):
        twin = (project.root / path).with_suffix(".py").read_text()
        assert ("Boosted trees" in twin) is (path == done.new_path)
    assert {f.code for f in check(project, store=store)} & {
        "NBT301",
        "NBT302",
        "NBT303",
        "NBT702",
    } == set()


def test_what_stands_only_in_the_twin_is_not_lost(project: Project, store: Store) -> None:
    twin = (project.root / PATH).with_suffix(".py")
    twin.write_text(twin.read_text().replace("a3 = 3", "a3 = 333"))
    with pytest.raises(ConflictError, match="not yet"):
        split(project, store, PATH, apply=True)
    assert "a3 = 333" in sources(project, PATH)
    split(project, store, PATH, apply=True)
    assert "a3 = 333" in sources(project, PATH)


def test_names_are_free_and_follow_the_rules(project: Project, store: Store) -> None:
    write_notebook(project.root / "2b-EXPERIMENTAL-other.ipynb", long_notebook(2))
    assert split(project, store, PATH).new_path == "2c-EXPERIMENTAL-boosted-trees.ipynb"
    named = split(project, store, PATH, at="b7", description="Late trees")
    assert named.new_path == "2c-EXPERIMENTAL-late-trees.ipynb"
    write_notebook(project.root / named.new_path, long_notebook(2))
    write_notebook(project.root / "EXPERIMENTAL-all.ipynb", long_notebook())
    write_notebook(project.root / "EXPERIMENTAL-boosted-trees.ipynb", long_notebook(2))
    with pytest.raises(ConflictError):
        split(project, store, "EXPERIMENTAL-all.ipynb")


@pytest.mark.parametrize(
    ("path", "given", "error"),
    [
        ("nowhere.ipynb", {}, NotFoundError),
        (PATH, {"at": "nowhere"}, NotFoundError),
        (PATH, {"at": "b3"}, UsageError),
        (PATH, {"at": "imports", "description": "all"}, UsageError),
        (PATH, {"description": "final v2"}, UsageError),
        ("everything.ipynb", {}, UsageError),
        ("short-EXPLORATION.ipynb", {}, UsageError),
        ("../out.ipynb", {}, OutsideProjectError),
    ],
)
def test_what_is_refused(
    project: Project, store: Store, path: str, given: dict[str, str], error: type[Exception]
) -> None:
    write_notebook(project.root / "everything.ipynb", long_notebook())
    write_notebook(
        project.root / "short-EXPLORATION.ipynb",
        {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5},
    )
    before = sorted(project.root.rglob("*"))
    with pytest.raises(error):
        split(project, store, path, apply=True, **given)  # type: ignore[arg-type]
    assert sorted(project.root.rglob("*")) == before


def test_the_command(project: Project) -> None:
    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "nbtrail.cli", "-C", str(project.root), "split", *arguments],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    plan = call(PATH)
    assert "Nothing was changed" in plan.stdout
    assert "The second needs of the first: df." in plan.stdout
    done = json.loads(
        call(PATH, "--at", "b7", "--description", "late trees", "--apply", "--json").stdout
    )
    assert done["new_path"] == "2b-EXPERIMENTAL-late-trees.ipynb"
    assert (project.root / done["new_path"]).is_file()
    failed = call(PATH, "--at", "nowhere")
    assert (failed.returncode, failed.stdout) == (2, "")
    assert "no cell nowhere" in failed.stderr
