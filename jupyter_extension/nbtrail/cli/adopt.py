"""``adopt``: names for a folder as it was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from nbtrail.cli.context import Settings, common, style

if TYPE_CHECKING:
    from nbtrail.policy.adopt import Adopted, Adoption, Copies


@click.command()
@click.argument("paths", nargs=-1)
@click.option("--apply", is_flag=True, help="Rename as proposed; without it nothing is changed.")
@click.option("--init", is_flag=True, help="With --apply: make the folder a project first.")
@click.option(
    "--copies", type=click.Choice(["keep", "scratch"]), default="keep", show_default=True,
    help="Whether near-copies get names, too, or move to the scratch folder.",
)  # fmt: skip
@common
def adopt(
    settings: Settings, paths: tuple[str, ...], apply: bool, init: bool, copies: Copies
) -> None:
    """Propose category, description and sequence for every notebook without a good name.

    \b
    Examples:
      nbtrail adopt
      nbtrail adopt Untitled3.ipynb "model_final_v2 (1).ipynb"
      nbtrail adopt --apply --copies scratch
    """
    with settings.open() as opened:
        wanted = [settings.path(opened, path) for path in paths] or None
        if apply and init and not opened.project.adopted:
            from nbtrail.project import load_project

            opened.init()
            opened.reload(load_project(opened.project.root))
        found = opened.propose_adoption(wanted, copies=copies)
        done = None
        if apply:
            done = opened.adopt([(one.path, one.new_path) for one in found.proposals])
        is_project = opened.project.adopted
    if settings.as_json:
        told = msgspec.to_builtins(found)
        settings.print_json({**told, **({} if done is None else msgspec.to_builtins(done))})
        return
    _print_table(settings, found)
    if done is not None:
        _print_done(settings, done)
    elif found.proposals:
        how = "nbtrail adopt --apply" if is_project else "nbtrail adopt --apply --init"
        settings.say(f"Nothing was changed. To rename them: {how}")


def _print_table(settings: Settings, found: Adoption) -> None:
    if found.proposals:
        settings.table(
            ("notebook", "new name", "sure", "why", "near-copy of"),
            [
                (
                    _shown(one.path),
                    style(_shown(one.new_path), "green"),
                    style(f"{one.confidence:.0%}", None if one.confidence >= 0.7 else "yellow"),
                    one.why,
                    "" if one.near_copy_of is None
                    else f"{_shown(one.near_copy_of)}, {one.similarity:.0%} the same: "
                    f"{_shown(one.copy_why or '')}",
                )
                for one in found.proposals
            ],
        )  # fmt: skip
    from nbtrail.policy.adopt import WELL_NAMED

    well = sum(1 for one in found.left if one.why == WELL_NAMED)
    if well:
        settings.say(f"{well} notebook{'' if well == 1 else 's'} named well already: left alone.")
    for one in found.left:
        if one.why != WELL_NAMED:
            settings.say(f"{style(_shown(one.path), 'yellow')} {one.why}: left alone.")
    if not found.proposals:
        settings.say("There is nothing to rename.")


def _print_done(settings: Settings, done: Adopted) -> None:
    count = len(done.renamed)
    settings.say(f"{count} notebook{'' if count == 1 else 's'} renamed.")
    if done.references:
        lines = (
            "1 line that names" if done.references == 1 else f"{done.references} lines that name"
        )
        settings.say(f"{lines} them in other files changed.")
    for warning in done.warnings:
        click.echo(f"nbtrail: {warning}", err=True)
    if done.change is not None:
        settings.say(f"To undo it: nbtrail undo {done.change}")


def _shown(path: str) -> str:
    """A path on one line, whatever its name holds."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in path)
