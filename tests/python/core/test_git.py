"""What git says of a project."""

from __future__ import annotations

import subprocess
from pathlib import Path

from nbtrail.files import sha256_bytes
from nbtrail.git import git_state


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
