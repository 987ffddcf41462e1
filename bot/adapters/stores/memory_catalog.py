"""The catalog in memory: for tests and for trying things out. Everything is gone with the object."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import RLock

from bot.adapters.stores.rules import (
    KEEP_ANNOUNCEMENTS,
    KEEP_DIGESTS,
    KEEP_IMAGES,
    MOST_ANNOUNCED,
    WORTH_NOTING,
    first_asked,
    is_claimable,
    is_current,
    platforms_key,
)
from bot.domain.choosing.selection import TagDetails
from bot.domain.image import ImageName
from bot.ports import ImageEntry, Pointer, Unusable


@dataclass(slots=True)
class _Announcement:
    number: int
    at: datetime


@dataclass(slots=True)
class _Sight:
    first_seen: datetime
    last_seen: datetime


@dataclass(slots=True)
class _Image:
    """One image, as the tables have it; `announced` is in the order of the numbers."""

    asked_at: datetime | None = None
    entry: ImageEntry | None = None
    claimed_until: datetime | None = None
    heard: int = 0
    announced: dict[str, _Announcement] = field(default_factory=dict)
    pointers: dict[str, Pointer] = field(default_factory=dict)
    sights: dict[str, _Sight] = field(default_factory=dict)
    contents: dict[tuple[str, str], TagDetails | Unusable] = field(default_factory=dict)

    def rows(self) -> int:
        """How many rows the tables would hold."""
        return (
            (self.asked_at is not None)
            + len(self.announced)
            + len(self.pointers)
            + len(self.sights)
            + len(self.contents)
        )

    def tidy(self, oldest_announcement: datetime, oldest: datetime) -> None:
        """Forget announcements, pointers and digests that are too old to matter."""
        listed = set(self.entry.listing.tags) if self.entry else set()
        self.announced = {tag: each for tag, each in self.announced.items() if each.at >= oldest_announcement}
        self.pointers = {
            tag: each for tag, each in self.pointers.items() if each.asked_at >= oldest or tag in listed
        }
        pointed = {pointer.digest for pointer in self.pointers.values()}
        gone = {
            digest
            for digest, sight in self.sights.items()
            if sight.last_seen < oldest and digest not in pointed
        }
        self.sights = {digest: sight for digest, sight in self.sights.items() if digest not in gone}
        self.contents = {key: each for key, each in self.contents.items() if key[0] not in gone}


class MemoryCatalog:
    """The port `Catalog` in memory."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._images: defaultdict[ImageName, _Image] = defaultdict(_Image)

    def entry(self, image: ImageName) -> ImageEntry | None:
        """What is known of the image's tags; None before the first list."""
        with self._known(image) as found:
            if found.entry is None:
                return None
            return replace(found.entry, announced=tuple(found.announced), heard=found.heard)

    def claim(self, image: ImageName, *, now: datetime, ttl: timedelta) -> bool:
        """Take the right to ask for the image's tags; False while it is taken."""
        with self._lock:
            found = self._images[image]
            if not is_claimable(found.claimed_until, now=now, ttl=ttl):
                return False
            found.asked_at, found.claimed_until = now, now + ttl
            return True

    def keep(self, image: ImageName, entry: ImageEntry) -> None:
        """Keep what is known of the tags and give the claim back."""
        with self._lock:
            found = self._images[image]
            found.asked_at = found.asked_at or entry.listed_at
            found.entry, found.claimed_until = entry, None
            found.announced = {
                tag: each
                for tag, each in found.announced.items()
                if each.number > entry.heard or tag in entry.announced
            }

    def announce(self, pushes: Mapping[ImageName, Sequence[str]], *, now: datetime) -> None:
        """Remember that senders said these tags were pushed."""
        with self._lock:
            for image, tags in pushes.items():
                if not tags:
                    continue
                found = self._images[image]
                found.asked_at = found.asked_at or now
                for tag in tags:
                    found.heard += 1
                    found.announced.pop(tag, None)
                    found.announced[tag] = _Announcement(found.heard, now)
                oldest = found.heard - MOST_ANNOUNCED
                found.announced = {tag: each for tag, each in found.announced.items() if each.number > oldest}

    def pointers(self, image: ImageName, tags: Sequence[str]) -> Mapping[str, Pointer]:
        """Where these tags pointed when they were asked for last."""
        with self._known(image) as found:
            return {tag: found.pointers[tag] for tag in tags if tag in found.pointers}

    def point(self, image: ImageName, pointers: Mapping[str, Pointer]) -> Mapping[str, datetime]:
        """Keep where tags point, and return when each of these digests was first seen."""
        seen: dict[str, datetime] = {}
        if not pointers:
            return seen
        now = max(pointer.asked_at for pointer in pointers.values())
        with self._lock:
            found = self._images[image]
            for tag, pointer in pointers.items():
                if is_current(pointer, found.pointers.get(tag)):
                    found.pointers[tag] = pointer
            found.asked_at = _noted(found.asked_at or now, now)
            for digest, at in first_asked(pointers).items():
                sight = found.sights.setdefault(digest, _Sight(at, at))
                sight.last_seen = _noted(sight.last_seen, at)
                seen[digest] = sight.first_seen
        return seen

    def first_seen(self, image: ImageName, digests: Sequence[str]) -> Mapping[str, datetime]:
        """When each of these digests was first seen."""
        with self._known(image) as found:
            return {each: found.sights[each].first_seen for each in digests if each in found.sights}

    def contents(
        self, image: ImageName, digests: Sequence[str], platforms: Sequence[str]
    ) -> Mapping[str, TagDetails | Unusable]:
        """What these digests name, as read for these platforms."""
        key = platforms_key(platforms)
        with self._known(image) as found:
            return {each: found.contents[each, key] for each in digests if (each, key) in found.contents}

    def keep_contents(
        self, image: ImageName, platforms: Sequence[str], contents: Mapping[str, TagDetails | Unusable]
    ) -> None:
        """Keep what digests name."""
        key = platforms_key(platforms)
        with self._lock:
            self._images[image].contents |= {(digest, key): each for digest, each in contents.items()}

    def tidy(self, *, now: datetime) -> int:
        """Forget what cannot matter any more; return how many rows went."""
        with self._lock:
            before = sum(image.rows() for image in self._images.values())
            for image in self._images.values():
                image.tidy(now - KEEP_ANNOUNCEMENTS, now - KEEP_DIGESTS)
            alive = {
                name: image
                for name, image in self._images.items()
                if image.asked_at is not None and image.asked_at >= now - KEEP_IMAGES
            }
            self._images = defaultdict(_Image, alive)
            return before - sum(image.rows() for image in alive.values())

    @contextmanager
    def _known(self, image: ImageName) -> Iterator[_Image]:
        """The image, or an empty one in its place: a look adds nothing."""
        with self._lock:
            yield self._images.get(image) or _Image()


def _noted(before: datetime, now: datetime) -> datetime:
    return now if before < now - WORTH_NOTING else before
