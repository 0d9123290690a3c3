"""What static analysis reads from code, one idiom a case."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbtrail.pipeline.inference.source import code_digest, parse_cell
from nbtrail.pipeline.inference.static import Analysis, analyse
from nbtrail.pipeline.inference.values import HOLE, ROOT


def notebook(*cells: str, language: str = "python") -> dict[str, object]:
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "k", "language": language}},
        "cells": [
            {"cell_type": "code", "id": str(i), "metadata": {}, "source": s, "outputs": []}
            for i, s in enumerate(cells)
        ],
    }


def look(*cells: str, root: Path = Path("/nowhere"), path: str = "a.ipynb") -> Analysis:
    return analyse(notebook(*cells), path, root)


def shown(uses) -> list[str]:
    return [use.text.replace(HOLE, "?").replace(ROOT, "ROOT") for use in uses]


READS = [
    ("import pandas as pd\npd.read_csv('a.csv')", ["a.csv"]),
    ("from pandas import read_csv\nread_csv('a.csv')", ["a.csv"]),
    ("pd.read_csv(filepath_or_buffer='a.csv', sep=';')", ["a.csv"]),
    ("pd.read_excel('book.xlsx', sheet_name='one')", ["book.xlsx"]),
    ("pl.scan_parquet('a.parquet')", ["a.parquet"]),
    ("np.load('a.npy')", ["a.npy"]),
    ("np.loadtxt('a.txt')", ["a.txt"]),
    ("joblib.load('m.joblib')", ["m.joblib"]),
    ("pickle.load(open('m.pkl', 'rb'))", ["m.pkl"]),
    ("with open('a.json') as f:\n    data = json.load(f)", ["a.json"]),
    ("import gzip\nwith gzip.open('a.txt.gz', 'rt') as f:\n    pass", ["a.txt.gz"]),
    ("from PIL import Image\nImage.open('x.png')", ["x.png"]),
    ("torch.load('weights.pt')", ["weights.pt"]),
    ("import h5py\nwith h5py.File('x.h5', 'r') as f:\n    pass", ["x.h5"]),
    ("from tensorflow import keras\nkeras.models.load_model('m.keras')", ["m.keras"]),
    ("import cv2\ncv2.imread('x.jpg')", ["x.jpg"]),
    ("Path('data/a.txt').read_text()", ["data/a.txt"]),
    ("from pathlib import Path\n(Path('data') / 'a.txt').open()", ["data/a.txt"]),
    ("import os\npd.read_csv(os.path.join('data', 'raw', 'a.csv'))", ["data/raw/a.csv"]),
    ("D = 'data'\npd.read_csv(D + '/a.csv')", ["data/a.csv"]),
    ("D = 'data'\npd.read_csv(f'{D}/a_{1:03d}.csv')", ["data/a_001.csv"]),
    ("pd.read_csv('{}/{n}.csv'.format('d', n='x'))", ["d/x.csv"]),
    ("pd.read_csv('%s/%d.csv' % ('d', 7))", ["d/7.csv"]),
    ("import os\npd.read_csv(os.getenv('DATA', 'data') + '/a.csv')", ["data/a.csv"]),
    ("C = {'in': 'a.csv', 'other': 'b.csv'}\npd.read_csv(C['in'])", ["a.csv"]),
    ("class Config:\n    TRAIN = 'a.csv'\npd.read_csv(Config.TRAIN)", ["a.csv"]),
    ("for n in ['a', 'b']:\n    pd.read_csv(f'{n}.csv')", ["a.csv", "b.csv"]),
    ("fs = [pd.read_csv(f'{n}.csv') for n in ('a', 'b')]", ["a.csv", "b.csv"]),
    ("for k, f in {'x': 'a.csv', 'y': 'b.csv'}.items():\n    pd.read_csv(f)", ["a.csv", "b.csv"]),
    ("def load(n, d='data'):\n    return pd.read_csv(f'{d}/{n}.csv')\nload('x')", ["data/x.csv"]),
    ("p = 'a.csv'\npd.read_csv(p)\np = 'b.csv'\npd.read_csv(p)", ["a.csv", "b.csv"]),
    ("pd.read_csv('a.csv' if full else 'b.csv')", ["a.csv", "b.csv"]),
    ("if full:\n    p = 'a.csv'\nelse:\n    p = 'b.csv'\npd.read_csv(p)", ["a.csv", "b.csv"]),
    ("try:\n    pd.read_csv('a.csv')\nexcept OSError:\n    pd.read_csv('b.csv')",
     ["a.csv", "b.csv"]),
    ("import glob\nfor f in glob.glob('raw/*.csv'):\n    pd.read_csv(f)", ["raw/*.csv"]),
    ("import os\nfor f in os.listdir('raw'):\n    pd.read_csv('raw/' + f)", ["raw/*", "raw/?"]),
    ("from nbtrail import dataset\npd.read_csv(dataset('x.csv'))", ["ROOT/data/x.csv"]),
    ("import nbtrail\nnbtrail.dataset('x.csv', mode='r')", ["ROOT/data/x.csv"]),
    ("import sqlite3\ncon = sqlite3.connect('x.db')\npd.read_sql('select 1', con)", ["x.db"]),
    ("import shutil\nshutil.copy('a.csv', 'backup/a.csv')", ["a.csv"]),
    ("%cd data\npd.read_csv('a.csv')", ["data/a.csv"]),
    ("import os\nos.chdir('..')\npd.read_csv('a.csv')", ["../a.csv"]),
    ("%run other.ipynb", ["other.ipynb"]),
    ("import papermill as pm\npm.execute_notebook('in.ipynb', 'out.ipynb')", ["in.ipynb"]),
    ("!unzip raw.zip -d raw", ["raw.zip"]),
    ("n = 'a'\n!cat {n}.csv ${n}b.csv 2>&1 | grep -v x.y | sort -u", ["a.csv", "ab.csv", "x.y"]),
    ("!sort < a.csv && cat <<END b.csv", ["a.csv", "b.csv"]),
    ("!pip install -r requirements.txt; echo a.csv", []),
    ("%%bash\nwc -l \\\n  a.csv\ncd b.csv", ["a.csv"]),
    ("%system wc -l a.csv", ["a.csv"]),
    ("import subprocess\nsubprocess.check_output(['wc', 'a b.csv'])", ["a b.csv"]),
    ("import os\nos.system('sqlite3 a.db .dump')", ["a.db"]),
    ("import glob\nglob.glob('raw/part?[0-9].csv')", ["raw/part**.csv"]),
    ("import os\nos.listdir()", ["*"]),
    ("from pathlib import Path\nROOT = Path.cwd().parent\npd.read_csv(ROOT / 'data' / 'a.csv')",
     ["../data/a.csv"]),
    ("class Loader:\n    def __init__(self, d):\n        self.d = d\n    def get(self, n):\n"
     "        return pd.read_csv(self.d + '/' + n)\nLoader('data').get('a.csv')", ["data/a.csv"]),
    ("from functools import partial\nx = 1;pd.read_csv('a.csv')", ["a.csv"]),
    ("np.memmap('a.dat', dtype='f4', mode='r')", ["a.dat"]),
    ("import pyarrow.parquet as pq\npq.ParquetFile('c.parquet')\npq.read_schema('d.parquet')",
     ["c.parquet", "d.parquet"]),
    ("import pyarrow as pa\npa.memory_map('a.arrow', 'r')\npa.input_stream('b.arrow')",
     ["a.arrow", "b.arrow"]),
    ("import pyarrow.dataset as ds\nds.dataset('data/parts', format='parquet')", ["data/parts"]),
    ("import duckdb\nduckdb.sql(\"from 'a.csv' join read_parquet(['b.parquet', 'c.parquet'])\")",
     ["a.csv", "b.parquet", "c.parquet"]),
    ("import duckdb\nc = duckdb.connect()\nc.execute(\"create table t as from read_csv('a.csv')\")",
     ["a.csv"]),
    ("%%sql\nselect * from 'a.parquet'", ["a.parquet"]),
    ("pd.read_sql('select * from t', 'sqlite:///d/x.db')", ["d/x.db"]),
    ("from safetensors import safe_open\nwith safe_open('b.safetensors', framework='pt') as f:\n"
     "    pass", ["b.safetensors"]),
    ("df = spark.read.option('header', True).csv('a.csv')", ["a.csv"]),
    ("from astropy.io import fits\nfits.open('a.fits')", ["a.fits"]),
    ("import xml.etree.ElementTree as ET\nET.parse('a.xml')", ["a.xml"]),
    ("cv2.VideoCapture('v.mp4')", ["v.mp4"]),
    ("from torchvision.datasets import ImageFolder\nImageFolder('data/train')", ["data/train/*"]),
    ("gen.flow_from_directory(directory='data/train')", ["data/train/*"]),
    ("from transformers import AutoModel\nAutoModel.from_pretrained('./m')", ["./m"]),
    ("import zipfile\nzipfile.ZipFile('o.zip', 'w').write('a.csv')", ["a.csv"]),
    ("import shutil\nshutil.make_archive('all', 'zip', 'parts')", ["parts/*"]),
    ("list(map(pd.read_csv, ['a.csv', 'b.csv']))", ["a.csv", "b.csv"]),
    ("from joblib import delayed\nParallel(2)(delayed(pd.read_csv)(n) for n in ['a.csv'])",
     ["a.csv"]),
    ("from functools import partial\ngive = partial(pd.read_csv, sep=';')\ngive('a.csv')",
     ["a.csv"]),
    ("pool.submit(pd.read_csv, 'a.csv')", ["a.csv"]),
    ("class P(enum.Enum):\n    RAW = 'a.csv'\npd.read_csv(P.RAW.value)", ["a.csv"]),
    ("class T:\n    D = 'd'\n    @classmethod\n    def get(cls):\n"
     "        return pd.read_csv(cls.D + '/a.csv')\nT.get()", ["d/a.csv"]),
    ("import os\npd.read_csv(os.path.join(os.path.dirname(os.getcwd()), 'a.csv'))", ["../a.csv"]),
    ("get_ipython().run_line_magic('run', 'other.ipynb')", ["other.ipynb"]),
    ("get_ipython().system('wc a.csv')", ["a.csv"]),
    ("!jupyter nbconvert --to notebook --execute prep.ipynb", ["prep.ipynb"]),
    ("!jupyter nbconvert --to html prep.ipynb", []),
    ("!papermill prep.ipynb out.ipynb -p x 1", ["prep.ipynb"]),
    ("!unzip -q -d data/ raw.zip", ["raw.zip"]),
    ("!tar xzf raw.tar.gz", ["raw.tar.gz"]),
    ("!tar czf out.tar.gz results/a.csv parts", ["results/a.csv", "parts/*"]),
    ("!zip -r out.zip data/a.csv", ["data/a.csv"]),
]  # fmt: skip

WRITES = [
    ("df.to_csv('out/b.csv', index=False)", ["out/b.csv"]),
    ("df.to_parquet('b.parquet')", ["b.parquet"]),
    ("plt.savefig('p')", ["p.png"]),
    ("fig.savefig('p.svg', dpi=300)", ["p.svg"]),
    ("np.save('arr', x)", ["arr.npy"]),
    ("np.savez('arrs.npz', a=x)", ["arrs.npz"]),
    ("joblib.dump(model, 'm.joblib')", ["m.joblib"]),
    ("joblib.dump(value='x.txt', filename='m.joblib')", ["m.joblib"]),
    ("pickle.dump(model, open('m.pkl', 'wb'))", ["m.pkl"]),
    ("with open('a.json', 'w') as f:\n    json.dump({}, f)", ["a.json"]),
    ("open('log.txt', mode='a').write('x')", ["log.txt"]),
    ("torch.save(net.state_dict(), 'w.pt')", ["w.pt"]),
    ("model.save('m.keras')", ["m.keras"]),
    ("Path('r.txt').write_text('x')", ["r.txt"]),
    ("with pd.ExcelWriter('b.xlsx') as w:\n    df.to_excel(w)", ["b.xlsx"]),
    ("from nbtrail import dataset\ndf.to_csv(dataset('y.csv', 'w'))", ["ROOT/data/y.csv"]),
    ("from datetime import date\ndf.to_csv(f'data/{date.today()}_x.csv')",
     ["data/2000-01-01_x.csv"]),
    ("import datetime as dt\ndf.to_csv('d_' + dt.datetime.now().strftime('%Y%m%d') + '.csv')",
     ["d_20000101.csv"]),
    ("df.to_csv(f'data/{unknown()}_x.csv')", ["data/?_x.csv"]),
    ("import sqlite3\ncon = sqlite3.connect('x.db')\ndf.to_sql('t', con)", ["x.db"]),
    ("!wget https://example.org/raw/data.zip", ["data.zip"]),
    ("!sort a.csv > b.csv 2>&1", ["b.csv"]),
    ("!cat a.csv | tee b.csv >> c.csv", ["c.csv", "b.csv"]),
    ("!curl -o raw/data.csv https://example.org/x", ["raw/data.csv"]),
    ("%%writefile helper.txt\ntext", ["helper.txt"]),
    ("import os\nos.rename('a.tmp', 'a.csv')", ["a.csv"]),
    ("import zipfile\nzipfile.ZipFile('r.zip').extractall('raw')", ["raw/?"]),
    ("def save(df, name):\n    df.to_csv(f'out/{name}.csv')\nsave(1, 'a')\nsave(2, 'b')",
     ["out/a.csv", "out/b.csv"]),
    ("from urllib.request import urlretrieve\nurlretrieve('https://e.org/x', 'data/x.csv')",
     ["data/x.csv"]),
    ("arr.tofile('a.bin')", ["a.bin"]),
    ("np.memmap('a.dat', mode='w+')", ["a.dat"]),
    ("import pyarrow.parquet as pq\nwith pq.ParquetWriter('b.parquet', s) as w:\n    pass",
     ["b.parquet"]),
    ("import pyarrow.parquet as pq\npq.write_to_dataset(t, root_path='out/ds')", ["out/ds"]),
    ("import pyarrow as pa\npa.OSFile('b.arrow', 'wb')", ["b.arrow"]),
    ("import duckdb\nduckdb.query(\"copy (select 1) to 'c.parquet' (format parquet)\")",
     ["c.parquet"]),
    ("import sqlite3\nsqlite3.connect('x.db').execute('create table t (updated int)')", ["x.db"]),
    ("from safetensors.torch import save_file\nsave_file(d, 'a.safetensors')", ["a.safetensors"]),
    ("df.write.mode('overwrite').parquet('out/b')", ["out/b"]),
    ("import mlflow\nmlflow.sklearn.save_model(m, 'mdl')", ["mdl"]),
    ("ModelCheckpoint('m.keras', save_best_only=True)", ["m.keras"]),
    ("with gzip.open('a.json.gz', 'wt') as f:\n    pass", ["a.json.gz"]),
    ("import shutil\nshutil.make_archive('out/all', 'gztar', 'parts')", ["out/all.tar.gz"]),
    ("import zipfile\nzipfile.ZipFile('o.zip').extract('x.csv', 'raw')", ["raw/x.csv"]),
    ("import gdown\ngdown.download(url, 'a.zip', quiet=False)", ["a.zip"]),
    ("!papermill prep.ipynb out/prep.ipynb -p x 1", ["out/prep.ipynb"]),
    ("!unzip -d data/ raw.zip", ["data/?"]),
    ("!tar -xzf raw.tar.gz -C raw", ["raw/?"]),
    ("!tar czf out.tar.gz a.csv", ["out.tar.gz"]),
    ("!zip out a.csv", ["out.zip"]),
    ("!gunzip -k a.csv.gz", ["a.csv"]),
    ("!curl -Lo data/a.csv https://e.org/x", ["data/a.csv"]),
    ("!curl -LO https://e.org/raw/a.csv", ["a.csv"]),
    ("!wget -qO data/a.csv https://e.org/x", ["data/a.csv"]),
    ("!wget https://e.org/x/a.csv -P data/raw", ["data/raw/a.csv"]),
    ("!cp ../a.csv ../b.csv data", ["data/a.csv", "data/b.csv"]),
    ("!kaggle competitions download -c titanic -p data", ["data/titanic.zip"]),
    ("!gdown 1abc -O data/a.zip", ["data/a.zip"]),
]  # fmt: skip

NOTHING = [
    "# pd.read_csv('a.csv')",
    "pd.read_csv('https://example.org/data/a.csv')",
    "s = 'df.to_csv(\"x.csv\")'",
    "pd.to_datetime('2020-01-01')",
    "df.to_dict('records')",
    "import seaborn as sns\nsns.load_dataset('titanic')",
    "import io\npd.read_csv(io.StringIO('a,b'))",
    "from sklearn.datasets import load_iris\nload_iris()",
    "print('a.csv')",
    "'a.csv'.replace('a', 'b')",
    "if False:\n    pd.read_csv('a.csv')",
    "def never_called():\n    pd.read_csv('a.csv')",
    "df.rename(columns={'a.b': 'c'})",
    "import json\njson.dumps({'a': 'x/y.csv'})",
    "df.query(\"name == 'a.csv'\")",
    "import sqlite3\nsqlite3.connect(':memory:').execute('create table t (x)')",
    "import yaml\nyaml.safe_load(text)",
    "!ls data/a.csv",
    "re.sub('a.csv', 'b.csv', name)",
    "plt.title('sales.by.month')",
]


@pytest.mark.parametrize(("code", "expected"), READS, ids=[code[-40:] for code, _ in READS])
def test_reads(code: str, expected: list[str]) -> None:
    assert shown(look(code).reads) == expected


@pytest.mark.parametrize(("code", "expected"), WRITES, ids=[code[-40:] for code, _ in WRITES])
def test_writes(code: str, expected: list[str]) -> None:
    assert shown(look(code).writes) == expected


@pytest.mark.parametrize("code", NOTHING)
def test_what_is_no_evidence(code: str) -> None:
    found = look(code)
    assert (shown(found.reads), shown(found.writes)) == ([], [])


def test_names_are_known_across_cells_and_broken_cells_are_left_out() -> None:
    found = look(
        "D = 'data'", "this is no python (", "%matplotlib inline\npd.read_csv(D + '/a.csv')"
    )
    assert [(use.text, use.cell) for use in found.reads] == [("data/a.csv", 2)]


def test_what_a_notebook_wrote_itself_is_no_input() -> None:
    found = look("df.to_csv('a.csv')", "pd.read_csv('a.csv')\npd.read_csv('b.csv')")
    assert shown(found.reads) == ["b.csv"]


def test_what_is_changed_in_place_is_both() -> None:
    found = look("df = pd.read_csv('a.csv')\ndf.to_csv('a.csv')")
    assert (shown(found.reads), shown(found.writes)) == (["a.csv"], ["a.csv"])


def test_local_modules_are_walked_and_kept_as_dependencies(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text("DATA = 'data'\nRAW = DATA + '/raw.csv'\n")
    package = tmp_path / "src" / "tools"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from .io import load\n")
    (package / "io.py").write_text(
        "from pathlib import Path\nimport pandas as pd\n"
        "HERE = Path(__file__).resolve().parents[2]\n"
        "def load(name):\n    return pd.read_csv(HERE / 'data' / name)\n"
    )
    found = look(
        "from settings import *\nimport pandas as pd\npd.read_csv(RAW)",
        "import sys\nsys.path.append('../src')\nfrom tools import load\nload('x.csv')",
        root=tmp_path,
        path="notebooks/a.ipynb",
    )
    assert shown(found.reads) == ["data/raw.csv", "ROOT/data/x.csv"]
    assert [name for name, _digest in found.modules] == [
        "settings.py",
        "src/tools/__init__.py",
        "src/tools/io.py",
    ]
    assert "pandas" in found.missing


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("config.yaml", "data:\n  raw: d/a.csv\n", "yaml.safe_load(open('{}'))['data']['raw']"),
        ("config.yaml", "data:\n  raw: d/a.csv\n", "OmegaConf.load('{}').data.raw"),
        ("paths.json", '{"raw": "d/a.csv"}', "json.loads(Path('{}').read_text())['raw']"),
        ("conf/x.toml", "raw = 'd/a.csv'\n", "tomllib.load(open('{}', 'rb')).get('raw')"),
    ],
)
def test_paths_are_taken_from_files_with_settings(
    tmp_path: Path, name: str, text: str, code: str
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    imports = (
        "import yaml, json, tomllib\nfrom pathlib import Path\nfrom omegaconf import OmegaConf"
    )
    found = look(
        imports, f"pd.read_csv({code.format('../' + name)})", root=tmp_path, path="n/a.ipynb"
    )
    assert "d/a.csv" in shown(found.reads)
    assert [place for place, _digest in found.settings] == [name]
    (tmp_path / name).write_text("[[[")
    assert "d/a.csv" not in shown(look(code.format(name), root=tmp_path).reads)


def test_a_notebook_that_is_run_gives_its_names_but_not_its_files(tmp_path: Path) -> None:
    import json

    (tmp_path / "setup.ipynb").write_text(
        json.dumps(notebook("D = 'data'\ndf.to_csv('made-by-setup.csv')"))
    )
    (tmp_path / "script.py").write_text("pd.read_csv(D + '/s.csv')\n")
    found = look("%run setup.ipynb\n%run script.py\npd.read_csv(D + '/a.csv')", root=tmp_path)
    assert shown(found.reads) == ["setup.ipynb", "data/s.csv", "data/a.csv"]
    assert shown(found.writes) == []


@pytest.mark.parametrize(
    "code",
    ["import import_ipynb\nimport setup\npd.read_csv(setup.D + '/a.csv')",
     "from ipynb.fs.full.setup import D\npd.read_csv(D + '/a.csv')",
     "import nbimporter\nfrom setup import *\npd.read_csv(D + '/a.csv')"],
)  # fmt: skip
def test_a_notebook_may_be_imported(tmp_path: Path, code: str) -> None:
    import json

    (tmp_path / "setup.ipynb").write_text(json.dumps(notebook("D = 'data'\ndf.to_csv('x.csv')")))
    found = look(code, root=tmp_path)
    assert shown(found.reads) == ["setup.ipynb", "data/a.csv"]
    assert shown(found.writes) == []
    assert shown(look("import setup\nopen('b.csv')", root=tmp_path).reads) == ["b.csv"]


def test_other_languages_are_read_by_the_names_of_their_functions() -> None:
    cells = ["d <- read.csv('a.csv')  # read.csv('no.csv')", "saveRDS(d, file = 'b.rds')"]
    found = analyse(notebook(*cells, language="R"), "a.ipynb", Path("/nowhere"))
    assert shown(found.reads) == ["a.csv"]
    assert shown(found.writes) == ["b.rds"]


def test_addresses_are_noted_as_inputs_that_nobody_can_check() -> None:
    found = look("pd.read_csv('https://example.org/a.csv')", "!wget https://example.org/b.zip")
    assert found.remote == ("https://example.org/a.csv", "https://example.org/b.zip")


def test_what_the_probe_cannot_see_is_marked() -> None:
    found = look(
        "pd.read_csv('a.csv')\nnp.load('b.npy')\nopen('c.txt')",
        "import h5py\npd.read_parquet('d')\npl.read_csv('e.csv')\nh5py.File('f.h5')",
        "!wc -l g.csv",
        "import sqlite3\nsqlite3.connect('h').execute('select 1')\njoblib.load('i.pt')",
    )
    unseen = [use.text for use in found.reads if use.unseen]
    assert unseen == ["d", "e.csv", "f.h5", "g.csv", "h", "i.pt"]
    assert [use.text for use in found.reads if not use.unseen] == ["a.csv", "b.npy", "c.txt"]


def test_dates_of_datasets_are_those_of_names_in_the_code(tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text("RAW = 'data/2026-01-01_a.csv'\n")
    found = look(
        "# data/2026-01-02_b.csv\nday = '2026-01-03'\nfrom settings import RAW",
        "pd.read_csv(f'data/{day}_c.csv')\nload(names['2026-01-04_d.csv'])",
        "!wc data/2026-01-05_e.csv",
        "from nbtrail import dataset\ndataset('f.csv')\ndataset(some())\ndataset('g.csv', 'w')",
        root=tmp_path,
    )
    assert found.dated == (
        "2026-01-01_a.csv", "2026-01-03_c.csv", "2026-01-04_d.csv", "2026-01-05_e.csv"
    )  # fmt: skip
    assert found.datasets == ("data/*", "data/f.csv")


def test_endless_and_recursive_code_comes_to_an_end() -> None:
    loops = "\n".join(f"{' ' * 4 * i}for x{i} in range(60):" for i in range(6))
    found = look(
        loops + "\n" + " " * 24 + "y = x0 + x1",
        "def f(n):\n    return f(n - 1)\nf(9)",
    )
    assert found.unresolved == 1


def test_code_digest_sees_code_and_nothing_else() -> None:
    base = code_digest(notebook("x = 1\ny = 'a'", "%time f(x)"))
    assert code_digest(notebook("# note\nx = 1\n\ny = 'a'  # why", "", "%time f(x)")) == base
    assert code_digest(notebook("x = 1\ny = 'b'", "%time f(x)")) != base
    assert code_digest(notebook("x = 1\ny = 'a'", "%time f(y)")) != base
    assert code_digest(notebook("%time f(x)", "x = 1\ny = 'a'")) != base


@pytest.mark.parametrize(
    "source",
    [
        "%matplotlib inline",
        "!pip install x",
        "files = !ls data",
        "%%time\nx = 1",
        "%%bash\nls | wc",
        "df?",
        "if x:\n    %run a.py\n    y = 1",
        "!echo a \\\n  b\nx = 1",
        "    x = 1\n    %time y",
    ],
)
def test_magics_are_no_syntax_errors(source: str) -> None:
    assert parse_cell(source) is not None
