"""A recorded environment made real: with uv where there is one, else with venv and pip."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import msgspec

from nbtrail.errors import ConflictError, RebuildError
from nbtrail.export.requirements import Missing, Requirements

#: Told what is being done, a line at a time.
Say = Callable[[str], None]
_LAST_LINES = 12


class Rebuilt(msgspec.Struct, frozen=True):
    """An environment that was built.

    ``kernel`` is the name of its kernelspec; ``None`` where the record has no ipykernel, so that
    it has none.
    """

    folder: str
    python: str
    kernel: str | None
    missing: tuple[Missing, ...]


def rebuild(
    wanted: Requirements, folder: Path, *, label: str, say: Say, register: bool = True
) -> Rebuilt:
    """Make a virtual environment with the recorded versions, and register its kernel.

    Parameters
    ----------
    wanted
        What was recorded.
    folder
        Where the environment goes; it must not be there yet, or be empty.
    label
        What people call the kernel.
    say
        Told what is being done.
    register
        Whether Jupyter gets to know its kernel.

    Raises
    ------
    ConflictError
        When the folder holds something.
    RebuildError
        When no such Python is there, or something cannot be installed. Nothing is left then.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError(f"{folder} is not empty.", hint="Name a folder that is not there yet.")
    was_there = folder.exists()
    try:
        return _build(wanted, folder, label if register else None, say)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        if was_there:
            folder.mkdir()
        raise


def _build(wanted: Requirements, folder: Path, label: str | None, say: Say) -> Rebuilt:
    version = ".".join(wanted.python.split(".")[:2])
    uv = shutil.which("uv")
    say(f"Making {folder} with Python {version or 'of this environment'}")
    if uv is not None:
        _run([uv, "venv", "--quiet", *(["--python", version] if version else []), str(folder)])
    else:
        _run([find_python(version), "-m", "venv", str(folder)])
    python = folder / "bin" / "python"
    file = folder / "requirements.txt"
    file.write_text(wanted.text(), encoding="utf-8")
    say(f"Installing {len(wanted.lines)} distributions")
    # All are named with their versions: nothing is looked for beyond them.
    if uv is not None:
        pip = [uv, "pip", "install", "--quiet", "--python", str(python), "--no-deps"]
    else:
        pip = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-input"]
        pip.append("--disable-pip-version-check")
    _run([*pip, "--requirement", str(file)])
    kernel = None if label is None else _register(wanted, python, label, say)
    return Rebuilt(str(folder), wanted.python, kernel, wanted.missing)


def find_python(version: str) -> str:
    """An interpreter of that version (``3.11``); any will do where it is empty.

    Raises
    ------
    RebuildError
        When there is none.
    """
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if version in ("", here):
        return sys.executable
    for name in (f"python{version}", "python3", "python"):
        found = shutil.which(name)
        if found is not None and _version_of(found) == version:
            return found
    raise RebuildError(
        f"There is no Python {version} on this machine.",
        hint=f"Install it so that python{version} is found, or install uv, which fetches it.",
    )


def _version_of(python: str) -> str | None:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _register(wanted: Requirements, python: Path, label: str, say: Say) -> str | None:
    if not any(line.startswith("ipykernel==") for line in wanted.lines):
        return None
    name = f"nbtrail-{wanted.environment[:8]}"
    say(f"Registering its kernel as {name}")
    install = [str(python), "-m", "ipykernel", "install", "--name", name]
    install += ["--display-name", label]
    # Where the Jupyter that runs here looks first; else where the user's own kernels are.
    place = ["--prefix", sys.prefix] if os.access(sys.prefix, os.W_OK) else ["--user"]
    _run([*install, *place])
    return name


def _run(command: Sequence[str]) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        _fail(command, str(error))
    if done.returncode != 0:
        _fail(command, "\n".join(done.stdout.strip().splitlines()[-_LAST_LINES:]))


def _fail(command: Sequence[str], said: str) -> NoReturn:
    raise RebuildError(
        f"{Path(command[0]).name} {' '.join(command[1:4])} … failed:\n{said}",
        hint="Nothing was left behind.",
    )
