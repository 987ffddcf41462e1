"""The budget in SQL: one row per host, locked for the moment in which something is drawn."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, or_, select, update

from bot.adapters.stores import bucket
from bot.adapters.stores.bucket import Bucket
from bot.adapters.stores.database import Database
from bot.adapters.stores.schema import buckets
from bot.ports import Grant, Rate


class SqlBudget:
    """The port `Budget` on a database whose tables are up to date."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def draw(self, host: str, *, want: int, rate: Rate, now: datetime) -> Grant:
        """Take up to `want` requests out of the host's bucket."""
        with self._database.writing() as connection:
            found, paused_until = self._locked(connection, host)
            if paused_until is not None and paused_until > now:
                return Grant(0, paused_until)
            left, grant = bucket.draw(found, want=want, rate=rate, now=now)
            change = update(buckets).where(buckets.c.host == host)
            connection.execute(change.values(tokens=left.tokens, filled_at=left.filled_at))
        return grant

    def pause(self, host: str, *, until: datetime) -> None:
        """Grant nothing before `until`; an earlier moment changes nothing."""
        is_later = or_(buckets.c.paused_until.is_(None), buckets.c.paused_until < until)
        upsert = self._database.insert(buckets).on_conflict_do_update(
            index_elements=["host"], set_={"paused_until": until}, where=is_later
        )
        with self._database.writing() as connection:
            connection.execute(upsert, {"host": host, "paused_until": until})

    def _locked(self, connection: Connection, host: str) -> tuple[Bucket | None, datetime | None]:
        """The bucket, None while nothing was drawn, and the end of its pause; ours until the commit."""
        query = select(buckets.c.tokens, buckets.c.filled_at, buckets.c.paused_until)
        locked = query.where(buckets.c.host == host).with_for_update()
        row = connection.execute(locked).one_or_none()
        if row is None:
            self._database.add(connection, buckets, {"host": host})
            row = connection.execute(locked).one()
        return None if row.tokens is None else Bucket(row.tokens, row.filled_at), row.paused_until
