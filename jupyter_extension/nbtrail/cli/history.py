"""``timeline``, ``restore``, ``compare``: what was, going back to it, runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nbtrail.cli.context import Settings, common, number, seconds, style
from nbtrail.cli.record import paged, paint
from nbtrail.errors import UsageError

if TYPE_CHECKING:
    from nbtrail.history.compare import Compared, ComparedFile

_STATES = {"changed": "yellow", "added": "green", "removed": "red", "unknown": "yellow"}


@click.command()
@click.argument("notebook")
@click.option("--cell", metavar="ID", help="Only versions in which this cell was another one.")
@paged
@common
def timeline(
    settings: Settings, notebook: str, cell: str | None, limit: int, after: str | None
) -> None:
    """What happened to a notebook, newest first: saves, runs, renames, restores, commits.

    What stands in the first column goes behind the path: nbtrail diff PATH@snap:ID.

    \b
    Examples:
      nbtrail timeline CLEANING-ages.ipynb
      nbtrail timeline CLEANING-ages.ipynb --cell 3f2a91c0
    """
    with settings.open() as opened:
        path = settings.path(opened, notebook)
        found: Any
        if cell is None:
            found, cursor = opened.timeline(path, limit=limit, after=after)
        else:
            found, cursor = opened.cell_versions(path, cell, limit=limit, after=after)
    if settings.as_json:
        settings.print_json({"notebook": path, "versions": found, "next": cursor})
        return
    if cell is not None:
        _say_cells(settings, found)
    elif not found:
        settings.say("Nothing is on record yet. A save in JupyterLab, or a run, is the first.")
    else:
        settings.table(
            ("version", "when", "kind", "what"),
            ((e.version or "", _moment(e.at), e.kind, e.what) for e in found),
        )
    if cursor is not None:
        settings.say(f"More: --after {cursor}")


def _say_cells(settings: Settings, found: list[dict[str, Any]]) -> None:
    from nbtrail.notebooks.cells import text_of

    if not found:
        settings.say("No version on record has this cell.")
    for entry in found:
        title = f"{entry['version']}  {_moment(entry['at'])}  {entry['kind']}  {entry['what']}"
        settings.say(style(title, "cyan"))
        cell = entry["cell"]
        text = "(removed)" if cell is None else text_of(cell.get("source"))
        for line in text.splitlines():
            settings.say(f"  {line}")


@click.command()
@click.argument("version", metavar="PATH@VERSION")
@click.option("--cell", metavar="ID", help="Put only this cell back.")
@click.option("--to", metavar="PATH", help="Write it there instead, as a new notebook.")
@common
def restore(settings: Settings, version: str, cell: str | None, to: str | None) -> None:
    """Put a notebook back as it was. What is there now is kept first.

    \b
    Examples:
      nbtrail restore CLEANING-ages.ipynb@last
      nbtrail restore CLEANING-ages.ipynb@git:HEAD~3 --cell 3f2a91c0
      nbtrail restore CLEANING-ages.ipynb@snap:5e1b7c20 --to CLEANING-ages-earlier.ipynb
    """
    with settings.open() as opened:
        path, which = settings.version(version)
        if which is None:
            raise UsageError(
                f"{version} names no version to go back to.",
                hint="Put one behind the path: see nbtrail timeline PATH.",
            )
        target = None if to is None else settings.new_path(opened, to)
        done = opened.restore(settings.path(opened, path), which, cell=cell, to=target)
    if settings.as_json:
        settings.print_json(done)
        return
    if not done.changed:
        settings.say(f"{done.path} is like that already.")
        return
    piece = f"Cell {done.cell} of {done.path}" if done.cell else done.path
    settings.say(f"{piece} is as in @{done.version}.")
    if done.kept is not None:
        settings.say(f"Undo: nbtrail restore {done.path}@{done.kept}")
    if done.message:
        settings.say(done.message)


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN…")
@common
def compare(settings: Settings, runs: tuple[str, ...]) -> None:
    """Runs side by side, each by id or tag, and what explains a metric that changed.

    Environment, code and explanation go from the first run to the last.

    \b
    Examples:
      nbtrail compare client-report 20261120-093015-a1b2c3
      nbtrail compare baseline deeper wider --json
    """
    with settings.open() as opened:
        found = opened.compare(runs)
    say_comparison(settings, found)


def say_comparison(settings: Settings, found: Compared) -> None:
    """Print runs side by side."""
    if settings.as_json:
        settings.print_json(found)
        return
    _say_numbers(settings, found)
    _say_environment(settings, found.environment)
    _say_files(settings, "inputs", found.inputs)
    _say_files(settings, "outputs", found.outputs)
    for entry in found.code:
        if entry.state != "same":
            settings.say(f"code  {entry.step}: {entry.what or paint_state(entry.state)}")
    for why in found.explains:
        change = f"{why.metric} {number(why.before)} → {number(why.after)}"
        where = f"{why.step}, {why.kind}: " if why.step else ""
        settings.say(style(f"{change}: {where}{why.what}", bold=True))
    if not found.differences and not found.explains:
        settings.say("Nothing that is on record differs.")


def _say_numbers(settings: Settings, found: Compared) -> None:
    rows = [
        ("status", *(paint(run.status) for run in found.runs)),
        ("started", *(_moment(run.started_at) for run in found.runs)),
        ("time", *(seconds(run.seconds) for run in found.runs)),
    ]
    for name, values in found.params.items():
        texts = ["" if value is None else str(value) for value in values]
        rows.append((f"{name} =", *_marked(texts)))
    for name, metrics in found.metrics.items():
        rows.append((name, *_marked([number(value) for value in metrics])))
    settings.table(("", *(run.tag or run.run for run in found.runs)), rows)


def _marked(texts: list[str]) -> list[str]:
    """Values in colour where they are not all the same."""
    return texts if len(set(texts)) == 1 else [style(text, "yellow") for text in texts]


def _say_environment(settings: Settings, environment: dict[str, Any]) -> None:
    for name, version in environment.get("added", {}).items():
        settings.say(style(f"environment  + {name} {version}", "green"))
    for name, version in environment.get("removed", {}).items():
        settings.say(style(f"environment  - {name} {version}", "red"))
    for kind in ("changed", "other"):
        for name, (before, after) in environment.get(kind, {}).items():
            settings.say(f"environment  {name} {before} → {after}")


def _say_files(settings: Settings, kind: str, files: tuple[ComparedFile, ...]) -> None:
    for file in files:
        if file.state != "same":
            said = "" if file.table is None else f": {file.table.in_words()}"
            settings.say(f"{kind}  {file.path} {paint_state(file.state)}{said}  ({file.step})")


def paint_state(state: str) -> str:
    """A state in its colour."""
    return style(state, _STATES.get(state))


def _moment(at: str) -> str:
    return at[:19].replace("T", " ")
