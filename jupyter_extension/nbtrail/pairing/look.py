"""Looking at a pair: what both files say, what they said, and what follows from it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbtrail.errors import NbtrailError, NotFoundError, UnreadableNotebookError
from nbtrail.files import sha256_aside, sha256_bytes
from nbtrail.notebooks.document import Notebook, parse_notebook
from nbtrail.pairing.apply import apply_merge
from nbtrail.pairing.base import BaseContent, load_base, load_content
from nbtrail.pairing.cells import PairCell, Sheet, read_sheet
from nbtrail.pairing.committed import committed_content
from nbtrail.pairing.convert import decode_twin, from_text, to_text
from nbtrail.pairing.decide import Action, Digests, decide
from nbtrail.pairing.formats import TwinFormat, format_of, twin_path
from nbtrail.pairing.markers import has_merge_markers, versions
from nbtrail.pairing.merge import Merged, PairConflict, Rules, merge
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.pairs import PairBase
    from nbtrail.ledger.store import Store


@dataclass
class Pair:
    """A pair as it lies on disk at one moment. Nothing is parsed or converted until asked."""

    project: Project
    path: str
    twin: str
    data: bytes
    twin_data: bytes | None
    base: PairBase | None
    store: Store | None
    hashing: Callable[[], str] | None = None

    @cached_property
    def sha256(self) -> str:
        """Hash of the notebook's bytes."""
        return sha256_bytes(self.data) if self.hashing is None else self.hashing()

    @cached_property
    def twin_sha256(self) -> str | None:
        """Hash of the twin's bytes; ``None`` where there is none."""
        return None if self.twin_data is None else sha256_bytes(self.twin_data)

    @property
    def untouched(self) -> bool:
        """Whether both files are byte for byte those of the last sync."""
        return (
            self.base is not None
            and self.base.twin == self.twin
            and self.base.twin_sha256 == self.twin_sha256
            and self.base.notebook_sha256 == self.sha256
        )

    @cached_property
    def form(self) -> TwinFormat:
        """The twin's format."""
        return format_of(self.project, self.twin, self.language)

    @cached_property
    def notebook(self) -> Notebook:
        """The parsed notebook; raises UnreadableNotebookError."""
        return parse_notebook(self.data, self.path)

    @cached_property
    def sheet(self) -> Sheet:
        """What the notebook says."""
        return self._said[0]

    @property
    def language(self) -> str:
        """The notebook's programming language."""
        return self._said[1]

    @cached_property
    def _said(self) -> tuple[Sheet, str]:
        return read_sheet(self.data, self.path)

    @cached_property
    def text(self) -> str:
        """What the twin says; raises UnreadableNotebookError when it is not UTF-8."""
        return decode_twin(self.twin_data or b"", self.twin)

    @cached_property
    def twin_sheet(self) -> Sheet:
        """The twin's cells."""
        return from_text(self.text, self.form, self.twin)

    @cached_property
    def converted(self) -> str:
        """The text that the notebook would have as a twin."""
        return to_text(self.sheet, self.form)

    @cached_property
    def base_content(self) -> BaseContent | None:
        """What both said at the last sync."""
        content = load_content(self.store, self.base)
        if content is None and self.base is not None and self.base.notebook_sha256 == self.sha256:
            return BaseContent(self.sheet, self.converted)
        return content

    @property
    def written(self) -> str:
        """Hash of the notebook as nbtrail wrote it; empty where it is no longer that."""
        content = self.base_content
        return content.written if content is not None and content.written == self.sha256 else ""

    def same(self) -> bool:
        """Whether notebook and twin say the same now, however the text is laid out."""
        if self.text == self.converted:
            return True
        read_back = from_text(self.converted, self.form, self.twin)
        return self.twin_sheet.same_content(read_back)

    @cached_property
    def home(self) -> str:
        """Where a twin in the notebook's present language belongs."""
        return twin_path(self.project, self.path, self.language)

    @property
    def is_at_home(self) -> bool:
        """Whether the twin lies there, or has to stay because another file does."""
        return self.home == self.twin or os.path.lexists(self.project.root / self.home)

    def merged(self, content: BaseContent, rules: Rules | None = None) -> Merged:
        """The twin's edits since ``content`` brought into the notebook."""
        before = from_text(content.twin, self.form, self.twin)
        return merge(content.sheet, before, self.sheet, self.twin_sheet, self._regroup, rules)

    def merged_notebook(self, merged: Merged) -> Notebook:
        """The notebook after the merge."""
        return apply_merge(self.notebook, merged)

    def _regroup(self, cell: PairCell) -> int:
        return len(from_text(to_text(Sheet((cell,)), self.form), self.form, self.twin).cells)


class Look(msgspec.Struct, frozen=True):
    """What to do about a pair, with the merge where one is needed."""

    action: Action
    merged: Merged | None = None
    conflicts: tuple[PairConflict, ...] = ()


def open_pair(project: Project, store: Store | None, path: str) -> Pair:
    """Read both files of the pair of the notebook at ``path``.

    Raises
    ------
    NotFoundError
        When the notebook is not there.
    OutsideProjectError
        When either file lies outside the project, through a symbolic link.
    UnreadableNotebookError
        When the notebook has to be parsed to find its twin and cannot be, or when a file
        cannot be read.
    """
    base = load_base(store, path)
    file = project.resolve(path)
    note: Callable[[str], None] | None = None
    data: bytes | None
    if store is None:
        data = _read(file, "NBT901")
    else:
        data, note = _read_noting(store, file)
    if data is None:
        raise NotFoundError(f"There is no notebook {path}.", hint="Check the path.")
    aside = sha256_aside(data)

    def hashing() -> str:
        digest = aside()
        if note is not None:
            note(digest)
        return digest

    twin = twin_path(project, path, read_sheet(data, path)[1]) if base is None else base.twin
    twin_data = _read(project.resolve(twin), "NBT303")
    return Pair(project, path, twin, data, twin_data, base, store, hashing)


def untouched_base(
    project: Project, store: Store | None, path: str, base: PairBase | None = None
) -> PairBase | None:
    """The last sync where both files are still those of it; they are read only if need be.

    ``None`` as well where that cannot be told, or a file lies outside the project. ``base`` is
    the last sync where the caller knows it.
    """
    base = base or load_base(store, path)
    if base is None or store is None:
        return None
    try:
        same = (
            store.digests.sha256(project.resolve(path)) == base.notebook_sha256
            and store.digests.sha256(project.resolve(base.twin)) == base.twin_sha256
        )
    except (OSError, NbtrailError):
        return None
    return base if same else None


def look(pair: Pair) -> Look:
    """Decide by content what the pair needs; nothing is written.

    Raises
    ------
    UnreadableNotebookError
        When the notebook cannot be parsed.
    """
    if pair.untouched:
        return Look(Action.IN_SYNC)
    _ = pair.sheet  # an unreadable notebook is the caller's to report
    try:
        action = decide(*_digests(pair), pair.same)
        if action not in (Action.UPDATE_NOTEBOOK, Action.MERGE, Action.CONFLICT):
            return Look(action)
        if _is_the_same_merge(pair):
            return Look(Action.WRITE_TWIN)
        problem = unusable_twin(pair)
        if problem is not None:
            return Look(Action.CONFLICT, conflicts=(problem,))
        if action is Action.CONFLICT or pair.base_content is None:
            return _since_commit(pair) or Look(Action.CONFLICT, conflicts=(_without_base(pair),))
        merged = pair.merged(pair.base_content)
        if merged.conflicts:
            return _since_commit(pair) or Look(Action.CONFLICT, merged, merged.conflicts)
    except UnreadableNotebookError as error:
        problem = PairConflict("unreadable", None, error.message, key="unreadable")
        return Look(Action.CONFLICT, conflicts=(problem,))
    return Look(action, merged)


def _since_commit(pair: Pair) -> Look | None:
    """A merge of what was edited since the last commit, where that is no conflict."""
    content = committed_content(pair)
    merged = None if content is None else pair.merged(content)
    return None if merged is None or merged.conflicts else Look(Action.MERGE, merged)


def _digests(pair: Pair) -> tuple[Digests | None, str, str | None]:
    """Identities to decide on: the twin's bytes, and the notebook's without its outputs."""
    if pair.base is None:
        return None, pair.sha256, pair.twin_sha256
    known = Digests("base", pair.base.twin_sha256)
    unchanged = pair.base.notebook_sha256 == pair.sha256
    if not unchanged:
        content = pair.base_content
        unchanged = content is not None and content.sheet == pair.sheet
    return known, "base" if unchanged else pair.sha256, pair.twin_sha256


def unusable_twin(pair: Pair) -> PairConflict | None:
    """Why the twin must not be imported as it is."""
    if not pair.text.strip() and pair.sheet.cells:
        return PairConflict(
            "empty", None, f"{pair.twin} is empty: delete it to have it written anew.", key="empty"
        )
    if has_merge_markers(pair.text) and not has_merge_markers(pair.converted):
        return PairConflict(
            "markers",
            None,
            f"{pair.twin} holds merge markers of git: resolve the merge first.",
            key="markers",
        )
    return None


def _is_the_same_merge(pair: Pair) -> bool:
    """Whether all that stands between git's merge markers in the twin is in the notebook.

    So it is after a merge in which git merged the notebook by cells, and the twin as text: then
    the twin is written anew, and each conflict has to be mended once.
    """
    sides = versions(pair.text)
    if sides is None:
        return False
    known: set[tuple[str, str]] = set()
    for side in (0, 1):
        text = to_text(_side_of(pair.sheet, side), pair.form)
        known.update(cell.key for cell in from_text(text, pair.form, pair.twin).cells)
    found = [from_text(side, pair.form, pair.twin) for side in sides]
    return all(cell.key in known for sheet in found for cell in sheet.cells)


def _side_of(sheet: Sheet, side: int) -> Sheet:
    """The cells as one side of a merge has them; those that it does not have are left out."""
    cells = []
    for cell in sheet.cells:
        sides = versions(cell.source)
        if sides is None:
            cells.append(cell)
        elif sides[side].strip():
            source = sides[side].removesuffix("\n")
            cells.append(msgspec.structs.replace(cell, source=source))
    return Sheet(tuple(cells), sheet.kernel)


def _without_base(pair: Pair) -> PairConflict:
    return PairConflict(
        "no-base",
        None,
        f"{pair.path} and {pair.twin} differ and no earlier sync of them is on record: "
        "choose which one is right.",
        key="no-base",
    )


def _read_noting(store: Store, path: Path) -> tuple[bytes | None, Callable[[str], None] | None]:
    """As `_read`, with what makes the store remember the file's hash."""
    try:
        return store.digests.read(path)
    except OSError:
        return _read(path, "NBT901"), None


def _read(path: Path, code: str) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnreadableNotebookError(
            f"{path.name} cannot be read: {error.strerror}.",
            hint="Check its permissions.",
            detail={"code": code, "path": path.name},
        ) from error
