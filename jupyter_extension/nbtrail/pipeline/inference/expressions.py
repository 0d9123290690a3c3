"""Working out expressions and calls of the notebook's code."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable

from nbtrail.pipeline.inference import commands, effects, library
from nbtrail.pipeline.inference.source import CELL_MAGIC, LINE_MAGIC, SHELL
from nbtrail.pipeline.inference.values import (
    HOLE,
    ROOT,
    UNKNOWN,
    Choice,
    Class,
    DateValue,
    External,
    Function,
    Handle,
    Instance,
    Module,
    PathValue,
    Scope,
    Value,
    either,
    lift,
    options_of,
    squeeze,
    text_of,
    text_or_hole,
)

_MAX_DEPTH = 6
_BUDGET = 150_000
_STATEMENT_BUDGET = 30_000
_BUILTINS = frozenset(
    """open str list tuple sorted reversed set frozenset enumerate zip range len int float dict
    repr""".split()
)
#: What these names mean in nearly every notebook, should their import be out of sight.
_USUAL_NAMES = {
    "pd": "pandas", "np": "numpy", "plt": "matplotlib.pyplot", "os": "os", "glob": "glob",
    "joblib": "joblib", "pickle": "pickle", "json": "json", "Path": "pathlib.Path",
    "torch": "torch", "shutil": "shutil", "sqlite3": "sqlite3", "pl": "polars",
}  # fmt: skip
_WRITING_SQL = ("INSERT", "CREATE", "UPDATE", "DELETE", "REPLACE", "DROP", "ALTER")


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
    data_folder
        Where ``nbtrail.dataset`` keeps its files, relative to the project root.
    """

    def __init__(
        self,
        imports: Callable[[str, Expressions], Module | None],
        includes: Callable[[str, Expressions], None],
        data_folder: str,
    ) -> None:
        self.scope = Scope({"__name__": "__main__"})
        self.cell = 0
        self.folder = ""
        self.unresolved = 0
        self.silent = 0
        self.events: list[tuple[effects.Mode, str, int, bool]] = []
        self.remote: set[str] = set()
        self.search: list[str] = []
        self.returned: list[list[Value]] = []
        self._imports = imports
        self._includes = includes
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

    def touch(self, mode: effects.Mode, text: str, weak: bool = False) -> None:
        """Note that a file is read or written."""
        if self.silent:
            return
        if self.folder and not text.startswith(("/", ROOT, HOLE)):
            text = library.join(self.folder, text)
        self.events.append((mode, squeeze(text), self.cell, weak))

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
            return handler(self, node, scope)
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
        return lift(lambda a, b: _operate(node.op, a, b), left, right)

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
        return lift(_item, owner, key)

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
            return owner.find(name)
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

    def _call(self, node: ast.Call, scope: Scope) -> Value:
        base: Value = UNKNOWN
        method = ""
        if isinstance(node.func, ast.Attribute):
            base = self.evaluate(node.func.value, scope)
            method = node.func.attr
            function = lift(lambda v: self._get(v, method), base)
        else:
            function = self.evaluate(node.func, scope)
            if isinstance(node.func, ast.Name):
                method = node.func.id
        arguments: list[Value] = []
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                arguments.extend(self.iterate(self.evaluate(argument.value, scope)))
            else:
                arguments.append(self.evaluate(argument, scope))
        keywords: dict[str, Value] = {}
        for keyword in node.keywords:
            value = self.evaluate(keyword.value, scope)
            if keyword.arg is not None:
                keywords[keyword.arg] = value
            elif isinstance(value, dict):
                keywords.update({k: v for k, v in value.items() if isinstance(k, str)})
        results = []
        for one in options_of(function):
            for owner in (
                options_of(base) if isinstance(base, Choice) and one is UNKNOWN else (base,)
            ):
                results.append(self._call_one(one, owner, method, arguments, keywords))
        return either(results)

    def _call_one(
        self, function: Value, base: Value, method: str,
        arguments: list[Value], keywords: dict[str, Value],
    ) -> Value:  # fmt: skip
        if isinstance(function, Function):
            return self.call_function(function, arguments, keywords)
        if isinstance(function, Class):
            return self._instantiate(function, arguments, keywords)
        if method in (LINE_MAGIC, SHELL, CELL_MAGIC) and function is UNKNOWN:
            return self._magic(method, arguments)
        name = function.name if isinstance(function, External) else ""
        if name:
            method = name.rsplit(".", 1)[-1]
        self._call_passed(arguments, keywords)
        call = effects.Call(name, method, base, arguments, keywords)
        return self._known_call(call)

    def _known_call(self, call: effects.Call) -> Value:
        name, base = call.name, call.base
        self.remote.update(effects.addresses_of(call))
        if name in ("nbtrail.dataset", "nbtrail.kernel_api.dataset") and call.arguments:
            return self._dataset(call)
        if name == "os.chdir" and call.arguments:
            self.change_folder(text_of(call.arguments[0]))
            return None
        if name in ("sys.path.append", "sys.path.insert", "site.addsitedir") and call.arguments:
            self.search.extend(filter(None, [text_of(call.arguments[-1])]))
            return None
        if commands.moves(self, call):
            return UNKNOWN
        if effects.opens_file(call):
            return self._open(call)
        if isinstance(base, Handle):
            return self._handle(base, call)
        if isinstance(base, (str, PathValue, DateValue, list, dict)):
            found, unresolved = effects.effects_of(call)
            self._note(found, unresolved)
            if not found:
                return self._method(base, call)
            return UNKNOWN
        if self._database(call):
            return UNKNOWN
        found, unresolved = effects.effects_of(call)
        self._note(found, unresolved)
        result = library.call_external(name, call.arguments, call.keywords)
        if name in ("glob.glob", "glob.iglob"):
            self._listed(result)
        elif name in ("os.listdir", "os.scandir", "os.walk"):
            folder = text_of(call.arguments[0]) if call.arguments else "."
            if folder is not None:
                self.touch("read", library.join(folder, "*"), weak=True)
        return result

    def _note(self, found: list[effects.Effect], unresolved: bool) -> None:
        for effect in found:
            self.touch(effect.mode, effect.text, effect.weak)
        self.unresolved += unresolved

    def _listed(self, result: Value) -> None:
        for option in options_of(result):
            for item in option if isinstance(option, list) else []:
                text = text_of(item)
                if text is not None:
                    self.touch("read", text, weak=True)

    def _method(self, base: Value, call: effects.Call) -> Value:
        method, arguments = call.method, call.arguments
        if isinstance(base, str):
            return library.string_method(base, method, arguments, call.keywords)
        if isinstance(base, DateValue):
            return library.date_method(method, arguments)
        if isinstance(base, PathValue):
            result = library.path_method(base, method, arguments)
            if method in ("glob", "rglob", "iterdir"):
                self._listed(result)
            elif method in ("rename", "replace") and arguments:
                self._note([effects.Effect("read", base.text)], False)
                for option in options_of(arguments[0]):
                    target = text_of(option)
                    if target is not None:
                        self.touch("write", target)
            return result
        if isinstance(base, list):
            if method in ("append", "add") and arguments:
                base.append(arguments[0])
            elif method in ("extend",) and arguments:
                base.extend(self.iterate(arguments[0]))
            return list(base) if method == "copy" else UNKNOWN
        if isinstance(base, dict):
            return _dict_method(base, method, arguments)
        return UNKNOWN

    def _dataset(self, call: effects.Call) -> Value:
        mode = call.arguments[1] if len(call.arguments) > 1 else call.keywords.get("mode", "r")
        writing = any(option == "w" for option in options_of(mode))

        def path(value: Value) -> Value:
            text = text_of(value)
            if text is None:
                self.unresolved += 1
                return UNKNOWN
            full = f"{ROOT}/{self._data_folder}/{text}"
            self.touch("write" if writing else "read", full)
            return PathValue(full)

        return lift(path, call.arguments[0])

    def _open(self, call: effects.Call) -> Value:
        target = call.base if isinstance(call.base, PathValue) else None
        if target is None:
            if not call.arguments and not call.keywords:
                return UNKNOWN
            keywords = call.keywords
            target = call.arguments[0] if call.arguments else keywords.get(
                "file", keywords.get("filename", keywords.get("name", UNKNOWN)))  # fmt: skip
        mode = effects.open_mode(call)
        results: list[Value] = []
        for option in options_of(target):
            if isinstance(option, Handle):
                results.append(option)
                continue
            text = text_of(option)
            if text is None:
                self.unresolved += 1
                results.append(Handle(HOLE))
                continue
            if "://" not in text:
                self._note(list(effects.mode_effects(mode, text)), False)
            kind = "archive" if call.name.startswith(("zipfile", "tarfile")) else "file"
            results.append(Handle(text, kind))
        return either(results)

    def _handle(self, handle: Handle, call: effects.Call) -> Value:
        if handle.kind == "sqlite":
            if call.method in ("cursor", "connect", "begin", "raw_connection"):
                return handle
            text = text_of(call.arguments[0]) if call.arguments else None
            if call.method in ("execute", "executemany", "executescript", "sql") and text:
                writing = any(word in text.upper() for word in _WRITING_SQL)
                self.touch("write" if writing else "read", handle.text)
        if handle.kind == "archive" and call.method in ("extractall", "extract"):
            position = 0 if call.method == "extractall" else 1
            target = call.keywords.get("path", UNKNOWN)
            if len(call.arguments) > position:
                target = call.arguments[position]
            folder = text_of(target)
            if folder is not None:
                self.touch("write", library.join(folder, HOLE), weak=True)
        if call.method in ("__enter__",):
            return handle
        return UNKNOWN

    def _database(self, call: effects.Call) -> bool:
        """Tables read from or written to a database file."""
        if call.method not in ("to_sql", "read_sql", "read_sql_query", "read_sql_table"):
            return False
        for value in [*call.arguments[:3], *call.keywords.values()]:
            if isinstance(value, Handle) and value.kind == "sqlite":
                self.touch("write" if call.method == "to_sql" else "read", value.text)
        return True

    def _call_passed(self, arguments: list[Value], keywords: dict[str, Value]) -> None:
        """Functions handed to somebody else are taken to be called, with unknown arguments."""
        for value in [*arguments, *keywords.values()]:
            if isinstance(value, Function) and not isinstance(value.node, ast.Lambda):
                self.call_function(value, [], {})

    def _instantiate(self, cls: Class, arguments: list[Value], keywords: dict[str, Value]) -> Value:
        instance = Instance(cls)
        maker = cls.find("__init__")
        if isinstance(maker, Function):
            bound = Function(maker.node, maker.scope, instance)
            self.call_function(bound, arguments, keywords)
        else:
            instance.names.update(keywords)
        return instance

    def call_function(
        self, function: Function, arguments: list[Value], keywords: dict[str, Value]
    ) -> Value:
        """Walk a local function with these arguments."""
        if self._depth >= _MAX_DEPTH or self._active.count(function.node) > 1:
            return UNKNOWN
        node = function.node
        scope = Scope(parent=function.scope)
        bound = function.bound is not None and "staticmethod" not in function.decorators
        values = [function.bound, *arguments] if bound else list(arguments)
        spec = node.args
        names = [a.arg for a in (*spec.posonlyargs, *spec.args)]
        scope.names.update(dict.fromkeys([*names, *(a.arg for a in spec.kwonlyargs)], UNKNOWN))
        for name, default in zip(names[len(names) - len(spec.defaults) :], spec.defaults,
                                 strict=True):  # fmt: skip
            scope.names[name] = self.evaluate(default, function.scope)
        for keyword, kw_default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True):
            if kw_default is not None:
                scope.names[keyword.arg] = self.evaluate(kw_default, function.scope)
        scope.names.update(zip(names, values, strict=False))
        if spec.vararg is not None:
            scope.names[spec.vararg.arg] = values[len(names) :]
        known = {*names, *(a.arg for a in spec.kwonlyargs)}
        scope.names.update({k: v for k, v in keywords.items() if k in known})
        if spec.kwarg is not None:
            extra = {k: v for k, v in keywords.items() if k not in known}
            scope.names[spec.kwarg.arg] = extra
        self._depth += 1
        self._active.append(node)
        try:
            return self.walk_body(function, scope)
        finally:
            self._active.pop()
            self._depth -= 1

    def _magic(self, kind: str, arguments: list[Value]) -> Value:
        text = text_of(arguments[0]) if arguments else None
        if text is None:
            return UNKNOWN
        if kind == LINE_MAGIC:
            commands.line_magic(self, text)
        elif kind == CELL_MAGIC:
            commands.cell_magic(self, text)
        else:
            commands.shell(self, text)
        return UNKNOWN

    def include(self, path: str) -> None:
        """Walk a script or notebook that is run inside this one."""
        self._includes(library.join(self.folder, path) if self.folder else path, self)

    def change_folder(self, text: str | None) -> None:
        """``os.chdir`` or ``%cd``."""
        if text is None or HOLE in text:
            return
        self.folder = posixpath.normpath(library.join(self.folder, text))
        if self.folder == ".":
            self.folder = ""

    def bind(self, target: ast.expr, value: Value, scope: Scope) -> None:
        """Bind the names of an assignment's left side."""
        raise NotImplementedError

    def walk_body(self, function: Function, scope: Scope) -> Value:
        """Walk a function's body."""
        raise NotImplementedError


def _operate(operator: ast.operator, left: Value, right: Value) -> Value:
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


def _item(owner: Value, key: Value) -> Value:
    if isinstance(owner, (list, tuple)):
        if type(key) is int and -len(owner) <= key < len(owner):
            return owner[key]
        return library.any_of(list(owner)) if key is UNKNOWN else UNKNOWN
    if isinstance(owner, dict):
        if isinstance(key, (str, int, float)):
            return owner.get(key, UNKNOWN)
        return library.any_of(list(owner.values())) if key is UNKNOWN else UNKNOWN
    if isinstance(owner, Instance) and isinstance(key, str):
        return owner.names.get(key, UNKNOWN)
    if isinstance(owner, str):
        return HOLE
    return UNKNOWN


def _dict_method(owner: dict[Value, Value], method: str, arguments: object) -> Value:
    given = list(arguments) if isinstance(arguments, (list, tuple)) else []
    if method == "items":
        return [(key, value) for key, value in owner.items()]
    if method == "keys":
        return list(owner)
    if method == "values":
        return list(owner.values())
    if method == "get" and given:
        default = given[1] if len(given) > 1 else UNKNOWN
        return owner.get(given[0], default) if isinstance(given[0], (str, int)) else UNKNOWN
    if method == "update" and given and isinstance(given[0], dict):
        owner.update(given[0])
    return UNKNOWN


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
    ast.Call: Expressions._call,
}
