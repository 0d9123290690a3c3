"""What git says of a notebook: commits that touched it, and checkouts that changed it."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence
from pathlib import Path

from nbtrail import git
from nbtrail.history.timeline import GitEvent

#: Commits and checkouts that are looked at.
_MOST = 1000
_RECORD, _FIELD = "\x1e", "\x1f"
_SHORT = 10


def git_events(root: Path, path: str) -> list[GitEvent]:
    """Newest first; empty outside a repository, without git, or where git takes too long."""
    found = _commits(root, path) + _checkouts(root, path)
    return sorted(found, key=lambda event: -event.at)


def git_mark(root: Path) -> bytes:
    """What is another one when there are new commits on a branch, or another one is checked out."""
    heads = git.output(root, "rev-parse", "HEAD", "--branches")
    last = git.output(root, "log", "-g", "-n1", "--date=unix", "--format=%gd", "HEAD", "--")
    return (heads or b"") + (last or b"")


def _commits(root: Path, path: str) -> list[GitEvent]:
    """Commits on all branches that touched the file, under the names that it had."""
    form = _FIELD.join(("%H", "%ct", "%an", "%S", "%s"))
    said = git.output(
        root, "-c", "core.quotePath=false", "log", f"-n{_MOST}", "--branches", "--source",
        "--follow", "--relative", "--name-only", f"--format={_RECORD}{form}", "HEAD", "--", path,
    )  # fmt: skip
    found = []
    for record in _text(said).split(_RECORD)[1:]:
        head, _, names = record.partition("\n")
        revision, at, author, source, subject = head.split(_FIELD, 4)
        name = next((line for line in names.splitlines() if line), path)
        branch = source.removeprefix("refs/heads/")
        where = f" ({branch})" if branch not in ("", "HEAD") else ""
        found.append(
            GitEvent(float(at), "commit", revision, author, f"commit: {subject}{where}", name)
        )
    return found


def _checkouts(root: Path, path: str) -> list[GitEvent]:
    """Changes of branch by which the file became another one, from git's reflog."""
    form = _FIELD.join(("%H", "%gd", "%gn", "%gs"))
    said = git.output(
        root, "log", "-g", f"-n{_MOST}", "--date=unix", f"--format={form}", "HEAD", "--"
    )
    lines = [line.split(_FIELD, 3) for line in _text(said).splitlines() if line]
    moves = [
        (after, before[0])
        for after, before in itertools.pairwise(lines)
        if after[3].startswith("checkout: ") and after[0] != before[0]
    ]
    contents = _blobs(root, path, {r for after, before in moves for r in (after[0], before)})
    found = []
    for (revision, moment, author, subject), before in moves:
        if contents.get(revision) == contents.get(before) or contents.get(revision) is None:
            continue
        at = float(moment.partition("{")[2].rstrip("}") or 0)
        what = "switched " + subject.removeprefix("checkout: moving ")
        found.append(GitEvent(at, "branch", revision, author, what, path))
    return found


def contents(root: Path, wanted: Sequence[tuple[str, str]]) -> dict[str, bytes]:
    """Files at revisions as ``REVISION:PATH``; what git does not have is left out."""
    asked = [(revision, path) for revision, path in wanted if "\n" not in path]
    if not asked:
        return {}
    prefix = _text(git.output(root, "rev-parse", "--show-prefix")).rstrip("\n")
    lines = "".join(f"{revision}:{prefix}{path}\n" for revision, path in asked)
    said = git.output(root, "cat-file", "--batch", stdin=lines.encode("utf-8", "surrogateescape"))
    found: dict[str, bytes] = {}
    answers = io.BytesIO(said or b"")
    for revision, path in asked:
        head = answers.readline().split()
        if len(head) == 3 and head[1] == b"blob":
            found[f"{revision}:{path}"] = answers.read(int(head[2]))
            answers.readline()
    return found


def _blobs(root: Path, path: str, revisions: set[str]) -> dict[str, str | None]:
    """The file's object at each revision; ``None`` where it has none."""
    wanted = sorted(revisions)
    if not wanted or "\n" in path:
        return {}
    prefix = _text(git.output(root, "rev-parse", "--show-prefix")).rstrip("\n")
    asked = "".join(f"{revision}:{prefix}{path}\n" for revision in wanted)
    said = git.output(
        root, "cat-file", "--batch-check", stdin=asked.encode("utf-8", "surrogateescape")
    )
    answers = [line.split() for line in _text(said).splitlines()]
    return {
        revision: answer[0] if answer[1:2] == ["blob"] else None
        for revision, answer in zip(wanted, answers, strict=False)
    }


def _text(said: bytes | None) -> str:
    return "" if said is None else said.decode("utf-8", "surrogateescape")
