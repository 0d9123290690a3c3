"""What a Python process runs on: interpreter, platform, every distribution, what steers it.

Gathered inside the kernel, because only the process itself knows what it can import.
"""

from __future__ import annotations

import glob
import os
import platform
import re
import sys
from typing import Any

#: Variables that change what the same code computes, or how fast.
VARIABLES = (
    "PYTHONHASHSEED",
    "PYTHONPATH",
    "PYTHONOPTIMIZE",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
    "CUDA_VISIBLE_DEVICES",
    "CUBLAS_WORKSPACE_CONFIG",
    "TF_DETERMINISTIC_OPS",
    "TZ",
    "LANG",
    "LC_ALL",
)

_SEPARATORS = re.compile(r"[-_.]+")


def gather() -> dict[str, Any]:
    """The environment of this process, as JSON types only.

    ``packages`` maps normalised names to versions, ``origins`` those of them that did not come
    from an index to the content of their ``direct_url.json``, ``conda`` what conda installed to
    version and build (``1.3.1=h4ab18f5_1``), libraries that are no distributions among it.
    """
    packages, origins = distributions()
    found, conda = gpus(), conda_packages()
    return {
        **({"gpu": found} if found else {}),
        **({"conda": conda} if conda else {}),
        "python": {
            "version": platform.python_version(),
            "implementation": platform.python_implementation(),
            "executable": sys.executable,
            "prefix": sys.prefix,
        },
        "platform": {
            "system": platform.system(),
            "release": platform.release(),
            "machine": platform.machine(),
            "libc": " ".join(platform.libc_ver()).strip(),
        },
        "cpu_count": os.cpu_count(),
        "variables": {name: os.environ[name] for name in VARIABLES if name in os.environ},
        "packages": packages,
        "origins": origins,
    }


def gpus() -> list[str]:
    """Models of the graphics cards that NVIDIA's driver names, without asking a program."""
    found = []
    for file in sorted(glob.glob("/proc/driver/nvidia/gpus/*/information")):
        try:
            with open(file, encoding="utf-8", errors="replace") as stream:
                lines = [line.partition(":") for line in stream]
        except OSError:
            continue
        found += [value.strip() for key, _, value in lines if key.strip() == "Model"]
    return found


def conda_packages() -> dict[str, str]:
    """Versions and builds of what conda installed, by name; empty in other environments."""
    try:
        files = os.listdir(os.path.join(sys.prefix, "conda-meta"))
    except OSError:
        return {}
    # NAME-VERSION-BUILD.json, as conda itself takes them apart.
    parts = [name[:-5].rsplit("-", 2) for name in sorted(files) if name.endswith(".json")]
    return {part[0]: "{}={}".format(*part[1:]) for part in parts if len(part) == 3}


def distributions() -> tuple[dict[str, str], dict[str, Any]]:
    """Versions of all distributions that can be imported, and where unusual ones came from."""
    import json
    from importlib import metadata

    packages: dict[str, str] = {}
    origins: dict[str, Any] = {}
    for distribution in metadata.distributions():
        try:
            name, version = _name_and_version(distribution)
            # The first on sys.path is the one that an import takes.
            if not name or name in packages:
                continue
            packages[name] = version
            direct = distribution.read_text("direct_url.json")
            if direct:
                origins[name] = json.loads(direct)
        except Exception:  # one damaged distribution must not hide the others
            continue
    return dict(sorted(packages.items())), origins


def site_folders() -> list[str]:
    """Folders on the import path that packages are installed into."""
    return [p for p in sys.path if os.path.basename(p) in ("site-packages", "dist-packages")]


def _name_and_version(distribution: Any) -> tuple[str, str]:
    """Taken from the folder's name where it says both: parsing METADATA costs 1 ms each."""
    path = getattr(distribution, "_path", None)
    folder = getattr(path, "name", "")
    if folder.endswith(".dist-info"):
        name, _, version = folder[: -len(".dist-info")].partition("-")
        if name and version:
            return _SEPARATORS.sub("-", name).lower(), version
    metadata = distribution.metadata
    return _SEPARATORS.sub("-", metadata["Name"] or "").lower(), metadata["Version"] or ""
