"""Last syncs of notebooks with their twins, and what was kept before it was replaced."""

from __future__ import annotations

import time

import msgspec
from sqlalchemy import Connection, insert, select, update

from nbtrail.ledger.tables import kept, pairs


class PairBase(msgspec.Struct, frozen=True):
    """One last sync.

    Attributes
    ----------
    notebook, twin
        POSIX paths from the project root.
    notebook_sha256, twin_sha256
        Hashes of both files' bytes when they last said the same.
    blob
        Hash of the blob with the cells and the twin's text of that moment.
    """

    notebook: str
    twin: str
    notebook_sha256: str
    twin_sha256: str
    blob: str


def get_base(connection: Connection, notebook: str) -> PairBase | None:
    """The last sync of the notebook at this path, or ``None``."""
    row = connection.execute(select(pairs).where(pairs.c.notebook_path == notebook)).first()
    if row is None:
        return None
    return PairBase(
        notebook=row.notebook_path,
        twin=row.twin_path,
        notebook_sha256=row.notebook_sha256,
        twin_sha256=row.twin_sha256,
        blob=row.base_blob,
    )


def find_by_twin(connection: Connection, twin: str) -> str | None:
    """Path of the notebook whose twin lies at this path, or ``None``."""
    query = select(pairs.c.notebook_path).where(pairs.c.twin_path == twin).limit(1)
    return connection.execute(query).scalar()


def get_bases(connection: Connection) -> dict[str, PairBase]:
    """All last syncs by notebook path."""
    return {
        row.notebook_path: PairBase(
            row.notebook_path, row.twin_path, row.notebook_sha256, row.twin_sha256, row.base_blob
        )
        for row in connection.execute(select(pairs))
    }


def put_base(connection: Connection, base: PairBase) -> None:
    """Make ``base`` the last sync of its notebook."""
    values = {
        "twin_path": base.twin,
        "notebook_sha256": base.notebook_sha256,
        "twin_sha256": base.twin_sha256,
        "base_blob": base.blob,
        "synced_at": time.time(),
    }
    changed = connection.execute(
        update(pairs).where(pairs.c.notebook_path == base.notebook).values(**values)
    )
    if not changed.rowcount:
        connection.execute(insert(pairs).values(notebook_path=base.notebook, **values))


def rename_base(connection: Connection, old: str, new: str, new_twin: str) -> None:
    """Carry the last sync of ``old`` to ``new``; one of ``new`` itself is dropped.

    The row may have gone along with the notebook's history already: then only the twin's
    path is left to change.
    """
    if get_base(connection, old) is not None:
        delete_base(connection, new)
    connection.execute(
        update(pairs)
        .where(pairs.c.notebook_path.in_([old, new]))
        .values(notebook_path=new, twin_path=new_twin)
    )


def delete_base(connection: Connection, notebook: str) -> None:
    """Forget the last sync of this notebook."""
    connection.execute(pairs.delete().where(pairs.c.notebook_path == notebook))


def record_kept(connection: Connection, path: str, sha256: str, reason: str) -> None:
    """Note that the content ``sha256`` of ``path`` was kept as a blob, and why."""
    connection.execute(insert(kept).values(path=path, sha256=sha256, reason=reason, at=time.time()))
