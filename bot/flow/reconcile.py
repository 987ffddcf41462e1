"""Reconcile: observe, decide, act, save, for one pipeline under a lease, until nothing is left to do now."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.domain.decision import Plan, decide
from bot.domain.errors import Conflict, TagboatError
from bot.domain.pipeline import Pipeline
from bot.domain.snapshot import EnvironmentStatus, PipelineStatus, Problem, Record, State
from bot.flow.act import act
from bot.flow.observe import observe
from bot.flow.receive import ask_for_announcements, wake
from bot.flow.world import World
from bot.ports import Lease, Outcome

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=10)
"""How long a pipeline stays with a worker that died; a living one renews its lease three times as often."""

_ROUNDS = 8
"""A push through three environments takes about two rounds each; the rest goes on by a new message."""

_NEVER = timedelta(days=36500)
"""Asks for woken pipelines only, however long ago they were looked at."""

_AGAIN = timedelta(seconds=15)
"""How soon a look or an action that failed is tried again."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What `tagboat plan` shows: the plan that the next reconcile would carry out."""

    plan: Plan
    files: Mapping[str, Mapping[str, bytes | None]]


def reconcile(world: World, name: str) -> bool:
    """Look at one pipeline and do what is to be done; False when another worker holds it.

    An unknown name (a message of an older configuration) is ignored.
    """
    pipeline = world.pipelines.get(name)
    if pipeline is None:
        log.warning("unknown_pipeline", pipeline=name)
        return True
    lease = world.store.lease(name, owner=uuid.uuid4().hex, now=world.clock.now(), ttl=LEASE)
    if lease is None:
        return False
    with structlog.contextvars.bound_contextvars(pipeline=name):
        try:
            with _kept(world, lease):
                _rounds(world, pipeline, lease)
        except Conflict as error:
            log.warning("lease_lost", reason=str(error))
        finally:
            world.store.release(lease)
        # A wake that came meanwhile found the pipeline leased: it goes on at once, not with the next sweep.
        wake(world, world.store.due([name], now=world.clock.now(), every=_NEVER))
    return True


def preview(world: World, pipeline: Pipeline) -> Preview:
    """Observe and decide without acting or saving."""
    now = world.clock.now()
    snapshot = observe(world, pipeline, world.store.load(pipeline.name), now)
    plan = decide(snapshot, now)
    return Preview(plan, {name: view.files for name, view in snapshot.environments.items()})


@contextmanager
def _kept(world: World, lease: Lease) -> Iterator[None]:
    """Renew the lease until the work is done; where it was lost, the next save says so."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(LEASE.total_seconds() / 3):
            try:
                world.store.renew(lease, now=world.clock.now(), ttl=LEASE)
            except Conflict:
                return
            except TagboatError as error:
                log.warning("lease_not_renewed", pipeline=lease.pipeline, reason=str(error))

    thread = threading.Thread(target=renew, name=f"lease of {lease.pipeline}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _rounds(world: World, pipeline: Pipeline, lease: Lease) -> None:
    for _ in range(_ROUNDS):
        if not _round(world, pipeline, lease):
            return
    world.store.wake([pipeline.name], now=world.clock.now())


def _round(world: World, pipeline: Pipeline, lease: Lease) -> bool:
    """One turn of the loop; True when it changed something, so that another look is due at once."""
    now = world.clock.now()
    record = world.store.load(pipeline.name)
    try:
        snapshot = observe(world, pipeline, record, now)
    except TagboatError as error:
        _save(world, lease, _unreadable(world, pipeline, record, error, now), now)
        return False
    plan = decide(snapshot, now)
    problems = act(
        world, pipeline, base=snapshot.branch.head, branch=snapshot.branch.name, actions=plan.actions
    )
    _save(world, lease, _outcome(pipeline, plan, problems, now), now)
    return bool(plan.actions) and not problems


def _save(world: World, lease: Lease, outcome: Outcome, now: datetime) -> None:
    if world.store.save(lease, outcome, notifiers=list(world.notifiers), now=now):
        ask_for_announcements(world)


def _outcome(pipeline: Pipeline, plan: Plan, problems: Mapping[str, Problem], now: datetime) -> Outcome:
    environments = tuple(
        _blocked(each, problems[each.name]) if each.name in problems else each for each in plan.environments
    )
    wake_at = plan.wake_at
    if problems:
        wake_at = min(wake_at or now + _AGAIN, now + _AGAIN)
    elif plan.actions:
        wake_at = now  # what was done is looked at again, also by another worker if this one dies here
    status = PipelineStatus(pipeline.name, str(pipeline.repository), environments, looked_at=now)
    return Outcome(plan.record, status, plan.notices, wake_at)


def _blocked(status: EnvironmentStatus, problem: Problem) -> EnvironmentStatus:
    return replace(status, state=State.BLOCKED, reason=str(problem))


def _unreadable(
    world: World, pipeline: Pipeline, record: Record, error: TagboatError, now: datetime
) -> Outcome:
    log.warning("not_observed", reason=str(error))
    shown = next((each for each in world.store.board() if each.name == pipeline.name), None)
    environments = (
        shown.environments
        if shown and shown.environments
        else tuple(
            EnvironmentStatus(each.name, State.UNKNOWN, "not looked at yet", each.after)
            for each in pipeline.environments
        )
    )
    status = PipelineStatus(pipeline.name, str(pipeline.repository), environments, str(error), now)
    return Outcome(record, status, (), now + _AGAIN)
