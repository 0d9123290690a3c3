"""Processes that cells start, and what they did to files.

A process made by fork keeps the probe, and workers of pools get one; they write what they note
into a file that the kernel reads when the cell ends. Of other programs the command line is
read, and the project's files are compared before and after.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from threading import get_ident
from typing import TYPE_CHECKING, Any, ClassVar

from .commands import Verdict, judge, judge_script
from .log import Sink, log
from .native import HOOKS, watch_imports
from .report import FileFilter
from .snapshots import Project, changes, snapshot
from .spawning import Notes, wrap_programs
from .tracker import Seen, state_at, tracker
from .wrappers import wrap_all

if TYPE_CHECKING:
    from .snapshots import Snapshot

#: Executions that have forked, by msg_id.
_owners: dict[str, Seen] = {}
#: Executions whose children went on after their end, with the files as they were then.
_going: list[tuple[Seen, Snapshot]] = []


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
    wrap_programs(Notes(note_command, note_script, _note_pid))
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
