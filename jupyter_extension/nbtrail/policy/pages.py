"""The page of each rule: what, why, example, fix, how to silence.

The texts are ``docs/rules/*.md``. An installed package brings them along.
"""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
_FOLDERS = (_HERE / "rule_pages", _HERE.parents[2] / "docs" / "rules")


def page_of(code: str) -> str | None:
    """The Markdown text of a rule's page; ``None`` where there is none."""
    for folder in _FOLDERS:
        file = folder / f"{code}.md"
        if file.is_file():
            return file.read_text(encoding="utf-8")
    return None
