"""What people told, in SQL: rows that are only added, and how far each place was listened to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Subquery, delete, func, select

from bot.adapters.stores import codec
from bot.adapters.stores.database import Database
from bot.adapters.stores.rules import KEEP_ORDERS
from bot.adapters.stores.schema import heard as _heard
from bot.adapters.stores.schema import orders as _orders
from bot.domain.people.order import MOST_KEPT, Order


class SqlOrders:
    """The port `Orders` on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, order: Order) -> Order:
        """Keep the order, unless one of the same key is kept."""
        row = {
            "key": codec.compact(order.key),
            "pipeline": order.pipeline,
            "environment": order.environment,
            "verb": order.verb.value,
            "is_refused": bool(order.refusal),
            "told_at": order.at,
            "content": codec.encode(order),
        }
        with self._database.writing() as connection:
            if self._database.add(connection, _orders, row):
                return order
        return self.find(order.key) or order

    def find(self, key: str) -> Order | None:
        """The order of that key, or None."""
        query = select(_orders.c.content).where(_orders.c.key == codec.compact(key))
        with self._database.reading() as connection:
            text = connection.scalar(query)
        return codec.decode(text, Order) if text else None

    def of(self, pipeline: str) -> Sequence[Order]:
        """Those that may still count, the oldest first."""
        newest = _ranked()
        query = select(newest.c.content).where(newest.c.pipeline == pipeline, newest.c.rank <= MOST_KEPT)
        with self._database.reading() as connection:
            texts = connection.scalars(query.order_by(newest.c.id)).all()
        return [codec.decode(text, Order) for text in texts]

    def told(self, pipeline: str, *, limit: int) -> Sequence[Order]:
        """All that was told of a pipeline, the newest first."""
        query = select(_orders.c.content).where(_orders.c.pipeline == pipeline)
        with self._database.reading() as connection:
            texts = connection.scalars(query.order_by(_orders.c.id.desc()).limit(limit)).all()
        return [codec.decode(text, Order) for text in texts]

    def heard(self, place: str) -> datetime | None:
        """How far comments were listened to in a place."""
        query = select(_heard.c.until).where(_heard.c.place == codec.compact(place))
        with self._database.reading() as connection:
            return connection.scalar(query)

    def hear(self, place: str, *, until: datetime) -> None:
        """Remember how far comments were listened to."""
        insert = self._database.insert(_heard)
        later = insert.excluded.until
        upsert = insert.on_conflict_do_update(
            index_elements=["place"], set_={"until": later}, where=later > _heard.c.until
        )
        with self._database.writing() as connection:
            connection.execute(upsert, {"place": codec.compact(place), "until": until})

    def tidy(self, *, now: datetime) -> int:
        """Forget what is old and counts no more; return how many rows went."""
        newest = _ranked()
        counts = select(newest.c.id).where(newest.c.rank <= MOST_KEPT)
        old = delete(_orders).where(_orders.c.told_at < now - KEEP_ORDERS, _orders.c.id.not_in(counts))
        with self._database.writing() as connection:
            return connection.execute(old).rowcount


def _ranked() -> Subquery:
    """Orders that were taken, each with its place among those of its verb and environment, newest first."""
    rank = func.row_number().over(
        partition_by=(_orders.c.pipeline, _orders.c.environment, _orders.c.verb),
        order_by=_orders.c.id.desc(),
    )
    columns = (_orders.c.id, _orders.c.pipeline, _orders.c.content, rank.label("rank"))
    return select(*columns).where(_orders.c.is_refused.is_(False)).subquery()
