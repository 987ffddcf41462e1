"""What registries were seen to hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.domain.choosing.listing import Listing
from bot.domain.choosing.selection import TagDetails
from bot.domain.image import ImageName


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """What is known of one image's tags: the list that is trusted, and what makes one doubt it.

    `listed_at` is when the host last confirmed `listing`. `doubtful` is a later answer that lacks so much
    that it is taken for a fault, since `doubtful_since`. `announced` are the tags that senders said were
    pushed and that nobody has asked for since, the earliest first.
    """

    listing: Listing
    listed_at: datetime
    doubtful: Listing | None = None
    doubtful_since: datetime | None = None
    announced: tuple[str, ...] = ()
    heard: int = 0
    """How many announcements there had been when the entry was read: carry it over with `replace`, so that
    `keep` can tell those that came later. 0 in an entry made anew: it knows of none."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where a tag pointed when its host was asked last; `digest` None: there was no such tag."""

    digest: str | None
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Unusable:
    """What a digest names is no image that could run: remembered, as it never changes."""

    reason: str


class Catalog(Protocol):
    """What registries were seen to hold, shared by all pipelines and workers.

    It saves requests, and it remembers when a digest was seen first. Every method is one transaction. What
    cannot be read, as another version wrote it, counts as never seen.
    """

    def entry(self, image: ImageName) -> ImageEntry | None:
        """What is known of the image's tags; None before the first list."""
        ...

    def claim(self, image: ImageName, *, now: datetime, ttl: timedelta) -> bool:
        """Take the right to ask for the image's tags until `keep`, or for `ttl`; False while it is taken.

        It spares the host a second question and protects nothing: the last `keep` wins.
        """
        ...

    def keep(self, image: ImageName, entry: ImageEntry) -> None:
        """Keep what is known of the tags and give the claim back.

        Of the announcements that the entry `heard`, those stay that it names in `announced`; later ones,
        repeats of a tag too, all stay.
        """
        ...

    def announce(self, pushes: Mapping[ImageName, Sequence[str]], *, now: datetime) -> None:
        """Remember that senders said these tags were pushed; also for images never listed.

        Only the last thousand of an image are remembered: the next list finds what was forgotten.
        """
        ...

    def pointers(self, image: ImageName, tags: Sequence[str]) -> Mapping[str, Pointer]:
        """Where these tags pointed when they were asked for last; those never asked for are left out."""
        ...

    def point(self, image: ImageName, pointers: Mapping[str, Pointer]) -> Mapping[str, datetime]:
        """Keep where tags point, and return when each of these digests was first seen for this image.

        A digest that was never seen before is first seen at its pointer's `asked_at`.
        """
        ...

    def first_seen(self, image: ImageName, digests: Sequence[str]) -> Mapping[str, datetime]:
        """When each of these digests was first seen for this image; those never seen are left out."""
        ...

    def contents(
        self, image: ImageName, digests: Sequence[str], platforms: Sequence[str]
    ) -> Mapping[str, TagDetails | Unusable]:
        """What these digests name, as read for these platforms; those never read are left out."""
        ...

    def keep_contents(
        self, image: ImageName, platforms: Sequence[str], contents: Mapping[str, TagDetails | Unusable]
    ) -> None:
        """Keep what digests name: it never changes."""
        ...

    def tidy(self, *, now: datetime) -> int:
        """Forget what cannot matter any more; return how many rows went.

        An image goes with all that is known of it when nobody asked its host for 30 days, an announcement
        after a week. A digest, and when it was first seen, stays while a tag points to it, and a pointer
        while its tag is listed; else both go when nobody met them for 90 days.
        """
        ...
