"""``graph`` and ``verify``; following runs and printing them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from nbtrail.cli.context import Settings, common, number, seconds, style
from nbtrail.cli.record import paint

if TYPE_CHECKING:
    from nbtrail.app import OpenProject
    from nbtrail.ledger.records import RunDetail


@click.command()
@click.option(
    "--format", "form", type=click.Choice(["text", "mermaid", "dot"]), default="text",
    show_default=True, help="How to write it down.",
)  # fmt: skip
@common
def graph(settings: Settings, form: str) -> None:
    """The pipeline, inferred from what notebooks read and write.

    \b
    Examples:
      nbtrail graph
      nbtrail graph --format mermaid
    """
    with settings.open() as opened:
        if settings.as_json:
            settings.print_json(opened.graph_json())
            return
        settings.say(opened.graph_text(form))


@click.command()
@click.option("--against", metavar="RUN", help="The run to compare with.  [default: the last good]")
@common
def verify(settings: Settings, against: str | None) -> None:
    """Prove that the results come out again: run everything in a copy and compare.

    \b
    Examples:
      nbtrail verify
      nbtrail verify --against client-report --json
    """
    with settings.open() as opened:
        identity = opened.start_verify(against=against)
        detail = follow(settings, opened, identity)
    finish(settings, detail)


def follow(settings: Settings, opened: OpenProject, run: str) -> RunDetail:
    """Wait for a run; progress on a terminal. Ctrl-C cancels the run, not just the waiting."""
    show = _progress() if sys.stderr.isatty() and not settings.quiet else None
    try:
        return opened.follow(run, show)
    except KeyboardInterrupt:
        opened.cancel(run)
        detail = opened.follow(run, show)
        click.echo("nbtrail: cancelled.", err=True)
        return detail
    finally:
        if show is not None:
            click.echo("\r\x1b[K", nl=False, err=True)


def finish(settings: Settings, detail: RunDetail) -> None:
    """Print a run that is over and leave with its exit status."""
    if settings.as_json:
        settings.print_json(detail.as_json())
    else:
        print_run(settings, detail)
    summary = detail.summary
    if summary.status != "ok" or summary.verdict in ("different", "failed"):
        if settings.quiet:
            click.echo(f"nbtrail: {summary.message or summary.status}", err=True)
        sys.exit(1)


def print_run(settings: Settings, detail: RunDetail) -> None:
    """Steps, metrics, differences and verdict of a run."""
    summary = detail.summary
    name = f"  “{summary.tag}”" if summary.tag else ""
    title = style(f"{summary.kind} {summary.run}", bold=True)
    settings.say(f"{title}{name}  {paint(summary.status)}")
    if summary.note:
        settings.say(summary.note)
    settings.table(
        ("", "step", "status", "time", "why"),
        (
            (str(s.n + 1), s.path, paint(s.status), seconds(s.seconds), _why(s.error, s.message))
            for s in detail.steps
        ),
    )
    if summary.metrics:
        settings.say()
        settings.table(("metric", "value"), ((k, number(v)) for k, v in summary.metrics.items()))
    if detail.models():
        settings.say()
        settings.table(
            ("model", "step", "from"),
            ((m["path"], m["step"], ", ".join(m["inputs"])) for m in detail.models()),
        )
    if detail.differences:
        settings.say()
        settings.table(
            ("difference", "step", "name", "expected", "actual", "tolerance"),
            (
                tuple(_cell(d.get(key)) for key in
                      ("kind", "step", "name", "expected", "actual", "tolerance"))
                for d in detail.differences
            ),
        )  # fmt: skip
    settings.say()
    if summary.verdict is not None:
        largest = summary.largest_difference
        note = "" if largest is None else f"  (largest difference {largest:.2g})"
        settings.say(f"verdict: {style(summary.verdict, None, bold=True)}{note}")
        if summary.against:
            settings.say(f"against: {summary.against}")
        if detail.certificate:
            settings.say(f"certificate: {detail.certificate}")
    if summary.message:
        settings.say(summary.message)
    settings.say(f"{seconds(summary.seconds)} in all")


def _why(error: dict[str, Any] | None, message: str | None) -> str:
    if error is None:
        return message or ""
    text = str(error.get("message") or "")
    cell = error.get("cell")
    if not isinstance(cell, int):
        return text
    return f"cell {cell + 1}: {error.get('name') or ''}: {text}".strip(": ")


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return repr(value)
    text = "" if value is None else str(value)
    return text[:12] + "…" if len(text) == 64 else text


def _progress() -> Callable[[RunDetail], None]:
    """One line that is drawn over: steps that are done, and those at work with their cells."""
    from shutil import get_terminal_size

    def show(detail: RunDetail) -> None:
        summary = detail.summary
        text = f"{summary.steps_done}/{summary.steps_total}"
        for step in detail.steps:
            if step.status == "running":
                text += f"  {step.path}"
                if step.cells_total:
                    cell = min(step.cells_done + 1, step.cells_total)
                    text += f" cell {cell}/{step.cells_total}"
        width = get_terminal_size().columns - 1
        click.echo(f"\r\x1b[K{text[:width]}", nl=False, err=True)

    return show
