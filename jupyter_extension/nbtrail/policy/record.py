"""What rules ask of the ledger, in a few queries for all notebooks; nothing where it is broken.

The answers are kept beside the ledger and hold until its files change, so that a check of a
project in which nothing happened does not have to open it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbtrail.errors import NbtrailError
from nbtrail.files import fingerprint, write_atomic
from nbtrail.ledger.order import PastExecution
from nbtrail.pipeline.model import Observed
from nbtrail.project import DATABASE_NAME, Project

if TYPE_CHECKING:
    from nbtrail.ledger.store import Store

#: Part of the file's name: other code never reads what this one kept.
_VERSION = 1
_Stat = tuple[int, int, int] | None


class Facts(msgspec.Struct, frozen=True):
    """The answers.

    Attributes
    ----------
    files
        Size, modification time in ns and inode of the ledger's files when they were read.
    bases
        Identity of the last sync of each notebook with its twin, by path.
    newest
        Identity of the newest execution of each notebook.
    observed
        Files of the last good run of each notebook.
    packages
        Distributions of the newest environment on record.
    """

    files: tuple[_Stat, ...] = ()
    bases: dict[str, str] = {}
    newest: dict[str, str] = {}
    observed: dict[str, Observed] = {}
    packages: tuple[str, ...] | None = None


class Record:
    """The ledger as the rules see it.

    Parameters
    ----------
    project
        Whose ledger it is.
    open_store
        Opens the ledger, or says that it cannot be used; asked at most once, and only if
        something is needed that is not known from the last time.
    """

    def __init__(self, project: Project, open_store: Callable[[], Store | None]) -> None:
        self._open_store = open_store
        self._store: Store | None = None
        self._asked = False
        self._file = project.state_dir / "cache" / f"record-{_VERSION}.msgpack"
        self._state = project.state_dir
        self._is_remote = bool(project.config.store.url)
        self._facts = self._known() or self._read()

    @property
    def store(self) -> Store | None:
        """The ledger itself."""
        if not self._asked:
            self._asked = True
            self._store = self._open_store()
        return self._store

    @property
    def observed(self) -> Mapping[str, Observed]:
        """Files of the last good run of each notebook, by path."""
        return self._facts.observed

    @property
    def packages(self) -> tuple[str, ...] | None:
        """Distributions of the newest environment; ``None`` where none is on record."""
        return self._facts.packages

    def base(self, path: str) -> str:
        """Identity of the last sync of a notebook with its twin; empty where there is none."""
        return self._facts.bases.get(path, "")

    def newest(self, path: str) -> str:
        """Identity of what is on record of a notebook's executions; empty: nothing."""
        return self._facts.newest.get(path, "")

    def history(self, path: str) -> tuple[list[PastExecution], str | None]:
        """Executions of a notebook and its newest kernel session, as `order_of` takes them."""
        if not self.newest(path) or self.store is None:
            return [], None
        from nbtrail.ledger.queries import order_facts

        try:
            with self.store.read() as connection:
                return order_facts(connection, path)
        except NbtrailError:
            return [], None

    def _known(self) -> Facts | None:
        if self._is_remote:
            return None
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            facts = msgspec.msgpack.decode(self._file.read_bytes(), type=Facts)
            if facts.files == self._files():
                return facts
        return None

    def _read(self) -> Facts:
        store = self.store
        if store is None:
            return Facts()
        try:
            files = self._files()
            facts = read_facts(store, files)
        except NbtrailError:
            return Facts()
        if not self._is_remote:
            with contextlib.suppress(OSError):
                self._file.parent.mkdir(parents=True, exist_ok=True)
                write_atomic(self._file, msgspec.msgpack.encode(facts))
        return facts

    def _files(self) -> tuple[_Stat, ...]:
        """The database and its journal; an empty journal is as good as none."""
        database = self._state / DATABASE_NAME
        journal = fingerprint(Path(f"{database}-wal"))
        return fingerprint(database), None if journal is None or not journal[0] else journal


def read_facts(store: Store, files: tuple[_Stat, ...] = ()) -> Facts:
    """Ask the ledger; raises StoreError."""
    from nbtrail.ledger.executions import newest_by_notebook, newest_packages
    from nbtrail.ledger.pairs import get_bases
    from nbtrail.pipeline.graph import observed_files

    observed = observed_files(store)
    with store.read() as connection:
        return Facts(
            files=files,
            bases={
                path: f"{base.twin} {base.notebook_sha256} {base.twin_sha256} {base.blob}"
                for path, base in get_bases(connection).items()
            },
            newest={
                path: f"{identity} {status}"
                for path, (identity, status) in newest_by_notebook(connection).items()
            },
            observed=observed,
            packages=newest_packages(connection),
        )
