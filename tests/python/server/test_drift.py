"""Outputs of another environment than the kernel's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nbtrail.app import open_project
from nbtrail.ledger import executions
from nbtrail.ledger.records import ExecutionEnd, ExecutionStart, KernelSession

from .conftest import Api, until
from .test_rest import CLEANING


async def test_outputs_of_another_environment_are_told_of(
    api: Api, root: Path, jp_fetch: Any
) -> None:
    older = {"packages": {"ipykernel": "0.1", "gone": "1.0"}, "python": {"version": "3.8.1"}}
    with open_project(root) as opened, opened.store.write() as connection:
        executions.open_session(connection, KernelSession("s", "k", "python3", "python", 1.0))
        executions.set_session_environment(connection, "s", older)
        for number in range(3):
            # The last is that of a cell which is gone: it counts for nothing.
            cell = f"cell-{number}" if number < 2 else "gone"
            start = ExecutionStart("s", str(number), CLEANING, cell, number, number, "1", 1.0)
            executions.start_execution(connection, start)
            executions.finish_execution(connection, ExecutionEnd("s", str(number), "ok", 0.1))

    async def status() -> Any:
        return (await api("GET", f"notebooks/{CLEANING}/status"))[1]

    assert (await status())["environment"] == "same"
    body = {"path": CLEANING, "type": "notebook", "name": "", "kernel": {"name": "python3"}}
    await jp_fetch("api", "sessions", method="POST", body=json.dumps(body))

    async def drifted() -> Any:
        found = await status()
        return found if found["environment"] == "drifted" else None

    found = await until(drifted)
    assert found["environment_why"].startswith(
        "Outputs come from another environment than the kernel's: ipykernel 0.1 → "
    )
