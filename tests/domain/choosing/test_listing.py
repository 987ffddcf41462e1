"""When a list of tags is too poor to be believed, and what single answers change in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.choosing.listing import GRACE, Listing, amended, doubt, is_believed, lacks_most, united

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
DIGEST = f"sha256:{'a' * 64}"
OTHER = f"sha256:{'b' * 64}"

_LISTINGS = st.lists(st.sampled_from([f"t{number}" for number in range(12)]), unique=True).map(
    lambda tags: Listing(tuple(tags))
)


def numbered(count: int, *, start: int = 0) -> Listing:
    """So many tags."""
    return Listing(tuple(f"1.{number}.0" for number in range(start, start + count)))


@pytest.mark.parametrize(
    ("answer", "known", "is_fault"),
    [
        pytest.param(numbered(0), numbered(1), True, id="the only tag is gone"),
        pytest.param(numbered(0), numbered(0), False, id="nothing was known"),
        pytest.param(numbered(4), numbered(9), True, id="five of nine"),
        pytest.param(numbered(4), numbered(8), False, id="four of eight"),
        pytest.param(numbered(1), numbered(5), False, id="four of five: tidied by hand"),
        pytest.param(numbered(5), numbered(10), False, id="half"),
        pytest.param(numbered(4), numbered(10), True, id="more than half"),
        pytest.param(numbered(9, start=6), numbered(10), True, id="most replaced by new ones"),
        pytest.param(numbered(100), numbered(10), False, id="nothing is lost"),
    ],
)
def test_an_answer_that_lacks_most_is_taken_for_a_fault(
    answer: Listing, known: Listing, is_fault: bool
) -> None:
    assert lacks_most(answer, known=known) is is_fault


@given(answer=_LISTINGS, known=_LISTINGS)
def test_an_answer_that_has_all_that_is_known_is_never_a_fault(answer: Listing, known: Listing) -> None:
    assert not lacks_most(Listing(united(known, answer)), known=known)


@given(known=_LISTINGS, doubtful=st.none() | _LISTINGS)
def test_one_chooses_among_all_tags_that_either_answer_names(
    known: Listing, doubtful: Listing | None
) -> None:
    tags = united(known, doubtful)
    assert set(tags) == {*known.tags, *(doubtful.tags if doubtful else ())}
    assert len(tags) == len(set(tags))


def test_a_poor_answer_is_believed_after_a_day() -> None:
    assert not is_believed(since=NOW, now=NOW + GRACE - timedelta(seconds=1))
    assert is_believed(since=NOW, now=NOW + GRACE)


def test_a_doubt_says_what_is_missing_and_until_when_it_is_doubted() -> None:
    said = doubt(numbered(10), numbered(2), since=NOW)
    assert "lists 2 of the 10 tags that it had" in said
    assert "believed from 2026-11-21 09:00 UTC on" in said
    assert "lists none of the 10" in doubt(numbered(10), Listing(()), since=NOW)


def test_single_answers_add_tags_and_take_them_away() -> None:
    listing = Listing(("a", "b"), "etag", {"a": DIGEST, "b": DIGEST})
    changed = amended(listing, present={"a": OTHER, "c": OTHER}, gone=["b"])
    assert changed.tags == ("a", "c")
    assert changed.digests == {"a": OTHER}
    assert changed.validator is None, "the host's mark was that of another state"


def test_an_answer_that_changes_no_tag_keeps_the_host_s_mark() -> None:
    listing = Listing(("a", "b"), "etag", {"a": DIGEST})
    assert amended(listing, present={"a": OTHER}, gone=["z"]) == Listing(("a", "b"), "etag", {"a": OTHER})


@given(listing=_LISTINGS, present=_LISTINGS, gone=_LISTINGS)
def test_what_is_present_is_listed_once_and_what_is_gone_is_not(
    listing: Listing, present: Listing, gone: Listing
) -> None:
    missing = set(gone.tags) - set(present.tags)
    changed = amended(listing, present=dict.fromkeys(present.tags, DIGEST), gone=missing)
    assert set(changed.tags) == (set(listing.tags) | set(present.tags)) - missing
    assert len(changed.tags) == len(set(changed.tags))
