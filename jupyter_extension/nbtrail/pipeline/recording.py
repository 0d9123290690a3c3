"""The recorder in a run: every cell that the runner executes goes on record like any other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrail.pipeline.kernels import Kernel
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store
    from nbtrail.ledger.writer import Writer

_PROBED = ("python", "ipython")
#: Seconds to wait for the recorder to hear a kernel, and to have everything written.
_LISTEN_TIMEOUT = 10.0
_FLUSH_TIMEOUT = 60.0


class RunRecording:
    """Recorder and ledger writer of one run.

    Parameters
    ----------
    project
        Where the steps are executed.
    open_store
        Opens the ledger that they go into.
    state
        Folder of that ledger.
    """

    def __init__(
        self, project: Project, run: str, open_store: Callable[[], Store], state: Path
    ) -> None:
        from nbtrail.ledger.writer import Writer
        from nbtrail.recorder.install import install_code
        from nbtrail.recorder.recorder import Recorder

        self._project = project
        self._run = run
        self._state = state
        self._writer: Writer = Writer(open_store)
        self._params: dict[str, dict[str, Any]] = {}
        self._recorder = Recorder(on_finished=self._finished)
        config = project.config
        self._probe = install_code(
            str(project.root), config.metrics.patterns, note_files=config.recorder.files
        )

    async def begin(self, kernel: Kernel, path: str) -> None:
        """Record a kernel from now on, for the notebook at ``path``."""
        from nbtrail.recorder.recorder import Place

        place = Place(self._project.root, lambda: self._writer, path, self._state)
        self._recorder.attach(
            kernel.id,
            kernel.connection,
            place,
            kernelspec=kernel.name,
            language=kernel.language,
            run=self._run,
        )
        if kernel.language in _PROBED:
            # On the channel that the cells will take, so that it cannot come too late.
            kernel.client.execute(self._probe, silent=True, store_history=False)
        await self._listening(kernel)

    async def end(self, kernel: Kernel, *, died: bool) -> str | None:
        """All that the kernel has said is on record when this returns; else why it is not."""
        lost = self._writer.lost
        if died:
            self._recorder.died(kernel.id)
        else:
            await asyncio.to_thread(self._recorder.wait_idle, kernel.id, _LISTEN_TIMEOUT)
        self._recorder.detach(kernel.id)
        hashed = await asyncio.to_thread(self._recorder.flush, _FLUSH_TIMEOUT)
        written = await asyncio.to_thread(self._writer.flush, _FLUSH_TIMEOUT)
        if self._writer.lost > lost or self._writer.waiting:
            return f"Not all of it could be recorded: {self._writer.problem}"
        if not (hashed and written):
            return "Not all of it was recorded in time."
        return None

    def params(self, path: str) -> dict[str, Any]:
        """What the notebook has logged with ``log_param``."""
        return dict(self._params.get(path, {}))

    def close(self) -> None:
        """Write what is queued and end the threads."""
        self._recorder.close()
        self._writer.close()

    async def _listening(self, kernel: Kernel) -> None:
        """Wait until the subscription carries: an early cell would go unheard."""
        deadline = time.monotonic() + _LISTEN_TIMEOUT
        while time.monotonic() < deadline and await kernel.is_alive():
            if await asyncio.to_thread(self._recorder.wait_idle, kernel.id, 0.5):
                return

    def _finished(self, done: Any) -> None:
        if done.params and done.end.notebook is not None:
            self._params.setdefault(done.end.notebook, {}).update(done.params)
