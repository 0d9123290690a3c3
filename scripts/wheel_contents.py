"""Checks what a wheel holds: the front end as built for production, and nothing that is private.

Usage: python scripts/wheel_contents.py WHEEL
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path, PurePosixPath

#: Largest front end allowed, in bytes, without source maps.
BUNDLE_LIMIT = 700_000

NEEDED = (
    "nbtrail/__init__.py",
    "nbtrail/_version.py",
    "nbtrail/py.typed",
    "etc/jupyter/jupyter_server_config.d/nbtrail.json",
    "share/jupyter/labextensions/nbtrail/install.json",
    "share/jupyter/labextensions/nbtrail/package.json",
    "share/jupyter/labextensions/nbtrail/static/style.js",
)


def problems(wheel: Path) -> list[str]:
    """What is missing from, superfluous in or too large in a wheel, as sentences."""
    with zipfile.ZipFile(wheel) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist()}
    found = [f"{name} is missing" for name in NEEDED if not any(n.endswith(name) for n in sizes)]
    static = {n: size for n, size in sizes.items() if "/labextensions/nbtrail/static/" in n}
    if not any(PurePosixPath(name).name.startswith("remoteEntry.") for name in static):
        found.append("the front end's remoteEntry is missing")
    found += [f"{name} is a source map" for name in sizes if name.endswith(".map")]
    found += [
        f"{n} does not belong into a wheel" for n in sizes if n.startswith(("tests/", "src/"))
    ]
    total = sum(size for name, size in static.items() if name.endswith(".js"))
    if total > BUNDLE_LIMIT:
        found.append(f"the front end has {total:,} bytes, more than {BUNDLE_LIMIT:,}")
    print(f"{wheel.name}: {len(sizes)} files, front end {total:,} bytes")
    return found


def main(arguments: list[str]) -> int:
    """Print the problems of the wheel named; 1 if there are any."""
    found = problems(Path(arguments[0]))
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
