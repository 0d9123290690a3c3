"""Lines for the shell: downloads, archives, copies, scripts, and words that name files.

What another process opens, the probe in the kernel does not see.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nbtrail.pipeline.inference import library
from nbtrail.pipeline.inference.effects import looks_like_path
from nbtrail.pipeline.inference.values import HOLE, options_of, text_or_hole

if TYPE_CHECKING:
    from nbtrail.pipeline.inference.calls import Calls

#: Commands whose words name no data.
_NO_FILES = frozenset(
    """cd echo printf export set pip pip3 uv conda mamba apt apt-get git mkdir rm rmdir chmod
    which kill sleep true false ls du touch""".split()
)
#: ``$name``, ``${name}`` and ``{name}``, which IPython fills in from the notebook's names.
_FILLED_IN = re.compile(r"\$\{(\w+)\}|\$(\w+)|\{(\w+)\}")
_PRESSED = (".gz", ".bz2", ".xz", ".zst")


@dataclass(slots=True)
class Words:
    """A command's words: those that stand alone, and options with their values."""

    plain: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)

    def option(self, *names: str) -> str | None:
        """The value of the first of these options that is given."""
        return next((self.options[name] for name in names if name in self.options), None)


def shell(walk: Calls, text: str) -> None:
    """One line; names of the notebook are filled in."""
    walk.elsewhere += 1
    try:
        for words in _commands(walk, _FILLED_IN.sub(lambda m: _filled_in(walk, m), text)):
            _command(walk, words)
    finally:
        walk.elsewhere -= 1


def split(text: str, marks: bool = False) -> list[str]:
    """The words of a command; with ``marks`` also what stands between commands."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=marks)
    lexer.whitespace_split, lexer.commenters = True, ""
    try:
        return list(lexer)
    except ValueError:
        return text.split()


def unpacked(walk: Calls, archive: str, folder: str) -> None:
    """Note that an archive is unpacked: of what comes out of it, only the folder is known."""
    walk.touch("read", archive)
    walk.touch("write", library.join(folder, HOLE), weak=True)


def _filled_in(walk: Calls, match: re.Match[str]) -> str:
    value = walk.scope.find(match[1] or match[2] or match[3])
    return text_or_hole(next(iter(options_of(value))))


def _commands(walk: Calls, text: str) -> Iterator[list[str]]:
    """The commands of a line, each as its words; where they are sent to a file is noted."""
    words: list[str] = []
    towards = ""
    for word in split(text, marks=True):
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
    while words and words[0] in ("sudo", "time", "nohup", "yes"):
        words = words[1:]
    if not words:
        return
    name = words[0].rsplit("/", 1)[-1]
    handler = _HANDLERS.get(name)
    if handler is not None:
        handler(walk, words[1:])
    elif name in ("python", "python3") and len(words) > 1 and words[1].endswith(".py"):
        walk.include(words[1])
        _named_files(walk, words[2:])
    elif name not in _NO_FILES:
        _named_files(walk, words[1:])


def _named_files(walk: Calls, words: Sequence[str]) -> None:
    """Words that look like files are taken to be read: what a program does with them, it knows."""
    for word in words:
        if word[:1] != "-" and looks_like_path(word):
            walk.touch("read", word, weak=True)


def _parse(words: Sequence[str], short: str, long: Sequence[str] = ()) -> Words:
    """Words with their options; ``short`` and ``long`` are those that take a value."""
    found = Words()
    left = list(words)
    while left:
        word = left.pop(0)
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            if not equals and name[2:] in long and left:
                value = left.pop(0)
            found.options[name] = value
        elif word.startswith("-") and len(word) > 1:
            _cluster(word, short, left, found)
        else:
            found.plain.append(word)
    return found


def _cluster(word: str, short: str, left: list[str], found: Words) -> None:
    """Short options in one word, such as ``-qO file`` or ``-xzf archive``."""
    for place, letter in enumerate(word[1:], 2):
        if letter in short:
            value = word[place:] or (left.pop(0) if left else "")
            found.options[f"-{letter}"] = value
            return
        found.options[f"-{letter}"] = ""


def _wget(walk: Calls, words: Sequence[str]) -> None:
    parsed = _parse(words, "OPoaUtT", ("output-document", "directory-prefix"))
    folder = parsed.option("-P", "--directory-prefix") or ""
    _download(walk, parsed, parsed.option("-O", "--output-document"), folder, named=True)


def _curl(walk: Calls, words: Sequence[str]) -> None:
    parsed = _parse(words, "oHdXAbcuFTem", ("output", "header", "data", "request", "user"))
    named = "-O" in parsed.options or "--remote-name" in parsed.options
    _download(walk, parsed, parsed.option("-o", "--output"), "", named=named)


def _download(walk: Calls, words: Words, target: str | None, folder: str, *, named: bool) -> None:
    addresses = [word for word in words.plain if "://" in word]
    walk.remote.update(address.replace(HOLE, "*") for address in addresses)
    if target:
        if "://" not in target and target != "-":
            walk.touch("write", target)
    elif addresses and named:
        name = addresses[0].split("?", 1)[0].rsplit("/", 1)[-1]
        if name:
            walk.touch("write", library.join(folder, name))


def _gdown(walk: Calls, words: Sequence[str]) -> None:
    target = _parse(words, "O", ("output", "id")).option("-O", "--output")
    if target:
        walk.touch("write", target)


def _kaggle(walk: Calls, words: Sequence[str]) -> None:
    parsed = _parse(words, "cdpf", ("competition", "dataset", "path", "file"))
    what = parsed.option("-c", "-d", "--competition", "--dataset") or parsed.plain[-1:]
    if "download" not in parsed.plain or not what:
        return
    name = (what if isinstance(what, str) else what[0]).rsplit("/", 1)[-1]
    folder = parsed.option("-p", "--path") or ""
    file = parsed.option("-f", "--file")
    walk.touch("write", library.join(folder, file or name + ".zip"), weak=True)
    if "--unzip" in parsed.options:
        walk.touch("write", library.join(folder, HOLE), weak=True)


def _unzip(walk: Calls, words: Sequence[str]) -> None:
    parsed = _parse(words, "dPx")
    for archive in parsed.plain[:1]:
        unpacked(walk, archive, parsed.option("-d") or ".")


def _tar(walk: Calls, words: Sequence[str]) -> None:
    if words and words[0][:1] != "-":
        words = ["-" + words[0], *words[1:]]
    parsed = _parse(words, "fC", ("file", "directory"))
    archive = parsed.option("-f", "--file")
    if not archive:
        return
    if "-c" in parsed.options or "--create" in parsed.options:
        walk.touch("write", archive)
        _all_of(walk, parsed.plain)
    elif "-x" in parsed.options or "--extract" in parsed.options:
        unpacked(walk, archive, parsed.option("-C", "--directory") or ".")
    else:
        walk.touch("read", archive)


def _zip(walk: Calls, words: Sequence[str]) -> None:
    plain = _parse(words, "xi").plain
    if plain:
        target = plain[0]
        walk.touch("write", target if "." in posixpath.basename(target) else target + ".zip")
        _all_of(walk, plain[1:])


def _all_of(walk: Calls, words: Sequence[str]) -> None:
    """Files and folders that are packed: all that is in them is read."""
    for word in words:
        is_folder = "." not in posixpath.basename(word.rstrip("/"))
        walk.touch("read", word.rstrip("/") + "/*" if is_folder else word, weak=is_folder)


def _unpress(walk: Calls, words: Sequence[str]) -> None:
    for word in _parse(words, "").plain:
        if word.endswith(_PRESSED):
            walk.touch("read", word)
            walk.touch("write", posixpath.splitext(word)[0])


def _copy(walk: Calls, words: Sequence[str]) -> None:
    *sources, target = _parse(words, "t").plain or [""]
    is_folder = target.endswith("/") or target in (".", "..") or len(sources) > 1
    for source in sources:
        walk.touch("read", source, weak=True)
        name = posixpath.basename(source.rstrip("/"))
        place = library.join(target.rstrip("/"), name) if is_folder else target
        walk.touch("write", place, weak="." not in posixpath.basename(place))


def _tee(walk: Calls, words: Sequence[str]) -> None:
    for word in _parse(words, "").plain:
        walk.touch("write", word)


def _jupyter(walk: Calls, words: Sequence[str]) -> None:
    """``jupyter nbconvert --execute``, ``jupyter execute``: another notebook is run."""
    executes = bool(words) and words[0] in ("execute", "run")
    if executes or "--execute" in words or "--ExecutePreprocessor.enabled=True" in words:
        for word in words:
            if word.endswith(".ipynb") and word[:1] != "-":
                walk.touch("read", word)
                break


def _papermill(walk: Calls, words: Sequence[str]) -> None:
    source, *others = [word for word in words if word.endswith(".ipynb")] or [""]
    if source:
        walk.touch("read", source)
    for target in others[:1]:
        if target != source:
            walk.touch("write", target)


_HANDLERS: dict[str, Callable[[Calls, Sequence[str]], None]] = {
    "wget": _wget,
    "curl": _curl,
    "gdown": _gdown,
    "kaggle": _kaggle,
    "unzip": _unzip,
    "tar": _tar,
    "zip": _zip,
    "gunzip": _unpress,
    "bunzip2": _unpress,
    "unxz": _unpress,
    "cp": _copy,
    "mv": _copy,
    "tee": _tee,
    "jupyter": _jupyter,
    "papermill": _papermill,
}
