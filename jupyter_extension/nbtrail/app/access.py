"""A project and its ledger, opened when it is first needed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbtrail.errors import ConfigError, NbtrailError
from nbtrail.project import DATABASE_NAME, Project

if TYPE_CHECKING:
    from typing_extensions import Self

    from nbtrail.ledger.retention import Plan, Sizes
    from nbtrail.ledger.store import Store
    from nbtrail.ledger.writer import Writer
    from nbtrail.recorder.intake import Intake


class Access:
    """A project with its ledger. Synchronous, closable, safe to use from several threads.

    Parameters
    ----------
    project
        Where it is and how it is configured.
    on_commit
        Called with this object after something was written to the ledger by this process.
    kernel_environment
        Tells the environment of the kernel that a notebook has now, by its path on the disk.
    patience
        Seconds that somebody who waits for an answer waits for other writers of the ledger.
    alone
        Whether this process does nothing beside: then the process of a run may be a copy of it.
    """

    def __init__(
        self,
        project: Project,
        on_commit: Callable[[Self], None] | None = None,
        kernel_environment: Callable[[Path], Mapping[str, Any] | None] = lambda _: None,
        patience: float = 10.0,
        alone: bool = False,
    ) -> None:
        self.project = project = _judged(project)
        self._kernel_environment = kernel_environment
        #: Why ``nbtrail.toml`` cannot be used, or ``None``.
        self.config_error: ConfigError | None = project.config_error
        self._on_commit: Callable[[Any], None] | None = on_commit
        self._patience = patience
        self._alone = alone
        self._lock = threading.Lock()
        #: Who looks at all notebooks: the next one finds in the caches what this one leaves.
        self._looking = threading.RLock()
        self._store: Store | None = None
        self._followed: frozenset[str] | None = None
        self._writer: Writer | None = None
        self._intake: Intake | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what is queued and close the ledger."""
        with self._lock:
            writer, self._writer = self._writer, None
            store, self._store = self._store, None
        if writer is not None:
            writer.close()
        if store is not None:
            store.close()

    def reload(self, project: Project) -> None:
        """Take over a configuration that was changed; an unusable one only leaves its error.

        The ledger is closed when it lies elsewhere now, and opened anew when it is next used.
        """
        project = _judged(project)
        self.config_error = project.config_error
        if project.config_error is not None:
            return
        before, self.project = self.project, project
        if (before.state_dir, before.config.store) != (project.state_dir, project.config.store):
            self.close()

    @property
    def store(self) -> Store:
        """The ledger, opened at first use; raises StoreError when it cannot be."""
        from nbtrail.ledger.store import Store

        with self._lock:
            if self._store is not None and not self._store.is_current:
                self._store.close()
                self._store = None
            store = self._store
            fresh = store is None
            if store is None:
                store = self._store = Store.open(self.project, patience=self._patience)
        if fresh:
            self.take_in()
        return store

    def take_in(self) -> None:
        """Put on record what kernels without a server, and recorders that were killed, left.

        Never raises, and does next to nothing where nothing was left.
        """
        from nbtrail.recorder.intake import Intake

        with self._lock:
            if self._intake is None:
                self._intake = Intake()
            intake = self._intake
        intake.take_in(self.project, lambda: self.store)

    @property
    def store_is_open(self) -> bool:
        """Whether somebody has read from the ledger yet."""
        return self._store is not None

    def store_or_none(self) -> Store | None:
        """The ledger, or ``None`` when it cannot be used."""
        try:
            return self.store
        except NbtrailError:
            return None

    def record_or_none(self) -> Store | None:
        """As `store_or_none`, but no ledger is made where nothing can be on record yet."""
        blank = self._store is None and not self.project.config.store.url
        if blank and _holds_nothing(self.project.state_dir):
            return None
        return self.store_or_none()

    @property
    def writer(self) -> Writer:
        """The thread of this process that writes to the ledger."""
        from nbtrail.ledger.store import Store
        from nbtrail.ledger.writer import Writer

        with self._lock:
            if self._writer is None:
                self._writer = Writer(lambda: Store.open(self.project), self._committed)
            return self._writer

    def _committed(self) -> None:
        if self._on_commit is not None:
            self._on_commit(self)

    @property
    def lost(self) -> int:
        """Records that this process could not put down, nor ever will."""
        writer, intake = self._writer, self._intake
        return (writer.lost if writer else 0) + (intake.unreadable if intake else 0)

    def describe(self) -> dict[str, Any]:
        """The project in short: name, state, store, categories, version."""
        from nbtrail import __version__

        problem = None
        try:
            self.newest_execution()
        except NbtrailError as error:
            problem = str(error)
        writer = self._writer
        if problem is None and writer is not None and writer.waiting:
            problem = f"{writer.waiting} records wait to be written. {writer.problem}"
        return {
            "name": self.project.name,
            "root": str(self.project.root),
            "adopted": self.project.adopted,
            "state_dir": str(self.project.state_dir),
            "store": {
                "ok": problem is None,
                "message": problem,
                "location": "project" if self.project.state_is_local else "user",
                "lost": self.lost,
            },
            "config_error": None if self.config_error is None else str(self.config_error),
            "categories": list(self.project.config.names.categories),
            "version": __version__,
        }

    def repair_store(self) -> str | None:
        """Set a damaged ledger aside; returns its new name, or ``None`` where there is none."""
        from nbtrail.ledger.store import set_aside

        self.close()
        aside = set_aside(self.project)
        return None if aside is None else aside.name

    def store_sizes(self) -> Sizes:
        """How much is on record, and the bytes that it takes."""
        from nbtrail.ledger import retention

        with self.store.read() as connection:
            return retention.sizes(connection, self.store)

    def plan_removal(self) -> Plan:
        """What has to go by the limits in ``[store]``; nothing is removed."""
        from nbtrail.ledger import retention

        return retention.plan(self.store, self.project.config.store)

    def remove_planned(self, planned: Plan) -> Sizes:
        """Remove what was planned; returns what is left."""
        from nbtrail.ledger import retention

        return retention.remove(self.store, planned)

    def compact_store(self) -> bool:
        """Give free room of the database back to the disk; false where it is in use."""
        from nbtrail.ledger import retention

        self.close()
        if self.project.config.store.url:
            return False
        return retention.compact(self.project.state_dir / DATABASE_NAME)

    def newest_execution(self) -> int:
        """Id of the newest execution; 0 in an empty ledger."""
        from nbtrail.ledger import queries

        with self.store.read() as connection:
            return queries.newest_execution_id(connection)

    def _follow_files(self) -> None:
        """Give notebooks that were moved or copied while nobody watched their histories.

        Nothing is looked at while the notebooks are those of the last time.
        """
        from nbtrail.ledger.follow import follow_files

        present = frozenset(self.project.notebooks())
        store = self.store_or_none()
        if store is None or present == self._followed:
            return
        try:
            with store.write() as connection:
                follow_files(self.project, connection)
        except NbtrailError:
            return  # next time: nobody's list has to wait for that
        self._followed = present


def _judged(project: Project) -> Project:
    """A project whose settings may name rules, judged by whether there are such."""
    if not (project.config.policy.rules or project.config.policy.overrides):
        return project
    from nbtrail.policy.levels import judged

    return judged(project)


def _holds_nothing(state_dir: Path) -> bool:
    """Whether nothing but what was worked out from the notebooks is kept there."""
    try:
        return set(os.listdir(state_dir)) <= {"cache", ".gitignore"}
    except OSError:
        return True
