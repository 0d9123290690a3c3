"""What the probe notices, and that it changes nothing else."""

from __future__ import annotations

import math
from typing import Any

import pytest

from nbtrail.recorder.install import install_code

from .conftest import Bench


def printed(messages: list[dict[str, Any]]) -> str:
    texts = [m["content"]["text"] for m in messages if m["msg_type"] == "stream"]
    errors = ["\n".join(m["content"]["traceback"]) for m in messages if m["msg_type"] == "error"]
    return "".join(texts + errors)


def test_metrics(bench: Bench) -> None:
    bench.run(
        "import numpy as np\n"
        "test_auc = 0.75\nRMSE = np.float32(0.5)\nloss = float('nan')\nval_loss = float('inf')\n"
        "is_accuracy = True\naccuracy_table = [1]\n_private_auc = 1\nother = 3\n"
        "f1 = np.float64(0.25)\nr2 = 1\nglobals()[7] = 'no name'\n"
        "mse = 10**400\nmae = -(10**400)"
    )
    bench.run("pass")
    bench.run("test_auc = 0.5 + 0.25")
    bench.log()
    by_cell = [{name: value for name, value, _ in done.end.metrics} for done in bench.finished]
    assert math.isnan(by_cell[0].pop("loss") or 0)
    assert by_cell[0] == {
        "test_auc": 0.75, "RMSE": 0.5, "val_loss": math.inf, "f1": 0.25, "r2": 1.0,
        "mse": math.inf, "mae": -math.inf,
    }  # fmt: skip
    assert by_cell[1] == {}
    # The same result again is a result.
    assert by_cell[2] == {"test_auc": 0.75}
    assert bench.recorder.probe_failures == 0


LIBRARIES = """
import gzip, json, os, pathlib, pickle, shutil, tarfile, zipfile, bz2
import joblib, matplotlib, numpy as np, pandas as pd
matplotlib.use("agg")
import matplotlib.pyplot as plt
from PIL import Image
"""

CASES = {
    "open": ("open('{}', 'w').write('x')", "open('{}').read()"),
    "append": ("open('{}', 'a').write('x')", "open('{}', 'rb').read()"),
    "exclusive": ("open('{}', 'x').write('x')", "open(b'{}').read()"),
    "pathlib": ("pathlib.Path('{}').write_text('x')", "pathlib.Path('{}').read_bytes()"),
    "touch": ("pathlib.Path('{}').touch()", "pathlib.Path('{}').open().close()"),
    "os.open": (
        "os.close(os.open('{}', os.O_WRONLY | os.O_CREAT))",
        "os.fdopen(os.open('{}', os.O_RDONLY)).read()",
    ),
    "numpy": ("np.savetxt('{}', np.eye(2))", "np.loadtxt('{}')"),
    "npy.npy": ("np.save('{}', np.eye(2))", "np.load('{}')"),
    "memmap": (
        "np.memmap('{}', mode='w+', shape=4).flush()",
        "np.memmap('{}', mode='r', shape=4)",
    ),
    "pandas.csv": ("pd.DataFrame({{'a': [1]}}).to_csv('{}')", "pd.read_csv('{}')"),
    "pandas.json": ("pd.DataFrame({{'a': [1]}}).to_json('{}')", "pd.read_json('{}')"),
    "pandas.csv.gz": ("pd.DataFrame({{'a': [1]}}).to_csv('{}')", "pd.read_csv('{}')"),
    "joblib": ("joblib.dump([1], '{}')", "joblib.load('{}')"),
    "pickle": ("pickle.dump(1, open('{}', 'wb'))", "pickle.load(open('{}', 'rb'))"),
    "gzip": ("gzip.open('{}', 'wb').close()", "gzip.open('{}').read()"),
    "bz2": ("bz2.open('{}', 'wb').close()", "bz2.open('{}').read()"),
    "zip": ("zipfile.ZipFile('{}', 'w').close()", "zipfile.ZipFile('{}').namelist()"),
    "tar": ("tarfile.open('{}', 'w').close()", "tarfile.open('{}').getnames()"),
    "image.png": ("Image.new('L', (2, 2)).save('{}')", "Image.open('{}').load()"),
    "figure.png": ("plt.figure().savefig('{}')", "plt.imread('{}')"),
    "shutil": ("shutil.copy('seed.txt', '{}')", "shutil.copyfile('{}', os.devnull)"),
    "replace": ("os.replace(open('t', 'w').name, '{}')", "open('{}').read()"),
    "rename": ("pathlib.Path(open('t', 'w').name).rename('{}')", "open('{}').read()"),
}


def test_libraries_that_read_and_write_in_python(bench: Bench) -> None:
    (bench.root / "seed.txt").write_text("seed")
    bench.run(LIBRARIES)
    for name, (write, read) in CASES.items():
        assert "Error" not in printed(bench.run(write.format(name), f"write {name}"))
        assert "Error" not in printed(bench.run(read.format(name), f"read {name}"))
    found = {e.cell_id: e for e in bench.log()}
    for name in CASES:
        writes = found[f"write {name}"].writes
        reads = found[f"read {name}"].reads
        assert [a.path for a in writes] == [name], name
        assert [a.path for a in reads] == [name], name
        assert writes[0].sha256 == reads[0].sha256 is not None, name
    assert bench.recorder.probe_failures == 0


def test_what_is_no_input_and_no_output(bench: Bench) -> None:
    (bench.root / "in.txt").write_text("in")
    (bench.root / ".venv").mkdir()
    (bench.root / "__pycache__").mkdir()
    bench.run(
        "import os, sys, tempfile, json, zoneinfo\n"
        "open('/proc/self/stat').read()\nopen(os.devnull, 'w').write('x')\n"
        "open(json.__file__).read()\nopen('__pycache__/x.txt', 'w').write('x')\n"
        "tempfile.TemporaryFile().write(b'x')\n"
        "open('gone.txt', 'w').write('x'); os.remove('gone.txt')\n"
        "open('nbtrail.toml').read()\n"
        "import numpy; open(numpy.__file__).read()\n"
        "open('kept.txt', 'w').write('x'); open('kept.txt').read()\n"
        "os.open('.', os.O_RDONLY)\n"
        "try: open('missing.txt')\nexcept OSError: pass\n"
        "open('in.txt').read()"
    )
    (one,) = bench.log()
    assert one.status == "ok"
    assert [a.path for a in one.reads] == ["in.txt"]
    assert [a.path for a in one.writes] == ["kept.txt"]


def test_paths_are_those_of_the_moment(bench: Bench) -> None:
    folder = bench.root / "sub"
    folder.mkdir()
    (folder / "in.txt").write_text("in")
    outside = bench.root.parent / "outside.txt"
    (bench.root / "link").symlink_to(folder)
    bench.run(
        "import os\nos.chdir('sub')\nopen('in.txt').read()\nos.chdir('..')\n"
        "open('sub/../sub/./out.txt', 'w').write('x')\nopen('link/in.txt').read()"
    )
    bench.run("%cd sub\nopen('in.txt').read()")
    first, second = bench.log()
    assert [a.path for a in first.reads] == ["sub/in.txt", "link/in.txt"]
    assert [a.path for a in first.writes] == ["sub/out.txt"]
    assert [a.path for a in second.reads] == ["sub/in.txt"]
    assert not outside.exists()


def test_a_file_that_moved_has_an_unknown_hash(bench: Bench) -> None:
    (bench.root / "in.txt").write_text("in")
    bench.run(
        "import os\ntext = open('in.txt').read()\n"
        "__import__('subprocess').run(['sh', '-c', 'echo more >> in.txt'])"
    )
    (one,) = bench.log()
    (read,) = one.reads
    assert (read.path, read.sha256) == ("in.txt", None)


def test_modules_of_the_project_are_inputs(bench: Bench) -> None:
    (bench.root / "helpers.py").write_text("x = 1\n")
    bench.run("import helpers, json, wave")
    bench.run("import helpers")
    bench.log()
    first, second = (done.end.modules for done in bench.finished)
    assert [a.path for a in first] == ["helpers.py"]
    assert first[0].sha256 is not None
    assert second == ()


def test_open_is_still_open(bench: Bench) -> None:
    (bench.root / "in.txt").write_text("äöü", encoding="utf-8")
    output = printed(
        bench.run(
            "import builtins, copy, functools, inspect, io, os, pickle\n"
            "f = builtins.open\n"
            "assert f is io.open\n"
            "assert pickle.loads(pickle.dumps(f)) == f\n"
            "assert copy.deepcopy(f) == f and copy.copy(f) == f\n"
            "assert (f.__name__, f.__qualname__, callable(f)) == ('open', 'open', True)\n"
            "assert list(inspect.signature(f).parameters)[:2] == ['file', 'mode']\n"
            "assert 'Open file' in f.__doc__\n"
            "assert inspect.isroutine(f) and hash(f) == hash(io.open)\n"
            "class Reader:\n    opener = builtins.open\n"
            "assert Reader().opener('in.txt', encoding='utf-8').read() == 'äöü'\n"
            "try: open('in.txt', encoding='ascii').read()\n"
            "except UnicodeDecodeError: pass\n"
            "else: raise AssertionError\n"
            "assert open('in.txt', encoding='ascii', errors='ignore').read() == ''\n"
            "r, w = os.pipe()\n"
            "os.fdopen(w, 'w').write('piped')\n"
            "assert builtins.open(r).read() == 'piped'\n"
            "for bad in ((), ('in.txt', 'q'), (None,)):\n"
            "    try: builtins.open(*bad)\n"
            "    except (TypeError, ValueError): pass\n"
            "    else: raise AssertionError(bad)\n"
            "assert os.open in os.supports_dir_fd and os.rename in os.supports_dir_fd\n"
            "assert pickle.loads(pickle.dumps(os.rename)) == os.rename\n"
            "import shutil; assert shutil._use_fd_functions\n"
            "open('in.txt', opener=lambda p, flags: os.open(p, flags)).read()\n"
            "import multiprocessing as mp\n"
            "print('fine')"
        )
    )
    assert output == "fine\n"
    assert [a.path for a in bench.log()[0].reads] == ["in.txt"]
    assert bench.recorder.probe_failures == 0


def test_functions_that_open_files_go_to_worker_processes(bench: Bench) -> None:
    (bench.root / "in.txt").write_text("12345")
    output = printed(
        bench.run(
            "from joblib import Parallel, delayed\n"
            "def size(name):\n    with open(name) as stream:\n        return len(stream.read())\n"
            "print(Parallel(n_jobs=2)(delayed(size)('in.txt') for _ in range(2)))"
        )
    )
    assert output == "[5, 5]\n"
    assert bench.recorder.probe_failures == 0


def test_metrics_that_fail_hide_no_file(bench: Bench) -> None:
    bench.run(
        "class Odd:\n"
        "    @property\n"
        "    def __class__(self): raise RuntimeError('no')\n"
        "auc = Odd()\nopen('out.txt', 'w').write('x')"
    )
    (one,) = bench.log()
    assert [a.path for a in one.writes] == ["out.txt"]
    assert bench.recorder.probe_failures == 1


def test_tracebacks_are_those_of_a_kernel_without_the_probe(unstarted: Bench) -> None:
    cells = [
        "open('missing.txt')",
        "import os, pathlib\npathlib.Path('missing.txt').read_text()",
        "os.open('missing.txt', 0)",
        "try:\n    open('missing.txt')\nexcept OSError as e:\n    raise ValueError('x') from e",
    ]
    unstarted.start(probe=False)
    plain = [printed(unstarted.run(cell)) for cell in cells]
    unstarted.run("%reset -f")
    unstarted.install(unstarted.probe)
    probed = [printed(unstarted.run(cell)) for cell in cells]

    def numbered(texts: list[str], first: int) -> list[str]:
        return [text.replace(f"In[{first + n}]", "In[]") for n, text in enumerate(texts)]

    assert all("FileNotFoundError" in text for text in plain)
    assert numbered(probed, 2 + len(cells)) == numbered(plain, 1)


def test_installing_twice_does_nothing_twice(bench: Bench) -> None:
    for _ in range(2):
        bench.install(install_code(str(bench.root), ["special"]))
    bench.run("special = 1; test_auc = 1; open('out.txt', 'w').write('x')")
    (one,) = bench.log()
    assert [a.path for a in one.writes] == ["out.txt"]
    assert bench.metrics() == {"special": 1.0}


def test_nothing_appears_among_the_users_names(bench: Bench) -> None:
    output = printed(
        bench.run("print(sorted(n for n in globals() if 'nbtrail' in n.lower() or n == 'json'))")
    )
    assert output == "[]\n"
    messages = bench.run("get_ipython().execution_count")
    (result,) = [m for m in messages if m["msg_type"] == "execute_result"]
    assert result["content"]["execution_count"] == 2


@pytest.mark.parametrize(
    "code",
    [
        "import builtins, io\nbuiltins.open = io.open = None\nopen = lambda *a: None",
        "import sys\nsys.settrace(lambda *a: None)\nsys.modules.pop('_nbtrail_probe')",
        "import os\nos.stat = os.getcwd = os.fstat = None",
    ],
)
def test_user_code_that_breaks_things_only_breaks_them_for_the_probe(
    bench: Bench, code: str
) -> None:
    bench.run(code)
    output = printed(bench.run("x = 1\nprint('still here')"))
    assert output == "still here\n"
    assert [e.status for e in bench.log()] == ["ok", "ok"]


def test_forked_children_note_for_their_cell(bench: Bench) -> None:
    output = printed(
        bench.run(
            "import os\npid = os.fork()\n"
            "if pid == 0:\n    open('child.txt', 'w').write('x'); os._exit(0)\n"
            "print(os.waitpid(pid, 0)[1])"
        )
    )
    assert output.strip().endswith("0")
    (one,) = bench.log()
    assert [a.path for a in one.writes] == ["child.txt"]


def test_a_config_that_does_not_want_files(unstarted: Bench) -> None:
    unstarted.start(probe=False)
    code = install_code(str(unstarted.root), ["*auc"], note_files=False)
    unstarted.install(code)
    unstarted.run("open('out.txt', 'w').write('x'); auc = 1")
    (one,) = unstarted.log()
    assert one.writes == ()
    assert unstarted.metrics() == {"auc": 1.0}


def test_thousands_of_files(bench: Bench) -> None:
    (bench.root / "sub").mkdir()
    bench.run(
        "import os\nfor n in range(1500):\n    with open(f'{n}.txt', 'w') as f: f.write('x')\n"
        "os.chdir('sub')\nfor n in range(500):\n    with open(f'{n}.txt', 'w') as f: f.write('x')\n"
        "os.chdir('..')"
    )
    bench.run(
        "for n in range(1500):\n    with open(f'{n}.txt') as f: f.read()\n"
        "open('t', 'w').write('x'); open('7.txt').read(); os.replace('t', '7.txt')\n"
        "os.replace('8.txt', 'only-written'); open('only-written').read()"
    )
    first, second = bench.log()
    expected = {f"{n}.txt" for n in range(1500)}
    assert {a.path for a in first.writes} == expected | {f"sub/{n}.txt" for n in range(500)}
    assert {a.path for a in second.reads} == expected
    assert {a.path for a in second.writes} == {"7.txt", "only-written"}
    assert sum(a.sha256 is not None for a in second.reads) > 100
