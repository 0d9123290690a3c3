"""A difference as one page of HTML: no script, nothing loaded, nothing of a notebook is trusted.

The page forbids scripts by its own policy; besides, sources and texts are escaped, markdown is
rendered without HTML, HTML outputs go through bleach, and SVG is shown as a picture, in which
browsers run nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

from nbtrail.diff.sides import markdown, side_by_side
from nbtrail.diff.text import plain_text

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
#: Unchanged lines around a change.
_CONTEXT = 3
_WORDS = {
    "modify": "changed",
    "insert": "new",
    "delete": "deleted",
    "move": "moved",
    "equal": "outputs",
}


def page_of(found: Mapping[str, Any]) -> str:
    """The page for what the command ``diff --json`` tells: ``a_outputs`` included."""
    title = f"{found['a']} → {found['b']}"
    css = files("nbtrail.diff").joinpath("page.css").read_text(encoding="utf-8")
    shown = [cell for cell in found["cells"] if _is_shown(cell)]
    body = [
        f'<h1>{escape(found["a"])}<span class="to">→</span>{escape(found["b"])}</h1>',
        f'<p class="summary">{escape(_summary(found["summary"]))}</p>',
    ]
    if len(shown) > 1:
        links = (f'<a class="{c["op"]}" href="#{_anchor(c)}">{_place(c)}</a>' for c in shown)
        body.append(f'<nav aria-label="Changed cells">{"".join(links)}</nav>')
    body += _metadata(found["metadata"])
    body += _cells(found["cells"])
    body.append("<footer>Written by nbtrail. Nothing on this page runs or is loaded.</footer>")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        f'</title><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>\n{css}</style></head>\n<body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


def _summary(summary: Mapping[str, int]) -> str:
    names = ("modified", "inserted", "deleted", "moved", "equal")
    words = ("changed", "new", "deleted", "moved", "unchanged")
    cells = [f"{summary[n]} {w}" for n, w in zip(names, words, strict=True) if summary[n]]
    outputs = [f"{summary['outputs_' + n]} {n}" for n in ("changed", "noise")]
    return f"Cells: {', '.join(cells) or 'none'}. Outputs: {', '.join(outputs)}."


def _is_shown(cell: Mapping[str, Any]) -> bool:
    return bool(cell["op"] != "equal" or cell["outputs"] == "changed")


def _place(cell: Mapping[str, Any]) -> str:
    return f"{cell['a'] + 1}" if cell["b"] is None else f"{cell['b'] + 1}"


def _anchor(cell: Mapping[str, Any]) -> str:
    return f"was-{cell['a'] + 1}" if cell["b"] is None else f"cell-{cell['b'] + 1}"


def _cells(cells: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    folded: list[Mapping[str, Any]] = []
    for cell in cells:
        if not _is_shown(cell):
            folded.append(cell)
            continue
        yield from _fold(folded)
        folded = []
        yield from _cell(cell)
    yield from _fold(folded)


def _fold(cells: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not cells:
        return
    noise = sum(cell["outputs"] == "noise" for cell in cells)
    text = f"{len(cells)} cell{'' if len(cells) == 1 else 's'} unchanged"
    yield '<div class="fold"><details><summary>' + text
    yield f" ({noise} with noise in the outputs)</summary>" if noise else "</summary>"
    for cell in cells:
        why = f" · {cell['why']} (noise)" if cell["outputs"] == "noise" else ""
        label = f"Cell {_place(cell)} · {cell['cell_type']}{why}"
        yield f"<article class='equal'><h2>{escape(label)}</h2>"
        yield source_table(cell["source"], whole=True) + "</article>"
    yield "</details></div>"


def _cell(cell: Mapping[str, Any]) -> Iterator[str]:
    words = _WORDS[cell["op"]]
    if cell["op"] == "equal":
        words = "outputs changed"
    elif cell["op"] == "move":
        words = f"moved from {cell['a'] + 1}" + (", changed" if cell["source_changed"] else "")
    if cell["related"] is not None:
        how = "split from" if cell["related"]["how"] == "split" else "merged into"
        words += f", {how} cell {cell['related']['cell'] + 1}"
    yield (
        f'<article class="{cell["op"]}" id="{_anchor(cell)}" tabindex="-1"><h2>Cell {_place(cell)} '
        f"<b>{escape(words)}</b><small>{escape(cell['cell_type'])}</small></h2>"
    )
    folded = cell["op"] == "equal" or (cell["op"] == "move" and not cell["source_changed"])
    if folded and cell["source"]:
        count = len(cell["source"])
        yield f"<details><summary>{count} line{'' if count == 1 else 's'} unchanged</summary>"
        yield source_table(cell["source"], whole=True) + "</details>"
    elif cell["source"]:
        yield source_table(cell["source"])
    yield from _metadata(cell["metadata"])
    if cell["attachments"]:
        names = (f"{a['name']}: {a['why']}" for a in cell["attachments"])
        yield f'<ul class="facts">{"".join(f"<li>Attachment {escape(n)}</li>" for n in names)}</ul>'
    if cell["cell_type"] == "markdown" and cell["source_changed"]:
        yield _rendered(cell)
    for output in cell["outputs_detail"]:
        yield from _output(cell, output)
    yield "</article>"


def source_table(lines: Sequence[Mapping[str, Any]], *, whole: bool = False) -> str:
    """Lines with their numbers on both sides; those far from a change folded to a count."""
    shown = set(range(len(lines))) if whole else set()
    for n, line in enumerate(lines):
        if line["op"] != "equal":
            shown.update(range(n - _CONTEXT, n + _CONTEXT + 1))
    rows: list[str] = []
    hidden = before = after = 0
    for n, line in enumerate(lines):
        before += line["op"] != "insert"
        after += line["op"] != "delete"
        if n not in shown:
            hidden += 1
            continue
        rows += _hidden(hidden)
        hidden = 0
        rows.append(_row(line, before, after))
    rows += _hidden(hidden)
    return f'<table class="code" role="presentation">{"".join(rows)}</table>'


def _hidden(count: int) -> list[str]:
    if not count:
        return []
    return [f'<tr class="h"><td colspan="4">{count} line{"" if count == 1 else "s"}</td></tr>']


def _row(line: Mapping[str, Any], before: int, after: int) -> str:
    op, text = line["op"], line["text"]
    if op == "equal":
        return (
            f'<tr><td class="n">{before}</td><td class="n">{after}</td><td class="m"></td>'
            f'<td class="t">{escape(text)}</td></tr>'
        )
    tag, kind, mark = ("del", "d", "\N{MINUS SIGN}") if op == "delete" else ("ins", "i", "+")
    parts, at = [], 0
    for start, end in line.get("spans", ()):
        parts += [escape(text[at:start]), f"<{tag}>{escape(text[start:end])}</{tag}>"]
        at = end
    numbers = (before, "") if op == "delete" else ("", after)
    label = "removed" if op == "delete" else "added"
    return (
        f'<tr class="{kind}"><td class="n">{numbers[0]}</td><td class="n">{numbers[1]}</td>'
        f'<td class="m" aria-label="{label}">{mark}</td>'
        f'<td class="t">{"".join(parts)}{escape(text[at:])}</td></tr>'
    )


def _metadata(changes: Sequence[Mapping[str, Any]]) -> list[str]:
    items = [
        f"<li>{escape(change['key'])}: <del><code>{escape(_value(change['a']))}</code></del> → "
        f"<ins><code>{escape(_value(change['b']))}</code></ins></li>"
        for change in changes
        if change["verdict"] == "changed"
    ]
    return [f'<ul class="facts">{"".join(items)}</ul>'] if items else []


def _rendered(cell: Mapping[str, Any]) -> str:
    """Both sides of a markdown cell as they are read."""
    sides = []
    raw = cell["cell"] or {}
    for op, caption, kind in (("insert", "Before", "before"), ("delete", "After", "after")):
        text = "\n".join(line["text"] for line in cell["source"] if line["op"] != op)
        if text:
            attached = raw.get("attachments") if kind == "after" else None
            sides.append(
                f'<figure><figcaption>{caption}</figcaption><div class="md {kind}">'
                f"{markdown(text, attached)}</div></figure>"
            )
    return (
        f'<details><summary>Rendered</summary><div class="sides">{"".join(sides)}</div></details>'
    )


def _output(cell: Mapping[str, Any], output: Mapping[str, Any]) -> Iterator[str]:
    place = output["b"] if output["b"] is not None else output["a"]
    label = f"<b>Output {place + 1}</b> · {output['kind']} · {escape(output['why'])}"
    if output["verdict"] == "noise":
        yield f'<div class="output"><p class="noise">{label} (noise)</p></div>'
        return
    yield f'<div class="output"><p>{label}</p>{_listed(output["details"])}'
    yield side_by_side(cell, output, source_table) + "</div>"


def _listed(details: Mapping[str, Any]) -> str:
    """What changed in a table or a specification, place by place."""
    rows = [
        (" · ".join(part for part in (c["row"], c["column"]) if part), c["a"], c["b"])
        for c in details.get("cells", ())
    ] + [(p["path"], p["a"], p["b"]) for p in details.get("paths", ())]
    if not rows:
        return ""
    lines = "".join(
        f"<tr><th>{escape(where)}</th><td><del>{escape(_value(a))}</del></td>"
        f"<td><ins>{escape(_value(b))}</ins></td></tr>"
        for where, a, b in rows
    )
    more = details.get("count", 0) - len(rows)
    rest = f"<tr><td colspan='3'>and {more} more</td></tr>" if more > 0 else ""
    head = "<tr><th>where</th><th>before</th><th>after</th></tr>"
    return f'<table class="cells">{head}{lines}{rest}</table>'


def _value(value: Any) -> str:
    text = "none" if value is None else value if isinstance(value, str) else repr(value)
    return plain_text(text)[:300]
