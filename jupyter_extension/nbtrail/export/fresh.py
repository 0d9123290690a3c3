"""An environment made from the record for the steps of a verify, and used again by the next."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbtrail
from nbtrail.errors import RebuildError
from nbtrail.export.rebuild import rebuild
from nbtrail.export.requirements import requirements_of

_COMPLETE = "nbtrail-complete"
#: What of nbtrail no kernel needs.
_NOT_FOR_KERNELS = ("__pycache__", "labextension")


def make_environment(
    recorded: Mapping[str, Any], folder: Path, say: Callable[[str], None]
) -> tuple[str, ...]:
    """Make an environment on record real, unless ``folder`` holds it already.

    Where nbtrail itself cannot be installed again, the one that runs here takes its place.

    Returns
    -------
    What could not be rebuilt, and why, by name.

    Raises
    ------
    RebuildError
        When it cannot be made, or has no ipykernel.
    """
    wanted = requirements_of(recorded)
    if not any(line.startswith("ipykernel==") for line in wanted.lines):
        raise RebuildError(
            f"Environment {wanted.environment[:12]} has no ipykernel that can be installed again.",
            hint="See what it holds: `nbtrail env freeze`.",
        )
    missing = []
    for one in wanted.missing:
        here = " That of the nbtrail which verifies is used." if one.name == "nbtrail" else ""
        missing.append(f"{one.name} {one.version}: {one.why}{here}")
    if (folder / _COMPLETE).exists():
        return tuple(missing)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    rebuild(wanted, folder, label="", say=say, register=False)
    if any(one.name == "nbtrail" for one in wanted.missing):
        (place,) = folder.glob("lib/python*/site-packages")
        ignore = shutil.ignore_patterns(*_NOT_FOR_KERNELS)
        shutil.copytree(Path(nbtrail.__file__).parent, place / "nbtrail", ignore=ignore)
    (folder / _COMPLETE).touch()
    return tuple(missing)
