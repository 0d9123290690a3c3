"""``git-text`` and ``git-merge``: what git calls once `nbtrail init --git` was."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command("git-text", hidden=True)
@click.argument("file", type=click.Path(path_type=Path))
def git_text(file: Path) -> None:
    """The sources of a notebook as text, for `git diff`."""
    from nbtrail.pairing.drivers import text_of_file

    sys.stdout.buffer.write(text_of_file(file).encode("utf-8", errors="replace"))


@click.command("git-merge", hidden=True)
@click.argument("base", type=click.Path(path_type=Path))
@click.argument("ours", type=click.Path(path_type=Path))
@click.argument("theirs", type=click.Path(path_type=Path))
@click.argument("marker_size", type=int)
@click.argument("name")
def git_merge(base: Path, ours: Path, theirs: Path, marker_size: int, name: str) -> None:
    """Merge three versions of a notebook into the second one, for `git merge`."""
    from nbtrail.pairing.drivers import CONFLICTS, merge_files

    conflicts = merge_files(base, ours, theirs, marker_size)
    for line in conflicts:
        click.echo(f"{name}: {line}", err=True)
    if conflicts:
        sys.exit(CONFLICTS)
