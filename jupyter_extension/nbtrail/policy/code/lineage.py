"""Where values come from: which data a model learned from, what predictions and clocks reach.

Top-level statements are followed in order. What a value depends on is a set of marks:
``data:…`` for what was read or made up, ``fit:n`` for the n-th model fitted, ``prediction:n`` for
what that model says, ``clock:date`` and ``clock:time``. Names that nothing is known of have none.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from nbtrail.notebooks.datasets import family_of
from nbtrail.policy.code import models
from nbtrail.policy.code.reading import Call, CodeCell, Reading
from nbtrail.policy.code.trees import literal, walk

Marks = frozenset[str]
NOTHING: Marks = frozenset()

_CLOCKS = {
    **dict.fromkeys(
        ("datetime.datetime.now", "datetime.datetime.today", "datetime.datetime.utcnow",
         "datetime.date.today", "pandas.Timestamp.now", "pandas.Timestamp.today",
         "pandas.Timestamp.utcnow", "time.strftime", "time.localtime", "time.gmtime",
         "time.ctime", "time.asctime"),
        "clock:date",
    ),
    **dict.fromkeys(("time.time", "time.time_ns"), "clock:time"),
}  # fmt: skip
#: They say a given time where they have more arguments than this.
_FORMATS = {"time.strftime": 1, "time.localtime": 0, "time.gmtime": 0, "time.ctime": 0,
            "time.asctime": 0}  # fmt: skip
#: Methods that put their arguments into what they are called on.
_FILL = frozenset({"add", "append", "extend", "insert", "update", "setdefault", "join"})


@dataclass(frozen=True, slots=True)
class Fit:
    """A model that learns: from which data, which column it is to tell, and what it is."""

    number: int
    cell: CodeCell
    line: int
    roots: Marks
    target: str
    estimators: frozenset[str]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to values: ``score``, ``predict``, ``write`` or ``read``.

    ``marks`` are those of the values, ``place`` those of the file's name.
    """

    kind: str
    call: Call
    marks: Marks
    place: Marks = NOTHING


@dataclass(frozen=True, slots=True)
class Filled:
    """A column or entry that is set, or rows that are chosen: by values with these marks."""

    cell: CodeCell
    line: int
    owner: Marks
    marks: Marks


@dataclass(slots=True)
class Lineage:
    """All of it, in order."""

    fits: list[Fit] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    filled: list[Filled] = field(default_factory=list)


def trace(reading: Reading) -> Lineage:
    """Follow the values through the notebook's top level."""
    tracer = _Tracer(reading)
    for cell in reading.cells:
        if cell.tree is not None:
            tracer.cell = cell
            tracer.body(cell.tree.body)
    return tracer.found


def clock_of(call: Call) -> str:
    """The mark of a call that asks for the time; empty where it formats a given one."""
    if len(call.node.args) > _FORMATS.get(call.name, 9):
        return ""
    return _CLOCKS.get(call.name, "")


class _Tracer:
    def __init__(self, reading: Reading) -> None:
        self.found = Lineage()
        self.cell: CodeCell
        # Cells with the same source share a tree.
        self._calls = {(call.cell.index, id(call.node)): call for call in reading.calls}
        self._scopes = reading.scopes
        self._marks: dict[str, Marks] = {}
        self._made: dict[str, frozenset[str]] = {}
        self._columns: dict[str, str] = {}
        self._fitted: dict[tuple[int, int], int] = {}  # numbers of fits by the calls that they are
        self._does = {name: _Doings.of(calls) for name, calls in reading.scopes.items()}

    # Statements

    def body(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value is not None:
            self._look(node.value)
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                self._bind(target, node.value, keep=isinstance(node, ast.AugAssign))
            return
        if isinstance(node, ast.For | ast.AsyncFor):
            self._look(node.iter)
            self._bind(node.target, node.iter)
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                self._look(item.context_expr)
                if item.optional_vars is not None:
                    self._bind(item.optional_vars, item.context_expr)
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self._look(child)
        for part in ("body", "orelse", "finalbody"):
            self.body(getattr(node, part, ()))
        for handler in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            self.body(handler.body)

    def _bind(self, target: ast.AST, value: ast.expr, keep: bool = False) -> None:
        if isinstance(target, ast.Name):
            name = target.id
            marks = self.marks(value)
            self._marks[name] = marks | (self._marks.get(name, NOTHING) if keep else NOTHING)
            self._made[name] = self._estimators(value)
            self._columns[name] = self._column(value)
        elif isinstance(target, ast.Tuple | ast.List):
            split = _split_arguments(value, len(target.elts))
            for index, element in enumerate(target.elts):
                self._bind(element, split[index // 2] if split else value, keep)
        elif isinstance(target, ast.Starred):
            self._bind(target.value, value, keep)
        elif isinstance(target, ast.Subscript | ast.Attribute):
            root = root_name(target)
            owner, marks = self._marks.get(root, NOTHING), self.marks(value)
            line = target.lineno + self.cell.shift
            self.found.filled.append(Filled(self.cell, line, owner, marks))
            self._marks[root] = owner | marks

    # Expressions

    def marks(self, node: ast.AST) -> Marks:
        """What an expression depends on."""
        found: set[str] = set()
        clocks = False
        for part in walk(node):
            if isinstance(part, ast.Name):
                found |= self._marks.get(part.id, NOTHING)
                if part.id in self._does:
                    found |= self._of_function(part.id)
            elif isinstance(part, ast.Call):
                call = self._calls.get((self.cell.index, id(part)))
                if call is None:
                    continue
                found |= self._of_call(call)
                clocks = clocks or bool(clock_of(call))
        has_clock = any(mark.startswith("clock:") for mark in found)
        if (clocks or has_clock) and self._is_duration(node):
            found = {mark for mark in found if not mark.startswith("clock:")}
        return frozenset(found)

    def _of_call(self, call: Call) -> set[str]:
        found = set()
        clock = clock_of(call)
        if clock:
            found.add(clock)
        if _key(call) in self._fitted:
            found.add(f"fit:{self._fitted[_key(call)]}")
        label = models.reads(call)
        if label is not None:
            found.add(f"data:{family_of(label)}")
        if call.method in models.PREDICTS and isinstance(call.node.func, ast.Attribute):
            owner = self._marks.get(root_name(call.node.func), NOTHING)
            found |= {f"prediction:{m[4:]}" for m in owner if m.startswith("fit:")}
        return found

    def _of_function(self, name: str) -> set[str]:
        doings = self._does[name]
        found = set(doings.marks)
        for used in doings.names:
            found |= self._marks.get(used, NOTHING)
        # Without clocks: functions look at them to say how long something took.
        return {mark for mark in found if not mark.startswith("clock:")}

    def _is_duration(self, node: ast.AST) -> bool:
        """Whether clocks are only taken from clocks: how long something took."""
        return any(
            isinstance(part, ast.BinOp)
            and isinstance(part.op, ast.Sub)
            and self._has_clock(part.left)
            and self._has_clock(part.right)
            for part in walk(node)
        )

    def _has_clock(self, node: ast.AST) -> bool:
        for part in walk(node):
            if isinstance(part, ast.Name):
                if any(m.startswith("clock:") for m in self._marks.get(part.id, NOTHING)):
                    return True
            elif isinstance(part, ast.Call):
                call = self._calls.get((self.cell.index, id(part)))
                if call is not None and clock_of(call):
                    return True
        return False

    def _look(self, node: ast.expr) -> None:
        """What happens in an expression, inner calls first."""
        if isinstance(node, ast.Name | ast.Constant):
            return
        for part in reversed(list(walk(node))):
            if isinstance(part, ast.Call):
                call = self._calls.get((self.cell.index, id(part)))
                if call is not None:
                    self._happens(call)
            elif isinstance(part, ast.Subscript) and isinstance(part.slice, ast.Compare):
                owner = self._marks.get(root_name(part), NOTHING)
                line = part.lineno + self.cell.shift
                self.found.filled.append(Filled(self.cell, line, owner, self.marks(part.slice)))

    def _happens(self, call: Call) -> None:
        node = call.node
        arguments = [*node.args, *(k.value for k in node.keywords)]
        owner = root_name(node.func) if isinstance(node.func, ast.Attribute) else ""
        doings = self._does.get(call.name)
        if models.may_fit(call) and models.fits(call, self._estimators(node.func)):
            self._fit(call, arguments, owner)
        elif doings is not None and doings.fits:
            self._fit(call, arguments, "")
        if models.scores(call) or (doings is not None and doings.scores):
            self._event("score", call, arguments)
        elif call.method in models.PREDICTS:
            self._event("predict", call, arguments)
        if models.writes(call):
            place = models.place_of(call)
            marks = self.marks(place) if place is not None else NOTHING
            self._event("write", call, arguments, marks)
        elif models.reads(call) is not None:
            self._event("read", call, arguments)
        if call.method in _FILL and owner and owner in self._marks:
            given = NOTHING.union(*(self.marks(a) for a in arguments))
            self._marks[owner] = self._marks[owner] | given

    def _event(
        self, kind: str, call: Call, arguments: list[ast.expr], place: Marks = NOTHING
    ) -> None:
        marks = NOTHING.union(*(self.marks(argument) for argument in arguments))
        if isinstance(call.node.func, ast.Attribute):
            marks |= self.marks(call.node.func.value)
        elif _key(call) in self._fitted:  # a function that fits and judges
            marks |= {f"fit:{self._fitted[_key(call)]}"}
        self.found.events.append(Event(kind, call, marks, place))

    def _fit(self, call: Call, arguments: list[ast.expr], owner: str) -> None:
        roots = NOTHING.union(*(self.marks(argument) for argument in arguments))
        estimators = self._estimators(call.node)
        if owner:
            known = self._marks.get(owner, NOTHING)
            roots |= known if not arguments else NOTHING
            estimators |= self._made.get(owner, frozenset())
        number = self._fitted[_key(call)] = len(self.found.fits)
        target = self._target(call)
        self.found.fits.append(Fit(number, call.cell, call.line, roots, target, estimators))
        learned = frozenset({f"fit:{number}"}) | roots
        if owner:
            self._marks[owner] = self._marks.get(owner, NOTHING) | learned
        for argument in arguments:  # functions that fit the model that they are given
            if isinstance(argument, ast.Name) and self._made.get(argument.id):
                self._marks[argument.id] = self._marks.get(argument.id, NOTHING) | learned

    def _target(self, call: Call) -> str:
        value = call.keyword("y")
        if value is None and len(call.node.args) > 1:
            value = call.node.args[1]
        return self._column(value) if value is not None else ""

    def _column(self, node: ast.AST) -> str:
        """Name of the one column that an expression takes; empty where that is not seen."""
        while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "pop" and node.args:
                return _text(node.args[0])
            if node.func.attr not in ("values", "ravel", "to_numpy", "astype", "copy", "flatten"):
                return ""
            node = node.func.value
        if isinstance(node, ast.Attribute) and node.attr in ("values", "array"):
            node = node.value
        if isinstance(node, ast.Name):
            return self._columns.get(node.id, "")
        if isinstance(node, ast.Subscript):
            inner = node.slice
            if isinstance(inner, ast.List) and len(inner.elts) == 1:
                inner = inner.elts[0]
            return _text(inner)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return node.attr if self._marks.get(node.value.id) else ""
        return ""

    def _estimators(self, node: ast.AST) -> frozenset[str]:
        """Classes of models that an expression makes or hands on."""
        found: set[str] = set()
        for part in walk(node):
            if isinstance(part, ast.Name):
                found |= self._made.get(part.id, frozenset())
            elif isinstance(part, ast.Call):
                call = self._calls.get((self.cell.index, id(part)))
                if call is not None and models.is_model(call):
                    found.add(call.method)
        return frozenset(found)


@dataclass(frozen=True, slots=True)
class _Doings:
    """What a function of the notebook does when it is called."""

    marks: Marks
    names: frozenset[str]
    fits: bool
    scores: bool

    @staticmethod
    def of(calls: list[Call]) -> _Doings:
        marks = {f"data:{family_of(r)}" for r in map(models.reads, calls) if r is not None}
        names = {
            part.id
            for call in calls
            for argument in (*call.node.args, *(k.value for k in call.node.keywords))
            for part in walk(argument)
            if isinstance(part, ast.Name)
        }
        return _Doings(
            frozenset(marks),
            frozenset(names),
            any(models.fits(call, frozenset()) for call in calls),
            any(models.scores(call) for call in calls),
        )


def _key(call: Call) -> tuple[int, int]:
    return call.cell.index, id(call.node)


def root_name(node: ast.AST) -> str:
    """The name that a chain of attributes, indices and calls hangs on; empty if on none."""
    while True:
        if isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        else:
            return node.id if isinstance(node, ast.Name) else ""


def _split_arguments(value: ast.expr, targets: int) -> list[ast.expr]:
    """The arrays of ``a, b, c, d = train_test_split(x, y)``."""
    if not isinstance(value, ast.Call) or targets % 2:
        return []
    name = value.func.attr if isinstance(value.func, ast.Attribute) else ""
    name = name or (value.func.id if isinstance(value.func, ast.Name) else "")
    return value.args if name == "train_test_split" and len(value.args) * 2 == targets else []


def _text(node: ast.AST) -> str:
    value = literal(node) if isinstance(node, ast.expr) else ...
    return value if isinstance(value, str) else ""


def data_marks(marks: Marks) -> Marks:
    """Those that name data."""
    return frozenset(mark for mark in marks if mark.startswith("data:"))


def words_of(marks: Marks) -> Iterator[str]:
    """The names of data, for people."""
    for mark in sorted(data_marks(marks)):
        yield re.sub(r"^.*[/\\]", "", mark[5:])
