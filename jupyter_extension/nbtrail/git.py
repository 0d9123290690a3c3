"""What git says of a project: commit, branch, how much is not committed; and moves in its index."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
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


def tracked(root: Path, paths: Iterable[str]) -> set[str]:
    """Those of ``paths`` (POSIX, from ``root``) that are in the index; none without git."""
    return set(_index_entries(root, list(paths)))


def committed(root: Path, path: str) -> bytes | None:
    """The content of ``path`` (POSIX, from ``root``) at ``HEAD``; ``None`` where it has none."""
    return output(root, "cat-file", "blob", f"HEAD:./{path}")


def move_in_index(root: Path, moves: Sequence[tuple[str, str]]) -> list[str]:
    """Move index entries, all at once, as ``git mv`` does for files that were moved already.

    What is staged of a file goes along, and so what is not staged stays so; no other entry is
    touched. Files that are not tracked are left out. Nothing happens outside a repository.

    Parameters
    ----------
    root
        Folder that the paths are seen from.
    moves
        Old and new POSIX paths; chains and swaps are allowed.

    Returns
    -------
    list of str
        What could not be done and why, in words; empty when all went well.
    """
    entries = _index_entries(root, [path for move in moves for path in move])
    going = {old: new for old, new in moves if old in entries}
    if not going:
        return []
    problems = []
    for old, new in list(going.items()):
        if entries[old][2] != "0":
            problems.append(f"git: {old} is in the middle of a merge; git add it yourself.")
            del going[old]
        elif new in entries and new not in going:
            problems.append(f"git: the index has a {new} already; git add it yourself.")
            del going[old]
    prefix = (_git(root, "rev-parse", "--show-prefix") or "").rstrip("\n")
    lines = [f"0 {'0' * len(entries[old][1])}\t{prefix}{old}" for old in going]
    lines += [f"{entries[old][0]} {entries[old][1]}\t{prefix}{new}" for old, new in going.items()]
    text = "".join(line + "\0" for line in lines)
    if lines and _git(root, "update-index", "-z", "--index-info", stdin=text) is None:
        problems.append("git: the index could not be written; git add the renamed files yourself.")
    return problems


def _index_entries(root: Path, paths: Sequence[str]) -> dict[str, tuple[str, str, str]]:
    """Mode, object and stage of those paths that are in the index, by path from ``root``."""
    if not paths:
        return {}
    wanted = [f":(literal){path}" for path in dict.fromkeys(paths)]
    listed = _git(root, "ls-files", "--stage", "-z", "--", *wanted)
    found = {}
    for line in (listed or "").split("\0"):
        facts, _, path = line.partition("\t")
        if path in paths:
            mode, identity, stage = facts.split(" ")
            found[path] = (mode, identity, stage)
    return found


def _digest(file: Path) -> str | None:
    try:
        if not file.is_file() or file.stat().st_size > _MOST_BYTES:
            return None
    except OSError:
        return None
    return stable_sha256(file)[0]


def _git(root: Path, *arguments: str, stdin: str = "") -> str | None:
    """What git says, as text; names of files are bytes for git, whatever the locale is."""
    said = output(root, *arguments, stdin=stdin.encode("utf-8", "surrogateescape"))
    return None if said is None else said.decode("utf-8", "surrogateescape")


def output(root: Path, *arguments: str, stdin: bytes = b"") -> bytes | None:
    """What git says; ``None`` where it fails, is not there, or takes too long."""
    try:
        # Without optional locks a look never gets in the way of somebody's commit.
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(root), *arguments],
            input=stdin,
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
