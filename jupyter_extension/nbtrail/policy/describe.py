"""A few words for a notebook's name, from its own name, its headings, models and data."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from nbtrail.config import NamesConfig
from nbtrail.errors import UsageError
from nbtrail.notebooks.datasets import family_of
from nbtrail.notebooks.names import build_name, parse_name
from nbtrail.policy.traces import Traces

_MOST_WORDS = 6
_MOST_LETTERS = 60
_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])|(?<=[a-z]{2})(?=[A-Z]{2,}(?:_|$))")
_CAMEL_MODEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]+")
_VERSION = re.compile(
    r"^(?:v\d*|ver\d*|version|rev\d*|copy\d*|untitled\d*|checkpoint|old|backup|bak|wip|draft\d*"
    r"|final\d*|latest|fixed|refactored|solution|assignment|assignement|\d+)$",
    re.IGNORECASE,
)
#: Words that tell one notebook of a project hardly from another.
_GENERAL = frozenset(
    """a an and the of for in on with to from by using your our my this that is it some
    introduction intro project projects part step section chapter module week day lab task exercise
    homework hw notebook notebooks code codes script work main machine learning data dataset
    datasets science model models modeling modelling train training predict prediction predictions
    predicting inference import imports importing load loading read reading library libraries
    package packages setup set up config configuration init install run runner analysis analyse
    analyze analyzing eda exploratory explore exploring exploration preview overview initial
    preprocess preprocessing processing process prepare preparation prep clean cleaning cleaned
    cleanup experiment experimental experiments experimentation deploy deployment baseline pipeline
    get create make build building generate about contents table background objectives objective
    necessary required all me settings setting title reproducibility seed install installation
    environment function functions utils helpers ipynb py python jupyter colab kaggle result
    results submission training testing evaluate evaluation first look""".split()
)
#: Words of the kind of work: the category says it already.
_KINDS = frozenset(
    """eda exploratory explore exploring exploration cleaning clean preprocessing preprocess
    experiment experimental deploy deployment data notebook notebooks project code main work
    ipynb py""".split()
)
_SMALL = frozenset("a an and the of for in on with to from by using your our my this".split())
_DATA_GENERAL = frozenset(
    "train test data dataset raw input output sample submission results result df final file "
    "clean cleaned processed params config model features labels x y".split()
)


def describe(traces: Traces, path: str, names: NamesConfig, project: str) -> str:
    """Words joined by ``-``, never empty; at most six.

    What the file's name says comes first; where it says nothing of its own, headings, models
    and data finish it, and at last the folder.
    """
    own = own_words(path, names)
    if any(word.casefold() not in _GENERAL for word in own) and (slug := _slug(own, names)):
        return slug
    kept = [word for word in own if word.casefold() not in _KINDS | _SMALL and len(word) > 1][:2]
    for words in (_from_headings(traces, names), _from_contents(traces, names)):
        fresh = [w for w in words if w.casefold() not in {k.casefold() for k in kept}]
        if slug := _slug([*kept, *fresh] if fresh else [], names):
            return slug
    headings = [_spoken(heading, names) for heading in traces.headings[:1]]
    folder = _spoken(PurePosixPath(path).parent.name or project, names)[:3]
    for words in (*headings, own if len(own) > 1 else [], [*own, *folder] if own else []):
        if slug := _slug(words, names):
            return slug
    return _first_look(path, names, project)


def own_words(path: str, names: NamesConfig) -> list[str]:
    """What a file's name says, without numbers, version tails, categories and empty words."""
    stem = _CAMEL.sub(" ", PurePosixPath(path).stem)
    stem = re.sub(r"^\s*\d{1,4}[A-Za-z]?(?=[-_ .)])|\(\d+\)|(?i:[-_ ]copy[-_ ]?\d*)$", " ", stem)
    return _spoken(stem, names)


def spoken_name(path: str) -> str:
    """A file's name as words between blanks, for rules that look for words."""
    return " ".join(_WORD.findall(_CAMEL.sub(" ", PurePosixPath(path).stem)))


def distinguishing(traces: Traces, names: NamesConfig, description: str) -> list[str]:
    """Words that tell a notebook from another of the same description, best first."""
    taken = set(description.split("-"))
    words = [*_from_contents(traces, names), *_from_headings(traces, names)]
    empty = taken | _GENERAL | _SMALL
    return [word.lower() for word in words if word.lower() not in empty and len(word) > 1]


def _from_headings(traces: Traces, names: NamesConfig) -> list[str]:
    """The first heading that says something of its own."""
    for heading in traces.headings[:5]:
        words = _spoken(re.sub(r"^(?i:introduction|overview)\s*:\s*", "", heading), names)
        if any(word.casefold() not in _GENERAL for word in words):
            return words
    return []


def _from_contents(traces: Traces, names: NamesConfig) -> list[str]:
    models = [word for name in traces.models[:1] for word in _CAMEL_MODEL.findall(name)]
    for file in traces.files:
        words = _spoken(PurePosixPath(family_of(file)).stem, names)
        data = [word for word in words if word.casefold() not in _DATA_GENERAL]
        if data:
            return [*models, *data[:3]]
    return models


def _spoken(text: str, names: NamesConfig) -> list[str]:
    shunned = {word.casefold() for word in (*names.categories, *names.meaningless)}
    text = re.sub(r"<[^<>]*>|https?://\S+|[*`'\u2019]|&\w+;", "", text)
    return [
        word
        for word in _WORD.findall(text)
        if word.casefold() not in shunned and not _VERSION.match(word)
    ]


def _slug(words: list[str], names: NamesConfig) -> str:
    """The words as a description that `parse_name` understands; empty when it would not."""
    long = len(words) > _MOST_WORDS
    chosen = [w for w in words if not (long and w.casefold() in _SMALL)][:_MOST_WORDS]
    while chosen and chosen[-1].casefold() in _SMALL:
        chosen.pop()
    while len("-".join(chosen).encode()) > _MOST_LETTERS and len(chosen) > 1:
        chosen.pop()
    slug = "-".join(chosen).lower()
    return slug if says_something(slug, names) else ""


def says_something(slug: str, names: NamesConfig) -> bool:
    """Whether a notebook of this description would have a name that says something."""
    try:
        parsed = parse_name(build_name("x", slug), names)
    except UsageError:
        return False
    return parse_name(f"{slug}.ipynb", names).description != "" and not parsed.categories


def _first_look(path: str, names: NamesConfig, project: str) -> str:
    folder = PurePosixPath(path).parent.name or project
    return _slug([*_spoken(folder, names)[:4], "first", "look"], names) or "first-look"
