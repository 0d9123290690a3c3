"""Contents side by side: tables by their columns, text by its numbers, images by their pixels.

What there is no reader for is compared by bytes, and the result says so.
"""

from __future__ import annotations

import base64
import contextlib
import csv
import io
import itertools
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal

import msgspec

from nbtrail.diff import images
from nbtrail.proof.tolerances import Span, are_close, relative_difference

How = Literal["bytes", "columns", "values", "text", "pixels"]

#: All pixels count, however many.
_ALL = images.PixelBudget(left=None)
_NUMBER = re.compile(r"[+-]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?")
_IMAGES = frozenset((".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".svg"))
_LONGEST_EXCERPT = 120
#: Characters of one field of a table.
_LONGEST_FIELD = 1 << 30


class Contents(msgspec.Struct, frozen=True):
    """What came of comparing two contents.

    Attributes
    ----------
    how
        What was compared: ``bytes`` where there is no reader for the kind of file.
    largest
        The largest relative difference between two numbers; of images the part of the pixels.
    where
        Where they first differ, for people; empty where they do not.
    expected, actual
        What stands there.
    """

    is_same: bool
    how: How
    largest: float = 0.0
    where: str = ""
    expected: str = ""
    actual: str = ""


class _Found:
    """Collects pairs of values until all are seen; keeps the first that is too far apart."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self.largest = 0.0
        self.first: tuple[str, str, str] | None = None

    def pair(self, a: Any, b: Any, where: str) -> None:
        if not self._is_same(a, b) and self.first is None:
            self.first = where, excerpt(a), excerpt(b)

    def _is_same(self, a: Any, b: Any) -> bool:
        if a == b and isinstance(a, bool) == isinstance(b, bool):
            return True
        numbers = _number(a), _number(b)
        if None in numbers:
            return False
        if not self.span.is_asked_for and _is_whole(a) and _is_whole(b):
            return numbers[0] == numbers[1]
        size = relative_difference(*numbers)
        if size != float("inf"):
            self.largest = max(self.largest, size)
        return are_close(*numbers, self.span.within)

    def result(self, how: How) -> Contents:
        if self.first is None:
            return Contents(True, how, self.largest)
        return Contents(False, how, self.largest, *self.first)


def compare_contents(path: str, a: bytes, b: bytes, span: Span) -> Contents:
    """Compare two contents of a file; its name tells of what kind it is.

    Parameters
    ----------
    a, b
        What was recorded, and what there is now.
    """
    if a == b:
        return Contents(True, "bytes")
    suffix = posixpath.splitext(path.lower())[1]
    if suffix in _IMAGES:
        with contextlib.suppress(UnicodeDecodeError):
            return compare_images(path.lower(), a, b, span)
    reader = _READERS.get(suffix)
    if reader is not None:
        try:
            found = reader(a, b, span)
        except Exception:
            # Whatever a library makes of a damaged file: its bytes can be compared.
            found = None
        if found is not None:
            return found
    return Contents(False, "bytes", where="bytes", expected=f"{len(a)} B", actual=f"{len(b)} B")


def compare_text(a: str, b: str, span: Span) -> Contents:
    """Compare two texts: the same words, with numbers that are close enough."""
    found = _Found(span)
    lines = itertools.zip_longest(a.splitlines(), b.splitlines())
    for number, (left, right) in enumerate(lines, start=1):
        if left == right:
            continue
        words = _NUMBER.split(left or ""), _NUMBER.split(right or "")
        if left is None or right is None or words[0] != words[1]:
            found.first = found.first or (f"line {number}", excerpt(left), excerpt(right))
            continue
        before = found.first
        for x, y in zip(_NUMBER.findall(left), _NUMBER.findall(right), strict=True):
            found.pair(x, y, f"line {number}")
        if found.first is not before:
            # A number says little without its line.
            found.first = (f"line {number}", excerpt(left), excerpt(right))
    return found.result("text")


def compare_images(name: str, a: bytes, b: bytes, span: Span) -> Contents:
    """Compare two images by their pixels, an SVG by its text."""
    if name.endswith(".svg"):
        found = images.compare_images("image/svg+xml", a.decode(), b.decode(), _ALL)
    else:
        before, now = (base64.b64encode(data).decode() for data in (a, b))
        mime = f"image/{posixpath.splitext(name)[1].lstrip('.')}"
        found = images.compare_images(mime, before, now, _ALL)
    return of_image(*found, span)


def of_image(verdict: str, why: str, details: Mapping[str, Any], span: Span | None) -> Contents:
    """What the pixels say, where as many may differ as ``span`` allows."""
    share = float(details.get("share", 0.0 if verdict != "changed" else 1.0))
    allowed = 0.0 if span is None else span.within.pixels
    if verdict != "changed" or share <= allowed:
        return Contents(True, "pixels", share)
    return Contents(False, "pixels", share, why)


def excerpt(value: Any) -> str:
    """A value in few words."""
    text = "" if value is None else str(value)
    return text if len(text) <= _LONGEST_EXCERPT else text[:_LONGEST_EXCERPT] + "…"


def _compare_separated(separator: str) -> Callable[[bytes, bytes, Span], Contents]:
    def compare(a: bytes, b: bytes, span: Span) -> Contents:
        left, right = (
            csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=separator)
            for data in (a, b)
        )
        # The limit is that of the whole process.
        usual = csv.field_size_limit(_LONGEST_FIELD)
        try:
            return _compare_rows(left, right, span)
        finally:
            csv.field_size_limit(usual)

    return compare


def _compare_rows(a: Iterator[list[str]], b: Iterator[list[str]], span: Span) -> Contents:
    head, other = next(a, []), next(b, [])
    if head != other:
        return Contents(
            False, "columns", 0.0, "columns", *map(excerpt, map(", ".join, (head, other)))
        )
    found = _Found(span)
    for number, (left, right) in enumerate(itertools.zip_longest(a, b), start=1):
        if left == right:
            continue
        if left is None or right is None:
            counts = (number - (row is None) + sum(1 for _ in rest)
                      for row, rest in ((left, a), (right, b)))  # fmt: skip
            return Contents(False, "columns", found.largest, "rows", *map(str, counts))
        names = itertools.chain(head, itertools.repeat("?"))
        for name, x, y in zip(names, left, right, strict=False):
            found.pair(x, y, f"row {number}, column {name}")
        if len(left) != len(right):
            found.first = found.first or (f"row {number}", excerpt(left), excerpt(right))
    return found.result("columns")


def _compare_json(a: bytes, b: bytes, span: Span) -> Contents:
    found = _Found(span)
    _walk(msgspec.json.decode(a), msgspec.json.decode(b), "$", found)
    return found.result("values")


def _compare_json_lines(a: bytes, b: bytes, span: Span) -> Contents:
    found = _Found(span)
    left, right = ([msgspec.json.decode(line) for line in data.splitlines()] for data in (a, b))
    _walk(left, right, "$", found)
    return found.result("values")


def _walk(a: Any, b: Any, where: str, found: _Found) -> None:
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        for key, value in a.items():
            _walk(value, b[key], f"{where}.{key}", found)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index, (x, y) in enumerate(zip(a, b, strict=True)):
            _walk(x, y, f"{where}[{index}]", found)
    elif isinstance(a, list) and isinstance(b, list):
        found.pair(f"{len(a)} entries", f"{len(b)} entries", where)
    else:
        found.pair(a, b, where)


def _compare_parquet(a: bytes, b: bytes, span: Span) -> Contents | None:
    if find_spec("pyarrow") is None:
        return None
    parquet = import_module("pyarrow.parquet")
    left, right = (parquet.read_table(io.BytesIO(data)) for data in (a, b))
    if left.column_names != right.column_names:
        names = (excerpt(", ".join(table.column_names)) for table in (left, right))
        return Contents(False, "columns", 0.0, "columns", *names)
    if left.num_rows != right.num_rows:
        return Contents(False, "columns", 0.0, "rows", str(left.num_rows), str(right.num_rows))
    found = _Found(span)
    for name in left.column_names:
        x, y = left.column(name), right.column(name)
        if x.type != y.type:
            found.pair(str(x.type), str(y.type), f"type of column {name}")
        elif not x.equals(y):
            _compare_column(name, x.to_pylist(), y.to_pylist(), found)
    return found.result("columns")


def _compare_column(name: str, a: Iterable[Any], b: Iterable[Any], found: _Found) -> None:
    for number, (x, y) in enumerate(zip(a, b, strict=True), start=1):
        found.pair(x, y, f"row {number}, column {name}")


def _number(value: Any) -> float | None:
    """A value as a number; ``None`` where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _is_whole(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lstrip("+-").isdigit()
    return isinstance(value, int)


_READERS: dict[str, Callable[[bytes, bytes, Span], Contents | None]] = {
    ".csv": _compare_separated(","),
    ".tsv": _compare_separated("\t"),
    ".json": _compare_json,
    ".jsonl": _compare_json_lines,
    ".ndjson": _compare_json_lines,
    ".parquet": _compare_parquet,
}
