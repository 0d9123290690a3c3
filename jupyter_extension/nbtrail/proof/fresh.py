"""Environments made from the record, for steps that are to run in nothing else."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from nbtrail.config import StepConfig
from nbtrail.errors import NbtrailError
from nbtrail.ledger.queries import environment
from nbtrail.ledger.store import Store
from nbtrail.project import Project
from nbtrail.proof.baseline import Baseline

#: Makes an environment on record in a folder, and says what of it could not be made.
Make = Callable[[Mapping[str, Any], Path, Callable[[str], None]], tuple[str, ...]]
_FOLDER = "environments"


class Fresh(msgspec.Struct, frozen=True):
    """Environments that were made.

    Attributes
    ----------
    folders
        Where that of each step lies, by the step's path.
    missing
        What could not be rebuilt, and why.
    """

    folders: dict[str, str]
    missing: tuple[str, ...]


def make_environments(
    project: Project, store: Store, baseline: Baseline, make: Make, say: Callable[[str], None]
) -> Fresh:
    """Make the environment of each recorded step; those that were made before are used again.

    Raises
    ------
    RebuildError
        When one cannot be made.
    """
    folders: dict[str, str] = {}
    missing: dict[str, None] = {}
    for step in baseline.steps:
        identity = step.environment or baseline.environment
        payload = None if identity is None else _recorded(store, identity)
        if identity is None or payload is None:
            missing[f"{step.path}: the environment in which it ran is not on record."] = None
            continue
        folder = project.state_dir / _FOLDER / identity[:16]
        missing.update(dict.fromkeys(make(payload, folder, say)))
        folders[step.path] = str(folder)
    return Fresh(folders, tuple(missing))


def alone() -> None:
    """Let kernels of this process see no packages but those of their own environment."""
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
        os.environ.pop(name, None)
    os.environ["PYTHONNOUSERSITE"] = "1"


def in_environments(project: Project, fresh: Fresh) -> Project:
    """The project with its steps declared to run in these environments."""
    pipeline = project.config.pipeline
    declared = {step.path: step for step in pipeline.steps}
    for path, folder in fresh.folders.items():
        step = declared.get(path) or StepConfig(path=path)
        declared[path] = msgspec.structs.replace(step, environment=folder, kernel="")
    changed = msgspec.structs.replace(pipeline, steps=tuple(declared.values()))
    config = msgspec.structs.replace(project.config, pipeline=changed)
    return dataclasses.replace(project, config=config)


def _recorded(store: Store, identity: str) -> Mapping[str, Any] | None:
    try:
        with store.read() as connection:
            return environment(connection, identity)
    except NbtrailError:
        return None
