"""``hook``: recording kernels that no server of nbtrail's sees."""

from __future__ import annotations

import os
from pathlib import Path

import click

from nbtrail.cli.context import Settings, common
from nbtrail.errors import ConfigError, UsageError

_NAME = "10-nbtrail.py"
_LINE = """\
# Written by `nbtrail hook --install`; `nbtrail hook --remove` deletes it.
try:
    get_ipython().extension_manager.load_extension("nbtrail")
except Exception:
    pass  # nbtrail is not installed in this environment
"""


@click.command()
@click.option("--install", is_flag=True, help="Load nbtrail in every IPython kernel of yours.")
@click.option("--remove", is_flag=True, help="No longer.")
@common
def hook(settings: Settings, install: bool, remove: bool) -> None:
    """Record kernels that no Jupyter Server with nbtrail starts: VS Code, nbconvert, papermill.

    Writes one file into the startup folder of your IPython profile. Only kernels that have
    nbtrail installed and work in a project (nbtrail.toml) are recorded. For one notebook only,
    `%load_ext nbtrail` in its first cell does the same.

    \b
    Examples:
      nbtrail hook
      nbtrail hook --install
      nbtrail hook --remove
    """
    if install and remove:
        raise UsageError("Give --install or --remove, not both.")
    path = startup_file()
    try:
        if install:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_LINE, encoding="utf-8")
        elif remove:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be changed: {error.strerror}.", hint="Make the folder writable."
        ) from error
    there = path.exists()
    if settings.as_json:
        settings.print_json({"installed": there, "path": str(path)})
        return
    settings.say(f"{'installed' if there else 'not installed'}  {path}")


def startup_file() -> Path:
    """Where IPython looks for what it runs at the start of every kernel."""
    folder = os.environ.get("IPYTHONDIR") or os.path.join(os.path.expanduser("~"), ".ipython")
    return Path(folder) / "profile_default" / "startup" / _NAME
