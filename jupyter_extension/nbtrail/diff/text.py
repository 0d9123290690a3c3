"""Texts that differ only by what differs from run to run."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from nbtrail.diff.shape import Verdict

#: Numbers are the same within this relative difference: the last bits differ between machines.
TOLERANCE = 1e-9

#: Pattern, what it becomes, what it is called, and texts without which it cannot be there.
#: None may begin anew inside of what it has just tried: a line of 40,000 digits is no attack.
_NOISE: tuple[tuple[re.Pattern[str], str, str, tuple[str, ...]], ...] = (
    (re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"), "", "terminal colours", ("\x1b",)),
    # What a terminal would show of a line with carriage returns is its last part.
    (re.compile(r"(?<![^\n\r])[^\n\r]*\r(?!\n)"), "", "progress", ("\r",)),
    (re.compile(r"(?<!\d)\d{1,3}%\|[^|\n]*\|[^\n]*"), "<progress>", "progress", ("%|",)),
    (re.compile(r"\[[=>. ]{5,}\]|[━╸╺]{5,}"), "<bar>", "progress", ("[=", "[>", "[.", "━")),
    (re.compile(r"\b0x[0-9a-fA-F]{6,16}\b"), "0x…", "memory addresses", ("0x",)),
    (re.compile(r"\bid[=:( ]{1,3}\d{12,16}\b"), "<id>", "memory addresses", ("id",)),
    (re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"), "<id>",
     "random ids", ("-",)),
    (re.compile(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"),
     "<time>", "times", ("-",)),
    (re.compile(r"\b(?:[A-Z][a-z]{2},? )?(?:\d{1,2} [A-Z][a-z]{2}|[A-Z][a-z]{2} [ \d]\d),?"
                r"(?: \d{4},?)? \d\d:\d\d(?::\d\d)?(?: \d{4}\b)?"), "<time>", "times", (":",)),
    (re.compile(r"(?<![\d:])\d\d:\d\d:\d\d(?:[.,]\d+)?(?![\d:])"), "<time>", "times", (":",)),
    (re.compile(r"(?:CPU times|Wall time):[^\n]*"), "<timing>", "timings",
     ("CPU times:", "Wall time:")),
    (re.compile(r"\b\d+(?:\.\d+)?\s?(?:ns|µs|μs|us|ms|s|secs?|seconds|min)\b(?:/\w+)?"
                r"(?: ± [^\n]*)?"), "<duration>", "timings", ("s", "min")),
    (re.compile(r"<ipython-input-\d+-[0-9a-f]+>"), "<cell>", "names of cells", ("<ipython",)),
    (re.compile(r"/(?:tmp|var)/(?:[\w.-]{1,64}/){0,6}ipykernel_\d+/\d+\.py"), "<cell>",
     "names of cells", ("ipykernel_",)),
)  # fmt: skip
_HTML_NOISE = (
    re.compile(
        r"sk-(?:container|estimator)-id-\d+|\bT_[0-9a-f]{5}(?:\w{0,40})|\b[0-9a-f]{32}\b"
        r"|\b(?:df|el|fig|altair-viz|bk)-[0-9a-f-]{8,}\b|\bp\d{4,}\b"
    ),
    "<id>",
    "random ids",
    ("-", "T_", "id", "p"),
)
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?(?!\w)")
#: What differs is looked at for noise up to this many characters.
_LONGEST = 2_000_000
_CHUNK, _EXCERPT = 1 << 16, 200


def normalise_text(text: str) -> str:
    """Text without what differs from run to run: addresses, times, progress bars, ANSI codes."""
    for pattern, replacement, _, signs in _NOISE:
        if any(sign in text for sign in signs):
            text = pattern.sub(replacement, text)
    return text


def compare_text(a: str, b: str, *, html: bool = False) -> tuple[Verdict, str, dict[str, Any]]:
    """Verdict, reason, and where two texts first differ: ``line`` (from 1), ``a``, ``b``."""
    if a == b:
        return "same", "", {}
    start, a, b = _middle(a, b)
    lines_a, lines_b = a.split("\n"), b.split("\n")
    first = next(
        (n for n, (x, y) in enumerate(zip(lines_a, lines_b, strict=False)) if x != y),
        min(len(lines_a), len(lines_b)),
    )
    if len(a) + len(b) > _LONGEST:
        why = "what differs is too long to be looked at for noise"
        return "changed", why, _place(start, first, lines_a, lines_b)
    if len(lines_a) == len(lines_b):
        kept = [n for n, line in enumerate(lines_a) if line != lines_b[n]]
        a = "\n".join(lines_a[n] for n in kept)
        b = "\n".join(lines_b[n] for n in kept)
    else:
        kept = list(range(max(len(lines_a), len(lines_b))))
    a, b, reasons = _without_noise(a, b, html)
    if a == b:
        return "noise", _sentence(reasons), _place(start, first, lines_a, lines_b)
    largest = _largest_difference(a, b)
    if largest is not None and largest <= TOLERANCE:
        reasons.append(f"numbers within {largest:.1g}")
        return "noise", _sentence(reasons), _place(start, first, lines_a, lines_b)
    pairs = enumerate(zip(a.split("\n"), b.split("\n"), strict=False))
    real = next((kept[n] for n, (x, y) in pairs if x != y), first)
    return "changed", "text differs", _place(start, real, lines_a, lines_b)


def compare_numbers(a: float, b: float) -> float:
    """``|a - b|`` in terms of the larger; infinite for one that is no finite number."""
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    if not (math.isfinite(a) and math.isfinite(b)):
        return math.inf
    return abs(a - b) / max(abs(a), abs(b))


def number_of(text: str) -> float | None:
    """The number that a text is, as Python and NumPy write it; ``None`` for another text."""
    text = text.strip()
    if len(text) > 60:
        return None
    inner = re.fullmatch(r"(?:np\.)?\w+\((.+)\)", text)
    try:
        return float(inner[1] if inner else text)
    except ValueError:
        return None


def _middle(a: str, b: str) -> tuple[int, str, str]:
    """Whole lines between equal beginnings and ends, and how many lines stand before them."""
    most = min(len(a), len(b))
    head = 0
    while head + _CHUNK <= most and a[head : head + _CHUNK] == b[head : head + _CHUNK]:
        head += _CHUNK
    head = a.rfind("\n", 0, head) + 1
    tail = 0
    while tail + _CHUNK <= most - head:
        end_a, end_b = len(a) - tail, len(b) - tail
        if a[end_a - _CHUNK : end_a] != b[end_b - _CHUNK : end_b]:
            break
        tail += _CHUNK
    cut = a.find("\n", len(a) - tail) if tail else -1
    tail = len(a) - cut if cut >= 0 else 0
    return a.count("\n", 0, head), a[head : len(a) - tail], b[head : len(b) - tail]


def _without_noise(a: str, b: str, html: bool) -> tuple[str, str, list[str]]:
    """Both texts without the kinds of noise in which they differ, and what these are called."""
    reasons: list[str] = []
    for pattern, replacement, name, signs in (*_NOISE, _HTML_NOISE) if html else _NOISE:
        if not any(sign in a or sign in b for sign in signs):
            continue
        if pattern.findall(a) == pattern.findall(b):
            continue
        a, b = pattern.sub(replacement, a), pattern.sub(replacement, b)
        if name not in reasons:
            reasons.append(name)
    if a != b:
        stripped = [re.sub(r"[ \t]+(?=\n|\Z)", "", text).rstrip("\n") for text in (a, b)]
        if stripped[0] == stripped[1]:
            reasons.append("spaces at the ends of lines")
            return stripped[0], stripped[1], reasons
    return a, b, reasons


def _largest_difference(a: str, b: str) -> float | None:
    """The largest between the numbers of texts that are the same otherwise, else ``None``."""
    if _NUMBER.sub("#", a) != _NUMBER.sub("#", b):
        return None
    return max(
        (
            compare_numbers(float(x), float(y))
            for x, y in zip(_NUMBER.findall(a), _NUMBER.findall(b), strict=True)
            if x != y
        ),
        default=0.0,
    )


def _place(start: int, n: int, lines_a: Sequence[str], lines_b: Sequence[str]) -> dict[str, Any]:
    return {
        "line": start + n + 1,
        "a": lines_a[n][:_EXCERPT] if n < len(lines_a) else None,
        "b": lines_b[n][:_EXCERPT] if n < len(lines_b) else None,
    }


def _sentence(reasons: Sequence[str]) -> str:
    return ", ".join(reasons) if reasons else "line ends"
