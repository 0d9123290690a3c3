"""Small notebooks to judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from nbtrail.policy.catalogue import Problem
from nbtrail.policy.code import CodeContext, problems_in

Cells = str | Sequence[str]


def book(cells: Cells, **metadata: Any) -> dict[str, Any]:
    """A notebook of these cells; one that begins with ``#md`` is markdown."""
    sources = [cells] if isinstance(cells, str) else list(cells)
    raw: list[dict[str, Any]] = []
    for index, source in enumerate(sources):
        cell: dict[str, Any] = {"id": f"c{index}", "metadata": {}, "source": source}
        if source.startswith("#md"):
            raw.append({**cell, "cell_type": "markdown", "source": source[3:].lstrip()})
        else:
            raw.append({**cell, "cell_type": "code", "outputs": [], "execution_count": None})
    return {"cells": raw, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


Judge = Callable[..., list[Problem]]


@pytest.fixture
def judge() -> Judge:
    """Judges cells by one code, in a project that needs nothing else."""

    def of(
        cells: Cells | dict[str, Any], code: str = "", category: str | None = None, **context: Any
    ) -> list[Problem]:
        notebook = cells if isinstance(cells, dict) else book(cells)
        place = CodeContext(category=category, path="n.ipynb", **context)
        return [p for p in problems_in(notebook, "n.ipynb", category, place) if code in p.code]

    return of
