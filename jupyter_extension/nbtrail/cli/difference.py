"""``diff``."""

from __future__ import annotations

from typing import Any

import click

from nbtrail.cli.context import Settings, common, style


@click.command()
@click.argument("a")
@click.argument("b", required=False)
@common
def diff(settings: Settings, a: str, b: str | None) -> None:
    """What changed between two versions; with one, since the notebook's last run.

    A version is @last, @saved, @run:ID or @git:REV behind the path.

    \b
    Examples:
      nbtrail diff CLEANING-ages.ipynb
      nbtrail diff CLEANING-ages.ipynb@git:HEAD CLEANING-ages.ipynb
    """
    with settings.open() as opened:
        found = opened.diff(*_versions(settings, opened, a, b))
    if settings.as_json:
        settings.print_json(found)
        return
    settings.say(style(f"{found['a']} → {found['b']}", bold=True))
    settings.say(summary_line(found["summary"]))
    unchanged = 0
    for cell in found["cells"]:
        if cell["op"] == "equal" and cell["outputs"] != "changed":
            unchanged += 1
            continue
        unchanged = _say_unchanged(settings, unchanged)
        _say_cell(settings, cell)
    _say_unchanged(settings, unchanged)


def summary_line(summary: dict[str, int]) -> str:
    """Counts as a sentence: ``1 cell changed, 1 moved; outputs: 2 changed, 5 noise``."""
    parts = [
        f"{summary[key]} {word}"
        for key, word in (
            ("modified", "changed"), ("inserted", "inserted"),
            ("deleted", "deleted"), ("moved", "moved"),
        )
        if summary[key]
    ]  # fmt: skip
    text = ("cells: " + ", ".join(parts)) if parts else "no cell changed"
    outputs = [
        f"{summary[f'outputs_{kind}']} {kind}"
        for kind in ("changed", "noise")
        if summary[f"outputs_{kind}"]
    ]
    return text + (f"; outputs: {', '.join(outputs)}" if outputs else "")


def _versions(settings: Settings, opened: Any, a: str, b: str | None) -> list[str]:
    found = []
    for text in (a, b):
        if text is None:
            continue
        path, separator, which = text.partition("@")
        if separator:
            found.append(f"{settings.path(opened, path)}@{which}")
        else:
            found.append(settings.path(opened, text))
    return found


def _say_unchanged(settings: Settings, count: int) -> int:
    if count:
        settings.say(style(f"  … {count} unchanged", dim=True))
    return 0


def _say_cell(settings: Settings, cell: dict[str, Any]) -> None:
    where = cell["b"] if cell["b"] is not None else cell["a"]
    title = f"cell {where + 1} ({cell['cell_type']}): {cell['op']}"
    if cell["op"] == "move":
        title += f" from {cell['a'] + 1}"
    if cell["outputs"] != "same":
        title += f", outputs {cell['outputs']}"
    settings.say(style(title, "cyan"))
    marks = {"equal": (" ", None), "delete": ("-", "red"), "insert": ("+", "green")}
    for line in cell["source"]:
        mark, colour = marks[line["op"]]
        settings.say(style(f"  {mark} {line['text']}", colour))
