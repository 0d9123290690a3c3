"""NBT501: installing whatever version is the newest on the day."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator

from nbtrail.pipeline.inference.source import CELL_MAGIC, LINE_MAGIC
from nbtrail.policy.catalogue import Level, Problem, Rule
from nbtrail.policy.code.reading import Call, Magic, Reading

UNPINNED_INSTALL = "NBT501"
RULES = (
    Rule(
        UNPINNED_INSTALL,
        "unpinned-install",
        "A package is installed without a version",
        Level.WARN,
    ),
)

_PIP = re.compile(
    r"(?:^|[;&|(]|\s)(?:sudo\s+)?(?:\S*python[\d.]*\s+-m\s+|\{?sys\.executable\}?\s+-m\s+|uv\s+)?"
    r"pip[\d.]*\s+(?P<rest>(?:-{1,2}[\w-]+\s+)*install\s.*)"
)
_CONDA = re.compile(
    r"(?:^|[;&|(]|\s)(?P<tool>conda|mamba|micromamba)\s+(?P<rest>(?:-{1,2}[\w-]+\s+)*install\s.*)"
)
_SHELLS = frozenset({"bash", "sh", "!", "script", "system", "sx", "zsh"})
_LINE_MAGICS = frozenset({"pip", "conda", "mamba", "micromamba", "uv", "sx", "system"})
_RUNS = re.compile(r"^(?:os\.system|subprocess\.\w+|(?:\w+\.)?get_ipython\.system)$")
#: Options that the next word belongs to.
_WITH_VALUE = frozenset({
    "-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-i", "--index-url",
    "--extra-index-url", "-f", "--find-links", "-t", "--target", "--prefix", "--root", "--src",
    "--timeout", "--retries", "--proxy", "--trusted-host", "--python", "--platform",
    "--upgrade-strategy", "--progress-bar", "--no-binary", "--only-binary", "--cache-dir",
    "--log", "--cert", "--client-cert", "--config-settings", "--global-option", "-n", "--name",
    "-p", "--channel", "--file", "--progress", "--exists-action", "--use-feature",
})  # fmt: skip
_CONDA_WITH_VALUE = _WITH_VALUE - {"-r", "-e", "-i", "-t"}
#: They install, and no result depends on them.
_TOOLS = frozenset({"pip", "setuptools", "wheel", "conda", "mamba", "uv", "build", "twine"})
_NAME = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?(?P<rest>.*)$")
_CONTROL = re.compile(r"^(?:[;&|>]+|\d?>.*|&>.*)$")


def problems(reading: Reading) -> Iterator[Problem]:
    """One for each line that installs something without a version."""
    for magic in reading.magics:
        for offset, line in _lines(magic):
            yield from _problems(line, magic.cell.id, magic.line + offset)
    for call in reading.calls:
        line = _process(call)
        if line:
            yield from _problems(line, call.cell.id, call.line)


def installed(reading: Reading) -> set[str]:
    """Names of all packages that the notebook itself installs, whatever their version."""
    names: set[str] = set()
    lines = [line for magic in reading.magics for _, line in _lines(magic)]
    for line in (*lines, *(_process(call) for call in reading.calls)):
        for _, word in _requirements(line):
            match = _NAME.match(word)
            if match is not None:
                names.add(match["name"].lower().replace("_", "-"))
    return names


def _problems(line: str, cell_id: str, number: int) -> Iterator[Problem]:
    loose: dict[str, str] = {}
    for tool, word in _requirements(line):
        name = _unpinned(tool, word)
        if name:
            loose[name] = tool
    if not loose:
        return
    names = ", ".join(f"`{name}`" for name in loose)
    first, tool = next(iter(loose.items()))
    verb = "is" if len(loose) == 1 else "are"
    if "://" in first:
        remedy = f"add a tag or commit: `{first}@v1.2`"
    else:
        sign = "==" if tool == "pip" else "="
        remedy = f"write the one you have (`{tool} show {first}`), such as `{first}{sign}1.2.3`"
        if tool != "pip":
            remedy = f"write the one you have (`{tool} list`), such as `{first}{sign}1.2.3`"
    yield Problem(
        UNPINNED_INSTALL,
        f"{names} {verb} installed in whatever version is the newest on that day: {remedy}.",
        cell_id,
        number,
    )


def _lines(magic: Magic) -> Iterator[tuple[int, str]]:
    """Command lines of a magic with their distance from its first line."""
    name = next(iter(magic.text.split()), "")
    if magic.kind == CELL_MAGIC:
        lines = magic.body.split("\n") if name in _SHELLS else []
        for offset, line in enumerate(lines, start=1):
            if not line.lstrip().startswith("#"):
                yield offset, line
    elif magic.kind != LINE_MAGIC or name in _LINE_MAGICS:
        yield 0, magic.text


def _process(call: Call) -> str:
    """The command line of ``os.system("pip …")`` and ``subprocess.run(["pip", …])``."""
    if not _RUNS.match(call.name):
        return ""
    first = call.node.args[0] if call.node.args else None
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value
    if not isinstance(first, ast.List | ast.Tuple):
        return ""
    # What cannot be seen is no name: only the program itself may be a variable.
    words = [e.value if isinstance(e, ast.Constant) else "{}" for e in first.elts]
    words[:1] = ["python"] if words[:1] == ["{}"] else words[:1]
    return " ".join(shlex.quote(str(word)) for word in words)


def _requirements(line: str) -> Iterator[tuple[str, str]]:
    """What a command line asks to install: the tool's name and the requirement."""
    if "install" not in line:
        return
    for pattern in (_PIP, _CONDA):
        match = pattern.search(line)
        if match is None or "--no-index" in line:  # else from a folder: always the same
            continue
        tool = match.groupdict().get("tool") or "pip"
        taking = _WITH_VALUE if tool == "pip" else _CONDA_WITH_VALUE
        skip = False
        for word in _words(match["rest"])[1:]:
            if skip:
                skip = False
            elif _CONTROL.match(word):
                break
            elif word.startswith("-"):
                skip = word in taking
            elif word != "install":
                yield tool, word
        return


def _words(text: str) -> list[str]:
    text = re.sub(r"\s#.*$", "", text)
    try:
        words = shlex.split(text.replace("\\", "/"))
    except ValueError:
        words = text.split()
    return [part for word in words for part in re.findall(r"[^;&|]+|[;&|]+", word)]


def _unpinned(tool: str, word: str) -> str:
    """The name in a requirement that has no version; empty where it has one, or it is a file."""
    if any(sign in word for sign in "{}$*<>=~!") or word.startswith((".", "/")):
        return ""
    if "://" in word:
        address = word.split("#")[0]
        fixed = word.startswith(("http", "file")) or "@" in address.rpartition("/")[2]
        return "" if fixed else address
    if word.endswith((".whl", ".gz", ".zip", ".txt", ".yml", ".yaml")) or "/" in word:
        return ""
    match = _NAME.match(word.rpartition("::")[2])
    if match is None or match["rest"] or match["name"].lower() in _TOOLS:
        return ""
    return match["name"]
