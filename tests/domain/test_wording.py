"""The words of a pull request."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain import wording
from bot.domain.image import ImageRef, Release
from bot.domain.promotion import Proof
from bot.domain.proposal import withdrawn
from tests.domain.situations import HEAD, NOW, PROD, WEB, digest, pipeline, pull_request, release

PROOFS = (Proof("staging", NOW - timedelta(hours=3), HEAD),)


def body() -> str:
    return wording.body(pipeline(), PROD, before=release("1.0.0"), after=release("1.1.0"), proofs=PROOFS)


def test_the_branch_is_named_by_pipeline_and_environment_alone() -> None:
    assert wording.branch_of(pipeline(), PROD) == "tagboat/shop/prod"


def test_the_title_says_what_changes_from_what_to_what() -> None:
    title = wording.title(pipeline(), PROD, before=release("1.0.0"), after=release("1.1.0"))
    assert title == "shop prod: web 1.0.0 → 1.1.0"


def test_a_moved_tag_is_told_apart_by_its_digests() -> None:
    before = Release.of({"web": ImageRef(WEB, "stable", digest("one"))})
    after = Release.of({"web": ImageRef(WEB, "stable", digest("two"))})
    title = wording.title(pipeline(), PROD, before=before, after=after)
    assert title == "shop prod: web stable (6f6e65000000 → 74776f000000)"


def test_many_images_are_counted_in_the_title() -> None:
    before = Release.of({name: ImageRef(WEB, "1.0.0") for name in "abcd"})
    after = Release.of({name: ImageRef(WEB, "1.1.0") for name in "abcd"})
    assert wording.title(pipeline(), PROD, before=before, after=after) == "shop prod: 4 images"


def test_the_body_says_where_the_image_comes_from_what_was_proved_and_what_comes_next() -> None:
    text = body()
    assert "| `web` | `ghcr.io/acme/web` | `1.0.0` | `1.1.0` | `312e312e3000` |" in text
    assert "- staging: live since 2026-11-20 09:00 UTC at commit dddddddddddd, soaked for at least 2h" in text
    assert "A human merges this" in text
    assert "`envs/prod/values.yaml`" in text


def test_the_body_names_its_release_for_tagboat_to_find_again() -> None:
    pull = pull_request("1.1.0", body=body())
    assert pull.release_key == release("1.1.0").key
    assert pull.is_withdrawn is False
    closed = pull_request("1.1.0", body=withdrawn(body()))
    assert (closed.release_key, closed.is_withdrawn) == (release("1.1.0").key, True)


def test_a_body_that_a_human_rewrote_names_no_release() -> None:
    assert pull_request("1.1.0", body="all mine").release_key is None


def test_the_commit_message_opens_with_the_title_and_names_the_digest() -> None:
    message = wording.message(
        pipeline(), PROD, before=release("1.0.0"), after=release("1.1.0"), proofs=PROOFS
    )
    lines = message.splitlines()
    assert lines[:2] == ["shop prod: web 1.0.0 → 1.1.0", ""]
    assert f"  {digest('1.1.0')}" in lines
    assert "Live in staging since 2026-11-20 09:00 UTC (commit dddddddddddd)." in lines


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
    assert wording.span(length) == text
