"""Timelines, versions and restoring over REST, with saves through the Contents API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nbtrail.notebooks.document import read_notebook
from nbtrail.server.extension import NbtrailExtension

from .conftest import Api, notebook, until

NAME = "EXPERIMENTAL-use-numbers.ipynb"
BELOW = f"notebooks/{NAME}"


@pytest.fixture
def save(extension: NbtrailExtension, jp_fetch: Any) -> Any:
    """Save through the server and wait for the snapshot; gives the newest version."""

    async def write(*sources: str) -> None:
        body = json.dumps({"type": "notebook", "content": notebook(*sources)})
        await jp_fetch("api", "contents", NAME, method="PUT", body=body)

    return write


async def newest(api: Api, what: str) -> dict[str, Any]:
    async def look() -> Any:
        _, found = await api("GET", f"{BELOW}/versions")
        first = found.get("versions") or [{"what": ""}]
        return first[0] if what in first[0]["what"] else None

    entry: dict[str, Any] = await until(look)
    return entry


async def test_saves_make_a_timeline(api: Api, save: Any) -> None:
    await save("depth = 1", "b")
    first = await newest(api, "2 cells")
    await save("depth = 2", "b")
    second = await newest(api, "cell 1: depth 1 → 2")
    assert (second["kind"], second["cell_ids"], second["path"]) == ("save", ["cell-0"], NAME)
    status, found = await api("GET", f"{BELOW}/versions/{first['version']}")
    assert status == 200
    assert found["notebook"]["cells"][0]["source"] == ["depth = 1"]
    _, cells = await api("GET", f"{BELOW}/cells/cell-0/versions")
    assert [v["cell"]["source"] for v in cells["versions"]] == [["depth = 2"], ["depth = 1"]]
    _, page = await api("GET", f"{BELOW}/versions", limit="1")
    _, rest = await api("GET", f"{BELOW}/versions", after=page["next"])
    assert page["versions"] + rest["versions"] == [second, first]


async def test_a_restore_is_undone_by_what_it_answers(
    api: Api, save: Any, root: Path, jp_fetch: Any
) -> None:
    await save("depth = 1")
    old = await newest(api, "1 cell")
    await save("depth = 2")
    await newest(api, "depth 1 → 2")
    status, done = await api("POST", f"{BELOW}/restore", {"version": old["version"]})
    assert status == 200
    assert (done["changed"], done["open"], done["path"]) == (True, False, NAME)
    assert read_notebook(root / NAME)["cells"][0]["source"] == ["depth = 1"]
    served = json.loads((await jp_fetch("api", "contents", NAME)).body)
    assert served["content"]["cells"][0]["source"] == "depth = 1"
    await api("POST", f"{BELOW}/restore", {"version": done["undo"]["version"]})
    assert read_notebook(root / NAME)["cells"][0]["source"] == ["depth = 2"]


async def test_what_is_on_screen_is_compared(api: Api, save: Any) -> None:
    await save("depth = 1")
    body = {"a": f"{NAME}@saved", "b": f"{NAME}@working", "working": notebook("depth = 2")}
    status, found = await api("POST", "diff", body)
    assert status == 200
    assert found["summary"]["modified"] == 1
    status, refused = await api("POST", "diff", {"a": NAME, "working": "no"})
    assert (status, refused["reason"]) == (400, "usage")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", f"{BELOW}/versions/snap:0", None, 404),
        ("GET", f"{BELOW}/versions/nothing", None, 400),
        ("GET", f"{BELOW}/versions/git:--help", None, 400),
        ("POST", "diff", {"a": "../x.ipynb", "working": {"cells": []}}, 403),
        ("GET", "notebooks/nothing.ipynb/versions", None, 404),
        ("POST", f"{BELOW}/restore", {}, 400),
        ("POST", f"{BELOW}/restore", {"version": "saved", "to": "../x.ipynb"}, 403),
        ("POST", f"{BELOW}/restore", {"version": "saved", "to": "bad.ipynb"}, 422),
        ("POST", f"{BELOW}/restore", {"version": "saved", "cell": "nothing"}, 404),
    ],
)
async def test_bad_requests(api: Api, method: str, path: str, body: Any, status: int) -> None:
    found, answer = await api(method, path, body)
    assert found == status
    assert set(answer) == {"message", "reason", "detail"}
