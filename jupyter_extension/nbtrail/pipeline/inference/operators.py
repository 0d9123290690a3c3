"""Operators and subscripts on values that are known in part."""

from __future__ import annotations

import ast

from nbtrail.pipeline.inference import library
from nbtrail.pipeline.inference.values import (
    HOLE,
    UNKNOWN,
    DateValue,
    Instance,
    PathValue,
    Value,
    either,
    squeeze,
    text_or_hole,
)


def operate(operator: ast.operator, left: Value, right: Value) -> Value:
    """``left <operator> right``."""
    if isinstance(operator, ast.Div):
        if isinstance(left, PathValue) or isinstance(right, (PathValue, str)):
            return PathValue(squeeze(library.join(text_or_hole(left), text_or_hole(right))))
        return UNKNOWN
    if isinstance(operator, ast.Add):
        if isinstance(left, str) or isinstance(right, str):
            return squeeze(text_or_hole(left) + text_or_hole(right))
        if isinstance(left, list) and isinstance(right, list):
            return left + right
        if isinstance(left, (int, float)) and isinstance(right, (int, float)):
            return left + right
        return DateValue() if isinstance(left, DateValue) else UNKNOWN
    if isinstance(operator, ast.Sub) and isinstance(left, DateValue):
        return DateValue()
    if isinstance(operator, ast.Mod) and isinstance(left, str):
        return _percent(left, right)
    numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
    if numbers and isinstance(operator, (ast.Sub, ast.Mult)) and abs(left) + abs(right) < 1e9:
        return left - right if isinstance(operator, ast.Sub) else left * right
    return UNKNOWN


def _percent(template: str, right: Value) -> Value:
    values = right if isinstance(right, (tuple, dict)) else (right,)
    known = values.values() if isinstance(values, dict) else values
    if library.is_wide(template) or "*" in template:
        return HOLE
    if all(isinstance(v, (str, int, float)) for v in known):
        try:
            return template % values
        except (TypeError, ValueError, KeyError):
            return HOLE
    texts = tuple(text_or_hole(v) for v in known)
    try:
        return squeeze(template.replace("%d", "%s") % texts)
    except (TypeError, ValueError, KeyError):
        return HOLE


def item_of(owner: Value, key: Value) -> Value:
    """``owner[key]``."""
    if isinstance(owner, (list, tuple)):
        if type(key) is int and -len(owner) <= key < len(owner):
            return owner[key]
        return either(list(owner)) if key is UNKNOWN else UNKNOWN
    if isinstance(owner, dict):
        if isinstance(key, (str, int, float)):
            return owner.get(key, UNKNOWN)
        return either(list(owner.values())) if key is UNKNOWN else UNKNOWN
    if isinstance(owner, Instance) and isinstance(key, str):
        return owner.names.get(key, UNKNOWN)
    if isinstance(owner, str):
        return HOLE
    return UNKNOWN
