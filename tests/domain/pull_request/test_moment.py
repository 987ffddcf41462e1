"""Times as a pull request says them."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.pull_request.moment import minute, span


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(hours=2), "2h"),
        (timedelta(days=1, hours=12), "1d12h"),
        (timedelta(seconds=90), "1m30s"),
        (timedelta(0), "0s"),
    ],
)
def test_a_length_of_time_reads_as_the_configuration_writes_it(length: timedelta, text: str) -> None:
    assert span(length) == text


def test_a_moment_is_told_in_utc_wherever_it_comes_from() -> None:
    assert (
        minute(datetime(2026, 11, 20, 10, 5, 59, tzinfo=ZoneInfo("Europe/Paris"))) == "2026-11-20 09:05 UTC"
    )
