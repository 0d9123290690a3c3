"""NBT503: paths that are there on one machine only."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nbtrail.pipeline.inference.source import LINE_MAGIC
from nbtrail.policy.catalogue import Level, Problem, Rule
from nbtrail.policy.code.reading import Reading, Text
from nbtrail.policy.code.trees import resolve

ABSOLUTE_PATH = "NBT503"
RULES = (
    Rule(
        ABSOLUTE_PATH,
        "absolute-path",
        "A path leads out of the project, to a folder of one machine",
        Level.WARN,
    ),
)

#: Folders of people, mounts and notebook services: nothing but a path begins like this.
_PERSONAL = re.compile(
    r"^(?:/(?:home|Users|root|Volumes|mnt|media|kaggle|content|storage|gpfs|lustre|scratch)/[^\n]+"
    r"|/(?:kaggle/input|content)$"
    r"|[A-Za-z]:(?:\\{1,2}|/)[^\n/\\:][^\n]*|\\\\[\w.-]+\\[^\n]+|~[\w-]*/(?!\.)[^\n]*)$"
)
#: Any other absolute path, if it is given to something that takes files.
_ABSOLUTE = re.compile(
    r"^/(?!(?:dev|proc|sys|tmp|usr|etc|opt|bin|sbin|lib|var|app|run)(?:/|$))"
    r"[\w.@+ -]+/[\w./@+ *-]+$"
)
_FILE_CALL = re.compile(
    r"^(?:open|Path|PurePath|PosixPath|WindowsPath|read_(?!html)\w+|to_(?:csv|parquet|pickle|excel|"
    r"json|feather|hdf|stata)|load(?:txt|mat)?|genfromtxt|fromfile|tofile|save(?:txt|z|fig|mat)?|"
    r"imread|imwrite|listdir|scandir|walk|glob|iglob|chdir|makedirs|mkdir|exists|isfile|isdir|join|"
    r"copy|copyfile|copy2|move|rename|remove|rmtree|from_csv|load_workbook|ZipFile|ImageFolder|"
    r"flow_from_directory|connect_file|load_model|load_weights|save_weights|append_path|memmap)$"
)
#: Calls for which such a text is no file of this machine.
_OTHER_CALL = re.compile(
    r"^(?:print|display|Markdown|HTML|info|debug|warning|error|critical|compile|match|search|sub|"
    r"findall|fullmatch|split|replace|startswith|endswith|lstrip|rstrip|strip|xpath|find|route|"
    r"get|post|put|delete|patch|request|urljoin|write|ValueError|FileNotFoundError|Exception|"
    r"RuntimeError|mount|set_title|title|text|annotate|add_argument_group|rpartition|partition|index|"
    r"count|removeprefix|removesuffix|expandvars|append_text|IFrame)$"
)
_PATH_NAME = re.compile(
    r"(?i)(?:path|dir|folder|root|file|fname|loc(?:ation)?|base|home|src|dst|out|input)"
)
_CD = re.compile(r"^cd\s+[\"']?(?P<path>(?:[/~]|[A-Za-z]:[/\\]).*?)[\"']?$")


def problems(reading: Reading) -> Iterator[Problem]:
    """One for each cell and folder: the same place in one cell is named once."""
    seen: set[tuple[str, str]] = set()
    for text in reading.texts:
        value = text.value
        if value[0] not in "/~\\" and value[1:2] != ":":
            continue
        if not (_is_path(text)):
            continue
        key = (text.cell.id, _folder(value))
        if key not in seen:
            seen.add(key)
            yield _problem(value, text.cell.id, text.line)
    for magic in reading.magics:
        match = _CD.match(magic.text)
        if magic.kind == LINE_MAGIC and match and _PERSONAL.match(match["path"].rstrip("/") + "/x"):
            yield _problem(match["path"], magic.cell.id, magic.line)


def _problem(value: str, cell_id: str, line: int) -> Problem:
    shown = value if len(value) <= 60 else value[:57] + "…"
    place = "your home folder" if value.startswith("~") else "one machine"
    message = (
        f"`{shown}` is a path of {place}: elsewhere it is not there. Keep the file in the project "
        "and name it from the project's folder, or read the folder from a variable of the "
        "environment."
    )
    return Problem(ABSOLUTE_PATH, message, cell_id, line)


def _folder(value: str) -> str:
    return "/".join(re.split(r"[/\\]+", value)[:3])


def _is_path(text: Text) -> bool:
    value, parent = text.value, text.parent
    if "\n" in value or len(value) > 400 or "://" in value:
        return False
    if isinstance(parent, ast.Compare | ast.FormattedValue | ast.Expr):
        return False
    method = _call_of(parent)
    if method and _OTHER_CALL.match(method):
        return False
    if _PERSONAL.match(value):
        return not _looks_like_words(value)
    if not _ABSOLUTE.match(value):
        return False
    if method:
        return _FILE_CALL.match(method) is not None
    return isinstance(parent, ast.Assign) and any(
        isinstance(t, ast.Name) and _PATH_NAME.search(t.id) for t in parent.targets
    )


def _call_of(parent: ast.AST) -> str:
    """Last name of the call that the text is an argument of."""
    if isinstance(parent, ast.Attribute):
        return parent.attr
    if not isinstance(parent, ast.Call):
        return ""
    if isinstance(parent.func, ast.Attribute):
        return parent.func.attr
    return resolve(parent.func, {}).rpartition(".")[2]


def _looks_like_words(value: str) -> bool:
    """``a:/b`` in a sentence, a pattern or a template is no path."""
    return bool(re.search(r"[<>|\"?]|\\[dswbDSWB][+*{]|\(\?", value)) or value.count(" ") > 6
