"""The token bucket, as a value: what a draw takes out of it, and when there is something in it again.

Pure, so that the memory twin and the databases cannot drift apart. The clocks of workers differ: a bucket is
never refilled for time that a worker with a faster clock has refilled it for already.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.adapters.stores.rules import SKEW
from bot.ports import Grant, Rate


@dataclass(frozen=True, slots=True)
class Bucket:
    """The requests that were left at `filled_at`."""

    tokens: float
    filled_at: datetime


def draw(bucket: Bucket | None, *, want: int, rate: Rate, now: datetime) -> tuple[Bucket, Grant]:
    """Take up to `want` requests out of the bucket (None: a full one); gives what is left, and the grant."""
    filled = _filled(bucket, rate, now) if bucket else Bucket(rate.burst, now)
    requests = max(0, min(want, math.floor(filled.tokens)))
    if requests or want < 1:
        return replace(filled, tokens=filled.tokens - requests), Grant(requests)
    missing = timedelta(seconds=(1 - filled.tokens) / rate.per_second)
    # A microsecond more: rounded down, the wait would end just before the request is there.
    return filled, Grant(0, filled.filled_at + missing + timedelta(microseconds=1))


def _filled(bucket: Bucket, rate: Rate, now: datetime) -> Bucket:
    if bucket.filled_at - now > SKEW:
        # Filled by a wrong clock: counted from now on, as its host would be asked nothing for so long else.
        return Bucket(min(bucket.tokens, rate.burst), now)
    elapsed = max(now - bucket.filled_at, timedelta(0))
    tokens = bucket.tokens + elapsed.total_seconds() * rate.per_second
    return Bucket(min(tokens, rate.burst), bucket.filled_at + elapsed)
