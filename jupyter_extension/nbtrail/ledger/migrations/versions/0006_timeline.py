"""Snapshots of notebooks, and what happened to them

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from nbtrail.ledger.tables import FACTS

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("run_steps", schema=None) as batch_op:
        batch_op.add_column(sa.Column("words", FACTS, nullable=True))
        batch_op.create_index("ix_run_steps_notebook_id", ["notebook_id"])
    op.create_index(
        "ix_executions_notebook_id_started_at", "executions", ["notebook_id", "started_at"]
    )
    op.create_table(
        "packs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_packs")),
    )
    op.create_index("ix_packs_sha256", "packs", ["sha256"])
    op.create_table(
        "timeline",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("notebook_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("snapshot", sa.String(length=64), nullable=True),
        sa.Column("parts", FACTS, nullable=True),
        sa.Column("detail", FACTS, nullable=True),
        sa.Column("words", FACTS, nullable=True),
        sa.ForeignKeyConstraint(
            ["notebook_id"], ["notebooks.id"], name=op.f("fk_timeline_notebook_id_notebooks")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline")),
    )
    op.create_index("ix_timeline_notebook_id_at", "timeline", ["notebook_id", "at", "id"])


def downgrade() -> None:
    op.drop_table("timeline")
    op.drop_table("packs")
    op.drop_index("ix_executions_notebook_id_started_at", "executions")
    with op.batch_alter_table("run_steps", schema=None) as batch_op:
        batch_op.drop_index("ix_run_steps_notebook_id")
        batch_op.drop_column("words")
