"""``runs``, ``show``, ``tag``, ``note``, ``log``, ``search``, ``env``: the record."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from nbtrail.cli.context import Settings, common, number, seconds, style
from nbtrail.errors import UsageError

if TYPE_CHECKING:
    from nbtrail.ledger.retention import Plan

STATUS_COLOURS = {
    "ok": "green", "ran": "green", "cached": "cyan", "identical": "green", "running": "blue",
    "failed": "red", "error": "red", "died": "red", "different": "yellow", "skipped": "yellow",
    "cancelled": "yellow", "lost": "red",
}  # fmt: skip


def paint(status: str) -> str:
    """A status in its colour."""
    return style(status, STATUS_COLOURS.get(status))


def paged(command: Any) -> Any:
    """``--limit`` and ``--after`` of a list."""
    command = click.option(
        "--after", metavar="CURSOR", help="Go on behind this: `next` of the page before."
    )(command)
    return click.option(
        "--limit", type=int, default=20, show_default=True, help="Entries on a page."
    )(command)


@click.command()
@click.option("--notebook", metavar="PATH", help="Only runs with this notebook.")
@paged
@common
def runs(settings: Settings, notebook: str | None, limit: int, after: str | None) -> None:
    """Runs so far, newest first.

    \b
    Examples:
      nbtrail runs
      nbtrail runs --notebook CLEANING-ages.ipynb --json
    """
    with settings.open() as opened:
        path = None if notebook is None else settings.path(opened, notebook)
        found, cursor = opened.runs(limit=limit, after=after, notebook=path)
    if settings.as_json:
        settings.print_json({"runs": found, "next": cursor})
        return
    if not found:
        settings.say("No runs yet. Start one with: nbtrail run")
        return
    settings.table(
        ("run", "tag", "kind", "status", "steps", "time", "verdict", "metrics", "note"),
        (
            (
                r.run,
                r.tag or "",
                r.kind,
                paint(r.status),
                f"{r.steps_done}/{r.steps_total}",
                seconds(r.seconds),
                paint(r.verdict or ""),
                "  ".join(f"{k} {number(v)}" for k, v in list(r.metrics.items())[:3]),
                first_line(r.note or ""),
            )
            for r in found
        ),
    )
    if cursor is not None:
        settings.say(f"More: --after {cursor}")


@click.command()
@click.argument("run")
@common
def show(settings: Settings, run: str) -> None:
    """One run, by id or tag: steps, files, metrics, environment.

    \b
    Example:
      nbtrail show 20261120-093015-a1b2c3
    """
    from nbtrail.cli.pipeline import print_run

    with settings.open() as opened:
        detail = opened.run_detail(run)
    if settings.as_json:
        settings.print_json(detail.as_json())
        return
    print_run(settings, detail)


@click.command()
@click.argument("run")
@click.argument("name", required=False)
@click.option("--remove", is_flag=True, help="Take the run's tag away.")
@click.option("--move", is_flag=True, help="Take the tag from the run that has it.")
@common
def tag(settings: Settings, run: str, name: str | None, remove: bool, move: bool) -> None:
    """Give a run a name that serves wherever its id does; it is on the run's card, too.

    \b
    Examples:
      nbtrail tag 20261120-093015-a1b2c3 client-report
      nbtrail tag 20261127-101500-d4e5f6 client-report --move
      nbtrail tag client-report --remove
    """
    if (name is None) is not remove:
        raise UsageError("Give a tag, or --remove.", hint="nbtrail tag RUN client-report")
    with settings.open() as opened:
        summary = opened.annotate_run(run, tag=name or "", move=move).summary
    if settings.as_json:
        settings.print_json({"run": summary.run, "tag": summary.tag, "note": summary.note})
        return
    settings.say(f"{summary.run}  {summary.tag}" if summary.tag else f"{summary.run} has no tag")


@click.command()
@click.argument("run")
@click.argument("text")
@click.option("--append", is_flag=True, help="Keep what is noted, and add a line.")
@common
def note(settings: Settings, run: str, text: str, append: bool) -> None:
    """Note of a run what it is for, or why it failed; it is on the run's card, too.

    Replaces what was noted before; an empty TEXT takes that away.

    \b
    Examples:
      nbtrail note client-report "Promised to the clinic: AUC above 0.8"
      nbtrail note client-report "Accepted on 2 December" --append
    """
    with settings.open() as opened:
        summary = opened.annotate_run(run, note=text, append=append).summary
    if settings.as_json:
        settings.print_json({"run": summary.run, "tag": summary.tag, "note": summary.note})
        return
    settings.say(f"{summary.run}  {summary.note}" if summary.note else f"{summary.run} has no note")


@click.command()
@click.argument("notebook", required=False)
@paged
@common
def log(settings: Settings, notebook: str | None, limit: int, after: str | None) -> None:
    """Every execution on record, newest first, whatever ran it.

    \b
    Examples:
      nbtrail log
      nbtrail log 3-EXPERIMENTAL-depth.ipynb --limit 100
    """
    with settings.open() as opened:
        path = None if notebook is None else settings.path(opened, notebook)
        found, cursor = opened.log(path, limit=limit, after=after)
    if settings.as_json:
        settings.print_json({"executions": found, "next": cursor})
        return
    if not found:
        settings.say("Nothing has been executed on record yet.")
        return
    settings.table(
        ("id", "when", "notebook", "cell", "count", "status", "time", "source"),
        (
            (
                str(e.id),
                e.started_at[:19].replace("T", " "),
                e.notebook or "-",
                e.cell_id or "-",
                "" if e.execution_count is None else str(e.execution_count),
                paint(e.status),
                seconds(e.seconds),
                first_line(e.source),
            )
            for e in found
        ),
    )
    if cursor is not None:
        settings.say(f"More: --after {cursor}")


@click.command()
@click.argument("words", nargs=-1, required=True)
@paged
@common
def search(settings: Settings, words: tuple[str, ...], limit: int, after: str | None) -> None:
    """Find code, outputs, errors, metrics, files, models and runs, newest first.

    All words must be there; "quoted words" follow each other, and word* is a beginning.

    \b
    Examples:
      nbtrail search random forest
      nbtrail search '"learning rate" auc'
    """
    with settings.open() as opened:
        hits, cursor = opened.search(" ".join(words), limit=limit, after=after)
    if settings.as_json:
        settings.print_json({"hits": hits, "next": cursor})
        return
    if not hits:
        settings.say("Nothing on record has these words. Fewer words find more.")
        return
    settings.table(
        ("kind", "id", "when", "where", "what"),
        ((hit.kind, hit.id, hit.at[:19].replace("T", " "), hit.where, hit.excerpt) for hit in hits),
    )
    if cursor is not None:
        settings.say(f"More: --after {cursor}")


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask, however much it is.")
@common
def gc(settings: Settings, dry_run: bool, yes: bool) -> None:
    """Remove executions and runs beyond the limits, and contents that nothing refers to.

    The limits are keep_days and max_mb of [store] in nbtrail.toml. Runs with a tag or a note
    stay, and what status, skipping, verify and twins need.

    \b
    Examples:
      nbtrail gc --dry-run
      nbtrail gc --yes
    """
    with settings.open() as opened:
        planned = opened.plan_removal()
        limited = opened.project.config.store.is_limited
        before = after = planned.before
        if not dry_run:
            if planned.is_large and not yes and sys.stdin.isatty():
                click.confirm(
                    f"{_amount(planned)} would go, more than half. Remove it?", abort=True
                )
            after = opened.remove_planned(planned)
            if planned.executions or planned.runs or planned.moments:
                opened.compact_store()
    if settings.as_json:
        settings.print_json(
            {
                "executions": len(planned.executions), "runs": len(planned.runs),
                "moments": len(planned.moments), "blobs": len(planned.blobs),
                "bytes": planned.freed, "dry_run": dry_run, "before": before, "after": after,
            }
        )  # fmt: skip
        return
    if not limited:
        settings.say("No limit is set: see keep_days and max_mb of [store] in nbtrail.toml.")
    settings.say(f"{'Would remove' if dry_run else 'Removed'} {_amount(planned)}.")
    settings.say(
        f"On record: {after.executions} executions, {after.runs} runs, {megabytes(after.bytes)}."
    )


def _amount(planned: Plan) -> str:
    return (
        f"{len(planned.executions)} executions, {len(planned.runs)} runs, "
        f"{len(planned.moments)} entries of timelines and "
        f"{len(planned.blobs)} contents, {megabytes(planned.freed)}"
    )


def megabytes(size: int) -> str:
    """Bytes as people read them."""
    return f"{size / 1e6:.1f} MB"


def first_line(source: str, width: int = 48) -> str:
    """The first line that says something, shortened."""
    line = next((part.strip() for part in source.splitlines() if part.strip()), "")
    return line if len(line) <= width else line[: width - 1] + "…"
