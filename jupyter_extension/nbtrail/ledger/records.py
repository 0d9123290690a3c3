"""What the ledger keeps, as frozen records; their JSON is that of the REST answers.

Times are ISO 8601 in UTC with milliseconds, durations are seconds.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, Literal

import msgspec

ExecutionStatus = Literal["running", "ok", "error", "aborted", "died", "lost"]
RunKind = Literal["pipeline", "verify", "interactive"]
RunStatus = Literal["queued", "running", "ok", "failed", "cancelled", "lost"]
StepStatus = Literal["waiting", "running", "ran", "cached", "failed", "skipped", "cancelled"]
Verdict = Literal["identical", "different", "failed"]

#: Statuses of a run that is over.
FINISHED: frozenset[str] = frozenset({"ok", "failed", "cancelled", "lost"})


#: Endings of files that hold trained models.
_MODELS = (
    ".pkl", ".pickle", ".joblib", ".pt", ".pth", ".onnx", ".keras", ".h5", ".hdf5", ".safetensors",
    ".skops", ".cbm", ".ubj", ".model",
)  # fmt: skip


class FileAccess(msgspec.Struct, frozen=True):
    """A file that was read or written; ``sha256`` is ``None`` when the content is unknown."""

    path: str
    sha256: str | None = None
    bytes: int | None = None


class CellError(msgspec.Struct, frozen=True):
    """An exception in a cell: class name and message."""

    name: str
    message: str


class KernelSession(msgspec.Struct, frozen=True):
    """One life of a kernel. ``started_at`` is in seconds since the epoch."""

    id: str
    kernel_id: str
    kernelspec: str | None
    language: str | None
    started_at: float


class ExecutionStart(msgspec.Struct, frozen=True):
    """A cell began to run. ``session`` and ``msg_id`` identify the execution."""

    session: str
    msg_id: str
    notebook: str | None
    cell_id: str | None
    position: int
    execution_count: int | None
    source: str
    started_at: float
    run: str | None = None
    cell_index: int | None = None
    cell_id_inferred: bool = False


class ExecutionEnd(msgspec.Struct, frozen=True):
    """A cell ended. ``metrics`` holds ``(name, value, step)``."""

    session: str
    msg_id: str
    status: ExecutionStatus
    seconds: float
    error: CellError | None = None
    environment: str | None = None
    probed: bool = False
    messages: int = 0
    reads: tuple[FileAccess, ...] = ()
    writes: tuple[FileAccess, ...] = ()
    modules: tuple[FileAccess, ...] = ()
    metrics: tuple[tuple[str, float | None, int | None], ...] = ()
    #: What the cell printed and showed as text, up to the recorder's limit.
    output: str = ""
    #: Known only now for kernels whose cell ids come from the probe, or found by the source.
    cell_id: str | None = None
    cell_id_inferred: bool = False
    notebook: str | None = None
    #: Whether it started a process of which nobody knows what it read.
    children: bool = False


class Execution(msgspec.Struct, frozen=True):
    """One run of one cell, as it is read back."""

    id: int
    notebook: str | None
    cell_id: str | None
    order: int
    execution_count: int | None
    source: str
    source_sha256: str
    started_at: str
    seconds: float | None
    status: ExecutionStatus
    error: CellError | None
    session: str
    environment: str | None
    reads: tuple[FileAccess, ...]
    writes: tuple[FileAccess, ...]
    run: str | None
    #: Kind of that run: the cells of a verify ran in a copy.
    run_kind: RunKind | None = None
    #: What git said when the run, or the kernel session, began: commit, branch, dirty files.
    git: dict[str, Any] | None = None


class Step(msgspec.Struct, frozen=True):
    """One notebook in a run. ``error`` has ``cell_id``, ``cell``, ``name``, ``message``."""

    n: int
    path: str
    status: StepStatus
    seconds: float | None
    cells_done: int
    cells_total: int
    error: dict[str, Any] | None
    message: str | None
    inputs: tuple[FileAccess, ...] = ()
    outputs: tuple[FileAccess, ...] = ()
    metrics: dict[str, float | None] = {}
    params: dict[str, Any] = {}


class Run(msgspec.Struct, frozen=True):
    """One pass over steps, in short."""

    run: str
    kind: RunKind
    status: RunStatus
    started_at: str
    seconds: float | None
    git: dict[str, Any] | None
    environment: str | None
    metrics: dict[str, float | None]
    params: dict[str, Any]
    steps_done: int
    steps_total: int
    verdict: Verdict | None
    message: str | None
    tag: str | None
    note: str | None
    against: str | None
    largest_difference: float | None


class RunDetail(msgspec.Struct, frozen=True):
    """A run with its steps."""

    summary: Run
    steps: tuple[Step, ...]
    differences: tuple[dict[str, Any], ...]
    certificate: str | None
    #: Files that differed from the commit, with the SHA-256 of their content where it is known.
    dirty_files: dict[str, str | None] = {}

    @property
    def certificate_html(self) -> str | None:
        """The certificate as a page, which lies beside the JSON."""
        return (
            None if self.certificate is None else f"{self.certificate.removesuffix('.json')}.html"
        )

    def models(self) -> list[dict[str, Any]]:
        """Models that the steps wrote, with the data, metrics and settings they came from."""
        return [
            {
                "path": output.path,
                "sha256": output.sha256,
                "bytes": output.bytes,
                "step": step.path,
                "inputs": [access.path for access in step.inputs],
                "metrics": step.metrics,
                "params": step.params,
                "environment": self.summary.environment,
            }
            for step in self.steps
            for output in step.outputs
            if is_model(output.path)
        ]

    def as_json(self) -> dict[str, Any]:
        """The run and its steps in one object, as commands and REST give it."""
        return {
            **msgspec.structs.asdict(self.summary),
            "steps": self.steps,
            "models": self.models(),
            "differences": self.differences,
            "certificate": self.certificate,
            "certificate_html": self.certificate_html,
            "dirty_files": self.dirty_files,
        }


def is_model(path: str) -> bool:
    """Whether a file of this name holds a trained model."""
    return path.lower().endswith(_MODELS)


def iso(seconds: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC."""
    moment = datetime.fromtimestamp(seconds, tz=timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
