"""A sync that is waited for, that runs, that fails, or that a window keeps from beginning."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.rollout import VerdictWord, judge
from bot.domain.snapshot import SyncWindowState
from tests.domain.rollout.rollout_world import (
    ABSENT,
    FOLLOWED,
    MERGED,
    NAME,
    NO_OPERATION,
    NOW,
    OLDER,
    OURS,
    OUT_OF_SYNC,
    RUNNING,
    Row,
    at,
    check,
    condition,
    table,
    view_of,
)

W = VerdictWord

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


@table(operation=OPERATION_ROWS, sync=SYNC_ROWS)
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
