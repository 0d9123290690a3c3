"""Processes that cells start, and what they did to files.

A process made by fork keeps the probe, and workers of pools get one; they write what they note
into a file that the kernel reads when the cell ends. Of other programs the command line is
read, and the project's files are compared before and after.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from threading import get_ident
from typing import TYPE_CHECKING, Any, ClassVar

from .commands import Verdict, judge, judge_script
from .native import HOOKS, watch_imports
from .report import FileFilter
from .tracker import Seen, state_at, tracker
from .wrappers import dress, real_os_open, wrap_all

#: Bounds of a look at the project's files.
FILES_LIMIT = 5_000
SECONDS_LIMIT = 0.05
#: Lines that one process may write.
_LINES = 20_000
_JOURNALS = ("-wal", "-shm", "-journal", ".wal")
_TWINS = (".py", ".md", ".Rmd", ".qmd", ".R", ".jl")

if TYPE_CHECKING:
    Snapshot = dict[str, Any]


class Project:
    """Where children may write, and what of it counts."""

    root: str | None = None
    keep: FileFilter = FileFilter(None)
    config: ClassVar[dict[str, Any]] = {}


class Log:
    """The file into which other processes write what they note."""

    def __init__(self) -> None:
        self._handle: int | None = None
        self._read = 0
        self._rest = b""
        self.name: str | None = None

    def ready(self) -> str | None:
        """The file's name; ``None`` where there can be none."""
        if self._handle is None and self.name is None:
            try:
                self._make()
            except OSError:
                tracker.failures += 1
                self.name = ""
        return self.name or None

    def take(self) -> list[Any]:
        """What was written since the last time."""
        if self._handle is None:
            return []
        found = []
        data = self._rest
        while True:
            part = os.pread(self._handle, 1 << 20, self._read)
            if not part:
                break
            self._read += len(part)
            data += part
        *lines, self._rest = data.split(b"\n")
        for line in lines:
            try:
                found.append(json.loads(line))
            except ValueError:
                tracker.failures += 1
        return found

    def _make(self) -> None:
        if hasattr(os, "memfd_create"):
            # It has no name in any folder, so nothing is left however the kernel ends.
            handle = os.memfd_create("nbtrail")
            name = f"/proc/{os.getpid()}/fd/{handle}"
            if os.path.exists(name):
                self._handle, self.name = handle, name
                return
            os.close(handle)
        import atexit

        self._handle, self.name = tempfile.mkstemp(prefix="nbtrail-")
        atexit.register(_remove, self.name, os.getpid())


def _remove(name: str, pid: int) -> None:
    if os.getpid() == pid:
        os.unlink(name)


log = Log()
#: Executions that have forked, by msg_id.
_owners: dict[str, Seen] = {}
#: Executions whose children went on after their end, with the files as they were then.
_going: list[tuple[Seen, Snapshot]] = []


class Sink:
    """Writes down what is noted in a process other than the kernel's."""

    def __init__(self, name: str, owner: str) -> None:
        self._name, self._owner = name, owner
        self._known: set[Any] = set()
        self._left = _LINES

    def __call__(self, path: str, mode: Any, state: Any) -> None:
        if (path, mode) in self._known or tracker.keep(path) is None:
            return
        self._known.add((path, mode))
        self.write("file", path, mode, state)

    def write(self, *values: Any) -> None:
        """Put down one line; at once, because the process may end or become another one."""
        if self._left <= 0:
            return
        self._left -= 1
        if self._left == 0:
            values = ("unknown",)
        data = json.dumps([self._owner, *values]).encode() + b"\n"
        # Not kept open: code that closes all descriptors would have it written elsewhere.
        handle = real_os_open(self._name, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(handle, data)
        finally:
            os.close(handle)


def snapshot() -> Snapshot:
    """States of the project's files, as far as there is time to look."""
    files: dict[str, Any] = {}
    folders: dict[str, bool] = {}
    found = {"files": files, "folders": folders, "complete": Project.root is not None}
    waiting = [Project.root] if Project.root is not None else []
    deadline = time.monotonic() + SECONDS_LIMIT
    for folder in waiting:
        folders[folder] = False
        if len(files) > FILES_LIMIT or time.monotonic() > deadline:
            found["complete"] = False
            continue
        try:
            with os.scandir(folder) as entries:
                for item in entries:
                    if item.is_dir(follow_symlinks=False):
                        if item.name[:1] != "." and Project.keep.path(item.path + "/x"):
                            waiting.append(item.path)
                    elif item.is_file():
                        state = item.stat()
                        files[item.path] = (state.st_size, state.st_mtime_ns, state.st_ino)
        except OSError:
            continue
        folders[folder] = True
    return found


def changes(before: Snapshot, after: Snapshot) -> list[str]:
    """Files that are new or others; notebooks and their twins are written by their editors."""
    files, folders = before["files"], before["folders"]
    found = []
    for path, state in after["files"].items():
        known = files.get(path)
        if known is not None:
            if tuple(known) == tuple(state):
                continue
        else:
            folder = os.path.dirname(path)
            while folder not in folders and len(folder) > len(Project.root or ""):
                folder = os.path.dirname(folder)
            if not folders.get(folder):
                continue  # nobody has looked there before
        stem, suffix = os.path.splitext(path)
        twin = suffix in _TWINS and stem + ".ipynb" in after["files"]
        if not twin and suffix != ".ipynb" and not path.endswith(_JOURNALS):
            found.append(path)
    return found


def _owner() -> Seen:
    """The execution that starts a process now.

    IPython runs shell magics on a thread of its own, which lives on after the first of them.
    """
    seen = tracker.running.get(get_ident())
    if seen is None:
        seen = tracker.order[-1] if tracker.order else tracker.current()
    return seen


def _started(verdict: Verdict) -> None:
    """A program is about to run: look at what it may touch."""
    if verdict.worker:
        if _Passenger.aboard:
            return
        verdict.cannot_be_known()
    states = {path: (mode, state_at(path)) for path, mode in verdict.files.items()}
    if isinstance(tracker.child, Sink):
        for path, (mode, state) in states.items():
            tracker.child(path, mode, state)
        if verdict.unknown:
            tracker.child.write("unknown")
        if verdict.writes:
            tracker.child.write("before", snapshot())
        if verdict.background:
            tracker.child.write("background")
        return
    seen = _owner()
    for path, (mode, state) in states.items():
        seen.files.setdefault((path, mode), state)
    seen.unknown = seen.unknown or verdict.unknown
    seen.background = seen.background or verdict.background
    if verdict.writes and seen.before is None:
        seen.before = snapshot()
    if seen.ended:
        tracker.late[id(seen)] = seen


def note_command(argv: Any, cwd: Any = None, env: Any = None) -> None:
    """A program is started with these arguments."""
    try:
        if not tracker.enabled:
            return
        words = [os.fsdecode(word) for word in argv]
        folder = os.getcwd() if cwd is None else os.path.abspath(os.fsdecode(cwd))
        _started(judge(words, folder, _environment(env), _typed()))
    except Exception:
        tracker.failures += 1


def note_script(script: Any) -> None:
    """A shell is started with a script."""
    try:
        if tracker.enabled:
            _started(judge_script(os.fsdecode(script), os.getcwd(), os.environ))
    except Exception:
        tracker.failures += 1


def _environment(env: Any) -> Mapping[str, str]:
    if env is None:
        return os.environ
    if isinstance(env, Mapping):
        pairs = list(env.items())
    else:
        pairs = [item.split(b"=", 1) for item in env if b"=" in item]
    return {os.fsdecode(name): os.fsdecode(value) for name, value in pairs}


def _typed() -> str | None:
    """What ``%%bash`` and its kin give a shell to read: the rest of the cell."""
    if tracker.child is not None:
        return None
    seen = _owner()
    cell = getattr(seen.infos[-1], "raw_cell", None) if seen.infos else None
    if not isinstance(cell, str):
        return None
    first, _, rest = cell.lstrip().partition("\n")
    while first.startswith(("%%capture", "%%time")):
        first, _, rest = rest.lstrip().partition("\n")
    return rest if first.startswith(("%%bash", "%%sh", "%%script", "%%zsh")) else None


def _note_pid(pid: Any) -> None:
    if type(pid) is int and tracker.child is None and tracker.enabled:
        _owner().pids.append(pid)


def _is_running(pid: int) -> bool:
    if not hasattr(os, "waitid"):
        return False
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except OSError:
        return False


def settle(seen: Seen) -> None:
    """An execution ends: take in what its children told, and what changed meanwhile."""
    for owner, kind, *values in log.take():
        of = _owners.get(owner, seen)
        if of.ended and of is not seen:
            tracker.late[id(of)] = of
        if kind == "file":
            path, mode, state = values
            of.files.setdefault((path, mode), _state(state))
        elif kind == "unknown":
            of.unknown = True
        elif kind == "before" and of.before is None:
            of.before = values[0]
        elif kind == "background":
            of.background = True
        elif kind == "pid":
            of.pids.append(values[0])
    pids, seen.pids = seen.pids, []
    goes_on = seen.background or any(_is_running(pid) for pid in pids)
    if seen.before is None and not goes_on and not _going:
        return
    after = snapshot()
    if seen.before is not None:
        for path in changes(seen.before, after):
            seen.files[path, "w"] = None
        seen.unknown = seen.unknown or not seen.before["complete"]
    going, _going[:] = list(_going), []
    own = {path for path, _mode in seen.files}
    for earlier, before in going:
        for path in changes(before, after):
            if path not in own:
                earlier.files[path, "w"] = None
                tracker.late[id(earlier)] = earlier
    if goes_on:
        _going.append((seen, after))
    seen.before, seen.background = None, False


def _state(state: Any) -> Any:
    """A state as it was before it went through JSON."""
    if isinstance(state, list):
        return tuple(_state(part) if isinstance(part, list) else part for part in state)
    if isinstance(state, dict):
        return {path: _state(known) for path, known in state.items()}
    return state


# Forks


def _before_fork() -> None:
    try:
        if not tracker.enabled or tracker.child is not None:
            return
        seen = _owner()
        if log.ready() is None:
            seen.unknown = True
        elif seen.msg_id is not None:
            _owners[seen.msg_id] = seen
            if len(_owners) > 100:
                del _owners[next(iter(_owners))]
    except Exception:
        tracker.failures += 1


def _after_fork() -> None:
    """In a forked child there is nobody to report to, but the log."""
    try:
        if not tracker.enabled or tracker.child is not None:
            return
        owner = _owner()
        if log.name:
            pool = _is_of_a_pool()
            tracker.child = Sink(log.name, "" if pool else owner.msg_id or "")
            if not pool:
                tracker.child.write("pid", os.getpid())
        else:
            tracker.enabled = False
        tracker.running.clear()
        tracker.order.clear()
    except Exception:
        tracker.enabled = False


def _is_of_a_pool() -> bool:
    """Whether multiprocessing forks: what its processes do is done for the cell that waits."""
    frame: Any = sys._getframe()
    for _ in range(8):
        frame = frame.f_back
        if frame is None:
            return False
        if frame.f_globals.get("__name__") == "multiprocessing.popen_fork":
            return True
    return False


# Workers that are started, not forked


class _Passenger:
    """Travels with what a worker is told at its start, and unpacks the probe there."""

    source: ClassVar[dict[str, Any]] = {}
    #: Whether all workers from now on get one.
    aboard = False

    def __reduce__(self) -> tuple[Any, ...]:
        name = log.ready()
        if name is None or not _Passenger.source:
            return str, ()
        config = json.dumps({**Project.config, "log": name})
        return exec, (_Passenger.source["loader"], {**_Passenger.source, "config": config})


def _put_aboard(module: Any) -> None:
    original = module.get_preparation_data
    if getattr(original, "_nbtrail", False):
        return

    def get_preparation_data(*args: Any, **kwargs: Any) -> Any:
        data = original(*args, **kwargs)
        if tracker.enabled and isinstance(data, dict):
            data["nbtrail"] = _Passenger()
        return data

    get_preparation_data.__wrapped__ = original  # type: ignore[attr-defined]
    get_preparation_data._nbtrail = True  # type: ignore[attr-defined]
    module.get_preparation_data = get_preparation_data
    _Passenger.aboard = True


for _name in ("multiprocessing.spawn", "joblib.externals.loky.backend.spawn",
              "loky.backend.spawn"):  # fmt: skip
    HOOKS[_name] = [_put_aboard]


def configure(config: dict[str, Any], keep: FileFilter) -> None:
    """Take the project from the recorder's configuration."""
    Project.root, Project.keep = config.get("root"), keep
    Project.config = config


def install(source: dict[str, Any]) -> None:
    """Notice the processes that are started from now on."""
    _Passenger.source = source
    _wrap()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork, after_in_child=_after_fork)


def install_in_worker(config: dict[str, Any], source: dict[str, Any]) -> None:
    """Watch a process that works for a kernel."""
    if tracker.child is not None:
        return
    keep = FileFilter(config.get("root"), config.get("ignored") or ())
    tracker.keep = keep.path
    tracker.child = Sink(config["log"], "")
    configure(config, keep)
    wrap_all()
    watch_imports()
    log.name = config["log"]
    install(source)


def _wrap() -> None:
    import subprocess

    try:
        import _posixsubprocess
    except ImportError:
        _wrap_popen(subprocess)
    else:
        fork_exec = _make_fork_exec(_posixsubprocess.fork_exec)
        if getattr(subprocess, "_fork_exec", None) is _posixsubprocess.fork_exec:
            subprocess._fork_exec = fork_exec  # type: ignore[attr-defined]
        _posixsubprocess.fork_exec = fork_exec
    makers: dict[str, Callable[[Any], Any]] = {
        "system": _make_system,
        "posix_spawn": _make_spawn,
        "posix_spawnp": _make_spawn,
        "execv": _make_exec,
        "execve": _make_exec,
    }
    for name, make in makers.items():
        original = getattr(os, name, None)
        if original is not None:
            wrapper = make(original)
            setattr(os, name, wrapper)
            able: set[Any] = getattr(os, "supports_fd", set())
            if original in able:
                able.add(wrapper)


def _make_fork_exec(original: Any) -> Any:
    def fork_exec(self: Any, *args: Any) -> Any:
        # Libraries try programs that are not there.
        if not all(os.path.isabs(p) and not os.path.exists(p) for p in args[1]):
            note_command(args[0], args[4], args[5])
        pid = original(*args)
        _note_pid(pid)
        return pid

    return dress(fork_exec, original, "_posixsubprocess")


def _make_system(original: Any) -> Any:
    def system(self: Any, command: Any) -> Any:
        note_script(command)
        return original(command)

    return dress(system, original, "os")


def _make_spawn(original: Any) -> Any:
    def spawn(self: Any, path: Any, argv: Sequence[Any], env: Any, **options: Any) -> Any:
        note_command(argv, None, env)
        pid = original(path, argv, env, **options)
        _note_pid(pid)
        return pid

    return dress(spawn, original, "os")


def _make_exec(original: Any) -> Any:
    def execute(self: Any, path: Any, argv: Sequence[Any], *env: Any) -> Any:
        if os.path.exists(path):  # it may be a try at each folder of PATH
            note_command(argv, None, *env)
        return original(path, argv, *env)

    return dress(execute, original, "os")


def _wrap_popen(subprocess: Any) -> None:
    """Where processes are not forked, their command lines pass through one method."""
    original = subprocess.Popen._execute_child

    def _execute_child(self: Any, args: Any, *rest: Any, **options: Any) -> Any:
        note_command([args] if isinstance(args, (str, bytes)) else args)
        return original(self, args, *rest, **options)

    subprocess.Popen._execute_child = _execute_child
