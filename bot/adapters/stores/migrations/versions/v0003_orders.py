"""What people told, and how far they were listened to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("key", sa.String, nullable=False, unique=True),
        sa.Column("pipeline", sa.String, nullable=False, index=True),
        sa.Column("environment", sa.String, nullable=False),
        sa.Column("verb", sa.String, nullable=False),
        sa.Column("is_refused", sa.Boolean, nullable=False),
        sa.Column("told_at", sa.BigInteger, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "heard",
        sa.Column("place", sa.String, primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
