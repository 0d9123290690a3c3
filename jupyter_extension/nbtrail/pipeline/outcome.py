"""What a step did, put together from what the recorder saw."""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Sequence
from pathlib import Path

import msgspec

from nbtrail.files import fingerprint, stable_sha256
from nbtrail.ledger.records import FileAccess
from nbtrail.ledger.steps import Accesses, run_environment, run_metrics, started_children
from nbtrail.ledger.store import Store
from nbtrail.notebooks.datasets import family_of
from nbtrail.pipeline.hashes import FileHashes
from nbtrail.pipeline.identity import ELSEWHERE, Folders, newest_version
from nbtrail.pipeline.inference.known import NATIVE_SUFFIXES
from nbtrail.pipeline.inference.static import Analysis
from nbtrail.pipeline.keys import is_asked_for
from nbtrail.pipeline.model import Node, Use

#: Larger outputs are not kept among the blobs, in bytes.
LARGEST_BLOB = 50 * 1024 * 1024
#: Files that are opened to be changed: that they were written does not mean that they were
#: not read before.
_IN_PLACE = (".db", ".sqlite", ".sqlite3", ".duckdb", ".h5", ".hdf5", ".hdf", ".gpkg")


class Expected(msgspec.Struct, frozen=True):
    """Files that code or configuration name and the probe may miss, as they were before the step.

    Attributes
    ----------
    reads
        Hashes by path.
    writes
        Keys and patterns of what may be written.
    present
        Size, time and inode of what was there of ``writes``, by path.
    """

    reads: dict[str, str | None]
    writes: tuple[str, ...]
    present: dict[str, tuple[int, int, int] | None]


class Outcome(msgspec.Struct, frozen=True):
    """Files, metrics and environment of a step.

    Attributes
    ----------
    outside
        Files written outside the project, by absolute path.
    complete
        Whether the probe saw all executions, so that the inputs are all there are.
    """

    inputs: tuple[FileAccess, ...] = ()
    outputs: tuple[FileAccess, ...] = ()
    outside: tuple[str, ...] = ()
    metrics: dict[str, float | None] = {}
    environment: str | None = None
    complete: bool = False


def expected_files(
    node: Node, root: Path, hashes: FileHashes, until: str | None = None
) -> Expected:
    """What to look at before a step runs, for files that are opened past Python."""
    folders = Folders(root)
    reads = {
        path: hashes.get(path)
        for use in node.reads
        if _may_be_missed(use)
        for named in _read_by(use.key, node.analysis, folders, until)
        for path in ((named,) if use.weak else folders.files_of(named))
        if path != node.path and (root / path).is_file()
    }
    writes = tuple(use.key for use in node.writes if _may_be_missed(use))
    present = {path: fingerprint(root / path) for path in _written_by(writes, folders)}
    return Expected(reads, writes, present)


def gather(
    store: Store,
    root: Path,
    path: str,
    executions: Sequence[Accesses],
    expected: Expected,
    modules: frozenset[str] = frozenset(),
    cells: int = 0,
    hidden: bool = False,
    declared: bool = False,
) -> Outcome:
    """Put together what a step's executions did.

    Parameters
    ----------
    executions
        In order, those of the notebook at ``path``.
    modules
        Local modules that the step's key has already.
    cells
        How many cells were run: fewer executions on record are not all there were.
    hidden
        Whether something else is known that the probe could not see into.
    declared
        Whether nbtrail.toml names the inputs, so that it does not matter what processes read
        that the step started.
    """
    ids = [identity for identity, _probed, _files in executions]
    with store.read() as connection:
        metrics = run_metrics(connection, ids)
        environment = run_environment(connection, ids)
        hidden = hidden or (not declared and started_children(connection, ids))
    inputs: dict[str, FileAccess] = {}
    written: dict[str, None] = {}
    for _identity, _probed, files in executions:
        for kind, access in files:
            if kind == "write" or access.path in written or access.path == path:
                continue
            if kind == "module" and access.path in modules:
                continue
            known = inputs.get(access.path)
            if known is None:
                inputs[access.path] = access
            elif known.sha256 != access.sha256:
                inputs[access.path] = FileAccess(access.path, None, access.bytes)
        written.update({access.path: None for kind, access in files if kind == "write"})
    _add_native(root, expected, inputs, written)
    for name in _written_by(expected.writes, Folders(root)):
        # A database was opened in one cell, to be written in another.
        if name in written and name not in expected.reads:
            inputs.pop(name, None)
    outside = tuple(sorted(p for p in written if posixpath.isabs(p)))
    outputs = []
    for name in sorted(written):
        if name in outside or name == path:
            continue
        digest, size = stable_sha256(root / name)
        if size is not None:
            outputs.append(FileAccess(name, digest, size))
    return Outcome(
        inputs=tuple(inputs[name] for name in sorted(inputs)),
        outputs=tuple(outputs),
        outside=outside,
        metrics=metrics,
        environment=environment,
        complete=not hidden
        and len(ids) >= cells
        and all(probed for _identity, probed, _files in executions),
    )


def keep_outputs(store: Store, root: Path, outputs: tuple[FileAccess, ...]) -> frozenset[str]:
    """Keep the content of outputs among the blobs; returns the hashes that are there."""
    stored = set()
    for access in outputs:
        if access.sha256 is None or (access.bytes or 0) > LARGEST_BLOB:
            continue
        if store.blobs.has(access.sha256):
            stored.add(access.sha256)
            continue
        with contextlib.suppress(OSError):
            if store.blobs.put((root / access.path).read_bytes()) == access.sha256:
                stored.add(access.sha256)
    return frozenset(stored)


def restore_outputs(
    store: Store,
    root: Path,
    outputs: tuple[FileAccess, ...],
    stored: frozenset[str],
    hashes: FileHashes,
) -> list[str] | None:
    """Bring back outputs that are missing; returns their paths.

    ``None`` when an output is another one now, or its content was not kept: then the step has
    to run. Nothing is overwritten.
    """
    from nbtrail.errors import NbtrailError
    from nbtrail.files import write_atomic

    missing = []
    for access in outputs:
        file = root / access.path
        if fingerprint(file) is None and not file.exists():
            if access.sha256 is None or access.sha256 not in stored:
                return None
            missing.append(access)
        elif access.sha256 is None or hashes.get(access.path) != access.sha256:
            return None
    try:
        contents = [(a.path, store.blobs.get(a.sha256 or "")) for a in missing]
        for path, data in contents:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            write_atomic(root / path, data)
    except (OSError, NbtrailError):
        return None
    return [access.path for access in missing]


def _add_native(
    root: Path, expected: Expected, inputs: dict[str, FileAccess], written: dict[str, None]
) -> None:
    """Add what the probe may have missed.

    What could have been written, is there and was not, is an input: either branch of ``if``
    that makes a file or takes the one that is there.
    """
    seen = set(written)
    folders = Folders(root)
    for path in _written_by(expected.writes, folders):
        now = fingerprint(root / path)
        if now is not None and now != expected.present.get(path):
            written.setdefault(path)
    made = {family_of(path) for path in written}
    for key in expected.writes:
        left = None if key in made or "*" in key else newest_version(key, folders)
        if left is not None and (root / left).is_file():
            digest, size = stable_sha256(root / left)
            inputs.setdefault(left, FileAccess(left, digest, size))
    for path, before in expected.reads.items():
        if path in inputs or (path in seen and not path.lower().endswith(_IN_PLACE)):
            continue
        now_there, size = stable_sha256(root / path)
        is_as_before = now_there == before or path in written
        inputs[path] = FileAccess(path, before if is_as_before else None, size)


def _may_be_missed(use: Use) -> bool:
    if use.key.startswith(("/", "..", ELSEWHERE)):
        return False
    return use.unseen or use.evidence == "declared" or use.key.lower().endswith(NATIVE_SUFFIXES)


def _read_by(key: str, analysis: Analysis, folders: Folders, until: str | None) -> tuple[str, ...]:
    """Files that a step may read by a key: the version that it names, or the newest."""
    if "*" in key:
        return folders.matching(key)
    members = folders.families(posixpath.dirname(key)).get(key, [])
    exact = tuple(path for path in members if posixpath.basename(path) in analysis.dated)
    newest = newest_version(key, folders, until)
    if newest is None or (exact and not is_asked_for(key, analysis)):
        return exact
    return (*exact, newest)


def _written_by(keys: tuple[str, ...], folders: Folders) -> dict[str, None]:
    """What there is of files that may be written."""
    found: dict[str, None] = {}
    for key in keys:
        members = folders.families(posixpath.dirname(key)).get(key, ())
        for path in folders.matching(key) if "*" in key else members:
            found.update(dict.fromkeys(folders.files_of(path)))
    return found
