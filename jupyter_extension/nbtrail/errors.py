"""Every error that nbtrail raises on purpose.

::

    NbtrailError
    ├── UsageError               400  the call itself is wrong
    ├── ConfigError              422  nbtrail.toml cannot be used
    ├── NotFoundError            404  no such notebook, run, version
    ├── OutsideProjectError      403  a path that leaves the project
    ├── ConflictError            409  somebody else's work stands in the way
    │   └── LockedError          409  another run holds the project
    ├── PolicyError              422  a rule that is enforced forbids it
    ├── UnreadableNotebookError  422  a file that is no usable notebook
    ├── StoreError               409  the ledger cannot be read or written
    │   └── StoreUnavailableError  until something is done: locked, full, damaged, away
    ├── KernelError              422  a kernel is missing, died or did not start
    ├── ClusterError             422  a cluster cannot be reached or used
    ├── RebuildError             422  an environment could not be made again
    └── RunFailedError           422  a run ended with a failed step (exit status 1)

Each carries what the three faces need: ``exit_code`` for the command line, ``status`` and
``reason`` for REST and the panel, ``message`` and ``hint`` for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class NbtrailError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    message
        What happened and where, one sentence.
    hint
        What to do next, one sentence; empty when nothing can be done.
    detail
        Machine-readable facts (JSON types only).
    """

    reason: ClassVar[str] = "error"
    status: ClassVar[int] = 422
    exit_code: ClassVar[int] = 2

    def __init__(
        self, message: str, *, hint: str = "", detail: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail: dict[str, Any] = dict(detail or {})

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def as_json(self) -> dict[str, Any]:
        """Shape of every error answer: ``message``, ``reason``, ``detail``."""
        return {"message": str(self), "reason": self.reason, "detail": self.detail}


class UsageError(NbtrailError):
    """The arguments make no sense."""

    reason = "usage"
    status = 400


class ConfigError(NbtrailError):
    """``nbtrail.toml`` cannot be read or holds something unknown."""

    reason = "config"


class NotFoundError(NbtrailError):
    """The thing asked for does not exist."""

    reason = "not-found"
    status = 404


class OutsideProjectError(NbtrailError):
    """A path leads out of the project."""

    reason = "outside-project"
    status = 403


class ConflictError(NbtrailError):
    """Doing it would lose somebody's work."""

    reason = "conflict"
    status = 409


class LockedError(ConflictError):
    """Another process is running this project."""

    reason = "locked"


class PolicyError(NbtrailError):
    """A rule that is enforced forbids it; ``detail["findings"]`` says which."""

    reason = "policy"
    exit_code = 1


class UnreadableNotebookError(NbtrailError):
    """The file is no notebook that nbtrail can read; ``detail["code"]`` is the finding."""

    reason = "unreadable-notebook"


class StoreError(NbtrailError):
    """The ledger is missing, locked, corrupt, full or of a newer schema."""

    reason = "store"
    status = 409


class StoreUnavailableError(StoreError):
    """The ledger cannot be used until something is done: what waits for it is worth keeping."""


class KernelError(NbtrailError):
    """A kernel is not installed, did not start, or died."""

    reason = "kernel"


class ClusterError(NbtrailError):
    """A cluster cannot be reached, or none of its workers can be used."""

    reason = "cluster"


class RebuildError(NbtrailError):
    """An environment on record cannot be made again here."""

    reason = "rebuild"


class RunFailedError(NbtrailError):
    """A run ended with at least one failed step."""

    reason = "run-failed"
    exit_code = 1
