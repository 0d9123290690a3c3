"""Which calls read and write files, and in which argument the path stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nbtrail.pipeline.inference import known
from nbtrail.pipeline.inference.values import (
    HOLE,
    ROOT,
    External,
    Handle,
    PathValue,
    Unknown,
    Value,
    options_of,
)

Mode = Literal["read", "write"]

#: How deep paths may stand in lists of lists.
_DEEPEST = 2
_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9_]{0,11}(\.(gz|bz2|xz|zst|zip))?$")


@dataclass(frozen=True, slots=True)
class Effect:
    """One file touched by a call.

    ``weak`` marks a guess that must not accuse anybody, ``unseen`` a file that the probe in the
    kernel does not see opened.
    """

    mode: Mode
    text: str
    weak: bool = False
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A call with its evaluated arguments.

    ``name`` is the dotted name where the callee is known, ``method`` its last part, and ``base``
    the value in front of the last dot.
    """

    name: str
    method: str
    base: Value
    arguments: Sequence[Value]
    keywords: Mapping[str, Value]


def is_native(call: Call) -> bool:
    """Whether the call opens its file in a library, past Python's `open`."""
    library = call.name.split(".", 1)[0]
    return library in known.NATIVE_LIBRARIES or call.method in known.NATIVE_CALLS


def opens_file(call: Call) -> bool:
    """Whether the call opens a file by path and mode."""
    if call.name in known.OPENERS:
        return True
    return call.method == "open" and isinstance(call.base, PathValue)


def open_mode(call: Call) -> str:
    """The mode of a call that `opens_file`."""
    position = 0 if isinstance(call.base, PathValue) else known.MODE_PLACES.get(call.name, 1)
    value: Value = call.keywords.get("mode", call.keywords.get("flag"))
    if value is None and 0 <= position < len(call.arguments):
        value = call.arguments[position]
    for option in options_of(value):
        if isinstance(option, str) and option:
            return option
    return known.DEFAULT_MODES.get(call.name, "r")


def mode_effects(mode: str, text: str, unseen: bool = False) -> Iterator[Effect]:
    """What opening a file in this mode does; appending reads what was there before."""
    if "+" in mode and not mode.startswith(("w", "x")):
        yield Effect("read", text, True, unseen)
        yield Effect("write", text, False, unseen)
    elif mode[:1] in ("w", "x", "a", "c", "n"):
        yield Effect("write", text, False, unseen)
    else:
        yield Effect("read", text, False, unseen)


def paths_of(mode: Mode, value: Value) -> Iterator[Effect]:
    """That a value is the path of what another program reads or writes."""
    for option in options_of(value):
        for text in _texts(option):
            yield Effect(mode, text, False, True)


def effects_of(call: Call) -> tuple[list[Effect], bool]:
    """Files that a call touches, and whether a path was there that could not be known."""
    if call.method in known.FOLDER_READERS or call.method in known.MAYBE_READERS:
        return list(_folder_effects(call)), False
    direction = _direction(call)
    if direction is None:
        return [], False
    sure = (
        call.method in known.READERS
        or call.method in known.WRITERS
        or call.name in known.ADDED_SUFFIX
    )
    value = _path_argument(call, direction, sure)
    if value is None:
        return [], False
    effects = []
    unresolved = False
    for option in options_of(value):
        if isinstance(option, Unknown):
            unresolved = sure
            continue
        for text in _texts(option):
            full = _with_suffix(call, text)
            effects.append(Effect(direction, full, not _SUFFIX.search(full), is_native(call)))
    return effects, unresolved


def _folder_effects(call: Call) -> Iterator[Effect]:
    """What taking in a folder as a whole reads: itself, and all that is in it."""
    whole = call.method in known.FOLDER_READERS
    value = _path_argument(call, "read", sure=True)
    for option in options_of(value):
        for text in _texts(option):
            if whole:
                yield Effect("read", text.rstrip("/") + "/*", True, True)
            elif text.startswith(("/", ".", ROOT)) or "/" in text:
                yield Effect("read", text, True, is_native(call))


def _with_suffix(call: Call, text: str) -> str:
    added = known.ADDED_SUFFIX.get(call.name, "")
    if call.method == "savefig" and not _SUFFIX.search(text):
        added = ".png"
    return text if text.endswith(added) else text + added


def addresses_of(call: Call) -> Iterator[str]:
    """Web addresses that a call reads from."""
    if call.method in known.FETCHERS or call.method.startswith(known.READ_PREFIXES):
        for value in [*call.arguments[:2], *call.keywords.values()]:
            for option in options_of(value):
                if isinstance(option, str) and option.startswith(known.REMOTE):
                    yield option.replace(HOLE, "*")


def looks_like_path(value: Value, sure: bool = False) -> bool:
    """Whether a value can be the path of a data file."""
    if isinstance(value, PathValue):
        return True
    if not isinstance(value, str) or not value or len(value) > 400 or "\n" in value:
        return False
    if "://" in value and not value.startswith("file://"):
        return False
    if _SUFFIX.search(value) and not value.startswith("."):
        return True
    return sure or ("/" in value.lstrip("/") and " " not in value and HOLE not in value)


def _direction(call: Call) -> Mode | None:
    method = call.method
    if method in known.NEITHER or isinstance(call.base, Handle):
        return None
    if method in known.READERS or call.name in known.READERS_BY_NAME:
        return "read"
    if (
        method in known.WRITERS
        or call.name in known.ADDED_SUFFIX
        or call.name in known.SECOND_BY_NAME
    ):
        return "write"
    if isinstance(call.base, PathValue):
        return None
    if method.startswith(known.READ_PREFIXES):
        return "read"
    if method.startswith(known.WRITE_PREFIXES):
        return "write"
    return None


def _path_argument(call: Call, direction: Mode, sure: bool) -> Value | None:
    if isinstance(call.base, PathValue) and call.method in (
        "read_text", "read_bytes", "write_text", "write_bytes"
    ):  # fmt: skip
        return call.base
    for keyword in known.PATH_KEYWORDS:
        if keyword in call.keywords and _may_be_path(call.keywords[keyword], sure):
            return call.keywords[keyword]
    positions = [0, 1]
    second = call.method in known.PATH_SECOND or call.name in known.SECOND_BY_NAME
    if direction == "write" and second:
        positions = [1]
    elif sure and not isinstance(call.base, External) and direction == "write":
        positions = [0]
    candidates = [call.arguments[i] for i in positions if i < len(call.arguments)]
    for value in candidates:
        if _may_be_path(value, sure=False):
            return value
    for value in candidates if sure else ():
        if _may_be_path(value, sure=True):
            return value
    if sure and candidates and isinstance(candidates[0], Unknown):
        return candidates[0]
    return None


def _may_be_path(value: Value, sure: bool) -> bool:
    for option in options_of(value):
        if isinstance(option, (list, tuple)):
            if any(looks_like_path(entry, sure) for entry in option):
                return True
        elif looks_like_path(option, sure):
            return True
    return False


def _texts(value: Value, depth: int = 0) -> Iterator[str]:
    if isinstance(value, PathValue):
        yield value.text
    elif isinstance(value, str):
        if looks_like_path(value, sure=True):
            yield value.removeprefix("file://")
    elif isinstance(value, (list, tuple)) and depth < _DEEPEST:
        for entry in value:
            yield from _texts(entry, depth + 1)
