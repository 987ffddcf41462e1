"""A registry whose pushes are announced, as by a webhook, and which writes down what it is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.adapters.registries.memory import MemoryRegistry
from bot.domain.choosing.listing import Listing
from bot.domain.choosing.selection import TagDetails
from bot.domain.errors import NotFound, TagboatError
from bot.domain.image import ImageName
from bot.domain.signing.evidence import Evidence
from bot.ports import Catalog, Clock


class SetTime(Protocol):
    """A clock that a test moves."""

    def pass_by(self, span: timedelta) -> None:
        """Let time go by."""
        ...


class ToldRegistry(MemoryRegistry):
    """The memory twin; `asked` holds each call as a real registry would see it, such as `HEAD 1.1.0`."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        super().__init__()
        self._catalog = catalog
        self._clock = clock
        self._unreadable: dict[str, TagboatError] = {}
        self._moving: dict[str, datetime] = {}
        self._duration = timedelta(0)
        self._passing: SetTime | None = None
        self.hides: set[str] = set()
        """Tags that are listed and yet not there."""
        self.asked: list[str] = []

    def push(self, image: ImageName, tag: str, **described: Any) -> str:
        """Push, and let the catalog know, as receiving a webhook does."""
        digest = self.push_silently(image, tag, **described)
        self._catalog.announce({image: [tag]}, now=self._clock.now())
        return digest

    def push_silently(self, image: ImageName, tag: str, **described: Any) -> str:
        """Push where no webhook comes."""
        return super().push(image, tag, **described)

    def listing(self, image: ImageName, *, known: Listing | None = None) -> Listing:
        """Every tag."""
        self.asked.append("LIST")
        return super().listing(image, known=known)

    def digest(self, image: ImageName, tag: str) -> str | None:
        """The digest of the tag."""
        self.asked.append(f"HEAD {tag}")
        if tag in self.hides:
            return None
        return super().digest(image, tag)

    def details(self, image: ImageName, reference: str, platforms: Sequence[str]) -> TagDetails:
        """Manifest and config: two requests."""
        self.asked += [f"GET {reference}", f"GET config of {reference}"]
        if self._passing:
            self._passing.pass_by(self._duration)
        if reference in self.hides:
            raise NotFound(f"{image} has no tag or digest {reference}")
        found = super().details(image, reference, platforms)
        if reference in self._moving:
            self.push_silently(image, reference, created=self._moving.pop(reference))
        if found.digest in self._unreadable:
            raise self._unreadable[found.digest]
        return found

    def takes(self, duration: timedelta, clock: SetTime) -> None:
        """Let every reading of contents take so long."""
        self._duration, self._passing = duration, clock

    def signatures(self, image: ImageName, digest: str) -> Iterator[Evidence]:
        """What was attached."""
        self.asked.append(f"SIGNATURES of {digest}")
        return super().signatures(image, digest)

    def moves_on_reading(self, tag: str, *, to: datetime) -> None:
        """Let the tag be pushed again, built at that time, while it is read the next time."""
        self._moving[tag] = to

    def can_read_all(self) -> None:
        """Forget what could not be read."""
        self._unreadable.clear()

    def cannot_read(self, digest: str, error: TagboatError) -> None:
        """Let the contents of this digest be unreadable, under whatever tag."""
        self._unreadable[digest] = error

    def take_asked(self) -> list[str]:
        """What was asked since the last time."""
        taken, self.asked = self.asked, []
        return taken
