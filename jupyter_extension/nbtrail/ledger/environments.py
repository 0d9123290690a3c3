"""Differences between two environments on record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

_SHOWN = 3
#: Parts of an environment that are compared entry by entry.
_PARTS = ("python", "platform", "variables", "gpu", "conda")


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

    def summary(self) -> str:
        """The differences in a few words, such as ``numpy 2.0 → 2.1, polars added, 3 more``."""
        said = [f"{name} {a} → {b}" for name, (a, b) in self.changed.items()]
        said += [f"{name} added" for name in self.added]
        said += [f"{name} removed" for name in self.removed]
        said += [f"{name} from elsewhere" for name in self.origins]
        said += [f"{name} {_word(a)} → {_word(b)}" for name, (a, b) in self.other.items()]
        more = len(said) - _SHOWN
        shown = said[:_SHOWN] + ([f"{more} more"] if more > 0 else [])
        return ", ".join(shown) or "nothing that is told apart"


def _word(value: Any) -> str:
    return "none" if value is None else str(value)


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
