"""What stands in the files, and how the memory of deployments follows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import NotFound
from bot.domain.image import ImageRef, Release
from bot.domain.pull_request.proposal import PullRequestState
from bot.domain.record import EnvironmentRecord
from bot.domain.rollout.deployment import agrees, complete, track, written
from tests.domain.deciding.situations import (
    BASE,
    DEV,
    NOW,
    WEB,
    deployment,
    digest,
    pipeline,
    pull_request,
    release,
    values,
)

MERGED = "e" * 40


def found(tag: str) -> Release:
    return Release.of({"web": ImageRef(WEB, tag)})


def test_what_stands_in_the_file_is_read_with_the_image_s_own_name() -> None:
    assert written(pipeline(DEV), DEV, {"envs/dev/values.yaml": values("1.0.0")}) == found("1.0.0")


def test_a_file_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound, match=r"envs/dev/values\.yaml is not in acme/infra"):
        written(pipeline(DEV), DEV, {"envs/dev/values.yaml": None})


@pytest.mark.parametrize(
    ("known", "seen", "same"),
    [
        pytest.param(release("1.0.0"), found("1.0.0"), True, id="the file keeps no digest"),
        pytest.param(release("1.0.0"), release("1.0.0"), True, id="same digest"),
        pytest.param(release("1.0.0"), found("1.1.0"), False, id="other tag"),
        pytest.param(
            release("1.0.0"),
            Release.of({"web": ImageRef(WEB, "1.0.0", digest("other"))}),
            False,
            id="same tag, other digest",
        ),
        pytest.param(found("1.0.0"), release("1.0.0"), False, id="a digest that is not known"),
        pytest.param(release("1.0.0"), Release.of({}), False, id="other images"),
    ],
)
def test_a_digest_counts_only_where_the_file_keeps_one(known: Release, seen: Release, same: bool) -> None:
    assert agrees(known, seen) is same


def test_digests_that_the_file_does_not_keep_come_from_what_is_known() -> None:
    assert complete(found("1.1.0"), [release("1.0.0"), release("1.1.0")]) == release("1.1.0")
    assert complete(found("9.9.9"), [release("1.0.0")]) == found("9.9.9")


def test_the_first_look_remembers_what_was_there_before() -> None:
    record = track(
        EnvironmentRecord(), found("1.0.0"), pull_requests=(), known=[release("1.0.0")], base=BASE, now=NOW
    )
    assert record.current is not None
    assert (record.current.commit, record.current.is_initial) == (BASE, True)
    assert record.current.release == release("1.0.0")


def test_a_merged_pull_request_gives_the_merge_commit_and_the_proposed_digest() -> None:
    pull = pull_request(
        "1.1.0", state=PullRequestState.MERGED, merge_commit=MERGED, merged_at=NOW - timedelta(minutes=1)
    )
    before = EnvironmentRecord((deployment("1.0.0", live_for=timedelta(hours=1)),), release("1.1.0"))
    record = track(before, found("1.1.0"), pull_requests=(pull,), known=(), base=BASE, now=NOW)
    assert record.current is not None
    assert (record.current.commit, record.current.pull_request) == (MERGED, 7)
    assert record.current.merged_at == NOW - timedelta(minutes=1)
    assert record.current.release == release("1.1.0")
    assert record.deployments[0].live_until == NOW


def test_a_commit_by_hand_is_a_deployment_at_the_commit_where_it_was_seen() -> None:
    older = pull_request("1.1.0", state=PullRequestState.MERGED, merge_commit=MERGED)
    before = EnvironmentRecord((deployment("1.1.0"),))
    record = track(before, found("1.0.5"), pull_requests=(older,), known=(), base=BASE, now=NOW)
    assert record.current is not None
    assert (record.current.commit, record.current.pull_request) == (BASE, None)
    assert record.current.is_initial is False


def test_an_unchanged_file_changes_nothing_however_far_the_branch_moves() -> None:
    before = EnvironmentRecord((deployment("1.0.0"),))
    assert track(before, found("1.0.0"), pull_requests=(), known=(), base="9" * 40, now=NOW) is before


def test_memory_is_bounded() -> None:
    record = EnvironmentRecord()
    for number in range(50):
        record = track(record, found(f"1.0.{number}"), pull_requests=(), known=(), base=BASE, now=NOW)
    assert len(record.deployments) == 30
    assert record.current is not None
    assert record.current.release == found("1.0.49")
    assert replace(record, proposed=None) == record
