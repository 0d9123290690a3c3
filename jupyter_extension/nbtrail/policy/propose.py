"""A name for a draft, from what its code does and says."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath

import msgspec

from nbtrail.errors import NbtrailError, UsageError
from nbtrail.notebooks.cells import cells_of
from nbtrail.notebooks.datasets import family_of
from nbtrail.notebooks.document import Notebook, read_notebook
from nbtrail.notebooks.names import build_name, parse_name
from nbtrail.pipeline.inference.source import parse_cell
from nbtrail.project import Project

_HEADING = re.compile(r"^#{1,3}\s+(.+?)\s*#*$", re.MULTILINE)
_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]+")
_MODEL = re.compile(
    r"^(?=[A-Z])\w+(Classifier|Regressor|Regression|SVC|SVR|NB|Lasso|Ridge|KMeans|Net)$"
)
_DATA_FILE = re.compile(r"\.(csv|tsv|parquet|feather|xlsx?|json|jsonl|pkl|h5|hdf5|sqlite|db)$")

_FITS = frozenset({"fit", "fit_predict", "partial_fit", "cross_val_score", "cross_validate",
                   "cross_val_predict", "GridSearchCV", "RandomizedSearchCV", "train"})  # fmt: skip
_WRITES = frozenset({"to_csv", "to_parquet", "to_feather", "to_excel", "to_pickle", "to_hdf",
                     "to_sql", "to_json", "write_csv", "write_parquet"})  # fmt: skip
_PREDICTS = frozenset({"predict", "predict_proba"})
_LOADS_MODEL = frozenset({"joblib.load", "pickle.load", "load_model", "torch.load",
                          "keras.models.load_model"})  # fmt: skip
_MOST_WORDS = 6


class Proposal(msgspec.Struct, frozen=True):
    """A name to accept with one key; ``path`` is free at the moment of asking."""

    category: str
    description: str
    path: str


class _Traces(msgspec.Struct):
    """What the code was seen to do."""

    calls: set[str] = msgspec.field(default_factory=set)
    models: list[str] = msgspec.field(default_factory=list)
    datasets: list[str] = msgspec.field(default_factory=list)
    writes_dataset: bool = False


def propose_name(project: Project, path: str) -> Proposal:
    """Category, description and free path for the notebook at ``path``.

    A notebook that cannot be read is proposed as if it were empty.
    """
    try:
        notebook = read_notebook(project.resolve(path))
    except NbtrailError:
        notebook = {"cells": []}
    traces = _traces(notebook)
    category = _category(project, traces)
    description = _description(project, path, notebook, traces)
    return Proposal(category, description, _free_path(project, path, category, description))


def _category(project: Project, traces: _Traces) -> str:
    calls = traces.calls
    if calls & _FITS or traces.models:
        word = "EXPERIMENTAL"
    elif calls & _PREDICTS and calls & _LOADS_MODEL:
        word = "DEPLOY"
    elif calls & _WRITES or traces.writes_dataset:
        word = "CLEANING"
    else:
        word = "EXPLORATION"
    words = project.config.names.categories
    return word if word in words or not words else words[0]


def _description(project: Project, path: str, notebook: Notebook, traces: _Traces) -> str:
    folder = PurePosixPath(path).parent.name or project.name
    models = [" ".join(_CAMEL.findall(name)) for name in traces.models[:2]]
    data = [PurePosixPath(family_of(name)).stem for name in traces.datasets[:1]]
    tries = [
        _first_heading(notebook),
        " ".join([*models, *data]),
        f"{folder} first look",
    ]
    for text in tries:
        slug = _slug(project, text)
        if slug:
            return slug
    return "first-look"


def _first_heading(notebook: Notebook) -> str:
    for cell in cells_of(notebook):
        if cell.type == "markdown" and (match := _HEADING.search(cell.source)):
            return match[1]
    return ""


def _slug(project: Project, text: str) -> str:
    """The words of a text that may stand in a description; empty when they say nothing."""
    names = project.config.names
    shunned = {word.casefold() for word in (*names.categories, *names.meaningless)}
    words = [w for w in _WORD.findall(text) if w.casefold() not in shunned][:_MOST_WORDS]
    slug = "-".join(words).lower()
    return parse_name(f"{slug}.ipynb", names).description and slug


def _free_path(project: Project, path: str, category: str, description: str) -> str:
    parent = PurePosixPath(path).parent
    for number in range(1, 1000):
        text = description if number == 1 else f"{description}-{number}"
        try:
            candidate = str(parent / build_name(category, text))
        except UsageError:
            candidate = str(parent / build_name(category, f"first look {number}"))
        file = project.root / candidate
        if not file.exists() and not file.with_suffix(".py").exists():
            return candidate
    return str(parent / build_name(category, f"{description[:100]}-next"))


def _traces(notebook: Notebook) -> _Traces:
    traces = _Traces()
    for cell in cells_of(notebook):
        tree = parse_cell(cell.source) if cell.type == "code" else None
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, ast.Call):
                _note_call(node, traces)
            elif isinstance(node, ast.Constant) and _names_data(node.value):
                traces.datasets.append(str(node.value))
    return traces


def _names_data(value: object) -> bool:
    return isinstance(value, str) and len(value) < 200 and bool(_DATA_FILE.search(value))


def _note_call(node: ast.Call, traces: _Traces) -> None:
    dotted = _dotted(node.func)
    last = dotted.rpartition(".")[2]
    if last == "fit" and len(node.args) + len(node.keywords) < 2:
        return  # a scaler or encoder is fitted on data alone: that is preparation
    traces.calls |= {dotted, last}
    if _MODEL.match(last) and last not in traces.models:
        traces.models.append(last)
    if last == "dataset":
        modes = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "mode")]
        traces.writes_dataset |= any(isinstance(m, ast.Constant) and m.value == "w" for m in modes)


def _dotted(node: ast.expr) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    return ".".join(reversed(parts))
