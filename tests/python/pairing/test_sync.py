"""What a sync does with every combination of edits, on real files."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from nbtrail.errors import (
    ConfigError,
    ConflictError,
    OutsideProjectError,
    StoreError,
    UnreadableNotebookError,
)
from nbtrail.notebooks.document import dump_notebook
from nbtrail.pairing.decide import Action
from nbtrail.pairing.resolve import resolve
from nbtrail.pairing.sync import after_save, before_save, pair_state, sync
from nbtrail.project import load_project

from .conftest import Desk, code, markdown, notebook


def test_the_twin_says_what_the_notebook_says_and_nothing_of_the_machine(desk: Desk) -> None:
    text = desk.twin.read_text()
    assert "# %% [markdown]\n# # Survival by class" in text
    assert '# %% tags=["keep"]\ndf.groupby' in text
    assert "jupytext" not in text
    assert "Python 3" not in text
    assert pair_state(desk.project, desk.store, desk.path).state == "in-sync"


def test_the_same_notebook_gives_the_same_twin(desk: Desk) -> None:
    first = desk.twin.read_bytes()
    desk.twin.unlink()
    content = desk.read()
    content["metadata"]["kernelspec"]["display_name"] = "Python 3 (ipykernel)"
    desk.write(content)
    assert desk.sync().wrote_twin
    assert desk.twin.read_bytes() == first


def test_nothing_is_parsed_or_converted_when_both_are_those_of_the_last_sync(desk: Desk) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from nbtrail.project import load_project\n"
        "from nbtrail.ledger.store import Store\n"
        "from nbtrail.pairing.sync import sync, pair_state\n"
        "project = load_project(Path(sys.argv[1]))\n"
        "store = Store.open(project)\n"
        "print(sync(project, store, sys.argv[2]).action.value)\n"
        "print(pair_state(project, store, sys.argv[2]).state)\n"
        "print([m for m in ('jupytext', 'nbformat', 'jsonschema') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(desk.project.root), desk.path],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split("\n")[:3] == ["in-sync", "in-sync", "[]"]


def test_an_edited_notebook_rewrites_the_twin(desk: Desk) -> None:
    desk.edit(3, "df.plot(kind='bar')")
    assert pair_state(desk.project, desk.store, desk.path).state == "notebook-changed"
    result = desk.sync()
    assert (result.action, result.wrote_twin, result.wrote_notebook) == (
        Action.WRITE_TWIN, True, False,
    )  # fmt: skip
    assert "kind='bar'" in desk.twin.read_text()


def test_running_a_notebook_leaves_the_twin_alone(desk: Desk) -> None:
    before = desk.twin.stat()
    content = desk.read()
    content["cells"][1]["outputs"] = []
    content["cells"][1]["execution_count"] = 7
    content["cells"][1]["metadata"]["execution"] = {"iopub.status.idle": "2026-11-20"}
    desk.write(content)
    assert pair_state(desk.project, desk.store, desk.path).state == "in-sync"
    assert not desk.sync().wrote_twin
    after = desk.twin.stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)


def test_an_edited_twin_updates_the_notebook_and_keeps_ids_outputs_and_tags(desk: Desk) -> None:
    before = desk.file.read_bytes()
    desk.edit_twin("mean()", "mean().round(2)")
    desk.edit_twin("# %%\ndf.plot()", "# %%\nnew = 1\n\n# %%\ndf.plot()")
    assert pair_state(desk.project, desk.store, desk.path).state == "twin-changed"
    result = desk.sync()
    assert result.action is Action.UPDATE_NOTEBOOK
    assert desk.sources()[2:] == ["df.groupby('pclass').survived.mean().round(2)", "new = 1",
                                  "df.plot()"]  # fmt: skip
    ids = desk.ids()
    assert ids[:3] == ["title", "load", "mean"]
    assert ids[4] == "plot"
    assert ids[3] not in {"title", "load", "mean", "plot"}
    assert desk.outputs() == ["", "ok\n", "0.62\n", "", "figure\n"]
    assert desk.read()["cells"][2]["metadata"] == {"tags": ["keep"]}
    assert desk.kept(desk.path) == [before]
    assert desk.sync().action is Action.IN_SYNC


def test_edits_of_different_cells_on_both_sides_are_merged(desk: Desk) -> None:
    desk.edit(1, "import pandas as pd\ndf = pd.read_csv('data/test.csv')")
    desk.edit_twin("df.plot()", "df.plot(kind='bar')")
    result = desk.sync()
    assert result.action is Action.MERGE
    assert "data/test.csv" in desk.sources()[1]
    assert desk.sources()[3] == "df.plot(kind='bar')"
    text = desk.twin.read_text()
    assert "data/test.csv" in text
    assert "kind='bar'" in text
    assert desk.ids() == ["title", "load", "mean", "plot"]
    assert desk.sync().action is Action.IN_SYNC


def test_a_cell_edited_on_both_sides_is_a_conflict_and_nothing_is_written(desk: Desk) -> None:
    desk.edit(3, "df.plot(kind='bar')")
    desk.edit_twin("df.plot()", "df.plot(kind='line')")
    before = desk.both()
    result = desk.sync()
    assert result.action is Action.CONFLICT
    assert [(c.kind, c.cell_id, c.notebook, c.twin) for c in result.conflicts] == [
        ("source", "plot", "df.plot(kind='bar')", "df.plot(kind='line')")
    ]
    assert desk.both() == before
    assert pair_state(desk.project, desk.store, desk.path).state == "conflict"


def test_the_same_edit_on_both_sides_is_no_conflict(desk: Desk) -> None:
    desk.edit(3, "df.plot(kind='bar')")
    desk.edit_twin("df.plot()", "df.plot(kind='bar')")
    assert desk.sync().action is Action.IN_SYNC


def test_a_cell_deleted_on_one_side_and_edited_on_the_other_is_a_conflict(desk: Desk) -> None:
    desk.edit(3, "df.plot(kind='bar')")
    desk.edit_twin("# %%\ndf.plot()\n", "")
    before = desk.both()
    result = desk.sync()
    assert [c.kind for c in result.conflicts] == ["deleted"]
    assert desk.both() == before


def test_cells_added_on_both_sides_are_all_kept(desk: Desk) -> None:
    content = desk.read()
    content["cells"].insert(2, code("mine", "mine = 1"))
    desk.write(content)
    desk.edit_twin("# %%\ndf.plot()", "# %%\ntheirs = 1\n\n# %%\ndf.plot()")
    assert desk.sync().action is Action.MERGE
    assert desk.sources()[2:] == [
        "mine = 1", "df.groupby('pclass').survived.mean()", "theirs = 1", "df.plot()",
    ]  # fmt: skip


def test_a_cell_moved_in_the_twin_takes_its_output_along(desk: Desk) -> None:
    text = desk.twin.read_text()
    moved = "# %% tags=[\"keep\"]\ndf.groupby('pclass').survived.mean()\n\n"
    assert moved in text
    desk.twin.write_text(text.replace(moved, "") + "\n" + moved)
    desk.edit(0, "# Another title")
    assert desk.sync().action is Action.MERGE
    assert desk.ids() == ["title", "load", "plot", "mean"]
    assert desk.outputs() == ["", "ok\n", "figure\n", "0.62\n"]


def test_the_right_one_of_equal_cells_is_found_missing(desk: Desk) -> None:
    desk.write(
        notebook(
            code("a", "df.head()", text="first\n"),
            code("b", "x = 1", text="one\n"),
            code("c", "df.head()", text="second\n"),
            code("d", "y = 2", text="two\n"),
            code("e", "df.head()", text="third\n"),
        )
    )
    desk.sync()
    desk.edit_twin("# %%\ndf.head()\n\n# %%\nx = 1", "# %%\nx = 1")
    assert desk.sync().action is Action.UPDATE_NOTEBOOK
    assert desk.ids() == ["b", "c", "d", "e"]
    assert desk.outputs() == ["one\n", "second\n", "two\n", "third\n"]


@pytest.mark.parametrize("older", ["notebook", "twin"])
def test_lying_clocks_change_nothing(desk: Desk, older: str) -> None:
    desk.edit_twin("df.plot()", "df.plot(kind='bar')")
    first, last = (desk.file, desk.twin) if older == "notebook" else (desk.twin, desk.file)
    os.utime(first, (1_000_000_000, 1_000_000_000))
    os.utime(last, (4_000_000_000, 4_000_000_000))
    assert desk.sync().action is Action.UPDATE_NOTEBOOK
    assert desk.sources()[3] == "df.plot(kind='bar')"


def test_both_files_swapped_for_an_older_pair_are_in_sync(desk: Desk) -> None:
    """As `git checkout` and `git stash` do, in any order and with any times."""
    older = desk.both()
    desk.edit(3, "df.plot(kind='bar')")
    desk.sync()
    newer = desk.both()
    desk.restore(older)
    assert desk.sync().action is Action.IN_SYNC
    desk.restore(newer)
    assert desk.sync().action is Action.IN_SYNC
    assert desk.both() == newer


def test_only_the_twin_swapped_for_an_older_one_wins(desk: Desk) -> None:
    """Where only twins are in git, checking out a branch changes only them."""
    older = desk.twin.read_bytes()
    desk.edit(3, "df.plot(kind='bar')")
    desk.sync()
    newer = desk.file.read_bytes()
    desk.twin.write_bytes(older)
    assert desk.sync().action is Action.UPDATE_NOTEBOOK
    assert desk.sources()[3] == "df.plot()"
    assert desk.kept(desk.path) == [newer]


def test_a_deleted_twin_comes_back(desk: Desk) -> None:
    before = desk.twin.read_bytes()
    desk.twin.unlink()
    assert pair_state(desk.project, desk.store, desk.path).state == "missing"
    assert desk.sync().wrote_twin
    assert desk.twin.read_bytes() == before


def test_a_twin_with_merge_markers_is_never_imported(desk: Desk) -> None:
    desk.edit_twin("df.plot()", "<<<<<<< HEAD\ndf.plot()\n=======\ndf.hist()\n>>>>>>> branch")
    before = desk.both()
    result = desk.sync()
    assert [c.kind for c in result.conflicts] == ["markers"]
    assert desk.both() == before
    with pytest.raises(ConflictError):
        resolve(desk.project, desk.store, desk.path, "twin")
    assert desk.both() == before


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"", "empty"), (b"\xff\xfe\x00x", "unreadable"), (b"# ---\n# jupyter: [\n# ---\n", None)],
)
def test_a_broken_twin_never_reaches_the_notebook(
    desk: Desk, data: bytes, kind: str | None
) -> None:
    notebook_before = desk.file.read_bytes()
    desk.twin.write_bytes(data)
    result = desk.sync()
    if kind is not None:
        assert [c.kind for c in result.conflicts] == [kind]
        assert desk.file.read_bytes() == notebook_before
    assert desk.twin.read_bytes() == data
    assert notebook_before in (desk.file.read_bytes(), *desk.kept(desk.path))


def test_a_twin_that_is_not_python_is_fine(desk: Desk) -> None:
    desk.edit_twin("df.plot()", "def (:\n    ???")
    assert desk.sync().action is Action.UPDATE_NOTEBOOK
    assert desk.sources()[3] == "def (:\n    ???"


def test_windows_line_ends_and_a_byte_order_mark_are_no_edit(desk: Desk) -> None:
    text = desk.twin.read_bytes()
    desk.twin.write_bytes(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    before = desk.file.read_bytes()
    desk.sync()
    assert desk.file.read_bytes() == before


def test_a_reformatted_twin_is_left_as_it_is(desk: Desk) -> None:
    desk.twin.write_text(desk.twin.read_text().replace("\n\n# %%", "\n\n\n# %%"))
    before = desk.both()
    assert desk.sync().action is Action.UPDATE_NOTEBOOK
    assert desk.both() == before
    assert desk.sync().action is Action.IN_SYNC


def test_without_a_store_equal_files_are_in_sync_and_different_ones_a_conflict(desk: Desk) -> None:
    assert sync(desk.project, None, desk.path).action is Action.IN_SYNC
    desk.edit_twin("df.plot()", "df.plot(kind='bar')")
    before = desk.both()
    result = sync(desk.project, None, desk.path)
    assert [c.kind for c in result.conflicts] == ["no-base"]
    assert desk.both() == before
    desk.twin.unlink()
    assert sync(desk.project, None, desk.path).wrote_twin


@pytest.mark.parametrize("side", ["notebook", "twin"])
def test_a_conflict_is_ended_by_choosing_a_side(desk: Desk, side: str) -> None:
    desk.edit(3, "df.plot(kind='bar')")
    desk.edit_twin("df.plot()", "df.plot(kind='line')")
    before = desk.both()
    resolve(desk.project, desk.store, desk.path, side)
    chosen = "bar" if side == "notebook" else "line"
    assert desk.sources()[3] == f"df.plot(kind='{chosen}')"
    assert f"kind='{chosen}'" in desk.twin.read_text()
    lost = desk.twin.name if side == "notebook" else desk.path
    assert before[side == "notebook"] in desk.kept(lost)
    assert desk.ids() == ["title", "load", "mean", "plot"]
    assert desk.sync().action is Action.IN_SYNC


def test_a_save_writes_the_twin_only_where_it_was_not_edited_meanwhile(desk: Desk) -> None:
    ticket = before_save(desk.project, desk.store, desk.path)
    desk.edit(1, "df = load()")
    desk.edit_twin("df.plot()", "df.plot(kind='bar')")
    edited = desk.twin.read_bytes()
    result = after_save(desk.project, desk.store, desk.path, ticket)
    assert result.action is Action.MERGE
    assert desk.twin.read_bytes() == edited
    assert desk.sync().action is Action.MERGE
    assert desk.sources()[1::2] == ["df = load()", "df.plot(kind='bar')"]


def test_a_save_without_a_store_still_writes_the_twin(desk: Desk) -> None:
    ticket = before_save(desk.project, None, desk.path)
    desk.edit(1, "df = load()")
    assert after_save(desk.project, None, desk.path, ticket).wrote_twin
    assert "df = load()" in desk.twin.read_text()


def test_a_save_over_another_programs_edit_keeps_it(desk: Desk) -> None:
    desk.edit(1, "written by another program")
    theirs = desk.file.read_bytes()
    ticket = before_save(desk.project, desk.store, desk.path)
    desk.edit(1, "saved from Lab")
    after_save(desk.project, desk.store, desk.path, ticket)
    assert desk.kept(desk.path) == [theirs]


def test_a_save_over_what_came_in_from_the_twin_keeps_it_once(desk: Desk) -> None:
    opened = desk.file.read_bytes()
    desk.edit_twin("df.plot()", "df.plot(kind='bar')")
    assert desk.sync().wrote_notebook
    merged = desk.file.read_bytes()
    desk.twin.write_text(desk.twin.read_text() + "\n\n")  # a formatter
    assert not desk.sync().wrote_notebook
    own = None
    for number in range(3):  # the tab that was open before, and its autosaves
        ticket = before_save(desk.project, desk.store, desk.path, own)
        desk.file.write_bytes(opened)
        desk.edit(1, f"df = load({number})")
        own = after_save(desk.project, desk.store, desk.path, ticket).saved_sha256
    assert desk.kept(desk.path) == [opened, merged]
    # A server that was started anew knows nothing of its own saves.
    before_save(desk.project, desk.store, desk.path)
    assert desk.kept(desk.path) == [opened, merged]


def test_a_script_of_the_same_name_is_not_taken_for_a_twin(desk: Desk) -> None:
    desk.path = "2-CLEANING-ages.ipynb"
    desk.twin.write_text("def helper():\n    return 1\n")
    desk.write(notebook(code("a", "x = 1")))
    before = desk.both()
    assert desk.sync().action is Action.CONFLICT
    assert desk.both() == before


def test_cells_that_the_text_cannot_hold_survive_edits_elsewhere(desk: Desk) -> None:
    desk.write(
        notebook(
            code("marker", "# %% not a cell\nx = 1\n# %% nor this\ny = 2", text="kept\n"),
            markdown("picture", "![](attachment:a.png)"),
            code("blank", "", text=""),
            code("last", "z = 3", text="three\n"),
        )
    )
    desk.sync()
    desk.edit_twin("z = 3", "z = 4")
    assert desk.sync().action is Action.UPDATE_NOTEBOOK
    assert desk.ids() == ["marker", "picture", "blank", "last"]
    assert desk.sources()[0] == "# %% not a cell\nx = 1\n# %% nor this\ny = 2"
    assert desk.sources()[3] == "z = 4"
    assert desk.outputs() == ["kept\n", "", "", "three\n"]


@pytest.mark.parametrize(
    ("language", "extension"),
    [("R", ".R"), ("julia", ".jl"), ("bash", ".sh"), ("brainfuck", ".md")],
)
def test_other_languages_have_their_own_extension(
    desk: Desk, language: str, extension: str
) -> None:
    desk.path = "3-EXPLORATION-elsewhere.ipynb"
    desk.write(notebook(code("a", "x <- 1"), markdown("b", "Text"), language=language))
    result = desk.sync()
    assert result.twin == f"3-EXPLORATION-elsewhere{extension}"
    twin = desk.file.with_suffix(extension)
    twin.write_text(twin.read_text().replace("x <- 1", "x <- 2"))
    assert desk.sync().action is Action.UPDATE_NOTEBOOK
    assert desk.sources() == ["x <- 2", "Text"]
    assert desk.ids() == ["a", "b"]


def test_a_notebook_that_changes_its_language_moves_its_twin(desk: Desk) -> None:
    content = desk.read()
    content["metadata"]["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    content["metadata"]["language_info"] = {"name": "R"}
    old = desk.twin.read_bytes()
    desk.write(content)
    assert desk.sync().twin == "1-EXPLORATION-survival.R"
    assert not desk.twin.exists()
    assert desk.kept(desk.twin.name) == [old]
    assert desk.sync().action is Action.IN_SYNC


def test_magics_survive_the_way_there_and_back(desk: Desk) -> None:
    desk.write(notebook(code("a", "%matplotlib inline\n!ls"), code("b", "%%bash\nls")))
    desk.sync()
    assert "\n# %matplotlib inline\n# !ls\n" in desk.twin.read_text()
    desk.edit_twin("# !ls", "# !ls -l")
    desk.sync()
    assert desk.sources() == ["%matplotlib inline\n!ls -l", "%%bash\nls"]


def test_a_notebook_without_cell_ids_is_paired_too(desk: Desk) -> None:
    old = notebook(code("a", "x = 1", text="one\n"), code("b", "y = 2", text="two\n"))
    for cell in old["cells"]:
        del cell["id"]
    old["nbformat_minor"] = 4
    desk.path = "4-CLEANING-outliers.ipynb"
    desk.write(old)
    desk.sync()
    desk.edit_twin("y = 2", "z = 0\n\n# %%\ny = 2")
    desk.sync()
    assert desk.sources() == ["x = 1", "z = 0", "y = 2"]
    assert desk.outputs() == ["one\n", "", "two\n"]
    assert all("id" not in cell for cell in desk.read()["cells"])


def test_an_unreadable_notebook_is_reported_and_its_twin_left_alone(desk: Desk) -> None:
    twin = desk.twin.read_bytes()
    desk.file.write_text("<<<<<<< HEAD\n{}\n")
    with pytest.raises(UnreadableNotebookError):
        desk.sync()
    assert desk.twin.read_bytes() == twin


def test_a_link_out_of_the_project_is_not_followed(desk: Desk) -> None:
    outside = desk.project.root.parent / "elsewhere.ipynb"
    outside.write_bytes(dump_notebook(notebook(code("a", "x = 1"))))
    desk.path = "5-CLEANING-linked.ipynb"
    desk.file.symlink_to(outside)
    with pytest.raises(OutsideProjectError):
        desk.sync()
    assert not desk.twin.exists()


@pytest.mark.parametrize(
    "name", ["1 EXPLORATION survival über 🚢.ipynb", "-EXPLORATION-dash.ipynb",
             "EXPLORATION-" + "x" * 237 + ".ipynb", "EXPLORATION-שלום-עולם.ipynb",
             ".EXPLORATION-hidden.ipynb", "EXPLORATION-two\nlines.ipynb", "EXPLORATION-a.b.c.ipynb",
             "EXPLORATION-'quoted' \"twice\" %s & $HOME.ipynb"],
)  # fmt: skip
def test_names_that_are_hard_on_tools(desk: Desk, name: str) -> None:
    desk.path = name
    desk.write(notebook(code("a", "x = 1")))
    assert desk.sync().wrote_twin
    desk.edit_twin("x = 1", "x = 2")
    desk.sync()
    assert desk.sources() == ["x = 2"]


def test_names_that_differ_in_case_alone_have_twins_of_their_own(desk: Desk) -> None:
    names = ("EXPLORATION-ages.ipynb", "EXPLORATION-Ages.ipynb")
    for number, name in enumerate(names):
        desk.path = name
        desk.write(notebook(code("a", f"x = {number}")))
    if len(list(desk.project.root.glob("EXPLORATION-?ges.ipynb"))) < 2:
        pytest.skip("the file system takes both names for one")
    for number, name in enumerate(names):
        desk.path = name
        desk.sync()
        assert f"x = {number}" in desk.twin.read_text()
        desk.edit_twin(f"x = {number}", f"x = {number}0")
    for number, name in enumerate(names):
        desk.path = name
        desk.sync()
        assert desk.sources() == [f"x = {number}0"]


def test_a_draft_and_a_scratch_notebook_have_no_twin(desk: Desk) -> None:
    (desk.project.root / "scratch").mkdir()
    for path in ("Untitled.ipynb", "scratch/anything.ipynb"):
        desk.path = path
        desk.write(notebook(code("a", "x = 1")))
        assert pair_state(desk.project, desk.store, path).state == "off"
        desk.sync()
        assert not desk.twin.exists()


def test_a_lost_blob_of_the_base_loses_no_edit(desk: Desk) -> None:
    assert desk.store is not None
    for blob in (desk.store.folder / "blobs").rglob("*.zst"):
        blob.unlink()
    desk.edit_twin("df.plot()", "df.plot(kind='bar')")
    assert desk.sync().action is Action.UPDATE_NOTEBOOK
    assert desk.sources()[3] == "df.plot(kind='bar')"
    assert desk.ids() == ["title", "load", "mean", "plot"]


def test_a_folder_in_the_twins_place_is_reported_and_left(desk: Desk) -> None:
    desk.twin.unlink()
    desk.twin.mkdir()
    with pytest.raises(UnreadableNotebookError) as error:
        desk.sync()
    assert error.value.detail["code"] == "NBT303"
    assert desk.twin.is_dir()


def test_a_twin_that_cannot_be_written_leaves_everything_as_it_was(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    desk.edit(3, "df.plot(kind='bar')")
    before = desk.both()
    monkeypatch.setattr("nbtrail.pairing.sync.write_atomic", full)
    with pytest.raises(StoreError, match="No space left"):
        desk.sync()
    assert desk.both() == before
    monkeypatch.undo()
    assert desk.sync().wrote_twin


def test_what_cannot_be_kept_is_not_replaced(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> str:
        raise StoreError("The store cannot keep a file: No space left on device.")

    desk.edit_twin("df.plot()", "df.plot(kind='bar')")
    before = desk.both()
    monkeypatch.setattr("nbtrail.ledger.blobs.BlobStore.put", full)
    with pytest.raises(StoreError):
        desk.sync()
    assert desk.both() == before


def test_tags_and_kernel_edited_in_the_twin_reach_the_notebook(desk: Desk) -> None:
    desk.edit_twin('# %% tags=["keep"]', '# %% tags=["keep", "slow"] slideshow={"slide_type": "-"}')
    desk.edit_twin("    name: python3", "    name: python3.12")
    assert desk.sync().action is Action.UPDATE_NOTEBOOK
    content = desk.read()
    assert content["cells"][2]["metadata"] == {
        "tags": ["keep", "slow"], "slideshow": {"slide_type": "-"},
    }  # fmt: skip
    assert content["metadata"]["kernelspec"]["name"] == "python3.12"
    assert content["metadata"]["language_info"] == {"name": "python"}
    assert desk.ids() == ["title", "load", "mean", "plot"]
    assert desk.outputs() == ["", "ok\n", "0.62\n", "figure\n"]


def test_a_cell_that_becomes_text_and_back_keeps_its_id(desk: Desk) -> None:
    desk.edit_twin("# %%\ndf.plot()", "# %% [markdown]\n# df.plot()")
    desk.sync()
    cell = desk.read()["cells"][3]
    assert (cell["cell_type"], cell["id"]) == ("markdown", "plot")
    assert "outputs" not in cell
    desk.edit_twin("# %% [markdown]\n# df.plot()", "# %%\ndf.plot()")
    desk.sync()
    cell = desk.read()["cells"][3]
    assert (cell["cell_type"], cell["id"], cell["outputs"]) == ("code", "plot", [])


def test_tools_traces_in_metadata_stay_and_are_no_edit(desk: Desk) -> None:
    content = desk.read()
    content["cells"][2]["metadata"] |= {"collapsed": True, "jupyter": {"outputs_hidden": True}}
    desk.write(content)
    desk.edit_twin("mean()", "median()")
    assert desk.sync().action is Action.UPDATE_NOTEBOOK
    metadata = desk.read()["cells"][2]["metadata"]
    assert metadata == {"tags": ["keep"], "collapsed": True, "jupyter": {"outputs_hidden": True}}


@pytest.mark.parametrize(
    ("form", "extension"), [("md", ".md"), ("auto:percent", ".py"), ("py:light", ".py")]
)
def test_the_format_is_configured(desk: Desk, form: str, extension: str) -> None:
    before = desk.twin.read_bytes()
    file = desk.project.root / "nbtrail.toml"
    file.write_text(file.read_text() + f'[pairing]\nformat = "{form}"\n')
    desk.project = load_project(desk.project.root)
    desk.edit(1, "df = load()")
    assert desk.sync().twin == f"1-EXPLORATION-survival{extension}"
    twin = desk.file.with_suffix(extension)
    assert "df = load()" in twin.read_text()
    if extension == ".md":
        assert not desk.twin.exists()
        assert desk.kept(desk.twin.name) == [before]
    twin.write_text(twin.read_text().replace("df.plot()", "df.plot(kind='bar')"))
    assert desk.sync().action is Action.UPDATE_NOTEBOOK
    assert desk.sources()[3] == "df.plot(kind='bar')"
    assert desk.ids() == ["title", "load", "mean", "plot"]


def test_a_format_that_is_none_is_a_configuration_error(desk: Desk) -> None:
    file = desk.project.root / "nbtrail.toml"
    file.write_text(file.read_text() + '[pairing]\nformat = "../up//py"\n')
    desk.twin.unlink()
    with pytest.raises(ConfigError, match=r"pairing\.format"):
        sync(load_project(desk.project.root), None, desk.path)
