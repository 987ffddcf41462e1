"""What people told, as it is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.people.order import Order


class Orders(Protocol):
    """What people told, and how far they were listened to. Orders are added, and never changed."""

    def add(self, order: Order) -> Order:
        """Keep the order and return it; where one of the same key is kept, return that one."""
        ...

    def find(self, key: str) -> Order | None:
        """The order of that key, or None."""
        ...

    def of(self, pipeline: str) -> Sequence[Order]:
        """Those that may still count (`bot.domain.people.order.that_count`), the oldest first."""
        ...

    def told(self, pipeline: str, *, limit: int) -> Sequence[Order]:
        """All that was told of a pipeline, refused or not, the newest first."""
        ...

    def heard(self, place: str) -> datetime | None:
        """How far comments were listened to in a place, by its host's clock; None before the first time."""
        ...

    def hear(self, place: str, *, until: datetime) -> None:
        """Remember how far comments were listened to; an earlier moment changes nothing."""
        ...

    def tidy(self, *, now: datetime) -> int:
        """Forget what was told over a year ago and counts no more; return how many rows went."""
        ...
