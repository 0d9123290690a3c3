"""Making a notebook that continues another one: its number, its first cells, the record."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbtrail.app import OpenProject
from nbtrail.errors import ConflictError, NotFoundError, OutsideProjectError, UsageError
from nbtrail.ledger import executions
from nbtrail.ledger.records import ExecutionEnd, ExecutionStart, FileAccess, KernelSession
from nbtrail.notebooks.document import read_notebook, write_notebook
from nbtrail.policy.init import init_project
from nbtrail.policy.naming import new_notebook
from nbtrail.policy.origin import next_sequence
from nbtrail.project import load_project

ORIGIN = "2-CLEANING-ages.ipynb"


def book(*sources: str, kernel: str = "python3", language: str = "python") -> dict[str, Any]:
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": source, "outputs": [],
         "execution_count": None}
        for n, source in enumerate(sources)
    ]  # fmt: skip
    spec = {"name": kernel, "display_name": kernel, "language": language}
    metadata = {"kernelspec": spec, "language_info": {"name": language}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[OpenProject]:
    root = tmp_path / "titanic"
    root.mkdir()
    init_project(root)
    with OpenProject(load_project(root)) as made:
        yield made


def put(opened: OpenProject, path: str, *sources: str, **kernel: str) -> None:
    file = opened.project.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    write_notebook(file, book(*sources, **kernel))


def cells(opened: OpenProject, path: str) -> list[str]:
    found = read_notebook(opened.project.root / path)["cells"]
    return ["".join(cell["source"]) for cell in found]


def record(opened: OpenProject, path: str, *writes: str) -> None:
    """Put an execution of the first cell on record that wrote these files."""
    with opened.store.write() as connection:
        executions.open_session(connection, KernelSession("s", "k", "python3", "python", 1.0))
        executions.start_execution(
            connection, ExecutionStart("s", "m", path, "c0", 1, 1, "x", 2.0)
        )  # fmt: skip
        accesses = tuple(FileAccess(name, None, None) for name in writes)
        executions.finish_execution(connection, ExecutionEnd("s", "m", "ok", 1.0, writes=accesses))


def test_it_begins_with_what_the_origin_was_seen_to_write(opened: OpenProject) -> None:
    put(opened, ORIGIN, "import pandas as pd\nopen('never-run.csv', 'w')")
    record(
        opened, ORIGIN, "data/2026-11-20_titanic-train_age-binned.csv", "models/forest.joblib",
        "plots/ages.png", "/tmp/elsewhere.csv", "data/2026-11-19_titanic-train_age-binned.csv",
    )  # fmt: skip
    made = opened.new_notebook("experimental", "forest depth", origin=ORIGIN)
    assert made.path == "3-EXPERIMENTAL-forest-depth.ipynb"
    text, code = cells(opened, made.path)
    assert text == (
        f"# Forest depth\n\nContinues `{ORIGIN}`. It leaves:\n\n"
        "- `data/titanic-train_age-binned.csv`\n- `models/forest.joblib`"
    )
    assert code == (
        "import pandas as pd\nfrom nbtrail import dataset\n\n"
        'titanic_train_age_binned = dataset("titanic-train_age-binned.csv")\n'
        'forest = "models/forest.joblib"'
    )
    assert opened.status(made.path).continues == ORIGIN
    assert opened.status(ORIGIN).continues is None


def test_the_first_cell_runs_and_reads_the_newest(opened: OpenProject) -> None:
    put(opened, ORIGIN, "from nbtrail import dataset\nopen(dataset('ages.csv', 'w'), 'w')")
    made = opened.new_notebook("DEPLOY", "scores", origin=ORIGIN, folder="deploy")
    code = cells(opened, made.path)[1]
    data = opened.project.root / "data"
    data.mkdir(exist_ok=True)
    for name in ("2026-11-19_ages.csv", "2026-11-20_ages.csv"):
        (data / name).write_text(name)
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nprint(ages.read_text())"],
        cwd=opened.project.root / "deploy", capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "2026-11-20_ages.csv\n"
    assert [(e.source, e.target, {v.evidence for v in e.via}) for e in opened.graph().edges] == [
        (ORIGIN, made.path, {"static"})
    ]


def test_what_the_code_says_serves_where_nothing_ran(opened: OpenProject) -> None:
    put(opened, f"work/{ORIGIN}", "open('out/ages.csv', 'w')\nplt.savefig('ages.png')")
    made = opened.new_notebook("DEPLOY", "scores", origin=f"work/{ORIGIN}")
    assert made.path == "work/3-DEPLOY-scores.ipynb"
    assert cells(opened, made.path)[1] == 'ages = "out/ages.csv"'


def test_an_origin_without_results_is_an_edge_until_the_notebook_ran(opened: OpenProject) -> None:
    put(opened, ORIGIN, "x = 1")
    made = opened.new_notebook("EXPLORATION", "ages", origin=ORIGIN)
    text, code = cells(opened, made.path)
    assert text.endswith(f"Continues `{ORIGIN}`. Nothing that it writes is known.")
    assert code == ""
    (edge,) = opened.graph().edges
    assert (edge.source, edge.target, edge.via[0].evidence) == (ORIGIN, made.path, "declared")
    done = opened.rename_notebooks([(ORIGIN, "1-CLEANING-ages.ipynb")])
    assert done.references == 1
    assert "Continues `1-CLEANING-ages.ipynb`." in cells(opened, made.path)[0]
    assert opened.graph().edges[0].source == "1-CLEANING-ages.ipynb"
    assert opened.run(notebooks=(made.path,)).summary.status == "ok"
    assert opened.graph().edges == ()
    assert opened.status(made.path).continues == "1-CLEANING-ages.ipynb"


def test_what_was_said_makes_no_cycle(opened: OpenProject) -> None:
    put(opened, ORIGIN, "x = 1")
    made = opened.new_notebook("CLEANING", "fares", origin=ORIGIN)
    put(opened, made.path, "open('fares.csv', 'w')")
    put(opened, ORIGIN, "open('fares.csv')")
    graph = opened.graph()
    assert [(e.source, e.target) for e in graph.edges] == [(made.path, ORIGIN)]
    assert graph.findings == ()


def test_other_languages_get_the_list_alone(opened: OpenProject) -> None:
    put(opened, ORIGIN, "write.csv(x, 'ages.csv')", kernel="ir", language="R")
    made = opened.new_notebook("EXPLORATION", "ages", origin=ORIGIN)
    text, code = cells(opened, made.path)
    assert "- `ages.csv`" in text
    assert code == ""
    assert read_notebook(opened.project.root / made.path)["metadata"]["kernelspec"]["name"] == "ir"


def test_without_a_record_it_is_made_all_the_same(opened: OpenProject) -> None:
    put(opened, ORIGIN, "open('ages.csv', 'w')")
    made = new_notebook(opened.project, None, "EXPLORATION", "ages", origin=ORIGIN)
    assert cells(opened, made.path)[1] == 'ages = "ages.csv"'


@pytest.mark.parametrize(
    ("names", "origin", "expected"),
    [
        ((), None, "1"),
        (("CLEANING-a",), None, None),
        (("1-CLEANING-a", "2b-DEPLOY-b"), None, "3"),
        (("1-CLEANING-a", "2-DEPLOY-b", "3-DEPLOY-c"), "1-CLEANING-a", "2b"),
        (("1-CLEANING-a", "2-DEPLOY-b", "2b-DEPLOY-c"), "1-CLEANING-a", "2c"),
        (("1-CLEANING-a", "4-DEPLOY-b"), "1-CLEANING-a", "2"),
        (("09-CLEANING-a",), "09-CLEANING-a", "10"),
        (("01-CLEANING-a",), "01-CLEANING-a", "02"),
        (("1-CLEANING-a", "EXPLORATION-b"), "EXPLORATION-b", "2"),
        (("Untitled",), None, "1"),
    ],
)
def test_the_next_number(
    opened: OpenProject, names: tuple[str, ...], origin: str | None, expected: str | None
) -> None:
    for name in (*names, "sub/7-CLEANING-other"):
        put(opened, f"{name}.ipynb")
    start = None if origin is None else f"{origin}.ipynb"
    assert next_sequence(opened.project, "", start) == expected


def test_a_proposal_says_the_name_and_what_is_wrong_with_it(opened: OpenProject) -> None:
    put(opened, ORIGIN, "x = 1")
    proposed = opened.propose_new("deploy", "Score things!", origin=ORIGIN)
    assert (proposed.name, proposed.sequence, proposed.path, proposed.problem) == (
        "3-DEPLOY-score-things.ipynb", "3", "3-DEPLOY-score-things.ipynb", None,
    )  # fmt: skip
    assert opened.propose_new("deploy", "test").problem is not None
    assert opened.propose_new().name is None
    assert opened.propose_new().sequence == "3"
    with pytest.raises(UsageError):
        opened.propose_new("deploy", "!!!")
    with pytest.raises(OutsideProjectError):
        opened.propose_new("deploy", "x y", folder="../out")


def test_bad_origins_make_nothing(opened: OpenProject) -> None:
    put(opened, ORIGIN, "x = 1")
    for origin, error in (("gone.ipynb", NotFoundError), ("../x.ipynb", OutsideProjectError)):
        with pytest.raises(error):
            opened.new_notebook("DEPLOY", "scores", origin=origin)
    opened.new_notebook("DEPLOY", "scores", origin=ORIGIN, sequence="7")
    with pytest.raises(ConflictError):
        opened.new_notebook("DEPLOY", "scores", origin=ORIGIN, sequence="7")
    assert len(opened.project.notebooks()) == 2


def test_strange_names_of_results_become_variables(opened: OpenProject) -> None:
    names = ("data/1 class.csv", "data/class.csv", 'data/a"b.csv', "data/sub/class.csv", "é.csv")
    put(opened, ORIGIN, "x = 1")
    record(opened, ORIGIN, *names)
    code = cells(opened, opened.new_notebook("DEPLOY", "scores", origin=ORIGIN).path)[1]
    found: dict[str, Any] = {}
    exec(code.replace("from nbtrail import dataset", "dataset = str"), found)
    assert {found[k] for k in ("data_1_class", "data_class", "a_b", "data_class_2", "é")} == {
        "1 class.csv", "class.csv", 'a"b.csv', "sub/class.csv", "é.csv",
    }  # fmt: skip
