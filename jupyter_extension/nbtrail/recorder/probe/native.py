"""Files that libraries open themselves, past Python's ``open``: the calls that name them.

The table says where such a call enters each library. It is applied when the library has been
imported; until then only its name is looked at. A wrapped function notes a few paths with
their states, and calls the original as if the caller had done so.
"""

from __future__ import annotations

import functools
import glob
import itertools
import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .frames import OWN_FILES, call_as
from .report import database_state, listing
from .tracker import absolute, state_at, tracker

#: Files of one argument that are looked at: a folder or a pattern may stand for many.
MANY = 2_000

_PATTERN = re.compile(r"[*?\[]")
_STORES = ("", ":memory:", ":default:")


def paths_of(value: Any) -> Iterator[str]:
    """Absolute paths of the files that an argument names; open files name none."""
    if isinstance(value, (list, tuple, set)):
        for item in itertools.islice(value, MANY):
            yield from paths_of(item)
        return
    if not isinstance(value, (str, bytes, os.PathLike)):
        return
    text = os.fsdecode(value)
    if text.startswith("file://"):
        text = text[7:]
    if not text or "://" in text or len(text) > 4096 or "\0" in text:
        return
    yield absolute(os.path.expanduser(text) if text[0] == "~" else text, os.getcwd())


def note_read(value: Any) -> None:
    """Files that are read: by name, by pattern, or as a folder of them."""
    for path in paths_of(value):
        state = state_at(path)
        if state is False:
            found: Any = listing(path, MANY).items()
        elif state is not None:
            found = ((path, state),)
        elif _PATTERN.search(path):
            names = itertools.islice(glob.iglob(path, recursive=True), MANY)
            found = ((name, state_at(name)) for name in names)
        else:
            continue
        for name, known in found:
            if known is not False and known is not None:
                tracker.saw(name, "r", known)


def note_write(value: Any) -> None:
    """Files, or folders of them, that may be written from now on."""
    for path in paths_of(value):
        state = state_at(path)
        tracker.saw(path, "W", listing(path) if state is False else state)


def note_update(value: Any, *, writes: bool = True, lazy: bool = False) -> None:
    """A file that stays open: read, and written if it has changed at the end of some cell."""
    for path in paths_of(value):
        state = state_at(path)
        if state is False:
            continue
        if writes:
            known = database_state(path)
            tracker.saw(path, "D", known)
            tracker.watch(path, known, lazy=lazy)
        elif state is not None:
            tracker.saw(path, "r", state)


class _Arguments:
    """Arguments of one call, by place or by name."""

    def __init__(self, args: Any, kwargs: Any) -> None:
        self._args, self._kwargs = args, kwargs

    def get(self, place: int, *names: str) -> Any:
        if len(self._args) > place:
            return self._args[place]
        for name in names:
            if name in self._kwargs:
                return self._kwargs[name]
        return None


if TYPE_CHECKING:
    Look = Callable[[_Arguments], Any]


def _reads(place: int, *names: str) -> Look:
    return lambda given: note_read(given.get(place, *names))


def _writes(place: int, *names: str) -> Look:
    return lambda given: note_write(given.get(place, *names))


def _by_mode(place: int, name: str, default: str) -> Look:
    """A file whose mode is the argument after it."""

    def look(given: _Arguments) -> None:
        mode = given.get(place + 1, "mode") or default
        file = given.get(place, name)
        if mode in ("r", "rb"):
            note_read(file)
        elif mode[:1] in ("w", "x"):
            for path in paths_of(file):
                known = database_state(path)
                tracker.saw(path, "W", known[0])
                tracker.watch(path, known)
        else:
            note_update(file)

    return look


def _h5_file(given: _Arguments) -> None:
    if given.get(3, "driver") in (None, "sec2", "stdio", "core"):
        _H5(given)


_H5 = _by_mode(1, "name", "r")


def _sqlite(given: _Arguments) -> None:
    database = given.get(0, "database")
    if given.get(7, "uri") or (isinstance(database, str) and database.startswith("file:")):
        text = str(database)[len("file:") :] if str(database).startswith("file:") else database
        database, _, query = str(text).partition("?")
        if "mode=memory" in query:
            return
        database = "/" + database.lstrip("/") if database.startswith("//") else database
    if database not in _STORES:
        note_update(database, lazy=True)


def _duckdb_connect(given: _Arguments) -> None:
    database = given.get(0, "database")
    if database is not None and str(database) not in _STORES and str(database)[:8] != ":memory:":
        note_update(database, writes=not given.get(1, "read_only"))


_LITERAL = re.compile(
    r"(?:\b(?P<write>TO|EXPORT\s+DATABASE)|\b(?P<attach>ATTACH(?:\s+DATABASE)?"
    r"(?:\s+IF\s+NOT\s+EXISTS)?)|(?P<folder>IMPORT\s+DATABASE))?\s*"
    r"(?:'(?P<text>(?:[^'\n]|'')+)'|\"(?P<name>[^\"\n]+)\")",
    re.IGNORECASE,
)


def note_sql(query: Any) -> None:
    """Files named in SQL as duckdb understands it: to read from, to copy to, to attach."""
    text = query if isinstance(query, str) else getattr(query, "query", None)
    if not isinstance(text, str):
        return
    for found in itertools.islice(_LITERAL.finditer(text[:200_000]), 200):
        name = found["name"] or found["text"].replace("''", "'")
        if found["write"]:
            note_write(name)
        elif found["attach"]:
            _duckdb_connect(_Arguments((name,), {}))
        elif found["folder"]:
            note_read(name)
        elif any(sign in name for sign in (".", "*", os.sep)) and not os.path.isdir(name):
            note_read(name)  # other words in quotes are values


def _sql(place: int) -> Look:
    def look(given: _Arguments) -> None:
        note_sql(given.get(place, "query", "statement"))
        values = given.get(place + 1, "parameters", "params")
        if isinstance(values, dict):
            values = list(values.values())
        if isinstance(values, (list, tuple)):
            for value in values[:20]:
                if isinstance(value, str) and "." in value and not os.path.isdir(value):
                    note_read(value)

    return look


def _dataset_files(result: Any) -> None:
    """All files that a dataset of pyarrow consists of."""
    system = getattr(result, "filesystem", None)
    if system is None or getattr(system, "type_name", "local") == "local":
        note_read(list(getattr(result, "files", ())))


class _Entry:
    """Where calls enter a library.

    ``look`` is given the arguments, ``after`` the result. ``see`` is for functions that look at
    the variables of their caller.
    """

    def __init__(
        self, look: Look | None, *, after: Callable[[Any], None] | None = None, see: bool = False
    ) -> None:
        self.look, self.after, self.see = look, after, see


def _polars() -> dict[str, _Entry]:
    kinds = "csv parquet ipc ipc_stream ndjson json avro excel ods lines".split()
    found = {f"read_{kind}": _Entry(_reads(0, "source")) for kind in kinds}
    for kind in kinds:
        for name in (f"scan_{kind}", f"read_{kind}_schema", f"read_{kind}_batched"):
            found[name] = _Entry(_reads(0, "source"))
        found[f"DataFrame.write_{kind}"] = _Entry(_writes(1, "file", "workbook"))
        found[f"LazyFrame.sink_{kind}"] = _Entry(_writes(1, "path", "target"))
    found["read_delta"] = found["scan_delta"] = _Entry(_reads(0, "source"))
    found["DataFrame.write_delta"] = _Entry(_writes(1, "target"))
    return found


def _duckdb() -> dict[str, _Entry]:
    found = {"connect": _Entry(_duckdb_connect)}
    readers = ("read_csv", "read_json", "read_parquet", "from_csv_auto", "from_parquet")
    for place, base in ((0, ""), (1, "DuckDBPyConnection.")):
        for name in ("sql", "query", "execute", "executemany", "from_query", "query_df"):
            found[base + name] = _Entry(_sql(place), see=True)
        for name in readers:
            look = _reads(place, "path_or_buffer", "name", "file_glob", "file_globs")
            found[base + name] = _Entry(look, see=True)
    for name in ("to_csv", "write_csv", "to_parquet", "write_parquet"):
        found[f"DuckDBPyRelation.{name}"] = _Entry(_writes(1, "file_name"), see=True)
    found["DuckDBPyRelation.query"] = _Entry(_sql(2), see=True)
    found["write_csv"] = _Entry(_writes(1, "filename", "file_name"), see=True)
    return found


_SAFETENSORS = {
    "load_file": _Entry(_reads(0, "filename")),
    "save_file": _Entry(_writes(1, "filename")),
}

#: Module to its functions, methods and classes. Each is listed under the module whose import
#: makes it; a class stands for its constructor.
TABLE: dict[str, dict[str, _Entry]] = {
    "sqlite3": {"connect": _Entry(_sqlite), "dbapi2.connect": _Entry(_sqlite)},
    "pyarrow": {
        "memory_map": _Entry(_by_mode(0, "path", "r")),
        "create_memory_map": _Entry(_writes(0, "path")),
        "input_stream": _Entry(_reads(0, "source")),
        "output_stream": _Entry(_writes(0, "source")),
        "OSFile": _Entry(_by_mode(0, "path", "r")),
    },
    "pyarrow.ipc": {
        "RecordBatchFileReader": _Entry(_reads(1, "source")),
        "RecordBatchStreamReader": _Entry(_reads(1, "source")),
        "RecordBatchFileWriter": _Entry(_writes(1, "sink")),
        "RecordBatchStreamWriter": _Entry(_writes(1, "sink")),
    },
    "pyarrow.parquet": {
        "ParquetFile": _Entry(_reads(1, "source")),
        "ParquetWriter": _Entry(_writes(1, "where")),
        "ParquetDataset": _Entry(_reads(1, "path_or_paths")),
        "read_table": _Entry(_reads(0, "source")),
        "read_schema": _Entry(_reads(0, "where")),
        "read_metadata": _Entry(_reads(0, "where")),
    },
    "pyarrow.dataset": {
        "dataset": _Entry(None, after=_dataset_files),
        "write_dataset": _Entry(_writes(1, "base_dir")),
    },
    "pyarrow.feather": {
        "read_table": _Entry(_reads(0, "source")),
        "read_feather": _Entry(_reads(0, "source")),
        "write_feather": _Entry(_writes(1, "dest")),
    },
    "pyarrow.csv": {
        "read_csv": _Entry(_reads(0, "input_file")),
        "open_csv": _Entry(_reads(0, "input_file")),
        "write_csv": _Entry(_writes(1, "output_file")),
        "CSVWriter": _Entry(_writes(0, "sink")),
    },
    "pyarrow.json": {
        "read_json": _Entry(_reads(0, "input_file")),
        "open_json": _Entry(_reads(0, "input_file")),
    },
    "pyarrow.orc": {
        "ORCFile": _Entry(_reads(1, "source")),
        "ORCWriter": _Entry(_writes(1, "where")),
        "read_table": _Entry(_reads(0, "source")),
    },
    "polars": _polars(),
    "duckdb": _duckdb(),
    "h5py": {"File": _Entry(_h5_file)},
    "tables": {"File": _Entry(_by_mode(1, "filename", "r"))},
    "torch": {
        "load": _Entry(_reads(0, "f")),
        "save": _Entry(_writes(1, "f")),
        "jit.load": _Entry(_reads(0, "f")),
        "jit.save": _Entry(_writes(1, "f")),
    },
    "safetensors": {"safe_open": _Entry(_reads(0, "filename"))},
    "safetensors.torch": {
        **_SAFETENSORS,
        "load_model": _Entry(_reads(1, "filename")),
        "save_model": _Entry(_writes(1, "filename")),
    },
    "safetensors.numpy": _SAFETENSORS,
    "safetensors.flax": _SAFETENSORS,
    "safetensors.tensorflow": _SAFETENSORS,
    "xarray": {
        "open_dataset": _Entry(_reads(0, "filename_or_obj")),
        "open_dataarray": _Entry(_reads(0, "filename_or_obj")),
        "open_mfdataset": _Entry(_reads(0, "paths")),
        "open_zarr": _Entry(_reads(0, "store")),
        "Dataset.to_netcdf": _Entry(_writes(1, "path")),
        "DataArray.to_netcdf": _Entry(_writes(1, "path")),
        "Dataset.to_zarr": _Entry(_writes(1, "store")),
    },
    "cv2": {
        "imread": _Entry(_reads(0, "filename")),
        "imwrite": _Entry(_writes(0, "filename")),
    },
}


def _wrapper(original: Any, entry: _Entry) -> Any:
    look, after, see = entry.look, entry.after, entry.see

    def call(*args: Any, **kwargs: Any) -> Any:
        if not tracker.enabled:
            return call_as(sys._getframe(1), see, original, args, kwargs)
        if look is not None:
            try:
                look(_Arguments(args, kwargs))
            except Exception:
                tracker.failures += 1
        result = call_as(sys._getframe(1), see, original, args, kwargs)
        if after is not None:
            try:
                after(result)
            except Exception:
                tracker.failures += 1
        return result

    functools.update_wrapper(call, original)
    call._nbtrail = True  # type: ignore[attr-defined]
    return call


def _initializer(entry: _Entry) -> Any:
    """For a class that takes its arguments when it is made, and has no initializer.

    That of all objects would not take them.
    """

    def __init__(_made: Any, *args: Any, **kwargs: Any) -> None:
        try:
            if tracker.enabled and entry.look is not None:
                entry.look(_Arguments(args, kwargs))
        except Exception:
            tracker.failures += 1

    __init__._nbtrail = True  # type: ignore[attr-defined]
    return __init__


def _stand_in(original: Any, entry: _Entry) -> Any:
    """A class in place of one that cannot be changed; what is an instance of either is of both."""

    class Meta(type(original)):  # type: ignore[misc]
        def __instancecheck__(cls, instance: Any) -> bool:
            return type.__instancecheck__(original if cls is stand_in else cls, instance)

        def __subclasscheck__(cls, other: Any) -> bool:
            return type.__subclasscheck__(original if cls is stand_in else cls, other)

    def __new__(cls: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            if tracker.enabled and entry.look is not None:
                entry.look(_Arguments(args, kwargs))
        except Exception:
            tracker.failures += 1
        if cls is stand_in:
            return original(*args, **kwargs)
        return original.__new__(cls, *args, **kwargs)

    names = {"__new__": __new__, "__doc__": original.__doc__, "__module__": original.__module__,
             "__qualname__": original.__qualname__, "_nbtrail": True}  # fmt: skip
    stand_in: Any
    try:
        stand_in = Meta(original.__name__, (original,), names)
    except TypeError:  # it does not allow classes of its kind
        stand_in = Meta(original.__name__, (), names)
    return stand_in


def _apply(module: Any, path: str, entry: _Entry) -> None:
    *parents, name = path.split(".")
    owner = module
    for parent in parents:
        owner = getattr(owner, parent, None)
    original = getattr(owner, name, None)
    if original is None or getattr(original, "_nbtrail", False):
        return
    if isinstance(original, type):
        constructor = vars(original).get("__init__")
        if getattr(constructor, "_nbtrail", False):
            return
        given: Any = getattr(original, "__init__", None)
        init = _initializer(entry) if given is object.__init__ else _wrapper(given, entry)
        try:
            original.__init__ = init  # type: ignore[misc]
        except TypeError:
            setattr(owner, name, _stand_in(original, entry))
    else:
        wrapper = _wrapper(original, entry)
        # Pickles name the module that made it, and its name there.
        home = sys.modules.get(getattr(original, "__module__", None) or "")
        there = getattr(original, "__qualname__", name)
        for place, known in ((owner, name), (home, there)):
            if getattr(place, known, None) is original:
                setattr(place, known, wrapper)


def apply(module: Any) -> None:
    """Wrap what the table has of a module."""
    for path, entry in TABLE.get(module.__name__, {}).items():
        try:
            _apply(module, path, entry)
        except Exception:
            tracker.failures += 1
    for hook in HOOKS.get(module.__name__, ()):
        try:
            hook(module)
        except Exception:
            tracker.failures += 1


#: More to be done when a module has been imported.
HOOKS: dict[str, list[Callable[[Any], None]]] = {}


class Finder:
    """Notices imports of the libraries in the table; everything else passes by."""

    def __init__(self) -> None:
        self._names = frozenset([*TABLE, *HOOKS])
        self._busy: set[str] = set()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec that the other finders have, with a loader that applies the table."""
        if name not in self._names or name in self._busy:
            return None
        self._busy.add(name)
        try:
            for finder in sys.meta_path:
                find = None if finder is self else getattr(finder, "find_spec", None)
                spec = None if find is None else find(name, path, target)
                if spec is not None:
                    self._arrange(spec)
                    return spec
        finally:
            self._busy.discard(name)
        return None

    def _arrange(self, spec: Any) -> None:
        loader = spec.loader
        original = getattr(loader, "exec_module", None)
        if original is None:
            return

        def exec_module(module: Any) -> None:
            loader.__dict__.pop("exec_module", None)
            original(module)
            apply(module)

        try:
            loader.exec_module = exec_module
        except Exception:
            tracker.failures += 1


def watch_imports() -> None:
    """Apply the table to what is imported, and to the rest when it will be."""
    sys.meta_path.insert(0, Finder())
    for name in [*TABLE, *HOOKS]:
        module = sys.modules.get(name)
        spec = getattr(module, "__spec__", None)
        if module is not None and not getattr(spec, "_initializing", False):
            apply(module)


OWN_FILES.add(_apply.__code__.co_filename)
