"""Outputs that are the same, differ only by noise, or changed."""

from __future__ import annotations

import re
from typing import Any, Literal

from nbtrail.notebooks.cells import text_of

OutputsChange = Literal["same", "noise", "changed"]

_NOISE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\x1b\[[0-9;?]*[A-Za-z]"), ""),
    # What a terminal would show of a line with carriage returns is its last part.
    (re.compile(r"(?<![^\n\r])[^\n\r]*\r(?!\n)"), ""),
    (re.compile(r"\b0x[0-9a-fA-F]{6,16}\b"), "0x…"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"\b\d+(?:\.\d+)?\s?(?:ns|µs|μs|us|ms|s|min)\b(?: ± [^\n]*)?"), "<duration>"),
    (re.compile(r"(?:CPU times|Wall time):[^\n]*"), "<timing>"),
    (re.compile(r"<ipython-input-\d+-[0-9a-f]+>"), "<ipython-input>"),
    (re.compile(r"/tmp/ipykernel_\d+/\d+\.py"), "<cell>"),
    (re.compile(r"(?<!\d)\d{1,3}%\|[^|\n]*\|[^\n]*"), "<progress>"),
)


def normalise_text(text: str) -> str:
    """Text without what differs from run to run: addresses, times, progress bars, ANSI codes."""
    for pattern, replacement in _NOISE:
        text = pattern.sub(replacement, text)
    return text


def compare_outputs(a: list[Any], b: list[Any]) -> OutputsChange:
    """How the outputs ``b`` of a cell differ from ``a``; execution counts do not count."""
    plain_a, plain_b = [_plain(o) for o in _merged(a)], [_plain(o) for o in _merged(b)]
    if plain_a == plain_b:
        return "same"
    if [_normalised(o) for o in plain_a] == [_normalised(o) for o in plain_b]:
        return "noise"
    return "changed"


def _merged(outputs: list[Any]) -> list[dict[str, Any]]:
    """Outputs with neighbouring pieces of one stream put together: flushing is no change."""
    merged: list[dict[str, Any]] = []
    for output in outputs:
        if not isinstance(output, dict):
            continue
        if (
            merged
            and output.get("output_type") == "stream"
            and merged[-1].get("output_type") == "stream"
            and merged[-1].get("name") == output.get("name")
        ):
            text = text_of(merged[-1].get("text")) + text_of(output.get("text"))
            merged[-1] = {**merged[-1], "text": text}
        else:
            merged.append(output)
    return merged


def _plain(output: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {"output_type": output.get("output_type")}
    if "text" in output:
        plain |= {"name": output.get("name"), "text": text_of(output["text"])}
    if isinstance(output.get("data"), dict):
        plain["data"] = {
            mime: text_of(value) if isinstance(value, (list, str)) else value
            for mime, value in output["data"].items()
        }
    if output.get("output_type") == "error":
        plain |= {"ename": output.get("ename"), "evalue": output.get("evalue")}
    return plain


def _normalised(plain: dict[str, Any]) -> dict[str, Any]:
    result = dict(plain)
    for key in ("text", "evalue"):
        if isinstance(result.get(key), str):
            result[key] = normalise_text(result[key])
    if "data" in result:
        result["data"] = {
            mime: normalise_text(value)
            if isinstance(value, str) and mime.startswith("text/")
            else value
            for mime, value in result["data"].items()
        }
    return result
