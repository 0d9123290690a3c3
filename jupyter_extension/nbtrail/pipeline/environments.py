"""Environments of their own that steps name in ``nbtrail.toml``, and what has changed in one."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nbtrail.errors import KernelError
from nbtrail.notebooks.cells import kernel_name
from nbtrail.notebooks.document import Notebook
from nbtrail.pipeline.kernels import site_folders, spec_argv
from nbtrail.project import Project

_SHOWN = 3
_SEPARATORS = re.compile(r"[-_.]+")


def kernel_of(project: Project, path: str, notebook: Notebook) -> str:
    """The kernel of a step: the one that nbtrail.toml names for it, else the notebook's.

    A name as Jupyter has it, or the absolute path of an interpreter or of a kernel's folder
    (`nbtrail.pipeline.kernels.spec_argv`).
    """
    return declared_kernel(project, path) or kernel_name(notebook)


def declared_kernel(project: Project, path: str) -> str | None:
    """The kernel that nbtrail.toml names for a step by ``environment``, ``kernel`` or both."""
    for step in project.config.pipeline.steps:
        if step.path != path or not (step.environment or step.kernel):
            continue
        if not step.environment:
            return step.kernel
        # A verify runs in a copy of the project, with the environments of the original.
        folder = Path(os.path.normpath(project.original / step.environment))
        if step.kernel:
            return str(folder / "share" / "jupyter" / "kernels" / step.kernel)
        return str(folder / "bin" / "python")
    return None


def check_environments(project: Project, steps: Iterable[str]) -> None:
    """Raise KernelError when a step names an environment or a kernel that is not there."""
    wanted = set(steps)
    for step in project.config.pipeline.steps:
        kernel = declared_kernel(project, step.path) if step.path in wanted else None
        if kernel is None:
            continue
        if step.environment:
            _check_folder(project.original / step.environment, step.environment, step.path)
        if spec_argv(kernel) is None:
            where = f" of {step.environment}" if step.environment else ""
            raise KernelError(
                f"{step.path} is to run on the kernel {step.kernel}{where}, which is not there.",
                hint="Install it, or correct [[pipeline.steps]] in nbtrail.toml.",
                detail={"step": step.path, "kernel": step.kernel},
            )


def _check_folder(folder: Path, name: str, path: str) -> None:
    detail = {"step": path, "environment": name}
    if not (folder / "bin" / "python").exists():
        raise KernelError(
            f"{path} is to run in the environment {name}, and there is none.",
            hint=f"Make it with `nbtrail env rebuild {name}`, or correct [[pipeline.steps]] in "
            "nbtrail.toml.",
            detail=detail,
        )
    places = site_folders(folder)
    if not _sees_others(folder) and not any((p / "ipykernel").is_dir() for p in places):
        raise KernelError(
            f"{path} is to run in the environment {name}, which has no ipykernel.",
            hint=f"Install it: {name}/bin/python -m pip install ipykernel",
            detail=detail,
        )


def ran_on(kernel: str, recorded: Mapping[str, Any]) -> bool:
    """Whether an environment on record is that of a kernel; true where that cannot be told."""
    argv = spec_argv(kernel)
    python = recorded.get("python")
    prefix = python.get("prefix") if isinstance(python, Mapping) else None
    if not argv or not os.path.isabs(argv[0]) or not prefix:
        return True
    return os.path.realpath(str(prefix)) == os.path.realpath(Path(argv[0]).parent.parent)


def what_changed(recorded: Mapping[str, Any]) -> str | None:
    """What of an environment on record is not as it was, in a few words; seen from outside.

    ``None`` where nothing is, and where the environment is not on this machine.
    """
    python = recorded.get("python")
    packages = recorded.get("packages")
    if not isinstance(python, Mapping) or not isinstance(packages, Mapping) or not packages:
        return None
    prefix = Path(str(python.get("prefix") or "/nowhere"))
    places = site_folders(prefix)
    if not places:
        return None
    present = _installed(places)
    said = []
    for name in sorted(present.keys() - packages.keys()):
        said.append(f"{name} added")
    for name in sorted(present.keys() & packages.keys()):
        if packages[name] not in present[name]:
            said.append(f"{name} {packages[name]} → {max(present[name])}")
    if not _sees_others(prefix) and not (recorded.get("variables") or {}).get("PYTHONPATH"):
        said += [f"{name} removed" for name in sorted(packages.keys() - present.keys())]
    # What was there has changed: that comes before what came along with it.
    said.sort(key=lambda text: (text.endswith(" added"), text.endswith(" removed")))
    more = len(said) - _SHOWN
    return ", ".join(said[:_SHOWN] + ([f"{more} more"] if more > 0 else [])) or None


def _installed(places: Iterable[Path]) -> dict[str, set[str]]:
    """Versions of what lies in folders of packages, by normalised name; damaged ones leave two."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for place in places:
        for entry in os.listdir(place):
            if entry.endswith(".dist-info"):
                name, _, version = entry[: -len(".dist-info")].partition("-")
                if name and version:
                    found[_SEPARATORS.sub("-", name).lower()].add(version)
    return dict(found)


def _sees_others(prefix: Path) -> bool:
    """Whether an environment also has packages that lie elsewhere, or may have."""
    try:
        text = (prefix / "pyvenv.cfg").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return True
    if "include-system-site-packages=false" not in text.lower().replace(" ", "").splitlines():
        return True
    return any(_names_folders(f) for place in site_folders(prefix) for f in place.glob("*.pth"))


def _names_folders(file: Path) -> bool:
    """Whether a file of paths holds any; most hold nothing but an import."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return True
    return any(line.strip() and not line.startswith(("import ", "#")) for line in lines)
