"""Runs side by side: a real pipeline, run after its data, its code and its parameters changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from nbtrail.app import OpenProject, open_project
from nbtrail.cli import program
from nbtrail.errors import NotFoundError, UsageError
from nbtrail.history.tabular import LARGEST, diff_tables, summarise
from nbtrail.notebooks.document import read_notebook, write_notebook

from .conftest import notebook

FIRST, SECOND = "CLEANING-ages.ipynb", "EXPERIMENTAL-mean-age.ipynb"
CLEAN = """import csv
rows = [row for row in csv.DictReader(open('raw.csv')) if int(row['age']) > 0]
with open('ages.csv', 'w', newline='') as file:
    writer = csv.DictWriter(file, ['age'])
    writer.writeheader()
    writer.writerows(rows)
"""
MODEL = """import csv
ages = [int(row['age']) for row in csv.DictReader(open('ages.csv'))]
seed = 1
mean_score = factor * sum(ages) / len(ages) + seed
"""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OpenProject, dict[str, str]]]:
    """A pipeline of two steps and its runs: the first one, and one for each thing that changed."""
    root = tmp_path_factory.mktemp("runs")
    (root / "nbtrail.toml").touch()
    raw = root / "raw.csv"
    raw.write_text("age\n10\n20\n30\n0\n")
    write_notebook(root / FIRST, notebook(CLEAN))
    parameters = {**notebook("factor = 1")["cells"][0], "metadata": {"tags": ["parameters"]}}
    write_notebook(root / SECOND, notebook(parameters, MODEL))
    with open_project(root) as opened:
        found = {"base": opened.run().summary.run}
        found["param"] = opened.run(params={"factor": 2}).summary.run
        write_notebook(root / SECOND, notebook(parameters, MODEL.replace("seed = 1", "seed = 2")))
        found["seed"] = opened.run().summary.run
        raw.write_text("age\n10\n20\n")
        found["data"] = opened.run().summary.run
        opened.change_notebook(SECOND, description="average age")
        yield opened, found


def test_a_parameter_explains(runs: tuple[OpenProject, dict[str, str]]) -> None:
    opened, by = runs
    found = opened.compare([by["base"], by["param"]])
    assert found.params == {"factor": [None, 2]} or found.params == {"factor": [1, 2]}
    assert found.metrics == {"mean_score": [21.0, 41.0]}
    (why,) = found.explains
    assert (why.metric, why.step, why.kind) == ("mean_score", renamed(opened), "parameter")
    assert [file.state for file in found.inputs] == ["same", "same"]


def test_a_seed_is_told_from_code(runs: tuple[OpenProject, dict[str, str]]) -> None:
    opened, by = runs
    found = opened.compare([by["base"], by["seed"]])
    (why,) = found.explains
    assert (why.kind, why.what) == ("seed", "cell 2: seed 1 → 2")
    changed = [entry for entry in found.code if entry.state == "changed"]
    assert [(entry.step, entry.what) for entry in changed] == [
        (renamed(opened), "cell 2: seed 1 → 2")
    ]
    (entry,) = changed
    assert entry.a is not None
    assert entry.b is not None
    assert opened.diff(entry.a, entry.b)["summary"]["modified"] == 1


def test_the_first_difference_along_the_pipeline_explains(
    runs: tuple[OpenProject, dict[str, str]],
) -> None:
    opened, by = runs
    found = opened.compare([by["base"], by["seed"], by["data"]])
    assert found.metrics == {"mean_score": [21.0, 22.0, 17.0]}
    (why,) = found.explains
    assert (why.step, why.kind) == (FIRST, "input")
    assert why.what.startswith("raw.csv: ")
    assert [reason.kind for reason in found.differences] == ["input", "seed"]
    (table,) = [file.table for file in found.outputs if file.path == "ages.csv"]
    assert table is not None
    assert table.rows == (3, 2)
    assert table.statistics["age"]["mean"] == (20.0, 15.0)
    assert table.in_words() == "rows 3 → 2, mean of age 20 → 15"


def test_the_command(runs: tuple[OpenProject, dict[str, str]]) -> None:
    opened, by = runs
    root = str(opened.project.root)
    said = CliRunner().invoke(program, ["-C", root, "compare", by["base"], by["data"]])
    assert said.exit_code == 0
    assert "mean_score 21 → 17: CLEANING-ages.ipynb, input: raw.csv:" in said.output
    as_json = CliRunner().invoke(program, ["-C", root, "compare", *by.values(), "--json"])
    found = json.loads(as_json.output)
    assert {"params", "metrics", "environment", "inputs", "outputs", "code"} <= set(found)
    assert len(found["metrics"]["mean_score"]) == 4
    assert found["environment"]["changed"] == {}


def test_diff_takes_runs_too(runs: tuple[OpenProject, dict[str, str]]) -> None:
    opened, by = runs
    both = ["-C", str(opened.project.root), "diff", by["base"], by["data"]]
    said = CliRunner().invoke(program, [*both, "--json"])
    assert said.exit_code == 1
    assert [run["run"] for run in json.loads(said.stdout)["runs"]] == [by["base"], by["data"]]
    same = CliRunner().invoke(program, [*both[:3], by["base"], by["base"]])
    assert same.exit_code == 0, same.output
    refused = CliRunner().invoke(program, [*both, "--html", "x.html"])
    assert isinstance(refused.exception, UsageError)
    unknown = CliRunner().invoke(program, [*both[:3], "nobody", by["data"]])
    assert isinstance(unknown.exception, NotFoundError)


def test_runs_are_on_the_timeline_and_outlive_a_rename(
    runs: tuple[OpenProject, dict[str, str]],
) -> None:
    opened, by = runs
    entries, _ = opened.timeline(renamed(opened))
    told = [(entry.kind, entry.run, entry.what) for entry in entries]
    assert told[0][0] == "rename"
    assert told[1] == ("run", by["data"], "ran; mean_score 22 → 17")
    assert told[2] == (
        "run", by["seed"], "ran; factor 2 → 1; cell 2: seed 1 → 2; mean_score 41 → 22"
    )  # fmt: skip
    assert told[4][:2] == ("run", by["base"])
    assert entries == opened.timeline(renamed(opened))[0]
    assert not opened.remember(FIRST, "found")  # as the run left it
    copy = opened.version(renamed(opened), f"run:{by['base']}")
    assert "seed = 1\n" in copy["cells"][1]["source"]
    done = opened.restore(renamed(opened), f"run:{by['base']}", cell="cell-1")
    assert done.changed
    present = read_notebook(opened.project.root / renamed(opened))
    assert "seed = 1\n" in present["cells"][1]["source"]


def renamed(opened: OpenProject) -> str:
    (found,) = (path for path in opened.project.notebooks() if "average-age" in path)
    return found


def test_bad_runs_are_refused(runs: tuple[OpenProject, dict[str, str]]) -> None:
    opened, by = runs
    with pytest.raises(NotFoundError, match="no run nothing"):
        opened.compare([by["base"], "nothing"])
    with pytest.raises(UsageError, match="1 runs cannot be compared"):
        opened.compare([by["base"]])
    with pytest.raises(UsageError, match="2 to 20"):
        opened.compare([by["base"]] * 21)


def test_a_table_in_short() -> None:
    before = summarise("x.csv", b"id,name,score\n1,a,0.5\n2,b,NaN\n3,,1.5\n")
    after = summarise("x.csv", b"id,score,score\n1,0.5,x\n2,1.0\n")
    assert before is not None
    assert after is not None
    assert before.rows == 3
    assert {name: c.type for name, c in before.columns.items()} == {
        "id": "integer", "name": "text", "score": "number",
    }  # fmt: skip
    assert before.columns["score"].missing == 1
    assert before.columns["score"].mean == 1.0
    assert after.columns["score.2"].missing == 1
    found = diff_tables(before, after)
    assert found.removed == ("name",)
    assert found.added == ("score.2",)
    assert found.statistics["score"]["mean"] == (1.0, 0.75)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.csv", b"\xff\xfe\x00"),
        ("x.csv", b""),
        ("x.parquet", b"nothing of the kind"),
        ("x.csv", b"a" * (LARGEST + 1)),
        ("x.csv", b'a,b\n"' + b"x" * 200_000),
    ],
)
def test_what_is_no_table_is_left_alone(name: str, data: bytes) -> None:
    assert summarise(name, data) is None


def test_the_timeline_and_restore_commands(tmp_path: Path) -> None:
    (tmp_path / "nbtrail.toml").touch()
    name = "CLEANING-things.ipynb"
    with open_project(tmp_path) as opened:
        for depth in (1, 2):
            write_notebook(tmp_path / name, notebook(f"depth = {depth}"))
            opened.remember(name)
    run = CliRunner().invoke
    at = ["-C", str(tmp_path)]
    said = run(program, [*at, "timeline", name])
    assert "cell 1: depth 1 → 2" in said.output
    found = json.loads(run(program, [*at, "timeline", name, "--json"]).output)
    old = found["versions"][-1]["version"]
    said = run(program, [*at, "restore", f"{name}@{old}"])
    assert f"Undo: nbtrail restore {name}@snap:" in said.output
    assert read_notebook(tmp_path / name)["cells"][0]["source"] == ["depth = 1"]
    said = run(program, [*at, "restore", f"{name}@{old}"])
    assert "is like that already" in said.output
    cells = run(program, [*at, "timeline", name, "--cell", "cell-0"])
    assert cells.output.count("depth = ") == 3
    for bad in (["restore", name], ["timeline", "nothing.ipynb"], ["restore", f"{name}@x"]):
        assert run(program, [*at, *bad]).exception is not None
