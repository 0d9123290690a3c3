"""Whatever a notebook holds, the way to its twin and back loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from nbtrail.pairing.apply import apply_merge
from nbtrail.pairing.cells import PairCell, Sheet, sheet_of
from nbtrail.pairing.convert import from_text, to_text
from nbtrail.pairing.formats import TwinFormat
from nbtrail.pairing.merge import PlannedCell, merge

from .conftest import notebook

LINES = st.sampled_from(
    [
        "x = 1", "", "    indented", "# comment", "# %% marker", "%%time", "%matplotlib inline",
        "!ls -l", "def (:", '"""doc"""', "# # Title", "# ---", "<b>raw</b>", "```", "plt.plot()",
        "s = '<<<<<<< HEAD'", "é ∑ 🚢", "# + tags", "# -", "x = 1 # type: ignore", "\tTab",
        "# !pip install x", "# + [markdown]", "#", "---", "# %% [markdown]", "$x^2$",
    ]
)  # fmt: skip
SOURCES = st.lists(LINES, max_size=5).map("\n".join)
METADATA = st.fixed_dictionaries(
    {}, optional={"tags": st.lists(st.sampled_from(["a", "parameters"]), max_size=2, unique=True),
                  "collapsed": st.booleans(), "slideshow": st.just({"slide_type": "slide"})}
)  # fmt: skip


@st.composite
def notebooks(draw: st.DrawFn) -> dict[str, Any]:
    cells = []
    for index in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["code", "code", "markdown", "raw"]))
        cell: dict[str, Any] = {
            "cell_type": kind,
            "id": f"id-{index}",
            "metadata": draw(METADATA),
            "source": draw(SOURCES),
        }
        if kind == "code":
            text = f"output {index}\n"
            cell |= {
                "outputs": [{"output_type": "stream", "name": "stdout", "text": [text]}],
                "execution_count": index + 1,
            }
        cells.append(cell)
    return notebook(*cells)


FORM = TwinFormat("py", "percent")


def through_the_twin(content: dict[str, Any], edit: Callable[[str], str]) -> dict[str, Any] | None:
    """The notebook after its twin was written, edited and read back; ``None``: a conflict."""
    sheet = sheet_of(content)
    text = to_text(sheet, FORM)
    before = from_text(text, FORM, "twin")
    now = from_text(edit(text), FORM, "twin")
    merged = merge(sheet, before, sheet, now, parts_of)
    return None if merged.conflicts else apply_merge(content, merged)


def parts_of(cell: PairCell) -> int:
    return len(from_text(to_text(Sheet((cell,)), FORM), FORM, "twin").cells)


BOUNDED = settings(max_examples=150, deadline=None, derandomize=True)


@BOUNDED
@given(notebooks())
def test_the_way_there_and_back_changes_nothing(content: dict[str, Any]) -> None:
    assert through_the_twin(content, lambda text: text) == content


@BOUNDED
@given(notebooks())
def test_a_cell_added_in_the_twin_leaves_all_others_as_they_were(content: dict[str, Any]) -> None:
    added = "\n# %% [markdown]\n# added in an editor\n"
    after = through_the_twin(content, lambda text: text + added)
    if after is None:
        return
    size = len(content["cells"])
    assert after["cells"][:size] == content["cells"]
    assert [cell["source"] for cell in after["cells"][size:]] == ["added in an editor"]


CELLS = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=6)


def _sheet(names: list[str], edited: dict[str, str], *, ids: bool) -> Sheet:
    texts = {name: edited.get(name, f"{name} = " + name * 30) for name in names}
    return Sheet(tuple(PairCell(n if ids else "", "code", texts[n], {}) for n in names))


def _sources(cells: Iterable[PairCell | PlannedCell]) -> list[str]:
    return [cell.source for cell in cells]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    base=CELLS,
    mine=st.tuples(CELLS, st.dictionaries(st.sampled_from("abcdefgh"), st.just("mine"))),
    theirs=st.tuples(CELLS, st.dictionaries(st.sampled_from("abcdefgh"), st.just("theirs"))),
)
def test_a_merge_holds_every_edit_of_both_sides(
    base: list[str],
    mine: tuple[list[str], dict[str, str]],
    theirs: tuple[list[str], dict[str, str]],
) -> None:
    """A source that one side wrote is in the merge, or there is no merge."""
    first = _sheet(base, {}, ids=True)
    here = _sheet(mine[0], {n: f"{v}_{n} = " + n * 30 for n, v in mine[1].items()}, ids=True)
    there = _sheet(theirs[0], {n: f"{v}_{n} = " + n * 30 for n, v in theirs[1].items()}, ids=False)
    merged = merge(first, _sheet(base, {}, ids=False), here, there, lambda _: 1)
    if merged.conflicts:
        assert merged.cells == ()
        return
    known = {cell.source for cell in first.cells}
    result = [cell.source for cell in merged.cells]
    for side in (here, there):
        for cell in side.cells:
            if cell.source not in known:
                assert cell.source in result
    indices = [cell.index for cell in merged.cells if cell.index is not None]
    assert len(indices) == len(set(indices))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(base=CELLS, now=CELLS)
def test_an_edit_of_one_side_alone_is_taken_whole(base: list[str], now: list[str]) -> None:
    first, text = _sheet(base, {}, ids=True), _sheet(base, {}, ids=False)
    only_twin = merge(first, text, first, _sheet(now, {}, ids=False), lambda _: 1)
    assert _sources(only_twin.cells) == _sources(_sheet(now, {}, ids=True).cells)
    only_here = merge(first, text, _sheet(now, {}, ids=True), text, lambda _: 1)
    assert _sources(only_here.cells) == _sources(_sheet(now, {}, ids=True).cells)
    assert not only_twin.conflicts
    assert not only_here.conflicts


ODD_LINES = st.sampled_from(
    [
        "text = '''\n# %% inside a string\n'''", '"""\n# %% [markdown]\n# also inside\n"""',
        "![image](attachment:plot.png)", "%%bash\nls -l\n# %% in bash", "%%html\n<b>x</b>",
        "?print", "!pip install x  # %% no cell", "\\begin{align}x\\end{align}",
        "---\ntitle: x\n---",
        "x = 1 \\\n  + 2", "```python\ny = 2\n```", "<!-- #region -->", "# + [raw]", "# -",
        "\u2028", "",
        "get_ipython().run_line_magic('time', '')", "مرحبا", "// comment", "-- select",
        "'''", '"""',
    ]
)  # fmt: skip
ODD_METADATA = st.fixed_dictionaries(
    {},
    optional={
        "tags": st.lists(st.sampled_from(["a", "raises-exception", "ü"]), max_size=2, unique=True),
        "name": st.sampled_from(["plain", "with spaces", 'a "quote"', "a=b"]),
        "nested": st.just({"deep": {"list": [1, 2.5, None, True], "text": "# %%"}}),
        "vscode": st.just({"languageId": "python"}),
    },
)


@st.composite
def odd_notebooks(draw: st.DrawFn) -> dict[str, Any]:
    cells = []
    for index in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["code", "markdown", "raw"]))
        cell: dict[str, Any] = {
            "cell_type": kind,
            "id": f"id-{index}",
            "metadata": draw(ODD_METADATA),
            "source": "\n".join(draw(st.lists(ODD_LINES, max_size=3))),
        }
        if kind == "code":
            data = {"application/vnd.jupyter.widget-view+json": {"model_id": f"m{index}"}}
            output = {"output_type": "display_data", "data": data, "metadata": {}}
            cell |= {"outputs": [output], "execution_count": index + 1}
        elif kind == "markdown":
            cell["attachments"] = {"plot.png": {"image/png": "iVBORw0KGgo="}}
        cells.append(cell)
    content = notebook(*cells)
    content["metadata"]["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    return content


FORMS = [
    TwinFormat("py", "percent"), TwinFormat("py", "light"), TwinFormat("py", "hydrogen"),
    TwinFormat("md", "markdown"), TwinFormat("md", "myst"), TwinFormat("Rmd", "rmarkdown"),
    TwinFormat("R", "percent"), TwinFormat("jl", "percent"), TwinFormat("sh", "percent"),
]  # fmt: skip
_LANGUAGES = {"R": "R", "jl": "julia", "sh": "bash"}


@settings(max_examples=250, deadline=None, derandomize=True)
@given(odd_notebooks(), st.sampled_from(FORMS))
def test_odd_cells_in_any_format_lose_nothing_on_the_way(
    content: dict[str, Any], form: TwinFormat
) -> None:
    """Whatever a format cannot carry is no edit: cells, ids, metadata and outputs stay."""
    content["metadata"]["kernelspec"]["language"] = _LANGUAGES.get(form.extension, "python")
    sheet = sheet_of(content)
    text = to_text(sheet, form)
    read_back = from_text(text, form, "twin")

    def parts(cell: PairCell) -> int:
        return len(from_text(to_text(Sheet((cell,), sheet.kernel), form), form, "twin").cells)

    merged = merge(sheet, read_back, sheet, from_text(text, form, "twin"), parts)
    assert merged.conflicts == ()
    assert apply_merge(content, merged) == content
