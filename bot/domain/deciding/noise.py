"""Against noise: what keeps a pull request from being opened or changed just now, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.pull_request.policy import Pace
from bot.domain.record import Gathering
from bot.domain.snapshot import Traffic
from bot.domain.window import closed

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Why nothing is said now, and when to look again (None: when something happens)."""

    reason: str
    until: datetime | None
    gathering: Gathering | None = None


def quiet(
    pace: Pace, traffic: Traffic, gathering: Gathering | None, *, is_new: bool, now: datetime
) -> Quiet | None:
    """Why a proposal has to wait, or None when it has not.

    Windows hold for everything that is written; the debounce for releases that are not proposed yet, as
    `gathering` has them; limits for pull requests that are not open yet (`is_new`).
    """
    shut = closed(pace.windows, now)
    if shut:
        return Quiet(f"proposals wait: {shut.reason}", shut.until, gathering)
    gathers = _gathers(pace, gathering, now) if gathering else None
    return gathers or (_crowded(pace, traffic, gathering, now) if is_new else None)


def recent(opened: Iterable[datetime], now: datetime) -> tuple[datetime, ...]:
    """Those times that lie in the last hour."""
    return tuple(sorted(each for each in opened if now - HOUR < each <= now))


def _gathers(pace: Pace, gathering: Gathering, now: datetime) -> Quiet | None:
    until = min(gathering.last + pace.debounce, gathering.first + pace.patience)
    return Quiet("gathers what comes together", until, gathering) if until > now else None


def _crowded(pace: Pace, traffic: Traffic, gathering: Gathering | None, now: datetime) -> Quiet | None:
    """What was gathered is not gathered anew once there is room."""
    found = next(_limits(pace, traffic, now), None)
    return found and replace(found, gathering=gathering)


def _limits(pace: Pace, traffic: Traffic, now: datetime) -> Iterator[Quiet]:
    if pace.most_open is not None and traffic.open >= pace.most_open:
        what = f"waits for room, {traffic.open} open of at most {pace.most_open} pull requests"
        yield Quiet(what, now + HOUR / 12)
    opened = recent(traffic.opened, now)
    if pace.per_hour is not None and len(opened) >= pace.per_hour:
        what = f"waits for room, {len(opened)} opened of at most {pace.per_hour} pull requests an hour"
        yield Quiet(what, opened[-pace.per_hour] + HOUR)
