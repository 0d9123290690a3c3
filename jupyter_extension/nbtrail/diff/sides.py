"""Outputs and markdown as safe HTML, both sides beside each other."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from nbtrail.diff.shape import Line
from nbtrail.diff.sources import diff_lines
from nbtrail.diff.text import compare_text, plain_text
from nbtrail.notebooks.cells import text_of

_TAGS = frozenset(
    "table thead tbody tfoot tr th td caption colgroup col div span p br hr b i u s em strong "
    "small sub sup code pre kbd samp ul ol li dl dt dd h1 h2 h3 h4 h5 h6 blockquote details "
    "summary".split()
)
_ATTRIBUTES = {"*": ["title"], "td": ["colspan", "rowspan"], "th": ["colspan", "rowspan"]}
#: What is inside of these is no text to show.
_DROPPED = re.compile(
    r"<(script|style|iframe|object|svg|math|template|noscript|head)\b.*?(?:</\1\s*>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")
#: Longer texts are cut, longer HTML is shown as text; in characters.
_LONGEST_TEXT, _LONGEST_HTML = 40_000, 400_000
_ATTACHMENT = re.compile(r'src="attachment:([^"]*)"')

Lines = Callable[[Sequence[Mapping[str, Any]]], str]


def side_by_side(cell: Mapping[str, Any], output: Mapping[str, Any], lines: Lines) -> str:
    """An output and its counterpart; texts of both as changed lines, which ``lines`` draws."""
    before = _pick(cell.get("a_outputs", ()), output["a"])
    after = _pick(cell.get("b_outputs", ()), output["b"])
    texts = _text_of(before, output["kind"]), _text_of(after, output["kind"])
    if before and after and texts[0] is not None and texts[1] is not None:
        return lines(_diff_texts(_cut(texts[0]), _cut(texts[1])))
    figures = []
    for side, caption, kind in ((before, "Before", "before"), (after, "After", "after")):
        if side:
            figures.append(_figure(caption, _safe(side), kind))
    heat = output["details"].get("heat_map")
    picture = _picture(after[0]) if after else ""
    if heat and picture:
        overlay = picture + f'<img alt="" src="data:image/png;base64,{escape(heat)}">'
        figures.append(_figure("What differs", overlay, "picture heat"))
    return f'<div class="sides">{"".join(figures)}</div>' if figures else ""


def _diff_texts(a: str, b: str) -> list[Line]:
    """Lines of two texts; one that differs by noise alone counts as it is in ``b``."""
    lines_a, lines_b = a.splitlines(), b.splitlines()
    if len(lines_a) == len(lines_b):
        for n, (x, y) in enumerate(zip(lines_a, lines_b, strict=True)):
            if x != y and compare_text(x, y)[0] == "noise":
                lines_a[n] = y
    return diff_lines("\n".join(lines_a), b)


def markdown(text: str, attachments: Any = None) -> str:
    """Rendered markdown; HTML in it is shown as it is written."""
    from markdown_it import MarkdownIt

    html = str(MarkdownIt("js-default").render(text))

    def attached(match: re.Match[str]) -> str:
        bundle = attachments.get(match[1]) if isinstance(attachments, dict) else None
        picture = _data_uri(bundle) if isinstance(bundle, dict) else ""
        return f'src="{picture}"' if picture else 'src=""'

    return _ATTACHMENT.sub(attached, html)


def sanitised(html: str) -> str:
    """HTML of an output with nothing in it that runs, loads, links or styles."""
    if len(html) > _LONGEST_HTML:
        return f"<pre>{escape(_cut(html))}</pre>"
    from bleach.sanitizer import Cleaner

    cleaner = Cleaner(tags=_TAGS, attributes=_ATTRIBUTES, protocols=[], strip=True)
    return str(cleaner.clean(_DROPPED.sub("", html)))


def _pick(outputs: Sequence[Any], index: int | None) -> list[dict[str, Any]]:
    """The output at ``index``, with the pieces of its stream that follow it."""
    if index is None or index >= len(outputs) or not isinstance(outputs[index], dict):
        return []
    found = [outputs[index]]
    if found[0].get("output_type") == "stream":
        for other in outputs[index + 1 :]:
            if not isinstance(other, dict) or other.get("output_type") != "stream":
                break
            if other.get("name") == found[0].get("name"):
                found.append(other)
    return found


def _text_of(outputs: Sequence[Mapping[str, Any]], kind: str) -> str | None:
    """The text of an output that is text and no more."""
    if not outputs or kind not in ("text", "number", "error", "markdown"):
        return None
    first = outputs[0]
    if first.get("output_type") == "stream":
        return "".join(text_of(output.get("text")) for output in outputs)
    if first.get("output_type") == "error":
        return f"{first.get('ename', '')}: {text_of(first.get('evalue'))}"
    data = first.get("data")
    if not isinstance(data, dict):
        return None
    for mime in ("text/markdown", "text/latex", "text/plain"):
        if mime in data:
            return text_of(data[mime])
    return None


def _safe(outputs: Sequence[Mapping[str, Any]]) -> str:
    first = outputs[0]
    data = first.get("data")
    if not isinstance(data, dict):
        text = _text_of(outputs, "error") or ""
        trace = text_of(first.get("traceback")) if first.get("output_type") == "error" else ""
        return f"<pre>{escape(_cut(trace or text))}</pre>"
    picture = _picture(first)
    if picture:
        return picture
    if "text/html" in data and not any("plotly" in mime or "vega" in mime for mime in data):
        return sanitised(text_of(data["text/html"]))
    if "text/markdown" in data:
        return f'<div class="md">{markdown(text_of(data["text/markdown"]))}</div>'
    for mime in ("text/latex", "text/plain"):
        if mime in data:
            return f"<pre>{escape(_cut(text_of(data[mime])))}</pre>"
    names = escape(", ".join(map(str, data)))
    return f'<p class="note">{names}: not drawn on a page without scripts.</p>'


def _picture(output: Mapping[str, Any]) -> str:
    data = output.get("data")
    if not isinstance(data, dict):
        return ""
    picture = _data_uri(data)
    if picture:
        return f'<img alt="output image" src="{picture}">'
    if any(mime in data for mime in _PICTURES):
        return '<p class="note">An image whose base64 is broken.</p>'
    return ""


def _data_uri(bundle: Mapping[str, Any]) -> str:
    """The address of a picture that is in the page itself; empty where there is none."""
    for mime in _PICTURES:
        if mime in bundle:
            text = "".join(text_of(bundle[mime]).split())
            try:
                base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                return ""
            return f"data:{mime};base64,{text}"
    if "image/svg+xml" in bundle:
        svg = text_of(bundle["image/svg+xml"]).encode("utf-8", errors="replace")
        return f"data:image/svg+xml;base64,{base64.b64encode(svg).decode('ascii')}"
    return ""


def _figure(caption: str, content: str, kind: str) -> str:
    if content.startswith("<img") and "picture" not in kind:
        kind += " picture"
    return f'<figure><figcaption>{caption}</figcaption><div class="{kind}">{content}</div></figure>'


def _cut(text: str) -> str:
    text = plain_text(text)
    if len(text) <= _LONGEST_TEXT:
        return text
    return f"{text[:_LONGEST_TEXT]}\n… {len(text) - _LONGEST_TEXT:,} more characters"
