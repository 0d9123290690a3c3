"""What the recorder keeps in mind of kernels, their sessions and what runs in them."""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from nbtrail.ledger.records import CellError, ExecutionEnd, ExecutionStart, KernelSession
from nbtrail.recorder.reports import Report

if TYPE_CHECKING:
    from sqlalchemy import Connection as Database


#: Characters of text outputs that are kept of one execution, to be searched.
OUTPUT_LIMIT = 20_000


class Sink(Protocol):
    """Where records go: the ledger's writer."""

    def submit(self, write: Callable[[Database], Any]) -> None:
        """Have it written soon."""

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until all of it is written."""


@dataclass(frozen=True)
class Place:
    """Where an execution belongs.

    Attributes
    ----------
    root
        The project's folder.
    sink
        Gives the writer of the project's ledger; asked anew for each record.
    notebook
        POSIX path seen from ``root``; ``None`` where nobody knows.
    """

    root: Path
    sink: Callable[[], Sink]
    notebook: str | None = None


#: Takes kernel id, cell id (or ``None``) and message id. Called on the listener's thread:
#: it must neither wait nor raise. ``None`` means that this execution is not to be recorded.
Resolver = Callable[[str, str | None, str], Place | None]


@dataclass(frozen=True)
class Finished:
    """An execution that ended and was handed to the ledger, with what the ledger keeps not."""

    kernel_id: str
    start: ExecutionStart
    end: ExecutionEnd
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Running:
    """An execution that has not ended. ``begun`` is on the monotonic clock."""

    start: ExecutionStart
    place: Place
    begun: float
    error: CellError | None = None
    report: Report | None = None
    messages: int = 0
    output: list[str] = field(default_factory=list)
    #: Characters of text outputs that are still kept.
    room: int = OUTPUT_LIMIT


@dataclass
class Session:
    """One life of a kernel.

    Attributes
    ----------
    ready
        Whether the probe has said that it is in place.
    opened
        Where the session is on record, by project folder.
    ended
        Where executions are whose threads may still do something, by message id.
    """

    record: KernelSession
    position: int = 0
    ready: bool = False
    environment: dict[str, Any] | None = None
    running: dict[str, Running] = field(default_factory=dict)
    opened: dict[Path, Place] = field(default_factory=dict)
    ended: OrderedDict[str, Place] = field(default_factory=OrderedDict)


@dataclass
class Kernel:
    """A kernel that is recorded, with its present session."""

    id: str
    resolver: Resolver
    kernelspec: str | None
    language: str | None
    run: str | None
    probe: str | None
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        self.begin_session()

    def begin_session(self) -> None:
        """Forget the session that was, and begin another."""
        identity = uuid.uuid4().hex
        self.session = Session(
            KernelSession(identity, self.id, self.kernelspec, self.language, time.time())
        )
