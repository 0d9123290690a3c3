"""What a notebook may import from nbtrail: `dataset`, `log_metric` and `log_param`.

This module runs inside users' kernels, in environments that nbtrail does not choose. It needs
nothing but the standard library, and of that mostly what a kernel has imported already.
"""

from __future__ import annotations

import operator
import os
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nbtrail.notebooks.datasets import dated, parse_dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["dataset", "log_metric", "log_param"]

CONFIG_NAME = "nbtrail.toml"
DEFAULT_FOLDER = "data"
#: Environment variable that freezes the date of a run, as ``YYYY-MM-DD``.
DATE_VARIABLE = "NBTRAIL_DATE"
#: Name under which the recorder leaves its probe in ``sys.modules`` of a recorded kernel.
PROBE_MODULE = "_nbtrail_probe"
#: Longest ``repr`` that an error message shows, in characters.
LONGEST_REPR = 40


def dataset(name: str, mode: Literal["r", "w"] = "r") -> Path:
    """Path of a dataset, chosen by its name without the date.

    A dataset is kept as ``<data folder>/<date>_<name>``, one file for each day on which it was
    made. A notebook gives the name only, so that it still works when run again on another day.

    Parameters
    ----------
    name : str
        The dataset's name without its date, such as ``"titanic-train_age-binned.csv"``. It is
        relative to the project's data folder and may lie in a subfolder:
        ``"raw/titanic.csv"``. When reading, a name with a date
        (``"2026-11-20_titanic.csv"``) asks for exactly that version.
    mode : {"r", "w"}
        ``"r"`` for the newest version there is, ``"w"`` for the version that this run writes.

    Returns
    -------
    pathlib.Path
        Absolute path. With ``"w"`` its folder exists afterwards; the file is the caller's to
        write.

    Raises
    ------
    FileNotFoundError
        There is no version to read. The message says where was looked and what comes nearest.
    ValueError
        The name leads out of the data folder, or holds a date when writing; the mode is
        neither ``"r"`` nor ``"w"``; ``NBTRAIL_DATE`` is no date; ``nbtrail.toml`` cannot be used.
    TypeError
        The name is no string.

    Notes
    -----
    The project is the nearest folder at or above the working directory that holds
    ``nbtrail.toml``; without one it is the working directory itself. Its data folder is ``data``
    unless ``nbtrail.toml`` says otherwise under ``[datasets] folder``.

    The date of a run is today's, or that of the environment variable ``NBTRAIL_DATE``
    (``YYYY-MM-DD``). While that is set, versions of a later date are not seen. A file of that
    name without any date is read only if there is no dated one.
    """
    parts = _name_parts(name)
    if mode not in ("r", "w"):
        raise ValueError(f'dataset() takes mode "r" to read or "w" to write, not {mode!r}.')
    frozen = _frozen_date(os.environ)
    root = _project_root(Path.cwd())
    data_folder = _data_folder(root)
    if len(parts) > 1 and parts[0] == data_folder:
        raise ValueError(
            f"dataset({name!r}): nbtrail adds the data folder {data_folder!r} itself. "
            f"Write dataset({'/'.join(parts[1:])!r})."
        )
    folder = root.joinpath(data_folder, *parts[:-1])
    wanted = parse_dataset(parts[-1])
    if mode == "w":
        if wanted.date is not None:
            family = "/".join([*parts[:-1], wanted.family])
            raise ValueError(
                f"dataset({name!r}, 'w'): leave the date out of the name, nbtrail adds that of "
                f"the run. Write dataset({family!r}, 'w')."
            )
        folder.mkdir(parents=True, exist_ok=True)
        return folder / dated(wanted.family, frozen or date.today().isoformat())
    files = _file_names(folder)
    chosen = parts[-1] if wanted.date is not None else _newest(files, wanted.family, frozen)
    if chosen is None or chosen not in files:
        raise FileNotFoundError(_missing_message(name, folder, wanted.family, files, frozen))
    return folder / chosen


def log_metric(name: str, value: float, step: int | None = None) -> None:
    """Put a number on the record of the running cell, under a name.

    In a kernel that nbtrail does not record, nothing happens.

    Parameters
    ----------
    name : str
        Name of the metric, such as ``"test_auc"``.
    value : float
        Anything that is one number (numpy scalars, ``Decimal``, tensors of one element), truth
        values and text excepted. NaN and infinities are kept as they are.
    step : int, optional
        Epoch, iteration or fold the value belongs to, when a metric is logged repeatedly.

    Raises
    ------
    TypeError
        The name is no string, the value is no number or the step is no whole number.
    ValueError
        The name is empty.
    """
    metric = _log_name("log_metric", name)
    number = _number(metric, value)
    _hand_over("log_metric", metric, number, None if step is None else _whole(metric, step))


def log_param(name: str, value: object) -> None:
    """Put a setting of the run on record, under a name.

    In a kernel that nbtrail does not record, nothing happens.

    Parameters
    ----------
    name : str
        Name of the parameter, such as ``"max_depth"``.
    value : object
        Text, a number, a truth value, ``None``, a path, a date, or lists, sets and dictionaries
        of these.

    Raises
    ------
    TypeError
        The name is no string, or the value is of another kind.
    ValueError
        The name is empty.
    """
    param = _log_name("log_param", name)
    _hand_over("log_param", param, _plain(param, value))


def _name_parts(name: object) -> list[str]:
    """Folders and file name; refuses whatever would not stay inside the data folder."""
    if not isinstance(name, str):
        raise TypeError(f'dataset() takes a name such as "titanic.csv", not {_kind(name)}.')
    parts = name.split("/")
    if not parts[-1].strip():
        problem = "names no file"
    elif "\\" in name:
        problem = 'holds a backslash; write "/" between folders, it works on every system'
    elif name.startswith(("/", "~")) or name[1:2] == ":":
        problem = "is not relative to the project's data folder"
    elif any(part in ("", ".", "..") for part in parts):
        problem = 'holds an empty folder name, "." or ".."; a dataset lies in the data folder'
    elif any(ord(character) < ord(" ") for character in name):
        problem = "holds a control character"
    else:
        return parts
    raise ValueError(f"dataset({name!r}): the name {problem}.")


def _newest(files: set[str], family: str, until: str | None) -> str | None:
    """Newest version of a family, dated on or before `until`; else its undated file."""
    versions = []
    for file_name in files:
        found = parse_dataset(file_name)
        if found.date is None or found.family != family or (until and found.date > until):
            continue
        # Two spellings of one date: the one that nbtrail itself writes is preferred.
        versions.append((found.date, file_name == dated(family, found.date), file_name))
    if versions:
        return max(versions)[-1]
    return family if family in files else None


def _file_names(folder: Path) -> set[str]:
    """Names in a folder; none where the folder is missing."""
    try:
        return {entry.name for entry in folder.iterdir()}
    except (FileNotFoundError, NotADirectoryError):
        return set()


def _missing_message(
    name: str, folder: Path, family: str, files: set[str], frozen: str | None
) -> str:
    """Text for a dataset that is not there: where was looked, what comes nearest, what to do."""
    from difflib import get_close_matches  # needed only on the way to an error

    known = [parse_dataset(file_name) for file_name in files]
    dates = sorted(version.date for version in known if version.date and version.family == family)
    text = f"No dataset {name!r} in {folder}."
    if dates and frozen is not None and dates[0] > frozen:
        return (
            f"{text} Its first version is of {dates[0]}, and {DATE_VARIABLE} freezes this run at "
            f"{frozen}: run the notebook that writes it under that date first."
        )
    if dates:
        return f"{text} There are versions of {', '.join(dates)}."
    near = get_close_matches(family, sorted({version.family for version in known}), n=3)
    if near:
        text += f" Did you mean {' or '.join(map(repr, near))}?"
    return f"{text} Run the notebook that writes it first: it holds dataset({name!r}, 'w')."


def _frozen_date(environ: Mapping[str, str]) -> str | None:
    """ISO date at which ``NBTRAIL_DATE`` freezes the run, None where it is unset or empty."""
    text = environ.get(DATE_VARIABLE, "").strip()
    if not text:
        return None
    try:
        # Written back, because newer Pythons read further forms such as 20261120 as well.
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise ValueError(
            f"The environment variable {DATE_VARIABLE} is {text!r}, which is no date such as "
            "2026-11-20. Correct it or unset it."
        ) from error


def _project_root(start: Path) -> Path:
    """Nearest folder with ``nbtrail.toml`` at or above `start`, else `start`."""
    for folder in (start, *start.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder
    return start


def _data_folder(root: Path) -> str:
    """The project's data folder as ``nbtrail.toml`` sets it, relative to the project."""
    config = root / CONFIG_NAME
    loads = _toml_reader()
    if loads is None or not config.is_file():
        return DEFAULT_FOLDER
    try:
        settings = loads(config.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{config} is not valid TOML: {error}. Mend that line.") from error
    section = settings.get("datasets", {})
    folder = section.get("folder", DEFAULT_FOLDER) if isinstance(section, dict) else None
    if not isinstance(folder, str) or not _stays_inside(folder):
        raise ValueError(
            f"{config}: [datasets] folder must name a folder inside the project, such as "
            f"{DEFAULT_FOLDER!r}, with '/' between folders."
        )
    return folder.rstrip("/")


def _stays_inside(folder: str) -> bool:
    """Whether a folder, as written in ``nbtrail.toml``, cannot lead out of the project."""
    leads_out = folder.startswith(("/", "~")) or folder[1:2] == ":" or ".." in folder.split("/")
    return bool(folder.strip()) and "\\" not in folder and not leads_out


def _toml_reader() -> Callable[[str], dict[str, Any]] | None:
    """`loads` of the TOML reader there is; Python 3.10 has none and may lack tomli."""
    from importlib import import_module

    for module in ("tomllib", "tomli"):
        try:
            loads: Callable[[str], dict[str, Any]] = import_module(module).loads
        except ModuleNotFoundError:
            continue
        return loads
    return None


def _hand_over(function: str, *arguments: object) -> None:
    """Call the probe's function of that name, where there is a probe."""
    receiver = getattr(sys.modules.get(PROBE_MODULE), function, None)
    if receiver is None:
        return
    try:
        receiver(*arguments)
    except Exception as error:  # the user's cell goes on whatever happens to the recording
        import warnings

        warnings.warn(
            f"nbtrail could not record {function}({arguments[0]!r}, ...): {error!r}.",
            RuntimeWarning,
            stacklevel=3,
        )


def _log_name(function: str, name: object) -> str:
    if not isinstance(name, str):
        raise TypeError(
            f'{function}() takes a name first and the value second, as in {function}("test_auc", '
            f"0.93); the name given is {_kind(name)}."
        )
    if not name.strip():
        raise ValueError(f"{function}() needs a name that is not empty.")
    return name.strip()


def _number(name: str, value: object) -> float:
    # Truth values and text, numpy's too, turn into floats, but nobody means a metric by them.
    text_or_truth = {kind.__name__ for kind in type(value).__mro__} & {
        "bool", "bool_", "str", "bytes"
    }  # fmt: skip
    if not text_or_truth:
        try:
            return float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            pass
    hint = " Log settings with log_param()." if text_or_truth else ""
    raise TypeError(f"log_metric({name!r}, ...) takes one number, not {_kind(value)}.{hint}")


def _whole(name: str, step: object) -> int:
    if not isinstance(step, bool):
        try:
            return operator.index(step)  # type: ignore[arg-type]
        except TypeError:
            pass
    raise TypeError(
        f"log_metric({name!r}, ..., step=...) takes a whole number such as the epoch, not "
        f"{_kind(step)}."
    )


def _plain(name: str, value: object) -> object:
    """The value as JSON can hold it."""
    item = getattr(value, "item", None)
    if getattr(value, "ndim", None) == 0 and callable(item):
        value = item()  # a numpy scalar, recognised without importing numpy
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): _plain(name, entry) for key, entry in value.items()}
    if isinstance(value, (set, frozenset)):
        value = sorted(value, key=repr)  # sets have no order of their own
    if isinstance(value, (list, tuple)):
        return [_plain(name, entry) for entry in value]
    raise TypeError(
        f"log_param({name!r}, ...) takes text, numbers, truth values, None, paths, dates, or "
        f"lists and dictionaries of these, not {_kind(value)}."
    )


def _kind(value: object) -> str:
    """A value's type and, if short, the value itself, for error messages."""
    text = repr(value)
    kind = type(value).__name__
    return f"{text} ({kind})" if len(text) <= LONGEST_REPR and "\n" not in text else f"a {kind}"
