"""Lengths of time: Go's syntax with days."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.configuration.duration import PATTERN, parse_duration
from bot.domain.pull_request.moment import span


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("2h", timedelta(hours=2)),
        ("1h30m", timedelta(minutes=90)),
        ("64h", timedelta(hours=64)),
        ("3d", timedelta(days=3)),
        ("1d12h", timedelta(hours=36)),
        ("1.5h", timedelta(minutes=90)),
        ("250ms", timedelta(milliseconds=250)),
        ("1500us", timedelta(microseconds=1500)),
        ("1500µs", timedelta(microseconds=1500)),
        ("3000ns", timedelta(microseconds=3)),
        ("0s", timedelta(0)),
        ("3650d", timedelta(days=3650)),
    ],
)
def test_a_length_of_time_is_read(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("300", "add the unit: 300s or 300m"),
        ("0", "add the unit: 0s or 0m"),
        ("", "write 90s"),
        ("-5m", "write 90s"),
        ("5 m", "write 90s"),
        ("5w", "write 90s"),
        ("h", "write 90s"),
        ("1h30", "write 90s"),
        (".5h", "write 90s"),
        ("٥m", "write 90s"),
        ("PT5M", "write 90s"),
        ("3651d", "write a shorter time"),
        ("9" * 38 + "d", "write a shorter time"),
        ("9" * 1000 + "d", "write 90s"),
    ],
)
def test_what_is_no_length_of_time_is_refused_with_the_fix(text: str, fix: str) -> None:
    with pytest.raises(ValueError, match=re.escape(fix)) as caught:
        parse_duration(text)
    assert len(str(caught.value)) < 200


@given(st.integers(0, 3650 * 86400))
def test_what_is_shown_is_read_back(seconds: int) -> None:
    length = timedelta(seconds=seconds)
    assert parse_duration(span(length)) == length


@given(st.text("0123456789.smhdun", max_size=12))
def test_the_schema_accepts_what_the_loader_reads(text: str) -> None:
    assert (re.fullmatch(PATTERN, text) is not None) == _is_read(text)


def _is_read(text: str) -> bool:
    try:
        parse_duration(text)
    except ValueError as error:
        return "longer than ten years" in str(error)
    return True
