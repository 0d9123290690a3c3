"""``nbtrail rename`` and ``nbtrail undo`` as processes, on a pipe and on a terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from nbtrail.notebooks.document import read_notebook, write_notebook

OLD, NEW, USER = "CLEANING-ages.ipynb", "CLEANING-years.ipynb", "EXPLORATION-ages.ipynb"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "sub").mkdir(parents=True)
    (folder / "nbtrail.toml").write_text('[policy]\ncategory = "enforce"\n')
    for name, source in ((OLD, "x = 1"), (USER, f"%run {OLD}")):
        cell = {"cell_type": "code", "id": "c", "source": source, "metadata": {}, "outputs": [],
                "execution_count": None}  # fmt: skip
        write_notebook(
            folder / name, {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
        )
    return folder


def call(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        [sys.executable, "-m", "nbtrail.cli", "-C", str(folder), *arguments],
        capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert result.returncode == code, result.stderr
    return result


def source(project: Path) -> str:
    return "".join(read_notebook(project / USER)["cells"][0]["source"])


def test_plan_rename_list_and_undo(project: Path) -> None:
    shown = call(project, "rename", OLD, NEW, "--dry-run").stdout
    assert f"{OLD} -> {NEW}" in shown
    assert f"-%run {OLD}\n+%run {NEW}\n" in shown
    assert (project / OLD).is_file()
    said = call(project, "rename", OLD, "--description", "years").stdout
    assert "1 reference was changed." in said
    change = said.split("Undo: nbtrail undo ")[1].strip()
    assert source(project) == f"%run {NEW}"
    listed = json.loads(call(project, "undo", "--list", "--json").stdout)["changes"]
    assert [(one["id"], one["state"], one["references"]) for one in listed] == [(change, "done", 1)]
    assert change in call(project, "undo", "--list").stdout
    undone = json.loads(call(project, "undo", "--json").stdout)
    assert [one["new_path"] for one in undone["renames"]] == [OLD]
    assert source(project) == f"%run {OLD}"
    assert "no rename to undo" in call(project, "undo", code=2).stderr
    assert "was undone by" in call(project, "undo", change, code=2).stderr


def test_json_is_alone_on_the_output(project: Path) -> None:
    planned = json.loads(call(project, "rename", OLD, NEW, "--dry-run", "--json").stdout)
    assert planned["change"] is None
    assert [one["after"] for one in planned["references"]] == [f"%run {NEW}"]
    done = json.loads(call(project, "rename", OLD, NEW, "--json", "--no-references").stdout)
    assert done["change"]
    assert done["references"] == []
    assert source(project) == f"%run {OLD}"


def test_paths_are_those_of_the_folder_one_stands_in(project: Path) -> None:
    call(project / "sub", "rename", f"../{OLD}", NEW)
    assert (project / "sub" / NEW).is_file()
    assert source(project) == f"%run sub/{NEW}"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((OLD,), 2, "Give the new path"),
        ((OLD, NEW, "--category", "DEPLOY"), 2, "Give the new path"),
        (("gone.ipynb", NEW), 2, "There is no notebook gone.ipynb"),
        ((OLD, USER), 2, "already there"),
        ((OLD, "bad.ipynb"), 1, "names no category"),
        ((OLD, "../out.ipynb"), 2, "outside the project"),
    ],
)
def test_what_is_refused(
    project: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:  # fmt: skip
    refused = call(project, "rename", *arguments, code=code)
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (project / OLD).is_file()


@pytest.mark.parametrize(("answer", "is_renamed"), [("n", False), ("y", True)])
def test_a_terminal_is_asked(project: Path, answer: str, is_renamed: bool) -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "nbtrail.cli", "-C", str(project), "rename", OLD, NEW]
    running = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    shown = b""
    while b"Rename? [Y/n]" not in shown:
        shown += os.read(leader, 4096)
    assert f"%run {NEW}".encode() in shown
    assert (project / OLD).is_file()
    os.write(leader, f"{answer}\n".encode())
    while True:
        try:
            if not os.read(leader, 4096):
                break
        except OSError:  # the other side is closed
            break
    assert running.wait(60) == 0
    os.close(leader)
    assert (project / NEW).is_file() is is_renamed
    assert source(project) == f"%run {NEW if is_renamed else OLD}"
