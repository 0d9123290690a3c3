"""git's drivers for notebooks: a diff of sources, and a merge by cells.

Two lines of `.gitattributes` name them, and every clone's own configuration says what they are:
git takes commands from no repository. A command finds nbtrail gone and does as git would alone.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Literal

import msgspec

from nbtrail.errors import ConfigError
from nbtrail.files import write_atomic
from nbtrail.notebooks.document import Notebook, dump_notebook, parse_notebook
from nbtrail.notebooks.plain import plain_text

DRIVER = "nbtrail"
ATTRIBUTES = ".gitattributes"
LINE = f"*.ipynb diff={DRIVER} merge={DRIVER}"
#: Exit status of the merge command for conflicts; 1 is also what a program that fails gives.
CONFLICTS = 101

_DIFF, _MERGE, _OWN = f"diff.{DRIVER}", f"merge.{DRIVER}", f"{DRIVER}.attributes"
#: What `git diff` shows behind the place of a change: headings, functions, classes.
_HEADINGS = r"^(#+ .*|(def|class|async def) .*)$"

#: ``$1`` nbtrail. Where it is gone, notebooks are shown and merged as the text that they are.
_FIND = 'n={own}; [ -x "$n" ] || n=$(command -v nbtrail) || n=;'
_TEXT = 'f() {{ {find} {{ [ "$n" ] && "$n" git-text -- "$1" 2>/dev/null; }} || cat "$1"; }}; f'
_MERGING = (
    'f() {{ {find} [ "$n" ] && "$n" git-merge -- "$@"; '
    "case $? in 0) exit 0;; {conflicts}) exit 1;; esac; "
    'git merge-file -q -L ours -L base -L theirs --marker-size="$4" "$2" "$1" "$3" || exit 1; }}; '
    "f %O %A %B %L %P"
)
_PROGRAM = re.compile(r" n=('(?:[^']|'\"'\"')*'|\S+);")

State = Literal["ready", "unknown", "gone", "off", "no-git"]


class DriverState(msgspec.Struct, frozen=True):
    """Whether git uses the drivers here.

    ``state`` is ready; unknown: `.gitattributes` names them, this clone does not know them;
    gone: the nbtrail that it knows is not there; off; no-git. ``message`` says what to do.
    """

    state: State
    message: str


def driver_state(root: Path) -> DriverState:
    """How git stands to the drivers in the project at ``root``; nothing is written."""
    if _git(root, "rev-parse", "--git-dir") is None:
        return DriverState("no-git", "not a git repository")
    named = (_git(root, "check-attr", "merge", "--", "x.ipynb") or "").strip()
    if not named.endswith(f": {DRIVER}"):
        return DriverState("off", "git merges notebooks as text: nbtrail init --git")
    known = _git(root, "config", "--get", f"{_MERGE}.driver")
    if known is None:
        message = "this clone does not know the drivers that .gitattributes names"
        return DriverState("unknown", f"{message}: nbtrail init --git")
    found = _PROGRAM.search(known)
    program = shlex.split(found[1])[0] if found else ""
    if not Path(program).is_file():
        message = f"the drivers call {program or 'nothing'}, which is not there"
        return DriverState("gone", f"{message}: nbtrail init --git")
    return DriverState("ready", "diff and merge of notebooks by nbtrail")


def install(root: Path) -> list[str]:
    """Set the drivers up; returns what was written. Doing it again repairs what is amiss.

    Raises
    ------
    ConfigError
        Where there is no git repository, or it cannot be written.
    """
    if _git(root, "rev-parse", "--git-dir") is None:
        raise ConfigError(f"{root} is no git repository.", hint="Run `git init` first.")
    written = []
    find = _FIND.format(own=shlex.quote(str(_program())))
    settings = {
        f"{_DIFF}.textconv": _TEXT.format(find=find),
        f"{_DIFF}.xfuncname": _HEADINGS,
        f"{_MERGE}.name": "notebooks by cell",
        f"{_MERGE}.driver": _MERGING.format(find=find, conflicts=CONFLICTS),
    }
    for key, value in settings.items():
        if (_git(root, "config", "--local", "--get", key) or "").rstrip("\n") != value:
            _must(root, "config", "--local", key, value)
            written = [".git/config"]
    file = root / ATTRIBUTES
    data = file.read_bytes() if file.exists() else None
    lines = [] if data is None else data.splitlines()
    if LINE.encode() not in [line.strip() for line in lines]:
        ended = not data or data.endswith(b"\n")
        # Remembered, so that removing them leaves the file as it was.
        origin = "made" if data is None else "ended" if ended else "open"
        _must(root, "config", "--local", _OWN, origin)
        _write(file, (data or b"") + (b"" if ended else b"\n") + LINE.encode() + b"\n")
        written.append(ATTRIBUTES)
    return written


def remove(root: Path) -> list[str]:
    """Take the drivers away; `.gitattributes` and configuration are as they were before.

    Raises
    ------
    ConfigError
        Where they cannot be written.
    """
    origin = (_git(root, "config", "--local", "--get", _OWN) or "").strip()
    written = []
    for section in (_DIFF, _MERGE, DRIVER):
        if _git(root, "config", "--local", "--remove-section", section) is not None:
            written = [".git/config"]
    file = root / ATTRIBUTES
    if not file.exists():
        return written
    lines = file.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if line.strip() != LINE.encode()]
    if len(kept) == len(lines):
        return written
    if not kept and origin == "made":
        file.unlink()
    else:
        is_last = lines[-1].strip() == LINE.encode()
        data = b"".join(kept)
        _write(file, data.removesuffix(b"\n") if origin == "open" and is_last else data)
    return [*written, ATTRIBUTES]


def text_of_file(file: Path) -> str:
    """What the diff driver shows of a notebook file; raises UnreadableNotebookError."""
    return plain_text(parse_notebook(file.read_bytes(), file.name))


def merge_files(base: Path, ours: Path, theirs: Path, marker_size: int) -> tuple[str, ...]:
    """Merge into ``ours``, as git asks for it; returns a line for each conflict that is left.

    Raises
    ------
    UnreadableNotebookError
        When one of the files is no notebook: nothing has been written then.
    StoreError
        When git cannot be called to merge the lines of a cell.
    """
    from nbtrail.pairing.gitmerge import merge_notebooks

    contents = [file.read_bytes() for file in (base, ours, theirs)]
    before, mine, other = (
        {"cells": [], "metadata": {}, "nbformat": 4} if not data.strip() and file is base
        else parse_notebook(data, file.name)
        for file, data in zip((base, ours, theirs), contents, strict=True)
    )  # fmt: skip
    merged = merge_notebooks(before, mine, other, marker_size)
    if not _same(merged.notebook, mine):
        same = _same(merged.notebook, other)
        write_atomic(ours, contents[2] if same else dump_notebook(merged.notebook))
    return merged.conflicts


def _same(a: Notebook, b: Notebook) -> bool:
    return dump_notebook(a) == dump_notebook(b)


def _program() -> Path:
    """The command as it lies beside this interpreter."""
    return Path(sys.executable).parent / "nbtrail"


def _write(file: Path, data: bytes) -> None:
    try:
        write_atomic(file, data)
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be written: {error.strerror}.", hint="Make its folder writable."
        ) from error


def _must(root: Path, *arguments: str) -> None:
    if _git(root, *arguments) is None:
        raise ConfigError(
            f"git refused `git {arguments[0]}` in {root}.", hint="Is .git/config writable?"
        )


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
