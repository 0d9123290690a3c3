"""``check`` and ``rules``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbtrail.cli.context import Settings, common, style

if TYPE_CHECKING:
    from nbtrail.policy.findings import Finding

_LEVEL_COLOURS = {"enforce": "red", "warn": "yellow"}


@click.command()
@click.argument("paths", nargs=-1)
@click.option("--fix", is_flag=True, help="Mend what can be mended without a question.")
@click.option(
    "--fail-on", type=click.Choice(["error", "warning"]), default="error", show_default=True,
    help="The severity that gives exit status 1.",
)  # fmt: skip
@click.option("--sarif", metavar="FILE", help="Write the findings as SARIF; - for stdout.")
@common
def check(
    settings: Settings, paths: tuple[str, ...], fix: bool, fail_on: str, sarif: str | None
) -> None:
    """What breaks a rule, and how to mend it.

    A twin stands for its notebook, and files that are no notebooks are passed over.

    \b
    Examples:
      nbtrail check
      nbtrail check --fix
      nbtrail check CLEANING-ages.ipynb --json
      nbtrail check --sarif nbtrail.sarif
    """
    with settings.open() as opened:
        wanted = [settings.path(opened, p) for p in paths] or None
        fixed = opened.fix(wanted).fixed if fix else ()
        found = opened.findings_json(wanted)
        log = None if sarif is None else opened.sarif(found["findings"])
    if log is not None and sarif != "-":
        _write(str(sarif), log)
    if settings.as_json:
        settings.print_json({**found, **({"fixed": fixed} if fix else {})})
    elif sarif == "-":
        settings.print_json(log)
    else:
        _print(settings, found["findings"], found["checked"], fixed)
    severities = {finding.severity for finding in found["findings"]}
    if "error" in severities or (fail_on == "warning" and severities):
        sys.exit(1)


def _print(
    settings: Settings, findings: Sequence[Finding], checked: int, fixed: Sequence[Finding]
) -> None:
    for mended in fixed:
        settings.say(f"{mended.path}: {style('fixed', 'green')} {mended.code}")
    for finding in findings:
        colour = "red" if finding.severity == "error" else "yellow"
        settings.say(f"{finding.path}: {style(finding.code, colour)} {finding.message}")
    settings.say(f"{_many(len(findings), 'finding')} in {_many(checked, 'notebook')}")
    if findings:
        settings.say(f"What a code means: nbtrail rules {findings[0].code}")


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _write(file: str, log: dict[str, Any]) -> None:
    import msgspec

    from nbtrail.errors import UsageError

    try:
        Path(file).write_bytes(msgspec.json.format(msgspec.json.encode(log), indent=2) + b"\n")
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written: {error.strerror}.", hint="Name another file."
        ) from error


@click.command()
@click.argument("code", required=False)
@common
def rules(settings: Settings, code: str | None) -> None:
    """All rules and how strictly each is taken; one of them explained.

    \b
    Examples:
      nbtrail rules
      nbtrail rules NBT203
      nbtrail rules dataset-overwritten
    """
    with settings.open_unchecked() as opened:
        found = opened.rules(code)
    if settings.as_json:
        settings.print_json({"rules": found})
        return
    if code is not None:
        settings.say(found[0].page or found[0].title)
        return
    settings.table(
        ("code", "level", "name", "what"),
        (
            (one.code, style(one.level, _LEVEL_COLOURS.get(one.level)), one.name, one.title)
            for one in found
        ),
    )
    settings.say("One of them explained: nbtrail rules CODE")
