"""Which names a cell defines and which it uses, read from its source.

Only top-level flow is followed: enough to say that a cell uses a name which a cell above
defines. Names of functions' locals do not count; what a function body reads does, because it
is read when the function is called.
"""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass

_MAGIC_LINE = re.compile(r"^(\s*)[%!?].*$", re.MULTILINE)
_BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True, slots=True)
class Flow:
    """Names defined (or changed in place) and names used before the cell defines them."""

    defines: frozenset[str]
    uses: frozenset[str]


EMPTY = Flow(frozenset(), frozenset())


def plain_python(source: str) -> str:
    """Source with IPython's magics and shell lines blanked; empty for a cell magic."""
    if source.lstrip().startswith("%%"):
        return ""
    return _MAGIC_LINE.sub(r"\1pass", source)


def flow_of(source: str) -> Flow:
    """Flow of one cell; empty when it is not Python."""
    try:
        tree = ast.parse(plain_python(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return EMPTY
    visitor = _Visitor()
    for statement in tree.body:
        visitor.visit(statement)
    return Flow(frozenset(visitor.defines), frozenset(visitor.uses - _BUILTINS))


class _Visitor(ast.NodeVisitor):
    """Walks statements in order; a name counts as used only if not defined before."""

    def __init__(self) -> None:
        self.defines: set[str] = set()
        self.uses: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self._use(node.id)
        else:
            self.defines.add(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            self._target(target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self._use(node.target.id)
        self._target(node.target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self._target(node.target)

    def visit_For(self, node: ast.For) -> None:
        self.visit(node.iter)
        self._target(node.target)
        for statement in (*node.body, *node.orelse):
            self.visit(statement)

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self._target(target)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.defines.add((alias.asname or alias.name).split(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self.defines.add(alias.asname or alias.name)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(part)
        inner = _Visitor()
        for statement in node.body:
            inner.visit(statement)
        self._use_all(inner.uses)
        self.defines.add(node.name)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._scope(node.args, [node.body])

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._comprehension(node.generators, [node.elt])

    visit_SetComp = visit_GeneratorExp = visit_ListComp  # type: ignore[assignment]

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node.generators, [node.key, node.value])

    def _target(self, node: ast.AST) -> None:
        """An assignment's left side: a subscript or attribute changes the object it hangs on."""
        if isinstance(node, ast.Name):
            self.defines.add(node.id)
        elif isinstance(node, (ast.Tuple, ast.List)):
            for element in node.elts:
                self._target(element)
        elif isinstance(node, ast.Starred):
            self._target(node.value)
        elif isinstance(node, (ast.Attribute, ast.Subscript)):
            self.visit(node.value)
            if isinstance(node, ast.Subscript):
                self.visit(node.slice)
            base: ast.AST = node
            while isinstance(base, (ast.Attribute, ast.Subscript)):
                base = base.value
            if isinstance(base, ast.Name):
                self.defines.add(base.id)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        self.defines.add(node.name)
        self._scope(node.args, node.body)

    def _scope(self, arguments: ast.arguments, body: list[ast.stmt] | list[ast.expr]) -> None:
        for default in (*arguments.defaults, *(d for d in arguments.kw_defaults if d)):
            self.visit(default)
        inner = _Visitor()
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        inner.defines.update(argument.arg for argument in every)
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                inner.defines.add(extra.arg)
        for part in body:
            inner.visit(part)
        self._use_all(inner.uses)

    def _comprehension(self, generators: list[ast.comprehension], parts: list[ast.expr]) -> None:
        inner = _Visitor()
        for generator in generators:
            inner.visit(generator.iter)
            inner._target(generator.target)
            for condition in generator.ifs:
                inner.visit(condition)
        for part in parts:
            inner.visit(part)
        self._use_all(inner.uses)

    def _use_all(self, names: set[str]) -> None:
        for name in names:
            self._use(name)

    def _use(self, name: str) -> None:
        if name not in self.defines:
            self.uses.add(name)
