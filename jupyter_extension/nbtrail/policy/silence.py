"""Comments that silence rules: ``# nbtrail: ignore NBT203``.

In a code cell one holds for that cell; in the first cell of a notebook, and in Markdown and raw
cells (``<!-- nbtrail: ignore NBT6 -->``), for the whole notebook. What concerns the file rather
than its cells (names, twins, files that cannot be read) is set in ``nbtrail.toml`` only, because
these rules are asked before anybody has read the notebook.
"""

from __future__ import annotations

import difflib
import io
import re
import tokenize
from collections.abc import Iterable, Sequence

import msgspec

from nbtrail.config import Level
from nbtrail.notebooks.cells import Cell
from nbtrail.policy.catalogue import Problem, Rule
from nbtrail.policy.levels import matches

UNUSED_SILENCE, UNKNOWN_SILENCE = "NBT001", "NBT002"

RULES = (
    Rule(UNUSED_SILENCE, "unused-silence", "A comment silences nothing", Level.WARN),
    Rule(UNKNOWN_SILENCE, "unknown-silence", "A comment silences no known rule", Level.WARN),
)

_MARK = "nbtrail:"
_KEY = r"[A-Za-z][A-Za-z0-9-]*"
_KEYS = rf"nbtrail:[ \t]*ignore\b[ \t:]*(?P<keys>{_KEY}(?:[ \t]*,[ \t]*{_KEY})*)?"
_IN_CODE = re.compile(rf"(?:#|//|--)+[ \t]*{_KEYS}")
_IN_TEXT = re.compile(rf"<!--\s*{_KEYS}")
#: Families of rules that are asked about the file, not about what it holds.
_OF_FILES = ("NBT0", "NBT1", "NBT3", "NBT9")


class Silence(msgspec.Struct, frozen=True):
    """One comment: codes, beginnings of codes or names of rules, and where it stands."""

    keys: tuple[str, ...]
    cell_id: str
    line: int
    whole: bool


def silences_in(cells: Sequence[Cell]) -> tuple[Silence, ...]:
    """The comments in a notebook's cells, from the top."""
    found: list[Silence] = []
    for cell in cells:
        if _MARK not in cell.source:
            continue
        whole = cell.index == 0 or cell.type != "code"
        lines = _comments(cell.source) if cell.type == "code" else cell.source.splitlines()
        patterns = (_IN_TEXT,) if cell.type == "markdown" else (_IN_CODE, _IN_TEXT)
        for number, line in enumerate(lines, 1):
            for pattern in patterns:
                for match in pattern.finditer(line):
                    keys = tuple(dict.fromkeys(re.findall(_KEY, match["keys"] or "")))
                    found.append(Silence(keys, cell.id, number, whole))
    return tuple(found)


def apply_silences(
    problems: Iterable[Problem], silences: Sequence[Silence], rules: Sequence[Rule]
) -> list[Problem]:
    """The problems that nobody silenced, and what is wrong with the comments themselves."""
    problems = list(problems)
    if not silences:
        return problems
    by_code = {rule.code: rule for rule in rules}
    used: set[tuple[Silence, str]] = set()
    kept = []
    for problem in problems:
        by = _silenced_by(problem, by_code[problem.code], silences)
        used.update(by)
        if not by:
            kept.append(problem)
    for silence in silences:
        for key in silence.keys or ("",):
            complaint = None if (silence, key) in used else _complaint(key, rules)
            if complaint is not None:
                code, message = complaint
                kept.append(Problem(code, message, silence.cell_id, silence.line))
    return kept


def _silenced_by(
    problem: Problem, rule: Rule, silences: Sequence[Silence]
) -> list[tuple[Silence, str]]:
    if rule.code.startswith(_OF_FILES):
        return []
    return [
        (silence, key)
        for silence in silences
        if silence.whole or silence.cell_id == problem.cell_id
        for key in silence.keys
        if matches(key, rule)
    ]


def _complaint(key: str, rules: Sequence[Rule]) -> tuple[str, str]:
    if not key:
        return UNKNOWN_SILENCE, "`nbtrail: ignore` names no rule: write its code behind it."
    meant = [rule for rule in rules if matches(key, rule)]
    if not meant:
        names = [name for rule in rules for name in (rule.code, rule.name)]
        near = difflib.get_close_matches(key, names, n=1)
        hint = f"did you mean {near[0]}?" if near else "see `nbtrail rules`."
        return UNKNOWN_SILENCE, f"There is no rule {key}: {hint}"
    if all(rule.code.startswith(_OF_FILES) for rule in meant):
        message = (
            f"{key} is about the file and cannot be silenced in it: set its level in nbtrail.toml."
        )
        return UNUSED_SILENCE, message
    return UNUSED_SILENCE, f"`nbtrail: ignore {key}` silences nothing: take it away."


def _comments(source: str) -> list[str]:
    """For each line of code what may hold a comment; a string with a hash in it is none."""
    lines = source.splitlines()
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return lines  # magics, or another language
    comments = [""] * len(lines)
    for token in tokens:
        if token.type == tokenize.COMMENT:
            comments[token.start[0] - 1] = token.string
    return comments
