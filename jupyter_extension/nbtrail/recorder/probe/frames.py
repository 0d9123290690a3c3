"""Calling the originals so that nobody notices: warnings, tracebacks and callers' names.

Some libraries look at the frame that called them: warnings name it by counting frames, and
duckdb finds data frames among the caller's variables. `call_as` calls from a frame that looks
like the caller's own.
"""

from __future__ import annotations

import functools
import sys
import warnings
from typing import Any

from .tracker import tracker

#: Names of the files whose frames are kept out of tracebacks.
OWN_FILES: set[str] = set()

_MARK = object()


def _template() -> tuple[Any, list[Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is called there is no function yet
        code = compile("'call'(*'args', **'kwargs')", "<nbtrail>", "eval")
    return code, [*code.co_consts, _MARK]


_CODE, _CONSTANTS = _template()
_CALL, _ARGS, _KWARGS = (_CONSTANTS.index(name) for name in ("call", "args", "kwargs"))


def call_as(caller: Any, see_locals: bool, function: Any, args: Any, kwargs: Any) -> Any:
    """Call ``function`` from a frame with the file, line and names of the frame ``caller``."""
    constants = _CONSTANTS.copy()
    constants[_CALL], constants[_ARGS], constants[_KWARGS] = function, args, kwargs
    code = _CODE.replace(
        co_consts=tuple(constants),
        co_filename=caller.f_code.co_filename,
        co_firstlineno=caller.f_lineno,
        co_name=caller.f_code.co_name,
    )
    return eval(code, caller.f_globals, caller.f_locals if see_locals else {})


def is_own(frame: Any) -> bool:
    """Whether a frame is the probe's."""
    code = frame.f_code
    return code.co_filename in OWN_FILES or (bool(code.co_consts) and code.co_consts[-1] is _MARK)


def hide_frames(shell: Any) -> None:
    """Keep the wrappers' frames out of the tracebacks that IPython shows and notebooks keep."""
    original = getattr(shell, "_get_exc_info", None)
    if original is None:
        return

    @functools.wraps(original)
    def _get_exc_info(*args: Any, **kwargs: Any) -> Any:
        kind, value, trace = original(*args, **kwargs)
        try:
            trace = _strip(trace)
            error = value
            known: set[int] = set()
            while error is not None and id(error) not in known:
                known.add(id(error))
                error.__traceback__ = _strip(error.__traceback__)
                error = error.__cause__ or error.__context__
        except Exception:
            tracker.failures += 1
        return kind, value, trace

    shell._get_exc_info = _get_exc_info


def _strip(trace: Any) -> Any:
    """The traceback without the probe's frames."""
    while trace is not None and is_own(trace.tb_frame):
        trace = trace.tb_next
    here = trace
    while here is not None and here.tb_next is not None:
        if is_own(here.tb_next.tb_frame):
            here.tb_next = here.tb_next.tb_next
        else:
            here = here.tb_next
    return trace


OWN_FILES.add(sys._getframe().f_code.co_filename)
