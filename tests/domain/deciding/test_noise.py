"""Against noise: windows, gathering, limits."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.domain.deciding.noise import quiet, recent
from bot.domain.pull_request.policy import Pace
from bot.domain.record import Gathering
from bot.domain.snapshot import Traffic
from bot.domain.window import Window, WindowKind
from tests.domain.deciding.situations import NOW

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
SHUT = (Window(WindowKind.DENY, "0 11 * * *", 3 * HOUR, reason="lunch"),)


def gathering(*, first: timedelta, last: timedelta) -> Gathering:
    return Gathering("0" * 12, NOW - first, NOW - last)


@pytest.mark.parametrize(
    ("pace", "gathers", "is_new", "words", "until"),
    [
        pytest.param(Pace(), gathering(first=0 * MINUTE, last=0 * MINUTE), True, None, None, id="no limit"),
        pytest.param(Pace(windows=SHUT), None, False, "lunch", NOW + 2 * HOUR, id="window, an update"),
        pytest.param(Pace(windows=SHUT), None, True, "lunch", NOW + 2 * HOUR, id="window, a new one"),
        pytest.param(
            Pace(debounce=2 * MINUTE),
            gathering(first=MINUTE, last=MINUTE),
            True,
            "gathers",
            NOW + MINUTE,
            id="a minute of quiet, two asked for",
        ),
        pytest.param(
            Pace(debounce=2 * MINUTE),
            gathering(first=9 * MINUTE, last=2 * MINUTE),
            True,
            None,
            None,
            id="two minutes of quiet",
        ),
        pytest.param(
            Pace(debounce=2 * MINUTE),
            gathering(first=9 * MINUTE, last=0 * MINUTE),
            True,
            "gathers",
            NOW + MINUTE,
            id="never for longer than five times",
        ),
        pytest.param(
            Pace(debounce=2 * MINUTE, longest_wait=3 * MINUTE),
            gathering(first=3 * MINUTE, last=0 * MINUTE),
            False,
            None,
            None,
            id="the longest wait is over",
        ),
        pytest.param(Pace(debounce=2 * MINUTE), None, False, None, None, id="written anew"),
        pytest.param(
            Pace(most_open=3), None, True, "3 open of at most 3", NOW + 5 * MINUTE, id="three are open"
        ),
        pytest.param(Pace(most_open=4), None, True, None, None, id="three are open, four may be"),
        pytest.param(Pace(most_open=3), None, False, None, None, id="an update is no new one"),
        pytest.param(
            Pace(per_hour=2), None, True, "2 opened of at most 2", NOW + 20 * MINUTE, id="two in an hour"
        ),
        pytest.param(
            Pace(per_hour=1), None, True, "2 opened of at most 1", NOW + 50 * MINUTE, id="more than one"
        ),
        pytest.param(Pace(per_hour=3), None, True, None, None, id="two in an hour, three may be"),
    ],
)
def test_a_proposal_waits(
    pace: Pace, gathers: Gathering | None, is_new: bool, words: str | None, until: datetime | None
) -> None:
    traffic = Traffic(3, (NOW - 61 * MINUTE, NOW - 40 * MINUTE, NOW - 10 * MINUTE))
    wait = quiet(pace, traffic, gathers, is_new=is_new, now=NOW)
    if words is None:
        assert wait is None
    else:
        assert wait is not None
        assert words in wait.reason
        assert wait.until == until


def test_only_the_last_hour_counts() -> None:
    times = (NOW + MINUTE, NOW, NOW - 59 * MINUTE, NOW - HOUR, NOW - 2 * HOUR)
    assert recent(times, NOW) == (NOW - 59 * MINUTE, NOW)


def test_what_was_gathered_is_not_gathered_anew_once_there_is_room() -> None:
    gathered, pace = gathering(first=9 * MINUTE, last=5 * MINUTE), Pace(most_open=3, debounce=2 * MINUTE)
    wait = quiet(pace, Traffic(3), gathered, is_new=True, now=NOW)
    assert wait is not None
    assert wait.gathering == gathered
