"""What goes out to others: the certificate as JSON and as a page, and metrics that vary."""

from __future__ import annotations

import math
import re

import pytest

from nbtrail.config import VerifyConfig, Within, parse_config
from nbtrail.errors import NotFoundError, UsageError
from nbtrail.proof import certificate
from nbtrail.proof.page import render
from nbtrail.proof.repeat import find_flaky, propose, student_quantile
from nbtrail.proof.tolerances import are_close, metric_tolerance

PLOT = "EXPLORATION-list-numbers.ipynb"
VARIES = (
    "import os, random\nwith open('/dev/urandom', 'rb') as noise:\n    seed = noise.read(8)\n"
    "random.seed(seed)\nnoisy_score = 10 + random.random()\nsteady_score = 1.0"
)


def test_rounds_find_what_varies_and_propose_what_would_hold_it(folder):
    folder.notebook(PLOT, VARIES)
    ran = folder.run()
    detail = folder.verify(repeat=2)
    assert detail.summary.verdict == "different"
    facts = folder.certificate(detail)
    assert [one["verdict"] for one in facts["rounds"]] == ["different", "different"]
    assert len({one["run"] for one in facts["rounds"]}) == 2
    (flaky,) = facts["flaky"]
    assert (flaky["step"], flaky["name"]) == (PLOT, "noisy_score")
    assert flaky["recorded"] == ran.summary.metrics["noisy_score"]
    config = parse_config(f"[verify.tolerances]\n{flaky['proposal']}").verify
    within = metric_tolerance("noisy_score", config)
    assert all(are_close(flaky["recorded"], value, within) for value in flaky["values"])
    page = certificate.read(folder.store, detail.summary.run, page=True).decode()
    assert flaky["proposal"].replace('"', "&quot;") in page
    # A later round is a run of its own, with verdict and note.
    from nbtrail.pipeline import progress

    second = progress.read(folder.store, facts["rounds"][1]["run"]).summary
    assert (second.status, second.verdict) == ("ok", "different")
    assert second.note == f"Round 2 of 2 of verify {detail.summary.run}."
    with pytest.raises(NotFoundError, match="is a round of another one"):
        certificate.read(folder.store, second.run, page=False)
    with pytest.raises(UsageError, match="is no verify"):
        certificate.read(folder.store, ran.summary.run, page=True)


def test_what_is_another_number_and_the_same_each_time_does_not_vary():
    recorded, rounds = {"s": {"auc": 0.9, "f1": 0.5}}, [{"s": {"auc": 0.8, "f1": 0.5}}] * 3
    assert find_flaky(recorded, rounds, VerifyConfig()) == []
    rounds = [{"s": {"auc": 0.8}}, {"s": {"auc": 0.9}}]
    assert find_flaky(recorded, rounds, VerifyConfig(tolerances={"auc": 0.2})) == []
    (found,) = find_flaky(recorded, [{"s": {"auc": 0.8}}, {"s": {"auc": None}}], VerifyConfig())
    assert (found.spread, found.proposal) == (None, None)


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [(1, 63.657), (2, 9.925), (3, 5.841), (4, 4.604), (9, 3.250), (29, 2.756), (200, 2.601)],
)
def test_quantiles_are_those_of_the_tables(degrees, expected):
    assert student_quantile(0.995, degrees) == pytest.approx(expected, rel=0.01)


def test_a_proposal_is_the_prediction_interval_around_the_recorded_value():
    values = [10.0, 10.2, 9.9, 10.1]
    mean, deviation = 10.05, math.sqrt(0.05 / 3)
    bound = 0.05 + 5.841 * deviation * math.sqrt(1.25)
    found = propose(10.0, values[1:])
    assert isinstance(found, Within)
    assert mean == pytest.approx(sum(values) / 4)
    assert found.relative == pytest.approx(bound / 10, rel=0.03)
    assert propose(0.0, [0.1, -0.1]).absolute > 0.1
    assert propose(None, [1.0, 2.0]) is None
    assert propose(1.0, [math.nan, 2.0]) is None


def test_the_page_stands_alone_and_escapes_everything(folder):
    name = "EXPLORATION-a-&-b.ipynb"
    folder.file("<b>in.txt", "x")
    folder.notebook(name, "print(open('<b>in.txt').read())", "some_score = 1.0")
    folder.run()
    folder.notebook(name, "print('<script>alert(1)</script>')", "some_score = 2.0")
    detail = folder.verify()
    page = (folder.root / detail.certificate_html).read_text()
    assert certificate.read(folder.store, detail.summary.run, page=True).decode() == page
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "EXPLORATION-a-&amp;-b.ipynb" in page
    assert not re.search(r"https?://|src=|href=|url\(|@import|javascript:", page)
    for said in (
        detail.summary.run, "some_score", "Order", "Environment", "How to repeat it",
        f"nbtrail verify --against {detail.summary.against}",
    ):  # fmt: skip
        assert said in page


def test_a_page_is_made_of_facts_of_any_shape():
    facts = {
        "project": "</title><script>", "verdict": "failed", "message": "<i>", "run": "r",
        "against": "a", "issued_at": "2026-01-01T00:00:00Z", "tolerance": 0.0, "order": ["<x>"],
        "date_of_datasets": "", "steps": [{"path": "<x>", "error": {"message": "<y>"}}],
        "metrics": {"<x>": {"m": None}}, "recorded_metrics": {"<x>": {"m": 1e308, "n": "inf"}},
    }  # fmt: skip
    page = render(facts)
    assert "<script>" not in page
    assert "<x>" not in page
    assert "<y>" not in page
    assert "Nothing was proved." in page
