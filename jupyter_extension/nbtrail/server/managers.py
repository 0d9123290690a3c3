"""What the contents layer has to know of the managers that it wraps."""

from __future__ import annotations

from typing import Any


def locked_path(name: str, *args: Any, **kwargs: Any) -> str | None:
    """The notebook that one operation at a time may touch, ``None`` where several may."""
    if name == "save":
        path = kwargs.get("path", args[1] if len(args) > 1 else "")
    elif name == "get":
        content = kwargs.get("content", args[1] if len(args) > 1 else True)
        path = kwargs.get("path", args[0] if args else "") if content else ""
    elif name == "delete_file":
        path = kwargs.get("path", args[0] if args else "")
    elif name == "rename_file":
        path = kwargs.get("old_path", args[0] if args else "")
    else:
        return None
    return path.strip("/") if is_notebook(path) else None


def is_notebook(path: str) -> bool:
    """Whether a path of the Contents API names a notebook."""
    return path.rstrip("/").endswith(".ipynb")


def class_without_jupytext(kind: type) -> type | None:
    """The class whose methods know nothing of jupytext's pairs; ``None``: all of them."""
    if not any(_is_jupytext(base) for base in kind.__mro__):
        return None
    return next(
        (base for base in kind.__mro__ if not _is_jupytext(base) and hasattr(base, "save")), None
    )


def _is_jupytext(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "jupytext"
