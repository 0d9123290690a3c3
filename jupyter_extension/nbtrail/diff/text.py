"""Texts that differ only by what differs from run to run."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Sequence
from typing import Any

from nbtrail.diff.shape import Verdict

#: Numbers are the same within this relative difference: the last bits differ between machines.
TOLERANCE = 1e-9

_DIGITS_AROUND_COLON, _DATE = re.compile(r"\d:\d\d"), re.compile(r"\d-\d\d-")
_UNIT = re.compile(r"\d ?(?:[mnuµμ]?s|min)")
#: Pattern, what it becomes, what it is called, and without what it cannot be there: a text, or
#: a pattern that is found sooner. None may begin anew inside of what it has just tried: a line of
#: 40,000 digits is no attack.
_Noise = tuple[re.Pattern[str], str, str, "str | re.Pattern[str]"]
_NOISE: tuple[_Noise, ...] = (
    (re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"), "", "terminal colours", "\x1b"),
    # What a terminal would show of a line with carriage returns is its last part.
    (re.compile(r"(?<![^\n\r])[^\n\r]*\r(?!\n)"), "", "progress", "\r"),
    (re.compile(r"(?<!\d)\d{1,3}%\|[^|\n]*\|[^\n]*"), "<progress>", "progress", "%|"),
    (re.compile(r"\[[=>. ]{5,}\]"), "<bar>", "progress", "["),
    (re.compile(r"[━╸╺]{5,}"), "<bar>", "progress", "━"),
    (re.compile(r"\b0x[0-9a-fA-F]{6,16}\b"), "0x…", "memory addresses", "0x"),
    (re.compile(r"\bid[=:( ]{1,3}\d{12,16}\b"), "<id>", "memory addresses", "id"),
    (re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"), "<id>",
     "random ids", "-"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"),
     "<time>", "times", _DATE),
    (re.compile(r"\b(?:[A-Z][a-z]{2},? )?(?:\d{1,2} [A-Z][a-z]{2}|[A-Z][a-z]{2} [ \d]\d),?"
                r"(?: \d{4},?)? \d\d:\d\d(?::\d\d)?(?: \d{4}\b)?"), "<time>", "times",
     _DIGITS_AROUND_COLON),
    (re.compile(r"(?<![\d:])\d\d:\d\d:\d\d(?:[.,]\d+)?(?![\d:])"), "<time>", "times",
     _DIGITS_AROUND_COLON),
    (re.compile(r"(?:CPU times|Wall time):[^\n]*"), "<timing>", "timings", " time"),
    (re.compile(r"\b\d+(?:\.\d+)? ?(?:ns|µs|μs|us|ms|s|secs?|seconds|min)\b(?:/\w+)?"
                r"(?: ± [^\n]*)?"), "<duration>", "timings", _UNIT),
    (re.compile(r"<ipython-input-\d+-[0-9a-f]+>"), "<cell>", "names of cells", "<ipython"),
    (re.compile(r"/(?:tmp|var)/(?:[\w.-]{1,64}/){0,6}ipykernel_\d+/\d+\.py"), "<cell>",
     "names of cells", "ipykernel_"),
)  # fmt: skip
_HTML_NOISE: _Noise = (
    re.compile(
        r"sk-(?:container|estimator)-id-\d+|\bT_[0-9a-f]{5}(?:\w{0,40})|\b[0-9a-f]{32}\b"
        r"|\b(?:df|el|fig|altair-viz|bk)-[0-9a-f-]{8,}\b|\bp\d{4,}\b"
    ),
    "<id>",
    "random ids",
    "id",
)
#: Signs of noise that is more than a word, and the pattern of those that are no fixed text.
_SPECIAL = ("\x1b", "\r", "━", "%|", "[=", "[>", "[.", "ipykernel_", "<ipython", " time", "±")
_SPECIAL_DIGITS = re.compile(r"\d:\d\d|\d-\d\d|-[0-9a-f]{4}-")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,16}\b")
_UNITS = frozenset("ns µs μs us ms s sec secs seconds min".split())
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?(?!\w)")
#: What differs is looked at for noise up to this many characters.
_LONGEST = 2_000_000
#: A line with more is not looked at for noise, in characters of both sides.
_LONGEST_LINE = 100_000
_CHUNK, _FIRST_BLOCK, _EXCERPT = 1 << 16, 1_000, 200


def normalise_text(text: str) -> str:
    """Text without what differs from run to run: addresses, times, progress bars, ANSI codes."""
    for noise in _NOISE:
        text = _without(noise, text)
    return text


def plain_text(text: str) -> str:
    """Text as a terminal would show it: no colours, and only what a line ends up as."""
    for pattern, replacement, _, _ in _NOISE[:2]:
        text = pattern.sub(replacement, text)
    return text


def compare_text(a: str, b: str, *, html: bool = False) -> tuple[Verdict, str, dict[str, Any]]:
    """Verdict, reason, and where two texts first differ: ``line`` (from 1), ``a``, ``b``."""
    if a == b:
        return "same", "", {}
    start, a, b = _middle(a, b)
    lines_a, lines_b = a.rstrip("\n").split("\n"), b.rstrip("\n").split("\n")
    if len(a) + len(b) > _LONGEST:
        why = "what differs is too long to be looked at for noise"
        return "changed", why, _place(start, _first(lines_a, lines_b), lines_a, lines_b)
    # The pieces of HTML stand in long lines; no noise goes beyond a line.
    pieces_a = a.replace("<", "\n<").rstrip("\n").split("\n") if html else lines_a
    pieces_b = b.replace("<", "\n<").rstrip("\n").split("\n") if html else lines_b
    if len(pieces_a) != len(pieces_b):
        return "changed", "text differs", _place(start, _first(lines_a, lines_b), lines_a, lines_b)
    found = None
    if not html and not _is_special(a) and not _is_special(b):
        found = _by_words(lines_a, lines_b)
    verdict, n, reasons = found or _by_patterns(pieces_a, pieces_b, html)
    if verdict == "noise":
        return verdict, _sentence(reasons), {}
    real = _first(lines_a, lines_b) if html else n
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


def _first(a: Sequence[str], b: Sequence[str]) -> int:
    """The first line that differs."""
    lines = enumerate(zip(a, b, strict=False))
    return next((n for n, (x, y) in lines if x != y), min(len(a), len(b)))


def _middle(a: str, b: str) -> tuple[int, str, str]:
    """Whole lines between equal beginnings and ends, and how many lines stand before them."""
    most = min(len(a), len(b))
    if most < _CHUNK:
        return 0, a, b
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


def _by_patterns(
    lines_a: Sequence[str], lines_b: Sequence[str], html: bool
) -> tuple[Verdict, int, list[str]]:
    """Verdict, first line that changed, and reasons: some lines first, for most changes are early.

    Both have the same number of lines.
    """
    differing = [n for n, line in enumerate(lines_a) if line != lines_b[n]]
    reasons: list[str] = []
    largest = 0.0
    size = _FIRST_BLOCK
    while differing:
        block, length = 0, 0
        while block < len(differing) and length < size:
            length += len(lines_a[differing[block]])
            block += 1
        here, differing = differing[:block], differing[block:]
        size *= 2
        # Ended by a line end, so that a carriage return before it stays one that changes nothing.
        a = "\n".join([lines_a[n] for n in here]) + "\n"
        b = "\n".join([lines_b[n] for n in here]) + "\n"
        if len(a) + len(b) > 2 * size + _LONGEST_LINE:
            return "changed", here[0], []
        a, b, found = _without_noise(a, b, html)
        number = 0.0 if a == b else _largest_difference(a, b)
        if number is None or number > TOLERANCE:
            return "changed", here[min(_first(a.split("\n"), b.split("\n")), block - 1)], []
        largest = max(largest, number)
        reasons += [reason for reason in found if reason not in reasons]
    if largest:
        reasons.append(f"numbers within {largest:.1g}")
    return "noise", 0, reasons


def _is_special(text: str) -> bool:
    if any([sign in text for sign in _SPECIAL]):
        return True
    return (":" in text or "-" in text) and _SPECIAL_DIGITS.search(text) is not None


def _by_words(
    lines_a: Sequence[str], lines_b: Sequence[str]
) -> tuple[Verdict, int, list[str]] | None:
    """Verdict, first line that differs and reasons, where words alone decide; else ``None``.

    Most outputs of a run that came out the same differ in a duration or an address.
    """
    reasons: list[str] = []
    for n, a in enumerate(lines_a):
        b = lines_b[n]
        if a == b:
            continue
        words_a, words_b = a.split(), b.split()
        if len(words_a) != len(words_b) or (words_a == words_b and a.rstrip() != b.rstrip()):
            return None
        for k, word in enumerate(words_a):
            if word == words_b[k]:
                continue
            known = _known_noise(words_a, words_b, k)
            if not known:
                near = " ".join((*words_a[max(0, k - 1) : k + 2], words_b[k]))
                # A unit in the word, or beside it, is for the patterns.
                return None if "id" in near or _UNIT.search(near) else ("changed", n, [])
            if known not in reasons:
                reasons.append(known)
    return "noise", 0, reasons


def _known_noise(words_a: Sequence[str], words_b: Sequence[str], k: int) -> str:
    """What the difference between two words is called; empty for a change."""
    a, b = words_a[k], words_b[k]
    if "0x" in a:
        return "memory addresses" if _ADDRESS.sub("", a) == _ADDRESS.sub("", b) else ""
    try:
        x, y = float(a), float(b)
    except ValueError:
        return ""
    after = words_a[k + 1] if k + 1 < len(words_a) else ""
    if after and after == words_b[k + 1] and after.rstrip(".,;:)") in _UNITS:
        return "timings"
    size = compare_numbers(x, y)
    return f"numbers within {size:.1g}" if size <= TOLERANCE else ""


def _without(noise: _Noise, text: str) -> str:
    pattern, replacement, _, sign = noise
    there = sign in text if isinstance(sign, str) else sign.search(text) is not None
    return pattern.sub(replacement, text) if there else text


def _without_noise(a: str, b: str, html: bool) -> tuple[str, str, list[str]]:
    """Both texts without noise and, where nothing is left then, what the noise is called."""
    plain_a, plain_b = a, b
    found: list[_Noise] = []
    for noise in (*_NOISE, _HTML_NOISE) if html else _NOISE:
        before = plain_a, plain_b
        plain_a, plain_b = _without(noise, plain_a), _without(noise, plain_b)
        if (plain_a, plain_b) != before and noise[0].findall(before[0]) != noise[0].findall(
            before[1]
        ):
            found.append(noise)
        if plain_a == plain_b:
            break
    reasons = list(dict.fromkeys(name for _, _, name, _ in found))
    if plain_a != plain_b:
        stripped = [
            "\n".join([line.rstrip() for line in text.split("\n")]).rstrip("\n")
            for text in (plain_a, plain_b)
        ]
        if stripped[0] == stripped[1]:
            return stripped[0], stripped[1], [*reasons, "spaces at the ends of lines"]
    return plain_a, plain_b, reasons


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
    return sys.intern(", ".join(reasons) if reasons else "spaces at the ends of lines")
