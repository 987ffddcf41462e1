"""Reconcile: observe, decide, act, save, for one pipeline under a lease, until nothing is left to do now.

Whatever breaks here, breaks one pipeline: it is shown, logged and looked at again later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from bot.domain.deciding.decision import Plan, decide
from bot.domain.errors import Conflict, TagboatError
from bot.domain.pipeline import Pipeline
from bot.domain.record import Record
from bot.domain.snapshot import ImageChoice, Snapshot
from bot.domain.status import PipelineStatus
from bot.flow.act import Acted, act, wake_fellows
from bot.flow.leases import alone, look_alone, shared, unshared
from bot.flow.observe import observe
from bot.flow.origins import with_origins
from bot.flow.outcome import broken, decided, restless, unread
from bot.flow.receive import ask_for_announcements
from bot.flow.threads import with_threads
from bot.flow.world import World
from bot.ports import Lease, Outcome

log = structlog.get_logger(__name__)

_ROUNDS = 12
"""A push through three environments takes about two rounds each. Who never comes to rest, because somebody
undoes what Tagboat does or a host shows old news, is given a pause."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What `tagboat plan` shows: the plan that the next reconcile would carry out."""

    plan: Plan
    files: Mapping[str, Mapping[str, bytes | None]]


def reconcile(world: World, name: str) -> bool:
    """Look at one pipeline and do what is to be done; False when another worker holds it.

    An unknown name (a message of an older configuration) is ignored.

    Raises:
        TagboatError: the store cannot be used.
    """
    pipeline = world.pipelines.get(name)
    if pipeline is None:
        log.warning("unknown_pipeline", pipeline=name)
        return True
    with structlog.contextvars.bound_contextvars(pipeline=name):
        return look_alone(world, name, lambda lease: _rounds(world, pipeline, lease))


def preview(world: World, pipeline: Pipeline) -> Preview:
    """Observe and decide without acting or saving."""
    now = world.clock.now()
    snapshot = observe(world, pipeline, world.store.load(pipeline.name), now)
    plan = decide(snapshot, now)
    return Preview(plan, {name: view.files for name, view in snapshot.environments.items()})


def _rounds(world: World, pipeline: Pipeline, lease: Lease) -> None:
    for left in reversed(range(_ROUNDS)):
        if not _round(world, pipeline, lease, is_last=left == 0):
            return


def _round(world: World, pipeline: Pipeline, lease: Lease, *, is_last: bool) -> bool:
    """One turn of the loop; True when it changed something, so that another look is due at once."""
    now = world.clock.now()
    try:
        outcome, goes_on = _look(world, pipeline, now)
        if is_last and goes_on:
            log.warning("restless", rounds=_ROUNDS)
            outcome = restless(outcome, now)
        _save(world, lease, outcome, now)
    except TagboatError:
        raise
    except Exception as error:  # one pipeline that breaks us must not go round for ever
        log.exception("pipeline_broke")
        _save(world, lease, broken(pipeline, world.store.shown(pipeline.name), error, now), now)
        return False
    return goes_on


def _look(world: World, pipeline: Pipeline, now: datetime) -> tuple[Outcome, bool]:
    """Observe, decide and act; what that leaves behind, and whether another look is due at once."""
    record: Record | None = None
    try:
        record = world.store.load(pipeline.name)
        snapshot, plan = _planned(world, pipeline, record, now)
        groups = shared(pipeline, plan.actions)
        with alone(world, groups) as held:
            if groups:  # what was seen before may be somebody's half
                snapshot, plan = _planned(world, pipeline, record, now)
            acted = _act(world, snapshot, plan, held)
    except TagboatError as error:
        log.warning("not_observed", reason=str(error))
        return unread(pipeline, record, world.store.shown(pipeline.name), error, now), False
    is_whole = not any(view.problem for view in snapshot.environments.values())
    shown = None if is_whole else world.store.shown(pipeline.name)
    only_overtaken = all(isinstance(error, Conflict) for error in acted.errors.values())
    is_due = bool(plan.actions) or (plan.wake_at is not None and plan.wake_at <= now)
    # Who reads thousands of tags gives the lease back between the parts, so that others have their turn.
    goes_on = is_due and only_overtaken and not (_is_reading(snapshot) and not plan.actions)
    goes_on = goes_on and groups <= held  # who waits for a fellow gives it the time
    return _polled(world, pipeline, decided(plan, snapshot, shown, acted, now), now), goes_on


def _planned(world: World, pipeline: Pipeline, record: Record, now: datetime) -> tuple[Snapshot, Plan]:
    snapshot = observe(world, pipeline, record, now)
    plan = decide(snapshot, now)
    informed = with_threads(world, with_origins(world, snapshot, plan.actions), plan.actions)
    return (snapshot, plan) if informed is snapshot else (informed, decide(informed, now))


def _act(world: World, snapshot: Snapshot, plan: Plan, held: frozenset[str]) -> Acted:
    """Carry out what may be done while those groups are ours alone."""
    actions, waiting = unshared(snapshot.pipeline, plan.actions, held)
    branch = snapshot.branch
    acted = act(world, snapshot.pipeline, base=branch.head, branch=branch.name, actions=actions)
    return replace(acted, errors={**acted.errors, **waiting})


def _is_reading(snapshot: Snapshot) -> bool:
    answers = (answer for choices in snapshot.choices.values() for answer in choices.values())
    return any(isinstance(answer, ImageChoice) and answer.is_reading for answer in answers)


def _polled(world: World, pipeline: Pipeline, outcome: Outcome, now: datetime) -> Outcome:
    """The outcome; where a registry is polled by a time of its own, the next look comes by then."""
    polls = [
        world.polls[image.name.registry] for image in pipeline.images if image.name.registry in world.polls
    ]
    if not polls:
        return outcome
    return replace(outcome, wake_at=min(now + min(polls), outcome.wake_at or now + min(polls)))


def _save(world: World, lease: Lease, outcome: Outcome, now: datetime) -> None:
    is_shared = any(each.group for each in outcome.status.environments)
    before = world.store.shown(lease.pipeline) if is_shared else None
    if world.store.save(lease, outcome, notifiers=list(world.notifiers), now=now):
        ask_for_announcements(world)
    if before:
        _tell_fellows(world, before, outcome.status)


def _tell_fellows(world: World, before: PipelineStatus, after: PipelineStatus) -> None:
    """Let those who wait for one of the pipeline's environments see that its state is another one."""
    states = {each.name: each.state for each in before.environments}
    for each in after.environments:
        if each.group and states.get(each.name) is not each.state:
            wake_fellows(world, world.pipelines[after.name], each.name)
