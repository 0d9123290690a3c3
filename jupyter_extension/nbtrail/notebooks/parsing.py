"""Python source as syntax trees, parsed once for all who ask in the same pass."""

from __future__ import annotations

import ast
import warnings
from functools import lru_cache

#: Cells of one large notebook: each is asked for several times in a row.
_KEPT = 512


@lru_cache(maxsize=_KEPT)
def parse_python(source: str) -> ast.Module | None:
    """The tree of a source text, not to be changed; ``None`` where it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def forget_trees() -> None:
    """Give the memory back once a pass over many notebooks is over."""
    parse_python.cache_clear()
