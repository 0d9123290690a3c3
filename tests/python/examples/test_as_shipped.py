"""The example project as it lies in the repository, before anything is run."""

from __future__ import annotations

import json
import re
import tokenize
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest

from nbtrail.notebooks.names import parse_name
from nbtrail.config import NamesConfig, parse_config

EXAMPLES = Path(__file__).parents[3] / "examples"
NOTEBOOKS = sorted(path.name for path in EXAMPLES.glob("*.ipynb"))
TRUTH = json.loads((Path(__file__).parent / "true_graph.json").read_text(encoding="utf-8"))

each_notebook = pytest.mark.parametrize("name", NOTEBOOKS)


def load(name: str) -> Any:
    return nbformat.read(EXAMPLES / name, as_version=4)


def test_the_notebooks_are_those_of_the_true_graph() -> None:
    assert sorted(TRUTH["order"]) == NOTEBOOKS
    position = {name: place for place, name in enumerate(TRUTH["order"])}
    for edge in TRUTH["edges"]:
        assert position[edge["source"]] < position[edge["target"]], edge


def test_alphabetical_order_fails_at_its_first_notebook() -> None:
    needed_by_first = [edge for edge in TRUTH["edges"] if edge["target"] == NOTEBOOKS[0]]
    assert needed_by_first


def test_sorting_by_category_does_not_help_either() -> None:
    stages = ("CLEANING", "EXPLORATION", "EXPERIMENTAL", "DEPLOY")
    by_stage = sorted(NOTEBOOKS, key=lambda name: (stages.index(name.split("-")[0]), name))
    position = {name: place for place, name in enumerate(by_stage)}
    assert any(position[edge["source"]] > position[edge["target"]] for edge in TRUTH["edges"])


def test_the_pipeline_branches_and_joins() -> None:
    sources = [edge["source"] for edge in TRUTH["edges"]]
    targets = [edge["target"] for edge in TRUTH["edges"]]
    assert max(map(sources.count, sources)) >= 3
    assert max(map(targets.count, targets)) >= 3


def test_every_category_has_a_notebook() -> None:
    assert {parse_name(name, NamesConfig()).category for name in NOTEBOOKS} == set(
        NamesConfig().categories
    )


@each_notebook
def test_names_follow_the_rules_and_give_no_order_away(name: str) -> None:
    parsed = parse_name(name, NamesConfig())
    assert len(parsed.categories) == 1
    assert parsed.sequence is None
    assert not re.search(r"\d", name)
    assert len(parsed.description.replace("-", " ").split()) >= 3


@each_notebook
def test_notebooks_are_valid_and_unexecuted(name: str) -> None:
    raw = json.loads((EXAMPLES / name).read_bytes())
    nbformat.validate(raw, relax_add_props=False)
    assert (raw["nbformat"], raw["nbformat_minor"]) == (4, 5)
    assert raw["metadata"]["kernelspec"]["name"] == "python3"
    for cell in raw["cells"]:
        assert set(cell["metadata"]) <= {"tags"}
        if cell["cell_type"] == "code":
            assert cell["execution_count"] is None
            assert cell["outputs"] == []


@each_notebook
def test_cell_ids_are_readable_and_unique(name: str) -> None:
    ids = [cell["id"] for cell in load(name).cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", cell_id) for cell_id in ids)


@each_notebook
def test_notebooks_open_with_a_title_and_explain_themselves(name: str) -> None:
    cells = load(name).cells
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    code = [cell.cell_type for cell in cells].count("code")
    assert len(cells) - code >= 2


@each_notebook
def test_each_twin_is_what_its_notebook_converts_to(name: str) -> None:
    twin = (EXAMPLES / name).with_suffix(".py").read_text(encoding="utf-8")
    from_notebook = jupytext.reads(jupytext.writes(load(name), fmt="py:percent"), fmt="py:percent")
    from_twin = jupytext.reads(twin, fmt="py:percent")
    assert [(cell.cell_type, cell.source, cell.metadata) for cell in from_twin.cells] == [
        (cell.cell_type, cell.source, cell.metadata) for cell in from_notebook.cells
    ]


def test_some_notebooks_have_a_cell_of_parameters_made_of_plain_assignments() -> None:
    tagged = [
        cell.source
        for name in NOTEBOOKS
        for cell in load(name).cells
        if "parameters" in cell.metadata.get("tags", [])
    ]
    assert tagged
    assert all(re.match(r"\w+ = ", line) for source in tagged for line in source.splitlines())


@each_notebook
def test_code_stays_on_one_core_and_seeds_its_random_numbers(name: str) -> None:
    code = "\n".join(cell.source for cell in load(name).cells if cell.cell_type == "code")
    tokens = [token.string for token in tokenize.generate_tokens(StringIO(code).readline)]
    arguments = list(pairwise(token for token in tokens if token != "="))
    assert {value for argument, value in arguments if argument == "n_jobs"} <= {"1"}
    assert {value for argument, value in arguments if argument == "random_state"} <= {"seed"}
    assert "time" not in tokens
    assert "datetime" not in tokens


def test_the_settings_are_valid_and_the_rules_enforced() -> None:
    config = parse_config((EXAMPLES / "nbtrail.toml").read_text(encoding="utf-8"))
    assert {config.policy.category, config.policy.description, config.policy.twin} == {"enforce"}


def test_the_readme_names_every_notebook() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [name for name in NOTEBOOKS if f"`{Path(name).stem}`" not in readme] == []
