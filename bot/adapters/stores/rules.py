"""What every store agrees on: when a pipeline is due, when its board changes, and how long things are kept.

Pure: no database and no clock here, so that the memory twin and the databases cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.domain.status import PipelineStatus
from bot.ports import Pointer

CLAIM = timedelta(minutes=2)
"""How long a notice belongs to the worker that began to post it: longer than all the calls that one notice
takes together, so that a slow worker is not overtaken; short enough that a crash delays a notice little."""

KEEP_NOTICES = timedelta(days=180)
"""How long a notice that was told (or given up) is remembered, so that it is not told again."""

KEEP_DELIVERIES = timedelta(days=30)
"""How long a delivery is recognised as a repeat: ten times the three days in which GitHub lets one be sent
again (https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks)."""

MOST_UNTOLD = 200
"""Notices that are looked at for what keeps them from being told."""

KEEP_ORDERS = timedelta(days=365)
"""How long it is remembered who told what, where it counts no more."""

KEEP_IMAGES = timedelta(days=30)
"""How long an image is remembered that nobody asks for: no pipeline names it any more."""

KEEP_ANNOUNCEMENTS = timedelta(days=7)
"""How long an announced push waits for somebody to ask for it: by then every list has the tag."""

KEEP_DIGESTS = timedelta(days=90)
"""How long a digest is remembered that no tag points to, and a pointer whose tag is gone. A tag that comes
back later counts as new, and its minimum age begins anew."""

WORTH_NOTING = timedelta(days=1)
"""How much later an image or a digest must be met again for that to be written down."""

MOST_ANNOUNCED = 1000
"""Announcements remembered of one image: a flood of them costs no more than the next list does."""

SKEW = timedelta(minutes=2)
"""By how much the clocks of workers may differ: what lies further ahead was written by a wrong clock."""

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Waiting:
    """All that decides whether a pipeline is due; `wake` counts the wakes, `done` those that were served."""

    wake: int = 0
    done: int = 0
    woken_at: datetime | None = None
    wake_at: datetime | None = None
    looked_at: datetime | None = None
    lease_until: datetime | None = None


def is_claimable(claimed_until: datetime | None, *, now: datetime, ttl: timedelta) -> bool:
    """Whether nobody holds a claim. One that ends later than any could was made by a wrong clock."""
    return claimed_until is None or not now < claimed_until <= now + ttl + SKEW


def is_current(pointer: Pointer, before: Pointer | None) -> bool:
    """Whether a pointer takes the place of the one before: it is not older, or that one's clock was wrong."""
    return before is None or not pointer.asked_at < before.asked_at <= pointer.asked_at + SKEW


def first_asked(pointers: Mapping[str, Pointer]) -> Mapping[str, datetime]:
    """Each digest that tags point to, and when the first of them was asked."""
    asked: dict[str, datetime] = {}
    for pointer in pointers.values():
        if pointer.digest is not None:
            asked[pointer.digest] = min(pointer.asked_at, asked.get(pointer.digest, pointer.asked_at))
    return asked


def platforms_key(platforms: Sequence[str]) -> str:
    """The platforms that contents were read for, as one key: order and repeats mean nothing."""
    return ",".join(sorted(set(platforms)))


def due(
    pipelines: Sequence[str], waiting: Mapping[str, Waiting], *, now: datetime, every: timedelta
) -> Sequence[str]:
    """Those that are due: woken ones first, the earliest wake leading, then the rest in the given order."""
    found = [name for name in dict.fromkeys(pipelines) if is_due(waiting.get(name, Waiting()), now, every)]
    return sorted(found, key=lambda name: _urgency(waiting.get(name, Waiting())))


def is_due(waiting: Waiting, now: datetime, every: timedelta) -> bool:
    """Whether it was woken, its time has come, or nobody looked for `every`; never while leased."""
    if waiting.lease_until is not None and waiting.lease_until > now:
        return False
    if waiting.wake > waiting.done or waiting.looked_at is None:
        return True
    return waiting.looked_at + every <= now or (waiting.wake_at is not None and waiting.wake_at <= now)


def shows_the_same(before: PipelineStatus | None, after: PipelineStatus) -> bool:
    """Whether people would see no difference: the time of the look alone is none."""
    return before is not None and replace(before, looked_at=None) == replace(after, looked_at=None)


def _urgency(waiting: Waiting) -> tuple[bool, datetime]:
    is_woken = waiting.wake > waiting.done
    return (not is_woken, (waiting.woken_at or _NEVER) if is_woken else _NEVER)
