"""The recorder in a run: every cell that the runner executes goes on record like any other."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from nbtrail.pipeline.executors import RunContext
from nbtrail.pipeline.kernels import PROBED, Kernel
from nbtrail.recorder.install import install_code
from nbtrail.recorder.recorder import Place, Recorder
from nbtrail.recorder.sessions import Sink

#: Seconds to wait for the recorder to hear a kernel, and to have everything hashed.
_LISTEN_TIMEOUT = 10.0
_FLUSH_TIMEOUT = 60.0


class RunRecording:
    """Recorder of a run's kernels.

    Parameters
    ----------
    sink
        Where records go.
    state
        Folder of the ledger, where the sessions are noted as this process's to close; ``None``
        where the records are written by another one.
    """

    def __init__(self, context: RunContext, sink: Sink, state: Path | None) -> None:
        self._root = Path(context.root)
        self._run = context.run
        self._dates = context.dates
        self._sink = sink
        self._state = state
        self._params: dict[str, dict[str, Any]] = {}
        self._recorder = Recorder(on_finished=self._finished)
        self.probe = install_code(context.root, context.metrics, note_files=context.note_files)

    async def begin(self, kernel: Kernel, path: str) -> None:
        """Record a kernel from now on, for the notebook at ``path``."""
        place = Place(self._root, lambda: self._sink, path, self._state)
        self._recorder.attach(
            kernel.id,
            kernel.connection,
            place,
            kernelspec=kernel.name,
            language=kernel.language,
            run=self._run,
        )
        if kernel.language in PROBED:
            # On the channel that the cells will take, so that it cannot come too late.
            kernel.client.execute(self.probe, silent=True, store_history=False)
            if path in self._dates:
                # The kernel may have been started ahead, for whichever step would need it.
                code = f"__import__('os').environ['NBTRAIL_DATE'] = {self._dates[path]!r}"
                kernel.client.execute(code, silent=True, store_history=False)
        await self._listening(kernel)

    async def end(self, kernel: Kernel, *, died: bool) -> str | None:
        """All that the kernel has said is handed over when this returns; else why it is not."""
        if died:
            self._recorder.died(kernel.id)
        else:
            await asyncio.to_thread(self._recorder.wait_idle, kernel.id, _LISTEN_TIMEOUT)
        self._recorder.detach(kernel.id)
        hashed = await asyncio.to_thread(self._recorder.flush, _FLUSH_TIMEOUT)
        return None if hashed else "Not all of it was recorded in time."

    def params(self, path: str) -> dict[str, Any]:
        """What the notebook has logged with ``log_param``."""
        return dict(self._params.get(path, {}))

    def close(self) -> None:
        """Hand over what is left and end the threads."""
        self._recorder.close()

    async def _listening(self, kernel: Kernel) -> None:
        """Wait until the subscription carries: an early cell would go unheard."""
        deadline = time.monotonic() + _LISTEN_TIMEOUT
        while time.monotonic() < deadline and await kernel.is_alive():
            if await asyncio.to_thread(self._recorder.wait_idle, kernel.id, 0.5):
                return

    def _finished(self, done: Any) -> None:
        if done.params and done.end.notebook is not None:
            self._params.setdefault(done.end.notebook, {}).update(done.params)
