"""``diff``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nbtrail.cli.context import Settings, common

if TYPE_CHECKING:
    from nbtrail.diff.images import PixelBudget


@click.command()
@click.argument("a")
@click.argument("b", required=False)
@click.option("--outputs", is_flag=True, help="Say what differs in outputs, noise included.")
@click.option("--html", "page", metavar="FILE", help="Write a page to look at; - for stdout.")
@common
def diff(settings: Settings, a: str, b: str | None, outputs: bool, page: str | None) -> None:
    """What changed between two versions; with one, since the notebook's last run.

    A version is @last, @saved, @run:ID, @snap:ID or @git:REV behind the path. Two files need be
    in no project. Outputs that differ only by times, addresses and the like are noise, and no
    difference. Two runs, by id or tag, are compared as by nbtrail compare. Exit status 1 when
    there are differences.

    \b
    Examples:
      nbtrail diff CLEANING-ages.ipynb
      nbtrail diff CLEANING-ages.ipynb@git:HEAD CLEANING-ages.ipynb --outputs
      nbtrail diff old.ipynb new.ipynb --html changes.html
      nbtrail diff client-report 20261120-093015-a1b2c3
    """
    if b is not None and _may_be_run(settings, a) and _may_be_run(settings, b):
        _compare_runs(settings, (a, b), page)
        return
    from nbtrail.diff.images import PIXELS_FOR_PEOPLE, PixelBudget

    deep = outputs or page is not None
    pixels = PixelBudget(None if deep else PIXELS_FOR_PEOPLE, heat_maps=page is not None)
    found = _find(settings, a, b, pixels)
    if page is not None:
        _write_page(settings, found, page)
    if settings.as_json and page != "-":
        settings.print_json(found)
    elif page is None and not settings.quiet:
        from nbtrail.cli.difference_text import difference_text

        _show("\n".join(difference_text(found, outputs=outputs)) + "\n")
    if is_different(found):
        raise click.exceptions.Exit(1)


def _may_be_run(settings: Settings, text: str) -> bool:
    """Whether a text is neither a file, nor the version or the name of one."""
    is_named = "@" in text or text.endswith((".ipynb", ".py"))
    return not is_named and not (Path(settings.directory) / text).exists()


def _compare_runs(settings: Settings, runs: tuple[str, str], page: str | None) -> None:
    from nbtrail.cli.history import say_comparison
    from nbtrail.errors import UsageError

    if page is not None:
        raise UsageError(
            "A page is made of two versions of a notebook, not of runs.", hint="Leave out --html."
        )
    with settings.open() as opened:
        found = opened.compare(runs)
    say_comparison(settings, found)
    if found.differences:
        raise click.exceptions.Exit(1)


def is_different(found: dict[str, Any]) -> bool:
    """Whether there is more than noise between two versions."""
    metadata = [found["metadata"], *(cell["metadata"] for cell in found["cells"])]
    return (
        any(cell["op"] != "equal" or cell["outputs"] == "changed" for cell in found["cells"])
        or any(change["verdict"] == "changed" for changes in metadata for change in changes)
    )  # fmt: skip


def _find(settings: Settings, a: str, b: str | None, pixels: PixelBudget) -> dict[str, Any]:
    base = Path(settings.directory)
    if b is not None and (base / a).is_file() and (base / b).is_file():
        return _between_files(base, a, b, pixels)
    with settings.open() as opened:
        return opened.diff(*_versions(settings, opened, a, b), pixels=pixels)


def _between_files(base: Path, a: str, b: str, pixels: PixelBudget) -> dict[str, Any]:
    """Two files as they are: no project is looked for, and no ledger."""
    from nbtrail.diff.notebooks import diff_notebooks, with_outputs
    from nbtrail.notebooks.document import collector_paused, read_notebook

    with collector_paused():
        before, after = read_notebook(base / a), read_notebook(base / b)
        found = with_outputs(diff_notebooks(before, after, pixels=pixels), before, after)
    return {**found, "a": a, "b": b}


def _versions(settings: Settings, opened: Any, a: str, b: str | None) -> list[str]:
    found = []
    for text in (a, b):
        if text is None:
            continue
        path, which = settings.version(text)
        named = settings.path(opened, path)
        found.append(named if which is None else f"{named}@{which}")
    return found


def _write_page(settings: Settings, found: dict[str, Any], page: str) -> None:
    from nbtrail.diff.page import page_of
    from nbtrail.files import write_atomic

    data = page_of(found).encode("utf-8", errors="replace")
    if page == "-":
        sys.stdout.buffer.write(data)
        return
    path = Path(page)
    try:
        write_atomic(path, data)
    except OSError as error:
        from nbtrail.errors import UsageError

        raise UsageError(
            f"{page} cannot be written: {error.strerror}.", hint="Choose another file."
        ) from error
    if not settings.as_json:
        settings.say(f"wrote {page}")


def _show(text: str) -> None:
    """Print, with a pager where somebody looks at a terminal, as git does."""
    colour = "FORCE_COLOR" in os.environ or (sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    if not colour:
        text = click.unstyle(text)
    if sys.stdout.isatty():
        # Less leaves at once what fits on one screen, and shows colours.
        os.environ.setdefault("LESS", "FRX")
        click.echo_via_pager(text, color=colour)
    else:
        click.echo(text, nl=False, color=colour)
