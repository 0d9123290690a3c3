"""A recorded environment as requirements that pip installs, and what of it nobody can install."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

from nbtrail.export.tools import normalised

#: What every environment gets by itself.
_GIVEN = frozenset({"pip"})
#: What pip's files of requirements allow; whatever else is on record is no name, version or
#: address, and must not get into a file that somebody runs.
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]*")
_ADDRESS = re.compile(r"[!-~]+")
_MINOR = re.compile(r"(\d+\.\d+)(?:[.+\-a-z]|$)")
#: Folders in which conda's packages are built: its `direct_url.json` names them, and pip can
#: install the same version all the same.
_BUILT_BY_CONDA = re.compile(
    r"/(?:feedstock_root|croot|conda-bld|conda_build|build_artifacts|ci_\d+|perseverance-python-buildout)/"
)
#: Packages of conda's that are no part of what Python code imports.
_CONDA_GIVEN = frozenset({"python", "pip", "python_abi", "_libgcc_mutex", "_openmp_mutex"})


class Missing(msgspec.Struct, frozen=True):
    """A distribution that cannot be installed again: why, and what to do."""

    name: str
    version: str
    why: str
    fix: str = ""


class Requirements(msgspec.Struct, frozen=True):
    """A recorded environment, ready to be installed.

    Attributes
    ----------
    environment
        Id of the recorded environment.
    python
        Version of its interpreter, such as ``3.11.7``; empty where it is not known.
    lines
        Requirements with exact versions, sorted by name.
    missing
        What was there and cannot be installed from anywhere.
    notes
        What is worth knowing of some of the lines.
    """

    environment: str
    python: str
    lines: tuple[str, ...]
    missing: tuple[Missing, ...]
    notes: tuple[str, ...] = ()

    @property
    def minor(self) -> str:
        """The interpreter's version without its last number, such as ``3.11``; may be empty."""
        found = _MINOR.match(self.python)
        return found[1] if found else ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the distributions in ``lines``."""
        return tuple(re.split(r"==| @ ", line, maxsplit=1)[0] for line in self.lines)

    def text(self) -> str:
        """The content of a ``requirements.txt``; what is missing stands in it as comments."""
        head = [f"# Environment {self.environment[:12]}, recorded by nbtrail."]
        if self.python:
            head.append(f"# Python {one_line(self.python)}")
        head += [
            f"# Not installable: {one_line(f'{m.name}=={m.version}: {m.why}')}"
            for m in self.missing
        ]
        head += [f"# {note}" for note in self.notes]
        return "\n".join([*head, *self.lines]) + "\n"


def requirements_of(environment: Mapping[str, Any]) -> Requirements:
    """What an environment on record (`nbtrail.ledger.queries.environment`) takes to install.

    Distributions from an index are pinned by version, those from a version control system by
    commit, those from an archive on the net by its address and hash.
    """
    packages: Mapping[str, str] = environment.get("packages") or {}
    origins: Mapping[str, Any] = environment.get("origins") or {}
    lines, missing = [], []
    for name, version in sorted(packages.items()):
        if name in _GIVEN:
            continue
        found = _requirement(name, version, origins.get(name))
        if isinstance(found, Missing):
            missing.append(found)
        else:
            lines.append(found)
    missing += _of_conda_alone(environment.get("conda"), packages)
    python = (environment.get("python") or {}).get("version") or ""
    notes = tuple(_notes(lines))
    return Requirements(str(environment["id"]), str(python), tuple(lines), tuple(missing), notes)


def distinct(
    environments: Iterable[Mapping[str, Any]],
) -> tuple[tuple[Requirements, ...], dict[str, int]]:
    """What environments on record take to install, those that take the same once.

    Returns
    -------
    The requirements, and the place of each environment among them by its id.
    """
    found: list[Requirements] = []
    places: dict[str, int] = {}
    for environment in environments:
        wanted = requirements_of(environment)
        same = [
            place
            for place, one in enumerate(found)
            if (one.minor, one.lines) == (wanted.minor, wanted.lines)
        ]
        if not same:
            found.append(wanted)
        places[wanted.environment] = same[0] if same else len(found) - 1
    return tuple(found), places


def one_line(text: str) -> str:
    """A text that stays in its line, whatever it holds: for comments."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _requirement(name: str, version: str, origin: Any) -> str | Missing:
    """A line of requirements, or why there is none."""
    if not _NAME.fullmatch(name) or (version and not _VERSION.fullmatch(version)):
        return Missing(name, version, "its name or version is none.", "Install it anew.")
    if not isinstance(origin, Mapping):
        if not version:
            return Missing(name, version, "its version is not on record.", "Install it anew.")
        return f"{name}=={version}"
    url = without_credentials(str(origin.get("url") or ""))
    found = _from_elsewhere(name, version, url, origin)
    # With a space or a line break in it, pip would take the rest for something else.
    if isinstance(found, str) and not _ADDRESS.fullmatch(found.replace(" @ ", "@", 1)):
        return Missing(
            name, version, f"it came from {url}, which is no address.", "Install it anew."
        )
    return found


def _from_elsewhere(name: str, version: str, url: str, origin: Mapping[str, Any]) -> str | Missing:
    folder = origin.get("subdirectory")
    part = f"#subdirectory={folder}" if folder else ""
    control = origin.get("vcs_info")
    if isinstance(control, Mapping) and control.get("commit_id"):
        if not url.startswith("file:"):
            return f"{name} @ {control.get('vcs', 'git')}+{url}@{control['commit_id']}{part}"
        why = f"it came from a repository on that machine, {url}."
        fix = f"Push commit {str(control['commit_id'])[:12]}, and install it from there."
        return Missing(name, version, why, fix)
    if version and _BUILT_BY_CONDA.search(url):
        return f"{name}=={version}"
    if isinstance(origin.get("dir_info"), Mapping):
        editable = bool(origin["dir_info"].get("editable"))
        kind = "an editable folder" if editable else "a folder"
        why = f"it came from {kind} on that machine, {url}."
        fix = "Push it to a repository, and install it from there by commit."
        return Missing(name, version, why, fix)
    if url.startswith(("http://", "https://")):
        digest = _digest(origin.get("archive_info"))
        anchor = "&".join(p for p in (digest, part.removeprefix("#")) if p)
        return f"{name} @ {url}" + (f"#{anchor}" if anchor else "")
    why = f"it came from a file on that machine, {url or 'which is not known'}."
    return Missing(name, version, why, "Put the file where pip finds it (PIP_FIND_LINKS).")


def _of_conda_alone(recorded: Any, packages: Mapping[str, str]) -> Iterator[Missing]:
    """Packages of conda's that are no distributions of Python's: libraries, compilers, R."""
    if not isinstance(recorded, Mapping):
        return
    known = {normalised(name) for name in packages}
    for name, version in sorted(recorded.items()):
        if normalised(name) in known or name in _CONDA_GIVEN:
            continue
        why = "conda installed it, and pip knows no such thing."
        yield Missing(name, str(version), why, f"conda install {name}={version}")


def _notes(lines: list[str]) -> Iterator[str]:
    local = [line for line in lines if "+" in line.partition("==")[2]]
    if local:
        yield (
            f"Built for one platform, not on every index: {', '.join(local)}. Name the index that "
            "has them with PIP_EXTRA_INDEX_URL."
        )


def _digest(archive: Any) -> str:
    if not isinstance(archive, Mapping):
        return ""
    hashes = archive.get("hashes")
    if isinstance(hashes, Mapping) and hashes.get("sha256"):
        return f"sha256={hashes['sha256']}"
    return str(archive.get("hash") or "")


def without_credentials(url: str) -> str:
    """An address without the user and the password that it may hold."""
    parts = urlsplit(url)
    if "@" not in parts.netloc or parts.netloc.startswith("git@"):
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
