"""Search over executions

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nbtrail.ledger import search

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_FILES = "SELECT path FROM accesses WHERE execution_id = :id AND kind IN ('read', 'write')"
_METRICS = "SELECT name FROM metrics WHERE execution_id = :id"


def upgrade() -> None:
    connection = op.get_bind()
    search.create(connection)
    rows = connection.execute(
        sa.text(
            "SELECT id, source, error_name, error_message FROM executions WHERE status != 'running'"
        )
    ).all()
    for row in rows:
        key = {"id": row.id}
        search.put(
            connection,
            row.id,
            source=row.source,
            error=": ".join(part for part in (row.error_name, row.error_message) if part),
            metrics=connection.execute(sa.text(_METRICS), key).scalars(),
            files=connection.execute(sa.text(_FILES), key).scalars(),
        )


def downgrade() -> None:
    op.execute("DROP TABLE search")
