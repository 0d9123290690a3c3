"""How long until ``nbtrail --help`` has answered?"""

from __future__ import annotations

import sys
from pathlib import Path

from tables import Table, in_turns, milliseconds, python, seconds_of

#: Longest answer allowed, in seconds.
LIMIT = 0.15


def measure(repeat: int) -> Table:
    """Time whole processes, from start to end."""
    scripts = Path(sys.executable).parent
    found = in_turns(
        {
            "python -c pass": lambda: seconds_of(python("-c", "pass")),
            "python -c 'import click'": lambda: seconds_of(python("-c", "import click")),
            "nbtrail --help": lambda: seconds_of([str(scripts / "nbtrail"), "--help"]),
            "jupyter --version": lambda: seconds_of([str(scripts / "jupyter"), "--version"]),
        },
        repeat,
    )
    took = found["nbtrail --help"]
    return Table(
        title="Start of the command line",
        command="nbtrail --help",
        header=("command", "median"),
        rows=tuple((name, milliseconds(seconds)) for name, seconds in found.items()),
        limits=(f"nbtrail --help takes {took:.2f} s, more than {LIMIT} s",) if took > LIMIT else (),
    )
