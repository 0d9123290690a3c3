"""Prints what the package and all its extras need, one requirement a line."""

from __future__ import annotations

import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:  # hatchling, which builds the package, brings it along
    import tomli as tomllib


def main() -> None:
    """Read ``pyproject.toml`` of this repository and print to stdout."""
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    wanted = set(project["dependencies"])
    for requirements in project["optional-dependencies"].values():
        wanted.update(requirements)
    print("\n".join(sorted(wanted)))


if __name__ == "__main__":
    main()
