"""A project: its root, its configuration, and where its state is kept."""

from __future__ import annotations

import difflib
import enum
import fnmatch
import hashlib
import os
import re
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import msgspec

from nbtrail.errors import ConfigError, OutsideProjectError

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover
    import tomli as tomllib

CONFIG_NAME = "nbtrail.toml"
STATE_NAME = ".nbtrail"
#: What of the state git takes along: run cards, reviews and the baseline.
STATE_IGNORE = "*\n!.gitignore\n!baseline.json\n!runs/\n!runs/**\n!reviews/\n!reviews/**\n"
#: Folders that never hold notebooks of a project, whatever the configuration says.
PRUNED_FOLDERS = frozenset(
    {STATE_NAME, ".git", ".ipynb_checkpoints", "__pycache__", "node_modules", "site-packages"}
)


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
    """``[datasets]``: the folder that ``nbtrail.dataset`` writes to."""

    folder: str = "data"


class PairingConfig(_Section, frozen=True):
    """``[pairing]``: jupytext's format of the twin."""

    format: str = "py:percent"


class MetricsConfig(_Section, frozen=True):
    """``[metrics]``: names of top-level numbers that count as metrics (glob patterns)."""

    patterns: tuple[str, ...] = (
        "*_auc", "auc", "*accuracy*", "*_score", "*loss*", "rmse", "*_rmse", "mse", "*_mse",
        "mae", "*_mae", "r2", "*_r2", "f1", "*_f1", "*precision*", "*recall*",
    )  # fmt: skip


class PolicyConfig(_Section, frozen=True):
    """``[policy]``: strictness of each rule."""

    category: Level = Level.WARN
    description: Level = Level.WARN
    twin: Level = Level.WARN
    unreadable: Level = Level.ENFORCE


class StepConfig(_Section, frozen=True):
    """One ``[[pipeline.steps]]``: what a notebook reads and writes, declared by hand."""

    path: str
    after: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


class PipelineConfig(_Section, frozen=True):
    """``[pipeline]``: ``timeout`` of one cell in seconds (0: none), declared steps."""

    timeout: float = 0
    exclude: tuple[str, ...] = ()
    steps: tuple[StepConfig, ...] = ()


class VerifyConfig(_Section, frozen=True):
    """``[verify]``: relative tolerance of metrics, and by metric name."""

    tolerance: float = 1e-9
    tolerances: dict[str, float] = {}
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
        For bad TOML (with line and column), a value of the wrong type (with its key), or a
        key nobody knows (with the nearest known name).
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is not valid TOML: {error}.", hint="Mend that line.") from error
    _refuse_unknown(raw, Config, "", where)
    try:
        return msgspec.convert(raw, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{where}: {error}.", hint="See the table of settings.") from error


def _refuse_unknown(raw: Any, section: type[msgspec.Struct], prefix: str, where: str) -> None:
    fields = {f.name: f for f in msgspec.structs.fields(section)}
    if not isinstance(raw, dict):
        return
    for key, value in raw.items():
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            hint = f"Did you mean {prefix}{near[0]}?" if near else f"Known: {', '.join(fields)}."
            raise ConfigError(f"{where}: unknown key {prefix}{key}.", hint=hint)
        kind = fields[key].type
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            _refuse_unknown(value, kind, f"{prefix}{key}.", where)


@dataclass(frozen=True)
class Project:
    """The folder tree under one ``nbtrail.toml``, or one that is only looked at.

    Attributes
    ----------
    root
        Absolute, with symbolic links resolved.
    adopted
        Whether there is an ``nbtrail.toml``; without one nothing of nbtrail's is written
        into the folder.
    state_dir
        Folder of database, blobs and run cards.
    config_error
        Set when ``nbtrail.toml`` cannot be used; ``config`` then holds the defaults.
    """

    root: Path
    config: Config
    adopted: bool
    state_dir: Path
    config_error: ConfigError | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """What people call it."""
        return self.config.project.name or self.root.name

    @property
    def state_is_local(self) -> bool:
        """Whether the state lies inside the project folder."""
        return self.state_dir == self.root / STATE_NAME

    def relative(self, path: Path | str) -> str:
        """POSIX path of ``path`` (absolute, or relative to the root) seen from the root.

        Raises
        ------
        OutsideProjectError
            When it, or what a symbolic link on the way points to, lies outside.
        """
        if "\0" in str(path):
            raise OutsideProjectError("A path cannot hold a NUL character.", hint="Check it.")
        absolute = Path(os.path.normpath(self.root / path))
        real = Path(os.path.realpath(absolute))
        for candidate in (absolute, real):
            if not candidate.is_relative_to(self.root):
                raise OutsideProjectError(
                    f"{path} lies outside the project {self.root.name}.",
                    hint="Give a path inside the project folder.",
                )
        return absolute.relative_to(self.root).as_posix()

    def resolve(self, relative: str) -> Path:
        """Absolute path of a POSIX path seen from the root; never outside it."""
        return self.root / self.relative(relative)

    def notebooks(self) -> list[str]:
        """POSIX paths of all notebooks of the project, sorted; nothing is read."""
        return sorted(p for p in self._walk() if not self.is_scratch(p))

    def is_scratch(self, path: str) -> bool:
        """Whether ``path`` lies in the folder where no rules hold and no pipeline looks."""
        scratch = self.config.names.scratch.strip("/")
        return bool(scratch) and (path == scratch or path.startswith(scratch + "/"))

    def owns(self, path: str) -> bool:
        """Whether a notebook at this POSIX path would belong to the project."""
        parts = PurePosixPath(path).parts
        if any(part in PRUNED_FOLDERS for part in parts[:-1]):
            return False
        return not self._excluded(path)

    def _walk(self) -> list[str]:
        found = []
        for folder, folders, files in os.walk(self.root):
            folders[:] = [
                name
                for name in folders
                if _is_text(name)
                and name not in PRUNED_FOLDERS
                and not name.startswith(".")
                and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
                and not os.path.exists(os.path.join(folder, name, CONFIG_NAME))
            ]
            base = os.path.relpath(folder, self.root)
            for name in files:
                if name.endswith(".ipynb") and not name.startswith(".") and _is_text(name):
                    path = name if base == "." else f"{base}/{name}".replace(os.sep, "/")
                    if not self._excluded(path):
                        found.append(path)
        return found

    def _excluded(self, path: str) -> bool:
        return any(pattern.match(path) for pattern in self._exclusions)

    @cached_property
    def _exclusions(self) -> list[re.Pattern[str]]:
        return [re.compile(fnmatch.translate(p)) for p in self.config.project.exclude]


def find_project(start: Path, ceiling: Path | None = None) -> Project:
    """The project that ``start`` belongs to; see `find_root`.

    A configuration that cannot be used is reported in ``config_error``.
    """
    return load_project(find_root(start, ceiling))


def find_root(start: Path, ceiling: Path | None = None) -> Path:
    """Root of the project that ``start`` (a file or folder, existing or not) belongs to.

    The nearest folder with an ``nbtrail.toml`` wins, then the root of the git repository,
    then ``ceiling`` (a server's root) or ``start`` itself. Nothing above ``ceiling`` is
    looked at, and no file is read.
    """
    start = Path(os.path.realpath(start))
    ceiling = Path(os.path.realpath(ceiling)) if ceiling else None
    if not start.is_dir():
        start = start.parent
    git_root: Path | None = None
    for folder in (start, *start.parents):
        if ceiling is not None and not folder.is_relative_to(ceiling):
            break
        if (folder / CONFIG_NAME).is_file():
            return folder
        if git_root is None and (folder / ".git").exists():
            git_root = folder
    return git_root or ceiling or start


def load_project(root: Path) -> Project:
    """The project rooted exactly at ``root``."""
    root = Path(os.path.realpath(root))
    file = root / CONFIG_NAME
    config, problem = Config(), None
    adopted = file.is_file()
    if adopted:
        try:
            config = parse_config(file.read_text(encoding="utf-8"), CONFIG_NAME)
        except ConfigError as error:
            problem = error
        except (OSError, UnicodeDecodeError) as error:
            problem = ConfigError(f"{CONFIG_NAME} cannot be read: {error}.", hint="Mend the file.")
    return Project(root, config, adopted, _state_dir(root, adopted), problem)


def _is_text(name: str) -> bool:
    """Whether a file name is UTF-8; others can be told neither to a browser nor to a database."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _state_dir(root: Path, adopted: bool) -> Path:
    local = root / STATE_NAME
    if adopted and _writable(local if local.exists() else root):
        return local
    import platformdirs

    key = hashlib.sha256(str(root).encode()).hexdigest()[:16]
    return Path(platformdirs.user_state_dir("nbtrail")) / "projects" / f"{root.name}-{key}"


def _writable(folder: Path) -> bool:
    """Whether files can be made there; root passes ``os.access`` even where the mode says no.

    The mode is looked at as well, because a folder that its owner has made read-only is meant
    to stay as it is, whoever runs the server.
    """
    try:
        return bool(folder.stat().st_mode & 0o222) and os.access(folder, os.W_OK)
    except OSError:
        return False
