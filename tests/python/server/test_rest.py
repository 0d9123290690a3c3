"""The REST routes of a real server."""

from __future__ import annotations

import inspect
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError
from tornado.web import RequestHandler

from nbtrail.app import open_project
from nbtrail.ledger import executions, runs
from nbtrail.ledger.records import ExecutionEnd, ExecutionStart, KernelSession
from nbtrail.ledger.store import DATABASE_NAME
from nbtrail.masking import MASK
from nbtrail.notebooks.document import read_notebook, write_notebook
from nbtrail.server.extension import NbtrailExtension
from nbtrail.server.projects import Projects, strip_drive
from nbtrail.server.routes import handlers

from .conftest import Api, notebook, until

CLEANING = "CLEANING-make-numbers.ipynb"
EXPERIMENTAL = "EXPERIMENTAL-use-numbers.ipynb"


async def test_the_project(api: Api, root: Path) -> None:
    status, project = await api("GET", "project")
    assert status == 200
    assert project["adopted"] is True
    assert project["contents_root"] == ""
    assert project["store"] == {
        "ok": True, "message": None, "location": "project", "lost": 0,
    }  # fmt: skip
    assert project["categories"] == ["EXPLORATION", "CLEANING", "EXPERIMENTAL", "DEPLOY"]


async def test_the_nearest_project_of_a_path(api: Api, root: Path) -> None:
    inner = root / "sub" / "inner"
    inner.mkdir(parents=True)
    (inner / "nbtrail.toml").write_text('[project]\nname = "Inner"\n')
    write_notebook(inner / "CLEANING-inner-things.ipynb", notebook("1"))
    _, by_path = await api("GET", "project", path="RTC:sub/inner/CLEANING-inner-things.ipynb")
    _, by_folder = await api("GET", "project", project="sub/inner")
    assert (by_path["name"], by_path["contents_root"]) == ("Inner", "sub/inner")
    assert by_folder == by_path
    _, listed = await api("GET", "notebooks", project="sub/inner")
    assert [n["path"] for n in listed["notebooks"]] == ["CLEANING-inner-things.ipynb"]


async def test_notebooks_and_one_status(api: Api) -> None:
    status, listed = await api("GET", "notebooks")
    assert status == 200
    assert [(n["path"], n["category"], n["order"]) for n in listed["notebooks"]] == [
        (CLEANING, "CLEANING", "never-run"),
        (EXPERIMENTAL, "EXPERIMENTAL", "never-run"),
    ]
    status, one = await api("GET", f"notebooks/{CLEANING}/status")
    assert status == 200
    assert [c["state"] for c in one["cells"]] == ["never-run", "never-run"]
    assert one["environment"] == "unknown"
    assert one["proposal"] is None


async def test_a_notebook_is_made_renamed_and_moved_with_its_twin(api: Api, root: Path) -> None:
    status, made = await api(
        "POST", "notebooks", {"category": "deploy", "description": "Score things", "sequence": "9"}
    )
    assert (status, made["path"]) == (201, "9-DEPLOY-score-things.ipynb")
    assert (root / made["twin"]).is_file()
    status, again = await api(
        "POST", "notebooks", {"category": "deploy", "description": "Score things", "sequence": "9"}
    )
    assert (status, again["reason"]) == (409, "conflict")
    status, changed = await api("PATCH", f"notebooks/{made['path']}", {"category": "EXPERIMENTAL"})
    assert (status, changed["path"]) == (200, "9-EXPERIMENTAL-score-things.ipynb")
    assert (root / "9-EXPERIMENTAL-score-things.py").is_file()
    assert not (root / made["path"]).exists()
    assert not (root / made["twin"]).exists()
    body = {"category": "DEPLOY", "description": "go on", "from": changed["path"]}
    status, numbered = await api("POST", "notebooks", body)
    assert (status, numbered["path"]) == (201, "10-DEPLOY-go-on.ipynb")
    status, plain = await api("POST", "notebooks", {**body, "sequence": ""})
    assert (status, plain["path"]) == (201, "DEPLOY-go-on.ipynb")
    status, moved = await api("PATCH", f"notebooks/{changed['path']}", {"scratch": True})
    assert (status, moved["path"]) == (200, "scratch/9-EXPERIMENTAL-score-things.ipynb")
    assert (root / moved["path"]).is_file()


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        ({"category": "DEPLOY"}, 400, "usage"),
        ({"category": "NOPE", "description": "x y"}, 400, "usage"),
        ({"category": "DEPLOY", "description": "x", "folder": "../out"}, 403, "outside-project"),
        ({"category": "DEPLOY", "description": 3}, 400, "usage"),
        ([1], 400, "usage"),
    ],
)
async def test_bad_notebooks_are_not_made(api: Api, body: Any, code: int, reason: str) -> None:
    status, error = await api("POST", "notebooks", body)
    assert (status, error["reason"]) == (code, reason)
    assert set(error) == {"message", "reason", "detail"}
    assert error["message"]


async def test_a_bad_name_is_refused_with_its_finding(api: Api, root: Path) -> None:
    status, error = await api("PATCH", f"notebooks/{CLEANING}", {"path": "whatever.ipynb"})
    assert (status, error["reason"]) == (422, "policy")
    assert error["detail"]["findings"][0]["code"] == "NBT101"
    assert (root / CLEANING).is_file()


@pytest.mark.parametrize(
    ("method", "path", "params", "code"),
    [
        ("GET", "runs/nope", {}, 404),
        ("DELETE", "runs/nope", {}, 404),
        ("GET", "runs/nope/steps/0/notebook", {}, 404),
        ("GET", "environments/abcdef", {}, 404),
        ("GET", "notebooks/gone.ipynb/status", {}, 404),
        ("GET", "executions", {"limit": "0"}, 400),
        ("GET", "executions", {"limit": "x"}, 400),
        ("GET", "runs", {"after": "nope"}, 400),
        ("GET", "diff", {"a": "../x.ipynb"}, 403),
        ("GET", "diff", {"a": CLEANING}, 404),
        ("GET", "diff", {"a": f"{CLEANING}@nonsense"}, 400),
        ("GET", "diff", {}, 400),
        ("GET", "diff", {"a": CLEANING, "b": CLEANING, "pixels": "some"}, 400),
        ("GET", "search", {}, 400),
        ("GET", "search", {"q": "()"}, 400),
        ("GET", "project", {"project": "../.."}, 403),
        ("GET", "rules/NBT100", {}, 404),
        ("PUT", "runs", {}, 405),
    ],
)
async def test_every_error_has_one_shape(
    api: Api, method: str, path: str, params: dict[str, str], code: int
) -> None:
    body = {} if method == "PUT" else None
    status, error = await api(method, path, body, **params)
    assert status == code
    assert set(error) == {"message", "reason", "detail"}
    assert error["message"]


async def test_differences(api: Api, root: Path) -> None:
    status, diff = await api("GET", "diff", a=CLEANING, b=EXPERIMENTAL, pixels="all")
    assert status == 200
    assert diff["summary"]["modified"] + diff["summary"]["inserted"] >= 1
    assert {"a_outputs", "b_outputs"} <= set(diff["cells"][0])


async def test_findings_and_their_fix(api: Api, root: Path) -> None:
    status, found = await api("GET", "findings")
    assert status == 200
    assert {f["code"] for f in found["findings"]} == {"NBT301"}
    assert found["checked"] == 2
    status, mended = await api("POST", "findings/fix", {"path": CLEANING})
    assert status == 200
    assert [f["path"] for f in mended["fixed"]] == [CLEANING]
    assert (root / "CLEANING-make-numbers.py").is_file()


async def test_rules_and_the_page_of_one(api: Api) -> None:
    status, listed = await api("GET", "rules")
    assert status == 200
    codes = [rule["code"] for rule in listed["rules"]]
    assert codes == sorted(codes)
    assert "NBT101" in codes
    assert listed["rules"][0]["page"] is None
    status, one = await api("GET", "rules/category-missing")
    assert status == 200
    assert (one["code"], one["name"]) == ("NBT101", "category-missing")
    assert one["page"].startswith("# NBT101")


async def test_a_conflict_is_ended_by_a_choice(api: Api, root: Path) -> None:
    await api("POST", "findings/fix", {"path": CLEANING})
    twin = root / "CLEANING-make-numbers.py"
    mine = read_notebook(root / CLEANING)
    mine["cells"][1]["source"] = "mine = 1"
    write_notebook(root / CLEANING, mine)
    old = "json.dump([1, 2, 3], open('numbers.json', 'w'))"
    twin.write_text(twin.read_text().replace(old, "theirs"))
    _, status = await api("GET", f"notebooks/{CLEANING}/status")
    assert status["paired"] == "conflict"
    assert [(f["code"], f["fix"]["action"]) for f in status["findings"]] == [("NBT303", "resolve")]
    for wrong in ("mine", {"x": "mine"}, {"x": 1}, ["twin"], 1):
        code, error = await api("PATCH", f"notebooks/{CLEANING}", {"keep": wrong})
        assert (code, error["reason"]) == (400, "usage")
    code, _ = await api("PATCH", f"notebooks/{CLEANING}", {"keep": "twin"})
    assert code == 200
    assert read_notebook(root / CLEANING)["cells"][1]["source"] == ["theirs"]
    _, status = await api("GET", f"notebooks/{CLEANING}/status")
    assert status["paired"] == "in-sync"


async def test_a_conflict_is_ended_cell_by_cell(api: Api, root: Path) -> None:
    code, view = await api("GET", f"notebooks/{CLEANING}/conflict")
    assert (code, view["state"], view["cells"]) == (200, "none", [])
    await api("POST", "findings/fix", {"path": CLEANING})
    twin = root / "CLEANING-make-numbers.py"
    mine = read_notebook(root / CLEANING)
    mine["cells"][1]["source"] = "mine = 1"
    write_notebook(root / CLEANING, mine)
    old = "json.dump([1, 2, 3], open('numbers.json', 'w'))"
    twin.write_text(twin.read_text().replace(old, "theirs"))
    _, view = await api("GET", f"notebooks/{CLEANING}/conflict")
    assert (view["state"], view["keep"]) == ("conflict", ["notebook", "twin", "both"])
    (cell,) = view["cells"]
    assert (cell["base"], cell["notebook"], cell["twin"]) == (old, "mine = 1", "theirs")
    code, error = await api("PATCH", f"notebooks/{CLEANING}", {"keep": {"elsewhere": "twin"}})
    assert (code, error["detail"]) == (409, {"open": [cell["key"]]})
    code, _ = await api("PATCH", f"notebooks/{CLEANING}", {"keep": {cell["key"]: "both"}})
    assert code == 200
    sources = ["".join(c["source"]) for c in read_notebook(root / CLEANING)["cells"]]
    assert sources[1:3] == ["mine = 1", "theirs"]
    _, view = await api("GET", f"notebooks/{CLEANING}/conflict")
    assert view["state"] == "none"


async def test_files_that_are_no_notebooks_are_findings(api: Api, root: Path) -> None:
    (root / "CLEANING-empty-one.ipynb").write_text("")
    (root / "CLEANING-merge-markers.ipynb").write_text("<<<<<<< HEAD\n")
    (root / "CLEANING-old-format.ipynb").write_text('{"nbformat": 3, "worksheets": []}')
    _, found = await api("GET", "findings")
    codes = {f["path"]: f["code"] for f in found["findings"] if f["code"].startswith("NBT9")}
    assert codes == {
        "CLEANING-empty-one.ipynb": "NBT902",
        "CLEANING-merge-markers.ipynb": "NBT901",
        "CLEANING-old-format.ipynb": "NBT903",
    }
    _, listed = await api("GET", "notebooks")
    assert len(listed["notebooks"]) == 5
    _, graph = await api("GET", "graph")
    assert graph["order"] == [CLEANING, EXPERIMENTAL]
    status, error = await api("GET", "notebooks/CLEANING-empty-one.ipynb/status")
    assert (status, error["reason"]) == (422, "unreadable-notebook")


async def test_the_pipeline_runs_and_is_verified(
    api: Api, root: Path, extension: NbtrailExtension, jp_fetch: Any
) -> None:
    async def finished(run: str) -> Any:
        _, detail = await api("GET", f"runs/{run}")
        return detail if detail["status"] not in ("queued", "running") else None

    status, started = await api("POST", "runs", {"kind": "pipeline"})
    assert status == 202
    detail = await until(lambda: finished(started["run"]))
    assert (detail["status"], [s["status"] for s in detail["steps"]]) == ("ok", ["ran", "ran"])
    assert detail["metrics"] == {"total_score": 3.0}
    assert [f["path"] for f in detail["steps"][0]["outputs"]] == ["numbers.json"]

    _, copy = await api("GET", f"runs/{started['run']}/steps/1/notebook")
    assert copy["cells"][1]["execution_count"] == 2
    _, log = await api("GET", f"notebooks/{EXPERIMENTAL}/executions")
    assert [e["cell_id"] for e in log["executions"]] == ["cell-1", "cell-0"]
    assert {e["run"] for e in log["executions"]} == {started["run"]}
    assert log["executions"][0]["reads"][0]["path"] == "numbers.json"
    _, one = await api("GET", f"notebooks/{EXPERIMENTAL}/status")
    assert (one["order"], one["last_run"]) == ("linear", started["run"])
    _, environment = await api("GET", f"environments/{one['environment_id']}")
    assert environment["packages"]["ipykernel"]

    changed = read_notebook(root / EXPERIMENTAL)
    changed["cells"][1]["source"] = "total = 0\ntotal_score = 1.0"
    write_notebook(root / EXPERIMENTAL, changed)
    _, diff = await api("GET", "diff", a=EXPERIMENTAL)
    assert diff["summary"]["modified"] == 1
    _, verify = await api("POST", "runs", {"kind": "verify"})
    detail = await until(lambda: finished(verify["run"]))
    assert detail["verdict"] == "different"
    metric = next(d for d in detail["differences"] if d["kind"] == "metric")
    assert (metric["name"], metric["expected"], metric["actual"]) == ("total_score", 3.0, 1.0)
    place = f"runs/{verify['run']}/certificate"
    assert (await api("GET", place))[1]["first_difference"] == detail["differences"][0]
    answer = await jp_fetch("nbtrail/api", place, params={"format": "html"})
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert b"total_score" in answer.body
    assert (await api("GET", place, format="exe"))[0] == 400
    assert (await api("GET", f"runs/{started['run']}/certificate"))[0] == 400
    assert (await api("GET", "runs/..%2F..%2Fx/certificate"))[0] == 404
    status, wrong = await api("POST", "runs", {"kind": "verify", "repeat": "many"})
    assert (status, "1 to 100" in wrong["message"]) == (400, True)


async def test_a_damaged_ledger_is_said_and_the_rest_goes_on(root: Path, api: Api) -> None:
    (root / ".nbtrail").mkdir(exist_ok=True)
    (root / ".nbtrail" / DATABASE_NAME).write_bytes(b"no database" * 500)
    status, project = await api("GET", "project")
    assert status == 200
    assert project["store"]["ok"] is False
    assert "doctor --repair" in project["store"]["message"]
    for path in ("notebooks", "graph", "findings"):
        status, _ = await api("GET", path)
        assert status == 200, path
    status, error = await api("GET", "runs")
    assert (status, error["reason"]) == (409, "store")


async def test_a_broken_configuration_keeps_the_last_good_one(api: Api, root: Path) -> None:
    await api("GET", "project")
    (root / "nbtrail.toml").write_text("[polcy]\n")
    status, project = await api("GET", "project")
    assert status == 200
    assert "Did you mean policy" in project["config_error"]
    status, _ = await api("PATCH", f"notebooks/{CLEANING}", {"path": "whatever.ipynb"})
    assert status == 422


async def test_without_a_token_nothing_is_answered(
    extension: NbtrailExtension, http_server_client: Any, jp_base_url: str
) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await http_server_client.fetch(f"{jp_base_url}nbtrail/api/project")
    assert caught.value.code == 403


def test_every_route_is_guarded(tmp_path: Path) -> None:
    verbs = ("get", "post", "put", "patch", "delete")
    threads = ThreadPoolExecutor(1)
    for pattern, handler, _ in handlers(Projects(tmp_path), threads, lambda *_: None):
        for verb in verbs:
            method = getattr(handler, verb)
            if method is getattr(RequestHandler, verb):
                continue
            source = inspect.getsource(inspect.unwrap(method))
            assert getattr(method, "__allow_unauthenticated", False) is False, pattern
            assert hasattr(method, "__wrapped__"), f"{verb} {pattern} has no @route"
            assert source.lstrip().startswith("@route"), f"{verb} {pattern} has no @route"
    threads.shutdown()


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("RTC:a/b.ipynb", "a/b.ipynb"),
        ("a/b:c.ipynb", "a/b:c.ipynb"),
        ("Teil 1: a.ipynb", "Teil 1: a.ipynb"),
    ],
)
def test_drive_prefixes(path: str, plain: str) -> None:
    assert strip_drive(path) == plain


async def test_runs_are_tagged_and_noted(api: Api, root: Path) -> None:
    opened = open_project(root)
    with opened.store.write() as connection:
        for run in ("r1", "r2"):
            runs.create_run(connection, run, "pipeline", request={})
            runs.update_run(connection, run, status="ok")
    opened.close()
    status, run = await api("PATCH", "runs/r1", {"tag": "best", "note": "for the clinic"})
    assert (status, run["run"], run["tag"], run["note"]) == (200, "r1", "best", "for the clinic")
    _, run = await api("PATCH", "runs/best", {"note": "again", "append": True})
    assert (run["tag"], run["note"]) == ("best", "for the clinic\nagain")
    status, error = await api("PATCH", "runs/r2", {"tag": "best"})
    assert (status, error["reason"], error["detail"]["run"]) == (409, "conflict", "r1")
    status, run = await api("PATCH", "runs/r2", {"tag": "best", "move": True})
    assert (status, run["tag"]) == (200, "best")
    _, run = await api("GET", "runs/best")
    assert run["run"] == "r2"
    _, listed = await api("GET", "runs")
    assert [(r["run"], r["tag"]) for r in listed["runs"]] == [("r2", "best"), ("r1", None)]
    _, run = await api("PATCH", "runs/best", {"tag": None})
    assert run["tag"] is None
    for body in ({"tag": 3}, {"tag": "a b"}, {"name": "x"}):
        status, error = await api("PATCH", "runs/r1", body)
        assert (status, error["reason"]) == (400, "usage")


async def test_answers_from_the_record_hold_no_secrets(api: Api, root: Path) -> None:
    token = "hf_" + "aB3dE5gH7j" * 4
    opened = open_project(root)
    with opened.store.write() as connection:
        executions.open_session(connection, KernelSession("s", "k", "python3", "python", 1.0))
        start = ExecutionStart("s", "m", CLEANING, "c1", 1, 1, f"login('{token}')", 100.0)
        executions.start_execution(connection, start)
        executions.finish_execution(
            connection, ExecutionEnd("s", "m", "ok", 0.5, output=f"login as {token}")
        )
        runs.create_run(connection, "r1", "pipeline", request={}, params={"a": token})
        runs.update_run(connection, "r1", status="failed", message=f"login failed: {token}")
    opened.close()
    await api("PATCH", "runs/r1", {"note": f"login with {token}"})
    paths = (f"notebooks/{CLEANING}/executions", "executions", "runs", "runs/r1")
    answers = [await api("GET", path) for path in paths]
    answers.append(await api("GET", "search", q="login"))
    for _, found in answers:
        assert MASK in str(found)
        assert token not in str(found)


async def test_search(api: Api, root: Path) -> None:
    opened = open_project(root)
    with opened.store.write() as connection:
        executions.open_session(connection, KernelSession("s", "k", "python3", "python", 1.0))
        start = ExecutionStart("s", "m", CLEANING, "c1", 1, 1, "depths = [3, 5]", 100.0)
        executions.start_execution(connection, start)
        executions.finish_execution(connection, ExecutionEnd("s", "m", "ok", 0.5))
    opened.close()
    status, found = await api("GET", "search", q="depths")
    assert status == 200
    assert [(hit["kind"], hit["where"]) for hit in found["hits"]] == [("source", CLEANING)]
    assert found["next"] is None


async def test_exports_are_given_and_not_written(api: Api, root: Path) -> None:
    before = sorted(root.rglob("*.sh"))
    status, script = await api("GET", "exports/script")
    assert (status, [file["path"] for file in script["files"]]) == (200, ["run_pipeline.sh"])
    assert EXPERIMENTAL in script["files"][0]["text"]
    assert sorted(root.rglob("*.sh")) == before
    status, refused = await api("GET", "exports/docker")
    assert (status, refused["reason"]) == (404, "not-found")
    assert (await api("GET", "exports/nonsense"))[0] == 400
