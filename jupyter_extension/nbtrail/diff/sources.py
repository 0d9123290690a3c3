"""Differences between two source texts: by line, and by character within lines."""

from __future__ import annotations

import re
from collections.abc import Callable

from nbtrail.diff.sequences import common
from nbtrail.diff.shape import Line, LineOp

#: Lines with less in common (share of characters in equal words) are no counterparts.
_ALIKE = 0.3
#: Longer lines are compared from their ends only; more lines are paired in their order.
_LONGEST, _MOST_LINES = 1_000, 40
_WORDS = re.compile(r"\d+(?:\.\d+)?|\w+|\s+|[^\w\s]")

Spans = list[list[int]]


def diff_lines(a: str, b: str) -> list[Line]:
    """Lines of both texts in order, deleted ones before the inserted ones in their place."""
    lines_a, lines_b = a.splitlines(), b.splitlines()
    if lines_a == lines_b:
        return lines_of(a)
    result: list[Line] = []
    i1 = j1 = 0
    for i, j in [*common(lines_a, lines_b), (len(lines_a), len(lines_b))]:
        if i > i1 or j > j1:
            result.extend(_replaced(lines_a[i1:i], lines_b[j1:j]))
        if i < len(lines_a):
            result.append({"op": "equal", "text": lines_a[i]})
        i1, j1 = i + 1, j + 1
    return result


def lines_of(text: str, op: LineOp = "equal") -> list[Line]:
    """All lines of a text under one operation."""
    return [{"op": op, "text": line} for line in text.splitlines()]


def character_spans(a: str, b: str) -> tuple[Spans, Spans] | None:
    """What of line ``a`` is not in ``b``, and the other way round; ``None`` for too little alike.

    Words are matched first, then what two words that replace each other begin and end with: a
    renamed variable is marked as that, not as letters that happen to be the same.
    """
    if max(len(a), len(b)) > _LONGEST:
        return _inner(a, b, 0, 0)
    words_a, words_b = _WORDS.findall(a), _WORDS.findall(b)
    pairs = common(words_a, words_b)
    shared = sum(len(words_a[i]) for i, _ in pairs if not words_a[i].isspace())
    spans_a: Spans = []
    spans_b: Spans = []
    at_a = at_b = i1 = j1 = 0
    for i, j in [*pairs, (len(words_a), len(words_b))]:
        old, new = "".join(words_a[i1:i]), "".join(words_b[j1:j])
        if old or new:
            in_a, in_b = _inner(old, new, at_a, at_b)
            shared += (len(old) + len(new) - _length(in_a) - _length(in_b)) // 2
            spans_a += in_a
            spans_b += in_b
        width = len(words_a[i]) if i < len(words_a) else 0
        at_a, at_b = at_a + len(old) + width, at_b + len(new) + width
        i1, j1 = i + 1, j + 1
    weight = max(len(a.strip()), len(b.strip()), 1)
    return (spans_a, spans_b) if shared >= _ALIKE * weight else None


def _replaced(old: list[str], new: list[str]) -> list[Line]:
    deleted: list[Line] = [{"op": "delete", "text": line} for line in old]
    inserted: list[Line] = [{"op": "insert", "text": line} for line in new]
    for i, j in _counterparts(old, new):
        spans = character_spans(old[i], new[j])
        if spans is not None:
            deleted[i]["spans"], inserted[j]["spans"] = spans
    return deleted + inserted


def _counterparts(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """Which line became which: in order, and where the numbers differ the most alike ones."""
    if len(old) == len(new) or max(len(old), len(new)) > _MOST_LINES:
        return list(zip(range(len(old)), range(len(new)), strict=False))
    swapped = len(old) > len(new)
    few, many = (new, old) if swapped else (old, new)
    words = [set(_WORDS.findall(line[:_LONGEST])) for line in many]
    found, start = [], 0
    for position, line in enumerate(few):
        wanted = set(_WORDS.findall(line[:_LONGEST]))
        last = len(many) - (len(few) - position) + 1
        best = max(
            range(start, last),
            key=lambda index: 2 * len(wanted & words[index]) - len(words[index]),
        )
        found.append((best, position) if swapped else (position, best))
        start = best + 1
    return found


def shared_ends(a: str, b: str) -> tuple[int, int]:
    """How many characters two texts begin and end with alike; they do not overlap."""
    most = min(len(a), len(b))
    head = _longest(most, lambda n: a[:n] == b[:n])
    most -= head
    return head, _longest(most, lambda n: a[len(a) - n :] == b[len(b) - n :])


def _longest(most: int, holds: Callable[[int], bool]) -> int:
    """The largest number that a condition holds for which, once failed, fails for all larger."""
    least = 0
    while least < most:
        middle = (least + most + 1) // 2
        if holds(middle):
            least = middle
        else:
            most = middle - 1
    return least


def _inner(old: str, new: str, at_old: int, at_new: int) -> tuple[Spans, Spans]:
    """What is left of two texts between equal beginnings and equal ends."""
    head, tail = shared_ends(old, new)
    spans: list[Spans] = []
    for text, at in ((old, at_old), (new, at_new)):
        start, end = at + head, at + len(text) - tail
        spans.append([[start, end]] if end > start else [])
    return spans[0], spans[1]


def _length(spans: Spans) -> int:
    return sum(end - start for start, end in spans)
