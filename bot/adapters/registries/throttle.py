"""How often hosts are asked: a share of what all workers may ask, and no word to who asked for silence.

Every request takes one from a small stock that is drawn from the port `Budget` many at a time, so that
thousands of requests cost few transactions. What a stock still holds is forgotten after seconds: then a
silence that another worker was told of is kept here too. No wait is longer than two seconds; where more is
needed, the request fails with the time to come back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Lock

from bot.adapters.clock import SystemClock
from bot.adapters.registries.rates import UNBOUND
from bot.adapters.stores.memory_budget import MemoryBudget
from bot.domain.errors import Limited
from bot.ports import Budget, Clock, Rate

_PATIENCE = timedelta(seconds=2)
_SHORTEST_WAIT = timedelta(seconds=0.02)
_STOCK_LIFE = timedelta(seconds=5)
_LARGEST_STOCK = 64
# Limits are often lifted early, by a login or another address: look at least this often.
_LONGEST_SILENCE = timedelta(minutes=15)


class Throttle:
    """What the transport of one registry asks before each request; safe for threads.

    `host` names the bucket that all workers share. Without a `budget` it is this process's alone.
    """

    def __init__(
        self,
        host: str,
        rate: Rate = UNBOUND,
        *,
        budget: Budget | None = None,
        clock: Clock | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._host = host
        self._rate = rate
        self._budget = budget or MemoryBudget()
        self._now = (clock or SystemClock()).now
        self._sleep = sleep
        # Half a second's worth, so that no worker holds back what others wait for.
        self._batch = max(1, min(_LARGEST_STOCK, rate.burst, int(rate.per_second / 2)))
        self._stock = 0
        self._good_until = self._again_at = datetime.min.replace(tzinfo=UTC)
        self._lock = Lock()

    def take(self) -> None:
        """Return when the host may be asked once more, after two seconds at most.

        Raises:
            Limited: that is too far away; `retry_after` says how far.
            Transient: the shared budget cannot be read.
        """
        patience = _PATIENCE
        while (again_at := self._draw()) is not None:
            wait = max(again_at - self._now(), _SHORTEST_WAIT)
            if wait > patience:
                raise Limited(
                    f"{self._host} is not asked now",
                    why="it wants fewer requests, or as many were made as its rate allows",
                    fix="a login raises most registries' limits; rate sets ours",
                    retry_after=wait,
                )
            self._sleep(wait.total_seconds())
            patience -= wait

    def pause(self, wait: timedelta) -> None:
        """Let nobody ask the host for so long, a quarter of an hour at most: it asked for that."""
        until = self._now() + min(wait, _LONGEST_SILENCE)
        with self._lock:
            self._stock = 0
            self._again_at = max(until, self._again_at)
        self._budget.pause(self._host, until=until)

    def _draw(self) -> datetime | None:
        """Take one; or the moment at which to try again."""
        with self._lock:
            now = self._now()
            if now < self._again_at:
                return self._again_at
            if not self._stock or now >= self._good_until:
                grant = self._budget.draw(self._host, want=self._batch, rate=self._rate, now=now)
                self._stock, self._good_until = grant.requests, now + _STOCK_LIFE
                if not grant.requests:
                    self._again_at = grant.again_at or now + timedelta(seconds=1 / self._rate.per_second)
                    return self._again_at
            self._stock -= 1
            return None
