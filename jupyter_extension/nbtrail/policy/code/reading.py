"""A notebook's code, read once for all rules: imports, calls and texts with what they hang on."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Sequence
from dataclasses import dataclass, field

from nbtrail.notebooks.cells import cells_of, language
from nbtrail.notebooks.document import Notebook
from nbtrail.pipeline.inference.source import CELL_MAGIC, LINE_MAGIC, SHELL, parse_cell
from nbtrail.policy.code.trees import children, resolve

#: Names that everybody takes for the same library, should their import not be readable.
_USUAL = {"np": "numpy", "pd": "pandas"}
_BUILTINS = frozenset(dir(builtins))
_OPTIONAL = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class CodeCell:
    """One code cell; ``tree`` is ``None`` where it is no Python, or broken.

    ``shift`` is what a line number of the tree lacks to be one of the source.
    """

    index: int
    id: str
    source: str
    tree: ast.Module | None
    shift: int = 0


@dataclass(frozen=True, slots=True)
class Import:
    """A module that is imported; ``optional`` where the code goes on without it."""

    module: str
    cell: CodeCell
    line: int
    optional: bool
    #: What is taken from it; modules themselves, perhaps.
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A call.

    Attributes
    ----------
    name
        Whole dotted name with aliases resolved (``numpy.random.rand``); with a point before it
        where the first part is bound to anything but an import; empty where it is a method of
        something that is computed.
    method
        The last part of the name, always there unless a computed function is called.
    scope
        The function or class that it stands in; empty at top level.
    shown
        Whether it is a statement of its own, whose value is shown or dropped.
    """

    name: str
    method: str
    node: ast.Call
    cell: CodeCell
    scope: str
    shown: bool

    @property
    def line(self) -> int:
        """Line in the cell, from 1."""
        return self.node.lineno + self.cell.shift

    def keyword(self, name: str) -> ast.expr | None:
        """The value given for this keyword."""
        return next((k.value for k in self.node.keywords if k.arg == name), None)

    @property
    def open_ended(self) -> bool:
        """Whether it takes ``*arguments`` or ``**keywords`` that cannot be seen."""
        return any(k.arg is None for k in self.node.keywords) or any(
            isinstance(a, ast.Starred) for a in self.node.args
        )


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal, or the literal beginning of an f-string, with the node that it is in."""

    value: str
    node: ast.expr
    parent: ast.AST
    cell: CodeCell

    @property
    def line(self) -> int:
        """Line in the cell, from 1."""
        return self.node.lineno + self.cell.shift


@dataclass(frozen=True, slots=True)
class Magic:
    """``%name …``, ``!…`` or a cell magic with its ``body``; ``kind`` is the call it became."""

    kind: str
    text: str
    body: str
    cell: CodeCell
    line: int


@dataclass(slots=True)
class Reading:
    """What the cells of one notebook hold, in order."""

    language: str
    cells: list[CodeCell]
    imports: list[Import] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    magics: list[Magic] = field(default_factory=list)
    #: Functions and classes of the notebook, the last of a name, with the calls in each.
    scopes: dict[str, list[Call]] = field(default_factory=dict)
    #: What the names stand for at the end.
    aliases: dict[str, str] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)

    @property
    def python(self) -> bool:
        """Whether the notebook's language is Python."""
        return self.language in ("python", "ipython")

    def named(self, node: ast.AST) -> str:
        """The dotted name that an expression stands for at the end; empty if it is computed."""
        return resolve(node, self.aliases)


def read_code(notebook: Notebook) -> Reading:
    """Read all code cells; cells that are no Python keep their source only."""
    known = isinstance(notebook.get("metadata"), dict)
    reading = Reading(language(notebook) if known else "python", [])
    for cell in cells_of(notebook):
        if cell.type != "code":
            continue
        tree = parse_cell(cell.source) if reading.python and cell.source.strip() else None
        reading.cells.append(CodeCell(cell.index, cell.id, cell.source, tree, _shift(cell.source)))
    reader = _Reader(reading)
    for code in reading.cells:
        if code.tree is not None:
            reader.read(code)
    return reading


def _shift(source: str) -> int:
    """Empty lines before a cell magic are lost in its tree."""
    if not source.lstrip().startswith("%%"):
        return 0
    lines = source.replace("\r\n", "\n").split("\n")
    return next((i for i, line in enumerate(lines) if line.strip()), 0)


class _Reader:
    """Walks statements in order, so that a name stands for what it last was bound to."""

    def __init__(self, reading: Reading) -> None:
        self._to = reading
        self._to.aliases.update(_USUAL)
        self._stars: list[str] = []
        self._cell: CodeCell

    def read(self, cell: CodeCell) -> None:
        self._cell = cell
        assert cell.tree is not None
        self._body(cell.tree.body, "", False)

    def _body(self, body: Sequence[ast.stmt], scope: str, optional: bool) -> None:
        for statement in body:
            self._statement(statement, scope, optional)

    def _statement(self, node: ast.stmt, scope: str, optional: bool) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node, optional)
        elif isinstance(node, _Definition):
            self._scope(node, scope, optional)
        elif isinstance(node, ast.Expr):
            if not isinstance(node.value, ast.Constant):  # else a docstring, or nothing
                self._expressions(node.value, node, scope)
        elif isinstance(node, ast.Try) or type(node).__name__ == "TryStar":
            self._try(node, scope, optional)
        elif isinstance(node, ast.Assign) and resolve(node.value, {}):
            self._renamed(node, scope)
        else:
            # What is bound is bound after what it is bound to was worked out.
            for name, value in sorted(ast.iter_fields(node), key=_first_values):
                if name in ("body", "orelse") and isinstance(value, list):
                    self._body(value, scope, optional or _for_types_only(node))
                elif name == "cases":
                    for case in value:
                        self._body(case.body, scope, optional)
                elif isinstance(value, list):
                    for part in value:
                        if isinstance(part, ast.AST):
                            self._expressions(part, node, scope)
                elif isinstance(value, ast.AST):
                    self._expressions(value, node, scope)

    def _renamed(self, node: ast.Assign, scope: str) -> None:
        """``keras = tf.keras``: another name for what is imported."""
        name = resolve(node.value, self._to.aliases)
        known = name != resolve(node.value, {}) or name.partition(".")[0] in self._to.aliases
        for target in node.targets:
            self._expressions(target, node, scope)
            if known and name and isinstance(target, ast.Name) and not scope:
                self._to.aliases[target.id] = name

    def _try(self, node: ast.stmt, scope: str, optional: bool) -> None:
        assert isinstance(node, ast.Try) or type(node).__name__ == "TryStar"
        parts = {name: value for name, value in ast.iter_fields(node)}
        catches = any(_catches_import(handler) for handler in parts["handlers"])
        self._body(parts["body"], scope, optional or catches)
        for handler in parts["handlers"]:
            self._body(handler.body, scope, optional or catches)
        self._body(parts["orelse"], scope, optional)
        self._body(parts["finalbody"], scope, optional)

    def _scope(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
        scope: str,
        optional: bool,
    ) -> None:
        for decorator in node.decorator_list:
            self._expressions(decorator, node, scope)
        if isinstance(node, ast.ClassDef):
            for base in (*node.bases, *(k.value for k in node.keywords)):
                self._expressions(base, node, scope)
        else:
            self._expressions(node.args, node, scope)
        self._bind(node.name, scope)
        outer = scope or node.name
        if not scope:
            self._to.scopes[node.name] = []
        self._body(node.body, outer, optional)

    def _import(self, node: ast.Import | ast.ImportFrom, optional: bool) -> None:
        line = node.lineno + self._cell.shift
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._to.imports.append(Import(alias.name, self._cell, line, optional))
                name = alias.asname or alias.name.partition(".")[0]
                self._to.aliases[name] = alias.name if alias.asname else name
                self._to.bound.add(name)
            return
        if node.level or not node.module:
            return
        names = tuple(alias.name for alias in node.names)
        self._to.imports.append(Import(node.module, self._cell, line, optional, names))
        for alias in node.names:
            if alias.name == "*":
                self._stars.append(node.module)
                continue
            name = alias.asname or alias.name
            self._to.aliases[name] = f"{node.module}.{alias.name}"
            self._to.bound.add(name)

    def _expressions(self, root: ast.AST, parent: ast.AST, scope: str) -> None:
        """All calls, texts and bindings below a node; inner ones after outer ones."""
        waiting: list[tuple[ast.AST, ast.AST]] = [(root, parent)]
        while waiting:
            node, above = waiting.pop()
            kind = type(node)
            if kind is ast.Name:
                if type(node.ctx) is not ast.Load:  # type: ignore[attr-defined]
                    self._bind(node.id, scope)  # type: ignore[attr-defined]
            elif kind is ast.Constant:
                self._constant(node, above)  # type: ignore[arg-type]
            elif kind is ast.JoinedStr:
                self._joined(node, above)  # type: ignore[arg-type]
                values = node.values  # type: ignore[attr-defined]
                waiting += [(v, node) for v in values if type(v) is ast.FormattedValue]
            else:
                if kind is ast.Call:
                    self._call(node, scope, type(above) is ast.Expr)  # type: ignore[arg-type]
                waiting += [(child, node) for child in children(node)]

    def _constant(self, node: ast.Constant, above: ast.AST) -> None:
        if isinstance(node.value, str) and node.value:
            self._to.texts.append(Text(node.value, node, above, self._cell))

    def _joined(self, node: ast.JoinedStr, above: ast.AST) -> None:
        first = node.values[0] if node.values else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            self._to.texts.append(Text(first.value, node, above, self._cell))

    def _call(self, node: ast.Call, scope: str, shown: bool) -> None:
        function = node.func
        method = ""
        if isinstance(function, ast.Attribute):
            method = function.attr
        elif isinstance(function, ast.Name):
            method = function.id
            if method in (LINE_MAGIC, SHELL, CELL_MAGIC):
                self._magic(method, node)
                return
        name = self._name(function)
        call = Call(name, name.rpartition(".")[2] or method, node, self._cell, scope, shown)
        self._to.calls.append(call)
        if scope:
            self._to.scopes.setdefault(scope, []).append(call)

    def _name(self, function: ast.expr) -> str:
        name = resolve(function, self._to.aliases)
        written = resolve(function, {})
        head = written.partition(".")[0]
        if head != written and head in self._to.bound and head not in self._to.aliases:
            return f".{name}"  # a method of the notebook's own, whatever it is called
        if self._stars and name and isinstance(function, ast.Name):
            unknown = name == function.id and name not in self._to.bound | _BUILTINS
            return f"{self._stars[-1]}.{name}" if unknown else name
        return name

    def _magic(self, kind: str, node: ast.Call) -> None:
        parts = [a.value for a in node.args if isinstance(a, ast.Constant)]
        texts = [p for p in parts if isinstance(p, str)] or [""]
        line = node.lineno + self._cell.shift
        body = texts[1] if len(texts) > 1 else ""
        self._to.magics.append(Magic(kind, texts[0], body, self._cell, line))
        if kind == LINE_MAGIC and texts[0].startswith("pylab"):
            self._to.aliases.update({"np": "numpy", "plt": "matplotlib.pyplot"})

    def _bind(self, name: str, scope: str) -> None:
        """A name bound to anything but an import stands for itself again."""
        self._to.bound.add(name)
        if not scope:
            self._to.aliases.pop(name, None)


def _first_values(part: tuple[str, object]) -> bool:
    return part[0] not in ("value", "iter")


def _for_types_only(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in (
        getattr(node.test, "id", ""),
        getattr(node.test, "attr", ""),
    )


def _catches_import(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(getattr(kind, "id", "") in _OPTIONAL for kind in types)
