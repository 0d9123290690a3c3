"""``verify`` and ``certificate``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbtrail.cli.context import Settings, common, number, style
from nbtrail.cli.pipeline import finish, follow

if TYPE_CHECKING:
    from nbtrail.app import OpenProject
    from nbtrail.ledger.records import RunDetail


@click.command()
@click.option("--against", metavar="RUN", help="The run to compare with.  [default: the last good]")
@click.option(
    "--repeat", type=int, default=1, metavar="N",
    help="Run everything N times; name metrics that vary, and propose a tolerance.",
)  # fmt: skip
@click.option("--fresh-env", is_flag=True, help="In environments made from the record.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first difference.")
@common
def verify(
    settings: Settings, against: str | None, repeat: int, fresh_env: bool, fail_fast: bool
) -> None:
    """Prove that the results come out again: run everything in a copy and compare.

    \b
    Examples:
      nbtrail verify
      nbtrail verify --against client-report --json
      nbtrail verify --fail-fast --fresh-env
      nbtrail verify --repeat 5
    """
    with settings.open() as opened:
        identity = opened.start_verify(
            against=against, repeat=repeat, fail_fast=fail_fast, fresh_environment=fresh_env
        )
        detail = follow(settings, opened, identity)
        facts = _facts(opened, detail)
    if facts.get("flaky") and not settings.as_json:
        _print_flaky(settings, facts["flaky"])
    lacking = (facts.get("environment") or {}).get("not_rebuilt") or []
    if lacking and not settings.as_json:
        settings.say("Not rebuilt:")
        for text in lacking:
            settings.say(f"  {text}")
        settings.say()
    more = ("first_difference", "rounds", "flaky")
    finish(settings, detail, {key: facts[key] for key in more if key in facts})


@click.command()
@click.argument("run")
@click.option("--html", "page", is_flag=True, help="The page for people instead of JSON.")
@click.option("-o", "output", metavar="FILE", help="Write it there.  [default: standard output]")
@common
def certificate(settings: Settings, run: str, page: bool, output: str | None) -> None:
    """The certificate of a verify: one file that says what was proved, and how to do it again.

    \b
    Examples:
      nbtrail certificate client-proof
      nbtrail certificate 20261120-101500-a1b2c3 --html -o proof.html
    """
    page = page or (output is not None and output.lower().endswith((".html", ".htm")))
    with settings.open() as opened:
        data = opened.certificate(run, page=page)
    if output is None:
        sys.stdout.buffer.write(data)
        return
    from nbtrail.errors import UsageError
    from nbtrail.files import write_atomic

    try:
        write_atomic(Path(output), data)
    except OSError as error:
        raise UsageError(f"-o {output}: {error.strerror}.", hint="Check the folder.") from None
    settings.say(f"Wrote {output}.")


def _facts(opened: OpenProject, detail: RunDetail) -> dict[str, Any]:
    import msgspec

    if detail.certificate is None:
        return {}
    found: dict[str, Any] = msgspec.json.decode(opened.certificate(detail.summary.run, page=False))
    return found


def _print_flaky(settings: Settings, flaky: list[dict[str, Any]]) -> None:
    """Metrics that vary, and lines that would allow for it."""
    settings.table(
        ("varies", "metric", "recorded", "rounds", "spread"),
        (
            (
                one["step"],
                one["name"],
                number(one["recorded"]),
                ", ".join(number(value) or "none" for value in one["values"]),
                "" if one["spread"] is None else f"{one['spread']:.2g}",
            )
            for one in flaky
        ),
    )
    lines = [one["proposal"] for one in flaky if one["proposal"]]
    if lines:
        settings.say()
        settings.say("Seed what is random, or allow for it in nbtrail.toml:")
        settings.say()
        settings.say(style("[verify.tolerances]"))
        for line in lines:
            settings.say(line)
    settings.say()
