"""The order of a notebook's executions, judged."""

from __future__ import annotations

from nbtrail.ledger.order import LastExecution, OrderStatus, order_of
from nbtrail.notebooks.cells import Cell, source_sha256

SOURCES = ["rate = 0.1", "model = fit(rate)", "auc = score(model)"]


def cells(*sources: str) -> list[Cell]:
    return [Cell(i, f"c{i}", "code", s, None, ()) for i, s in enumerate(sources)]


def ran(source: str, position: int, session: str = "s", status: str = "ok") -> LastExecution:
    return LastExecution(session, position, source_sha256(source), status)


def straight() -> dict[str, LastExecution]:
    return {f"c{i}": ran(source, i) for i, source in enumerate(SOURCES)}


def states(status: OrderStatus) -> list[str]:
    return [cell.state for cell in status.cells]


def test_one_straight_pass_is_linear() -> None:
    status = order_of(cells(*SOURCES, "  \n"), straight(), "s")
    assert (status.order, status.why) == ("linear", None)
    assert states(status) == ["fresh"] * 3


def test_nothing_run() -> None:
    status = order_of(cells(*SOURCES), {}, None)
    assert status.order == "never-run"
    assert order_of([], {}, None).order == "never-run"


def test_an_edit_makes_what_uses_it_stale() -> None:
    status = order_of(cells("rate = 0.05", *SOURCES[1:]), straight(), "s")
    assert states(status) == ["edited", "stale", "stale"]
    assert status.cells[1].why == "uses rate, which changed above"
    assert (status.order, status.why) == ("stale", "code cell 1: edited since it ran")


def test_a_cell_above_that_ran_later_is_out_of_order() -> None:
    last = straight() | {"c0": ran(SOURCES[0], 7)}
    status = order_of(cells(*SOURCES), last, "s")
    assert states(status) == ["fresh", "out-of-order", "out-of-order"]
    assert status.order == "out-of-order"


def test_earlier_sessions_failures_and_repeats() -> None:
    last = straight() | {"c0": ran(SOURCES[0], 0, session="old")}
    assert states(order_of(cells(*SOURCES), last, "s"))[0] == "earlier-session"
    last = straight() | {"c2": ran(SOURCES[2], 2, status="error")}
    assert states(order_of(cells(*SOURCES), last, "s"))[2] == "failed"
    repeated = order_of(cells(*SOURCES), straight(), "s", others=1)
    assert repeated.order == "out-of-order"
    assert "1 more execution" in (repeated.why or "")


def test_other_languages_have_no_dataflow() -> None:
    status = order_of(cells("rate <- 2", *SOURCES[1:]), straight(), "s", is_python=False)
    assert states(status) == ["edited", "fresh", "fresh"]
