"""Wrappers around what starts other programs."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .wrappers import dress


class Notes(NamedTuple):
    """Who is told, before it starts, of a program with its words, folder and variables, and of
    a script for a shell; and of the process that was started.
    """

    command: Callable[..., None]
    script: Callable[[Any], None]
    pid: Callable[[Any], None]


def wrap_programs(notes: Notes) -> None:
    """Tell of every program that is started from now on."""
    import subprocess

    try:
        import _posixsubprocess
    except ImportError:
        _wrap_popen(subprocess, notes)
    else:
        fork_exec = _make_fork_exec(_posixsubprocess.fork_exec, notes)
        if getattr(subprocess, "_fork_exec", None) is _posixsubprocess.fork_exec:
            subprocess._fork_exec = fork_exec  # type: ignore[attr-defined]
        _posixsubprocess.fork_exec = fork_exec
    makers: dict[str, Callable[[Any, Notes], Any]] = {
        "system": _make_system,
        "posix_spawn": _make_spawn,
        "posix_spawnp": _make_spawn,
        "execv": _make_exec,
        "execve": _make_exec,
    }
    for name, make in makers.items():
        original = getattr(os, name, None)
        if original is not None:
            wrapper = make(original, notes)
            setattr(os, name, wrapper)
            able: set[Any] = getattr(os, "supports_fd", set())
            if original in able:
                able.add(wrapper)


def _make_fork_exec(original: Any, notes: Notes) -> Any:
    def fork_exec(self: Any, *args: Any) -> Any:
        # Libraries try programs that are not there.
        if not all(os.path.isabs(p) and not os.path.exists(p) for p in args[1]):
            notes.command(args[0], args[4], args[5])
        pid = original(*args)
        notes.pid(pid)
        return pid

    return dress(fork_exec, original, "_posixsubprocess")


def _make_system(original: Any, notes: Notes) -> Any:
    def system(self: Any, command: Any) -> Any:
        notes.script(command)
        return original(command)

    return dress(system, original, "os")


def _make_spawn(original: Any, notes: Notes) -> Any:
    def spawn(self: Any, path: Any, argv: Sequence[Any], env: Any, **options: Any) -> Any:
        notes.command(argv, None, env)
        pid = original(path, argv, env, **options)
        notes.pid(pid)
        return pid

    return dress(spawn, original, "os")


def _make_exec(original: Any, notes: Notes) -> Any:
    def execute(self: Any, path: Any, argv: Sequence[Any], *env: Any) -> Any:
        if os.path.exists(path):  # it may be a try at each folder of PATH
            notes.command(argv, None, *env)
        return original(path, argv, *env)

    return dress(execute, original, "os")


def _wrap_popen(subprocess: Any, notes: Notes) -> None:
    """Where processes are not forked, their command lines pass through one method."""
    original = subprocess.Popen._execute_child

    def _execute_child(self: Any, args: Any, *rest: Any, **options: Any) -> Any:
        notes.command([args] if isinstance(args, (str, bytes)) else args)
        return original(self, args, *rest, **options)

    subprocess.Popen._execute_child = _execute_child
