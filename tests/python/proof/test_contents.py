"""Contents of files and outputs of cells: what is the same, and where two differ."""

from __future__ import annotations

import base64
import io
import json

import pytest

from nbtrail.config import FileWithin, VerifyConfig, Within, parse_config
from nbtrail.errors import ConfigError
from nbtrail.proof.contents import compare_contents, compare_text
from nbtrail.proof.outputs import compare_cells
from nbtrail.proof.tolerances import Span, are_close, file_rule, metric_tolerance

DEFAULT = Span(FileWithin(relative=1e-9), is_asked_for=False)
LOOSE = Span(FileWithin(relative=0.01), is_asked_for=True)


def lines(*rows: str) -> bytes:
    return "\n".join(rows).encode()


@pytest.mark.parametrize(
    ("path", "a", "b", "span", "is_same", "where"),
    [
        ("x.csv", lines("a,b", "x,0.1"), lines("a,b", "x,0.10000000000000002"), DEFAULT, True, ""),
        ("x.csv", lines("a,b", "x,1.0"), lines("a,b", "x,1.1"), DEFAULT, False, "row 1, column b"),
        ("x.csv", lines("a,b", "x,1.0"), lines("a,b", "x,1.001"), LOOSE, True, ""),
        ("x.csv", lines("a", "x"), lines("a", "y"), LOOSE, False, "row 1, column a"),
        # Whole numbers may be names: one that is close is another one.
        ("x.csv", lines("id", "9999999999"), lines("id", "9999999998"), DEFAULT, False,
         "row 1, column id"),
        ("x.csv", lines("n", "1000"), lines("n", "1001"), LOOSE, True, ""),
        ("x.csv", lines("a", "1"), lines("b", "1"), LOOSE, False, "columns"),
        ("x.csv", lines("a", "1", "2"), lines("a", "1"), LOOSE, False, "rows"),
        ("x.csv", lines("a", "nan"), lines("a", "NaN"), DEFAULT, True, ""),
        ("x.tsv", lines("a\tb", "1.0\t2"), lines("a\tb", "1.5\t2"), DEFAULT, False,
         "row 1, column a"),
        ("x.json", b'{"a":[1.0,2]}', b'{"a":[1.0000000000000002, 2]}', DEFAULT, True, ""),
        ("x.json", b'{"a":[1.0,2]}', b'{"a":[1.0,3]}', DEFAULT, False, "$.a[1]"),
        ("x.json", b'{"a":true}', b'{"a":1}', LOOSE, False, "$.a"),
        ("x.jsonl", b'{"a":1}\n{"a":2.0}\n', b'{"a":1}\n{"a":2.5}\n', DEFAULT, False, "$[1].a"),
        ("x.bin", b"1.0", b"1.00", LOOSE, False, "bytes"),
        ("damaged.json", b"{", b"[", LOOSE, False, "bytes"),
        ("damaged.csv", b"\xff\xfe\xff", b"\xff", LOOSE, False, "bytes"),
        ("damaged.png", b"\x89PNG", b"GIF", LOOSE, False,
         "an image that cannot be decoded differs"),
    ],
)  # fmt: skip
def test_files_are_compared_by_what_they_hold(path, a, b, span, is_same, where):
    found = compare_contents(path, a, b, span)
    assert (found.is_same, found.where) == (is_same, where)


def test_the_largest_difference_is_told_whether_allowed_or_not():
    a, b = lines("a,b", "1.0,1.0", "2.0,2.0"), lines("a,b", "1.0,1.001", "2.0,2.5")
    found = compare_contents("x.csv", a, b, LOOSE)
    assert (found.where, found.expected, found.actual) == ("row 2, column b", "2.0", "2.5")
    assert found.largest == 0.2


def test_parquet_is_compared_by_columns():
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    def table(values, **options):
        file = io.BytesIO()
        parquet.write_table(pyarrow.table({"name": ["x", "y"], "value": values}), file, **options)
        return file.getvalue()

    a = table([1.0, 2.0])
    assert compare_contents("x.parquet", a, table([1.0, 2.0], compression="gzip"), DEFAULT).is_same
    found = compare_contents("x.parquet", a, table([1.0, 2.1]), DEFAULT)
    assert (found.how, found.where, found.expected) == ("columns", "row 2, column value", "2.0")
    assert compare_contents("x.parquet", a, b"no parquet", DEFAULT).how == "bytes"


def picture(*dots: tuple[int, int], size: int = 20, text: str = "") -> bytes:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    image = Image.new("RGB", (size, size), "white")
    for dot in dots:
        image.putpixel(dot, (0, 0, 0))
    about = PngInfo()
    about.add_text("Software", text)
    file = io.BytesIO()
    image.save(file, "png", pnginfo=about)
    return file.getvalue()


def test_images_are_compared_by_pixels():
    plain, dotted = picture(), picture((3, 3))
    assert compare_contents("x.png", plain, picture(text="another version"), DEFAULT).is_same
    found = compare_contents("x.png", plain, dotted, DEFAULT)
    assert (found.is_same, found.how, found.largest) == (False, "pixels", 1 / 400)
    allowed = Span(FileWithin(pixels=0.01), is_asked_for=True)
    assert compare_contents("x.png", plain, dotted, allowed).is_same
    assert not compare_contents("x.png", plain, picture(size=21), allowed).is_same


def test_text_is_the_same_when_its_numbers_are_close():
    assert compare_text("loss 0.1, step 3", "loss 0.10000000000000001, step 3", DEFAULT).is_same
    assert not compare_text("loss 0.1, step 3", "loss 0.1, step 4", DEFAULT).is_same
    assert compare_text("mean 10", "mean 10.01", LOOSE).is_same
    found = compare_text("a\nmean 10", "a\nmedian 10", LOOSE)
    assert (found.where, found.expected, found.actual) == ("line 2", "mean 10", "median 10")


def notebook(*cells):
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": "", "outputs": outputs,
             "execution_count": 1}
            for n, outputs in enumerate(cells)
        ],
    }  # fmt: skip


def printed(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def shown(**data):
    data = {name.replace("_", "/"): value for name, value in data.items()}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def test_cells_are_compared_after_taking_out_noise():
    a = notebook([printed("<object at 0x7f0011223344>\n")], [printed("took 3.2 s\n")], [])
    b = notebook(
        [printed("<object at 0x7fffeeddccbb>\n")], [printed("took 4.5 s\n")],
        [printed("only a warning", "stderr")],
    )  # fmt: skip
    found = compare_cells("x.ipynb", a, b, VerifyConfig())
    assert (found.differences, found.compared) == ((), 2)


def test_the_first_cell_that_shows_something_else_is_named():
    a = notebook([printed("same")], [printed("a\n0.5\n")], [printed("c")])
    b = notebook([printed("same")], [printed("a\n0.6\n")], [])
    found = compare_cells("x.ipynb", a, b, VerifyConfig())
    assert [(d.cell, d.cell_id) for d in found.differences] == [(1, "c1"), (2, "c2")]
    first = found.differences[0].contents
    assert (first.where, first.expected, first.actual) == ("line 2", "0.5", "0.6")
    assert (found.differences[1].contents.expected, found.differences[1].contents.actual) == (
        "c", "",
    )  # fmt: skip
    new = compare_cells("x.ipynb", notebook(), a, VerifyConfig())
    assert [d.cell for d in new.differences] == [0, 1, 2]


def test_outputs_may_be_ignored_or_allowed_by_notebook_and_cell():
    image, other = (
        shown(image_png=base64.b64encode(data).decode()) for data in (picture(), picture((1, 1)))
    )
    a = notebook([printed("0.50")], [printed("x")], [image])
    b = notebook([printed("0.51")], [printed("y")], [other])
    assert len(compare_cells("x.ipynb", a, b, VerifyConfig()).differences) == 3
    rules = {
        "x.ipynb#c0": FileWithin(absolute=0.02),
        "*.ipynb#2": "ignore",
        "x*": FileWithin(pixels=0.01),
    }
    found = compare_cells("x.ipynb", a, b, VerifyConfig(outputs=rules))
    assert (found.differences, found.compared) == ((), 2)
    assert found.largest == pytest.approx(0.0196, abs=1e-4)


def test_a_table_says_which_of_its_cells_is_another_one():
    def table(value):
        html = f"<table><tr><th></th><th>auc</th></tr><tr><th>0</th><td>{value}</td></tr></table>"
        return shown(text_html=html, text_plain=f"   auc\n0  {value}")

    found = compare_cells(
        "x.ipynb", notebook([table(0.5)]), notebook([table(0.6)]), VerifyConfig()
    ).differences[0]
    assert "auc" in found.contents.where
    assert (found.contents.expected, found.contents.actual) == ("0.5", "0.6")


def test_settings_are_read_and_the_wrong_ones_refused():
    config = parse_config(
        """
        [verify]
        tolerance = 1e-6
        ignore_files = ["*.log"]
        [verify.tolerances]
        best_auc = "exact"
        "*_auc" = 0.01
        rmse = { absolute = 0.5 }
        [verify.files]
        "*.pkl" = "ignore"
        "data/x.csv" = { relative = 0.1 }
        "data/*.csv" = "exact"
        """
    ).verify
    assert metric_tolerance("best_auc", config) == Within()
    assert metric_tolerance("test_auc", config) == Within(relative=0.01)
    assert metric_tolerance("rmse", config) == Within(absolute=0.5)
    assert metric_tolerance("other", config) == Within(relative=1e-6)
    assert [file_rule(p, config) for p in ("a.log", "a.pkl", "data/2026-01-02_y.csv")] == [
        "ignore", "ignore", "exact",
    ]  # fmt: skip
    assert file_rule("data/2026-01-02_x.csv", config) == Span(FileWithin(relative=0.1), True)
    for text, said in (
        ('[verify.tolerances]\na = "exct"', "verify.tolerances.a"),
        ("[verify.tolerances]\na = -1", "verify.tolerances.a"),
        ("[verify.tolerances]\na = { absolut = 1 }", "Did you mean verify.tolerances.a.absolute"),
        ('[verify.outputs]\n"x" = "exact"', "verify.outputs.x"),
        ('[verify.files]\n"x" = { pixels = 2 }', "verify.files.x"),
        ("[verify]\nfile = 1", "Did you mean verify.files"),
    ):
        with pytest.raises(ConfigError, match=said):
            parse_config(text)


def test_either_bound_will_do():
    within = Within(relative=0.01, absolute=0.5)
    assert are_close(100.0, 100.9, within)
    assert are_close(0.0, 0.4, within)
    assert not are_close(10.0, 10.6, within)
    assert not are_close(None, 0.0, within)
    assert not are_close(float("nan"), 0.0, within)


def test_an_unknown_form_is_shown_by_its_name():
    a, b = ({"output_type": "display_data", "data": {"application/x": {"v": v}}} for v in (1, 2))
    found = compare_cells("x.ipynb", notebook([a]), notebook([b]), VerifyConfig()).differences[0]
    assert json.loads(found.contents.expected or "null") in (1, None)
