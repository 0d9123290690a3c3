"""Working out expressions and calls of the notebook's code."""

from __future__ import annotations

import ast
from collections.abc import Callable

from nbtrail.pipeline.inference import effects, known, library
from nbtrail.pipeline.inference.operators import item_of, operate
from nbtrail.pipeline.inference.values import (
    HOLE,
    ROOT,
    UNKNOWN,
    Class,
    External,
    Function,
    Instance,
    Module,
    PathValue,
    Scope,
    Value,
    bounded,
    either,
    lift,
    options_of,
    squeeze,
    text_or_hole,
)

_BUDGET = 150_000
_STATEMENT_BUDGET = 30_000
_BUILTINS = frozenset(
    """open str list tuple sorted reversed set frozenset enumerate zip range len int float dict
    repr map delayed""".split()
)
#: What these names mean in nearly every notebook, should their import be out of sight.
_USUAL_NAMES = {
    "pd": "pandas", "np": "numpy", "plt": "matplotlib.pyplot", "os": "os", "glob": "glob",
    "joblib": "joblib", "pickle": "pickle", "json": "json", "Path": "pathlib.Path",
    "torch": "torch", "shutil": "shutil", "sqlite3": "sqlite3", "pl": "polars", "gzip": "gzip",
    "zipfile": "zipfile", "duckdb": "duckdb", "get_ipython": "IPython.get_ipython",
}  # fmt: skip


class BudgetError(Exception):
    """A statement, or the notebook, is too large or loops too much to be walked to the end."""


class Expressions:
    """State of one walk, and everything about expressions.

    Parameters
    ----------
    imports
        Gives a local module by name, or ``None`` where there is none.
    includes
        Gives the code run by ``%run FILE`` into a scope: ``(path, interpreter, scope)``.
    settings
        Gives the content of a file with settings by its path; ``UNKNOWN`` where it is none.
    data_folder
        Where ``nbtrail.dataset`` keeps its files, relative to the project root.

    While ``silent`` is above 0, files are not noted; while ``elsewhere`` is, they are those of
    another process. ``datasets`` are the paths that ``nbtrail.dataset`` is asked to read.
    """

    def __init__(
        self,
        imports: Callable[[str, Expressions], Module | None],
        includes: Callable[[str, Expressions], None],
        settings: Callable[[str, Expressions], Value],
        data_folder: str,
    ) -> None:
        self.scope = Scope({"__name__": "__main__"})
        self.cell = 0
        self.folder = ""
        self.unresolved = 0
        self.silent = 0
        self.elsewhere = 0
        self.events: list[tuple[effects.Mode, str, int, bool, bool]] = []
        self.remote: set[str] = set()
        self.datasets: set[str] = set()
        self.search: list[str] = []
        self.returned: list[list[Value]] = []
        self._imports = imports
        self._includes = includes
        self._settings = settings
        self._data_folder = data_folder
        self._depth = 0
        self._budget = _BUDGET
        self._left = _STATEMENT_BUDGET
        self._active: list[ast.AST] = []

    def spend(self) -> None:
        """Count one step of the walk."""
        self._budget -= 1
        self._left -= 1
        if self._left < 0 or self._budget < 0:
            raise BudgetError("the notebook is too large to be analysed")

    def next_statement(self) -> bool:
        """Begin a top-level statement; false when nothing of the budget is left."""
        self._left = _STATEMENT_BUDGET
        return self._budget > 0

    def touch(
        self, mode: effects.Mode, text: str, weak: bool = False, unseen: bool = False
    ) -> None:
        """Note that a file is read or written; ``unseen`` where the probe does not see it."""
        if self.silent:
            return
        if self.folder and not text.startswith(("/", ROOT, HOLE)):
            text = library.join(self.folder, text)
        unseen = unseen or self.elsewhere > 0 or text.lower().endswith(known.NATIVE_SUFFIXES)
        self.events.append((mode, squeeze(text), self.cell, weak, unseen))

    def import_module(self, name: str) -> Module | External:
        """A local module, or what stands for one from outside."""
        found = self._imports(name, self)
        return found if found is not None else External(name)

    def iterate(self, value: Value) -> list[Value]:
        """The items of a loop; one unknown item where they are not known."""
        items: list[Value] = []
        for option in options_of(value):
            known = library.items_of(option)
            items.extend([UNKNOWN] if known is None else known)
        return items

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """What an expression may be worth."""
        self.spend()
        handler = _EXPRESSIONS.get(type(node))
        if handler is not None:
            return bounded(handler(self, node, scope))
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.evaluate(child, scope)
        return UNKNOWN

    def _constant(self, node: ast.Constant, scope: Scope) -> Value:
        return UNKNOWN if isinstance(node.value, (bytes, complex)) else node.value

    def _name(self, node: ast.Name, scope: Scope) -> Value:
        value = scope.find(node.id)
        if value is UNKNOWN and node.id in _BUILTINS:
            return External(node.id)
        if value is UNKNOWN and node.id in _USUAL_NAMES:
            return External(_USUAL_NAMES[node.id])
        return value

    def _fstring(self, node: ast.JoinedStr, scope: Scope) -> Value:
        parts: list[Value] = []
        for piece in node.values:
            if isinstance(piece, ast.FormattedValue):
                value = self.evaluate(piece.value, scope)
                spec = self.evaluate(piece.format_spec, scope) if piece.format_spec else ""
                form = spec if isinstance(spec, str) else ""
                parts.append(lift(lambda v, f=form: library.format_value(v, f), value))
            else:
                parts.append(self.evaluate(piece, scope))
        return lift(lambda *p: squeeze("".join(text_or_hole(x) for x in p)), *parts)

    def _binary(self, node: ast.BinOp, scope: Scope) -> Value:
        left, right = self.evaluate(node.left, scope), self.evaluate(node.right, scope)
        return lift(lambda a, b: operate(node.op, a, b), left, right)

    def _boolean(self, node: ast.BoolOp, scope: Scope) -> Value:
        values = [self.evaluate(value, scope) for value in node.values]
        if isinstance(node.op, ast.Or):
            return either([v for v in values if v is not UNKNOWN and v is not None])
        return UNKNOWN

    def _unary(self, node: ast.UnaryOp, scope: Scope) -> Value:
        value = self.evaluate(node.operand, scope)
        if isinstance(node.op, ast.Not) and isinstance(value, bool):
            return not value
        if isinstance(node.op, ast.USub) and isinstance(value, (int, float)):
            return -value
        return UNKNOWN

    def _compare(self, node: ast.Compare, scope: Scope) -> Value:
        left = self.evaluate(node.left, scope)
        rights = [self.evaluate(c, scope) for c in node.comparators]
        right, operator = rights[0], node.ops[0]
        if len(rights) > 1 or not isinstance(left, str) or not isinstance(right, str):
            return UNKNOWN
        if HOLE in left + right or not isinstance(operator, (ast.Eq, ast.NotEq)):
            return UNKNOWN
        return (left == right) == isinstance(operator, ast.Eq)

    def _conditional(self, node: ast.IfExp, scope: Scope) -> Value:
        test = self.evaluate(node.test, scope)
        if isinstance(test, bool):
            return self.evaluate(node.body if test else node.orelse, scope)
        return either([self.evaluate(node.body, scope), self.evaluate(node.orelse, scope)])

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> Value:
        items: list[Value] = []
        for element in node.elts:
            if isinstance(element, ast.Starred):
                items.extend(self.iterate(self.evaluate(element.value, scope)))
            else:
                items.append(self.evaluate(element, scope))
        return tuple(items) if isinstance(node, ast.Tuple) else items

    def _dict(self, node: ast.Dict, scope: Scope) -> Value:
        result: dict[Value, Value] = {}
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            value = self.evaluate(value_node, scope)
            if key_node is None:
                result.update(value if isinstance(value, dict) else {})
                continue
            key = self.evaluate(key_node, scope)
            if isinstance(key, (str, int, float)):
                result[key] = value
        return result

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Value:
        owner = self.evaluate(node.value, scope)
        if isinstance(node.slice, ast.Slice):
            bounds = [
                self.evaluate(part, scope) if part is not None else None
                for part in (node.slice.lower, node.slice.upper, node.slice.step)
            ]
            if isinstance(owner, (list, tuple)) and all(
                b is None or type(b) is int for b in bounds
            ):
                return owner[slice(*bounds)]
            return HOLE if isinstance(owner, str) else UNKNOWN
        key = self.evaluate(node.slice, scope)
        return lift(item_of, owner, key)

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope
    ) -> Value:
        return [self.evaluate(node.elt, inner) for inner in self._loops(node.generators, scope)]

    def _dict_comprehension(self, node: ast.DictComp, scope: Scope) -> Value:
        result: dict[Value, Value] = {}
        for inner in self._loops(node.generators, scope):
            key = self.evaluate(node.key, inner)
            value = self.evaluate(node.value, inner)
            if isinstance(key, (str, int, float)):
                result[key] = value
        return result

    def _loops(self, generators: list[ast.comprehension], scope: Scope) -> list[Scope]:
        scopes = [Scope(parent=scope)]
        for generator in generators:
            grown = []
            for outer in scopes:
                for item in self.iterate(self.evaluate(generator.iter, outer))[:64]:
                    inner = Scope(dict(outer.names), outer.parent)
                    self.bind(generator.target, item, inner)
                    for condition in generator.ifs:
                        self.evaluate(condition, inner)
                    grown.append(inner)
            scopes = grown[:64]
        return scopes

    def _named(self, node: ast.NamedExpr, scope: Scope) -> Value:
        value = self.evaluate(node.value, scope)
        self.bind(node.target, value, scope)
        return value

    def _lambda(self, node: ast.Lambda, scope: Scope) -> Value:
        return Function(node, scope)

    def _await(self, node: ast.Await, scope: Scope) -> Value:
        return self.evaluate(node.value, scope)

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Value:
        return lift(lambda v: self._get(v, node.attr), self.evaluate(node.value, scope))

    def _get(self, owner: Value, name: str) -> Value:
        if isinstance(owner, External):
            return library.external_attribute(owner, name)
        if isinstance(owner, Module):
            return owner.scope.names.get(name, UNKNOWN)
        if isinstance(owner, Class):
            found = owner.find(name)
            if isinstance(found, Function) and "classmethod" in found.decorators:
                return Function(found.node, found.scope, owner, found.decorators)
            return found
        if isinstance(owner, dict) and name in owner:
            return owner[name]  # settings that are read as attributes
        if isinstance(owner, str) and name == "value":
            return owner  # a member of an enumeration stands for its value
        if isinstance(owner, PathValue):
            return library.path_attribute(owner, name)
        if isinstance(owner, Instance):
            if name in owner.names:
                return owner.names[name]
            found = owner.cls.find(name) if owner.cls is not None else UNKNOWN
            if isinstance(found, Function):
                bound = Function(found.node, found.scope, owner, found.decorators)
                if "property" in found.decorators or "cached_property" in found.decorators:
                    return self.call_function(bound, [], {})
                return bound
            return found
        return UNKNOWN

    def call(self, node: ast.Call, scope: Scope) -> Value:
        """Result of a call, and note of the files that it touches."""
        raise NotImplementedError

    def call_function(
        self, function: Function, arguments: list[Value], keywords: dict[str, Value]
    ) -> Value:
        """Walk a local function with these arguments."""
        raise NotImplementedError

    def bind(self, target: ast.expr, value: Value, scope: Scope) -> None:
        """Bind the names of an assignment's left side."""
        raise NotImplementedError

    def walk_body(self, function: Function, scope: Scope) -> Value:
        """Walk a function's body."""
        raise NotImplementedError


_EXPRESSIONS: dict[type[ast.expr], Callable[..., Value]] = {
    ast.Constant: Expressions._constant,
    ast.Name: Expressions._name,
    ast.JoinedStr: Expressions._fstring,
    ast.BinOp: Expressions._binary,
    ast.BoolOp: Expressions._boolean,
    ast.UnaryOp: Expressions._unary,
    ast.Compare: Expressions._compare,
    ast.IfExp: Expressions._conditional,
    ast.List: Expressions._sequence,
    ast.Tuple: Expressions._sequence,
    ast.Set: Expressions._sequence,
    ast.Dict: Expressions._dict,
    ast.Subscript: Expressions._subscript,
    ast.ListComp: Expressions._comprehension,
    ast.SetComp: Expressions._comprehension,
    ast.GeneratorExp: Expressions._comprehension,
    ast.DictComp: Expressions._dict_comprehension,
    ast.NamedExpr: Expressions._named,
    ast.Lambda: Expressions._lambda,
    ast.Await: Expressions._await,
    ast.Attribute: Expressions._attribute,
    ast.Call: lambda walk, node, scope: walk.call(node, scope),
}
