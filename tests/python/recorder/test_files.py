"""Files that libraries and child processes touch past Python's ``open``.

Each row of the table in docs/recorded-files.md has its test here, or in ``CASES`` of
test_probe.py.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from nbtrail.recorder import reports

from .conftest import Bench
from .test_probe import printed

PREPARE = """
import pandas as pd
frame = pd.DataFrame({'a': [1, 2, 3], 'b': ['x', 'y', 'z']})
"""

#: Library: what the cells need, and by name what writes the file and what reads it.
LIBRARIES: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "pandas": (
        "import sqlite3",
        {
            "p.parquet": ("frame.to_parquet('{}')", "pd.read_parquet('{}')"),
            "p.feather": ("frame.to_feather('{}')", "pd.read_feather('{}')"),
            "p.h5": ("frame.to_hdf('{}', key='k')", "pd.read_hdf('{}', 'k')"),
            "p.xlsx": ("frame.to_excel('{}')", "pd.read_excel('{}')"),
            "p.db": (
                "c = sqlite3.connect('{}'); frame.to_sql('t', c); c.close()",
                "c = sqlite3.connect('{}'); pd.read_sql('select * from t', c); c.close()",
            ),
            "alchemy.db": (
                "frame.to_sql('t', 'sqlite:///{}')",
                "pd.read_sql('select * from t', 'sqlite:///{}')",
            ),
            "uri.db": (
                "c = sqlite3.connect('file:{}?mode=rwc', uri=True); frame.to_sql('t', c)",
                "c = sqlite3.connect('file:{}?mode=ro', uri=True); c.execute('select * from t')",
            ),
        },
    ),
    "pyarrow": (
        "import pyarrow as pa, pyarrow.parquet as pq, pyarrow.dataset as ds\n"
        "import pyarrow.csv, pyarrow.feather, pyarrow.ipc, pyarrow.json, pyarrow.orc\n"
        "table = pa.table({'a': [1, 2]})\n"
        "frame.to_json('lines.json', orient='records', lines=True)",
        {
            "a.parquet": ("pq.write_table(table, '{}')", "pq.read_table('{}')"),
            "b.parquet": (
                "with pq.ParquetWriter('{}', table.schema) as w: w.write_table(table)",
                "pq.ParquetFile('{}').read()",
            ),
            "c.parquet": ("pq.write_table(table, '{}')", "ds.dataset('{}').to_table()"),
            "d.parquet": ("pq.write_table(table, '{}')", "pq.read_schema('{}')"),
            "a.feather": (
                "pyarrow.feather.write_feather(table, '{}')",
                "pyarrow.feather.read_table('{}')",
            ),
            "a.csv": ("pyarrow.csv.write_csv(table, '{}')", "pyarrow.csv.read_csv('{}')"),
            "b.csv": (
                "with pyarrow.csv.CSVWriter('{}', table.schema) as w: w.write_table(table)",
                "pyarrow.csv.open_csv('{}').read_all()",
            ),
            "a.arrow": (
                "with pa.ipc.new_file('{}', table.schema) as w: w.write_table(table)",
                "pa.ipc.open_file('{}').read_all()",
            ),
            "b.arrow": (
                "with pa.ipc.new_stream('{}', table.schema) as w: w.write_table(table)",
                "pa.ipc.open_stream(pa.memory_map('{}')).read_all()",
            ),
            "a.orc": (
                "pyarrow.orc.write_table(table, '{}')",
                "pyarrow.orc.read_table('{}')",
            ),
            "a.bin": (
                "with pa.OSFile('{}', 'wb') as f: f.write(b'x')",
                "pa.OSFile('{}').read()",
            ),
            "b.bin": (
                "with pa.output_stream('{}') as f: f.write(b'x')",
                "pa.input_stream('{}').read()",
            ),
            "a.json": (
                "import shutil; shutil.copy('lines.json', '{}')",
                "pyarrow.json.read_json('{}')",
            ),
        },
    ),
    "polars": (
        "import polars as pl\ndf = pl.DataFrame({'a': [1, 2]})",
        {
            "l.csv": ("df.write_csv('{}')", "pl.read_csv('{}')"),
            "m.csv": ("df.lazy().sink_csv('{}')", "pl.scan_csv('{}').collect()"),
            "l.parquet": ("df.write_parquet('{}')", "pl.read_parquet('{}')"),
            "m.parquet": ("df.lazy().sink_parquet('{}')", "pl.scan_parquet('{}').collect()"),
            "l.ipc": ("df.write_ipc('{}')", "pl.read_ipc('{}')"),
            "m.ipc": ("df.lazy().sink_ipc('{}')", "pl.scan_ipc('{}').collect()"),
            "l.json": ("df.write_json('{}')", "pl.read_json('{}')"),
            "l.ndjson": ("df.write_ndjson('{}')", "pl.read_ndjson('{}')"),
            "m.ndjson": ("df.lazy().sink_ndjson('{}')", "pl.scan_ndjson('{}').collect()"),
            "l.avro": ("df.write_avro('{}')", "pl.read_avro('{}')"),
        },
    ),
    "duckdb": (
        "import duckdb",
        {
            "d.duckdb": (
                "c = duckdb.connect('{}'); c.execute('create table t as select 1 a'); c.close()",
                "c = duckdb.connect('{}', read_only=True); c.sql('from t').fetchall(); c.close()",
            ),
            "d.csv": (
                "duckdb.sql(\"copy (select 1 a) to '{}'\")",
                "duckdb.sql(\"from '{}'\").df()",
            ),
            "e.csv": (
                "duckdb.sql('select 1 a').write_csv('{}')",
                "duckdb.read_csv('{}').fetchall()",
            ),
            "e.parquet": (
                "duckdb.sql('select 1 a').to_parquet('{}')",
                "duckdb.connect().execute('select * from read_parquet(?)', ['{}']).fetchall()",
            ),
            "f.parquet": (
                "duckdb.connect().execute(\"COPY (select 1 a) TO '{}' (FORMAT parquet)\")",
                "duckdb.connect().read_parquet('{}').fetchall()",
            ),
        },
    ),
    "h5py": (
        "import h5py",
        {
            "h.h5": (
                "with h5py.File('{}', 'w') as f: f['x'] = [1, 2]",
                "with h5py.File('{}') as f: f['x'][:]",
            ),
            "i.h5": (
                "with h5py.File(name='{}', mode='x') as f: f['x'] = 1",
                "with h5py.File('{}', 'r') as f: f['x'][()]",
            ),
        },
    ),
    "tables": (
        "import tables",
        {
            "t.h5": (
                "with tables.open_file('{}', 'w') as f: f.create_array('/', 'x', [1])",
                "with tables.open_file('{}') as f: f.root.x[:]",
            ),
        },
    ),
    "numpy": (
        "import numpy as np",
        {"n.bin": ("np.arange(3).tofile('{}')", "np.fromfile('{}')")},
    ),
    "torch": (
        "import torch",
        {"w.pt": ("torch.save(torch.zeros(2), '{}')", "torch.load('{}', mmap=True)")},
    ),
    "safetensors": (
        "import numpy as np, safetensors, safetensors.numpy as st",
        {
            "w.safetensors": (
                "st.save_file({{'a': np.zeros(2)}}, '{}')",
                "with safetensors.safe_open('{}', 'np') as f: f.keys()",
            ),
            "v.safetensors": (
                "st.save_file({{'a': np.zeros(2)}}, '{}')",
                "st.load_file('{}')",
            ),
        },
    ),
    "xarray": (
        "import xarray as xr, numpy as np",
        {
            "x.nc": (
                "xr.Dataset({{'a': ('x', np.zeros(2))}}).to_netcdf('{}')",
                "xr.open_dataset('{}').load()",
            ),
        },
    ),
    "cv2": (
        "import cv2, numpy as np",
        {"c.png": ("cv2.imwrite('{}', np.zeros((2, 2)))", "cv2.imread('{}')")},
    ),
}


def paths(accesses: Any) -> list[str]:
    return [access.path for access in accesses]


@pytest.mark.parametrize("library", LIBRARIES)
def test_libraries_that_open_files_themselves(bench: Bench, library: str) -> None:
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    prepare, cases = LIBRARIES[library]
    assert printed(bench.run(PREPARE + prepare)) == ""
    for name, (write, read) in cases.items():
        for kind, code in (("write", write), ("read", read)):
            output = printed(bench.run(code.format(name), f"{kind} {name}"))
            assert "Error" not in output, (code, output)
    found = {e.cell_id: e for e in bench.log()}
    for name in cases:
        writes, reads = found[f"write {name}"].writes, found[f"read {name}"].reads
        assert paths(writes) == [name], name
        assert paths(reads) == [name], name
        assert writes[0].sha256 == reads[0].sha256 is not None, name
        assert found[f"read {name}"].writes == (), name
    assert bench.recorder.probe_failures == 0


def test_folders_and_patterns(bench: Bench) -> None:
    bench.run(
        "import duckdb, polars as pl, pyarrow as pa, pyarrow.dataset as ds\n"
        "table = pa.table({'k': [1, 2], 'v': [3, 4]})"
    )
    bench.run("ds.write_dataset(table, 'parts', format='parquet', partitioning=['k'])")
    bench.run("ds.dataset('parts', partitioning=['k']).to_table()")
    bench.run("pl.scan_parquet('parts/**/*.parquet').collect()")
    bench.run("duckdb.sql(\"from 'parts/*/*.parquet'\").fetchall()")
    bench.run("import pandas as pd; pd.read_parquet('parts')")
    bench.run("pl.read_parquet('parts/')")
    bench.run("duckdb.sql(\"copy (select 1 k, 2 v) to 'out' (format parquet, partition_by (k))\")")
    found = bench.log()[1:]
    members = {"parts/1/part-0.parquet", "parts/2/part-0.parquet"}
    assert set(paths(found[0].writes)) == members
    for one in found[1:6]:
        assert set(paths(one.reads)) == members, one.source
        assert all(a.sha256 for a in one.reads)
        assert one.writes == ()
    assert all(path.startswith("out/k=1/") for path in paths(found[6].writes))
    assert len(found[6].writes) == 1


def test_what_is_in_sql_and_is_no_file(bench: Bench) -> None:
    (bench.root / "data").mkdir()
    (bench.root / "in.csv").write_text("a\n1\n")
    bench.run(
        "import duckdb\n"
        "duckdb.sql(\"select 'data', 'none.csv', 'it''s' from 'in.csv' where 'x' <> 'y'\").df()"
    )
    bench.run("duckdb.sql('from missing.csv')")
    first, second = bench.log()
    assert paths(first.reads) == ["in.csv"]
    assert (second.reads, second.status) == ((), "error")
    assert bench.recorder.probe_failures == 0


def test_files_that_stay_open(bench: Bench) -> None:
    bench.run("import sqlite3, duckdb, h5py\nc = sqlite3.connect('a.db')", "connect")
    bench.run("c.execute('create table t (x)'); c.commit()", "create")
    bench.run("pass", "nothing")
    bench.run(
        "c.execute('pragma journal_mode = wal')\nc.execute('insert into t values (1)')", "wal"
    )
    bench.run("c.commit()", "commit")
    bench.run("c.close()\nc = sqlite3.connect('a.db')\nrows = list(c.execute('select * from t'))")
    bench.run("c.close()", "close")
    bench.run("f = h5py.File('b.h5', 'w')", "h5")
    bench.run("f['x'] = [1] * 10_000; f.flush()", "h5 more")
    bench.run("f.close()", "h5 close")
    bench.run("log = open('log.txt', 'a')", "log")
    bench.run("print('x', file=log, flush=True)", "log more")
    bench.run("log.close()", "log close")
    (bench.root / "log.txt").write_text("somebody else")
    bench.run("pass", "after")
    found = {e.cell_id: e for e in bench.log()}
    written = {cell: paths(e.writes) for cell, e in found.items() if cell is not None}
    assert written["connect"] in (["a.db"], [])  # an empty file, in some versions
    assert written["create"] == ["a.db"]
    assert written["commit"] == ["a.db"]
    assert written["h5"] == written["h5 more"] == ["b.h5"]
    assert written["log"] == written["log more"] == ["log.txt"]
    assert written["nothing"] == written["log close"] == written["after"] == []
    assert paths(found[None].reads) == ["a.db"]


def test_a_database_that_is_only_read_is_not_written(bench: Bench) -> None:
    bench.run("import duckdb, sqlite3, h5py")
    bench.run(
        "c = sqlite3.connect('a.db'); c.execute('create table t (x)'); c.commit(); c.close()\n"
        "with duckdb.connect('b.duckdb') as d: d.execute('create table t (x int)')\n"
        "with h5py.File('c.h5', 'w') as f: f['x'] = 1"
    )
    bench.run(
        "c = sqlite3.connect('a.db'); list(c.execute('select * from t')); c.close()\n"
        "with duckdb.connect('b.duckdb') as d: d.execute('from t').fetchall()\n"
        "with h5py.File('c.h5', 'r+') as f: pass"
    )
    _, first, second = bench.log()
    assert set(paths(first.writes)) == {"a.db", "b.duckdb", "c.h5"}
    assert first.reads == ()
    assert {"a.db", "b.duckdb"} <= set(paths(second.reads))
    assert {"a.db", "b.duckdb"}.isdisjoint(paths(second.writes))


def test_wrapped_libraries_are_what_they_were(bench: Bench) -> None:
    (bench.root / "in.csv").write_text("a\n1\n")
    output = printed(
        bench.run(
            "import importlib, importlib.util, inspect, pickle, warnings, sys\n"
            "import cloudpickle, duckdb, h5py, pandas as pd, polars as pl, pyarrow as pa, sqlite3\n"
            "import pyarrow.csv, pyarrow.parquet as pq\n"
            "assert list(inspect.signature(pl.read_csv).parameters)[0] == 'source'\n"
            "assert list(inspect.signature(h5py.File).parameters)[:2] == ['name', 'mode']\n"
            "assert 'CSV' in pl.read_csv.__doc__\n"
            "assert pl.read_csv.__module__ == 'polars.io.csv.functions'\n"
            "assert 'def read_csv' in inspect.getsource(pl.read_csv)\n"
            "assert 'def write_csv' in inspect.getsource(pl.DataFrame.write_csv)\n"
            "for f in (pl.read_csv, h5py.File, pq.ParquetFile, duckdb.sql, pa.memory_map):\n"
            "    assert pickle.loads(pickle.dumps(f)) is f\n"
            "    assert cloudpickle.loads(cloudpickle.dumps(f)) is f\n"
            "with h5py.File('x.h5', 'w') as f:\n"
            "    assert isinstance(f, h5py.File) and type(f) is h5py.File\n"
            "class Mine(h5py.File):\n    def __init__(self, name): super().__init__(name, 'r')\n"
            "assert isinstance(Mine('x.h5'), h5py.File)\n"
            "with pa.OSFile('x.bin', 'wb') as f:\n"
            "    assert isinstance(f, pa.OSFile) and isinstance(f, pa.lib.OSFile)\n"
            "    assert isinstance(f, pa.NativeFile) and issubclass(pa.OSFile, pa.NativeFile)\n"
            "class Sub(pa.OSFile): pass\n"
            "assert isinstance(Sub('x.bin'), pa.OSFile) and not isinstance(f, Sub)\n"
            "frame = pd.DataFrame({'a': [1, 2]})\n"
            "def inner():\n"
            "    local = frame[:1]\n"
            "    con = duckdb.connect()\n"
            "    return (duckdb.sql('from local').fetchall(),\n"
            "            duckdb.query('from local').fetchall(),\n"
            "            con.execute('from local').fetchall(), con.sql('from frame').fetchall())\n"
            "assert inner() == ([(1,)], [(1,)], [(1,)], [(1,), (2,)])\n"
            "assert duckdb.sql('from frame').fetchall() == [(1,), (2,)]\n"
            "assert importlib.util.find_spec('polars').loader.name == 'polars'\n"
            "assert type(pl.__spec__.loader).__name__ == 'SourceFileLoader'\n"
            "assert importlib.reload(h5py).File is h5py.File\n"
            "print('fine')"
        )
    )
    assert output == "fine\n"
    assert bench.recorder.probe_failures == 0


def test_warnings_name_the_line_that_called(bench: Bench) -> None:
    (bench.root / "old.py").write_text(
        "import warnings\n"
        "def imread(filename):\n"
        "    warnings.warn('old', DeprecationWarning, stacklevel=2)\n"
    )
    # A stand-in for a library: what matters is from where it is called.
    bench.run("import sys, old; sys.modules['cv2'] = old; old.__name__ = 'cv2'")
    bench.run("sys.modules['_nbtrail_probe.native'].apply(old)")
    output = printed(
        bench.run("assert old.imread._nbtrail\ndef call():\n    old.imread('x')\ncall()")
    )
    assert "DeprecationWarning: old" in output  # shown, as it comes from the notebook
    assert "old.imread('x')" in output


def test_tracebacks_do_not_show_the_probe(unstarted: Bench) -> None:
    cells = [
        "import duckdb, h5py, polars as pl, pyarrow.parquet as pq, sqlite3",
        "h5py.File('missing.h5')",
        "pl.read_parquet('missing.parquet')",
        "duckdb.connect().execute('from nothing')",
        "try:\n    pq.ParquetFile('missing')\nexcept OSError as e:\n    raise ValueError() from e",
        "sqlite3.connect('missing/x.db')",
        "h5py.File()",
    ]
    unstarted.start(probe=False)
    plain = [printed(unstarted.run(cell)) for cell in cells]
    unstarted.run("%reset -f")
    unstarted.restart_plain()
    unstarted.install(unstarted.probe)
    probed = [printed(unstarted.run(cell)) for cell in cells]
    assert all("Error" in text or "Exception" in text for text in plain[1:])
    assert probed == plain


def test_files_after_the_first_hundreds_are_hashed_too(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "_CLOCK_NS", 0)  # the files are seconds younger than that
    sources = [f"many/{number:02}.txt" for number in range(40)]
    (bench.root / "many").mkdir()
    for source in sources:
        (bench.root / source).write_text(source)
    bench.run("import sys; sys.modules['_nbtrail_probe.tracker'].STAT_LIMIT = 5")
    bench.run(f"for name in {sources}: open(name).read()")
    bench.run(
        "open('new.txt', 'w').write('x')\n"
        f"for name in {sources[:9]}: open(name).read()\n"
        "__import__('shutil').copy('new.txt', 'copy.txt'); open('new.txt').read()"
    )
    (bench.root / "0.txt").write_text("0")
    (bench.root / "7.txt").write_text("7")
    bench.run("for _ in range(500): open('0.txt').read()\nopen('7.txt').read()")
    _, first, second, third = bench.log()
    assert paths(first.reads) == sources
    assert all(access.sha256 for access in first.reads)
    assert paths(second.reads) == sources[:9]
    assert paths(second.writes) == ["new.txt", "copy.txt"]
    # Many readings of one file take no other file's place.
    assert paths(third.reads) == ["0.txt", "7.txt"]
    assert all(access.sha256 for access in third.reads)


def test_children_whose_command_says_all(bench: Bench) -> None:
    (bench.root / "in.txt").write_text("3\n1\n2\n")
    (bench.root / "data").mkdir()
    for n in (1, 2):
        (bench.root / "data" / f"{n}.csv").write_text(f"{n}\n")
    cells = {
        "run": "import subprocess; subprocess.run(['cp', 'in.txt', 'a.txt'])",
        "shell": "subprocess.run('sort in.txt | head -1 > b.txt', shell=True)",
        "system": "import os; os.system('cat in.txt > c.txt')",
        "bang": "!cat in.txt > d.txt",
        "bash": "%%bash\nset -e\n# a comment that isn't a command\ncat in.txt >> e.txt",
        "cwd": "subprocess.run(['cp', '1.csv', '3.csv'], cwd='data')",
        "loop": '%%sh\ncd data\nfor f in *.csv; do\n  cat "$f"\ndone > ../f.txt',
        "popen": "os.popen('cat data/1.csv').read()",
        "again": "%%bash\ncat in.txt > b.txt",
        "move": "!mv a.txt g.txt",
        "failed": "subprocess.run(['cat', 'missing.txt'])",
        "background": "child = subprocess.Popen(['sh', '-c', 'cat > h.txt'], stdin=-1)",
        "goes on": "child.communicate(b'late')",
        "nothing": "!ls; uname -a\nimport platform; platform.processor()",
        "git": "subprocess.run(['git', 'status'])",
        "none": "try: subprocess.run(['no-such-program', 'in.txt'])\nexcept OSError: pass",
    }
    for name, code in cells.items():
        bench.run(code, name)
    found = {e.cell_id: e for e in bench.log()}
    seen = {name: (paths(found[name].reads), paths(found[name].writes)) for name in cells}
    assert seen["run"] == (["in.txt"], ["a.txt"])
    assert seen["shell"] == (["in.txt"], ["b.txt"])
    assert seen["system"] == (["in.txt"], ["c.txt"])
    assert seen["bang"] == (["in.txt"], ["d.txt"])
    assert seen["bash"] == (["in.txt"], ["e.txt"])
    assert seen["cwd"] == (["data/1.csv"], ["data/3.csv"])
    assert seen["loop"] == (["data/1.csv", "data/2.csv", "data/3.csv"], ["f.txt"])
    assert seen["popen"] == (["data/1.csv"], [])
    assert seen["again"] == (["in.txt"], ["b.txt"])
    assert seen["move"] == ([], ["g.txt"])
    assert set(seen["background"][1]) == {"h.txt"}
    for name in ("failed", "nothing", "git", "none"):
        assert seen[name] == ([], []), name
    assert all(access.sha256 for name in seen for access in found[name].reads)
    assert [d.start.source for d in bench.finished if d.end.children] == []
    assert bench.recorder.probe_failures == 0


def test_children_that_may_read_anything(bench: Bench) -> None:
    (bench.root / "in.txt").write_text("in")
    (bench.root / "script.py").write_text("open('out.txt', 'w').write(open('in.txt').read())")
    (bench.root / "a.ipynb").write_text("{}")
    cells = {
        "script": "import subprocess, sys\nsubprocess.run([sys.executable, 'script.py'])",
        "bang": "!{sys.executable} -c \"open('new.txt', 'w').write('x')\"",
        "magic": "%%script bash\npython3 -c \"open('sub.txt', 'w').write('x')\"\necho x > a.ipynb",
        "unpacked": "!tar cf t.tar in.txt; mkdir u; tar xf t.tar -C u",
    }
    for name, code in cells.items():
        bench.run(code, name)
    found = {e.cell_id: e for e in bench.log()}
    assert paths(found["script"].reads) == ["script.py"]
    assert paths(found["script"].writes) == ["out.txt"]
    assert paths(found["bang"].writes) == ["new.txt"]
    assert set(paths(found["magic"].writes)) == {"sub.txt", "a.ipynb"}
    assert paths(found["unpacked"].reads) == ["in.txt"]
    assert set(paths(found["unpacked"].writes)) == {"t.tar", "u/in.txt"}
    children = {done.start.source: done.end.children for done in bench.finished}
    assert [children[code] for code in cells.values()] == [True, True, True, False]
    assert bench.recorder.probe_failures == 0


WORKERS = """
import multiprocessing, os, sys
import numpy as np, pandas as pd, polars as pl

def work(n):
    import polars as pl
    with open(f'in{n}.txt') as stream: stream.read()
    pl.DataFrame({'n': [n]}).write_parquet(f'out{n}.parquet')
    return n
"""


@pytest.mark.parametrize(
    "code",
    [
        "from joblib import Parallel, delayed\n"
        "assert Parallel(n_jobs=2)(delayed(work)(n) for n in (1, 2)) == [1, 2]",
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "    assert pool.map(abs, [-1]) == [1]\n"
        "for n in (1, 2):\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        with open(f'in{n}.txt') as stream: stream.read()\n"
        "        with open(f'out{n}.parquet', 'w') as stream: stream.write('x')\n"
        "        os._exit(0)\n"
        "    os.waitpid(pid, 0)",
        "import helper\n"
        "with multiprocessing.get_context('spawn').Pool(2) as pool:\n"
        "    assert pool.map(helper.work, [1, 2]) == [1, 2]",
        "import helper\n"
        "with multiprocessing.get_context('forkserver').Pool(2) as pool:\n"
        "    assert pool.map(helper.work, [1, 2]) == [1, 2]",
    ],
    ids=["loky", "fork", "spawn", "forkserver"],
)
def test_workers_of_pools(bench: Bench, code: str) -> None:
    (bench.root / "in1.txt").write_text("in")
    (bench.root / "in2.txt").write_text("in")
    (bench.root / "helper.py").write_text(WORKERS)
    bench.run(WORKERS)
    output = printed(bench.run(code, "work"))
    assert "Error" not in output
    (one,) = [e for e in bench.log() if e.cell_id == "work"]
    assert {"in1.txt", "in2.txt"} <= set(paths(one.reads))
    assert set(paths(one.writes)) == {"out1.parquet", "out2.parquet"}
    assert [d.start.source for d in bench.finished if d.end.children] == []
    assert bench.recorder.probe_failures == 0
