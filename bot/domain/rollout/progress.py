"""How the deployment of one environment fares: the verdicts on its Applications folded into its memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain import rollout
from bot.domain.pipeline import Application, Environment, Pipeline
from bot.domain.record import Deployment, EnvironmentRecord
from bot.domain.rollout.verdict import Followed, RolloutVerdict, VerdictWord
from bot.domain.snapshot import BaseBranch, EnvironmentView
from bot.domain.status import ApplicationStatus, State

_AFTER_SYNC = frozenset(
    {
        VerdictWord.LIVE,
        VerdictWord.PROGRESSING,
        VerdictWord.PAUSED,
        VerdictWord.DEGRADED,
        VerdictWord.MISSING,
        VerdictWord.HEALTH_UNKNOWN,
        VerdictWord.SYNCED_NOT_OBSERVED,
    }
)
"""The words that come after Argo CD applied the commit (rows 17 to 24 of the verdict table)."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the current deployment stands.

    `state` is LIVE, ROLLING_OUT, DEGRADED or UNKNOWN. `refreshes` are comparisons to ask Argo CD for
    (True: hard), remembered in `deployment` already.
    """

    deployment: Deployment | None
    state: State
    reason: str = ""
    is_synced: bool = False
    applications: tuple[ApplicationStatus, ...] = ()
    refreshes: tuple[tuple[Application, bool], ...] = ()
    wake_at: datetime | None = None


def followed(
    pipeline: Pipeline, environment: Environment, record: EnvironmentRecord, branch: BaseBranch
) -> Followed | None:
    """The commit to follow and by which measure; None before anything was deployed."""
    current = record.current
    if current is None:
        return None
    before = record.deployments[-2] if len(record.deployments) > 1 else None
    return Followed(
        commit=current.followed.commit,
        merged_at=current.followed.since,
        repository_urls=pipeline.repository_urls,
        branch=branch.name,
        is_default_branch=branch.is_default,
        images=tuple(ref for _, ref in current.release),
        refreshed=current.refreshed,
        hard_refreshed=current.hard_refreshed,
        was_live=current.live_since is not None,
        degraded_before=before is not None and before.degraded_since is not None,
        degraded_since=current.degraded_since,
        settle=environment.settle,
        deadlines=environment.deadlines,
    )


def follow(
    pipeline: Pipeline,
    environment: Environment,
    record: EnvironmentRecord,
    view: EnvironmentView,
    branch: BaseBranch,
    now: datetime,
) -> Progress:
    """Judge every Application and bring the deployment's memory up to date.

    An environment without Applications is live once merged.
    """
    deployment, context = record.current, followed(pipeline, environment, record, branch)
    if deployment is None or context is None:
        return Progress(None, State.UNKNOWN, "nothing is deployed yet")
    if not environment.applications:
        live = replace(deployment, live_since=deployment.live_since or deployment.merged_at)
        return Progress(live, State.LIVE, is_synced=True)
    verdicts = [rollout.judge(each, context, now=now) for each in view.applications]
    worst = rollout.environment_verdict(verdicts)
    if worst is None:
        return Progress(deployment, State.UNKNOWN, "its Applications were not looked at yet")
    remembered = _remember(deployment, worst, now)
    refreshes = tuple(
        (each.application, verdict.needs_refresh == "hard")
        for each, verdict in zip(view.applications, verdicts, strict=True)
        if verdict.needs_refresh
    )
    for application, is_hard in refreshes:
        remembered = _refreshed(remembered, application, is_hard, now)
    return Progress(
        deployment=remembered,
        state=_state(worst),
        reason="" if worst.is_live else worst.reason,
        is_synced=all(each.word in _AFTER_SYNC for each in verdicts),
        applications=tuple(
            ApplicationStatus(each.application.name, str(verdict.word), verdict.reason, each.application.url)
            for each, verdict in zip(view.applications, verdicts, strict=True)
        ),
        refreshes=refreshes,
        wake_at=None if worst.is_live else now + rollout.next_look(deployment.followed.since, now),
    )


def _state(worst: RolloutVerdict) -> State:
    if worst.is_live:
        return State.LIVE
    if worst.word is VerdictWord.UNREACHABLE:
        return State.UNKNOWN
    return State.DEGRADED if worst.failed else State.ROLLING_OUT


def _remember(deployment: Deployment, worst: RolloutVerdict, now: datetime) -> Deployment:
    if worst.is_live:
        return replace(deployment, live_since=deployment.live_since or now, degraded_since=None)
    if worst.failed:
        return replace(deployment, degraded_since=deployment.degraded_since or now)
    return deployment


def _refreshed(deployment: Deployment, application: Application, is_hard: bool, now: datetime) -> Deployment:
    name = str(application)
    if is_hard:
        return replace(deployment, hard_refreshed={**deployment.hard_refreshed, name: now})
    return replace(deployment, refreshed={**deployment.refreshed, name: now})
