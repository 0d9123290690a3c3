"""Which calls make, fit, score and apply models, and which read and write data."""

from __future__ import annotations

import ast
import re

from nbtrail.policy.code.reading import Call
from nbtrail.policy.code.trees import literal

PREDICTS = frozenset({
    "predict", "predict_proba", "predict_log_proba", "predict_classes", "decision_function",
    "forecast", "predict_generator", "batch_predict", "predict_on_batch",
})  # fmt: skip

_FITS = frozenset({"fit", "fit_predict", "fit_generator", "partial_fit"})
_FIT_CALLS = re.compile(
    r"^(?:xgboost|lightgbm|catboost)\.(?:train|cv)$"
    r"|^sklearn\.(?:model_selection|cross_validation)\.cross_val_(?:score|predict)$"
    r"|^sklearn\.model_selection\.cross_validate$"
)
#: Classes that prepare data, or choose and wrap models: fitting one of them is no idea of its own.
_PREPARES = re.compile(
    r"(?i)scal|encod|vectori|transform|imput|pca|svd|select|token|binari|polynom|normali|nmf|tsne|"
    r"umap|discret|oversampl|undersampl|smote|standard|minmax|featureunion|generator|calibrat|"
    r"decompos|embedding|word2vec|phras|isomap|ica$|rfe|boruta|lda$|dirichlet|augment|datagen|"
    r"^le\d*$|^enc|^sc\d*$|^ss\d*$|^tok|^mms?$|^cv\d*$|^tfidf|^vect|^lb|^ohe|^poly|^imp|^bow|"
    r"optimize|curve|^norm|^stats|^dist|distribution|pipeline$|^prep"
)
_MODEL_LIBRARIES = frozenset({
    "sklearn", "xgboost", "lightgbm", "catboost", "keras", "tensorflow", "torch", "statsmodels",
    "prophet", "fbprophet", "pmdarima", "imblearn", "lifelines", "surprise",
})  # fmt: skip
_MODEL = re.compile(
    r"Regress(?:or|ion)|Classifier|^(?:Linear)?SV[CR]$|^NuSV[CR]$|NB$|^Ridge|^Lasso|^ElasticNet|"
    r"^KMeans|^MiniBatchKMeans|^DBSCAN|Clustering$|^GaussianMixture|^Sequential$|^Perceptron$|"
    r"^IsolationForest$|^OneClassSVM$|^LocalOutlierFactor$|^OLS$|^GLM$|^Logit$|^Probit$|^ARIMA|"
    r"^SARIMAX?$|^Prophet$|^ols$|^logit$|^VAR$|DiscriminantAnalysis$|^auto_arima$|^Holt|"
    r"^ExponentialSmoothing$|^CoxPHFitter$|^KaplanMeierFitter$|^Birch$|^MeanShift$|^LassoCV$"
)
_SCORES = re.compile(
    r"(?:_score|_error|_loss|_matrix|_report|_curve|_coefficient)$|^(?:score|evaluate|auc|"
    r"cross_val_score|cross_validate|rmse|rmsle|accuracy|log_loss|silhouette_score|summary)$"
)
_READS = re.compile(
    r"^(?:read_(?!html$)\w+|load_dataset|genfromtxt|loadtxt|fromfile|imread|load_data|"
    r"fetch_\w+|load_(?:iris|digits|wine|breast_cancer|diabetes|boston|linnerud|files|svmlight_file)|"
    r"make_(?:classification|regression|blobs|moons|circles|friedman[123]|s_curve|swiss_roll|"
    r"gaussian_quantiles|multilabel_classification)|DataReader|download|get_rdataset|from_csv|"
    r"image_dataset_from_directory|flow_from_directory|open_dataset|ImageFolder)$"
)
_WRITES = re.compile(
    r"^(?:to_(?:csv|parquet|excel|json|feather|hdf|pickle|sql|stata|gbq|orc|html|markdown|xml|"
    r"netcdf|zarr|delta)|savetxt|savez|savez_compressed|savefig|write_(?:csv|parquet|json|excel|"
    r"ipc|html|image)|saveAsTable|writerows?|put_object|insert_many)$"
)
_DUMPS = re.compile(
    r"^(?:numpy\.save|json\.dump|pickle\.dump|joblib\.dump|yaml\.\w*dump|torch\.save|"
    r"cv2\.imwrite|dill\.dump|imageio\.imwrite|scipy\.io\.savemat)$"
)


def is_model(call: Call) -> bool:
    """Whether a call makes a model, rather than something that prepares data."""
    root = call.name.partition(".")[0]
    return root in _MODEL_LIBRARIES and _MODEL.search(call.method) is not None


def may_fit(call: Call) -> bool:
    """Whether it is worth asking `fits`."""
    return call.method in _FITS or _FIT_CALLS.match(call.name) is not None


def fits(call: Call, estimators: frozenset[str]) -> bool:
    """Whether a call has a model learn; ``estimators`` are the classes it is known to be of."""
    if _FIT_CALLS.match(call.name):
        return True
    if call.method not in _FITS or not isinstance(call.node.func, ast.Attribute):
        return False
    if estimators:
        return True
    owner = call.node.func.value
    while isinstance(owner, ast.Call | ast.Attribute | ast.Subscript):
        if isinstance(owner, ast.Attribute):
            if _PREPARES.search(owner.attr):
                return False
            owner = owner.value
        else:
            owner = owner.func if isinstance(owner, ast.Call) else owner.value
    if isinstance(owner, ast.Name) and _PREPARES.search(owner.id):
        return False
    keywords = {k.arg for k in call.node.keywords}
    return len(call.node.args) > 1 or bool(keywords & {"y", "epochs", "validation_data"})


def scores(call: Call) -> bool:
    """Whether a call says how good a model is."""
    if call.method == "summary":
        return False
    return _SCORES.search(call.method) is not None


def reads(call: Call) -> str | None:
    """What a call reads or makes up: the file's name where it is a literal, else the call's.

    ``None`` for all other calls.
    """
    if call.name in ("nbtrail.dataset", "nbtrail.kernel_api.dataset", "numpy.load", "joblib.load"):
        mode = literal(call.node.args[1]) if len(call.node.args) > 1 else "r"
        if mode == "w":
            return None
    elif not _READS.match(call.method):
        return None
    if call.method.startswith(("fetch_", "load_", "make_")):
        given = ast.unparse(call.node.func) if isinstance(call.node.func, ast.Name) else call.name
        return given.rpartition(".")[2] if call.method != "load_data" else call.name
    first = call.node.args[0] if call.node.args else None
    value = literal(first)
    if isinstance(value, str) and len(value) < 300:
        return value
    for part in ast.walk(first) if first is not None else ():
        inner = literal(part) if isinstance(part, ast.Constant) else ...
        if isinstance(inner, str) and "." in inner and len(inner) < 300:
            return inner
    return first.id if isinstance(first, ast.Name) else call.method


def writes(call: Call) -> bool:
    """Whether a call writes results to a file or table."""
    if _WRITES.match(call.method) or _DUMPS.match(call.name):
        return bool(call.node.args or call.node.keywords)
    if call.name in ("open", "io.open", "codecs.open"):
        mode = call.node.args[1] if len(call.node.args) > 1 else call.keyword("mode")
        value = literal(mode)
        return isinstance(value, str) and any(sign in value for sign in "wxa")
    return False


def place_of(call: Call) -> ast.expr | None:
    """Where a call that writes puts it: the expression of the file's name."""
    for keyword in ("path_or_buf", "path", "fname", "filename", "file", "excel_writer"):
        value = call.keyword(keyword)
        if value is not None:
            return value
    second = call.method == "dump" or call.name == "torch.save"
    arguments = call.node.args[1:] if second else call.node.args
    return arguments[0] if arguments else None
