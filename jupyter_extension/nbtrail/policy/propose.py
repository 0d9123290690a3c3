"""Category and description for one notebook, from what its code does and says."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import PurePosixPath

import msgspec

from nbtrail.errors import NbtrailError
from nbtrail.notebooks.document import Notebook, read_notebook
from nbtrail.notebooks.names import parse_name
from nbtrail.policy.describe import describe, distinguishing, says_something, spoken_name
from nbtrail.policy.free_names import FreeNames
from nbtrail.policy.judge import Verdict, judge
from nbtrail.policy.traces import Traces, traces_of
from nbtrail.project import Project

#: Bytes of a description with a word more that tells it apart.
_LONGEST = 80


class Proposal(msgspec.Struct, frozen=True):
    """A name to accept with one key; ``path`` is free at the moment of asking."""

    category: str
    description: str
    path: str
    why: str = ""


class Reading(msgspec.Struct, frozen=True):
    """What one notebook was taken for.

    ``confidence`` lies between 0 and 1; ``why`` is a phrase without its subject, such as
    "fits RandomForestClassifier, evaluates predictions; writes no data".
    """

    category: str
    description: str
    confidence: float
    why: str
    traces: Traces


def propose_name(project: Project, path: str) -> Proposal:
    """Category, description and free path for the notebook at ``path``.

    A notebook that cannot be read is proposed as if it were empty.
    """
    try:
        notebook = read_notebook(project.resolve(path))
    except NbtrailError:
        notebook = {"cells": []}
    found = read_purpose(project, path, notebook)
    staying = [one for one in _beside(project, path) if one != path]
    free, description = FreeNames(project, staying).named(
        path, found.category, None, descriptions(project, found)
    )
    return Proposal(found.category, description, free, found.why)


def read_purpose(project: Project, path: str, notebook: Notebook) -> Reading:
    """What a notebook is for; the same for drafts and for a folder that is adopted.

    A category word that stands in its name already is believed.
    """
    traces = traces_of(notebook)
    verdict = judge(traces, spoken_name(path))
    words = project.config.names.categories
    description = describe(traces, path, project.config.names, project.name)
    said = parse_name(path, project.config.names).category
    if said is not None:
        return Reading(said, description, 1.0, "its name says so", traces)
    known = {word.casefold(): word for word in words}
    category = known.get(verdict.work.casefold(), words[0] if words else verdict.work)
    return Reading(category, description, verdict.confidence, reasons(verdict, traces), traces)


def reasons(verdict: Verdict, traces: Traces) -> str:
    """The reasons of a verdict as a phrase."""
    models = " and ".join(traces.models[:2]) or "a model"
    said = [words.format(models=models) for words in verdict.reasons]
    if any(words.startswith("fits") for words in said):
        said = [words for words in said if not words.startswith("makes")]
    if any(words.startswith("predicts") for words in said):
        said = [words for words in said if words != "fits none of its own"]
    chosen = [words for words in said if words != "does little else"][:3] or ["holds little code"]
    counts = traces.counts
    if verdict.work in ("EXPLORATION", "EXPERIMENTAL") and not counts["writes"]:
        chosen = [words for words in chosen if words != "writes no data"] or chosen
        return ", ".join(chosen) + ("" if chosen == ["writes no data"] else "; writes no data")
    return ", ".join(chosen)


def descriptions(project: Project, found: Reading, *, alone: bool = True) -> Iterator[str]:
    """The description, then with a word more that tells it apart, then with numbers, endlessly.

    No word is added for a notebook that is not ``alone`` but a near-copy: none would tell it apart.
    """
    names = project.config.names
    yield found.description
    for word in distinguishing(found.traces, names, found.description)[:3] if alone else ():
        longer = f"{found.description}-{word}"
        if len(longer.encode()) <= _LONGEST and says_something(longer, names):
            yield longer
    for number in itertools.count(2):
        yield f"{found.description}-{number}"


def _beside(project: Project, path: str) -> list[str]:
    """The notebooks in the folder of ``path``."""
    folder = PurePosixPath(path).parent
    try:
        names = os.listdir(project.root / folder)
    except OSError:
        return []
    return [str(folder / name) for name in names if name.endswith(".ipynb")]
