"""Upgrading an older ledger. Imported only when the schema differs: Alembic is not light."""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from nbtrail.errors import StoreError

#: Alembic keeps what it works on in a module.
_LOCK = threading.Lock()


def alembic_config() -> Config:
    """Alembic's configuration for the migrations that ship with nbtrail."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def upgrade(engine: Engine, version: str | None) -> None:
    """Bring a ledger of schema ``version`` (``None``: empty) to today's.

    Raises
    ------
    StoreError
        When the ledger was written by a newer nbtrail.
    """
    config = alembic_config()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise StoreError(
            f"The ledger has schema {version}, which this nbtrail does not know.",
            hint="Upgrade nbtrail: pip install --upgrade nbtrail.",
        )
    with _LOCK:
        _upgrade(engine, config)


def _upgrade(engine: Engine, config: Config) -> None:
    # With the write lock from the beginning: of two that find an old ledger, one waits and then
    # finds nothing to do.
    with engine.connect().execution_options(nbtrail_write=True) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
