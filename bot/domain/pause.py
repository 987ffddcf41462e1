"""How long to wait after a fault before looking again."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST_PAUSE = timedelta(seconds=15)
"""The pause after the first look that met a fault."""

LONGEST_PAUSE = timedelta(minutes=5)
"""No pause is longer, unless the other side asks for more; an event wakes a pipeline before."""


def pause(since: datetime | None, now: datetime, *, wish: timedelta | None = None) -> timedelta:
    """How long to wait when looks have met faults since that moment (None: this one is the first).

    As long as it has gone on already, so that pauses double; no less than the other side wishes.
    """
    grown = now - (since or now)
    return max(min(max(grown, FIRST_PAUSE), LONGEST_PAUSE), wish or timedelta(0))
