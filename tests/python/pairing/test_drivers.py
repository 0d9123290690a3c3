"""git's drivers for notebooks, with a real git."""

from __future__ import annotations

import copy
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbtrail.app import open_project
from nbtrail.errors import ConfigError
from nbtrail.notebooks.cells import text_of
from nbtrail.notebooks.document import dump_notebook, read_notebook, write_notebook
from nbtrail.pairing.decide import Action
from nbtrail.pairing.drivers import driver_state, install, remove
from nbtrail.pairing.gitmerge import merge_notebooks
from nbtrail.pairing.sync import sync
from nbtrail.policy.rules import check

from .conftest import Desk, code, markdown, notebook

LOAD = "import pandas as pd\nage = 1\nsex = 2\nclass_ = 3\nfare = 4\ndf = pd.read_csv('a.csv')"


class Repo:
    """A project under git, and the hands of two people on two branches."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.root = desk.project.root

    def git(self, *arguments: str, status: int = 0) -> str:
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "core.quotePath=false"]
        env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        done = subprocess.run(
            ["git", *who, *arguments], cwd=self.root, capture_output=True, text=True,
            env={**env, "GIT_EDITOR": "true", "GIT_CONFIG_GLOBAL": os.devnull},
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def change(self, edit: Callable[[list[dict[str, Any]]], Any]) -> None:
        """Edit the cells and let the twin follow, as a save in JupyterLab does."""
        content = self.desk.read()
        edit(content["cells"])
        self.desk.write(content)
        self.desk.sync()

    def branches(
        self,
        ours: Callable[[list[dict[str, Any]]], Any],
        theirs: Callable[[list[dict[str, Any]]], Any],
    ) -> None:
        """Two branches that each did something else; the one checked out is ours."""
        self.git("checkout", "-q", "-b", "theirs")
        self.change(theirs)
        self.commit("theirs")
        self.git("checkout", "-q", "main")
        self.desk.sync()
        self.change(ours)
        self.commit("ours")

    def unmerged(self) -> list[str]:
        listed = self.git("diff", "--name-only", "--diff-filter=U", "-z")
        return [name for name in listed.split("\0") if name]


@pytest.fixture
def repo(desk: Desk) -> Repo:
    content = desk.read()
    content["cells"][1]["source"] = LOAD
    desk.write(content)
    desk.sync()
    made = Repo(desk)
    (made.root / ".gitignore").write_text(".nbtrail/\n")
    made.git("init", "-q", "-b", "main")
    install(made.root)
    made.commit("first")
    return made


def source(index: int, text: str) -> Callable[[list[dict[str, Any]]], None]:
    def edit(cells: list[dict[str, Any]]) -> None:
        cells[index]["source"] = text

    return edit


def run(cells: list[dict[str, Any]], text: str, *indices: int) -> None:
    """What running all cells, or some, leaves in them."""
    for index, cell in enumerate(cells):
        if cell["cell_type"] == "code" and (not indices or index in indices):
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]
            cell["execution_count"] = (cell["execution_count"] or 0) + 7


def assert_valid(path: Path) -> None:
    nbformat.validate(nbformat.read(path, as_version=4))


# Differences


def test_a_difference_shows_sources_and_no_outputs(repo: Repo) -> None:
    repo.change(lambda cells: run(cells, "another output\n"))
    assert repo.git("diff", "--", repo.desk.path) == ""
    repo.change(source(3, "df.plot(kind='bar')"))
    shown = repo.git("diff", "--", repo.desk.path)
    assert "-df.plot()\n+df.plot(kind='bar')\n" in shown
    assert "output" not in shown
    assert "execution_count" not in shown
    repo.commit("bars")
    assert "+df.plot(kind='bar')" in repo.git("log", "-p", "-1", "--", repo.desk.path)
    assert "+df.plot(kind='bar')" in repo.git("show", "HEAD", "--", repo.desk.path)


def test_a_tag_is_a_change_and_a_folded_cell_is_none(repo: Repo) -> None:
    repo.change(lambda cells: cells[1]["metadata"].update(collapsed=True))
    assert repo.git("diff", "--", repo.desk.path) == ""
    repo.change(lambda cells: cells[1]["metadata"].update(tags=["parameters"]))
    assert '+# %% code tags=["parameters"]' in repo.git("diff", "--", repo.desk.path)


def test_what_is_no_notebook_is_shown_as_it_is(repo: Repo) -> None:
    repo.desk.file.write_text("<<<<<<< broken\n")
    assert "+<<<<<<< broken" in repo.git("diff", "--", repo.desk.path)


# Merges


def test_both_edited_and_both_ran_everything(repo: Repo) -> None:
    def ours(cells: list[dict[str, Any]]) -> None:
        source(3, "df.plot(kind='bar')")(cells)
        run(cells, "ours\n")

    def theirs(cells: list[dict[str, Any]]) -> None:
        source(0, "# Survival by class and sex")(cells)
        source(1, LOAD.replace("a.csv", "b.csv"))(cells)
        run(cells, "theirs\n")

    repo.branches(ours, theirs)
    repo.git("merge", "-q", "theirs")
    assert repo.desk.sources() == [
        "# Survival by class and sex",
        LOAD.replace("a.csv", "b.csv"),
        "df.groupby('pclass').survived.mean()",
        "df.plot(kind='bar')",
    ]
    assert repo.desk.outputs() == ["", "theirs\n", "ours\n", "ours\n"]
    assert_valid(repo.desk.file)
    both = repo.desk.both()
    assert repo.desk.sync().action is Action.IN_SYNC
    assert repo.desk.both() == both


def test_lines_of_one_cell_are_merged_as_git_merges_them_in_the_twin(repo: Repo) -> None:
    repo.branches(
        source(1, LOAD.replace("age = 1", "age = 100")),
        source(1, LOAD.replace("a.csv", "b.csv")),
    )
    repo.git("merge", "-q", "theirs")
    merged = LOAD.replace("age = 1", "age = 100").replace("a.csv", "b.csv")
    assert repo.desk.sources()[1] == merged
    assert repo.desk.outputs() == ["", "", "0.62\n", "figure\n"]
    assert repo.desk.sync().action is Action.IN_SYNC


def test_one_line_on_both_sides_is_a_conflict_in_that_cell_alone(repo: Repo) -> None:
    repo.branches(
        lambda cells: (source(1, LOAD.replace("a.csv", "ours.csv"))(cells), run(cells, "o\n")),
        lambda cells: (
            source(1, LOAD.replace("a.csv", "theirs.csv"))(cells),
            source(3, "df.plot(kind='bar')")(cells),
            run(cells, "t\n"),
        ),
    )
    repo.git("merge", "-q", "theirs", status=1)
    assert repo.desk.path in repo.unmerged()
    assert_valid(repo.desk.file)
    sources = repo.desk.sources()
    assert sources[1].count("<<<<<<< ours\n") == 1
    assert "ours.csv')\n=======\n" in sources[1]
    assert sources[1].endswith("theirs.csv')\n>>>>>>> theirs")
    assert sources[3] == "df.plot(kind='bar')"
    assert repo.desk.outputs() == ["", "", "o\n", "t\n"]

    found = check(repo.desk.project, store=repo.desk.store)
    named = [(f.code, f.cell_id) for f in found if f.code == "NBT904"]
    assert named == [("NBT904", "load")]

    # The twin, which git merged as text, follows: the conflict is mended once, in either file.
    assert repo.desk.sync().action is Action.WRITE_TWIN
    assert "ours.csv" in repo.desk.twin.read_text()
    assert "theirs.csv" in repo.desk.twin.read_text()
    assert repo.desk.sync().action is Action.IN_SYNC
    repo.desk.edit(1, LOAD.replace("a.csv", "agreed.csv"))
    repo.desk.sync()
    assert "<<<<<<<" not in repo.desk.twin.read_text()
    left = check(repo.desk.project, store=repo.desk.store)
    assert [f for f in left if f.code.startswith(("NBT3", "NBT9"))] == []
    repo.commit("merged")
    assert repo.unmerged() == []
    assert "agreed.csv" in repo.git("show", f"HEAD:{repo.desk.twin.name}")


def test_a_conflict_mended_in_the_twin_reaches_the_notebook(repo: Repo) -> None:
    repo.branches(source(3, "df.plot(kind='ours')"), source(3, "df.plot(kind='theirs')"))
    repo.git("merge", "-q", "theirs", status=1)
    repo.desk.sync()
    text = repo.desk.twin.read_text()
    start, end = text.index("<<<<<<<"), text.index(">>>>>>> theirs") + len(">>>>>>> theirs")
    repo.desk.twin.write_text(text[:start] + "df.plot(kind='agreed')" + text[end:])
    assert repo.desk.sync().action is Action.UPDATE_NOTEBOOK
    assert repo.desk.sources()[3] == "df.plot(kind='agreed')"
    assert repo.desk.ids() == ["title", "load", "mean", "plot"]


def test_a_twin_with_more_in_it_than_the_notebook_is_never_replaced(repo: Repo) -> None:
    repo.branches(source(3, "df.plot(kind='ours')"), source(3, "df.plot(kind='theirs')"))
    repo.git("merge", "-q", "theirs", status=1)
    repo.desk.twin.write_text(repo.desk.twin.read_text() + "\n# %%\nwritten_meanwhile()\n")
    both = repo.desk.both()
    assert repo.desk.sync().action is Action.CONFLICT
    assert repo.desk.both() == both


def test_cells_added_at_one_place_are_both_there_and_the_twin_follows(repo: Repo) -> None:
    """git cannot merge two additions at one place of a text; cells have no such trouble."""
    repo.branches(
        lambda cells: cells.append(code("ours", "ours()", text="o\n")),
        lambda cells: cells.append(code("theirs", "theirs()", text="t\n")),
    )
    repo.git("merge", "-q", "theirs", status=1)
    assert repo.unmerged() == [repo.desk.twin.name]
    assert repo.desk.sources()[4:] == ["ours()", "theirs()"]
    assert repo.desk.outputs()[4:] == ["o\n", "t\n"]
    assert repo.desk.sync().action is Action.WRITE_TWIN
    assert repo.desk.twin.read_text().endswith("# %%\nours()\n\n# %%\ntheirs()\n")
    assert repo.desk.sync().action is Action.IN_SYNC


def test_a_rebase_a_cherry_pick_and_a_stash(repo: Repo) -> None:
    repo.branches(
        lambda cells: (source(0, "# ours")(cells), run(cells, "ours\n")),
        lambda cells: (source(3, "theirs()")(cells), run(cells, "theirs\n")),
    )
    repo.git("checkout", "-q", "-b", "picked")
    repo.git("cherry-pick", "theirs")
    assert repo.desk.sources()[::3] == ["# ours", "theirs()"]
    assert repo.desk.sync().action is Action.IN_SYNC

    repo.git("checkout", "-q", "theirs")
    repo.git("rebase", "-q", "main")
    assert repo.desk.sources()[::3] == ["# ours", "theirs()"]
    assert repo.desk.outputs() == ["", "ours\n", "ours\n", "theirs\n"]
    assert repo.desk.sync().action is Action.IN_SYNC

    repo.change(lambda cells: (source(2, "stashed()")(cells), run(cells, "stashed\n")))
    repo.git("stash", "-q")
    repo.desk.sync()
    repo.change(lambda cells: (source(0, "# meanwhile")(cells), run(cells, "meanwhile\n")))
    repo.commit("meanwhile")
    repo.git("stash", "pop", "-q")
    assert repo.desk.sources()[::2] == ["# meanwhile", "stashed()"]
    assert repo.desk.outputs() == ["", "meanwhile\n", "stashed\n", "meanwhile\n"]
    assert repo.desk.sync().action is Action.IN_SYNC
    assert repo.unmerged() == []


def test_a_pull_of_others_work(repo: Repo) -> None:
    other = repo.root.parent / "other"
    repo.git("clone", "-q", ".", str(other))
    assert driver_state(other).state == "unknown"
    with open_project(other) as opened:
        assert sync(opened.project, opened.store, repo.desk.path).action is Action.IN_SYNC
        content = read_notebook(other / repo.desk.path)
        content["cells"][0]["source"] = "# pulled"
        write_notebook(other / repo.desk.path, content)
        assert sync(opened.project, opened.store, repo.desk.path).wrote_twin
    who = ["-c", "user.name=B", "-c", "user.email=b@example.org"]
    subprocess.run(["git", *who, "commit", "-qam", "theirs"], cwd=other, check=True)
    repo.change(source(3, "ours()"))
    repo.commit("ours")
    repo.git("pull", "-q", "--no-rebase", "--no-edit", str(other), "main")
    assert repo.desk.sources()[::3] == ["# pulled", "ours()"]
    assert repo.desk.sync().action is Action.IN_SYNC


@pytest.mark.parametrize(
    "name", ["-1 EXPLORATION männer & frauen 🚢.ipynb", "a b/$(touch x) 'EXPLORATION' y.ipynb"]
)
def test_names_that_are_hard_on_a_shell(repo: Repo, name: str) -> None:
    (repo.root / name).parent.mkdir(exist_ok=True)
    repo.desk.file.rename(repo.root / name)
    repo.desk.twin.unlink()
    repo.desk.path = name
    repo.desk.sync()
    repo.commit("renamed")
    repo.branches(
        lambda cells: (source(0, "# ours")(cells), run(cells, "o\n")),
        lambda cells: (source(3, "theirs()")(cells), run(cells, "t\n")),
    )
    repo.git("merge", "-q", "theirs")
    assert repo.desk.sources()[::3] == ["# ours", "theirs()"]
    repo.change(source(2, "shown()"))
    assert "+shown()" in repo.git("diff")
    assert not (repo.root / "x").exists()


def test_nbdime_597_no_cell_is_lost_where_each_side_deleted_another_part(desk: Desk) -> None:
    """The notebook of that report: a conflict was mended differently on the two branches."""
    kept = [markdown("title", "# nbdime test notebook"), code("one", "print(1)"),
            code("a", "print('a')")]  # fmt: skip
    ours = markdown("initial", "# Initial configuration could be in the notebook")
    theirs = [markdown("init", "# Init"), code("config", "!nbdime config-git --enable")]
    marks = [markdown(f"mark{n}", text) for n, text in enumerate(("<<< local", "===", ">>> re"))]
    desk.write(notebook(*kept, marks[0], *theirs, marks[1], ours, marks[2]))
    desk.sync()
    repo = Repo(desk)
    (repo.root / ".gitignore").write_text(".nbtrail/\n")
    repo.git("init", "-q", "-b", "main")
    install(repo.root)
    repo.commit("first")
    repo.branches(
        lambda cells: cells.__setitem__(slice(None), [*cells[:3], cells[7]]),
        lambda cells: cells.__setitem__(slice(None), cells[:3] + cells[4:6]),
    )
    repo.git("merge", "-q", "theirs", status=1)
    assert_valid(desk.file)
    sources = desk.sources()
    assert sources[:3] == ["# nbdime test notebook", "print(1)", "print('a')"]
    rest = "\n".join(sources[3:])
    for text in ("# Init\n", "!nbdime config-git --enable", "# Initial configuration"):
        assert text in rest
    assert all("<<<<<<<" in text for text in sources[3:])
    assert "<<< local" not in rest
    assert desk.path in repo.unmerged()


def test_a_file_that_is_no_notebook_is_merged_as_text(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "theirs")
    repo.desk.file.write_text(repo.desk.file.read_text().replace("# Survival", "# Theirs") + "}")
    repo.commit("theirs, broken")
    repo.git("checkout", "-q", "main")
    repo.desk.edit(3, "ours()")
    repo.commit("ours")
    repo.git("merge", "-q", "theirs")
    text = repo.desk.file.read_text()
    assert "# Theirs" in text
    assert "ours()" in text
    assert text.endswith("}")


# Setting up and taking away


@pytest.mark.parametrize("how", ["diff", "merge", "conflict"])
def test_git_works_on_where_nbtrail_is_gone(repo: Repo, how: str) -> None:
    for key in ("diff.nbtrail.textconv", "merge.nbtrail.driver"):
        value = repo.git("config", key).rstrip("\n")
        own = shlex.quote(str(Path(sys.executable).parent / "nbtrail"))
        assert own in value
        gone = value.replace(own, "/nowhere/nbtrail").replace("command -v nbtrail", "command -v nb")
        repo.git("config", key, gone)
    assert driver_state(repo.root).state == "gone"
    if how == "diff":
        repo.desk.edit(3, "ours()")
        assert '+    "ours()"' in repo.git("diff", "--", repo.desk.path)
        return
    mine = source(3, "ours()") if how == "conflict" else source(0, "# ours")
    repo.branches(mine, source(3, "theirs()"))
    repo.git("merge", "-q", "theirs", status=int(how == "conflict"))
    text = repo.desk.file.read_text()
    assert "theirs()" in text
    assert ("<<<<<<< ours" in text) is (how == "conflict")


@pytest.mark.parametrize("before", [None, b"", b"*.csv binary\n", b"*.csv binary", b"*.a -x\r\n"])
def test_removing_leaves_everything_as_it_was(tmp_path: Path, before: bytes | None) -> None:
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    attributes, config = tmp_path / ".gitattributes", tmp_path / ".git" / "config"
    if before is not None:
        attributes.write_bytes(before)
    settings_before = config.read_bytes()
    assert install(tmp_path) == [".git/config", ".gitattributes"]
    assert driver_state(tmp_path).state == "ready"
    assert install(tmp_path) == []
    assert remove(tmp_path) == [".git/config", ".gitattributes"]
    assert (attributes.read_bytes() if attributes.exists() else None) == before
    assert config.read_bytes() == settings_before
    assert remove(tmp_path) == []
    assert driver_state(tmp_path).state == "off"


def test_outside_a_repository_there_is_nothing_to_set_up(tmp_path: Path) -> None:
    assert driver_state(tmp_path).state == "no-git"
    with pytest.raises(ConfigError, match="no git repository"):
        install(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_fresh_clone_is_told_what_to_do(repo: Repo, tmp_path: Path) -> None:
    clone = tmp_path / "a clone"
    repo.git("clone", "-q", ".", str(clone))

    def call(*arguments: str) -> str:
        command = [sys.executable, "-m", "nbtrail.cli", *arguments]
        done = subprocess.run(command, cwd=clone, capture_output=True, text=True)
        return done.stdout + done.stderr

    assert json.loads(call("doctor", "--json"))["git"]["state"] == "unknown"
    assert "nbtrail init --git" in call("doctor")
    assert "nbtrail init --git" in call("init")
    assert "wrote .git/config" in call("init", "--git")
    assert json.loads(call("doctor", "--json"))["git"]["state"] == "ready"
    assert "wrote .git/config" in call("init", "--git", "--remove")
    assert "takes --git along" in call("init", "--remove")
    assert not (clone / ".gitattributes").read_bytes().count(b"merge=nbtrail")


# The merge itself


def test_tags_and_metadata_are_merged_by_key() -> None:
    base = notebook(code("a", "1", tags=["x", "gone"], slideshow={"slide_type": "slide"}))
    ours, theirs = copy.deepcopy(base), copy.deepcopy(base)
    ours["cells"][0]["metadata"] |= {"tags": ["x", "ours", "gone"], "name": "ours"}
    theirs["cells"][0]["metadata"] |= {"tags": ["x", "theirs"], "name": "theirs"}
    theirs["cells"][0]["metadata"]["slideshow"] = {"slide_type": "skip"}
    theirs["metadata"]["widgets"] = {"state": {"1": {}}}
    ours["metadata"]["language_info"] = {"name": "python", "version": "3.12"}
    theirs["metadata"]["language_info"] = {"name": "python", "version": "3.11"}
    merged = merge_notebooks(base, ours, theirs)
    assert merged.conflicts == ()
    cell = merged.notebook["cells"][0]["metadata"]
    assert cell["tags"] == ["x", "ours", "theirs"]
    assert cell["slideshow"] == {"slide_type": "skip"}
    assert cell["name"] == "ours"
    assert cell["nbtrail"] == {"theirs": {"name": "theirs"}}
    assert merged.notebook["metadata"]["widgets"] == {"state": {"1": {}}}
    assert merged.notebook["metadata"]["language_info"]["version"] == "3.12"


def test_who_ran_a_cell_again_has_its_outputs() -> None:
    base = notebook(code("a", "1", text="old\n"), code("b", "2", text="old\n"))
    ours, theirs = copy.deepcopy(base), copy.deepcopy(base)
    run(ours["cells"], "ours\n", 0)
    run(theirs["cells"], "theirs\n")
    cells = merge_notebooks(base, ours, theirs).notebook["cells"]
    assert [cell["outputs"][0]["text"] for cell in cells] == ["ours\n", "theirs\n"]


def test_edited_on_one_side_and_deleted_on_the_other_stays_with_markers() -> None:
    base = notebook(code("a", "1"), code("b", "long_computation(1)", text="x\n"), code("c", "3"))
    ours, theirs = copy.deepcopy(base), copy.deepcopy(base)
    ours["cells"][1]["source"] = "long_computation(2)"
    del theirs["cells"][1]
    for mine, other in ((ours, theirs), (theirs, ours)):
        merged = merge_notebooks(base, mine, other)
        assert len(merged.conflicts) == 1
        sources = [text_of(cell["source"]) for cell in merged.notebook["cells"]]
        assert sources[0::2] == ["1", "3"]
        assert "long_computation(2)" in sources[1]
        assert sources[1].startswith("<<<<<<< ours")
        assert merged.notebook["cells"][1]["outputs"] == []


def test_a_cell_that_was_picked_and_edited_since_is_there_once() -> None:
    base = notebook(code("a", "1"))
    ours, theirs = copy.deepcopy(base), copy.deepcopy(base)
    ours["cells"].append(code("new", "model = fit(x)"))
    theirs["cells"].append(code("new", "model = fit(x, y)"))
    merged = merge_notebooks(base, ours, theirs)
    assert [cell["id"] for cell in merged.notebook["cells"]] == ["a", "new"]
    assert len(merged.conflicts) == 1
    text = merged.notebook["cells"][1]["source"]
    assert "model = fit(x)\n" in text
    assert "model = fit(x, y)\n" in text


def test_notebooks_without_ids_and_with_them() -> None:
    base = notebook(code("a", "x = 1"), code("b", "y = 2"))
    old = copy.deepcopy(base)
    old["nbformat_minor"] = 4
    for cell in old["cells"]:
        del cell["id"]
    theirs = copy.deepcopy(old)
    theirs["cells"].append(code("", "z = 3"))
    del theirs["cells"][2]["id"]
    ours = copy.deepcopy(base)
    ours["cells"][0]["source"] = "x = 10"
    merged = merge_notebooks(old, ours, theirs)
    assert [cell["source"] for cell in merged.notebook["cells"]] == ["x = 10", "y = 2", "z = 3"]
    nbformat.validate(nbformat.reads(json.dumps(merged.notebook), as_version=4))
    assert merged == merge_notebooks(old, ours, theirs)


NAMES = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=6)
EDITS = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(["first", "last", "run"]))


def _side(names: list[str], edits: dict[str, str], who: str) -> dict[str, Any]:
    cells = []
    for name in names:
        lines = [f"{name} = 1", "a = 2", "b = 3", "c = 4", f"{name} = 5"]
        edit = edits.get(name)
        if edit in ("first", "last"):
            lines[0 if edit == "first" else -1] += f"  # {who}"
        cells.append(code(name, "\n".join(lines), text=who if edit == "run" else "base"))
    return notebook(*cells)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(base=NAMES, ours=st.tuples(NAMES, EDITS), theirs=st.tuples(NAMES, EDITS))
def test_a_merge_for_git_holds_every_line_of_both_sides(
    base: list[str],
    ours: tuple[list[str], dict[str, str]],
    theirs: tuple[list[str], dict[str, str]],
) -> None:
    first = _side(base, {}, "base")
    mine, other = _side(*ours, "ours"), _side(*theirs, "theirs")
    merged = merge_notebooks(first, mine, other)
    nbformat.validate(nbformat.reads(json.dumps(merged.notebook), as_version=4))
    text = "\n".join(text_of(cell["source"]) for cell in merged.notebook["cells"])
    for side, who in ((mine, "ours"), (other, "theirs")):
        for cell in side["cells"]:
            for line in cell["source"].split("\n"):
                assert f"# {who}" not in line or line in text
    in_both = {c["id"] for c in mine["cells"]} & {c["id"] for c in other["cells"]}
    assert in_both <= {cell["id"] for cell in merged.notebook["cells"]}
    assert ("<<<<<<<" not in text) or merged.conflicts


@settings(max_examples=60, deadline=None, derandomize=True)
@given(base=NAMES, side=st.tuples(NAMES, EDITS))
def test_what_one_side_alone_did_is_taken_whole(
    base: list[str], side: tuple[list[str], dict[str, str]]
) -> None:
    first, changed = _side(base, {}, "base"), _side(*side, "changed")
    for mine, other in ((changed, first), (first, changed)):
        merged = merge_notebooks(first, mine, other)
        assert merged.conflicts == ()
        assert dump_notebook(merged.notebook) == dump_notebook(changed)
