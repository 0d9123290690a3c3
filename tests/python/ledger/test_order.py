"""The order of a notebook's executions, judged."""

from __future__ import annotations

from nbtrail.ledger.order import OrderStatus, PastExecution, order_of
from nbtrail.notebooks.cells import Cell, source_sha256

SOURCES = ["rate = 0.1", "model = fit(rate)", "auc = score(model)"]
#: What the cells of these tests call without making it.
LIBRARY = "from library import clean, draw, fit, load, score"


def cells(*sources: str) -> list[Cell]:
    """Cells c0, c1, …; c0 is the library."""
    return [
        Cell(i, f"c{i}", "code", source, None, ()) for i, source in enumerate((LIBRARY, *sources))
    ]


def ran(
    cell: int | None, position: int, source: str, *, session: str = "s", status: str = "ok",
    reads: tuple[str, ...] = (), writes: tuple[str, ...] = (),
) -> PastExecution:  # fmt: skip
    identity = None if cell is None else f"c{cell}"
    digest = source_sha256(source)
    return PastExecution(identity, session, position, digest, status, source, reads, writes)


def passes(*runs: tuple[int | None, str]) -> list[PastExecution]:
    """The library, then executions of cells in this order."""
    return [
        ran(cell, position, source)
        for position, (cell, source) in enumerate([(0, LIBRARY), *runs], 1)
    ]


def straight(*sources: str) -> list[PastExecution]:
    return passes(*enumerate(sources, 1))


def judged(status: OrderStatus) -> list[str]:
    """States of all cells but the library's."""
    return [cell.state for cell in status.cells[1:]]


def test_one_straight_pass_is_linear() -> None:
    status = order_of(cells(*SOURCES, "  \n"), straight(*SOURCES), "s")
    assert (status.order, status.why) == ("linear", None)
    assert judged(status) == ["fresh"] * 3


def test_nothing_run() -> None:
    assert order_of(cells(*SOURCES), [], None).order == "never-run"
    assert order_of([], [], None).order == "never-run"


def test_an_edit_makes_what_uses_it_stale() -> None:
    status = order_of(cells("rate = 0.05", *SOURCES[1:]), straight(*SOURCES), "s")
    assert judged(status) == ["edited", "stale", "stale"]
    assert status.cells[2].why == "uses rate, which changed above"
    assert (status.order, status.why) == ("stale", "code cell 2: edited since it ran")


def test_what_uses_a_cell_that_ran_again_is_stale() -> None:
    history = [*straight(*SOURCES), ran(1, 9, SOURCES[0])]
    status = order_of(cells(*SOURCES), history, "s")
    assert judged(status) == ["fresh", "stale", "stale"]
    assert status.cells[2].why == "uses rate, which code cell 2 made anew later"


def test_cells_that_have_nothing_to_do_with_each_other_may_run_in_any_order() -> None:
    sources = ("a = load()", "draw(a)", "b = 2", "draw(b)")
    history = passes((3, sources[2]), (1, sources[0]), (4, sources[3]), (2, sources[1]))
    assert order_of(cells(*sources), history, "s").order == "linear"
    # A plot may run as often as one likes.
    history.append(ran(2, 9, sources[1]))
    assert order_of(cells(*sources), history, "s").order == "linear"


def test_a_cell_that_changes_what_it_uses_must_run_once() -> None:
    sources = ("df = load()", "df = df.dropna()", "draw(df)")
    history = passes((1, sources[0]), (2, sources[1]), (2, sources[1]), (3, sources[2]))
    status = order_of(cells(*sources), history, "s")
    assert judged(status) == ["fresh", "out-of-order", "stale"]
    assert status.cells[2].why == "uses df as left by an execution that is no longer on screen"
    assert status.order == "out-of-order"
    # From the top again it is as it should be.
    again = [ran(i, 10 + i, source) for i, source in enumerate(sources, 1)]
    assert order_of(cells(*sources), [*history, *again], "s").order == "linear"


def test_what_a_cell_below_has_changed() -> None:
    sources = ("df = load()", "total = df.sum()", "df['x'] = 0")
    history = passes((1, sources[0]), (3, sources[2]), (2, sources[1]))
    status = order_of(cells(*sources), history, "s")
    assert judged(status) == ["fresh", "out-of-order", "fresh"]
    assert status.cells[2].why == "uses df as code cell 4 below left it"


def test_changes_in_place_are_a_chain() -> None:
    sources = ("df = load()", "df['a'] = 1", "df.drop(columns='b', inplace=True)", "draw(df)")
    assert order_of(cells(*sources), straight(*sources), "s").order == "linear"
    edited = (sources[0], "df['a'] = 2", *sources[2:])
    status = order_of(cells(*edited), straight(*sources), "s")
    assert judged(status) == ["fresh", "edited", "stale", "stale"]
    swapped = passes(*((i, sources[i - 1]) for i in (1, 3, 2, 4)))
    status = order_of(cells(*sources), swapped, "s")
    assert judged(status) == ["fresh", "out-of-order", "stale", "stale"]


def test_cells_that_are_gone() -> None:
    history = passes((None, "rate = 0.1"), (2, SOURCES[1]))
    gone = [Cell(0, "c0", "code", LIBRARY, None, ()), Cell(1, "c2", "code", SOURCES[1], None, ())]
    status = order_of(gone, history, "s")
    assert status.order == "out-of-order"
    assert "no longer on screen" in (status.why or "")
    # One that left nothing behind was never there.
    history = [*straight(*SOURCES), ran(None, 9, "draw(model)")]
    assert order_of(cells(*SOURCES), history, "s").order == "linear"


def test_a_name_that_only_a_cell_below_makes() -> None:
    sources = ("model = fit(rate)", "rate = 0.1")
    history = passes((2, sources[1]), (1, sources[0]))
    status = order_of(cells(*sources), history, "s")
    assert status.cells[1].state == "out-of-order"
    assert status.cells[1].why == "uses rate as code cell 3 below left it"


def test_a_name_that_nobody_made() -> None:
    sources = ("model = fit(rate)",)
    status = order_of(cells(*sources), straight(*sources), "s")
    assert status.cells[1].why == "uses rate, which no cell makes any more"


def test_what_functions_of_the_notebook_read() -> None:
    sources = ("def scaled(v):\n    return v * rate", "rate = 2", "y = scaled(3)")
    assert order_of(cells(*sources), straight(*sources), "s").order == "linear"
    status = order_of(cells(sources[0], "rate = 3", sources[2]), straight(*sources), "s")
    assert judged(status) == ["fresh", "edited", "stale"]


def test_files_count_like_names() -> None:
    write, read = "clean(load()).to_csv('a.csv')", "df = load('a.csv')"
    history = [
        ran(0, 1, LIBRARY),
        ran(2, 2, read, reads=("a.csv",)),
        ran(1, 3, write, writes=("a.csv",)),
    ]
    status = order_of(cells(write, read), history, "s")
    assert judged(status) == ["fresh", "stale"]
    assert status.cells[2].why == "uses a.csv, which code cell 2 made anew later"
    history.append(ran(2, 4, read, reads=("a.csv",)))
    assert order_of(cells(write, read), history, "s").order == "linear"


def test_random_numbers_depend_on_what_was_drawn_before() -> None:
    sources = ("import numpy as np\nnp.random.seed(0)", "x = np.random.normal()")
    assert order_of(cells(*sources), straight(*sources), "s").order == "linear"
    twice = passes((1, sources[0]), (2, sources[1]), (2, sources[1]))
    status = order_of(cells(*sources), twice, "s")
    assert judged(status) == ["fresh", "out-of-order"]
    assert "the random state" in status.cells[2].why


def test_what_cannot_be_seen_may_have_touched_anything() -> None:
    sources = ("from helpers import *", "y = shown(1)")
    assert order_of(cells(*sources), straight(*sources), "s").order == "linear"
    history = [*straight(*sources), ran(1, 9, sources[0])]
    assert judged(order_of(cells(*sources), history, "s")) == ["fresh", "stale"]


def test_earlier_sessions_failures_and_running_cells() -> None:
    history = straight(*SOURCES)
    old = [history[0], ran(1, 2, SOURCES[0], session="old"), *history[2:]]
    assert judged(order_of(cells(*SOURCES), old, "s"))[0] == "earlier-session"
    failed = [*history[:3], ran(3, 4, SOURCES[2], status="error")]
    assert judged(order_of(cells(*SOURCES), failed, "s"))[2] == "failed"
    running = [*history[:3], ran(3, 4, SOURCES[2], status="running")]
    assert judged(order_of(cells(*SOURCES), running, "s"))[2] == "running"


def test_other_languages_have_only_the_order_from_the_top() -> None:
    sources = ("rate <- 2", "model <- fit(rate)")
    assert order_of(cells(*sources), straight(*sources), "s", is_python=False).order == "linear"
    twice = [*straight(*sources), ran(1, 9, sources[0])]
    status = order_of(cells(*sources), twice, "s", is_python=False)
    assert judged(status) == ["out-of-order", "stale"]
    edited = order_of(cells("rate <- 3", sources[1]), straight(*sources), "s", is_python=False)
    assert judged(edited) == ["edited", "stale"]


def test_thousands_of_cells_and_executions() -> None:
    sources = [f"x{n} = clean(x{n - 1})" if n else "x0 = load()" for n in range(3000)]
    status = order_of(cells(*sources), straight(*sources), "s")
    assert status.order == "linear"
