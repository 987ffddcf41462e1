"""Windows open and close at the instants that the schedule, the duration and the time zone say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.window import Closed, Window, WindowKind, closed

HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    """An instant, in UTC unless the text names an offset."""
    when = datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def window(
    schedule: str, hours: float, zone: str = "UTC", *, kind: WindowKind = WindowKind.DENY, reason: str = ""
) -> Window:
    return Window(kind, schedule, hours * HOUR, zone, reason)


NEVER = window("0 0 */31 2 1#5", 1, kind=WindowKind.ALLOW)
"""The first of February that is a fifth Monday: well formed, and no such day."""
WORKDAY = window("0 9 * * 1-5", 8)
WEEKEND_IN_PARIS = window("0 16 * * 5", 64, "Europe/Paris")


@pytest.mark.parametrize(
    ("shape", "now", "until"),
    [
        pytest.param(WORKDAY, "2026-03-02T08:59:59.999999", None, id="just before it opens"),
        pytest.param(WORKDAY, "2026-03-02T09:00", "2026-03-02T17:00", id="at its opening"),
        pytest.param(WORKDAY, "2026-03-02T16:59:59.999999", "2026-03-02T17:00", id="just before it closes"),
        pytest.param(WORKDAY, "2026-03-02T17:00", None, id="at its end"),
        pytest.param(WORKDAY, "2026-03-07T12:00", None, id="a day without firing"),
        pytest.param(WORKDAY, "2026-03-02T10:00+01:00", "2026-03-02T18:00+01:00", id="now in another zone"),
        pytest.param(window("*/10 * * * *", 1), "2026-03-02T09:05", "2026-03-02T10:00", id="never closes"),
        pytest.param(window("0 0 * * *", 24), "2026-03-02T00:00", "2026-03-03T00:00", id="back to back"),
        pytest.param(window("0 0 29 2 *", 24), "2026-03-02T00:00", None, id="a leap day years away"),
        pytest.param(window("0 0 1 1 *", 24 * 366), "2026-12-31T23:00", "2027-01-02T00:00", id="longest"),
        pytest.param(
            window("30 9 * * *", 1, "Asia/Kolkata"), "2026-03-02T04:00", "2026-03-02T05:00", id="half hours"
        ),
        pytest.param(
            window("0 9 * * *", 1, "Europe/Paris"), "2026-01-15T08:00", "2026-01-15T09:00", id="winter"
        ),
        pytest.param(
            window("0 9 * * *", 1, "Europe/Paris"), "2026-07-15T07:00", "2026-07-15T08:00", id="summer"
        ),
        # Clocks in Paris go forward on 2026-03-29 (02:00 → 03:00) and back on 2026-10-25 (03:00 → 02:00).
        pytest.param(
            WEEKEND_IN_PARIS, "2026-03-28T00:00", "2026-03-30T07:00", id="elapsed time over a lost hour"
        ),
        pytest.param(
            WEEKEND_IN_PARIS, "2026-10-25T00:00", "2026-10-26T06:00", id="elapsed time over a doubled hour"
        ),
        pytest.param(
            window("30 2 * * *", 1, "Europe/Paris"), "2026-03-29T00:59", None, id="before the skipped time"
        ),
        pytest.param(
            window("30 2 * * *", 1, "Europe/Paris"),
            "2026-03-29T01:00",
            "2026-03-29T02:00",
            id="a skipped time is the first that exists",
        ),
        pytest.param(
            window("30 2 * * *", 1, "Europe/Paris"),
            "2026-10-25T00:30",
            "2026-10-25T01:30",
            id="a doubled time fires at its first coming",
        ),
        pytest.param(
            window("30 2 * * *", 1, "Europe/Paris"),
            "2026-10-25T01:10",
            "2026-10-25T01:30",
            id="still open in the doubled hour",
        ),
        pytest.param(
            window("30 2 * * *", 1, "Europe/Paris"), "2026-10-25T01:30", None, id="not at its second coming"
        ),
        pytest.param(
            window("30 * * * *", 0.25, "Europe/Paris"),
            "2026-10-25T01:40",
            "2026-10-25T01:45",
            id="every hour means the doubled one twice",
        ),
    ],
)
def test_a_window_is_open_from_each_firing_for_its_duration(
    shape: Window, now: str, until: str | None
) -> None:
    assert shape.open_until(at(now)) == (at(until) if until else None)


@pytest.mark.parametrize(
    ("shape", "now", "opening"),
    [
        pytest.param(WORKDAY, "2026-03-02T08:59:59.5", "2026-03-02T09:00", id="in half a second"),
        pytest.param(WORKDAY, "2026-03-02T09:00", "2026-03-03T09:00", id="at an opening, the next one"),
        pytest.param(WORKDAY, "2026-03-06T18:00", "2026-03-09T09:00", id="over the weekend"),
        pytest.param(WEEKEND_IN_PARIS, "2026-03-25T00:00", "2026-03-27T15:00", id="winter time"),
        pytest.param(WEEKEND_IN_PARIS, "2026-03-30T00:00", "2026-04-03T14:00", id="summer time"),
        pytest.param(
            window("30 2 * * *", 1, "Europe/Paris"),
            "2026-10-25T01:10",
            "2026-10-26T01:30",
            id="never in the past, in the doubled hour",
        ),
        pytest.param(window("0 0 29 2 *", 1), "2026-03-01T00:00", "2028-02-29T00:00", id="leap day"),
    ],
)
def test_the_next_opening_is_strictly_later(shape: Window, now: str, opening: str) -> None:
    assert shape.next_opening(at(now)) == at(opening)


def test_a_schedule_that_never_fires_has_no_next_opening() -> None:
    assert NEVER.next_opening(at("2026-03-01T00:00")) is None
    assert NEVER.open_until(at("2026-03-01T00:00")) is None


@pytest.mark.parametrize(
    ("schedule", "hours", "zone", "message"),
    [
        pytest.param("0 9 * * *", 0, "UTC", "duration must be positive", id="no duration"),
        pytest.param("0 9 * * *", -1, "UTC", "duration must be positive", id="negative duration"),
        pytest.param("0 9 * * *", 24 * 367, "UTC", "at most 366 days", id="more than a year"),
        pytest.param("0 9 * * *", 1, "Europe/Atlantis", "time zone name", id="unknown zone"),
        pytest.param("0 9 * * *", 1, "../etc/passwd", "time zone name", id="a path for a zone"),
        pytest.param("0 9 * * *", 1, "", "time zone name", id="empty zone"),
        pytest.param("0 9 * *", 1, "UTC", "five fields", id="four fields"),
        pytest.param("0 0 9 * * *", 1, "UTC", "five fields", id="a field for seconds"),
        pytest.param("@daily", 1, "UTC", "five fields", id="a nickname"),
        pytest.param("0 25 * * *", 1, "UTC", "Bad hour", id="hour 25"),
        pytest.param("0 0 31 2 *", 1, "UTC", "Bad day-of-month", id="the 31st of February"),
    ],
)
def test_a_bad_window_is_refused_when_built(schedule: str, hours: float, zone: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        window(schedule, hours, zone)


NIGHT = window("0 22 * * *", 8, reason="night")
LUNCH = window("0 12 * * *", 1)
OFFICE = window("0 9 * * *", 8, kind=WindowKind.ALLOW, reason="office hours")
EVENING = window("0 18 * * *", 2, kind=WindowKind.ALLOW, reason="evening")


@pytest.mark.parametrize(
    ("windows", "now", "expected"),
    [
        pytest.param([], "2026-03-02T03:00", None, id="no windows allow"),
        pytest.param([NIGHT], "2026-03-02T12:00", None, id="a closed deny window allows"),
        pytest.param(
            [NIGHT],
            "2026-03-02T23:00",
            Closed("deny window 'night' is open", at("2026-03-03T06:00")),
            id="an open deny window forbids",
        ),
        pytest.param(
            [LUNCH],
            "2026-03-02T12:30",
            Closed("deny window '0 12 * * *' is open", at("2026-03-02T13:00")),
            id="without a reason the schedule is named",
        ),
        pytest.param(
            [LUNCH, window("0 11 * * *", 4, reason="freeze")],
            "2026-03-02T12:30",
            Closed("deny window 'freeze' is open", at("2026-03-02T15:00")),
            id="the deny window that lasts longest is named",
        ),
        pytest.param([OFFICE], "2026-03-02T09:00", None, id="an open allow window allows"),
        pytest.param(
            [OFFICE, EVENING],
            "2026-03-02T17:00",
            Closed("outside the allow window 'evening'", at("2026-03-02T18:00")),
            id="between allow windows the next one is named",
        ),
        pytest.param([OFFICE, EVENING], "2026-03-02T19:00", None, id="one of two allow windows suffices"),
        pytest.param(
            [OFFICE, LUNCH],
            "2026-03-02T12:00",
            Closed("deny window '0 12 * * *' is open", at("2026-03-02T13:00")),
            id="deny wins over allow",
        ),
        pytest.param([OFFICE, LUNCH], "2026-03-02T13:00", None, id="allow counts again when deny is over"),
        pytest.param(
            [NIGHT, OFFICE],
            "2026-03-02T20:00",
            Closed("outside the allow window 'office hours'", at("2026-03-03T09:00")),
            id="neither is open",
        ),
    ],
)
def test_deny_wins_then_allow_then_their_absence(
    windows: Sequence[Window], now: str, expected: Closed | None
) -> None:
    assert closed(windows, at(now)) == expected


def test_an_allow_window_that_never_opens_gives_no_time_to_ask_again() -> None:
    assert closed([NEVER], at("2026-03-02T00:00")) == Closed("no allow window ever opens", None)


ZONES = ["UTC", "Europe/Paris", "America/New_York", "America/Santiago", "Asia/Kolkata", "Africa/Cairo"]
windows_strategy = st.builds(
    Window,
    st.sampled_from(WindowKind),
    st.builds(
        "{} {} * * {}".format,
        st.sampled_from(["0", "15,45", "*/20", "30"]),
        st.sampled_from(["*", "2", "3,23", "0", "*/6"]),
        st.sampled_from(["*", "0", "1-5", "6"]),
    ),
    st.sampled_from([timedelta(minutes=7), HOUR, 5 * HOUR, 30 * HOUR, 64 * HOUR]),
    st.sampled_from(ZONES),
)
# The weeks around a change of clocks in each of the zones above, and an ordinary one.
instants = st.builds(
    lambda day, seconds: at(day) + timedelta(seconds=seconds),
    st.sampled_from(["2026-03-06", "2026-03-27", "2026-04-03", "2026-10-02", "2026-10-23", "2026-10-30"]),
    st.integers(0, 4 * 86400) | st.integers(0, 4 * 24 * 12).map(lambda fives: fives * 300),
)


@given(st.lists(windows_strategy, max_size=4), instants)
def test_closed_says_what_the_windows_say(windows: list[Window], now: datetime) -> None:
    denied = any(each.open_until(now) for each in windows if each.kind is WindowKind.DENY)
    allows = [each for each in windows if each.kind is WindowKind.ALLOW]
    is_open = not denied and (not allows or any(each.open_until(now) for each in allows))
    answer = closed(windows, now)
    assert (answer is None) == is_open
    assert answer is None or (answer.until is not None and answer.until > now)


@given(windows_strategy, instants)
def test_a_window_opens_at_its_next_opening_and_not_before(shape: Window, now: datetime) -> None:
    opening = shape.next_opening(now)
    assert opening is not None
    assert opening > now
    assert (shape.open_until(opening) or now) >= opening + shape.duration
    end = shape.open_until(now)
    just_before = opening - timedelta(seconds=1)
    assert shape.open_until(max(just_before, now)) == (end if end and end > max(just_before, now) else None)


@given(windows_strategy, instants)
def test_a_window_is_open_exactly_within_its_duration_of_a_wall_clock_firing(
    shape: Window, now: datetime
) -> None:
    """An oracle of its own: every minute of the last days, read on the zone's wall clock."""
    minute, hour, _, _, weekday = shape.schedule.split()
    zone = ZoneInfo(shape.time_zone)
    floor = now.replace(second=0, microsecond=0)
    minutes = (floor - timedelta(minutes=back) for back in range(int(shape.duration / HOUR * 60) + 1))
    firings = [when for when in minutes if _fires(when.astimezone(zone), minute, hour, weekday)]
    recent = [when for when in firings if now - when < shape.duration]
    if not _is_near_a_change_of_clocks(now - shape.duration, now, zone):
        assert (shape.open_until(now) is not None) == bool(recent)


def _fires(local: datetime, minute: str, hour: str, weekday: str) -> bool:
    days = {"*": range(7), "0": [6], "1-5": range(5), "6": [5]}[weekday]
    return local.weekday() in days and _matches(local.minute, minute, 60) and _matches(local.hour, hour, 24)


def _matches(value: int, field: str, size: int) -> bool:
    if field == "*":
        return True
    if field.startswith("*/"):
        return value in range(0, size, int(field[2:]))
    return str(value) in field.split(",")


def _is_near_a_change_of_clocks(start: datetime, end: datetime, zone: ZoneInfo) -> bool:
    day = timedelta(days=1)
    return (start - day).astimezone(zone).utcoffset() != (end + day).astimezone(zone).utcoffset()
