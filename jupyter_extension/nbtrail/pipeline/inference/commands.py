"""Magics, and the functions that copy, move, pack, unpack or run files."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nbtrail.pipeline.inference import library, sql
from nbtrail.pipeline.inference.effects import Call
from nbtrail.pipeline.inference.shell import shell, split, unpacked
from nbtrail.pipeline.inference.values import UNKNOWN, Value, options_of, text_of, text_or_hole

if TYPE_CHECKING:
    from nbtrail.pipeline.inference.calls import Calls

_COPIES = frozenset(
    {"shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree", "os.link", "os.symlink"}
)
_MOVES = frozenset({"shutil.move", "os.rename", "os.replace", "os.renames"})
_PROCESSES = frozenset(
    {"os.system", "os.popen", "subprocess.run", "subprocess.call", "subprocess.check_call",
     "subprocess.check_output", "subprocess.Popen", "subprocess.getoutput"}
)  # fmt: skip
_SHELLS = frozenset({"bash", "sh", "zsh", "script"})


def moves(walk: Calls, call: Call) -> bool:
    """Copying, moving, unpacking and running files; whether the call was one of these."""
    texts = [text_of(option) for value in call.arguments for option in options_of(value)[:1]]
    first = texts[0] if texts else None
    second = texts[1] if len(texts) > 1 else None
    if call.name in _COPIES or call.name in _MOVES:
        if first is not None:
            walk.touch("read", first, weak=call.name in _MOVES)
        if second is not None:
            folder = second.endswith("/") or "." not in second.rsplit("/", 1)[-1]
            inside = first is not None and folder and call.name != "shutil.copytree"
            name = (first or "").rsplit("/", 1)[-1]
            walk.touch("write", library.join(second, name) if inside else second, weak=folder)
        return True
    if call.name == "shutil.unpack_archive" and first is not None:
        unpacked(walk, first, second or ".")
        return True
    if call.name == "shutil.make_archive" and first is not None:
        _pack(walk, call, first, second)
        return True
    if call.name in ("papermill.execute_notebook", "papermill.execute.execute_notebook"):
        source = first if first is not None else text_of(call.keywords.get("input_path"))
        target = second if second is not None else text_of(call.keywords.get("output_path"))
        if source is not None:
            walk.touch("read", source)
        if target is not None and target != source:
            walk.touch("write", target)
        return True
    return False


def _pack(walk: Calls, call: Call, base: str, kind: str | None) -> None:
    ending = {"zip": ".zip", "tar": ".tar", "gztar": ".tar.gz", "bztar": ".tar.bz2"}
    folder = text_of(_argument(call, 2, "root_dir"))
    walk.touch("write", base + ending.get(kind or "zip", ""))
    if folder is not None:
        walk.touch("read", folder.rstrip("/") + "/*", weak=True)


def _argument(call: Call, place: int, name: str) -> Value:
    return (
        call.arguments[place] if len(call.arguments) > place else call.keywords.get(name, UNKNOWN)
    )


def shell_method(walk: Calls, method: str, texts: Sequence[str | None]) -> None:
    """What the notebook asks IPython's own object for, as `get_ipython().system` does."""
    first, *others = [text or "" for text in texts] or [""]
    rest = " ".join(others[:1])
    if method in ("system", "getoutput"):
        shell(walk, first)
    elif method == "run_cell_magic":
        cell_magic(walk, f"{first} {rest}", " ".join(others[1:2]))
    else:
        line_magic(walk, f"{first} {rest}")


def line_magic(walk: Calls, text: str) -> None:
    """``%run``, ``%cd`` and friends."""
    words = split(text)
    name = words[0].lstrip("%") if words else ""
    targets = [word for word in words[1:] if not word.startswith("-")]
    if name == "run" and targets:
        path = targets[0]
        if not path.endswith((".py", ".ipy", ".ipynb")):
            path += ".py"
        walk.include(path)
    elif name == "cd" and targets:
        walk.change_folder(targets[0])
    elif name == "writefile" and targets:
        walk.touch("write", targets[0])
    elif name in ("sx", "system"):
        shell(walk, text.partition(" ")[2])
    elif name == "sql":
        sql.touch(walk, text)


def cell_magic(walk: Calls, text: str, body: str) -> None:
    """A cell in another language, or one that is written to a file."""
    words = split(text)
    if words and words[0] in _SHELLS:
        for line in body.replace("\\\n", " ").splitlines():
            shell(walk, line)
    if words and words[0] == "sql":
        sql.touch(walk, body)
    if words and words[0] in ("writefile", "file") and len(words) > 1:
        walk.touch("write", words[-1])


def processes(walk: Calls, call: Call) -> bool:
    """Starting another program from Python; whether the call was one of these."""
    if call.name not in _PROCESSES:
        return False
    for option in options_of(call.arguments[0] if call.arguments else None):
        if isinstance(option, str):
            shell(walk, option)
        elif isinstance(option, (list, tuple)):
            shell(walk, shlex.join(text_or_hole(word) for word in option))
    return True
