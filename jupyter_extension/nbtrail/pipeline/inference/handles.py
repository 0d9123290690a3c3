"""Open files, archives and databases, and what is asked of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbtrail.pipeline.inference import effects, library, sql
from nbtrail.pipeline.inference.values import (
    HOLE,
    UNKNOWN,
    Handle,
    PathValue,
    Value,
    either,
    options_of,
    text_of,
)

if TYPE_CHECKING:
    from nbtrail.pipeline.inference.calls import Calls

_QUERIES = frozenset({"execute", "executemany", "executescript", "sql", "query"})


def opened(walk: Calls, call: effects.Call) -> Value:
    """A file opened by path and mode: its handle."""
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
            walk.unresolved += 1
            results.append(Handle(HOLE))
            continue
        if "://" not in text:
            walk.note(effects.mode_effects(mode, text, effects.is_native(call)))
        kind = "archive" if call.name.startswith(("zipfile", "tarfile")) else "file"
        results.append(Handle(text, kind))
    return either(results)


def asked(walk: Calls, handle: Handle, call: effects.Call) -> Value:
    """Result of a method of an open file, archive or database."""
    if handle.kind == "database":
        if call.method in ("cursor", "connect", "begin", "raw_connection"):
            return handle
        query(walk, handle, call)
    if handle.kind == "archive":
        _archive(walk, call)
    return handle if call.method in ("__enter__", "read") else UNKNOWN


def query(walk: Calls, handle: Handle, call: effects.Call) -> None:
    """Note what SQL does to a database, and to the files that it names."""
    text = text_of(call.arguments[0]) if call.arguments else None
    if call.method not in _QUERIES or not text:
        return
    sql.touch(walk, text)
    if handle.text:
        walk.touch("write" if sql.changes(text) else "read", handle.text, unseen=True)


def tables(walk: Calls, call: effects.Call) -> bool:
    """Tables read from or written to a database file; whether the call was of that kind."""
    if call.name.startswith("duckdb.") and call.method in _QUERIES:
        query(walk, Handle("", "database"), call)
        return True
    if call.method not in ("to_sql", "read_sql", "read_sql_query", "read_sql_table"):
        return False
    for value in [*call.arguments[:3], *call.keywords.values()]:
        if isinstance(value, str) and ":///" in value:
            value = library.engine(value)
        if isinstance(value, Handle) and value.kind == "database" and value.text:
            mode: effects.Mode = "write" if call.method == "to_sql" else "read"
            walk.touch(mode, value.text, unseen=True)
    return True


def _archive(walk: Calls, call: effects.Call) -> None:
    if call.method in ("write", "add") and call.arguments:
        walk.note(effects.paths_of("read", call.arguments[0]))
    if call.method not in ("extractall", "extract"):
        return
    place = 0 if call.method == "extractall" else 1
    target = call.keywords.get("path", ".")
    if len(call.arguments) > place:
        target = call.arguments[place]
    member = text_of(call.arguments[0]) if call.method == "extract" and call.arguments else None
    folder = text_of(target)
    if folder is not None:
        walk.touch("write", library.join(folder, member or HOLE), weak=member is None)
