"""From what each notebook reads and writes to edges, order and findings."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from nbtrail import open_project
from nbtrail.errors import UsageError
from nbtrail.pipeline.graph import Observed, build_graph, infer_graph
from nbtrail.pipeline.inference.cache import AnalysisCache
from nbtrail.pipeline.inference.static import Analysis
from nbtrail.pipeline.order import components, topological
from nbtrail.pipeline.render import as_dot, as_json, as_mermaid, as_text
from nbtrail.pipeline.request import RunRequest, chosen_steps


def edges(graph) -> list[tuple[str, str]]:
    return [(edge.source, edge.target) for edge in graph.edges]


def codes(graph) -> list[tuple[str, str]]:
    return [(finding.code, finding.path) for finding in graph.findings]


def reads(path: str) -> str:
    return f"pd.read_csv({path!r})"


def writes(path: str) -> str:
    return f"df.to_csv({path!r})"


def test_order_follows_files_and_not_names(folder):
    folder.file("raw.csv")
    folder.notebook("c.ipynb", reads("raw.csv"), writes("data/1.csv"))
    folder.notebook("b.ipynb", reads("data/1.csv"), writes("data/2.csv"))
    folder.notebook("a.ipynb", reads("data/2.csv"))
    graph = build_graph(folder.project)
    assert graph.order == ("c.ipynb", "b.ipynb", "a.ipynb")
    assert edges(graph) == [("c.ipynb", "b.ipynb"), ("b.ipynb", "a.ipynb")]
    via = graph.edges[0].via[0]
    assert (via.path, via.evidence, via.source_cell, via.target_cell) == (
        "data/1.csv",
        "static",
        1,
        0,
    )
    assert graph.findings == ()


def test_without_files_sequence_and_category_decide(folder):
    for name in ("DEPLOY-x", "EXPERIMENTAL-y", "EXPLORATION-z", "CLEANING-w", "10-EXPLORATION-q",
                 "2-DEPLOY-p", "2b-CLEANING-r"):  # fmt: skip
        folder.notebook(f"{name}.ipynb", "1")
    graph = build_graph(folder.project)
    assert [Path(path).stem for path in graph.order] == [
        "2-DEPLOY-p",
        "2b-CLEANING-r",
        "10-EXPLORATION-q",
        "CLEANING-w",
        "EXPLORATION-z",
        "EXPERIMENTAL-y",
        "DEPLOY-x",
    ]
    assert graph.edges == ()


def test_a_dated_dataset_is_known_by_its_family(folder):
    folder.notebook(
        "use.ipynb", "from nbtrail import dataset", "pd.read_csv(dataset('titanic.csv'))"
    )
    folder.notebook(
        "make.ipynb", "from datetime import date", "df.to_csv(f'data/{date.today()}_titanic.csv')"
    )
    folder.notebook("old.ipynb", reads("data/2024-01-01_titanic.csv"))
    graph = build_graph(folder.project)
    assert edges(graph) == [("make.ipynb", "old.ipynb"), ("make.ipynb", "use.ipynb")]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("../data/x.csv", "data/x.csv"),
        ("/home/ann/project/data/x.csv", "../data/x.csv"),
        ("../data/x.csv", "C:\\Users\\bob\\project\\data\\x.csv"),
        ("/home/ann/project/data/x.csv", "/Users/bob/project/data/x.csv"),
        ("../data/x.csv", "../data/./x.csv"),
        ("../data/x.csv", "../../name-before/data/x.csv"),
        ("../data/x.csv", "../../../name-before/data/x.csv"),
    ],
)
def test_one_file_by_many_names(folder, written, read):
    folder.file("data/keep.txt")
    folder.notebook("notebooks/b.ipynb", writes(written))
    folder.notebook("notebooks/a.ipynb", reads(read))
    assert edges(build_graph(folder.project)) == [("notebooks/b.ipynb", "notebooks/a.ipynb")]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("one/result.csv", "two/result.csv"),
        ("/tmp/x.csv", "/tmp/x.csv"),
        ("x.csv", "https://example.org/x.csv"),
        ("/home/ann/one/x.csv", "/home/bob/two/x.csv"),
    ],
)
def test_same_names_are_not_always_the_same_file(folder, written, read):
    folder.notebook("b.ipynb", writes(written))
    folder.notebook("a.ipynb", reads(read))
    assert build_graph(folder.project).edges == ()


def test_an_authors_own_path_with_an_unknown_part(folder):
    folder.notebook("b.ipynb", "df.to_csv(f'/home/ann/big/results-{part()}.csv')")
    folder.notebook("a.ipynb", reads("results-all.csv"))
    folder.notebook("c.ipynb", reads("/home/ann/big/results-old.csv"))
    assert edges(build_graph(folder.project)) == [("b.ipynb", "a.ipynb"), ("b.ipynb", "c.ipynb")]


def test_patterns_connect_a_loop_with_what_it_reads(folder):
    folder.notebook("z.ipynb", "for n in names():\n    df.to_csv(f'parts/part_{n}.csv')")
    folder.notebook("a.ipynb", "import glob\n[pd.read_csv(f) for f in glob.glob('parts/*.csv')]")
    assert edges(build_graph(folder.project)) == [("z.ipynb", "a.ipynb")]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("df.to_parquet('out/parts')", "pd.read_parquet('out/parts/p1.parquet')"),
        ("df.to_parquet('out/parts')", "glob.glob('out/parts/*.parquet')"),
        ("df.to_parquet('out/parts/p1.parquet')", "pd.read_parquet('out/parts')"),
        ("df.to_parquet(f'out/parts/{n()}.parquet')", "pd.read_parquet('out/parts/')"),
        ("!unzip raw.zip -d raw", "pd.read_csv('raw/x.csv')"),
        ("!unzip raw.zip -d raw", "flow_from_directory('raw/train')"),
        ("img.save(f'img/train/{n()}.png')", "ImageFolder('img/train')"),
        ("model.save_pretrained('models/bert')", "AutoModel.from_pretrained('models/bert')"),
        ("df.to_csv('/content/data/x.csv')", "pd.read_csv('data/x.csv')"),
        ("df.to_csv('/content/drive/MyDrive/p/data/x.csv')", "pd.read_csv('data/x.csv')"),
        ("df.to_csv('x.csv')", "pd.read_csv('/kaggle/working/x.csv')"),
        ("df.to_csv('data\\\\x.csv')", "pd.read_csv(r'data\\x.csv')"),
    ],
)
def test_folders_are_handed_over_as_a_whole(folder, written, read):
    folder.notebook("z.ipynb", written)
    folder.notebook("a.ipynb", read)
    assert edges(build_graph(folder.project)) == [("z.ipynb", "a.ipynb")]


def test_what_is_unpacked_counts_only_where_nobody_says_more(folder):
    folder.file("raw.zip")
    folder.notebook("fetch.ipynb", "!unzip raw.zip -d data")
    folder.notebook("clean.ipynb", reads("data/raw.csv"), writes("data/sub/clean.csv"))
    folder.notebook("parts.ipynb", "df.to_csv(f'data/sub/{n()}.csv')")
    folder.notebook("use.ipynb", reads("data/sub/clean.csv"))
    folder.notebook("all.ipynb", reads("data/sub/part.csv"))
    assert sorted(edges(build_graph(folder.project))) == [
        ("clean.ipynb", "use.ipynb"),
        ("fetch.ipynb", "clean.ipynb"),
        ("parts.ipynb", "all.ipynb"),
        ("parts.ipynb", "use.ipynb"),
    ]


def test_a_guess_does_not_stand_against_sequence_numbers(folder):
    folder.notebook("1-list.ipynb", "import os\nos.listdir('data')")
    folder.notebook("2-make.ipynb", writes("data/x.csv"))
    folder.notebook("3-list.ipynb", "import os\nos.listdir('data')")
    assert edges(build_graph(folder.project)) == [("2-make.ipynb", "3-list.ipynb")]


def test_a_listed_folder_accuses_nobody_of_a_cycle(folder):
    folder.notebook("a.ipynb", "import os\nos.listdir('data')", writes("data/clean.csv"))
    folder.notebook("b.ipynb", reads("data/clean.csv"), writes("data/features.csv"))
    graph = build_graph(folder.project)
    assert edges(graph) == [("a.ipynb", "b.ipynb")]
    assert graph.findings == ()


def test_cycles_are_named_and_there_is_an_order_all_the_same(folder):
    folder.notebook("1-a.ipynb", reads("y.csv"), writes("x.csv"))
    folder.notebook("2-b.ipynb", reads("x.csv"), writes("y.csv"))
    folder.notebook("0-c.ipynb", reads("y.csv"))
    graph = build_graph(folder.project)
    assert graph.order == ("1-a.ipynb", "2-b.ipynb", "0-c.ipynb")
    finding = next(f for f in graph.findings if f.code == "NBT411")
    assert "1-a.ipynb, 2-b.ipynb" in finding.message
    assert "0-c.ipynb" not in finding.message


def test_two_writers_and_missing_inputs_are_findings(folder):
    folder.file("there.csv")
    folder.notebook("a.ipynb", reads("there.csv"), writes("x.csv"))
    folder.notebook("b.ipynb", reads("absent.csv"), writes("x.csv"))
    folder.notebook("c.ipynb", "import os\nif os.path.exists('c.csv'):\n    pd.read_csv('c.csv')",
                    writes("c.csv"))  # fmt: skip
    assert codes(build_graph(folder.project)) == [("NBT412", "b.ipynb"), ("NBT413", "b.ipynb")]


def test_a_file_changed_in_place_comes_between(folder):
    folder.notebook("1-make.ipynb", writes("x.csv"))
    folder.notebook("2-look.ipynb", reads("x.csv"))
    folder.notebook("3-mend.ipynb", reads("x.csv"), writes("x.csv"))
    folder.notebook("4-use.ipynb", reads("x.csv"))
    graph = build_graph(folder.project)
    assert ("3-mend.ipynb", "2-look.ipynb") not in edges(graph)
    assert ("3-mend.ipynb", "4-use.ipynb") in edges(graph)
    assert graph.order == ("1-make.ipynb", "2-look.ipynb", "3-mend.ipynb", "4-use.ipynb")
    assert codes(graph) == [("NBT412", "3-mend.ipynb"), ("NBT414", "2-look.ipynb")]


def dead_ends(graph) -> list[str]:
    return [node.path for node in graph.nodes if node.dead_end]


def test_what_is_on_no_way_to_a_delivery_is_a_dead_end(folder):
    folder.file("raw.csv")
    folder.notebook("CLEANING-make.ipynb", reads("raw.csv"), writes("x.csv"))
    folder.notebook("CLEANING-other.ipynb", reads("raw.csv"), writes("y.csv"))
    folder.notebook("EXPLORATION-look.ipynb", reads("x.csv"))
    folder.notebook("EXPLORATION-look-at-other.ipynb", reads("y.csv"))
    folder.notebook("DEPLOY-ship.ipynb", reads("x.csv"))
    graph = build_graph(folder.project)
    assert dead_ends(graph) == [
        "CLEANING-other.ipynb",
        "EXPLORATION-look-at-other.ipynb",
        "EXPLORATION-look.ipynb",
    ]
    assert codes(graph) == [("NBT414", "CLEANING-other.ipynb")]
    folder.notebook("DEPLOY-ship.ipynb", reads("x.csv"), "if late:\n    " + reads("y.csv"))
    graph = build_graph(folder.project)
    assert dead_ends(graph) == ["EXPLORATION-look-at-other.ipynb", "EXPLORATION-look.ipynb"]
    assert codes(graph) == []


def test_without_categories_the_longest_way_leads_to_the_result(folder):
    folder.notebook("clean.ipynb", writes("c.csv"))
    folder.notebook("features.ipynb", reads("c.csv"), writes("f.csv"))
    folder.notebook("model.ipynb", reads("f.csv"))
    folder.notebook("other model.ipynb", reads("f.csv"))
    folder.notebook("look.ipynb", reads("c.csv"))
    folder.notebook("alone.ipynb", "1")
    graph = build_graph(folder.project)
    assert sorted(dead_ends(graph)) == ["alone.ipynb", "look.ipynb"]
    for name in ("clean", "features", "model", "other model", "look"):
        (folder.root / f"{name}.ipynb").unlink()
    folder.notebook("as alone.ipynb", "2")
    assert dead_ends(build_graph(folder.project)) == []


def test_dead_ends_and_inputs_stand_apart_in_every_form(folder):
    folder.file("raw.csv")
    folder.notebook("1-make.ipynb", reads("raw.csv"), reads("absent.csv"), writes("x.csv"))
    folder.notebook("2-look.ipynb", reads("https://example.org/a.csv"))
    folder.notebook("3-use.ipynb", reads("x.csv"))
    graph = build_graph(folder.project)
    text = as_text(graph)
    path, aside, inputs, findings = text.split("\n\n")
    assert ("1-make.ipynb" in path, "3-use.ipynb" in path, "2-look" in path) == (True, True, False)
    assert aside == "Dead ends (no result needs them):\n2. 2-look.ipynb  [never-run]"
    assert inputs.splitlines()[1:] == [
        "  absent.csv  (not there)  by 1-make.ipynb",
        "  raw.csv  by 1-make.ipynb",
        "  https://example.org/a.csv  (web)  by 2-look.ipynb",
    ]
    assert "NBT414" not in findings
    found = as_json(graph)
    assert found["inputs"][1] == {"path": "raw.csv", "exists": True, "steps": ("1-make.ipynb",)}
    assert [step["dead_end"] for step in found["steps"]] == [False, True, False]
    assert 'n1["2-look"]:::aside' in as_mermaid(graph)
    assert '    "2-look.ipynb" [label="2-look"];' in as_dot(graph)


def test_what_may_have_been_moved_by_hand_orders_but_makes_no_edge(folder):
    folder.notebook("use.ipynb", reads("data/x.csv"))
    folder.notebook("clean.ipynb", reads("raw/y.csv"), writes("z.csv"))
    folder.notebook("make.ipynb", writes("x.csv"))
    folder.notebook("other.ipynb", writes("y.csv"))
    folder.notebook("same.ipynb", writes("out/y.csv"))
    graph = build_graph(folder.project)
    assert graph.order == (
        "clean.ipynb", "make.ipynb", "other.ipynb", "same.ipynb", "use.ipynb"
    )  # fmt: skip
    assert graph.edges == ()
    folder.notebook("make.ipynb", reads("more/w.csv"), writes("x.csv"))
    folder.notebook("use.ipynb", reads("data/x.csv"), writes("w.csv"))
    assert build_graph(folder.project).order[1] == "make.ipynb"


def test_the_highest_number_is_a_result_as_well(folder):
    folder.notebook("1-make.ipynb", writes("x.csv"))
    folder.notebook("2-use.ipynb", reads("x.csv"))
    folder.notebook("3-look.ipynb", "1")
    folder.notebook("4-submit.ipynb", "2")
    assert dead_ends(build_graph(folder.project)) == ["3-look.ipynb"]


def test_a_missing_file_of_that_name_elsewhere_is_named(folder):
    folder.notebook("a.ipynb", writes("out/x.csv"))
    folder.notebook("b.ipynb", *[reads(f"in/{name}.csv") for name in "xyzuvwrst"])
    (finding,) = [f for f in build_graph(folder.project).findings if f.code == "NBT413"]
    assert finding.path == "b.ipynb"
    assert "9 files" in finding.message
    assert "and 3 more" in finding.message
    assert "Is another folder meant? a.ipynb writes out/x.csv." in finding.message


def test_five_hundred_steps_and_a_circle_give_clear_messages(folder):
    for number in range(500):
        code = [reads(f"data/{number}.csv"), "1", writes(f"data/{(number + 1) % 500}.csv")]
        folder.notebook(f"{number:03}.ipynb", *code)
    graph = build_graph(folder.project)
    assert graph.order == tuple(f"{number:03}.ipynb" for number in range(500))
    (finding,) = graph.findings
    assert finding.code == "NBT411"
    assert len(finding.message) < 900
    assert "500 notebooks" in finding.message
    assert "001.ipynb needs data/1.csv of 000.ipynb (written in cell 3, read in cell 1)" in (
        finding.message
    )


def test_declared_steps_win(folder):
    folder.file("raw.csv")
    folder.notebook("a.ipynb", "helper.hidden_read()")
    folder.notebook("b.ipynb", "helper.hidden_write()")
    folder.notebook("c.ipynb", reads("wrong-guess.csv"))
    folder.file(
        "nbtrail.toml",
        '[[pipeline.steps]]\npath = "b.ipynb"\nwrites = ["data/x.csv"]\n'
        '[[pipeline.steps]]\npath = "a.ipynb"\nreads = ["data/x.csv"]\n'
        '[[pipeline.steps]]\npath = "c.ipynb"\nreads = ["raw.csv"]\nafter = ["a.ipynb"]\n',
    )
    graph = build_graph(folder.project)
    assert graph.order == ("b.ipynb", "a.ipynb", "c.ipynb")
    assert {via.evidence for edge in graph.edges for via in edge.via} == {"declared"}
    assert graph.findings == ()


def test_what_was_observed_replaces_guesses_about_the_same_code(folder):
    folder.notebook("a.ipynb", reads("guess.csv"))
    folder.notebook("b.ipynb", "hidden()")
    plain = infer_graph(folder.project)
    assert codes(plain) == [("NBT413", "a.ipynb")]
    seen = {
        "a.ipynb": Observed(plain.node("a.ipynb").analysis.code_key, ("data/x.csv",), ()),
        "b.ipynb": Observed(plain.node("b.ipynb").analysis.code_key, (), ("data/x.csv",)),
    }
    graph = infer_graph(folder.project, seen)
    assert edges(graph) == [("b.ipynb", "a.ipynb")]
    assert graph.edges[0].via[0].evidence == "observed"
    assert graph.findings == ()
    folder.notebook("b.ipynb", "hidden()", "more = 1")
    assert infer_graph(folder.project, seen).edges == ()


def test_what_the_probe_does_not_see_is_known_from_the_code_also_after_a_run(folder):
    folder.notebook("z.ipynb", "df.to_parquet('data/x.parquet')", writes("gone.csv"))
    folder.notebook("y.ipynb", "!sort data/x.parquet > data/y.csv")
    folder.notebook("a.ipynb", "import glob\nglob.glob('data/*.csv')", reads("gone.csv"))
    plain = infer_graph(folder.project)
    seen = {node.path: Observed(node.analysis.code_key, (), ()) for node in plain.nodes}
    graph = infer_graph(folder.project, seen)
    assert edges(graph) == [("z.ipynb", "y.ipynb"), ("y.ipynb", "a.ipynb")]
    seen["y.ipynb"] = Observed(seen["y.ipynb"].code_key, ("data/x.parquet",), ("data/y.csv",))
    node = infer_graph(folder.project, seen).node("y.ipynb")
    assert [(use.key, use.evidence, use.unseen) for use in (*node.reads, *node.writes)] == [
        ("data/x.parquet", "observed", True),
        ("data/y.csv", "observed", True),
    ]


def test_unreadable_notebooks_are_findings_and_the_rest_goes_on(folder):
    folder.file("torn.ipynb", "{")
    folder.file("empty.ipynb", "")
    folder.file("old.ipynb", json.dumps({"nbformat": 3, "worksheets": []}))
    folder.notebook("good.ipynb", "1")
    graph = build_graph(folder.project)
    assert graph.order == ("good.ipynb",)
    assert codes(graph) == [
        ("NBT901", "torn.ipynb"),
        ("NBT902", "empty.ipynb"),
        ("NBT903", "old.ipynb"),
    ]
    assert graph.unreadable == ("empty.ipynb", "old.ipynb", "torn.ipynb")


def test_drafts_scratch_and_excluded_notebooks_are_no_steps(folder):
    folder.file("nbtrail.toml", '[pipeline]\nexclude = ["old/*"]\n')
    for path in ("Untitled1.ipynb", "scratch/try.ipynb", "old/x.ipynb", "kept.ipynb"):
        folder.notebook(path, "1")
    assert build_graph(folder.project).order == ("kept.ipynb",)


def test_json_mermaid_dot_and_text(folder):
    folder.notebook('2-EXPLORATION-it"s.ipynb', reads("data/x.csv"))
    folder.notebook("3-CLEANING-make.ipynb", writes("data/x.csv"))
    graph = build_graph(folder.project)
    found = json.loads(json.dumps(as_json(graph)))
    assert sorted(found) == ["edges", "findings", "inputs", "order", "steps"]
    assert found["order"] == ["3-CLEANING-make.ipynb", '2-EXPLORATION-it"s.ipynb']
    assert found["steps"][0] == {
        "path": "3-CLEANING-make.ipynb",
        "category": "CLEANING",
        "sequence": "3",
        "title": "make",
        "status": "never-run",
        "why": None,
        "seconds": None,
        "metrics": {},
        "dead_end": False,
    }
    via = found["edges"][0]["via"][0]
    assert (via["path"], via["evidence"]) == ("data/x.csv", "static")
    assert '-->|"x.csv"| n1' in as_mermaid(graph)
    assert '"2-EXPLORATION-it#quot;s"' in as_mermaid(graph)
    assert '"3-CLEANING-make.ipynb" -> "2-EXPLORATION-it\\"s.ipynb"' in as_dot(graph)
    assert "1. 3-CLEANING-make.ipynb" in as_text(graph)
    assert "needs 3-CLEANING-make.ipynb for data/x.csv (static)" in as_text(graph)


def test_analyses_are_kept_by_content(folder):
    file = folder.notebook("a.ipynb", "from helper import *\npd.read_csv(P)")
    folder.file("helper.py", "P = 'a.csv'\n")
    for path in (file, folder.root / "helper.py"):
        os.utime(path, (1, 1))

    def read() -> list[str]:
        cache = AnalysisCache(folder.root, folder.project.state_dir)
        found = cache.get("a.ipynb")
        cache.save()
        assert isinstance(found, Analysis)
        return [use.text for use in found.reads]

    assert read() == ["a.csv"]
    kept = next((folder.project.state_dir / "cache").glob("analysis-*"))
    stamp = kept.stat().st_mtime_ns
    assert read() == ["a.csv"]
    assert kept.stat().st_mtime_ns == stamp
    folder.file("helper.py", "P = 'b.csv'\n")
    assert read() == ["b.csv"]
    kept.write_bytes(b"damaged")
    assert read() == ["b.csv"]


def test_a_look_at_the_graph_leaves_nothing_that_git_would_take(folder):
    folder.notebook("a.ipynb", "1")
    with open_project(folder.root) as opened:
        assert "a.ipynb" in opened.graph_text()
        assert opened.graph_json()["steps"][0]["status"] == "never-run"
    kept = [file for file in folder.project.state_dir.rglob("*") if file.is_file()]
    assert sorted(file.name for file in kept)[0] == ".gitignore"
    assert not (folder.project.state_dir / "trail.db").exists()
    assert (folder.project.state_dir / "cache" / ".gitignore").read_text() == "*\n"


def test_steps_are_chosen_by_path_name_number_and_place(folder):
    for name in ("1-CLEANING-a", "2-EXPLORATION-b", "5-DEPLOY-c", "sub/2-EXPLORATION-b"):
        folder.notebook(f"{name}.ipynb", "1")
    graph = build_graph(folder.project)

    def chosen(**request) -> list[str]:
        return [Path(path).stem for path in chosen_steps(graph, RunRequest(**request))]

    assert chosen(notebooks=("5-DEPLOY-c",)) == ["5-DEPLOY-c"]
    assert chosen(start="5") == ["5-DEPLOY-c"]
    assert chosen(until="1-CLEANING-a.ipynb") == ["1-CLEANING-a"]
    assert chosen(start="2-EXPLORATION-b.ipynb", until="3")[0] == "2-EXPLORATION-b"
    with pytest.raises(UsageError, match=r"may be .* or "):
        chosen(start="2-EXPLORATION-b")
    with pytest.raises(UsageError, match="No step lies between"):
        chosen(start="5-DEPLOY-c", until="1-CLEANING-a")


def test_topological_order_is_steady_and_breaks_cycles():
    pairs = [("b", "a"), ("c", "b"), ("x", "y"), ("y", "x"), ("y", "z")]
    assert topological(list("abcxyz"), pairs, lambda n: n) == ["c", "b", "a", "x", "y", "z"]
    home = components(pairs)
    assert home["x"] == home["y"] != home["z"]
    chain = [(f"{i:05}", f"{i + 1:05}") for i in range(5000)]
    assert topological([f"{i:05}" for i in range(5001)], chain, lambda n: n)[-1] == "05000"
