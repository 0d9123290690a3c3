"""Differences between environments."""

from __future__ import annotations

from typing import Any

from nbtrail.ledger.environments import diff_environments


def environment(identity: str, **packages: str) -> dict[str, Any]:
    return {
        "id": identity,
        "python": {"version": "3.11.7", "implementation": "CPython"},
        "variables": {"TZ": "UTC"},
        "cpu_count": 2,
        "packages": packages,
        "origins": {},
    }


def test_the_same_environment() -> None:
    found = diff_environments(environment("a", numpy="2.0"), environment("b", numpy="2.0"))
    assert found.is_same


def test_what_came_went_and_changed() -> None:
    before = environment("a", numpy="2.0", pandas="2.2", mine="0.1")
    after = environment("b", numpy="2.1", polars="1.0", mine="0.1")
    after["python"]["version"] = "3.12.1"
    after["variables"] = {"OMP_NUM_THREADS": "1"}
    after["origins"] = {"mine": {"url": "git+https://example.org/mine", "vcs_info": {}}}
    after["gpu"] = ["A100"]
    found = diff_environments(before, after)
    assert (found.a, found.b) == ("a", "b")
    assert found.added == {"polars": "1.0"}
    assert found.removed == {"pandas": "2.2"}
    assert found.changed == {"numpy": ("2.0", "2.1")}
    assert found.origins == {"mine": (None, after["origins"]["mine"])}
    assert found.other == {
        "gpu": (None, ["A100"]),
        "python.version": ("3.11.7", "3.12.1"),
        "variables.OMP_NUM_THREADS": (None, "1"),
        "variables.TZ": ("UTC", None),
    }
    assert not found.is_same
    assert found.summary() == "numpy 2.0 → 2.1, polars added, pandas removed, 5 more"
