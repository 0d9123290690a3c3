"""``run``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from nbtrail.cli.context import Settings, common
from nbtrail.cli.pipeline import finish, follow
from nbtrail.errors import UsageError


@click.command()
@click.argument("notebooks", nargs=-1)
@click.option("--from", "start", metavar="NOTEBOOK", help="This step and those behind it.")
@click.option("--until", metavar="NOTEBOOK", help="This step and those before it.")
@click.option("--force", is_flag=True, help="Run also what is unchanged.")
@click.option(
    "--resume", is_flag=False, flag_value="", metavar="[RUN]",
    help="Go on with a run that failed, was cancelled or lost.  [default: the last one]",
)  # fmt: skip
@click.option("-p", "params", multiple=True, metavar="NAME=VALUE", help="Set a parameter.")
@click.option("-f", "file", metavar="FILE", help="Set the parameters of a YAML or JSON file.")
@click.option("--jobs", type=int, metavar="N", help="Run up to N independent steps at once.")
@click.option("--timeout", type=float, metavar="SECONDS", help="Time of one step; 0: no limit.")
@click.option("--memory", type=float, metavar="MB", help="Memory of one step; 0: no limit.")
@click.option("--retries", type=int, metavar="N", help="Try a step that fails N times more.")
@click.option(
    "--executor",
    type=click.Choice(["local", "dask"]),
    help="Where steps are executed.  [default: local, or as nbtrail.toml says]",
)
@click.option("--scheduler", metavar="URL", help="Address of Dask's scheduler.")
@click.option("--no-write", is_flag=True, help="Leave the notebooks as they are.")
@common
def run(settings: Settings, notebooks: tuple[str, ...], **options: Any) -> None:
    """Run the notebooks in order; only what is needed.

    \b
    Examples:
      nbtrail run
      nbtrail run --until EXPERIMENTAL-evaluation.ipynb --jobs 2
      nbtrail run --force -p seed=7
      nbtrail run --resume
      nbtrail run --executor dask --scheduler tcp://10.0.0.5:8786
    """
    limits = {
        "jobs": options["jobs"],
        "timeout": options["timeout"],
        "memory_mb": options["memory"],
        "retries": options["retries"],
        "executor": options["executor"],
        "scheduler": options["scheduler"],
    }
    with settings.open() as opened:

        def place(text: str | None) -> str | None:
            return None if text is None else settings.path(opened, text)

        if options["resume"] is not None:
            _refuse_beside_resume(notebooks, options)
            identity = opened.resume_run(options["resume"] or None, **limits)
        else:
            identity = opened.start_run(
                notebooks=tuple(settings.path(opened, n) for n in notebooks),
                start=place(options["start"]),
                until=place(options["until"]),
                force=options["force"],
                params=parameters(options["file"], options["params"]),
                write=not options["no_write"],
                **limits,
            )
        detail = follow(settings, opened, identity)
    finish(settings, detail)


def _refuse_beside_resume(notebooks: tuple[str, ...], options: dict[str, Any]) -> None:
    given = [f"--{name}" for name in ("from", "until", "force") if options.get(_FIELD[name])]
    given += [f"-{name[0]}" for name in ("params", "file") if options[name]]
    given += ["NOTEBOOK"] * bool(notebooks) + ["--no-write"] * options["no_write"]
    if given:
        raise UsageError(
            f"--resume does not go with {' and '.join(given)}.",
            hint="It takes steps and parameters from the run that it goes on with.",
        )


_FIELD = {"from": "start", "until": "until", "force": "force"}


def parameters(file: str | None, texts: tuple[str, ...]) -> dict[str, Any]:
    """Parameters of a file and of ``-p``, which wins."""
    found = {} if file is None else _parameters_of(Path(file))
    found.update(parameter(text) for text in texts)
    return found


def parameter(text: str) -> tuple[str, Any]:
    """``name=value``: the value is read as Python's literals, else taken as text."""
    import ast

    name, separator, value = text.partition("=")
    if not separator or not name.isidentifier():
        raise UsageError(f"-p {text:.60}: not of the form name=value.")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        # The last two: nested deeper than Python's parser goes.
        return name, value


def _parameters_of(file: Path) -> dict[str, Any]:
    import msgspec

    try:
        data = file.read_bytes()
        # JSON is YAML; its own reader says better what is wrong with it.
        decode = msgspec.json.decode if file.suffix.lower() == ".json" else msgspec.yaml.decode
        return decode(data, type=dict[str, Any])
    except OSError as error:
        raise UsageError(f"-f {file}: {error.strerror}.", hint="Check the path.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            f"-f {file}: {error}", hint="Write one `name: value` a line, or a JSON object."
        ) from None
