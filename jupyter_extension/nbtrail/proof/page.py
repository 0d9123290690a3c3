"""A certificate as one page that stands alone: no scripts, no addresses, for screen and paper."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_WORDS = {
    "identical": "The results came out the same.",
    "different": "The results came out differently.",
    "failed": "Nothing was proved.",
}
_STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --dim: #5c6570; --line: #dfe3e8;
  --paper: #ffffff; --wash: #f5f6f8; --good: #16703c; --bad: #a3341b; --warn: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaee; --dim: #9aa4b0; --line: #343b44;
  --paper: #15181c; --wash: #1e2328; --good: #5fce8e; --bad: #ff9276; --warn: #f0b95b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 3rem 1.5rem 4rem; }
header { border-bottom: 1px solid var(--line); padding-bottom: 1.5rem; }
.over { color: var(--dim); margin: 0; }
h1 { font-size: 2rem; line-height: 1.2; margin: .25rem 0 .75rem; letter-spacing: -.01em; }
h1 .mark { display: inline-block; width: 1.3em; }
.identical h1, .good { color: var(--good); } .failed h1, .bad { color: var(--bad); }
.different h1 { color: var(--warn); }
.lead { font-size: 1.05rem; margin: 0; max-width: 48rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 2.25rem 0 .5rem; }
h2 small { font-weight: normal; color: var(--dim); font-size: .85rem; margin-left: .5rem; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 1rem 2rem;
  margin: 1.5rem 0 0; }
dt { color: var(--dim); font-size: .8rem; } dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th { text-align: left; font-weight: 600; color: var(--dim); border-bottom: 1px solid var(--line);
  padding: .35rem .75rem .35rem 0; white-space: nowrap; }
td .kind, td .hash { white-space: nowrap; overflow-wrap: normal; }
td { vertical-align: top; border-bottom: 1px solid var(--line); padding: .35rem .75rem .35rem 0;
  overflow-wrap: anywhere; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums;
  overflow-wrap: normal; }
code, pre, .hash { font: .8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.hash { color: var(--dim); }
pre { background: var(--wash); border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0;
  padding: .75rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
p.note { color: var(--dim); margin: .25rem 0 .5rem; max-width: 48rem; }
details { margin-top: .5rem; } summary { cursor: pointer; color: var(--dim); }
.columns { columns: 14rem; margin: .5rem 0 0; padding: 0; list-style: none; font-size: .8125rem; }
footer { margin-top: 3rem; color: var(--dim); font-size: .8125rem; }
@media print { body { font-size: 10pt; } main { padding: 0; max-width: none; }
  :root { --paper: #fff; --ink: #000; --dim: #444; --line: #bbb; --wash: #fff; --good: #16703c;
    --bad: #a3341b; --warn: #8a5a00; }
  h2 { break-after: avoid; } tr { break-inside: avoid; } .scroll { overflow: visible; } }
"""


def render(facts: Mapping[str, Any]) -> str:
    """The page of a certificate; every text of ``facts`` is escaped."""
    verdict = str(facts["verdict"])
    word = _WORDS.get(verdict, verdict)
    mark = {"identical": "✓", "different": "≠"}.get(verdict, "✕")
    parts = (
        _differences(facts),
        _flaky(facts),
        _metrics(facts),
        _order(facts),
        _files("What it started from", facts.get("inputs") or []),
        _files("What it made", facts.get("files") or []),
        _environment(facts),
        _repeat(facts),
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{_e(facts["project"])}: {_e(verdict)}</title>
<style>{_STYLE}</style>
</head>
<body class="{_e(verdict)}">
<main>
<header>
<p class="over">{_e(facts["project"])} · certificate of reproduction</p>
<h1><span class="mark" aria-hidden="true">{mark}</span>{_e(word)}</h1>
<p class="lead">{_e(facts["message"])}</p>
{_summary(facts)}
</header>
{"".join(parts)}
<footer>Issued {_e(_time(facts["issued_at"]))} by {_e(facts.get("issued_by") or "nbtrail")}. The
same facts are in the JSON file of this name.</footer>
</main>
</body>
</html>
"""


def _summary(facts: Mapping[str, Any]) -> str:
    compared = facts.get("compared") or {}
    counts = ", ".join(f"{n} {what}" for what, n in compared.items() if n) or "nothing"
    git = facts.get("git") or {}
    commit = str(git.get("commit") or "")[:10]
    if commit and git.get("dirty"):
        commit += " with changes"
    largest = facts.get("largest_difference")
    rounds = len(facts.get("rounds") or [])
    entries = (
        ("Verdict", facts["verdict"]),
        ("This run", facts["run"]),
        ("Compared with", facts["against"]),
        ("Compared", counts),
        ("Largest difference", "none" if largest in (None, 0) else f"{largest:.2g} relative"),
        ("Allowed by default", f"{facts['tolerance']:g} relative"),
        ("Datasets dated", facts["date_of_datasets"]),
        ("Commit", commit),
        ("Rounds", rounds if rounds > 1 else ""),
    )
    shown = (f"<div><dt>{_e(k)}</dt><dd>{_e(v)}</dd></div>" for k, v in entries if v)
    return f"<dl>{''.join(shown)}</dl>"


def _differences(facts: Mapping[str, Any]) -> str:
    found = facts.get("differences") or []
    results = [d for d in found if d.get("kind") != "environment"]
    if not results:
        return ""
    note = ""
    if len(results) > 1:
        note = "In the order of the steps and their cells: the first is where the two runs part."
    rows = (
        (
            f'<span class="kind">{_e(d.get("kind"))}</span>',
            _e(_where(d)),
            f"{_e(d.get('name'))}{_small(d.get('detail'))}",
            _value(d.get("expected")),
            _value(d.get("actual")),
            _e(_allowed(d)),
        )
        for d in results
    )
    columns = ("kind", "step", "what", "recorded", "now", "allowed")
    return _section("Differences", _table(columns, rows, ()), str(len(results)), note)


def _where(difference: Mapping[str, Any]) -> str:
    step, cell = difference.get("step") or "", difference.get("cell")
    return f"{step}, cell {cell + 1}" if isinstance(cell, int) else str(step)


def _allowed(difference: Mapping[str, Any]) -> str:
    relative, absolute = difference.get("tolerance"), difference.get("absolute_tolerance")
    if relative is None and absolute is None:
        return ""
    parts = [f"{relative:g} relative"] if relative else []
    parts += [f"{absolute:g} absolute"] if absolute else []
    return " or ".join(parts) or "exact"


def _flaky(facts: Mapping[str, Any]) -> str:
    found = facts.get("flaky") or []
    if not found:
        return ""
    rows = (
        (
            _e(one["step"]),
            _e(one["name"]),
            _number(one["recorded"]),
            "<br>".join(_number(value) for value in one["values"]),
            "" if one["spread"] is None else f"{one['spread']:.2g}",
        )
        for one in found
    )
    table = _table(("step", "metric", "recorded", "rounds", "spread"), rows, (2, 3, 4))
    lines = [one["proposal"] for one in found if one["proposal"]]
    paste = f"<pre>{_e(chr(10).join(['[verify.tolerances]', *lines]))}</pre>" if lines else ""
    note = (
        "These metrics are another number each time. Seed what is random, or allow for it: the "
        "lines below hold 99 of 100 further runs, judged by these."
    )
    return _section("Metrics that vary", table + paste, str(len(found)), note)


def _metrics(facts: Mapping[str, Any]) -> str:
    now, recorded = facts.get("metrics") or {}, facts.get("recorded_metrics") or {}
    steps = list(dict.fromkeys((*facts["order"], *recorded, *now)))
    rows = []
    for step in steps:
        a, b = recorded.get(step) or {}, now.get(step) or {}
        for name in sorted(a.keys() | b.keys()):
            # A step is named once, above its metrics.
            shown = _e(step) if name == min(a.keys() | b.keys()) else ""
            rows.append(
                (shown, _e(name), _number(a.get(name)), _number(b.get(name)),
                 _e(_size(a.get(name), b.get(name))))
            )  # fmt: skip
    if not rows:
        return ""
    columns = ("step", "metric", "recorded", "now", "relative difference")
    return _section("Metrics", _table(columns, rows, (2, 3, 4)), str(len(rows)))


def _size(a: Any, b: Any) -> str:
    if not isinstance(a, (int, float)) or not isinstance(b, (int, float)):
        return ""
    if a == b:
        return "0"
    larger = max(abs(a), abs(b))
    return f"{abs(a / larger - b / larger):.2g}" if math.isfinite(larger) else ""


def _order(facts: Mapping[str, Any]) -> str:
    by_path = {step["path"]: step for step in facts.get("steps") or []}
    rows = []
    for place, path in enumerate(facts["order"], start=1):
        step = by_path.get(path) or {}
        error = step.get("error") or {}
        said = f"{error.get('name') or ''}: {error.get('message') or ''}".strip(": ")
        seconds = step.get("seconds")
        rows.append(
            (str(place), _e(path), f"{_e(step.get('status'))}{_small(said)}",
             "" if seconds is None else f"{seconds:.1f} s")
        )  # fmt: skip
    return _section("Order", _table(("", "notebook", "status", "time"), rows, (3,)))


def _files(title: str, files: Sequence[Mapping[str, Any]]) -> str:
    if not files:
        return ""
    rows = (
        (_e(f["path"]), _bytes(f.get("bytes")),
         f'<span class="hash">{_e(f.get("sha256") or "unknown")}</span>')
        for f in files
    )  # fmt: skip
    return _section(title, _table(("file", "size", "SHA-256"), rows, (1,)), str(len(files)))


def _environment(facts: Mapping[str, Any]) -> str:
    known = facts.get("environment") or {}
    packages = known.get("packages") or {}
    lacking = known.get("not_rebuilt") or []
    said = " · ".join(
        str(part)
        for part in (
            f"Python {known['python']}" if known.get("python") else "",
            known.get("system"),
            known.get("machine"),
        )
        if part
    )
    same = known.get("expected") == known.get("actual")
    note = "The same as recorded." if same else "Another one than recorded; results count."
    body = f"<p>{_e(said)}</p>" if said else ""
    if known.get("rebuilt"):
        body += "<p>Made anew from the record for this proof.</p>"
    if lacking:
        listed = "".join(f"<li>{_e(text)}</li>" for text in lacking)
        body += f"<p>Not to be made again:</p><ul>{listed}</ul>"
    changes = [d for d in facts.get("differences") or [] if d.get("kind") == "environment"]
    if changes:
        rows = ((_e(d["name"]), _value(d["expected"]), _value(d["actual"])) for d in changes)
        body += _table(("what", "recorded", "now"), rows, ())
    if packages:
        listed = "".join(f"<li>{_e(n)} {_e(v)}</li>" for n, v in sorted(packages.items()))
        body += f"<details><summary>{len(packages)} distributions</summary>"
        body += f'<ul class="columns">{listed}</ul></details>'
    identity = known.get("actual")
    body += f'<p class="hash">{_e(identity)}</p>' if identity else ""
    return _section("Environment", body, note=note if identity else "")


def _repeat(facts: Mapping[str, Any]) -> str:
    lines = facts.get("how_to_repeat") or [facts.get("repeat_with") or "nbtrail verify"]
    note = "In a clone of the project, with its record:"
    saved = facts.get("saved_meanwhile") or []
    more = ""
    if saved:
        names = _e(", ".join(saved))
        more = f'<p class="note">Saved by somebody while this ran, and left out of it: {names}.</p>'
    return _section("How to repeat it", f"<pre>{_e(chr(10).join(lines))}</pre>{more}", note=note)


def _section(title: str, body: str, count: str = "", note: str = "") -> str:
    small = f"<small>{_e(count)}</small>" if count else ""
    said = f'<p class="note">{_e(note)}</p>' if note else ""
    return f"<section><h2>{_e(title)}{small}</h2>{said}{body}</section>\n"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int]) -> str:
    """A table of cells that are HTML; those of the columns ``numbers`` stand to the right."""

    def cell(tag: str, place: int, content: str) -> str:
        kind = ' class="number"' if place in numbers else ""
        return f"<{tag}{kind}>{content}</{tag}>"

    head = "".join(cell("th", place, _e(name)) for place, name in enumerate(columns))
    body = "".join(
        f"<tr>{''.join(cell('td', place, content) for place, content in enumerate(row))}</tr>"
        for row in rows
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll">{table}</div>'


def _value(value: Any) -> str:
    if value is None:
        return '<span class="hash">none</span>'
    if isinstance(value, str) and len(value) == 64 and value.isalnum():
        return f'<span class="hash" title="{_e(value)}">{_e(value[:12])}…</span>'
    return _number(value) if isinstance(value, (int, float)) else _e(value)


def _number(value: Any) -> str:
    return "" if value is None else _e(repr(value) if isinstance(value, float) else value)


def _small(text: Any) -> str:
    return f'<br><span class="hash">{_e(text)}</span>' if text else ""


def _bytes(value: Any) -> str:
    if not isinstance(value, int):
        return ""
    size = float(value)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return ""


def _time(text: Any) -> str:
    return str(text)[:16].replace("T", " ") + " UTC"


def _e(value: Any) -> str:
    return html.escape("" if value is None else str(value))
