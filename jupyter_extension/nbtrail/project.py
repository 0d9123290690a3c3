"""A project: its root, its configuration, and where its state is kept."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from nbtrail.config import CONFIG_NAME, Config, parse_config
from nbtrail.errors import ConfigError, OutsideProjectError

STATE_NAME = ".nbtrail"
#: File of the ledger in a project's state, where it is not in PostgreSQL.
DATABASE_NAME = "trail.db"
#: What of the state git takes along: run cards, reviews and the baseline.
STATE_IGNORE = "*\n!.gitignore\n!baseline.json\n!runs/\n!runs/**\n!reviews/\n!reviews/**\n"
#: Folders that never hold notebooks of a project, whatever the configuration says.
PRUNED_FOLDERS = frozenset(
    {STATE_NAME, ".git", ".ipynb_checkpoints", "__pycache__", "node_modules", "site-packages"}
)


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
    home
        Root of the project that this one is a copy of.
    """

    root: Path
    config: Config
    adopted: bool
    state_dir: Path
    config_error: ConfigError | None = field(default=None, compare=False)
    home: Path | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """What people call it."""
        return self.config.project.name or self.root.name

    @property
    def original(self) -> Path:
        """Where the environments of steps lie: the root, also for a copy of the project."""
        return self.home or self.root

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
        found = self.files(lambda name: name.endswith(".ipynb"))
        return [path for path in found if not self.is_scratch(path)]

    def files(self, wanted: Callable[[str], bool]) -> list[str]:
        """POSIX paths of the project's files with a name that is ``wanted``, sorted.

        Hidden ones, those that are excluded, and folders that are never looked at are left out.
        """
        return sorted(self._walk(wanted))

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

    def _walk(self, wanted: Callable[[str], bool]) -> list[str]:
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
                if wanted(name) and not name.startswith(".") and _is_text(name):
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
    return Project(root, config, adopted, _state_dir(root, adopted), problem, root)


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
