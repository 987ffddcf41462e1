"""The decision: from what was observed to what should be done, as one pure function.

`decide(snapshot, now)` looks at each environment in order and gives it a status with a reason, perhaps a
time to look again, and actions. "No" and "not yet" are statuses, never exceptions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.deciding import memory, obeying, proposing, story
from bot.domain.deciding.action import Action, Propose, Refresh
from bot.domain.deciding.noise import recent
from bot.domain.deciding.situation import Situation, Step
from bot.domain.deciding.step import next_step
from bot.domain.directories.copying import adopted
from bot.domain.errors import TagboatError
from bot.domain.image import Release
from bot.domain.notice import Notice
from bot.domain.record import EnvironmentRecord, Record
from bot.domain.rollout.deployment import written
from bot.domain.rollout.progress import Progress, follow
from bot.domain.snapshot import ImageChoice, Snapshot, Traffic
from bot.domain.status import EnvironmentStatus, PullRequestSummary, State

_CONCERNED = frozenset({State.PROPOSED, State.BLOCKED})
"""What a step says where the group's pull request is its matter, also before it has a part in it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, what people are shown and told, what to remember, and when to look again."""

    actions: tuple[Action, ...]
    environments: tuple[EnvironmentStatus, ...]
    record: Record
    notices: tuple[Notice, ...]
    wake_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Decided:
    status: EnvironmentStatus
    record: EnvironmentRecord
    actions: tuple[Action, ...] = ()
    progress: Progress | None = None
    release: Release | None = None
    doubt: str = ""
    """Why it is not known now what runs here; empty where it is."""


def decide(snapshot: Snapshot, now: datetime) -> Plan:
    """Decide for every environment of the pipeline, upstream before downstream."""
    decided: dict[str, _Decided] = {}
    for environment in snapshot.pipeline.environments:
        upstream = {name: decided[name].record for name in environment.after}
        seen = {name: decided[name].status.applications for name in environment.after}
        doubts = {name: decided[name].doubt for name in environment.after if decided[name].doubt}
        one = _decide_one(Situation(snapshot, environment, upstream, now, seen, doubts))
        decided[environment.name] = one
        snapshot = replace(snapshot, traffic=_busier(snapshot.traffic, one.actions, now))
    statuses = tuple(one.status for one in decided.values())
    times = [one.status.wake_at for one in decided.values() if one.status.wake_at]
    return Plan(
        actions=tuple(action for one in decided.values() for action in one.actions),
        environments=statuses,
        record=replace(snapshot.record, environments={name: one.record for name, one in decided.items()}),
        notices=tuple(_notices(snapshot, decided)),
        wake_at=min(times) if times else None,
    )


def _busier(traffic: Traffic, actions: Iterable[Action], now: datetime) -> Traffic:
    """The traffic with what is about to be opened."""
    new = _opening(actions, now)
    return Traffic(traffic.open + len(new), (*traffic.opened, *new)) if new else traffic


def _opening(actions: Iterable[Action], now: datetime) -> tuple[datetime, ...]:
    """The times of the pull requests that are about to be opened."""
    return tuple(now for action in actions if isinstance(action, Propose) and action.number is None)


def _decide_one(situation: Situation) -> _Decided:
    if situation.view.problem:
        return _unread(situation, State.UNKNOWN, str(situation.view.problem))
    try:
        found = written(situation.pipeline, situation.environment, situation.view.files)
    except TagboatError as error:
        return _unread(situation, State.BLOCKED, str(error))
    progress = follow(
        situation.pipeline,
        situation.environment,
        situation.record,
        situation.view,
        situation.snapshot.branch,
        situation.now,
    )
    record = _remember(situation.record, progress)
    step = next_step(situation, found)
    record = obeying.carried_out(situation, memory.after(record, step))
    if step.holds and situation.environment.promote:
        read, base = situation.view.directory, situation.snapshot.branch.head
        record = adopted(record, read, step.holds, base=base, now=situation.now)
    refreshes = tuple(
        Refresh(situation.environment.name, application, hard) for application, hard in progress.refreshes
    )
    status = _status(situation, found, progress, step, record)
    doubt = progress.reason if progress.state is State.UNKNOWN else ""
    return _Decided(status, record, (*step.actions, *refreshes), progress, step.release, doubt)


def _unread(situation: Situation, state: State, reason: str) -> _Decided:
    current = situation.record.current
    status = EnvironmentStatus(
        name=situation.environment.name,
        state=state,
        reason=reason,
        after=situation.environment.after,
        running=_versions(current.release) if current else {},
        pull_request=_shown_pull(situation, state),
        group=situation.environment.group,
        opened=recent(situation.record.opened, situation.now),
    )
    return _Decided(status, situation.record, doubt=reason)


def _remember(record: EnvironmentRecord, progress: Progress) -> EnvironmentRecord:
    if progress.deployment is None:
        return record
    return replace(record, deployments=(*record.deployments[:-1], progress.deployment))


def _status(
    situation: Situation, found: Release, progress: Progress, step: Step, record: EnvironmentRecord
) -> EnvironmentStatus:
    state, reason = _word(progress, step)
    current = record.current
    times = [moment for moment in (progress.wake_at, step.until, *_choice_times(situation)) if moment]
    return EnvironmentStatus(
        name=situation.environment.name,
        state=state,
        reason="; ".join(text for text in (reason, _unsaid(situation, record)) if text),
        after=situation.environment.after,
        running=_versions(current.release if current else found),
        next=_versions(step.release) if step.release else {},
        pull_request=_shown_pull(situation, step.state),
        applications=progress.applications,
        live_since=progress.deployment.live_since if progress.deployment else None,
        wake_at=min(times) if times else None,
        group=situation.environment.group,
        opened=(*record.opened, *_opening(step.actions, situation.now)),
    )


def _shown_pull(situation: Situation, state: State | None) -> PullRequestSummary | None:
    """The open pull request, where the environment has to do with it: a group's may be its fellows' alone.

    One of an earlier branch is shown until another one supersedes it.
    """
    is_own = not situation.environment.group or proposing.own_mark(situation) is not None
    pull = situation.view.open_pull_request or next(iter(situation.view.older), None)
    if pull is None or not (is_own or state in _CONCERNED):
        return None
    return PullRequestSummary(pull.number, pull.title, pull.url, pull.head)


def _unsaid(situation: Situation, record: EnvironmentRecord) -> str:
    """What the host did not take of what belongs beside the open pull request."""
    pull = situation.view.open_pull_request
    if pull is None or not record.unsaid or not record.described.startswith(f"{pull.number}/"):
        return ""
    return f"the Git host did not take {'; '.join(record.unsaid)}"


def _choice_times(situation: Situation) -> Iterator[datetime]:
    """When time alone may change what is chosen, where something is chosen now."""
    for answer in situation.snapshot.choices.get(situation.environment.name, {}).values():
        if (
            isinstance(answer, ImageChoice)
            and answer.choice.wake_at
            and answer.choice.wake_at > situation.now
        ):
            yield answer.choice.wake_at


def _word(progress: Progress, step: Step) -> tuple[State, str]:
    """The one word for an environment: what a human must see first wins."""
    if progress.state is State.DEGRADED:
        return progress.state, "; ".join(filter(None, (progress.reason, step.reason)))
    if step.state in (State.BLOCKED, State.PROPOSED, State.DECLINED):
        return step.state, step.reason
    if progress.state is State.LIVE and step.state is State.WAITING:
        return step.state, step.reason
    reasons = (progress.reason, step.reason)
    if progress.deployment and progress.deployment.is_initial:  # nobody waits for what was there before
        reasons = (step.reason, progress.reason)
    return progress.state, "; ".join(filter(None, reasons))


def _versions(release: Release) -> dict[str, str]:
    """What people are shown of a release; the files that move along have a name of their own."""
    files = {"files": release.tree[:7]} if release.tree else {}
    return files | {alias: ref.version for alias, ref in release}


def _notices(snapshot: Snapshot, decided: Mapping[str, _Decided]) -> Iterator[Notice]:
    shown = story.Story(
        snapshot.pipeline.name,
        {
            name: story.Chapter(one.status, one.record.current, one.release, one.progress)
            for name, one in decided.items()
        },
    )
    for name in decided:
        yield from story.tell(shown, name, snapshot.environments[name])
