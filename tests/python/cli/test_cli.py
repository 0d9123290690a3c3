"""The command line as people and scripts call it: a process, its output, its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nbtrail.ledger.store import DATABASE_NAME
from nbtrail.masking import MASK
from nbtrail.notebooks.document import Notebook, write_notebook

CLEANING = "CLEANING-make-numbers.ipynb"
EXPERIMENTAL = "EXPERIMENTAL-use-numbers.ipynb"


def notebook(*sources: str, kernel: str = "python3") -> Notebook:
    cells = [
        {
            "cell_type": "code", "id": f"cell-{n}", "source": source, "metadata": {},
            "outputs": [], "execution_count": None,
        }
        for n, source in enumerate(sources)
    ]  # fmt: skip
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": kernel, "display_name": kernel}},
        "cells": cells,
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of two notebooks whose names sort against their order of need."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "nbtrail.toml").write_text("")
    write_notebook(
        folder / CLEANING,
        notebook("import json, random", "random.seed(3)", "x = random.random()",
                 "json.dump([x, 2], open('numbers.json', 'w'))"),
    )  # fmt: skip
    write_notebook(
        folder / EXPERIMENTAL,
        notebook("import json", "total_score = sum(json.load(open('numbers.json')))"),
    )
    return folder


def call(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run ``nbtrail -C folder …`` and insist on its exit status."""
    result = subprocess.run(
        [sys.executable, "-m", "nbtrail.cli", "-C", str(folder), *arguments],
        capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    assert result.returncode == code, (result.stdout, result.stderr)
    return result


def answer(folder: Path, *arguments: str, code: int = 0) -> Any:
    """Run with ``--json``; stdout holds nothing else."""
    return json.loads(call(folder, *arguments, "--json", code=code).stdout)


def one_line(text: str) -> str:
    (line,) = text.strip().splitlines()
    assert line.startswith("nbtrail: ")
    return line


def test_help_names_every_command(tmp_path: Path) -> None:
    text = call(tmp_path, "--help").stdout
    for command in (
        "init", "check", "graph", "run", "verify", "runs", "show", "tag", "note", "log", "diff",
    ):  # fmt: skip
        assert f"\n  {command} " in text
        assert "Example" in call(tmp_path, command, "--help").stdout
    assert "nbtrail" in call(tmp_path, "--version").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("chek",), "Did you mean 'check'"),
        (("check", "gone.ipynb"), "gone.ipynb"),
        (("show", "nope"), "There is no run nope"),
        (("tag", "nope", "best"), "There is no run nope"),
        (("tag", "nope"), "--remove"),
        (("note", "nope", "x"), "There is no run nope"),
        (("log", "--limit", "0"), "1 to 500"),
        (("run", "-p", "seed"), "name=value"),
        (("diff", f"{CLEANING}@wrong"), "is no version"),
        (("diff", CLEANING), "Run it first"),
        (("diff", "/etc/passwd"), "outside the project"),
        (("new", "NOPE", "thing"), "is no category"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(
    project: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = call(project, *arguments, code=2)
    assert result.stdout == ""
    assert message in one_line(result.stderr)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert "no folder" in one_line(call(tmp_path / "gone", "check", code=2).stderr)


def test_bad_configuration(project: Path) -> None:
    (project / "nbtrail.toml").write_text("[polcy]\n")
    assert "Did you mean policy" in one_line(call(project, "check", code=2).stderr)
    assert "Did you mean policy" in call(project, "doctor", code=1).stdout


def test_init_is_safe_to_repeat(tmp_path: Path) -> None:
    write_notebook(tmp_path / "old thing.ipynb", notebook("1"))
    first = answer(tmp_path, "init")
    assert "nbtrail.toml" in first["written"]
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".db"}
    assert answer(tmp_path, "init")["written"] == []
    for path, content in before.items():
        if ".nbtrail" not in path.parts:
            assert path.read_bytes() == content
    findings = answer(tmp_path, "check")["findings"]
    assert {(f["code"], f["severity"]) for f in findings} == {("NBT101", "warning")}
    call(tmp_path, "check", "--fail-on", "warning", code=1)


def test_new_makes_a_pair(project: Path) -> None:
    made = answer(project, "new", "deploy", "score things", "--from", CLEANING)
    assert made == {"path": "DEPLOY-score-things.ipynb", "twin": "DEPLOY-score-things.py"}
    assert f"Continues `{CLEANING}`" in (project / made["twin"]).read_text()
    one_line(call(project, "new", "deploy", "score things", code=2).stderr)


def test_graph_in_all_forms(project: Path) -> None:
    graph = answer(project, "graph")
    assert graph["order"] == [CLEANING, EXPERIMENTAL]
    assert graph["edges"] == [
        {
            "source": CLEANING,
            "target": EXPERIMENTAL,
            "via": [graph["edges"][0]["via"][0] | {"path": "numbers.json", "evidence": "static"}],
        }
    ]
    assert call(project, "graph").stdout.index(CLEANING) < 10
    assert call(project, "graph", "--format", "mermaid").stdout.startswith("flowchart")
    assert call(project, "graph", "--format", "dot").stdout.startswith("digraph")


def test_graph_of_a_circle_is_shown_and_is_an_error(tmp_path: Path) -> None:
    write_notebook(tmp_path / "a.ipynb", notebook("open('x')\nopen('y', 'w')"))
    write_notebook(tmp_path / "b.ipynb", notebook("open('y')\nopen('x', 'w')"))
    found = answer(tmp_path, "graph", code=1)
    assert found["order"] == ["a.ipynb", "b.ipynb"]
    assert "b.ipynb needs y of a.ipynb" in call(tmp_path, "graph", code=1).stdout


def test_run_log_diff_and_verify(project: Path) -> None:
    ran = answer(project, "run")
    assert [s["status"] for s in ran["steps"]] == ["ran", "ran"]
    assert ran["metrics"]["total_score"] == pytest.approx(2.2379645)
    again = answer(project, "run")
    assert [s["status"] for s in again["steps"]] == ["cached", "cached"]
    graph = answer(project, "graph")
    assert graph["edges"][0]["via"][0]["evidence"] == "observed"
    # A step that was skipped took as long as when it last ran.
    assert [s["seconds"] for s in graph["steps"]] == [s["seconds"] for s in ran["steps"]]

    log = answer(project, "log", EXPERIMENTAL)["executions"]
    assert [(e["cell_id"], e["status"], e["execution_count"]) for e in log] == [
        ("cell-1", "ok", 2), ("cell-0", "ok", 1),
    ]  # fmt: skip
    assert [r["path"] for r in log[0]["reads"]] == ["numbers.json"]
    page = answer(project, "log", "--limit", "4")
    assert len(page["executions"]) == 4
    assert len(answer(project, "log", "--after", page["next"])["executions"]) == 2
    status = answer(project, "status", EXPERIMENTAL)["notebooks"][0]
    assert (status["order"], status["environment"]) == ("linear", "same")
    assert len(answer(project, "runs")["runs"]) == 2
    assert answer(project, "show", ran["run"])["run"] == ran["run"]
    known = status["environment_id"]
    assert "ipykernel" in answer(project, "env", "show", known[:8])["packages"]
    same = answer(project, "env", "diff", known[:8], ran["run"])
    assert (same["a"], same["b"], same["added"], same["other"]) == (known, known, {}, {})
    assert "the same" in call(project, "env", "diff", known, known).stdout
    assert "gone" in call(project, "env", "diff", known, "gone", code=2).stderr

    assert answer(project, "tag", ran["run"], "first-numbers")["tag"] == "first-numbers"
    call(project, "note", "first-numbers", "shown to the clinic")
    taken = call(project, "tag", again["run"], "first-numbers", code=2)
    assert ran["run"] in one_line(taken.stderr)
    assert "shown to the clinic" in call(project, "show", "first-numbers").stdout
    assert "first-numbers" in call(project, "runs").stdout
    card = json.loads((project / ".nbtrail" / "runs" / f"{ran['run']}.json").read_text())
    assert (card["tag"], card["note"]) == ("first-numbers", "shown to the clinic")
    assert answer(project, "diff", f"{CLEANING}@run:first-numbers")["summary"]["modified"] == 0

    verified = answer(project, "verify")
    assert (verified["verdict"], verified["differences"]) == ("identical", [])
    assert verified["largest_difference"] == 0
    assert "identical" in call(project, "show", verified["run"]).stdout

    changed = json.loads((project / CLEANING).read_text())
    changed["cells"][1]["source"] = ["random.seed(4)"]
    (project / CLEANING).write_text(json.dumps(changed))
    diff = answer(project, "diff", CLEANING, code=1)
    assert diff["summary"]["modified"] == 1
    assert "+ random.seed(4)" in call(project, "diff", CLEANING, code=1).stdout
    different = answer(project, "verify", "--against", "first-numbers", code=1)
    assert (different["verdict"], different["against"]) == ("different", ran["run"])
    named = {d["name"] for d in different["differences"]}
    assert {"total_score", "numbers.json"} <= named
    first = different["first_difference"]
    assert (first["step"], first["cell"], first["name"]) == (CLEANING, 3, "numbers.json")
    told = call(project, "show", different["run"]).stdout
    assert f"{CLEANING}, cell 4" in told
    assert "The runs part in cell 4 of" in told
    facts = answer(project, "certificate", different["run"])
    assert facts["differences"] == different["differences"]
    assert (project / different["certificate_html"]).read_text().startswith("<!DOCTYPE html>")
    call(project, "certificate", different["run"], "-o", str(project / "proof.html"))
    assert (project / "proof.html").read_text().count("total_score") > 1
    said = one_line(call(project, "certificate", ran["run"], code=2).stderr)
    assert f"nbtrail verify --against {ran['run']}" in said
    assert "no run nope" in one_line(call(project, "certificate", "nope", code=2).stderr)
    assert "1 to 100" in one_line(call(project, "verify", "--repeat", "0", code=2).stderr)


def test_secrets_run_and_are_on_no_record(project: Path) -> None:
    token = "hf_" + "aB3dE5gH7j" * 4
    used = f"assert password == 'hunter2'; print('{token}'); total_score = len(login)"
    content = notebook("password = login = ''", used)
    content["cells"][0]["metadata"]["tags"] = ["parameters"]
    write_notebook(project / CLEANING, content)
    write_notebook(project / EXPERIMENTAL, notebook("1"))
    ran = answer(project, "run", "-p", "password=hunter2", "-p", f"login={token}")
    assert ran["status"] == "ok"
    assert answer(project, "verify", "--against", ran["run"])["verdict"] == "identical"
    write_notebook(project / EXPERIMENTAL, notebook(f"raise ValueError('{token} was refused')"))
    failed = answer(project, "run", "--force", "-p", "password=hunter2", code=1)
    assert failed["steps"][1]["error"]["message"] == f"{MASK} was refused"
    shown = [
        call(project, *command).stdout
        for command in (
            ("log", "--json"), ("runs", "--json"), ("show", ran["run"], "--json"), ("graph",),
            ("search", "refused"), ("search", "total_score"), ("status", CLEANING, "--json"),
        )
    ]  # fmt: skip
    assert MASK in shown[0]
    assert not [text for text in shown if token in text]
    kept = [
        file
        for file in (project / ".nbtrail").rglob("*")
        if file.is_file() and file.parent.parent.name != "blobs"
    ]
    assert {"runs", "certificates"} <= {file.parent.name for file in kept}
    for secret in (token, "hunter2"):
        assert [file for file in kept if secret.encode() in file.read_bytes()] == []


def test_the_record_is_kept_within_limits(project: Path) -> None:
    for _ in range(3):
        last = answer(project, "run", "--force")
    assert answer(project, "gc") | {"before": 0, "after": 0} == {
        "executions": 0, "runs": 0, "moments": 0, "blobs": 0, "bytes": 0, "dry_run": False,
        "before": 0, "after": 0,
    }  # fmt: skip
    assert "No limit is set" in call(project, "gc").stdout
    (project / "nbtrail.toml").write_text("[store]\nmax_mb = 0.001\n")
    planned = answer(project, "gc", "--dry-run")
    assert planned["runs"] == 2
    assert planned["after"] == planned["before"]
    assert len(answer(project, "runs")["runs"]) == 3
    # At a terminal it asks before more than half goes.
    ours, theirs = os.openpty()
    os.write(ours, b"n\n")
    asked = subprocess.run(
        [sys.executable, "-m", "nbtrail.cli", "-C", str(project), "gc"],
        stdin=theirs, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    os.close(theirs)
    os.close(ours)
    assert (asked.returncode, "more than half" in asked.stdout) == (130, True)
    assert "Removed 12 executions, 2 runs" in call(project, "gc").stdout
    assert [r["run"] for r in answer(project, "runs")["runs"]] == [last["run"]]
    assert answer(project, "doctor")["sizes"]["executions"] == 6
    assert "6 executions, 1 runs" in call(project, "doctor").stdout
    assert [s["status"] for s in answer(project, "run")["steps"]] == ["cached", "cached"]


def test_a_failing_step_names_its_cell(project: Path) -> None:
    write_notebook(project / CLEANING, notebook("x = 1", "1 / 0"))
    result = answer(project, "run", code=1)
    step = result["steps"][0]
    assert (step["status"], step["error"]["cell_id"]) == ("failed", "cell-1")
    assert step["error"]["name"] == "ZeroDivisionError"


@pytest.mark.parametrize(
    ("content", "code"),
    [("", "NBT902"), ("<<<<<<< HEAD\n{}", "NBT901"), ('{"nbformat": 3}', "NBT903")],
)
def test_what_is_no_notebook_is_one_finding_and_the_rest_runs(
    project: Path, content: str, code: str
) -> None:
    (project / "CLEANING-broken-one.ipynb").write_text(content)
    found = answer(project, "check", code=1)["findings"]
    broken = [f for f in found if f["path"] == "CLEANING-broken-one.ipynb"]
    assert [(f["code"], f["severity"]) for f in broken] == [(code, "error")]
    assert answer(project, "graph", code=1)["order"] == [CLEANING, EXPERIMENTAL]
    assert [s["status"] for s in answer(project, "run")["steps"]] == ["ran", "ran"]
    assert (project / "CLEANING-broken-one.ipynb").read_text() == content


def test_a_missing_kernel_is_named(project: Path) -> None:
    write_notebook(project / CLEANING, notebook("1", kernel="not-there"))
    result = answer(project, "run", code=1)
    message = result["steps"][0]["error"]["message"]
    assert "not-there" in message
    assert "python3" in message


def test_a_kernel_that_dies(project: Path) -> None:
    write_notebook(
        project / CLEANING,
        notebook("x = 1", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
    )  # fmt: skip
    result = answer(project, "run", code=1)
    step = result["steps"][0]
    assert (step["status"], step["error"]["cell"]) == ("failed", 1)
    assert "died" in step["error"]["message"]


def test_a_read_only_project(project: Path) -> None:
    for path in (project, *project.iterdir()):
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        assert answer(project, "graph")["order"] == [CLEANING, EXPERIMENTAL]
        call(project, "log")
        assert "written" in one_line(call(project, "run", code=2).stderr)
    finally:
        for path in (project, *project.iterdir()):
            path.chmod(path.stat().st_mode | 0o200)
    assert not (project / ".nbtrail").exists()


def test_a_corrupt_ledger_is_named_and_repaired(project: Path) -> None:
    database = project / ".nbtrail" / DATABASE_NAME
    database.parent.mkdir()
    database.write_bytes(b"not a database" * 400)
    assert "doctor --repair" in one_line(call(project, "log", code=2).stderr)
    assert "doctor --repair" in one_line(call(project, "run", code=2).stderr)
    assert answer(project, "graph")["order"] == [CLEANING, EXPERIMENTAL]
    call(project, "check")
    call(project, "doctor", code=1)
    repaired = answer(project, "doctor", "--repair")
    kept = project / ".nbtrail" / repaired["repaired"]
    assert kept.read_bytes().startswith(b"not a database")
    assert answer(project, "log")["executions"] == []
