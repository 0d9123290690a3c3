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
from nbtrail.notebooks.datasets import family_of, parse_dataset
from nbtrail.pipeline.graph import Node
from nbtrail.pipeline.hashes import FileHashes
from nbtrail.pipeline.identity import Folders, newest_version, patterns_of
from nbtrail.pipeline.inference.static import Analysis
from nbtrail.pipeline.inference.values import HOLE
from nbtrail.project import Project


class Surroundings(msgspec.Struct, frozen=True):
    """What a step depends on beside its inputs.

    Attributes
    ----------
    environment
        Fingerprint of the kernel's environment, seen from outside (`kernels`).
    analysis
        What the code says: which versions of datasets it means, and its local modules.
    listings
        Files that fit the patterns which the code lists, by pattern (`listings_of`).
    """

    analysis: Analysis
    environment: str
    params: Mapping[str, Any]
    listings: Mapping[str, tuple[str, ...]]


def cache_key(
    around: Surroundings, inputs: Sequence[FileAccess], outputs: Sequence[FileAccess]
) -> str | None:
    """Identity of all that a step depends on; ``None`` when an input's content is unknown."""
    if any(access.sha256 is None for access in inputs):
        return None
    own = {name for a in outputs for name in (a.path, family_of(a.path))}
    named = sorted((_name(a.path, around.analysis), a.sha256) for a in inputs)
    payload = [
        "nbtrail-step-2",
        around.analysis.code_key,
        around.environment,
        [list(module) for module in around.analysis.modules],
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
            FileAccess(a.path, current_sha256(a.path, around.analysis, hashes, folders, until))
            for a in record.inputs
        ]
        if cache_key(around, present, record.outputs) == record.cache_key:
            return record
    return None


def is_as_it_ended(
    record: StepRecord,
    around: Surroundings,
    hashes: FileHashes,
    folders: Folders,
    until: str | None = None,
) -> bool:
    """Whether a step of the run that is resumed need not run again, though it has no key.

    It has none because it read a web address, or started a process that nobody saw into. That
    is as good as when it ended, while the rest of its run was still to come; all files that are
    known must be what they were. What else a key holds cannot be told then.
    """
    analysis = around.analysis
    return (
        record.cache_key is None
        and record.code_key == analysis.code_key
        and not analysis.modules
        and not around.listings
        and all(
            access.sha256 is not None
            and current_sha256(access.path, analysis, hashes, folders, until) == access.sha256
            for access in record.inputs
        )
    )


def current_sha256(
    path: str, analysis: Analysis, hashes: FileHashes, folders: Folders, until: str | None = None
) -> str | None:
    """Hash of what a step would read today where it once read ``path``; ``None`` if unclear.

    Where the code asks for the dataset by the name of its family, that is the newest version
    that is not younger than ``until`` (an ISO date); where its text names the date, that
    version. Where it does both, or comes to the name in a way that is not known, both versions
    must be of one content.
    """
    said = parse_dataset(path)
    by_family = is_asked_for(said.family, analysis)
    by_date = posixpath.basename(path) in analysis.dated
    if not by_family and (by_date or said.date is None):
        return hashes.get(path)
    newest = newest_version(said.family, folders, until)
    if by_family and not by_date:
        return hashes.get(newest) if newest is not None else None
    digest = hashes.get(path)
    return digest if newest is None or hashes.get(newest) == digest else None


def is_asked_for(family: str, analysis: Analysis) -> bool:
    """Whether the code asks for a dataset by the name of its family (``nbtrail.dataset``)."""
    return any(fnmatch.fnmatchcase(family, name) for name in analysis.datasets)


def changed_inputs(
    record: StepRecord, analysis: Analysis, hashes: FileHashes, folders: Folders
) -> list[str]:
    """Inputs of a record whose content is another one now, or unknown."""
    return [
        access.path
        for access in record.inputs
        if access.sha256 is None
        or current_sha256(access.path, analysis, hashes, folders) != access.sha256
    ]


def listings_of(project: Project, node: Node) -> dict[str, tuple[str, ...]]:
    """What a step's code finds: files that fit a pattern, are in a folder, or are there at all.

    From the code alone: what it would find now cannot be known from what it once found.
    """
    found: dict[str, tuple[str, ...]] = {}
    folders = Folders(project.root)
    for named in node.analysis.reads:
        if HOLE in named.text and not named.is_listing:
            continue
        for path in patterns_of(named.text, posixpath.dirname(node.path), project.root):
            if "*" in path:
                found[path] = folders.matching(path)
            elif (project.root / path).is_dir():
                found[path] = folders.files_of(path)
            else:
                family = family_of(path)
                found[path] = (family,) if folders.exists(family) else ()
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


def _name(path: str, analysis: Analysis) -> str:
    return path if posixpath.basename(path) in analysis.dated else family_of(path)
