"""Notebook files: what is read, what is refused, what is written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from nbtrail.errors import NotFoundError, UnreadableNotebookError
from nbtrail.notebooks.cells import cells_of, sources_digest
from nbtrail.notebooks.document import dump_notebook, parse_notebook, read_notebook, write_notebook


def example() -> nbformat.NotebookNode:
    return new_notebook(
        cells=[
            new_markdown_cell("# Titel mit ü\n\nzweite Zeile", id="intro"),
            new_code_cell(
                "x = 1\nx",
                id="code",
                execution_count=1,
                outputs=[
                    new_output("stream", name="stdout", text="one\ntwo\n"),
                    new_output(
                        "execute_result",
                        data={"text/plain": "a\nb", "application/json": {"k": ["v"]}},
                        execution_count=1,
                    ),
                ],
            ),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )


def test_bytes_are_those_of_nbformat(tmp_path: Path) -> None:
    file = tmp_path / "a.ipynb"
    nbformat.write(example(), file)
    assert dump_notebook(read_notebook(file)) == file.read_bytes()
    assert dump_notebook(dict(example())) == file.read_bytes()


def test_nan_in_outputs_is_read(tmp_path: Path) -> None:
    notebook = example()
    notebook.cells[1].outputs[1].data["application/json"] = {"loss": float("nan")}
    file = tmp_path / "a.ipynb"
    nbformat.write(notebook, file)
    read = read_notebook(file)
    assert read["cells"][1]["outputs"][1]["data"]["application/json"]["loss"] != 0
    assert dump_notebook(read) == file.read_bytes()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "NBT902"),
        (b" \n", "NBT902"),
        (b"<<<<<<< HEAD\n{}", "NBT901"),
        (b"[1, 2]", "NBT901"),
        (b'{"nbformat": 4}', "NBT901"),
        (b'{"nbformat": 4, "cells": [1]}', "NBT901"),
        (b'{"nbformat": 3, "worksheets": []}', "NBT903"),
        ('{"nbformat": 4, "cells": [], "x": "\xff"}'.encode("latin-1"), "NBT901"),
    ],
)
def test_what_is_no_notebook_is_named(data: bytes, code: str) -> None:
    with pytest.raises(UnreadableNotebookError, match=r"a\.ipynb") as caught:
        parse_notebook(data, "a.ipynb")
    assert caught.value.detail["code"] == code


def test_a_missing_notebook_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"gone\.ipynb"):
        read_notebook(tmp_path / "gone.ipynb")


def test_writing_keeps_mode_and_link_and_leaves_nothing_behind(tmp_path: Path) -> None:
    real = tmp_path / "real.ipynb"
    real.write_bytes(dump_notebook(dict(example())))
    real.chmod(0o640)
    link = tmp_path / "link.ipynb"
    link.symlink_to(real)
    notebook = read_notebook(link)
    notebook["cells"] = notebook["cells"][:1]
    write_notebook(link, notebook)
    assert link.is_symlink()
    assert json.loads(real.read_text())["cells"][0]["id"] == "intro"
    assert real.stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(tmp_path)) == ["link.ipynb", "real.ipynb"]


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.ipynb"
    write_notebook(file, dict(example()))
    before = file.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_notebook(file, {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []})
    assert file.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.ipynb"]


def test_running_does_not_change_the_sources_digest() -> None:
    plain, run = dict(example()), dict(example())
    run["cells"][1]["outputs"] = []
    run["cells"][1]["execution_count"] = 9
    run["cells"][1]["metadata"] = {"execution": {"iopub.status.busy": "2026"}}
    assert sources_digest(plain) == sources_digest(run)
    run["cells"][1]["source"] = "x = 2"
    assert sources_digest(plain) != sources_digest(run)


def test_cells_without_ids_get_their_index() -> None:
    notebook = parse_notebook(
        b'{"nbformat":4,"cells":[{"cell_type":"code","source":["a\\n","b"],'
        b'"metadata":{"tags":["parameters"]}}]}',
        "a",
    )
    (cell,) = cells_of(notebook)
    assert (cell.id, cell.source, cell.tags) == ("#0", "a\nb", ("parameters",))
