"""How often hosts may be asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a host may be asked: `burst` requests at once, refilled by `per_second`; both above 0."""

    per_second: float
    burst: int

    def __post_init__(self) -> None:
        """Raise `ValueError` for a rate that would never grant anything."""
        if not self.per_second > 0 or self.burst < 1:
            raise ValueError(f"{self} would never grant a request")


@dataclass(frozen=True, slots=True)
class Grant:
    """How many requests may be made now; where it is none, `again_at` says when to ask anew."""

    requests: int
    again_at: datetime | None = None


class Budget(Protocol):
    """How often hosts may be asked: one token bucket for each, shared by all workers."""

    def draw(self, host: str, *, want: int, rate: Rate, now: datetime) -> Grant:
        """Take up to `want` requests out of the host's bucket; a host never asked has a full one."""
        ...

    def pause(self, host: str, *, until: datetime) -> None:
        """Grant nothing before `until`: the host asked for it. An earlier moment changes nothing."""
        ...
