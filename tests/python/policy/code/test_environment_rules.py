"""NBT5xx: installs without a version, imports outside of the lock, paths of one machine."""

from __future__ import annotations

import pytest

from .conftest import Judge


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("%pip install lightgbm", "`lightgbm`"),
        ("!pip install -q --upgrade xgboost shap==0.46.0", "`xgboost`"),
        ("!pip3 install xgboost shap", "`xgboost`, `shap`"),
        ("import sys\n!{sys.executable} -m pip install kneed", "`kneed`"),
        ("!python -m pip install --user wordcloud", "`wordcloud`"),
        ("!uv pip install polars", "`polars`"),
        ("%conda install -y -c conda-forge lightgbm", "`lightgbm`"),
        ("!mamba install -n base conda-forge::xgboost", "`xgboost`"),
        ("%%bash\nset -e\npip install umap-learn", "`umap-learn`"),
        ("import os\nos.system('pip install optuna')", "`optuna`"),
        (
            "import subprocess, sys\n"
            "subprocess.check_call([sys.executable, '-m', 'pip', 'install', 'optuna'])",
            "`optuna`",
        ),
        ("!pip install git+https://github.com/a/b.git", "`git+https://github.com/a/b.git`"),
        ("!pip install 'imbalanced-learn[all]'", "`imbalanced-learn`"),
        ("!pip install tqdm && pip list", "`tqdm`"),
        ("!pip install \\\n  pandas==2.2.0 \\\n  seaborn", "`seaborn`"),
    ],
)
def test_an_install_without_a_version(judge: Judge, source: str, named: str) -> None:
    (problem,) = judge(source, "NBT501")
    assert problem.message.startswith(f"{named} ")
    assert problem.cell_id == "c0"


@pytest.mark.parametrize(
    "source",
    [
        "%pip install lightgbm==4.5.0",
        "!pip install 'lightgbm>=4,<5'",
        "!pip install -r requirements.txt",
        "!pip install -e .",
        "!pip install ./wheels/thing.whl /opt/x.tar.gz",
        "!pip install -U pip setuptools wheel",
        "!pip install git+https://github.com/a/b.git@v1.2",
        "!pip install --no-index --find-links=../input/wheels datasets",
        "!pip install {package}",
        "!pip install $PACKAGE",
        "%conda install numpy=1.26",
        "# !pip install lightgbm",
        "!pip list",
        "!pip uninstall -y lightgbm",
        "print('run pip install lightgbm first')",
        "text = 'pip install lightgbm'",
        "%%bash\n# pip install umap-learn\nls",
        "%%html\npip install umap-learn",
        "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pip', 'install', dep])",
        "!apt-get install graphviz",
    ],
)
def test_an_install_that_is_fine(judge: Judge, source: str) -> None:
    assert judge(source, "NBT501") == []


def test_the_line_of_an_install_is_its_own(judge: Judge) -> None:
    (problem,) = judge(
        "import os\n\n!pip install a==1 \\\n   b==2\n%pip install lightgbm", "NBT501"
    )
    assert problem.line == 5
    (problem,) = judge("\n%%bash\nls\npip install umap-learn", "NBT501")
    assert problem.line == 4


LOCKED = frozenset({"pandas", "scikit_learn", "Pillow", "matplotlib==3.9.2"})


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("import lightgbm as lgb", "lightgbm"),
        ("from bs4 import BeautifulSoup", "beautifulsoup4"),
        ("import cv2", "opencv-python"),
        ("import yaml", "pyyaml"),
        ("from google.cloud import bigquery", "google-cloud-bigquery"),
        ("from google.colab import drive", "google-colab"),
        ("def f():\n    import shap", "shap"),
        ("import sys\nsys.path.append('..')\nimport xgboost", "xgboost"),
    ],
)
def test_an_import_that_is_missing_from_the_lock(judge: Judge, source: str, wanted: str) -> None:
    problem = judge(source, "NBT502", locked=LOCKED)[0]
    assert wanted in problem.message
    assert judge(source, "NBT502") == []


@pytest.mark.parametrize(
    "source",
    [
        "import os, sys, json\nfrom pathlib import Path",
        "from sklearn.svm import SVC\nfrom PIL import Image\nimport matplotlib.pyplot as plt",
        "import numpy as np\nfrom mpl_toolkits.mplot3d import Axes3D",
        "from helpers import clean",
        "from . import sibling",
        "try:\n    import cudf\nexcept ImportError:\n    cudf = None",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import polars",
        "%pip install lightgbm==4.5.0\nimport lightgbm",
        "import sys\nsys.path.append('../src')\nimport our_own_tools",
        "%%writefile tools.py\nx = 1",
        "import nbtrail\nfrom IPython.display import display\nimport ipykernel",
        "import this is no python",
        "import person_pb2",
        "import cPickle",
    ],
)
def test_an_import_that_is_fine(judge: Judge, source: str) -> None:
    found = judge(source, "NBT502", locked=LOCKED, project_root_names=frozenset({"helpers"}))
    assert found == []


def test_a_module_that_the_notebook_writes_is_its_own(judge: Judge) -> None:
    cells = ["%%writefile tools.py\nx = 1", "import tools"]
    assert judge(cells, "NBT502", locked=LOCKED) == []


def test_a_module_is_named_once(judge: Judge) -> None:
    cells = ["import lightgbm", "from lightgbm import LGBMClassifier"]
    (problem,) = judge(cells, "NBT502", locked=LOCKED)
    assert (problem.cell_id, problem.line) == ("c0", 1)


@pytest.mark.parametrize(
    "source",
    [
        "import pandas as pd\ndf = pd.read_csv('/home/ann/data/train.csv')",
        "path = '/Users/ann/project'",
        r"df = read(r'C:\Users\ann\train.csv')",
        "df = read('D:/data/train.csv')",
        r"f = open('\\\\server\\share\\train.csv')",
        "import os\nfolder = os.path.expanduser('~/data/titanic')",
        "name = 3\npath = f'/home/ann/{name}.csv'",
        "files = ['/content/drive/MyDrive/a.csv']",
        "import sys\nsys.path.append('/home/ann/lib')",
        "%cd /home/ann/project",
        "import pandas as pd\npd.read_csv('/data/titanic/train.csv')",
        "DATA_DIR = '/srv/titanic/data'",
        "df = read(path='/kaggle/input/titanic/train.csv')",
    ],
)
def test_a_path_of_one_machine(judge: Judge, source: str) -> None:
    (problem,) = judge(source, "NBT503")
    assert "environment" in problem.message


@pytest.mark.parametrize(
    "source",
    [
        "import pandas as pd\npd.read_csv('../input/train.csv')",
        "pd.read_csv('https://example.org/home/ann/a.csv')",
        "open('/dev/null')",
        "open('/tmp/x.csv')",
        "font = '/usr/share/fonts/a.ttf'",
        "import requests\nrequests.get(base + '/api/users')",
        "app.route('/home/ann/profile')",
        "'/home/ann/data'",
        "'''/home/ann/data is where it was'''",
        "print('/home/ann/data')",
        "if path == '/home/ann':\n    pass",
        "tree.xpath('/html/body/table')",
        "store['/data/table']",
        "time = 'a:/b'.split(':')",
        "pattern = r'C:\\\\d+'\nimport re\nre.compile(r'C:\\d+')",
        "ratio = 'A:B'",
        "key = '~/.kaggle/kaggle.json'",
        "from google.colab import drive\ndrive.mount('/content/drive')",
        "title = '/ per person'",
        "open('/')",
        "x = ''",
    ],
)
def test_a_text_that_is_no_path_of_one_machine(judge: Judge, source: str) -> None:
    assert judge(source, "NBT503") == []


def test_a_folder_is_named_once_a_cell(judge: Judge) -> None:
    source = "a = '/home/ann/data/a.csv'\nb = '/home/ann/data/b.csv'"
    assert [p.line for p in judge([source, source], "NBT503")] == [1, 1]
