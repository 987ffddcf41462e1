"""Contents: what tags name, read once for ever, a bounded part at a time.

What a digest names never changes, so it is kept in the catalog, also when no reader will ever understand it.
A repository of thousands of tags is read in slices: what was read is kept before the next ones are asked for,
so that a crash or a registry that asks for patience costs no request twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.choosing.selection import SelectionPolicy, TagDetails, Unreadable
from bot.domain.errors import Damaged, Limited, Malformed, NotFound, TagboatError
from bot.flow.gates import aged
from bot.flow.images import Images
from bot.ports import ImageEntry, Pointer, Unusable

SLICE = timedelta(seconds=15)
"""How long one look reads; the next one goes on."""

_AT_ONCE = 16
"""Requests at a time: as many as an adapter keeps connections."""

_BATCH = 64
"""Tags read before what was read is kept."""

_MOST_FAULTS = 8
"""A registry that fails so often in one look is left alone for a while."""

Progress = Callable[[int, int], None]
"""Is told how many of how many tags are read."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What was found out of the tags that were asked for.

    `excluded` says why tags cannot be chosen at all; their details say the same. `left` were not come to.
    """

    details: Mapping[str, TagDetails | Unreadable]
    excluded: Mapping[str, str]
    left: int


@dataclass(frozen=True, slots=True)
class _Read:
    """One tag as it was read: `content` None when it is gone. `asked_at` None: asked for by its digest."""

    tag: str
    digest: str | None = None
    asked_at: datetime | None = None
    content: TagDetails | Unusable | Unreadable | None = None
    error: TagboatError | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads for one look. `pinned` are the digests that tags have for the policy, wherever they point.

    `until` is when to stop; `progress` is told how many of how many tags are read.
    """

    images: Images
    policy: SelectionPolicy
    pinned: Mapping[str, str]
    until: datetime
    progress: Progress

    def read(self, tags: Sequence[str], entry: ImageEntry) -> Contents:
        """Find out what these tags name.

        Raises:
            Limited: the registry asks for patience; what was read is kept.
            TagboatError: the registry fails at most tags.
        """
        pointers = self.images.pointed(tags, entry)
        digests = {tag: pointer.digest for tag, pointer in pointers.items()}
        digests |= {tag: digest for tag, digest in self.pinned.items() if tag in tags}
        kept = self._kept([digest for digest in digests.values() if digest])
        found: dict[str, _Read] = {}
        for tag, digest in digests.items():
            if digest is None or digest in kept:
                found[tag] = _Read(tag, digest, content=kept[digest] if digest else None)
        for reads in self._batches([tag for tag in tags if tag not in found], digests):
            found |= {each.tag: each for each in reads}
            self.progress(len(found), len(tags))
            if self.images.world.clock.now() >= self.until:
                break
        return self._contents(found.values(), left=len(set(tags).difference(found)))

    def _kept(self, digests: Sequence[str]) -> Mapping[str, TagDetails | Unusable]:
        if not self.policy.reads_contents:
            return {digest: TagDetails(digest) for digest in digests}
        return self.images.world.catalog.contents(self.images.image, digests, self.policy.platforms)

    def _batches(self, tags: Sequence[str], digests: Mapping[str, str | None]) -> Iterator[Sequence[_Read]]:
        """Read the tags, many at a time, and keep what was read before it is given away."""
        if not tags:
            return
        faults = 0
        with ThreadPoolExecutor(min(_AT_ONCE, len(tags)), thread_name_prefix="reading") as pool:
            for start in range(0, len(tags), _BATCH):
                batch = tags[start : start + _BATCH]
                reads = list(pool.map(self._read, batch, [digests.get(tag) for tag in batch]))
                self._keep(reads)
                errors = [each.error for each in reads if each.error]
                faults += len(errors)
                for error in errors:
                    if isinstance(error, Limited) or (faults >= _MOST_FAULTS and start + _BATCH < len(tags)):
                        raise error
                yield reads

    def _keep(self, reads: Sequence[_Read]) -> None:
        catalog, image = self.images.world.catalog, self.images.image
        contents = {
            each.digest: each.content
            for each in reads
            if each.digest and isinstance(each.content, TagDetails | Unusable)
        }
        if contents and self.policy.reads_contents:
            catalog.keep_contents(image, self.policy.platforms, contents)
        asked = {each.tag: Pointer(each.digest, each.asked_at) for each in reads if each.asked_at}
        if asked:
            catalog.point(image, asked)

    def _read(self, tag: str, digest: str | None) -> _Read:
        try:
            return self._pointed(tag) if not self.policy.reads_contents else self._described(tag, digest)
        except TagboatError as error:
            return _Read(tag, content=Unreadable(str(error)), error=error)

    def _pointed(self, tag: str) -> _Read:
        asked_at = self.images.world.clock.now()
        digest = self.images.world.registry(self.images.image).digest(self.images.image, tag)
        return _Read(tag, digest, asked_at, TagDetails(digest) if digest else None)

    def _described(self, tag: str, digest: str | None) -> _Read:
        asked_at = None if digest else self.images.world.clock.now()
        try:
            details = self._details(digest or tag)
        except (NotFound, Malformed) as error:
            return self._described_anew(tag, digest, error)
        return _Read(tag, details.digest, asked_at, details)

    def _described_anew(self, tag: str, digest: str | None, error: TagboatError) -> _Read:
        """What a tag names that could not be read: it may have moved, or be gone, or be no image at all."""
        if digest and tag in self.pinned:
            return self._judged(_Read(tag, digest), error)
        now = self._pointed(tag)
        if now.digest is None or now.digest == digest:
            return self._judged(now, error) if now.digest else now
        try:
            return replace(now, content=self._details(now.digest))
        except (NotFound, Malformed) as again:
            return self._judged(now, again)

    def _judged(self, read: _Read, error: TagboatError) -> _Read:
        """The fault of a digest, remembered where it is one that never goes away."""
        if isinstance(error, Malformed) and not isinstance(error, Damaged):
            return replace(read, content=Unusable(str(error)))
        raise error

    def _details(self, reference: str) -> TagDetails:
        image = self.images.image
        return self.images.world.registry(image).details(image, reference, self.policy.platforms)

    def _contents(self, reads: Iterable[_Read], *, left: int) -> Contents:
        details: dict[str, TagDetails | Unreadable] = {}
        excluded: dict[str, str] = {}
        for each in reads:
            match each.content:
                case TagDetails() | Unreadable():
                    details[each.tag] = each.content
                case Unusable(reason):
                    excluded[each.tag] = f"cannot run: {reason}"
                case None:
                    excluded[each.tag] = "is gone from the registry"
        details |= {tag: Unreadable(reason) for tag, reason in excluded.items()}
        if self.policy.min_age:
            details = aged(self.images, details, self.pinned)
        return Contents(details, excluded, left)
