"""`log_metric` and `log_param`: what reaches the probe, and what is refused."""

from __future__ import annotations

import math
import sys
from datetime import date
from decimal import Decimal
from pathlib import PurePosixPath
from types import ModuleType

import numpy as np
import pytest

from nbtrail.kernel_api import PROBE_MODULE, log_metric, log_param


class RecordingProbe(ModuleType):
    """Stands where the recorder puts its probe, and keeps what it is handed."""

    def __init__(self) -> None:
        super().__init__(PROBE_MODULE)
        self.metrics: list[tuple[str, float, int | None]] = []
        self.params: list[tuple[str, object]] = []

    def log_metric(self, name: str, value: float, step: int | None) -> None:
        self.metrics.append((name, value, step))

    def log_param(self, name: str, value: object) -> None:
        self.params.append((name, value))


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> RecordingProbe:
    recording = RecordingProbe()
    monkeypatch.setitem(sys.modules, PROBE_MODULE, recording)
    return recording


def test_without_a_probe_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, PROBE_MODULE, raising=False)
    log_metric("auc", 0.9)
    log_param("depth", 3)
    assert PROBE_MODULE not in sys.modules


def test_without_a_probe_wrong_types_are_refused_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, PROBE_MODULE, raising=False)
    with pytest.raises(TypeError, match="takes one number"):
        log_metric("auc", "0.9")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes text, numbers"):
        log_param("model", object())


def test_a_probe_without_the_functions_is_no_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, PROBE_MODULE, ModuleType(PROBE_MODULE))
    log_metric("auc", 0.9)
    log_param("depth", 3)
    assert not hasattr(sys.modules[PROBE_MODULE], "log_metric")


@pytest.mark.parametrize(
    "value", [0.5, np.float64(0.5), np.float32(0.5), Decimal("0.5"), np.array(0.5)]
)
def test_whatever_is_one_number_arrives_as_a_float(probe: RecordingProbe, value: float) -> None:
    log_metric("auc", value)
    assert probe.metrics == [("auc", 0.5, None)]
    assert type(probe.metrics[0][1]) is float


def test_whole_numbers_and_steps(probe: RecordingProbe) -> None:
    log_metric("wrong", 3, step=0)
    log_metric("wrong", np.int64(2), step=np.int32(1))  # type: ignore[arg-type]
    assert probe.metrics == [("wrong", 3.0, 0), ("wrong", 2.0, 1)]
    assert type(probe.metrics[1][2]) is int


def test_a_diverged_loss_is_kept(probe: RecordingProbe) -> None:
    log_metric("loss", math.inf)
    log_metric("loss", math.nan)
    assert probe.metrics[0][1] == math.inf
    assert math.isnan(probe.metrics[1][1])


@pytest.mark.parametrize(
    "value",
    ["0.9", b"1", True, np.True_, np.str_("0.9"), None, 1j, [0.9], np.array([0.1, 0.2])],
    ids=repr,
)
def test_what_is_not_one_number_is_refused(probe: RecordingProbe, value: object) -> None:
    with pytest.raises(TypeError, match=r"log_metric\(.auc., \.\.\.\) takes one number"):
        log_metric("auc", value)  # type: ignore[arg-type]
    assert probe.metrics == []


@pytest.mark.parametrize("step", [1.0, "1", True])
def test_a_step_is_a_whole_number(probe: RecordingProbe, step: object) -> None:
    with pytest.raises(TypeError, match="whole number"):
        log_metric("auc", 0.9, step=step)  # type: ignore[arg-type]
    assert probe.metrics == []


def test_names_are_text_and_say_something(probe: RecordingProbe) -> None:
    with pytest.raises(TypeError, match="name first"):
        log_metric(0.9, "auc")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="name first"):
        log_param(3, "depth")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not empty"):
        log_metric(" ", 0.9)
    with pytest.raises(ValueError, match="not empty"):
        log_param("", 3)
    log_metric(" auc ", 0.9)
    assert probe.metrics == [("auc", 0.9, None)]
    assert probe.params == []


@pytest.mark.parametrize(
    ("value", "arrives"),
    [
        ("gini", "gini"),
        (3, 3),
        (0.1, 0.1),
        (True, True),
        (None, None),
        (np.int64(3), 3),
        (np.bool_(False), False),
        (np.str_("gini"), "gini"),
        (PurePosixPath("data/a.csv"), "data/a.csv"),
        (date(2026, 11, 20), "2026-11-20"),
        ((1, [np.float64(2.5)]), [1, [2.5]]),
        ({"b", "a"}, ["a", "b"]),
        ({"depth": (1, 2), 3: None}, {"depth": [1, 2], "3": None}),
    ],
)
def test_params_arrive_as_json_holds_them(
    probe: RecordingProbe, value: object, arrives: object
) -> None:
    log_param("setting", value)
    assert probe.params == [("setting", arrives)]
    assert type(probe.params[0][1]) is type(arrives)


@pytest.mark.parametrize("value", [object(), [object()], 1j, b"raw", np.zeros(2), len])
def test_params_of_other_kinds_are_refused(probe: RecordingProbe, value: object) -> None:
    with pytest.raises(TypeError, match=r"log_param\(.setting., \.\.\.\) takes text, numbers"):
        log_param("setting", value)
    assert probe.params == []


def test_a_failing_probe_warns_and_lets_the_cell_go_on(
    probe: RecordingProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str, value: float, step: int | None) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(probe, "log_metric", fail)
    with pytest.warns(RuntimeWarning, match=r"could not record log_metric\('auc'.*no space left"):
        log_metric("auc", 0.9)
