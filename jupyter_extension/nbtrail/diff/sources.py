"""Differences between two source texts, line by line."""

from __future__ import annotations

import difflib


def diff_lines(a: str, b: str) -> list[dict[str, str]]:
    """Lines of both texts as ``{"op": "equal|delete|insert", "text": line}``, in order."""
    if a == b:
        return [{"op": "equal", "text": line} for line in a.splitlines()]
    lines_a, lines_b = a.splitlines(), b.splitlines()
    result: list[dict[str, str]] = []
    matcher = difflib.SequenceMatcher(None, lines_a, lines_b, autojunk=False)
    for op, i1, i2, j1, j2 in matcher.get_opcodes():
        if op == "equal":
            result.extend({"op": "equal", "text": line} for line in lines_a[i1:i2])
            continue
        result.extend({"op": "delete", "text": line} for line in lines_a[i1:i2])
        result.extend({"op": "insert", "text": line} for line in lines_b[j1:j2])
    return result
