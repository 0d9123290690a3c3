"""The server extension: what is put together when Jupyter Server starts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.serverapp import ServerApp
from traitlets import Bool

from nbtrail.app import OpenProject
from nbtrail.errors import NbtrailError
from nbtrail.notebooks.names import is_draft
from nbtrail.server import contents
from nbtrail.server.events import PROJECT, Events, register_schemas
from nbtrail.server.history import Rememberer
from nbtrail.server.passes import Passes
from nbtrail.server.projects import Projects
from nbtrail.server.recording import Recording
from nbtrail.server.retention import Keeper
from nbtrail.server.routes import handlers
from nbtrail.server.watch import Watcher


class NbtrailExtension(ExtensionApp):
    """Records executions, keeps pairs, enforces names and answers the panel."""

    name = "nbtrail"
    load_other_extensions = True

    record = Bool(True, config=True, help="Put every execution on record.")
    no_delay = Bool(
        True,
        config=True,
        help="Send kernel messages at once (TCP_NODELAY): cells answer about 40 ms sooner.",
    )

    def initialize_settings(self) -> None:
        """Make what needs no event loop."""
        assert self.serverapp is not None
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="nbtrail")
        self.projects = Projects(
            Path(self.serverapp.root_dir), on_commit=lambda _: self._watcher_wake()
        )
        self._events: Events | None = None
        self._watcher: Watcher | None = None
        self._passes: Passes | None = None
        self._keeper = Keeper(self.projects.opened)
        self._recording: Recording | None = None
        self.rememberer: Rememberer | None = None
        self._contents: list[contents.ContentsLayer] = []

    def initialize_handlers(self) -> None:
        """Register the REST routes."""
        self.handlers.extend(handlers(self.projects, self._threads, self._tell))

    async def _start_jupyter_server_extension(self, serverapp: ServerApp) -> None:
        """All extensions are loaded and the loop runs: wrap, listen, watch."""
        self.start_parts(serverapp, asyncio.get_running_loop())

    def start_parts(self, serverapp: ServerApp, loop: asyncio.AbstractEventLoop) -> None:
        """Start everything that needs the event loop; doing it twice is harmless."""
        if self._watcher is not None:
            return
        logger = serverapp.event_logger
        assert logger is not None
        register_schemas(logger)
        self._events = Events(logger, loop)
        self._passes = Passes(self._flush)
        self._passes.start()
        self._watcher = Watcher(
            self.projects.opened,
            self.projects.contents_root,
            self._events.emit,
            self._passes.touched,
        )
        self._watcher.start()
        self._keeper.start()
        self._recording = Recording(
            serverapp,
            self.projects,
            gate=self._refusal,
            record=self.record,
            no_delay=self.no_delay,
            tell=self._tell_of,
        )
        self.projects.kernel_environment = self._recording.environment_of
        recorder = self._recording.recorder
        self.projects.unheard = lambda: recorder.lost
        self._recording.start()
        self.rememberer = Rememberer(self.projects, self._tell)
        self.rememberer.start()
        self._contents = contents.install(
            serverapp, self.projects, self._tell, self.rememberer.remember
        )

    async def stop_extension(self) -> None:
        """Write what is queued and close everything that was opened. May be called twice."""
        self._keeper.stop()
        layers, self._contents = self._contents, []
        for layer in layers:
            layer.remove()
        rememberer, self.rememberer = self.rememberer, None
        if rememberer is not None:
            await asyncio.get_running_loop().run_in_executor(None, rememberer.stop)
        recording, self._recording = self._recording, None
        if recording is not None:
            await recording.stop()
        passes, self._passes = self._passes, None
        if passes is not None:
            await asyncio.get_running_loop().run_in_executor(None, passes.stop)
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.stop()
        await asyncio.get_running_loop().run_in_executor(None, self.projects.close)
        self._threads.shutdown(wait=False)

    def _refusal(self, kernel_id: str, _message: Mapping[str, Any]) -> str | None:
        """Why this kernel must not execute yet: all its notebooks are drafts without a name."""
        paths = [] if self._recording is None else self._recording.notebook_of(kernel_id)
        if not paths or not all(is_draft(path) for path in paths):
            return None
        return contents.draft_gate(self.projects, paths[-1])

    def _tell(self, opened: OpenProject, path: str | None) -> None:
        """All clients learn that notebooks of a project changed."""
        if self._events is not None:
            name = self.projects.contents_root(opened)
            self._events.emit(PROJECT, {"project": name, "what": "notebooks", "path": path})
        if self._passes is not None:
            self._passes.touched(opened, path)

    def _tell_of(self, contents_path: str) -> None:
        """`_tell` for a notebook by its contents path."""
        try:
            opened = self.projects.for_path(contents_path)
            path = opened.project.relative(self.projects.absolute(contents_path))
        except NbtrailError:
            return
        self._tell(opened, path)

    def _flush(self, timeout: float) -> bool:
        """Wait until what was executed is on record; false after ``timeout`` seconds."""
        return self._recording is None or self._recording.recorder.flush(timeout)

    def _watcher_wake(self) -> None:
        if self._watcher is not None:
            self._watcher.wake()
