"""Every rule has a page, its examples do what they say, and the index lists it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from nbtrail.notebooks.document import write_notebook
from nbtrail.policy.catalogue import Rule
from nbtrail.policy.pages import page_of
from nbtrail.policy.registry import ALL_RULES
from nbtrail.policy.rules import check
from nbtrail.project import load_project

DOCS = Path(__file__).parents[3] / "docs"
_EXAMPLE = re.compile(r"^```(\w+) (bad|good)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
_CELL = re.compile(r"^# %%(?: \[(\d+)\])?\n?", re.MULTILINE)
_INDEX = re.compile(r"(<!-- rules: .*? -->\n)(.*?)(<!-- end of rules -->)", re.DOTALL)


def examples() -> list[Any]:
    return [
        pytest.param(rule, kind, verdict, text, id=f"{rule.code}-{verdict}-{number}")
        for rule in ALL_RULES
        for number, (kind, verdict, text) in enumerate(_EXAMPLE.findall(page_of(rule.code) or ""))
    ]


def book(text: str) -> dict[str, Any]:
    """Cells as the example writes them: ``# %% [3]`` begins one that ran as number 3."""
    head, *parts = _CELL.split(text)
    pairs = list(zip(parts[::2], parts[1::2], strict=True))
    cells = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {}, "source": source.rstrip("\n"),
         "outputs": [], "execution_count": int(count) if count else None}
        for number, (count, source) in enumerate([("", head), *pairs] if head else pairs)
    ]  # fmt: skip
    metadata = {"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


@pytest.mark.parametrize(("rule", "kind", "verdict", "text"), examples())
def test_examples_do_what_they_say(
    tmp_path: Path, rule: Rule, kind: str, verdict: str, text: str
) -> None:
    config = f'[policy]\ntwin = "off"\n[policy.rules]\n{rule.code} = "warn"\n'
    (tmp_path / "nbtrail.toml").write_text(config)
    category = re.search(r"EXPLORATION|CLEANING|EXPERIMENTAL|DEPLOY", text)
    word = category[0] if category and kind == "python" else "EXPLORATION"
    names = text.splitlines() if kind == "text" else [f"1-{word}-an-example-of-it.ipynb"]
    for name in names:
        write_notebook(tmp_path / name, book("x = 1" if kind == "text" else text))
    codes = {finding.code for finding in check(load_project(tmp_path))}
    assert (rule.code in codes) is (verdict == "bad")


@pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.code)
def test_every_rule_has_a_page(rule: Rule) -> None:
    page = page_of(rule.code)
    assert page is not None
    assert page.startswith(f"# {rule.code} {rule.name}\n")
    for word in ("Why", "Fix", "Silence"):
        assert word in page
    for target in re.findall(r"\]\(([^)#:]+)", page):
        assert (DOCS / "rules" / target).resolve().exists(), target


def test_no_page_is_left_of_a_rule_that_is_gone() -> None:
    assert {file.stem for file in (DOCS / "rules").glob("*.md")} == {r.code for r in ALL_RULES}


def test_the_index_lists_every_rule() -> None:
    index = DOCS / "rules.md"
    text = index.read_text()
    rows = [
        f"| [{one.code}](rules/{one.code}.md) | `{one.name}` | {one.title} | {one.level.value} |"
        for one in ALL_RULES
    ]
    table = "\n".join(["| code | name | what | level |", "| --- | --- | --- | --- |", *rows])
    wanted = _INDEX.sub(lambda match: f"{match[1]}\n{table}\n\n{match[3]}", text)
    if os.environ.get("NBTRAIL_WRITE"):
        index.write_text(wanted)
    assert index.read_text() == wanted
