"""A difference as text for a terminal. Colours are always in it; `click.unstyle` takes them out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nbtrail.cli.context import style

#: Unchanged lines shown around a change, and what is listed of one output.
_CONTEXT, _LISTED, _WIDTH = 3, 8, 60
_MARKS = {"equal": (" ", None), "delete": ("-", "red"), "insert": ("+", "green")}
_COLOURS = {"modify": "yellow", "insert": "green", "delete": "red", "move": "magenta"}
_WORDS = {"modify": "changed", "insert": "new", "delete": "deleted", "equal": ""}


def difference_text(found: Mapping[str, Any], *, outputs: bool) -> Iterator[str]:
    """The lines: what is compared, the counts, and each cell with a change.

    With ``outputs`` what differs in them is told, noise included.
    """
    yield style(f"{found['a']} → {found['b']}", bold=True)
    yield summary_line(found["summary"])
    yield from _metadata(found["metadata"], "notebook ")
    unchanged = 0
    for cell in found["cells"]:
        noise = outputs and cell["outputs"] == "noise"
        if cell["op"] == "equal" and cell["outputs"] != "changed" and not noise:
            unchanged += 1
            continue
        yield from _unchanged(unchanged)
        unchanged = 0
        yield from _cell(cell, outputs)
    yield from _unchanged(unchanged)


def summary_line(summary: Mapping[str, int]) -> str:
    """Counts as a sentence: ``cells: 1 changed, 1 moved; outputs: 2 changed, 5 noise``."""
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


def cell_title(cell: Mapping[str, Any]) -> str:
    """Place, type and what happened: ``cell 7 (code): moved from 3, changed``."""
    place = cell["a"] + 1 if cell["b"] is None else cell["b"] + 1
    words = [_WORDS[cell["op"]]] if cell["op"] != "move" else [f"moved from {cell['a'] + 1}"]
    if cell["op"] == "move" and cell["source_changed"]:
        words.append("changed")
    related = cell["related"]
    if related is not None:
        how = "split from" if related["how"] == "split" else "merged into"
        words.append(f"{how} cell {related['cell'] + 1}")
    if cell["op"] in ("equal", "modify", "move") and cell["outputs"] != "same":
        words.append(f"outputs {cell['outputs']}")
    return f"cell {place} ({cell['cell_type']}): {', '.join(word for word in words if word)}"


def _unchanged(count: int) -> Iterator[str]:
    if count:
        yield ""
        yield style(f"… {count} cell{'' if count == 1 else 's'} unchanged", dim=True)


def _cell(cell: Mapping[str, Any], outputs: bool) -> Iterator[str]:
    yield ""
    yield style(cell_title(cell), _COLOURS.get(cell["op"], "cyan"), bold=True)
    yield from _source(cell["source"])
    if cell["source_changed"] and all(line["op"] == "equal" for line in cell["source"]):
        yield style("  only line ends differ", dim=True)
    yield from _metadata(cell["metadata"], "")
    for attachment in cell["attachments"]:
        yield style(f"  attachment {attachment['name']}: {attachment['why']}", "cyan")
    if cell["op"] in ("insert", "delete") and not outputs:
        return
    for output in cell["outputs_detail"]:
        if outputs or output["verdict"] == "changed":
            yield from _output(output, outputs)


def _source(lines: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Changed lines with some around them."""
    shown: set[int] = set()
    for n, line in enumerate(lines):
        if line["op"] != "equal":
            shown.update(range(n - _CONTEXT, n + _CONTEXT + 1))
    hidden = 0
    for n, line in enumerate(lines):
        if n not in shown:
            hidden += 1
            continue
        yield from _hidden(hidden)
        hidden = 0
        yield _line(line)
    if shown:
        yield from _hidden(hidden)


def _hidden(count: int) -> Iterator[str]:
    if count:
        yield style(f"    … {count} line{'' if count == 1 else 's'}", dim=True)


def _line(line: Mapping[str, Any]) -> str:
    """A line with the characters that differ standing out."""
    mark, colour = _MARKS[line["op"]]
    text = printable(line["text"])
    if colour is None:
        return f"  {mark} {text}"
    parts = [style(f"  {mark} ", colour)]
    at = 0
    # Offsets are those of the line as it is: one that had to be changed is shown without marks.
    for start, end in line.get("spans", ()) if text == line["text"] else ():
        parts.append(style(text[at:start], colour))
        parts.append(emphasis(text[start:end], colour))
        at = end
    return "".join(parts) + style(text[at:], colour)


def emphasis(text: str, colour: str) -> str:
    """Characters that differ, within a line of that colour."""
    import click

    return click.style(text, fg=colour, bold=True, reverse=True)


def printable(text: str) -> str:
    """Text without characters that would move the cursor or change the terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\t" else f"\\x{ord(c):02x}" for c in text)


def _metadata(changes: Sequence[Mapping[str, Any]], where: str) -> Iterator[str]:
    for change in changes:
        if change["verdict"] == "changed":
            values = f"{_value(change['a'])} → {_value(change['b'])}"
            yield style(f"  {where}{change['key']}: {values}", "cyan")


def _output(output: Mapping[str, Any], detailed: bool) -> Iterator[str]:
    place = output["b"] if output["b"] is not None else output["a"]
    title = f"  output {place + 1} ({output['kind']}): {printable(output['why'])}"
    if output["verdict"] == "noise":
        yield style(f"{title} (noise)", dim=True)
        return
    yield style(title, "yellow")
    details = output["details"]
    for cell in details.get("cells", ())[: _LISTED if detailed else 3]:
        where = " · ".join(part for part in (cell["row"], cell["column"]) if part)
        yield f"      {printable(where)}: {_value(cell['a'])} → {_value(cell['b'])}"
    for place in details.get("paths", ())[: _LISTED if detailed else 0]:
        yield f"      {printable(place['path'])}: {_value(place['a'])} → {_value(place['b'])}"
    if "line" in details:
        yield style(f"      - {_value(details['a'])}", "red")
        yield style(f"      + {_value(details['b'])}", "green")


def _value(value: Any) -> str:
    text = "none" if value is None else value if isinstance(value, str) else repr(value)
    text = printable(text)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
