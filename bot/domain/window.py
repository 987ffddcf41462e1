"""Windows: times in which a step may, or may not, be taken.

Schedules are five-field cron expressions in a time zone; a window is open from each firing for its
duration. The rule that joins several windows is Argo CD's: an open deny window says no; otherwise an open
allow window says yes; otherwise, if there are allow windows at all, no
(https://argo-cd.readthedocs.io/en/stable/user-guide/sync_windows/). Unlike Argo CD, each firing is taken in
the time zone's own offset on that day, so that a window opens at the same wall-clock time over DST: a time
that a change of clocks skips is moved to the first one that exists, and one that comes twice fires once, as
in Debian's cron. A duration is elapsed time, so 24h is 24 hours on every day of the year.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_FIELDS = 5
_LONGEST = timedelta(days=366)
_FIRST_LOOK_BACK = timedelta(hours=1)


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
        if self.duration > _LONGEST:
            raise ValueError(f"duration must be at most {_LONGEST.days} days")
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{self.time_zone!r} is not a time zone name such as Europe/Paris") from error
        if len(self.schedule.split()) != _FIELDS:
            raise ValueError(f"{self.schedule!r} is not a cron schedule of five fields, such as 0 16 * * 5")
        try:
            CronSim(self.schedule, datetime(2026, 1, 1, tzinfo=UTC))
        except CronSimError as error:
            raise ValueError(f"{self.schedule!r} is not a five-field cron schedule: {error}") from error

    def open_until(self, now: datetime) -> datetime | None:
        """When the firing that came last before or at `now` is over, or None while the window is closed.

        The window may open again at that moment or before: what fires more often than it lasts never closes.
        """
        instant = now.astimezone(UTC)
        # Looked for in growing steps: the last firing counts, and a schedule may fire every minute.
        look_back = min(_FIRST_LOOK_BACK, self.duration)
        while not (fired := list(self._firings(instant - look_back, until=instant))):
            if look_back == self.duration:
                return None
            look_back = min(2 * look_back, self.duration)
        end = max(fired) + self.duration
        return end.astimezone(now.tzinfo) if end > instant else None

    def next_opening(self, now: datetime) -> datetime | None:
        """When the window next opens after `now`, or None when the schedule never fires again."""
        firing = next((at for at in self._firings(now) if at > now), None)
        return firing.astimezone(now.tzinfo) if firing else None

    def _firings(self, start: datetime, *, until: datetime | None = None) -> Iterator[datetime]:
        """Firings after `start`, in UTC, up to and including `until`.

        Where clocks are set back just before `start`, firings of the doubled hour come too.
        """
        for firing in CronSim(self.schedule, start.astimezone(ZoneInfo(self.time_zone))):
            at = firing.astimezone(UTC)
            if until is not None and at > until:
                return
            yield at


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
