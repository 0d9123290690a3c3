"""What a step did, put together from what the recorder saw."""

from __future__ import annotations

import contextlib
import posixpath
from pathlib import Path
from typing import Any

import msgspec

from nbtrail.files import fingerprint, stable_sha256
from nbtrail.ledger.records import FileAccess
from nbtrail.ledger.steps import run_accesses, run_environment, run_metrics
from nbtrail.ledger.store import Store
from nbtrail.pipeline.graph import Node
from nbtrail.pipeline.hashes import FileHashes
from nbtrail.pipeline.identity import Folders

#: Files that native libraries read and write past Python's `open`.
_NATIVE = (
    ".parquet", ".feather", ".arrow", ".h5", ".hdf5", ".nc", ".zarr", ".db", ".sqlite",
    ".sqlite3", ".duckdb", ".pt", ".pth", ".safetensors", ".onnx", ".tif", ".tiff", ".shp",
    ".gpkg", ".keras", ".cbm", ".orc", ".fst", ".rds", ".rda",
)  # fmt: skip
#: Larger outputs are not kept among the blobs, in bytes.
LARGEST_BLOB = 50 * 1024 * 1024


class Expected(msgspec.Struct, frozen=True):
    """Files that static analysis names and the probe may miss, as they were before the step.

    ``reads`` has hashes by path, ``writes`` paths, ``since`` is a file's time in ns.
    """

    reads: dict[str, str | None]
    writes: tuple[str, ...]
    since: int


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


def expected_files(node: Node, hashes: FileHashes, folders: Folders, since: int) -> Expected:
    """What to look at before a step runs, for files that are opened past Python."""
    reads = {}
    for use in node.reads:
        path = _newest(use.key, folders) if _is_native(use) else None
        if path is not None:
            reads[path] = hashes.get(path)
    writes = tuple(use.key for use in node.writes if _is_native(use))
    return Expected(reads, writes, since)


def gather(
    store: Store,
    root: Path,
    run: str,
    path: str,
    expected: Expected,
    modules: frozenset[str] = frozenset(),
    cells: int = 0,
) -> Outcome:
    """Put together what a step's executions did.

    Parameters
    ----------
    modules
        Local modules that the step's key has already.
    cells
        How many cells were run: fewer executions on record are not all there were.
    """
    with store.read() as connection:
        executions = run_accesses(connection, run, path)
        ids = [identity for identity, _probed, _files in executions]
        metrics = run_metrics(connection, ids)
        environment = run_environment(connection, ids)
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
        complete=len(ids) >= cells and all(probed for _identity, probed, _files in executions),
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
    folders = Folders(root)
    for key in expected.writes:
        path = _newest(key, folders)
        found = fingerprint(root / path) if path is not None else None
        if path is not None and found is not None and found[1] >= expected.since:
            written.setdefault(path)
    for path, before in expected.reads.items():
        if path in inputs or path in written:
            continue
        now, size = stable_sha256(root / path)
        inputs[path] = FileAccess(path, now if now == before else None, size)


def _is_native(use: Any) -> bool:
    certain = use.evidence in ("static", "declared") and not use.weak
    return certain and "*" not in use.key and use.key.lower().endswith(_NATIVE)


def _newest(key: str, folders: Folders) -> str | None:
    if key.startswith(("/", "..")):
        return None
    names = folders.families(posixpath.dirname(key)).get(key, [])
    return max(names) if names else None
