"""Windows: times in which a step may, or may not, be taken.

Schedules are five-field cron expressions in a time zone; a window is open from each firing for its
duration. The rule that joins several windows is Argo CD's: an open deny window says no; otherwise an open
allow window says yes; otherwise, if there are allow windows at all, no
(https://argo-cd.readthedocs.io/en/stable/user-guide/sync_windows/). Unlike Argo CD, each firing is taken in
the time zone's own offset on that day, so that a window stays at the same wall-clock time over DST.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError


class WindowKind(StrEnum):
    """Whether the step may be taken inside, or only outside."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Window:
    """A repeated span of time. Raises ValueError when built with a bad schedule, duration or zone."""

    kind: WindowKind
    schedule: str
    duration: timedelta
    time_zone: str = "UTC"
    reason: str = ""

    def __post_init__(self) -> None:
        if self.duration <= timedelta(0):
            raise ValueError("duration must be positive, for example 2h")
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{self.time_zone!r} is not a time zone name such as Europe/Paris") from error
        try:
            CronSim(self.schedule, datetime(2026, 1, 1))  # noqa: DTZ001 - only the expression is checked
        except CronSimError as error:
            raise ValueError(f"{self.schedule!r} is not a five-field cron schedule: {error}") from error

    def open_until(self, now: datetime) -> datetime | None:
        """When the window that is open at `now` closes (the latest such end), or None while it is closed."""
        local = now.astimezone(ZoneInfo(self.time_zone))
        firing = next(CronSim(self.schedule, local + timedelta(seconds=1), reverse=True), None)
        if firing is None or firing.astimezone(now.tzinfo) + self.duration <= now:
            return None
        return firing.astimezone(now.tzinfo) + self.duration

    def next_opening(self, now: datetime) -> datetime | None:
        """When the window next opens after `now`, or None when the schedule never fires again."""
        local = now.astimezone(ZoneInfo(self.time_zone))
        firing = next(CronSim(self.schedule, local), None)
        return firing.astimezone(now.tzinfo) if firing else None


@dataclass(frozen=True, slots=True)
class Closed:
    """The step may not be taken now: why, and when to ask again (None: never opens)."""

    reason: str
    until: datetime | None


def closed(windows: Sequence[Window], now: datetime) -> Closed | None:
    """Why the windows forbid the step at `now`, or None when they allow it."""
    denying = [
        (end, window)
        for window in windows
        if window.kind is WindowKind.DENY and (end := window.open_until(now))
    ]
    if denying:
        end, window = max(denying, key=lambda pair: pair[0])
        return Closed(f"deny window {window.reason or window.schedule!r} is open", end)
    allowing = [window for window in windows if window.kind is WindowKind.ALLOW]
    if not allowing or any(window.open_until(now) for window in allowing):
        return None
    openings = [(opening, window) for window in allowing if (opening := window.next_opening(now))]
    if not openings:
        return Closed("no allow window ever opens", None)
    opening, window = min(openings, key=lambda pair: pair[0])
    return Closed(f"outside the allow window {window.reason or window.schedule!r}", opening)
