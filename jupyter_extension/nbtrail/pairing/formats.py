"""Where a notebook's twin lies and in which of jupytext's formats it is written."""

from __future__ import annotations

import os
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
_SHAPE = re.compile(
    r"^(?:(?P<folder>[^/:].*?)(?P<from>///?))?(?P<extension>[A-Za-z0-9]+)(?::(?P<name>[a-z]+))?$"
)


class TwinFormat(msgspec.Struct, frozen=True):
    """Where a twin lies and how it is written.

    Attributes
    ----------
    extension, name
        The extension without its dot, and jupytext's name of the format (may be empty).
    folder
        Folder of the twins, empty for that of the notebook.
    mirrored
        Whether ``folder`` counts from the project's root and repeats the notebooks' folders;
        else it counts from the notebook's own.
    """

    extension: str
    name: str
    folder: str = ""
    mirrored: bool = False

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
    ``scripts///py`` mirrors the project's folders below ``scripts``, ``scripts//py`` is a folder
    beside each notebook.

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
    folder, mirrored = match["folder"] or "", match["from"] == "///"
    if ".." in PurePosixPath(folder).parts:
        # Notebooks of several folders would have one twin.
        raise _no_format(configured, 'Use a folder in the project, such as "twins///py:percent".')
    if known is None:
        # Only MyST tells code from text without knowing the language.
        return TwinFormat("md", "myst", folder, mirrored)
    if extension in _TEXT_FORMATS:
        return TwinFormat(extension, name, folder, mirrored)
    return TwinFormat(known, name or "percent", folder, mirrored)


def twin_path(project: Project, path: str, language: str = "python") -> str:
    """POSIX path of the twin of the notebook at ``path``."""
    form = twin_format(project.config.pairing.format, language)
    return f"{_place(form, path)}.{form.extension}"


def moved_twin(project: Project, twin: str, old: str, new: str) -> str:
    """Where the twin of the notebook at ``old`` goes when that is moved to ``new``."""
    form = twin_format(project.config.pairing.format)
    suffix = PurePosixPath(twin).suffix
    if twin == f"{_place(form, old)}{suffix}":
        return f"{_place(form, new)}{suffix}"
    # A twin from before the format was changed lies beside its notebook.
    return os.path.splitext(new)[0] + suffix


def notebook_of(project: Project, twin: str) -> str:
    """POSIX path of the notebook whose twin would lie at ``twin``; it need not be there."""
    form = twin_format(project.config.pairing.format)
    path = PurePosixPath(twin)
    if form.mirrored:
        path = path.relative_to(form.folder) if path.is_relative_to(form.folder) else path
    elif form.folder and path.parent.parts[-len(_parts(form)) :] == _parts(form):
        path = path.parents[len(_parts(form))] / path.name
    return str(path.with_suffix(".ipynb"))


def _parts(form: TwinFormat) -> tuple[str, ...]:
    return PurePosixPath(form.folder).parts


def _place(form: TwinFormat, path: str) -> str:
    """The twin's path without its extension."""
    stem = PurePosixPath(path).with_suffix("")
    if not form.folder:
        return str(stem)
    if form.mirrored:
        return str(PurePosixPath(form.folder) / stem)
    return str(stem.parent / form.folder / stem.name)


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
