"""calver: the latest calendar version of one format."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.choosing.strategies.calver_format import CalendarFormat, Part
from bot.domain.choosing.strategies.order import Order, Words


@dataclass(frozen=True)
class CalverOrder(Order[tuple[Part, ...]]):
    """Versions by the parts of their format, from the left; days that never come are no candidates."""

    format: CalendarFormat

    @property
    def words(self) -> Words:
        """How the order speaks of tags."""
        return Words(
            claim=f"the latest version of the format {self.format.text}",
            behind="older than",
            equal="the same version as",
            unplaced=f"not of the format {self.format.text}",
        )

    def key(self, value: str) -> tuple[Part, ...] | None:
        """The parts of the version, None when it has another form or names no real day."""
        parts = self.format.read(value)
        return parts if parts is not None and self.format.is_date(parts) else None

    def refusal(self, value: str) -> str:
        """Why the value is no candidate, or the empty string when it is one."""
        if self.key(value) is None and self.format.read(value) is not None:
            return "names a day that is in no calendar"
        return super().refusal(value)
