"""Outputs by kind: what is the same, what is noise and why, what changed and where."""

from __future__ import annotations

import base64
import io
from typing import Any

import pandas as pd
import pytest
from PIL import Image, PngImagePlugin

from nbtrail.diff import diff_notebooks
from nbtrail.diff.images import PixelBudget
from nbtrail.diff.outputs import compare_outputs, diff_outputs
from nbtrail.diff.shape import OutputDiff

from .conftest import code, display, error, notebook, png, stream

PLOTLY = "application/vnd.plotly.v1+json"
VEGA = "application/vnd.vegalite.v5+json"


def only(a: Any, b: Any, **options: Any) -> OutputDiff:
    (found,) = diff_outputs([a], [b], **options)
    return found


@pytest.mark.parametrize(
    ("a", "b", "why"),
    [
        ("<Model at 0x7f12aabbccdd>", "<Model at 0x7f99aabbccdd>", "memory addresses"),
        ("id=140123456789012", "id=140123456789999", "memory addresses"),
        ("fit in 3.21 s", "fit in 4.5 s", "timings"),
        ("12.3 ms ± 50 µs per loop", "11.9 ms ± 80 µs per loop", "timings"),
        ("Wall time: 3 s", "Wall time: 1min 2s", "timings"),
        ("at 2026-11-20 10:11:12.123", "at 2026-11-21 08:00:00.5", "times"),
        ("Fri Nov 20 10:11:12 2026", "Sat Nov 21 09:00:01 2026", "times"),
        ("10%|#  | 1/9\r100%|###| 9/9", "100%|###| 9/9", "progress"),
        ("\x1b[31mred\x1b[0m", "red", "terminal colours"),
        ("run 6f1e1c2a-0000-4000-8000-0123456789ab", "run 7f1e1c2a-0000-4000-8000-0123456789ab",
         "random ids"),
        ("File /tmp/ipykernel_12/345.py", "File /tmp/ipykernel_99/1.py", "names of cells"),
        ("auc 0.8837837837837839", "auc 0.8837837837837837", "numbers within"),
        ("one  \ntwo\n", "one\ntwo", "spaces at the ends of lines"),
    ],
)  # fmt: skip
def test_noise_has_a_reason(a: str, b: str, why: str) -> None:
    found = only(stream(a), stream(b))
    assert found["verdict"] == "noise"
    assert why in found["why"]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("auc 0.87", "auc 0.88"),
        ("loss 0.31 in 3 s", "loss 0.30 in 2 s"),
        ("<Model at 0x7f12aabbccdd> 1", "<Model at 0x7f99aabbccdd> 2"),
        ("12 rows", "13 rows"),
        ("a\nb", "a\nc\nb"),
        ("2026-11-20", "2026-11-21"),
        ("a  b", "a b"),
        ("took 3\ns", "took 4\ns"),
        ("<b>1</b>\n" * 400 + "x", "<b>1</b>\n" * 400 + "y"),
    ],
)
def test_a_change_is_no_noise(a: str, b: str) -> None:
    assert only(stream(a), stream(b))["verdict"] == "changed"


def test_the_first_line_that_changed_is_named() -> None:
    a = stream("took 3 s\nsame\nauc 0.8\n")
    found = only(a, stream("took 4 s\nsame\nauc 0.9\n"))
    assert found["details"] == {"line": 3, "a": "auc 0.8", "b": "auc 0.9"}


def test_numbers_within_the_tolerance_are_noise() -> None:
    def number(text: str) -> dict[str, Any]:
        return display(text__plain=text)

    assert only(number("np.float64(0.1)"), number("np.float64(0.10000000000000001)"))[
        "verdict"
    ] == "noise"  # fmt: skip
    found = only(number("0.871"), number("0.884"))
    assert (found["kind"], found["verdict"], found["why"]) == ("number", "changed", "0.871 → 0.884")


def table(frame: pd.DataFrame) -> dict[str, Any]:
    return display(text__html=frame.to_html(), text__plain=str(frame))


def test_tables_are_compared_by_cell() -> None:
    frame = pd.DataFrame({"age": [21.0, 22.0, 35.0], "fare": [7.25, 71.3, 8.05]}, index=list("xyz"))
    other = frame.copy()
    other.loc["y", "age"] = 23.0
    found = only(table(frame), table(other))
    assert (found["kind"], found["why"]) == ("table", "1 table cell differs")
    assert found["details"]["cells"] == [{"row": "y", "column": "age", "a": "22.0", "b": "23.0"}]

    wider = frame.assign(deck=list("ABC")).drop(index="x")
    details = only(table(frame), table(wider))["details"]
    assert details["cells"] == []
    assert details["columns"] == {"added": 1, "removed": 0}
    assert details["rows"] == {"added": 0, "removed": 1}

    precise = frame.to_html(float_format=lambda x: f"{x * (1 + 1e-13):.15f}")
    exact = frame.to_html(float_format=lambda x: f"{x:.15f}")
    assert compare_outputs([display(text__html=exact)], [display(text__html=precise)]) == "noise"


def picture(data: str) -> dict[str, Any]:
    return display(image__png=data, text__plain="<Figure>")


def test_images_are_compared_by_their_pixels() -> None:
    blank = png()
    found = only(picture(blank), picture(png({(3, 4): (255, 0, 0), (5, 5): (0, 0, 0)})))
    assert found["verdict"] == "changed"
    assert found["details"]["share"] == pytest.approx(2 / 200)
    assert "heat_map" not in found["details"]
    assert only(picture(blank), picture(png({(3, 4): (253, 255, 254)})))["verdict"] == "noise"
    assert only(picture(blank), picture(png(compress_level=0)))["verdict"] == "noise"
    dated = PngImagePlugin.PngInfo()
    dated.add_text("Software", "another program")
    found = only(picture(blank), picture(png(pnginfo=dated)))
    assert (found["verdict"], found["why"]) == (
        "noise",
        "what the file says of its date and program",
    )
    found = only(picture(blank), picture(png(size=(20, 11))))
    assert (found["verdict"], found["details"]["size_b"]) == ("changed", [20, 11])


def test_the_heat_map_shows_where_pixels_differ() -> None:
    budget = PixelBudget(None, heat_maps=True)
    found = only(picture(png()), picture(png({(3, 4): (255, 0, 0)})), budget=budget)
    heat = Image.open(io.BytesIO(base64.b64decode(found["details"]["heat_map"])))
    opaque = [
        (x, y)
        for x in range(20)
        for y in range(10)
        if heat.getpixel((x, y))[3]  # type: ignore[index]
    ]
    assert opaque == [(3, 4)]


def test_pixels_are_decoded_within_a_budget() -> None:
    """The answer never takes long, and says what it did not look at."""
    a = [picture(png({(n, 0): (0, 0, 0)})) for n in range(3)]
    b = [picture(png({(n, 1): (0, 0, 0)})) for n in range(3)]
    found = diff_outputs(a, b, PixelBudget(450))
    assert ["share" in each["details"] for each in found] == [True, True, False]
    assert "not compared" in found[2]["why"]


@pytest.mark.parametrize("broken", ["%%%", "AAAA", "iVBORw0KGgo=", png()[:60]])
def test_broken_images_are_no_crash(broken: str) -> None:
    found = only(picture(png()), picture(broken))
    assert found["verdict"] == "changed"
    assert only(picture(broken), picture(broken + " x"))["verdict"] == "changed"


def test_a_picture_that_would_fill_the_memory_is_not_decoded() -> None:
    def bomb(colour: int) -> str:
        raw = bytearray(base64.b64decode(png({(0, 0): (colour, 0, 0)})))
        raw[16:24] = (60_000).to_bytes(4, "big") * 2
        return base64.b64encode(bytes(raw)).decode()

    found = only(picture(bomb(1)), picture(bomb(2)), budget=PixelBudget(None))
    assert found["verdict"] == "changed"


def test_specifications_are_compared_by_what_they_say() -> None:
    def plot(title: str, uid: str) -> dict[str, Any]:
        spec = {"data": [{"y": [1, 2], "uid": uid}], "layout": {"title": title}}
        return display(**{PLOTLY: spec, "text/html": f"<div id='{uid}'>{title}</div>"})

    assert only(plot("a", "1f"), plot("a", "2e"))["verdict"] == "noise"
    found = only(plot("a", "1f"), plot("b", "2e"))
    assert (found["kind"], found["verdict"]) == ("plotly", "changed")
    assert found["details"]["paths"] == [{"path": "layout.title", "a": "a", "b": "b"}]

    def chart(name: str, value: float) -> dict[str, Any]:
        spec = {"data": {"name": name}, "datasets": {name: [{"x": value}]}, "mark": "bar"}
        return display(**{VEGA: spec})

    assert only(chart("data-1", 1.0), chart("data-2", 1.0 + 1e-14))["verdict"] == "noise"
    found = only(chart("data-1", 1.0), chart("data-2", 2.0))
    assert (found["kind"], found["details"]["count"]) == ("vega", 1)


def test_errors_are_compared_by_type_and_message() -> None:
    a = error("ValueError", "no column 'age'", "File /tmp/ipykernel_1/2.py, line 3")
    assert only(a, {**a, "traceback": ["elsewhere"]})["why"] == "only the traceback differs"
    assert only(a, error("KeyError", "'age'"))["why"] == "ValueError became KeyError"
    assert only(a, error("ValueError", "no column 'fare'"))["verdict"] == "changed"


def test_outputs_that_came_and_went() -> None:
    a, b, c = stream("one"), display(text__plain="two"), display(image__png=png())
    found = diff_outputs([a, b], [b, c])
    assert [(f["a"], f["b"], f["why"]) for f in found] == [(0, None, "removed"), (None, 1, "added")]


def test_metadata_that_matters_apart_from_noise() -> None:
    a = notebook(code("x = 1", "a"))
    b = notebook(code("x = 1", "a"))
    b["cells"][0]["metadata"] = {"tags": ["parameters"], "collapsed": True}
    b["cells"][0]["execution_count"] = 7
    b["metadata"] = {"kernelspec": {"name": "ir", "language": "R"}, "toc": {"x": 1}}
    found = diff_notebooks(a, b)
    (cell,) = found["cells"]
    assert cell["op"] == "modify"
    assert {c["key"]: c["verdict"] for c in cell["metadata"]} == {
        "execution_count": "noise", "tags": "changed", "collapsed": "noise",
    }  # fmt: skip
    assert {c["key"]: c["verdict"] for c in found["metadata"]} == {
        "kernelspec": "changed", "toc": "noise",
    }  # fmt: skip
    b["cells"][0]["metadata"] = {"ExecuteTime": {"start": 1}}
    assert diff_notebooks(a, b)["cells"][0]["op"] == "equal"


def test_attachments_are_told() -> None:
    def cell(**files: str) -> dict[str, Any]:
        made = {"cell_type": "markdown", "id": "m", "source": "![](attachment:a.png)"}
        return {**made, "metadata": {}, "attachments": {
            f"{name}.png": {"image/png": data} for name, data in files.items()}}  # fmt: skip

    a, b = notebook(cell(a="AAAA", b="AAAA")), notebook(cell(a="BBBB", c="AAAA"))
    (found,) = diff_notebooks(a, b)["cells"]
    assert found["op"] == "modify"
    assert [(c["name"], c["op"]) for c in found["attachments"]] == [
        ("a.png", "modify"), ("b.png", "delete"), ("c.png", "insert"),
    ]  # fmt: skip
