"""What git says of a project: commit, branch, and how much is not committed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from nbtrail.files import stable_sha256
from nbtrail.project import STATE_NAME

_TIMEOUT = 5.0
_MOST_FILES, _MOST_BYTES = 200, 20_000_000
#: Spaces before the path in lines of changed and of unmerged files.
_FIELDS = {"1": 8, "u": 10}


def git_state(root: Path) -> dict[str, Any] | None:
    """``commit``, ``branch`` (``None`` when detached) and number of ``dirty`` files.

    ``files`` maps those that differ from the commit, seen from ``root``, to the SHA-256 of their
    content, or to ``None`` where they are gone or too many or too large to be read.
    ``None`` outside a repository, without git, or when git takes too long.
    """
    arguments = ("--porcelain=v2", "--branch", "--untracked-files=normal", "-z")
    status = _git(root, "status", *arguments, "--no-renames", "--", ".", f":!{STATE_NAME}")
    if status is None:
        return None
    commit = branch = None
    prefix = (_git(root, "rev-parse", "--show-prefix") or "").rstrip("\n")
    files: dict[str, str | None] = {}
    for line in status.split("\0"):
        if line.startswith("# branch.oid "):
            commit = line.removeprefix("# branch.oid ")
        elif line.startswith("# branch.head "):
            branch = line.removeprefix("# branch.head ")
        elif line and not line.startswith("#"):
            path = line.split(" ", _FIELDS.get(line[0], 1))[-1].removeprefix(prefix)
            files[path] = _digest(root / path) if len(files) < _MOST_FILES else None
    return {
        "commit": None if commit == "(initial)" else commit,
        "branch": None if branch == "(detached)" else branch,
        "dirty": len(files),
        "files": files,
    }


def _digest(file: Path) -> str | None:
    try:
        if not file.is_file() or file.stat().st_size > _MOST_BYTES:
            return None
    except OSError:
        return None
    return stable_sha256(file)[0]


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
