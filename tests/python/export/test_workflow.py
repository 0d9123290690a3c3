"""The workflow of GitHub Actions: valid YAML whatever names the project has."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import yaml

from nbtrail.app import OpenProject, open_project
from nbtrail.export.workflow import LOCK_PATH, WORKFLOW_PATH, workflow_text


def test_it_verifies_with_what_is_on_record(recorded: OpenProject) -> None:
    found = recorded.export_files("workflow")
    assert [file.path for file in found.files] == [LOCK_PATH, WORKFLOW_PATH]
    assert found.files[0].read().startswith(b"# Environment ")
    workflow = yaml.safe_load(found.files[1].read())
    assert workflow["permissions"] == {"contents": "read"}
    steps = workflow["jobs"]["verify"]["steps"]
    used = [step["uses"].partition("@") for step in steps if "uses" in step]
    assert all(owner.startswith("actions/") and tag[0] == "v" for owner, _, tag in used)
    runs = [step["run"] for step in steps if "run" in step]
    assert LOCK_PATH in runs[0]
    assert runs[1:] == ["nbtrail run --no-write", "nbtrail verify"]


def test_names_stay_names() -> None:
    folder = 'a: b\'s "c" ${{ github.token }}\n  - run: rm # é'
    workflow = yaml.safe_load(workflow_text("3.11", None, folder))
    steps = workflow["jobs"]["verify"]["steps"]
    assert len(steps) == 6
    command = str(steps[-2]["run"]).replace("${{ '${{' }}", "${{")
    assert "${{ github" not in str(steps[-2]["run"])
    assert shlex.split(command) == [
        "nbtrail",
        "-C",
        "./" + folder.replace("\n", "\ufffd"),
        "verify",
    ]


def test_it_lies_in_the_root_of_the_repository(recorded: OpenProject, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    shutil.copytree(recorded.project.root, tmp_path / "analysis")
    with open_project(tmp_path / "analysis") as opened:
        written = opened.export("workflow")
    assert written.folder == str(tmp_path)
    assert "nbtrail -C ./analysis verify" in (tmp_path / WORKFLOW_PATH).read_text()
    assert (tmp_path / LOCK_PATH).exists()
