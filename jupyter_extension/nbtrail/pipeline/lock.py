"""One run at a time: a lock that the system lets go when its process ends, however it ends."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from pathlib import Path

from nbtrail.errors import LockedError, StoreError

_NAME = "run.lock"


def acquire(state_dir: Path, run: str) -> int:
    """Take the project's lock for a run; returns the file descriptor that holds it.

    The descriptor can be handed to another process, which then holds the lock.

    Raises
    ------
    LockedError
        When another run holds it; ``detail["run"]`` says which.
    """
    path = state_dir / _NAME
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(
            f"The lock {path} cannot be made: {error.strerror}.", hint="Make the folder writable."
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        owner = _owner(path)
        raise LockedError(
            f"Run {owner or 'of another process'} is under way in this project.",
            hint="Wait until it has ended, or cancel it: in JupyterLab's panel, or with Ctrl-C "
            "where it was started.",
            detail={"run": owner},
        ) from None
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps({"run": run, "starter": os.getpid()}).encode(), 0)
    return handle


def is_held(state_dir: Path) -> bool:
    """Whether a living process holds the project's lock."""
    try:
        handle = os.open(state_dir / _NAME, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # A shared lock, so that two who look at the same moment do not see each other.
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _owner(path: Path) -> str | None:
    with contextlib.suppress(OSError, ValueError):
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, dict) and isinstance(content.get("run"), str):
            return str(content["run"])
    return None
