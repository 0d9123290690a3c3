"""Ledgers in both databases: every test that takes a project runs with SQLite and PostgreSQL."""

from __future__ import annotations

import getpass
import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from nbtrail.ledger.store import Store
from nbtrail.project import Project, load_project

#: Seconds after which a server that does not answer is a failure.
PATIENCE = 60.0


class Server:
    """A PostgreSQL server of the tests' own, in a temporary folder, on a socket in it."""

    def __init__(self) -> None:
        self._programs = _programs()
        self.folder = Path(tempfile.mkdtemp(prefix="nbtrail-postgres-", dir="/tmp"))
        self._data = self.folder / "data"
        # The server refuses to run as root, and then has to be somebody else.
        self._user = _other_user() if os.getuid() == 0 else None
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        self._call(
            "initdb", "--pgdata", str(self._data), "--username", "nbtrail", "--auth", "trust",
            "--encoding", "UTF8", "--locale", "C", "--no-sync",
        )  # fmt: skip
        # One user has to give a password, so that a wrong one can be told.
        access = self._data / "pg_hba.conf"
        access.write_text(f"local all careful scram-sha-256\n{access.read_text()}")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [
            str(self._programs / "postgres"), "-D", str(self._data), "-k", str(self.folder),
            "-c", "listen_addresses=", "-c", "fsync=off",
            "-c", "full_page_writes=off", "-c", "shared_buffers=32MB",
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                **self._identity(),
            )  # fmt: skip
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                psycopg.connect(self.address("postgres", plain=True)).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.02)

    def stop(self) -> None:
        """Stop it at once."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(PATIENCE)
            self._process = None

    def remove(self) -> None:
        """Stop it, and delete all that it had."""
        self.stop()
        shutil.rmtree(self.folder)

    def address(self, database: str, *, user: str = "nbtrail", password: str | None = None,
                plain: bool = False) -> str:  # fmt: skip
        """Address of a database, as `[store] url` has it; ``plain`` for the driver itself."""
        driver = "postgresql" if plain else "postgresql+psycopg"
        url = URL.create(driver, user, password, None, None, database, {"host": str(self.folder)})
        return url.render_as_string(hide_password=False)

    def sql(self, statement: str, database: str = "postgres") -> None:
        """Execute a statement in a transaction of its own."""
        address = self.address(database, plain=True)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement.encode())

    def _call(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), *arguments], check=True, capture_output=True,
            cwd=self.folder, **self._identity(),
        )  # fmt: skip

    def _identity(self) -> dict[str, object]:
        return {} if self._user is None else {"user": self._user, "extra_groups": []}


def _programs() -> Path:
    found = [shutil.which("postgres"), *glob.glob("/usr/lib/postgresql/*/bin/postgres")]
    for program in found:
        folder = None if program is None else Path(program).resolve().parent
        if folder is not None and (folder / "initdb").exists():
            return folder
    pytest.fail(
        "These tests need PostgreSQL's programs initdb and postgres. scripts/ensure_postgres.sh "
        "installs them where it may; else: apt-get install postgresql.",
        pytrace=False,
    )


def _other_user() -> str:
    import pwd

    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    pytest.fail(f"PostgreSQL does not run as {getpass.getuser()}, and there is no user nobody.")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    server = Server()
    yield server
    server.remove()


@pytest.fixture
def new_database(postgres: Server) -> Iterator[Callable[[], str]]:
    """Makes an empty database and gives its name; all are gone after the test."""
    made: list[str] = []

    def make() -> str:
        made.append(f"test_{uuid.uuid4().hex[:12]}")
        postgres.sql(f"CREATE DATABASE {made[-1]}")
        return made[-1]

    yield make
    for name in made:
        postgres.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """The address of the test's ledger: empty for SQLite in the project."""
    if request.param == "sqlite":
        return ""
    server: Server = request.getfixturevalue("postgres")
    return server.address(request.getfixturevalue("new_database")())


@pytest.fixture
def project(tmp_path: Path, database: str) -> Project:
    return configure(tmp_path, database)


@pytest.fixture
def store(project: Project) -> Iterator[Store]:
    opened = Store.open(project)
    yield opened
    opened.close()


def configure(root: Path, database: str, *lines: str) -> Project:
    """A project whose ledger lies there; ``lines`` are more of ``[store]``."""
    text = "\n".join(["[store]", f'url = "{database}"', *lines, ""])
    (root / "nbtrail.toml").write_text(text)
    return load_project(root)
