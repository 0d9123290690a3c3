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


#: Takes a source text; gives notebook (as in `Place`), cell id, and whether that one was found
#: by its text only. It may read files.
Matcher = Callable[[str], tuple[str, str, bool] | None]


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
    state
        The project's state folder, where the recorder notes which sessions are its own;
        ``None`` where nobody has to take them over.
    match
        Finds the cell of a source text that came without one.
    """

    root: Path
    sink: Callable[[], Sink]
    notebook: str | None = None
    state: Path | None = None
    match: Matcher | None = None


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
    noted: bool = True


@dataclass
class Running:
    """An execution that has not ended. ``begun`` is on the monotonic clock."""

    start: ExecutionStart
    place: Place
    begun: float
    #: Whether whoever sent the request was seen to do so, and would have named the cell.
    noted: bool = False
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
    claimed
        Project folders where the session is noted as this recorder's.
    ended
        Where executions are whose threads may still do something, by message id.
    """

    record: KernelSession
    position: int = 0
    ready: bool = False
    environment: dict[str, Any] | None = None
    running: dict[str, Running] = field(default_factory=dict)
    opened: dict[Path, Place] = field(default_factory=dict)
    claimed: set[Path] = field(default_factory=set)
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
