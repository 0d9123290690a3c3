"""nbtrail: notebooks with a name, a record, an order and a proof.

The names below are loaded when they are first used, so that ``import nbtrail`` costs a
notebook, a server and a command line next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbtrail._version import __version__
    from nbtrail.app import open_project
    from nbtrail.kernel_api import dataset, log_metric, log_param

__all__ = ["__version__", "dataset", "log_metric", "log_param", "open_project"]

_HOMES = {
    "__version__": "nbtrail._version",
    "open_project": "nbtrail.app",
    "dataset": "nbtrail.kernel_api",
    "log_metric": "nbtrail.kernel_api",
    "log_param": "nbtrail.kernel_api",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'nbtrail' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext nbtrail``: record this kernel although no server of nbtrail's sees it."""
    from nbtrail.recorder.hook import load

    load(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell JupyterLab where the built front end lies."""
    return [{"src": "labextension", "dest": "nbtrail"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Tell Jupyter Server which application to load."""
    from nbtrail.server.extension import NbtrailExtension

    return [{"module": "nbtrail.server.extension", "app": NbtrailExtension}]
