"""How strictly a rule is taken for one notebook, and whether ``nbtrail.toml`` names real rules.

The place decides first: the last of the ``[[policy.overrides]]`` that fit the notebook and say
something of the rule wins, then ``[policy.rules]``, then the groups of ``[policy]``, then the
rule's own level. Within one table the more exact key wins: a code or name before ``NBT60``
before ``NBT6``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from nbtrail.config import CONFIG_NAME, Config, Level, key_place
from nbtrail.errors import ConfigError
from nbtrail.notebooks.names import parse_name
from nbtrail.policy.catalogue import Rule
from nbtrail.project import Project
from nbtrail.toml_text import KeyPath

#: Keys of ``[policy]`` that stand for groups of rules, by what the codes begin with.
_GROUPS = (
    ("NBT101", "category"), ("NBT102", "category"), ("NBT104", "category"),
    ("NBT103", "description"), ("NBT3", "twin"), ("NBT9", "unreadable"),
)  # fmt: skip


def level_of(project: Project, rule: Rule, path: str) -> Level:
    """How strictly ``rule`` is taken for the notebook at this POSIX path."""
    policy = project.config.policy
    category: str | None = None
    for override in reversed(policy.overrides):
        if override.category and category is None:
            category = (parse_name(path, project.config.names).category or "").casefold()
        if override.category and override.category.casefold() != category:
            continue
        if not _lies_in(path, override.folder):
            continue
        level = _exact(override.rules, rule)
        if level is not None:
            return level
    level = _exact(policy.rules, rule)
    if level is not None:
        return level
    group = next((key for prefix, key in _GROUPS if rule.code.startswith(prefix)), None)
    return rule.level if group is None else getattr(policy, group)


def matches(key: str, rule: Rule) -> bool:
    """Whether ``key`` is the rule's code, what that begins with, or its name."""
    return key == rule.name or (key[:3] == "NBT" and rule.code.startswith(key))


def judged(project: Project) -> Project:
    """The project itself; with defaults and an error where its levels name no known rule."""
    policy = project.config.policy
    if project.config_error is not None or not (policy.rules or policy.overrides):
        return project
    from nbtrail.policy.registry import is_known, nearest

    for path in _rule_keys(project.config):
        key = str(path[-1])
        if not is_known(key):
            error = ConfigError(
                f"{_place(project, path)}: there is no rule {key}.", hint=nearest(key)
            )
            return replace(project, config=Config(), config_error=error)
    return project


def _rule_keys(config: Config) -> Iterator[KeyPath]:
    for key in config.policy.rules:
        yield ("policy", "rules", key)
    for index, override in enumerate(config.policy.overrides):
        for key in override.rules:
            yield ("policy", "overrides", index, "rules", key)


def _place(project: Project, path: KeyPath) -> str:
    try:
        return key_place((project.root / CONFIG_NAME).read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError):
        return CONFIG_NAME  # it has changed meanwhile


def _exact(levels: Mapping[str, Level], rule: Rule) -> Level | None:
    """What the most exact key says of a rule; ``None`` where none does."""
    if not levels:
        return None
    if rule.name in levels:
        return levels[rule.name]
    for length in range(len(rule.code), 2, -1):
        level = levels.get(rule.code[:length])
        if level is not None:
            return level
    return None


def _lies_in(path: str, folder: str) -> bool:
    folder = folder.strip("/").removeprefix("./")
    return not folder or folder == "." or path.startswith(folder + "/")
