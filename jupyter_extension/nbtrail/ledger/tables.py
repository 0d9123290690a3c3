"""The tables of the ledger.

Times are seconds since the epoch (UTC, float); hashes are hexadecimal SHA-256; paths are POSIX
and relative to the project root, absolute where a file lies outside it. A change here needs a
migration in ``migrations/versions`` and the new ``SCHEMA_VERSION``.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

SCHEMA_VERSION = "0006"

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: Sizes of files and steps of a training do not fit into PostgreSQL's 32 bits.
LARGE = BigInteger().with_variant(Integer(), "sqlite")


class _FactsAsText(TypeDecorator[Any]):
    """JSON as text, with NaN and infinities."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """What the column gets."""
        return None if value is None else json.dumps(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """What was put into the column."""
        return None if value is None else json.loads(value)


#: JSON. PostgreSQL's own type refuses NaN, which a metric may be: there it is text.
FACTS = JSON().with_variant(_FactsAsText(), "postgresql")

#: A notebook keeps its row when it is renamed; a row whose file is gone is retired, so that
#: another notebook may take the path.
notebooks = Table(
    "notebooks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("retired_at", Float),
    Column("forked_from", ForeignKey("notebooks.id")),
    #: Row of the notebook that it was made to go on from.
    Column("continues", Integer),
)
LIVE_PATHS = Index(
    "uq_notebooks_live_path",
    notebooks.c.path,
    unique=True,
    sqlite_where=text("retired_at IS NULL"),
)

environments = Table(
    "environments",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("payload", FACTS, nullable=False),
    Column("first_seen_at", Float, nullable=False),
)

#: One life of a kernel, from start or restart to its end.
sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kernel_id", String(64), nullable=False, index=True),
    Column("kernelspec", Text),
    Column("language", Text),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("end_reason", Text),
    Column("git", FACTS),
    Column("environment_id", ForeignKey("environments.id")),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("started_at", Float, nullable=False, index=True),
    Column("ended_at", Float),
    Column("heartbeat_at", Float),
    Column("pid", Integer),
    Column("cancel_requested", Boolean, nullable=False, default=False),
    Column("request", FACTS, nullable=False),
    Column("git", FACTS),
    Column("environment_id", ForeignKey("environments.id")),
    Column("params", FACTS, nullable=False),
    Column("against", String(40)),
    Column("verdict", String(16)),
    Column("differences", FACTS),
    Column("largest_difference", Float),
    Column("certificate", Text),
    Column("message", Text),
    Column("tag", Text),
    Column("note", Text),
)

run_steps = Table(
    "run_steps",
    metadata,
    Column("run_id", ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("notebook_id", ForeignKey("notebooks.id")),
    Column("path", Text, nullable=False, index=True),
    Column("status", String(16), nullable=False),
    Column("started_at", Float),
    Column("seconds", Float),
    Column("cells_done", Integer, nullable=False, default=0),
    Column("cells_total", Integer, nullable=False, default=0),
    Column("error", FACTS),
    Column("message", Text),
    Column("cache_key", String(64), index=True),
    Column("code_key", String(64), index=True),
    Column("sources_digest", String(64)),
    Column("environment_id", ForeignKey("environments.id")),
    Column("executed_blob", String(64)),
    Column("params", FACTS, nullable=False, default=dict),
    Column("metrics", FACTS, nullable=False, default=dict),
    #: What was different from the run before, in words; NULL until somebody asked.
    Column("words", FACTS),
    Index("ix_run_steps_notebook_id", "notebook_id"),
)

#: Inputs and outputs of a step, with their content when the step ended.
step_files = Table(
    "step_files",
    metadata,
    Column("run_id", String(40), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("family", Text, nullable=False, index=True),
    Column("sha256", String(64)),
    Column("bytes", LARGE),
    Column("blob", Boolean, nullable=False, default=False),
)

executions = Table(
    "executions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("session_id", ForeignKey("sessions.id"), nullable=False),
    Column("msg_id", Text, nullable=False),
    Column("notebook_id", ForeignKey("notebooks.id")),
    Column("run_id", String(40), index=True),
    Column("cell_id", Text),
    Column("cell_id_inferred", Boolean, nullable=False, default=False),
    Column("cell_index", Integer),
    Column("position", Integer, nullable=False),
    Column("execution_count", Integer),
    Column("source", Text, nullable=False),
    Column("source_sha256", String(64), nullable=False),
    Column("started_at", Float, nullable=False),
    Column("seconds", Float),
    Column("status", String(16), nullable=False),
    Column("error_name", Text),
    Column("error_message", Text),
    Column("environment_id", ForeignKey("environments.id")),
    Column("probed", Boolean, nullable=False, default=False),
    Column("messages", Integer, nullable=False, default=0),
    #: It started a process of which nobody knows what it read; NULL in old ledgers.
    Column("children", Boolean),
    UniqueConstraint("session_id", "msg_id"),
    Index("ix_executions_notebook_id_id", "notebook_id", "id"),
    Index("ix_executions_notebook_id_started_at", "notebook_id", "started_at"),
)

#: Files that an execution read or wrote; ``kind`` is read, write or module.
accesses = Table(
    "accesses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column(
        "execution_id", ForeignKey("executions.id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("kind", String(8), nullable=False),
    Column("path", Text, nullable=False, index=True),
    Column("sha256", String(64)),
    Column("bytes", LARGE),
)

metrics = Table(
    "metrics",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("execution_id", ForeignKey("executions.id", ondelete="CASCADE"), index=True),
    Column("name", Text, nullable=False, index=True),
    Column("value", Float),
    Column("step", LARGE),
)

#: The last sync of notebook and twin: hashes of both files' bytes, and the cells as a blob.
pairs = Table(
    "pairs",
    metadata,
    Column("notebook_path", Text, primary_key=True),
    Column("twin_path", Text, nullable=False),
    Column("notebook_sha256", String(64), nullable=False),
    Column("twin_sha256", String(64), nullable=False),
    Column("base_blob", String(64), nullable=False),
    Column("synced_at", Float, nullable=False),
)

#: What was kept before something was overwritten, renamed or deleted.
kept = Table(
    "kept",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", Text, nullable=False, index=True),
    Column("sha256", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Float, nullable=False),
)

#: Contents of cells that were new in a snapshot: one blob for all of them.
packs = Table(
    "packs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False, index=True),
)

#: What happened to a notebook. ``snapshot`` names its content then, and ``parts`` where that is:
#: a list of ``[pack, first, count]``. ``words`` says what changed; NULL until somebody asked.
timeline = Table(
    "timeline",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("notebook_id", ForeignKey("notebooks.id"), nullable=False),
    Column("at", Float, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("path", Text, nullable=False),
    Column("snapshot", String(64)),
    Column("parts", FACTS),
    Column("detail", FACTS),
    Column("words", FACTS),
    Index("ix_timeline_notebook_id_at", "notebook_id", "at", "id"),
)
