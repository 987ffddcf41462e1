"""The lower rows of the verdict table: the commit is synced; does it run, and is it healthy.

One function per row, in the order of the table; each knows that no row above it matched. The last one
always answers.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.harmless import shown
from bot.domain.image import ImageRef
from bot.domain.rollout.case import SKEW, Case
from bot.domain.rollout.verdict import RolloutVerdict, VerdictWord
from bot.domain.rollout.wait import applied_at, rolling_out

_DEBOUNCE = timedelta(seconds=60)
"""How long Degraded or Missing must last before it counts: both flap while pods are replaced."""
_MOST_NAMED = 3


def _progressing(case: Case) -> RolloutVerdict | None:
    if case.app.health.status not in ("Progressing", ""):
        return None
    reason = case.app.health.message or "synced; not healthy yet"
    return rolling_out(case, VerdictWord.PROGRESSING, reason)


def _paused(case: Case) -> RolloutVerdict | None:
    if case.app.health.status != "Suspended" or case.followed.accepts_suspended:
        return None
    reason = case.app.health.message or "suspended until somebody resumes it"
    return RolloutVerdict(VerdictWord.PAUSED, reason)


def _degraded(case: Case) -> RolloutVerdict | None:
    if case.app.health.status != "Degraded":
        return None
    health = case.app.health
    reason = health.message or "Argo CD reports it as Degraded"
    is_older = health.since is not None and health.since < case.followed.merged_at - SKEW
    if case.followed.degraded_before or (is_older and not case.followed.was_live):
        return RolloutVerdict(VerdictWord.PRE_EXISTING_DEGRADED, f"degraded since before the merge: {reason}")
    lasts = _lasts(case, case.followed.degraded_since)
    return RolloutVerdict(VerdictWord.DEGRADED, reason, failed=lasts >= _DEBOUNCE)


def _missing(case: Case) -> RolloutVerdict | None:
    if case.app.health.status != "Missing":
        return None
    reason = case.app.health.message or "its resources are not in the cluster"
    return RolloutVerdict(VerdictWord.MISSING, reason, failed=_lasts(case, None) >= _DEBOUNCE)


def _health_unknown(case: Case) -> RolloutVerdict | None:
    if case.app.health.status in ("Healthy", "Suspended"):
        return None
    health = case.app.health
    return rolling_out(
        case, VerdictWord.HEALTH_UNKNOWN, health.message or f"health is {shown(health.status)}"
    )


def _overwritten(case: Case) -> RolloutVerdict | None:
    if case.view.overwritten_at is None:
        return None
    reason = f"commit {shown(case.view.overwritten_at)[:12]} changed our value again"
    return RolloutVerdict(VerdictWord.LIVE_BUT_OVERWRITTEN, reason, is_final=True)


def _not_observed(case: Case) -> RolloutVerdict | None:
    reason = _unseen(case)
    if not reason:
        return None
    if case.followed.accepts_unseen and not _others(case):
        return RolloutVerdict(VerdictWord.SYNCED_NOT_OBSERVED, reason, is_final=True, is_live=True)
    return rolling_out(case, VerdictWord.SYNCED_NOT_OBSERVED, reason)


def _settling(case: Case) -> RolloutVerdict | None:
    if case.followed.was_live:
        return None
    lasts = case.since(case.app.health.since or case.refreshed, applied_at(case))
    if lasts >= case.followed.settle:
        return None
    seconds = f"{max(lasts.total_seconds(), 0):.0f} of {case.followed.settle.total_seconds():.0f} s"
    if lasts < -timedelta(minutes=1):
        reason = "Argo CD's clock is ahead of Tagboat's: it names a time to come for the last change"
        return RolloutVerdict(VerdictWord.PROGRESSING, reason)
    return RolloutVerdict(VerdictWord.PROGRESSING, f"healthy for {seconds}")


def _live(case: Case) -> RolloutVerdict:
    reason = case.app.health.message or "synced and healthy"
    others = _others(case)
    remark = f"{shown(', '.join(others[:_MOST_NAMED]))} still runs beside it" if others else ""
    if case.app.sync_status != "Synced":
        remark = "; ".join(filter(None, ("only leftovers wait to be pruned", remark)))
    return RolloutVerdict(VerdictWord.LIVE, reason, is_final=True, is_live=True, remark=remark)


HEALTH_ROWS = (
    _progressing,
    _paused,
    _degraded,
    _missing,
    _health_unknown,
    _overwritten,
    _not_observed,
    _settling,
    _live,
)


def _lasts(case: Case, seen: datetime | None) -> timedelta:
    """How long the health is what it is; since the commit was applied, where nothing better is known."""
    known = case.app.health.since or seen
    return case.since(known) if known else case.since(case.refreshed, applied_at(case))


def _runs(wanted: ImageRef, running: ImageRef) -> bool:
    """Whether a pod's image is the wanted one. A pod may name it by tag, by digest or by both."""
    if wanted.name != running.name:
        return False
    if wanted.digest and running.digest:
        return wanted.digest == running.digest
    return wanted.tag is not None and wanted.tag == running.tag


def _unseen(case: Case) -> str:
    """Why the images are not proved to run; empty when they are, or when none is wanted.

    An Application need not run every image of a pipeline, but it must run one of them, and none in
    another version only.
    """
    running = case.app.running
    wanted = case.followed.images
    seen = {each.name for each in wanted if any(_runs(each, one) for one in running)}
    if not wanted or (seen and not any(one.name not in seen for one in _of_ours(case, running))):
        return ""
    others = [str(one) for one in _of_ours(case, running) if one.name not in seen]
    if others:
        return f"synced and healthy, but what runs is {shown(', '.join(others[:_MOST_NAMED]))}"
    return f"synced and healthy, but no pod runs {', '.join(str(each) for each in wanted[:_MOST_NAMED])}"


def _of_ours(case: Case, running: tuple[ImageRef, ...]) -> list[ImageRef]:
    names = {each.name for each in case.followed.images}
    return [one for one in running if one.name in names]


def _others(case: Case) -> tuple[str, ...]:
    """Versions of our images that run and are not wanted."""
    ours = _of_ours(case, case.app.running)
    wanted = case.followed.images
    return tuple(one.version for one in ours if not any(_runs(each, one) for each in wanted))
