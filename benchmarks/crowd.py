"""Is anything lost or doubled when many kernels run cells at once?

Clients run cells in ``KERNELS`` kernels of one server at the same time, ``CELLS`` in all. Then the
record is checked against the kernels' own counters. One more kernel prints ``PRINTS`` flushed
lines, more than the websocket's limits let through: the record has to count all of them.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path

from round_trip import Client
from servers import Server, running
from tables import Table

from nbtrail import open_project

KERNELS, CELLS, PRINTS = 20, 10_000, 20_000


def measure(repeat: int) -> Table:
    """Once; more repetitions run more cells in each kernel."""
    each = CELLS // KERNELS * max(1, repeat // 5)
    with tempfile.TemporaryDirectory(prefix="nbtrail-bench-") as folder:
        home = Path(folder)
        (home / "nbtrail.toml").touch()
        with running(home, enabled=True) as server:
            begun = time.perf_counter()
            asyncio.run(_crowd(server, each))
            seconds = time.perf_counter() - begun
            _settle(home, each * KERNELS + 20 * KERNELS)
            asyncio.run(_flood(server))
            _settle(home, each * KERNELS + 20 * KERNELS + 21)
        counts, prints = _recorded(home)
    lost = each * KERNELS - len(counts)
    doubled = sum(count - 1 for count in counts.values())
    limits = []
    if lost or doubled:
        limits.append(f"{lost} executions lost, {doubled} doubled")
    if prints < PRINTS:
        limits.append(f"{PRINTS - prints} of {PRINTS} prints not counted")
    return Table(
        title=f"{KERNELS} kernels at once",
        command="execute_request through the kernels' websockets, and a cell of flushed prints",
        header=("executions", "lost", "doubled", "a second", "outputs counted"),
        rows=(
            (
                f"{each * KERNELS:,}",
                str(lost),
                str(doubled),
                f"{each * KERNELS / seconds:,.0f}",
                f"{prints:,} of {PRINTS:,}",
            ),
        ),
        limits=tuple(limits),
    )


async def _crowd(server: Server, each: int) -> None:
    clients = [await Client.connected(server, f"EXPLORATION-k{n}.ipynb") for n in range(KERNELS)]

    async def work(number: int, client: Client) -> None:
        for cell in range(each):
            await client.round_trip(f"'crowd {number} {cell}'")

    await asyncio.gather(*(work(number, client) for number, client in enumerate(clients)))


async def _flood(server: Server) -> None:
    client = await Client.connected(server, "EXPLORATION-flood.ipynb")
    await client.round_trip(f"for _ in range({PRINTS}): print('flood', flush=True)")


def _settle(home: Path, executions: int) -> None:
    """Wait until so many executions are on record, or nothing comes any more."""
    with open_project(home) as opened:
        last, still = -1, 0
        while last < executions and still < 20:
            newest = opened.newest_execution()
            still = still + 1 if newest == last else 0
            last = newest
            time.sleep(0.1)


def _recorded(home: Path) -> tuple[Counter[str], int]:
    """How often each cell is on record, and the messages of the flood."""
    from sqlalchemy import select

    from nbtrail.ledger.tables import executions

    with open_project(home) as opened, opened.store.read() as connection:
        rows = connection.execute(
            select(executions.c.source, executions.c.messages, executions.c.status)
        ).all()
    counts = Counter(r.source for r in rows if r.source.startswith("'crowd") and r.status == "ok")
    prints = max((r.messages for r in rows if "flood" in r.source), default=0)
    return counts, prints
