"""The memory twin of what people told: everything is gone with the object."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from threading import RLock

from bot.adapters.stores.rules import KEEP_ORDERS
from bot.domain.people.order import Order, that_count


class MemoryOrders:
    """The port `Orders` in memory; one lock stands for the transaction."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._orders: dict[str, Order] = {}
        self._heard: dict[str, datetime] = {}

    def add(self, order: Order) -> Order:
        """Keep the order, unless one of the same key is kept."""
        with self._lock:
            return self._orders.setdefault(order.key, order)

    def find(self, key: str) -> Order | None:
        """The order of that key, or None."""
        with self._lock:
            return self._orders.get(key)

    def of(self, pipeline: str) -> Sequence[Order]:
        """Those that may still count, the oldest first."""
        return that_count(self._all(pipeline))

    def told(self, pipeline: str, *, limit: int) -> Sequence[Order]:
        """All that was told of a pipeline, the newest first."""
        return self._all(pipeline)[::-1][:limit]

    def heard(self, place: str) -> datetime | None:
        """How far comments were listened to in a place."""
        with self._lock:
            return self._heard.get(place)

    def hear(self, place: str, *, until: datetime) -> None:
        """Remember how far comments were listened to."""
        with self._lock:
            self._heard[place] = max(until, self._heard.get(place, until))

    def tidy(self, *, now: datetime) -> int:
        """Forget what is old and counts no more; return how many went."""
        with self._lock:
            pipelines = {order.pipeline for order in self._orders.values()}
            kept = {order.key for name in pipelines for order in self.of(name)}
            kept |= {key for key, order in self._orders.items() if order.at >= now - KEEP_ORDERS}
            before = len(self._orders)
            self._orders = {key: order for key, order in self._orders.items() if key in kept}
            return before - len(self._orders)

    def _all(self, pipeline: str) -> Sequence[Order]:
        with self._lock:
            return [order for order in self._orders.values() if order.pipeline == pipeline]
