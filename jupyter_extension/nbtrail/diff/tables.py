"""HTML tables as pandas writes them, compared cell by cell."""

from __future__ import annotations

import html
import re
from typing import Any

from nbtrail.diff.sequences import common
from nbtrail.diff.shape import Verdict
from nbtrail.diff.text import TOLERANCE, compare_numbers, compare_text

# None of these looks beyond the next tag: a thousand that are never closed take no time.
_PLAIN_CELL = re.compile(r"<(t[hd])\b[^<>]*>([^<]*)</", re.IGNORECASE)
_CELL = re.compile(r"<(t[hd])\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
#: Differences listed; the others are counted.
_LISTED = 20
#: Larger ones are compared as text.
_LONGEST = 2_000_000

Row = tuple[tuple[str, ...], tuple[str, ...]]


def compare_tables(a: str, b: str) -> tuple[Verdict, str, dict[str, Any]] | None:
    """Compare two HTML texts that hold one table each; ``None`` for others.

    Rows are matched by their labels, then by their place; columns likewise.
    """
    if max(len(a), len(b)) > _LONGEST or a.count("<table") != 1 or b.count("<table") != 1:
        return None
    (head_a, rows_a), (head_b, rows_b) = _parse(a), _parse(b)
    if not rows_a or not rows_b:
        return None
    columns = _matched(head_a, head_b)
    rows = _matched([row[0] for row in rows_a], [row[0] for row in rows_b])
    found, count, largest = _cells(rows_a, rows_b, rows, columns, head_b)
    details: dict[str, Any] = {
        "cells": found[:_LISTED],
        "count": count,
        "rows": _changed(len(rows_a), len(rows_b), len(rows)),
        "columns": _changed(len(head_a), len(head_b), len(columns)),
    }
    reshaped = any(details[axis][key] for axis in ("rows", "columns") for key in details[axis])
    if count or reshaped:
        return "changed", _sentence(details), details
    if largest:
        return "noise", f"numbers within {largest:.1g}", details
    # The table is the same: what stands around it may be not.
    verdict, why, _ = compare_text(_around(a), _around(b), html=True)
    return (verdict, why, details) if verdict == "changed" else ("noise", "markup only", details)


def _parse(text: str) -> tuple[list[str], list[Row]]:
    """Labels of the columns, and the rows, each with its labels and its values."""
    head: list[str] = []
    rows: list[Row] = []
    for inner in _rows(text):
        found = _PLAIN_CELL.findall(inner)
        if 2 * len(found) != inner.count("<"):
            # Text before the first cell, then a tag and what follows it in turns.
            parts = _CELL.split(inner)
            found = list(zip(parts[1::2], parts[2::2], strict=True))
        labels = tuple([_plain(value) for tag, value in found if tag in ("th", "TH")])
        values = tuple([_plain(value) for tag, value in found if tag in ("td", "TD")])
        if values:
            rows.append((labels, values))
        elif not rows:
            head = list(labels)
    width = max((len(values) for _, values in rows), default=0)
    # The first header cells stand above the labels of the rows.
    return (head[len(head) - width :] if len(head) >= width else _numbered(width)), rows


def _rows(text: str) -> list[str]:
    """What stands in each row."""
    if "<TR" in text:
        text = text.replace("<TR", "<tr").replace("</TR", "</tr")
    return [part.partition("</tr")[0].partition(">")[2] for part in text.split("<tr")[1:]]


def _plain(value: str) -> str:
    if "<" in value:
        value = _TAG.sub("", value)
    return (html.unescape(value) if "&" in value else value).strip()


def _numbered(width: int) -> list[str]:
    return [str(number) for number in range(1, width + 1)]


def _matched(a: list[Any], b: list[Any]) -> list[tuple[int, int]]:
    """Pairs of equal labels; in order where labels say nothing or all of them changed."""
    pairs = common(a, b)
    if len(a) == len(b) and len(pairs) < len(a) and not (set(a) & set(b)):
        return list(zip(range(len(a)), range(len(b)), strict=True))
    return pairs


def _cells(
    rows_a: list[Row],
    rows_b: list[Row],
    rows: list[tuple[int, int]],
    columns: list[tuple[int, int]],
    head: list[str],
) -> tuple[list[dict[str, Any]], int, float]:
    """The first cells that changed, how many did, and the largest difference that is none."""
    found: list[dict[str, Any]] = []
    count, largest = 0, 0.0
    for i, j in rows:
        if rows_a[i] == rows_b[j] and len(columns) == len(head):
            continue
        labels, values_b = rows_b[j]
        values_a = rows_a[i][1]
        name = " / ".join(labels) or str(j + 1)
        if rows_a[i][0] != labels:
            count += 1
            found.append({"row": name, "column": "", "a": " / ".join(rows_a[i][0]), "b": name})
        for p, q in columns:
            x = values_a[p] if p < len(values_a) else None
            y = values_b[q] if q < len(values_b) else None
            if x == y:
                continue
            size = _difference(x, y)
            if size is not None and size <= TOLERANCE:
                largest = max(largest, size)
                continue
            count += 1
            if count <= _LISTED:
                found.append({"row": name, "column": head[q], "a": x, "b": y})
    return found, count, largest


def _difference(a: str | None, b: str | None) -> float | None:
    try:
        return None if a is None or b is None else compare_numbers(float(a), float(b))
    except ValueError:
        return None


def _changed(before: int, after: int, kept: int) -> dict[str, int]:
    return {"added": after - kept, "removed": before - kept}


def _sentence(details: dict[str, Any]) -> str:
    parts = []
    if details["count"]:
        parts.append(f"{details['count']} table cell{'' if details['count'] == 1 else 's'} differ")
    for axis in ("rows", "columns"):
        for how in ("added", "removed"):
            count = details[axis][how]
            if count:
                parts.append(f"{count} {axis[:-1] if count == 1 else axis} {how}")
    text = ", ".join(parts)
    return text if details["count"] != 1 else text.replace("cell differ", "cell differs", 1)


def _around(text: str) -> str:
    start, end = text.find("<table"), text.rfind("</table>")
    text = text[:start] + text[end:]
    return re.sub(r"<style\b.*?</style>", "", text, flags=re.DOTALL)
