"""How long a rollout may stay at one word: the last reason is kept, and a deadline is never a success.

Once the commit was live, deadlines are over: then the words say what became of it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.rollout.case import Case
from bot.domain.rollout.verdict import RolloutVerdict, VerdictWord
from bot.domain.snapshot import Relation


def waiting(
    case: Case, word: VerdictWord, reason: str, *, limit: timedelta, since: datetime | None = None
) -> RolloutVerdict:
    """Waiting for Argo CD to look at Git: a hard refresh at half of the limit, and a deadline after it."""
    needs = None if case.followed.was_live else case.escalation(limit)
    if needs or not case.is_escalated:
        return RolloutVerdict(word, reason, needs_refresh=needs)
    return lasting(case, word, reason, limit=limit, since=since)


def lasting(
    case: Case, word: VerdictWord, reason: str, *, limit: timedelta, since: datetime | None = None
) -> RolloutVerdict:
    """Waiting for work that no refresh would hasten, since `since` or our request: only the deadline."""
    waited = case.since(case.refreshed, since)
    if case.followed.was_live or waited < limit:
        return RolloutVerdict(word, reason)
    return _timed_out(word, reason, waited)


def rolling_out(case: Case, word: VerdictWord, reason: str) -> RolloutVerdict:
    """Applied, and not healthy yet."""
    limit = case.followed.deadlines.rollout
    return lasting(case, word, reason, limit=limit, since=applied_at(case))


def _timed_out(word: VerdictWord, reason: str, waited: timedelta) -> RolloutVerdict:
    minutes = max(round(waited.total_seconds() / 60), 1)
    text = f"still {word} after {minutes} min: {reason}"
    return RolloutVerdict(VerdictWord.TIMED_OUT, text, failed=True)


def applied_at(case: Case) -> datetime | None:
    """When the operation that applied the commit ended; None where none was needed."""
    operation = case.full_operation
    return operation.finished_at if operation and case.applied is Relation.CONTAINED else None
