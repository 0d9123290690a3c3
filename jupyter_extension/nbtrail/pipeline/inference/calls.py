"""Calls in the notebook's code: local functions, known ones, and those that touch files."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterable

from nbtrail.pipeline.inference import commands, effects, handles, known, library
from nbtrail.pipeline.inference.expressions import Expressions
from nbtrail.pipeline.inference.settings import LOADERS, is_settings
from nbtrail.pipeline.inference.shell import shell
from nbtrail.pipeline.inference.source import CELL_MAGIC, LINE_MAGIC, SHELL
from nbtrail.pipeline.inference.values import (
    HOLE,
    MAX_CHOICES,
    MAX_ITEMS,
    ROOT,
    UNKNOWN,
    Choice,
    Class,
    DateValue,
    External,
    Function,
    Handle,
    Instance,
    Partial,
    PathValue,
    Scope,
    Value,
    either,
    lift,
    options_of,
    text_of,
)

_MAX_DEPTH = 6


class Calls(Expressions):
    """Everything about calls."""

    def call(self, node: ast.Call, scope: Scope) -> Value:
        """Result of a call, and note of the files that it touches."""
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
        mode = _spark_mode(node.func, method)
        if mode is not None and arguments:
            self.note(effects.paths_of(mode, arguments[0]))
            return UNKNOWN
        results: list[Value] = []
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
        if isinstance(function, Partial):
            given = [*function.arguments, *arguments]
            return self._call_one(
                function.function, base, method, given, {**function.keywords, **keywords}
            )
        if isinstance(function, Class):
            return self._instantiate(function, arguments, keywords)
        if method in (LINE_MAGIC, SHELL, CELL_MAGIC) and function is UNKNOWN:
            return self._magic(method, arguments)
        name = function.name if isinstance(function, External) else ""
        if name:
            method = name.rsplit(".", 1)[-1]
        if name.endswith(".partial") and arguments:
            return Partial(arguments[0], tuple(arguments[1:]), keywords)
        if method in known.MAPPERS and arguments and self._is_callable(arguments[0]):
            return self._map(method, arguments)
        if name.startswith(library.SHELL_OBJECT) and method in known.SHELL_METHODS:
            commands.shell_method(self, method, [text_of(a) for a in arguments])
            return UNKNOWN
        self._call_passed(arguments, keywords)
        call = effects.Call(name, method, base, arguments, keywords)
        return self._known_call(call)

    def _is_callable(self, value: Value) -> bool:
        return isinstance(value, (External, Function, Partial))

    def _map(self, method: str, arguments: list[Value]) -> Value:
        """Hand items to a function one by one, as ``map`` does; ``submit`` hands them at once."""
        function, *others = arguments
        if method == "submit":
            return self._call_one(function, UNKNOWN, "", others, {})
        columns = [self.iterate(other)[:MAX_CHOICES] for other in others]
        rows = [list(row) for row in zip(*columns, strict=False)]
        if method == "starmap" and columns:
            rows = [self.iterate(item) for item in columns[0]]
        return [self._call_one(function, UNKNOWN, "", row, {}) for row in rows]

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
        if commands.moves(self, call) or commands.processes(self, call):
            return UNKNOWN
        if effects.opens_file(call):
            return handles.opened(self, call)
        if isinstance(base, Handle):
            return handles.asked(self, base, call)
        if isinstance(base, (str, PathValue, DateValue, list, dict)):
            found, unresolved = effects.effects_of(call)
            self.note(found, unresolved)
            if isinstance(base, PathValue) and call.method == "read_text":
                return Handle(base.text)
            return UNKNOWN if found else self._method(base, call)
        if name in LOADERS and call.arguments:
            return self._loaded(call)
        if handles.tables(self, call):
            return UNKNOWN
        found, unresolved = effects.effects_of(call)
        self.note(found, unresolved)
        result = library.call_external(name, call.arguments, call.keywords)
        if name in ("glob.glob", "glob.iglob"):
            self._listed(result)
        elif name in ("os.listdir", "os.scandir", "os.walk"):
            folder = text_of(call.arguments[0]) if call.arguments else "."
            if folder is not None:
                self.touch("read", library.join(folder, "*"), weak=True)
        return result

    def note(self, found: Iterable[effects.Effect], unresolved: bool = False) -> None:
        """Note what a call touches, and whether it names a file in a way that is not known."""
        for effect in found:
            self.touch(effect.mode, effect.text, effect.weak, effect.unseen)
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
                self.note([effects.Effect("read", base.text)])
                for option in options_of(arguments[0]):
                    target = text_of(option)
                    if target is not None:
                        self.touch("write", target)
            return result
        if isinstance(base, list):
            if method in ("append", "add") and arguments:
                base.append(arguments[0])
            elif method == "extend" and arguments:
                base.extend(self.iterate(arguments[0]))
            del base[MAX_ITEMS:]
            return list(base) if method == "copy" else UNKNOWN
        if isinstance(base, dict):
            return _dict_method(base, method, arguments)
        return UNKNOWN

    def _loaded(self, call: effects.Call) -> Value:
        """Content of a file with settings; of other files only that they are read."""
        source = next(iter(options_of(call.arguments[0])))
        text = source.text if isinstance(source, Handle) else text_of(source)
        self.note(*effects.effects_of(call))
        if text is None or not is_settings(text):
            return UNKNOWN
        return self._settings(library.join(self.folder, text), self)

    def _dataset(self, call: effects.Call) -> Value:
        mode = call.arguments[1] if len(call.arguments) > 1 else call.keywords.get("mode", "r")
        writing = any(option == "w" for option in options_of(mode))

        def path(value: Value) -> Value:
            text = text_of(value)
            if not writing:
                self.datasets.add(f"{self._data_folder}/{HOLE if text is None else text}")
            if text is None:
                self.unresolved += 1
                return UNKNOWN
            full = f"{ROOT}/{self._data_folder}/{text}"
            self.touch("write" if writing else "read", full)
            return PathValue(full)

        return lift(path, call.arguments[0])

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
        text, *rest = [text_of(argument) for argument in arguments] or [None]
        if text is None:
            return UNKNOWN
        if kind == LINE_MAGIC:
            commands.line_magic(self, text)
        elif kind == CELL_MAGIC:
            commands.cell_magic(self, text, next(iter(rest), None) or "")
        else:
            shell(self, text)
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


def _spark_mode(function: ast.expr, method: str) -> effects.Mode | None:
    """What ``spark.read.csv`` and ``frame.write.mode(…).parquet`` do; ``None`` for other calls."""
    if method not in known.SPARK_FORMATS or not isinstance(function, ast.Attribute):
        return None
    node: ast.expr = function.value
    while isinstance(node, (ast.Attribute, ast.Call)):
        if isinstance(node, ast.Call):
            node = node.func
            continue
        if node.attr in ("read", "readStream"):
            return "read"
        if node.attr in ("write", "writeStream"):
            return "write"
        node = node.value
    return None


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
