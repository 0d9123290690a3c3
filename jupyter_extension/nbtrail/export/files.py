"""Writing what somebody asked for, without losing what was there."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from nbtrail.errors import ConflictError, OutsideProjectError, UsageError
from nbtrail.export.model import Content
from nbtrail.files import sha256_file, write_atomic

#: Stands in the first lines of what is written here, which may be written anew.
MARK = "by nbtrail"
_HEAD = 400
#: Folder that keeps what an export replaced, beside it; a number follows.
_KEPT = ".replaced-"
_SHOWN = 3


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
    if target.exists() and not _is_ours(target):
        if not force:
            raise ConflictError(
                f"{target.name} is there already, and nbtrail did not write it.",
                hint="Choose another name, or replace it with --force: it is kept.",
            )
        _keep(target.parent, [target.name])
    write_atomic(target, text.encode())


def _is_ours(target: Path) -> bool:
    try:
        with target.open("rb") as stream:
            return MARK.encode() in stream.read(_HEAD)
    except OSError:
        return False


def write_files(
    folder: Path, files: Sequence[Content], *, force: bool = False, own: Sequence[str] = ()
) -> str | None:
    """Write files into ``folder``, which is made where it is not there.

    Parameters
    ----------
    force
        Replace files of another content; they are kept in a folder beside the new ones.
    own
        Folders below that hold nothing but what is written here: a file left over in one of them
        counts as one of another content.

    Returns
    -------
    Name of the folder in ``folder`` that keeps what was replaced; ``None`` where nothing was.

    Raises
    ------
    ConflictError
        When something of another content is in the way. Nothing has been written then.
    OutsideProjectError
        When a path leads out of ``folder``.
    UsageError
        When ``folder`` is a file.
    """
    for file in files:
        # Paths come from the record, which others may have written.
        if file.path.startswith("/") or ".." in file.path.split("/"):
            raise OutsideProjectError(
                f"{file.path} leads out of the folder.", hint="Do not use this record."
            )
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file.", hint="Name a folder with -o.")
    replaced = _in_the_way(folder, files, own)
    if replaced and not force:
        names = ", ".join(replaced[:_SHOWN])
        more = f" and {len(replaced) - _SHOWN} more" if len(replaced) > _SHOWN else ""
        raise ConflictError(
            f"{folder.name or folder} has other versions of {names}{more}.",
            hint="Choose another folder with -o, or replace them with --force: they are kept.",
            detail={"files": replaced},
        )
    kept = _keep(folder, replaced) if replaced else None
    for file in files:
        target = folder / file.path
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.source is not None:
            shutil.copyfile(file.source, target)
        else:
            write_atomic(target, file.read())
    return kept


def _in_the_way(folder: Path, files: Sequence[Content], own: Sequence[str]) -> list[str]:
    """Paths that cannot be written without replacing something."""
    wanted = {file.path for file in files}
    found = {path for file in files if (path := _in_place_of(folder, file)) is not None}
    for name in own:
        for present in sorted((folder / name).rglob("*")):
            path = present.relative_to(folder).as_posix()
            # A link to a folder is not gone into, but must not stay either.
            if path not in wanted and (present.is_symlink() or not present.is_dir()):
                found.add(path)
    # A folder goes with all that is in it.
    return sorted(p for p in found if not any(str(up) in found for up in PurePosixPath(p).parents))


def _in_place_of(folder: Path, file: Content) -> str | None:
    """What stands where a file is to be, or a folder above it, and is not that."""
    target = folder / file.path
    for parent in target.parents:
        if parent == folder:
            break
        if parent.is_symlink() or (parent.exists() and not parent.is_dir()):
            return parent.relative_to(folder).as_posix()
    if not target.exists() and not target.is_symlink():
        return None
    if target.is_symlink() or not target.is_file() or not _is_same(target, file):
        return file.path
    return None


def _is_same(target: Path, file: Content) -> bool:
    if file.source is not None:
        return sha256_file(target) == sha256_file(file.source)
    return target.read_bytes() == file.read()


def _keep(folder: Path, paths: Sequence[str]) -> str:
    """Move files away, to where nobody looks for notebooks."""
    number = 1
    while (folder / f"{_KEPT}{number}").exists():
        number += 1
    kept = folder / f"{_KEPT}{number}"
    for path in paths:
        place = folder / path
        (kept / path).parent.mkdir(parents=True, exist_ok=True)
        place.rename(kept / path)
    return kept.name
