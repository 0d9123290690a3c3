"""Files named in SQL: duckdb reads and writes them from there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nbtrail.pipeline.inference.effects import looks_like_path

if TYPE_CHECKING:
    from nbtrail.pipeline.inference.expressions import Expressions

_READ = re.compile(
    r"""\b(?:FROM|JOIN|ATTACH(?:\s+DATABASE)?(?:\s+IF\s+NOT\s+EXISTS)?|(?:read|scan)_\w+\s*\(|
    \w+_scan\s*\()\s*'([^'\n]{1,400})'""",
    re.IGNORECASE | re.VERBOSE,
)
_LIST = re.compile(r"\bread_\w+\s*\(\s*\[([^\]]{1,2000})\]", re.IGNORECASE)
_WRITE = re.compile(r"\b(?:TO|EXPORT\s+DATABASE)\s+'([^'\n]{1,400})'", re.IGNORECASE)
_COPY = re.compile(r"\b(?:COPY|EXPORT)\b", re.IGNORECASE)
#: A statement that changes a database, at its beginning.
_CHANGES = re.compile(
    r"(?:^|;)\s*(?:INSERT|CREATE|UPDATE|DELETE|REPLACE|DROP|ALTER)\b", re.IGNORECASE
)


def changes(text: str) -> bool:
    """Whether SQL changes the database that it is sent to."""
    return _CHANGES.search(text) is not None


def touch(walk: Expressions, text: str) -> None:
    """Note the files that SQL names as tables, and those that it copies tables to."""
    if "'" not in text:
        return
    written = _WRITE.findall(text) if _COPY.search(text) else []
    named = [*_READ.findall(text), *re.findall(r"'([^']+)'", " ".join(_LIST.findall(text)))]
    for path in dict.fromkeys(named):
        if looks_like_path(path):
            walk.touch("read", path, unseen=True)
    for path in dict.fromkeys(written):
        if looks_like_path(path, sure=True):
            walk.touch("write", path, unseen=True)
