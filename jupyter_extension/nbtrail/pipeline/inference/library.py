"""The part of the standard library that is worked out: paths, strings, dates, containers."""

from __future__ import annotations

import datetime
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence

from nbtrail.pipeline.inference.values import (
    HOLE,
    MAX_TEXT,
    ROOT,
    UNKNOWN,
    DateValue,
    External,
    Handle,
    Instance,
    PathValue,
    Value,
    lift,
    squeeze,
    text_of,
    text_or_hole,
)

_A_DAY = datetime.datetime(2000, 1, 1, 12, 0, 0)
_MAX_RANGE = 64
_WIDE = re.compile(r"[0-9]{4,}")
_OTHER_WILDCARDS = re.compile(r"\?|\[[^\]/]+\]")
_PATH_CLASSES = frozenset(
    {"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath",
     "pathlib.WindowsPath", "upath.UPath", "py.path.local"}
)  # fmt: skip
_IDENTITY = frozenset(
    {"os.path.abspath", "os.path.realpath", "os.path.normpath", "os.path.expandvars", "os.fspath",
     "os.fsdecode", "os.path.normcase", "copy.copy", "copy.deepcopy"}
)  # fmt: skip
_NOW = frozenset(
    {"datetime.date.today", "datetime.datetime.now", "datetime.datetime.today",
     "datetime.datetime.utcnow", "pandas.Timestamp.now", "pandas.Timestamp.today",
     "pandas.to_datetime", "pandas.Timestamp", "pendulum.now", "pendulum.today", "arrow.now",
     "arrow.utcnow", "time.localtime", "time.gmtime"}
)  # fmt: skip
_TEMPORARY = frozenset(
    {"tempfile.mkdtemp", "tempfile.mktemp", "tempfile.gettempdir", "tempfile.NamedTemporaryFile",
     "tempfile.TemporaryFile", "tempfile.TemporaryDirectory"}
)  # fmt: skip
#: What the object of `get_ipython` goes by.
SHELL_OBJECT = "IPython.shell"
_IN_MEMORY = Handle("", "database")
_FOLDER_LISTS = frozenset({"os.listdir", "os.scandir", "os.walk"})
_STRING_METHODS = frozenset(
    """lower upper strip lstrip rstrip replace title capitalize removeprefix removesuffix zfill
    startswith endswith casefold swapcase""".split()
)


def join(left: str, right: str) -> str:
    """``os.path.join`` on texts with holes."""
    if right.startswith(("/", ROOT)):
        return right
    if not left or left == ".":
        return right
    return left.rstrip("/") + "/" + right


def parent(text: str) -> str:
    """The folder of a path."""
    trimmed = text.rstrip("/")
    if trimmed in ("", "."):
        return ".."
    if posixpath.basename(trimmed) == "..":
        return trimmed + "/.."
    if trimmed == ROOT:
        return ROOT + "/.."
    return posixpath.dirname(trimmed) or "."


def call_external(name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    """Result of calling a function from outside the project; mostly ``UNKNOWN``."""
    if name in _PATH_CLASSES:
        return lift(_join_path, *arguments)
    if name in ("os.path.join", "posixpath.join", "ntpath.join"):
        return lift(_join_text, *arguments)
    if name in ("str", "os.fspath", "repr"):
        return lift(lambda v: text_or_hole(v), arguments[0]) if arguments else ""
    if name in _IDENTITY:
        return arguments[0] if arguments else UNKNOWN
    if name in ("os.getcwd", "os.getcwdb"):
        return "."
    if name in ("pathlib.Path.cwd",):
        return PathValue(".")
    if name in ("pathlib.Path.home", "os.path.expanduser"):
        return _home(arguments)
    if name == "os.path.dirname" and arguments:
        return lift(_on_text(lambda t: parent(t) if t else ""), arguments[0])
    if name == "os.path.basename" and arguments:
        return lift(_on_text(posixpath.basename), arguments[0])
    if name == "os.path.splitext" and arguments:
        return lift(lambda v: _split_suffix(v), arguments[0])
    if name in ("os.getenv", "os.environ.get"):
        default = arguments[1] if len(arguments) > 1 else keywords.get("default", UNKNOWN)
        return UNKNOWN if default is None else default
    if name in _NOW or name in ("time.time",):
        return DateValue()
    if name in ("time.strftime",):
        return lift(_format_date, arguments[0]) if arguments else DateValue()
    if name in _TEMPORARY:
        return PathValue("/tmp/nbtrail")
    if name in ("glob.glob", "glob.iglob"):
        return _glob(arguments, keywords)
    if name in _FOLDER_LISTS:
        return _listing(name, arguments)
    if name == "sqlite3.connect" or name == "duckdb.connect":
        return lift(lambda v: _database(text_of(v)), arguments[0]) if arguments else _IN_MEMORY
    if name in ("sqlalchemy.create_engine", "create_engine"):
        return lift(engine, arguments[0]) if arguments else UNKNOWN
    if name in ("IPython.get_ipython", "IPython.core.getipython.get_ipython"):
        return External(SHELL_OBJECT)
    if name in ("joblib.delayed", "dask.delayed", "delayed") and arguments:
        return arguments[0]
    if name in ("types.SimpleNamespace", "argparse.Namespace", "dict", "easydict.EasyDict"):
        return _bag(name, arguments, keywords)
    return call_builtin(name, arguments, keywords)


def call_builtin(name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    """Result of a built-in function on containers and numbers."""
    first = arguments[0] if arguments else UNKNOWN
    if name in ("list", "tuple", "sorted", "reversed", "set", "frozenset", "tqdm.tqdm",
                "tqdm.auto.tqdm", "tqdm.notebook.tqdm", "tqdm"):  # fmt: skip
        items = items_of(first) if arguments else []
        return list(items) if items is not None else UNKNOWN
    if name == "enumerate":
        items = items_of(first)
        return [(i, item) for i, item in enumerate(items)] if items is not None else UNKNOWN
    if name == "zip":
        columns = [items_of(a) for a in arguments]
        if any(c is None for c in columns):
            return UNKNOWN
        return [tuple(row) for row in zip(*[c or [] for c in columns], strict=False)]
    if name == "range" and all(type(a) is int for a in arguments) and 1 <= len(arguments) <= 3:
        return _range(arguments)
    if name == "len":
        items = items_of(first)
        return len(items) if items is not None else UNKNOWN
    if name in ("int", "float") and isinstance(first, (int, float, str)):
        try:
            return int(first) if name == "int" else float(first)
        except (ValueError, OverflowError):
            return UNKNOWN
    return UNKNOWN


def items_of(value: Value) -> list[Value] | None:
    """What iterating over a value gives, or ``None`` where that is not known."""
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, dict):
        return list(value)
    return None


def path_attribute(path: PathValue, name: str) -> Value:
    """Attribute of a ``Path`` that is no method."""
    text = path.text
    last = posixpath.basename(text)
    if name == "parent":
        return PathValue(parent(text))
    if name == "name":
        return last
    if name == "stem":
        return posixpath.splitext(last)[0]
    if name == "suffix":
        return posixpath.splitext(last)[1]
    if name == "parents":
        chain = []
        for _ in range(8):
            text = parent(text)
            chain.append(PathValue(text))
        return chain
    return UNKNOWN


def path_method(path: PathValue, name: str, arguments: Sequence[Value]) -> Value:
    """Result of a method of ``Path`` that gives a value."""
    if name in ("resolve", "absolute", "expanduser"):
        return PathValue("/~/" + path.text[2:]) if path.text.startswith("~/") else path
    if name in ("as_posix", "__str__", "__fspath__"):
        return path.text
    if name == "joinpath":
        return lift(_join_path, path, *arguments)
    if name in ("with_name", "with_suffix", "with_stem") and arguments:
        return lift(lambda v: _with(path.text, name, text_or_hole(v)), arguments[0])
    if name in ("glob", "rglob") and arguments:
        between = "**/" if name == "rglob" else ""
        return lift(
            lambda v: [PathValue(join(path.text, between + _stars(text_or_hole(v))))], arguments[0]
        )
    if name == "iterdir":
        return [PathValue(join(path.text, "*"))]
    return UNKNOWN


def string_method(text: str, name: str, arguments: Sequence[Value],
                  keywords: Mapping[str, Value]) -> Value:  # fmt: skip
    """Result of a method of ``str``."""
    if name == "format":
        return format_text(text, arguments, keywords)
    if name == "join" and arguments:
        items = items_of(arguments[0])
        return UNKNOWN if items is None else text.join(text_or_hole(i) for i in items)
    known = all(isinstance(a, (str, int)) for a in arguments)
    if name in ("split", "rsplit", "partition", "rpartition") and known:
        return list(getattr(text, name)(*arguments)) if HOLE not in text else UNKNOWN
    if any(isinstance(a, int) and a > MAX_TEXT for a in arguments):
        return HOLE
    if name in _STRING_METHODS and known:
        try:
            return getattr(text, name)(*arguments)
        except (TypeError, ValueError):
            return UNKNOWN
    return UNKNOWN


def date_method(name: str, arguments: Sequence[Value]) -> Value:
    """Result of a method of a date."""
    if name == "strftime" and arguments:
        return lift(_format_date, arguments[0])
    if name in ("isoformat", "date", "to_date_string", "normalize", "replace"):
        return DateValue()
    if name == "format":
        return "2000-01-01"
    return UNKNOWN


def format_text(template: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> str:
    """``str.format`` with holes where a field is not known."""
    import string

    parts: list[str] = []
    automatic = 0
    try:
        for literal, name, spec, _conversion in string.Formatter().parse(template):
            parts.append(literal)
            if name is None:
                continue
            value: Value = UNKNOWN
            if name == "":
                value = arguments[automatic] if automatic < len(arguments) else UNKNOWN
                automatic += 1
            elif name.isdigit():
                value = arguments[int(name)] if int(name) < len(arguments) else UNKNOWN
            else:
                value = keywords.get(name, UNKNOWN)
            parts.append(format_value(value, spec or ""))
    except (ValueError, IndexError):
        return HOLE
    return squeeze("".join(parts))


def format_value(value: Value, spec: str) -> str:
    """One replacement field."""
    if isinstance(value, DateValue):
        return _format_date(spec) if spec else "2000-01-01"
    if is_wide(spec):
        return HOLE
    if spec and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            return format(value, spec)
        except (ValueError, TypeError):
            return HOLE
    return text_or_hole(value)


def is_wide(spec: str) -> bool:
    """Whether a format asks for so many signs that the text is none to follow."""
    return _WIDE.search(spec) is not None


def _on_text(function: Callable[[str], str]) -> Callable[[Value], Value]:
    def apply(value: Value) -> Value:
        text = text_of(value)
        return UNKNOWN if text is None else function(text)

    return apply


def _join_text(*parts: Value) -> Value:
    if all(text_of(p) is None for p in parts):
        return UNKNOWN
    result = ""
    for part in parts:
        result = join(result, text_or_hole(part))
    return squeeze(result)


def _join_path(*parts: Value) -> Value:
    if not parts:
        return PathValue(".")
    text = _join_text(*parts)
    return PathValue(text) if isinstance(text, str) else UNKNOWN


def _home(arguments: Sequence[Value]) -> Value:
    if not arguments:
        return PathValue("/~")
    text = text_of(arguments[0])
    if text is None:
        return UNKNOWN
    return "/~" + text[1:] if text.startswith("~") else text


def _split_suffix(value: Value) -> Value:
    text = text_of(value)
    return UNKNOWN if text is None else tuple(posixpath.splitext(text))


def _with(text: str, method: str, new: str) -> PathValue:
    folder, last = posixpath.split(text)
    stem, suffix = posixpath.splitext(last)
    name = {"with_name": new, "with_suffix": stem + new, "with_stem": new + suffix}[method]
    return PathValue(join(folder, name))


def _format_date(form: Value) -> str:
    if not isinstance(form, str):
        return HOLE
    try:
        return _A_DAY.strftime(form)
    except ValueError:
        return HOLE


def _glob(arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    if not arguments:
        return UNKNOWN
    root = text_of(keywords.get("root_dir", "")) or ""
    return lift(lambda v: [join(root, _stars(text_or_hole(v)))], arguments[0])


def _stars(pattern: str) -> str:
    """A pattern of files with nothing but stars in it."""
    return _OTHER_WILDCARDS.sub("*", pattern)


def _listing(name: str, arguments: Sequence[Value]) -> Value:
    folder = text_of(arguments[0]) if arguments else "."
    if folder is None:
        return UNKNOWN
    if name == "os.walk":
        return [(folder, [], [HOLE])]
    return [HOLE]


def _database(text: str | None) -> Value:
    if text is None:
        return UNKNOWN
    return _IN_MEMORY if text.startswith(":memory:") else Handle(text, "database")


def engine(value: Value) -> Value:
    """The database of an address such as ``sqlite:///data/x.db``; ``UNKNOWN`` for a server's."""
    text = text_of(value) or ""
    for prefix in ("sqlite:///", "duckdb:///"):
        if text.startswith(prefix) and text != prefix:
            return _database(text.removeprefix(prefix))
    return UNKNOWN


def _bag(name: str, arguments: Sequence[Value], keywords: Mapping[str, Value]) -> Value:
    if name == "dict":
        base = dict(arguments[0]) if arguments and isinstance(arguments[0], dict) else {}
        return {**base, **keywords}
    if name == "easydict.EasyDict" and arguments and isinstance(arguments[0], dict):
        return Instance(None, {str(k): v for k, v in arguments[0].items()})
    return Instance(None, dict(keywords))


def _range(arguments: Sequence[Value]) -> Value:
    try:
        numbers = range(*arguments)
    except ValueError:
        return UNKNOWN
    return list(numbers) if len(numbers) <= _MAX_RANGE else UNKNOWN


def external_attribute(value: External, name: str) -> Value:
    """Attribute of something from outside the project."""
    dotted = f"{value.name}.{name}"
    if dotted in ("os.sep", "os.path.sep"):
        return "/"
    if dotted in ("os.curdir", "os.pardir"):
        return "." if name == "curdir" else ".."
    return External(dotted)
