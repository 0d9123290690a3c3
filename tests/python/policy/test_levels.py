"""How strictly rules are taken: by code, beginning, name, folder and category."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbtrail.app import open_project
from nbtrail.config import Level
from nbtrail.errors import NotFoundError
from nbtrail.notebooks.document import write_notebook
from nbtrail.policy.init import init_project
from nbtrail.policy.levels import judged, level_of
from nbtrail.policy.registry import ALL_RULES, rule
from nbtrail.policy.rules import check
from nbtrail.project import load_project

RULES = """\
[policy]
category = "enforce"

[policy.rules]
NBT4 = "off"
NBT40 = "warn"
hidden-state = "enforce"
NBT101 = "warn"

[[policy.overrides]]
folder = "sketches/"
rules = { NBT = "off" }

[[policy.overrides]]
folder = "sketches"
category = "experimental"
rules = { NBT4 = "enforce", NBT403 = "warn" }
"""


@pytest.mark.parametrize(
    ("code", "path", "level"),
    [
        ("NBT411", "a.ipynb", "off"),
        ("NBT401", "a.ipynb", "warn"),
        ("NBT402", "a.ipynb", "enforce"),
        ("NBT101", "a.ipynb", "warn"),
        ("NBT102", "a.ipynb", "enforce"),
        ("NBT103", "a.ipynb", "warn"),
        ("NBT901", "a.ipynb", "enforce"),
        ("NBT402", "sketches/a.ipynb", "off"),
        ("NBT402", "sketches.ipynb", "enforce"),
        ("NBT402", "sketches/deep/EXPERIMENTAL-a.ipynb", "enforce"),
        ("NBT403", "sketches/EXPERIMENTAL-a.ipynb", "warn"),
        ("NBT203", "sketches/EXPERIMENTAL-a.ipynb", "off"),
        ("NBT402", "EXPERIMENTAL-a.ipynb", "enforce"),
    ],
)
def test_the_place_decides_first_and_then_the_exact_key(
    tmp_path: Path, code: str, path: str, level: str
) -> None:
    (tmp_path / "nbtrail.toml").write_text(RULES)
    project = load_project(tmp_path)
    assert project.config_error is None
    assert judged(project) is project
    assert level_of(project, rule(code), path) is Level(level)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[policy.rules]\nNBT401 = "off"\nNBT477 = "off"',
            "line 3, column 1: there is no rule NBT",
        ),
        ('[policy.rules]\n"dataset-overwriten" = "off"', "Did you mean dataset-overwritten"),
        ('[policy.rules]\nnbt4 = "off"', "there is no rule nbt4"),
        (
            '[[policy.overrides]]\nfolder = "a"\n[policy.overrides.rules]\nNBT8 = "off"',
            "line 4, column 1: there is no rule NBT8",
        ),
    ],
)
def test_rules_that_are_none_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "nbtrail.toml").write_text(text)
    with open_project(tmp_path) as opened:
        assert opened.config_error is not None
        assert message in str(opened.config_error)
        assert opened.project.config.policy.rules == {}


def test_codes_and_names_are_unique_and_say_something() -> None:
    codes = [one.code for one in ALL_RULES]
    names = [one.name for one in ALL_RULES]
    assert len(set(codes)) == len(codes)
    assert len(set(names)) == len(names)
    assert all(one.title and not one.title.endswith(".") for one in ALL_RULES)


def test_a_rule_by_code_and_by_name() -> None:
    assert rule("nbt203") is rule("dataset-overwritten")
    with pytest.raises(NotFoundError, match="dataset-overwritten"):
        rule("dataset-overwriten")


def test_what_was_there_before_warns_by_any_rule(tmp_path: Path) -> None:
    lost = {
        "cell_type": "code", "id": "c", "metadata": {}, "source": "lost", "outputs": [],
        "execution_count": 1,
    }  # fmt: skip
    metadata = {"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}}
    book = {"cells": [lost], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    write_notebook(tmp_path / "1-CLEANING-old-ages.ipynb", book)
    init_project(tmp_path, twins=False)
    config = tmp_path / "nbtrail.toml"
    config.write_text(config.read_text() + '\n[policy.rules]\nhidden-state = "enforce"\n')
    write_notebook(tmp_path / "2-CLEANING-new-ages.ipynb", book)
    found = check(load_project(tmp_path))
    assert {f.path[0]: f.severity for f in found if f.code == "NBT402"} == {
        "1": "warning", "2": "error",
    }  # fmt: skip
