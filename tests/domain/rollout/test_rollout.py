"""What is asked before a verdict, the verdict on an environment, and when to look again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.rollout import (
    RolloutVerdict,
    VerdictWord,
    asks_sync_window,
    environment_verdict,
    judge,
    next_look,
    revisions_to_relate,
)
from bot.domain.snapshot import ApplicationView, Problem
from tests.domain.rollout.rollout_world import (
    ABSENT,
    APPLICATION,
    ELSEWHERE,
    FOLLOWED,
    HYDRATED,
    LATER,
    MERGED,
    NOW,
    OLDER,
    OUT_OF_SYNC,
    VALUES,
    changed,
    hydrated,
    multi,
)
from tests.domain.rollout.test_containment import CONTAINMENT_ROWS, TRACKING_ROWS
from tests.domain.rollout.test_health import HEALTH_ROWS
from tests.domain.rollout.test_refresh import COMPARE_ROWS, REFRESH_ROWS
from tests.domain.rollout.test_sync import OPERATION_ROWS, SYNC_ROWS

W = VerdictWord

ROWS = (
    *REFRESH_ROWS,
    *TRACKING_ROWS,
    *COMPARE_ROWS,
    *CONTAINMENT_ROWS,
    *OPERATION_ROWS,
    *SYNC_ROWS,
    *HEALTH_ROWS,
)


def test_every_word_is_given_by_some_row() -> None:
    tabled = {row.word for row in ROWS}
    elsewhere = {W.APP_DELETED, W.UNREACHABLE, W.SYNCED_NOT_OBSERVED, W.LIVE_BUT_OVERWRITTEN}
    assert tabled | elsewhere == set(VerdictWord)
    assert tabled.isdisjoint(elsewhere)


def test_an_absent_application_is_deleted() -> None:
    verdict = judge(ApplicationView(APPLICATION, None), FOLLOWED, now=NOW)
    assert (verdict.word, verdict.is_final, verdict.failed) == (W.APP_DELETED, True, True)
    assert verdict.reason == "Argo CD has no Application web-dev"


def test_what_could_not_be_asked_is_unreachable_and_never_deleted() -> None:
    problem = Problem("Argo CD did not answer", "timeout", "looked at again soon")
    verdict = judge(ApplicationView(APPLICATION, None, problem=problem), FOLLOWED, now=NOW)
    assert (verdict.word, verdict.is_final, verdict.failed, verdict.is_live) == (
        W.UNREACHABLE,
        False,
        False,
        False,
    )
    assert verdict.reason == str(problem)


def test_only_commits_of_our_sources_are_related() -> None:
    app = changed(multi([ELSEWHERE, LATER]))
    app["status"]["operationState"]["syncResult"]["revisions"] = [ELSEWHERE, OLDER]
    assert revisions_to_relate(app, FOLLOWED) == (LATER, OLDER)


def test_our_commit_and_what_is_no_commit_need_no_question() -> None:
    assert revisions_to_relate(changed({}), FOLLOWED) == ()
    assert revisions_to_relate(changed({"status.sync.revision": "main"}), FOLLOWED) == ()


def test_a_hydrated_application_is_related_by_its_dry_commit() -> None:
    assert revisions_to_relate(changed(hydrated(dry=LATER, synced=HYDRATED)), FOLLOWED) == (LATER,)


def test_a_hostile_number_of_revisions_is_cut() -> None:
    many = [f"{number:040x}" for number in range(1000)]
    app = changed({"spec.sources": [VALUES] * 1000, "status.sync.revisions": many})
    assert len(revisions_to_relate(app, FOLLOWED)) == 20


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, False, id="synced"),
        pytest.param(OUT_OF_SYNC, True, id="out of sync"),
        pytest.param({**OUT_OF_SYNC, "spec.syncPolicy": ABSENT}, False, id="no auto-sync"),
    ],
)
def test_windows_matter_only_to_auto_sync_that_is_due(changes: Mapping[str, Any], expected: bool) -> None:
    assert asks_sync_window(changed(changes)) is expected


def verdict_with(word: VerdictWord, **flags: bool) -> RolloutVerdict:
    return RolloutVerdict(word, "why", **flags)  # type: ignore[arg-type]


LIVE = verdict_with(W.LIVE, is_live=True, is_final=True)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        pytest.param([LIVE, LIVE], W.LIVE, id="all live"),
        pytest.param([LIVE, verdict_with(W.PROGRESSING)], W.PROGRESSING, id="one on its way"),
        pytest.param([verdict_with(W.UNREACHABLE), LIVE], W.UNREACHABLE, id="one not reached"),
        pytest.param(
            [verdict_with(W.UNREACHABLE), verdict_with(W.TIMED_OUT, failed=True)],
            W.TIMED_OUT,
            id="failed is worse",
        ),
        pytest.param(
            [verdict_with(W.DEGRADED), verdict_with(W.DELETING, failed=True)],
            W.DELETING,
            id="failed beats rank",
        ),
        pytest.param(
            [LIVE, verdict_with(W.SYNCED_NOT_OBSERVED, is_live=True)],
            W.SYNCED_NOT_OBSERVED,
            id="remarked live",
        ),
        pytest.param([LIVE, verdict_with(W.LIVE_BUT_OVERWRITTEN)], W.LIVE_BUT_OVERWRITTEN, id="overwritten"),
    ],
)
def test_an_environment_is_as_good_as_its_worst_application(
    verdicts: list[RolloutVerdict], expected: VerdictWord
) -> None:
    for order in (verdicts, verdicts[::-1]):
        worst = environment_verdict(order)
        assert worst is not None
        assert worst.word is expected


def test_an_environment_without_applications_has_no_verdict() -> None:
    assert environment_verdict([]) is None


@pytest.mark.parametrize(
    ("age", "wait"),
    [
        pytest.param(-30, 2, id="clock of the forge is ahead"),
        pytest.param(0, 2, id="just merged"),
        pytest.param(16, 2, id="16 s"),
        pytest.param(80, 10, id="80 s"),
        pytest.param(480, 60, id="8 min"),
        pytest.param(86400, 60, id="a day"),
    ],
)
def test_looks_grow_rarer_with_the_age_of_the_merge(age: int, wait: int) -> None:
    assert next_look(MERGED, MERGED + timedelta(seconds=age)) == timedelta(seconds=wait)


def test_a_verdict_reads_as_one_line() -> None:
    verdict = RolloutVerdict(W.LIVE, "synced and healthy", remark="1.1.0 still runs beside it")
    assert str(verdict) == "Live: synced and healthy (1.1.0 still runs beside it)"
