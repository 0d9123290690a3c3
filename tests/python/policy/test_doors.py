"""One engine, every door: the same name is judged in the same words wherever it is tried."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPClientError

from nbtrail.notebooks.document import write_notebook
from nbtrail.policy.init import init_project
from nbtrail.policy.registry import ALL_RULES

Fetch = Callable[..., Awaitable[Any]]
ROOT = Path(__file__).parents[3]
GOOD = "1-EXPLORATION-survival.ipynb"
BAD = "CLEANING-DEPLOY-survival.ipynb"


def book(source: str = "x = 1") -> dict[str, Any]:
    cell = {
        "cell_type": "code", "id": "c1", "metadata": {}, "source": source, "outputs": [],
        "execution_count": None,
    }  # fmt: skip
    metadata = {"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}}
    return {"cells": [cell], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def nbtrail(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nbtrail.cli", "-C", str(folder), *arguments],
        capture_output=True, text=True, check=False, env=environment(),
    )  # fmt: skip


def environment() -> dict[str, str]:
    """The test's own nbtrail as a command, wherever the sources lie."""
    path = os.pathsep.join((str(ROOT / "jupyter_extension"), os.environ.get("PYTHONPATH", "")))
    bin_folder = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PYTHONPATH": path,
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
    }


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments],
        cwd=folder, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return done.stdout


# The server's doors


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"nbtrail": True}}}


@pytest.fixture
def folder(jp_serverapp: ServerApp, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[Path]:
    """A project behind a real server in which everything is started."""
    root = Path(jp_serverapp.root_dir)
    init_project(root)
    write_notebook(root / GOOD, book())
    manager = jp_serverapp.extension_manager
    jp_asyncio_loop.run_until_complete(manager.start_all_extensions())
    yield root
    (app,) = manager.extension_apps["nbtrail"]
    jp_asyncio_loop.run_until_complete(app.stop_extension())


async def refused(call: Awaitable[Any]) -> str:
    with pytest.raises(HTTPClientError) as refusal:
        await call
    assert refusal.value.response is not None
    assert refusal.value.code == 422
    return str(json.loads(refusal.value.response.body)["message"])


async def test_every_door_says_the_same(jp_fetch: Fetch, folder: Path) -> None:
    model = json.dumps({"type": "notebook", "format": "json", "content": book()})
    upload = json.dumps({"type": "file", "format": "text", "content": json.dumps(book())})
    contents = ("api", "contents")
    said = {
        "save as": await refused(jp_fetch(*contents, BAD, method="PUT", body=model)),
        "upload": await refused(jp_fetch(*contents, BAD, method="PUT", body=upload)),
        "rename": await refused(
            jp_fetch(*contents, GOOD, method="PATCH", body=json.dumps({"path": BAD}))
        ),
        "panel": await refused(
            jp_fetch("nbtrail", "api", "notebooks", GOOD, method="PATCH",
                     body=json.dumps({"path": BAD}))
        ),
    }  # fmt: skip
    assert not (folder / BAD).exists()

    write_notebook(folder / BAD, book())
    response = await jp_fetch("nbtrail", "api", "findings")
    listed = [f for f in json.loads(response.body)["findings"] if f["path"] == BAD]
    shown = json.loads(nbtrail(folder, "check", BAD, "--json").stdout)["findings"]
    assert [f for f in shown if f["code"].startswith("NBT1")] == [
        f for f in listed if f["code"].startswith("NBT1")
    ]
    (finding,) = (f for f in shown if f["code"].startswith("NBT1"))
    assert finding["severity"] == "error"
    assert finding["fix"]["action"] == "rename"
    for door, message in said.items():
        assert finding["message"] in message, door
    run = nbtrail(folder, "run", BAD)
    assert run.returncode != 0
    assert finding["message"] in run.stdout + run.stderr


async def test_what_the_server_does_not_name_is_not_refused(jp_fetch: Fetch, folder: Path) -> None:
    copied = await jp_fetch("api", "contents", method="POST", body=json.dumps({"copy_from": GOOD}))
    copy = json.loads(copied.body)["path"]
    # The copy's name is the server's choice; that its number is taken is told at once.
    response = await jp_fetch("nbtrail", "api", "findings")
    codes = {f["code"] for f in json.loads(response.body)["findings"] if f["path"] == copy}
    assert "NBT106" in codes


async def test_a_clash_that_is_enforced_is_refused(jp_fetch: Fetch, folder: Path) -> None:
    config = folder / "nbtrail.toml"
    config.write_text(config.read_text() + '\n[policy.rules]\nsequence-clash = "enforce"\n')
    model = json.dumps({"type": "notebook", "format": "json", "content": book()})
    message = await refused(
        jp_fetch("api", "contents", "1-CLEANING-ages.ipynb", method="PUT", body=model)
    )
    assert "NBT106" in message
    assert GOOD in message
    # Its own number is no clash for the notebook that is renamed.
    body = json.dumps({"path": "1-EXPLORATION-fares.ipynb"})
    await jp_fetch("api", "contents", GOOD, method="PATCH", body=body)


async def test_a_broken_configuration_leaves_the_last_good_one(
    jp_fetch: Fetch, folder: Path
) -> None:
    config = folder / "nbtrail.toml"
    good = config.read_text()
    model = json.dumps({"type": "notebook", "format": "json", "content": book()})

    async def project() -> dict[str, Any]:
        found: dict[str, Any] = json.loads((await jp_fetch("nbtrail", "api", "project")).body)
        return found

    assert (await project())["config_error"] is None
    for broken, place in (
        ("[policy\n", "line 1"),
        ('[policy]\ncategory = "of"\n', "line 2, column 1"),
        ('[policy]\n\n[policy.rules]\nNBT999 = "off"\n', "line 4, column 1"),
    ):
        config.write_text(broken)
        assert place in (await project())["config_error"]
        await refused(jp_fetch("api", "contents", BAD, method="PUT", body=model))
        done = nbtrail(folder, "check")
        assert done.returncode == 2
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
        assert place in done.stderr
    config.write_text(good)
    assert (await project())["config_error"] is None
    await refused(jp_fetch("api", "contents", BAD, method="PUT", body=model))


async def test_findings_of_some_notebooks(jp_fetch: Fetch, folder: Path) -> None:
    write_notebook(folder / BAD, book())
    response = await jp_fetch("nbtrail", "api", "findings", params={"path": GOOD})
    answer = json.loads(response.body)
    assert answer["checked"] == 1
    assert {f["path"] for f in answer["findings"]} == {GOOD}


# The command line


def test_sarif(tmp_path: Path) -> None:
    """The essential shape of SARIF 2.1.0, and lines that lead to the cell in the file."""
    project = tmp_path / "deep project"
    project.mkdir()
    git(tmp_path, "init", "-q")
    (project / "nbtrail.toml").write_text('[policy]\ncategory = "enforce"\ntwin = "off"\n')
    write_notebook(project / BAD, book("import os\nprint(lost)"))
    done = nbtrail(project, "check", "--sarif", "-")
    assert done.returncode == 1
    log = json.loads(done.stdout)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.code for rule in ALL_RULES]
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["help"]["markdown"].startswith(f"# {rule['id']} ")
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
    results = {result["ruleId"]: result for result in run["results"]}
    assert set(results) == {"NBT102", "NBT402"}
    for code, result in results.items():
        assert rules[result["ruleIndex"]]["id"] == code
        assert result["level"] in ("warning", "error")
        assert result["message"]["text"]
        (place,) = (location["physicalLocation"] for location in result["locations"])
        assert place["artifactLocation"]["uri"] == f"deep%20project/{BAD}"
        assert place["region"]["startLine"] >= 1
    assert results["NBT102"]["level"] == "error"
    line = results["NBT402"]["locations"][0]["physicalLocation"]["region"]["startLine"]
    assert "print(lost)" in (project / BAD).read_text().splitlines()[line - 1]
    written = nbtrail(project, "check", "--sarif", str(tmp_path / "log.sarif"))
    assert "NBT402" in written.stdout
    assert json.loads((tmp_path / "log.sarif").read_text()) == log
    nowhere = nbtrail(project, "check", "--sarif", str(tmp_path / "no" / "log.sarif"))
    assert nowhere.returncode == 2
    assert len(nowhere.stderr.splitlines()) == 1


def test_rules_are_listed_and_explained(tmp_path: Path) -> None:
    (tmp_path / "nbtrail.toml").write_text('[policy.rules]\nNBT4 = "off"\n')
    listed = json.loads(nbtrail(tmp_path, "rules", "--json").stdout)["rules"]
    assert [one["code"] for one in listed] == [rule.code for rule in ALL_RULES]
    assert {one["level"] for one in listed if one["code"].startswith("NBT40")} == {"off"}
    for key in ("NBT402", "hidden-state"):
        assert nbtrail(tmp_path, "rules", key).stdout.startswith("# NBT402 hidden-state")
    wrong = nbtrail(tmp_path, "rules", "hiden-state")
    assert wrong.returncode == 2
    assert "hidden-state" in wrong.stderr


def test_pre_commit(tmp_path: Path) -> None:
    """The hook in a real repository, from a clone of this one."""
    hooks = tmp_path / "nbtrail"
    hooks.mkdir()
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", hooks)
    git(hooks, "init", "-q")
    git(hooks, "add", "-A")
    git(hooks, "commit", "-qm", "hooks")
    revision = git(hooks, "rev-parse", "HEAD").strip()
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init", "-q")
    init_project(project)
    (project / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {hooks.as_uri()}\n    rev: {revision}\n"
        "    hooks:\n      - id: nbtrail-check\n"
    )
    env = {**environment(), "PRE_COMMIT_HOME": str(tmp_path / "home")}

    def commit(name: str) -> subprocess.CompletedProcess[str]:
        git(project, "add", "-A")
        return subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-m", name],
            cwd=project, env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip

    installed = subprocess.run(
        [sys.executable, "-m", "pre_commit", "install"],
        cwd=project, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert installed.returncode == 0, installed.stderr
    write_notebook(project / BAD, book())
    stopped = commit("a bad name")
    assert stopped.returncode != 0
    assert "NBT102" in stopped.stdout + stopped.stderr
    (project / BAD).rename(project / GOOD)
    assert "NBT301" in commit("without a twin").stderr
    assert nbtrail(project, "check", "--fix").returncode == 0
    done = commit("as it should be")
    assert done.returncode == 0, done.stdout + done.stderr
    assert GOOD in git(project, "ls-files")
