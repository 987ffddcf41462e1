"""Outcome: what a look leaves behind, whether it went well, met a fault of somebody else's, or one of ours.

A fault is shown where people look, and says when it is looked at again. One that needs a human is told as
well; its words do not change from look to look, so that it is told once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.deciding import memory, story
from bot.domain.deciding.decision import Plan
from bot.domain.errors import Conflict, Permanent, TagboatError, Transient, sentence
from bot.domain.notice import Notice
from bot.domain.pause import pause
from bot.domain.pipeline import Pipeline
from bot.domain.record import Deployment, EnvironmentRecord, Record
from bot.domain.snapshot import ImageChoice, Problem, Snapshot
from bot.domain.status import EnvironmentStatus, PipelineStatus, State
from bot.flow.act import Acted
from bot.ports import Outcome

AGAIN = timedelta(seconds=15)
"""How soon it is gone on where somebody else moved what Tagboat wanted to move."""

BROKEN_AGAIN = timedelta(minutes=5)
"""How soon a pipeline at which Tagboat itself fails is tried again; an event wakes it before."""

_EVERYWHERE = "every environment"


def decided(
    plan: Plan, snapshot: Snapshot, shown: PipelineStatus | None, acted: Acted, now: datetime
) -> Outcome:
    """What is left behind by a plan that was carried out, but for what went wrong.

    `shown` is what people see until now: what could not be read stays as it is.
    """
    pipeline, errors = snapshot.pipeline, acted.errors
    remembered = _as_done(plan.record, snapshot.record, acted)
    before = {each.name: each for each in shown.environments} if shown else {}
    environments = tuple(
        _with_last_seen(each, before.get(each.name))
        if snapshot.environments[each.name].problem
        else _hindered(each, errors.get(each.name), remembered.environment(each.name))
        for each in plan.environments
    )
    return Outcome(
        record=replace(remembered, fault_since=_fault_since(snapshot, errors, now)),
        status=PipelineStatus(pipeline.name, str(pipeline.repository), environments, looked_at=now),
        notices=(*plan.notices, *_for_humans(pipeline, errors)),
        wake_at=_next_look(plan, snapshot, errors, now),
    )


def unread(
    pipeline: Pipeline,
    record: Record | None,
    shown: PipelineStatus | None,
    error: TagboatError,
    now: datetime,
) -> Outcome:
    """What is left behind when nothing could be decided; what was `shown` stays as it is.

    `record` None: not even the memory could be read.
    """
    notices = tuple(_for_humans(pipeline, {_EVERYWHERE: error}))
    status = _still_shown(pipeline, shown, str(error), now)
    since = record.fault_since if record else None
    remembered = replace(record, fault_since=since or now) if record else None
    return Outcome(remembered, status, notices, now + _pause(error, since, now))


def restless(outcome: Outcome, now: datetime) -> Outcome:
    """The outcome of a look that came to no rest: gone on with after a pause, which grows with lost races.

    A host that says of each move that somebody else was faster must not be asked without an end.
    """
    record = outcome.record
    since = record.fault_since if record else None
    remembered = replace(record, fault_since=since or now) if record else None
    return replace(outcome, record=remembered, wake_at=now + pause(since, now))


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


def _with_last_seen(status: EnvironmentStatus, shown: EnvironmentStatus | None) -> EnvironmentStatus:
    """What is shown of an environment that cannot be read: its pull request is there as far as is known."""
    if shown is None:
        return status
    return replace(status, pull_request=shown.pull_request, opened=shown.opened)


def _hindered(
    status: EnvironmentStatus, error: TagboatError | None, record: EnvironmentRecord
) -> EnvironmentStatus:
    """What is shown after an error; only where no answer came may a pull request be there all the same."""
    if error is None:
        return status
    if isinstance(error, Conflict | Permanent):
        status = replace(status, opened=record.opened)
    if isinstance(error, Conflict):
        return replace(status, reason=f"looks again: {error}")
    state = State.BLOCKED if isinstance(error, Permanent) else status.state
    return replace(status, state=state, reason=str(error))


def _for_humans(pipeline: Pipeline, errors: Mapping[str, TagboatError]) -> Iterator[Notice]:
    for name, error in errors.items():
        if isinstance(error, Permanent):
            yield story.blocked(pipeline.name, name, str(error))


def _as_done(after: Record, before: Record, acted: Acted) -> Record:
    """Forget what was planned and, after an error, perhaps not done; keep what a host did not take."""
    environments = dict(after.environments)
    for name, said in acted.unsaid.items():
        environments[name] = memory.unsaid(after.environment(name), said)
    for name in acted.errors:
        kept = _without_new_refreshes(after.environment(name), before.environment(name).current)
        environments[name] = memory.undone(kept, before.environment(name))
    return replace(after, environments=environments)


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
    since = snapshot.record.fault_since
    pauses = [_pause(error, since, now) for error in errors.values()]
    pauses += [pause(since, now, wish=each.retry_after) for each in _gaps(snapshot)]
    times = [now + each for each in pauses] + ([plan.wake_at] if plan.wake_at else [])
    return min(times, default=None)


def _fault_since(snapshot: Snapshot, errors: Mapping[str, TagboatError], now: datetime) -> datetime | None:
    is_faulty = (
        any(not isinstance(error, Conflict) for error in errors.values())
        or any(_gaps(snapshot))
        or any(_is_fault(answer) for answers in snapshot.choices.values() for answer in answers.values())
        or any(isinstance(digest, Problem) for digest in snapshot.tag_digests.values())
    )
    if errors and not is_faulty:
        return snapshot.record.fault_since  # a lost race is no fault, and ends none
    return (snapshot.record.fault_since or now) if is_faulty else None


def _is_fault(answer: ImageChoice | Problem) -> bool:
    """Whether a choice waits for somebody to mend something, and not for a moment that is known."""
    return isinstance(answer, Problem) or (answer.choice.is_waiting and answer.choice.wake_at is None)


def _gaps(snapshot: Snapshot) -> Iterator[Problem]:
    """Why environments were not read; the decision names no time to look at them again."""
    return (view.problem for view in snapshot.environments.values() if view.problem)


def _pause(error: TagboatError, since: datetime | None, now: datetime) -> timedelta:
    if isinstance(error, Conflict):
        return max(error.retry_after or AGAIN, AGAIN)
    return pause(since, now, wish=error.retry_after if isinstance(error, Transient) else None)


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
