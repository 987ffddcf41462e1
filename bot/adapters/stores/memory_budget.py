"""The budget in memory, for one process: every bucket is full again when it starts."""

from __future__ import annotations

from datetime import datetime
from threading import Lock

from bot.adapters.stores import bucket
from bot.adapters.stores.bucket import Bucket
from bot.ports import Grant, Rate


class MemoryBudget:
    """The port `Budget` in memory."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._buckets: dict[str, Bucket] = {}
        self._pauses: dict[str, datetime] = {}

    def draw(self, host: str, *, want: int, rate: Rate, now: datetime) -> Grant:
        """Take up to `want` requests out of the host's bucket."""
        with self._lock:
            until = self._pauses.get(host, now)
            if until > now:
                return Grant(0, until)
            drawn = bucket.draw(self._buckets.get(host), want=want, rate=rate, now=now)
            self._buckets[host], grant = drawn
            return grant

    def pause(self, host: str, *, until: datetime) -> None:
        """Grant nothing before `until`; an earlier moment changes nothing."""
        with self._lock:
            self._pauses[host] = max(until, self._pauses.get(host, until))
