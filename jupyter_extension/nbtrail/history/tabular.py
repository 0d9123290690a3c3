"""What a table holds, in short: rows, columns, types, and a few numbers for each column.

Only tables as text (CSV, TSV) are read, as streams and without another library; of Parquet what
its footer says, where pyarrow is installed.
"""

from __future__ import annotations

import contextlib
import csv
import io
import math
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

#: Bytes beyond which a table is not read: a comparison must not take minutes.
LARGEST = 20_000_000
#: Different values of a column that are counted.
_MOST_VALUES = 10_000
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-"})
_DELIMITERS = {".csv": ",", ".tsv": "\t"}

ColumnType = Literal["integer", "number", "text", "empty"]


class Column(msgspec.Struct, frozen=True):
    """A column: its type, missing values, different values, and numbers where it holds such.

    ``unique`` stops counting at 10,000. ``mean``, ``std`` (of the population), ``minimum`` and
    ``maximum`` are those of the values that are there.
    """

    type: str
    missing: int = 0
    unique: int = 0
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    std: float | None = None


class Table(msgspec.Struct, frozen=True):
    """A table in short."""

    rows: int
    columns: dict[str, Column]


class TableDiff(msgspec.Struct, frozen=True):
    """How two tables differ; ``[before, after]`` everywhere.

    ``statistics`` holds for each column of both what changed of missing, unique, minimum,
    maximum, mean and std.
    """

    rows: tuple[int, int]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    types: dict[str, tuple[str, str]]
    statistics: dict[str, dict[str, tuple[float | None, float | None]]]

    def in_words(self) -> str:
        """``rows 891 → 700, column age removed``."""
        said = []
        if self.rows[0] != self.rows[1]:
            said.append(f"rows {self.rows[0]} → {self.rows[1]}")
        for names, ending in ((self.added, "added"), (self.removed, "removed")):
            if names:
                said.append(f"column{'' if len(names) == 1 else 's'} {_few(names)} {ending}")
        if self.types:
            said.append(f"type of {_few(self.types)} changed")
        moved = [
            f"mean of {name} {values['mean'][0]:.6g} → {values['mean'][1]:.6g}"
            for name, values in self.statistics.items()
            if "mean" in values and None not in values["mean"]
        ]
        said += moved[:2]
        if not said and self.statistics:
            said.append(f"values of {_few(self.statistics)} changed")
        return ", ".join(said)


def _few(names: Iterable[str], most: int = 3) -> str:
    listed = list(names)
    more = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {more} more" if more > 0 else "")


def is_table(path: str) -> bool:
    """Whether a file of this name can be summarised."""
    return path.lower().endswith((*_DELIMITERS, ".parquet"))


def summarise(path: str, data: bytes) -> Table | None:
    """A table in short; ``None`` for what is none, or too large."""
    if len(data) > LARGEST:
        return None
    suffix = path[path.rfind(".") :].lower()
    if suffix == ".parquet":
        return _parquet(data)
    try:
        text = data.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_DELIMITERS[suffix])
        return _read(reader)
    except (csv.Error, UnicodeDecodeError):
        return None


def diff_tables(before: Table, after: Table) -> TableDiff:
    """How ``after`` differs from ``before``."""
    a, b = before.columns, after.columns
    statistics = {}
    for name in b:
        if name not in a:
            continue
        changed = {
            key: (getattr(a[name], key), getattr(b[name], key))
            for key in Column.__struct_fields__
            if key != "type" and getattr(a[name], key) != getattr(b[name], key)
        }
        if changed:
            statistics[name] = changed
    return TableDiff(
        rows=(before.rows, after.rows),
        added=tuple(name for name in b if name not in a),
        removed=tuple(name for name in a if name not in b),
        types={n: (a[n].type, b[n].type) for n in b if n in a and a[n].type != b[n].type},
        statistics=statistics,
    )


class _Counter:
    """Gathers the numbers of one column; mean and spread by Welford's method."""

    def __init__(self) -> None:
        self.missing = self.count = 0
        self.values: set[str] = set()
        self.is_number = self.is_integer = True
        self.mean = self.squares = 0.0
        self.low, self.high = math.inf, -math.inf

    def add(self, text: str) -> None:
        if text.strip().lower() in _MISSING:
            self.missing += 1
            return
        if len(self.values) < _MOST_VALUES:
            self.values.add(text)
        if not self.is_number:
            return
        try:
            value = float(text)
        except ValueError:
            self.is_number = False
            return
        if not math.isfinite(value):
            self.is_integer = False
            return
        self.is_integer = self.is_integer and value.is_integer() and "." not in text
        self.count += 1
        step = value - self.mean
        self.mean += step / self.count
        self.squares += step * (value - self.mean)
        self.low, self.high = min(self.low, value), max(self.high, value)

    def column(self) -> Column:
        kind: ColumnType = "text"
        if not self.values:
            kind = "empty"
        elif self.is_number:
            kind = "integer" if self.is_integer else "number"
        if kind in ("text", "empty") or not self.count:
            return Column(kind, self.missing, len(self.values))
        spread = math.sqrt(self.squares / self.count)
        return Column(
            kind, self.missing, len(self.values), self.low, self.high, self.mean, spread
        )  # fmt: skip


def _read(rows: Iterator[list[str]]) -> Table | None:
    head = next(rows, None)
    if not head:
        return None
    names = _distinct(head)
    counters = [_Counter() for _ in names]
    count = 0
    for row in rows:
        if not row:
            continue
        count += 1
        for counter, value in zip(counters, row, strict=False):
            counter.add(value)
        for counter in counters[len(row) :]:
            counter.missing += 1
    return Table(count, {n: c.column() for n, c in zip(names, counters, strict=True)})


def _distinct(names: list[str]) -> list[str]:
    """Names of columns, of which two may be the same."""
    found: list[str] = []
    for name in names:
        distinct, number = name, 1
        while distinct in found:
            number += 1
            distinct = f"{name}.{number}"
        found.append(distinct)
    return found


def _parquet(data: bytes) -> Table | None:
    with contextlib.suppress(Exception):  # without pyarrow, or no such file: nothing is said
        from importlib import import_module

        parquet: Any = import_module("pyarrow.parquet")
        file = parquet.ParquetFile(io.BytesIO(data))
        columns = {field.name: Column(str(field.type)) for field in file.schema_arrow}
        return Table(file.metadata.num_rows, columns)
    return None
