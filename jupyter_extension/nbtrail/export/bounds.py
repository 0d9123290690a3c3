"""How far from the record a result may be: ``[verify]`` of ``nbtrail.toml``, result by result."""

from __future__ import annotations

import fnmatch
from typing import Literal

import msgspec

from nbtrail.config import VerifyConfig
from nbtrail.notebooks.datasets import family_of

_TABLES = (".csv", ".tsv", ".txt")


class Bounds(msgspec.Struct, frozen=True):
    """Either will do: a part of the larger of two numbers, or a distance.

    ``whole`` says whether whole numbers of a table, which are often counts and names, may differ.
    """

    relative: float
    absolute: float
    whole: bool = False


def bounds_of_metric(name: str, config: VerifyConfig) -> Bounds:
    """The bounds of a metric."""
    return Bounds(config.tolerances.get(name, config.tolerance), 0.0)


def bounds_of_file(path: str, config: VerifyConfig) -> Bounds | Literal["exact", "ignore"]:
    """What a file's content is held to: numbers of a table within bounds, else every byte."""
    names = (path, family_of(path))
    if any(fnmatch.fnmatchcase(name, p) for p in config.ignore_files for name in names):
        return "ignore"
    if path.lower().endswith(_TABLES):
        return Bounds(config.tolerance, 0.0)
    return "exact"
