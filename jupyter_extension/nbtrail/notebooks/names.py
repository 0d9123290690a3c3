"""Names of notebooks: sequence number, category word, description.

Word order, separators (``-``, ``_``, space, ``.``) and case are free. What counts is exactly
one category word as a whole token, and a description that says something.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath

from nbtrail.config import NamesConfig
from nbtrail.errors import UsageError

_SEPARATORS = re.compile(r"[-_\s.()]+")
_SEQUENCE = re.compile(r"^\d{1,4}[a-z]?$", re.IGNORECASE)
_DRAFT = re.compile(r"^untitled\d*(-copy\d*)?$", re.IGNORECASE)
_SAYS_SOMETHING = re.compile(r"[^\W\d_]{2,}", re.UNICODE)
_VERSION_WORD = re.compile(r"^(v?\d+|copy\d*|untitled\d*)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NotebookName:
    """What a notebook's file name says.

    Attributes
    ----------
    categories
        Every category word found, in order; a good name has exactly one.
    category
        That one, or ``None``.
    sequence
        Leading number such as ``3`` or ``2b``, else ``None``.
    description
        The remaining words joined by ``-``; empty when none of them says anything.
    draft
        Whether it is one of Jupyter's ``Untitled`` names.
    """

    path: str
    sequence: str | None
    category: str | None
    categories: tuple[str, ...]
    description: str
    draft: bool

    @property
    def title(self) -> str:
        """The description as people read it; the stem where there is none."""
        return self.description.replace("-", " ") or PurePosixPath(self.path).stem

    @property
    def sequence_key(self) -> tuple[int, str] | None:
        """Sort key of the sequence number: ``2 < 2b < 10``."""
        if self.sequence is None:
            return None
        digits = re.match(r"\d+", self.sequence)
        assert digits is not None
        return int(digits.group()), self.sequence[digits.end() :].lower()


def is_draft(path: str) -> bool:
    """Whether the file still has the name that Jupyter gave it."""
    return bool(_DRAFT.match(PurePosixPath(path).stem.strip()))


@lru_cache(maxsize=20_000)
def parse_name(path: str, config: NamesConfig) -> NotebookName:
    """Read what a notebook's path says; only its last part counts."""
    stem = PurePosixPath(path).stem
    tokens = words_of(stem)
    known = {word.casefold(): word for word in config.categories}
    found = tuple(known[t.casefold()] for t in tokens if t.casefold() in known)
    rest = [t for t in tokens if t.casefold() not in known]
    sequence = None
    if rest and _SEQUENCE.match(rest[0]) and tokens[0] == rest[0]:
        sequence, rest = rest[0], rest[1:]
    return NotebookName(
        path=path,
        sequence=sequence,
        category=found[0] if len(set(found)) == 1 else None,
        categories=found,
        description="-".join(rest) if says_something(rest, config.meaningless) else "",
        draft=is_draft(path),
    )


def build_name(category: str, description: str, sequence: str | None = None) -> str:
    """File name for a notebook: ``3-EXPERIMENTAL-gradient-boosting-depth.ipynb``.

    Raises
    ------
    UsageError
        When nothing of the description can stand in a file name, or the sequence is no number.
    """
    slug = re.sub(r"[^\w]+", "-", description.strip(), flags=re.UNICODE).strip("-_").lower()
    if not slug:
        raise UsageError(
            "The description is empty.", hint="Say in a few words what the notebook does."
        )
    if sequence is not None and not _SEQUENCE.match(sequence):
        raise UsageError(
            f"{sequence!r} is no sequence number.", hint="Use a number such as 3 or 2b."
        )
    name = "-".join(part for part in (sequence, category, slug) if part) + ".ipynb"
    if len(name.encode()) > 200:
        raise UsageError("The description is too long for a file name.", hint="Shorten it.")
    return name


def says_something(words: Iterable[str], meaningless: Iterable[str]) -> bool:
    """Whether one of the words is neither a number or version nor one of ``meaningless``."""
    empty = {word.casefold() for word in meaningless}
    return any(
        _SAYS_SOMETHING.search(word)
        and word.casefold() not in empty
        and not _VERSION_WORD.match(word)
        for word in words
    )


def words_of(stem: str) -> list[str]:
    """The parts of a file name's stem, whatever stands between them."""
    return [token for token in _SEPARATORS.split(stem) if token]
