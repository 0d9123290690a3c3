"""Analyses kept by content, so that a graph is built again in no time."""

from __future__ import annotations

import contextlib
import os
import posixpath
import time
from pathlib import Path

import msgspec

from nbtrail.errors import NotFoundError, UnreadableNotebookError
from nbtrail.files import fingerprint, sha256_bytes
from nbtrail.kept import SETTLED_NS, Kept
from nbtrail.notebooks.document import NOT_JSON, parse_notebook
from nbtrail.pipeline.inference.source import module_digest
from nbtrail.pipeline.inference.static import Analysis, analyse
from nbtrail.workers import shares, spread

#: Part of the file's name: another analysis never reads the results of this one.
_VERSION = 4


class Entry(msgspec.Struct, frozen=True):
    """A kept analysis; ``stat`` is size, modification time in ns and inode."""

    stat: tuple[int, int, int]
    sha256: str
    analysis: Analysis


class Problem(msgspec.Struct, frozen=True):
    """Why a notebook could not be analysed: a finding's code, and the message."""

    code: str
    message: str


class AnalysisCache:
    """Analyses of one project's notebooks, kept in ``<state>/cache``.

    The file is a convenience: where it cannot be read or written, everything is worked out anew.
    """

    def __init__(self, root: Path, state_dir: Path, data_folder: str = "data") -> None:
        self._root = root
        self._data_folder = data_folder
        file = state_dir / "cache" / f"analysis-{_VERSION}.msgpack"
        self._entries: Kept[Entry] = Kept(file, Entry)
        self._folders: dict[str, frozenset[str]] = {}
        self._modules: dict[str, str | None] = {}

    def get(self, path: str) -> Analysis | Problem:
        """The analysis of the notebook at this POSIX path, or why there is none."""
        file = self._root / path
        entry = self._entries.get(path)
        stat = fingerprint(file)
        if entry is not None and stat == entry.stat and self._holds(path, entry.analysis):
            return entry.analysis
        try:
            data = file.read_bytes()
        except OSError as error:
            return Problem(NOT_JSON, f"{path} cannot be read: {error.strerror}.")
        digest = sha256_bytes(data)
        if entry is not None and digest == entry.sha256 and self._holds(path, entry.analysis):
            self._keep(path, stat, digest, entry.analysis)
            return entry.analysis
        found = _work_out(self._root, self._data_folder, path, stat, data, digest)
        if isinstance(found, Entry):
            self._keep(path, stat, digest, found.analysis)
            return found.analysis
        return found

    def look_again(self) -> None:
        """From now on modules and folders are those of now, not of the last look."""
        self._folders.clear()
        self._modules.clear()

    def prepare(self, paths: list[str]) -> None:
        """Work out what many notebooks say in several processes, where that is quicker."""
        parts = shares([path for path in paths if path not in self._entries])
        if len(parts) < 2:
            return
        encode = msgspec.msgpack.encode
        payloads = [encode((str(self._root), self._data_folder, part)) for part in parts]
        for answer in spread("nbtrail.pipeline.inference.cache:work_out_some", payloads):
            # What a process could not do is done here, one by one.
            with contextlib.suppress(msgspec.MsgspecError):
                found = msgspec.msgpack.decode(answer or b"", type=dict[str, Entry])
                for path, entry in found.items():
                    self._keep(path, entry.stat, entry.sha256, entry.analysis)

    def save(self) -> None:
        """Write what is new; a folder that cannot be written is no error."""
        self._entries.save()

    def forget_others(self, paths: list[str]) -> None:
        """Drop notebooks that are no more."""
        self._entries.forget_others(paths)

    def _keep(
        self, path: str, stat: tuple[int, int, int] | None, digest: str, analysis: Analysis
    ) -> None:
        if stat is None:
            return
        settled = time.time_ns() - stat[1] > SETTLED_NS
        self._entries.put(path, Entry(stat if settled else (-1, -1, -1), digest, analysis))

    def _holds(self, path: str, analysis: Analysis) -> bool:
        """Whether the local modules are still those that were analysed."""
        used = (*analysis.modules, *analysis.settings)
        if any(self._module(name) != digest for name, digest in used):
            return False
        missing = set(analysis.missing)
        places = {posixpath.dirname(path), "", "src"}
        return not any(missing & self._importable(place) for place in places)

    def _module(self, path: str) -> str | None:
        if path not in self._modules:
            try:
                source = (self._root / path).read_text(encoding="utf-8", errors="replace")
                self._modules[path] = module_digest(source)
            except OSError:
                self._modules[path] = None
        return self._modules[path]

    def _importable(self, folder: str) -> frozenset[str]:
        if folder not in self._folders:
            names: set[str] = set()
            with contextlib.suppress(OSError):
                for name in os.listdir(self._root / folder):
                    if name.endswith(".py"):
                        names.add(name[:-3])
            self._folders[folder] = frozenset(names)
        return self._folders[folder]


def work_out_some(payload: bytes) -> bytes:
    """The part of one process: entries by path of the notebooks that can be read."""
    place, data_folder, paths = msgspec.msgpack.decode(payload, type=tuple[str, str, list[str]])
    root, entries = Path(place), {}
    for path in paths:
        stat = fingerprint(root / path)
        with contextlib.suppress(OSError):
            data = (root / path).read_bytes()
            found = _work_out(root, data_folder, path, stat, data, sha256_bytes(data))
            if isinstance(found, Entry):
                entries[path] = found
    return msgspec.msgpack.encode(entries)


def _work_out(
    root: Path, data_folder: str, path: str, stat: tuple[int, int, int] | None, data: bytes,
    digest: str,
) -> Entry | Problem:  # fmt: skip
    """What the notebook with this content says; ``stat`` was taken before it was read."""
    try:
        notebook = parse_notebook(data, path)
    except (UnreadableNotebookError, NotFoundError) as error:
        return Problem(str(error.detail.get("code", NOT_JSON)), str(error))
    return Entry(stat or (-1, -1, -1), digest, analyse(notebook, path, root, data_folder))
