"""Outputs that are the same, differ only by noise, or changed: each kind by its own measure."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nbtrail.diff.data import compare_data
from nbtrail.diff.images import PixelBudget, compare_images
from nbtrail.diff.sequences import common
from nbtrail.diff.shape import Kind, OutputDiff, Verdict, worst
from nbtrail.diff.tables import compare_tables
from nbtrail.diff.text import TOLERANCE, compare_numbers, compare_text, number_of
from nbtrail.notebooks.cells import text_of

Answer = tuple[Verdict, str, dict[str, Any]]


@dataclass(slots=True, eq=False)
class _Output:
    """An output with its texts in one piece; ``index`` is that of its first piece."""

    index: int
    type: str
    kind: Kind
    name: str
    text: str
    data: dict[str, Any]


def compare_outputs(a: list[Any], b: list[Any]) -> Verdict:
    """How the outputs ``b`` of a cell differ from ``a``; execution counts do not count."""
    return worst([found["verdict"] for found in diff_outputs(a, b, PixelBudget(None))])


def diff_outputs(a: Any, b: Any, budget: PixelBudget | None = None) -> list[OutputDiff]:
    """Each output that is not the same, beside its counterpart, in the order of ``b``."""
    if a == b:
        return []
    budget = PixelBudget() if budget is None else budget
    only = _unequal(a, b)
    old, new = _read(a, only), _read(b, only)
    kinds = [(o.kind, o.name) for o in old]
    if len(set(kinds)) == len(kinds) and kinds == [(o.kind, o.name) for o in new]:
        return _replaced(old, new, budget)
    found: list[OutputDiff] = []
    i1 = j1 = 0
    keys_a, keys_b = [_key(o) for o in old], [_key(o) for o in new]
    for i, j in [*common(keys_a, keys_b), (len(old), len(new))]:
        found.extend(_replaced(old[i1:i], new[j1:j], budget))
        i1, j1 = i + 1, j + 1
    return found


def one_sided(outputs: Any, side: str) -> list[OutputDiff]:
    """All outputs of a cell that the other notebook does not have; ``side`` is ``a`` or ``b``."""
    return [_alone(output, side) for output in _read(outputs, texts=False)]


def _replaced(
    old: Sequence[_Output], new: Sequence[_Output], budget: PixelBudget
) -> list[OutputDiff]:
    """Outputs between two equal ones: those of one kind are counterparts, in their order."""
    found: list[OutputDiff] = []
    waiting = list(old)
    for output in new:
        other = next((o for o in waiting if (o.kind, o.name) == (output.kind, output.name)), None)
        if other is None:
            other = next((o for o in waiting if o.type == output.type and o.data), None)
        if other is None:
            found.append(_alone(output, "b"))
            continue
        waiting.remove(other)
        verdict, why, details = _compare(other, output, budget)
        if verdict != "same":
            found.append({
                "a": other.index, "b": output.index, "kind": output.kind, "verdict": verdict,
                "why": why, "details": details,
            })  # fmt: skip
    return [_alone(output, "a") for output in waiting] + found


def _alone(output: _Output, side: str) -> OutputDiff:
    return {
        "a": output.index if side == "a" else None,
        "b": output.index if side == "b" else None,
        "kind": output.kind,
        "verdict": "changed",
        "why": "removed" if side == "a" else "added",
        "details": {},
    }


def _compare(a: _Output, b: _Output, budget: PixelBudget) -> Answer:
    if a.kind != b.kind:
        return "changed", f"{a.kind} became {b.kind}", {}
    if a.kind == "error":
        return _compare_errors(a, b)
    if not b.data and not a.data:
        return compare_text(a.text, b.text)
    mime = _richest(b.data)
    answer = _compare_mime(b.kind, mime, a.data.get(mime), b.data.get(mime), budget)
    if answer[0] == "changed" or b.kind in ("vega", "plotly", "table"):
        return answer
    # The same picture with another caption: what the other types say counts as well.
    for other in ("text/plain", "text/html", "text/markdown", "text/latex"):
        if other != mime and (other in a.data or other in b.data):
            texts = text_of(a.data.get(other)), text_of(b.data.get(other))
            verdict, why, details = compare_text(*texts, html=other == "text/html")
            if worst([verdict, answer[0]]) != answer[0]:
                answer = (verdict, why, details)
    return answer


def _compare_mime(kind: Kind, mime: str, a: Any, b: Any, budget: PixelBudget) -> Answer:
    if a == b:
        return "same", "", {}
    if kind in ("vega", "plotly"):
        return compare_data(a, b, specification=True)
    if kind == "image":
        return compare_images(mime, text_of(a), text_of(b), budget)
    if kind == "data" and not (isinstance(a, str) and isinstance(b, str)):
        return compare_data(a, b, specification="widget" in mime)
    old, new = text_of(a), text_of(b)
    if kind == "table":
        return compare_tables(old, new) or compare_text(old, new, html=True)
    if kind == "number":
        x, y = number_of(old), number_of(new)
        if x is not None and y is not None:
            size = compare_numbers(x, y)
            details = {"a": x, "b": y, "relative": size}
            if size <= TOLERANCE:
                return "noise", f"numbers within {size:.1g}", details
            return "changed", f"{old.strip()} → {new.strip()}", details
    return compare_text(old, new, html=kind == "html")


def _compare_errors(a: _Output, b: _Output) -> Answer:
    if a.name != b.name:
        details = {"line": 1, "a": f"{a.name}: {a.text}"[:200], "b": f"{b.name}: {b.text}"[:200]}
        return "changed", f"{a.name} became {b.name}", details
    if a.text == b.text:
        return "noise", "only the traceback differs", {}
    return compare_text(a.text, b.text)


def _unequal(a: Any, b: Any) -> frozenset[int] | None:
    """Places that differ, where the lists can be compared place by place; else ``None``."""
    if not (isinstance(a, list) and isinstance(b, list)) or len(a) != len(b):
        return None
    for outputs in (a, b):
        types = [o.get("output_type") if isinstance(o, dict) else None for o in outputs]
        if ("stream", "stream") in itertools.pairwise(types):
            return None
    found = frozenset([n for n, output in enumerate(a) if output != b[n]])
    # What moved within the list is found by comparing all with all.
    return found if len(found) == 1 else None


def _read(outputs: Any, only: frozenset[int] | None = None, *, texts: bool = True) -> list[_Output]:
    """Outputs with neighbouring pieces of one stream put together: flushing is no change.

    ``only`` those at these places; without ``texts`` where only their kinds are asked for.
    """
    found: list[_Output] = []
    pieces: list[str] = []
    for index, raw in enumerate(outputs if isinstance(outputs, list) else []):
        if not isinstance(raw, dict) or (only is not None and index not in only):
            continue
        kind = str(raw.get("output_type"))
        name = str(raw.get("name", "stdout"))
        if kind == "stream":
            if found and found[-1].type == "stream" and found[-1].name == name:
                pieces.append(text_of(raw.get("text")) if texts else "")
                continue
            _finish(found, pieces)
            pieces = [text_of(raw.get("text")) if texts else ""]
            found.append(_Output(index, kind, "text", name, "", {}))
            continue
        _finish(found, pieces)
        if kind == "error":
            name, text = str(raw.get("ename", "")), text_of(raw.get("evalue"))
            trace = text_of(raw.get("traceback"))
            found.append(_Output(index, kind, "error", name, text, {"traceback": trace}))
        else:
            data = raw.get("data")
            bundle = data if isinstance(data, dict) else {}
            found.append(_Output(index, "display", _kind(bundle), "", "", bundle))
    _finish(found, pieces)
    return found


def _finish(found: list[_Output], pieces: list[str]) -> None:
    if pieces and found and found[-1].type == "stream":
        found[-1].text = "".join(pieces)
    pieces.clear()


def _kind(data: dict[str, Any]) -> Kind:
    mime = _richest(data)
    if "vega" in mime:
        return "vega"
    if "plotly" in mime:
        return "plotly"
    if mime.startswith("image/"):
        return "image"
    if mime == "text/html":
        return "table" if "<table" in text_of(data[mime]) else "html"
    if mime in ("text/markdown", "text/latex"):
        return "markdown"
    if mime == "text/plain":
        return "text" if number_of(text_of(data[mime])) is None else "number"
    return "data" if mime else "text"


def _richest(data: dict[str, Any]) -> str:
    """The type that tells most of what a reader sees."""
    return min(data, key=_rank, default="")


@functools.lru_cache(256)
def _rank(mime: str) -> int:
    for rank, start in enumerate(
        ("application/vnd.vega", "application/vnd.plotly", "image/", "text/html", "text/markdown",
         "text/latex", "application/", "text/")
    ):  # fmt: skip
        if mime.startswith(start):
            return rank
    return 9


def _key(output: _Output) -> tuple[Any, ...]:
    """What makes two outputs the same; large ones are told by their hash, which Python keeps."""
    if not output.data:
        return (output.type, output.name, output.text)
    parts = tuple(
        (mime, text_of(value) if isinstance(value, (str, list)) else repr(value))
        for mime, value in sorted(output.data.items())
    )
    return (output.type, output.name, output.text, parts)
