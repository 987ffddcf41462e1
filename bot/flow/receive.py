"""Receive: facts from webhooks become woken pipelines. Stored first, answered second, the queue told third.

A fact is a hint: it names pipelines to look at and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.domain.chat_fact import Challenged, CommandGiven, Interacted
from bot.domain.errors import Transient
from bot.domain.fact import Commented, Fact, Ignored, ImagePushed, Pinged, PullRequestChanged, RolloutChanged
from bot.domain.image import ImageName
from bot.domain.pipeline import Pipeline
from bot.flow.world import Attended, World
from bot.ports import Delivery

log = structlog.get_logger(__name__)

_AGAIN = timedelta(seconds=10)
"""After so long a message that nobody took counts as lost."""


def receive(
    world: World, delivery: Delivery, facts: Sequence[Fact], *, forge: str | None
) -> Sequence[str] | None:
    """Store a delivery's facts and mark the pipelines that they concern as woken; None if seen before.

    The sender is answered now; the queue is told by `wake` with these names, after the answer.

    `forge` is the configured name of the Git host that sent it, None for any other sender. An Argo CD
    speaks for its own Applications where the endpoint has the name of an instance, and else for all.

    Raises:
        Unreachable: the store did not take it; the sender must try again.
    """
    pipelines = world.pipelines.values()
    instance = delivery.sender if delivery.sender in world.deployments else None
    origin = _Origin(forge, instance)
    names = sorted({each.name for each in pipelines if any(_concerns(each, fact, origin) for fact in facts)})
    names += sorted(each.name for each in world.attended.values() if _is_people(each, facts, origin))
    pushes = _pushes(world, facts)
    if pushes:
        # Before the pipelines are woken: a worker may be quicker than this one.
        world.catalog.announce(pushes, now=world.clock.now())
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


def _pushes(world: World, facts: Sequence[Fact]) -> Mapping[ImageName, Sequence[str]]:
    """The pushed tags of images that pipelines carry."""
    pushed = [fact for fact in facts if isinstance(fact, ImagePushed)]
    if not pushed:
        return {}
    carried = {image.name for pipeline in world.pipelines.values() for image in pipeline.images}
    images = sorted(carried.intersection(fact.image for fact in pushed))
    return {
        image: list(dict.fromkeys(fact.tag for fact in pushed if fact.image == image)) for image in images
    }


@dataclass(frozen=True, slots=True)
class _Origin:
    """Whose endpoint a delivery came to: the configured names of a forge and of an Argo CD."""

    forge: str | None
    argocd: str | None


def _concerns(pipeline: Pipeline, fact: Fact, origin: _Origin) -> bool:
    match fact:
        case ImagePushed():
            return any(image.name == fact.image for image in pipeline.images)
        case RolloutChanged():
            return any(
                application.name == fact.application and origin.argocd in {None, application.argocd}
                for environment in pipeline.environments
                for application in environment.applications
            )
        case CommandGiven() | Interacted() | Challenged() | Pinged() | Ignored():
            return False
        case _:
            return origin.forge == pipeline.repository.forge and _is_of(pipeline, fact.repository)


def _is_people(attended: Attended, facts: Sequence[Fact], origin: _Origin) -> bool:
    """Whether somebody commented, or changed a pull request, in a repository that is attended to."""
    if origin.forge != attended.repository.forge:
        return False
    path = attended.repository.path.casefold()
    return any(
        isinstance(fact, Commented | PullRequestChanged) and fact.repository.casefold() == path
        for fact in facts
    )


def _is_of(pipeline: Pipeline, repository: str) -> bool:
    """Whether the path is that of the pipeline's repository, which plain Git knows by its address alone."""
    path = repository.casefold()
    known = (pipeline.repository.path, *pipeline.repository_urls)
    return any(f"/{each.casefold().removesuffix('.git')}".endswith(f"/{path}") for each in known)
