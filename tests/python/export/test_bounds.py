"""Tolerances of nbtrail.toml, as a recipe's check applies them without nbtrail."""

from __future__ import annotations

import pytest

from nbtrail.config import parse_config
from nbtrail.export.bounds import Bounds, bounds_of_file, bounds_of_metric
from nbtrail.export.parts.check_results import _close, _same_table

CONFIG = parse_config("""
[verify]
tolerance = 1e-6
tolerances = { "*_auc" = "exact", loss = { absolute = 0.5 } }
ignore_files = ["log-*"]
[verify.files]
"wide.csv" = { relative = 0.1 }
"ids.csv" = "exact"
""").verify


def test_bounds_are_those_of_verify() -> None:
    assert bounds_of_metric("test_auc", CONFIG) == Bounds(0, 0)
    assert bounds_of_metric("loss", CONFIG) == Bounds(0, 0.5)
    assert bounds_of_metric("rmse", CONFIG) == Bounds(1e-6, 0)
    assert bounds_of_file("a.csv", CONFIG) == Bounds(1e-6, 0, whole=False)
    assert bounds_of_file("2026-11-20_wide.csv", CONFIG) == Bounds(0.1, 0, whole=True)
    assert bounds_of_file("ids.csv", CONFIG) == "exact"
    assert bounds_of_file("model.joblib", CONFIG) == "exact"
    assert bounds_of_file("log-1.txt", CONFIG) == "ignore"


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [(1.0, 1.05, True), (1.0, 1.2, False), (None, float("nan"), True), (None, 1.0, False),
     (1.0, float("inf"), False), (0.0, 0.0, True), (0.0, 1e-12, False)],
)  # fmt: skip
def test_metrics(expected: float | None, actual: float, same: bool) -> None:
    assert _close(expected, actual, 0.1, 0.0) is same


@pytest.mark.parametrize(
    ("actual", "whole", "same"),
    [
        (b"id,x\n7,1.05\n", False, True),
        (b"id,x\n8,1.0\n", False, False),
        (b"id,x\n7.3,1.0\n", False, False),
        (b"id,x\n7.3,1.0\n", True, True),
        (b"id,y\n7,1.0\n", True, False),
        (b"id,x\n7,1.0\n8,1.0\n", True, False),
        (b"id,x\n7,nan\n", True, False),
        (b"\xff\xfe", True, False),
    ],
)
def test_tables(actual: bytes, whole: bool, same: bool) -> None:
    within = {"relative": 0.1, "absolute": 0.0, "whole": whole}
    assert _same_table(b"id,x\n7,1.0\n", actual, within) is same
