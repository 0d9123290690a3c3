"""An IPython extension for kernels that no server of nbtrail's sees: it writes to a spool.

``%load_ext nbtrail`` puts the probe into the kernel that it is called in. What the recorder
hears from other kernels over IOPub is written into a file here, one for each kernel process,
below the project's state, from where `nbtrail.recorder.intake` takes it. As soon as a recorder
listens to this kernel, the hook stands back.

It runs in the user's kernel: whatever fails in here is passed over.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbtrail.config import CONFIG_NAME
from nbtrail.project import STATE_IGNORE, Project, find_root, load_project
from nbtrail.recorder.install import MODULE, load_probe
from nbtrail.recorder.journal import Journal

SPOOL = "spool"
#: Notebooks that are looked for in the command line of who started the kernel.
_HINTS = 20


def load(shell: Any) -> None:
    """Begin to record the kernel of an IPython shell, if it has one and nobody else does."""
    try:
        if getattr(shell, "kernel", None) is not None and MODULE not in sys.modules:
            Hook(shell)
    except Exception:
        return


@dataclass
class _Cell:
    begun: float
    count: int | None = None
    error: tuple[str, str] | None = None
    report: dict[str, Any] | None = None


class Hook:
    """The recorder of one kernel, inside it."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._kernel = shell.kernel
        self._session = uuid.uuid4().hex
        self._pid = os.getpid()
        self._active = True
        self._installing = False
        #: Whether a recorder listens to this kernel.
        self._heard = False
        self._project: Project | None = None
        self._journal: Journal | None = None
        self._environment: Any = None
        self._probe: Any = None
        self._file = _connection_file()
        self._connection = _connection(self._file)
        self._position = 0
        self._cells: dict[str, _Cell] = {}
        shell.events.register("pre_run_cell", self._before)
        self._begin()

    def _begin(self) -> None:
        """Install the probe as soon as it is known which project this is."""
        root = _project_root(self._notebook())
        if root is None:
            return
        self._project = project = load_project(root)
        if not project.config.recorder.enabled:
            self._active = False
            return
        probe, source = load_probe()
        self._probe = sys.modules[f"{MODULE}.hooks"]
        original = self._probe.Hooks.publish

        def publish(hooks: Any, data: dict[str, Any], parent: dict[str, Any]) -> None:
            if not self._hear(data, parent):
                original(hooks, data, parent)

        self._probe.Hooks.publish = publish
        self._installing = True
        try:
            probe.install(
                {
                    "root": str(project.root),
                    "metrics": list(project.config.metrics.patterns),
                    "ignored": [],
                    "files": project.config.recorder.files,
                },
                source,
            )
        finally:
            self._installing = False
        # After those of the probe, which has its report ready then.
        self._shell.events.register("post_run_cell", self._after)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._stop)

    def _hear(self, data: dict[str, Any], parent: dict[str, Any]) -> bool:
        """Take what the probe publishes; false where it is for a recorder that listens."""
        kind = data.get("kind")
        if kind == "ready" and not self._installing:
            self._heard = True
            self._stop()
        if self._heard or not self._active:
            return not self._heard
        if kind == "environment":
            self._environment = data.get("environment")
            self._write_environment()
        elif kind == "cell":
            cell = self._cells.get(_msg_id(parent))
            if cell is not None:
                cell.report = data
        return True

    def _before(self, info: Any) -> None:
        with _unseen(self):
            missed = self._project is None
            if missed:
                self._begin()
            if not self._active or self._project is None:
                return
            if missed:  # its own registration comes too late for this cell
                self._probe._installed[0].before(info)
            parent = self._probe.parent_of(self._kernel)
            msg_id = _msg_id(parent)
            for earlier, cell in list(self._cells.items()):
                if earlier != msg_id and cell.report is not None:
                    self._end(earlier)  # its end was never announced
            if msg_id not in self._cells:
                self._start(msg_id, parent, info.raw_cell)

    def _after(self, result: Any) -> None:
        with _unseen(self):
            if not self._active:
                return
            parent = self._probe.parent_of(self._kernel)
            msg_id = _msg_id(parent)
            cell = self._cells.get(msg_id)
            if cell is None:
                if (result.info.raw_cell or "").strip():
                    return
                self._start(msg_id, parent, result.info.raw_cell or "")
                self._end(msg_id)  # an empty cell announces its end only
                return
            cell.count = getattr(result, "execution_count", None)  # of the outermost in the end
            problem = result.error_before_exec or result.error_in_exec
            if problem is not None:
                cell.error = (type(problem).__name__, _text(problem))
            if cell.report is not None:
                self._end(msg_id)

    def _start(self, msg_id: str, parent: dict[str, Any], source: str) -> None:
        self._position += 1
        self._cells[msg_id] = _Cell(time.perf_counter())
        self._write(
            {
                "kind": "start",
                "msg_id": msg_id,
                "at": time.time(),
                "position": self._position,
                "source": source,
                "cell_id": (parent.get("metadata") or {}).get("cellId"),
                "notebook": self._notebook(),
            }
        )

    def _end(self, msg_id: str) -> None:
        cell = self._cells.pop(msg_id)
        self._write(
            {
                "kind": "end",
                "msg_id": msg_id,
                "seconds": time.perf_counter() - cell.begun,
                "count": cell.count,
                "error": cell.error,
                "report": cell.report,
            }
        )

    def _write(self, record: dict[str, Any]) -> None:
        if self._journal is None and self._project is not None:
            folder = self._project.state_dir
            _keep_out_of_git(self._project)
            self._journal = Journal(folder / SPOOL, self._session)
            self._journal.append(self._describe())
            self._write_environment()
        if self._journal is not None:
            self._journal.append(record)

    def _write_environment(self) -> None:
        if self._journal is not None and self._environment is not None:
            self._journal.append({"kind": "environment", "environment": self._environment})
            self._environment = None

    def _describe(self) -> dict[str, Any]:
        name = self._connection.get("kernel_name")
        return {
            "kind": "session",
            "session": self._session,
            "kernel_id": _kernel_id(self._file) or self._session,
            "kernelspec": name if isinstance(name, str) and name else None,
            "at": time.time(),
            "folder": os.getcwd(),
            "hints": _hints(),
        }

    def _notebook(self) -> str | None:
        """Absolute path of the notebook, where whoever started the kernel has left it.

        Not from the variable JPY_SESSION_NAME, which processes inherit that a notebook starts.
        """
        named = self._shell.user_ns.get("__vsc_ipynb_file__")
        for path in (named, self._connection.get("jupyter_session")):
            if isinstance(path, str) and path.endswith(".ipynb") and os.path.isabs(path):
                return path
        return None

    def _stop(self) -> None:
        """No longer: a recorder listens now, or this is a forked child."""
        self._active = False
        journal, self._journal = self._journal, None
        if journal is not None:
            journal.close()


@contextlib.contextmanager
def _unseen(hook: Hook) -> Any:
    """Nothing that fails in here shows; after a failure the hook leaves the kernel alone."""
    try:
        yield
    except Exception:
        hook._stop()


def _keep_out_of_git(project: Project) -> None:
    """The state folder is ignored by git, also where nothing but the spool was written yet."""
    ignore = project.state_dir / ".gitignore"
    if project.state_is_local and not ignore.exists():
        project.state_dir.mkdir(parents=True, exist_ok=True)
        ignore.write_text(STATE_IGNORE, encoding="utf-8")


def _msg_id(parent: dict[str, Any]) -> str:
    return str((parent.get("header") or {}).get("msg_id") or "")


def _text(problem: BaseException) -> str:
    try:
        return str(problem)
    except Exception:
        return ""


def _project_root(notebook: str | None) -> Path | None:
    """Root of the project that a kernel works for; only one that was adopted."""
    for place in (notebook, os.getcwd()):
        if place is not None:
            root = find_root(Path(place))
            if (root / CONFIG_NAME).is_file():
                return root
    return None


def _connection_file() -> str | None:
    try:
        from ipykernel.connect import get_connection_file

        return str(get_connection_file())
    except Exception:
        return None


def _kernel_id(file: str | None) -> str | None:
    name = os.path.splitext(os.path.basename(file or ""))[0]
    return name[len("kernel-") :] if name.startswith("kernel-") else None


def _connection(file: str | None) -> dict[str, Any]:
    """What the connection file says, besides ports: kernelspec, and the notebook's path."""
    try:
        found = json.loads(Path(file or "").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _hints() -> list[str]:
    """Notebooks that the process which started this kernel was called with."""
    process = Path("/proc", str(os.getppid()))
    try:
        words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
        folder = os.readlink(process / "cwd")
    except OSError:  # another system, or another user's process
        return []
    found = [word for word in words if word.endswith(".ipynb")]
    return [os.path.normpath(os.path.join(folder, word)) for word in found[:_HINTS]]
