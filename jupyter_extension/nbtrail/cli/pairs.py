"""``resolve``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from nbtrail.cli.context import Settings, common, style

if TYPE_CHECKING:
    from nbtrail.pairing.resolve import CellChoice

_SIDES = ("notebook", "twin", "both")


@click.command()
@click.argument("notebook")
@click.option("--keep", type=click.Choice(_SIDES), help="What is right, as a whole.")
@click.option(
    "--cell", "cells", multiple=True, metavar="KEY=SIDE",
    help="What is right for one cell; SIDE as for --keep. May be repeated.",
)  # fmt: skip
@common
def resolve(settings: Settings, notebook: str, keep: str | None, cells: tuple[str, ...]) -> None:
    """End a conflict between a notebook and its twin; alone, shows what to choose.

    What gives way is kept: nothing is lost.

    \b
    Examples:
      nbtrail resolve CLEANING-ages.ipynb
      nbtrail resolve CLEANING-ages.ipynb --keep twin
      nbtrail resolve CLEANING-ages.ipynb --cell 3f2a91c0=notebook --cell 77aa01bc=both
    """
    chosen = dict(_choice(text) for text in cells)
    if keep is not None and chosen:
        raise click.UsageError("Use either --keep or --cell.")
    with settings.open() as opened:
        path = settings.path(opened, notebook)
        if keep is None and not chosen:
            view = opened.pair_conflict(path)
        else:
            made = opened.resolve_pair(path, keep or chosen)
    if keep is not None or chosen:
        if settings.as_json:
            settings.print_json(made)
        else:
            settings.say(f"{made.path} and {made.twin} say the same now.")
        return
    if settings.as_json:
        settings.print_json(view)
    elif view.state == "none":
        settings.say(f"{path}: there is no conflict.")
    else:
        settings.say(view.message)
        for cell in view.cells:
            _say_choice(settings, cell)
        settings.say(f"Next: nbtrail resolve {path} --keep {'|'.join(view.keep)}")
    if view.state == "conflict":
        sys.exit(1)


def _choice(text: str) -> tuple[str, str]:
    key, separator, side = text.rpartition("=")
    if not separator or side not in _SIDES:
        raise click.UsageError(f"--cell {text!r} is not KEY=SIDE; SIDE is {', '.join(_SIDES)}.")
    return key, side


def _say_choice(settings: Settings, cell: CellChoice) -> None:
    settings.say(style(f"cell {cell.key}: {cell.message}", "cyan"))
    for name, colour, source in (("notebook", "green", cell.notebook), ("twin", "blue", cell.twin)):
        lines = ["(deleted)"] if source is None else source.splitlines()
        for line in lines:
            settings.say(f"  {style(f'{name:8}', colour)} {line}")
