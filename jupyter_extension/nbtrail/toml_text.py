"""Where the keys of a TOML text stand, which Python's own reader does not tell."""

from __future__ import annotations

import json
import re

#: Keys from the top; a number where an array (of tables or in brackets) is gone into.
KeyPath = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"(?:\\.|[^"\\\n])*"|' + r"'[^'\n]*'",
    re.DOTALL,
)
_PLAIN = re.compile(r"[^,\]}#\n]*")


def place_of(text: str, path: KeyPath) -> tuple[int, int]:
    """Line and column, from 1, of a key in a valid TOML text.

    Where the key cannot be found (a default), those of the nearest table above it.
    """
    places = _Reader(text).places()
    for length in range(len(path), 0, -1):
        position = places.get(path[:length])
        if position is not None:
            before = text[:position]
            return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
    return 1, 1


class _Reader:
    """Walks a text that is known to be valid; only the places of keys are of interest."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._places: dict[KeyPath, int] = {}
        self._newest: dict[KeyPath, int] = {}

    def places(self) -> dict[KeyPath, int]:
        """Position of every key, by its path."""
        table: KeyPath = ()
        while self._skip(_BLANK) < len(self._text):
            start = self._at
            if self._text[start] == "[":
                table = self._header()
            else:
                self._assignment(table)
            # A text that is no TOML after all must not be walked for ever.
            self._at = max(self._at, start + 1)
        return self._places

    def _skip(self, what: re.Pattern[str]) -> int:
        match = what.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return self._at

    def _header(self) -> KeyPath:
        start = self._at
        is_array = self._text.startswith("[[", start)
        self._at += 2 if is_array else 1
        path = self._key(())
        if is_array:
            self._newest[path] = self._newest.get(path, -1) + 1
            self._places.setdefault(path, start)
            path = (*path, self._newest[path])
        self._places.setdefault(path, start)
        end = self._text.find("\n", self._at)
        self._at = len(self._text) if end < 0 else end
        return path

    def _key(self, path: KeyPath) -> KeyPath:
        """A dotted key; the newest table is meant where a part of it is an array of tables."""
        while True:
            self._skip(_SPACE)
            start = self._at
            if self._skip(_STRING) > start:
                quoted = self._text[start : self._at]
                part = quoted[1:-1] if quoted[0] == "'" else _unquoted(quoted)
            else:
                part = self._text[start : self._skip(_BARE)]
            path = (*path, part)
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return path
            if path in self._newest:
                path = (*path, self._newest[path])
            self._at += 1

    def _assignment(self, table: KeyPath) -> None:
        start = self._at
        path = self._key(table)
        for length in range(len(table) + 1, len(path) + 1):
            self._places.setdefault(path[:length], start)
        self._skip(_SPACE)
        self._at += 1  # the equals sign
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        self._skip(_SPACE)
        start = self._text[self._at : self._at + 1]
        if start == "{":
            self._inside("}", path)
        elif start == "[":
            self._inside("]", path)
        else:
            self._skip(_STRING if start in ('"', "'") else _PLAIN)

    def _inside(self, end: str, path: KeyPath) -> None:
        """What stands in brackets or braces, up to where they close."""
        self._at += 1
        index = 0
        while self._skip(_BLANK) < len(self._text):
            if self._text[self._at] == end:
                self._at += 1
                return
            start = self._at
            if self._text[start] == ",":
                self._at += 1
            elif end == "}":
                self._assignment(path)
            else:
                item = (*path, index)
                self._places[item] = start
                self._value(item)
                index += 1
            self._at = max(self._at, start + 1)


def _unquoted(quoted: str) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError:  # an escape that only TOML knows
        return quoted[1:-1]
