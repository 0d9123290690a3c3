"""Does recording slow down cells that say much?

Cells that print many lines or show many things run on the stock server and on one that records,
in turns; the client takes everything, for the servers' limits are set beyond reach. With the
limits as they are, 20,000 flushed prints are counted: what the client got, and what is on record.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
from pathlib import Path

from round_trip import Client
from servers import running
from sqlalchemy import select
from tables import Table

from nbtrail import open_project
from nbtrail.ledger import tables as t

#: Of the stock server's throughput.
LIMIT = 0.97
CELLS = {
    "20,000 lines": "for n in range(20_000): print(n)",
    "2,000 displays": "for n in range(2_000): display(n)",
    "200 displays of 100 kB": (
        "for n in range(200): display({'text/plain': 'x' * 100_000}, raw=True)"
    ),
}
FLUSHED = "import sys\nfor n in range(20_000): sys.stdout.write(f'{n}\\n'); sys.stdout.flush()"
_UNLIMITED = tuple(
    f"--ZMQChannelsWebsocketConnection.iopub_{what}_rate_limit=1e12" for what in ("msg", "data")
)


def measure(repeat: int) -> Table:
    """Run the cells on two servers in turns, and the flushed prints on a third."""
    return asyncio.run(_measure(repeat))


async def _measure(repeat: int) -> Table:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nbtrail-bench-")))
        clients = []
        for recorded in (False, True):
            home = folder / f"recorded-{recorded}"
            home.mkdir()
            (home / "nbtrail.toml").touch()
            server = stack.enter_context(running(home, enabled=recorded, options=_UNLIMITED))
            clients.append(await Client.connected(server))
        rows, limits = [], []
        for title, code in CELLS.items():
            times: tuple[list[float], list[float]] = ([], [])
            for turn in range(repeat + 1):
                for n in (0, 1) if turn % 2 else (1, 0):
                    seconds = await clients[n].round_trip(code)
                    if turn:
                        times[n].append(seconds)
            stock, ours = map(statistics.median, times)
            rows.append((title, f"{stock:.3f} s", f"{ours:.3f} s", f"{stock / ours:.2f}"))
            if stock / ours < LIMIT:
                limits.append(f"{title}: {stock / ours:.2f} of the stock server's throughput")
        got, counted = await _flushed(stack, folder / "flushed")
    rows.append(("20,000 flushed prints", f"{got:,} got", f"{counted:,} on record", ""))
    if counted != 20_000:
        limits.append(f"of 20,000 flushed prints {counted:,} are on record")
    return Table(
        title="Cells that say much",
        command="make bench ONLY=throughput",
        header=("cell", "stock server", "nbtrail records", "throughput"),
        rows=tuple(rows),
        limits=tuple(limits),
    )


async def _flushed(stack: contextlib.ExitStack, home: Path) -> tuple[int, int]:
    """Lines that a client got, and messages on record, with the server's own limits."""
    home.mkdir()
    (home / "nbtrail.toml").touch()
    server = stack.enter_context(running(home, enabled=True))
    client = await Client.connected(server)
    heard = await client.lines(FLUSHED)
    with open_project(home) as opened:
        newest = 0
        while not newest:
            with opened.store.read() as connection:
                query = select(t.executions.c.messages).where(
                    t.executions.c.source == FLUSHED, t.executions.c.status == "ok"
                )
                newest = connection.execute(query).scalar() or 0
    return heard, newest
