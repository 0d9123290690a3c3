"""Where a notebook's twin lies and in which of jupytext's formats it is written."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import msgspec

from nbtrail.config import Level
from nbtrail.errors import ConfigError
from nbtrail.notebooks.names import is_draft
from nbtrail.project import Project

#: File name extensions of scripts by language, as jupytext knows them.
SCRIPT_EXTENSIONS = {
    "python": "py", "r": "R", "julia": "jl", "bash": "sh", "shell": "sh", "sh": "sh",
    "powershell": "ps1", "javascript": "js", "typescript": "ts", "scala": "scala",
    "rust": "rs", "c++": "cpp", "csharp": "cs", "c#": "cs", "fsharp": "fsx", "f#": "fsx",
    "clojure": "clj", "scheme": "scm", "matlab": "m", "octave": "m", "java": "java",
    "groovy": "groovy", "go": "go", "haskell": "hs", "ocaml": "ml", "lua": "lua",
    "stata": "do", "sas": "sas", "tcl": "tcl", "maxima": "mac", "gnuplot": "gp",
    "sage": "sage", "coconut": "coco", "idl": "pro", "robotframework": "robot", "xonsh": "xsh",
}  # fmt: skip

#: Formats of texts by extension, and of scripts: those that tell cells apart when read back.
_TEXT_FORMATS = {
    "md": ("markdown", "myst"), "markdown": ("markdown",), "Rmd": ("rmarkdown",),
    "qmd": ("quarto",), "myst": ("myst",),
}  # fmt: skip
_SCRIPT_FORMATS = ("percent", "light", "hydrogen")
_SCRIPTS = frozenset(SCRIPT_EXTENSIONS.values()) | {"auto"}
_SHAPE = re.compile(r"^(?P<extension>[A-Za-z0-9]+)(?::(?P<name>[a-z]+))?$")


class TwinFormat(msgspec.Struct, frozen=True):
    """Extension without its dot, and jupytext's name of the format (may be empty)."""

    extension: str
    name: str

    def as_jupytext(self) -> dict[str, str]:
        """The long form that jupytext takes."""
        form = {"extension": f".{self.extension}"}
        if self.name:
            form["format_name"] = self.name
        return form


def twin_format(configured: str, language: str = "python") -> TwinFormat:
    """The twin's format for a notebook in ``language``.

    ``py:percent`` and ``auto:percent`` name the format; scripts of other languages take that
    language's extension, and MyST Markdown where jupytext knows no script of the language.

    Raises
    ------
    ConfigError
        When ``[pairing] format`` is none that a twin can be written in.
    """
    match = _SHAPE.match(configured.strip())
    if match is None:
        raise _no_format(configured, 'Use jupytext\'s short form, such as "py:percent" or "md".')
    extension, name = match["extension"], match["name"] or ""
    names = _SCRIPT_FORMATS if extension in _SCRIPTS else _TEXT_FORMATS.get(extension)
    if names is None:
        raise _no_format(configured, 'Use "auto:percent", "md" or the extension of a script.')
    if name and name not in names:
        raise _no_format(configured, f"For .{extension} there is {' and '.join(names)}.")
    known = SCRIPT_EXTENSIONS.get(_family(language))
    if known is None:
        # Only MyST tells code from text without knowing the language.
        return TwinFormat("md", "myst")
    if extension in _TEXT_FORMATS:
        return TwinFormat(extension, name)
    return TwinFormat(known, name or "percent")


def twin_path(project: Project, path: str, language: str = "python") -> str:
    """POSIX path of the twin of the notebook at ``path``."""
    form = twin_format(project.config.pairing.format, language)
    return str(PurePosixPath(path).with_suffix(f".{form.extension}"))


def format_of(project: Project, twin: str, language: str = "python") -> TwinFormat:
    """The format in which an existing twin of a notebook in ``language`` is read and written."""
    configured = twin_format(project.config.pairing.format, language)
    extension = PurePosixPath(twin).suffix.removeprefix(".")
    if extension == configured.extension:
        return configured
    if extension in _TEXT_FORMATS:
        return TwinFormat(extension, "markdown" if extension == "md" else "")
    return TwinFormat(extension, "percent")


def judge_format(project: Project) -> None:
    """Raise ConfigError where no twin can be written in the configured format."""
    twin_format(project.config.pairing.format)


def is_paired(project: Project, path: str) -> bool:
    """Whether nbtrail keeps a twin of the notebook at ``path``.

    Drafts and the scratch folder have none, and nothing is written in a folder that has not
    been adopted or whose configuration cannot be read.
    """
    return (
        project.adopted
        and project.config_error is None
        and project.config.policy.twin is not Level.OFF
        and path.endswith(".ipynb")
        and not project.is_scratch(path)
        and project.owns(path)
        and not is_draft(path)
    )


def _no_format(configured: str, hint: str) -> ConfigError:
    return ConfigError(f"nbtrail.toml: pairing.format {configured!r} is no format.", hint=hint)


def _family(language: str) -> str:
    lowered = language.lower()
    return "c++" if lowered.startswith("c++") else lowered
