"""Attend: look after what other people do in a repository, under a lease of its own as a pipeline's look has.

Their comments may give orders, and their pull requests may touch files that are not theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.domain.deciding import story
from bot.domain.errors import Permanent, TagboatError, Transient, sentence
from bot.domain.pause import pause
from bot.domain.record import Record
from bot.domain.status import PipelineStatus
from bot.flow.leases import look_alone
from bot.flow.listen import listen
from bot.flow.protection import guard
from bot.flow.receive import ask_for_announcements
from bot.flow.world import Attended, World
from bot.ports import Lease, Outcome

log = structlog.get_logger(__name__)

OFTEN = timedelta(minutes=1)
"""How soon people's doings are looked at again where no webhook comes: they wait for an answer."""

_BROKEN_AGAIN = timedelta(minutes=5)


def attend(world: World, name: str) -> bool:
    """Look at one repository, by its name in `World.attended`; False when another worker holds it.

    Raises:
        TagboatError: the store cannot be used.
    """
    attended = world.attended.get(name)
    if attended is None:
        log.warning("unknown_repository", repository=name)
        return True
    with structlog.contextvars.bound_contextvars(repository=str(attended.repository)):
        return look_alone(world, name, lambda lease: _look(world, attended, lease))


def _look(world: World, attended: Attended, lease: Lease) -> None:
    now = world.clock.now()
    record = world.store.load(attended.name)
    try:
        faults, seen = _faults(world, attended, lease, record)
    except Exception as error:  # one repository that breaks us must not go round for ever
        log.exception("repository_broke")
        reason = sentence("a fault of Tagboat itself", type(error).__name__, "the log shows where: report it")
        outcome = _outcome(attended, [Permanent(reason)], record, now)
        outcome = replace(outcome, wake_at=now + _BROKEN_AGAIN)
    else:
        outcome = _outcome(attended, faults, seen, now)
    wake_at = outcome.wake_at or now + min(OFTEN, world.poll)
    if world.store.save(lease, replace(outcome, wake_at=wake_at), notifiers=list(world.notifiers), now=now):
        ask_for_announcements(world)


def _faults(
    world: World, attended: Attended, lease: Lease, record: Record
) -> tuple[Sequence[TagboatError], Record]:
    """Do both; what went wrong with one does not keep back the other. The record has what was seen."""
    faults: list[TagboatError] = []
    try:
        if attended.commands:
            faults += listen(world, attended)
    except TagboatError as error:
        log.warning("comments_not_read", reason=str(error))
        faults.append(error)
    if attended.protection:
        guarded = guard(world, attended, attended.protection, known=record.rulings, fence=lease.fence)
        faults += guarded.faults
        record = replace(record, rulings=guarded.rulings)
    return faults, record


def _outcome(attended: Attended, faults: Sequence[TagboatError], record: Record, now: datetime) -> Outcome:
    repository = str(attended.repository)
    told = tuple(
        story.blocked(repository, "people's comments and pull requests", str(error))
        for error in faults
        if isinstance(error, Permanent)
    )
    problem = str(faults[0]) if faults else ""
    status = PipelineStatus(attended.name, repository, (), problem, now)
    if not faults:
        return Outcome(replace(record, fault_since=None), status)
    pauses = [_pause(error, record.fault_since, now) for error in faults]
    return Outcome(replace(record, fault_since=record.fault_since or now), status, told, now + max(pauses))


def _pause(error: TagboatError, since: datetime | None, now: datetime) -> timedelta:
    return pause(since, now, wish=error.retry_after if isinstance(error, Transient) else None)
