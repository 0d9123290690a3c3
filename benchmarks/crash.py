"""What is on record when the server is killed at any moment?

A client runs short cells without a pause; after a random time the server is killed with
SIGKILL, as a power cut of the process would. Every execution that the client saw end more than
250 ms before has to be on record, and the ledger has to open without repair, each time.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from pathlib import Path

from round_trip import Client
from servers import Server, running
from tables import Table

from nbtrail import open_project

#: Seconds after its end when an execution must be on record.
GRACE = 0.25


def measure(repeat: int) -> Table:
    """Kill the server so many times, on one ledger that grows."""
    random.seed(1)
    due, lost = 0, 0
    with tempfile.TemporaryDirectory(prefix="nbtrail-bench-") as folder:
        home = Path(folder)
        (home / "nbtrail.toml").touch()
        for round_ in range(repeat):
            with running(home, enabled=True) as server:
                ended, killed = asyncio.run(_run_and_kill(server, round_))
            known = _recorded(home, round_)
            wanted = [code for code, moment in ended.items() if moment < killed - GRACE]
            due += len(wanted)
            lost += sum(code not in known for code in wanted)
    limits = (f"{lost} executions were lost",) if lost else ()
    return Table(
        title=f"The server killed {repeat} times",
        command="SIGKILL at a random moment while cells run",
        header=("executions that had to be on record", "lost"),
        rows=((f"{due:,}", str(lost)),),
        limits=limits,
    )


async def _run_and_kill(server: Server, round_: int) -> tuple[dict[str, float], float]:
    """Codes with the moments when they had ended, and the moment of the kill."""
    client = await Client.connected(server)
    ended: dict[str, float] = {}
    until = time.perf_counter() + random.uniform(0.3, 1.5)
    while time.perf_counter() < until:
        code = f"'{round_}-{len(ended)}'"
        await client.round_trip(code)
        ended[code] = time.perf_counter()
    killed = time.perf_counter()
    server.kill()
    return ended, killed


def _recorded(home: Path, round_: int) -> set[str]:
    """Codes of this round whose end is on record."""
    found: set[str] = set()
    cursor = None
    with open_project(home) as opened:
        while True:
            page, cursor = opened.log(limit=500, after=cursor)
            own = {e.source for e in page if e.source.startswith(f"'{round_}-")}
            found |= {e.source for e in page if e.source in own and e.status == "ok"}
            if cursor is None or not own:
                return found
