"""What a rule is, and what breaks it before anybody asks how strictly it is taken.

Modules with rules export ``RULES``; `nbtrail.policy.registry` puts them together.
"""

from __future__ import annotations

import msgspec

from nbtrail.config import Level

__all__ = ["Level", "Problem", "Rule"]


class Rule(msgspec.Struct, frozen=True):
    """One rule.

    Attributes
    ----------
    code
        ``NBT`` and three digits; see INTERFACES for what the first one means.
    name
        What stands for the code in ``nbtrail.toml`` and in comments: ``unseeded-randomness``.
    title
        One line for lists and SARIF.
    level
        How strictly it is taken where nothing else is said.
    """

    code: str
    name: str
    title: str
    level: Level


class Problem(msgspec.Struct, frozen=True):
    """A rule that one notebook breaks.

    ``message`` says what, where and what to do; ``line`` counts in the cell, from 1.
    """

    code: str
    message: str
    cell_id: str | None = None
    line: int | None = None
