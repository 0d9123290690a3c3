"""A recorded environment as requirements that pip installs, and what of it nobody can install."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec

#: What every environment gets by itself.
_GIVEN = frozenset({"pip"})


class Missing(msgspec.Struct, frozen=True):
    """A distribution that cannot be installed again, and why."""

    name: str
    version: str
    why: str


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
    """

    environment: str
    python: str
    lines: tuple[str, ...]
    missing: tuple[Missing, ...]

    def text(self) -> str:
        """The content of a ``requirements.txt``; what is missing stands in it as comments."""
        head = [f"# Environment {self.environment[:12]}, recorded by nbtrail."]
        if self.python:
            head.append(f"# Python {self.python}")
        head += [f"# Not installable: {m.name}=={m.version}: {m.why}" for m in self.missing]
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
        line, why = _requirement(name, version, origins.get(name))
        if line is None:
            missing.append(Missing(name, version, why))
        else:
            lines.append(line)
    python = (environment.get("python") or {}).get("version") or ""
    return Requirements(str(environment["id"]), python, tuple(lines), tuple(missing))


def _requirement(name: str, version: str, origin: Any) -> tuple[str | None, str]:
    """A line of requirements, or ``None`` and why there is none."""
    if not isinstance(origin, Mapping):
        if not version:
            return None, "its version is not on record."
        return f"{name}=={version}", ""
    url = without_credentials(str(origin.get("url") or ""))
    folder = origin.get("subdirectory")
    part = f"#subdirectory={folder}" if folder else ""
    control = origin.get("vcs_info")
    if isinstance(control, Mapping) and control.get("commit_id"):
        if url.startswith("file:"):
            return None, f"it came from a repository on that machine, {url}."
        return f"{name} @ {control.get('vcs', 'git')}+{url}@{control['commit_id']}{part}", ""
    if isinstance(origin.get("dir_info"), Mapping):
        kind = "an editable folder" if origin["dir_info"].get("editable") else "a folder"
        return None, f"it came from {kind} on that machine, {url}."
    if url.startswith(("http://", "https://")):
        digest = _digest(origin.get("archive_info"))
        anchor = "&".join(p for p in (digest, part.removeprefix("#")) if p)
        return f"{name} @ {url}" + (f"#{anchor}" if anchor else ""), ""
    return None, f"it came from a file on that machine, {url or 'which is not known'}."


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
