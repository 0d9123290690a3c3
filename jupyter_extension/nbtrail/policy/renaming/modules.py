"""Imports of a notebook's twin: the statement follows the file, what it binds stays."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

import msgspec

from nbtrail.policy.renaming.mentions import without_strings
from nbtrail.policy.renaming.places import Places

_STATEMENT = re.compile(
    r"(?:^|;)[ \t]*(?:"
    r"from[ \t]+(?P<origin>\.*[\w.]*)[ \t]+import[ \t]+(?P<names>\([^)]*\)|[^\n;]+)"
    r"|import[ \t]+(?P<modules>[^\n;]+))",
    re.MULTILINE,
)
_ITEM = re.compile(r"(?P<name>[\w.]+)(?:\s+as\s+(?P<alias>\w+))?")
_CALL = re.compile(
    r"\b(?:import_module|run_module|__import__)\(\s*(?P<quote>[\"'])(?P<name>[\w.]+)(?P=quote)"
)


class Change(msgspec.Struct, frozen=True):
    """A stretch of code to be replaced; with ``text`` ``None`` it cannot be, and names ``path``."""

    start: int
    end: int
    text: str | None
    path: str = ""


def find_imports(text: str, places: Places, referrer: str, *, magics: bool) -> list[Change]:
    """What has to change in one piece of code for its imports to find renamed twins."""
    code = without_strings(text, magics=magics)
    return [*_statements(code, places, referrer), *_calls(text, places, referrer)]


def find_uses(text: str, dotted: dict[str, str], *, magics: bool) -> list[Change]:
    """Uses of modules that are imported by dotted names without an alias.

    The imports themselves are among them. ``dotted`` maps old names to new ones.
    """
    code = without_strings(text, magics=magics)
    return [
        Change(match.start(), match.end(), new)
        for old, new in dotted.items()
        for match in re.finditer(rf"(?<![\w.]){re.escape(old)}(?!\w)", code)
    ]


def dotted_imports(text: str, places: Places, referrer: str, *, magics: bool) -> dict[str, str]:
    """New names by old ones of modules imported as ``import package.module`` without an alias."""
    found = {}
    code = without_strings(text, magics=magics)
    for statement in _STATEMENT.finditer(code):
        for item in _ITEM.finditer(statement["modules"] or ""):
            if "." in item["name"] and item["alias"] is None:
                known = renamed_module(item["name"], places, referrer)
                if known is not None and known[1] is not None:
                    found[item["name"]] = known[1]
    return found


def _statements(code: str, places: Places, referrer: str) -> Iterator[Change]:
    for statement in _STATEMENT.finditer(code):
        if statement["modules"] is not None:
            yield from _plain_import(statement, places, referrer)
            continue
        origin = statement["origin"]
        known = renamed_module(origin, places, referrer)
        if known is not None:
            yield Change(*statement.span("origin"), known[1], known[0])
            continue
        for item in _ITEM.finditer(code, *statement.span("names")):
            joint = "" if origin.endswith(".") else "."
            known = renamed_module(f"{origin}{joint}{item['name']}", places, referrer)
            if known is None:
                continue
            name = (known[1] or "").rpartition(".")[2]
            if known[1] is None or known[1] != f"{origin}{joint}{name}":
                yield Change(*item.span("name"), None, known[0])
                continue
            yield _bound(item, name, 0)


def _plain_import(statement: re.Match[str], places: Places, referrer: str) -> Iterator[Change]:
    shift = statement.start("modules")
    for item in _ITEM.finditer(statement["modules"]):
        known = renamed_module(item["name"], places, referrer)
        start, end = shift + item.start("name"), shift + item.end("name")
        if known is None:
            continue
        if known[1] is None:
            yield Change(start, end, None, known[0])
        elif item["alias"] is not None or "." not in item["name"]:
            yield _bound(item, known[1], shift)


def _bound(item: re.Match[str], new: str, shift: int) -> Change:
    """An imported module under its new name, bound to the name that it was bound to."""
    bound = item["alias"] or item["name"]
    text = new if new == bound else f"{new} as {bound}"
    return Change(shift + item.start(), shift + item.end(), text)


def _calls(text: str, places: Places, referrer: str) -> Iterator[Change]:
    for match in _CALL.finditer(text):
        known = renamed_module(match["name"], places, referrer)
        if known is not None:
            yield Change(*match.span("name"), known[1], known[0])


def renamed_module(name: str, places: Places, referrer: str) -> tuple[str, str | None] | None:
    """The renamed twin that a module name means, and its new name where it has one."""
    parts = [part for part in name.lstrip(".").split(".") if part]
    if not parts:
        return None
    level = len(name) - len(name.lstrip("."))
    home = posixpath.dirname(referrer)
    new_home = posixpath.dirname(places.moves.get(referrer, referrer))
    bases = [(home, new_home), ("", ""), ("src", "src")]
    if level:
        up = "/".join([".."] * (level - 1)) or "."
        bases = [tuple(posixpath.normpath(posixpath.join(b, up)) for b in bases[0])]  # type: ignore[list-item]
    for base, new_base in bases:
        path = posixpath.normpath(posixpath.join(base, *parts)) + ".py"
        new = places.moves.get(path)
        if new is not None:
            relative = posixpath.relpath(new, new_base or ".").removesuffix(".py")
            steps = relative.split("/")
            fits = new.endswith(".py") and all(step.isidentifier() for step in steps)
            return path, "." * level + ".".join(steps) if fits else None
        if places.exists(path) or places.exists(path.removesuffix(".py") + "/__init__.py"):
            return None
    return None
