"""Files as pieces of text that can be changed at exact places, everything else byte for byte.

A script or a Markdown file is one piece, a notebook has one for each cell. A notebook is not
written anew but changed inside its JSON, so that its layout stays whoever wrote it.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from nbtrail.errors import UnreadableNotebookError
from nbtrail.notebooks.cells import cells_of, language
from nbtrail.notebooks.document import parse_notebook
from nbtrail.policy.renaming.mentions import Kind

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)
_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]",
    re.DOTALL,
)


@dataclass(frozen=True)
class Piece:
    """Text of one kind: a whole file, or the source of a cell.

    ``cell_id`` is ``None`` for a file. ``tokens`` are the places in a notebook's JSON that hold
    the source: where the string begins and ends there, and where its text does in ``text``.
    """

    text: str
    kind: Kind
    cell_id: str | None = None
    tokens: tuple[tuple[int, int, int, int], ...] = ()


class Edit(msgspec.Struct, frozen=True, order=True):
    """Characters of a piece to be replaced."""

    piece: int
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Document:
    """A file's text with its pieces."""

    path: str
    raw: str
    pieces: tuple[Piece, ...] = field(repr=False)

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """The file's bytes after the edits, which must not overlap."""
        raw = self.raw
        for edit in sorted(edits, reverse=True):
            start, end, text = self._place(edit)
            raw = raw[:start] + text + raw[end:]
        return raw.encode("utf-8", errors="surrogateescape")

    def _place(self, edit: Edit) -> tuple[int, int, str]:
        piece = self.pieces[edit.piece]
        if piece.cell_id is None:
            return edit.start, edit.end, edit.text
        for raw_start, raw_end, start, end in piece.tokens:
            if start <= edit.start and edit.end <= end:
                places = _places(self.raw[raw_start:raw_end])
                text = json.dumps(edit.text, ensure_ascii=self.raw.isascii())[1:-1]
                return (
                    raw_start + places[edit.start - start],
                    raw_start + places[edit.end - start],
                    text,
                )
        raise UnreadableNotebookError(f"{self.path}: a line of cell {piece.cell_id} is split.")


def open_document(path: str, data: bytes) -> Document:
    """Take a file apart.

    Raises
    ------
    UnreadableNotebookError
        For a notebook that cannot be read.
    """
    raw = data.decode("utf-8", errors="surrogateescape")
    if path.endswith(".ipynb"):
        return Document(path, raw, tuple(_cells(path, raw, data)))
    return Document(path, raw, (Piece(raw, kind_of(path) or "markdown"),))


def kind_of(path: str) -> Kind | None:
    """What a file that may refer to notebooks is written in; ``None`` for all other files."""
    name = path.rpartition("/")[2]
    if name in ("Makefile", "makefile", "GNUmakefile"):
        return "make"
    kinds: Mapping[str, Kind] = {
        "py": "python", "md": "markdown", "sh": "shell", "ipynb": "cell", "toml": "toml",
    }  # fmt: skip
    extension = name.rpartition(".")[2]
    return kinds.get(extension) if extension != "toml" or name == "nbtrail.toml" else None


def _cells(path: str, raw: str, data: bytes) -> Iterator[Piece]:
    notebook = parse_notebook(data, path)
    spoken = language(notebook)
    found = _sources(raw)
    for cell in cells_of(notebook):
        tokens, at = [], 0
        for start, end in found.get(cell.index, ()):
            length = len(_places(raw[start:end])) - 1
            tokens.append((start, end, at, at + length))
            at += length
        if at != len(cell.source):
            raise UnreadableNotebookError(
                f"{path} holds the source of a cell twice.", hint="Save it again in JupyterLab."
            )
        kinds: dict[str, Kind] = {
            "code": "cell" if spoken in ("python", "ipython") else "python",
            "markdown": "markdown",
        }
        if cell.type in kinds:
            yield Piece(cell.source, kinds[cell.type], cell.id, tuple(tokens))


def _sources(raw: str) -> dict[int, list[tuple[int, int]]]:
    """Where the strings of each cell's source begin and end, quotes left out."""
    found: dict[int, list[tuple[int, int]]] = {}
    path: list[str | int] = []
    key = ""
    for match in _TOKEN.finditer(raw):
        token = match[0]
        if token in "{[":
            path.append(key if token == "{" else 0)
            path[-1] = 0 if token == "[" else ""
        elif token in "}]":
            path.pop()
        elif token == "," and isinstance(path[-1], int):
            path[-1] += 1
        elif token == ",":
            path[-1] = ""
        elif token[0] == '"' and path and path[-1] == "":
            path[-1] = json.loads(token, strict=False)
        elif token[0] == '"' and _is_source(path):
            found.setdefault(int(path[1]), []).append((match.start() + 1, match.end() - 1))
    return found


def _is_source(path: Sequence[str | int]) -> bool:
    return (
        len(path) in (3, 4)
        and path[0] == "cells"
        and path[2] == "source"
        and isinstance(path[-1], int if len(path) == 4 else str)
    )


def _places(text: str) -> list[int]:
    """Where each character of a JSON string, and its end, lies in the text that writes it."""
    return [*(match.start() for match in _CHARACTER.finditer(text)), len(text)]


class Line(msgspec.Struct, frozen=True):
    """One line that is changed; ``number`` counts from 1 in its cell or file."""

    cell_id: str | None
    number: int
    before: str
    after: str


def compare(before: Document, after: Document) -> tuple[list[Line], str]:
    """Lines that differ between two versions with as many lines, and a unified diff by cell."""
    lines: list[Line] = []
    parts: list[str] = []
    for old, new in zip(before.pieces, after.pieces, strict=True):
        if old.text == new.text:
            continue
        pairs = zip(old.text.splitlines(), new.text.splitlines(), strict=True)
        lines += [
            Line(old.cell_id, number, was, is_now)
            for number, (was, is_now) in enumerate(pairs, 1)
            if was != is_now
        ]
        where = "" if old.cell_id is None else f" (cell {old.cell_id})"
        parts += difflib.unified_diff(
            old.text.splitlines(),
            new.text.splitlines(),
            f"a/{before.path}{where}",
            f"b/{after.path}{where}",
            lineterm="",
            n=2,
        )
    return lines, "".join(part + "\n" for part in parts)
