"""NBT6xx: randomness without a seed, secrets, the network."""

from __future__ import annotations

import random
import string

import pytest

from .conftest import Cells, Judge, book

SK = "from sklearn.model_selection import *\nfrom sklearn.ensemble import RandomForestClassifier\n"
NP = "import numpy as np\n"


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        (NP + "x = np.random.rand(3)", "`np.random.rand`"),
        ("from numpy.random import randn\nx = randn(3)", "`randn`"),
        ("import numpy.random as npr\nnpr.shuffle(x)", "`npr.shuffle`"),
        (NP + "np.random.seed()\nx = np.random.rand(3)", "`np.random.rand`"),
        (NP + "np.random.seed(None)\nx = np.random.rand(3)", "`np.random.rand`"),
        ("import time\n" + NP + "np.random.seed(int(time.time()))\nnp.random.rand(3)", "np.random"),
        (NP + "x = np.random.rand(3)\nnp.random.seed(0)", "`np.random.rand`"),
        (NP + "rng = np.random.default_rng()", "`np.random.default_rng`"),
        (NP + "rng = np.random.default_rng(None)", "`np.random.default_rng`"),
        (NP + "np.random.seed(0)\nrng = np.random.RandomState()", "`RandomState`"),
        ("import random\nx = random.choice([1, 2])", "`random.choice`"),
        ("from random import shuffle\nshuffle(x)", "`shuffle`"),
        (NP + "import random\nnp.random.seed(0)\nx = random.random()", "`random.random`"),
        ("import torch\nx = torch.randn(3)", "`torch.randn`"),
        ("import torch.nn as nn\nclass Net(nn.Module):\n    def __init__(self):\n"
         "        self.fc = nn.Linear(2, 1)", "`Linear`"),
        ("import tensorflow as tf\nw = tf.random.normal([3])", "`tf.random.normal`"),
        ("from tensorflow import keras\nmodel = keras.layers.Dense(1)", "`Dense`"),
        ("import tensorflow as tf\nkeras = tf.keras\nd = keras.layers.Dense(1)", "`Dense`"),
        ("from keras.layers import LSTM\nLSTM(4)", "`LSTM`"),
        (SK + "a, b = train_test_split(x)", "`train_test_split`"),
        (SK + "a, b = train_test_split(x, random_state=None)", "`train_test_split`"),
        (SK + "m = RandomForestClassifier()\nm.fit(x, y)", "`RandomForestClassifier`"),
        (SK + "a, b = train_test_split(x)\nm = RandomForestClassifier()",
         "`train_test_split`, `RandomForestClassifier` draw"),
        (SK + "cv = KFold(5, shuffle=True)", "`KFold`"),
        ("from sklearn import svm\nm = svm.SVC(probability=True)", "`SVC`"),
        ("from sklearn.decomposition import PCA\nPCA(2, svd_solver='randomized')", "`PCA`"),
        ("from sklearn.linear_model import LogisticRegression\n"
         "LogisticRegression(solver='saga')", "`LogisticRegression`"),
        ("from sklearn.cluster import KMeans\nfor k in range(9):\n    KMeans(k)", "`KMeans`"),
        ("from imblearn.over_sampling import SMOTE\nSMOTE().fit_resample(x, y)", "`SMOTE`"),
        ("from sklearn.utils import shuffle\ndf = shuffle(df)", "`shuffle`"),
        ("import pandas as pd\ntrain = df.sample(frac=0.8)", "`df.sample`"),
        ("from scipy import stats\nx = stats.norm.rvs(size=3)", "`stats.norm.rvs`"),
        ("def f():\n    import random\n    return random.random()", "`random.random`"),
    ],
)  # fmt: skip
def test_randomness_without_a_seed(judge: Judge, cells: Cells, named: str) -> None:
    found = judge(cells, "NBT601")
    assert len(found) == 1
    assert named in found[0].message
    assert "so that a second run gives the same" in found[0].message


@pytest.mark.parametrize(
    "cells",
    [
        NP + "np.random.seed(0)\nx = np.random.rand(3)",
        [NP + "np.random.seed(42)", SK + "a, b = train_test_split(x)\nRandomForestClassifier()"],
        [NP + "np.random.seed(1)", "import pandas as pd\ndf = df.sample(frac=1)"],
        [NP + "def f():\n    return np.random.rand(3)", "np.random.seed(0)\nf()"],
        NP + "rng = np.random.default_rng(0)\nx = rng.normal(size=3)",
        NP + "rng = np.random.default_rng(SEED)",
        "import random\nrandom.seed(1)\nx = random.choice([1, 2])",
        "import random as rd\nrd.seed(a=1)\nx = rd.random()",
        "import torch\ntorch.manual_seed(0)\nx = torch.randn(3)",
        "import torch\nx = torch.randn(3, generator=g)",
        "import torch\nfrom lightning import seed_everything\nseed_everything(1)\ntorch.rand(3)",
        ["def seed_everything(s):\n    np.random.seed(s)\n    torch.manual_seed(s)",
         NP + "import torch\nseed_everything(7)", "torch.rand(2)\nnp.random.rand(2)"],
        "import tensorflow as tf\ntf.random.set_seed(1)\ntf.random.normal([2])",
        "import tensorflow as tf\ntf.keras.utils.set_random_seed(1)\ntf.keras.layers.Dense(1)",
        NP + "np.random.seed(7)\nfrom keras.layers import Dense\nDense(1)",
        "import utils\nimport torch\nutils.fix_seed(3)\ntorch.rand(2)",
        SK + "train_test_split(x, random_state=0)\nRandomForestClassifier(random_state=SEED)",
        SK + "train_test_split(x, shuffle=False)\nKFold(5)\nTimeSeriesSplit()",
        SK + "RandomForestClassifier(**params)",
        SK + "cross_val_score(model, x, y, cv=5)\nGridSearchCV(model, grid)",
        "from sklearn.linear_model import *\nLinearRegression()\nLogisticRegression()\nRidge()",
        "from sklearn.linear_model import Lasso, LogisticRegression as LR\nLasso()\n"
        "LR(solver='lbfgs')\nLR(solver='liblinear')",
        "from sklearn.svm import SVC, LinearSVC\nSVC()\nSVC(probability=False)\nLinearSVC()",
        "from sklearn.decomposition import PCA, NMF\nPCA(2)\nPCA(svd_solver='full')\nNMF(3)",
        "from sklearn.linear_model import SGDClassifier\nSGDClassifier(shuffle=False)",
        "from sklearn.cluster import KMeans, DBSCAN\nKMeans(2, init=centres, n_init=1)\nDBSCAN()",
        "from sklearn.neighbors import KNeighborsClassifier as K\nK(3)",
        "from sklearn.cross_validation import KFold\nKFold(10, 5, True, 1)",
        "from xgboost import XGBClassifier\nXGBClassifier()",
        "from lightgbm import LGBMRegressor\nLGBMRegressor()",
        "import pandas as pd\ndf.sample(5)",
        "import pandas as pd\nimport polars as pl\nx = pl.read_csv('a').sample(n=5, seed=1)",
        "import pandas as pd\nimport pymc as pm\ntrace = pm.sample(n=1000)",
        "import pandas as pd\ndf.sample(n=5)",
        "import pandas as pd\nx = df.sample(frac=0.5, random_state=1)",
        "import torch\nnet = torch.nn.Linear(2, 1)\nnet.load_state_dict(torch.load('w'))\nnet(x)",
        "import torch\na = policy.sample()\nb = torch.distributions.Normal(0, 1)",
        "class RandomForestClassifier: ...\nRandomForestClassifier()",
        "def train_test_split(x): return x, x\na, b = train_test_split(x)",
        "random = 4\nx = random.choice([1])",
        "from sklearn.ensemble import RandomForestClassifier\nmodels = [RandomForestClassifier]",
        "print('np.random.rand(3)')",
        "import uuid, secrets\nuuid.uuid4()",
    ],
)  # fmt: skip
def test_randomness_that_is_seeded_or_none(judge: Judge, cells: Cells) -> None:
    assert judge(cells, "NBT601") == []


def test_a_generator_is_named_once_with_how_often_it_is_used(judge: Judge) -> None:
    (problem,) = judge([NP + "\nnp.random.rand(2)", "np.random.rand(3)", "x = 1"], "NBT601")
    assert "in 1 more cell," in problem.message
    assert (problem.cell_id, problem.line) == ("c0", 3)


def test_other_languages_are_left_alone(judge: Judge) -> None:
    notebook = book("x <- rnorm(10)\nimport numpy as np; np.random.rand(3)")
    notebook["metadata"] = {"kernelspec": {"language": "R", "name": "ir"}}
    assert judge(notebook, "NBT601") == []


def token(prefix: str, length: int, seed: int = 0) -> str:
    """A token of the right form that nobody issued, not written out where scanners look."""
    letters = string.ascii_letters + string.digits
    return prefix + "".join(random.Random(seed).choices(letters, k=length))


def test_secrets_are_found_and_not_repeated(judge: Judge) -> None:
    key = token("AK" + "IA", 16).upper()
    github = token("gh" + "p_", 36)
    password = "tr0ub4dor" + "&3"
    cells = [
        f"x = 1\nkey = '{key}'",
        f"headers = {{'Authorization': 'token {github}'}}",
        f"engine = create_engine('postgresql://ann:{password}@db.example.org/titanic')",
        f"#md password = '{password}'",
    ]
    notebook = book(cells)
    notebook["cells"].append(
        {"cell_type": "code", "id": "out", "metadata": {}, "source": "!env", "execution_count": 1,
         "outputs": [{"output_type": "stream", "name": "stdout", "text": [f"TOKEN={github}\n"]}]}
    )  # fmt: skip
    found = judge(notebook, "NBT602")
    assert {(p.cell_id, p.line) for p in found} == {
        ("c0", 2), ("c1", 1), ("c2", 1), ("c3", 1), ("out", None),
    }  # fmt: skip
    text = " ".join(p.message for p in found)
    assert not any(secret in text for secret in (key, github, password))


@pytest.mark.parametrize(
    "source",
    [
        "password = os.environ['PASSWORD']",
        "api_key = 'YOUR_API_KEY_123456'",
        "token = '<your token 123>'",
        "password = getpass.getpass()",
        "key = 'Survived'",
        "df['token'] = 'word'",
        "API_KEY = 'xxxxxxxxxxxxxxxx1'",
        "url = 'https://{user}:{password}@example.org'",
        "sha = 'd41d8cd98f00b204e9800998ecf8427e'",
        "postgresql = 'postgresql://user:password@localhost/db'",
        "secret = config.get('secret')",
        "c.NotebookApp.password = 'sha1:237ca8abda58:9aef98cbcbae988caab4b9f86084ff22'",
    ],
)
def test_texts_that_are_no_secrets(judge: Judge, source: str) -> None:
    assert judge(source, "NBT602") == []


def test_data_from_an_address(judge: Judge) -> None:
    found = judge(
        [
            "import pandas as pd\ndf = pd.read_csv('https://ann:pw@example.org/a.csv?key=1')",
            "url = 'http://example.org/b.zip'\nurllib.request.urlretrieve(url, 'b.zip')",
            "!wget https://example.org/c.csv",
            f"pd.read_csv('https://raw.example.org/x/{'a' * 40}/d.csv')",
            "pd.read_csv('../input/train.csv')\nprint('https://example.org')",
        ],
        "NBT604",
    )
    assert [p.cell_id for p in found] == ["c0", "c1", "c2"]
    assert "example.org/a.csv:" in found[0].message
    assert "pw" not in found[0].message
