"""The command line. Commands are imported when they are called, so that ``--help`` is quick."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from nbtrail.cli.context import Settings, common
from nbtrail.errors import NbtrailError

_COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("project", "Make this folder a project: rules, twins, ignore lines."),
    "adopt": ("adopt", "Propose names and an order for notebooks as they were found."),
    "new": ("project", "Make a named, paired notebook."),
    "rename": ("renames", "Rename a notebook with all that belongs to it."),
    "undo": ("renames", "Take a rename back."),
    "split": ("split", "Make two notebooks of one that is too long."),
    "check": ("check", "What breaks a rule, and how to mend it."),
    "rules": ("check", "All rules; one of them explained."),
    "resolve": ("pairs", "End a conflict between a notebook and its twin."),
    "status": ("project", "What of each notebook is fresh, stale, out of order."),
    "hook": ("hook", "Record kernels that no Jupyter Server with nbtrail starts."),
    "doctor": ("project", "What is installed, where the store is, what is broken."),
    "graph": ("pipeline", "The pipeline, inferred from what notebooks read and write."),
    "run": ("run", "Run the notebooks in order; only what is needed."),
    "verify": ("verify", "Prove that the results come out again."),
    "certificate": ("verify", "What a verify has proved, as a file for others."),
    "runs": ("record", "Runs so far, newest first."),
    "show": ("record", "One run: steps, files, metrics, environment."),
    "tag": ("record", "Give a run a name that serves wherever its id does."),
    "note": ("record", "Note of a run what it is for, or why it failed."),
    "compare": ("history", "Runs side by side, and what explains a changed metric."),
    "timeline": ("history", "What happened to a notebook, in words, newest first."),
    "restore": ("history", "Put a notebook or a cell back as it was; undoable."),
    "log": ("record", "Every execution on record, newest first."),
    "search": ("record", "Find code, outputs, errors, metrics, files, models and runs."),
    "gc": ("record", "Remove what is older or more than nbtrail.toml says."),
    "env": ("environment", "The environment that something ran in, and making it again."),
    "export": ("export", "What others need to run the project without nbtrail."),
    "diff": ("difference", "What changed between two versions of a notebook."),
}
#: What git calls; nobody types them.
_CALLED_BY_GIT = {"git-text": "drivers", "git-merge": "drivers"}


class _Commands(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = _CALLED_BY_GIT.get(cmd_name) or _COMMANDS.get(cmd_name, ("",))[0]
        if not place:
            return None
        module = import_module(f"nbtrail.cli.{place}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = args and (args[0] in _COMMANDS or args[0] in _CALLED_BY_GIT)
        if args and not known and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Examples:  nbtrail init    nbtrail graph    nbtrail run    nbtrail verify",
)
@click.version_option(package_name="nbtrail", prog_name="nbtrail")
@common
def program(settings: Settings) -> None:
    """Notebooks with a name, a record, an order and a proof."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; always ends with ``SystemExit``."""
    try:
        sys.exit(program.main(arguments, prog_name="nbtrail", standalone_mode=False) or 0)
    except NbtrailError as error:
        click.echo(f"nbtrail: {error}", err=True)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        help_hint = f" Try: {context.command_path} --help" if context is not None else ""
        click.echo(f"nbtrail: {error.format_message()}{help_hint}", err=True)
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        # The reader has gone (a pager that was quit): nothing is left to say.
        sys.stderr.close()
        sys.exit(0)
