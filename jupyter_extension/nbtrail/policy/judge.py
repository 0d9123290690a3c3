"""The rule that says which category a notebook belongs to, and why.

Every sign speaks for one of the four ways of work with a weight; the strongest sum wins. All
of it is in one table, `RULES`, which ``docs/adopting.md`` shows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from nbtrail.policy.traces import Traces

Work = Literal["EXPLORATION", "CLEANING", "EXPERIMENTAL", "DEPLOY"]
WORKS: tuple[Work, ...] = ("EXPLORATION", "CLEANING", "EXPERIMENTAL", "DEPLOY")


class Seen(msgspec.Struct, frozen=True):
    """What a rule looks at: the traces, and the words of the file's name."""

    traces: Traces
    name: str

    def count(self, *signs: str) -> int:
        """How often one of the signs occurs."""
        return sum(self.traces.counts[sign] for sign in signs)

    @property
    def learns(self) -> bool:
        """Whether a model is fitted, and not only prepared data or called so."""
        if self.count("trains", "tunes"):
            return True
        known = bool(self.traces.models) or self.count("evaluates", "predicts", "builds") > 0
        return self.count("fits") > 0 and known

    @property
    def carries(self) -> bool:
        """Whether one model is fitted once, and kept or used for a result that is written."""
        once = self.learns and self.count("fits", "trains", "tunes") == 1
        return once and self.count("predicts") > 0 and self.count("delivers", "saves") > 0


class Rule(msgspec.Struct, frozen=True):
    """A sign, the way of work that it speaks for, and how much.

    ``measure`` gives 0 (absent) to 1 (plain to see); ``words`` finish "It …".
    """

    work: Work
    weight: float
    words: str
    measure: Callable[[Seen], float]


class Verdict(msgspec.Struct, frozen=True):
    """The category, how sure it is (0 to 1), and the reasons in words, strongest first."""

    work: Work
    confidence: float
    reasons: tuple[str, ...]
    scores: tuple[float, float, float, float]


def _some(*signs: str, full: int = 1) -> Callable[[Seen], float]:
    """Grows with the logarithm of the count and is 1 from ``full`` on."""

    def measure(seen: Seen) -> float:
        return min(1.0, math.log1p(seen.count(*signs)) / math.log1p(full))

    return measure


def _when(test: Callable[[Seen], bool]) -> Callable[[Seen], float]:
    return lambda seen: float(test(seen))


def _whole(pattern: str) -> re.Pattern[str]:
    """The alternatives of a pattern as whole words, in any case."""
    return re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE | re.VERBOSE)


def _named(pattern: str) -> Callable[[Seen], float]:
    found = _whole(pattern)
    return lambda seen: float(bool(found.search(seen.name)))


def _said(pattern: str) -> Callable[[Seen], float]:
    found = _whole(pattern)

    def measure(seen: Seen) -> float:
        said = sum(1 for heading in seen.traces.headings if found.search(heading))
        first = any(found.search(heading) for heading in seen.traces.headings[:1])
        return min(1.0, 0.25 * said + 0.5 * first)

    return measure


_LOOK = r"""
    eda | explor\w* | visuali\w* | overview | analy[sz]\w* | inspect\w* | preview | first\slook
    | plots? | charts? | maps? | mapping | statistics? | distributions?
"""
_PREPARE = r"""
    clean\w* | wrangl\w* | pre-?process\w* | prepar\w* | transform\w* | scrap\w* | webscraping
    | download\w* | ingest\w* | import\w* | collect\w* | merg\w* | pars\w* | etl | reshap\w*
    | (?:get|make|merge|parse|restructur|structur|generat)\w*\sdata\w*
    | data\s(?:prep\w*|generat\w*|structuring|merging|ingestion|collection|processing)
    | features?(?:\sengineering|\sextraction|\scalculation|\sselection)? | imput\w* | missing
    | quer(?:y|ying|ies)
"""
_TRY = r"""
    model\w* | train\w* | classif\w* | regressi\w* | cluster\w* | tun(?:e|ing) | experiment\w*
    | baselines? | fine-?tun\w* | ensembl\w* | lstm | bert | gpt\w* | cnn | xgb\w* | xgboost
    | catboost | lightgbm | boost\w* | forests? | grid\s?search | optuna | evaluat\w* | compar\w*
    | hyper-?param\w* | neural | network
"""
_DELIVER = r"""
    infer\w* | deploy\w* | operationali[sz]\w* | serv(?:e|ing) | scor(?:e|ing)(?=\snew|$) | predict
    | production | pipelines? | end.to.end | submission | endpoint\w* | batch | workflows? | runner
    | app
"""

RULES: tuple[Rule, ...] = (
    Rule("EXPLORATION", 0.4, "does little else", lambda _: 1.0),
    Rule("EXPLORATION", 2.0, "plots", _some("plots", full=8)),
    Rule("EXPLORATION", 1.4, "looks at the data", _some("looks", full=10)),
    Rule("EXPLORATION", 0.6, "writes no data", _when(
        lambda s: s.count("reads", "fetches") > 0 and not s.count("writes", "saves")
        and not s.learns)),
    Rule("EXPLORATION", 1.6, "its name speaks of a look", _named(_LOOK)),
    Rule("EXPLORATION", 1.0, "its headings speak of a look", _said(_LOOK)),
    Rule("CLEANING", 2.4, "writes data", _when(lambda s: s.count("writes") > s.count("delivers"))),
    Rule("CLEANING", 0.8, "changes and joins data", _some("cleans", full=20)),
    Rule("CLEANING", 0.6, "keeps what it changes", _when(
        lambda s: s.count("cleans") > 4 and s.count("writes") > 0)),
    Rule("CLEANING", 0.7, "fetches data", _some("fetches")),
    Rule("CLEANING", 0.7, "keeps what it fetches", _when(
        lambda s: s.count("fetches") > 0 and s.count("writes") > 0)),
    Rule("CLEANING", 2.0, "its name speaks of preparing data", _named(_PREPARE)),
    Rule("CLEANING", 1.0, "its headings speak of preparing data", _said(_PREPARE)),
    Rule("EXPERIMENTAL", 2.6, "fits {models}", _when(lambda s: s.learns)),
    Rule("EXPERIMENTAL", 1.8, "fits more than once", _when(
        lambda s: s.learns and s.count("fits", "trains", "tunes") > 1)),
    Rule("EXPERIMENTAL", 1.2, "compares and tunes", _when(
        lambda s: s.learns and (s.count("tunes") > 0 or len(s.traces.models) > 1))),
    Rule("EXPERIMENTAL", 1.2, "evaluates predictions", _some("evaluates", full=4)),
    Rule("EXPERIMENTAL", 1.4, "makes {models}", _when(
        lambda s: bool(s.traces.models) or s.count("builds") > 1)),
    Rule("EXPERIMENTAL", 1.6, "its name speaks of models", _named(_TRY)),
    Rule("EXPERIMENTAL", 1.0, "its headings speak of models", _said(_TRY)),
    Rule("DEPLOY", 3.4, "predicts with a model that it did not fit", _when(
        lambda s: not s.learns and s.count("predicts") > 0)),
    Rule("DEPLOY", 0.8, "loads a model", _when(lambda s: s.count("loads") > 0)),
    Rule("DEPLOY", 1.2, "fits none of its own", _when(
        lambda s: s.count("loads") > 0 and not s.learns)),
    Rule("DEPLOY", 1.6, "writes predictions", _when(lambda s: s.count("delivers") > 0)),
    Rule("DEPLOY", 2.4, "takes one model from data to predictions", _when(lambda s: s.carries)),
    Rule("DEPLOY", 7.0, "serves a model", _some("serves", full=3)),
    Rule("DEPLOY", 2.4, "runs or writes scripts", _when(lambda s: s.count("scripts") > 0)),
    Rule("DEPLOY", 2.2, "its name speaks of use", _named(_DELIVER)),
    Rule("DEPLOY", 1.0, "its headings speak of use", _said(_DELIVER)),
)  # fmt: skip


def judge(traces: Traces, name: str) -> Verdict:
    """The category of a notebook with these traces and these words in its file name."""
    seen = Seen(traces, name)
    given = [(rule, rule.weight * rule.measure(seen)) for rule in RULES]
    scores = {work: sum(w for rule, w in given if rule.work == work) for work in WORKS}
    best = max(WORKS, key=lambda work: scores[work])
    reasons = sorted((g for g in given if g[0].work == best and g[1] > 0.2), key=lambda g: -g[1])
    return Verdict(
        best,
        _confidence([scores[work] for work in WORKS], scores[best]),
        tuple(rule.words for rule, _ in reasons),
        (scores["EXPLORATION"], scores["CLEANING"], scores["EXPERIMENTAL"], scores["DEPLOY"]),
    )


def _confidence(scores: Sequence[float], best: float) -> float:
    """Share of the winner among the exponentials of all."""
    return 1 / sum(math.exp(score - best) for score in scores)
