"""What git says of a project: commit, branch, and how much is not committed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

_TIMEOUT = 5.0


def git_state(root: Path) -> dict[str, Any] | None:
    """``commit``, ``branch`` (``None`` when detached) and number of ``dirty`` files.

    ``None`` outside a repository, without git, or when git takes too long.
    """
    status = _git(root, "status", "--porcelain=v2", "--branch", "--untracked-files=normal")
    if status is None:
        return None
    commit = branch = None
    dirty = 0
    for line in status.splitlines():
        if line.startswith("# branch.oid "):
            commit = line.removeprefix("# branch.oid ")
        elif line.startswith("# branch.head "):
            branch = line.removeprefix("# branch.head ")
        elif not line.startswith("#"):
            dirty += 1
    return {
        "commit": None if commit == "(initial)" else commit,
        "branch": None if branch == "(detached)" else branch,
        "dirty": dirty,
    }


def _git(root: Path, *arguments: str) -> str | None:
    try:
        # Without optional locks a look never gets in the way of somebody's commit.
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(root), *arguments],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
