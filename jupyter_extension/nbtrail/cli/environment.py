"""``env``: the environments that executions ran in, and making one of them again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbtrail.cli.context import Settings, common

if TYPE_CHECKING:
    from nbtrail.export.requirements import Missing


@click.group()
def env() -> None:
    """The environments that executions ran in."""


@env.command("show")
@click.argument("identity", metavar="ENVIRONMENT")
@common
def env_show(settings: Settings, identity: str) -> None:
    """The environment of that id (its beginning is enough).

    \b
    Example:
      nbtrail env show 7be1
    """
    with settings.open() as opened:
        found = opened.environment(identity)
    if settings.as_json:
        settings.print_json(found)
        return
    for key, value in found.items():
        if isinstance(value, dict) and key not in ("packages", "conda"):
            value = "  ".join(f"{k} {v}" for k, v in value.items())
        if not isinstance(value, dict):
            settings.say(f"{key:14} {value}")
    packages = found.get("packages") or {}
    settings.table(("package", "version"), ((k, str(v)) for k, v in packages.items()))
    if found.get("conda"):
        rows = ((k, str(v)) for k, v in found["conda"].items())
        settings.table(("conda's package", "version and build"), rows)


@env.command("diff")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@common
def env_diff(settings: Settings, a: str, b: str) -> None:
    """What changed from one environment to another, each named by its id or by a run.

    \b
    Examples:
      nbtrail env diff 7be1 09fc
      nbtrail env diff client-report 20261120-093015-a1b2c3
    """
    with settings.open() as opened:
        found = opened.environment_diff(a, b)
    if settings.as_json:
        settings.print_json(found)
        return
    if found.is_same:
        settings.say("The environments are the same.")
        return
    rows = [
        *(("added", name, "", version) for name, version in found.added.items()),
        *(("removed", name, version, "") for name, version in found.removed.items()),
        *(("changed", name, *versions) for name, versions in found.changed.items()),
        *(("other source", name, *map(shown, both)) for name, both in found.origins.items()),
        *(("changed", name, *map(shown, both)) for name, both in found.other.items()),
    ]
    settings.table(("", "what", found.a[:8], found.b[:8]), rows)


def shown(value: Any) -> str:
    """A value of an environment as a table shows it."""
    if isinstance(value, dict):
        return str(value.get("url", ""))
    return "" if value is None else str(value)


@env.command("freeze")
@click.argument("name", metavar="[RUN|ENVIRONMENT]", required=False)
@click.option("-o", "--output", metavar="FILE", help="Write it there instead of printing it.")
@click.option("--force", is_flag=True, help="Replace a file that nbtrail did not write.")
@common
def env_freeze(settings: Settings, name: str | None, output: str | None, force: bool) -> None:
    """Exact versions of a recorded environment, for pip to install.

    Without a name that of the last run that went well, or of what was executed last. What nobody
    can install again, such as an editable folder, is named; exit status 1 then.

    \b
    Examples:
      nbtrail env freeze -o requirements.txt
      nbtrail env freeze client-report
    """
    from nbtrail.export.files import write_asked

    with settings.open() as opened:
        found = opened.requirements(name)
    if output is not None:
        write_asked(Path(settings.directory) / output, found.text(), force=force)
    if settings.as_json:
        settings.print_json(found)
    elif output is None:
        click.echo(found.text(), nl=False)
    else:
        settings.say(f"wrote {output}: {len(found.lines)} distributions")
    _name_missing(found.missing)


@env.command("rebuild")
@click.argument("folder", metavar="DIR")
@click.option("--of", "name", metavar="RUN|ENVIRONMENT", help="Which; as for freeze.")
@common
def env_rebuild(settings: Settings, folder: str, name: str | None) -> None:
    """Make a recorded environment real, and register its kernel.

    With uv where it is installed, else with venv and pip. What nobody can install again is
    named; exit status 1 then.

    \b
    Examples:
      nbtrail env rebuild .venv-report --of client-report
    """
    with settings.open() as opened:
        target = Path(settings.directory) / folder
        say = (lambda _: None) if settings.as_json else settings.say
        found = opened.rebuild_environment(target, name, say)
    if settings.as_json:
        settings.print_json(found)
    elif found.kernel is None:
        settings.say(f"{folder} is ready. It has no ipykernel, so that no kernel was registered.")
    else:
        settings.say(f"{folder} is ready; its kernel is {found.kernel}.")
    _name_missing(found.missing)


def _name_missing(missing: tuple[Missing, ...]) -> None:
    """Say what cannot be installed, and end with 1 where there is something."""
    for one in missing:
        said = f"{one.name} {one.version}: {one.why} {one.fix}".rstrip()
        click.echo(f"nbtrail: not installable: {said}", err=True)
    if missing:
        sys.exit(1)
