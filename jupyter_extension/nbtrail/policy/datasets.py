"""Rules about datasets: what a notebook writes carries a date and says what it holds.

A re-run on another day writes another version of the same family and is no finding. Pure.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import PurePosixPath

from nbtrail.config import Config, DatasetsConfig, Level
from nbtrail.notebooks.datasets import parse_dataset
from nbtrail.notebooks.names import says_something, words_of
from nbtrail.pipeline.inference.static import Analysis, FileUse
from nbtrail.pipeline.inference.values import HOLE, ROOT
from nbtrail.pipeline.model import Observed
from nbtrail.policy.catalogue import Problem, Rule

UNDATED, UNDESCRIBED, OVERWRITTEN = "NBT201", "NBT202", "NBT203"

RULES = (
    Rule(UNDATED, "dataset-undated", "A dataset is written without a date", Level.WARN),
    Rule(UNDESCRIBED, "dataset-undescribed", "A dataset's name says nothing of it", Level.WARN),
    Rule(OVERWRITTEN, "dataset-overwritten", "A dataset is read and written in place", Level.WARN),
)

_TEMPORARY = ("/tmp/", "/var/tmp/", "/dev/", "/proc/", "/sys/", "/private/tmp/")
#: What each form of a date looks like.
_FORMS = {
    "%Y-%m-%d": r"\d{4}-\d\d-\d\d", "%Y%m%d": r"\d{8}",
    "%Y_%m_%d": r"\d{4}_\d\d_\d\d", "%Y.%m.%d": r"\d{4}\.\d\d\.\d\d",
}  # fmt: skip


def problems_in(
    analysis: Analysis, path: str, config: Config, cells: Sequence[str], seen: Observed | None
) -> list[Problem]:
    """What is wrong with the datasets that the notebook at ``path`` writes.

    Parameters
    ----------
    analysis
        What its code says.
    cells
        Ids of all its cells, by index.
    seen
        What was observed of it. It counts where the code is the same and leaves something open.
    """
    found: list[Problem] = []
    folder = posixpath.dirname(path)
    done: set[str] = set()
    for use in _written(analysis, seen):
        name = posixpath.basename(use.text)
        if not _is_dataset(use.text, config.datasets) or name in done:
            continue
        done.add(name)
        cell = cells[use.cell] if 0 <= use.cell < len(cells) else None
        place = _shown(use.text, folder)
        if HOLE not in name:
            found += _undated(use.text, place, config.datasets, cell)
        found += _undescribed(name, place, config, cell)
    for text, index in _in_place(analysis, seen):
        if _is_dataset(text, config.datasets):
            cell = cells[index] if 0 <= index < len(cells) else None
            message = (
                f"{_shown(text, folder)} is read and written by the same notebook: what it was "
                "before is gone. Write the result under a name of its own."
            )
            found.append(Problem(OVERWRITTEN, message, cell))
    return found


def _written(analysis: Analysis, seen: Observed | None) -> Iterator[FileUse]:
    for use in analysis.writes:
        if not use.weak and "*" not in use.text:
            yield use
    if seen is not None and analysis.unresolved and seen.code_key == analysis.code_key:
        named = {posixpath.basename(use.text) for use in analysis.writes}
        for path in seen.writes:
            dated = parse_dataset(path)
            if posixpath.basename(dated.family) not in named:
                yield FileUse(f"/{path}" if path.startswith("/") else path, -1)


def _in_place(analysis: Analysis, seen: Observed | None) -> Iterator[tuple[str, int]]:
    """Paths that are read before they are written, with the cell that writes."""
    read = {_plain(use.text) for use in analysis.reads if not use.weak}
    asked = set(analysis.datasets)
    known = set()
    for use in analysis.writes:
        plain = _plain(use.text)
        if use.weak or HOLE in plain or "*" in plain or plain not in read:
            continue
        if use.text.startswith(ROOT) and use.text.removeprefix(ROOT).lstrip("/") in asked:
            continue  # nbtrail.dataset reads the newest version and writes today's
        known.add(plain)
        yield use.text, use.cell
    if seen is not None and analysis.unresolved and seen.code_key == analysis.code_key:
        for path in sorted(set(seen.reads) & set(seen.writes)):
            if not any(path.endswith(plain.lstrip("./")) for plain in known):
                yield path, -1


def _undated(text: str, place: str, config: DatasetsConfig, cell: str | None) -> Iterator[Problem]:
    name = posixpath.basename(text)
    if text.startswith(ROOT):
        return  # nbtrail.dataset puts the date in front
    if parse_dataset(name).date is not None:
        if any(re.search(rf"(?<!\d){_FORMS[form]}(?!\d)", name) for form in config.dates):
            return
        example = date(2026, 11, 20).strftime(config.dates[0]) if config.dates else "no date"
        message = f"{place} has its date in another form than nbtrail.toml asks for: {example}."
    else:
        message = (
            f"{place} has no date in its name, so the next run overwrites this one. Write to "
            f'nbtrail.dataset("{name}", "w"), which puts the date in front.'
        )
    yield Problem(UNDATED, message, cell)


def _undescribed(name: str, place: str, config: Config, cell: str | None) -> Iterator[Problem]:
    words = words_of(PurePosixPath(parse_dataset(name.replace(HOLE, "")).family).stem)
    if HOLE in name and not words:
        return  # nothing of it is known
    meaningless = (*config.names.meaningless, *config.datasets.meaningless)
    if says_something(words, meaningless):
        return
    message = (
        f"{place} does not say what it holds: name what the rows are and what was done to them, "
        "such as titanic-train_age-binned.csv."
    )
    yield Problem(UNDESCRIBED, message, cell)


def _is_dataset(text: str, config: DatasetsConfig) -> bool:
    if text.startswith(_TEMPORARY) or "://" in text:
        return False
    name = posixpath.basename(text).lower()
    for packed in (".gz", ".bz2", ".xz", ".zst", ".zip"):
        name = name.removesuffix(packed)
    return any(name.endswith(f".{suffix.lower().lstrip('.')}") for suffix in config.suffixes)


def _plain(text: str) -> str:
    return posixpath.normpath(text.replace("\\", "/"))


def _shown(text: str, folder: str) -> str:
    """A path as people read it: from the project root, unknown parts as dots."""
    text = text.replace("\\", "/").replace(HOLE, "…")
    if text.startswith(ROOT):
        return posixpath.normpath(text.removeprefix(ROOT).lstrip("/"))
    joined = posixpath.normpath(posixpath.join(folder, text))
    return text if joined.startswith("../") else joined
