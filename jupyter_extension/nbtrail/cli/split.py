"""``split``."""

from __future__ import annotations

import click

from nbtrail.cli.context import Settings, common, style


@click.command()
@click.argument("notebook")
@click.option("--at", metavar="CELL", help="Id of the cell that the second part begins with.")
@click.option("--description", metavar="TEXT", help="What the second part holds, for its name.")
@click.option("--apply", is_flag=True, help="Do it; without this, only say what it would give.")
@common
def split(
    settings: Settings, notebook: str, at: str | None, description: str | None, apply: bool
) -> None:
    """Make two notebooks of one that is too long.

    The notebook keeps what is above the cell; the rest becomes a new one, which begins with the
    imports and functions it uses and says which values it needs. As it was, the notebook stays
    in the scratch folder.

    \b
    Examples:
      nbtrail split 2-EXPERIMENTAL-everything.ipynb
      nbtrail split 2-EXPERIMENTAL-everything.ipynb --at 3f9c --description "boosting" --apply
    """
    with settings.open() as opened:
        path = settings.path(opened, notebook)
        done = opened.split(path, at=at, description=description, apply=apply)
    if settings.as_json:
        settings.print_json(done)
        return
    where = f"“{done.heading}”" if done.heading else f"cell {done.at}"
    settings.say(f"{done.path}, up to {where}")
    settings.say(f"{style(done.new_path, bold=True)}, from there")
    if done.needs:
        settings.say(f"The second needs of the first: {', '.join(done.needs)}.")
    if done.kept is None:
        settings.say("Nothing was changed. Do it with --apply.")
    else:
        settings.say(f"As it was: {done.kept}")
