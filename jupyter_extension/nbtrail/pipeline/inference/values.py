r"""What an expression may be worth, as far as it can be known without running it.

Plain Python objects (``str``, ``int``, ``list``, ``dict``, …) stand for themselves. A string may
hold `HOLE` where a part of it is not known: ``f"model_{name}.pkl"`` is ``"model_\\0.pkl"``.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

#: Stands for text that is not known.
HOLE = "\0"
#: First component of a path seen from the project root.
ROOT = "\2"
#: Longest text and container that are followed: loops may double them at every turn.
MAX_TEXT, MAX_ITEMS = 4096, 2048
#: Most alternatives kept for one value.
MAX_CHOICES = 32

Value = Any


class Unknown:
    """Nothing is known about the value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values."""

    options: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class PathValue:
    """A ``pathlib.Path``."""

    text: str


@dataclass(frozen=True, slots=True)
class DateValue:
    """A date or a moment near the time of the run."""


@dataclass(frozen=True, slots=True)
class External:
    """A module, function or class from outside the project, by its dotted name."""

    name: str


@dataclass(frozen=True, slots=True)
class Handle:
    """An open file or database connection; ``kind`` is ``file``, ``database`` or ``archive``.

    ``text`` is its path, empty for a database in memory. What is read from a file at once has the
    handle's place: it is not known, but where it comes from is.
    """

    text: str
    kind: str = "file"


@dataclass(eq=False, slots=True)
class Scope:
    """Names of a module or of a function call."""

    names: dict[str, Value] = field(default_factory=dict)
    parent: Scope | None = None

    def find(self, name: str) -> Value:
        """Value of a name, looked up outwards; ``UNKNOWN`` where it is not bound."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return UNKNOWN


@dataclass(eq=False, slots=True)
class Function:
    """A function of the notebook or of a local module."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope
    bound: Value = None
    decorators: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Partial:
    """A function with some of its arguments given: ``functools.partial``."""

    function: Value
    arguments: tuple[Value, ...]
    keywords: dict[str, Value]


@dataclass(eq=False, slots=True)
class Class:
    """A class of the notebook or of a local module."""

    name: str
    names: dict[str, Value]
    bases: tuple[Class, ...] = ()

    def find(self, name: str) -> Value:
        """Attribute of the class or of one of its bases."""
        if name in self.names:
            return self.names[name]
        for base in self.bases:
            found = base.find(name)
            if found is not UNKNOWN:
                return found
        return UNKNOWN


@dataclass(eq=False, slots=True)
class Instance:
    """An object of a local class, or any bag of attributes."""

    cls: Class | None
    names: dict[str, Value] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Module:
    """A local module."""

    name: str
    scope: Scope


def options_of(value: Value) -> tuple[Value, ...]:
    """All values that ``value`` may be."""
    return value.options if isinstance(value, Choice) else (value,)


def either(values: list[Value]) -> Value:
    """One value that may be any of ``values``; duplicates are dropped."""
    kept: list[Value] = []
    for value in itertools.chain.from_iterable(options_of(v) for v in values):
        if not any(same(value, other) for other in kept):
            kept.append(value)
        if len(kept) >= MAX_CHOICES:
            break
    if not kept:
        return UNKNOWN
    return kept[0] if len(kept) == 1 else Choice(tuple(kept))


def same(a: Value, b: Value) -> bool:
    """Whether two known values are equal; containers only by what stands in them directly."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return len(a) == len(b) and all(k in b and _alike(v, b[k]) for k, v in a.items())
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_alike, a, b))
    return _alike(a, b)


def _alike(a: Value, b: Value) -> bool:
    """Equal without a look into containers, which may hold themselves."""
    if a is b:
        return True
    if type(a) is not type(b) or isinstance(a, (dict, list, tuple, Choice)):
        return False
    return bool(a == b)


def bounded(value: Value) -> Value:
    """The value, or what is left of it where it is too large to be followed."""
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else HOLE
    if isinstance(value, (list, tuple)) and len(value) > MAX_ITEMS:
        return value[:MAX_ITEMS]
    return value


def lift(function: Callable[..., Value], *values: Value) -> Value:
    """Apply ``function`` to every combination of alternatives."""
    if not any(isinstance(value, Choice) for value in values):
        return function(*values)
    combinations = itertools.product(*(options_of(value) for value in values))
    return either([function(*c) for c in itertools.islice(combinations, MAX_CHOICES)])


def text_of(value: Value) -> str | None:
    """``str(value)`` with holes, or ``None`` where nothing at all is known."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, str):
        return value
    if isinstance(value, PathValue):
        return value.text
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, DateValue):
        return "2000-01-01"
    return None


def text_or_hole(value: Value) -> str:
    """As `text_of`, a hole where nothing is known."""
    text = text_of(value)
    return HOLE if text is None else text


def squeeze(text: str) -> str:
    """Neighbouring holes made one."""
    while HOLE + HOLE in text:
        text = text.replace(HOLE + HOLE, HOLE)
    return text
