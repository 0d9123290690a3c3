"""Steps that go wrong: a clear message with step and cell, and the other branches go on."""

from __future__ import annotations

from nbtrail.pipeline.graph import build_graph

from .conftest import statuses, step

DELETES, USES = "1-CLEANING-deletes-its-input.ipynb", "2-EXPLORATION-uses-what-it-made.ipynb"
FOLDER, DANGLING = "3-EXPLORATION-opens-a-folder.ipynb", "4-EXPLORATION-opens-a-dead-link.ipynb"
LEFT, RIGHT, BEHIND = (
    "5-CLEANING-left-of-circle.ipynb",
    "6-CLEANING-right-of-circle.ipynb",
    "7-EXPLORATION-behind-the-circle.ipynb",
)
FINE = "8-EXPLORATION-is-fine.ipynb"


def test_other_branches_go_on_and_the_ledger_stays_whole(folder):
    folder.file("once.txt", "1")
    folder.file("folder.csv/inner.txt", "1")
    (folder.root / "dead.csv").symlink_to("nowhere.csv")
    folder.notebook(
        DELETES,
        "import os",
        "text = open('once.txt').read()\nos.remove('once.txt')",
        "open('made.txt', 'w').write(text)",
    )
    folder.notebook(USES, "print(open('made.txt').read())")
    folder.notebook(FOLDER, "1", "open('folder.csv').read()")
    folder.notebook(DANGLING, "open('dead.csv').read()")
    folder.notebook(LEFT, "open('right.txt').read()\nopen('left.txt', 'w').write('l')")
    folder.notebook(RIGHT, "1", "open('left.txt').read()\nopen('right.txt', 'w').write('r')")
    folder.notebook(BEHIND, "open('right.txt').read()")
    folder.notebook(FINE, "print('fine')")
    detail = folder.run(jobs=2)
    assert statuses(detail) == {
        DELETES: "ran",
        USES: "ran",
        FOLDER: "failed",
        DANGLING: "failed",
        LEFT: "failed",
        RIGHT: "failed",
        BEHIND: "skipped",
        FINE: "ran",
    }
    error = step(detail, FOLDER).error
    assert (error["name"], error["cell"]) == ("IsADirectoryError", 1)
    assert step(detail, DANGLING).error["name"] == "FileNotFoundError"
    for path in (LEFT, RIGHT):
        error = step(detail, path).error
        assert error["name"] == "Cycle"
        assert LEFT in error["message"]
        assert RIGHT in error["message"]
        assert "cell 2" in error["message"]
    # One of them alone has an order.
    folder.file("left.txt", "l")
    assert statuses(folder.run(notebooks=(RIGHT,))) == {RIGHT: "ran"}
    # What a step deleted is missing when it has to run again, and that is what it says.
    again = folder.run(notebooks=(DELETES, FINE))
    assert statuses(again) == {DELETES: "failed", FINE: "cached"}
    assert step(again, DELETES).error["cell"] == 1
    assert "once.txt" in step(again, DELETES).error["message"]


def test_an_input_that_changes_while_a_step_runs_is_never_the_same(folder):
    path = "1-EXPLORATION-reads-what-changes.ipynb"
    changing = folder.file("changing.txt", "before")
    folder.notebook(
        path,
        "import os, time\ntext = open('changing.txt').read()\nopen('read', 'w').close()\n"
        "while not os.path.exists('go'):\n    time.sleep(0.01)",
    )
    run = folder.start()
    folder.until(run, lambda _detail: (folder.root / "read").exists())
    changing.write_text("after, and longer")
    (folder.root / "go").touch()
    detail = folder.wait(run)
    assert statuses(detail) == {path: "ran"}
    assert {a.path: a.sha256 for a in detail.steps[0].inputs}["changing.txt"] is None
    assert statuses(folder.run()) == {path: "ran"}
    assert statuses(folder.run()) == {path: "cached"}


def test_five_hundred_steps_are_planned_and_settled(folder):
    """All but one need the first, which fails: what is left is the scheduler's own work."""
    first = "0-CLEANING-make-all.ipynb"
    folder.notebook(first, "raise OSError('no disk today')\nopen('all.txt', 'w').write('1')")
    for number in range(1, 499):
        reads = "all.txt" if number < 3 else f"made-{number // 2}.txt"
        folder.notebook(
            f"{number}-CLEANING-make-part.ipynb",
            f"text = open('{reads}').read()\nopen('made-{number}.txt', 'w').write(text)",
        )
    folder.notebook(FINE, "print('fine')")
    assert len(build_graph(folder.project).order) == 500
    detail = folder.run(jobs=4)
    found = statuses(detail)
    assert found.pop(first) == "failed"
    assert found.pop(FINE) == "ran"
    assert set(found.values()) == {"skipped"}
    assert len(found) == 498
