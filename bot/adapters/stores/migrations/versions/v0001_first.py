"""The first tables: deliveries, pipelines, counters, the outbox with its threads, and the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "deliveries",
        sa.Column("sender", sa.String, primary_key=True),
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("received_at", sa.BigInteger, nullable=False, index=True),
        sa.Column("facts", sa.Text, nullable=False),
    )
    op.create_table(
        "pipelines",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("wake_seq", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("done_seq", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("woken_at", sa.BigInteger),
        sa.Column("wake_at", sa.BigInteger),
        sa.Column("looked_at", sa.BigInteger),
        sa.Column("queued_at", sa.BigInteger),
        sa.Column("lease_owner", sa.String),
        sa.Column("lease_fence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("record", sa.Text),
        sa.Column("status", sa.Text),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    _create_outbox()
    _create_ledger()


def _create_outbox() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("notifier", sa.String, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("thread", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("begun", sa.Boolean, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("claimed_until", sa.BigInteger),
        sa.Column("concluded_at", sa.BigInteger),
        sa.Column("error", sa.Text, nullable=False, server_default=""),
        sa.Column("notice", sa.Text, nullable=False),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index("notices_once", "notices", ["notifier", "key"], unique=True)
    op.create_index(
        "notices_waiting",
        "notices",
        ["notifier", "thread", "id"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index("notices_concluded", "notices", ["concluded_at"])
    op.create_table(
        "threads",
        sa.Column("notifier", sa.String, primary_key=True),
        sa.Column("thread", sa.String, primary_key=True),
        sa.Column("message", sa.String, nullable=False),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
    )


def _create_ledger() -> None:
    is_open = sa.text("state = 'open'")
    op.create_table(
        "pull_requests",
        sa.Column("repository", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("branch", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("pull_request", sa.Text, nullable=False),
    )
    op.create_index(
        "pull_requests_one_open",
        "pull_requests",
        ["repository", "branch"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
