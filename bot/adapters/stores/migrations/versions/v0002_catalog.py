"""The catalog (images, lists, announcements, pointers, first sights, contents) and the budget."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create them."""
    _create_lists()
    _create_digests()
    op.create_table(
        "buckets",
        sa.Column("host", sa.String, primary_key=True),
        sa.Column("tokens", sa.Double),
        sa.Column("filled_at", sa.BigInteger),
        sa.Column("paused_until", sa.BigInteger),
    )


def _create_lists() -> None:
    op.create_table(
        "images",
        sa.Column("image", sa.String, primary_key=True),
        sa.Column("asked_at", sa.BigInteger, nullable=False, index=True),
        sa.Column("claimed_until", sa.BigInteger),
        sa.Column("heard", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("listing", sa.String),
        sa.Column("listed_at", sa.BigInteger),
        sa.Column("doubtful", sa.String),
        sa.Column("doubtful_since", sa.BigInteger),
    )
    op.create_table(
        "listings",
        sa.Column("image", sa.String, primary_key=True),
        sa.Column("mark", sa.String, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "announcements",
        sa.Column("image", sa.String, primary_key=True),
        sa.Column("tag", sa.String, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("announced_at", sa.BigInteger, nullable=False, index=True),
    )


def _create_digests() -> None:
    op.create_table(
        "pointers",
        sa.Column("image", sa.String, primary_key=True),
        sa.Column("tag", sa.String, primary_key=True),
        sa.Column("digest", sa.String),
        sa.Column("asked_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "sights",
        sa.Column("image", sa.String, primary_key=True),
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("first_seen", sa.BigInteger, nullable=False),
        sa.Column("last_seen", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "contents",
        sa.Column("image", sa.String, primary_key=True),
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("platforms", sa.String, primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
    )
