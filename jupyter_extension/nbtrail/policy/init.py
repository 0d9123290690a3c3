"""Adopting a folder: configuration, state folder, baseline, ignore lines, twins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbtrail.config import CONFIG_NAME
from nbtrail.errors import ConfigError, NbtrailError, StoreError
from nbtrail.files import write_atomic
from nbtrail.pairing.drivers import driver_state, install
from nbtrail.pairing.formats import judge_format
from nbtrail.pairing.sync import sync
from nbtrail.policy.baseline import BASELINE_NAME, load_baseline, take_baseline, write_baseline
from nbtrail.policy.levels import judged
from nbtrail.project import STATE_IGNORE, STATE_NAME, Project, load_project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store

_CONFIG = """\
# Settings of nbtrail. Every line may be left out; what stands here are the defaults, except
# for [policy]. Unknown keys are refused with the nearest known name.

[policy]
# How strictly each rule is taken: "off", "warn" or "enforce". Notebooks that were here when
# this file was written only warn until somebody edits them.
category = "enforce"     # the file name holds exactly one category word
description = "enforce"  # ... and a few words that say what the notebook holds
twin = "enforce"         # every notebook has a readable text beside it

# All other rules warn; `nbtrail rules` lists them. By code, beginning of the code, or name:
# [policy.rules]
# NBT403 = "off"
# NBT6 = "enforce"
#
# [[policy.overrides]]
# folder = "sketches"
# rules = { NBT4 = "off" }

[names]
categories = ["EXPLORATION", "CLEANING", "EXPERIMENTAL", "DEPLOY"]
# Notebooks in this folder follow no rules and belong to no pipeline.
scratch = "scratch"

[pairing]
# Format of the twins, in jupytext's short form: "py:percent", "md", ...
format = "py:percent"

[datasets]
# Where nbtrail.dataset("name.csv") reads and writes <date>_name.csv.
folder = "data"

[verify]
# Largest relative difference between metrics that still counts as identical.
tolerance = 1e-9
"""

_IGNORE_LINES = (".ipynb_checkpoints/", "__pycache__/")
_ATTRIBUTE_LINES = ("*.ipynb text eol=lf", f"{STATE_NAME}/runs/*.json text eol=lf")


class InitResult(msgspec.Struct, frozen=True):
    """What adopting a folder wrote.

    Attributes
    ----------
    root
        The project's folder.
    written
        Files that were made or added to, POSIX from the root, in the order of writing.
    baseline
        How many notebooks are on record as older than the rules.
    problems
        Notebooks whose twin could not be made, with the reason.
    """

    root: str
    written: tuple[str, ...]
    baseline: int
    problems: tuple[str, ...]


def init_project(root: Path, *, twins: bool = True, git: bool = False) -> InitResult:
    """Make ``root`` a project; what is there already stays as it is.

    ``git`` lets git show and merge notebooks by cell in this clone, too.

    Raises
    ------
    ConfigError
        When the folder cannot be written, or its ``nbtrail.toml`` cannot be used.
    """
    if not root.is_dir():
        raise ConfigError(f"{root} is no folder.", hint="Make it, or name another.")
    written: list[str] = []
    try:
        fresh = not (root / CONFIG_NAME).exists()
        if fresh:
            write_atomic(root / CONFIG_NAME, _CONFIG.encode())
            written.append(CONFIG_NAME)
        project = judged(load_project(root))
        if project.config_error is not None:
            raise project.config_error
        judge_format(project)
        _write_state_folder(project, written, fresh=fresh)
        _add_lines(root / ".gitignore", _IGNORE_LINES, written)
        _add_lines(root / ".gitattributes", _ATTRIBUTE_LINES, written)
    except OSError as error:
        raise ConfigError(
            f"{root} cannot be adopted: {error.strerror or error}.",
            hint="Make the folder writable, or adopt a copy of it.",
        ) from error
    if git:
        written += [name for name in install(root) if name not in written]
    problems = _write_twins(project, written) if twins else []
    state = driver_state(root)
    if state.state in ("unknown", "gone"):
        problems.append(f"git: {state.message}")
    known = len(load_baseline(project).notebooks)
    return InitResult(str(project.root), tuple(written), known, tuple(problems))


def _write_state_folder(project: Project, written: list[str], *, fresh: bool) -> None:
    folder = project.root / STATE_NAME
    folder.mkdir(exist_ok=True)
    if not (folder / ".gitignore").exists():
        write_atomic(folder / ".gitignore", STATE_IGNORE.encode())
        written.append(f"{STATE_NAME}/.gitignore")
    # Only what was there before the rules is excused, not what broke them since.
    if fresh and not (folder / BASELINE_NAME).exists():
        write_baseline(project, take_baseline(project))
        written.append(f"{STATE_NAME}/{BASELINE_NAME}")


def _add_lines(file: Path, lines: tuple[str, ...], written: list[str]) -> None:
    """Append the lines that are missing; what is there stays, whatever its encoding."""
    data = file.read_bytes() if file.exists() else b""
    present = {line.strip() for line in data.splitlines()}
    missing = [line for line in (text.encode() for text in lines) if line not in present]
    if not missing:
        return
    end = b"\r\n" if b"\r\n" in data else b"\n"
    if data and not data.endswith(b"\n"):
        data += end
    write_atomic(file, data + b"".join(line + end for line in missing))
    written.append(file.name)


def _write_twins(project: Project, written: list[str]) -> list[str]:
    problems = []
    store = _store_of(project)
    try:
        for path in project.notebooks():
            try:
                result = sync(project, store, path)
            except NbtrailError as error:
                problems.append(str(error))
                continue
            if result.wrote_twin and result.twin is not None:
                written.append(result.twin)
            problems += [conflict.message for conflict in result.conflicts]
    finally:
        if store is not None:
            store.close()
    return problems


def _store_of(project: Project) -> Store | None:
    from nbtrail.ledger.store import Store

    try:
        return Store.open(project)
    except StoreError:
        return None  # twins need no ledger; `nbtrail doctor` says what is wrong with it
