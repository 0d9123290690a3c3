"""Where a text may name a file: string literals, words of commands, links, keys of TOML.

A `Mention` is a stretch of the text that stands for one path and nothing else, with the way in
which another path has to be written in its place. Nothing here knows which files there are.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Literal
from urllib.parse import quote, unquote

import msgspec

Kind = Literal["python", "cell", "markdown", "toml", "shell", "make"]
Style = Literal[
    "string", "raw", "formatted", "toml", "literal", "word", "quoted", "single", "bare", "make",
    "magic", "link", "angle", "code", "run", "module",
]  # fmt: skip

#: One token of Python, R or Julia that matters here: a comment or a string.
_LEXEME = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r"|(?P<prefix>(?<!\w)[A-Za-z]{0,2})(?P<quote>\"\"\"|'''|\"|')",
)
_ENDS = {
    '"': re.compile(r'(?:[^"\\\n]|\\.)*"', re.DOTALL),
    "'": re.compile(r"(?:[^'\\\n]|\\.)*'", re.DOTALL),
    '"""': re.compile(r'(?:[^"\\]|\\.|"(?!""))*"""', re.DOTALL),
    "'''": re.compile(r"(?:[^'\\]|\\.|'(?!''))*'''", re.DOTALL),
}
_MAGIC = re.compile(
    r"^[ \t]*(?:[\w., \t]+=[ \t]*)?[%!]{1,2}[^\n]*(?:(?<=\\)\n[^\n]*)*", re.MULTILINE
)
_CELL_MAGIC = re.compile(r"\A\s*%%(?P<name>[!\w]+)[^\n]*\n?")
_SHELLS = frozenset({"bash", "sh", "script", "system", "sx", "cmd", "!"})
_COMMAND = re.compile(
    r"^\s*(?:jupyter|papermill|python3?|ipython3?|nbtrail|jupytext|quarto|bash|sh)\s"
)
_WORD = re.compile(
    r"(?P<comment>(?<!\S)\#[^\n]*)"
    r"|\"(?P<double>(?:[^\"\\\n]|\\.)*)\"|'(?P<single>[^'\n]*)'"
    r"|(?P<plain>(?:\\[^\n]|[^\s\"'|&;<>()`\\])+)"
)
_RUN = re.compile(r"^[ \t]*%run\b")
_LINK = re.compile(
    r"\]\(\s*(?:<(?P<angle>[^<>\n]*)>|(?P<target>(?:[^\s()\\<]|\([^\s()]*\))+))"
    r"|^ {0,3}\[[^\]\n]+\]:\s*(?P<reference>[^\s<]+)"
    r"|\b(?:href|src)\s*=\s*(?P<mark>[\"'])(?P<html>[^\"'\n]*)(?P=mark)"
    r"|(?<!`)`(?P<code>[^`\n]+)`(?!`)",
    re.MULTILINE,
)
_FENCE = re.compile(
    r"^(?P<fence>[ \t]*(?:```+|~~~+))[ \t]*\{?(?P<language>[\w.+-]*)[^\n]*\n"
    r"(?P<body>.*?)^(?P=fence)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_TOML = re.compile(
    r"(?P<comment>\#[^\n]*)|(?P<long>\"\"\".*?\"\"\"|'''.*?''')"
    r"|\"(?P<basic>(?:[^\"\\\n]|\\.)*)\"|'(?P<literal>[^'\n]*)'",
    re.DOTALL,
)
_UNSAFE_IN_LINK = re.compile(r"[\s()<>%#?\\\"]")


class Mention(msgspec.Struct, frozen=True):
    """A stretch of a text that names one file; ``value`` is the path that it means."""

    start: int
    end: int
    value: str
    style: Style
    quote: str = ""

    def written(self, value: str) -> str | None:
        """How ``value`` is written in its place; ``None`` where it cannot be."""
        return _WRITERS[self.style](self, value)


def find_mentions(text: str, kind: Kind) -> list[Mention]:
    """All mentions in a text of this kind, in order."""
    return sorted(_FINDERS[kind](text), key=lambda mention: mention.start)


def without_strings(text: str, *, magics: bool) -> str:
    """Code with its strings, comments and magics blanked out, each character in its place."""
    if magics:
        text = _MAGIC.sub(lambda match: _blank(match[0]), text)
    parts, at = [], 0
    for start, end, _, _ in _strings(text, comments=True):
        parts += [text[at:start], _blank(text[start:end])]
        at = end
    return "".join([*parts, text[at:]])


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _strings(text: str, *, comments: bool = False) -> Iterator[tuple[int, int, str, str]]:
    """Start and end of strings, quotes included, with their prefix and quote."""
    at = 0
    while (match := _LEXEME.search(text, at)) is not None:
        at = match.end()
        if match["comment"] is not None:
            if comments:
                yield match.start(), at, "", "#"
            continue
        end = _ENDS[match["quote"]].match(text, at)
        if end is None:
            continue
        at = end.end()
        yield match.start(), at, match["prefix"].lower(), match["quote"]


def _python(text: str) -> Iterator[Mention]:
    for start, end, prefix, mark in _strings(text):
        inner_start, inner_end = start + len(prefix) + len(mark), end - len(mark)
        value = text[inner_start:inner_end]
        if "b" in prefix or not value or "\n" in value:
            continue
        if "\\" not in value and _COMMAND.match(value):
            yield from _words(text, inner_start, inner_end, "bare", mark[0])
        style: Style = "raw" if "r" in prefix else "formatted" if "f" in prefix else "string"
        if style == "formatted" and ("{" in value or "}" in value):
            continue
        if style != "raw" and "\\" in value:
            plain = re.sub(r"\\([\\'\"])", r"\1", value)
            if re.search(r"\\[^\\'\"]", value):
                continue  # no name of a file is written with other escapes
            value = plain
        yield Mention(inner_start, inner_end, value, style, mark[0])


def _cell(text: str) -> Iterator[Mention]:
    """A code cell: Python, with magics, shell lines and cell magics."""
    magic = _CELL_MAGIC.match(text)
    if magic is not None and magic["name"] in _SHELLS:
        yield from _words(text, magic.end(), len(text), "word")
        return
    if magic is not None and magic["name"] == "markdown":
        yield from _shifted(_markdown(text[magic.end() :]), magic.end())
        return
    for line in _MAGIC.finditer(text):
        style: Style = "run" if _RUN.match(line[0]) else "magic"
        yield from _words(text, line.start(), line.end(), style)
    yield from _python(_MAGIC.sub(lambda match: _blank(match[0]), text))


def _words(text: str, start: int, end: int, style: Style, quote: str = "") -> Iterator[Mention]:
    """Words of commands, and what stands behind an equals sign or before a colon in them."""
    after_m = False
    for match in _WORD.finditer(text, start, end):
        if match["comment"] is not None:
            continue
        if match["plain"] is None:
            group = "double" if match["double"] is not None else "single"
            kind: Style = "quoted" if group == "double" else "single"
            if style != "bare":
                yield Mention(
                    *match.span(group), match[group], kind, '"' if group == "double" else "'"
                )
            continue
        word, first = match["plain"], match.start()
        if after_m:
            yield Mention(first, match.end(), word, "module")
        after_m = word == "-m"
        bare = word.rstrip(":,")
        for skipped in {0, bare.rfind("=") + 1}:
            value = re.sub(r"\\(.)", r"\1", bare[skipped:])
            if value:
                yield Mention(first + skipped, first + len(bare), value, style, quote)


def _shell(text: str) -> Iterator[Mention]:
    return _words(text, 0, len(text), "word")


def _make(text: str) -> Iterator[Mention]:
    return _words(text, 0, len(text), "make")


def _markdown(text: str) -> Iterator[Mention]:
    prose, at = [], 0
    for fence in _FENCE.finditer(text):
        body, language = fence["body"], fence["language"].lower()
        if language in ("python", "py", "ipython", "ipython3", "code-cell"):
            yield from _shifted(_cell(body), fence.start("body"))
        elif language in ("", "sh", "bash", "shell", "console", "zsh", "shell-session"):
            yield from _shifted(_shell(body), fence.start("body"))
        elif language == "toml":
            yield from _shifted(_toml(body), fence.start("body"))
        prose += [text[at : fence.start()], _blank(fence[0])]
        at = fence.end()
    plain = "".join([*prose, text[at:]])
    for match in _LINK.finditer(plain):
        group = next(
            name
            for name in ("angle", "target", "reference", "html", "code")
            if match[name] is not None
        )
        start, end = match.span(group)
        if group == "code":
            yield Mention(start, end, match["code"], "code")
            if _COMMAND.match(match["code"]):
                yield from _words(plain, start, end, "bare", "`")
            continue
        target = re.split(r"[#?]", match[group], maxsplit=1)[0]
        style: Style = "angle" if group == "angle" else "link"
        yield Mention(start, start + len(target), unquote(target), style)


def _toml(text: str) -> Iterator[Mention]:
    for match in _TOML.finditer(text):
        if match["literal"] is not None:
            yield Mention(*match.span("literal"), match["literal"], "literal")
        elif match["basic"] is not None:
            try:
                value = json.loads(f'"{match["basic"]}"', strict=False)
            except ValueError:
                continue
            yield Mention(*match.span("basic"), value, "toml")


def _shifted(found: Iterator[Mention], by: int) -> Iterator[Mention]:
    for mention in found:
        yield msgspec.structs.replace(mention, start=mention.start + by, end=mention.end + by)


def _unless(forbidden: str, value: str) -> str | None:
    return None if any(mark in value for mark in forbidden) else value


def _escaped(mention: Mention, value: str) -> str:
    return value.replace("\\", "\\\\").replace(mention.quote, "\\" + mention.quote)


def _as_word(mention: Mention, value: str) -> str:
    return shlex.quote(f"./{value}" if value.startswith("-") else value)


def _as_magic(mention: Mention, value: str) -> str | None:
    if re.fullmatch(r"[\w./@%+=:,-]+", value):
        return f"./{value}" if value.startswith("-") else value
    # Braces and dollars are filled in by IPython.
    return None if any(mark in value for mark in '"\\{}$') else f'"{value}"'


def _as_link(mention: Mention, value: str) -> str:
    return _UNSAFE_IN_LINK.sub(lambda match: quote(match[0], safe=""), value)


def _as_module(mention: Mention, value: str) -> str | None:
    return value


_FINDERS = {
    "python": _python, "cell": _cell, "markdown": _markdown, "toml": _toml,
    "shell": _shell, "make": _make,
}  # fmt: skip
_WRITERS = {
    "string": _escaped,
    "formatted": lambda mention, value: (
        None if _unless("{}", value) is None else _escaped(mention, value)
    ),
    "raw": lambda mention, value: _unless(mention.quote + "\\", value),
    "toml": lambda _, value: json.dumps(value, ensure_ascii=False)[1:-1],
    "literal": lambda _, value: _unless("'", value),
    "word": _as_word,
    "quoted": lambda _, value: _unless('"\\$`', value),
    "single": lambda _, value: _unless("'", value),
    "bare": lambda mention, value: _unless("'\"`\\$ " + mention.quote, value),
    "make": lambda _, value: value if re.fullmatch(r"[\w./@+,-]+", value) else None,
    "magic": _as_magic,
    "run": _as_magic,
    "link": _as_link,
    "angle": lambda _, value: _unless("<>", value),
    "code": lambda _, value: _unless("`", value),
    "module": _as_module,
}
