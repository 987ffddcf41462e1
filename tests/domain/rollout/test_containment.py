"""Whether the Application follows our branch, and whether what it went to holds our commit."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.rollout import VerdictWord
from tests.domain.rollout.rollout_world import (
    ABSENT,
    ELSEWHERE,
    HYDRATED,
    LATER,
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
    hydrated,
    multi,
    table,
)

W = VerdictWord

OLDER_OPERATION = {
    "status.operationState.operation": {"sync": {"revision": OLDER}, "initiatedBy": {"username": "ann"}},
    "status.operationState.syncResult.revision": OLDER,
}

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


@table(tracking=TRACKING_ROWS, containment=CONTAINMENT_ROWS)
def test_each_state_has_its_word(row: Row) -> None:
    check(row)
