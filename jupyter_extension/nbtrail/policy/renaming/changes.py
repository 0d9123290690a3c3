"""Changes on record: one small JSON file each in the state folder, contents in the blob store.

They need no database, so that a rename can be undone while the ledger is broken.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbtrail.errors import NotFoundError, StoreError
from nbtrail.files import sha256_bytes, write_atomic
from nbtrail.ledger.blobs import BlobStore
from nbtrail.policy.renaming.records import Change, ChangeSummary
from nbtrail.project import Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store

log = logging.getLogger(__name__)
#: Below the state folder.
FOLDER = "changes"
#: How many changes stay on record.
MOST = 500


class Changes:
    """The changes of one project."""

    def __init__(self, project: Project, store: Store | None) -> None:
        self._folder = project.state_dir / FOLDER
        self._store = store
        self._blobs = BlobStore(project.state_dir / "blobs")

    def write(self, change: Change) -> bool:
        """Put a change on record, or its new state; false where the state folder takes nothing."""
        data = msgspec.json.format(msgspec.json.encode(change), indent=1)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_atomic(self._file(change.id), data + b"\n")
        except OSError as error:
            log.warning("nbtrail cannot put a rename on record: %s", error)
            return False
        return True

    def forget(self, change: Change) -> None:
        """Take a change that did not happen off the record."""
        self._file(change.id).unlink(missing_ok=True)

    def get(self, identity: str) -> Change:
        """The change with this id; raises NotFoundError."""
        change = self.find(identity)
        if change is None:
            raise NotFoundError(
                f"There is no change {identity}.", hint="See them with: nbtrail undo --list"
            )
        return change

    def find(self, identity: str) -> Change | None:
        """The change with this id; ``None`` where there is none that can be read."""
        is_id = identity.replace("-", "").isalnum()
        return self._read(self._file(identity)) if is_id else None

    def listed(self) -> list[Change]:
        """All changes, newest first; a file that cannot be read is left out."""
        found = [self._read(file) for file in self._folder.glob("*.json")]
        return sorted((c for c in found if c is not None), key=lambda c: (c.at, c.id), reverse=True)

    def prune(self) -> None:
        """Forget the oldest changes where there are more than anybody will undo."""
        with contextlib.suppress(OSError):
            # Ids sort by time.
            for file in sorted(self._folder.glob("*.json"))[:-MOST]:
                file.unlink()

    def keep(self, path: str, data: bytes) -> str:
        """Keep a content before it is replaced; returns its hash, kept or not."""
        from nbtrail.pairing.base import keep

        try:
            if keep(self._store, path, data, "replaced by a rename's references"):
                return sha256_bytes(data)
        except StoreError as error:
            log.warning("nbtrail cannot note what it keeps of %s: %s", path, error)
        try:
            return self._blobs.put(data)
        except StoreError as error:
            log.warning("nbtrail cannot keep the earlier %s: %s", path, error)
            return sha256_bytes(data)

    def content(self, digest: str) -> bytes | None:
        """What was kept; ``None`` where it is no longer there."""
        try:
            return self._blobs.get(digest)
        except NotFoundError:
            return None

    def _file(self, identity: str) -> Path:
        return self._folder / f"{identity}.json"

    def _read(self, file: Path) -> Change | None:
        try:
            return msgspec.json.decode(file.read_bytes(), type=Change)
        except (OSError, msgspec.MsgspecError):
            return None


def refuse_outside(project: Project, change: Change) -> None:
    """Raise OutsideProjectError where a record names files outside the project.

    The state folder may have come with a repository: what lies there is not trusted.
    """
    paths = [*change.names, *change.names.values(), *change.folders]
    paths += [path for step in change.steps for path in step]
    paths += [path for file in change.files for path in (file.path, file.new_path)]
    for rename in change.renames:
        paths += [rename.path, rename.new_path, rename.twin or "", rename.new_twin or ""]
    for path in paths:
        project.relative(path)


def new_id(now: float) -> str:
    """An id that sorts by time."""
    moment = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    return f"{moment}-{int(now % 1 * 1000):03d}{secrets.token_hex(2)}"


def summaries(project: Project, limit: int) -> list[ChangeSummary]:
    """The newest changes, newest first; ``limit`` from 1 to 500."""
    from nbtrail.ledger.queries import check_limit

    check_limit(limit)
    return [
        ChangeSummary(
            id=change.id,
            at=change.at,
            kind=change.kind,
            state=change.state,
            renames=change.renames,
            references=sum(len(file.tokens) for file in change.files),
            undoes=change.undoes,
            undone_by=change.undone_by,
        )
        for change in Changes(project, None).listed()[:limit]
    ]
