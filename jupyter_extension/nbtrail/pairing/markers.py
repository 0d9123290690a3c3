"""What git leaves in a text where both sides of a merge changed the same lines."""

from __future__ import annotations

import re

_OURS = re.compile(r"<{7,}( |$)")
_BASE = re.compile(r"\|{7,}( |$)")
_MIDDLE = re.compile(r"={7,}$")
_THEIRS = re.compile(r">{7,}( |$)")


def has_merge_markers(text: str) -> bool:
    """Whether git left an unresolved merge in the text, or somebody mended only part of it."""
    lines = text.splitlines()
    return any(map(_OURS.match, lines)) and any(map(_THEIRS.match, lines))


def versions(text: str) -> tuple[str, str] | None:
    """The text as each side has it, where merge markers stand between; ``None`` without any.

    Markers that were mended in part count as none: which lines belong to whom is unknown then.
    """
    ours: list[str] = []
    theirs: list[str] = []
    state, found = "both", False
    for line in text.splitlines(keepends=True):
        plain = line.rstrip("\r\n")
        if state == "both" and _OURS.match(plain):
            state = "ours"
        elif state == "ours" and _BASE.match(plain):
            state = "base"
        elif state in ("ours", "base") and _MIDDLE.match(plain):
            state = "theirs"
        elif state == "theirs" and _THEIRS.match(plain):
            state, found = "both", True
        else:
            if state in ("both", "ours"):
                ours.append(line)
            if state in ("both", "theirs"):
                theirs.append(line)
    return ("".join(ours), "".join(theirs)) if found and state == "both" else None
