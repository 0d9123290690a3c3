"""Notebooks as the ledger knows them: an identity that survives renames."""

from __future__ import annotations

import time

from sqlalchemy import Connection, select, update

from nbtrail.ledger.tables import notebooks, pairs


def notebook_id(connection: Connection, path: str) -> int:
    """The row of the notebook at ``path``, made when there is none."""
    found = find_notebook(connection, path)
    if found is not None:
        return found
    result = connection.execute(notebooks.insert().values(path=path, created_at=time.time()))
    return int(result.inserted_primary_key[0])  # type: ignore[index]


def find_notebook(connection: Connection, path: str) -> int | None:
    """The row of the notebook at ``path``, or ``None``."""
    found = connection.execute(
        select(notebooks.c.id).where(notebooks.c.path == path, notebooks.c.retired_at.is_(None))
    ).scalar()
    return None if found is None else int(found)


def live_notebooks(connection: Connection) -> frozenset[str]:
    """Paths of all notebooks that are on record and not retired."""
    query = select(notebooks.c.path).where(notebooks.c.retired_at.is_(None))
    return frozenset(connection.execute(query).scalars())


def rename_notebook(connection: Connection, old: str, new: str) -> None:
    """Carry the history of ``old`` to ``new``; what was recorded at ``new`` before is retired."""
    identity = find_notebook(connection, old)
    if identity is None:
        return
    retire_notebook(connection, new)
    connection.execute(update(notebooks).where(notebooks.c.id == identity).values(path=new))
    connection.execute(pairs.delete().where(pairs.c.notebook_path == new))
    connection.execute(update(pairs).where(pairs.c.notebook_path == old).values(notebook_path=new))


def retire_notebook(connection: Connection, path: str) -> None:
    """The notebook is gone; its history stays, and the path is free for another."""
    connection.execute(
        update(notebooks)
        .where(notebooks.c.path == path, notebooks.c.retired_at.is_(None))
        .values(retired_at=time.time())
    )


def revive_notebook(connection: Connection, identity: int) -> None:
    """Let a retired history go on, unless another notebook has its path now."""
    path = connection.execute(select(notebooks.c.path).where(notebooks.c.id == identity)).scalar()
    if path is not None and find_notebook(connection, path) is None:
        connection.execute(
            update(notebooks).where(notebooks.c.id == identity).values(retired_at=None)
        )


def fork_notebook(connection: Connection, origin: str, copy: str) -> None:
    """A copy begins a history of its own and names its origin."""
    source = notebook_id(connection, origin)
    retire_notebook(connection, copy)
    connection.execute(
        notebooks.insert().values(path=copy, created_at=time.time(), forked_from=source)
    )


def continue_notebook(connection: Connection, origin: str, path: str) -> None:
    """Begin the history of a notebook that goes on from another one."""
    source = notebook_id(connection, origin)
    retire_notebook(connection, path)
    connection.execute(
        notebooks.insert().values(path=path, created_at=time.time(), continues=source)
    )


def origins(connection: Connection) -> dict[str, str]:
    """The notebook that each one goes on from, by present paths."""
    source = notebooks.alias()
    rows = connection.execute(
        select(notebooks.c.path, source.c.path.label("origin"))
        .join(source, source.c.id == notebooks.c.continues)
        .where(notebooks.c.retired_at.is_(None), source.c.retired_at.is_(None))
    )
    return {row.path: row.origin for row in rows}
