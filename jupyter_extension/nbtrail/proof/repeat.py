"""Results that do not come out the same each time, and tolerances that would hold them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

import msgspec

from nbtrail.config import VerifyConfig, Within
from nbtrail.proof.tolerances import are_close, metric_tolerance, relative_difference

#: Chance with which the next proof stays within what is proposed.
CONFIDENCE = 0.99


class Flaky(msgspec.Struct, frozen=True):
    """A metric that differs from round to round by more than its tolerance.

    Attributes
    ----------
    values
        One for each round, ``None`` where it was none or no number.
    recorded
        That of the run compared with.
    spread
        The largest relative difference between two rounds; ``None`` where it has no size.
    proposal
        Line for ``[verify.tolerances]``; ``None`` where no number would hold it.
    """

    step: str
    name: str
    recorded: float | None
    values: tuple[float | None, ...]
    spread: float | None
    proposal: str | None


def find_flaky(
    recorded: Mapping[str, Mapping[str, float | None]],
    rounds: Sequence[Mapping[str, Mapping[str, float | None]]],
    config: VerifyConfig,
) -> list[Flaky]:
    """Metrics, by step and name, whose rounds differ among themselves by more than allowed.

    A metric that is another one than recorded, and the same each time, is not flaky.
    """
    found = []
    names = {(step, name) for one in rounds for step, metrics in one.items() for name in metrics}
    for step, name in sorted(names):
        values = tuple(one.get(step, {}).get(name) for one in rounds)
        within = metric_tolerance(name, config)
        pairs = [(a, b) for i, a in enumerate(values) for b in values[i + 1 :]]
        if all(are_close(a, b, within) for a, b in pairs):
            continue
        sizes = [relative_difference(a, b) for a, b in pairs]
        known = recorded.get(step, {}).get(name)
        found.append(
            Flaky(
                step=step,
                name=name,
                recorded=known,
                values=values,
                spread=max(sizes) if all(map(math.isfinite, sizes)) else None,
                proposal=_line(name, propose(known, values)),
            )
        )
    return found


def propose(recorded: float | None, values: Sequence[float | None]) -> Within | None:
    """The tolerance within which the next run's value lies with `CONFIDENCE`.

    The values of all runs, the recorded one among them, are taken for draws from one normal
    distribution. The next draw then lies in the prediction interval ``m ± t · s · sqrt(1 + 1/n)``
    with ``m`` and ``s`` the mean and the standard deviation of the ``n`` values and ``t`` the
    quantile of Student's distribution with ``n - 1`` degrees of freedom (G. J. Hahn, W. Q. Meeker:
    Statistical Intervals, 1991, section 4.7). A proof compares with the recorded value ``x``, so
    that the tolerance is ``|x - m|`` more than half of that interval. With few rounds it is wide
    because little is known: it shrinks with every round more.

    It is relative to the recorded value, rounded up to two digits; absolute where the values lie
    on both sides of zero or the recorded value is zero. ``None`` without a recorded value, or
    where one is no finite number.
    """
    draws = [value for value in (recorded, *values) if value is not None and math.isfinite(value)]
    if recorded is None or len(draws) != len(values) + 1 or len(draws) < 2:
        return None
    mean, deviation, n = statistics.fmean(draws), statistics.stdev(draws), len(draws)
    half = student_quantile(0.5 + CONFIDENCE / 2, n - 1) * deviation * math.sqrt(1 + 1 / n)
    bound = abs(recorded - mean) + half
    if recorded == 0 or min(draws) < 0 < max(draws):
        return Within(absolute=_rounded_up(bound))
    return Within(relative=_rounded_up(bound / abs(recorded)))


def student_quantile(p: float, degrees: int) -> float:
    """The value below which a share ``p`` of Student's distribution lies, ``0.5 < p < 1``.

    Exact for one and two degrees of freedom; above by the expansion of M. Abramowitz, I. A. Stegun,
    Handbook of Mathematical Functions, 26.7.5, which is too low by 0.8 % at three degrees
    for ``p = 0.995``, and by less than 0.3 % from four on.
    """
    if degrees == 1:
        return math.tan(math.pi * (p - 0.5))
    if degrees == 2:
        return (2 * p - 1) / math.sqrt(2 * p * (1 - p))
    x, v = statistics.NormalDist().inv_cdf(p), degrees
    terms = (
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return x + math.fsum(term / v**power for power, term in enumerate(terms, start=1))


def _rounded_up(value: float) -> float:
    """To two digits, never below."""
    if value == 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return float(f"{math.ceil(value / unit - 1e-9) * unit:.2g}")


def _line(name: str, within: Within | None) -> str | None:
    """``"noisy_auc" = 0.012``: what nbtrail.toml takes."""
    if within is None:
        return None
    key = msgspec.json.encode(name).decode()
    if within.absolute:
        return f"{key} = {{ absolute = {within.absolute:g} }}"
    return f"{key} = {within.relative:g}"
