"""The store: one database and its blobs, opened for one project."""

from __future__ import annotations

import contextlib
import math
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from nbtrail.errors import StoreError, StoreUnavailableError
from nbtrail.files import KnownDigests, fingerprint
from nbtrail.ledger import postgres, search
from nbtrail.ledger.blobs import BlobStore
from nbtrail.ledger.tables import SCHEMA_VERSION, metadata
from nbtrail.project import DATABASE_NAME, STATE_IGNORE, STATE_NAME, Project

#: Option of a connection: characters that are kept of what one execution printed.
OUTPUT_LIMIT = "nbtrail_output_limit"
#: Seconds that a write waits for other writers.
PATIENCE = 10.0
#: Seconds that it waits when one of them did not let go within the last `_SPELL` seconds.
_BRIEF = 0.1
_SPELL = 10.0
#: What SQLite says of a database that is damaged, and of one that is fine and cannot be used now.
_DAMAGED = ("file is not a database", "database disk image is malformed")
_PASSING = ("locked", "full", "disk I/O error", "unable to open", "readonly")


class Store:
    """Database and blobs of one project; safe to use from several threads."""

    def __init__(
        self,
        engine: Engine,
        folder: Path,
        output_limit: int = 20_000,
        patience: float = PATIENCE,
    ) -> None:
        self._engine = engine
        self._patience = patience
        self._refused = -math.inf
        self._options = {"nbtrail_write": True, OUTPUT_LIMIT: output_limit}
        self._is_postgres = engine.dialect.name == "postgresql"
        self._watch: Connection | None = None
        self._heard = 0
        self._watch_lock = threading.Lock()
        self.folder = folder
        self._file = fingerprint(folder / DATABASE_NAME)
        self.blobs = BlobStore(folder / "blobs")
        #: Hashes of the project's files that this process has read.
        self.digests = KnownDigests()

    @classmethod
    def open(cls, project: Project, *, patience: float = PATIENCE) -> Store:
        """Open the project's store, making or upgrading it where needed.

        ``patience`` is how many seconds a write waits for other writers before it fails. While
        one of them does not let go, it is waited for only briefly.

        Raises
        ------
        StoreError
            When it is damaged, locked, of a newer schema, or cannot be written.
        """
        folder = project.state_dir
        _prepare_folder(folder, in_project=project.state_is_local)
        config = project.config.store
        engine = postgres.engine(config.url) if config.url else _engine(folder / DATABASE_NAME)
        store = cls(engine, folder, int(config.output_kb * 1000), patience)
        try:
            store._ensure_schema()
            store._file = fingerprint(folder / DATABASE_NAME)
        except BaseException:
            store.close()
            raise
        return store

    @property
    def is_current(self) -> bool:
        """Whether the database that was opened is still the one that lies there.

        It is not after a damaged one was set aside, or the state folder was deleted.
        """
        now = fingerprint(self.folder / DATABASE_NAME)
        return (now and now[2]) == (self._file and self._file[2])

    @property
    def is_shared(self) -> bool:
        """Whether other machines may work with the same ledger."""
        return self._is_postgres

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection on which everything is seen as of one moment."""
        with self._mapped_errors(), self._engine.connect() as connection:
            if self._is_postgres:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its first statement."""
        options = {**self._options, "nbtrail_patience": self._patience_now()}
        with (
            self._mapped_errors(),
            self._engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    def _patience_now(self) -> float:
        is_held = time.monotonic() - self._refused < _SPELL
        return min(self._patience, _BRIEF) if is_held else self._patience

    def change_marker(self) -> int:
        """A number that is another one when some connection, of any process, has committed.

        For SQLite its ``data_version``, which costs microseconds and is kept by connection, so
        that one is set apart for it. PostgreSQL tells of each commit to a connection that listens.
        """
        with self._mapped_errors(), self._watch_lock:
            try:
                return self._marker()
            except BaseException:
                # A connection that broke may have missed something: the next one begins anew.
                self._unwatch()
                raise

    def _marker(self) -> int:
        watch = self._watch
        if not self._is_postgres:
            if watch is None:
                watch = self._watch = self._engine.connect()
            driver: Any = watch.connection.driver_connection
            return int(driver.execute("PRAGMA data_version").fetchone()[0])
        if watch is None:
            options = {"isolation_level": "AUTOCOMMIT"}
            watch = self._watch = self._engine.connect().execution_options(**options)
            postgres.listen(watch)
            self._heard += 1
        self._heard += postgres.heard(watch)
        return self._heard

    def _unwatch(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            # Not given back to the pool: it listens.
            watch.invalidate()
            watch.close()

    def close(self) -> None:
        """Close all connections."""
        with self._watch_lock:
            self._unwatch()
        self._engine.dispose()

    @property
    def place(self) -> str:
        """Where the ledger is, as messages call it: a folder below its project, or a database."""
        if self._is_postgres:
            return postgres.place(self._engine.url)
        inside = self.folder.name == STATE_NAME
        return f"{self.folder.parent.name}/{STATE_NAME}" if inside else str(self.folder)

    def _ensure_schema(self) -> None:
        with self._mapped_errors():
            with self._engine.connect() as connection, connection.begin():
                version = _schema_version(connection)
            if version == SCHEMA_VERSION:
                return
            if version is None:
                with self.write() as connection:
                    if _schema_version(connection) is None:
                        _create(connection)
                return
            from nbtrail.ledger.migrate import upgrade

            upgrade(self._engine, version)

    @contextlib.contextmanager
    def _mapped_errors(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            # A mistake of the program, not a damaged file.
            raise
        except DBAPIError as error:
            if not self._is_postgres:
                self._map_sqlite(error)
            refusal = postgres.refusal(error, self._engine.url)
            if refusal is None:
                raise
            raise refusal from error
        except sqlite3.DatabaseError as error:
            self._map_sqlite(error)
        except Exception as error:
            # The driver's own, from the connection that listens.
            if not self._is_postgres or not isinstance(
                error, self._engine.dialect.loaded_dbapi.Error
            ):
                raise
            wrapped = DBAPIError("LISTEN", None, error)
            raise postgres.refusal(wrapped, self._engine.url) or error from error

    def _map_sqlite(self, error: DBAPIError | sqlite3.DatabaseError) -> NoReturn:
        reason = str(getattr(error, "orig", error))
        if not isinstance(error, OperationalError):
            damaged = StoreUnavailableError if reason in _DAMAGED else StoreError
            raise damaged(
                f"The ledger in {self.place} is damaged: {reason}.", hint=_REPAIR_HINT
            ) from error
        if any(cause in reason for cause in _PASSING):
            self._refused = time.monotonic()
            raise StoreUnavailableError(
                f"The ledger is not available: {reason}.",
                hint="Close the other program that uses it, or make room on the disk.",
            ) from error
        raise StoreError(
            f"The ledger in {self.place} cannot be used: {reason}.", hint=_REPAIR_HINT
        ) from error


_REPAIR_HINT = (
    "Run `nbtrail doctor --repair`: it sets the damaged file aside and begins a new ledger; "
    "notebooks are not touched."
)


def set_aside(project: Project) -> Path | None:
    """Rename a damaged database so that a new one can begin; nothing is deleted.

    Returns the new name, or ``None`` where there was no database.
    """
    database = project.state_dir / DATABASE_NAME
    if not database.exists():
        return None
    target = database.with_name(f"{DATABASE_NAME}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    for suffix in ("", "-wal", "-shm"):
        part = database.with_name(database.name + suffix)
        if part.exists():
            os.replace(part, target.with_name(target.name + suffix))
    return target


def _prepare_folder(folder: Path, *, in_project: bool) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if in_project:
            ignore = folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text(STATE_IGNORE, encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"The folder {folder} cannot be made: {error.strerror}.",
            hint=f"Make it writable, or remove the file named {STATE_NAME}.",
        ) from error


def _engine(database: Path) -> Engine:
    engine = create_engine(f"sqlite:///{database}", connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        # The driver's own transaction handling begins too late for BEGIN IMMEDIATE.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={int(PATIENCE * 1000)}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        writing = options.get("nbtrail_write", False)
        patience = options.get("nbtrail_patience", PATIENCE)
        connection.exec_driver_sql(f"PRAGMA busy_timeout={int(patience * 1000)}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def _schema_version(connection: Connection) -> str | None:
    from sqlalchemy import inspect

    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _create(connection: Connection) -> None:
    metadata.create_all(connection)
    search.create(connection)
    connection.execute(
        text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
    )
    connection.execute(
        text("INSERT INTO alembic_version (version_num) VALUES (:v)"), {"v": SCHEMA_VERSION}
    )
