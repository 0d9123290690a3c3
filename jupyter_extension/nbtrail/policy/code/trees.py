"""Small things about syntax trees, quicker than what `ast` has for them."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

_LEAVES = (ast.Name, ast.Constant)
#: Fields that hold words, numbers or signs; all others hold nodes.
_NO_NODES = frozenset(
    "arg asname attr conversion ctx id is_async kind kwd_attrs level lineno module name names op "
    "ops rest simple type_comment".split()
)


def resolve(node: ast.AST, aliases: dict[str, str]) -> str:
    """``np.random.rand`` as ``numpy.random.rand``; empty where it hangs on no name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    head = aliases.get(node.id, node.id)
    return ".".join((head, *reversed(names))) if names else head


def literal(node: ast.expr | None) -> object:
    """The value of a literal; ``...`` where it is none or is computed."""
    if isinstance(node, ast.Constant):
        return node.value
    return ...


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it, outer ones first; operators and the like are left out."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        if type(part) not in _LEAVES:
            waiting += children(part)


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below one, the last first."""
    found: list[ast.AST] = []
    for name in _fields(type(node).__name__):
        value = getattr(node, name, None)
        if type(value) is list:
            found += [part for part in value if part is not None]
        elif value is not None:
            found.append(value)
    found.reverse()
    return found


@functools.cache
def _fields(kind: str) -> tuple[str, ...]:
    return tuple(name for name in getattr(ast, kind)._fields if name not in _NO_NODES)
