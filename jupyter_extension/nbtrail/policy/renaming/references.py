"""All references to renamed notebooks and twins in a project's own files."""

from __future__ import annotations

import json
import os
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nbtrail.errors import NbtrailError, OutsideProjectError
from nbtrail.policy.renaming.documents import (
    Document,
    Edit,
    Line,
    Piece,
    compare,
    kind_of,
    open_document,
)
from nbtrail.policy.renaming.mentions import find_mentions
from nbtrail.policy.renaming.modules import (
    Change,
    dotted_imports,
    find_imports,
    find_uses,
    renamed_module,
)
from nbtrail.policy.renaming.places import Places
from nbtrail.project import Project

#: Larger files are no text that somebody wrote; notebooks hold outputs and may be larger.
_LARGEST = 5_000_000
_MOST_MENTIONS = 20
_MANY = 40


@dataclass(frozen=True)
class FileEdit:
    """A file whose references are to be changed, as it was read.

    Attributes
    ----------
    path
        POSIX from the root, before anything is renamed.
    new_path
        Where it is afterwards.
    tokens
        What the references say afterwards.
    twin_of
        Set for a twin that is put back along with its notebook: that one's path afterwards.
    """

    path: str
    new_path: str
    before: bytes
    after: bytes
    lines: tuple[Line, ...]
    diff: str
    tokens: tuple[str, ...]
    twin_of: str | None = None


def find_references(
    project: Project,
    moves: Mapping[str, str],
    is_twin: Callable[[str], bool],
    only: Sequence[str] | None = None,
) -> tuple[list[FileEdit], list[str]]:
    """Edits of all files that refer to something in ``moves``, and warnings.

    Parameters
    ----------
    project
        Whose notebooks, scripts, Markdown files, shell scripts, Makefiles and ``nbtrail.toml``
        are read.
    moves
        New paths by old ones, of notebooks and twins.
    is_twin
        Whether a script is a notebook's twin: it follows its notebook.
    only
        Look into these files alone.
    """
    places = Places(project.root, moves)
    telling = _telling(moves)
    edits, warnings = [], []
    for path in project.files(lambda name: kind_of(name) is not None) if only is None else only:
        data = _read(project, path)
        moved_away = posixpath.dirname(moves.get(path, path)) != posixpath.dirname(path)
        if data is None or not (moved_away or any(word in data for word in telling)):
            continue
        if not path.endswith(".ipynb") and is_twin(path):
            continue
        try:
            document = open_document(path, data)
        except NbtrailError as error:
            if any(word in data for word in _words_of(moves)):
                warnings.append(f"{path} cannot be read, its references stay: {error.message}")
            continue
        found, problems = edits_of(document, places)
        warnings += problems
        if found:
            tokens = [edit.text for edit in found]
            after = document.edited(found)
            edits.append(file_edit(path, moves.get(path, path), data, after, tokens))
    return edits, [*warnings[:_MOST_MENTIONS], *_more(warnings)]


def edits_of(document: Document, places: Places) -> tuple[list[Edit], list[str]]:
    """What has to change in one file, and what of it cannot."""
    found: dict[tuple[int, int, int], Edit] = {}
    warnings = []
    dotted: dict[str, str] = {}
    for piece in document.pieces:
        if piece.kind in ("python", "cell"):
            magics = piece.kind == "cell"
            dotted |= dotted_imports(piece.text, places, document.path, magics=magics)
    for index, piece in enumerate(document.pieces):
        for change in _changes(piece, places, document.path, dotted):
            if change.text is None:
                where = _where(document, piece, change.start)
                name = piece.text[change.start : change.end]
                target = places.moves.get(change.path, "its new name")
                warnings.append(f"{where}: {name!r} cannot be changed to {target}.")
            elif not _overlaps(found, index, change):
                found[index, change.start, change.end] = Edit(
                    index, change.start, change.end, change.text
                )
        warnings += _left(document, index, piece, places, list(found.values()))
    return sorted(found.values()), warnings


def _changes(
    piece: Piece, places: Places, path: str, dotted: dict[str, str]
) -> Iterator[Change]:  # fmt: skip
    if piece.kind in ("python", "cell"):
        magics = piece.kind == "cell"
        yield from find_imports(piece.text, places, path, magics=magics)
        if dotted:
            yield from find_uses(piece.text, dotted, magics=magics)
    for mention in find_mentions(piece.text, piece.kind):
        if mention.style == "module":
            known = renamed_module(mention.value, places, path)
            if known is not None:
                yield Change(mention.start, mention.end, known[1], known[0])
            continue
        new = places.followed(mention, path)
        if new is not None:
            yield Change(mention.start, mention.end, mention.written(new), mention.value)


def _overlaps(found: Mapping[tuple[int, int, int], Edit], index: int, change: Change) -> bool:
    return any(
        piece == index and start < change.end and change.start < end
        for piece, start, end in found
    )  # fmt: skip


def _left(
    document: Document, index: int, piece: Piece, places: Places, edits: list[Edit]
) -> Iterator[str]:  # fmt: skip
    """Warnings of names in code that stand for no path of their own."""
    if piece.kind == "markdown" or not any(end in piece.text for end in places.endings):
        return
    taken = [(edit.start, edit.end) for edit in edits if edit.piece == index]
    for old in places.moves:
        name = posixpath.basename(old)
        if name not in piece.text:
            continue
        for match in re.finditer(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", piece.text):
            inside = any(start <= match.start() and match.end() <= end for start, end in taken)
            other = re.search(r"[\w./ -]*$", piece.text[: match.start()])
            lead = other[0].lstrip() if other is not None else ""
            home = posixpath.dirname(document.path)
            leads = {lead, re.split(r"\s", lead)[-1]}
            elsewhere = any(
                one.endswith("/") or places.is_another(one + name, home) for one in leads
            )
            if not inside and not elsewhere:
                where = _where(document, piece, match.start())
                yield f"{where} also names {name} in a way that is left as it is."


def _where(document: Document, piece: Piece, at: int) -> str:
    line = piece.text.count("\n", 0, at) + 1
    cell = "" if piece.cell_id is None else f", cell {piece.cell_id}"
    return f"{document.path}{cell}, line {line}"


def file_edit(
    path: str, new_path: str, before: bytes, after: bytes, tokens: Sequence[str]
) -> FileEdit:
    """An edit by the file's content before and after."""
    lines, diff = compare(open_document(path, before), open_document(new_path, after))
    return FileEdit(path, new_path, before, after, tuple(lines), diff, tuple(tokens))


def _telling(moves: Mapping[str, str]) -> list[bytes]:
    """Bytes of which a file that refers to one of the names holds at least one."""
    # Looking for each of many takes longer than looking at all files.
    return [b""] if len(moves) > _MANY else _words_of(moves)


def _words_of(moves: Mapping[str, str]) -> list[bytes]:
    words = set()
    for old in moves:
        stem = posixpath.splitext(posixpath.basename(old))[0]
        # A long name may be escaped in some places: its longest plain word will do.
        plain = max(re.findall(r"[A-Za-z0-9_-]+", stem), key=len, default="")
        words.add((plain or stem).encode("utf-8", errors="surrogateescape"))
        if not plain:
            words.add(json.dumps(stem)[1:-1].encode())
            words.add(b"%")
    return sorted(words)


def _read(project: Project, path: str) -> bytes | None:
    try:
        file = project.resolve(path)
        if not path.endswith(".ipynb") and os.path.getsize(file) > _LARGEST:
            return None
        return file.read_bytes()
    except (OSError, OutsideProjectError):
        return None


def _more(warnings: Sequence[str]) -> list[str]:
    more = len(warnings) - _MOST_MENTIONS
    return [f"{more} more of this kind."] if more > 0 else []
