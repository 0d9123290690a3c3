"""Kernels of a run: found, started ahead of need, and never left behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any, NamedTuple

import zmq

from nbtrail.errors import KernelError
from nbtrail.files import sha256_bytes
from nbtrail.pipeline.ahead import import_code
from nbtrail.pipeline.processes import kill_family

#: Seconds that a kernel may take until it answers for the first time.
START_TIMEOUT = 90.0
#: Seconds that a kernel may take for what it imports ahead of its step.
IMPORT_TIMEOUT = 60.0
#: Languages of kernels that the probe knows.
PROBED = ("python", "ipython")
#: Messages of a kernel that shows something.
_SHOWN = ("stream", "display_data", "execute_result", "error")
#: Seconds that a kernel gets to end by itself.
_SHUTDOWN_TIMEOUT = 3.0
_ENDED = "its process has ended"


def spec_argv(name: str) -> list[str] | None:
    """Command of an installed kernel, found without jupyter_client; ``None`` when unknown.

    ``name`` may be the absolute path of a kernel's folder, or of an interpreter with ipykernel.
    """
    from jupyter_core.paths import jupyter_path

    if os.path.isabs(name):
        return _argv_at(Path(name))

    for folder in jupyter_path("kernels"):
        for candidate in (name, name.lower()):
            try:
                spec = json.loads((Path(folder) / candidate / "kernel.json").read_bytes())
            except (OSError, ValueError):
                continue
            argv = spec.get("argv") if isinstance(spec, dict) else None
            if isinstance(argv, list) and all(isinstance(part, str) for part in argv):
                return argv
    return [sys.executable] if name == "python3" else None


def _argv_at(place: Path) -> list[str] | None:
    if not place.is_dir():
        arguments = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return [str(place), *arguments] if place.exists() else None
    try:
        argv = json.loads((place / "kernel.json").read_bytes())["argv"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not isinstance(argv, list) or not argv or not all(isinstance(part, str) for part in argv):
        return None
    # PREFIX/share/jupyter/kernels/NAME: plain `python` is the one of that prefix.
    program = place.parents[3] / "bin" / argv[0]
    return [str(program) if program.exists() else argv[0], *argv[1:]]


def site_folders(prefix: Path) -> list[Path]:
    """Folders of an environment that packages are installed into."""
    return sorted(prefix.glob("lib*/python*/site-packages"))


def environment_fingerprint(name: str) -> str:
    """Identity of a kernel's environment, seen from outside without starting it.

    The interpreter, its file and the names of all distributions with their versions; empty
    when the kernel is unknown.
    """
    argv = spec_argv(name)
    if argv is None:
        return ""
    program = argv[0]
    if not os.path.isabs(program):
        # jupyter_client runs plain `python` by the interpreter that it runs in itself.
        program = sys.executable if program.startswith("python") else program
    facts: list[Any] = [program, os.path.realpath(program)]
    with contextlib.suppress(OSError):
        facts.append(os.stat(program).st_mtime_ns)
    prefix = Path(program).parent.parent
    for folder in site_folders(prefix):
        with contextlib.suppress(OSError):
            names = sorted(n for n in os.listdir(folder) if n.endswith((".dist-info", ".egg-info")))
            facts.append([str(folder), names])
    facts.append(os.environ.get("PYTHONPATH", ""))
    return sha256_bytes(json.dumps(facts).encode())


class Wish(NamedTuple):
    """A kernel that a step needs: its name, where it works, and what it may import ahead."""

    name: str
    folder: str
    imports: tuple[str, ...] = ()


@dataclass
class Kernel:
    """A running kernel; ``client`` is ``None`` until it has answered."""

    name: str
    folder: str
    manager: Any
    client: Any

    @property
    def id(self) -> str:
        """The id that jupyter_client gave it."""
        return str(self.manager.kernel_id)

    @property
    def language(self) -> str:
        """Its programming language, lower case, as its installation says."""
        spec = self.manager.kernel_spec
        return str(spec.language).lower() if spec is not None else ""

    @property
    def connection(self) -> Mapping[str, Any]:
        """Where it listens."""
        info: Mapping[str, Any] = self.manager.get_connection_info()
        return info

    @property
    def process_id(self) -> int | None:
        """Its process, where that is one of this machine."""
        found = getattr(self.manager.provisioner, "pid", None)
        return found if isinstance(found, int) else None

    async def is_alive(self) -> bool:
        """Whether its process runs."""
        return bool(await self.manager.is_alive())


class KernelPool:
    """Starts kernels, some ahead of need, and ends them in the background.

    Parameters
    ----------
    env
        Variables of the kernels' processes.
    probe
        What Python kernels execute before anything is imported ahead.
    """

    def __init__(self, env: Mapping[str, str], probe: str = "") -> None:
        self._env = dict(env)
        self._probe = probe
        self._ahead: list[tuple[Wish, asyncio.Task[Kernel]]] = []
        self._loud: set[tuple[str, ...]] = set()
        # A kernel that is needed now does not wait for what others import.
        self._importing = asyncio.Semaphore(max((os.cpu_count() or 1) - 1, 1))
        self._ending: set[asyncio.Task[None]] = set()
        self._alive: dict[int, Kernel] = {}

    def prepare(self, wanted: Sequence[Wish], kept: Collection[Wish] = ()) -> None:
        """Start kernels: the first is needed now, the others probably next.

        Of those that wait already, the ones not wanted any more are ended; those in ``kept`` are
        about to be taken by other steps.
        """
        left, ahead = Counter(wanted), []
        for wish, task in self._ahead:
            if left[wish] > 0:
                left[wish] -= 1
                ahead.append((wish, task))
            elif wish in kept:
                ahead.append((wish, task))
            else:
                self._drop(task)
        new = [wish for wish, count in left.items() for _ in range(count)]
        for wish in new:
            # What is needed now imports in its cells, where nobody imports for it beside.
            start = self._start(*wish[:2]) if wish == wanted[0] else self._start_ahead(wish)
            ahead.append((wish, asyncio.ensure_future(start)))
        self._ahead = ahead

    async def take(self, wish: Wish) -> Kernel:
        """A fresh kernel of this kind; nothing is imported yet in one that was not started ahead.

        Raises
        ------
        KernelError
            When it is not installed (the message lists those that are) or does not start.
        """
        for place, (started, task) in enumerate(self._ahead):
            if started == wish:
                del self._ahead[place]
                return await task
        return await self._start(wish.name, wish.folder)

    def discard(self, kernel: Kernel, *, now: bool = False) -> None:
        """End a kernel in the background; ``now`` kills it and all that it has started."""
        task = asyncio.ensure_future(self._end(kernel, now=now))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def kill(self, kernel: Kernel) -> None:
        """End a kernel at once, and wait until it is gone."""
        await self._end(kernel, now=True)

    async def close(self) -> None:
        """End all kernels; returns when none is left."""
        for _kind, task in self._ahead:
            self._drop(task)
        self._ahead.clear()
        while self._ending:
            await asyncio.gather(*self._ending, return_exceptions=True)
        for kernel in list(self._alive.values()):
            await self._end(kernel, now=True)

    def _drop(self, task: asyncio.Task[Kernel]) -> None:
        task.cancel()  # one that is still starting ends its kernel by itself
        ending = asyncio.ensure_future(self._end_started(task))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _end_started(self, task: asyncio.Task[Kernel]) -> None:
        with contextlib.suppress(KernelError, asyncio.CancelledError):
            await self._end(await task, now=True)

    async def _start_ahead(self, wish: Wish) -> Kernel:
        """Start a kernel that waits; one that cannot import in silence is replaced."""
        kernel = await self._start(wish.name, wish.folder)
        imports = wish.imports
        if not imports or imports in self._loud or kernel.language not in PROBED:
            return kernel
        try:
            async with self._importing:
                silent = await asyncio.wait_for(self._import(kernel, imports), IMPORT_TIMEOUT)
        except (asyncio.TimeoutError, RuntimeError):
            silent = False
        except asyncio.CancelledError:
            await self._end(kernel, now=True)
            raise
        if silent:
            return kernel
        self._loud.add(imports)
        await self._end(kernel, now=True)
        return await self._start(wish.name, wish.folder)

    async def _import(self, kernel: Kernel, imports: tuple[str, ...]) -> bool:
        """Import ahead; false when something was shown meanwhile, or when it failed.

        The probe comes first, because it has to see what libraries take from Python.
        """
        client = kernel.client
        client.execute(self._probe, silent=True, store_history=False)
        asked = client.execute(import_code(imports), silent=True, store_history=False)
        silent = True
        while True:
            message = await _next(kernel, client.get_iopub_msg)
            if message["parent_header"].get("msg_id") != asked:
                continue
            if message["msg_type"] in _SHOWN:
                silent = False
            elif message["content"].get("execution_state") == "idle":
                break
        reply = await _next(kernel, client.get_shell_msg)
        while reply["parent_header"].get("msg_id") != asked:
            reply = await _next(kernel, client.get_shell_msg)
        return silent and reply["content"].get("status") == "ok"

    async def _start(self, name: str, folder: str) -> Kernel:
        """Start a kernel; one that ends before it answers is given a second chance.

        Its ports are chosen before it takes them, and another program may be quicker.
        """
        specs = _specs_with(name)
        try:
            return await self._launch(specs, name, folder)
        except RuntimeError:
            with contextlib.suppress(RuntimeError):
                return await self._launch(specs, name, folder)
            raise _not_started(name, _ENDED) from None

    async def _launch(self, specs: Any, name: str, folder: str) -> Kernel:
        """Start a kernel's process; raises RuntimeError when it ends without an answer."""
        from jupyter_client.manager import AsyncKernelManager

        manager = AsyncKernelManager(kernel_name=name, kernel_spec_manager=specs)
        manager.client_class = "nbtrail.pipeline.client.CellClient"
        kernel = Kernel(name, folder, manager, None)
        self._alive[id(kernel)] = kernel
        try:
            # As nbclient has it: what runs in a pipeline is no part of anybody's history.
            history = ["--HistoryManager.hist_file=:memory:"] if manager.ipykernel else []
            await manager.start_kernel(cwd=folder, env=self._env, extra_arguments=history)
            kernel.client = manager.client()
            kernel.client.start_channels()
            await asyncio.wait_for(_first_answer(kernel), START_TIMEOUT)
        except BaseException as error:
            await self._end(kernel, now=True)
            if isinstance(error, asyncio.TimeoutError):
                raise KernelError(
                    f"The kernel {name!r} did not answer within {START_TIMEOUT:g} s.",
                    hint="Try it in JupyterLab; the machine may be overloaded.",
                    detail={"kernel": name},
                ) from None
            if isinstance(error, (OSError, ValueError)):
                raise _not_started(name, str(error)) from error
            raise
        kernel.client.allow_stdin = False
        return kernel

    async def _end(self, kernel: Kernel, *, now: bool) -> None:
        manager, client = kernel.manager, kernel.client
        try:
            if client is not None:
                client.stop_channels()
            if now and kernel.process_id is not None:
                await asyncio.to_thread(kill_family, kernel.process_id)
            elif not now:
                manager.shutdown_wait_time = _SHUTDOWN_TIMEOUT
            with contextlib.suppress(RuntimeError, OSError):
                await manager.shutdown_kernel(now=now)
            with contextlib.suppress(RuntimeError, OSError):
                await manager.cleanup_resources()
        finally:
            self._alive.pop(id(kernel), None)


def _specs_with(name: str) -> Any:
    """The installed kernels; raises KernelError, which lists them, when ``name`` is none."""
    from jupyter_client.kernelspec import NoSuchKernel

    from nbtrail.pipeline.kernel_specs import Specs

    specs = Specs()
    try:
        specs.get_kernel_spec(name)
    except NoSuchKernel:
        installed = ", ".join(sorted(specs.find_kernel_specs())) or "none"
        raise KernelError(
            f"The kernel {name!r} is not installed (installed: {installed}).",
            hint="Install it, or choose another kernel for the notebook in JupyterLab.",
            detail={"kernel": name},
        ) from None
    return specs


def _not_started(name: str, why: str) -> KernelError:
    return KernelError(
        f"The kernel {name!r} did not start: {why}.",
        hint="Try it in JupyterLab; its packages may be damaged.",
        detail={"kernel": name},
    )


async def _next(kernel: Kernel, receive: Callable[..., Awaitable[Any]]) -> Any:
    """The next message of a channel; raises RuntimeError when there will be none."""
    while True:
        try:
            return await receive(timeout=1)
        except Empty:
            if not await kernel.is_alive():
                raise RuntimeError(_ENDED) from None


async def _first_answer(kernel: Kernel) -> None:
    """Wait until a kernel answers and its output is heard.

    As ``wait_for_ready`` of jupyter_client, which then waits 0.2 s for silence: whoever runs cells
    leaves alone what belongs to none.

    Raises
    ------
    RuntimeError
        When its process has ended.
    """
    client = kernel.client
    while True:
        try:
            client.kernel_info()
            while not client.take_info(await client.get_shell_msg(timeout=1)):
                pass
            await client.get_iopub_msg(timeout=0.2)
            return
        except (Empty, zmq.Again):
            if not await kernel.is_alive():
                raise RuntimeError(_ENDED) from None
