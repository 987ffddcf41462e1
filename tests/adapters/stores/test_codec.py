"""Values come back from JSON as they went in; other versions' values are read as far as they can be."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters.stores import codec
from bot.domain.errors import Malformed
from bot.domain.notice import Notice
from bot.domain.pipeline import Deadlines
from bot.domain.pull_request.proposal import PullRequest
from bot.domain.record import Record
from bot.domain.status import PipelineStatus

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_TIMES = st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1))
for _kind, _strategy in ((str, _TEXT), (datetime, _TIMES)):
    st.register_type_strategy(_kind, _strategy)


@pytest.mark.parametrize("kind", [Record, PipelineStatus, Notice, PullRequest, Deadlines])
def test_what_is_written_is_read_back(kind: type) -> None:
    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.from_type(kind))
    def holds(value: object) -> None:
        assert codec.decode(codec.encode(value), kind) == value

    holds()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.dictionaries(_TEXT, _JSON, max_size=3), max_size=3))
def test_facts_of_any_shape_are_read_back(facts: list[dict[str, object]]) -> None:
    assert codec.decode(codec.encode(facts), list) == facts


@settings(deadline=None)
@given(st.text(st.characters(), max_size=20))
def test_any_text_fits_a_database(text: str) -> None:
    stored = codec.encode({"text": text, "list": [text]})
    assert "\0" not in stored
    assert stored.encode()


def test_times_keep_their_microseconds_and_zone() -> None:
    moment = datetime(2026, 3, 1, 12, 0, 0, 1, tzinfo=UTC)
    read = codec.decode(codec.encode(moment), datetime)
    assert (read, read.utcoffset()) == (moment, timedelta(0))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"environments":{},"from_the_future":[{"x":1}]}', Record()),
        ("{}", Record()),
    ],
    ids=["a field that is unknown", "a field that is missing"],
)
def test_another_versions_value_is_read(text: str, expected: Record) -> None:
    assert codec.decode(text, Record) == expected


@pytest.mark.parametrize("text", ["", "{", "[]", '{"environments":7}', "null", '{"environments":{"dev":[]}}'])
def test_what_does_not_fit_says_so(text: str) -> None:
    with pytest.raises(Malformed, match=r"a stored Record cannot be read: .* newer one"):
        codec.decode(text, Record)


@pytest.mark.parametrize(
    ("key", "is_kept"),
    [
        ("72d3162e-cc78-11e3-81ab-4c9367dc0958", True),
        ("k" * 200, True),
        ("k" * 201, False),
        ("é", False),
        ("a\nb", False),
        ("\0", False),
        ("\ud800", False),
    ],
)
def test_only_short_plain_keys_are_kept_as_they_are(key: str, is_kept: bool) -> None:
    stored = codec.compact(key)
    assert (stored == key) is is_kept
    assert len(stored) <= 200
    assert set(stored) <= set(string.printable)


def test_a_value_of_no_known_kind_is_not_stored() -> None:
    with pytest.raises(NotImplementedError, match="a object cannot be stored"):
        codec.encode(object())


def test_text_for_a_column_is_cut_and_cleaned() -> None:
    assert codec.legible("a\0b\ud800c" + "d" * 100, 6) == "ab?cdd"
