"""Origins: what changed in the source of the images that are about to be proposed, read before they are.

It is read once for each step of an image and remembered with the pipeline, so that a proposal that is
written again reads as before. What cannot be read is left out of the text, and tried again when the next
proposal is written; it never keeps one from being written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from bot.domain.choosing.choice import TagDetails
from bot.domain.deciding.action import Action, Propose
from bot.domain.errors import TagboatError, Transient
from bot.domain.image import ImageName, ImageRef
from bot.domain.pipeline import Pipeline, Repository
from bot.domain.pull_request.source import (
    Comparison,
    HostKind,
    Origin,
    ReleaseNotes,
    Source,
    SourceRepository,
    located,
    release_tags,
    source_of,
)
from bot.domain.record import Record
from bot.domain.snapshot import Snapshot
from bot.flow.world import World
from bot.ports import Sources, Unusable

T = TypeVar("T")

log = structlog.get_logger(__name__)

MOST_STEPS = 20
"""Steps of images that are told of in one proposal, and remembered."""

_PATIENCE = timedelta(seconds=20)
"""How long one look reads; what it did not come to is left out."""

_MOST_TAGS = 4
_USUAL = ("linux/amd64",)
"""Labels are alike on all platforms: that of most images is read, and not all of them."""


def with_origins(world: World, snapshot: Snapshot, actions: Iterable[Action]) -> Snapshot:
    """The snapshot with what can be read of the source of what the actions propose.

    The very same snapshot where nothing is new.
    """
    steps = dict.fromkeys(step for each in actions if isinstance(each, Propose) for step in each.sought)
    known = snapshot.record.origins
    new = [step for step in list(steps)[:MOST_STEPS] if not _is_known(known, step)]
    if not new:
        return snapshot
    reader = _Reader(world, snapshot.pipeline, snapshot.record, world.clock.now() + _PATIENCE)
    found = [reader.read(before, after) for before, after in new]
    kept = [each for each in known if not any(each.is_of(*step) for step in new)]
    origins = (*kept, *found)[-MOST_STEPS:]
    if origins == known:
        return snapshot
    return replace(snapshot, record=replace(snapshot.record, origins=origins))


def _is_known(origins: Iterable[Origin], step: tuple[ImageRef, ImageRef]) -> bool:
    return any(each.is_of(*step) and not each.lacks for each in origins)


class _Faults:
    """What went wrong on the way to one origin: one part that cannot be read costs no other."""

    def __init__(self, after: ImageRef) -> None:
        self._after = after
        self._sentences: list[str] = []

    def spare(self, read: Callable[[], T]) -> T | None:
        """What was read, or None."""
        try:
            return read()
        except TagboatError as error:
            log.info("origin_unread", image=str(self._after), reason=str(error))
            self._sentences.append(str(error))
            return None

    @property
    def text(self) -> str:
        """All of it."""
        return "; ".join(self._sentences)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads for one pipeline, until a moment."""

    world: World
    pipeline: Pipeline
    record: Record
    until: datetime

    def read(self, before: ImageRef, after: ImageRef) -> Origin:
        """What is known of one step of an image."""
        faults = _Faults(after)
        new = faults.spare(lambda: self._source(after)) or Source()
        repository = located(new.repository, self.world.code_hosts)
        if repository is None:
            return Origin(before, after, lacks=faults.text)
        old = faults.spare(lambda: self._source(before)) or Source()
        is_same = located(old.repository, self.world.code_hosts) == repository
        span = (old.revision if is_same and old.revision != new.revision else "", new.revision)
        sources = faults.spare(lambda: self._sources(repository))
        told = (
            faults.spare(lambda: self._comparison(sources, repository, span)),
            faults.spare(lambda: self._notes(sources, repository, release_tags(new, after.tag))),
        )
        return Origin(before, after, repository, *span, *told, lacks=faults.text)

    def _sources(self, repository: SourceRepository) -> Sources | None:
        """The configured forge that is the host, where those who read the proposal may know what is there.

        Labels are claims of whoever pushed the image: they must not bring to light what the forge's login
        may read and others may not. So it is of the same owner as the pull request, or public.
        """
        sources = self.world.sources.get(repository.host.forge)
        if sources is None or _is_akin(repository, self.pipeline.repository):
            return sources
        return sources if sources.is_public(repository.path) else None

    def _comparison(
        self, sources: Sources | None, repository: SourceRepository, span: tuple[str, str]
    ) -> Comparison | None:
        if sources is None or not all(span):
            return None
        self._require_time()
        return sources.compare(repository.path, *span)

    def _notes(
        self, sources: Sources | None, repository: SourceRepository, tags: Sequence[str]
    ) -> ReleaseNotes | None:
        if sources is None:
            return None
        for tag in tags[:_MOST_TAGS]:
            self._require_time()
            notes = sources.release_notes(repository.path, tag)
            if notes:
                return notes
        return None

    def _source(self, ref: ImageRef) -> Source:
        """What the labels of an image say; of one without a digest, what its tag names now."""
        reference = ref.digest or self._digest(ref) or ref.tag
        if reference is None:
            return Source()
        self._require_time()
        catalog, platforms = self.world.catalog, self._platforms(ref)
        kept = catalog.contents(ref.name, [reference], platforms).get(reference)
        if isinstance(kept, Unusable):
            return Source()
        if kept is None:
            kept = self._details(ref.name, reference, platforms)
            catalog.keep_contents(ref.name, platforms, {kept.digest: kept})
        return source_of(kept.labels)

    def _details(self, image: ImageName, reference: str, platforms: Sequence[str]) -> TagDetails:
        registry = self.world.registry(image)
        details = registry.details(image, reference, platforms)
        if details.labels or not details.platforms or set(platforms) & set(details.platforms):
            return details
        other = registry.details(image, details.digest, details.platforms[:1])
        return replace(details, labels=other.labels)

    def _digest(self, ref: ImageRef) -> str | None:
        """The digest that is remembered of a tag whose place keeps none."""
        known = (
            image
            for record in self.record.environments.values()
            for deployment in reversed(record.deployments)
            for _, image in deployment.release
        )
        return next(
            (each.digest for each in known if each.digest and replace(each, digest=None) == ref), None
        )

    def _platforms(self, ref: ImageRef) -> tuple[str, ...]:
        """The platforms whose contents some policy reads and keeps anyway, or the usual one."""
        images = (image for pipeline in self.world.pipelines.values() for image in pipeline.images)
        policies = (image.policy for image in images if image.name == ref.name)
        return next((policy.platforms for policy in policies if policy.reads_contents), _USUAL)

    def _require_time(self) -> None:
        if self.world.clock.now() >= self.until:
            raise Transient("the source of an image was not read", why="that of others took too long")


def _is_akin(repository: SourceRepository, here: Repository) -> bool:
    if repository.host.forge != here.forge:
        return False
    if repository.host.kind is HostKind.GIT:
        return repository.path == here.path
    return repository.path.partition("/")[0].lower() == here.path.partition("/")[0].lower()
