"""``export``: what others need to run the project without nbtrail."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from nbtrail.cli.context import Settings, common


@click.group()
def export() -> None:
    """What others need to run the project without nbtrail."""


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for decorate in (
        common,
        click.option("--force", is_flag=True, help="Replace files; they are kept beside the new."),
        click.option("--of", "run", metavar="RUN", help="Which run, by its id or tag."),
        click.option("-o", "--output", metavar="DIR", help="Folder to write to."),
    ):
        command = decorate(command)
    return command


@export.command("docker")
@_options
def export_docker(settings: Settings, output: str | None, run: str | None, force: bool) -> None:
    """A folder with all that a container needs to repeat a run and to check its results.

    Dockerfile, lock file, run script, the notebooks as they ran, their modules and inputs, and
    the metrics and files that are to come out. By default of the last good run of the whole
    pipeline, into recipe/. What cannot be brought along is named; exit status 1 then.

    \b
    Examples:
      nbtrail export docker
      nbtrail export docker --of client-report -o /srv/recipe
    """
    _write(settings, "docker", output, run, force, "README.md says how to run it.")


@export.command("requirements")
@_options
def export_requirements(
    settings: Settings, output: str | None, run: str | None, force: bool
) -> None:
    """Exact versions of what the steps of a run had installed, for pip.

    \b
    Examples:
      nbtrail export requirements
      nbtrail export requirements --of client-report -o locks
    """
    _write(settings, "requirements", output, run, force, "")


@export.command("script")
@_options
def export_script(settings: Settings, output: str | None, run: str | None, force: bool) -> None:
    """The ordered calls of nbconvert, for those who have nothing else.

    The pipeline as it is now; with --of as that run had it, with its parameters and its date.

    \b
    Examples:
      nbtrail export script
      sh run_pipeline.sh
    """
    _write(settings, "script", output, run, force, "Run it with: sh run_pipeline.sh")


@export.command("workflow")
@_options
def export_workflow(settings: Settings, output: str | None, run: str | None, force: bool) -> None:
    """A workflow of GitHub Actions that verifies the project at every push.

    \b
    Examples:
      nbtrail export workflow
    """
    _write(settings, "workflow", output, run, force, "Commit both to have it run.")


def _write(
    settings: Settings, kind: str, output: str | None, run: str | None, force: bool, after: str
) -> None:
    """Write an export, say where it is, and end with 1 where something is missing from it."""
    folder = None if output is None else (Path(settings.directory) / output).absolute()
    with settings.open() as opened:
        found = opened.export(kind, folder, run=run, force=force)
    if settings.as_json:
        settings.print_json(found)
    else:
        shown = output or _from_here(found.folder)
        listed = ", ".join(found.files) if len(found.files) <= 4 else f"{len(found.files)} files"
        settings.say(f"{shown}: {listed}.{' ' + after if after else ''}")
        if found.kept is not None:
            settings.say(f"What they replaced is in {shown}/{found.kept}.")
    for one in found.problems:
        click.echo(f"nbtrail: {one.name}: {one.why} {one.fix}".rstrip(), err=True)
    if found.problems:
        sys.exit(1)


def _from_here(folder: str) -> str:
    """A folder as people standing here would name it."""
    place, here = Path(folder), Path.cwd()
    return str(place.relative_to(here)) if place.is_relative_to(here) else folder
