"""All rules, put together from the modules that look for what breaks them."""

from __future__ import annotations

import difflib
import re

import msgspec

from nbtrail.errors import NotFoundError
from nbtrail.policy import code, datasets, merges, names, order, pipeline, silence, twins
from nbtrail.policy.catalogue import Rule
from nbtrail.policy.levels import level_of
from nbtrail.policy.pages import page_of
from nbtrail.project import Project

_GROUPS = (silence, names, datasets, twins, merges, order, pipeline, code)
#: Sorted by code.
ALL_RULES: tuple[Rule, ...] = tuple(
    sorted((rule for group in _GROUPS for rule in group.RULES), key=lambda rule: rule.code)
)
BY_CODE: dict[str, Rule] = {rule.code: rule for rule in ALL_RULES}

_BY_KEY = {key: rule for rule in ALL_RULES for key in (rule.code, rule.name)}
_PREFIX = re.compile(r"NBT\d{0,3}")


def rule(key: str) -> Rule:
    """The rule of this code or name.

    Raises
    ------
    NotFoundError
        With the nearest known name.
    """
    try:
        return _BY_KEY[key.upper() if key[:3].upper() == "NBT" else key]
    except KeyError:
        raise NotFoundError(f"There is no rule {key}.", hint=nearest(key)) from None


class RuleInfo(msgspec.Struct, frozen=True):
    """A rule as it is listed: ``level`` is the project's, ``page`` its text in Markdown."""

    code: str
    name: str
    title: str
    level: str
    page: str | None = None


def listed(project: Project, key: str | None = None) -> list[RuleInfo]:
    """All rules, or the one of this code or name with its page.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    return [
        RuleInfo(
            code=one.code,
            name=one.name,
            title=one.title,
            level=level_of(project, one, "").value,
            page=None if key is None else page_of(one.code),
        )
        for one in (ALL_RULES if key is None else (rule(key),))
    ]


def is_known(key: str) -> bool:
    """Whether this is a rule's code or name, or what the codes of some rules begin with."""
    if key in _BY_KEY:
        return True
    return bool(_PREFIX.fullmatch(key)) and any(r.code.startswith(key) for r in ALL_RULES)


def nearest(key: str) -> str:
    """A hint that names what was probably meant."""
    near = difflib.get_close_matches(key, _BY_KEY, n=1)
    return f"Did you mean {near[0]}?" if near else "See: nbtrail rules"
