"""What the panel is told without asking."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jupyter_server.serverapp import ServerApp

from nbtrail.notebooks.document import read_notebook
from nbtrail.server import events

from .conftest import Api, notebook, until

CLEANING = "CLEANING-make-numbers.ipynb"


class Heard:
    """Collects nbtrail's events."""

    def __init__(self, serverapp: ServerApp) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        logger = serverapp.event_logger
        assert logger is not None
        for schema in (events.EXECUTION, events.RUN, events.PROJECT):
            logger.add_listener(schema_id=schema, listener=self._hear)

    async def _hear(self, logger: Any, schema_id: str, data: dict[str, Any]) -> None:
        self.events.append((schema_id, data))

    def of(self, schema: str) -> list[dict[str, Any]]:
        return [data for heard, data in self.events if heard == schema]


async def test_a_run_in_another_process_is_told(
    api: Api, jp_serverapp: ServerApp, root: Path
) -> None:
    heard = Heard(jp_serverapp)
    await api("GET", "project")
    _, started = await api("POST", "runs", {"kind": "pipeline"})

    async def over() -> bool:
        ended = any(e["status"] == "ok" for e in heard.of(events.RUN))
        return ended and any(e["what"] == "graph" for e in heard.of(events.PROJECT))

    await until(over)
    runs = heard.of(events.RUN)
    assert {e["run"] for e in runs} == {started["run"]}
    assert [e["steps_done"] for e in runs] == sorted(e["steps_done"] for e in runs)
    assert runs[-1]["steps_done"] == runs[-1]["steps_total"] == 2
    executions = heard.of(events.EXECUTION)
    assert {e["notebook"] for e in executions} == {CLEANING, "EXPERIMENTAL-use-numbers.ipynb"}
    assert executions[-1]["status"] == "ok"
    assert all(e["project"] == "" for e in executions)


async def test_a_save_is_told(api: Api, jp_serverapp: ServerApp, root: Path, jp_fetch: Any) -> None:
    heard = Heard(jp_serverapp)
    await api("GET", "project")
    changed = read_notebook(root / CLEANING)
    changed["cells"] = notebook("x = 2")["cells"]
    body = json.dumps({"type": "notebook", "format": "json", "content": changed})
    await jp_fetch("api", "contents", CLEANING, method="PUT", body=body)

    async def told() -> bool:
        return any(e["path"] == CLEANING for e in heard.of(events.PROJECT))

    await until(told)
    assert (root / "CLEANING-make-numbers.py").is_file()


async def test_a_notebook_made_by_another_client_is_told(api: Api, jp_serverapp: ServerApp) -> None:
    heard = Heard(jp_serverapp)
    _, made = await api("POST", "notebooks", {"category": "DEPLOY", "description": "score"})

    async def told() -> bool:
        return any(e["path"] == made["path"] for e in heard.of(events.PROJECT))

    await until(told)


async def test_a_draft_named_in_the_lab_gets_its_twin(api: Api, jp_fetch: Any, root: Path) -> None:
    response = await jp_fetch(
        "api", "contents", method="POST", body=json.dumps({"type": "notebook"})
    )
    draft = json.loads(response.body)["path"]
    assert draft == "Untitled.ipynb"
    named = "EXPLORATION-first-look.ipynb"
    await jp_fetch("api", "contents", draft, method="PATCH", body=json.dumps({"path": named}))
    _, status = await api("GET", f"notebooks/{named}/status")
    assert (status["paired"], status["findings"]) == ("in-sync", [])
    assert (root / "EXPLORATION-first-look.py").is_file()
