"""What the code of a notebook does and what its text says, as counted signs.

Signs are looked for in the text of the code, without comments and string contents, so that
one table serves Python 3, Python 2, R and Julia, and cells that do not parse.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import msgspec

from nbtrail.notebooks.cells import cells_of, code_cells_of
from nbtrail.notebooks.document import Notebook

#: Longer cells are generated or hold data: their beginning tells enough.
_MOST_TEXT = 20_000

_LITERAL = re.compile(
    r"(?P<text>\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    r"|#[^\n]*"
)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(\S[^\n]{0,200})", re.MULTILINE)
_BOLD_LINE = re.compile(r"^[ \t]*\*\*([^*\n]{3,80})\*\*[ \t]*$", re.MULTILINE)
_MODEL_NAME = re.compile(
    r"\b((?=[A-Z])\w*(?:Classifier|Regressor|Regression|SVC|SVR|NB|Lasso|Ridge|ElasticNet|KMeans"
    r"|DBSCAN|Clustering|Net|ARIMAX?|Prophet|LSTM|GRU|YOLO|LsiModel|LdaModel))\s*\("
)
_DATA_FILE = re.compile(
    r"['\"](?:[^'\"\n]{0,200}[/\\])?([^'\"\n/\\{}*]{1,80}\."
    r"(?:csv|tsv|parquet|feather|xlsx?|json|jsonl|ndjson|pkl|pickle|h5|hdf5|sqlite|db|npy|data))['\"]"
)
#: Their ``fit`` learns a preparation of the data, not a model.
_PREPARES = (
    r"\w*(?:Scaler|Encoder|Imputer|Vectorizer|Tokenizer|Binarizer|Indexer|Assembler|Normalizer"
    r"|Transformer|Discretiser|Discretizer|SMOTE|Sampler|Selector|PCA|SelectKBest)"
)
_PREPARED = re.compile(rf"\b(\w{{1,80}})\s*=\s*(?:\w+\.){{0,5}}{_PREPARES}\s*\(")
_FIT = re.compile(
    r"\.(?:fit|partial_fit|fit_generator|fit_predict|fit_one_cycle|train|train_model|fine_tune)\s*\("
)
_CALLED = re.compile(r"[\w.]+$")
#: Letters in front of a ``.fit(`` among which its receiver is looked for.
_RECEIVER = 400
_PREPARING_CLASS = re.compile(rf"{_PREPARES}$")
_PREPARING_NAME = re.compile(
    r"(?i)^(?:.*(?:scal|encod|imput|vectori|token|tfidf|binari|smote|pca|dictvec).*|le|ohe|ss|mms|sc|lb)$"
)


def _words(text: str) -> re.Pattern[str]:
    """Calls of functions of these names, methods or not."""
    return re.compile(rf"(?<![A-Za-z0-9_])(?:{'|'.join(text.split())})\s*\(")


#: Signs that are counted in the code without literals.
_CODE_SIGNS: dict[str, re.Pattern[str]] = {
    "reads": _words(
        r"read_\w+ read\.\w+ loadtxt genfromtxt fread open_dataset scan_\w+ "
        r"load_dataset"
    ),
    "tunes": _words(
        r"cross_val_score cross_validate cross_val_predict GridSearchCV RandomizedSearchCV "
        r"create_study KFold StratifiedKFold GroupKFold TimeSeriesSplit HyperparameterTuner "
        r"vfold_cv tune_grid"
    ),
    "trains": _words(
        r"backward train_supervised lgb\.train lgb\.cv xgb\.train xgb\.cv linkage auto_arima "
        r"Logit OLS lm glm randomForest Trainer fit! machine nearest_neighbor workflow "
        r"compare_models create_model tune_model ensemble_model blend_models stack_models "
        r"H2OAutoML AutoML TabularPredictor TPOT\w+ AutoSklearn\w+"
    ),
    "builds": _words(r"Sequential Dense Conv1D Conv2D Linear add_layer Embedding Model compile"),
    "evaluates": _words(
        r"\w*accuracy_score roc_auc_score f1_score mean_squared_error mean_absolute_error r2_score "
        r"confusion_matrix classification_report log_loss evaluate score precision_score "
        r"recall_score roc_curve metrics conf_mat confusionMatrix davies_bouldin_score "
        r"silhouette_score plot_confusion_matrix"
    ),
    "predicts": _words(r"predict predict_\w+ \w+_predict no_grad inference_mode batch_transform"),
    "loads": _words(
        r"load_model joblib\.load torch\.load load_state_dict PipelineModel\.load InferenceSession "
        r"Estimator\.attach load_weights load_checkpoint readRDS hub\.load"
    ),
    "saves": _words(
        r"joblib\.dump torch\.save save_model save_pretrained save_weights onnx\.save saveRDS "
        r"save_state model\.save"
    ),
    "writes": _words(
        r"to_csv to_parquet to_feather to_excel to_pickle to_hdf to_sql to_json to_file write_csv "
        r"write_parquet write\.\w+ fwrite savez np\.save savetxt sf\.write insert_many executemany "
        r"urlretrieve CSV\.write write_to_\w+ f\.write fp\.write file\.write json\.dump "
        r"pickle\.dump write_table write_dataset save_to_disk saveAsTable"
    ),
    "fetches": _words(
        r"requests\.get urlopen urlretrieve BeautifulSoup webdriver\.\w+ async_playwright "
        r"download\.file Reddit PdfReader"
    ),
    "plots": re.compile(
        r"(?<![A-Za-z0-9_])(?:plt\.(?:plot|hist|bar|barh|scatter|pie|imshow|boxplot|figure|subplots)"
        r"|sns\.\w+|px\.\w+|go\.\w+|alt\.Chart|ggplot|folium\.\w+|WordCloud|\w*\.plot(?:\.\w+)?"
        r"|\w*\.hist|charts?\.\w+|maps?\.\w+|plot_(?!model\b)\w+|\w+_plot|map_\w+|boxplot|barplot|hist)\s*\("
    ),
    "looks": _words(
        r"head tail describe info value_counts unique nunique isnull isna sample corr groupby "
        r"nlargest Counter crosstab pivot_table sort_values summary glimpse str count_values"
    ),
    "cleans": _words(
        r"dropna fillna drop_duplicates drop rename replace astype to_datetime to_numeric merge "
        r"concat join melt get_dummies interpolate resample json_normalize sub \w+Imputer strip "
        r"split explode withColumn mutate filter find_all findall extract_text set_index "
        r"reset_index clip"
    ),
    "serves": _words(
        r"deploy create_endpoint\w* invoke_endpoint create_deployment client\.deployments\.\w+ "
        r"Flask FastAPI uvicorn\.run gr\.Interface upsert ProcessingStep TrainingStep "
        r"delete_endpoint register_model endpoint publish_model transformer \w+_transformer\.wait "
        r"generate_schema"
    ),
}  # fmt: skip

#: Signs that are counted in the code as it stands, literals and shell lines included.
_TEXT_SIGNS: dict[str, re.Pattern[str]] = {
    "fetches": re.compile(r"^[ \t]*![ \t]*(?:curl|wget|gdown|unzip)\b", re.MULTILINE),
    "loads": re.compile(
        r"pickle\.load\([^\n]{0,200}(?i:model|clf|estimator|classif|regress)"
        r"|(?i:model|clf|estimator)\w{0,40}\s*=\s*(?:pickle|dill|cloudpickle|joblib)\.load\("
        r"|%store[ \t]+-r|\b(?i:model_?path)\s*=|YOLO\([^\n)]{0,200}(?i:path|best|runs)"
    ),
    "saves": re.compile(
        r"\.save\([^\n]{0,200}(?:\.h5|\.keras|(?i:model))|pickle\.dump\([^\n]{0,200}(?i:model|clf)"
    ),
    "writes": re.compile(
        r"joblib\.dump\(\s*\w{0,40}(?:df|data|train|test|features)\w{0,40}\s*,"
        r"|open\([^\n]{0,200},\s*(?:mode\s*=\s*)?['\"][wa]b?['\"]"),
    "delivers": re.compile(
        r"(?i)(?:to_csv|to_parquet|to_excel|to_sql)\([^\n]{0,200}(?:submi|pred|result|forecast|score)"
        r"|(?:submi|pred|result)\w{0,40}\.to_(?:csv|parquet|excel|sql)\("
    ),
    "scripts": re.compile(r"^[ \t]*%run[ \t]+\S+\.py|^[ \t]*%%writefile", re.MULTILINE),
}  # fmt: skip


class Traces(msgspec.Struct):
    """What was found in a notebook.

    Attributes
    ----------
    counts
        How often each sign occurs in the code.
    models
        Names of models that are made, in order.
    headings
        Texts of headings, and of lines in bold that stand for such, in order.
    files
        Names of data files in string literals, without folders, in order.
    cells
        Number of code cells with something in them.
    """

    counts: Counter[str]
    models: tuple[str, ...]
    headings: tuple[str, ...]
    files: tuple[str, ...]
    cells: int

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that a name could be taken from."""
        return not self.cells and not self.headings


def traces_of(notebook: Notebook) -> Traces:
    """Read the signs of a notebook in any language; never raises for its content."""
    sources = [cell.source[:_MOST_TEXT] for cell in code_cells_of(notebook)]
    bare = [_LITERAL.sub(lambda m: "''" if m["text"] else "", source) for source in sources]
    source, code = "\n\n".join(sources), "\n\n".join(bare)
    counts = Counter({name: len(found.findall(code)) for name, found in _CODE_SIGNS.items()})
    counts.update({name: len(found.findall(source)) for name, found in _TEXT_SIGNS.items()})
    counts["fits"] = sum(1 for _ in _fits(code, set(_PREPARED.findall(code))))
    models = dict.fromkeys(_MODEL_NAME.findall(code))
    return Traces(
        counts,
        tuple(models),
        _headings(notebook),
        tuple(dict.fromkeys(_DATA_FILE.findall(source))),
        sum(1 for cell in bare if cell.strip()),
    )


def _fits(code: str, prepared: set[str]) -> Iterator[str]:
    """Receivers of a ``fit`` that are no preparation of data."""
    for match in _FIT.finditer(code):
        before = code[max(0, match.start() - _RECEIVER) : match.start()].rstrip()
        is_call = before.endswith(")")
        found = _CALLED.search(_before_call(before) if is_call else before.rstrip("]"))
        name = found[0].rpartition(".")[2] if found is not None else ""
        is_prepared = name in prepared or _PREPARING_NAME.match(name)
        if not (_PREPARING_CLASS.match(name) if is_call else is_prepared):
            yield name


def _before_call(text: str) -> str:
    """``text`` without the arguments in parentheses that it ends with."""
    depth = 0
    for index in range(len(text) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(text[index], 0)
        if depth == 0:
            return text[:index]
    return ""


def _headings(notebook: Notebook) -> tuple[str, ...]:
    found: list[str] = []
    for cell in cells_of(notebook):
        if cell.type == "markdown":
            text = cell.source[:_MOST_TEXT]
            headings = [heading.strip(" \t#") for heading in _HEADING.findall(text)]
            found += [h for h in headings if h] or _BOLD_LINE.findall(text)[:1]
    return tuple(found)
