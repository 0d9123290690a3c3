"""Calls that draw at random, and those that set seeds, library by library.

What is listed was looked up in the documentation of scikit-learn 1.5 to 1.8, imbalanced-learn,
numpy, pandas, scipy, torch and keras: an estimator is here only if its results differ from run to
run with the arguments that it is given.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple

from nbtrail.policy.code.reading import Call, Reading
from nbtrail.policy.code.trees import literal

NUMPY = "numpy"
#: Seeds of which generators make the draws of a family come out the same.
FAMILIES = {
    NUMPY: {NUMPY},
    "random": {"random"},
    "torch": {"torch"},
    "tensorflow": {"tensorflow", "keras"},
    # Keras 1 and 2 take their seeds from numpy's generator, Keras 3 from Python's.
    "keras": {"keras", "tensorflow", NUMPY, "random"},
}
SEEDS = {
    "numpy.random.seed": NUMPY,
    "numpy.random.set_state": NUMPY,
    "scipy.random.seed": NUMPY,
    "random.seed": "random",
    "random.setstate": "random",
    "torch.manual_seed": "torch",
    "torch.random.manual_seed": "torch",
    "torch.set_rng_state": "torch",
    "tensorflow.random.set_seed": "tensorflow",
    "tensorflow.set_random_seed": "tensorflow",
    "tensorflow.random.set_random_seed": "tensorflow",
    "tensorflow.compat.v1.set_random_seed": "tensorflow",
    "tensorflow.compat.v1.random.set_random_seed": "tensorflow",
}
LIBRARIES = frozenset({"numpy", "scipy", "random", "torch", "tensorflow", "keras", "sklearn"})

_NUMPY = frozenset(
    "beta binomial bytes chisquare choice dirichlet exponential f gamma geometric gumbel "
    "hypergeometric laplace logistic lognormal logseries multinomial multivariate_normal "
    "negative_binomial noncentral_chisquare noncentral_f normal pareto permutation poisson power "
    "rand randint randn random random_integers random_sample ranf rayleigh sample shuffle "
    "standard_cauchy standard_exponential standard_gamma standard_normal standard_t triangular "
    "uniform vonmises wald weibull zipf".split()
)
_RANDOM = frozenset(
    "betavariate binomialvariate choice choices expovariate gammavariate gauss getrandbits "
    "lognormvariate normalvariate paretovariate randbytes randint random randrange sample shuffle "
    "triangular uniform vonmisesvariate weibullvariate".split()
)
_TORCH = frozenset(
    "bernoulli multinomial normal rand rand_like randint randint_like randn randn_like "
    "randperm".split()
)
#: Layers whose weights are drawn when they are made.
_TORCH_LAYERS = frozenset(
    "Linear Bilinear LazyLinear Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d RNN LSTM GRU "
    "RNNCell LSTMCell GRUCell Embedding EmbeddingBag Transformer TransformerEncoderLayer "
    "TransformerDecoderLayer MultiheadAttention".split()
)
_LOADS_WEIGHTS = frozenset({"load_state_dict", "load_weights", "load_checkpoint", "restore"})
_TRAINS = frozenset(
    {"apply_gradients", "backward", "fit", "fit_generator", "minimize", "train", "train_on_batch"}
)
_TENSORFLOW = frozenset(
    "categorical gamma normal poisson shuffle truncated_normal uniform random_normal "
    "random_uniform random_shuffle".split()
)
_KERAS_LAYERS = frozenset(
    "Dense Conv1D Conv2D Conv3D Convolution1D Convolution2D Conv2DTranspose SeparableConv2D "
    "DepthwiseConv2D SimpleRNN LSTM GRU CuDNNLSTM CuDNNGRU ConvLSTM2D Embedding "
    "MultiHeadAttention LocallyConnected1D TimeDistributedDense".split()
)


class Remedy(NamedTuple):
    """What to add to a call; ``global_seed``: numpy's global seed would do as well."""

    add: str
    global_seed: bool = True


_STATE = Remedy("`random_state=0`")


def draws(call: Call, reading: Reading) -> Iterator[str]:
    """Families of generators, shared by the whole process, that a call draws from."""
    parent, _, last = call.name.rpartition(".")
    if parent == "numpy.random" and last in _NUMPY:
        yield NUMPY
    elif parent == "random" and last in _RANDOM:
        yield "random"
    elif parent == "torch" and last in _TORCH:
        if not _given(call, "generator"):
            yield "torch"
    elif parent == "torch.nn" and last in _TORCH_LAYERS:
        if not _only_applies(reading):
            yield "torch"
    elif parent in ("tensorflow.random", "tensorflow") and last in _TENSORFLOW:
        if not _given(call, "seed") and (parent != "tensorflow" or last.startswith("random_")):
            yield "tensorflow"
    elif last in _KERAS_LAYERS and ".layers" in parent and not _only_applies(reading):
        if call.name.startswith("tensorflow."):
            yield "tensorflow"
        elif call.name.startswith("keras."):
            yield "keras"
    elif call.method == "rvs" and _uses(reading, "scipy") and not _given(call, "random_state"):
        yield NUMPY


def wants(call: Call, reading: Reading) -> Remedy | None:
    """What a call lacks to give the same each time; ``None`` where it lacks nothing."""
    root, _, rest = call.name.partition(".")
    last = call.method
    if root in ("sklearn", "imblearn", "umap") and rest:
        rule = _ESTIMATORS.get(last)
        if rule is None or call.open_ended or _given(call, "random_state"):
            return None
        return _STATE if rule(call) else None
    if call.name in _UNSEEDED_MAKERS:
        given = [*call.node.args, *(k.value for k in call.node.keywords)]
        if not given or (len(given) == 1 and literal(given[0]) is None):
            return Remedy(f"a seed (`{last}(0)`)", False)
        return None
    if last == "sample" and isinstance(call.node.func, ast.Attribute):
        return _STATE if _is_frame_sample(call, reading) else None
    return None


_UNSEEDED_MAKERS = frozenset({
    "numpy.random.default_rng", "numpy.random.RandomState", "numpy.random.PCG64",
    "numpy.random.MT19937", "numpy.random.Philox", "numpy.random.SFC64", "random.Random",
})  # fmt: skip
_FRAME_KEYWORDS = frozenset({"frac", "n", "weights", "ignore_index"})


def _is_frame_sample(call: Call, reading: Reading) -> bool:
    """``frame.sample(…)`` whose rows go on: one that is only shown is a look at the data."""
    if call.shown or not _uses(reading, "pandas") or call.open_ended:
        return False
    if _given(call, "random_state") or _given(call, "seed"):
        return False
    if _uses(reading, call.name.partition(".")[0]):
        return False  # a function of a module, such as pymc's
    keywords = {k.arg for k in call.node.keywords}
    fraction = literal(call.keyword("frac"))
    return bool(keywords & _FRAME_KEYWORDS) or fraction == 1


def _given(call: Call, keyword: str) -> bool:
    value = call.keyword(keyword)
    return value is not None and literal(value) is not None


def _only_applies(reading: Reading) -> bool:
    """Whether weights are loaded and not trained, so that the drawn ones are not kept."""
    methods = {call.method for call in reading.calls}
    return bool(methods & _LOADS_WEIGHTS) and not methods & _TRAINS


def _uses(reading: Reading, root: str) -> bool:
    return any(item.module.partition(".")[0] == root for item in reading.imports)


# Which estimators and functions of scikit-learn draw, with which arguments

_Rule = Callable[[Call], bool]


def _always(call: Call) -> bool:
    return True


def _when(keyword: str, *values: object) -> _Rule:
    """Only with one of these values; a value that cannot be seen is none of them."""
    return lambda call: literal(call.keyword(keyword)) in values


def _unless(keyword: str, *values: object) -> _Rule:
    """Also without it; not where its value cannot be seen."""

    def rule(call: Call) -> bool:
        value = call.keyword(keyword)
        return value is None or (literal(value) is not ... and literal(value) not in values)

    return rule


def _either(*rules: _Rule) -> _Rule:
    return lambda call: any(rule(call) for rule in rules)


def _shuffled(call: Call) -> bool:
    """Splits that draw only when told to shuffle; the old ones were given all by position."""
    return literal(call.keyword("shuffle")) is True and len(call.node.args) < 3


def _initialised(call: Call) -> bool:
    """Clusters begin at random points unless the points are given."""
    init = call.keyword("init")
    return init is None or isinstance(literal(init), str)


def _each(names: str, rule: _Rule = _always) -> dict[str, _Rule]:
    return dict.fromkeys(names.split(), rule)


_ESTIMATORS: dict[str, _Rule] = {
    **_each(
        "RandomForestClassifier RandomForestRegressor ExtraTreesClassifier ExtraTreesRegressor "
        "ExtraTreeClassifier ExtraTreeRegressor RandomTreesEmbedding BaggingClassifier "
        "BaggingRegressor AdaBoostClassifier AdaBoostRegressor GradientBoostingClassifier "
        "GradientBoostingRegressor DecisionTreeClassifier DecisionTreeRegressor IsolationForest "
        "MLPClassifier MLPRegressor BernoulliRBM TheilSenRegressor RANSACRegressor "
        "MinCovDet EllipticEnvelope OutputCodeClassifier"
    ),
    **_each(
        "SGDClassifier SGDRegressor SGDOneClassSVM Perceptron PassiveAggressiveClassifier "
        "PassiveAggressiveRegressor",
        _unless("shuffle", False),
    ),
    **_each(
        "LogisticRegression LogisticRegressionCV",
        _either(
            _when("solver", "sag", "saga"),
            lambda call: (
                literal(call.keyword("solver")) == "liblinear"
                and literal(call.keyword("dual")) is True
            ),
        ),
    ),
    **_each("Ridge RidgeClassifier", _when("solver", "sag", "saga")),
    **_each(
        "Lasso LassoCV ElasticNet ElasticNetCV MultiTaskLasso MultiTaskElasticNet",
        _when("selection", "random"),
    ),
    **_each("LinearSVC LinearSVR", _when("dual", True)),
    **_each("SVC NuSVC", _when("probability", True)),
    **_each(
        "HistGradientBoostingClassifier HistGradientBoostingRegressor",
        _when("early_stopping", True),
    ),
    **_each("DummyClassifier", _when("strategy", "stratified", "uniform")),
    **_each("KMeans MiniBatchKMeans BisectingKMeans k_means", _initialised),
    **_each(
        "SpectralClustering SpectralBiclustering SpectralCoclustering GaussianMixture "
        "BayesianGaussianMixture TSNE UMAP MDS FastICA TruncatedSVD LatentDirichletAllocation "
        "MiniBatchDictionaryLearning MiniBatchSparsePCA randomized_svd kmeans_plusplus"
    ),
    **_each("PCA", _when("svd_solver", "randomized", "arpack")),
    **_each("KernelPCA", _when("eigen_solver", "randomized", "arpack")),
    **_each("NMF MiniBatchNMF", _when("init", "random", "nndsvdar")),
    **_each(
        "RBFSampler Nystroem SkewedChi2Sampler PolynomialCountSketch GaussianRandomProjection "
        "SparseRandomProjection"
    ),
    **_each("train_test_split", _unless("shuffle", False)),
    **_each("KFold StratifiedKFold StratifiedGroupKFold GroupKFold", _shuffled),
    **_each(
        "ShuffleSplit StratifiedShuffleSplit GroupShuffleSplit RepeatedKFold "
        "RepeatedStratifiedKFold RandomizedSearchCV HalvingRandomSearchCV HalvingGridSearchCV "
        "permutation_importance mutual_info_classif mutual_info_regression resample"
    ),
    **_each("shuffle", lambda call: call.name.endswith("utils.shuffle")),
    **_each(
        "make_classification make_regression make_blobs make_moons make_circles make_friedman1 "
        "make_friedman2 make_friedman3 make_gaussian_quantiles make_low_rank_matrix make_s_curve "
        "make_swiss_roll make_sparse_uncorrelated make_multilabel_classification make_hastie_10_2 "
        "make_biclusters make_checkerboard make_spd_matrix"
    ),
    # Imbalanced-learn
    **_each(
        "SMOTE SMOTENC SMOTEN BorderlineSMOTE SVMSMOTE KMeansSMOTE ADASYN SMOTETomek SMOTEENN "
        "RandomOverSampler RandomUnderSampler BalancedRandomForestClassifier "
        "BalancedBaggingClassifier EasyEnsembleClassifier RUSBoostClassifier ClusterCentroids"
    ),
}
