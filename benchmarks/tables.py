"""Tables that benchmarks print, and measuring commands in turns."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """One benchmark's result.

    Attributes
    ----------
    title
        The question that is answered.
    command
        What was measured, so that a reader can repeat it by hand.
    header, rows
        The cells, as text.
    limits
        Sentences on limits that were not kept; empty when all is well.
    """

    title: str
    command: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    limits: tuple[str, ...] = ()

    def text(self) -> str:
        """The table in Markdown."""
        lines = [self.header, *self.rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.header))]

        def row(cells: Sequence[str]) -> str:
            return "| " + " | ".join(c.ljust(w) for c, w in zip(cells, widths, strict=True)) + " |"

        rule = "| " + " | ".join("-" * width for width in widths) + " |"
        parts = [f"## {self.title}", "", f"`{self.command}`", "", row(self.header), rule]
        parts += [row(cells) for cells in self.rows]
        parts += ["", *(f"LIMIT NOT KEPT: {sentence}" for sentence in self.limits)]
        return "\n".join(parts).rstrip() + "\n"


def in_turns(actions: Mapping[str, Callable[[], float]], repeat: int) -> dict[str, float]:
    """Median of each action's results, the actions taking turns; one turn before counts nothing."""
    results: dict[str, list[float]] = {name: [] for name in actions}
    for turn in range(repeat + 1):
        for name, action in actions.items():
            value = action()
            if turn:
                results[name].append(value)
    return {name: statistics.median(values) for name, values in results.items()}


def seconds_of(command: Sequence[str]) -> float:
    """How long a command takes from start to end, in seconds; it has to succeed."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=clean_environment())
    return time.perf_counter() - start


def clean_environment() -> dict[str, str]:
    """The environment, less what would change the start of an interpreter."""
    return {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONSTARTUP")}


def python(*arguments: str) -> list[str]:
    """A command for the interpreter that runs the benchmarks."""
    return [sys.executable, *arguments]


def milliseconds(seconds: float) -> str:
    """Seconds as milliseconds, for a cell of a table."""
    return f"{seconds * 1000:,.0f} ms"
