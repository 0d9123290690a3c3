"""Rules that look into notebooks: datasets, order, hidden state, comments that silence."""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from nbtrail import workers
from nbtrail.app import OpenProject
from nbtrail.ledger.records import ExecutionEnd, ExecutionStart, KernelSession
from nbtrail.notebooks.document import write_notebook
from nbtrail.policy import rules
from nbtrail.policy.findings import Finding
from nbtrail.policy.rules import check
from nbtrail.project import Project, load_project

NAME = "1-EXPLORATION-survival.ipynb"
QUIET = '[policy]\ntwin = "off"\n'


def code(source: str, count: int | None = None, **more: Any) -> dict[str, Any]:
    return {
        "cell_type": "code", "metadata": {}, "source": source, "outputs": [],
        "execution_count": count, **more,
    }  # fmt: skip


def text(source: str, kind: str = "markdown") -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {}, "source": source}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "nbtrail.toml").write_text(QUIET)
    return load_project(tmp_path)


def put(project: Project, *cells: dict[str, Any], name: str = NAME) -> Path:
    numbered = [{"id": f"c{number}", **cell} for number, cell in enumerate(cells, 1)]
    metadata = {"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}}
    file = project.root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    book = {"cells": numbered, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    write_notebook(file, book)
    return file


def found(project: Project, *prefixes: str, paths: list[str] | None = None) -> list[Finding]:
    return [f for f in check(project, paths) if f.code.startswith(prefixes or ("NBT",))]


def places(findings: list[Finding]) -> list[tuple[str, str | None]]:
    return [(finding.code, finding.cell_id) for finding in findings]


# Names


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("1-EXPLORATION-ages.ipynb", "2-EXPLORATION-Ages.ipynb", "NBT105"),
        ("EXPLORATION-ages.ipynb", "exploration-ages.ipynb", "NBT105"),
        ("1-EXPLORATION-ages.ipynb", "01-CLEANING-ages.ipynb", "NBT106"),
        ("1-EXPLORATION-ages.ipynb", "1b-CLEANING-ages.ipynb", None),
        ("a/1-EXPLORATION-ages.ipynb", "b/1-EXPLORATION-ages.ipynb", None),
        ("EXPLORATION-ages.ipynb", "EXPLORATION-fares.ipynb", None),
    ],
)
def test_names_that_cannot_be_told_apart(
    project: Project, first: str, second: str, expected: str | None
) -> None:
    for name in (first, second):
        put(project, code("x = 1"), name=name)
    clashes = found(project, "NBT105", "NBT106")
    assert [f.code for f in clashes] == ([] if expected is None else [expected])
    if expected is not None:
        original, copy = sorted((first, second), key=lambda name: (len(name), name))
        assert clashes[0].path == copy
        assert Path(original).name in clashes[0].message


# Datasets

IMPORTS = "import pandas as pd\nfrom nbtrail import dataset\nimport datetime\n"


@pytest.mark.parametrize(
    ("source", "codes"),
    [
        ("df.to_csv('data/2026-11-20_titanic_ages.csv')", []),
        ("df.to_csv('data/titanic_ages.csv')", ["NBT201"]),
        ("df.to_csv('/tmp/titanic_ages.csv')", []),
        ("df.to_csv('data/2026-11-20_data.csv')", ["NBT202"]),
        ("df.to_parquet('out.parquet')", ["NBT201", "NBT202"]),
        ("df.to_csv(dataset('titanic_ages.csv', 'w'))", []),
        ("df.to_csv(dataset('data.csv', 'w'))", ["NBT202"]),
        ("df.to_csv(f'data/{datetime.date.today()}_titanic_ages.csv')", []),
        ("df.to_pickle('model.pkl')", []),
        ("df.to_csv('in.csv.gz')", ["NBT201"]),
        ("df = pd.read_csv('2026-11-20_ages.csv')\ndf.to_csv('2026-11-20_ages.csv')", ["NBT203"]),
        ("df = pd.read_csv('2026-11-19_ages.csv')\ndf.to_csv('2026-11-20_ages.csv')", []),
        ("df = pd.read_csv(dataset('ages.csv'))\ndf.to_csv(dataset('ages.csv', 'w'))", []),
        ("df.to_csv('2026-11-20_ages.csv')\npd.read_csv('2026-11-20_ages.csv')", []),
    ],
)
def test_datasets(project: Project, source: str, codes: list[str]) -> None:
    put(project, code(IMPORTS + "df = pd.DataFrame()", 1), code(source, 2))
    findings = found(project, "NBT2")
    assert [f.code for f in findings] == codes
    assert {f.cell_id for f in findings} <= {"c2"}


def test_forms_of_dates_and_endings_are_set(project: Project) -> None:
    config = project.root / "nbtrail.toml"
    config.write_text(QUIET + '[datasets]\ndates = ["%Y%m%d"]\nsuffixes = ["csv"]\n')
    put(project, code("df.to_csv('2026-11-20_ages.csv')\ndf.to_parquet('ages.parquet')"))
    findings = found(load_project(project.root), "NBT2")
    assert [f.code for f in findings] == ["NBT201"]
    assert "20261120" in findings[0].message


def test_two_writers_of_one_file_and_a_circle(project: Project) -> None:
    put(project, code("df.to_csv('2026-01-01_ages.csv')"), name="1-CLEANING-ages.ipynb")
    put(project, code("df.to_csv('2026-01-02_ages.csv')"), name="2-CLEANING-years.ipynb")
    assert [f.code for f in found(project, "NBT41")] == ["NBT412"]
    # The same of one of them alone: every door says the same.
    alone = found(project, "NBT41", paths=["2-CLEANING-years.ipynb"])
    assert [f.code for f in alone] == ["NBT412"]


# Order and hidden state


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([code("x = 1", 1), code("x + 1", 2)], []),
        ([code("x + 1", 2), code("x = 1", 1)], [("NBT402", "c1")]),
        ([code("x + y", 1)], [("NBT402", "c1")]),
        ([code("x = 1", 5), code("y = x", 2)], [("NBT401", "c2")]),
        ([code("x = 1", 5), code("y = 2", 2)], []),
        ([code("x = x + 1", 1)], [("NBT402", "c1")]),
        ([code("def f():\n    return later", 1), code("later = 1", 2), code("f()", 3)], []),
        ([code("def f():\n    return gone", 1), code("f()", 2)], [("NBT402", "c2")]),
        ([code("def f():\n    own = []\n    add(own)\n    del own", 1),
          code("def add(to):\n    to.append(1)", 2), code("f()", 3)], []),
        ([code("def f():\n    return 1", 1), code("f()", 2), code("late = 1", 3),
          code("def f():\n    return late", 4)], []),
        ([code("part = 1\ndel part", 1), code("other = 2", 2)], []),
        ([code("from lib import *", 1), code("anything()", 2)], []),
        ([code("%run setup.ipynb", 1), code("anything()", 2)], []),
        ([code("print 'python 2'", 1), code("anything()", 2)], []),
        ([code("spark.sql(_)", 1), code("display(In[1], _i1)", 2)], []),
        ([code("total = sum(n for n in range(3))", 1), code("print(f'{total}')", 2)], []),
        ([code("import os", 1), code("", None), code("os.sep", 2)], [("NBT403", "c2")]),
        ([code("import os", 1), code("", None)], []),
        ([code("x = 1", None), code("y = 1", None)], []),
        ([code("x = 1", 1), code("y = 1", None), code("z = 2", None)], [("NBT404", "c2")]),
        ([code("x = 1", 1), code("# later", None)], []),
    ],
)  # fmt: skip
def test_order_and_hidden_state(
    project: Project, cells: list[dict[str, Any]], expected: list[tuple[str, str]]
) -> None:
    put(project, *cells)
    assert places(found(project, "NBT40")) == expected


def test_many_of_a_kind_are_one_finding(project: Project) -> None:
    put(project, code("x = 1", 1), code("y = 1"), code("z = 2"), code("v = 3"))
    (finding,) = found(project, "NBT404")
    assert finding.message.endswith("The same goes for 2 more cells.")


def test_hidden_state_names_the_line_and_the_cell_that_defines(project: Project) -> None:
    put(project, code("a = 1\nb = a + limit", 2), code("limit = 3", 1))
    (finding,) = found(project, "NBT402")
    assert finding.line == 2
    assert "limit" in finding.message
    assert "code cell 2 below" in finding.message


def test_errors_in_outputs(project: Project) -> None:
    error = {"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": []}
    meant = {"tags": ["raises-exception"]}
    put(
        project,
        code("{}['x']", 1, outputs=[error]),
        code("{}['y']", 2, outputs=[error], metadata=meant),
    )
    (finding,) = found(project, "NBT405")
    assert finding.cell_id == "c1"
    assert "KeyError" in finding.message


def test_the_record_knows_what_execution_counts_do_not(project: Project) -> None:
    file = put(project, code("x = 1", 1), code("y = x", 2))
    sources = [("c1", "x = 1"), ("gone", "x = 5"), ("c2", "y = x")]
    with OpenProject(project) as opened:
        assert places([f for f in opened.check() if f.code.startswith("NBT40")]) == []
        _record(opened, sources)
        (finding,) = (f for f in opened.check() if f.code.startswith("NBT40"))
        assert (finding.code, finding.cell_id) == ("NBT402", "c2")
        assert "no longer on screen" in finding.message
        file.touch()
        assert [f.code for f in opened.check() if f.code.startswith("NBT40")] == ["NBT402"]


def _record(opened: OpenProject, sources: list[tuple[str, str]]) -> None:
    from nbtrail.ledger import executions

    now = time.time()
    with opened.store.write() as connection:
        executions.open_session(connection, KernelSession("s", "k", "python3", "python", now))
        for position, (cell, source) in enumerate(sources):
            start = ExecutionStart(
                session="s", msg_id=f"m{position}", notebook=NAME, cell_id=cell,
                position=position, execution_count=None, source=source, started_at=now + position,
            )  # fmt: skip
            executions.start_execution(connection, start)
            end = ExecutionEnd(session="s", msg_id=f"m{position}", seconds=0.1, status="ok")
            executions.finish_execution(connection, end)


# Comments that silence


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([code("1", 1), code("lost  # nbtrail: ignore NBT402", 2)], []),
        ([code("1", 1), code("# nbtrail: ignore hidden-state, NBT201\nlost", 2)], ["NBT001"]),
        ([code("1", 1), code("# nbtrail: ignore NBT4 because it is so\nlost", 2)], []),
        ([code("1", 1), code("# nbtrail: ignore NBT402", 2), code("lost", 3)],
         ["NBT001", "NBT402"]),
        ([code("# nbtrail: ignore NBT402", 1), code("lost", 2)], []),
        ([text("Intro"), text("<!-- nbtrail: ignore NBT402 -->"), code("lost", 2)], []),
        ([text("Intro"), text("# nbtrail: ignore NBT402", "raw"), code("lost", 2)], []),
        ([text("Write `# nbtrail: ignore NBT402`"), code("lost", 2)], ["NBT402"]),
        ([code("1", 1), code("s = '# nbtrail: ignore NBT402'; lost", 2)], ["NBT402"]),
        ([code("1", 1), code("%matplotlib inline\nlost  # nbtrail: ignore NBT402", 2)], []),
        ([code("# nbtrail: ignore NBT42", 1)], ["NBT002"]),
        ([code("# nbtrail: ignore", 1)], ["NBT002"]),
        ([code("# nbtrail: ignore NBT101", 1)], ["NBT001"]),
        ([code("1", 1), code("2"), code("3  # nbtrail: ignore NBT404"), code("4")], ["NBT404"]),
    ],
)  # fmt: skip
def test_comments_that_silence(
    project: Project, cells: list[dict[str, Any]], expected: list[str]
) -> None:
    put(project, *cells)
    assert sorted(f.code for f in found(project, "NBT0", "NBT40")) == expected


def test_a_comment_about_a_rule_that_is_off_is_not_told(project: Project) -> None:
    (project.root / "nbtrail.toml").write_text(QUIET + '[policy.rules]\nNBT402 = "off"\n')
    put(project, code("1", 1), code("lost  # nbtrail: ignore NBT402", 2))
    assert found(load_project(project.root)) == []


def test_a_useless_comment_says_where_it_stands(project: Project) -> None:
    put(project, code("1", 1), code("x = 1\ny = 2  # nbtrail: ignore NBT601", 2))
    (finding,) = found(project, "NBT0")
    assert (finding.code, finding.cell_id, finding.line) == ("NBT001", "c2", 2)
    assert "NBT601" in finding.message


# What is kept, and what several processes find


def test_what_is_kept_is_found_again_until_something_changes(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    look_at = rules.look_at

    def counted(*arguments: Any) -> Any:
        looked.append(arguments[2])
        return look_at(*arguments)

    monkeypatch.setattr(rules, "look_at", counted)
    file = put(project, code("x = 1", 1), code("lost", 2))
    other = put(project, code("y = 1", 1), name="2-CLEANING-ages.ipynb")
    old = time.time() - 60
    for one in (file, other):
        os.utime(one, (old, old))

    def seen(of: Project = project) -> tuple[list[str], list[str]]:
        looked.clear()
        return [f.code for f in found(of)], sorted(looked)

    assert seen() == (["NBT402"], [NAME, other.name])
    assert seen() == (["NBT402"], [])
    put(project, code("x = 1", 1), code("x", 2))
    os.utime(file, (old + 1, old + 1))
    assert seen() == ([], [NAME])
    assert seen() == ([], [])
    (project.root / "requirements.txt").write_text("pandas==2.2\n")
    assert seen()[1] == [NAME, other.name]
    config = project.root / "nbtrail.toml"
    config.write_text(QUIET + '[policy.rules]\nNBT4 = "enforce"\n')
    assert seen(load_project(project.root))[1] == [NAME, other.name]
    cache = next((project.state_dir / "cache").glob("check-*"))
    cache.write_bytes(b"no cache")
    assert seen(load_project(project.root))[0] == []


def test_several_processes_find_what_one_finds(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        name = f"{number}-CLEANING-part-{'abcdef'[number]}.ipynb"
        put(project, code("import numpy as np", 1), code("lost\nnp.random.rand()", 2), name=name)
    (project.root / "7-CLEANING-broken.ipynb").write_text("<<<<<<<")
    alone = found(project)
    for file in (project.state_dir / "cache").iterdir():
        file.unlink()
    monkeypatch.setattr(workers, "LEAST", 2)
    monkeypatch.setattr(workers, "_processors", lambda: 3)
    assert found(project) == alone
    assert {f.code for f in alone} >= {"NBT402", "NBT601", "NBT901"}


def test_work_of_a_process_that_fails_is_done_by_the_caller(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for number in range(4):
        put(project, code("lost", 1), name=f"{number}-CLEANING-part-{'abcd'[number]}.ipynb")
    monkeypatch.setattr(workers, "LEAST", 2)
    monkeypatch.setattr(workers, "_processors", lambda: 2)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    assert [f.code for f in found(project)] == ["NBT402"] * 4


def test_who_asks_meanwhile_gets_what_is_found_and_looks_at_nothing_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[str] = []
    look_at = rules.look_at

    def counted(*arguments: Any) -> Any:
        looked.append(arguments[2])
        return look_at(*arguments)

    monkeypatch.setattr(rules, "look_at", counted)
    old = time.time() - 60
    for number in range(5):
        file = put(project, code("lost", 1), name=f"{number}-CLEANING-part-{'abcde'[number]}.ipynb")
        os.utime(file, (old, old))
    with OpenProject(project) as opened, ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: opened.check(), range(4)))
    assert len(looked) == 5
    assert all(answer == answers[0] for answer in answers)
    assert len(answers[0]) == 5


@pytest.mark.parametrize("metadata", [[], None, {"kernelspec": 3, "language_info": []}])
@pytest.mark.parametrize(
    "cells",
    [
        [],
        [{"cell_type": "raw"}],
        [{"cell_type": "code", "source": 5, "outputs": "x", "metadata": [], "id": 7,
          "execution_count": "3"}],
        [{"cell_type": "code", "source": ["a", 3], "outputs": ["x", {"output_type": "error"}]}],
        [{"cell_type": "code", "id": "a", "source": "x\0y", "execution_count": -1},
         {"cell_type": "code", "id": "a", "source": "(" * 3000, "outputs": []}],
        [{"cell_type": "markdown", "source": f"<!-- nbtrail: ignore {'NBT1, ' * 500}NBT1 -->"}],
    ],
)  # fmt: skip
def test_notebooks_of_any_shape_are_checked(project: Project, cells: Any, metadata: Any) -> None:
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    (project.root / NAME).write_text(json.dumps(book))
    codes = [finding.code for finding in found(project)]
    assert len(codes) == len(set(codes))
    assert set(codes) <= {"NBT001", "NBT402", "NBT405"}
