"""Digests: what tags name, where a file shows no more than the tag.

What is promoted is, digest for digest, what was proved. Tagboat knows the digests of what it chose itself; of
what people committed, or what stood there at the first look, it asks the registry as soon as it sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.deciding.obeying import remembered
from bot.domain.deciding.promotion import Proved, holders, proved, unpinned
from bot.domain.errors import TagboatError
from bot.domain.image import ImageRef
from bot.domain.people.order import NOTHING_TOLD, Standing
from bot.domain.pipeline import Environment, Pipeline
from bot.domain.record import EnvironmentRecord, Record
from bot.domain.snapshot import Problem
from bot.flow.images import Images
from bot.flow.world import World

_SHARED = timedelta(seconds=30)
"""Where a tag points is asked before it is promoted. So young an answer to another pipeline holds too."""


def completed(world: World, record: EnvironmentRecord, now: datetime) -> EnvironmentRecord:
    """The memory with the digests that the tags of the current release name now, where none is known.

    What cannot be asked stays unknown, is not promoted, and is asked again by the next look.
    """
    current = record.current
    if current is None or all(ref.digest or not ref.tag for _, ref in current.release):
        return record
    images = tuple((alias, _with_digest(world, ref, now)) for alias, ref in current.release)
    known = replace(current, release=replace(current.release, images=images))
    return replace(record, deployments=(*record.deployments[:-1], known))


def tag_digests(
    world: World, pipeline: Pipeline, record: Record, now: datetime, standings: Mapping[str, Standing]
) -> dict[ImageRef, str | Problem]:
    """Where tags point now that are about to be promoted to files that keep no digest."""
    digests: dict[ImageRef, str | Problem] = {}
    for environment in pipeline.environments:
        told = standings.get(environment.name, NOTHING_TOLD)
        for ref in _unpinned(pipeline, environment, record, now, told):
            tagged = replace(ref, digest=None)
            if tagged not in digests:
                digests[tagged] = _tag_digest(world, ref, now)
    return digests


def _with_digest(world: World, ref: ImageRef, now: datetime) -> ImageRef:
    found = ref.digest or _tag_digest(world, ref, now)
    return ref if isinstance(found, Problem) else replace(ref, digest=found)


def _tag_digest(world: World, ref: ImageRef, now: datetime) -> str | Problem:
    gone = Problem(f"tag {ref.tag} of {ref.name} is gone from the registry", fix="push it again")
    if ref.tag is None:
        return ref.digest or gone
    images = Images(world, ref.name, now)
    try:
        entry = images.asked(ref.tag, after=now - _SHARED)
    except TagboatError as error:
        return Problem.of(error)
    pointer = images.pointed([ref.tag], entry).get(ref.tag)
    return pointer.digest if pointer and pointer.digest else gone


def _unpinned(
    pipeline: Pipeline, environment: Environment, record: Record, now: datetime, told: Standing
) -> Iterable[ImageRef]:
    current = record.environment(environment.name).current
    upstream = {name: record.environment(name) for name in environment.after}
    if not upstream or current is None or not all(each.deployments for each in upstream.values()):
        return
    targets = holders(pipeline, environment)
    back = remembered(record.environment(environment.name), told.rollback) if told.rollback else None
    if back is not None:
        yield from unpinned(targets, back, current.release)
        return
    answer = proved(environment, upstream, now, hurried=told.hurried)
    if isinstance(answer, Proved):
        yield from unpinned(targets, answer.release, current.release)
