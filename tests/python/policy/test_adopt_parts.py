"""Parts of the proposals: signs, categories, words, numbers and copies."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nbtrail.config import NamesConfig
from nbtrail.notebooks.names import build_name, parse_name
from nbtrail.policy.copies import Text, near_copies
from nbtrail.policy.describe import describe, own_words, spoken_name
from nbtrail.policy.judge import judge
from nbtrail.policy.sequence import Place, own_number, sequences
from nbtrail.policy.traces import Traces, traces_of

NAMES = NamesConfig()


def read(*sources: str, text: str = "") -> Traces:
    cells: list[dict[str, Any]] = [{"cell_type": "markdown", "source": text}] if text else []
    cells += [{"cell_type": "code", "source": source} for source in sources]
    return traces_of({"nbformat": 4, "metadata": {}, "cells": cells})


@pytest.mark.parametrize(
    ("source", "sign", "count"),
    [
        ("clf.fit(X, y)", "fits", 1),
        ("RandomForestClassifier(max_depth=f(3)).fit(X, y)", "fits", 1),
        ("model = (Pipeline([\n ('a', b)])\n  .fit(X, y))", "fits", 1),
        ("StandardScaler().fit(X)", "fits", 0),
        ("sc = preprocessing.StandardScaler()\nsc.fit(X)", "fits", 0),
        ("tfidf_vectorizer.fit(texts)", "fits", 0),
        ("x.fit_transform(y)", "fits", 0),
        ("# clf.fit(X, y)", "fits", 0),
        ("print('clf.fit(X, y)')", "fits", 0),
        ("s = '#'; clf.fit(X, y)", "fits", 1),
        ("df.to_csv('a.csv')", "writes", 1),
        ("with open('a.txt', 'w') as f: pass", "writes", 1),
        ("with open('a.txt') as f: pass", "writes", 0),
        ("!wget https://example.org/a.csv", "fetches", 1),
        ("submission.to_csv('s.csv')", "delivers", 1),
        ("df.to_csv('predictions.csv')", "delivers", 1),
        ("clf = pickle.load(open('clf.pkl', 'rb'))", "loads", 1),
        ("rows = pickle.load(open('rows.pkl', 'rb'))", "loads", 0),
        ("%run train.py", "scripts", 1),
        ("predictor = estimator.deploy(1)", "serves", 1),
    ],
)
def test_signs(source: str, sign: str, count: int) -> None:
    assert read(source).counts[sign] == count


def test_traces_never_fail_and_are_quick_on_hostile_text() -> None:
    hostile = ["'" * 5_000, '"""' + "a" * 30_000, "((((" * 4_000, "x." * 10_000 + "fit(",
               "\\" * 9_999, "a(" * 9_000, "_" * 20_000, "#" * 20_000, "\x00\ud800"]  # fmt: skip
    begin = time.process_time()
    found = read(*hostile, text="#" * 5_000 + " " * 5_000 + "\n**" + "x" * 9_000)
    assert found.cells > 0
    assert judge(found, "x" * 9_000).work
    assert time.process_time() - begin < 10


def test_names_and_headings_speak_but_code_speaks_louder() -> None:
    nothing = read("x = 1")
    assert judge(nothing, "data cleaning").work == "CLEANING"
    assert judge(nothing, "eda").work == "EXPLORATION"
    assert judge(read("x = 1", text="# Train a model"), "").work == "EXPERIMENTAL"
    tried = read("m = SVC()", "m.fit(X, y)", "n = SVR()\nn.fit(X, y)", "accuracy_score(y, p)")
    assert judge(tried, "data cleaning").work == "EXPERIMENTAL"
    assert judge(tried, "").confidence > judge(nothing, "").confidence


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("model_final_v2 (1).ipynb", ["model"]),
        ("predictingSuicides.ipynb", ["predicting", "Suicides"]),
        ("03a-wordcloud-Copy2.ipynb", ["wordcloud"]),
        ("2024 sales report.ipynb", ["sales", "report"]),
        ("RedditSentimentNotebook.ipynb", ["Reddit", "Sentiment"]),
        ("Untitled.ipynb", []),
        ("CLEANING-ages.ipynb", ["ages"]),
    ],
)
def test_own_words(path: str, words: list[str]) -> None:
    assert own_words(path, NAMES) == words


@pytest.mark.parametrize(
    ("path", "text", "description"),
    [
        ("Untitled3.ipynb", "# 2. Who survived the *wreck*?", "who-survived-the-wreck"),
        ("Untitled3.ipynb", "# Introduction\n# Ages of passengers", "ages-of-passengers"),
        ("predict.ipynb", "", "predict-random-forest-classifier-titanic"),
        ("fare by class.ipynb", "# Something else", "fare-by-class"),
        ("a/b/analysis.ipynb", "", "analysis-random-forest-classifier-titanic"),
        ("x.ipynb", "# 乗客の年齢", "乗客の年齢"),
    ],
)
def test_descriptions(path: str, text: str, description: str) -> None:
    found = read(
        "pd.read_csv('data/2026-01-02_titanic.csv')", "RandomForestClassifier()", text=text
    )
    assert describe(found, path, NAMES, "ship") == description


def test_a_description_is_found_where_nothing_is_said() -> None:
    assert describe(read("x = 1"), "Untitled.ipynb", NAMES, "ship") == "ship-first-look"
    assert describe(read("x = 1"), "deep/Untitled.ipynb", NAMES, "ship") == "deep-first-look"
    assert describe(read("x = 1"), "copy/Untitled.ipynb", NAMES, "ship") == "first-look"
    assert spoken_name("a/bigRun_2.ipynb") == "big Run 2"


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("03_look.ipynb", (3, "")),
        ("3b-look.ipynb", (3, "b")),
        ("Project Part 2.ipynb", (2, "")),
        ("2024-sales.ipynb", None),
        ("look.ipynb", None),
        ("3.ipynb", None),
    ],
)
def test_own_numbers(path: str, number: Place | None) -> None:
    assert own_number(path) == number


def test_numbers_follow_the_order_and_contradictions_give_way() -> None:
    edges = [("9_make.ipynb", "1_use.ipynb"), ("1_use.ipynb", "end.ipynb")]
    order = ["9_make.ipynb", "1_use.ipynb", "end.ipynb", "alone.ipynb"]
    assert sequences(order, edges, {}) == {
        "9_make.ipynb": "9", "1_use.ipynb": "10", "end.ipynb": "11",
    }  # fmt: skip


def test_what_comes_before_a_kept_number_gets_a_lower_one() -> None:
    order = ["get.ipynb", "01_clean.ipynb"]
    found = sequences(order, [("get.ipynb", "01_clean.ipynb")], {})
    assert found == {"get.ipynb": "0", "01_clean.ipynb": "1"}


def test_taken_numbers_are_not_given_again_and_letters_end() -> None:
    order = ["2-CLEANING-a.ipynb", *(f"u{n:02}.ipynb" for n in range(30))]
    fixed: dict[str, Place | None] = {"2-CLEANING-a.ipynb": (2, "")}
    edges = [("2-CLEANING-a.ipynb", path) for path in order[1:]]
    found = sequences(order, edges, fixed)
    assert found["u00.ipynb"] == "3a"
    assert found["u25.ipynb"] == "3z"
    assert "u26.ipynb" not in found
    assert len(set(found.values())) == len(found)


LINES = frozenset(f"line{n}" for n in range(20))


def test_copies_are_found_whatever_their_names() -> None:
    texts = {
        "final.ipynb": Text(LINES | {"one", "two"}),
        "final (1).ipynb": Text(LINES),
        "part.ipynb": Text(frozenset(f"line{n}" for n in range(10))),
        "other.ipynb": Text(frozenset(f"other{n}" for n in range(20))),
        "empty.ipynb": Text(frozenset()),
    }
    found = near_copies(texts, {})
    assert {path: copy.of for path, copy in found.items()} == {
        "final (1).ipynb": "final.ipynb", "part.ipynb": "final (1).ipynb",
    }  # fmt: skip
    assert found["final (1).ipynb"].similarity == pytest.approx(20 / 22, abs=0.001)


@pytest.mark.parametrize(
    ("a", "b", "kept"),
    [
        ("model.ipynb", "model-Copy1.ipynb", "model.ipynb"),
        ("model.ipynb", "backup/model.ipynb", "model.ipynb"),
        ("new.ipynb", "newer one.ipynb", "newer one.ipynb"),
    ],
)
def test_of_two_that_are_the_same_one_is_kept(a: str, b: str, kept: str) -> None:
    texts = {a: Text(LINES), b: Text(LINES)}
    found = near_copies(texts, {a: 1_000.0, b: 5_000.0})
    (copy,) = found.values()
    assert copy.of == kept
    assert copy.similarity == 1.0
    assert copy.why


def test_times_of_one_checkout_decide_nothing() -> None:
    found = near_copies({"a.ipynb": Text(LINES), "bb.ipynb": Text(LINES)}, {"bb.ipynb": 9.0})
    assert {path: copy.of for path, copy in found.items()} == {"bb.ipynb": "a.ipynb"}
    assert found["bb.ipynb"].why == "nothing tells which one is newer"


def test_a_hundred_copies_all_name_one() -> None:
    texts = {f"Untitled{n}.ipynb": Text(LINES) for n in range(100)}
    found = near_copies(texts, {})
    assert len(found) == 99
    assert len({copy.of for copy in found.values()}) == 1


def test_many_near_copies_are_found_without_comparing_all() -> None:
    texts = {f"try {n:03}.ipynb": Text(LINES | {f"own {n}"}) for n in range(400)}
    assert len(near_copies(texts, {})) == 399


def test_short_notebooks_must_be_the_same() -> None:
    short, other = frozenset({"a", "b", "c"}), frozenset({"a", "b", "d"})
    assert near_copies({"x.ipynb": Text(short), "y.ipynb": Text(other)}, {}) == {}
    assert len(near_copies({"x.ipynb": Text(short), "y.ipynb": Text(short)}, {})) == 1


@settings(max_examples=150, deadline=None)
@given(name=st.text(min_size=1, max_size=60), heading=st.text(max_size=60))
def test_whatever_is_said_becomes_a_name(name: str, heading: str) -> None:
    assume("/" not in name and "\0" not in name)
    found = read("df = 1", text=f"# {heading}")
    words = describe(found, f"{name}.ipynb", NAMES, "ship")
    file = build_name("DEPLOY", words, "3b")
    parsed = parse_name(file, NAMES)
    assert (parsed.category, parsed.sequence) == ("DEPLOY", "3b")
    assert parsed.description
    assert build_name("DEPLOY", parsed.description, "3b") == file
