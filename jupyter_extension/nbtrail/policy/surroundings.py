"""What rules about code need to know of the project: its own modules, its lock, its tests."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from nbtrail.config import CONFIG_NAME, read_toml
from nbtrail.files import sha256_bytes
from nbtrail.project import PRUNED_FOLDERS, Project

_NAME = r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?"
_REQUIREMENT = re.compile(rf"^\s*{_NAME}\s*(?:[@=<>!~;#].*)?$")
_CONDA = re.compile(rf"^\s*-\s+(?:[\w./-]+::)?{_NAME}\s*(?:[=<>!~@;#\s].*)?$")
_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock")
_CONDA_FILES = ("environment.yml", "environment.yaml", "conda.yml", "conda.yaml")
_TEST_FILE = re.compile(r"^(?:test_.*|.*_test)\.py$")


class Surroundings(msgspec.Struct, frozen=True):
    """A project as its notebooks find it.

    Attributes
    ----------
    modules
        Names of the modules and packages of the project's own code.
    locked
        Distributions of the locked environment as they stand there, ``None`` where unknown.
    tests
        What the project's test files say, in one text.
    """

    modules: frozenset[str]
    locked: frozenset[str] | None
    tests: str

    def digest(self) -> str:
        """Identity of all that a rule may ask, tests aside."""
        facts = (sorted(self.modules), None if self.locked is None else sorted(self.locked))
        return sha256_bytes(msgspec.json.encode(facts))

    def tested(self, path: str) -> bool:
        """Whether a test file names the notebook at this POSIX path, or its twin."""
        return PurePosixPath(path).stem in self.tests


def surroundings_of(project: Project, recorded: Iterable[str] | None) -> Surroundings:
    """Look around in the project; nothing of a notebook is read.

    ``recorded`` are the distributions of the newest environment on record.
    """
    modules: set[str] = set()
    tests: list[str] = []
    for folder, names in _folders_with_python(project.root):
        here = set(names)
        for name in names:
            stem, ending = os.path.splitext(name)
            if ending != ".py":
                continue
            if _TEST_FILE.match(name):
                tests.append(_text(folder / name))
            if stem.isidentifier():
                modules.add(stem)
        if any(name.endswith(".py") and name[:-3] + ".ipynb" not in here for name in here):
            modules.update(part for part in folder.relative_to(project.root).parts)
    return Surroundings(frozenset(modules), locked_names(project.root, recorded), "\n".join(tests))


def locked_names(root: Path, recorded: Iterable[str] | None) -> frozenset[str] | None:
    """Distributions that the project says it needs; else those of an environment on record."""
    found: set[str] = set()
    known = False
    try:
        names = sorted(os.listdir(root))
    except OSError:
        names = []
    for name in names:
        if name.startswith("requirements") and name.endswith((".txt", ".in")):
            found.update(_requirements(_text(root / name).splitlines()))
        elif name == "pyproject.toml":
            declared = list(_of_pyproject(read_toml(_text(root / name))))
            if not declared:
                continue
            found.update(declared)
        elif name in _LOCKS:
            packages = read_toml(_text(root / name)).get("package")
            found.update(_names_of(packages))
        elif name in _CONDA_FILES:
            found.update(_of_conda(_text(root / name)))
        else:
            continue
        known = True
    if known:
        return frozenset(found)
    return None if recorded is None else frozenset(recorded)


def _folders_with_python(root: Path) -> Iterator[tuple[Path, list[str]]]:
    for folder, folders, files in os.walk(root):
        folders[:] = [
            name
            for name in folders
            if name not in PRUNED_FOLDERS
            and not name.startswith(".")
            and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
            and not os.path.exists(os.path.join(folder, name, CONFIG_NAME))
        ]
        if any(name.endswith(".py") for name in files):
            yield Path(folder), files


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _requirements(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        match = _REQUIREMENT.match(line.split(" --hash")[0].rstrip("\\ \t"))
        if match is not None:
            yield match[1]
        elif "#egg=" in line:
            yield line.split("#egg=")[1].split("&")[0].strip()


def _of_pyproject(content: dict[str, Any]) -> Iterator[str]:
    """What a ``pyproject.toml`` declares, in the ways of the standard, its groups and Poetry."""
    project = _table(content, "project")
    groups = [project.get("dependencies"), *_table(project, "optional-dependencies").values()]
    groups += _table(content, "dependency-groups").values()
    for group in groups:
        if isinstance(group, list):
            yield from _requirements(line for line in group if isinstance(line, str))
    poetry = _table(_table(content, "tool"), "poetry")
    tables = [poetry, *(t for t in _table(poetry, "group").values() if isinstance(t, dict))]
    for table in tables:
        for key in ("dependencies", "dev-dependencies"):
            yield from (name for name in _table(table, key) if name != "python")


def _table(content: dict[str, Any], key: str) -> dict[str, Any]:
    value = content.get(key)
    return value if isinstance(value, dict) else {}


def _names_of(packages: Any) -> Iterator[str]:
    for package in packages if isinstance(packages, list) else ():
        if isinstance(package, dict) and isinstance(package.get("name"), str):
            yield package["name"]


def _of_conda(text: str) -> Iterator[str]:
    """The dependencies of a conda environment, those that pip brings included."""
    inside = False
    for line in text.splitlines():
        if line and not line[0].isspace() and not line.startswith(("-", "#")):
            inside = line.startswith("dependencies:")
        match = _CONDA.match(line) if inside else None
        if match is not None and match[1] != "pip":
            yield match[1]
