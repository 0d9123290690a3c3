"""One writer of pairs at a time in a project, across threads and processes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from nbtrail.project import Project

try:
    import fcntl
except ImportError:  # pragma: no cover  (Windows: files are checked again before each write)
    fcntl = None  # type: ignore[assignment]


@contextlib.contextmanager
def pairs_lock(project: Project) -> Iterator[None]:
    """Hold the project's lock on its pairs; a state folder that cannot be written has none."""
    try:
        project.state_dir.mkdir(parents=True, exist_ok=True)
        stream = (project.state_dir / "pairs.lock").open("ab")
    except OSError:
        yield
        return
    with stream:
        if fcntl is not None:
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
