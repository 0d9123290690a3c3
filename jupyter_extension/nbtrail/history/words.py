"""What changed between two versions of a notebook, in words.

``cell 7: learning_rate 0.1 → 0.01; cells 8 and 9: other outputs``. Two sources of Python that
differ in literals only are told by the names that these have; others by the number of lines.
"""

from __future__ import annotations

import ast
import difflib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

import msgspec

from nbtrail.diff import diff_notebooks
from nbtrail.diff.shape import CellDiff
from nbtrail.ledger.snapshots import Excerpt, places_that_differ
from nbtrail.masking import mask
from nbtrail.notebooks.cells import text_of
from nbtrail.notebooks.document import Notebook

#: What a literal is given to: a name, or an expression that has one.
_Name = str | ast.expr
#: Changes of one cell, and changed cells, that are told one by one.
_MOST_VALUES, _MOST_CELLS = 3, 3
_LONGEST_VALUE = 40
#: Characters of a source beyond which only its lines are counted.
_LONGEST_SOURCE = 20_000


class Words(msgspec.Struct, frozen=True):
    """A change in words, and the ids of the cells that it names."""

    what: str
    cell_ids: tuple[str, ...] = ()


def change_in_words(before: Notebook, after: Notebook) -> Words:
    """What changed; an empty text where nothing did that matters.

    Values that look like secrets are masked.
    """
    return excerpts_in_words(*_what_differs(before, after))


def excerpts_in_words(before: Excerpt, after: Excerpt) -> Words:
    """As `change_in_words`, for notebooks without the cells that they share."""
    a, b = before.notebook, after.notebook
    told: list[str] = []
    ids: list[str] = []
    groups: dict[str, list[int]] = {"insert": [], "delete": [], "move": [], "outputs": []}
    for entry in diff_notebooks(a, b)["cells"]:
        if entry["op"] == "equal" and entry["outputs"] != "changed":
            continue
        ids.append(entry["cell_id"])
        number = _number(entry, before, after)
        said = _edit_in_words(a, b, entry)
        if said:
            told.append(f"cell {number}{said}")
        else:
            groups["outputs" if entry["op"] == "equal" else entry["op"]].append(number)
    told = _shortened(told)
    for key, ending in (("insert", "added"), ("delete", "removed"), ("move", "moved")):
        if groups[key]:
            told.append(f"{cells_in_words(groups[key])} {ending}")
    if groups["outputs"]:
        told.append(f"{cells_in_words(groups['outputs'])}: other outputs")
    return Words(mask("; ".join(told)), tuple(ids))


def _number(entry: CellDiff, before: Excerpt, after: Excerpt) -> int:
    """The cell's number as people count, in the newer notebook where it is there."""
    if entry["b"] is not None:
        return after.places[entry["b"]] + 1
    assert entry["a"] is not None
    return before.places[entry["a"]] + 1


def _edit_in_words(a: Notebook, b: Notebook, entry: CellDiff) -> str:
    """How a cell was edited; empty where it only came, went, moved or ran."""
    if entry["a"] is None or entry["b"] is None or entry["op"] == "equal":
        return ""
    old, new = a["cells"][entry["a"]], b["cells"][entry["b"]]
    before, after = text_of(old.get("source")), text_of(new.get("source"))
    if before != after:
        return f": {source_in_words(before, after)}"
    if old.get("cell_type") != new.get("cell_type"):
        return f" is {entry['cell_type']} now"
    keys = [change["key"] for change in entry["metadata"] if change["verdict"] == "changed"]
    if keys:
        return f": {', '.join(keys)} changed"
    return "" if entry["op"] == "move" else ": attachments changed"


def source_in_words(before: str, after: str) -> str:
    """How a source changed: ``depth 3 → 5``, or how many lines did."""
    values, others = _changed_literals(before, after)
    if values:
        more = len(values) - _MOST_VALUES
        shown = values[:_MOST_VALUES] + ([f"{more} more"] if more > 0 else [])
        if others:
            shown.append(f"{others} other line{'' if others == 1 else 's'}")
        return ", ".join(shown)
    old, new = before.splitlines(), after.splitlines()
    if before.split() == after.split():
        return "whitespace"
    count = max(_count_only(old, new), _count_only(new, old), 1)
    return f"{count} line{'' if count == 1 else 's'} changed"


def _count_only(a: Sequence[str], b: Sequence[str]) -> int:
    """How many lines of ``a`` are not in ``b``."""
    rest: dict[str, int] = {}
    for line in b:
        rest[line.strip()] = rest.get(line.strip(), 0) + 1
    count = 0
    for line in a:
        if rest.get(line.strip(), 0):
            rest[line.strip()] -= 1
        else:
            count += bool(line.strip())
    return count


def _changed_literals(before: str, after: str) -> tuple[list[str], int]:
    """``name old → new`` of each literal in statements that differ by literals only.

    Second how many lines the other statements that differ have; nothing at all where the
    sources are no Python.
    """
    if max(len(before), len(after)) > _LONGEST_SOURCE:
        return [], 0
    a, b = _tree(before), _tree(after)
    if a is None or b is None:
        return [], 0
    matcher = difflib.SequenceMatcher(None, _shapes(before), _shapes(after), autojunk=False)
    values: list[str] = []
    others = 0
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        if tag != "equal":
            others += max(_lines(a.body[i:i_end]), _lines(b.body[j:j_end]))
            continue
        for old, new in zip(a.body[i:i_end], b.body[j:j_end], strict=True):
            values += [
                f"{_named(name)} {_shown(x)} → {_shown(y)}".strip()
                for (name, x), (_, y) in zip(_literals(old), _literals(new), strict=True)
                if (type(x), x) != (type(y), y)
            ]
    return values, others


def _lines(statements: Sequence[ast.stmt]) -> int:
    return sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in statements)


def _shapes(source: str) -> list[str]:
    """The statements with all literals blanked; of a tree of its own, which that ends."""
    tree = _tree(source)
    return [] if tree is None else [ast.dump(_Blank().visit(node)) for node in tree.body]


def _tree(source: str) -> ast.Module | None:
    lines = ["" if line.lstrip()[:1] in ("%", "!") else line for line in source.splitlines()]
    try:
        return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class _Negative(ast.UnaryOp):
    """A number with a minus in front."""

    operand: ast.Constant


class _Blank(ast.NodeTransformer):
    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        if _is_negative(node):
            return ast.Constant(0)
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant(0)


def _literals(node: ast.AST, name: _Name = "") -> Iterator[tuple[_Name, Any]]:
    """All literals in order, each with what it is given to."""
    if isinstance(node, ast.Constant):
        yield name, node.value
        return
    if _is_negative(node):
        yield name, _minus(node.operand.value)
        return
    for child, label in _children(node, name):
        yield from _literals(child, label)


def _is_negative(node: ast.AST) -> TypeGuard[_Negative]:
    return (
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.USub)
        and isinstance(node.operand, ast.Constant)
        and isinstance(node.operand.value, (int, float, complex))
    )


def _minus(number: Any) -> Any:
    return -number


def _named(name: _Name) -> str:
    return name if isinstance(name, str) else ast.unparse(name)


def _children(node: ast.AST, name: _Name) -> Iterator[tuple[ast.AST, _Name]]:
    if isinstance(node, ast.Assign):
        yield from ((child, node.targets[0]) for child in ast.iter_child_nodes(node))
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
        yield from ((child, node.target) for child in ast.iter_child_nodes(node))
    elif isinstance(node, ast.keyword):
        yield node.value, node.arg or name
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None:
                yield key, name
            is_text = isinstance(key, ast.Constant) and isinstance(key.value, str)
            yield value, str(key.value) if is_text else name  # type: ignore[union-attr]
    elif isinstance(node, ast.Call):
        yield node.func, name
        yield from ((child, node.func) for child in (*node.args, *node.keywords))
    else:
        yield from ((child, name) for child in ast.iter_child_nodes(node))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _what_differs(before: Notebook, after: Notebook) -> tuple[Excerpt, Excerpt]:
    """Both notebooks without the cells that they share.

    Comparing two versions that follow each other then costs what changed.
    """
    old, new = (
        [_print(cell) for cell in notebook["cells"]] for notebook in (before, after)
    )  # fmt: skip
    kept = places_that_differ(old, new)
    a, b = (
        Excerpt({**whole, "cells": [_with_id(whole, index) for index in places]}, places)
        for whole, places in zip((before, after), kept, strict=True)
    )
    return a, b


def _with_id(notebook: Notebook, index: int) -> dict[str, Any]:
    cell: dict[str, Any] = notebook["cells"][index]
    return cell if cell.get("id") else {**cell, "id": f"#{index}"}


def _print(cell: Mapping[str, Any]) -> bytes:
    try:
        data = msgspec.msgpack.encode(cell)
    except (OverflowError, TypeError, ValueError):
        data = repr(cell).encode(errors="replace")
    return hashlib.blake2b(data, digest_size=16).digest()


def _shortened(told: list[str]) -> list[str]:
    more = len(told) - _MOST_CELLS
    return told[:_MOST_CELLS] + ([f"{more} more cells changed"] if more > 0 else [])


def cells_in_words(numbers: Sequence[int]) -> str:
    """``cell 3``, ``cells 3 and 5``, ``cells 1 to 7``, ``12 cells``."""
    if len(numbers) == 1:
        return f"cell {numbers[0]}"
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"cells {numbers[0]} to {numbers[-1]}"
    if len(numbers) <= 4:
        return f"cells {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
    return f"{len(numbers)} cells"
