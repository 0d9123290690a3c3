"""Wrappers around ``open`` and its kin that note what is opened, and change nothing else."""

from __future__ import annotations

import builtins
import functools
import importlib
import inspect
import io
import os
import sys
import types
from collections.abc import Callable
from threading import get_ident
from typing import Any

from .frames import OWN_FILES
from .tracker import tracker

_real_open: Callable[..., Any] = io.open
real_os_open: Callable[..., Any] = os.open


class _Home:
    """Stands behind the wrapped functions as the module behind a builtin; pickles as that."""

    def __init__(self, module: str) -> None:
        self.module = module

    def __reduce__(self) -> tuple[Any, ...]:
        return importlib.import_module, (self.module,)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(importlib.import_module(self.module), name)

    def __copy__(self) -> _Home:
        return self

    def __deepcopy__(self, _memo: Any) -> _Home:
        return self

    def __repr__(self) -> str:
        return f"<module {self.module!r}, seen by nbtrail>"


def dress(function: Any, original: Any, module: str) -> Any:
    """Make ``function`` look like ``original`` and behave like a builtin.

    A bound method, unlike a function, does not bind again when someone puts it into a class
    (``class Reader: opener = open``), and costs no more than one.
    """
    functools.update_wrapper(function, original)
    function.__module__ = module
    function.__qualname__ = original.__name__
    try:
        signature = inspect.signature(original)
    except (TypeError, ValueError):
        signature = None
    if signature is not None:
        first = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        parameters = [first, *signature.parameters.values()]
        function.__signature__ = signature.replace(parameters=parameters)
    return types.MethodType(function, _Home(module))


def _make_open(original: Any) -> Any:
    running, ident, note = tracker.running, get_ident, tracker.note_safely
    text = os.fspath

    def open(
        self: Any,
        file: Any,
        mode: Any = "r",
        buffering: Any = -1,
        encoding: Any = None,
        errors: Any = None,
        newline: Any = None,
        closefd: Any = True,
        opener: Any = None,
    ) -> Any:
        stream = original(file, mode, buffering, encoding, errors, newline, closefd, opener)
        try:
            # As text: thousands of path objects kept alive are work for the collector.
            path = file if type(file) is str else text(file)
            running[ident()].fast((path, mode))
        except Exception:  # not known yet, or no cell on this thread
            note(file, mode, stream)
        return stream

    return dress(open, original, "io")


def _make_os_open(original: Any) -> Any:
    def open(self: Any, path: Any, flags: Any, mode: Any = 0o777, *, dir_fd: Any = None) -> Any:
        handle = original(path, flags, mode, dir_fd=dir_fd)
        if dir_fd is None:
            tracker.note_safely(path, flags, handle)
        return handle

    return dress(open, original, "os")


def _make_target(original: Any) -> Any:
    """Wrap a function whose second argument is a file that is there afterwards."""

    def wrapped(self: Any, src: Any, dst: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(src, dst, *args, **kwargs)
        if kwargs.get("dst_dir_fd") is None:
            tracker.note_safely(dst, "w", None)
        return result

    return dress(wrapped, original, "os")


def _make_chdir(original: Any) -> Any:
    def wrapped(self: Any, path: Any) -> Any:
        result = original(path)
        tracker.move()
        return result

    return dress(wrapped, original, "os")


_OS_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "open": _make_os_open,
    "rename": _make_target,
    "replace": _make_target,
    "link": _make_target,
    "chdir": _make_chdir,
    "fchdir": _make_chdir,
}

#: Modules that may have kept the original ``open`` under a name of their own.
_KEPT = (
    ("IPython.core.interactiveshell", "io_open"),
    ("tarfile", "bltn_open"),
    ("bz2", "_builtin_open"),
)


def wrap_all() -> None:
    """Put the wrappers in place, also where modules have kept an original."""
    wrapped: dict[Any, Any] = {_real_open: _make_open(_real_open)}
    builtins.open = io.open = wrapped[_real_open]
    for name, make in _OS_FUNCTIONS.items():
        original = getattr(os, name, None)
        if original is not None:
            wrapped[original] = make(original)
            setattr(os, name, wrapped[original])
    for capable in ("supports_dir_fd", "supports_fd", "supports_follow_symlinks"):
        able: set[Any] = getattr(os, capable, set())
        able.update([wrapped[original] for original in wrapped if original in able])
    for module, name in _KEPT:
        kept = sys.modules.get(module)
        if getattr(kept, name, None) is _real_open:
            setattr(kept, name, wrapped[_real_open])
    # Notebooks call IPython's own open, which names the original. A pickle of a function that
    # uses it (joblib, cloudpickle) writes that down by name and must find the same again.
    ipython = sys.modules.get("IPython.core.interactiveshell")
    notebook_open = getattr(ipython, "_modified_open", None)
    if notebook_open is not None and getattr(notebook_open, "__wrapped__", None) is _real_open:
        notebook_open.__wrapped__ = wrapped[_real_open]
    # Before Python 3.11 pathlib keeps the originals in a class.
    accessor = getattr(sys.modules.get("pathlib"), "_NormalAccessor", None)
    for name, value in list(vars(accessor).items()) if accessor is not None else ():
        original = value.__func__ if isinstance(value, staticmethod) else value
        if isinstance(original, types.BuiltinFunctionType) and original in wrapped:
            setattr(accessor, name, wrapped[original])


OWN_FILES.add(wrap_all.__code__.co_filename)
