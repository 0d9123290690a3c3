"""Files of all steps under one key each, from code, record and configuration."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

import msgspec

from nbtrail.pipeline.identity import (
    Folders,
    Reference,
    key_of,
    refer,
    settle_end,
    settle_read,
    settle_write,
)
from nbtrail.pipeline.inference.static import Analysis
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
    """Files of every step under one key each: writers first, because readers lean on them."""
    uses = {path: Uses([], []) for path in analyses}
    open_ends: list[tuple[str, str, Reference, int, bool]] = []
    static = {p: a for p, a in analyses.items() if not _is_current(a, observed.get(p))}
    for path, analysis in static.items():
        folder = posixpath.dirname(path)
        for named in analysis.writes:
            reference = refer(named.text, folder, project.root)
            if reference is None:
                continue
            key = settle_write(reference, folders)
            if key is None:
                open_ends.append((path, "write", reference, named.cell, named.weak))
            else:
                uses[path].writes.append(Use(key, "static", named.cell, named.weak))
    for path, seen in observed.items():
        if path in uses and (path not in static or analyses[path].unresolved):
            uses[path].writes.extend(Use(key_of(p), "observed") for p in seen.writes)
            uses[path].reads.extend(Use(key_of(p), "observed") for p in seen.reads)
    for step in project.config.pipeline.steps:
        if step.path in uses and step.writes:
            uses[step.path].writes = [Use(key_of(p), "declared") for p in step.writes]
    written = {use.key for one in uses.values() for use in one.writes}
    for path, analysis in static.items():
        folder = posixpath.dirname(path)
        for named in analysis.reads:
            reference = refer(named.text, folder, project.root)
            if reference is None:
                continue
            key = settle_read(reference, written, folders)
            if key is None:
                open_ends.append((path, "read", reference, named.cell, named.weak))
            else:
                uses[path].reads.append(Use(key, "static", named.cell, named.weak))
    known = written | {use.key for one in uses.values() for use in one.reads}
    for path, mode, reference, cell, weak in open_ends:
        use = Use(settle_end(reference, known), "static", cell, weak)
        (uses[path].writes if mode == "write" else uses[path].reads).append(use)
    for step in project.config.pipeline.steps:
        if step.path in uses and step.reads:
            uses[step.path].reads = [Use(key_of(p), "declared") for p in step.reads]
    for one in uses.values():
        one.reads, one.writes = _unique(one.reads), _unique(one.writes)
    return uses


def _is_current(analysis: Analysis, seen: Observed | None) -> bool:
    return seen is not None and seen.code_key == analysis.code_key


def _unique(uses: list[Use]) -> list[Use]:
    found: dict[str, Use] = {}
    for use in uses:
        known = found.get(use.key)
        if known is None or (known.weak and not use.weak):
            found[use.key] = use
    return list(found.values())
