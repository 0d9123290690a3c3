"""What a recipe is made of."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import Any

import msgspec

from nbtrail.export.bounds import Bounds
from nbtrail.export.requirements import Requirements


class Problem(msgspec.Struct, frozen=True):
    """Something that a recipe cannot bring along: what it is, why, and what to do."""

    name: str
    why: str
    fix: str


class Content(msgspec.Struct, frozen=True):
    """A file of a recipe: its bytes, or the file that has them."""

    path: str
    data: bytes | None = None
    source: Path | None = None

    def read(self) -> bytes:
        """The content."""
        if self.data is not None:
            return self.data
        return b"" if self.source is None else self.source.read_bytes()


class WantedMetric(msgspec.Struct, frozen=True):
    """A metric on record, and how far from it still counts as the same."""

    value: float | None
    relative: float
    absolute: float


class WantedFile(msgspec.Struct, frozen=True):
    """A file on record; ``within`` where numbers in it may differ, by so much."""

    path: str
    sha256: str
    within: Bounds | None


class RecipeStep(msgspec.Struct, frozen=True):
    """One step: ``environment`` is the place of its environment in `Recipe.environments`."""

    path: str
    kernel: str
    environment: int
    metrics: dict[str, WantedMetric]
    files: tuple[WantedFile, ...]

    @property
    def folder(self) -> str:
        """The folder in which its kernel works, from the project's root; ``.`` for that itself."""
        return posixpath.dirname(self.path) or "."


class Recipe(msgspec.Struct, frozen=True):
    """A run, ready to be repeated elsewhere.

    Attributes
    ----------
    date
        ISO date that ``nbtrail.dataset`` takes for today.
    params
        Parameters of the run, those that are secrets left out.
    secrets
        Names of those.
    variables
        Environment variables that change what code computes, as they were.
    contents
        Files that the steps need: notebooks as they ran, local modules, inputs.
    folders
        Folders that the steps write to.
    expected
        Tables of the run, to be compared by their numbers.
    """

    project: str
    run: str
    date: str
    data_folder: str
    tolerance: float
    timeout: float
    params: dict[str, Any]
    secrets: tuple[str, ...]
    variables: dict[str, str]
    environments: tuple[Requirements, ...]
    steps: tuple[RecipeStep, ...]
    contents: tuple[Content, ...]
    folders: tuple[str, ...]
    expected: tuple[Content, ...]
    uses_nbtrail: bool
    problems: tuple[Problem, ...]

    @property
    def order(self) -> tuple[str, ...]:
        """Paths of the steps, in order."""
        return tuple(step.path for step in self.steps)
