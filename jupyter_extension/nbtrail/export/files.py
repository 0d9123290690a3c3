"""Writing what somebody asked for, without losing what was there."""

from __future__ import annotations

from pathlib import Path

from nbtrail.errors import ConflictError, UsageError
from nbtrail.files import write_atomic

#: Stands in the first lines of what is written here, which may be written anew.
MARK = "by nbtrail"
_HEAD = 400


def write_asked(target: Path, text: str, *, force: bool = False) -> None:
    """Write ``text`` to ``target``; a file that somebody else wrote is replaced only by ``force``.

    Raises
    ------
    UsageError
        When the folder is not there.
    ConflictError
        When a file of somebody else's is in the way.
    """
    if not target.parent.is_dir():
        raise UsageError(f"There is no folder {target.parent}.", hint="Make it first.")
    if target.exists() and not force and not _is_ours(target):
        raise ConflictError(
            f"{target.name} is there already, and nbtrail did not write it.",
            hint="Choose another name, or replace it with --force.",
        )
    write_atomic(target, text.encode())


def _is_ours(target: Path) -> bool:
    try:
        with target.open("rb") as stream:
            return MARK.encode() in stream.read(_HEAD)
    except OSError:
        return False
