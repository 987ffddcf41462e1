"""A registry whose pushes are announced, as by a webhook, and which writes down what it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.adapters.registries.memory import MemoryRegistry
from bot.domain.image import ImageName
from bot.domain.listing import Listing
from bot.domain.selection import TagDetails
from bot.ports import Catalog, Clock


class ToldRegistry(MemoryRegistry):
    """The memory twin; `asked` holds each call as a real registry would see it, such as `HEAD 1.1.0`."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        super().__init__()
        self._catalog = catalog
        self._clock = clock
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
        return super().digest(image, tag)

    def details(self, image: ImageName, reference: str, platforms: Sequence[str]) -> TagDetails:
        """Manifest and config: two requests."""
        self.asked += [f"GET {reference}", f"GET config of {reference}"]
        return super().details(image, reference, platforms)

    def take_asked(self) -> list[str]:
        """What was asked since the last time."""
        taken, self.asked = self.asked, []
        return taken
