"""Outcome: what a look leaves behind, whether it went well, met a fault of somebody else's, or one of ours.

A fault is shown where people look, and says when it is looked at again. One that needs a human is told as
well; its words do not change from look to look, so that it is told once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain import story
from bot.domain.decision import Plan
from bot.domain.errors import Permanent, TagboatError, Transient, sentence
from bot.domain.notice import Notice
from bot.domain.pipeline import Pipeline
from bot.domain.snapshot import (
    Deployment,
    EnvironmentRecord,
    EnvironmentStatus,
    PipelineStatus,
    Record,
    Snapshot,
    State,
)
from bot.ports import Outcome

AGAIN = timedelta(seconds=15)
"""How soon a look or an action that failed is tried again, unless the other side asked for more."""

BROKEN_AGAIN = timedelta(minutes=5)
"""How soon a pipeline at which Tagboat itself fails is tried again; an event wakes it before."""

_EVERYWHERE = "every environment"


def decided(plan: Plan, snapshot: Snapshot, errors: Mapping[str, TagboatError], now: datetime) -> Outcome:
    """What is left behind by a plan that was carried out, but for the `errors` by environment."""
    pipeline = snapshot.pipeline
    environments = tuple(_hindered(each, errors.get(each.name)) for each in plan.environments)
    return Outcome(
        record=_without_lost_refreshes(plan.record, snapshot.record, errors),
        status=PipelineStatus(pipeline.name, str(pipeline.repository), environments, looked_at=now),
        notices=(*plan.notices, *_for_humans(pipeline, errors)),
        wake_at=_next_look(plan, snapshot, errors, now),
    )


def unread(pipeline: Pipeline, shown: PipelineStatus | None, error: TagboatError, now: datetime) -> Outcome:
    """What is left behind when nothing could be decided; memory and what was `shown` stay as they are."""
    notices = tuple(_for_humans(pipeline, {_EVERYWHERE: error}))
    status = _still_shown(pipeline, shown, str(error), now)
    return Outcome(None, status, notices, now + _pause(error))


def broken(pipeline: Pipeline, shown: PipelineStatus | None, error: Exception, now: datetime) -> Outcome:
    """What is left behind when Tagboat itself failed: a sentence, and a pause, so that it does not go round.

    The error's own words may hold anything, so that its type alone is shown.
    """
    minutes = round(BROKEN_AGAIN.total_seconds() / 60)
    reason = sentence(
        "a fault of Tagboat itself",
        type(error).__name__,
        f"the log shows where: please report it; looked at again after {minutes} minutes or the next event",
    )
    notice = story.blocked(pipeline.name, _EVERYWHERE, reason)
    return Outcome(None, _still_shown(pipeline, shown, reason, now), (notice,), now + BROKEN_AGAIN)


def _hindered(status: EnvironmentStatus, error: TagboatError | None) -> EnvironmentStatus:
    if error is None:
        return status
    state = State.BLOCKED if isinstance(error, Permanent) else status.state
    return replace(status, state=state, reason=str(error))


def _for_humans(pipeline: Pipeline, errors: Mapping[str, TagboatError]) -> Iterator[Notice]:
    for name, error in errors.items():
        if isinstance(error, Permanent):
            yield story.blocked(pipeline.name, name, str(error))


def _without_lost_refreshes(after: Record, before: Record, errors: Mapping[str, TagboatError]) -> Record:
    """Forget those comparisons that were planned and, after an error, perhaps not asked for."""
    environments = dict(after.environments)
    for name in errors:
        environments[name] = _without_new_refreshes(after.environment(name), before.environment(name).current)
    return Record(environments)


def _without_new_refreshes(record: EnvironmentRecord, before: Deployment | None) -> EnvironmentRecord:
    if record.current is None or before is None:
        return record
    current = replace(record.current, refreshed=before.refreshed, hard_refreshed=before.hard_refreshed)
    return replace(record, deployments=(*record.deployments[:-1], current))


def _next_look(
    plan: Plan, snapshot: Snapshot, errors: Mapping[str, TagboatError], now: datetime
) -> datetime | None:
    if plan.actions and not errors:
        return now  # what was done is looked at again, also by another worker if this one dies here
    pauses = [_pause(error) for error in errors.values()] + ([AGAIN] if _has_gaps(snapshot) else [])
    times = [now + pause for pause in pauses] + ([plan.wake_at] if plan.wake_at else [])
    return min(times, default=None)


def _has_gaps(snapshot: Snapshot) -> bool:
    """Whether an environment was not read, for which the decision names no time to look again."""
    return any(view.problem for view in snapshot.environments.values())


def _pause(error: TagboatError) -> timedelta:
    wish = error.retry_after if isinstance(error, Transient) else None
    return max(wish or AGAIN, AGAIN)


def _still_shown(
    pipeline: Pipeline, shown: PipelineStatus | None, problem: str, now: datetime
) -> PipelineStatus:
    environments = (
        shown.environments
        if shown and shown.environments
        else tuple(
            EnvironmentStatus(each.name, State.UNKNOWN, "not looked at yet", each.after)
            for each in pipeline.environments
        )
    )
    return PipelineStatus(pipeline.name, str(pipeline.repository), environments, problem, now)
