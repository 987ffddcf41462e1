"""The verdict on one rollout, and what it is judged against: values; `bot.domain.rollout` judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from bot.domain.image import ImageRef
from bot.domain.pipeline import Deadlines

RefreshKind = Literal["normal", "hard"]


class VerdictWord(StrEnum):
    """What is the matter with a commit in one Application, in one word; the worst first."""

    APP_DELETED = "AppDeleted"
    """Argo CD says that there is no such Application."""
    NOT_TRACKING = "NotTracking"
    """No source of the Application follows our branch: the commit cannot reach it."""
    ROLLED_BACK = "RolledBack"
    """Somebody, or a rewritten branch, put an older revision in the commit's place."""
    SYNC_FAILED = "SyncFailed"
    """Argo CD could not apply the commit and does not try again by itself."""
    DEGRADED = "Degraded"
    """The commit is applied; what it runs is broken."""
    MISSING = "Missing"
    """The commit is applied; its resources are not in the cluster."""
    TIMED_OUT = "TimedOut"
    """A phase took longer than its deadline; the reason says which word it was stuck at."""
    DELETING = "Deleting"
    """The Application is being deleted."""
    UNREACHABLE = "Unreachable"
    """Argo CD, or the forge, could not be asked: nothing is known."""
    COMPARE_ERROR = "CompareError"
    """Argo CD could not compare Git with the cluster."""
    PRE_EXISTING_DEGRADED = "PreExistingDegraded"
    """Broken, but it was so before the commit: not the commit's fault."""
    HEALTH_UNKNOWN = "HealthUnknown"
    """The commit is applied; Argo CD cannot say how it fares."""
    DRIFTED = "Drifted"
    """It was live; now the cluster differs from Git."""
    MANUAL_SYNC_NEEDED = "ManualSyncNeeded"
    """Auto-sync is off: a human must press sync."""
    BLOCKED_BY_WINDOW = "BlockedByWindow"
    """A sync window forbids the sync now."""
    PAUSED = "Paused"
    """The rollout is suspended until somebody resumes it."""
    RETRY_WAIT = "RetryWait"
    """The sync failed and Argo CD will try it again."""
    PENDING = "Pending"
    """Argo CD compared with a revision that does not contain the commit yet."""
    REFRESHING = "Refreshing"
    """What Argo CD shows is older than the commit, or cannot be read yet."""
    AWAITING_AUTO_SYNC = "AwaitingAutoSync"
    """Argo CD saw the commit and has not begun to sync it."""
    SYNCING = "Syncing"
    """A sync runs."""
    PROGRESSING = "Progressing"
    """The commit is applied and on its way to healthy."""
    SYNCED_NOT_OBSERVED = "SyncedNotObserved"
    """Synced and healthy, but no pod runs the image."""
    LIVE_BUT_OVERWRITTEN = "LiveButOverwritten"
    """Synced and healthy, but a later commit changed our value again."""
    LIVE = "Live"
    """The commit is synced, healthy and settled, and its images run."""


@dataclass(frozen=True, slots=True)
class RolloutVerdict:
    """The verdict on one commit in one Application.

    `is_final`: waiting changes nothing, only a new commit or a human does (a later look may still find
    that one of them did). `failed`: a human must hear of it. `needs_refresh`: ask Argo CD for this
    comparison before the next look, and remember when. `remark` is something to know beside the reason.
    """

    word: VerdictWord
    reason: str
    is_final: bool = False
    is_live: bool = False
    failed: bool = False
    needs_refresh: RefreshKind | None = None
    remark: str = ""

    def __str__(self) -> str:
        remark = f" ({self.remark})" if self.remark else ""
        return f"{self.word}: {self.reason}{remark}"


@dataclass(frozen=True, slots=True)
class Followed:
    """The commit that is followed through Argo CD, and by which measure.

    `commit` is the commit on the base branch after the merge at `merged_at`. `repository_urls` are all
    addresses of our repository that Argo CD may use. `images` are what should run. `refreshed` and
    `hard_refreshed` say when Tagboat asked for a comparison, by `str(application)`. `was_live`: the commit
    was live before. `degraded_before`: the Application was Degraded before the merge; `degraded_since`
    is when Tagboat first saw it Degraded, for Argo CD versions that do not tell.
    `accepts_suspended` and `accepts_unseen` take a suspended Application, or one without a pod of
    ours (a CronJob between its runs), for live.
    """

    commit: str
    merged_at: datetime
    repository_urls: tuple[str, ...]
    branch: str
    is_default_branch: bool
    images: tuple[ImageRef, ...] = ()
    refreshed: Mapping[str, datetime] = field(default_factory=dict)
    hard_refreshed: Mapping[str, datetime] = field(default_factory=dict)
    was_live: bool = False
    degraded_before: bool = False
    degraded_since: datetime | None = None
    settle: timedelta = timedelta(seconds=15)
    deadlines: Deadlines = field(default_factory=Deadlines)
    accepts_suspended: bool = False
    accepts_unseen: bool = False
