"""Steps that try to write where they must not: the project stays as it was, or the proof fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nbtrail.proof import aside

PLOT = "EXPLORATION-list-numbers.ipynb"
OTHER = "EXPLORATION-other-numbers.ipynb"


@pytest.fixture
def apart(folder, tmp_path, monkeypatch):
    """Temporary files and the home folder of kernels, where the probe can tell them apart."""
    for name in ("temporary", "home"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    folder.file("raw.txt", "raw")
    folder.notebook(PLOT, "some_score = 1.0\nopen('raw.txt').read()")
    return folder


def escapes(detail):
    assert (detail.summary.status, detail.summary.verdict) == ("failed", "failed")
    assert detail.summary.message.startswith("Not isolated: ")
    found = [d for d in detail.differences if d["kind"] == "isolation"]
    assert detail.differences[: len(found)] == tuple(found)
    for entry in found:
        assert f"{entry['name']} (by {entry['step']})" in detail.summary.message
    return {(Path(entry["name"]).name, entry["step"]) for entry in found}


WAYS = {
    "absolute": "open({original!r}, 'a').write('x')",
    "hard-link": "import os\nos.link({original!r}, 'mine.txt')\nopen('mine.txt', 'a').write('x')",
    "symlink": "import os\nos.symlink({folder!r}, 'out')\nopen('out/raw.txt', 'a').write('x')",
    "shell": "import subprocess\nsubprocess.run(['sh', '-c', 'echo x >> ' + {original!r}])",
    "delete": "import os\nos.remove({original!r})",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_write_into_the_original_is_found_with_its_step(apart, way):
    original = apart.root / "raw.txt"
    apart.run()
    # Changed since, so that only the verify does it.
    code = WAYS[way].format(original=str(original), folder=str(apart.root))
    apart.notebook(PLOT, code, "some_score = 1.0")
    assert ("raw.txt", PLOT) in escapes(apart.verify())


def test_a_step_that_goes_up_or_home_is_found(apart, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    apart.notebook(OTHER, "other_score = 2.0")
    apart.run()
    apart.notebook(PLOT, "open('../beside.txt', 'w').write('x')\nsome_score = 1.0")
    apart.notebook(
        OTHER,
        "import os\nopen(os.path.expanduser('~/mine.txt'), 'w').write('x')\nother_score = 2.0",
    )
    found = escapes(apart.verify())
    assert found == {("beside.txt", PLOT), ("mine.txt", OTHER)}
    assert not (apart.root.parent / "beside.txt").exists()


def test_links_in_the_copy_lead_nowhere_else(apart, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "theirs.txt").write_text("theirs")
    (outside / "alone.txt").write_text("alone")
    (apart.root / "data").mkdir()
    (apart.root / "data/own.txt").write_text("own")
    for name, target in (
        ("shared", outside), ("alone.txt", outside / "alone.txt"), ("latest", "data"),
        ("own.txt", "data/own.txt"), ("through.txt", "shared/theirs.txt"),
    ):  # fmt: skip
        (apart.root / name).symlink_to(target)
    code = (
        "import glob, os\n"
        "for name in ('shared/theirs.txt', 'alone.txt', 'latest/own.txt', 'through.txt'):\n"
        "    open(name, 'a').write('!')\n"
        "print(open('own.txt').read(), sorted(glob.glob('*/*.txt', recursive=True)))\n"
        "some_score = 1.0"
    )
    apart.notebook(PLOT, "some_score = 1.0")
    apart.run()
    apart.notebook(PLOT, code)
    detail = apart.verify()
    assert detail.steps[0].status == "ran"
    assert not [d for d in detail.differences if d["kind"] == "isolation"], detail.differences
    texts = {p.name: p.read_text() for p in (*outside.iterdir(), apart.root / "data/own.txt")}
    assert texts == {"theirs.txt": "theirs", "alone.txt": "alone", "own.txt": "own"}
    shown = next(d["actual"] for d in detail.differences if d["kind"] == "output")
    # What was written by one name is read by the other, as in the original.
    assert shown.startswith("own! [")
    assert "'latest/own.txt'" in shown


def test_a_copy_keeps_links_inside_and_copies_what_others_lead_to(tmp_path):
    root, target, outside = tmp_path / "project", tmp_path / "copy", tmp_path / "outside"
    for path in (root / "data/deep", root / ".git", outside / "far"):
        path.mkdir(parents=True)
    for path in (root / "data/deep/x.csv", root / ".git/config", outside / "far/y.csv"):
        path.write_text(path.name)
    links = {
        "latest": "data/deep", "x.csv": "data/deep/x.csv", "made.csv": "data/made.csv",
        "far": str(outside / "far"), "y.csv": str(outside / "far/y.csv"),
        "absolute.csv": str(root / "data/deep/x.csv"), "git": ".git/config", "gone": "/nowhere",
        "data/up": "..", "hop.csv": "y.csv",
    }  # fmt: skip
    for name, to in links.items():
        (root / name).symlink_to(to)
    os.link(root / "data/deep/x.csv", root / "hard.csv")
    aside.copy_project(root, target, frozenset({"data/made.csv"}))
    kept = {str(p.relative_to(target)): os.readlink(p) for p in target.rglob("*") if p.is_symlink()}
    assert kept == {
        "latest": "data/deep", "x.csv": "data/deep/x.csv", "made.csv": "data/made.csv",
        "absolute.csv": "data/deep/x.csv", "data/up": "..",
    }  # fmt: skip
    for path in target.rglob("*"):
        assert path.resolve().is_relative_to(target.resolve())
        assert not path.is_file() or path.stat().st_nlink == 1
    assert (target / "far/y.csv").read_text() == "y.csv"
    assert (target / "hop.csv").read_text() == "y.csv"
    assert (target / "git").read_text() == "config"
    assert not (target / "gone").exists()


def test_saved_notebooks_are_no_escape_and_named(apart):
    apart.file("go.txt")
    apart.notebook(
        PLOT,
        "import os, time\nwhile not os.path.exists('go.txt'):\n    time.sleep(0.01)\n"
        "some_score = 1.0",
    )  # fmt: skip
    apart.run()
    (apart.root / "go.txt").unlink()
    from nbtrail.pipeline import progress
    from nbtrail.proof import verify

    run = verify.start(apart.project, apart.store)
    apart.until(run, lambda detail: detail.steps[0].status == "running")
    apart.notebook("EXPLORATION-new.ipynb", "1")
    apart.notebook(PLOT, "edited")
    apart.file(PLOT.replace(".ipynb", ".py"), "edited")
    (copy,) = Path(os.environ["TMPDIR"]).glob("nbtrail-verify-*/copy/*")
    (copy / "go.txt").touch()
    detail = apart.wait(run)
    assert detail.summary.verdict == "identical", detail.summary.message
    saved = apart.certificate(detail)["saved_meanwhile"]
    assert saved == sorted(["EXPLORATION-new.ipynb", PLOT, PLOT.replace(".ipynb", ".py")])
    assert progress.read(apart.store, run) == detail
