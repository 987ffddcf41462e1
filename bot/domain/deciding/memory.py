"""Memory: what is remembered of a step in an environment, so that no later look says or does it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.deciding import hot_fix, proposing
from bot.domain.deciding.action import Comment, CommitDirectly, Describe, Propose
from bot.domain.deciding.noise import recent
from bot.domain.deciding.situation import Step
from bot.domain.record import EnvironmentRecord

MOST_BRANCHES = 5
"""Branches of single releases that are looked at, the newest ones."""


def after(record: EnvironmentRecord, step: Step, now: datetime) -> EnvironmentRecord:
    """The memory with what the step waits with, looks at, and is about to do."""
    kept = replace(record, gathering=step.gathering, opened=recent(record.opened, now))
    if step.branch:
        branches = (*(each for each in kept.branches if each != step.branch), step.branch)
        kept = replace(kept, branches=branches[-MOST_BRANCHES:])
    kept = hot_fix.remembered(replace(kept, rebased=step.rebuilds or kept.rebased), step)
    for action in step.actions:
        match action:
            case Propose():
                opened = (*kept.opened, now) if action.number is None else kept.opened
                kept = replace(kept, proposed=action.release, opened=opened)
            case CommitDirectly():
                kept = replace(kept, proposed=action.release)
            case Describe():
                kept = replace(kept, described=action.key, unsaid=action.unsaid)
            case Comment():
                kept = replace(kept, commented=proposing.commented(action))
            case _:
                pass
    return kept


def undone(record: EnvironmentRecord, before: EnvironmentRecord) -> EnvironmentRecord:
    """The memory without what was perhaps not done after all: it is tried, or looked at, again."""
    return replace(
        record,
        gathering=before.gathering or record.gathering,
        opened=before.opened,
        described=before.described,
        commented=before.commented,
        unsaid=before.unsaid,
        rebased=before.rebased,
    )


def unsaid(record: EnvironmentRecord, more: tuple[str, ...]) -> EnvironmentRecord:
    """The memory with what the host did not take."""
    return replace(record, unsaid=(*record.unsaid, *more)) if more else record
