"""newest-build: the latest build time, as the registry tells it (argocd-image-updater's, alias latest)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.domain.choosing.strategies.order import Order, Words


@dataclass(frozen=True)
class BuildOrder(Order[datetime]):
    """Build times by tag. A tag without one is no candidate: it may be of any age."""

    created: Mapping[str, datetime | None]

    @property
    def words(self) -> Words:
        """How the order speaks of tags."""
        return Words(
            claim="the newest build",
            behind="built before",
            equal="built at the same time as",
            unplaced="its build time is not known",
        )

    def key(self, value: str) -> datetime | None:
        """The build time, None when it is not known."""
        when = self.created.get(value)
        # Builders that leave the zone out mean UTC; the two kinds would not compare.
        return when.replace(tzinfo=UTC) if when and when.tzinfo is None else when
