"""Comparing results: tolerances, families of datasets, environments."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from nbtrail.config import VerifyConfig
from nbtrail.files import sha256_file
from nbtrail.ledger.records import FileAccess
from nbtrail.ledger.steps import StepRecord
from nbtrail.proof import aside, watch
from nbtrail.proof.compare import (
    Comparison,
    combine,
    compare_environments,
    compare_files,
    compare_metrics,
    compare_step,
)
from nbtrail.proof.tolerances import relative_difference


def a_step(path, metrics=None, outputs=()):
    return StepRecord(
        run="r", position=0, path=path, code_key=None, cache_key=None, sources_digest=None,
        environment=None, executed_blob=None, params={}, metrics=metrics or {}, seconds=None,
        started_at=0.0, inputs=(), outputs=outputs, stored=frozenset(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1.0, 1.0, 0.0),
        (0.0, 0.0, 0.0),
        (1.0, 2.0, 0.5),
        (-1.0, 1.0, 2.0),
        (0.0, 1e-300, 1.0),
        (math.nan, math.nan, 0.0),
        (None, None, 0.0),
        (None, 1.0, math.inf),
        (math.inf, math.inf, 0.0),
        (math.inf, 1.0, math.inf),
    ],
)
def test_relative_difference(a, b, expected):
    assert relative_difference(a, b) == expected
    assert relative_difference(b, a) == expected


def test_the_last_bit_is_no_difference_unless_asked_for():
    a, b = {"auc": 0.8837837837837839}, {"auc": 0.8837837837837837}
    found, largest = compare_metrics("s", a, b, VerifyConfig())
    assert found == []
    assert 0 < largest < 1e-15
    exact, _ = compare_metrics("s", a, b, VerifyConfig(tolerances={"auc": 0.0}))
    assert [difference.name for difference in exact] == ["auc"]


def test_metrics_that_are_missing_or_new_are_differences():
    found, largest = compare_metrics("s", {"a": 1.0}, {"b": 2.0}, VerifyConfig())
    assert [(d.name, d.expected, d.actual) for d in found] == [("a", 1.0, None), ("b", None, 2.0)]
    assert largest is None


def test_files_are_paired_by_family_where_the_date_differs():
    expected = [FileAccess("data/2026-01-01_x.csv", "aa", 1), FileAccess("p.png", "bb", 1)]
    actual = [FileAccess("data/2026-01-02_x.csv", "aa", 1), FileAccess("p.png", "cc", 1)]
    found, _largest = compare_files("s", expected, actual, VerifyConfig())
    assert [(d.name, d.expected, d.actual) for d in found] == [("p.png", "bb", "cc")]
    assert compare_files("s", expected, actual, VerifyConfig(ignore_files=("*.png",)))[0] == []


def test_missing_extra_and_unknown_files_are_differences():
    expected = [FileAccess("gone.csv", "aa", 1), FileAccess("moved.csv", None, 1)]
    actual = [FileAccess("new.csv", "bb", 1), FileAccess("moved.csv", None, 1)]
    found, _largest = compare_files("s", expected, actual, VerifyConfig())
    assert [d.name for d in found] == ["gone.csv", "moved.csv", "new.csv"]


def test_steps_that_are_missing_now_are_differences_and_the_rest_is_counted():
    a = a_step("a", metrics={"x": 1.0, "y": 2.0}, outputs=(FileAccess("f", "aa"),))
    b = a_step("b", outputs=(FileAccess("g", "bb"), FileAccess("h.log", "cc")))
    config = VerifyConfig(ignore_files=("*.log",))
    compared = {step.path: compare_step(step, step, config) for step in (a, b)}
    found = combine(("a", "b"), ("a", "gone", "b"), compared)
    assert [(d.kind, d.step, d.name) for d in found.differences] == [("output", "gone", "gone")]
    assert found.missing == ("gone",)
    assert (found.metrics, found.files) == (2, 2)
    assert not found.is_identical
    assert not combine((), ("gone",), {}).is_nothing
    assert combine(("a",), ("a", "gone"), compared, is_whole=False).missing == ()
    empty = a_step("a", outputs=(FileAccess("h.log", "cc"),))
    assert combine(("a",), ("a",), {"a": compare_step(empty, empty, config)}).is_nothing


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((17, 22, 9), "All 17 metrics, 22 files and 9 cell outputs came out the same."),
        ((2, 1, 0), "All 2 metrics and 1 file came out the same."),
        ((1, 3, 0), "1 metric and 3 files came out the same."),
        ((5, 0, 0), "All 5 metrics came out the same."),
        ((0, 2, 0), "All 2 files came out the same."),
        ((0, 0, 1), "1 cell output came out the same."),
    ],
)
def test_what_was_compared_is_counted(counts, expected):
    metrics, files, outputs = counts
    found = Comparison((), None, metrics=metrics, files=files, outputs=outputs)
    assert found.counted() == expected


def test_environments_are_told_apart_by_version():
    a = {"python": {"version": "3.11.1"}, "packages": {"numpy": "1.0", "old": "1"}}
    b = {"python": {"version": "3.12.0"}, "packages": {"numpy": "2.0", "new": "1"}}
    found = {d.name: (d.expected, d.actual) for d in compare_environments(a, b)}
    assert found == {
        "python": ("3.11.1", "3.12.0"),
        "numpy": ("1.0", "2.0"),
        "old": ("1", None),
        "new": (None, "1"),
    }


def test_a_copy_holds_files_of_its_own_and_no_results(tmp_path: Path):
    root, target = tmp_path / "project", tmp_path / "copy"
    for name in ("data/2026-01-01_made.csv", "data/2026-01-02_made.csv", "data/raw.csv",
                 ".git/HEAD", ".nbtrail/trail.db", "env/pyvenv.cfg", "env/lib/x.py",
                 "a.ipynb"):  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    outside = tmp_path / "outside.csv"
    outside.write_text("outside")
    (root / "linked.csv").symlink_to(outside)
    aside.copy_project(root, target, frozenset({"data/2026-01-02_made.csv"}))
    found = sorted(str(p.relative_to(target)) for p in target.rglob("*") if p.is_file())
    assert found == ["a.ipynb", "data/raw.csv", "linked.csv"]
    assert not (target / "linked.csv").is_symlink()
    (target / "linked.csv").write_text("changed")
    (target / "data/raw.csv").write_text("changed")
    assert outside.read_text() == "outside"
    assert (root / "data/raw.csv").read_text() == "data/raw.csv"
    assert all(os.stat(target / name).st_nlink == 1 for name in found)


def test_a_copy_has_the_empty_folders_and_not_those_that_are_left_out(tmp_path: Path):
    root, target = tmp_path / "project", tmp_path / "copy"
    for name in ("models/best", ".git/refs", "__pycache__", "env/lib", "data"):
        (root / name).mkdir(parents=True)
    (root / "env/pyvenv.cfg").touch()
    (root / "round").symlink_to(root)
    aside.copy_project(root, target, frozenset())
    found = sorted(str(p.relative_to(target)) for p in target.rglob("*"))
    assert found == ["data", "models", "models/best", "round"]
    assert os.readlink(target / "round") == "."


def test_copies_of_dead_processes_are_swept_and_those_in_use_are_not(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    hold = (
        "import sys, time; from nbtrail.proof import aside; held = aside.claim_folder()\n"
        "(held.path / 'copy').mkdir(); print(held.path, flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", hold], env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    folder = Path(process.stdout.readline().strip())
    try:
        assert (folder / "copy").is_dir()
        other = tmp_path / "nbtrail-verify-link"
        (tmp_path / "mine").mkdir()
        other.symlink_to(tmp_path / "mine")
        aside.sweep_copies()
        assert (folder / "copy").is_dir()
    finally:
        process.kill()
        process.communicate()
    (folder / "copy").chmod(0o500)
    aside.sweep_copies()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["mine", "nbtrail-verify-link"]


def test_a_link_to_a_folder_of_the_project_does_not_take_its_place(tmp_path: Path):
    root = tmp_path / "project"
    (root / "data/deep").mkdir(parents=True)
    (root / "data/deep/x.csv").touch()
    (root / "latest").symlink_to(root / "data/deep")
    assert list(aside.project_files(root)) == ["data/deep/x.csv"]


def test_removing_a_copy_leaves_alone_what_its_links_lead_to(tmp_path: Path):
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    (outside / "theirs.csv").touch()
    claim = aside.claim_folder()
    (claim.path / "link").symlink_to(outside)
    claim.release()
    assert not claim.path.exists()
    assert outside.stat().st_mode & 0o777 == 0o755
    assert (outside / "theirs.csv").exists()


def test_touched_files_are_noticed(tmp_path: Path):
    for name in ("a.ipynb", "data.csv", "same.csv", "gone.csv"):
        (tmp_path / name).write_text(name)
    before = watch.take_stamps(tmp_path)
    hashes = {name: sha256_file(tmp_path / name) for name in before}
    for name in ("a.ipynb", "data.csv"):
        (tmp_path / name).write_text("edited")
    (tmp_path / "same.csv").write_text("same.csv")
    (tmp_path / "gone.csv").unlink()
    (tmp_path / "new.csv").write_text("new")
    found = watch.touched(tmp_path, before, hashes)
    assert found == ["a.ipynb", "data.csv", "gone.csv", "new.csv"]
