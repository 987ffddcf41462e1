"""semver: the highest version inside a constraint (argocd-image-updater's and Flux's)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.choosing.strategies.order import Words
from bot.domain.choosing.strategies.reach import Reach
from bot.domain.choosing.strategies.versions import Room, VersionOrder
from bot.domain.choosing.version import Constraint, Version


@dataclass(frozen=True)
class SemverOrder(VersionOrder):
    """Semantic versions inside a constraint, and within reach of what runs."""

    constraint: Constraint
    reach: Reach | None = None

    @property
    def words(self) -> Words:
        """How the order speaks of tags."""
        within = f" within a {self.reach.jump} jump" if self.reach else ""
        return Words(
            claim=f"the highest version in {self.constraint.text}{within}",
            behind="older than",
            equal="the same version as",
            unplaced="not a semantic version",
        )

    @property
    def holds_prereleases(self) -> bool:
        """Whether a part of the constraint names a pre-release."""
        return self.constraint.admits_prereleases

    def room(self, numbers: tuple[int, ...]) -> Sequence[Room]:
        """What the constraint and the reach leave room for."""
        if self.reach and not self.reach.may_hold(numbers):
            return ()
        return self.constraint.room(numbers)

    def unwanted(self, key: Version, value: str) -> str:
        """Why the version is outside the constraint, or out of reach."""
        del value
        return self.constraint.refusal(key) or (self.reach.refusal(key[:3]) if self.reach else "")
