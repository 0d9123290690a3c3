"""One writer of pairs at a time in a project, across threads and processes."""

from __future__ import annotations

import contextlib
import time
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

from nbtrail.errors import LockedError
from nbtrail.project import Project

try:
    import fcntl
except ImportError:  # pragma: no cover  (Windows: files are checked again before each write)
    fcntl = None  # type: ignore[assignment]

#: Seconds that a sync waits for another one; a merge of a large pair takes one or two.
PATIENCE = 5.0
#: Seconds that a rename waits for another one, which may be of a whole folder.
LONG_PATIENCE = 15.0
#: Seconds that a client's opening or saving may be held up.
SHORT_PATIENCE = 2.0
_PAUSE = 0.02
#: Notebooks that are saved at the same time hardly ever share one of these.
_SLOTS = 16


@contextlib.contextmanager
def pairs_lock(
    project: Project, patience: float = PATIENCE, *, required: bool = True
) -> Iterator[None]:
    """Hold the project's lock on its pairs.

    A state folder that cannot be written, or a file system without locks, has none.

    Parameters
    ----------
    project
        Whose pairs are about to be written.
    patience
        Seconds to wait for another writer.
    required
        False goes on without the lock after that time, for what must follow something that
        has been done already.

    Raises
    ------
    LockedError
        When another writer holds it all that time.
    """
    with _project_lock(project, "pairs.lock", patience) as locked:
        if required and not locked:
            raise _still_locked(project, patience, "writing the pairs of")
        yield


@contextlib.contextmanager
def renames_lock(project: Project, patience: float = LONG_PATIENCE) -> Iterator[None]:
    """Hold the project's lock on renames and their undoing, from the first look to the last write.

    Raises
    ------
    LockedError
        When another program renames all that time.
    """
    with _project_lock(project, "renames.lock", patience) as locked:
        if not locked:
            raise _still_locked(project, patience, "renaming notebooks of")
        yield


def hold_saving(project: Project, path: str, patience: float) -> Callable[[], None]:
    """Keep other servers from saving the notebook at ``path``; call the result to let them.

    Two contents managers that write one file at the same time leave a torn one. Where another
    one is not done after ``patience`` seconds, this goes on all the same: a save is never refused.
    """
    held = contextlib.ExitStack()
    slot = zlib.crc32(path.encode(errors="surrogatepass")) % _SLOTS
    held.enter_context(_project_lock(project, f"saving-{slot:x}.lock", patience))
    return held.close


@contextlib.contextmanager
def _project_lock(project: Project, name: str, patience: float) -> Iterator[bool]:
    """Hold a lock of the state folder; gives false where somebody else still has it."""
    try:
        project.state_dir.mkdir(parents=True, exist_ok=True)
        stream = (project.state_dir / name).open("ab")
    except OSError:
        yield True
        return
    with stream:
        locked = True
        if fcntl is not None:
            locked = _locked(stream, patience)
        yield locked


def _locked(stream: BinaryIO, patience: float) -> bool:
    """Wait for the lock; false when somebody else still has it in the end.

    It is polled because a lock that is waited for in the kernel has no deadline.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE)
        except OSError:
            return True  # no locks here, as on some network file systems
        else:
            return True


def _still_locked(project: Project, patience: float, doing: str) -> LockedError:
    return LockedError(
        f"Another program has been {doing} {project.name} for more than {patience:g} s.",
        hint="Nothing was changed; try again when it has ended.",
    )
