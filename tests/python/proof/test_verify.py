"""Verify on real kernels: the same again, something else, and a pipeline that cheats."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from nbtrail.errors import LockedError, NotFoundError, UsageError
from nbtrail.ledger.history import rename_notebook
from nbtrail.ledger.steps import run_row
from nbtrail.pipeline import progress
from nbtrail.proof import verify

SPLIT = "CLEANING-shuffle-numbers.ipynb"
MODEL = "EXPERIMENTAL-mean-of-numbers.ipynb"
PLOT = "EXPLORATION-list-numbers.ipynb"

SHUFFLE = (
    "import json, random\n"
    "from nbtrail import dataset\n"
    "random.seed({seed})\n"
    "numbers = json.load(open('raw.json'))\n"
    "random.shuffle(numbers)\n"
    "dataset('numbers.json', 'w').write_text(json.dumps(numbers))"
)
MEAN = (
    "import json\nfrom nbtrail import dataset\nnumbers = json.loads(dataset('numbers.json')"
    ".read_text())\nmean_score = sum(numbers[:5]) / 5"
)


@pytest.fixture
def numbers(folder):
    folder.file("raw.json", json.dumps(list(range(50))))
    folder.notebook(SPLIT, SHUFFLE.format(seed=1))
    folder.notebook(MODEL, MEAN)
    folder.notebook(PLOT, "print(open('raw.json').read())")
    return folder


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file() and ".nbtrail" not in file.parts
    }


def test_the_same_again_is_identical_and_leaves_the_project_alone(numbers, tmp_path, monkeypatch):
    # Of this test alone: others verify at the same time.
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    ran = numbers.run(date="2026-02-03")
    assert ran.summary.status == "ok"
    before = contents(numbers.root)
    detail = numbers.verify()
    assert (detail.summary.status, detail.summary.verdict) == ("ok", "identical")
    assert detail.summary.against == ran.summary.run
    assert detail.summary.largest_difference == 0.0
    assert detail.differences == ()
    assert detail.summary.message == "1 metric, 1 file and 2 cell outputs came out the same."
    assert [step.status for step in detail.steps] == ["ran", "ran", "ran"]
    assert detail.summary.metrics == ran.summary.metrics
    assert contents(numbers.root) == before
    assert copies(temporary) == []
    certificate = json.loads((numbers.root / detail.certificate).read_text())
    assert certificate["verdict"] == "identical"
    assert certificate["order"] == [step.path for step in detail.steps]
    assert certificate["date_of_datasets"] == "2026-02-03"
    assert [entry["path"] for entry in certificate["inputs"]] == ["raw.json"]
    assert certificate["metrics"][MODEL] == ran.summary.metrics
    assert certificate["compared"] == {"files": 1, "metrics": 1, "outputs": 2}


def test_steps_taken_from_the_record_count_with_their_recorded_results(numbers):
    numbers.run(date="2026-02-03")
    cached = numbers.run(date="2026-02-04")
    assert {step.status for step in cached.steps} == {"cached"}
    detail = numbers.verify()
    assert detail.summary.against == cached.summary.run
    assert detail.summary.verdict == "identical"
    # The date is that of the day on which the steps ran, so that names are the same again.
    assert date_of(numbers, detail) == "2026-02-03"
    names = [access.path for step in detail.steps for access in step.outputs]
    assert names == ["data/2026-02-03_numbers.json"]


def test_each_step_has_the_date_on_which_it_ran(numbers):
    later = "EXPERIMENTAL-write-more-numbers.ipynb"
    code = (
        "from nbtrail import dataset\nimport os\ntext = dataset('numbers.json').read_text()\n"
        "dataset('more.json', 'w').write_text(text)\nprint(os.environ['NBTRAIL_DATE'])"
    )
    numbers.notebook(later, code)
    numbers.run(date="2026-02-03")
    numbers.notebook(later, code + "\nother_score = 1.0")
    mixed = numbers.run(date="2026-02-05")
    assert {step.path: step.status for step in mixed.steps}[SPLIT] == "cached"
    numbers.run(date="2026-02-07")
    detail = numbers.verify()
    assert detail.summary.verdict == "identical", detail.differences
    written = {access.path for step in detail.steps for access in step.outputs}
    assert written == {"data/2026-02-03_numbers.json", "data/2026-02-05_more.json"}
    certificate = numbers.certificate(detail)
    assert certificate["dates"][SPLIT] == "2026-02-03"
    assert certificate["dates"][later] == "2026-02-05"
    # What is recorded of a step may be older than what it reads now.
    numbers.notebook(SPLIT, SHUFFLE.format(seed=1) + "\nprint('again')")
    numbers.run(date="2026-02-09")
    assert numbers.certificate(numbers.verify())["dates"][later] == "2026-02-09"


def date_of(folder, detail):
    return json.loads((folder.root / detail.certificate).read_text())["date_of_datasets"]


def test_numbers_that_json_does_not_know_are_written_so_that_all_can_read_them(folder):
    code = "large_score = float('inf')\nno_score = float('nan')\nsome_score = 1.0"
    folder.notebook(PLOT, code)
    ran = folder.run()
    assert folder.verify().summary.verdict == "identical"
    folder.notebook(PLOT, code.replace("'inf'", "'-inf'").replace("1.0", "float('inf')"))
    detail = folder.verify()
    assert detail.summary.verdict == "different"
    found = {d["name"]: (d["expected"], d["actual"]) for d in detail.differences}
    assert found == {"large_score": ("inf", "-inf"), "some_score": (1.0, "inf")}
    certificate = strict(folder.root / detail.certificate)
    assert certificate["metrics"] == {
        PLOT: {"large_score": None, "no_score": None, "some_score": None}
    }
    assert certificate["differences"] == list(detail.differences)
    for run in (ran.summary.run, detail.summary.run):
        card = strict(folder.root / f".nbtrail/runs/{run}.json")
        assert card["metrics"]["large_score"] is None


def strict(path):
    def refuse(token):
        raise AssertionError(token)

    return json.loads(path.read_text(), parse_constant=refuse)


def test_a_broken_seed_is_named_by_its_metric(numbers):
    first = numbers.run()
    numbers.notebook(SPLIT, SHUFFLE.format(seed=2))
    detail = numbers.verify()
    assert (detail.summary.status, detail.summary.verdict) == ("ok", "different")
    found = {(entry["kind"], entry["step"], entry["name"]) for entry in detail.differences}
    assert ("metric", MODEL, "mean_score") in found
    assert any(kind == "file" and step == SPLIT for kind, step, _name in found)
    metric = next(entry for entry in detail.differences if entry["kind"] == "metric")
    assert metric["expected"] == first.summary.metrics["mean_score"]
    assert metric["actual"] != metric["expected"]
    assert metric["tolerance"] == 1e-9
    assert detail.summary.largest_difference > 1e-9
    assert SPLIT in detail.summary.message


def test_a_write_outside_the_copy_fails_with_the_path(numbers):
    target = numbers.root / "elsewhere.txt"
    path = "EXPLORATION-writes-to-its-author.ipynb"
    numbers.notebook(path, f"open({str(target)!r}, 'a').write('x')")
    numbers.run()
    detail = numbers.verify()
    assert (detail.summary.status, detail.summary.verdict) == ("failed", "failed")
    assert "Not isolated" in detail.summary.message
    assert str(target) in detail.summary.message
    assert detail.differences[0]["kind"] == "isolation"


def test_a_step_that_fails_in_the_copy_fails_the_proof(numbers):
    path = "EXPLORATION-counts-on-leftovers.ipynb"
    numbers.notebook(path, "import os\nopen('left.txt', 'a').close()", "print('fine')")
    numbers.run()
    numbers.notebook(path, "open('never-made.txt').read()")
    detail = numbers.verify()
    assert detail.summary.verdict == "failed"
    assert path in detail.summary.message
    assert "FileNotFoundError" in detail.summary.message


def test_what_cannot_be_compared_is_said(numbers):
    with pytest.raises(NotFoundError, match="Run the pipeline first"):
        verify.start(numbers.project, numbers.store)
    part = numbers.run(notebooks=(SPLIT,))
    with pytest.raises(NotFoundError, match="whole pipeline"):
        verify.start(numbers.project, numbers.store)
    with pytest.raises(NotFoundError, match="no run nowhere"):
        verify.start(numbers.project, numbers.store, against="nowhere")
    partial = numbers.verify(against=part.summary.run)
    assert partial.summary.verdict == "identical"
    # What the run compared with does not have is said, rather than taken for proved.
    assert partial.summary.message.startswith(
        "1 file and 1 cell output came out the same. Not in run"
    )
    assert MODEL in partial.summary.message
    assert PLOT in partial.summary.message
    with pytest.raises(UsageError, match="verify run"):
        verify.start(numbers.project, numbers.store, against=partial.summary.run)


def test_a_step_that_is_no_more_is_a_difference(numbers):
    ran = numbers.run()
    (numbers.root / PLOT).unlink()
    detail = numbers.verify()
    assert (detail.summary.status, detail.summary.verdict) == ("ok", "different")
    assert [(d["kind"], d["step"], d["actual"]) for d in detail.differences] == [
        ("output", PLOT, None)
    ]
    assert detail.summary.message.startswith(f"{PLOT} ran in run {ran.summary.run} and not now.")
    assert "run the pipeline" in detail.summary.message


def test_a_step_that_is_left_out_by_the_configuration_is_a_difference(numbers):
    numbers.run()
    numbers.file("nbtrail.toml", f'[project]\nexclude = ["{MODEL}", "{SPLIT}"]\n')
    detail = numbers.verify()
    assert detail.summary.verdict == "different"
    assert {d["step"] for d in detail.differences} == {MODEL, SPLIT}


def test_a_renamed_notebook_is_the_same_step(numbers):
    numbers.run()
    with numbers.store.write() as connection:
        rename_notebook(connection, PLOT, "EXPLORATION-renamed.ipynb")
    (numbers.root / PLOT).rename(numbers.root / "EXPLORATION-renamed.ipynb")
    assert numbers.verify().summary.verdict == "identical"


def test_nothing_compared_proves_nothing(folder):
    folder.notebook(PLOT, "looks = 'fine'")
    folder.run()
    detail = folder.verify()
    assert (detail.summary.status, detail.summary.verdict) == ("failed", "failed")
    assert detail.summary.message.startswith("Nothing was compared")
    assert "log_metric" in detail.summary.message
    certificate = json.loads((folder.root / detail.certificate).read_text())
    assert certificate["verdict"] == "failed"


def test_a_step_may_write_into_a_folder_that_is_empty(folder):
    (folder.root / "models").mkdir()
    folder.notebook(
        PLOT,
        "import os\nopen('models/best.txt', 'w').write('best')\nos.remove('models/best.txt')\n"
        "some_score = 1.0",
    )
    folder.run()
    assert list((folder.root / "models").iterdir()) == []
    assert folder.verify().summary.verdict == "identical"


def test_the_copy_of_a_killed_verify_is_swept_by_the_next(folder, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    folder.file("go.txt", "")
    folder.notebook(
        PLOT,
        "import os, time\nwhile not os.path.exists('go.txt'):\n    time.sleep(0.01)\n"
        "some_score = 1.0",
    )
    folder.run()
    (folder.root / "go.txt").unlink()
    run = verify.start(folder.project, folder.store)
    folder.until(run, lambda detail: detail.steps[0].status == "running")
    with folder.store.read() as connection:
        pid = run_row(connection, run).pid
    os.kill(pid, signal.SIGKILL)
    assert folder.wait(run).summary.status == "lost"
    assert copies(temporary)
    folder.file("go.txt", "")
    assert folder.verify().summary.verdict == "identical"
    assert copies(temporary) == []


def copies(temporary: Path) -> list[str]:
    return [name for name in os.listdir(temporary) if name.startswith("nbtrail-verify-")]


def test_a_run_that_did_not_end_well_is_no_baseline(folder):
    path = "EXPLORATION-breaks.ipynb"
    folder.notebook(path, "raise SystemError('broken')")
    failed = folder.run()
    assert failed.summary.status == "failed"
    with pytest.raises(UsageError, match=r"status failed\. Choose a pipeline run of status ok"):
        verify.start(folder.project, folder.store, against=failed.summary.run)


def test_a_verify_can_be_cancelled_and_holds_the_lock(folder):
    path = "EXPLORATION-waits-for-a-file.ipynb"
    folder.file("go.txt", "")
    folder.notebook(
        path, "import os, time\nwhile not os.path.exists('go.txt'):\n    time.sleep(0.01)"
    )
    folder.run()
    (folder.root / "go.txt").unlink()
    run = verify.start(folder.project, folder.store)
    with pytest.raises(LockedError):
        folder.start()
    folder.until(run, lambda detail: detail.steps[0].status == "running")
    progress.cancel(folder.store, run)
    detail = folder.wait(run)
    assert (detail.summary.status, detail.summary.verdict) == ("cancelled", None)
