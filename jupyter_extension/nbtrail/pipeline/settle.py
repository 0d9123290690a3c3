"""Files of all steps under one key each, from code, record and configuration."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

import msgspec

from nbtrail.pipeline.identity import (
    Folders,
    KnownKeys,
    Reference,
    key_of,
    refer,
    settle_end,
    settle_read,
    settle_write,
)
from nbtrail.pipeline.inference.static import Analysis, FileUse
from nbtrail.pipeline.model import Observed, Use
from nbtrail.project import Project


class Uses(msgspec.Struct):
    """Files that a step reads and writes."""

    reads: list[Use]
    writes: list[Use]


def settle(
    project: Project,
    analyses: Mapping[str, Analysis],
    observed: Mapping[str, Observed],
    folders: Folders,
) -> dict[str, Uses]:
    """Files of every step under one key each: writers first, because readers lean on them.

    What was observed of the code as it is now replaces what analysis says of it, save where the
    probe sees nothing: native code, other processes, and folders that are listed.
    """
    uses = {path: Uses([], []) for path in analyses}
    open_ends: list[tuple[str, str, Reference, FileUse]] = []
    current = {p for p, a in analyses.items() if _is_current(a, observed.get(p))}
    for path in current:
        _add_observed(uses[path], observed[path])
    for path, analysis in analyses.items():
        folder = posixpath.dirname(path)
        for named in _kept(analysis.writes, path in current):
            reference = refer(named.text, folder, project.root)
            if reference is None:
                continue
            key = settle_write(reference, folders)
            if key is None:
                open_ends.append((path, "write", reference, named))
            else:
                uses[path].writes.append(_static(key, named))
    for path, seen in observed.items():
        if path in uses and path not in current and analyses[path].unresolved:
            _add_observed(uses[path], seen)
    for step in project.config.pipeline.steps:
        if step.path in uses and step.writes:
            uses[step.path].writes = [Use(key_of(p), "declared") for p in step.writes]
    written = KnownKeys(use.key for one in uses.values() for use in one.writes)
    for path, analysis in analyses.items():
        folder = posixpath.dirname(path)
        for named in _kept(analysis.reads, path in current):
            reference = refer(named.text, folder, project.root)
            if reference is None:
                continue
            key = settle_read(reference, written, folders)
            if key is None:
                open_ends.append((path, "read", reference, named))
            else:
                uses[path].reads.append(_static(key, named))
    known = KnownKeys(use.key for one in uses.values() for use in (*one.writes, *one.reads))
    for path, mode, reference, named in open_ends:
        use = _static(settle_end(reference, known), named)
        known.add(use.key)
        (uses[path].writes if mode == "write" else uses[path].reads).append(use)
    for step in project.config.pipeline.steps:
        if step.path in uses and step.reads:
            uses[step.path].reads = [Use(key_of(p), "declared") for p in step.reads]
    for one in uses.values():
        one.reads, one.writes = _unique(one.reads), _unique(one.writes)
    return uses


def _is_current(analysis: Analysis, seen: Observed | None) -> bool:
    return seen is not None and seen.code_key == analysis.code_key


def _kept(named: tuple[FileUse, ...], is_current: bool) -> list[FileUse]:
    return [use for use in named if not is_current or use.unseen or use.is_listing]


def _static(key: str, named: FileUse) -> Use:
    return Use(key, "static", named.cell, named.weak, named.unseen)


def _add_observed(uses: Uses, seen: Observed) -> None:
    uses.writes.extend(Use(key_of(path), "observed") for path in seen.writes)
    uses.reads.extend(Use(key_of(path), "observed") for path in seen.reads)


def _unique(uses: list[Use]) -> list[Use]:
    found: dict[str, Use] = {}
    for use in uses:
        known = found.get(use.key)
        if known is None:
            found[use.key] = use
            continue
        better = use if known.weak and not use.weak else known
        unseen = known.unseen or use.unseen
        found[use.key] = msgspec.structs.replace(better, unseen=unseen)
    return list(found.values())
