"""Renames over REST and through the Contents API of a real server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp

from nbtrail.app import open_project
from nbtrail.notebooks.document import read_notebook, write_notebook
from nbtrail.server import events
from nbtrail.server.extension import NbtrailExtension

from .conftest import Api, notebook, until
from .test_events import Heard

OLD, NEW, USER = (
    "CLEANING-make-numbers.ipynb",
    "CLEANING-make-digits.ipynb",
    "EXPERIMENTAL-use-numbers.ipynb",
)


@pytest.fixture
def user(root: Path) -> Path:
    """A notebook that runs the one that is renamed."""
    write_notebook(root / USER, notebook(f"%run {OLD}", "x = 1"))
    return root / USER


def first(file: Path) -> str:
    return "".join(read_notebook(file)["cells"][0]["source"])


async def rename(fetch: Any, old: str, new: str) -> None:
    """As JupyterLab's file browser does it."""
    body = json.dumps({"path": new})
    await fetch("api", "contents", old, method="PATCH", body=body)


async def test_a_rename_is_planned_done_and_undone(api: Api, root: Path, user: Path) -> None:
    status, plan = await api("PATCH", f"notebooks/{OLD}", {"path": NEW, "dry_run": True})
    assert status == 200
    assert set(plan) == {"renames", "references", "diff", "warnings"}
    assert [(r["path"], r["new_path"]) for r in plan["renames"]] == [(OLD, NEW)]
    assert plan["references"] == [
        {"path": USER, "cell_id": "cell-0", "line": 1, "before": f"%run {OLD}",
         "after": f"%run {NEW}"},
    ]  # fmt: skip
    assert plan["diff"][USER].startswith(f"--- a/{USER} (cell cell-0)\n")
    assert (root / OLD).is_file()
    status, done = await api("PATCH", f"notebooks/{OLD}", {"path": NEW})
    assert (status, done["path"], done["references"]) == (200, NEW, 1)
    assert first(user) == f"%run {NEW}"
    status, listed = await api("GET", "changes")
    assert [(c["id"], c["kind"], c["state"]) for c in listed["changes"]] == [
        (done["change"], "rename", "done")
    ]
    status, undone = await api("POST", f"changes/{done['change']}/undo")
    assert (status, undone["references"]) == (200, 1)
    assert [r["new_path"] for r in undone["plan"]["renames"]] == [OLD]
    assert first(user) == f"%run {OLD}"
    status, error = await api("POST", f"changes/{done['change']}/undo")
    assert (status, error["reason"]) == (409, "conflict")


async def test_references_can_be_left_alone(api: Api, root: Path, user: Path) -> None:
    status, done = await api("PATCH", f"notebooks/{OLD}", {"path": NEW, "references": False})
    assert (status, done["references"]) == (200, 0)
    assert first(user) == f"%run {OLD}"


async def test_a_rename_in_the_file_browser_is_on_record(
    api: Api, root: Path, user: Path, jp_fetch: Any
) -> None:
    subprocess.run(["git", "-C", str(root), "init", "-q"], check=True)
    subprocess.run(["git", "-C", str(root), "add", "--all"], check=True)
    await rename(jp_fetch, OLD, NEW)
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files"], check=True, capture_output=True, text=True
    )
    assert NEW in listed.stdout
    assert OLD not in listed.stdout
    assert first(user) == f"%run {OLD}"
    status, plan = await api("GET", f"notebooks/{NEW}/references", was=OLD)
    assert (status, plan["renames"]) == (200, [])
    assert [r["after"] for r in plan["references"]] == [f"%run {NEW}"]
    status, done = await api("POST", f"notebooks/{NEW}/references", {"was": OLD})
    assert (status, done["references"]) == (200, 1)
    assert first(user) == f"%run {NEW}"
    _, listed = await api("GET", "changes")
    kinds = [change["kind"] for change in listed["changes"]]
    assert kinds == ["references", "rename"]
    for change in listed["changes"]:
        status, _ = await api("POST", f"changes/{change['id']}/undo")
        assert status == 200
    assert first(user) == f"%run {OLD}"
    assert (root / OLD).is_file()


async def test_several_at_once(api: Api, root: Path, user: Path) -> None:
    swap = [{"path": OLD, "new_path": USER}, {"path": USER, "new_path": OLD}]
    status, planned = await api("POST", "renames", {"renames": swap, "dry_run": True})
    assert (status, planned["change"]) == (200, None)
    assert first(user) == f"%run {OLD}"
    status, done = await api("POST", "renames", {"renames": swap})
    assert status == 200
    assert first(root / OLD) == f"%run {USER}"
    assert done["change"]


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("PATCH", f"notebooks/{OLD}", {"path": USER, "dry_run": True}, 409),
        ("PATCH", f"notebooks/{OLD}", {"path": "bad.ipynb", "dry_run": True}, 422),
        ("PATCH", f"notebooks/{OLD}", {"pair": True, "dry_run": True}, 400),
        ("PATCH", "notebooks/gone.ipynb", {"path": NEW, "dry_run": True}, 404),
        ("PATCH", f"notebooks/{OLD}", {"path": f"../{NEW}"}, 403),
        ("POST", "renames", {"renames": [[OLD, NEW]]}, 400),
        ("POST", "renames", {}, 400),
        ("POST", f"notebooks/{OLD}/references", {}, 400),
        ("POST", f"notebooks/{OLD}/references", {"was": USER}, 409),
        ("POST", f"notebooks/{OLD}/references", {"was": "../x.ipynb"}, 403),
        ("POST", "changes/20260101-000000-abcd/undo", None, 404),
        ("GET", f"notebooks/{OLD}/references", None, 400),
    ],
)
async def test_bad_requests_change_nothing(
    api: Api, root: Path, user: Path, method: str, path: str, body: Any, code: int
) -> None:
    status, error = await api(method, path, body)
    assert status == code
    assert set(error) == {"message", "reason", "detail"}
    assert (root / OLD).is_file()
    assert first(user) == f"%run {OLD}"


async def test_clients_hear_of_renames_by_any_program(
    api: Api, extension: NbtrailExtension, root: Path, user: Path, jp_serverapp: ServerApp
) -> None:
    heard = Heard(jp_serverapp)
    await api("GET", "project")

    async def watched() -> bool:
        return extension._watcher is not None and bool(extension._watcher._renames)

    await until(watched)
    command = [sys.executable, "-m", "nbtrail.cli", "-C", str(root)]
    for arguments, old, new in ((["rename", OLD, NEW], OLD, NEW), (["undo"], NEW, OLD)):
        subprocess.run([*command, *arguments], check=True, capture_output=True)

        async def told(old: str = old, new: str = new) -> bool:
            return {"project": "", "what": "notebooks", "path": new, "was": old} in heard.of(
                events.PROJECT
            )

        await until(told)


async def test_a_notebook_that_continues_another(api: Api, root: Path) -> None:
    wanted = {"category": "deploy", "description": "Score it", "from": OLD}
    status, proposed = await api("GET", "notebooks/proposal", **wanted)
    assert (status, proposed) == (
        200,
        {"name": "DEPLOY-score-it.ipynb", "sequence": None, "path": "DEPLOY-score-it.ipynb",
         "problem": None},
    )  # fmt: skip
    status, made = await api("POST", "notebooks", wanted)
    assert (status, made["path"]) == (201, proposed["path"])
    cells = read_notebook(root / made["path"])["cells"]
    assert "".join(cells[0]["source"]) == (
        f"# Score it\n\nContinues `{OLD}`. It leaves:\n\n- `numbers.json`"
    )
    assert "".join(cells[1]["source"]) == 'numbers = "numbers.json"'
    _, one = await api("GET", f"notebooks/{made['path']}/status")
    assert one["continues"] == OLD
    _, taken = await api("GET", "notebooks/proposal", **wanted)
    assert "already" in taken["problem"]
    status, error = await api("GET", "notebooks/proposal", **{**wanted, "from": "../x.ipynb"})
    assert (status, error["reason"]) == (403, "outside-project")
    status, empty = await api("GET", "notebooks/proposal")
    assert (status, empty["name"]) == (200, None)


async def test_a_tab_that_is_open_while_another_program_renames_loses_nothing(
    api: Api, root: Path, user: Path, jp_fetch: Any
) -> None:
    """The tab's save makes the file anew: its edits are there, and so is the renamed notebook."""
    answer = await jp_fetch("api", "contents", OLD)
    model = json.loads(answer.body)
    with open_project(root) as opened:
        opened.rename_notebooks([(OLD, NEW)])
    renamed = (root / NEW).read_bytes()
    model["content"]["cells"][0]["source"] = "import edited"
    body = json.dumps({"type": "notebook", "format": "json", "content": model["content"]})
    saved = await jp_fetch("api", "contents", OLD, method="PUT", body=body)
    assert saved.code in (200, 201)
    assert first(root / OLD) == "import edited"
    assert (root / NEW).read_bytes() == renamed
