"""``nbtrail.toml``: its sections and their defaults; what is wrong, by line and column."""

from __future__ import annotations

import difflib
import enum
import re
import sys
import typing
from typing import Annotated, Any, Literal

import msgspec

from nbtrail.errors import ConfigError
from nbtrail.toml_text import KeyPath, place_of

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib

CONFIG_NAME = "nbtrail.toml"


class Level(str, enum.Enum):
    """How strictly a rule is taken."""

    OFF = "off"
    WARN = "warn"
    ENFORCE = "enforce"


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of ``nbtrail.toml``: unknown keys are refused."""


class ProjectConfig(_Section, frozen=True):
    """``[project]``: which files belong to the project.

    ``exclude`` holds glob patterns of POSIX paths relative to the root.
    """

    name: str = ""
    exclude: tuple[str, ...] = ()


class NamesConfig(_Section, frozen=True):
    """``[names]``: categories, and words that are no description."""

    categories: tuple[str, ...] = ("EXPLORATION", "CLEANING", "EXPERIMENTAL", "DEPLOY")
    meaningless: tuple[str, ...] = (
        "untitled", "copy", "test", "new", "final", "notebook", "tmp", "temp", "draft",
    )  # fmt: skip
    scratch: str = "scratch"


class DatasetsConfig(_Section, frozen=True):
    """``[datasets]``: where datasets lie and how their files are named.

    Attributes
    ----------
    folder
        What ``nbtrail.dataset`` writes to.
    suffixes
        Endings of the files that are datasets; models, figures and reports are none.
    dates
        Forms of the date in a dataset's name, as ``strftime`` writes them.
    meaningless
        Words that say nothing of what a dataset holds, beside those of ``[names]``.
    """

    folder: str = "data"
    suffixes: tuple[str, ...] = (
        "csv", "tsv", "parquet", "feather", "arrow", "orc", "xlsx", "jsonl", "h5", "hdf5", "nc",
        "zarr", "dta", "sav", "npz",
    )  # fmt: skip
    dates: tuple[Literal["%Y-%m-%d", "%Y%m%d", "%Y_%m_%d", "%Y.%m.%d"], ...] = (
        "%Y-%m-%d", "%Y%m%d", "%Y_%m_%d", "%Y.%m.%d",
    )  # fmt: skip
    meaningless: tuple[str, ...] = (
        "data", "dataset", "df", "file", "out", "output", "result", "results",
    )  # fmt: skip


class PairingConfig(_Section, frozen=True):
    """``[pairing]``: jupytext's format of the twin."""

    format: str = "py:percent"


class MetricsConfig(_Section, frozen=True):
    """``[metrics]``: names of top-level numbers that count as metrics (glob patterns)."""

    patterns: tuple[str, ...] = (
        "*_auc", "auc", "*accuracy*", "*_score", "*loss*", "rmse", "*_rmse", "mse", "*_mse",
        "mae", "*_mae", "r2", "*_r2", "f1", "*_f1", "*precision*", "*recall*",
    )  # fmt: skip


class OverrideConfig(_Section, frozen=True):
    """One ``[[policy.overrides]]``: levels for a folder, a category, or one within the other.

    Attributes
    ----------
    folder
        POSIX path from the project root; everything below it is meant. Empty: any.
    category
        Empty: any.
    rules
        As ``[policy.rules]``.
    """

    folder: str = ""
    category: str = ""
    rules: dict[str, Level] = {}


class PolicyConfig(_Section, frozen=True):
    """``[policy]``: strictness of rules.

    ``category``, ``description``, ``twin`` and ``unreadable`` stand for groups of rules,
    ``rules`` holds levels by code (``NBT601``), by beginning (``NBT6``) or by name.
    """

    category: Level = Level.WARN
    description: Level = Level.WARN
    twin: Level = Level.WARN
    unreadable: Level = Level.ENFORCE
    rules: dict[str, Level] = {}
    overrides: tuple[OverrideConfig, ...] = ()


_Amount = Annotated[float, msgspec.Meta(ge=0)]
_Times = Annotated[int, msgspec.Meta(ge=0, le=100)]


class StepConfig(_Section, frozen=True):
    """One ``[[pipeline.steps]]``: what a notebook reads and writes, and what it may take.

    ``timeout``, ``memory_mb`` and ``retries`` are those of ``[pipeline]`` by default.
    ``environment`` is a folder such as `nbtrail env rebuild` makes, ``kernel`` the name of a
    kernel, in that folder where both are given; by default the notebook's own.
    """

    path: str
    environment: str = ""
    kernel: str = ""
    after: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    timeout: _Amount | None = None
    memory_mb: _Amount | None = None
    retries: _Times | None = None


class PipelineConfig(_Section, frozen=True):
    """``[pipeline]``: how runs go, and declared steps.

    Attributes
    ----------
    timeout, cell_timeout
        Seconds that one step, and one cell, may take; 0 sets no limit.
    memory_mb
        Memory that a step's kernel and all that it has started may hold, in MB of 1,048,576
        bytes; 0 sets no limit.
    retries
        How often a step that fails is tried again.
    jobs
        How many steps are at work at once.
    executor, scheduler
        Where steps are executed: ``local``, or ``dask`` with the address of the scheduler.
    import_ahead
        Whether kernels that wait for their step import what its notebook imports first.
    exclude
        Glob patterns of notebooks that are no steps.
    """

    timeout: _Amount = 0
    cell_timeout: _Amount = 0
    memory_mb: _Amount = 0
    retries: _Times = 0
    jobs: Annotated[int, msgspec.Meta(ge=1, le=256)] = 1
    executor: Literal["local", "dask"] = "local"
    scheduler: str = ""
    import_ahead: bool = True
    exclude: tuple[str, ...] = ()
    steps: tuple[StepConfig, ...] = ()

    def declared(self, path: str) -> StepConfig | None:
        """What is declared of the notebook at ``path``."""
        return next((step for step in self.steps if step.path == path), None)


#: A number that measures how far apart two results may be.
Span = Annotated[float, msgspec.Meta(ge=0)]


class Within(_Section, frozen=True):
    """How far apart two numbers may be: either bound will do.

    Attributes
    ----------
    relative
        In terms of the larger of the two.
    absolute
        As it is.
    """

    relative: Span = 0.0
    absolute: Span = 0.0


class FileWithin(Within, frozen=True):
    """How far apart the numbers and pixels of two files may be.

    Attributes
    ----------
    pixels
        Part of an image's pixels that may differ, from 0 to 1.
    """

    pixels: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0


class VerifyConfig(_Section, frozen=True):
    """``[verify]``: how far apart two runs may be and still count as identical.

    Attributes
    ----------
    tolerance
        Relative, of metrics and of fractional numbers in tables and printed text.
    tolerances
        By name or pattern of a metric: a relative tolerance, ``"exact"``, or both bounds.
    files
        By pattern of a file's path: ``"exact"`` (every byte), ``"ignore"``, or how far its numbers
        and pixels may differ.
    outputs
        By pattern of a notebook's path, or of ``PATH#CELL`` with a cell's id or number:
        ``"ignore"``, or how far the numbers and pixels shown may differ.
    ignore_files
        Patterns of files that are not compared.
    """

    tolerance: Span = 1e-9
    tolerances: dict[str, Span | Literal["exact"] | Within] = {}
    files: dict[str, Literal["exact", "ignore"] | FileWithin] = {}
    outputs: dict[str, Literal["ignore"] | FileWithin] = {}
    ignore_files: tuple[str, ...] = ()


class StoreConfig(_Section, frozen=True):
    """``[store]``: where the record is, and how much of it is kept.

    Attributes
    ----------
    url
        Address of a PostgreSQL database; empty for SQLite in the project.
    keep_days, max_mb
        Older executions and runs go, then the oldest until all takes less; 0 sets no limit.
    output_kb
        Thousands of characters that are kept of the text that one execution prints, to be
        searched; 20 at most.
    """

    url: str = ""
    keep_days: Annotated[float, msgspec.Meta(ge=0)] = 0
    max_mb: Annotated[float, msgspec.Meta(ge=0)] = 0
    output_kb: Annotated[float, msgspec.Meta(ge=0, le=20)] = 20

    @property
    def is_limited(self) -> bool:
        """Whether anything ever has to go."""
        return bool(self.keep_days or self.max_mb)


class RecorderConfig(_Section, frozen=True):
    """``[recorder]``: switches of the recorder."""

    enabled: bool = True
    files: bool = True


class Config(_Section, frozen=True):
    """All of ``nbtrail.toml``."""

    project: ProjectConfig = ProjectConfig()
    names: NamesConfig = NamesConfig()
    datasets: DatasetsConfig = DatasetsConfig()
    pairing: PairingConfig = PairingConfig()
    metrics: MetricsConfig = MetricsConfig()
    policy: PolicyConfig = PolicyConfig()
    pipeline: PipelineConfig = PipelineConfig()
    verify: VerifyConfig = VerifyConfig()
    store: StoreConfig = StoreConfig()
    recorder: RecorderConfig = RecorderConfig()


def parse_config(text: str, where: str = CONFIG_NAME) -> Config:
    """Read the text of an ``nbtrail.toml``.

    Raises
    ------
    ConfigError
        With line and column: for bad TOML, a value of the wrong type (with its key), or a key
        or category nobody knows (with the nearest known name).
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is not valid TOML: {error}.", hint="Mend that line.") from error
    _refuse_unknown(raw, Config, (), text, where)
    try:
        config = msgspec.convert(raw, Config)
    except msgspec.ValidationError as error:
        said, path = _path_of(str(error), raw)
        message = f"{key_place(text, path, where)}: {dotted(path)}: {said}."
        raise ConfigError(message, hint="See the table of settings.") from error
    _refuse_other_categories(config, text, where)
    return config


def read_toml(text: str) -> dict[str, Any]:
    """The tables of a TOML text; empty where it is none."""
    try:
        found: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
    return found


def key_place(text: str, path: KeyPath, where: str = CONFIG_NAME) -> str:
    """``nbtrail.toml, line 3, column 1``: where the key at ``path`` stands in ``text``."""
    line, column = place_of(text, path)
    return f"{where}, line {line}, column {column}"


def dotted(path: KeyPath) -> str:
    """A key as people write it: ``policy.overrides[0].rules``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).lstrip(".")


def _refuse_unknown(
    raw: Any, section: type[msgspec.Struct], prefix: KeyPath, text: str, where: str
) -> None:
    fields = {f.name: f for f in msgspec.structs.fields(section)}
    if not isinstance(raw, dict):
        return
    for key, value in raw.items():
        path = (*prefix, key)
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            known = f"Known: {', '.join(fields)}."
            hint = f"Did you mean {dotted((*prefix, near[0]))}?" if near else known
            message = f"{key_place(text, path, where)}: unknown key {dotted(path)}."
            raise ConfigError(message, hint=hint)
        kind = fields[key].type
        inner: Any = next(iter(typing.get_args(kind)), None)
        if _is_section(kind):
            _refuse_unknown(value, kind, path, text, where)
        elif isinstance(value, dict) and (entry := _section_among(kind)) is not None:
            for name, item in value.items():
                _refuse_unknown(item, entry, (*path, name), text, where)
        elif _is_section(inner) and isinstance(value, list):
            for index, item in enumerate(value):
                _refuse_unknown(item, inner, (*path, index), text, where)


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _section_among(kind: Any) -> type[msgspec.Struct] | None:
    """The section that an entry of a free table may be, besides plain values."""
    choices = typing.get_args(typing.get_args(kind)[-1]) if typing.get_args(kind) else ()
    return next((choice for choice in choices if _is_section(choice)), None)


def _path_of(error: str, raw: dict[str, Any]) -> tuple[str, KeyPath]:
    """What msgspec says of a value, and the keys that lead there."""
    said, _, place = error.partition(" - at `$")
    path: list[str | int] = []
    for name, index in re.findall(r"\.([^.\[`]+)|\[(\d+|\.\.\.)\]", place):
        if index == "...":
            path += _blamed(raw, path)
        else:
            path.append(name or int(index))
    return said, tuple(path)


def _blamed(raw: dict[str, Any], path: list[str | int]) -> list[str | int]:
    """The key of a free table whose value is the wrong one: msgspec does not name it."""
    table: Any = raw
    for part in path:
        table = table[part]
    everything = dict(table)
    try:
        for key, value in everything.items():
            table.clear()
            table[key] = value
            try:
                msgspec.convert(raw, Config)
            except msgspec.ValidationError:
                return [key]
    finally:
        table.clear()
        table.update(everything)
    return []


def _refuse_other_categories(config: Config, text: str, where: str) -> None:
    words = config.names.categories
    known = {word.casefold() for word in words}
    for index, override in enumerate(config.policy.overrides):
        if override.category and override.category.casefold() not in known:
            path = ("policy", "overrides", index, "category")
            near = difflib.get_close_matches(override.category.upper(), words, n=1)
            raise ConfigError(
                f"{key_place(text, path, where)}: {override.category!r} is no category.",
                hint=f"Did you mean {near[0]}?" if near else f"Known: {', '.join(words)}.",
            )
