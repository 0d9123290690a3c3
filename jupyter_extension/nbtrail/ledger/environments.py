"""Differences between two environments on record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

#: Parts of an environment that are compared entry by entry.
_PARTS = ("python", "platform", "variables", "gpu")


class EnvironmentDiff(msgspec.Struct, frozen=True):
    """What was added, removed and changed from one environment to another.

    ``added`` and ``removed`` map packages to versions, ``changed`` to ``[before, after]``.
    ``other`` holds what is no package, such as ``python.version`` or ``variables.TZ``, as
    ``[before, after]`` with ``None`` where there was nothing; ``origins`` packages of the same
    version that came from elsewhere, such as another commit.
    """

    a: str
    b: str
    added: dict[str, str]
    removed: dict[str, str]
    changed: dict[str, tuple[str, str]]
    origins: dict[str, tuple[Any, Any]]
    other: dict[str, tuple[Any, Any]]

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.removed or self.changed or self.origins or self.other)


def diff_environments(a: Mapping[str, Any], b: Mapping[str, Any]) -> EnvironmentDiff:
    """What changed from ``a`` to ``b``, two environments as `queries.environment` gives them."""
    before, after = a.get("packages") or {}, b.get("packages") or {}
    both = sorted(before.keys() & after.keys())
    from_a, from_b = a.get("origins") or {}, b.get("origins") or {}
    return EnvironmentDiff(
        a=a["id"],
        b=b["id"],
        added={name: after[name] for name in sorted(after.keys() - before.keys())},
        removed={name: before[name] for name in sorted(before.keys() - after.keys())},
        changed={n: (before[n], after[n]) for n in both if before[n] != after[n]},
        origins={
            name: (from_a.get(name), from_b.get(name))
            for name in both
            if before[name] == after[name] and from_a.get(name) != from_b.get(name)
        },
        other=_others(a, b),
    )


def _others(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    flat_a, flat_b = _flat(a), _flat(b)
    return {
        key: (flat_a.get(key), flat_b.get(key))
        for key in sorted(flat_a.keys() | flat_b.keys())
        if flat_a.get(key) != flat_b.get(key)
    }


def _flat(environment: Mapping[str, Any]) -> dict[str, Any]:
    found = {"cpu_count": environment.get("cpu_count")}
    for part in _PARTS:
        known = environment.get(part)
        if isinstance(known, Mapping):
            found.update({f"{part}.{key}": value for key, value in known.items()})
        elif known is not None:
            found[part] = known
    return found
