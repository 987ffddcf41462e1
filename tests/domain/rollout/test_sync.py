"""The upper rows of the verdict table: from an Application that is not there to one that is out of sync."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.rollout import (
    VerdictWord,
    judge,
)
from bot.domain.snapshot import SyncWindowState
from tests.domain.rollout.rollout_world import (
    ABSENT,
    ELSEWHERE,
    FOLLOWED,
    HYDRATED,
    LATER,
    MERGED,
    NAME,
    NO_OPERATION,
    NOW,
    OLDER,
    OURS,
    OUT_OF_SYNC,
    Row,
    at,
    check,
    condition,
    hydrated,
    multi,
    verdict_on,
    view_of,
)

W = VerdictWord

RUNNING = {"status.operationState.phase": "Running", "status.operationState.finishedAt": ABSENT}


OLDER_OPERATION = {
    "status.operationState.operation": {"sync": {"revision": OLDER}, "initiatedBy": {"username": "ann"}},
    "status.operationState.syncResult.revision": OLDER,
}


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


TRACKING_ROWS = [
    Row(
        "deletion timestamp", {"metadata.deletionTimestamp": at(0)}, W.DELETING, "being deleted", failed=True
    ),
    Row("deletion error", condition("DeletionError"), W.DELETING, "DeletionError: why", failed=True),
    Row(
        "other repository",
        {"spec.source.repoURL": "https://github.com/acme/other"},
        W.NOT_TRACKING,
        "no source of the Application is our repository, only https://github.com/acme/other",
        is_final=True,
        failed=True,
    ),
    Row(
        "fixed tag without the commit",
        {"spec.source.targetRevision": "v1.0.0", "status.sync.revision": OLDER},
        W.NOT_TRACKING,
        "follows v1.0.0, not our branch main",
        is_final=True,
        failed=True,
    ),
    Row(
        "HEAD when our branch is not the default one",
        {"status.sync.revision": ELSEWHERE},
        W.NOT_TRACKING,
        "follows HEAD, not our branch main",
        is_final=True,
        failed=True,
        followed={"is_default_branch": False},
    ),
    Row(
        "chart in an OCI registry of the same address",
        {"spec.source.chart": "web"},
        W.NOT_TRACKING,
        is_final=True,
        failed=True,
    ),
    Row("no source", {"spec.source": ABSENT}, W.REFRESHING, "cannot be read at spec.source"),
    Row("source of a wrong type", {"spec.source": "main"}, W.REFRESHING, "cannot be read at spec.source"),
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


CONTAINMENT_ROWS = [
    Row(
        "rollback after live",
        {**OUT_OF_SYNC, **OLDER_OPERATION},
        W.ROLLED_BACK,
        "a sync by hand put cccccccccccc in the place",
        is_final=True,
        failed=True,
        followed={"was_live": True},
    ),
    Row("sync by hand before live", {**OUT_OF_SYNC, **OLDER_OPERATION}, W.ROLLED_BACK, "a sync by hand"),
    Row(
        "branch went back after live",
        {"status.sync.revision": OLDER},
        W.ROLLED_BACK,
        "Argo CD went to cccccccccccc, which lacks our commit",
        followed={"was_live": True},
    ),
    Row(
        "old rollback, no operation needed since",
        {
            **OLDER_OPERATION,
            "status.operationState.startedAt": at(-900),
            "status.operationState.finishedAt": at(-890),
        },
        W.LIVE,
        is_final=True,
    ),
    Row(
        "older revision", {"status.sync.revision": OLDER, **NO_OPERATION}, W.PENDING, "older than our commit"
    ),
    Row("other branch line", {"status.sync.revision": ELSEWHERE}, W.PENDING, "does not contain our commit"),
    Row(
        "unknown commit",
        {"status.sync.revision": "f" * 40},
        W.PENDING,
        "not known whether ffffffffffff contains",
    ),
    Row(
        "older revision, sync retried",
        {"status.sync.revision": OLDER, **RUNNING, "status.operationState.message": "hook fails"},
        W.PENDING,
        "a sync runs: hook fails",
    ),
    Row(
        "too long",
        {"status.sync.revision": OLDER, **NO_OPERATION},
        W.TIMED_OUT,
        "still Pending after 7 min",
        failed=True,
        followed={"hard_refreshed": {NAME: MERGED + timedelta(minutes=3)}},
        now=MERGED + timedelta(minutes=7),
    ),
    Row("later commit", {"status.sync.revision": LATER}, W.LIVE, is_final=True),
    Row(
        "our branch by name",
        {"spec.source.targetRevision": "main", "status.sync.comparedTo.source.targetRevision": "main"},
        W.LIVE,
        is_final=True,
    ),
    Row(
        "our branch by full ref",
        {
            "spec.source.targetRevision": "refs/heads/main",
            "status.sync.comparedTo.source.targetRevision": "refs/heads/main",
        },
        W.LIVE,
        is_final=True,
    ),
    Row(
        "other branch that holds the commit",
        {
            "spec.source.targetRevision": "release",
            "status.sync.comparedTo.source.targetRevision": "release",
            "status.sync.revision": LATER,
        },
        W.LIVE,
        is_final=True,
    ),
    Row("chart with our values", multi(["1.4.2", OURS]), W.LIVE, is_final=True),
    Row("chart with older values", multi(["1.4.2", OLDER]), W.PENDING, "older than our commit"),
    Row("chart with a branch name", multi(["1.4.2", "main"]), W.REFRESHING, "not resolved the branch"),
    Row("hydrated", hydrated(dry=OURS, synced=HYDRATED), W.LIVE, is_final=True),
    Row("later commit hydrated", hydrated(dry=LATER, synced=HYDRATED), W.LIVE, is_final=True),
    Row("hydrated, older one synced", hydrated(dry=OURS, synced=OLDER), W.PENDING, "not hydrated yet"),
    Row(
        "hydration fails",
        hydrated(
            dry=OLDER,
            synced=HYDRATED,
            **{"status.sourceHydrator.currentOperation": {"phase": "Failed", "message": "no push"}},
        ),
        W.PENDING,
        "our commit is not hydrated yet: Failed no push",
    ),
]


OPERATION_ROWS = [
    Row(
        "window while running",
        {**OUT_OF_SYNC, **RUNNING, "status.operationState.message": "Sync operation blocked by sync window"},
        W.BLOCKED_BY_WINDOW,
        "blocked by sync window",
    ),
    Row("running", {**OUT_OF_SYNC, **RUNNING}, W.SYNCING, "running: successfully synced"),
    Row(
        "hook",
        {**RUNNING, "status.operationState.message": "waiting for completion of hook batch/Job/migrate"},
        W.SYNCING,
        "hook batch/Job/migrate",
    ),
    Row("terminating", {"status.operationState.phase": "Terminating"}, W.SYNCING, "terminating"),
    Row("queued", {"operation": {"sync": {}}, **NO_OPERATION}, W.SYNCING, "a sync is queued"),
    Row("queued while an old result stands", {"operation": {"sync": {}}}, W.SYNCING, "a sync is queued"),
    Row(
        "runs too long",
        {**OUT_OF_SYNC, **RUNNING},
        W.TIMED_OUT,
        "still Syncing after 11 min",
        failed=True,
        now=MERGED + timedelta(minutes=11, seconds=10),
    ),
    Row(
        "retry",
        {
            **OUT_OF_SYNC,
            "operation": {"sync": {}},
            "status.operationState.phase": "Running",
            "status.operationState.message": "one or more objects failed to apply",
            "status.operationState.retryCount": 2,
            "status.operationState.operation.retry": {"limit": 5},
        },
        W.RETRY_WAIT,
        "tried again (2 of 5): one or more objects failed to apply",
    ),
    Row(
        "failed",
        {
            **OUT_OF_SYNC,
            "status.operationState.phase": "Failed",
            "status.operationState.message": "one or more objects failed to apply",
            "status.operationState.syncResult.resources": [
                {"kind": "Service", "name": "ok", "status": "Synced"},
                {
                    "kind": "Deployment",
                    "name": "web",
                    "status": "SyncFailed",
                    "message": "field is immutable",
                },
            ],
        },
        W.SYNC_FAILED,
        "failed to apply; Deployment/web: field is immutable",
        is_final=True,
        failed=True,
    ),
    Row(
        "died before it had a result",
        {**OUT_OF_SYNC, "status.operationState.phase": "Error", "status.operationState.syncResult": ABSENT},
        W.SYNC_FAILED,
        is_final=True,
        failed=True,
    ),
    Row(
        "hook after the sync failed",
        {"status.operationState.phase": "Failed", "status.operationState.message": "hook failed"},
        W.SYNC_FAILED,
        "hook failed",
        is_final=True,
        failed=True,
    ),
    Row(
        "older operation failed",
        {
            **OUT_OF_SYNC,
            "status.operationState.phase": "Failed",
            "status.operationState.syncResult.revision": OLDER,
        },
        W.AWAITING_AUTO_SYNC,
    ),
    Row(
        "part of a sync failed",
        {
            "status.operationState.phase": "Failed",
            "status.operationState.operation.sync.resources": [{"kind": "Deployment", "name": "web"}],
        },
        W.LIVE,
        is_final=True,
    ),
    Row(
        "dry run failed",
        {"status.operationState.phase": "Failed", "status.operationState.operation.sync.dryRun": True},
        W.LIVE,
        is_final=True,
    ),
    Row(
        "auto-sync gave up",
        {
            **OUT_OF_SYNC,
            **NO_OPERATION,
            **condition("SyncError", f"Failed last sync attempt to [{OURS}]: no"),
        },
        W.SYNC_FAILED,
        "SyncError: Failed last sync attempt",
        is_final=True,
        failed=True,
    ),
    Row(
        "auto-sync gave up on another revision",
        {
            **OUT_OF_SYNC,
            **NO_OPERATION,
            **condition("SyncError", f"Failed last sync attempt to [{OLDER}]: no"),
        },
        W.AWAITING_AUTO_SYNC,
        "SyncError",
    ),
]


SYNC_ROWS = [
    Row("no auto-sync", {**OUT_OF_SYNC, "spec.syncPolicy": ABSENT}, W.MANUAL_SYNC_NEEDED, "press sync"),
    Row(
        "auto-sync switched off",
        {**OUT_OF_SYNC, "spec.syncPolicy.automated": {"enabled": False}},
        W.MANUAL_SYNC_NEEDED,
    ),
    Row(
        "waits for a human as long as it takes",
        {**OUT_OF_SYNC, "spec.syncPolicy": ABSENT, "status.reconciledAt": at(5 * 86400)},
        W.MANUAL_SYNC_NEEDED,
        now=MERGED + timedelta(days=5),
    ),
    Row("auto-sync to come", OUT_OF_SYNC, W.AWAITING_AUTO_SYNC, "auto-sync has not begun"),
    Row("auto-sync without settings", {**OUT_OF_SYNC, "spec.syncPolicy.automated": {}}, W.AWAITING_AUTO_SYNC),
    Row(
        "auto-sync never comes",
        OUT_OF_SYNC,
        W.TIMED_OUT,
        "still AwaitingAutoSync after 10 min",
        failed=True,
        followed={"hard_refreshed": {NAME: MERGED + timedelta(minutes=6)}},
        now=MERGED + timedelta(minutes=16),
    ),
    Row("drift after live", OUT_OF_SYNC, W.DRIFTED, "differs from Git", followed={"was_live": True}),
    Row(
        "only leftovers",
        {
            **OUT_OF_SYNC,
            "status.resources": [{"status": "OutOfSync", "requiresPruning": True}, {"status": "Synced"}],
        },
        W.LIVE,
        is_final=True,
    ),
    Row(
        "leftovers and more",
        {
            **OUT_OF_SYNC,
            "status.resources": [{"status": "OutOfSync", "requiresPruning": True}, {"status": "OutOfSync"}],
        },
        W.AWAITING_AUTO_SYNC,
    ),
]


SYNC_PARTS = {
    "refresh": REFRESH_ROWS,
    "tracking": TRACKING_ROWS,
    "compare": COMPARE_ROWS,
    "containment": CONTAINMENT_ROWS,
    "operation": OPERATION_ROWS,
    "sync": SYNC_ROWS,
}


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"{part}: {row.id}") for part, rows in SYNC_PARTS.items() for row in rows]
)
def test_each_state_has_its_word(row: Row) -> None:
    check(row)


def test_a_closed_window_blocks_auto_sync() -> None:
    view = view_of(OUT_OF_SYNC, window=SyncWindowState(False, "deny window 0 16 * * 5 is open"))
    verdict = judge(view, FOLLOWED, now=MERGED + timedelta(days=3))
    assert (verdict.word, verdict.failed, verdict.is_final) == (W.BLOCKED_BY_WINDOW, False, False)
    assert verdict.reason == "deny window 0 16 * * 5 is open"


def test_an_open_window_does_not_block() -> None:
    view = view_of(OUT_OF_SYNC, window=SyncWindowState(True))
    assert judge(view, FOLLOWED, now=NOW).word is W.AWAITING_AUTO_SYNC


def test_a_window_that_opens_late_gets_a_nudge_before_it_counts_as_too_late() -> None:
    """A closed window leaves no trace of when it opened: one hard refresh starts the deadline anew."""
    opened = MERGED + timedelta(hours=60)
    view = view_of(OUT_OF_SYNC, window=SyncWindowState(True))
    first = judge(view, FOLLOWED, now=opened)
    assert (first.word, first.needs_refresh) == (W.AWAITING_AUTO_SYNC, "hard")
    nudged = replace(FOLLOWED, hard_refreshed={NAME: opened})
    assert judge(view, nudged, now=opened + timedelta(minutes=9)).word is W.AWAITING_AUTO_SYNC
    assert judge(view, nudged, now=opened + timedelta(minutes=10)).word is W.TIMED_OUT


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
