"""Memory: what is remembered of a step in an environment, so that no later look says or does it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.deciding import hot_fix, proposing
from bot.domain.deciding.action import Comment, CommitDirectly, Describe, Propose
from bot.domain.deciding.noise import recent
from bot.domain.deciding.situation import Step
from bot.domain.pipeline import Environment, Pipeline
from bot.domain.pull_request.mark import marks
from bot.domain.pull_request.proposal import PullRequest
from bot.domain.record import EnvironmentRecord
from bot.domain.snapshot import EnvironmentView

MOST_BRANCHES = 5
"""Branches of proposals that are remembered, the newest ones."""


def counted(
    record: EnvironmentRecord,
    view: EnvironmentView,
    pipeline: Pipeline,
    environment: Environment,
    now: datetime,
) -> EnvironmentRecord:
    """The memory with the pull requests that are there since the last look, whoever lived to see them opened.

    One of a group counts where its first mark is. What is found at the first look was not opened just now.
    """
    pulls = (*view.pull_requests, *view.older)
    if view.problem:
        return record
    last = record.counted
    places = {(pipeline.name, environment.name), ("", "")}
    new = sum(last is not None and each.number > last and _first(each) in places for each in pulls)
    newest = max((each.number for each in pulls), default=last or 0)
    return replace(record, opened=recent((*record.opened, *(now,) * new), now), counted=newest)


def after(record: EnvironmentRecord, step: Step) -> EnvironmentRecord:
    """The memory with what the step waits with, looks at, and is about to do."""
    kept = replace(record, gathering=step.gathering)
    if step.branch:
        kept = _with_branch(kept, step.branch)
    kept = hot_fix.remembered(replace(kept, rebased=step.rebuilds or kept.rebased), step)
    for action in step.actions:
        match action:
            case Propose():
                kept = _with_branch(replace(kept, proposed=action.release), action.proposal.branch)
            case CommitDirectly():
                kept = replace(kept, proposed=action.release)
            case Describe():
                kept = replace(kept, described=action.key, unsaid=action.unsaid)
            case Comment():
                kept = replace(kept, commented=proposing.commented(action))
            case _:
                pass
    return kept


def _with_branch(record: EnvironmentRecord, branch: str) -> EnvironmentRecord:
    branches = (*(each for each in record.branches if each != branch), branch)
    return replace(record, branches=branches[-MOST_BRANCHES:])


def undone(record: EnvironmentRecord, before: EnvironmentRecord) -> EnvironmentRecord:
    """The memory without what was perhaps not done after all: it is tried, or looked at, again."""
    return replace(
        record,
        gathering=before.gathering or record.gathering,
        described=before.described,
        commented=before.commented,
        unsaid=before.unsaid,
        rebased=before.rebased,
    )


def _first(pull: PullRequest) -> tuple[str, str] | None:
    """The place that a pull request names first; names are empty where it serves one alone."""
    return next(((each.pipeline, each.environment) for each in marks(pull.body)), None)


def unsaid(record: EnvironmentRecord, more: tuple[str, ...]) -> EnvironmentRecord:
    """The memory with what the host did not take."""
    return replace(record, unsaid=(*record.unsaid, *more)) if more else record
