"""Every kernel of the server is listened to from its start to its end.

Nothing here waits on the event loop: what touches the disk runs on a thread, and what is sent
to kernels is sent by the recorder's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jupyter_events.schema_registry import SchemaRegistryException
from jupyter_server import DEFAULT_EVENTS_SCHEMA_PATH
from jupyter_server.serverapp import ServerApp

from nbtrail.errors import NbtrailError
from nbtrail.project import Project
from nbtrail.recorder.install import install_code
from nbtrail.recorder.recorder import Place, Recorder
from nbtrail.server.notebooks_of_kernels import NotebooksOfKernels
from nbtrail.server.projects import Projects
from nbtrail.server.server_side import ServerSide
from nbtrail.server.websocket import Gate, connection_class

KERNEL_ACTIONS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"

log = logging.getLogger(__name__)

_START_DEADLINE_S = 60.0
_REMEMBERED = 10_000
_CLASS = "kernel_websocket_connection_class"


class Recording:
    """Connects Jupyter Server with the recorder.

    Parameters
    ----------
    serverapp
        The running server, with all extensions loaded.
    projects
        The projects below its root.
    gate
        Asked about each execute request on the event loop; see `websocket.Gate`.
    record
        Whether executions are put on record at all.
    no_delay
        Whether the kernel websocket sends at once.
    tell
        Called from any thread with the contents path of a notebook whose kernel's environment
        became known.
    """

    def __init__(
        self,
        serverapp: ServerApp,
        projects: Projects,
        *,
        gate: Gate | None = None,
        record: bool = True,
        no_delay: bool = True,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._tell = tell
        self._app = serverapp
        self._projects = projects
        self._gate = gate
        self._record = record
        self._no_delay = no_delay
        self._notebooks = NotebooksOfKernels(serverapp.session_manager, projects.absolute)
        self._server_side = ServerSide(gate)
        self._clients: OrderedDict[str, str] = OrderedDict()
        self._probes: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._base: type[Any] | None = None
        self.recorder = Recorder(on_environment=self._environment_known)

    def start(self) -> None:
        """Begin with the kernels that are there, and with those to come. On the event loop."""
        settings = self._app.web_app.settings
        self._base = settings[_CLASS]
        noter = self if self._record else None
        settings[_CLASS] = connection_class(
            settings[_CLASS], noter, self._gate, no_delay=self._no_delay
        )
        self._notebooks.watch()
        self._server_side.watch()
        self._spawn(self._begin())
        logger = self._app.event_logger
        if not self._record or logger is None:
            return
        with contextlib.suppress(SchemaRegistryException):  # the first kernel registers it, too
            logger.register_event_schema(DEFAULT_EVENTS_SCHEMA_PATH / "kernel_actions" / "v1.yaml")
        logger.add_listener(schema_id=KERNEL_ACTIONS, listener=self._on_kernel_action)

    async def stop(self) -> None:
        """End all sessions and hand everything to the ledgers. May be called twice."""
        if self._base is None:
            return
        self._app.web_app.settings[_CLASS], self._base = self._base, None
        for task in list(self._tasks):
            task.cancel()
        self._notebooks.unwatch()
        self._server_side.unwatch()
        logger = self._app.event_logger
        if self._record and logger is not None:
            logger.remove_listener(schema_id=KERNEL_ACTIONS, listener=self._on_kernel_action)
        await asyncio.get_running_loop().run_in_executor(None, self.recorder.close)

    def note_request(self, msg_id: str, cell_id: str | None, client: str | None) -> None:
        """Remember which cell of which client a request came from (`websocket.Noter`)."""
        self.recorder.note_request(msg_id, cell_id)
        if client:
            self._clients[msg_id] = client
            if len(self._clients) > _REMEMBERED:
                self._clients.popitem(last=False)

    def notebook_of(self, kernel_id: str) -> list[str]:
        """Contents paths of the notebooks that a kernel executes, the newest last."""
        return self._notebooks.paths(kernel_id)

    def environment_of(self, file: Path) -> Mapping[str, Any] | None:
        """The environment of the kernel that a notebook on the disk has; from any thread."""
        for kernel_id, path in self._notebooks.kernels():
            if self._projects.absolute(path) == file:
                return self.recorder.environment(kernel_id)
        return None

    def _environment_known(self, kernel_id: str) -> None:
        """The chips of the kernel's notebooks have something new to say. On any thread."""
        if self._tell is not None:
            for path in self._notebooks.paths(kernel_id):
                self._tell(path)

    # Kernels

    async def _begin(self) -> None:
        await self._notebooks.refresh()
        if not self._record:
            return
        loop = asyncio.get_running_loop()
        # What was left in the project at the server's root while no server ran.
        loop.run_in_executor(None, lambda: self._projects.for_path("").take_in())
        for kernel_id in list(self._app.kernel_manager.list_kernel_ids()):
            await self._attach(kernel_id)

    async def _on_kernel_action(self, logger: Any, schema_id: str, data: Mapping[str, Any]) -> None:
        kernel_id = data.get("kernel_id")
        if data.get("status") != "success" or not isinstance(kernel_id, str):
            return
        action = data["action"]
        if action == "start" or (action == "restart" and kernel_id not in self._probes):
            await self._attach(kernel_id)
        elif action == "restart":
            await self._restarted(kernel_id)
        elif action == "shutdown":
            self._probes.pop(kernel_id, None)
            self.recorder.detach(kernel_id)

    async def _attach(self, kernel_id: str) -> None:
        kernel = await self._kernel(kernel_id)
        if kernel is None or kernel_id in self._probes:
            return
        self._probes[kernel_id] = ""
        language = getattr(kernel.kernel_spec, "language", None)
        try:
            self.recorder.attach(
                kernel_id,
                kernel.get_connection_info(),
                self._place,
                kernelspec=kernel.kernel_name,
                language=language,
            )
        except NbtrailError as error:
            log.warning("nbtrail does not record kernel %s: %s", kernel_id, error)
            return
        manager = self._app.kernel_manager
        with contextlib.suppress(Exception):  # managers of gateways know no such callbacks
            manager.add_restart_callback(
                kernel_id, lambda: self.recorder.died(kernel_id), "restart"
            )
            manager.add_restart_callback(kernel_id, lambda: self._dead(kernel_id), "dead")
        if language == "python":
            probe = await self._probe_for(kernel)
            if probe is not None:
                self._probes[kernel_id] = probe
                self.recorder.configure(kernel_id, probe)

    async def _restarted(self, kernel_id: str) -> None:
        kernel = await self._kernel(kernel_id)
        if kernel is not None:
            self.recorder.restarted(kernel_id, kernel.get_connection_info())

    def _dead(self, kernel_id: str) -> None:
        self._probes.pop(kernel_id, None)
        self.recorder.detach(kernel_id, "died")

    async def _kernel(self, kernel_id: str) -> Any:
        """The kernel's manager; its event comes before the server knows it."""
        manager = self._app.kernel_manager
        deadline = time.monotonic() + _START_DEADLINE_S
        while kernel_id not in manager:
            if time.monotonic() > deadline:
                return None
            await asyncio.sleep(0.005)
        return manager.get_kernel(kernel_id)

    async def _probe_for(self, kernel: Any) -> str | None:
        """Code that installs the probe, for the project that the kernel starts in."""
        arguments = getattr(kernel, "_launch_args", None) or {}
        folder = arguments.get("cwd") or str(self._projects.root)

        def find() -> str | None:
            try:
                relative = os.path.relpath(os.path.realpath(folder), self._projects.root)
                opened = self._projects.for_path(Path(relative).as_posix())
            except (NbtrailError, ValueError):
                opened = self._projects.for_path("")
            return probe_code(opened.project)

        return await asyncio.get_running_loop().run_in_executor(None, find)

    # On the listener's thread

    def _place(self, kernel_id: str, cell_id: str | None, msg_id: str) -> Place | None:
        try:
            client = self._clients.get(msg_id)
            path = self._notebooks.find(kernel_id, cell_id, client)
            return self._place_of(kernel_id, path)
        except (NbtrailError, OSError) as error:
            log.warning("nbtrail does not record this execution: %s", error)
            return None

    def _place_of(self, kernel_id: str, path: str | None) -> Place | None:
        opened = self._projects.for_path(path or "")
        project = opened.project
        if not project.config.recorder.enabled:
            return None
        probe = probe_code(project)
        known = self._probes.get(kernel_id)
        if path is not None and known and probe is not None and known != probe:
            # Another project than the kernel's folder is in, or its settings have changed.
            self._probes[kernel_id] = probe
            self.recorder.configure(kernel_id, probe)
        notebook = None if path is None else project.relative(self._projects.absolute(path))
        sink: Callable[[], Any] = lambda: self._projects.for_path(path or "").writer  # noqa: E731

        def match(source: str) -> tuple[str, str, bool] | None:
            asked = self._server_side.find(kernel_id, source)
            found = asked or self._notebooks.match(kernel_id, source)
            if found is None:
                return None
            return project.relative(self._projects.absolute(found[0])), found[1], asked is None

        return Place(project.root, sink, notebook, project.state_dir, match)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def probe_code(project: Project) -> str | None:
    """Code that installs the probe with a project's settings; ``None`` where it records none."""
    if not project.config.recorder.enabled:
        return None
    return install_code(
        str(project.root),
        project.config.metrics.patterns,
        note_files=project.config.recorder.files,
    )
