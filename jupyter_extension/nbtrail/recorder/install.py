"""The request that puts the probe into a Python kernel."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

#: Comm id under which the probe publishes; no front end has a comm of that name.
COMM_ID = "nbtrail"
#: First frame of what the probe publishes.
PROBE_TOPIC = b"comm-nbtrail"
#: Name of the probe in ``sys.modules`` of a probed kernel.
MODULE = "_nbtrail_probe"

#: In the order in which they import each other; the package itself comes last.
_PARTS = (
    "environment", "tracker", "frames", "wrappers", "report", "native", "commands", "log",
    "snapshots", "spawning", "children", "hooks", "__init__",
)  # fmt: skip

_LOADER = """
import json, sys, types
try:
    if package not in sys.modules or not hasattr(sys.modules[package], 'install'):
        root = sys.modules[package] = types.ModuleType(package)
        root.__path__ = []
        for part, source in sources:
            name = package if part == '__init__' else package + '.' + part
            module = sys.modules.setdefault(name, types.ModuleType(name))
            module.__package__ = package
            code = compile(source, '<nbtrail ' + part + '>', 'exec', 0, True)
            exec(code, module.__dict__)
            setattr(root, part, module)
    if config is not None:
        source = {'package': package, 'sources': sources, 'loader': loader}
        sys.modules[package].install(json.loads(config), source)
except Exception:
    pass
"""


def install_code(
    root: str | None,
    metrics: Sequence[str] = (),
    ignored: Sequence[str] = (),
    *,
    note_files: bool = True,
) -> str:
    """Python code that installs the probe, to be sent as a silent ``execute_request``.

    Parameters
    ----------
    root
        Absolute path of the project's folder.
    metrics
        Glob patterns of the names of top-level numbers that count as metrics.
    ignored
        Absolute paths of folders whose files are not worth a record.
    note_files
        Whether opened files are noted.

    Notes
    -----
    It is one expression, so that no name of it appears among the user's. When it fails, the
    kernel goes on as if nothing had been sent, and its executions are recorded as unprobed.
    """
    config = {
        "root": root,
        "metrics": list(metrics),
        "ignored": list(ignored),
        "files": note_files,
    }
    names = {
        "package": MODULE,
        "sources": _sources(),
        "loader": _LOADER,
        "config": json.dumps(config),
    }
    return f"exec({_LOADER!r}, {names!r})"


def load_probe() -> tuple[Any, dict[str, Any]]:
    """Put the probe into this process without installing it.

    Gives its module, and what its ``install`` wants to know of where it came from.
    """
    source = {"package": MODULE, "sources": _sources(), "loader": _LOADER}
    exec(_LOADER, {**source, "config": None})
    return sys.modules[MODULE], source


@cache
def _sources() -> list[tuple[str, str]]:
    folder = files("nbtrail.recorder.probe")
    return [(part, folder.joinpath(f"{part}.py").read_text(encoding="utf-8")) for part in _PARTS]
