"""What all commands share: the options, the open project, and where text goes."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from nbtrail.app import OpenProject

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Settings:
    """The options that every command takes."""

    directory: str = "."
    as_json: bool = False
    quiet: bool = False

    def open(self) -> OpenProject:
        """The project that the command works on.

        Raises
        ------
        UsageError
            When the folder does not exist.
        ConfigError
            When its ``nbtrail.toml`` cannot be used.
        """
        opened = self.open_unchecked()
        if opened.config_error is not None:
            raise opened.config_error
        return opened

    def open_unchecked(self) -> OpenProject:
        """The project, even where its configuration is broken."""
        from nbtrail.app import open_project
        from nbtrail.errors import UsageError

        folder = Path(self.directory)
        if not folder.is_dir():
            raise UsageError(f"There is no folder {self.directory}.", hint="Check -C.")
        return open_project(folder, alone=True)

    def path(self, opened: OpenProject, text: str) -> str:
        """A path as typed, relative to where the user stands, as the project names it."""
        base = Path(self.directory)
        for candidate in (base / text, opened.project.root / text, Path(text)):
            if candidate.exists():
                return opened.project.relative(candidate.absolute())
        return opened.project.relative(text)

    def version(self, text: str) -> tuple[str, str | None]:
        """A path as typed, and the version behind it; see `nbtrail.history.versions`."""
        from nbtrail.history.versions import split_version

        return split_version(text, lambda path: (Path(self.directory) / path).exists())

    def new_path(self, opened: OpenProject, text: str) -> str:
        """A path that need not exist, as typed, relative to the project folder that was given."""
        return opened.project.relative(Path(self.directory).resolve() / text)

    def print_json(self, data: Any) -> None:
        """Machine-readable output: the only thing on stdout."""
        import msgspec

        try:
            text = msgspec.json.format(msgspec.json.encode(data), indent=2).decode()
        except UnicodeEncodeError:
            # Half of a character, which a notebook may hold, can be written as an escape only.
            import json

            text = json.dumps(msgspec.to_builtins(data), indent=2)
        sys.stdout.write(text + "\n")

    def say(self, text: str = "") -> None:
        """A line for people; nothing with ``-q``."""
        if not self.quiet:
            click.echo(text)

    def table(self, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
        """A table for people; nothing with ``-q``."""
        if self.quiet:
            return
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text.from_ansi(cell) for cell in row))
        # A pipe has no width to fit into: lines stay whole for whoever reads them.
        Console(width=None if sys.stdout.isatty() else 200).print(table)


def common(command: Command) -> Command:
    """Give a command ``-C``, ``--json`` and ``-q``, also behind the command's name."""

    @click.option("-C", "directory", metavar="DIR", help="Project folder.  [default: .]")
    @click.option("--json", "as_json", is_flag=True, help="Machine-readable output.")
    @click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
    @click.pass_context
    @functools.wraps(command)
    def wrapped(
        context: click.Context,
        /,
        *args: Any,
        directory: str | None,
        as_json: bool,
        quiet: bool,
        **kwargs: Any,
    ) -> Any:
        outer = context.obj if isinstance(context.obj, Settings) else Settings()
        settings = replace(
            outer,
            directory=directory if directory is not None else outer.directory,
            as_json=as_json or outer.as_json,
            quiet=quiet or outer.quiet,
        )
        context.obj = settings
        return command(settings, *args, **kwargs)

    return wrapped  # type: ignore[return-value]


def style(text: str, colour: str | None = None, *, bold: bool = False, dim: bool = False) -> str:
    """Coloured text; colours are dropped where the output is no terminal."""
    return click.style(text, fg=colour, bold=bold or None, dim=dim or None)


def seconds(value: float | None) -> str:
    """A duration as people read it."""
    if value is None:
        return ""
    return f"{value:.1f} s" if value < 60 else f"{int(value // 60)}:{int(value % 60):02d} min"


def number(value: float | None) -> str:
    """A metric with as many digits as tell something."""
    return "" if value is None else f"{value:.6g}"
