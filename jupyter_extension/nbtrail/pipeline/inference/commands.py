"""Magics, shell lines, and the functions that copy, move, unpack or run files."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nbtrail.pipeline.inference import library
from nbtrail.pipeline.inference.effects import Call, looks_like_path
from nbtrail.pipeline.inference.values import HOLE, options_of, text_of, text_or_hole

if TYPE_CHECKING:
    from nbtrail.pipeline.inference.calls import Calls

_COPIES = frozenset({"shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree"})
_MOVES = frozenset({"shutil.move", "os.rename", "os.replace", "os.renames"})
_PROCESSES = frozenset(
    {"os.system", "os.popen", "subprocess.run", "subprocess.call", "subprocess.check_call",
     "subprocess.check_output", "subprocess.Popen", "subprocess.getoutput"}
)  # fmt: skip
_SHELLS = frozenset({"bash", "sh", "zsh", "script"})
#: Commands whose words name no data.
_NO_FILES = frozenset(
    """cd echo printf export set pip pip3 uv conda mamba apt apt-get git mkdir rm rmdir chmod
    which jupyter kill sleep true false""".split()
)
#: ``$name``, ``${name}`` and ``{name}``, which IPython fills in from the notebook's names.
_FILLED_IN = re.compile(r"\$\{(\w+)\}|\$(\w+)|\{(\w+)\}")


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
        walk.touch("read", first)
        walk.touch("write", library.join(second or ".", HOLE), weak=True)
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


def line_magic(walk: Calls, text: str) -> None:
    """``%run``, ``%cd`` and friends."""
    words = _words(text)
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


def cell_magic(walk: Calls, text: str, body: str) -> None:
    """A cell in another language, or one that is written to a file."""
    words = _words(text)
    if words and words[0] in _SHELLS:
        for line in body.replace("\\\n", " ").splitlines():
            shell(walk, line)
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


def shell(walk: Calls, text: str) -> None:
    """A line for the shell: downloads, unpacking, copies, scripts, and words that name files.

    What another process opens, the probe does not see.
    """
    walk.elsewhere += 1
    try:
        for words in _commands(walk, _FILLED_IN.sub(lambda m: _filled_in(walk, m), text)):
            _command(walk, words)
    finally:
        walk.elsewhere -= 1


def _filled_in(walk: Calls, match: re.Match[str]) -> str:
    value = walk.scope.find(match[1] or match[2] or match[3])
    return text_or_hole(next(iter(options_of(value))))


def _commands(walk: Calls, text: str) -> Iterator[list[str]]:
    """The commands of a line, each as its words; where they are sent to a file is noted."""
    words: list[str] = []
    towards = ""
    for word in _words(text, marks=True):
        if word.strip("();<>|&"):
            if towards.startswith(">") and "&" not in towards and looks_like_path(word, sure=True):
                walk.touch("write", word)
            elif towards in ("", "<"):
                words.append(word)
            towards = ""
        elif ">" in word or "<" in word:
            towards = word.lstrip("&")
        else:
            yield words
            words = []
    yield words


def _command(walk: Calls, words: list[str]) -> None:
    if not words:
        return
    name, plain = words[0].rsplit("/", 1)[-1], [w for w in words[1:] if w[:1] != "-"]
    if name in ("wget", "curl"):
        _download(walk, words, plain)
    elif name == "unzip" and plain:
        walk.touch("read", plain[0])
        folder = _option(words, "-d") or "."
        walk.touch("write", library.join(folder, HOLE), weak=True)
    elif name in ("cp", "mv") and len(plain) == 2:
        walk.touch("read", plain[0], weak=True)
        walk.touch("write", plain[1], weak="." not in plain[1].rsplit("/", 1)[-1])
    elif name in ("python", "python3") and plain and plain[0].endswith(".py"):
        walk.include(plain[0])
        _named_files(walk, plain[1:])
    elif name == "tee":
        for word in plain:
            walk.touch("write", word)
    elif name not in _NO_FILES:
        _named_files(walk, plain)


def _named_files(walk: Calls, words: list[str]) -> None:
    """Words that look like files are taken to be read: what a program does with them, it knows."""
    for word in words:
        if looks_like_path(word):
            walk.touch("read", word, weak=True)


def _download(walk: Calls, words: list[str], plain: list[str]) -> None:
    target = _option(words, "-O") or _option(words, "-o") or _option(words, "--output")
    addresses = [word for word in plain if "://" in word]
    walk.remote.update(addresses)
    if target is not None and "://" not in target:
        walk.touch("write", target)
    elif addresses and (words[0].endswith("wget") or "-O" in words):
        folder = _option(words, "-P") or ""
        name = addresses[0].split("?", 1)[0].rsplit("/", 1)[-1]
        if name:
            walk.touch("write", library.join(folder, name))


def _option(words: list[str], name: str) -> str | None:
    if name in words[:-1]:
        value = words[words.index(name) + 1]
        return None if value.startswith("-") else value
    return None


def _words(text: str, marks: bool = False) -> list[str]:
    """The words of a command; with ``marks`` also what stands between commands."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=marks)
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        return list(lexer)
    except ValueError:
        return text.split()
