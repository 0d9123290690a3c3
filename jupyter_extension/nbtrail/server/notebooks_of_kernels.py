"""Which notebook an execution belongs to: from the server's sessions, then from the cell."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async

from nbtrail.errors import NbtrailError
from nbtrail.files import fingerprint
from nbtrail.notebooks.cells import source_sha256
from nbtrail.recorder.matching import CellMatcher, matcher_of

log = logging.getLogger(__name__)

_CHANGES = ("save_session", "update_session", "delete_session")


class NotebooksOfKernels:
    """A copy of the server's sessions that may be read from any thread.

    Parameters
    ----------
    session_manager
        The server's; only asked on the event loop.
    absolute
        Where a path of the Contents API lies on the disk.
    """

    def __init__(self, session_manager: Any, absolute: Callable[[str], Path]) -> None:
        self._manager = session_manager
        self._absolute = absolute
        self._paths: dict[str, list[str]] = {}
        #: Which notebook a client session, or a cell, was found to belong to.
        self._clients: dict[tuple[str, str], str] = {}
        self._cells: dict[tuple[str, str], str] = {}
        self._matchers: dict[tuple[str, str], tuple[Any, CellMatcher | None]] = {}
        self._replaced: dict[str, Any] = {}

    def watch(self) -> None:
        """Follow the changes of sessions: they have no events of their own."""
        for name in _CHANGES:
            original = getattr(self._manager, name, None)
            if original is not None:
                self._replaced[name] = original
                setattr(self._manager, name, self._followed(original))

    def unwatch(self) -> None:
        """Leave the session manager as it was."""
        for name, original in self._replaced.items():
            setattr(self._manager, name, original)
        self._replaced.clear()

    async def refresh(self) -> None:
        """Read the sessions anew."""
        try:
            sessions = await ensure_async(self._manager.list_sessions())
        except Exception:
            log.warning("nbtrail: the server's sessions could not be read", exc_info=True)
            return
        found: dict[str, list[str]] = {}
        for session in sessions:
            kernel = session.get("kernel") or {}
            if session.get("type") == "notebook" and kernel.get("id"):
                found.setdefault(kernel["id"], []).append(session["path"])
        self._paths = found

    def paths(self, kernel_id: str) -> list[str]:
        """Contents paths of the notebooks that use a kernel, in the order they began to."""
        return self._paths.get(kernel_id, [])

    def kernels(self) -> list[tuple[str, str]]:
        """Every kernel with the contents path of each of its notebooks."""
        return [(kernel, path) for kernel, paths in list(self._paths.items()) for path in paths]

    def find(self, kernel_id: str, cell_id: str | None, client: str | None) -> str | None:
        """Contents path of the notebook that an execution belongs to, if there is one.

        Where several share the kernel it is the one that holds the cell; for a cell that was
        not saved yet, the one that the same client has executed before.
        """
        paths = self.paths(kernel_id)
        if len(paths) < 2:
            return paths[0] if paths else None
        found = None
        if cell_id is not None:
            found = self._cells.get((kernel_id, cell_id))
            if found not in paths:
                found = next((path for path in paths if self._holds(path, cell_id)), None)
            if found is not None:
                self._cells[kernel_id, cell_id] = found
        if found is None and client is not None:
            found = self._clients.get((kernel_id, client))
        if found is not None and client is not None:
            self._clients[kernel_id, client] = found
        return found if found in paths else None

    def match(self, kernel_id: str, source: str) -> tuple[str, str] | None:
        """Contents path and id of the cell with this source, in the notebooks of a kernel.

        For who executes on the server, past the websocket. Reads files.
        """
        digest = source_sha256(source)
        for path in self.paths(kernel_id) if source.strip() else ():
            matcher = self._matcher(kernel_id, path)
            found = None if matcher is None else matcher.find(digest)
            if found is not None:
                return path, found
        return None

    def _matcher(self, kernel_id: str, path: str) -> CellMatcher | None:
        try:
            file = self._absolute(path)
        except NbtrailError:
            return None
        state = fingerprint(file)
        known = self._matchers.get((kernel_id, path))
        if known is None or known[0] != state:
            matcher = matcher_of(file)
            if known is not None and known[1] is not None and matcher is not None:
                matcher.passes(known[1].last)
            known = self._matchers[kernel_id, path] = (state, matcher)
        return known[1]

    def _holds(self, path: str, cell_id: str) -> bool:
        try:
            content = self._absolute(path).read_bytes()
        except Exception:
            return False
        quoted = json.dumps(cell_id).encode()
        return b'"id": ' + quoted in content or b'"id":' + quoted in content

    def _followed(self, original: Callable[..., Any]) -> Callable[..., Any]:
        async def followed(*args: Any, **kwargs: Any) -> Any:
            result = await ensure_async(original(*args, **kwargs))
            await asyncio.shield(self.refresh())
            return result

        return followed
