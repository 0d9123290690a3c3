"""A step is skipped only where all that it depends on is known and as it was."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from nbtrail.pipeline.graph import build_graph
from nbtrail.pipeline.model import StepState
from nbtrail.pipeline.status import step_states

STEP = "1-EXPLORATION-one-step.ipynb"
READ_TABLE = (
    "import sqlite3\ncon = sqlite3.connect('data/values.db')\n"
    "total_score = con.execute('select sum(x) from t').fetchone()[0] * 1.0\ncon.close()"
)
WRITE_TABLE = (
    "import sqlite3\nn = len(open('data/raw.txt').read())\n"
    "con = sqlite3.connect('data/made.db')\n"
    "con.execute('create table if not exists t (x)')\ncon.execute('delete from t')\n"
    "con.execute('insert into t values (?)', (n,))\ncon.commit()\ncon.close()"
)


def table(file: Path, *values: int) -> None:
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    connection = sqlite3.connect(file)
    connection.execute("create table t (x)")
    connection.executemany("insert into t values (?)", [(value,) for value in values])
    connection.commit()
    connection.close()


def status(folder, path: str = STEP, **request) -> str:
    """How a step of a new run ended."""
    return next(one.status for one in folder.run(**request).steps if one.path == path)


def state(folder, path: str = STEP) -> StepState:
    graph = build_graph(folder.project, folder.store)
    return step_states(folder.project, folder.store, graph)[path]


def test_files_read_by_native_code_are_looked_at_in_every_run(folder):
    folder.file("data/other.txt", "1")
    table(folder.root / "data/values.db", 1, 2)
    folder.notebook(STEP, "open('data/other.txt').read()", READ_TABLE)
    assert status(folder) == "ran"
    assert status(folder) == "cached"
    # What the second run sees is no less than what the first did.
    folder.file("data/other.txt", "2")
    again = folder.run().steps[0]
    assert [access.path for access in again.inputs] == ["data/other.txt", "data/values.db"]
    table(folder.root / "data/values.db", 3, 4)
    assert "data/values.db" in state(folder).why
    assert status(folder) == "ran"


def test_files_written_by_native_code_are_brought_back_in_every_run(folder):
    folder.file("data/raw.txt", "12345")
    folder.notebook(STEP, WRITE_TABLE)
    assert status(folder) == "ran"
    folder.file("data/raw.txt", "123")
    again = folder.run().steps[0]
    assert [access.path for access in again.outputs] == ["data/made.db"]
    (folder.root / "data/made.db").unlink()
    assert "data/made.db" in state(folder).why
    restored = folder.run().steps[0]
    assert (restored.status, restored.message) == ("cached", "Brought back: data/made.db.")
    table(folder.root / "data/made.db", 7)
    assert status(folder) == "ran"


def test_a_native_file_that_a_step_may_make_and_did_not_is_one_that_it_takes(folder):
    code = (
        "import os, sqlite3\nif not os.path.exists('data/values.db'):\n"
        "    con = sqlite3.connect('data/values.db')\n    con.execute('create table t (x)')\n"
        "con = sqlite3.connect('data/values.db')\ncon.execute('select x from t')"
    )
    table(folder.root / "data/values.db", 1)
    folder.notebook(STEP, code)
    assert status(folder) == "ran"
    assert status(folder) == "cached"
    table(folder.root / "data/values.db", 2)
    assert status(folder) == "ran"


def test_a_folder_that_native_code_reads_as_a_whole_is_all_its_files(folder):
    folder.file("data/parts.zarr/0/0.0", "a")
    folder.notebook(STEP, "open_zarr = print\nopen_zarr('data/parts.zarr')")
    assert [access.path for access in folder.run().steps[0].inputs] == ["data/parts.zarr/0/0.0"]
    assert status(folder) == "cached"
    folder.file("data/parts.zarr/0/0.1", "b")
    assert [status(folder), status(folder)] == ["ran", "cached"]
    folder.file("data/parts.zarr/0/0.1", "c")
    assert [status(folder), status(folder)] == ["ran", "cached"]


def test_what_native_code_changes_in_place_is_never_the_same_input(folder):
    code = READ_TABLE.replace(
        "con.close()", "con.execute('insert into t values (1)')\ncon.commit()"
    )
    table(folder.root / "data/values.db", 1)
    folder.notebook(STEP, code)
    assert [status(folder), status(folder)] == ["ran", "ran"]


def test_files_that_other_processes_read_and_write_are_known(folder):
    folder.file("data/raw.txt", "one")
    codes = {
        "1-CLEANING-line.ipynb": "!wc -c data/raw.txt",
        "2-CLEANING-filled-in.ipynb": "name = 'raw'\n!wc -c data/{name}.txt",
        "3-CLEANING-cell.ipynb": "%%bash\ncat < data/raw.txt | wc -c > data/count.txt",
        "4-CLEANING-list.ipynb": "import subprocess\nsubprocess.run(['wc', 'data/raw.txt'])",
        "5-CLEANING-system.ipynb": "import os\nos.system('wc -c data/raw.txt')",
    }
    for path, code in codes.items():
        folder.notebook(path, code)
    for _ in range(2):
        for step in folder.run(force=True).steps:
            assert [access.path for access in step.inputs] == ["data/raw.txt"], step.path
            made = ["data/count.txt"] if "> " in codes[step.path] else []
            assert [access.path for access in step.outputs] == made


def test_declared_files_are_looked_at_whatever_opens_them(folder):
    folder.file("data/raw.csv", "1")
    folder.file("nbtrail.toml", f'[[pipeline.steps]]\npath = "{STEP}"\nreads = ["data/raw.csv"]\n')
    folder.notebook(STEP, "hidden = __import__('subprocess')\nhidden.call('cat data/*', shell=1)")
    step = folder.run().steps[0]
    assert [access.path for access in step.inputs] == ["data/raw.csv"]
    assert status(folder) == "cached"
    folder.file("data/raw.csv", "2")
    assert status(folder) == "ran"


def test_a_new_file_that_fits_a_pattern_is_noticed(folder):
    folder.file("parts/10_part.csv", "1")
    codes = {
        "read": "import glob\nprint([open(f).read() for f in glob.glob('parts/*.csv')])",
        "dated": "import glob\nprint(glob.glob('parts/*_part.csv'))",
        "other-wildcards": "import glob\nprint(glob.glob('parts/[0-9]?_part.csv'))",
        "below": "from pathlib import Path\nprint(list(Path('.').rglob('*.csv')))",
        "walk": "import os\nprint(list(os.walk('parts')))",
        "list": "import os\nprint(os.listdir('parts'))",
    }
    for name, code in codes.items():
        folder.notebook(f"EXPLORATION-{name}.ipynb", code)

    def ended(**request) -> set[str]:
        return {one.status for one in folder.run(**request).steps}

    assert [ended(), ended(), ended(force=True), ended()] == [
        {"ran"}, {"cached"}, {"ran"}, {"cached"}
    ]  # fmt: skip
    folder.file("parts/11_part.csv", "2")
    assert [ended(), ended()] == [{"ran"}, {"cached"}]


def test_a_file_that_was_looked_for_and_comes_later_is_noticed(folder):
    folder.notebook(
        STEP, "import os\nx_score = 1.0\nif os.path.exists('x.txt'):\n    open('x.txt').read()"
    )
    assert [status(folder), status(folder)] == ["ran", "cached"]
    folder.file("x.txt", "1")
    assert [status(folder), status(folder)] == ["ran", "cached"]


def test_a_module_that_an_earlier_step_writes_is_the_one_of_now(folder):
    write = "text = open('answer.txt').read()\nopen('helper.py', 'w').write('ANSWER = ' + text)"
    use = "2-EXPLORATION-use-it.ipynb"
    folder.file("answer.txt", "42")
    folder.notebook("1-CLEANING-write-module.ipynb", write)
    folder.notebook(use, "import helper\nanswer_score = helper.ANSWER * 1.0")
    assert folder.run().summary.metrics == {"answer_score": 42.0}
    folder.run()
    folder.file("answer.txt", "43")
    assert folder.run().summary.metrics == {"answer_score": 43.0}
    folder.file("answer.txt", "44")
    assert folder.run().summary.metrics == {"answer_score": 44.0}


def test_a_date_counts_only_in_the_name_of_a_file(folder):
    read = "from nbtrail import dataset\nprint(dataset('x.txt').read_text())"
    folder.file("data/2026-01-05_x.txt", "old")
    folder.notebook(STEP, "# as of 2026-01-05\nsince = '2026-01-05'", read)
    assert status(folder, date="2026-01-08") == "ran"
    assert status(folder, date="2026-01-08") == "cached"
    folder.file("data/2026-01-07_x.txt", "new")
    assert "x.txt" in state(folder).why
    assert status(folder, date="2026-01-08") == "ran"


@pytest.mark.parametrize(
    "name",
    ["'data/2026-01-05_x.txt'", "'data/{}_x.txt'.format(day)", "dataset('2026-01-05_x.txt')"],
)
def test_a_version_that_is_named_is_that_version(folder, name):
    folder.file("data/2026-01-05_x.txt", "old")
    folder.notebook(STEP, f"from nbtrail import dataset\nday = '2026-01-05'\nopen({name}).read()")
    assert status(folder) == "ran"
    folder.file("data/2026-01-07_x.txt", "new")
    assert status(folder) == "cached"
    folder.file("data/2026-01-05_x.txt", "mended")
    assert status(folder) == "ran"


def test_a_dataset_without_a_date_gives_way_to_one_with_a_date(folder):
    make = "1-CLEANING-make.ipynb"
    use = "2-EXPLORATION-use.ipynb"
    read = "from nbtrail import dataset\nprint(dataset('x.txt').read_text())"
    folder.file("data/x.txt", "undated")
    folder.notebook(use, read, "print(open('data/other.txt').read())")
    folder.file("data/other.txt", "stays")
    assert status(folder, use) == "ran"
    folder.file("data/2026-01-07_other.txt", "not asked for")
    assert state(folder, use).status == "fresh"
    folder.file("data/2026-01-07_x.txt", "dated")
    assert "data/x.txt" in state(folder, use).why
    assert status(folder, use) == "ran"
    folder.notebook(make, "from nbtrail import dataset\ndataset('x.txt', 'w').write_text('made')")
    edges = build_graph(folder.project, folder.store).edges
    assert [(edge.source, edge.target) for edge in edges] == [(make, use)]
    detail = folder.run()
    assert [one.status for one in detail.steps] == ["ran", "ran"]


def test_a_skipped_step_gives_a_bare_notebook_its_outputs(folder):
    shown = "print('shown')"
    folder.notebook(STEP, shown)
    assert status(folder) == "ran"
    full = (folder.root / STEP).read_bytes()
    bare = folder.notebook(STEP, shown).read_bytes()
    assert status(folder, write=False) == "cached"
    assert (folder.root / STEP).read_bytes() == bare
    assert status(folder) == "cached"
    assert json.loads((folder.root / STEP).read_bytes()) == json.loads(full)
    # Outputs that are there are left alone.
    other = full.replace(b"shown\\n", b"other\\n")
    (folder.root / STEP).write_bytes(other)
    assert status(folder) == "cached"
    assert (folder.root / STEP).read_bytes() == other


def test_a_bare_notebook_is_given_no_outputs_where_the_copy_is_gone(folder):
    folder.notebook(STEP, "print('shown')")
    folder.run()
    for file in (folder.project.state_dir / "blobs").rglob("*"):
        if file.is_file():
            file.unlink()
    bare = folder.notebook(STEP, "print('shown')").read_bytes()
    assert status(folder) == "cached"
    assert (folder.root / STEP).read_bytes() == bare


def test_changed_modules_and_other_parameters_are_reasons(folder):
    folder.file("helper.py", "def answer():\n    return 42\n")
    folder.notebook(STEP, "n = 3", "import helper\nprint(helper.answer() + n)", tag="parameters")
    folder.run()
    assert state(folder).status == "fresh"
    folder.file("helper.py", "# said again\ndef answer():\n    return 42\n")
    assert state(folder).status == "fresh"
    assert status(folder) == "cached"
    folder.file("helper.py", "def answer():\n    return 43\n")
    assert state(folder) == StepState(
        "stale", "helper.py changed since it ran.", state(folder).seconds, {}
    )
    folder.run()
    assert state(folder).status == "fresh"
    folder.run(params={"n": 5})
    assert state(folder).why == "It ran with n = 5, not 3."
    folder.run()
    assert state(folder).status == "fresh"


def test_a_step_whose_children_may_read_anything_runs_again(folder):
    folder.file("data/raw.txt", "1")
    folder.file("tool.py", "print(open('data/raw.txt').read())")
    code = "import subprocess, sys\nsubprocess.run([sys.executable, 'tool.py'], check=True)"
    folder.notebook(STEP, code)
    assert [status(folder), status(folder)] == ["ran", "ran"]
    reads = '["tool.py", "data/raw.txt"]'
    folder.file("nbtrail.toml", f'[[pipeline.steps]]\npath = "{STEP}"\nreads = {reads}\n')
    assert [status(folder), status(folder)] == ["ran", "cached"]
    folder.file("data/raw.txt", "2")
    assert status(folder) == "ran"


def test_a_step_whose_children_say_what_they_read_is_skipped(folder):
    folder.file("data/raw.txt", "1")
    folder.notebook(STEP, "%%bash\nsort data/raw.txt > data/sorted.txt")
    first = folder.run().steps[0]
    assert [access.path for access in first.inputs] == ["data/raw.txt"]
    assert [access.path for access in first.outputs] == ["data/sorted.txt"]
    assert status(folder) == "cached"
    folder.file("data/raw.txt", "2")
    assert [status(folder), status(folder)] == ["ran", "cached"]
