"""Reconcile: observe, decide, act, save, for one pipeline under a lease, until nothing is left to do now.

Whatever breaks here, breaks one pipeline: it is shown, logged and looked at again later.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.domain.deciding.decision import Plan, decide
from bot.domain.errors import Conflict, TagboatError
from bot.domain.pipeline import Pipeline
from bot.domain.snapshot import ImageChoice, Record, Snapshot
from bot.flow.act import act
from bot.flow.observe import observe
from bot.flow.origins import with_origins
from bot.flow.outcome import AGAIN, broken, decided, unread
from bot.flow.receive import ask_for_announcements, wake
from bot.flow.world import World
from bot.ports import Lease, Outcome

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=10)
"""How long a pipeline stays with a worker that died; a living one renews its lease three times as often."""

_ROUNDS = 12
"""A push through three environments takes about two rounds each. Who never comes to rest, because somebody
undoes what Tagboat does or a host shows old news, is given a pause."""

_NEVER = timedelta(days=36500)
"""Asks for woken pipelines only, however long ago they were looked at."""


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
    lease = world.store.lease(name, owner=uuid.uuid4().hex, now=world.clock.now(), ttl=LEASE)
    if lease is None:
        return False
    with structlog.contextvars.bound_contextvars(pipeline=name):
        try:
            with kept(world, lease):
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
def kept(world: World, lease: Lease) -> Iterator[None]:
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
            outcome = replace(outcome, wake_at=now + AGAIN)
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
        snapshot = observe(world, pipeline, record, now)
        plan = decide(snapshot, now)
        informed = with_origins(world, snapshot, plan.actions)
        if informed is not snapshot:
            snapshot, plan = informed, decide(informed, now)
    except TagboatError as error:
        log.warning("not_observed", reason=str(error))
        return unread(pipeline, record, world.store.shown(pipeline.name), error, now), False
    acted = act(world, pipeline, base=snapshot.branch.head, branch=snapshot.branch.name, actions=plan.actions)
    only_overtaken = all(isinstance(error, Conflict) for error in acted.errors.values())
    is_due = bool(plan.actions) or (plan.wake_at is not None and plan.wake_at <= now)
    # Who reads thousands of tags gives the lease back between the parts, so that others have their turn.
    goes_on = is_due and only_overtaken and not (_is_reading(snapshot) and not plan.actions)
    return _polled(world, pipeline, decided(plan, snapshot, acted, now), now), goes_on


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
    if world.store.save(lease, outcome, notifiers=list(world.notifiers), now=now):
        ask_for_announcements(world)
