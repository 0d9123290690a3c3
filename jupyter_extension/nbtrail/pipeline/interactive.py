"""A straight pass over a notebook on a fresh kernel counts as having run its step.

Somebody who restarts the kernel in JupyterLab and runs all cells has done what the runner does.
Where everything that a skip rests on is known, the pass goes on record as a run of kind
``interactive``, and the next run of the pipeline skips the step.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row

from nbtrail.errors import ConflictError
from nbtrail.files import stable_sha256
from nbtrail.ledger import runs as ledger_runs
from nbtrail.ledger.passes import claim_executions, newest_session
from nbtrail.ledger.steps import Accesses, accesses_of, good_steps
from nbtrail.ledger.store import Store
from nbtrail.notebooks.cells import Cell, cells_of, sources_digest
from nbtrail.notebooks.datasets import family_of
from nbtrail.notebooks.document import Notebook, parse_notebook
from nbtrail.pipeline import keys, outcome
from nbtrail.pipeline.cells import SKIP, tagged_parameters
from nbtrail.pipeline.environments import kernel_of
from nbtrail.pipeline.graph import infer_graph, step_paths
from nbtrail.pipeline.hashes import FileHashes
from nbtrail.pipeline.inference.source import code_digest
from nbtrail.pipeline.kernels import environment_fingerprint
from nbtrail.pipeline.model import Node
from nbtrail.project import Project


class _Pass(msgspec.Struct, frozen=True):
    """What a pass did, all of it known."""

    node: Node
    notebook: Notebook
    data: bytes
    rows: Sequence[Row[Any]]
    found: outcome.Outcome
    key: str


def note_pass(project: Project, store: Store, path: str) -> str | None:
    """Put a notebook's last pass on record as a run, if it was one; returns the run's id.

    It was one where the kernel session executed all code cells of the saved notebook in their
    order and nothing else, without an error, and its files are as it left them. Nothing is put
    down twice, nor what an earlier run of the step stands for already.

    Parameters
    ----------
    path
        POSIX path from the project's root.
    """
    with store.read() as connection:
        rows = newest_session(connection, path)
    if not rows:
        return None
    data = (project.root / path).read_bytes()
    notebook = parse_notebook(data, path)
    kernel = kernel_of(project, path, notebook)
    if not _is_straight(cells_of(notebook), rows, path, kernel):
        return None
    if path not in step_paths(project):
        return None
    done = _what_it_did(project, store, path, notebook, data, rows)
    return None if done is None else _record(project, store, done)


def _is_straight(cells: Sequence[Cell], rows: Sequence[Row[Any]], path: str, kernel: str) -> bool:
    """Whether executions are one pass from the top, on a kernel that had done nothing before.

    Parameters
    ----------
    rows
        All executions of a session (`nbtrail.ledger.passes.newest_session`).
    """
    codes = [cell for cell in cells if cell.type == "code"]
    if any(SKIP in cell.tags for cell in codes):
        return False  # the runner leaves them out, and JupyterLab does not
    wanted = [cell.source for cell in codes if cell.source.strip()]
    ran = [row for row in rows if row.source.strip()]
    return (
        bool(wanted)
        and [row.source for row in ran] == wanted
        and all(row.path == path and row.kernelspec == kernel for row in rows)
    )


def _what_it_did(
    project: Project,
    store: Store,
    path: str,
    notebook: Notebook,
    data: bytes,
    rows: Sequence[Row[Any]],
) -> _Pass | None:
    """Files, metrics and key of a pass; ``None`` where something of it is not known."""
    node = infer_graph(project).node(path)
    declared = project.config.pipeline.declared(path)
    if node.analysis.code_key != code_digest(notebook):
        return None  # saved again just now
    if keys.undeclared_addresses(project, node):
        return None
    hashes = FileHashes(project.root, project.state_dir)
    with store.read() as connection:
        executions = accesses_of(connection, [row.id for row in rows])
    expected = outcome.expected_files(node, project.root, hashes, _date_of(rows))
    if _may_have_missed(expected, executions, rows[0].started_at):
        return None
    found = outcome.gather(
        store,
        project.root,
        path,
        executions,
        outcome.Expected({}, (), {}),
        frozenset(name for name, _digest in node.analysis.modules),
        declared=bool(declared and declared.reads),
    )
    around = keys.Surroundings(
        analysis=node.analysis,
        environment=environment_fingerprint(kernel_of(project, path, notebook)),
        params=tagged_parameters(notebook),
        listings=keys.listings_of(project, node),
    )
    key = keys.cache_key(around, found.inputs, found.outputs) if found.complete else None
    if key is None or found.outside or _moved(project, executions, found):
        return None
    with store.read() as connection:
        known = good_steps(connection, path, code_key=node.analysis.code_key)
    if any(record.cache_key == key and record.outputs == found.outputs for record in known):
        return None
    return _Pass(node, notebook, data, rows, found, key)


def _date_of(rows: Sequence[Row[Any]]) -> str:
    """ISO date on which a session's first execution began."""
    return time.strftime("%Y-%m-%d", time.localtime(rows[0].started_at))


def _may_have_missed(
    expected: outcome.Expected, executions: Sequence[Accesses], since: float
) -> bool:
    """Whether the pass may have used a file unseen: nobody looked at the files before it."""
    files = [access for _id, _probed, found in executions for access in found]
    seen = {access.path for _kind, access in files}
    made = {family_of(access.path) for kind, access in files if kind == "write"}
    unseen = {path: print_ for path, print_ in expected.present.items() if path not in seen}
    return bool(expected.reads.keys() - seen) or any(
        print_ is None or print_[1] >= since * 1e9 or family_of(path) not in made
        for path, print_ in unseen.items()
    )


def _moved(project: Project, executions: Sequence[Accesses], found: outcome.Outcome) -> bool:
    """Whether an output, or a local module, is not what the pass left or imported."""
    last = {
        (kind, access.path): access.sha256
        for _id, _probed, files in executions
        for kind, access in files
    }
    return any(
        access.sha256 is None or last["write", access.path] != access.sha256
        for access in found.outputs
    ) or any(
        kind == "module" and stable_sha256(project.root / path)[0] != digest
        for (kind, path), digest in last.items()
    )


def _record(project: Project, store: Store, done: _Pass) -> str | None:
    """Write the run; ``None`` where another process was quicker."""
    path, rows, found = done.node.path, done.rows, done.found
    kept = outcome.keep_outputs(store, project.root, found.outputs)
    counts = [cell.execution_count for cell in cells_of(done.notebook) if cell.source.strip()]
    codes = [row.execution_count for row in rows if row.source.strip()]
    is_saved = [count for count in counts if count is not None] == codes
    blob = store.blobs.put(done.data) if is_saved else None
    ended = max(row.started_at + (row.seconds or 0.0) for row in rows)
    total = sum(cell.type == "code" for cell in cells_of(done.notebook))
    run = ledger_runs.new_run_id(rows[0].started_at)
    try:
        with store.write() as connection:
            ledger_runs.create_run(
                connection,
                run,
                "interactive",
                request={"kind": "interactive", "notebooks": [path], "date": _date_of(rows)},
                git=rows[0].git,
                started_at=rows[0].started_at,
            )
            claim_executions(connection, run, [row.id for row in rows])
            ledger_runs.plan_steps(connection, run, [path])
            ledger_runs.set_step_files(
                connection, run, 0, inputs=found.inputs, outputs=found.outputs, in_blobs=kept
            )
            ledger_runs.update_step(
                connection,
                run,
                0,
                status="ran",
                started_at=rows[0].started_at,
                seconds=round(ended - rows[0].started_at, 3),
                cells_done=total,
                cells_total=total,
                cache_key=done.key,
                code_key=done.node.analysis.code_key,
                sources_digest=sources_digest(done.notebook),
                environment_id=found.environment,
                executed_blob=blob,
                params=tagged_parameters(done.notebook),
                metrics=found.metrics,
            )
            ledger_runs.update_run(
                connection, run, status="ok", ended_at=ended, environment_id=found.environment
            )
    except ConflictError:
        return None
    return run
