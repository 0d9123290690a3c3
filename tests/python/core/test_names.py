"""Names of notebooks and datasets."""

from __future__ import annotations

import pytest

from nbtrail.config import NamesConfig
from nbtrail.errors import UsageError
from nbtrail.notebooks.datasets import dated, family_of, parse_dataset
from nbtrail.notebooks.names import build_name, is_draft, parse_name

CONFIG = NamesConfig()


@pytest.mark.parametrize(
    ("path", "sequence", "category", "description"),
    [
        ("2b-EXPLORATION-survival-by-class.ipynb", "2b", "EXPLORATION", "survival-by-class"),
        ("survival by class.exploration.ipynb", None, "EXPLORATION", "survival-by-class"),
        ("sub/3_cleaning_ages.ipynb", "3", "CLEANING", "ages"),
        ("10-DEPLOY-score 2024 sales.ipynb", "10", "DEPLOY", "score-2024-sales"),
        ("DEPLOY-été-🙂.ipynb", None, "DEPLOY", "été-🙂"),
        ("EXPERIMENTAL-final-v2.ipynb", None, "EXPERIMENTAL", ""),
        ("EXPERIMENTAL-Copy1.ipynb", None, "EXPERIMENTAL", ""),
        ("EXPERIMENTAL.ipynb", None, "EXPERIMENTAL", ""),
        ("deployment-plan.ipynb", None, None, "deployment-plan"),
        ("CLEANING-EXPLORATION-ages.ipynb", None, None, "ages"),
        ("model_final_v2 (1).ipynb", None, None, "model-final-v2-1"),
    ],
)
def test_parse(path: str, sequence: str | None, category: str | None, description: str) -> None:
    name = parse_name(path, CONFIG)
    assert (name.sequence, name.category, name.description) == (sequence, category, description)


def test_sequence_sorts_as_people_count() -> None:
    names = [parse_name(f"{s}-CLEANING-x.ipynb", CONFIG) for s in ("10", "2b", "2", "1")]
    keys = sorted(n.sequence_key for n in names if n.sequence_key)
    assert keys == [(1, ""), (2, ""), (2, "b"), (10, "")]


@pytest.mark.parametrize("name", ["Untitled.ipynb", "untitled7.ipynb", "Untitled-Copy1.ipynb"])
def test_drafts(name: str) -> None:
    assert is_draft(f"folder/{name}")
    assert not is_draft("EXPLORATION-untitled-poem.ipynb")


def test_a_built_name_reads_back() -> None:
    path = build_name("EXPERIMENTAL", "Gradient boosting: depth 3/4!", "3")
    assert path == "3-EXPERIMENTAL-gradient-boosting-depth-3-4.ipynb"
    name = parse_name(path, CONFIG)
    assert (name.category, name.sequence) == ("EXPERIMENTAL", "3")
    assert name.title == "gradient boosting depth 3 4"


@pytest.mark.parametrize(
    ("description", "sequence"), [("", None), ("///", None), ("x" * 300, None), ("fine", "../1")]
)
def test_names_that_cannot_be_built(description: str, sequence: str | None) -> None:
    with pytest.raises(UsageError):
        build_name("CLEANING", description, sequence)


@pytest.mark.parametrize(
    ("path", "date", "family"),
    [
        ("data/2026-11-20_titanic.csv", "2026-11-20", "data/titanic.csv"),
        ("data/titanic_20261120.csv", "2026-11-20", "data/titanic.csv"),
        ("a-2026_11_20-b.csv", "2026-11-20", "a-b.csv"),
        ("plain.csv", None, "plain.csv"),
        ("2026-11-20.csv", None, "2026-11-20.csv"),
        ("serial_120261120999.csv", None, "serial_120261120999.csv"),
        ("2026-13-40_x.csv", None, "2026-13-40_x.csv"),
    ],
)
def test_families(path: str, date: str | None, family: str) -> None:
    assert parse_dataset(path) == type(parse_dataset(path))(date, family)


def test_dated_reads_back() -> None:
    assert family_of(dated("data/titanic.csv", "2026-11-21")) == "data/titanic.csv"
