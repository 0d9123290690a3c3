"""The contents layer on a real Jupyter Server, with and without jupytext's own manager."""

from __future__ import annotations

import asyncio
import fcntl
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tornado.httpclient import HTTPClientError

from nbtrail.ledger import history
from nbtrail.ledger.pairs import get_base
from nbtrail.ledger.tables import kept
from nbtrail.notebooks.document import read_notebook, write_notebook
from nbtrail.pairing.sync import pair_state, sync
from nbtrail.policy.init import init_project
from nbtrail.policy.rules import check
from nbtrail.project import load_project
from nbtrail.server.contents import draft_gate, install
from nbtrail.server.projects import Projects

pytestmark = [
    # jupytext's extension has the loader's old name.
    pytest.mark.filterwarnings("ignore:A `_load_jupyter_server_extension`:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The synchronous ContentsManager:DeprecationWarning"),
]

NAME = "1-EXPLORATION-survival.ipynb"
SYNC = "jupyter_server.services.contents.largefilemanager.LargeFileManager"
SETUPS = ["plain", "jupytext", "jupytext later", "jupytext's class", "sync", "sync jupytext"]


def book(*sources: str) -> dict[str, Any]:
    cells = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": s, "execution_count": 1,
         "outputs": [{"output_type": "stream", "name": "stdout", "text": f"output {i}\n"}]}
        for i, s in enumerate(sources)
    ]  # fmt: skip
    metadata = {"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture(params=["plain"])
def setup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def jp_server_config(setup: str) -> dict[str, Any]:
    app: dict[str, Any] = {"jpserver_extensions": {}}
    if setup in ("jupytext", "sync jupytext"):
        app["jpserver_extensions"] = {"jupyterlab_jupytext": True}
    if setup == "jupytext's class":
        app["contents_manager_class"] = "jupytext.TextFileContentsManager"
    if setup.startswith("sync"):
        app["contents_manager_class"] = SYNC
    return {"ServerApp": app, "FileContentsManager": {"delete_to_trash": False}}


class Server:
    """A server on a project folder, and what a client does there."""

    def __init__(self, root: Path, fetch: Callable[..., Any], projects: Projects) -> None:
        self.root = root
        self.fetch = fetch
        self.projects = projects

    @property
    def twin(self) -> Path:
        return (self.root / NAME).with_suffix(".py")

    async def get(self, path: str = NAME) -> dict[str, Any]:
        answer = await self.fetch("api", "contents", path)
        return dict(json.loads(answer.body))

    async def put(self, content: dict[str, Any], path: str = NAME) -> None:
        body = json.dumps({"type": "notebook", "format": "json", "content": content})
        await self.fetch("api", "contents", path, method="PUT", body=body)

    async def post(self, folder: str = "", **body: str) -> str:
        answer = await self.fetch(
            "api", "contents", folder, method="POST", body=json.dumps(body)
        )  # fmt: skip
        return str(json.loads(answer.body)["path"])

    async def rename(self, old: str, new: str) -> None:
        await self.fetch(
            "api", "contents", old, method="PATCH", body=json.dumps({"path": new})
        )  # fmt: skip

    async def delete(self, path: str) -> None:
        await self.fetch("api", "contents", path, method="DELETE")

    async def refused(self, action: Any, status: int = 422) -> str:
        with pytest.raises(HTTPClientError) as refusal:
            await action
        assert refusal.value.code == status
        assert refusal.value.response is not None
        return str(json.loads(refusal.value.response.body)["message"])

    def state(self, path: str = NAME) -> str:
        opened = self.projects.for_path("")
        return pair_state(opened.project, opened.store_or_none(), path).state

    def kept(self, path: str) -> list[bytes]:
        store = self.projects.for_path("").store
        with store.read() as connection:
            rows = connection.execute(select(kept.c.sha256).where(kept.c.path == path)).scalars()
            return [store.blobs.get(digest) for digest in rows]


@pytest.fixture
def server(
    setup: str, jp_serverapp: Any, jp_root_dir: Path, jp_fetch: Callable[..., Any]
) -> Iterator[Server]:
    root = Path(jp_root_dir).resolve()
    init_project(root)
    projects = Projects(root)
    layers = install(jp_serverapp, projects)
    if setup == "jupytext later":
        from jupyterlab_jupytext import load_jupyter_server_extension

        load_jupyter_server_extension(jp_serverapp)
        layers += install(jp_serverapp, projects)
    assert install(jp_serverapp, projects) == []
    named = "ytext" in type(jp_serverapp.contents_manager).__name__
    assert named == ("jupytext" in setup)
    yield Server(root, jp_fetch, projects)
    for layer in layers:
        layer.remove()
    projects.close()


every_setup = pytest.mark.parametrize("setup", SETUPS, indirect=True)


@every_setup
async def test_a_saved_notebook_has_its_twin_and_both_stay_together(server: Server) -> None:
    await server.put(book("x = 1", "y = 2"))
    assert "# %%\nx = 1\n" in server.twin.read_text()
    assert "jupytext" not in server.twin.read_text()
    content = (await server.get())["content"]
    assert "jupytext" not in content["metadata"]
    content["cells"][0]["source"] = "x = 10"
    await server.put(content)
    assert "# %%\nx = 10\n" in server.twin.read_text()
    assert server.state() == "in-sync"


@every_setup
async def test_an_edit_in_an_editor_is_there_when_the_notebook_is_opened(server: Server) -> None:
    await server.put(book("x = 1", "y = 2"))
    server.twin.write_text(server.twin.read_text().replace("y = 2", "y = 20"))
    cells = (await server.get())["content"]["cells"]
    assert [cell["source"] for cell in cells] == ["x = 1", "y = 20"]
    assert [cell["id"] for cell in cells] == ["c0", "c1"]
    assert [cell["outputs"][0]["text"] for cell in cells] == ["output 0\n", "output 1\n"]
    assert server.state() == "in-sync"


@every_setup
async def test_an_edit_in_an_editor_while_lab_saves_is_merged_not_lost(server: Server) -> None:
    await server.put(book("x = 1", "y = 2"))
    content = (await server.get())["content"]
    edited = server.twin.read_text().replace("y = 2", "y = 20")
    server.twin.write_text(edited)
    content["cells"][0]["source"] = "x = 10"
    await server.put(content)
    assert server.twin.read_text() == edited
    content["cells"].append({**book("z = 3")["cells"][0], "id": "c9"})
    await server.put(content)
    assert server.twin.read_text() == edited
    cells = (await server.get())["content"]["cells"]
    assert [cell["source"] for cell in cells] == ["x = 10", "y = 20", "z = 3"]
    assert "x = 10" in server.twin.read_text()
    assert server.state() == "in-sync"


@every_setup
async def test_a_conflict_writes_nothing_and_opens_as_saved(server: Server) -> None:
    await server.put(book("x = 1"))
    server.twin.write_text(server.twin.read_text().replace("x = 1", "x = 20"))
    edited = server.twin.read_bytes()
    await server.put(book("x = 10"))
    saved = (server.root / NAME).read_bytes()
    cells = (await server.get())["content"]["cells"]
    assert cells[0]["source"] == "x = 10"
    assert (server.root / NAME).read_bytes() == saved
    assert server.twin.read_bytes() == edited
    assert server.state() == "conflict"
    for number in range(3):
        await server.put(book(f"x = 10{number}"))
    assert server.kept(NAME) == []
    (server.root / NAME).write_bytes(saved)
    await server.put(book("x = 11"))
    assert server.kept(NAME) == [saved]


@every_setup
async def test_a_rename_carries_twin_and_history(server: Server) -> None:
    await server.put(book("x = 1"))
    store = server.projects.for_path("").store
    with store.write() as connection:
        identity = history.notebook_id(connection, NAME)
    new = "2-CLEANING-ages.ipynb"
    await server.rename(NAME, new)
    assert not server.twin.exists()
    twin = server.root / "2-CLEANING-ages.py"
    twin.write_text(twin.read_text().replace("x = 1", "x = 2"))
    assert server.state(new) == "twin-changed"
    assert (await server.get(new))["content"]["cells"][0]["id"] == "c0"
    with store.read() as connection:
        assert history.find_notebook(connection, new) == identity


@every_setup
async def test_deleting_takes_the_twin_along_and_keeps_both(server: Server) -> None:
    await server.put(book("x = 1"))
    both = (server.root / NAME).read_bytes(), server.twin.read_bytes()
    await server.delete(NAME)
    assert not (server.root / NAME).exists()
    assert not server.twin.exists()
    assert server.kept(NAME) == [both[0]]
    assert server.kept(server.twin.name) == [both[1]]


@every_setup
async def test_bad_names_are_refused_with_the_fix_and_drafts_are_not(server: Server) -> None:
    message = await server.refused(server.put(book("x = 1"), "survival.ipynb"))
    assert "EXPLORATION" in message
    assert "NBT101" in message
    assert not (server.root / "survival.ipynb").exists()
    assert await server.post(type="notebook") == "Untitled.ipynb"
    await server.put(book("x = 1"), "Untitled.ipynb")
    assert not (server.root / "Untitled.py").exists()
    assert "NBT101" in await server.refused(server.rename("Untitled.ipynb", "survival.ipynb"))
    assert (server.root / "Untitled.ipynb").exists()
    (server.root / "words.txt").write_text("hello")
    assert "NBT101" in await server.refused(server.rename("words.txt", "words.ipynb"))
    assert (server.root / "words.txt").exists()
    await server.rename("Untitled.ipynb", NAME)
    assert "x = 1" in server.twin.read_text()
    copy = await server.post(copy_from=NAME)
    assert copy == "1-EXPLORATION-survival-Copy1.ipynb"
    assert server.state(copy) == "in-sync"
    (server.root / "scratch").mkdir()
    await server.put(book("x = 1"), "scratch/anything.ipynb")
    assert not (server.root / "scratch/anything.py").exists()


@every_setup
async def test_everything_else_passes_through_untouched(server: Server) -> None:
    (server.root / "notes.txt").write_text("hello")
    assert (await server.get("notes.txt"))["content"] == "hello"
    await server.rename("notes.txt", "words.txt")
    await server.delete("words.txt")
    assert not (server.root / "words.txt").exists()
    listing = await server.get("")
    assert listing["type"] == "directory"


@pytest.mark.parametrize("setup", ["jupytext", "jupytext's class"], indirect=True)
async def test_a_notebook_paired_by_jupytext_before_is_nbtrails_alone(server: Server) -> None:
    content = book("x = 1")
    content["metadata"]["jupytext"] = {"formats": "ipynb,py:light,md"}
    await server.put(content)
    assert (server.root / NAME).with_suffix(".md").exists() is False
    assert "# %%\nx = 1" in server.twin.read_text()
    server.twin.write_text(server.twin.read_text().replace("x = 1", "x = 2"))
    assert (await server.get())["content"]["cells"][0]["source"] == "x = 2"


@pytest.mark.parametrize("setup", ["jupytext"], indirect=True)
async def test_jupytext_still_serves_text_notebooks(server: Server) -> None:
    (server.root / "lesson.md").write_text("# Title\n\n```python\nx = 1\n```\n")
    answer = await server.fetch("api", "contents", "lesson.md", params={"type": "notebook"})
    cells = json.loads(answer.body)["content"]["cells"]
    assert [cell["cell_type"] for cell in cells] == ["markdown", "code"]


async def test_saving_what_exists_is_never_refused(server: Server) -> None:
    write_notebook(server.root / "survival.ipynb", book("x = 1"))
    await server.put(book("x = 2"), "survival.ipynb")
    assert "x = 2" in (server.root / "survival.py").read_text()


async def test_a_baseline_notebook_saves_although_its_file_went_away(
    jp_serverapp: Any, jp_root_dir: Path, jp_fetch: Callable[..., Any]
) -> None:
    root = Path(jp_root_dir).resolve()
    write_notebook(root / "old.ipynb", book("x = 1"))
    init_project(root, twins=False)
    projects = Projects(root)
    (layer,) = install(jp_serverapp, projects)
    server = Server(root, jp_fetch, projects)
    await server.get("old.ipynb")
    assert not (root / "old.py").exists()
    (root / "old.ipynb").unlink()
    await server.put(book("x = 2"), "old.ipynb")
    assert read_notebook(root / "old.ipynb")["cells"][0]["source"] == ["x = 2"]
    assert (root / "old.py").exists()
    layer.remove()
    projects.close()


async def test_nothing_happens_in_a_folder_that_was_not_adopted(
    jp_serverapp: Any, jp_root_dir: Path, jp_fetch: Callable[..., Any]
) -> None:
    root = Path(jp_root_dir).resolve()
    projects = Projects(root)
    (layer,) = install(jp_serverapp, projects)
    server = Server(root, jp_fetch, projects)
    await server.put(book("x = 1"), "survival.ipynb")
    await server.get("survival.ipynb")
    await server.rename("survival.ipynb", "other.ipynb")
    await server.delete("other.ipynb")
    assert [p.name for p in root.iterdir() if p.name != ".ipynb_checkpoints"] == []
    layer.remove()
    projects.close()


async def test_a_notebook_from_before_the_rules_moves_and_stays_excused(
    server: Server,
) -> None:
    (server.root / "nbtrail.toml").unlink()
    (server.root / ".nbtrail" / "baseline.json").unlink()
    for path in ("old stuff.ipynb", "sub/more.ipynb"):
        (server.root / path).parent.mkdir(exist_ok=True)
        write_notebook(server.root / path, book(f"name = {path!r}"))
    init_project(server.root, twins=False)
    (server.root / "d").mkdir()
    await server.rename("old stuff.ipynb", "d/old stuff.ipynb")
    await server.rename("sub", "sub2")
    moved = {"d/old stuff.ipynb", "sub2/more.ipynb"}
    found = check(load_project(server.root))
    assert {f.path for f in found} == moved
    assert {f.severity for f in found} == {"warning"}
    assert not list(server.root.rglob("*.py"))
    assert "category" in await server.refused(
        server.rename("d/old stuff.ipynb", "d/older stuff.ipynb")
    )


async def test_a_folder_renamed_or_a_file_moved_keeps_its_pairs(server: Server) -> None:
    (server.root / "first").mkdir()
    await server.put(book("x = 1"), f"first/{NAME}")
    store = server.projects.for_path("").store
    with store.write() as connection:
        identity = history.notebook_id(connection, f"first/{NAME}")
    await server.rename("first", "second")
    assert server.state(f"second/{NAME}") == "in-sync"
    with store.read() as connection:
        assert history.find_notebook(connection, f"second/{NAME}") == identity
        assert get_base(connection, f"second/{NAME}") is not None
    write_notebook(server.root / "bad.ipynb", book("x = 1"))
    await server.rename("bad.ipynb", "second/bad.ipynb")
    await server.rename(f"second/{NAME}", NAME)
    assert server.state() == "in-sync"
    assert server.twin.exists()


async def test_a_rename_onto_a_script_of_another_is_refused(server: Server) -> None:
    await server.put(book("x = 1"))
    (server.root / "2-CLEANING-ages.py").write_text("def helper(): ...\n")
    message = await server.refused(server.rename(NAME, "2-CLEANING-ages.ipynb"), 409)
    assert "2-CLEANING-ages.py" in message
    assert server.twin.exists()
    assert (server.root / "2-CLEANING-ages.py").read_text() == "def helper(): ...\n"


async def test_a_script_of_the_same_stem_survives_its_notebooks_deletion(server: Server) -> None:
    server.twin.write_text("def helper(): ...\n")
    write_notebook(server.root / NAME, book("x = 1"))
    await server.get()
    await server.delete(NAME)
    assert server.twin.read_text() == "def helper(): ...\n"


async def test_many_saves_and_opens_at_once_lose_nothing(server: Server) -> None:
    await server.put(book("x = 1", "y = 2"))
    server.twin.write_text(server.twin.read_text().replace("y = 2", "y = 20"))
    await asyncio.gather(
        *(server.put(book("x = 10", "y = 2")) for _ in range(4)),
        *(server.get() for _ in range(4)),
    )
    opened = (await server.get())["content"]["cells"]
    texts = [server.twin.read_text(), *(str(b.decode()) for b in server.kept(server.twin.name))]
    assert any("y = 20" in text for text in texts)
    assert opened[0]["source"] == "x = 10"
    assert server.state() == "in-sync"


@pytest.mark.parametrize("damage", [b"this is no database", b""])
async def test_lab_works_on_with_a_broken_ledger(server: Server, damage: bytes) -> None:
    server.projects.close()
    for part in (server.root / ".nbtrail").glob("trail.db*"):
        part.unlink()
    (server.root / ".nbtrail" / "trail.db").write_bytes(damage * 100)
    await server.put(book("x = 1"))
    assert (await server.get())["content"]["cells"][0]["source"] == "x = 1"
    await server.put(book("x = 2"))
    assert "x = 2" in server.twin.read_text()
    await server.rename(NAME, "2-CLEANING-ages.ipynb")
    assert (server.root / "2-CLEANING-ages.ipynb").exists()
    await server.delete("2-CLEANING-ages.ipynb")


@pytest.mark.parametrize("elsewhere", [True, False])
async def test_a_stale_tab_replaces_no_merged_edit_for_good(
    server: Server, elsewhere: bool
) -> None:  # fmt: skip
    await server.put(book("x = 1", "y = 2"))
    stale = (await server.get())["content"]
    server.twin.write_text(server.twin.read_text().replace("y = 2", "y = 20  # hours of work"))
    if elsewhere:
        project = load_project(server.root)
        assert sync(project, server.projects.for_path("").store, NAME).wrote_notebook
    else:
        await server.get()
    for number in range(3):
        stale["cells"][0]["source"] = f"x = {number}"
        await server.put(stale)
    kept = [b"hours of work" in data for data in server.kept(NAME)]
    assert kept == [False, True]


async def test_a_lock_that_is_never_given_back_holds_up_nobody_for_long(server: Server) -> None:
    other = "2-CLEANING-ages.ipynb"
    await server.put(book("x = 1"))
    await server.put(book("y = 1"), other)
    server.twin.write_text(server.twin.read_text().replace("x = 1", "x = 10"))
    with (server.root / ".nbtrail" / "pairs.lock").open("ab") as another:
        fcntl.flock(another, fcntl.LOCK_EX)
        stuck = [asyncio.create_task(server.get()) for _ in range(12)]
        stuck += [asyncio.create_task(server.put(book("y = 2"), other)) for _ in range(12)]
        await asyncio.wait(stuck, timeout=0.3)
        assert not any(task.done() for task in stuck)
        await server.put(book("a loose one"), "Untitled.ipynb")
        assert (await server.get("Untitled.ipynb"))["type"] == "notebook"
        assert not all(task.done() for task in stuck)
        for task in stuck[1:12] + stuck[13:]:
            task.cancel()
        await asyncio.wait_for(asyncio.gather(stuck[0], stuck[12]), 30)
    assert (await server.get(other))["content"]["cells"][0]["source"] == "y = 2"
    assert (await server.get())["content"]["cells"][0]["source"] == "x = 10"
    assert server.state() == server.state(other) == "in-sync"


async def test_a_failing_layer_never_fails_lab_and_says_so_once(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the roof fell in")

    for name in ("sync", "before_save", "after_save", "name_problem"):
        monkeypatch.setattr(f"nbtrail.server.follow.{name}", broken)
    for _ in range(3):
        await server.put(book("x = 1"))
        assert (await server.get())["content"]["cells"][0]["source"] == "x = 1"
    assert sum("left a get" in record.getMessage() for record in caplog.records) == 1


@pytest.mark.parametrize(
    "text", ["", "{", "<<<<<<< HEAD\n{}", '{"nbformat": 3, "worksheets": [], "metadata": {}}']
)
async def test_a_bad_notebook_fails_alone(server: Server, text: str) -> None:
    await server.put(book("x = 1"), "2-CLEANING-ages.ipynb")
    (server.root / NAME).write_text(text)
    if "nbformat" not in text:
        assert "NotJSON" in await server.refused(server.get(), 400) or text == ""
    assert (await server.get("2-CLEANING-ages.ipynb"))["type"] == "notebook"
    assert (server.root / NAME).read_text() == text
    assert not server.twin.exists()


@pytest.mark.parametrize("trusted", [True, False])
async def test_an_edit_of_the_twin_changes_nobodys_trust(
    server: Server, jp_serverapp: Any, trusted: bool
) -> None:
    content = book("x = 1", "y = 2")
    for cell in content["cells"]:
        html = {"text/html": "<script>alert(1)</script>"}
        cell["outputs"] = [{"output_type": "display_data", "data": html, "metadata": {}}]
    await server.put(content)
    if trusted:
        await jp_serverapp.contents_manager.trust_notebook(NAME)
    server.twin.write_text(server.twin.read_text().replace("y = 2", "y = 20"))
    cells = (await server.get())["content"]["cells"]
    assert cells[1]["source"] == "y = 20"
    assert [cell["metadata"]["trusted"] for cell in cells] == [trusted, trusted]


async def test_a_file_checked_out_under_an_open_notebook(server: Server) -> None:
    await server.put(book("x = 1"))
    older = (server.root / NAME).read_bytes(), server.twin.read_bytes()
    await server.put(book("x = 2"))
    (server.root / NAME).write_bytes(older[0])
    server.twin.write_bytes(older[1])
    assert (await server.get())["content"]["cells"][0]["source"] == "x = 1"
    assert server.state() == "in-sync"


async def test_the_gate_of_drafts(server: Server) -> None:
    await server.post(type="notebook")
    refusal = draft_gate(server.projects, "Untitled.ipynb")
    assert refusal is not None
    assert "name it" in refusal
    assert draft_gate(server.projects, NAME) is None
    (server.root / "nbtrail.toml").write_text('[policy]\ncategory = "warn"\n')
    assert draft_gate(server.projects, "Untitled.ipynb") is None


async def test_the_command_line_and_the_server_agree(server: Server) -> None:
    await server.put(book("x = 1"))
    server.twin.write_text(server.twin.read_text().replace("x = 1", "x = 2"))
    opened = server.projects.for_path("")
    sync(load_project(server.root), opened.store, NAME)
    before = (server.root / NAME).read_bytes()
    assert (await server.get())["content"]["cells"][0]["source"] == "x = 2"
    assert (server.root / NAME).read_bytes() == before


@pytest.mark.parametrize("setup", ["plain", "jupytext"], indirect=True)
async def test_autosave_of_a_run_notebook_never_touches_the_twin(server: Server) -> None:
    """jupytext#1648: every save rewrote the twin under an editor with unsaved edits."""
    content = book("x = 1", "y = 2")
    await server.put(content)
    before = server.twin.stat()
    for count in range(3):
        content["cells"][0]["execution_count"] = count
        content["cells"][0]["outputs"][0]["text"] = f"{count}\n"
        await server.put(content)
        assert (await server.get())["content"]["cells"][0]["outputs"][0]["text"] == f"{count}\n"
    after = server.twin.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("setup", ["plain", "jupytext"], indirect=True)
async def test_twin_and_notebook_saved_from_two_tabs_lose_nothing(server: Server) -> None:
    """jupytext#1648, the other way round: the twin is open in a tab of its own."""
    content = book("x = 1", "y = 2")
    await server.put(content)
    answer = await server.fetch("api", "contents", server.twin.name, params={"type": "file"})
    text = json.loads(answer.body)["content"].replace("y = 2", "y = 20")
    content["cells"][0]["source"] = "x = 10"
    body = json.dumps({"type": "file", "format": "text", "content": text})
    await server.fetch("api", "contents", server.twin.name, method="PUT", body=body)
    await server.put(content)
    cells = (await server.get())["content"]["cells"]
    assert [cell["source"] for cell in cells] == ["x = 10", "y = 20"]
    assert "x = 10" in server.twin.read_text()


async def test_an_upload_in_chunks_follows_the_rules(server: Server) -> None:
    data = json.dumps(book("x = 1"))

    async def upload(path: str) -> None:
        for chunk, part in ((1, data[:50]), (2, data[50:90]), (-1, data[90:])):
            model = {"type": "file", "format": "text", "chunk": chunk, "content": part}
            await server.fetch("api", "contents", path, method="PUT", body=json.dumps(model))

    await server.refused(upload("survival.ipynb"))
    assert not (server.root / "survival.ipynb").exists()
    await upload(NAME)
    assert "x = 1" in server.twin.read_text()
    assert server.state() == "in-sync"


async def test_a_twin_that_cannot_be_written_refuses_no_save(server: Server) -> None:
    server.twin.mkdir()
    for number in range(2):
        await server.put(book(f"x = {number}"))
        assert (await server.get())["content"]["cells"][0]["source"] == f"x = {number}"
    assert server.twin.is_dir()
    server.twin.rmdir()
    await server.put(book("x = 3"))
    assert "x = 3" in server.twin.read_text()
    assert server.state() == "in-sync"


async def test_a_link_out_of_the_project_is_left_to_the_server(server: Server) -> None:
    outside = server.root.parent / "outside.ipynb"
    write_notebook(outside, book("x = 1"))
    (server.root / NAME).symlink_to(outside)
    assert (await server.get())["type"] == "notebook"
    await server.put(book("x = 2"))
    assert not server.twin.exists()
    assert not outside.with_suffix(".py").exists()


@every_setup
async def test_a_folder_is_still_there_when_a_file_in_it_goes_away(
    server: Server, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = jp_serverapp.contents_manager
    lists = manager.should_list
    (server.root / "notes.txt").write_text("hello")
    gone = server.root / "gone.txt"
    gone.write_text("soon renamed")

    def goes_away(name: str) -> bool:
        if name == gone.name:
            gone.unlink()
        return bool(lists(name))

    monkeypatch.setattr(manager, "should_list", goes_away)
    names = [entry["name"] for entry in (await server.get(""))["content"]]
    assert "notes.txt" in names
    assert "gone.txt" not in names
    with pytest.raises(HTTPClientError) as refusal:
        await server.get("nowhere")
    assert refusal.value.code == 404
