"""The recipe of a run: what is in it, that it is safe, that it gives the results again."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nbtrail.app import OpenProject, open_project
from nbtrail.cli import main
from nbtrail.errors import ConflictError, NotFoundError, OutsideProjectError, UsageError
from nbtrail.export.docker import docker_files
from nbtrail.export.files import write_files
from nbtrail.export.model import Content
from nbtrail.export.parts.check_results import differences
from nbtrail.export.recipe import recipe_of
from nbtrail.export.requirements import requirements_of

from .conftest import BARE, HARD, LAST


def command(root: Path, *arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(["-C", str(root), "export", *arguments])
    return int(str(stop.value.code or 0))


def listed(folder: Path) -> dict[str, bytes]:
    files = (p for p in sorted(folder.rglob("*")) if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


@pytest.fixture(scope="session")
def recipe(recorded: OpenProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe; tests that change it copy it."""
    folder = tmp_path_factory.mktemp("exports") / "recipe"
    found = recorded.export("docker", folder)
    # Developers of nbtrail may have it there.
    assert [p for p in found.problems if p.name != "PYTHONPATH"] == []
    return folder


def test_a_recipe_has_what_the_pipeline_needs_and_nothing_else(recipe: Path) -> None:
    files = listed(recipe)
    assert set(files) == {
        ".dockerignore", "Dockerfile", "README.md", "check_results.py", "prepare_step.py",
        "nbtrail.toml", "recipe.json", "requirements.txt", "run.sh", "expected/halves.csv",
        "expected/figures/mean.txt", f"project/{HARD}", f"project/{LAST}", "project/helper.py",
        "project/nbtrail.toml", "project/raw.csv",
    }  # fmt: skip
    facts = json.loads(files["recipe.json"])
    assert facts["params"] == {"factor": 4}
    assert facts["date_of_datasets"] == "2026-11-20"
    assert [step["path"] for step in facts["steps"]] == [HARD, LAST]
    assert facts["steps"][0]["metrics"]["first_loss"]["value"] is None
    assert facts["steps"][1]["metrics"]["test_auc"]["relative"] == 1e-9


def test_the_lock_names_the_recorded_versions_and_what_runs_notebooks(recipe: Path) -> None:
    listing = [str(BARE), "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    there = json.loads(subprocess.run(listing, check=True, capture_output=True).stdout)
    lines = (recipe / "requirements.txt").read_text().splitlines()
    head, tools = lines[: lines.index("")], lines[lines.index("") :]
    pinned = [line.replace("_", "-").lower() for line in head if not line.startswith("#")]
    assert set(pinned) >= {
        f"{d['name'].replace('_', '-').lower()}=={d['version']}"
        for d in there
        if d["name"] not in ("pip", "setuptools")
    }
    assert any(line.startswith("nbconvert==") for line in tools)
    assert not any(line.startswith("ipykernel==") for line in tools)


def test_the_image_is_slim_and_runs_as_nobody_in_particular(recipe: Path) -> None:
    text = (recipe / "Dockerfile").read_text()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"\nFROM python:{version}-slim\n" in text
    assert text.index("\nUSER runner\n") < text.index('\nCMD ["sh", "run.sh"]\n')
    assert "half" not in text, "no name of the project's can break a line of it"
    ignored = (recipe / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"


def docker_steps(dockerfile: str) -> list[tuple[str, str]]:
    """Instructions of a Dockerfile, continued lines joined."""
    lines = dockerfile.replace("\\\n", " ").splitlines()
    return [
        (word, rest.strip())
        for word, _, rest in (line.partition(" ") for line in lines)
        if word and word != "#"
    ]


def test_its_steps_give_the_results_again_in_an_empty_environment(
    recipe: Path, tmp_path: Path
) -> None:
    context, empty = tmp_path / "context", tmp_path / "empty"
    shutil.copytree(recipe, context)
    empty.mkdir()
    programs = tmp_path / "bin"
    programs.mkdir()
    # An image of Python has it under this name; a system's own Python often has not.
    python = programs / "python"
    python.write_text(f'#!/bin/sh\nexec "{Path(sys.executable).resolve()}" "$@"\n')
    python.chmod(0o755)
    known = {k: v for k, v in os.environ.items() if k.startswith("PIP_")}
    environment = {**known, "HOME": str(empty), "PATH": f"{programs}:/usr/bin:/bin"}
    command_of = ""
    for word, rest in docker_steps((context / "Dockerfile").read_text()):
        rest = rest.replace("/opt/", f"{empty}/")
        if word == "RUN" and rest.startswith("python "):
            subprocess.run(["sh", "-c", rest], cwd=context, env=environment, check=True)
        elif word == "ENV":
            name, _, value = rest.partition("=")
            environment[name] = value
        elif word == "CMD":
            command_of = rest
    done = subprocess.run(
        json.loads(command_of), cwd=context, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "2 metrics and 2 files compared: identical"
    assert json.loads((context / "results/verdict.json").read_text())["verdict"] == "identical"
    assert not list(context.rglob("pwned"))
    executed = json.loads((context / "results/notebooks" / HARD).read_text())
    said = [o["text"] for c in executed["cells"] for o in c["outputs"] if "text" in o]
    assert "".join(said[0]) == "2026-11-20\n"
    check_what_differs(context)


def check_what_differs(context: Path) -> None:
    """The check script finds a metric, a file and a table that are not as recorded."""
    facts = json.loads((context / "recipe.json").read_text())
    facts["steps"][1]["metrics"]["test_auc"]["value"] += 1e-6
    (context / "recipe.json").write_text(json.dumps(facts))
    table = context / "results/project/halves.csv"
    table.write_text(table.read_text().replace("1.25", "1.2500000000001"))
    check = [sys.executable, "-I", str(context / "check_results.py")]
    done = subprocess.run(check, capture_output=True, text=True)
    assert done.returncode == 1
    assert f'metric "test_auc" of "{LAST}"' in done.stdout
    assert "halves.csv" not in done.stdout, "numbers of tables may differ by as little as metrics"
    (context / "results/project/figures/mean.txt").write_text("5")
    table.write_text(table.read_text() + "1.0\n")
    found = {d["name"]: d for d in differences(str(context), facts)}
    assert set(found) == {"test_auc", "halves.csv", "figures/mean.txt"}
    (context / "results/notebooks" / LAST).unlink()
    kinds = [d["kind"] for d in differences(str(context), facts)]
    assert kinds == ["file", "output"]


def test_it_stops_at_the_first_step_that_fails(recipe: Path, tmp_path: Path) -> None:
    context = tmp_path / "context"
    shutil.copytree(recipe, context)
    (context / "project/raw.csv").unlink()
    done = subprocess.run(
        ["sh", "context/run.sh"],
        cwd=tmp_path,
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "FileNotFoundError" in done.stderr
    assert "step 2" not in done.stdout
    assert not (context / "results/notebooks" / HARD).exists()


def test_it_may_lie_in_the_project(recorded: OpenProject, tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(recorded.project.root, root)
    assert command(root, "docker", "-q") in (0, 1)
    results = root / "recipe" / "results" / "notebooks"
    results.mkdir(parents=True)
    shutil.copyfile(root / LAST, results / LAST)
    with open_project(root) as opened:
        assert [n.path for n in opened.graph().nodes] == [HARD, LAST]
    (root / "nbtrail.toml").unlink()
    with open_project(root) as opened, pytest.raises(UsageError, match="nbtrail init"):
        opened.export("docker")


def test_steps_of_two_environments_get_two(recorded: OpenProject, tmp_path: Path) -> None:
    one = recipe_of(recorded.project, recorded.store)
    other = requirements_of({"id": "cd" * 32, "python": {"version": "3.12.1"}, "packages": {}})
    steps = (one.steps[0], msgspec.structs.replace(one.steps[1], environment=1))
    both = msgspec.structs.replace(
        one, environments=(*one.environments, other), steps=steps, secrets=("token",)
    )
    write_files(tmp_path / "recipe", docker_files(both))
    assert (tmp_path / "recipe/requirements-2.txt").read_text().startswith("# Environment cdcd")
    dockerfile = (tmp_path / "recipe/Dockerfile").read_text()
    assert "ENV PYTHON_2=/opt/environment-2/bin/python\n" in dockerfile
    assert "COPY requirements.txt requirements-2.txt ./\n" in dockerfile
    assert "--env PARAM_token" in (tmp_path / "recipe/README.md").read_text()
    script = (tmp_path / "recipe/run.sh").read_text()
    assert 'step 2 "$PYTHON_2" python3 . ' + LAST in script
    known = {**os.environ, "PYTHON": sys.executable}

    def run(**more: str) -> subprocess.CompletedProcess[str]:
        command_of = ["sh", "recipe/run.sh"]
        return subprocess.run(
            command_of, cwd=tmp_path, env={**known, **more}, capture_output=True, text=True
        )

    assert "is to be the interpreter of requirements-2.txt" in run().stderr
    assert "set the environment variable PARAM_token" in run(PYTHON_2=sys.executable).stderr


def test_no_secret_gets_into_a_recipe(recorded: OpenProject, tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(recorded.project.root, root)
    file = root / LAST
    text = file.read_text().replace("factor = 2", "factor = 2\\nopen('.env').read()")
    file.write_text(text.replace('"name": "bare"', '"name": "python3"'))
    secret = "Kq7vN2xWb9LrT4mZ"
    with open_project(root) as opened:
        done = opened.run(notebooks=(LAST,), params={"password": secret, "factor": 3})
        assert done.summary.status == "ok", done
        found = opened.export("docker", tmp_path / "recipe", run=done.summary.run)
    assert ".env" in [problem.name for problem in found.problems]
    files = listed(tmp_path / "recipe")
    assert "project/.env" not in files
    assert not [path for path, data in files.items() if secret.encode() in data]
    facts = {"secrets": ["password"], "params": {"factor": 3}}
    prepare = [sys.executable, "-I", str(tmp_path / "recipe/prepare_step.py"), str(file)]
    done_too = subprocess.run(
        [*prepare, json.dumps(facts)],
        env={"PARAM_password": secret},
        capture_output=True,
        check=True,
    )
    sources = [cell["source"] for cell in json.loads(done_too.stdout)["cells"]]
    assert sources[1] == f"factor = 3\npassword = {secret!r}"


def test_the_same_run_gives_the_same_bytes(recorded: OpenProject, recipe: Path) -> None:
    before = listed(recipe)
    again = recorded.export("docker", recipe)
    assert again.kept is None
    assert listed(recipe) == before


def test_what_is_there_is_kept(recorded: OpenProject, recipe: Path, tmp_path: Path) -> None:
    folder = tmp_path / "recipe"
    shutil.copytree(recipe, folder)
    (folder / "Dockerfile").write_text("FROM mine\n")
    (folder / "project/left-over.ipynb").write_text("{}")
    (folder / "compose.yml").write_text("mine\n")
    with pytest.raises(ConflictError, match=r"Dockerfile, project/left-over\.ipynb"):
        recorded.export("docker", folder)
    assert (folder / "Dockerfile").read_text() == "FROM mine\n"
    found = recorded.export("docker", folder, force=True)
    assert found.kept == ".replaced-1"
    assert (folder / ".replaced-1/Dockerfile").read_text() == "FROM mine\n"
    assert (folder / ".replaced-1/project/left-over.ipynb").exists()
    assert (folder / "compose.yml").read_text() == "mine\n"
    kept = ("compose.yml", ".replaced-1/")
    present = {k: v for k, v in listed(folder).items() if not k.startswith(kept)}
    assert present == listed(recipe)


def test_what_cannot_be_brought_along_is_named(
    recorded: OpenProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "project"
    shutil.copytree(recorded.project.root, root)
    (root / "raw.csv").write_text("a,b\n1,9\n")
    assert command(root, "docker", "--json") == 1
    shown = capsys.readouterr()
    answer = json.loads(shown.out)
    assert "raw.csv" in [p["name"] for p in answer["problems"]]
    assert "raw.csv: it is not what the run read. Put it back" in shown.err
    (root / "raw.csv").unlink()
    assert command(root, "docker", "-o", "other") == 1
    assert "raw.csv: it is not there any more" in capsys.readouterr().err
    assert not (root / "other/project/raw.csv").exists()


def test_a_record_cannot_write_elsewhere(tmp_path: Path) -> None:
    for path in ("../out.txt", "a/../../out.txt", str(tmp_path / "out.txt")):
        with pytest.raises(OutsideProjectError, match="leads out"):
            write_files(tmp_path / "in", [Content("fine.txt", data=b""), Content(path, data=b"")])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("in_the_way", "kept"),
    [("a", "a"), ("a/b.txt/c.txt", "a/b.txt"), ("a/left.txt", "a/left.txt")],
)
def test_whatever_is_in_the_way_is_kept(tmp_path: Path, in_the_way: str, kept: str) -> None:
    (tmp_path / in_the_way).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / in_the_way).write_text("mine")
    files = [Content("a/b.txt", data=b"new")]
    with pytest.raises(ConflictError, match=kept):
        write_files(tmp_path, files, own=("a",))
    assert write_files(tmp_path, files, own=("a",), force=True) == ".replaced-1"
    assert (tmp_path / "a/b.txt").read_text() == "new"
    assert (tmp_path / ".replaced-1" / in_the_way).read_text() == "mine"


def test_there_has_to_be_a_run_and_a_folder(recorded: OpenProject, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no run nonsense"):
        recorded.export("docker", tmp_path / "x", run="nonsense")
    with pytest.raises(UsageError, match="folder of its own"):
        recorded.export("docker", recorded.project.root)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        recorded.export("docker", tmp_path / "file")
    assert not (tmp_path / "x").exists()
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "nbtrail.toml").write_text("")
    assert command(tmp_path / "empty", "docker") == 2
    assert command(tmp_path / "empty", "script") == 2


def engine() -> str | None:
    """The program of a container engine that answers."""
    for name in ("docker", "podman"):
        program = shutil.which(name)
        if program and subprocess.run([program, "info"], capture_output=True).returncode == 0:
            return program
    return None


def test_the_image_is_built_and_gives_the_results_again(recipe: Path) -> None:
    program = engine()
    if program is None:
        pytest.skip("no Docker or Podman engine answers")
    tag = "nbtrail-recipe-test"
    subprocess.run([program, "build", "--tag", tag, str(recipe)], check=True)
    done = subprocess.run([program, "run", "--rm", tag], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith("compared: identical")


def calls(script: str) -> list[list[str]]:
    """The calls of nbconvert in a script, as a shell splits them."""
    return [shlex.split(line) for line in script.splitlines() if "nbconvert" in line]


def test_the_script_is_the_ordered_calls(recorded: OpenProject, tmp_path: Path) -> None:
    inside = recorded.project.root / "scripts"
    text = recorded.export_files("script", folder=inside).files[0].read().decode()
    assert 'cd -- "$(dirname -- "$0")"/..' in text
    first, last = calls(text)
    assert first[:5] == ["jupyter", "nbconvert", "--to", "notebook", "--execute"]
    assert first[-1] == "./" + HARD.replace("[1]", "[[]1]"), "nbconvert takes names for patterns"
    assert last[-1] == f"./{LAST}"
    outside = recorded.export_files("script", folder=tmp_path).files[0].read().decode()
    assert 'cd -- "${1:?' in outside
    assert str(recorded.project.root) not in outside


def test_a_name_that_nbconvert_cannot_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "nbtrail.toml").write_text("")
    text = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'
    (tmp_path / "CLEANING-two\nlines.ipynb").write_text(text)
    with open_project(tmp_path) as opened, pytest.raises(UsageError, match="line break"):
        opened.export("script")


def test_the_script_runs_in_place_and_with_the_parameters_of_a_run(
    recorded: OpenProject, tmp_path: Path
) -> None:
    root = tmp_path / "project"
    shutil.copytree(recorded.project.root, root)
    for name in ("halves.csv", "figures/mean.txt"):
        (root / name).unlink()
    for file in root.rglob("*.ipynb"):
        file.write_text(file.read_text().replace('"name": "bare"', '"name": "python3"'))
    run = recorded.runs()[0][0].run
    assert command(root, "script", "--of", run, "-o", "with parameters") == 0
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    environment = {**os.environ, "PATH": path, "NBTRAIL_DATE": ""}
    script = ["sh", "with parameters/run_pipeline.sh"]
    done = subprocess.run(script, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (root / "figures/mean.txt").read_text() == "4"
    assert json.loads((root / LAST).read_text())["cells"][0]["execution_count"] is None
    assert cell_counts(root / ".executed" / LAST) == [1, 2, 3]
    assert command(root, "script") == 0
    script = ["sh", "run_pipeline.sh"]
    done = subprocess.run(script, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (root / "figures/mean.txt").read_text() == "2"
    assert cell_counts(root / HARD) == [1, 2]
    assert not list(root.rglob("pwned"))


def cell_counts(file: Path) -> list[Any]:
    return [cell["execution_count"] for cell in json.loads(file.read_text())["cells"]]


def test_what_notebooks_import_from_nbtrail_comes_along(tmp_path: Path) -> None:
    from nbtrail.export.resources import api_sources

    for path, text in api_sources().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    code = (
        "from nbtrail import dataset, log_metric; log_metric('a', 1); print(dataset('a.csv', 'w'))"
    )
    done = subprocess.run(
        [str(BARE), "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "NBTRAIL_DATE": "2026-11-20"},
        capture_output=True,
        text=True,
    )
    assert done.stdout == f"{tmp_path}/data/2026-11-20_a.csv\n", done.stderr
