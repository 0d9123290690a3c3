"""Parts of this package that go into a recipe as they are."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from nbtrail.errors import NotFoundError

#: What notebooks import from nbtrail, with all that it needs: standard library apart, nothing.
_API = (
    "nbtrail",
    "nbtrail._version",
    "nbtrail.kernel_api",
    "nbtrail.notebooks",
    "nbtrail.notebooks.datasets",
)


def source_of(module: str) -> str:
    """The text of a module of nbtrail's.

    Raises
    ------
    NotFoundError
        When it was installed without its source.
    """
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise NotFoundError(f"{module} has no source here.", hint="Install nbtrail anew.")
    return Path(spec.origin).read_text(encoding="utf-8")


def api_sources() -> dict[str, str]:
    """Modules that stand in for nbtrail where it is not installed, by their POSIX paths."""
    found = {}
    for module in _API:
        spec = find_spec(module)
        is_package = spec is not None and spec.submodule_search_locations is not None
        place = module.replace(".", "/") + ("/__init__.py" if is_package else ".py")
        found[place] = source_of(module)
    return found
