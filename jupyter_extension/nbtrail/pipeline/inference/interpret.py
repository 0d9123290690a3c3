"""Walks the code of a notebook in statement order and notes the files it names.

Nothing is imported or run: names are bound to what their expressions may be worth, both sides of
an unknown condition are walked, loops over known lists are unrolled, and functions of the
notebook and of its local modules are walked at each call.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from nbtrail.pipeline.inference.calls import Calls
from nbtrail.pipeline.inference.expressions import BudgetError
from nbtrail.pipeline.inference.values import (
    UNKNOWN,
    Class,
    External,
    Function,
    Instance,
    Module,
    Scope,
    Value,
    either,
    options_of,
    same,
)

_MAX_UNROLLED = 64


class Return(Exception):
    """A ``return`` that ends the walk of a function."""


class Interpreter(Calls):
    """One walk through one notebook."""

    def run_cell(self, tree: ast.Module, cell: int) -> None:
        """Walk one cell in the notebook's namespace; whatever goes wrong ends only this cell."""
        self.cell = cell
        self.run_module(tree, self.scope)

    def run_module(self, tree: ast.Module, scope: Scope) -> None:
        """Walk top-level statements one by one."""
        for statement in tree.body:
            if scope is self.scope and not self.next_statement():
                return
            try:
                self.execute(statement, scope)
            except Return:
                pass
            except BudgetError:
                self.unresolved += 1
            except (RecursionError, ArithmeticError, LookupError, TypeError, ValueError,
                    AttributeError, MemoryError):  # fmt: skip
                # A construct that is not foreseen: what follows may still say something.
                continue

    def block(self, statements: list[ast.stmt], scope: Scope) -> None:
        """Walk statements in order."""
        for statement in statements:
            self.execute(statement, scope)

    def execute(self, node: ast.stmt, scope: Scope) -> None:
        """Walk one statement."""
        self.spend()
        handler = _STATEMENTS.get(type(node))
        if handler is not None:
            handler(self, node, scope)

    def _assign(self, node: ast.Assign, scope: Scope) -> None:
        value = self.evaluate(node.value, scope)
        for target in node.targets:
            self.bind(target, value, scope)

    def _ann_assign(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value is not None:
            self.bind(node.target, self.evaluate(node.value, scope), scope)

    def _aug_assign(self, node: ast.AugAssign, scope: Scope) -> None:
        combined = ast.BinOp(left=_as_load(node.target), op=node.op, right=node.value)
        self.bind(node.target, self.evaluate(combined, scope), scope)

    def _expression(self, node: ast.Expr, scope: Scope) -> None:
        self.evaluate(node.value, scope)

    def _if(self, node: ast.If, scope: Scope) -> None:
        test = self.evaluate(node.test, scope)
        if isinstance(test, bool):
            self.block(node.body if test else node.orelse, scope)
            return
        self._branches([node.body, node.orelse], scope)

    def _branches(self, blocks: list[list[ast.stmt]], scope: Scope) -> None:
        """Walk alternatives from the same start; names may then have either value."""
        before = dict(scope.names)
        results: list[dict[str, Value]] = []
        returned = 0
        for statements in blocks:
            scope.names = dict(before)
            try:
                self.block(statements, scope)
                results.append(scope.names)
            except Return:
                returned += 1
        if not results:
            scope.names = before
            raise Return
        merged = results[0]
        for other in results[1:]:
            for name, value in other.items():
                if name not in merged:
                    merged[name] = value
                elif not same(merged[name], value):
                    merged[name] = either([merged[name], value])
        scope.names = merged

    def _for(self, node: ast.For | ast.AsyncFor, scope: Scope) -> None:
        for item in self.iterate(self.evaluate(node.iter, scope))[:_MAX_UNROLLED]:
            self.bind(node.target, item, scope)
            self.block(node.body, scope)
        self.block(node.orelse, scope)

    def _while(self, node: ast.While, scope: Scope) -> None:
        self.evaluate(node.test, scope)
        self.block(node.body, scope)
        self.block(node.orelse, scope)

    def _with(self, node: ast.With | ast.AsyncWith, scope: Scope) -> None:
        for item in node.items:
            value = self.evaluate(item.context_expr, scope)
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value, scope)
        self.block(node.body, scope)

    def _try(self, node: ast.Try, scope: Scope) -> None:
        blocks = [[*node.body, *node.orelse], *([h.body for h in node.handlers])]
        self._branches(blocks, scope)
        self.block(node.finalbody, scope)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        marks = tuple(
            d.id if isinstance(d, ast.Name) else d.attr if isinstance(d, ast.Attribute) else ""
            for d in node.decorator_list
        )
        scope.names[node.name] = Function(node, scope, decorators=marks)

    def _class(self, node: ast.ClassDef, scope: Scope) -> None:
        bases = [self.evaluate(base, scope) for base in node.bases]
        inner = Scope(parent=scope)
        self.block(node.body, inner)
        known = tuple(base for base in bases if isinstance(base, Class))
        scope.names[node.name] = Class(node.name, inner.names, known)

    def _return(self, node: ast.Return, scope: Scope) -> None:
        value = None if node.value is None else self.evaluate(node.value, scope)
        if self.returned:
            self.returned[-1].append(value)
        raise Return

    def _import(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            module = self.import_module(alias.name)
            if alias.asname:
                scope.names[alias.asname] = module
            elif "." not in alias.name:
                scope.names[alias.name] = module
            else:
                head = alias.name.split(".")[0]
                package = self.import_module(head)
                local = isinstance(module, Module) and isinstance(package, Module)
                if local and isinstance(package, Module):
                    package.scope.names[alias.name.split(".")[1]] = module
                scope.names[head] = package

    def _import_from(self, node: ast.ImportFrom, scope: Scope) -> None:
        name = "." * node.level + (node.module or "")
        module = self.import_module(name)
        for alias in node.names:
            if alias.name == "*":
                if isinstance(module, Module):
                    public = {k: v for k, v in module.scope.names.items() if k[:1] != "_"}
                    scope.names.update(public)
                continue
            value: Value
            if isinstance(module, Module):
                value = module.scope.names.get(alias.name, UNKNOWN)
                if value is UNKNOWN:
                    inner = self.import_module(f"{name}.{alias.name}" if name.strip(".") else
                                               f"{name}{alias.name}")  # fmt: skip
                    value = inner if isinstance(inner, Module) else UNKNOWN
            else:
                value = External(f"{module.name}.{alias.name}")
            scope.names[alias.asname or alias.name] = value

    def _match(self, node: ast.Match, scope: Scope) -> None:
        self.evaluate(node.subject, scope)
        self._branches([case.body for case in node.cases], scope)

    def _delete(self, node: ast.Delete, scope: Scope) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                scope.names.pop(target.id, None)

    def _assert(self, node: ast.Assert, scope: Scope) -> None:
        self.evaluate(node.test, scope)

    def bind(self, target: ast.expr, value: Value, scope: Scope) -> None:
        """Bind the names of an assignment's left side."""
        if isinstance(target, ast.Name):
            scope.names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            parts = list(value) if isinstance(value, (list, tuple)) else []
            fits = len(parts) == len(target.elts)
            for index, element in enumerate(target.elts):
                self.bind(element, parts[index] if fits else UNKNOWN, scope)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, UNKNOWN, scope)
        elif isinstance(target, ast.Attribute):
            for owner in options_of(self.evaluate(target.value, scope)):
                if isinstance(owner, (Instance, Class)):
                    owner.names[target.attr] = value
                elif isinstance(owner, Module):
                    owner.scope.names[target.attr] = value
        elif isinstance(target, ast.Subscript):
            owner = self.evaluate(target.value, scope)
            key = self.evaluate(target.slice, scope)
            if isinstance(owner, dict) and isinstance(key, (str, int)):
                owner[key] = value

    def walk_body(self, function: Function, scope: Scope) -> Value:
        """Walk a function's body; its value is any of those it returns."""
        if isinstance(function.node, ast.Lambda):
            return self.evaluate(function.node.body, scope)
        self.returned.append([])
        try:
            self.block(function.node.body, scope)
        except Return:
            pass
        finally:
            values = self.returned.pop()
        return either(values) if values else None


def _as_load(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Name):
        return ast.Name(id=target.id, ctx=ast.Load())
    if isinstance(target, ast.Attribute):
        return ast.Attribute(value=target.value, attr=target.attr, ctx=ast.Load())
    return target


_STATEMENTS: dict[type[ast.stmt], Callable[..., None]] = {
    ast.Assign: Interpreter._assign,
    ast.AnnAssign: Interpreter._ann_assign,
    ast.AugAssign: Interpreter._aug_assign,
    ast.Expr: Interpreter._expression,
    ast.If: Interpreter._if,
    ast.For: Interpreter._for,
    ast.AsyncFor: Interpreter._for,
    ast.While: Interpreter._while,
    ast.With: Interpreter._with,
    ast.AsyncWith: Interpreter._with,
    ast.Try: Interpreter._try,
    ast.FunctionDef: Interpreter._function,
    ast.AsyncFunctionDef: Interpreter._function,
    ast.ClassDef: Interpreter._class,
    ast.Return: Interpreter._return,
    ast.Import: Interpreter._import,
    ast.ImportFrom: Interpreter._import_from,
    ast.Match: Interpreter._match,
    ast.Delete: Interpreter._delete,
    ast.Assert: Interpreter._assert,
}
