"""``graph``; following runs and printing them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from nbtrail.cli.context import Settings, common, number, seconds, style
from nbtrail.cli.record import paint

if TYPE_CHECKING:
    from nbtrail.app import OpenProject
    from nbtrail.ledger.records import RunDetail


#: Differences that are printed; a broken seed at the start makes hundreds.
_LISTED = 40


@click.command()
@click.option(
    "--format", "form", type=click.Choice(["text", "mermaid", "dot"]), default="text",
    show_default=True, help="How to write it down.",
)  # fmt: skip
@common
def graph(settings: Settings, form: str) -> None:
    """The pipeline, inferred from what notebooks read and write.

    Leaves with 1 where notebooks need each other in a circle or cannot be read.

    \b
    Examples:
      nbtrail graph
      nbtrail graph --format mermaid
    """
    with settings.open() as opened:
        found = opened.graph()
        if settings.as_json:
            settings.print_json(opened.graph_json(found))
        else:
            settings.say(opened.graph_text(form, found).rstrip())
    if any(finding.severity == "error" for finding in found.findings):
        sys.exit(1)


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


def finish(settings: Settings, detail: RunDetail, more: Mapping[str, Any] | None = None) -> None:
    """Print a run that is over and leave with its exit status; ``more`` goes into its JSON."""
    if settings.as_json:
        settings.print_json({**detail.as_json(), **(more or {})})
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
        _print_differences(settings, detail.differences)
    settings.say()
    if summary.verdict is not None:
        largest = summary.largest_difference
        note = "" if largest is None else f"  (largest difference {largest:.2g})"
        settings.say(f"verdict: {style(summary.verdict, None, bold=True)}{note}")
        if summary.against:
            settings.say(f"against: {summary.against}")
        if detail.certificate:
            settings.say(f"certificate: {detail.certificate}, for people {detail.certificate_html}")
    if summary.message:
        settings.say(summary.message)
    if summary.kind == "pipeline" and summary.status in ("failed", "cancelled", "lost"):
        settings.say(f"Go on with it: nbtrail run --resume {summary.run}")
    settings.say(f"{seconds(summary.seconds)} in all")


def _why(error: dict[str, Any] | None, message: str | None) -> str:
    if error is None:
        return message or ""
    text = str(error.get("message") or "")
    cell = error.get("cell")
    if not isinstance(cell, int):
        return text
    return f"cell {cell + 1}: {error.get('name') or ''}: {text}".strip(": ")


def _print_differences(settings: Settings, found: Sequence[dict[str, Any]]) -> None:
    """The first of them, in the order of the run; the certificate has all."""
    settings.table(
        ("difference", "step", "name", "recorded", "now", "tolerance"),
        (
            (
                style(d["kind"], "red" if d["kind"] == "isolation" else None),
                _place(d),
                _cell(d["name"]) + (style(f"\n{d['detail']}", dim=True) if d.get("detail") else ""),
                _cell(d.get("expected")),
                _cell(d.get("actual")),
                _tolerance(d),
            )
            for d in found[:_LISTED]
        ),
    )  # fmt: skip
    if len(found) > _LISTED:
        settings.say(f"and {len(found) - _LISTED} more")


def _place(difference: dict[str, Any]) -> str:
    cell = difference.get("cell")
    step = difference.get("step") or ""
    return f"{step}, cell {cell + 1}" if isinstance(cell, int) else str(step)


def _tolerance(difference: dict[str, Any]) -> str:
    relative, absolute = difference.get("tolerance"), difference.get("absolute_tolerance")
    if relative is None and absolute is None:
        return ""
    bounds = [f"{relative:g}"] if relative else []
    bounds += [f"±{absolute:g}"] if absolute else []
    return " or ".join(bounds) or "exact"


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return repr(value)
    text = "" if value is None else str(value)
    return text[:12] + "…" if len(text) == 64 else text


def _progress() -> Callable[[RunDetail], None]:
    """One line that is drawn over: steps that are done, and those at work with their cells."""
    from shutil import get_terminal_size

    told: set[str] = set()

    def show(detail: RunDetail) -> None:
        summary = detail.summary
        if summary.message and summary.status == "running" and summary.message not in told:
            # What is known already stays above the line.
            told.add(summary.message)
            click.echo(f"\r\x1b[K{summary.message}", err=True)
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
