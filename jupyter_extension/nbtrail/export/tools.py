"""What runs notebooks, for environments that have none of it: nbconvert with all it needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import metadata

#: What executes notebooks in a recipe, and the kernel that it starts.
TOOLS = ("nbconvert", "ipykernel")


def tools_beside(present: Iterable[str], python: str) -> tuple[str, ...]:
    """Requirements of what is missing to run notebooks beside the distributions ``present``.

    With the versions that are installed here, sorted by name; without one where that version
    does not serve the ``python`` asked for (``3.11``), or is not known.
    """
    known = {normalised(name) for name in present}
    if known.issuperset(TOOLS):
        return ()
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    pending = [(name, "") for name in TOOLS]
    while pending:
        name, extra = pending.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            found[name] = name
            continue
        fits = _fits(distribution.metadata["Requires-Python"], python)
        found[name] = f"{name}=={distribution.version}" if fits else name
        pending += _needs(distribution, extra, python)
    # What is on record stays as it is; what it needs is on record, too, or was not needed.
    return tuple(found[name] for name in sorted(found.keys() - known))


def normalised(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _fits(wanted: str | None, python: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        # Of a minor version the last one: `>=3.9.2` holds in any image of 3.9 of today.
        return not wanted or not python or SpecifierSet(wanted).contains(f"{python}.99")
    except InvalidSpecifier:
        return True


def _needs(
    distribution: metadata.Distribution, extra: str, python: str
) -> Iterator[tuple[str, str]]:
    """Names of what a distribution needs, each with every extra that is asked of it, and none."""
    from packaging.requirements import InvalidRequirement, Requirement

    # An image of Linux, whatever this machine is.
    around = {"extra": extra, "sys_platform": "linux", "platform_system": "Linux"}
    if python:
        around |= {"python_version": python, "python_full_version": f"{python}.0"}
    for text in distribution.requires or ():
        try:
            needed = Requirement(text)
        except InvalidRequirement:
            continue
        if needed.marker is None or needed.marker.evaluate(around):
            for asked in ("", *sorted(needed.extras)):
                yield normalised(needed.name), asked
