"""``rename`` and ``undo``."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from nbtrail.cli.context import Settings, common, style

if TYPE_CHECKING:
    from nbtrail.app import OpenProject
    from nbtrail.policy.renaming.records import ChangeSummary, Rename, RenamePlan, RenameResult

_DIFF_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.command()
@click.argument("notebook")
@click.argument("new_path", required=False)
@click.option("--category", metavar="WORD", help="Another category, all else as it is.")
@click.option("--description", metavar="TEXT", help="Another description.")
@click.option("--sequence", metavar="N", help="Another leading number, such as 3 or 2b.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--no-references", is_flag=True, help="Leave references in other files alone.")
@common
def rename(
    settings: Settings,
    notebook: str,
    new_path: str | None,
    category: str | None,
    description: str | None,
    sequence: str | None,
    dry_run: bool,
    yes: bool,
    no_references: bool,
) -> None:
    """Rename a notebook with its twin, history, git index entries and references.

    \b
    Examples:
      nbtrail rename Untitled3.ipynb 1-EXPLORATION-survival-by-class.ipynb
      nbtrail rename 1-EXPLORATION-survival.ipynb --category CLEANING --dry-run
    """
    from nbtrail.errors import UsageError

    parts = {"category": category, "description": description, "sequence": sequence}
    given = {key: value for key, value in parts.items() if value is not None}
    if (new_path is None) == (not given):
        raise UsageError(
            "Give the new path, or what of the name is to change.",
            hint="nbtrail rename NOTEBOOK NEW_PATH, or --category, --description, --sequence.",
        )
    with settings.open() as opened:
        old = settings.path(opened, notebook)
        new = None if new_path is None else settings.new_path(opened, new_path)
        plan = opened.plan_change(old, references=not no_references, path=new, **given)
        if not settings.as_json:
            _print_plan(settings, plan)
        if dry_run or not (plan.renames and _agreed(settings, yes)):
            if settings.as_json:
                settings.print_json({**_as_json(plan), "change": None})
            return
        pairs = [(rename.path, rename.new_path) for rename in plan.renames]
        done = opened.rename_notebooks(pairs, references=not no_references)
    _report(settings, done, set(plan.warnings))


@click.command()
@click.argument("change", required=False)
@click.option("--list", "listing", is_flag=True, help="Show the renames on record.")
@click.option("--limit", metavar="N", default=20, show_default=True, help="How many to show.")
@common
def undo(settings: Settings, change: str | None, listing: bool, limit: int) -> None:
    """Take a rename back: the newest one, or the one with this id.

    \b
    Examples:
      nbtrail undo
      nbtrail undo --list
    """
    with settings.open() as opened:
        if listing:
            _list(settings, opened, limit)
            return
        done = opened.undo(change)
    if not settings.as_json:
        _print_renames(settings, done.plan.renames)
    _report(settings, done, set())


def _list(settings: Settings, opened: OpenProject, limit: int) -> None:
    found = opened.changes(limit)
    if settings.as_json:
        settings.print_json({"changes": found})
        return
    settings.table(
        ("change", "when", "what", "state", "references"),
        (
            (one.id, _moment(one.at), _what(one), one.state, str(one.references or ""))
            for one in found
        ),
    )


def _agreed(settings: Settings, yes: bool) -> bool:
    """Whether to go on: asked on a terminal, taken for granted in scripts."""
    if yes or settings.as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return True
    return click.confirm("Rename?", default=True)


def _print_plan(settings: Settings, plan: RenamePlan) -> None:
    if not plan.renames:
        settings.say("Nothing to do: it has that name.")
    _print_renames(settings, plan.renames)
    for text in plan.diff.values():
        for line in text.splitlines():
            settings.say(style(line, _DIFF_COLOURS.get(line[:1])))
    for warning in plan.warnings:
        settings.say(style(warning, "yellow"))


def _print_renames(settings: Settings, renames: tuple[Rename, ...]) -> None:
    for one in renames:
        settings.say(f"{one.path} -> {style(one.new_path, bold=True)}")
        if one.twin is not None:
            settings.say(f"{one.twin} -> {one.new_twin}")


def _report(settings: Settings, done: RenameResult, said: set[str]) -> None:
    if settings.as_json:
        settings.print_json(
            {
                **_as_json(done.plan),
                "change": done.change,
                "warnings": done.warnings,
            }
        )
        return
    for warning in done.warnings:
        if warning not in said:
            settings.say(style(warning, "yellow"))
    lines = len(done.plan.references)
    if lines:
        settings.say(f"{lines} {'reference was' if lines == 1 else 'references were'} changed.")
    if done.change is not None:
        settings.say(f"Undo: nbtrail undo {done.change}")


def _as_json(plan: RenamePlan) -> dict[str, object]:
    return {
        "renames": plan.renames,
        "references": plan.references,
        "diff": plan.diff,
        "warnings": plan.warnings,
    }


def _what(change: ChangeSummary) -> str:
    names = ", ".join(f"{one.path} -> {one.new_path}" for one in change.renames[:3])
    more = f" and {len(change.renames) - 3} more" if len(change.renames) > 3 else ""
    return f"{change.kind} {names}{more}".strip()


def _moment(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
