"""Code cells as syntax trees: magics turned into calls, broken cells left out."""

from __future__ import annotations

import ast
import hashlib
import re
import textwrap

from nbtrail.notebooks.cells import Cell, code_cells_of, language
from nbtrail.notebooks.document import Notebook
from nbtrail.notebooks.parsing import parse_python

#: Names of the calls that stand for magics in the tree.
LINE_MAGIC, SHELL, CELL_MAGIC, SCRIPT = "_line_magic", "_shell", "_cell_magic", "_script"
#: Cell magics whose body is Python that runs in the notebook's own namespace.
_TRANSPARENT = frozenset({"time", "timeit", "capture", "prun", "memit", "mprun", "skip", "px"})

#: A longer cell is data in the disguise of code: its text is its identity.
_MOST_CODE = 100_000
_MAGIC_LINE = re.compile(r"^(?P<indent>\s*)(?P<kind>%{1,2}|!{1,2})(?P<text>.*)$")
_ASSIGNED = re.compile(r"^(?P<indent>\s*)(?P<target>[\w.,\s]+?)\s*=\s*(?P<kind>[%!])(?P<text>.*)$")
_HELP = re.compile(r"^(?P<indent>\s*)(\?{1,2}[\w.*]+|[\w.*]+\?{1,2})\s*$")


def parse_cell(source: str) -> ast.Module | None:
    """The tree of one cell's source, or ``None`` when it is no Python.

    ``%run x`` becomes ``_line_magic('run x')``, ``!ls`` becomes ``_shell('ls')`` and the body
    of a cell magic of another language ``_cell_magic('bash', body)``.
    """
    source = source.replace("\r\n", "\n")
    if not source.lstrip().startswith("%%"):
        tree = parse_python(source)
        if tree is not None:
            return tree
    return parse_python(_without_magics(source)) or parse_python(
        textwrap.dedent(_without_magics(source))
    )


def code_digest(notebook: Notebook) -> str:
    """Identity of what the code does: comments, blank lines and markdown do not matter.

    Cells that are no Python count by their text without trailing blanks.
    """
    digest = hashlib.sha256(b"nbtrail-code-1\n")
    python = language(notebook) in ("python", "ipython")
    for cell in code_cells_of(notebook):
        text = _normal(cell, python)
        if text:
            marks = ",".join(sorted(cell.tags)) if cell.tags else ""
            digest.update(f"{len(text)}:{marks}\n{text}\n".encode("utf-8", errors="replace"))
    return digest.hexdigest()


def module_digest(source: str) -> str:
    """Identity of a local module's code, comments left out."""
    tree = parse_python(source)
    text = source if tree is None else _dumped(tree, source)
    return hashlib.sha256(text.encode("utf-8", errors="replace")).hexdigest()


def _normal(cell: Cell, python: bool) -> str:
    tree = parse_cell(cell.source) if python and len(cell.source) <= _MOST_CODE else None
    if tree is None:
        return "\n".join(line.rstrip() for line in cell.source.strip().splitlines())
    return _dumped(tree, cell.source) if tree.body else ""


def _dumped(tree: ast.Module, source: str) -> str:
    """The tree as text; the source where it is nested too deeply."""
    try:
        return ast.dump(tree)
    except RecursionError:
        return source


def _without_magics(source: str) -> str:
    lines = source.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    head = lines[first].strip() if lines else ""
    prefix = ""
    if head.startswith("%%"):
        name, _, _rest = head[2:].strip().partition(" ")
        if name not in _TRANSPARENT:
            body = "\n".join(lines[first + 1 :])
            return f"{CELL_MAGIC}({head[2:]!r}, {body!r})"
        prefix = f"{LINE_MAGIC}({head[2:]!r})\n"
        lines = lines[first + 1 :]
    return prefix + "\n".join(_plain(line) for line in _joined(lines))


def _joined(lines: list[str]) -> list[str]:
    """Magic lines with their continuation lines (a backslash at the end) joined.

    Empty lines take the place of those that went into another, so that line numbers hold.
    """
    result: list[str] = []
    head = -1  # of the magic that goes on
    for line in lines:
        if head >= 0:
            result[head] = result[head].rstrip().removesuffix("\\") + " " + line.strip()
            result.append("")
        else:
            result.append(line)
        if not line.rstrip().endswith("\\"):
            head = -1
        elif head < 0 and _MAGIC_LINE.match(line):
            head = len(result) - 1
    return result


def _plain(line: str) -> str:
    if match := _MAGIC_LINE.match(line):
        name = LINE_MAGIC if match["kind"].startswith("%") else SHELL
        return f"{match['indent']}{name}({match['text'].strip()!r})"
    if match := _ASSIGNED.match(line):
        name = LINE_MAGIC if match["kind"] == "%" else SHELL
        return f"{match['indent']}{match['target']} = {name}({match['text'].strip()!r})"
    if match := _HELP.match(line):
        return f"{match['indent']}pass"
    return line
