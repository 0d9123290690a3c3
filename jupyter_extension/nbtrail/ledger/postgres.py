"""What is different where a team keeps its ledger in PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from nbtrail.errors import StoreError, StoreUnavailableError
from nbtrail.ledger.tables import LIVE_PATHS

#: Every commit of a write is told here, so that whoever looks need not ask.
CHANNEL = "nbtrail"
_WRITE_LOCK = 0x6E62_7472  # "nbtr"
_CONNECT_S = 10
_LOCK_MS = 10_000

#: One writer at a time, as SQLite has it: a transaction of several statements sees all that
#: others have committed, and never fails for what they did meanwhile.
_BEGIN_WRITE = (
    f"SELECT set_config('lock_timeout', '{_LOCK_MS}', true), "
    f"pg_advisory_xact_lock({_WRITE_LOCK}), pg_notify('{CHANNEL}', '')"
)
_LOCK_TIMEOUT = "55P03"
_OUT_OF_RANGE = "22003"


def engine(address: str) -> Engine:
    """An engine for ``[store] url``.

    Raises
    ------
    StoreError
        For an address of another kind, or without the driver; the message has no password.
    """
    url = _url(address)
    # Said here and not with the table, because it has SQLAlchemy import the whole dialect.
    LIVE_PATHS.dialect_kwargs["postgresql_where"] = text("retired_at IS NULL")
    try:
        made = create_engine(
            url,
            pool_pre_ping=True,
            connect_args={"connect_timeout": _CONNECT_S, "application_name": "nbtrail"},
        )
    except (ImportError, NoSuchModuleError) as error:
        raise StoreError(
            f"The ledger lies in {place(url)}, and the driver for it is not installed.",
            hint='Install it: pip install "nbtrail[postgres]".',
        ) from error

    @event.listens_for(made, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("nbtrail_write", False):
            connection.exec_driver_sql(_BEGIN_WRITE)

    @event.listens_for(made, "before_cursor_execute", retval=True)
    def _without_nul(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any
    ) -> tuple[str, Any]:
        return statement, _printable(parameters)

    return made


def place(url: URL) -> str:
    """The database as messages call it: nobody's password, and not the user's name either."""
    host = url.host or url.query.get("host") or "this machine"
    return f"the PostgreSQL database {url.database or url.username or ''} on {host}"


def refusal(error: DBAPIError, url: URL) -> Exception | None:
    """What an error of the database means to people; ``None`` for a mistake of the program."""
    code = getattr(error.orig, "sqlstate", None) or ""
    reason = _reason(error, url)
    where = place(url)
    if code == _OUT_OF_RANGE:
        return OverflowError(reason)
    if code == _LOCK_TIMEOUT:
        return StoreUnavailableError(
            f"The ledger in {where} is not available: another program writes to it.",
            hint="Try again; if it stays so, end that program.",
        )
    if code.startswith("42") or code.startswith("22"):
        if code == "42501":
            return StoreError(
                f"The ledger in {where} refuses: {reason}.",
                hint="Let the user in [store] url own the database, or its schema.",
            )
        return None
    return StoreUnavailableError(
        f"The ledger in {where} cannot be used: {reason}.", hint=_hint(reason)
    )


def listen(connection: Connection) -> None:
    """Have this connection, which must commit by itself, hear of every commit."""
    connection.exec_driver_sql(f"LISTEN {CHANNEL}")


def heard(connection: Connection) -> int:
    """How many commits were told since the last call; asks the server for nothing."""
    driver: Any = connection.connection.driver_connection
    return sum(1 for _ in driver.notifies(timeout=0))


def _url(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError:
        # The address is not repeated: it may hold a password.
        raise StoreError(
            "[store] url in nbtrail.toml is no address of a database.", hint=_EXAMPLE
        ) from None
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername != "postgresql+psycopg":
        raise StoreError(
            f"[store] url in nbtrail.toml names {url.drivername}, which cannot hold the ledger.",
            hint=_EXAMPLE,
        )
    return url


def _reason(error: DBAPIError, url: URL) -> str:
    said = getattr(getattr(error.orig, "diag", None), "message_primary", None)
    # Of a failed connection the last line says why.
    lines = [line.strip() for line in (said or str(error.orig)).splitlines() if line.strip()]
    reason = (lines[-1] if lines else type(error.orig).__name__).rstrip(".")
    return reason.replace(str(url.password), "***") if url.password else reason


def _hint(reason: str) -> str:
    small = reason.lower()
    if "password" in small or "authentication" in small or "role" in small or "pg_hba" in small:
        return (
            "Check user and password: in [store] url of nbtrail.toml, in ~/.pgpass or in "
            "PGPASSWORD."
        )
    if "database" in small and "does not exist" in small:
        return "Make it first: createdb NAME."
    return "Start the server, or correct [store] url in nbtrail.toml."


def _printable(value: Any) -> Any:
    """Parameters with every NUL, which PostgreSQL takes in no text, as the sign for it."""
    if isinstance(value, str):
        return value.replace("\0", "\N{SYMBOL FOR NULL}") if "\0" in value else value
    if isinstance(value, dict):
        return {key: _printable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_printable(entry) for entry in value)
    return value


_EXAMPLE = "For example: postgresql+psycopg://user@host/database."
