"""``init``, ``new``, ``status``, ``doctor``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbtrail.cli.context import Settings, common, style
from nbtrail.cli.record import megabytes
from nbtrail.errors import NbtrailError

if TYPE_CHECKING:
    from nbtrail.ledger.retention import Sizes

_STATE_COLOURS = {
    "linear": "green", "fresh": "green", "stale": "yellow", "edited": "yellow",
    "out-of-order": "magenta", "failed": "red", "in-sync": "green", "conflict": "red",
}  # fmt: skip


@click.command()
@click.argument("directory_argument", metavar="[DIR]", required=False)
@click.option("--git", is_flag=True, help="Let git show and merge notebooks by cell.")
@click.option("--remove", is_flag=True, help="With --git: no more; nothing else is touched.")
@common
def init(settings: Settings, directory_argument: str | None, git: bool, remove: bool) -> None:
    """Make a folder a project: rules, twins, ignore lines. Safe to repeat.

    \b
    Examples:
      nbtrail init
      nbtrail init --git
      nbtrail init --git --remove
    """
    from nbtrail.app import OpenProject
    from nbtrail.errors import UsageError
    from nbtrail.project import load_project

    folder = Path(settings.directory) / (directory_argument or ".")
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.", hint="Make it first.")
    if remove:
        _remove_drivers(settings, folder, git)
        return
    with OpenProject(load_project(folder)) as opened:
        done = opened.init(git=git)
    if settings.as_json:
        settings.print_json(done)
        return
    for line in done.written:
        settings.say(f"wrote {line}")
    for problem in done.problems:
        click.echo(f"nbtrail: {problem}", err=True)
    settings.say("The project is ready." if done.written else "Nothing to do: it is a project.")
    settings.say("Next: nbtrail check, nbtrail graph, nbtrail run")


def _remove_drivers(settings: Settings, folder: Path, git: bool) -> None:
    if not git:
        raise click.UsageError("--remove takes --git along.")
    from nbtrail.pairing.drivers import remove

    written = remove(folder.absolute())
    if settings.as_json:
        settings.print_json({"written": written})
        return
    for line in written:
        settings.say(f"wrote {line}")
    settings.say("git shows and merges notebooks as text.")


@click.command()
@click.argument("category")
@click.argument("description")
@click.option("--from", "origin", metavar="NOTEBOOK", help="What it continues.")
@click.option("--sequence", metavar="N", help="Leading number, such as 3 or 2b.")
@common
def new(
    settings: Settings, category: str, description: str, origin: str | None, sequence: str | None
) -> None:
    """Make a named, paired notebook.

    \b
    Example:
      nbtrail new EXPERIMENTAL "gradient boosting depth"
    """
    with settings.open() as opened:
        start = None if origin is None else settings.path(opened, origin)
        made = opened.new_notebook(category, description, sequence=sequence, origin=start)
    if settings.as_json:
        settings.print_json(made)
        return
    settings.say(made.path)


@click.command()
@click.argument("notebooks", nargs=-1)
@common
def status(settings: Settings, notebooks: tuple[str, ...]) -> None:
    """What of each notebook is fresh, stale, out of order.

    \b
    Examples:
      nbtrail status
      nbtrail status 3-EXPERIMENTAL-depth.ipynb
    """
    with settings.open() as opened:
        paths = [settings.path(opened, n) for n in notebooks] or opened.project.notebooks()
        found, unreadable = [], []
        for path in paths:
            try:
                found.append(opened.status(path))
            except NbtrailError as error:
                if notebooks:
                    raise
                unreadable.append((path, str(error)))
    if settings.as_json:
        settings.print_json({"notebooks": found})
        return
    settings.table(
        ("notebook", "category", "twin", "order", "why"),
        [
            *(
                (n.path, n.category or "-", _paint(n.paired), _paint(n.order), n.order_why or "")
                for n in found
            ),
            *((path, "-", "-", _paint("failed"), why) for path, why in unreadable),
        ],
    )
    if notebooks:
        for notebook in found:
            settings.table(
                ("cell", "state", "why"),
                ((c.cell_id, _paint(c.state), c.why) for c in notebook.cells),
            )


@click.command()
@click.option("--repair", is_flag=True, help="Set a damaged ledger aside and begin a new one.")
@common
def doctor(settings: Settings, repair: bool) -> None:
    """What is installed, where the store is, what is broken and how to mend it.

    \b
    Examples:
      nbtrail doctor
      nbtrail doctor --repair
    """
    with settings.open_unchecked() as opened:
        described = opened.describe()
        repaired = None
        if repair and not described["store"]["ok"]:
            repaired = opened.repair_store()
            described = opened.describe()
        is_fine = described["store"]["ok"]
        sizes = opened.store_sizes() if is_fine else None
        place = opened.store.place if is_fine else None
    from nbtrail.pairing.drivers import driver_state

    described["git"] = driver_state(opened.project.root)
    if settings.as_json:
        settings.print_json({**described, "repaired": repaired, "sizes": sizes, "place": place})
    else:
        _print_doctor(settings, described, repaired, sizes, place)
    if not described["store"]["ok"] or described["config_error"] is not None:
        sys.exit(1)


def _print_doctor(
    settings: Settings, described: dict[str, Any], repaired: str | None, sizes: Sizes | None,
    place: str | None,
) -> None:  # fmt: skip
    store = described["store"]
    settings.say(f"nbtrail {described['version']}")
    settings.say(f"project    {described['name']}  {described['root']}")
    settings.say(
        "           "
        + ("nbtrail.toml is there" if described["adopted"] else "only looked at: nbtrail init")
    )
    settings.say(f"state      {described['state_dir']}")
    if repaired is not None:
        settings.say(f"repaired   the damaged ledger is kept as {repaired}")
    fine = f"{style('fine', 'green')}, in {place}"
    settings.say("ledger     " + (fine if store["ok"] else store["message"]))
    if sizes is not None:
        settings.say(
            f"on record  {sizes.executions} executions, {sizes.runs} runs: database "
            f"{megabytes(sizes.database)}, contents {megabytes(sizes.blobs)}"
        )
    colour = {"ready": "green", "unknown": "red", "gone": "red"}.get(described["git"].state)
    settings.say(f"git        {style(described['git'].message, colour)}")
    if described["config_error"] is not None:
        settings.say(f"settings   {style(described['config_error'], 'red')}")


def _paint(state: str) -> str:
    return style(state, _STATE_COLOURS.get(state))
