"""Whether Argo CD compared the Application since the merge, and when it is asked to do so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.rollout import VerdictWord
from tests.domain.rollout.rollout_world import (
    ABSENT,
    MERGED,
    NAME,
    NO_OPERATION,
    OLDER,
    OURS,
    OUT_OF_SYNC,
    RUNNING,
    Row,
    at,
    check,
    condition,
    multi,
    table,
    verdict_on,
)

W = VerdictWord

REFRESH_ROWS = [
    Row("no request yet", {}, W.REFRESHING, "asked to compare it with Git", followed={"refreshed": {}}),
    Row("compared before the request", {"status.reconciledAt": at(0)}, W.REFRESHING, "last compared"),
    Row("never compared", {"status.reconciledAt": ABSENT}, W.REFRESHING, "last compared never"),
    Row("no status at all", {"status": {}}, W.REFRESHING),
    Row("no status word", {"status.sync.status": ""}, W.REFRESHING, "not compared it yet"),
    Row(
        "other sources compared",
        {"status.sync.comparedTo.source.path": "envs/old"},
        W.REFRESHING,
        "sources of the Application changed",
    ),
    Row("nothing compared", {"status.sync.comparedTo": ABSENT}, W.REFRESHING, "changed after"),
    Row(
        "compared before the sync ended",
        {"status.reconciledAt": at(19)},
        W.REFRESHING,
        "since the sync ended",
    ),
    Row(
        "branch name for a revision",
        {"status.sync.revision": "main"},
        W.REFRESHING,
        "not resolved the branch",
    ),
    Row("shortened revision", {"status.sync.revision": OURS[:12]}, W.REFRESHING, "not resolved the branch"),
    Row("one revision for two sources", multi([OURS]), W.REFRESHING, "not resolved the branch"),
    Row(
        "with an error to tell",
        {"status.reconciledAt": at(0), **condition("ComparisonError", "no access")},
        W.REFRESHING,
        "ComparisonError: no access; last compared",
    ),
    Row(
        "with an error to tell at the first look",
        condition("ComparisonError", "no access"),
        W.REFRESHING,
        "ComparisonError: no access; Argo CD is asked",
        followed={"refreshed": {}},
    ),
    Row(
        "stuck past its deadline",
        {"status.reconciledAt": at(0)},
        W.TIMED_OUT,
        "still Refreshing after 10 min: last compared",
        failed=True,
        followed={"hard_refreshed": {NAME: MERGED + timedelta(minutes=3)}},
        now=MERGED + timedelta(minutes=10),
    ),
]

COMPARE_ROWS = [
    Row("invalid spec", condition("InvalidSpecError"), W.COMPARE_ERROR, "InvalidSpecError: why"),
    Row("comparison error", condition("ComparisonError"), W.COMPARE_ERROR, "ComparisonError: why"),
    Row("unknown error", condition("UnknownError"), W.COMPARE_ERROR, "UnknownError: why"),
    Row("sync status unknown", {"status.sync.status": "Unknown"}, W.COMPARE_ERROR, "sync status is Unknown"),
    Row(
        "sync status of a later Argo CD", {"status.sync.status": "Odd"}, W.COMPARE_ERROR, "sync status is Odd"
    ),
    Row(
        "error that leaves a branch name",
        {"status.sync.revision": "main", **condition("ComparisonError")},
        W.COMPARE_ERROR,
        "ComparisonError",
    ),
    Row(
        "too long",
        condition("ComparisonError", "chart not found"),
        W.TIMED_OUT,
        "still CompareError after 7 min: ComparisonError: chart not found",
        failed=True,
        followed={"hard_refreshed": {NAME: MERGED + timedelta(minutes=3)}},
        now=MERGED + timedelta(minutes=7),
    ),
    Row("warnings fail nothing", condition("OrphanedResourceWarning"), W.LIVE, is_final=True),
]


@table(refresh=REFRESH_ROWS, compare=COMPARE_ROWS)
def test_each_state_has_its_word(row: Row) -> None:
    check(row)


def test_a_refresh_is_asked_for_once() -> None:
    assert verdict_on({}, refreshed={}).needs_refresh == "normal"
    assert verdict_on({"status.reconciledAt": at(0)}, now=MERGED + timedelta(minutes=1)).needs_refresh is None


def test_a_request_older_than_the_merge_is_repeated_but_not_in_a_hurry() -> None:
    asked = {NAME: MERGED - timedelta(seconds=20)}
    stale = {"status.reconciledAt": at(-30)}
    assert verdict_on(stale, now=MERGED + timedelta(seconds=5), refreshed=asked).needs_refresh is None
    assert verdict_on(stale, now=MERGED + timedelta(seconds=15), refreshed=asked).needs_refresh == "normal"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"status.reconciledAt": at(0)}, id="not compared"),
        pytest.param({"status.sync.revision": OLDER, **NO_OPERATION}, id="not contained"),
        pytest.param(condition("ComparisonError"), id="compare error"),
    ],
)
def test_a_stall_is_met_by_one_hard_refresh_at_half_the_deadline(changes: Mapping[str, Any]) -> None:
    half = MERGED + timedelta(seconds=2) + timedelta(minutes=2.5)
    assert verdict_on(changes, now=half - timedelta(seconds=1)).needs_refresh is None
    assert verdict_on(changes, now=half).needs_refresh == "hard"
    assert verdict_on(changes, now=half, hard_refreshed={NAME: half}).needs_refresh is None


def test_no_refresh_is_asked_for_while_a_sync_runs() -> None:
    verdict = verdict_on({**OUT_OF_SYNC, **RUNNING}, now=MERGED + timedelta(minutes=9))
    assert (verdict.word, verdict.needs_refresh) == (W.SYNCING, None)


def test_one_second_of_skew_is_allowed_between_request_and_comparison() -> None:
    """Argo CD cuts its times off to whole seconds."""
    asked = {NAME: MERGED + timedelta(seconds=62.9)}
    assert verdict_on({"status.reconciledAt": at(62)}, refreshed=asked).word is W.LIVE
    assert verdict_on({"status.reconciledAt": at(61)}, refreshed=asked).word is W.REFRESHING


def test_refreshes_of_another_application_prove_nothing() -> None:
    asked = {"main/other": MERGED + timedelta(seconds=2)}
    assert verdict_on({}, refreshed=asked).word is W.REFRESHING
