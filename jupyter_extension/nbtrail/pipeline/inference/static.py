"""Static analysis of one notebook: the files it reads and writes, as its code names them."""

from __future__ import annotations

import ast
import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from nbtrail.errors import NbtrailError
from nbtrail.notebooks.cells import code_cells_of, language
from nbtrail.notebooks.datasets import parse_dataset
from nbtrail.notebooks.document import Notebook, read_notebook
from nbtrail.pipeline.inference.expressions import Expressions
from nbtrail.pipeline.inference.interpret import Interpreter
from nbtrail.pipeline.inference.settings import read_settings
from nbtrail.pipeline.inference.source import code_digest, module_digest, parse_cell
from nbtrail.pipeline.inference.values import HOLE, ROOT, UNKNOWN, Module, PathValue, Scope, Value

_R_READ = re.compile(
    r"\b(?:read[._]\w+|readRDS|fread|load|source|readLines|scan|CSV\.(?:read|File)|open)"
    r"\s*\(\s*(?:file\s*=\s*)?[\"']([^\"'\n]+)[\"']"
)
_R_WRITE = re.compile(
    r"\b(?:write[._]\w+|saveRDS|fwrite|save|writeLines|CSV\.write|savefig|ggsave|png|pdf)"
    r"\s*\((?:[^()\"'\n]*,)?\s*(?:file(?:name)?\s*=\s*)?[\"']([^\"'\n]+\.\w+)[\"']"
)

#: Without one there is no name with a date: most cells need not be looked through for them.
_YEAR = re.compile(r"(?:19|20)\d\d")
#: Packages that let notebooks be imported.
_NOTEBOOK_IMPORTERS = frozenset({"import_ipynb", "nbimporter", "ipynb", "importnb"})
_IMPORTED_FROM = re.compile(r"^ipynb\.fs\.(?:full|defs)\.")
#: A comment, and what stands in front of it with all quotes closed.
_COMMENT = re.compile(r"""^((?:[^"'#]|"[^"]*"|'[^']*')*)#.*""")


class FileUse(msgspec.Struct, frozen=True):
    """A file as the code names it.

    Attributes
    ----------
    text
        Path relative to the notebook's folder, absolute, or below the mark of the project
        root; parts that are not known are `values.HOLE`.
    cell
        Index of the cell among all cells.
    weak
        Whether it is only a guess, such as a folder that is listed.
    unseen
        Whether it is opened by native code or another process, where the probe sees nothing.
    """

    text: str
    cell: int
    weak: bool = False
    unseen: bool = False

    @property
    def is_listing(self) -> bool:
        """Whether the code itself asks for all files that fit a pattern."""
        return "*" in self.text


class Analysis(msgspec.Struct, frozen=True):
    """What the code of one notebook says.

    Attributes
    ----------
    code_key
        Identity of the code without comments.
    reads, writes
        In statement order. A file written before it is read is no input, and not in ``reads``.
    remote
        Web addresses that are read.
    modules
        Local modules with the digest of their code, by POSIX path from the project root.
    settings
        Files with settings that paths were taken from, with the digest of their text.
    missing
        First parts of the module names that were not found in the project.
    datasets
        What ``nbtrail.dataset`` is asked to read, from the project root; ``*`` where not known.
    dated
        Names of files that carry a date, as they stand in string literals or are put together
        from such: these versions are meant exactly.
    unresolved
        Number of readers and writers whose path could not be known.
    cells
        Number of code cells.
    parameters
        Index of the cell tagged ``parameters``.
    """

    code_key: str
    reads: tuple[FileUse, ...] = ()
    writes: tuple[FileUse, ...] = ()
    remote: tuple[str, ...] = ()
    modules: tuple[tuple[str, str], ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    dated: tuple[str, ...] = ()
    unresolved: int = 0
    cells: int = 0
    parameters: int | None = None


def analyse(notebook: Notebook, path: str, root: Path, data_folder: str = "data") -> Analysis:
    """Analyse a notebook at POSIX ``path`` below ``root``; never raises for its content."""
    modules = LocalModules(root, posixpath.dirname(path))
    walk = Interpreter(modules.load, modules.include, modules.settings, data_folder)
    cells = code_cells_of(notebook)
    if language(notebook) in ("python", "ipython"):
        for cell in cells:
            tree = parse_cell(cell.source)
            if tree is not None:
                if _YEAR.search(cell.source):
                    modules.dated.update(_dated_names(tree))
                walk.run_cell(tree, cell.index)
    else:
        for cell in cells:
            walk.cell = cell.index
            _scan_text(walk, cell.source)
    reads, writes = _in_order(walk)
    dated = modules.dated.union(*(_dated(use.text) for use in reads))
    return Analysis(
        code_key=code_digest(notebook),
        reads=reads,
        writes=writes,
        remote=tuple(sorted(walk.remote)),
        modules=tuple(sorted(modules.digests.items())),
        settings=tuple(sorted(modules.settings_digests.items())),
        missing=tuple(sorted(modules.missing)),
        datasets=tuple(sorted(text.replace(HOLE, "*") for text in walk.datasets)),
        dated=tuple(sorted(dated)),
        unresolved=walk.unresolved,
        cells=len(cells),
        parameters=next((c.index for c in cells if "parameters" in c.tags), None),
    )


def _in_order(walk: Expressions) -> tuple[tuple[FileUse, ...], tuple[FileUse, ...]]:
    reads: dict[str, FileUse] = {}
    writes: dict[str, FileUse] = {}
    for mode, text, cell, weak, unseen in walk.events:
        text = text.replace("\\", "/")
        # Nothing is known of it, unless the whole of the notebook's own folder is asked for.
        if "\n" in text or (not text.strip(HOLE + "/.*") and (HOLE in text or "*" not in text)):
            continue
        if mode == "read" and text in writes:
            continue
        uses = writes if mode == "write" else reads
        known = uses.get(text)
        if known is None:
            uses[text] = FileUse(text, cell, weak, unseen)
        else:
            place = cell if known.weak and not weak else known.cell
            uses[text] = FileUse(text, place, known.weak and weak, known.unseen or unseen)
    return tuple(reads.values()), tuple(writes.values())


def _dated_names(tree: ast.Module) -> set[str]:
    """Names with a date in the string literals of code, shell lines among them."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for word in (node.value, *node.value.split()):
                found.update(_dated(word))
    return found


def _dated(text: str) -> Iterator[str]:
    name = posixpath.basename(text.replace("\\", "/"))
    if HOLE not in name and "\n" not in name and parse_dataset(name).date is not None:
        yield name


def _scan_text(walk: Expressions, source: str) -> None:
    """Readers and writers of R and Julia, by their names alone."""
    for line in source.splitlines():
        code = _COMMENT.sub(r"\1", line)
        for match in _R_WRITE.finditer(code):
            walk.touch("write", match[1])
        for match in _R_READ.finditer(code):
            if "://" in match[1]:
                walk.remote.add(match[1])
            else:
                walk.touch("read", match[1])


class LocalModules:
    """Finds and walks the local modules and scripts that a notebook uses."""

    def __init__(self, root: Path, folder: str) -> None:
        self.root = root
        self.folder = folder
        self.digests: dict[str, str] = {}
        self.settings_digests: dict[str, str] = {}
        self.missing: set[str] = set()
        self.dated: set[str] = set()
        self._loaded: dict[Path, Module] = {}
        self._stack: list[Path] = []
        self._included: list[str] = []

    def load(self, name: str, walk: Expressions) -> Module | None:
        """The module of this name, walked once; ``None`` where the project has none."""
        file = self._find(name, walk.search)
        if file is None:
            top = name.lstrip(".").split(".")[0]
            if top:
                self.missing.add(top)
            return self._notebook(name, walk)
        if file in self._loaded:
            return self._loaded[file]
        scope = Scope({"__name__": name, "__file__": self._own_path(file)})
        module = self._loaded[file] = Module(name, scope)
        source = self._source(file)
        if source is not None and not file.with_suffix(".ipynb").exists():
            self._walk(file, source, walk, scope)
        return module

    def include(self, path: str, walk: Expressions) -> None:
        """``%run``: a script is part of the notebook, a notebook is a step of its own."""
        relative = next((p for p in self._places(path) if (self.root / p).is_file()), None)
        if path.endswith(".ipynb"):
            walk.touch("read", path)
        if relative is None or relative in self._included or len(self._included) > 20:
            return
        self._included.append(relative)
        file = self.root / relative
        if not path.endswith(".ipynb"):
            source = self._source(file)
            if source is not None:
                self._walk(file, source, walk, walk.scope)
            return
        self._run_notebook(file, walk, walk.scope)

    def _notebook(self, name: str, walk: Expressions) -> Module | None:
        """A notebook that is imported like a module, where the code can do that."""
        if self.missing.isdisjoint(_NOTEBOOK_IMPORTERS):
            return None
        path = _IMPORTED_FROM.sub("", name).replace(".", "/") + ".ipynb"
        relative = next((p for p in self._places(path) if (self.root / p).is_file()), None)
        if relative is None:
            return None
        file = self.root / relative
        if file not in self._loaded:
            module = self._loaded[file] = Module(name, Scope({"__name__": name}))
            walk.touch("read", path)
            self._run_notebook(file, walk, module.scope)
        return self._loaded[file]

    def _run_notebook(self, file: Path, walk: Expressions, scope: Scope) -> None:
        """Take in what a notebook binds; its files are those of its own step."""
        try:
            notebook = read_notebook(file)
        except NbtrailError:
            return
        walk.silent += 1
        try:
            for cell in code_cells_of(notebook):
                tree = parse_cell(cell.source)
                if tree is not None and isinstance(walk, Interpreter):
                    walk.run_module(tree, scope)
        finally:
            walk.silent -= 1

    def settings(self, path: str, walk: Expressions) -> Value:
        """Content of a file with settings of the project; ``UNKNOWN`` where there is none."""
        places = [] if HOLE in path else self._places(path)
        for relative in places:
            text, content = read_settings(self.root / relative)
            if text:
                self.settings_digests[relative] = module_digest(text)
                return content
        return UNKNOWN

    def _walk(self, file: Path, source: str, walk: Expressions, scope: Scope) -> None:
        self.digests[self._relative(file)] = module_digest(source)
        tree = parse_cell(source)
        if tree is None or not isinstance(walk, Interpreter):
            return
        self.dated.update(_dated_names(tree))
        self._stack.append(file)
        try:
            walk.run_module(tree, scope)
        finally:
            self._stack.pop()

    def _find(self, name: str, extra: list[str]) -> Path | None:
        level = len(name) - len(name.lstrip("."))
        parts = [part for part in name.lstrip(".").split(".") if part]
        if level:
            base = self._stack[-1] if self._stack else self.root / self.folder / "_"
            for _ in range(level):
                base = base.parent
            return _module_file(base, parts)
        for place in ("", str(self.root), str(self.root / "src"), *extra):
            start = self.root / self.folder / place
            found = _module_file(start, parts) if parts else None
            if found is not None and self._is_inside(found):
                return found
        return None

    def _is_inside(self, file: Path) -> bool:
        return Path(os.path.normpath(file)).is_relative_to(self.root)

    def _places(self, path: str) -> list[str]:
        if path.startswith(ROOT):
            return [path[2:]]
        return [posixpath.normpath(posixpath.join(base, path)) for base in (self.folder, "")]

    def _relative(self, file: Path) -> str:
        return os.path.relpath(file, self.root).replace(os.sep, "/")

    def _own_path(self, file: Path) -> PathValue:
        return PathValue(f"{ROOT}/{self._relative(file)}")

    def _source(self, file: Path) -> str | None:
        try:
            return file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None


def _module_file(start: Path, parts: list[str]) -> Path | None:
    target = start.joinpath(*parts)
    for candidate in (target.with_suffix(".py") if parts else target / "__init__.py",
                      target / "__init__.py"):  # fmt: skip
        if candidate.is_file():
            return candidate
    return target / "__init__.py" if parts and _is_namespace(target) else None


def _is_namespace(folder: Path) -> bool:
    try:
        return any(name.endswith(".py") for name in os.listdir(folder))
    except OSError:
        return False
