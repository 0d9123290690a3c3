"""What the probe does before and after each cell, and how it tells the recorder."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from threading import get_ident
from typing import Any

from . import children
from .environment import gather, site_folders
from .frames import hide_frames
from .native import watch_imports
from .report import FileFilter, Metrics, collect, entry, number_of, watch_open
from .tracker import Seen, tracker
from .wrappers import wrap_all

COMM_ID = "nbtrail"


class Hooks:
    """IPython's ``pre_run_cell`` and ``post_run_cell``, and the reports made of them."""

    def __init__(self, shell: Any, kernel: Any) -> None:
        self._shell = shell
        self._kernel = kernel
        self._filter = FileFilter(None)
        self._metrics = Metrics(())
        self._modules = set(sys.modules)
        self._newest: tuple[int, str | None] | None = None
        self._sites: list[tuple[str, int]] | None = None

    def configure(self, config: dict[str, Any]) -> None:
        """Take ``root``, ``ignored``, ``metrics`` and ``files`` from the recorder."""
        self._filter = FileFilter(config.get("root"), config.get("ignored") or ())
        self._metrics = Metrics(config.get("metrics") or ())
        self._metrics.changed(self._shell.user_ns)  # what is there already is no new result
        tracker.keep = self._filter.path
        children.configure(config, self._filter)
        tracker.enabled = bool(config.get("files", True))

    def before(self, info: Any) -> None:
        """A cell begins, or a magic such as ``%%capture`` runs a cell within one."""
        try:
            parent = parent_of(self._kernel)
            seen = tracker.running.get(get_ident())
            if seen is not None and seen.msg_id != parent["header"]["msg_id"]:
                self._finish(seen)  # its end was never announced
                seen = None
            if seen is None:
                seen = tracker.begin(parent)
            seen.infos.append(info)
        except Exception:
            tracker.failures += 1

    def after(self, result: Any) -> None:
        """A cell ended; the report goes out with the end of the outermost."""
        try:
            seen = tracker.running.get(get_ident())
            if seen is None:
                return
            info = getattr(result, "info", None)
            code = getattr(info, "raw_cell", None)
            if any(known is info for known in seen.infos):
                while seen.infos.pop() is not info:
                    pass
            elif isinstance(code, str) and not code.strip():
                return  # an empty cell announces its end but not its beginning
            elif seen.infos:
                seen.infos.pop()
            if not seen.infos:
                self._finish(seen)
        except Exception:
            tracker.failures += 1

    def send_environment(self, parent: dict[str, Any]) -> None:
        """Gather the environment on a thread, so that nobody waits for it, and publish it."""
        self._sites = _site_states()

        def work() -> None:
            tracker.ignore_this_thread()
            try:
                self.publish({"kind": "environment", "environment": gather()}, parent)
            except Exception:
                tracker.failures += 1

        threading.Thread(target=work, name="nbtrail-environment", daemon=True).start()

    def publish(self, data: dict[str, Any], parent: dict[str, Any]) -> None:
        """Send ``data`` on IOPub, as a message of a comm that no front end knows."""
        self._kernel.session.send(
            self._kernel.iopub_socket,
            "comm_msg",
            {"comm_id": COMM_ID, "data": data},
            parent=parent,
            ident=b"comm-nbtrail",
        )

    def _finish(self, seen: Seen) -> None:
        """Tell what the cell did, and what threads of earlier cells did meanwhile."""
        tracker.end(seen)
        try:
            children.settle(seen)
        except Exception:
            seen.unknown = True
            tracker.failures += 1
        background = tracker.take_late()
        report: dict[str, Any] = {"kind": "cell", "cell_id": seen.cell_id}
        report.update(self._contents(seen, last=True))
        # The user's objects can fail in any way; what files there were is told all the same.
        report["metrics"] += _guarded(lambda: self._metrics.changed(self._shell.user_ns))
        report["modules"] = _guarded(self._new_modules)
        report["background"] = [
            {"msg_id": earlier.msg_id, **self._contents(earlier)} for earlier in background
        ]
        report["failures"], tracker.failures = tracker.failures, 0
        self.publish(report, seen.parent)
        if _site_states() != self._sites:
            self.send_environment(seen.parent)

    def _contents(self, seen: Seen, *, last: bool = False) -> dict[str, Any]:
        """What is to be told of an execution; ``last`` is the one that ends now."""
        # To sort thousands of files takes longer than to read some of them: not in here.
        many = seen.take_reads()
        seen.settle(tracker.cwd)
        if last:
            for path, (state, _open) in list(tracker.watched.items()):
                seen.files.setdefault((path, "K"), state)
        files, metrics, params, unknown = seen.files, seen.metrics, seen.params, seen.unknown
        seen.clear()
        reads, writes = collect(files, self._filter, seen.began)
        told: dict[str, Any] = {}
        if many is not None:
            told["many"] = {
                "paths": "\0".join(many),
                "cwd": tracker.cwd,
                "began": seen.began,
                "keep": self._filter.rules(),
            }
        if last:
            watch_open([path for path, *_ in writes])
        return {
            **told,
            "reads": reads,
            "writes": writes,
            "metrics": metrics,
            "params": params,
            "children": unknown,
        }

    def _new_modules(self) -> list[list[Any]]:
        """Files of the project's modules that were imported since the last cell."""
        newest = (len(sys.modules), next(reversed(sys.modules), None))
        if newest == self._newest:
            return []
        self._newest = newest
        names = sys.modules.keys() - self._modules
        self._modules |= names
        found = []
        for name in sorted(names):
            path = getattr(sys.modules.get(name), "__file__", None)
            if not isinstance(path, str) or not os.path.isabs(path):
                continue
            kept = self._filter.path(path)
            now = entry(kept) if kept is not None and self._filter.in_project(kept) else None
            if now is not None:
                found.append(now)
        return found


def _guarded(find: Callable[[], list[Any]]) -> list[Any]:
    """What ``find`` finds; nothing, and a failure counted, where it fails."""
    try:
        return find()
    except Exception:
        tracker.failures += 1
        return []


def parent_of(kernel: Any) -> dict[str, Any]:
    """The request that the kernel is answering; ipykernel 5 has no method for it."""
    get_parent = getattr(kernel, "get_parent", None)
    parent: dict[str, Any] = get_parent() if get_parent is not None else kernel._parent_header
    return parent


def _site_states() -> list[tuple[str, int]]:
    """Modification times of the folders that packages are installed into."""
    found = []
    for folder in site_folders():
        try:
            found.append((folder, os.stat(folder).st_mtime_ns))
        except OSError:
            continue
    return found


def log_metric(name: str, value: Any, step: int | None = None) -> None:
    """Put a number on record under the running cell."""
    number = number_of(value)
    if number is None:
        number = number_of(float(value))
    tracker.current().metrics.append([name, number, None if step is None else int(step)])


def log_param(name: str, value: Any) -> None:
    """Put a setting, of types that JSON knows, on record under the running cell."""
    tracker.current().params[name] = value


_installed: list[Hooks] = []


def install(config: dict[str, Any], source: dict[str, Any] | None = None) -> None:
    """Begin to watch this kernel, or take a new configuration where that was done before.

    Parameters
    ----------
    config
        ``root`` (the project's folder), ``metrics`` (patterns), ``ignored`` (folders) and
        ``files`` (whether opened files are noted). With ``log``, this process is no kernel
        but works for one, and writes what it notes into that file.
    source
        What this package was made of, for such processes.
    """
    if config.get("log"):
        children.install_in_worker(config, source or {})
        return
    from IPython import get_ipython

    shell: Any = get_ipython()
    kernel = shell.kernel
    again = bool(_installed)
    if not again:
        _installed.append(Hooks(shell, kernel))
        tracker.ignore_threads()
        wrap_all()
        watch_imports()
        hide_frames(shell)
        children.install(source or {})
        shell.events.register("pre_run_cell", _installed[0].before)
        shell.events.register("post_run_cell", _installed[0].after)
    hooks = _installed[0]
    hooks.configure(config)
    parent = parent_of(kernel)
    hooks.publish({"kind": "ready", "again": again, "pid": os.getpid()}, parent)
    hooks.send_environment(parent)
