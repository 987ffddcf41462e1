"""The upper rows of the verdict table: from "is there an Application" to "is the commit synced".

One function per row, in the order of the table; each knows that no row above it matched.
"""

from __future__ import annotations

from datetime import UTC, timedelta

from bot.domain.harmless import shown
from bot.domain.rollout.argocd_object import Operation
from bot.domain.rollout.case import SKEW, Case, our_sources
from bot.domain.rollout.verdict import RefreshKind, RolloutVerdict, VerdictWord
from bot.domain.rollout.wait import lasting, waiting
from bot.domain.snapshot import Relation

_ASK_AGAIN = timedelta(seconds=30)
_MOST_NAMED = 3
_FINISHED = {"Succeeded", "Failed", "Error"}
_BROKEN = ("InvalidSpecError", "ComparisonError", "UnknownError")


def _unreachable(case: Case) -> RolloutVerdict | None:
    if case.view.problem is None:
        return None
    return RolloutVerdict(VerdictWord.UNREACHABLE, str(case.view.problem))


def _app_deleted(case: Case) -> RolloutVerdict | None:
    if case.view.object is not None:
        return None
    reason = f"Argo CD has no Application {case.view.application.name}"
    return RolloutVerdict(VerdictWord.APP_DELETED, reason, is_final=True, failed=True)


def _deleting(case: Case) -> RolloutVerdict | None:
    error = case.app.condition("DeletionError")
    if not case.app.is_deleting and error is None:
        return None
    return RolloutVerdict(VerdictWord.DELETING, error or "the Application is being deleted", failed=True)


def _unreadable(case: Case) -> RolloutVerdict | None:
    """Above NotTracking, because what cannot be read must not count as a final answer."""
    if not case.app.unreadable and case.app.sources:
        return None
    fields = ", ".join(case.app.unreadable) or "spec.source"
    needs: RefreshKind | None = None if case.refreshed else "normal"
    return _refreshing(case, f"Argo CD's answer cannot be read at {shown(fields)}", needs)


def _not_tracking(case: Case) -> RolloutVerdict | None:
    if case.sources:
        return None
    ours = our_sources(case.app, case.followed)
    targets = ", ".join(case.app.sources[place].target or "HEAD" for place in ours[:_MOST_NAMED])
    urls = ", ".join(source.url for source in case.app.sources[:_MOST_NAMED])
    reason = (
        f"it follows {shown(targets)}, not our branch {case.followed.branch}"
        if ours
        else f"no source of the Application is our repository, only {shown(urls)}"
    )
    reason = f"the commit cannot reach it: {reason}"
    return RolloutVerdict(VerdictWord.NOT_TRACKING, reason, is_final=True, failed=True)


def _not_fresh(case: Case) -> RolloutVerdict | None:
    refreshed, reconciled = case.refreshed, case.app.reconciled_at
    if refreshed is None:
        return _refreshing(case, "Argo CD is asked to compare it with Git", "normal")
    if refreshed < case.followed.merged_at - SKEW and case.now - refreshed >= _ASK_AGAIN:
        return _refreshing(case, "the last comparison was asked for before the merge", "normal")
    if reconciled is None or reconciled < max(refreshed, case.followed.merged_at) - SKEW:
        last = f"{reconciled:%Y-%m-%d %H:%M:%S}" if reconciled else "never"
        asked = f"{refreshed.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        return _refreshing(case, f"last compared {last}, asked for {asked} (UTC, Argo CD's and our clock)")
    if not case.app.is_compared_to_spec:
        return _refreshing(case, "the sources of the Application changed after the last comparison")
    if not case.app.sync_status:
        return _refreshing(case, "Argo CD has not compared it yet")
    operation = case.app.operation
    finished = operation.finished_at if operation and operation.phase in _FINISHED else None
    if finished is not None and reconciled < finished:
        return _refreshing(case, "not compared again since the sync ended")
    return None


def _compare_error(case: Case) -> RolloutVerdict | None:
    error = case.app.condition(*_BROKEN)
    if error is None and case.app.sync_status in ("Synced", "OutOfSync"):
        return None
    reason = error or case.app.condition("SyncError") or f"sync status is {shown(case.app.sync_status)}"
    return waiting(case, VerdictWord.COMPARE_ERROR, reason, limit=case.followed.deadlines.refresh)


def _unresolved(case: Case) -> RolloutVerdict | None:
    """Below CompareError, which explains why the revision is a branch name and no commit."""
    if case.is_resolved:
        return None
    return _refreshing(case, "Argo CD has not resolved the branch to a commit")


def _rolled_back(case: Case) -> RolloutVerdict | None:
    """A rollback leaves the compared revision alone and shows as a sync by hand to an older one.

    Before the commit was live, such a sync may as well be a click that came too early: then it is not final.
    """
    was_live = case.followed.was_live
    if not _is_compared_and_synced(case) and _is_overridden(case):
        revisions = case.app.operation.revisions if case.app.operation else ()
        reason = f"a sync by hand put {_names(revisions)} in the place of our commit"
        return RolloutVerdict(VerdictWord.ROLLED_BACK, reason, is_final=was_live, failed=was_live)
    if was_live and case.containment in (Relation.BEHIND, Relation.DIVERGED):
        reason = f"Argo CD went to {_names(case.app.revisions)}, which lacks our commit"
        return RolloutVerdict(VerdictWord.ROLLED_BACK, reason, needs_refresh=case.escalation(timedelta(0)))
    return None


def _pending(case: Case) -> RolloutVerdict | None:
    if case.containment is Relation.CONTAINED:
        return None
    seen = _names(case.app.revisions)
    hydration = case.app.hydration
    reason = {
        Relation.UNKNOWN: f"it is not known whether {seen} contains our commit",
        Relation.DIVERGED: f"Argo CD sees {seen}, which does not contain our commit",
    }.get(case.containment, f"Argo CD sees {seen}, which is older than our commit")
    if hydration:
        reason = f"our commit is not hydrated yet: {hydration.phase} {hydration.message}".rstrip(" :")
    if case.app.operation and case.app.operation.phase == "Running":
        reason = f"{reason}; a sync runs: {case.app.operation.message}".rstrip(" :")
    return waiting(case, VerdictWord.PENDING, reason, limit=case.followed.deadlines.refresh)


def _blocked_while_running(case: Case) -> RolloutVerdict | None:
    operation = case.app.operation
    if operation is None or operation.phase != "Running" or "sync window" not in operation.message.lower():
        return None
    return RolloutVerdict(VerdictWord.BLOCKED_BY_WINDOW, operation.message)


def _syncing(case: Case) -> RolloutVerdict | None:
    operation = case.app.operation
    is_running = operation is not None and operation.phase in ("Running", "Terminating")
    if not is_running and not case.app.is_queued:
        return None
    if operation is None or not is_running:
        return lasting(case, VerdictWord.SYNCING, "a sync is queued", limit=case.followed.deadlines.sync)
    if operation.phase == "Running" and operation.finished_at is not None:
        return None
    reason = f"{operation.phase.lower()}: {operation.message}".rstrip(" :")
    limit = case.followed.deadlines.sync
    return lasting(case, VerdictWord.SYNCING, reason, limit=limit, since=operation.started_at)


def _retry_wait(case: Case) -> RolloutVerdict | None:
    """Argo CD keeps `.operation` set between tries, so a wait is told by the phase alone."""
    operation = case.app.operation
    if operation is None or operation.phase != "Running":
        return None
    tries = f"{operation.retries} of {operation.retry_limit or '?'}"
    reason = f"the sync failed and is tried again ({tries}): {_failure(operation)}"
    limit = case.followed.deadlines.sync
    return lasting(case, VerdictWord.RETRY_WAIT, reason, limit=limit, since=operation.started_at)


def _operation_failed(case: Case) -> RolloutVerdict | None:
    """Also where everything is Synced: then a hook after the sync failed."""
    operation = case.full_operation
    if operation is None or operation.phase not in ("Failed", "Error"):
        return None
    if case.applied is not Relation.CONTAINED:
        return None
    return RolloutVerdict(VerdictWord.SYNC_FAILED, _failure(operation), is_final=True, failed=True)


def _auto_sync_gave_up(case: Case) -> RolloutVerdict | None:
    error = case.app.condition("SyncError")
    if case.app.sync_status != "OutOfSync" or error is None:
        return None
    if not any(case.app.revisions[place] in error for place in case.sources):
        return None
    return RolloutVerdict(VerdictWord.SYNC_FAILED, error, is_final=True, failed=True)


def _manual_sync_needed(case: Case) -> RolloutVerdict | None:
    if _is_synced(case) or case.app.is_automated:
        return None
    return RolloutVerdict(VerdictWord.MANUAL_SYNC_NEEDED, "out of sync, and auto-sync is off: press sync")


def _blocked_by_window(case: Case) -> RolloutVerdict | None:
    window = case.view.sync_window
    if _is_synced(case) or window is None or window.can_sync:
        return None
    reason = shown(window.reason) or "a sync window forbids the sync"
    return RolloutVerdict(VerdictWord.BLOCKED_BY_WINDOW, reason)


def _awaiting_auto_sync(case: Case) -> RolloutVerdict | None:
    if _is_synced(case):
        return None
    if case.followed.was_live:
        return RolloutVerdict(VerdictWord.DRIFTED, "it was live; now the cluster differs from Git")
    reason = case.app.condition("SyncError") or "out of sync; auto-sync has not begun"
    limit = case.followed.deadlines.sync
    return waiting(case, VerdictWord.AWAITING_AUTO_SYNC, reason, limit=limit, since=case.hard_refreshed)


SYNC_ROWS = (
    _unreachable,
    _app_deleted,
    _deleting,
    _unreadable,
    _not_tracking,
    _not_fresh,
    _compare_error,
    _unresolved,
    _rolled_back,
    _pending,
    _blocked_while_running,
    _syncing,
    _retry_wait,
    _operation_failed,
    _auto_sync_gave_up,
    _manual_sync_needed,
    _blocked_by_window,
    _awaiting_auto_sync,
)


def _refreshing(case: Case, reason: str, needs: RefreshKind | None = None) -> RolloutVerdict:
    error = case.app.condition(*_BROKEN)
    reason = f"{error}; {reason}" if error else reason
    if needs:
        return RolloutVerdict(VerdictWord.REFRESHING, reason, needs_refresh=needs)
    return waiting(case, VerdictWord.REFRESHING, reason, limit=case.followed.deadlines.refresh)


def _is_synced(case: Case) -> bool:
    return case.app.sync_status == "Synced" or case.app.only_leftovers


def _is_compared_and_synced(case: Case) -> bool:
    return case.containment is Relation.CONTAINED and case.app.sync_status == "Synced"


def _is_overridden(case: Case) -> bool:
    """Whether the newest sync was made by hand, after the merge, with a revision that lacks the commit."""
    operation = case.full_operation
    if operation is None or not operation.is_override or operation.started_at is None:
        return False
    is_newer = operation.started_at >= case.followed.merged_at - SKEW
    return is_newer and case.applied in (Relation.BEHIND, Relation.DIVERGED)


def _failure(operation: Operation) -> str:
    parts = [operation.message, *operation.failures[:_MOST_NAMED]]
    return "; ".join(part for part in parts if part) or f"the sync ended as {operation.phase}"


def _names(revisions: tuple[str, ...]) -> str:
    return shown(", ".join(revision[:12] for revision in revisions[:_MOST_NAMED])) or "no revision"
