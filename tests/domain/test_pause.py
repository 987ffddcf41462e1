"""Pauses after faults double, and have an end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.pause import FIRST_PAUSE, LONGEST_PAUSE, pause

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def test_pauses_double_from_fifteen_seconds_to_five_minutes() -> None:
    now, pauses = START, []
    for _ in range(8):
        pauses.append(pause(START, now))
        now += pauses[-1]
    assert [each.total_seconds() for each in pauses] == [15, 15, 30, 60, 120, 240, 300, 300]


def test_the_first_fault_has_the_shortest_pause() -> None:
    assert pause(None, START) == FIRST_PAUSE


def test_what_the_other_side_wishes_is_kept_however_long() -> None:
    assert pause(None, START, wish=timedelta(hours=2)) == timedelta(hours=2)
    assert pause(None, START, wish=timedelta(seconds=1)) == FIRST_PAUSE


@given(
    gone=st.timedeltas(timedelta(-1), timedelta(days=9)), wish=st.timedeltas(timedelta(0), timedelta(hours=9))
)
def test_a_pause_is_never_shorter_than_the_first_nor_longer_than_the_longest_or_the_wish(
    gone: timedelta, wish: timedelta
) -> None:
    found = pause(START, START + gone, wish=wish)
    assert max(FIRST_PAUSE, wish) <= found <= max(LONGEST_PAUSE, wish)
