"""What git says of a project."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from nbtrail.files import sha256_bytes
from nbtrail.git import git_state, move_in_index, tracked


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True)


def test_outside_a_repository(tmp_path: Path) -> None:
    assert git_state(tmp_path) is None


def test_files_that_differ_from_the_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    assert git_state(tmp_path) == {"commit": None, "branch": "main", "dirty": 0, "files": {}}
    project = tmp_path / "pro ject"
    (project / "sub").mkdir(parents=True)
    for name in ("a b.txt", "gone.txt", "sub/c.txt"):
        (project / name).write_text("1")
    (tmp_path / "other.txt").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "start")
    (project / "a b.txt").write_text("2")
    (project / "gone.txt").unlink()
    (project / "sub" / "ä.txt").write_text("3")
    (project / ".nbtrail").mkdir()
    (project / ".nbtrail" / "card.json").write_text("{}")
    (tmp_path / "other.txt").write_text("not of the project")
    state = git_state(project)
    assert state is not None
    assert len(state["commit"]) == 40
    assert state["dirty"] == 3
    assert state["files"] == {
        "a b.txt": sha256_bytes(b"2"),
        "gone.txt": None,
        "sub/ä.txt": sha256_bytes(b"3"),
    }


def entries(root: Path) -> list[str]:
    command = ["git", "-C", str(root), "ls-files", "--stage", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sorted((line for line in listed.split("\0") if line), key=lambda line: line[50:])


def test_moves_in_the_index_leave_other_entries_alone(tmp_path: Path) -> None:
    assert move_in_index(tmp_path, [("a", "b")]) == []
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    project = tmp_path / "pro ject"
    project.mkdir()
    for name in ("a*.txt", "ab.txt", "taken.txt", "ä.txt"):
        (project / name).write_text(name)
    git(tmp_path, "add", ".")
    moves = [("a*.txt", "new\nline.txt"), ("ä.txt", "-dash.txt"), ("loose.txt", "x.txt")]
    assert move_in_index(project, moves) == []
    names = [
        "pro ject/-dash.txt",
        "pro ject/ab.txt",
        "pro ject/new\nline.txt",
        "pro ject/taken.txt",
    ]
    assert [line.split("\t")[1] for line in entries(tmp_path)] == names
    assert tracked(project, ["-dash.txt", "ä.txt", "a*.txt"]) == {"-dash.txt"}
    before = entries(tmp_path)
    assert "has a taken.txt already" in move_in_index(project, [("ab.txt", "taken.txt")])[0]
    assert entries(tmp_path) == before
    assert move_in_index(project, [("ab.txt", "taken.txt"), ("taken.txt", "ab.txt")]) == []
    assert entries(tmp_path) != before


def test_a_file_in_the_middle_of_a_merge_is_left_to_its_owner(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    (tmp_path / "a.txt").write_text("1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "start")
    git(tmp_path, "checkout", "--quiet", "-b", "other")
    (tmp_path / "a.txt").write_text("2\n")
    git(tmp_path, "commit", "--quiet", "-am", "two")
    git(tmp_path, "checkout", "--quiet", "main")
    (tmp_path / "a.txt").write_text("3\n")
    git(tmp_path, "commit", "--quiet", "-am", "three")
    with pytest.raises(subprocess.CalledProcessError):
        git(tmp_path, "merge", "other")
    before = entries(tmp_path)
    assert "in the middle of a merge" in move_in_index(tmp_path, [("a.txt", "b.txt")])[0]
    assert entries(tmp_path) == before
