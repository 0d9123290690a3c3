"""Names of datasets: a date and a family.

``data/2026-11-20_titanic-train_age-binned.csv`` is the family
``data/titanic-train_age-binned.csv`` as of 20 November 2026. A re-run on another day writes
another file of the same family, not another dataset.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

_DATE = re.compile(
    r"(?<!\d)(?P<date>(?:19|20)\d{2}(?P<sep>[-_.]?)(?:0[1-9]|1[0-2])(?P=sep)(?:0[1-9]|[12]\d|3[01]))(?!\d)"
)


@dataclass(frozen=True, slots=True)
class DatasetName:
    """What a dataset's file name says: ISO date or ``None``, and its family's POSIX path."""

    date: str | None
    family: str


@lru_cache(maxsize=65_536)
def parse_dataset(path: str) -> DatasetName:
    """Split a dataset's POSIX path into date and family."""
    pure = PurePosixPath(path)
    match = _DATE.search(pure.name)
    if match is None:
        return DatasetName(None, path)
    before, after = pure.name[: match.start()], pure.name[match.end() :]
    left, right = before.rstrip("-_. "), after.lstrip("-_ ")
    if left and right and not right.startswith("."):
        rest = left + before[len(left) :][:1] + right
    else:
        rest = left + right
    if not rest or rest.startswith("."):
        return DatasetName(None, path)
    digits = re.sub(r"\D", "", match["date"])
    iso = f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    return DatasetName(iso, str(pure.with_name(rest)))


def family_of(path: str) -> str:
    """The family of a dataset's POSIX path; an undated path is its own family."""
    return parse_dataset(path).family


def dated(family: str, date: str) -> str:
    """POSIX path of a family's dataset of one ISO date."""
    pure = PurePosixPath(family)
    return str(pure.with_name(f"{date}_{pure.name}"))
