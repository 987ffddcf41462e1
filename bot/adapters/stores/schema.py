"""The tables, in one place. Every change here comes with a migration (`migrations/versions`).

Times are whole microseconds since 1970 in UTC: both databases compare them exactly, and SQLite has no type
for them. What only Tagboat reads is JSON text (`codec`); what a query asks for has a column.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class _Duration(TypeDecorator[timedelta]):
    """A length of time, to be added to a `Moment`."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        """Give the number of microseconds."""
        del dialect
        return None if value is None else value // _MICROSECOND


class Moment(TypeDecorator[datetime]):
    """A time with its zone, kept as microseconds since 1970 in UTC; one without a zone raises ValueError."""

    impl = BigInteger
    cache_ok = True

    def coerce_compared_value(self, op: object, value: object) -> TypeEngine[Any]:
        """What is added to a moment is a length of time; what it is compared with is another moment."""
        del op
        return _Duration() if isinstance(value, timedelta) else self

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Give the number to store."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Give the time back, in UTC."""
        del dialect
        return None if value is None else _EPOCH + value * _MICROSECOND


metadata = MetaData()

deliveries = Table(
    "deliveries",
    metadata,
    Column("sender", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("received_at", Moment, nullable=False, index=True),
    Column("facts", Text, nullable=False),
)

pipelines = Table(
    "pipelines",
    metadata,
    Column("name", String, primary_key=True),
    Column("wake_seq", BigInteger, nullable=False, server_default="0"),
    Column("done_seq", BigInteger, nullable=False, server_default="0"),
    Column("woken_at", Moment),
    Column("wake_at", Moment),
    Column("looked_at", Moment),
    Column("queued_at", Moment),
    Column("lease_owner", String),
    Column("lease_fence", BigInteger, nullable=False, server_default="0"),
    Column("lease_until", Moment),
    Column("record", Text),
    Column("status", Text),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

notices = Table(
    "notices",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("notifier", String, nullable=False),
    Column("key", String, nullable=False),
    Column("thread", String, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("begun", Boolean, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("claimed_until", Moment),
    Column("concluded_at", Moment),
    Column("error", Text, nullable=False, server_default=""),
    Column("notice", Text, nullable=False),
    Index("notices_once", "notifier", "key", unique=True),
    Index(
        "notices_waiting",
        "notifier",
        "thread",
        "id",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index("notices_concluded", "concluded_at"),
)
"""The outbox. `state` is `waiting`, `sent` or `given up`; `id` is the order in which notices were written."""

images = Table(
    "images",
    metadata,
    Column("image", String, primary_key=True),
    Column("asked_at", Moment, nullable=False, index=True),
    Column("claimed_until", Moment),
    Column("heard", BigInteger, nullable=False, server_default="0"),
    Column("listing", String),
    Column("listed_at", Moment),
    Column("doubtful", String),
    Column("doubtful_since", Moment),
)
"""The catalog. `image` is the canonical name; `listing` and `doubtful` are marks in `listings`. `asked_at` is
when somebody cared for the image last (to a day); `heard` counts the announcements."""

listings = Table(
    "listings",
    metadata,
    Column("image", String, primary_key=True),
    Column("mark", String, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
"""Lists of tags, apart from `images` so that a claim does not write a megabyte; `mark` is the SHA-256."""

announcements = Table(
    "announcements",
    metadata,
    Column("image", String, primary_key=True),
    Column("tag", String, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("announced_at", Moment, nullable=False, index=True),
)
"""Pushes that nobody has asked for since; `number` is what `images.heard` was when it came."""

pointers = Table(
    "pointers",
    metadata,
    Column("image", String, primary_key=True),
    Column("tag", String, primary_key=True),
    Column("digest", String),
    Column("asked_at", Moment, nullable=False),
)

sights = Table(
    "sights",
    metadata,
    Column("image", String, primary_key=True),
    Column("digest", String, primary_key=True),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
)
"""When a digest was met for the first and (to a day) for the last time."""

contents = Table(
    "contents",
    metadata,
    Column("image", String, primary_key=True),
    Column("digest", String, primary_key=True),
    Column("platforms", String, primary_key=True),
    Column("content", Text, nullable=False),
)

buckets = Table(
    "buckets",
    metadata,
    Column("host", String, primary_key=True),
    Column("tokens", Double),
    Column("filled_at", Moment),
    Column("paused_until", Moment),
)
"""The budget; `tokens` is NULL while nothing was drawn."""

orders = Table(
    "orders",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("pipeline", String, nullable=False, index=True),
    Column("environment", String, nullable=False),
    Column("verb", String, nullable=False),
    Column("is_refused", Boolean, nullable=False),
    Column("told_at", Moment, nullable=False),
    Column("content", Text, nullable=False),
)
"""What people told; `id` is the order in which it was kept."""

heard = Table(
    "heard",
    metadata,
    Column("place", String, primary_key=True),
    Column("until", Moment, nullable=False),
)
"""How far comments were listened to, by each host's own clock."""

threads = Table(
    "threads",
    metadata,
    Column("notifier", String, primary_key=True),
    Column("thread", String, primary_key=True),
    Column("message", String, nullable=False),
    Column("begun_at", Moment, nullable=False),
)

pull_requests = Table(
    "pull_requests",
    metadata,
    Column("repository", String, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("branch", String, nullable=False),
    Column("state", String, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("pull_request", Text, nullable=False),
    Index(
        "pull_requests_one_open",
        "repository",
        "branch",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
)
"""The ledger of the plain `git` forge; the partial index keeps it to one open pull request per branch."""
