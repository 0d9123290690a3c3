"""NBT602: passwords, keys and tokens in code or outputs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from nbtrail import masking
from nbtrail.notebooks.cells import text_of
from nbtrail.notebooks.document import Notebook
from nbtrail.policy.catalogue import Level, Problem, Rule

SECRET = "NBT602"
RULES = (Rule(SECRET, "secret", "A password, key or token stands in code or output", Level.WARN),)

#: Longer outputs are looked at up to here: texts, not pictures.
_LONGEST = 8_000
#: A name, a sign and a secret take more than this.
_SHORTEST = 12
_TEXTS = ("text/plain", "text/html", "text/markdown", "application/json")
#: What stands where a secret is to be filled in.
_PLACEHOLDER = re.compile(
    r"(?i)x{4,}|\*{3,}|\.{3,}|_{4,}|0{6,}|your|example|dummy|sample|placeholder|change[_-]?me|"
    r"insert|replace|enter|todo|redacted|removed|hidden|masked|fake|<.*>|"
    r"my[_-]?(?:secret|password|token|key|api)|"
    r"^(?:abc|test|foo|admin|user|guest|postgres|root|secret|pass(?:word)?|1234|none|null|hunter2|"
    r"letmein|qwerty|token|string|not[_-]|(?:sha\d+|argon2|bcrypt|pbkdf2)\W)|12345678|(?:key|token|password|secret)$"
)


def problems(notebook: Notebook) -> Iterator[Problem]:
    """One for each cell's source and one for its outputs; what was found is never repeated."""
    cells = notebook.get("cells", [])
    sources = [text_of(raw.get("source")) for raw in cells]
    shown = [_texts(raw.get("outputs")) if raw.get("cell_type") == "code" else [] for raw in cells]
    find = masking.secret_finder([*sources, *(text for texts in shown for text in texts)])
    for index, raw in enumerate(cells):
        identity = raw.get("id")
        cell_id = identity if isinstance(identity, str) and identity else f"#{index}"
        line = _first_secret(sources[index], find)
        if line:
            yield Problem(
                SECRET,
                f"Line {line} holds what looks like a password, key or token. Read it from a "
                "variable of the environment (`os.environ`), and have it replaced where it was "
                "issued: whoever has the notebook or its history has it.",
                cell_id,
                line,
            )
        if any(_first_secret(text, find) for text in shown[index]):
            yield Problem(
                SECRET,
                "The output holds what looks like a password, key or token. Clear it, and have "
                "the secret replaced where it was issued.",
                cell_id,
            )


def _texts(outputs: Any) -> list[str]:
    """Texts that a cell's outputs show."""
    found: list[str] = []
    for output in outputs if isinstance(outputs, list) else []:
        if not isinstance(output, dict):
            continue
        found.append(text_of(output.get("text"))[:_LONGEST])
        data = output.get("data")
        for mime in _TEXTS:
            value = data.get(mime) if isinstance(data, dict) else None
            if isinstance(value, str | list):
                found.append(text_of(value)[:_LONGEST])
        if output.get("output_type") == "error":
            found.append(text_of(output.get("evalue"))[:_LONGEST])
    return [text for text in found if len(text) >= _SHORTEST]


def _first_secret(text: str, find: Callable[[str], list[tuple[int, int]]]) -> int:
    """Line of the first secret in a text; 0 when there is none."""
    for start, end in find(text):
        value = text[start:end].strip("\"' \t\n")
        if value and not _PLACEHOLDER.search(value) and not _is_code(text, start, end):
            return text.count("\n", 0, start) + 1
    return 0


def _is_code(text: str, start: int, end: int) -> bool:
    """Names, calls and templates in the place of the secret itself."""
    value = text[start:end]
    return re.fullmatch(r"[A-Za-z_]\w*(?:\.\w+)+\(?.*|.*[{}].*|%\(?\w*\)?s", value) is not None
