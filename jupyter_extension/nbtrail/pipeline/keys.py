"""When a step need not run: everything it depends on is as it was when it last ended well."""

from __future__ import annotations

import fnmatch
import json
import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from nbtrail.files import sha256_bytes
from nbtrail.ledger.records import FileAccess
from nbtrail.ledger.steps import StepRecord
from nbtrail.notebooks.datasets import parse_dataset
from nbtrail.pipeline.graph import Node
from nbtrail.pipeline.hashes import FileHashes
from nbtrail.pipeline.identity import Folders
from nbtrail.project import Project


class Surroundings(msgspec.Struct, frozen=True):
    """What a step depends on beside its inputs.

    Attributes
    ----------
    environment
        Fingerprint of the kernel's environment, seen from outside (`kernels`).
    sources
        The text of all code cells: a dataset whose date stands there is meant exactly.
    listings
        Files that fit the patterns which the code lists, by pattern.
    """

    code_key: str
    environment: str
    modules: tuple[tuple[str, str], ...]
    params: Mapping[str, Any]
    sources: str
    listings: Mapping[str, tuple[str, ...]]


def cache_key(
    around: Surroundings, inputs: Sequence[FileAccess], outputs: Sequence[FileAccess]
) -> str | None:
    """Identity of all that a step depends on; ``None`` when an input's content is unknown."""
    if any(access.sha256 is None for access in inputs):
        return None
    own = {access.path for access in outputs}
    named = sorted((_name(a.path, around.sources), a.sha256) for a in inputs)
    payload = [
        "nbtrail-step-1",
        around.code_key,
        around.environment,
        [list(module) for module in around.modules],
        dict(around.params),
        named,
        {p: [f for f in files if f not in own] for p, files in sorted(around.listings.items())},
    ]
    return sha256_bytes(json.dumps(payload, sort_keys=True, default=str).encode())


def matching_record(
    records: Sequence[StepRecord],
    around: Surroundings,
    hashes: FileHashes,
    folders: Folders,
    until: str | None = None,
) -> StepRecord | None:
    """The newest record whose inputs, code, environment, … are those of now."""
    for record in records:
        if record.cache_key is None:
            continue
        present = [
            FileAccess(a.path, current_sha256(a.path, around.sources, hashes, folders, until))
            for a in record.inputs
        ]
        if cache_key(around, present, record.outputs) == record.cache_key:
            return record
    return None


def current_sha256(
    path: str, sources: str, hashes: FileHashes, folders: Folders, until: str | None = None
) -> str | None:
    """Hash of what a step would read today where it once read ``path``.

    That is the newest version of a dataset's family that is not younger than ``until`` (an ISO
    date), unless the code itself names the date.
    """
    named = parse_dataset(path)
    if named.date is None or _is_exact(path, sources):
        return hashes.get(path)
    versions = [
        (found.date, candidate)
        for candidate in folders.families(posixpath.dirname(path)).get(named.family, [])
        if (found := parse_dataset(candidate)).date is not None
        and (until is None or found.date <= until)
    ]
    return hashes.get(max(versions)[1]) if versions else None


def changed_inputs(
    record: StepRecord, sources: str, hashes: FileHashes, folders: Folders
) -> list[str]:
    """Inputs of a record whose content is another one now, or unknown."""
    return [
        access.path
        for access in record.inputs
        if access.sha256 is None
        or current_sha256(access.path, sources, hashes, folders) != access.sha256
    ]


def listings_of(project: Project, node: Node) -> dict[str, tuple[str, ...]]:
    """Files that fit the patterns which a step's code lists."""
    found: dict[str, tuple[str, ...]] = {}
    for use in node.reads:
        head, _, _last = use.key.rpartition("/")
        if "*" not in use.key or "*" in head or use.key.startswith(("/", "..")):
            continue
        folders = Folders(project.root)
        names = [name for group in folders.families(head).values() for name in group]
        found[use.key] = tuple(sorted(n for n in names if fnmatch.fnmatchcase(n, use.key)))
    return found


def undeclared_addresses(project: Project, node: Node) -> list[str]:
    """Web addresses that a step reads and nbtrail.toml does not declare as its inputs."""
    declared = {
        name
        for step in project.config.pipeline.steps
        if step.path == node.path
        for name in step.reads
    }
    return [address for address in node.analysis.remote if address not in declared]


def _name(path: str, sources: str) -> str:
    return path if _is_exact(path, sources) else parse_dataset(path).family


def _is_exact(path: str, sources: str) -> bool:
    date = parse_dataset(path).date
    return date is not None and (date in sources or date.replace("-", "") in sources)
