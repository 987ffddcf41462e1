"""digest: one tag by name, as it moves (argocd-image-updater's). A pin is one tag by name as well."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.choosing.strategies.order import Order, Words


@dataclass(frozen=True)
class FixedOrder(Order[bool]):
    """One tag. What it points to moves, so no tag is older than another."""

    wanted: str
    claim: str = "the tag that the constraint names"

    @property
    def words(self) -> Words:
        """How the order speaks of tags."""
        return Words(
            claim=self.claim,
            behind="behind",
            unplaced=f"not {self.wanted!r}, {self.claim}",
        )

    def key(self, value: str) -> bool | None:
        """True for the tag, None for every other."""
        return True if value == self.wanted else None
