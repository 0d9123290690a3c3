"""The example project run for real: twice, on two days, each notebook on a kernel of its own."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import nbtrail
from nbtrail.notebooks.datasets import parse_dataset
from nbtrail.config import MetricsConfig

EXAMPLES = Path(__file__).parents[3] / "examples"
TRUTH = json.loads((Path(__file__).parent / "true_graph.json").read_text(encoding="utf-8"))
FIRST_DAY, SECOND_DAY = "2026-11-20", "2026-12-24"

DATASETS = {
    "cell-measurements_cleaned.csv",
    "cell-features_mean-excess-spread.csv",
    "cell-features_train-in-folds.csv",
    "cell-features_test.csv",
    "cell-features_incoming.csv",
    "out-of-fold-probabilities_logistic-regression.csv",
    "out-of-fold-probabilities_random-forest.csv",
    "out-of-fold-probabilities_gradient-boosting.csv",
    "model-comparison_test-samples.csv",
    "malignancy-predictions_incoming.csv",
}
MODELS = {
    "chosen-model.joblib",
    "chosen-model.json",
    "gradient-boosting.joblib",
    "logistic-regression.joblib",
    "random-forest.joblib",
}
FIGURES = {
    "best-six-distributions.png",
    "gradient-boosting-depth.png",
    "incoming-samples.png",
    "logistic-regression-weights.png",
    "single-feature-auc.png",
    "test-roc.png",
    "threshold.png",
}
# Wide enough for other versions of scikit-learn, narrow enough to notice a broken notebook.
METRICS = {
    "best_single_auc": (0.95, 0.98),
    "logistic_cv_auc": (0.98, 1.0),
    "logistic_cv_loss": (0.05, 0.12),
    "forest_cv_auc": (0.98, 1.0),
    "forest_cv_loss": (0.10, 0.20),
    "forest_cv_accuracy": (0.93, 0.99),
    "forest_oob_score": (0.93, 0.99),
    "boosting_cv_auc": (0.97, 1.0),
    "boosting_cv_loss": (0.05, 0.15),
    "test_auc": (0.98, 1.0),
    "test_log_loss": (0.03, 0.15),
    "test_accuracy": (0.90, 1.0),
    "test_recall": (0.90, 1.0),
    "test_precision": (0.80, 1.0),
    "test_f1": (0.88, 1.0),
}
SHOW_NUMBERS = """
import json as _json
print(_json.dumps({
    name: value for name, value in globals().items()
    if isinstance(value, (int, float)) and not isinstance(value, bool) and not name.startswith("_")
}))
"""


@dataclass(frozen=True)
class Run:
    """What one pass over the notebooks left behind."""

    notebooks: dict[str, Any]
    metrics: dict[str, float]
    files: dict[str, str]
    """Hashes by path; datasets by family."""
    dated: dict[str, str]
    """Hashes of the datasets by file name."""


def run_all(root: Path, day: str) -> Run:
    """Run the notebooks in an order that works; the numbers of the last cell's top level count."""
    env = {
        **os.environ,
        "NBTRAIL_DATE": day,
        "PYTHONPATH": str(Path(nbtrail.__file__).parents[1]),
        "IPYTHONDIR": str(root.parent / "ipython"),
    }
    notebooks, metrics = {}, {}
    for name in TRUTH["order"]:
        notebook = nbformat.read(root / name, as_version=4)
        notebook.cells.append(nbformat.v4.new_code_cell(SHOW_NUMBERS))
        client = NotebookClient(
            notebook,
            timeout=120,
            resources={"metadata": {"path": str(root)}},
            coalesce_streams=True,
        )
        client.execute(env=env)
        numbers = json.loads(notebook.cells.pop().outputs[0].text)
        notebooks[name] = notebook
        for metric, value in numbers.items():
            if any(fnmatch.fnmatchcase(metric, pattern) for pattern in MetricsConfig().patterns):
                assert metric not in metrics, f"{metric} comes from two notebooks"
                metrics[metric] = value
    return Run(notebooks, metrics, *hashes(root, day))


def hashes(root: Path, day: str) -> tuple[dict[str, str], dict[str, str]]:
    files, dated = {}, {}
    for folder in ("data", "figures", "models"):
        for path in sorted((root / folder).iterdir()):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            found = parse_dataset(path.name)
            if found.date is not None:
                dated[path.name] = digest
            if found.date in (None, day):
                files[f"{folder}/{found.family}"] = digest
    return files, dated


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources alone, whatever somebody has run in the examples folder."""
    copy = tmp_path_factory.mktemp("examples") / "project"
    copy.mkdir()
    for path in EXAMPLES.iterdir():
        if path.is_file():
            shutil.copy(path, copy)
    return copy


@pytest.fixture(scope="module")
def first(root: Path) -> Run:
    return run_all(root, FIRST_DAY)


@pytest.fixture(scope="module")
def second(root: Path, first: Run) -> Run:
    """The same folder again on a later day, with what the first day left in it."""
    assert first.files
    return run_all(root, SECOND_DAY)


def test_the_promised_files_come_out(first: Run) -> None:
    expected = {f"data/{name}" for name in DATASETS}
    expected |= {f"models/{name}" for name in MODELS}
    expected |= {f"figures/{name}" for name in FIGURES}
    assert set(first.files) == expected
    assert set(first.dated) == {f"{FIRST_DAY}_{name}" for name in DATASETS}


def test_whatever_is_handed_on_is_among_them(first: Run) -> None:
    handed_on = {path for edge in TRUTH["edges"] for path in edge["via"]}
    assert handed_on <= set(first.files)


def test_the_metrics_are_those_meant_and_in_their_range(first: Run) -> None:
    assert set(first.metrics) == set(METRICS)
    outside = {
        name: value
        for name, value in first.metrics.items()
        if not METRICS[name][0] <= value <= METRICS[name][1]
    }
    assert outside == {}


def test_the_written_conclusions_hold(first: Run, root: Path) -> None:
    card = json.loads((root / "models" / "chosen-model.json").read_text(encoding="utf-8"))
    assert card["model"] == "logistic regression"
    assert first.metrics["logistic_cv_loss"] < first.metrics["boosting_cv_loss"]
    assert first.metrics["boosting_cv_loss"] < first.metrics["forest_cv_loss"]
    assert first.metrics["test_recall"] == pytest.approx(46 / 48)


def test_outputs_hold_plots_and_no_warnings(first: Run) -> None:
    images = 0
    for name, notebook in first.notebooks.items():
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                assert output.get("name") != "stderr", (name, cell.id, output.text)
                images += "image/png" in output.get("data", {})
    assert images == len(FIGURES)


def test_no_output_names_the_machine(first: Run, root: Path) -> None:
    for name, notebook in first.notebooks.items():
        assert str(root) not in json.dumps(notebook), name


def test_another_day_gives_the_same_bytes_under_its_own_date(first: Run, second: Run) -> None:
    assert second.files == first.files
    assert {name for name in second.dated if name.startswith(SECOND_DAY)} == {
        f"{SECOND_DAY}_{name}" for name in DATASETS
    }


def test_another_day_leaves_the_earlier_datasets_alone(first: Run, second: Run) -> None:
    kept = {name: digest for name, digest in second.dated.items() if name.startswith(FIRST_DAY)}
    assert kept == first.dated


def test_another_day_gives_the_same_metrics_to_the_last_bit(first: Run, second: Run) -> None:
    assert second.metrics == first.metrics


def test_another_day_shows_the_same_outputs(first: Run, second: Run) -> None:
    for name, notebook in first.notebooks.items():
        again = second.notebooks[name]
        for cell, cell_again in zip(notebook.cells, again.cells, strict=True):
            assert cell.get("outputs") == cell_again.get("outputs"), (name, cell.id)
