"""Where two runs part: the first step and cell, told while the rest still runs."""

from __future__ import annotations

import base64

from nbtrail.proof import verify

FIRST = "1-CLEANING-make-numbers.ipynb"
SECOND = "2-EXPLORATION-look-at-numbers.ipynb"
THIRD = "3-EXPERIMENTAL-score-numbers.ipynb"

MAKE = ("import json", "numbers = list(range(5))", "json.dump(numbers, open('numbers.json', 'w'))",
        "print('made')")  # fmt: skip


def test_the_first_cell_is_named_although_only_it_shows_it(folder):
    folder.notebook(FIRST, *MAKE)
    folder.notebook(SECOND, "import json\nprint(json.load(open('numbers.json')))", "print('end')")
    ran = folder.run()
    folder.notebook(FIRST, MAKE[0], MAKE[1].replace("5", "6"), *MAKE[2:])
    detail = folder.verify()
    assert detail.summary.verdict == "different"
    first, second = detail.differences
    assert (first["kind"], first["step"], first["cell"], first["cell_id"]) == (
        "file", FIRST, 2, "cell-2",
    )  # fmt: skip
    assert first["detail"] == "$: 5 entries → 6 entries"
    assert (second["kind"], second["step"], second["name"]) == ("output", SECOND, "cell 1")
    assert (second["expected"], second["actual"]) == ("[0, 1, 2, 3, 4]", "[0, 1, 2, 3, 4, 5]")
    assert detail.summary.message == (
        f"2 results differ. The runs part in cell 3 of {FIRST}: the file numbers.json is another "
        f"one ($: 5 entries → 6 entries). Changed since run {ran.summary.run}: {FIRST}."
    )
    assert folder.certificate(detail)["first_difference"] == first


def test_noise_paths_and_the_last_bit_are_no_differences(folder):
    folder.file("n.txt", "0.1")
    picture = base64.b64encode(b"no image at all").decode()
    folder.notebook(
        FIRST,
        "import os\nprint(os.getcwd(), object())",
        "import sys\nprint(os.getpid(), file=sys.stderr)",
        f"from IPython.display import display\ndisplay({{'image/png': {picture!r}}}, raw=True)",
        "some_score = float(open('n.txt').read())\nprint(some_score)",
        "open('made.csv', 'w').write(f'a,b\\n1,{some_score}\\n') and None",
    )
    folder.run()
    folder.file("n.txt", "0.10000000000000002")
    detail = folder.verify()
    assert detail.summary.verdict == "identical", detail.differences
    assert 0 < detail.summary.largest_difference < 1e-15
    assert "The largest relative difference is 1.4e-16." in detail.summary.message
    facts = folder.certificate(detail)
    assert facts["inputs_changed_since"] == ["n.txt"]
    assert facts["compared"] == {"metrics": 1, "files": 1, "outputs": 3}


def test_settings_decide_what_may_differ(folder):
    folder.file("n.txt", "1.00")
    folder.notebook(
        FIRST,
        "value = open('n.txt').read()\nprint(value)",
        "some_score = float(value)",
        "for name in ('a.csv', 'b.csv', 'c.log'):\n    open(name, 'w').write('n\\n' + value)",
    )
    folder.run()
    folder.file("n.txt", "1.01")
    found = {d["name"] for d in folder.verify().differences}
    assert found == {"some_score", "cell 1", "a.csv", "b.csv", "c.log"}
    folder.file(
        "nbtrail.toml",
        '[verify.tolerances]\n"*_score" = 0.05\n'
        '[verify.files]\n"*.log" = "ignore"\n"a.csv" = { absolute = 0.05 }\n"b.csv" = "exact"\n'
        f'[verify.outputs]\n"{FIRST}#1" = {{ relative = 0.05 }}\n',
    )
    detail = folder.verify()
    assert [d["name"] for d in detail.differences] == ["b.csv"]
    assert detail.summary.largest_difference < 0.05
    message = detail.summary.message
    assert "n.txt" in message
    assert "b.csv is another one (compared by bytes)" in message


def test_a_step_that_fails_tells_where_it_began(folder):
    folder.notebook(FIRST, "print('five')", "print('fine')", "print('never')")
    folder.run()
    folder.notebook(FIRST, "print('six')", "raise ValueError('broken')", "print('never')")
    detail = folder.verify()
    assert detail.summary.verdict == "failed"
    assert f"{FIRST} failed in cell 2: ValueError: broken" in detail.summary.message
    assert f"The runs part in cell 1 of {FIRST}: it shows “six”" in detail.summary.message
    assert [d["cell"] for d in detail.differences] == [0, 1]


def test_the_first_difference_is_told_while_the_rest_runs_and_may_end_it(folder):
    wait = "import os, time\nwhile not os.path.exists('go.txt'):\n    time.sleep(0.01)"
    folder.file("go.txt")
    folder.notebook(FIRST, *MAKE)
    folder.notebook(THIRD, "import json\nn = json.load(open('numbers.json'))", wait)
    folder.run()
    (folder.root / "go.txt").unlink()
    folder.notebook(FIRST, MAKE[0], MAKE[1].replace("5", "6"), *MAKE[2:])
    run = verify.start(folder.project, folder.store, fail_fast=True)
    live = folder.until(run, lambda detail: detail.summary.message is not None)
    assert live.summary.message.startswith(f"The runs part in cell 3 of {FIRST}: ")
    detail = folder.wait(run)
    assert (detail.summary.status, detail.summary.verdict) == ("ok", "different")
    assert detail.summary.message.startswith("Stopped at the first difference. The runs part in ")
    assert [step.status for step in detail.steps] == ["ran", "cancelled"]
    assert {d["step"] for d in detail.differences} == {FIRST}
