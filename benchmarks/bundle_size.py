"""How large is the front end that a browser loads?"""

from __future__ import annotations

import gzip
from pathlib import Path

from tables import Table

#: Largest sum of JavaScript files allowed, in bytes.
LIMIT = 700_000
STATIC = Path(__file__).parents[1] / "jupyter_extension/nbtrail/labextension/static"


def measure(repeat: int) -> Table:
    """Add up the built files; nothing here varies, so ``repeat`` plays no part."""
    files = sorted(STATIC.glob("*.js"), key=lambda file: -file.stat().st_size)
    sizes = [(file.name, file.read_bytes()) for file in files]
    rows = [(name, f"{len(data):,}", f"{len(gzip.compress(data)):,}") for name, data in sizes]
    total = sum(len(data) for _, data in sizes)
    packed = sum(len(gzip.compress(data)) for _, data in sizes)
    limits = []
    if total > LIMIT:
        limits.append(f"the front end has {total:,} bytes, more than {LIMIT:,}")
    if any(STATIC.glob("*.map")):
        limits.append("there are source maps: this is a development build (jlpm build:prod)")
    return Table(
        title="Size of the front end",
        command="jlpm build:prod",
        header=("file", "bytes", "gzip"),
        rows=(*rows, ("sum", f"{total:,}", f"{packed:,}")),
        limits=tuple(limits),
    )
