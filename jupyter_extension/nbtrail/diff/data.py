"""JSON values compared with a tolerance: specifications of plots, and other data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from nbtrail.diff.shape import Verdict
from nbtrail.diff.text import TOLERANCE, compare_numbers

#: Keys of plots that are made up anew at each run, or say who made them.
_RANDOM_KEYS = frozenset({"uid", "usermeta", "plotlyServerURL", "$schema", "model_id"})
_LISTED, _EXCERPT, _DEEPEST = 20, 120, 100


def compare_data(
    a: Any, b: Any, *, specification: bool = False
) -> tuple[Verdict, str, dict[str, Any]]:
    """Compare JSON values; ``details`` lists the ``paths`` that differ and their ``count``.

    In a ``specification`` (Vega, Plotly, a widget) random names do not count.
    """
    if a == b:
        return "same", "", {}
    if specification:
        a, b = _plain_names(a), _plain_names(b)
    found: list[dict[str, Any]] = []
    count, largest = 0, 0.0
    for path, x, y in _differences(a, b, ""):
        size = _size(x, y)
        if size is not None and size <= TOLERANCE:
            largest = max(largest, size)
            continue
        if specification and path.rpartition(".")[2] in _RANDOM_KEYS:
            continue
        count += 1
        if count <= _LISTED:
            found.append({"path": path or ".", "a": _excerpt(x), "b": _excerpt(y)})
    if count:
        noun = "place" if count == 1 else "places"
        why = f"differs in {count} {noun}, first {found[0]['path']}"
        return "changed", why, {"paths": found, "count": count}
    if largest:
        return "noise", f"numbers within {largest:.1g}", {}
    return "noise", "random names", {}


def _differences(a: Any, b: Any, path: str, depth: int = 0) -> Iterator[tuple[str, Any, Any]]:
    if a == b:
        return
    if depth < _DEEPEST and isinstance(a, dict) and isinstance(b, dict):
        for key in [*a, *(key for key in b if key not in a)]:
            below = f"{path}.{key}" if path else str(key)
            yield from _differences(a.get(key), b.get(key), below, depth + 1)
    elif depth < _DEEPEST and isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from _differences(x, y, f"{path}[{index}]", depth + 1)
    else:
        yield path, a, b


def _plain_names(spec: Any) -> Any:
    """A Vega-Lite specification whose data sets are named by their order, not by a hash."""
    if not isinstance(spec, dict) or not isinstance(spec.get("datasets"), dict):
        return spec
    names = {name: f"data-{n}" for n, name in enumerate(spec["datasets"], 1)}

    def renamed(value: Any, depth: int = 0) -> Any:
        if depth >= _DEEPEST:
            return value
        if isinstance(value, dict):
            return {
                key: names.get(inner, inner)
                if key == "name" and isinstance(inner, str)
                else renamed(inner, depth + 1)
                for key, inner in value.items()
            }
        return [renamed(inner, depth + 1) for inner in value] if isinstance(value, list) else value

    rest = renamed({key: value for key, value in spec.items() if key != "datasets"})
    return rest | {"datasets": {names[name]: rows for name, rows in spec["datasets"].items()}}


def _size(a: Any, b: Any) -> float | None:
    for value in (a, b):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return None
    return compare_numbers(a, b)


def _excerpt(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (list, dict)) and len(value) > _EXCERPT:
        return f"{len(value)} {'items' if isinstance(value, list) else 'keys'}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"
