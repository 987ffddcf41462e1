"""Receive: facts from webhooks become woken pipelines. Stored first, answered second, the queue told third.

A fact is a hint: it names pipelines to look at and decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import structlog

from bot.domain.errors import Transient
from bot.domain.fact import Fact, Ignored, ImagePushed, Pinged
from bot.domain.pipeline import Pipeline
from bot.flow.world import World
from bot.ports import Delivery

log = structlog.get_logger(__name__)

_AGAIN = timedelta(seconds=10)
"""After so long a message that nobody took counts as lost."""


def receive(
    world: World, delivery: Delivery, facts: Sequence[Fact], *, forge: str | None
) -> Sequence[str] | None:
    """Store a delivery's facts and mark the pipelines that they concern as woken; None if seen before.

    The sender is answered now; the queue is told by `wake` with these names, after the answer.

    `forge` is the configured name of the Git host that sent it, None for a registry.

    Raises:
        Unreachable: the store did not take it; the sender must try again.
    """
    pipelines = world.pipelines.values()
    names = sorted({each.name for each in pipelines if any(_concerns(each, fact, forge) for fact in facts)})
    if not world.store.receive(delivery, pipelines=names, now=world.clock.now()):
        log.info("delivery_seen_before", sender=delivery.sender)
        return None
    log.info("delivery_received", sender=delivery.sender, facts=len(facts), pipelines=names)
    return names


def wake(world: World, names: Sequence[str]) -> Sequence[str]:
    """Send one message for each pipeline that has none on the queue; return those.

    What is lost here is found by the sweep, because the store knows what is due.
    """
    queued = world.store.enqueue(names, now=world.clock.now(), again=_AGAIN)
    for name in queued:
        try:
            world.queue.reconcile(name)
        except Transient as error:
            log.warning("queue_unreachable", pipeline=name, reason=str(error))
            break
    return queued


def ask_for_announcements(world: World) -> None:
    """Ask for the outbox to be emptied; the sweep asks again where the queue does not answer."""
    try:
        world.queue.announce()
    except Transient as error:
        log.warning("queue_unreachable", reason=str(error))


def _concerns(pipeline: Pipeline, fact: Fact, forge: str | None) -> bool:
    if isinstance(fact, ImagePushed):
        return any(image.name == fact.image for image in pipeline.images)
    if isinstance(fact, Pinged | Ignored) or forge != pipeline.repository.forge:
        return False
    return fact.repository.casefold() == pipeline.repository.path.casefold()
