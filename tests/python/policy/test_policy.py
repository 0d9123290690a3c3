"""Rules over real folders: names, twins, unreadable files, the baseline, init and fix."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nbtrail.errors import ConfigError, NotFoundError, OutsideProjectError, PolicyError, UsageError
from nbtrail.ledger.store import Store
from nbtrail.notebooks.document import write_notebook
from nbtrail.policy.findings import Finding
from nbtrail.policy.fix import fix
from nbtrail.policy.init import init_project
from nbtrail.policy.names import draft_refusal, name_problem
from nbtrail.policy.naming import Made, change_notebook, new_notebook
from nbtrail.policy.propose import propose_name
from nbtrail.policy.rules import check
from nbtrail.project import Project, load_project


def book(*sources: str, heading: str = "") -> dict[str, Any]:
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": s, "outputs": [],
         "execution_count": None}
        for i, s in enumerate(sources)
    ]  # fmt: skip
    if heading:
        cells.insert(0, {"cell_type": "markdown", "id": "h", "metadata": {}, "source": heading})
    metadata = {"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A new, empty project that enforces everything."""
    root = tmp_path / "titanic"
    root.mkdir()
    init_project(root)
    return load_project(root)


def put(project: Project, path: str, content: dict[str, Any] | None = None) -> Path:
    file = project.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    write_notebook(file, content or book("x = 1"))
    return file


def codes(found: list[Finding]) -> list[tuple[str, str, str]]:
    return [(f.path, f.code, f.severity) for f in found]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("2b-EXPLORATION-survival-by-class.ipynb", None),
        ("survival by class exploration.ipynb", None),
        ("3-EXPERIMENTAL-depth-Copy1.ipynb", None),
        ("survival.ipynb", "NBT101"),
        ("EXPLORATIONS-survival.ipynb", "NBT101"),
        ("CLEANING-DEPLOY-survival.ipynb", "NBT102"),
        ("CLEANING-cleaning-survival.ipynb", "NBT102"),
        ("1-CLEANING.ipynb", "NBT103"),
        ("CLEANING-final-v2.ipynb", "NBT103"),
        ("Untitled.ipynb", "NBT104"),
        ("notebooks/Untitled3.ipynb", "NBT104"),
        ("scratch/anything.ipynb", None),
        ("EXPLORATION-🚢-schiff.ipynb", None),
        ("EXPLORATION-שלום.ipynb", None),
        ("notes.txt", None),
    ],
)
def test_the_judge_of_names(project: Project, name: str, code: str | None) -> None:
    problem = name_problem(project, name)
    assert (problem.code if problem else None) == code
    if problem is not None:
        assert problem.severity == "error"
        assert problem.fix is not None
        assert problem.fix.action == "rename"
        assert Path(name).name in problem.message


@pytest.mark.parametrize(("level", "severity"), [("off", None), ("warn", "warning")])
def test_levels(project: Project, level: str, severity: str | None) -> None:
    (project.root / "nbtrail.toml").write_text(f'[policy]\ncategory = "{level}"\n')
    problem = name_problem(load_project(project.root), "survival.ipynb")
    assert (problem.severity if problem else None) == severity


def test_check_goes_on_after_files_that_cannot_be_read(project: Project) -> None:
    put(project, "1-EXPLORATION-survival.ipynb")
    (project.root / "2-CLEANING-json.ipynb").write_text("<<<<<<< HEAD\n{}")
    (project.root / "3-CLEANING-empty.ipynb").write_text("")
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []}
    (project.root / "4-CLEANING-old.ipynb").write_text(json.dumps(old))
    assert codes(check(project)) == [
        ("1-EXPLORATION-survival.ipynb", "NBT301", "error"),
        ("2-CLEANING-json.ipynb", "NBT901", "error"),
        ("3-CLEANING-empty.ipynb", "NBT902", "error"),
        ("4-CLEANING-old.ipynb", "NBT903", "error"),
    ]


def test_twin_findings_and_their_fix(project: Project) -> None:
    store = Store.open(project)
    names = [f"{n}-CLEANING-part-{n}.ipynb" for n in "1234"]
    for name in names:
        put(project, name, book("x = 1", "y = 2"))
    fix(project, store)
    assert check(project, store=store) == []
    (project.root / names[0]).with_suffix(".py").unlink()
    put(project, names[1], book("x = 10", "y = 2"))
    for name in names[2:]:
        twin = (project.root / name).with_suffix(".py")
        twin.write_text(twin.read_text().replace("y = 2", "y = 20"))
    put(project, names[3], book("x = 1", "y = 200"))
    assert codes(check(project, store=store)) == [
        (names[0], "NBT301", "error"), (names[1], "NBT302", "error"),
        (names[2], "NBT302", "error"), (names[3], "NBT303", "error"),
    ]  # fmt: skip
    conflict = check(project, [names[3]], store)[0]
    assert conflict.cell_id == "c1"
    result = fix(project, store)
    assert [f.path for f in result.fixed] == names[:3]
    assert codes(list(result.findings)) == [(names[3], "NBT303", "error")]
    store.close()


def test_paths_of_a_commit(project: Project) -> None:
    put(project, "survival.ipynb")
    put(project, "notebooks/ages.ipynb")
    (project.root / "survival.py").write_text("x = 1\n")
    (project.root / "README.md").write_text("hello\n")
    found = check(project, ["survival.py", "README.md"])
    assert {f.path for f in found} == {"survival.ipynb"}
    assert {f.path for f in check(project, ["notebooks"])} == {"notebooks/ages.ipynb"}
    with pytest.raises(NotFoundError):
        check(project, ["nowhere.ipynb"])
    with pytest.raises(OutsideProjectError):
        check(project, ["../elsewhere.ipynb"])


def test_what_was_there_before_warns_until_it_is_touched(tmp_path: Path) -> None:
    bare = load_project(tmp_path)
    old, touched = put(bare, "analysis.ipynb"), put(bare, "model.ipynb")
    (tmp_path / "broken.ipynb").write_text("{")
    init_project(tmp_path)
    project = load_project(tmp_path)
    assert {f.severity for f in check(project)} == {"warning"}
    content = book("x = 1")
    content["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "1"}]
    write_notebook(old, content)
    write_notebook(touched, book("x = 2"))
    severities = {f.path: f.severity for f in check(project) if f.code == "NBT101"}
    assert severities["analysis.ipynb"] == "warning"
    assert severities["model.ipynb"] == "error"
    problem = name_problem(project, "analysis.ipynb", new=True)
    assert problem is not None
    assert problem.severity == "error"


def test_what_was_there_before_may_move_but_not_be_copied_or_renamed(tmp_path: Path) -> None:
    bare = load_project(tmp_path)
    old = put(bare, "old stuff.ipynb", book("old = 1"))
    put(bare, "sub/more.ipynb", book("more = 1"))
    init_project(tmp_path, twins=False)
    project = load_project(tmp_path)
    assert change_notebook(project, None, old.name, to="d/old stuff.ipynb").path in {
        f.path for f in check(project) if f.severity == "warning"
    }
    (tmp_path / "sub").rename(tmp_path / "sub2")
    put(project, "sub3/more.ipynb", book("more = 2"))
    severities = {f.path: f.severity for f in check(project) if f.code == "NBT101"}
    assert severities["sub2/more.ipynb"] == "warning"
    assert severities["sub3/more.ipynb"] == "error"
    (tmp_path / "sub").mkdir()
    put(project, "sub/more.ipynb", book("more = 3"))
    severities = {f.path: f.severity for f in check(project) if f.code == "NBT101"}
    assert severities["sub/more.ipynb"] == severities["sub2/more.ipynb"] == "error"
    with pytest.raises(PolicyError):
        change_notebook(project, None, "d/old stuff.ipynb", to="d/older stuff.ipynb")


def test_a_copy_of_what_was_there_before_is_new(tmp_path: Path) -> None:
    old = put(load_project(tmp_path), "old stuff.ipynb")
    init_project(tmp_path, twins=False)
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / old.name).write_bytes(old.read_bytes())
    project = load_project(tmp_path)
    severities = {f.path: f.severity for f in check(project) if f.code == "NBT101"}
    assert severities == {"old stuff.ipynb": "warning", "copy/old stuff.ipynb": "error"}


def test_init_says_what_it_wrote_and_repeats_without_harm(tmp_path: Path) -> None:
    bare = load_project(tmp_path)
    put(bare, "analysis.ipynb")
    put(bare, "helpers.ipynb")
    (tmp_path / "helpers.py").write_text("def helper():\n    return 1\n")
    (tmp_path / ".gitignore").write_text("*.log")
    first = init_project(tmp_path)
    assert first.written == (
        "nbtrail.toml", ".nbtrail/.gitignore", ".nbtrail/baseline.json", ".gitignore",
        ".gitattributes", "analysis.py",
    )  # fmt: skip
    assert first.baseline == 2
    assert len(first.problems) == 1
    assert (tmp_path / "helpers.py").read_text() == "def helper():\n    return 1\n"
    assert (tmp_path / ".gitignore").read_text().splitlines()[0] == "*.log"
    config = load_project(tmp_path).config
    assert {config.policy.category, config.policy.description, config.policy.twin} == {"enforce"}
    put(bare, "later.ipynb")
    files = {p: p.read_bytes() for p in tmp_path.iterdir() if p.is_file()}
    second = init_project(tmp_path, twins=False)
    assert second.written == ()
    assert second.baseline == 2
    assert {p: p.read_bytes() for p in files} == files


def test_git_sees_only_what_is_meant_for_it(tmp_path: Path) -> None:
    put(load_project(tmp_path), "analysis.ipynb")
    init_project(tmp_path)
    (tmp_path / ".nbtrail/runs").mkdir()
    (tmp_path / ".nbtrail/runs/one.json").write_text("{}")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    seen = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=tmp_path, check=True, capture_output=True,
        text=True,
    ).stdout.split()[1::2]  # fmt: skip
    assert sorted(seen) == [
        ".gitattributes", ".gitignore", ".nbtrail/.gitignore", ".nbtrail/baseline.json",
        ".nbtrail/runs/one.json", "analysis.ipynb", "analysis.py", "nbtrail.toml",
    ]  # fmt: skip


def test_init_of_a_broken_configuration_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "nbtrail.toml").write_text("[policy]\ncategorie = 1\n")
    with pytest.raises(ConfigError, match="category"):
        init_project(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["nbtrail.toml"]


@pytest.mark.parametrize("form", ["py:nonsense", "nonsense", "ipynb", "md:percent", "../py"])
def test_a_format_of_twins_that_is_none_is_told_before_anything_is_written(
    project: Project, form: str
) -> None:
    put(project, "1-EXPLORATION-ages.ipynb")
    config = project.root / "nbtrail.toml"
    config.write_text(config.read_text().replace("py:percent", form))
    (project.root / ".gitignore").unlink()
    before = sorted(project.root.iterdir())
    project = load_project(project.root)
    with pytest.raises(ConfigError, match=r"pairing\.format") as refusal:
        new_notebook(project, None, "CLEANING", "ages")
    assert refusal.value.hint
    with pytest.raises(ConfigError):
        change_notebook(project, None, "1-EXPLORATION-ages.ipynb", description="years")
    with pytest.raises(ConfigError):
        init_project(project.root)
    assert sorted(project.root.iterdir()) == before


@pytest.mark.parametrize(
    ("there", "end"),
    [(b"caf\xe9/\n__pycache__/", b"\n"), (b"b\xfccher/\r\n__pycache__/\r\n", b"\r\n")],
)
def test_init_only_appends_to_git_files(tmp_path: Path, there: bytes, end: bytes) -> None:
    for name in (".gitignore", ".gitattributes"):
        (tmp_path / name).write_bytes(there)
    init_project(tmp_path)
    first = there if there.endswith(end) else there + end
    assert (tmp_path / ".gitignore").read_bytes() == first + b".ipynb_checkpoints/" + end
    attributes = (tmp_path / ".gitattributes").read_bytes()
    assert attributes.startswith(first + b"*.ipynb text eol=lf" + end)
    assert attributes.count(b"\n") == attributes.count(end) == first.count(end) + 2
    init_project(tmp_path)
    assert (tmp_path / ".gitattributes").read_bytes() == attributes


def test_nothing_is_written_in_a_folder_that_is_only_looked_at(tmp_path: Path) -> None:
    project = load_project(tmp_path)
    put(project, "analysis.ipynb")
    store = Store.open(project)
    found = check(project, store=store)
    assert codes(found) == [
        ("analysis.ipynb", "NBT101", "warning"), ("analysis.ipynb", "NBT301", "warning"),
    ]  # fmt: skip
    assert fix(project, store).fixed == ()
    assert [p.name for p in tmp_path.iterdir()] == ["analysis.ipynb"]
    store.close()


@pytest.mark.parametrize(
    "to",
    ["data/notes.txt", "1-CLEANING-ages", ".", ".git/hooks/1-CLEANING-ages.ipynb",
     "a/.hidden/1-CLEANING-ages.ipynb", ".1-CLEANING-ages.ipynb",
     "node_modules/1-CLEANING-ages.ipynb", "a/../.git/1-CLEANING-ages.ipynb"],
)  # fmt: skip
def test_a_notebook_stays_one_and_where_notebooks_are(project: Project, to: str) -> None:
    file = put(project, "1-EXPLORATION-ages.ipynb")
    with pytest.raises(UsageError):
        change_notebook(project, None, file.name, to=to)
    with pytest.raises(UsageError):
        new_notebook(project, None, "CLEANING", "ages", folder=".git/hooks")
    (project.root / "notes.txt").write_text("words")
    with pytest.raises(UsageError):
        change_notebook(project, None, "notes.txt", to="1-CLEANING-notes.ipynb")
    seen = {p.name for p in project.root.iterdir()}
    assert seen == {
        file.name, "notes.txt", "nbtrail.toml", ".nbtrail", ".gitignore", ".gitattributes"
    }  # fmt: skip


def test_a_notebook_is_made_and_moved_into_a_folder(project: Project) -> None:
    made = new_notebook(project, None, "CLEANING", "ages", folder="sub/folder")
    assert made == Made("sub/folder/CLEANING-ages.ipynb", "sub/folder/CLEANING-ages.py")
    moved = change_notebook(project, None, made.path, to="other/../1-CLEANING-ages.ipynb")
    assert (moved.path, moved.twin) == ("1-CLEANING-ages.ipynb", "1-CLEANING-ages.py")
    assert check(project) == []


def test_a_draft_is_held_back_only_where_categories_are_enforced(project: Project) -> None:
    put(project, "Untitled.ipynb")
    refusal = draft_refusal(project, "Untitled.ipynb")
    assert refusal is not None
    assert "name it before it runs" in refusal
    assert "scratch/" in refusal
    assert draft_refusal(project, "survival.ipynb") is None
    assert draft_refusal(project, "scratch/Untitled.ipynb") is None
    (project.root / "nbtrail.toml").write_text('[policy]\ncategory = "warn"\n')
    assert draft_refusal(load_project(project.root), "Untitled.ipynb") is None
    (project.root / "nbtrail.toml").unlink()
    assert draft_refusal(load_project(project.root), "Untitled.ipynb") is None


@pytest.mark.parametrize(
    ("content", "category", "description"),
    [
        (book("df = pd.read_csv('data/2026-11-20_titanic-train.csv')", "df.plot()",
              heading="# Survival by class"), "EXPLORATION", "survival-by-class"),
        (book("df = pd.read_csv('raw.csv')", "x = StandardScaler().fit(df)",
              "df.to_csv('data/clean.csv')", heading="## Ages binned"), "CLEANING", "ages-binned"),
        (book("from nbtrail import dataset", "df.to_parquet(dataset('a.parquet', 'w'))",
              heading="# Features: final"), "CLEANING", "features"),
        (book("m = RandomForestClassifier(max_depth=3)", "m.fit(X, y)",
              "pd.read_csv('data/2026-11-20_titanic.csv')"), "EXPERIMENTAL",
         "random-forest-classifier-titanic"),
        (book("m = joblib.load('model.pkl')", "m.predict(X)", heading="# Nightly predictions"),
         "DEPLOY", "nightly-predictions"),
        (book(""), "EXPLORATION", "titanic-first-look"),
    ],
)  # fmt: skip
def test_proposals_for_drafts(
    project: Project, content: dict[str, Any], category: str, description: str
) -> None:
    put(project, "Untitled.ipynb", content)
    proposal = propose_name(project, "Untitled.ipynb")
    assert (proposal.category, proposal.description) == (category, description)
    assert name_problem(project, proposal.path) is None
    put(project, proposal.path)
    again = propose_name(project, "Untitled.ipynb")
    assert again.path != proposal.path
    assert name_problem(project, again.path) is None


def test_a_check_without_twins_to_compare_imports_nothing_heavy(project: Project) -> None:
    put(project, "1-EXPLORATION-survival.ipynb")
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from nbtrail.project import load_project\n"
        "from nbtrail.policy.rules import check\n"
        "print(len(check(load_project(Path(sys.argv[1])))))\n"
        "heavy = ('jupytext', 'nbformat', 'jsonschema', 'sqlalchemy')\n"
        "print([m for m in heavy if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(project.root)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == ["1", "[]"]
