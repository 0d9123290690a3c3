"""Finding a project, its configuration and its paths."""

from __future__ import annotations

from pathlib import Path

import pytest

from nbtrail.config import Level, parse_config
from nbtrail.errors import ConfigError, OutsideProjectError
from nbtrail.project import find_project, load_project


def test_the_nearest_configuration_wins(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    inner = tmp_path / "work" / "deep"
    inner.mkdir(parents=True)
    (tmp_path / "work" / "nbtrail.toml").write_text("")
    assert find_project(inner / "a.ipynb").root == tmp_path / "work"
    assert find_project(tmp_path / "other").root == tmp_path
    assert find_project(inner, ceiling=inner).root == inner


def test_without_configuration_nothing_is_written_there(tmp_path: Path) -> None:
    project = load_project(tmp_path)
    assert not project.adopted
    assert not project.state_dir.is_relative_to(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_project_keeps_its_state_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "nbtrail.toml").write_text("")
    assert load_project(tmp_path).state_is_local
    tmp_path.chmod(0o555)
    try:
        assert not load_project(tmp_path).state_is_local
    finally:
        tmp_path.chmod(0o755)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[polcy]", "Did you mean policy"),
        ("[policy]\ncategry = 'warn'", r"policy\.categry.*policy\.category"),
        ("[policy]\ncategory = 'sometimes'", r"policy\.category"),
        ("[policy\n", "line 1"),
        ("[store]\nurl = 3", r"line 2, column 1: store\.url"),
        ("# notes\n\n[policy]\n  categry = 'warn'", "line 4, column 3: unknown key"),
        ("policy.categry = 'warn'", "line 1, column 1: unknown key"),
        ("policy = {twin = 'off', categry = 'warn'}", "line 1, column 25: unknown key"),
        (
            "[[policy.overrides]]\nfolder = 'x'\n[[policy.overrides]]\nfoldr = 'y'",
            r"line 4, column 1: unknown key policy\.overrides\[1\]\.foldr.*Did you mean",
        ),
        ("[policy.rules]\nNBT6 = 'off'\n'NBT601' = 'of'", r"line 3, column 1: .*NBT601.*'of'"),
        (
            "[[policy.overrides]]\nrules = { NBT6 = 'off', NBT4 = 'of' }",
            r"line 2, column 25: policy\.overrides\[0\]\.rules\.NBT4",
        ),
        (
            '[names]\nmeaningless = [\n \'a\', # ]\n """b\n]""",\n 3,\n]',
            r"line 6, column 2: names\.meaningless\[2\]",
        ),
        ("[[policy.overrides]]\ncategory = 'EXPLORING'", "line 2, .*Did you mean EXPLORATION"),
        ("[verify.tolerances]\nauc = 1e-3\nloss = 'small'", r"line 3, .*tolerances\.loss"),
        ("\n[verify]\ntolerance = []\n", "line 3, column 1"),
        ("[datasets]\ndates = ['%d']", r"line 2, column 10: datasets\.dates\[0\]"),
    ],
)
def test_bad_configuration_says_where(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_config(text)


def test_a_bad_file_is_reported_and_defaults_hold(tmp_path: Path) -> None:
    (tmp_path / "nbtrail.toml").write_text("[[")
    project = load_project(tmp_path)
    assert project.config_error is not None
    assert project.config.policy.category is Level.WARN


def test_notebooks_leave_out_what_is_not_the_project(tmp_path: Path) -> None:
    for path in (
        "b.ipynb", "sub/a.ipynb", ".hidden/x.ipynb", "scratch/s.ipynb", "old/o.ipynb",
        "sub/.ipynb_checkpoints/a-checkpoint.ipynb", "env/lib/n.ipynb", "inner/i.ipynb",
    ):  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "env" / "pyvenv.cfg").touch()
    (tmp_path / "inner" / "nbtrail.toml").touch()
    (tmp_path / "nbtrail.toml").write_text("[project]\nexclude = ['old/*']\n")
    assert load_project(tmp_path).notebooks() == ["b.ipynb", "sub/a.ipynb"]


def test_paths_never_leave_the_project(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (tmp_path / "secret.txt").touch()
    (root / "link").symlink_to(tmp_path)
    project = load_project(root)
    assert project.relative("sub/../a.ipynb") == "a.ipynb"
    assert project.relative(root / "a.ipynb") == "a.ipynb"
    for bad in ("../secret.txt", "/etc/passwd", "link/secret.txt"):
        with pytest.raises(OutsideProjectError):
            project.resolve(bad)
